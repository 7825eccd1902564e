"""In what the differences of a metric are told, and how they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .figures import Whisker, excludes
from .text import CI, NOTHING, interval, known, signed
from .words import arm

_SHARES = {"neg_calibration_error", "neg_brier_score"}  # negated, and still between -1 and 0


@dataclass(frozen=True)
class Unit:
    """Hundredths of a metric that lies between 0 and 1, called points; other metrics as they are."""

    name: str
    scale: float
    decimals: int

    def value(self, difference: float | None) -> float | None:
        """Return a difference in this unit."""
        return self.scale * difference if known(difference) else None

    def write(self, value: float | None) -> str:
        """Return a value in this unit with its sign."""
        return signed(value, self.decimals)

    def signed(self, difference: float | None) -> str:
        """Return a difference as text, without the unit."""
        return self.write(self.value(difference))

    def interval(self, low: float | None, high: float | None) -> str:
        """Return an interval as text, without the unit."""
        return interval(self.value(low), self.value(high), self.write)

    def within(self, low: float | None, high: float | None) -> str:
        """Return an interval as a phrase."""
        text = self.interval(low, high)
        return f"{CI} {text}" if text != NOTHING else "no interval"

    def head(self) -> str:
        """Return the heading of a column of differences."""
        return f"Difference, {self.name}" if self.name else "Difference"

    def whisker(self, row: Mapping[str, Any]) -> Whisker:
        """Return a row of the report as a line of a drawing."""
        ends = self.value(row["ci_low"]), self.value(row["ci_high"])
        return Whisker(arm(row["arm"]), self.value(row["difference"]), *ends, strong=row["arm"] == "augmented")


def unit_of(metric: str) -> Unit:
    """Return the unit of a metric, a scorer's name."""
    as_it_is = metric.startswith("neg_") and metric not in _SHARES
    return Unit("", 1.0, 3) if as_it_is else Unit("points", 100.0, 1)


def reading(low: float | None, high: float | None) -> str:
    """Return an interval in words."""
    if not (known(low) and known(high)):
        return NOTHING
    if low == high == 0:
        return "the same"
    return ("higher" if low > 0 else "lower") if excludes(low, high) else "no clear difference"
