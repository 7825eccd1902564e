"""Values with intervals, as dot-and-whisker drawings show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .text import is_known

Limits = tuple[float, float]


@dataclass(frozen=True)
class Whisker:
    """Line of a dot-and-whisker drawing.

    Attributes
    ----------
    name : str
        What the value is of.
    value : float or None
        Place of the dot; None if it is not known.
    low, high : float or None
        Ends of the interval.
    strong : bool
        Whether the line is what the drawing is about.
    mark : float or None
        Second value to compare the dot with.
    scaled : bool
        Whether the axis must be wide enough for it.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    strong: bool = False
    mark: float | None = None
    scaled: bool = True


def axis_limits(rows: Sequence[Whisker], reference: float | None = 0.0) -> Limits:
    """Return the range of an axis that contains every row and the reference."""
    values = [v for row in rows for v in (row.value, row.low, row.high, row.mark, reference) if is_known(v)]
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    pad = 0.07 * (high - low) or 0.01
    return low - pad, high + pad


def excludes(low: float | None, high: float | None, reference: float = 0.0) -> bool:
    """Return whether an interval lies wholly on one side of the reference."""
    return is_known(low) and is_known(high) and (low > reference or high < reference)
