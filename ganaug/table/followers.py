"""Columns that follow from others: looked up, calculated, or dates at a distance from an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ..data.dtypes import Codes, Mask, Plain, as_plain
from ..records import JsonRecord
from .columns import MOST_DECIMALS, Encoded, Number, Scores, Value

Floats = NDArray[np.float64]
Cells = tuple[Plain, Mask]
"""Plain values of a column, and the mask of missing ones."""

_MOST_PARTS = 100
_MOST_STEPS = 2.0**62


@dataclass
class Determined(JsonRecord):
    """Column whose value another one determines, a category by its value or a number by its band: it is looked up.

    Attributes
    ----------
    by : int
        Position of the determining column.
    values : list
        Value for each value of that column, in its order, or for each band; then, if missing is one of its states, the
        value for missing. None stands for missing here. Rare values of a determining category borrow from common ones.
    edges : list of numbers or None
        Least plain value of each band but the first, in ascending order; None if a category determines the column.
    """

    by: int
    values: list[Value | None]
    edges: list[int | float] | None = None
    kind: Literal["determined"] = "determined"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def find_bands(self, plain: Plain, missing: Mask) -> Codes:
        """Return the position of the band of each cell of the determining column; -1 for missing."""
        return np.where(missing, -1, np.searchsorted(np.asarray(self.edges), plain, side="right"))

    def look_up(self, positions: Codes) -> Cells:
        """Return the cells for positions among the values or bands of the determining column; -1 means missing."""
        missing = np.asarray([value is None for value in self.values])
        filler = next((value for value in self.values if value is not None), "")
        plain = as_plain([filler if value is None else value for value in self.values])
        return plain[positions], missing[positions]


@dataclass
class Calculated(JsonRecord):
    """Column of numbers or dates that is calculated from others.

    A date or duration counts in days here, and any other number as it is.

    Attributes
    ----------
    form : str
        "sum" of the other columns, each times its factor, and of the offset; "power" of one column, whose exponent is
        the factor, times the offset; "product" of two columns; or "ratio" of the first to the second.
    by : list of int
        Positions of these columns.
    factors : list of float
        One for each of them in a sum or power; none otherwise.
    offset : float
        What a sum is without them, and what a power is multiplied by.
    units : list of int
        Plain units in a day for this column, then for each in `by`; 1 for a number that is no date.
    base, step, decimals
        Grid of the values, as in `Number`.
    limits : list of two numbers
        Smallest and largest plain value in training.
    missing : bool
        Whether a cell was missing; it is where a cell of the others is.
    """

    form: Literal["sum", "power", "product", "ratio"]
    by: Annotated[list[int], Meta(min_length=1, max_length=_MOST_PARTS)]
    factors: list[float]
    offset: float
    units: list[Annotated[int, Meta(ge=1)]]
    base: int
    step: Annotated[int, Meta(ge=0)]
    decimals: Annotated[int, Meta(ge=0, le=MOST_DECIMALS)] | None
    limits: Annotated[list[int | float], Meta(min_length=2, max_length=2)]
    missing: bool
    kind: Literal["calculated"] = "calculated"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def __post_init__(self) -> None:
        n_factors = len(self.by) if self.form in ("sum", "power") else 0
        if len(self.units) != 1 + len(self.by) or len(self.factors) != n_factors:
            raise ValueError("a calculated column has other numbers of parts than of factors or units")
        if self.form in ("product", "ratio") and len(self.by) != 2:
            raise ValueError("a product or ratio is one of two columns")
        if self.form == "power" and len(self.by) != 1:
            raise ValueError("a power is that of one column")

    @property
    def spikes(self) -> list[int | float]:
        """Values that are frequent by themselves: none is known."""
        return []

    def calculate(self, parts: Sequence[Cells]) -> Cells:
        """Return the cells that follow from those of the columns in `by`, in their order."""
        missing = np.any([mask for _, mask in parts], axis=0)
        measures = [
            to_measure(np.where(missing, 1, plain), unit)
            for (plain, _), unit in zip(parts, self.units[1:], strict=True)
        ]
        return self.round(self.combine(measures)), missing

    def combine(self, measures: Sequence[Floats]) -> Floats:
        """Return the exact result for the measures of the other columns, before rounding."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            exact = combine(self.form, self.factors, self.offset, measures)
        return np.nan_to_num(exact, posinf=0.0, neginf=0.0)

    def round(self, exact: Floats) -> Plain:
        """Return results as plain values on the grid of the column."""
        if self.step:
            unit = self.units[0]
            steps = np.rint((exact - self.base / unit) * (unit / self.step))
            return self.base + self.step * np.clip(steps, -_MOST_STEPS / self.step, _MOST_STEPS / self.step).astype(int)
        return exact if self.decimals is None else np.round(exact, self.decimals)


