"""Format differences of a metric in its unit for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...plots.text import CI, NOTHING, format_interval, format_signed, is_known
from ...plots.whiskers import Whisker, excludes
from ..arms import AUGMENTED
from ..metric_names import Unit, unit_of
from .words import arm_label


@dataclass(frozen=True)
class PageUnit(Unit):
    """Unit of a metric's differences, written with the page's signs and its mark for missing numbers."""

    def value(self, difference: float | None) -> float | None:
        """Return a difference in this unit."""
        return self.scale * difference if is_known(difference) else None

    def write(self, value: float | None) -> str:
        """Return a value in this unit with its sign."""
        return format_signed(value, self.decimals)

    def signed(self, difference: float | None) -> str:
        """Return a difference as text, without the unit."""
        return self.write(self.value(difference))

    def interval(self, low: float | None, high: float | None) -> str:
        """Return an interval as text, without the unit."""
        return format_interval(self.value(low), self.value(high), self.write)

    def within(self, low: float | None, high: float | None) -> str:
        """Return an interval as a phrase."""
        text = self.interval(low, high)
        return f"{CI} {text}" if text != NOTHING else "no interval"

    def head(self) -> str:
        """Return the heading of a column of differences."""
        return f"Difference, {self.name}" if self.name else "Difference"

    def whisker(self, row: Mapping[str, Any]) -> Whisker:
        """Return a row of the report as a line of a dot-and-whisker drawing."""
        return Whisker(
            arm_label(row["arm"]),
            self.value(row["difference"]),
            self.value(row["ci_low"]),
            self.value(row["ci_high"]),
            strong=row["arm"] == AUGMENTED,
            scaled=row["arm"] != "synthetic_only",
        )


def page_unit(metric: str) -> PageUnit:
    """Return the unit of a metric, for the page."""
    return PageUnit(**asdict(unit_of(metric)))


def describe_interval(low: float | None, high: float | None) -> str:
    """Return an interval in words, such as "higher" or "no clear difference"."""
    if not (is_known(low) and is_known(high)):
        return NOTHING
    if low == high == 0:
        return "the same"
    if not excludes(low, high):
        return "no clear difference"
    return "higher" if low > 0 else "lower"
