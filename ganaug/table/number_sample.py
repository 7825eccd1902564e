"""Some rows of the numbers and dates of a table, and whether a formula holds in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..data.dtype_facts import count_units_per_day, has_zone, holds_sums, is_date
from ..data.dtypes import Plain
from .columns import Category, Number
from .followers import Cells, Floats, combine, to_measure
from .kinds import Column

MIN_ROWS = 20
"""Different rows that a relation needs, and two more for each column in it."""
HALF = 0.5 + 1e-9
"""Part of its grid by which a rounded number is off, at most."""

_ROWS = 1000
_EXACT = 1e-9  # relative error of a number without rounding
_MOST_WHOLE = 2**53  # whole numbers that floats hold
_MOST = 1e100  # floats that may be squared


class Formula(NamedTuple):
    """Proposed relation: the column `target` is a "sum", "power", "product" or "ratio" of others."""

    target: int
    form: str
    by: list[int]
    factors: list[float]
    offset: float


@dataclass
class NumberSample:
    """Some rows of all columns of numbers and dates, in days.

    Attributes
    ----------
    measures : dict of int to ndarray of shape (rows,)
        For each position of such a column, its cells; NaN where missing.
    numbers : dict of int to Number
        Those that may be calculated from others: all but numbers with few values.
    units : dict of int to int
        Plain units in a day, 1 for a number that is no date.
    clocks : dict of int to bool
        Of dates: whether they have a zone; those that have may not be compared with others.
    """

    measures: dict[int, Floats] = field(default_factory=dict)
    numbers: dict[int, Number] = field(default_factory=dict)
    units: dict[int, int] = field(default_factory=dict)
    clocks: dict[int, bool] = field(default_factory=dict)

    def add(self, position: int, column: Column, cells: Cells, dtype: dict[str, Any]) -> None:
        """Keep some rows of a column, if it holds numbers or dates."""
        plain, missing = cells
        unit = count_units_per_day(dtype)
        is_number = isinstance(column, Number) or (isinstance(column, Category) and column.kind == "ordered")
        if not is_number or plain.dtype.kind not in "iuf":
            return
        if not _is_exact(plain[~missing], unit):
            return
        rows = np.unique(np.linspace(0, len(plain) - 1, _ROWS).astype(np.int64))
        self.measures[position] = np.where(missing[rows], np.nan, to_measure(plain[rows], unit))
        self.units[position] = unit
        if isinstance(column, Number) and holds_sums(dtype):
            self.numbers[position] = column
            if is_date(dtype):
                self.clocks[position] = has_zone(dtype)

    def has_whole_days(self, position: int) -> bool:
        """Return whether dates are days without a time of day."""
        number, unit = self.numbers[position], self.units[position]
        is_grid_of_days = number.step > 0 and number.step % unit == 0 and number.base % unit == 0
        return is_grid_of_days and not self.clocks[position]

    def tolerance(self, position: int, rounding: float = HALF) -> Floats:
        """Return by how much each cell of the sample may differ from what a formula gives."""
        return allow_rounding(self.numbers[position], self.units[position], self.measures[position], rounding)

    def is_met(self, formula: Formula, rounding: float = HALF) -> bool:
        """Return whether enough different rows of the sample show a formula, and none contradicts it.

        `rounding` is the part of its grid by which the column may be off.
        """
        expected = apply_formula(formula, [self.measures[i] for i in formula.by])
        found = self.measures[formula.target]
        if not (np.isnan(expected) == np.isnan(found)).all():
            return False
        known = ~np.isnan(found)
        if not (np.abs(expected - found) <= self.tolerance(formula.target, rounding))[known].all():
            return False
        told = np.stack([self.measures[i][known & (found != 0)] for i in formula.by])
        return np.unique(told, axis=1).shape[1] >= MIN_ROWS + 2 * len(formula.by)


def _is_exact(plain: Plain, unit: int) -> bool:
    """Return whether floats hold whole numbers exactly, and squares of all numbers."""
    most = _MOST if plain.dtype.kind == "f" else _MOST_WHOLE * unit
    return bool((plain >= -most).all() and (plain <= most).all())


def allow_rounding(number: Number, unit: int, measures: Floats, rounding: float = HALF) -> Floats:
    """Return by how much cells of a column may differ from what a formula gives: by rounding to its grid."""
    grid = 0.0 if number.decimals is None else 10.0**-number.decimals
    grid = number.step / unit if number.step else grid
    return grid * rounding + _EXACT * np.abs(measures)


def apply_formula(formula: Formula, measures: Sequence[Floats]) -> Floats:
    """Return what a formula gives for the cells of its columns."""
    with np.errstate(all="ignore"):
        return combine(formula.form, formula.factors, formula.offset, measures)