def combine(form: str, factors: Sequence[float], offset: float, measures: Sequence[Floats]) -> Floats:
    """Return a sum, power, product or ratio of columns; see `Calculated`."""
    if form == "power":
        return np.asarray(offset * np.abs(measures[0]) ** factors[0])
    if form == "product":
        return measures[0] * measures[1]
    if form == "ratio":
        return measures[0] / measures[1]
    return np.asarray(offset + sum(f * m for f, m in zip(factors, measures, strict=True)))


def to_measure(plain: Plain, unit: int) -> Floats:
    """Return plain values as floats, dates and durations in days."""
    return plain.astype(np.float64) / unit


@dataclass
class Later(JsonRecord):
    """Column of dates none of which is before the date of another column: their distance is learned.

    Attributes
    ----------
    by : int
        Position of the column of earlier dates.
    units : list of two int
        Plain units in a day for this column, and for the other one.
    in_days : bool
        Whether these dates are days: they are not before the day of the other date, whatever its time.
    gap : Number
        Distance to the earlier date, in the plain unit of this column.
    limits : list of two int
        Earliest and latest date in training.
    stand_in : int or None
        Date before all others, from which the distance counts where the earlier date is missing; None if a date is
        missing there, too.
    """

    by: int
    units: Annotated[list[Annotated[int, Meta(ge=1)]], Meta(min_length=2, max_length=2)]
    in_days: bool
    gap: Number
    limits: Annotated[list[int], Meta(min_length=2, max_length=2)]
    stand_in: int | None = None
    kind: Literal["later"] = "later"

    @property
    def n_states(self) -> int:
        """Number of states of the distance."""
        return self.gap.n_states

    @property
    def has_score(self) -> bool:
        """Whether the distance has a score."""
        return self.gap.has_score

    @property
    def missing(self) -> bool:
        """Whether dates were missing."""
        return self.gap.missing

    @property
    def spikes(self) -> list[int]:
        """Dates that are frequent by themselves: none is known."""
        return []

    @property
    def step(self) -> int:
        """Grid of the dates."""
        return 1

    def encode(self, plain: Plain, missing: Mask, earlier: Cells, rng: np.random.Generator) -> Encoded:
        """Return states and scores of dates, given the earlier dates of the same rows."""
        return self.gap.encode(np.where(missing, 0, plain - self._find_start(earlier)), missing, rng)

    def decode(self, states: Codes | None, scores: Scores | None, earlier: Cells) -> Cells:
        """Return the dates at the distances that states and scores say."""
        gap, missing = self.gap.decode(states, scores, np.random.default_rng(0))  # numbers draw nothing
        start = self._find_start(earlier)
        plain = np.clip(start + np.where(missing, 0, gap), self.limits[0], self.limits[1])
        without = np.zeros_like(missing) if self.stand_in is not None else earlier[1]
        return plain, missing | without | (plain < start)  # after the last date in training, none is known

    def _find_start(self, earlier: Cells) -> Plain:
        """Return the dates from which the distance counts."""
        plain = convert_dates(earlier[0], self.units, self.in_days)
        return plain if self.stand_in is None else np.where(earlier[1], self.stand_in, plain)


def convert_dates(plain: Plain, units: Sequence[int], in_days: bool) -> Plain:
    """Return dates in another unit: `units` are those of a day in the new and in the old one; rounded down."""
    new, old = units
    if in_days:
        plain, old = plain // old, 1
    if new < old:
        return plain // (old // new)
    most = int(_MOST_STEPS) // (new // old)
    return np.clip(plain, -most, most) * (new // old)
