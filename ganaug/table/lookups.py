"""Find categories that determine other columns, so that synthetic rows look these up.

A column determines another if each of its values stands beside a single value of the other in every row, and if that
is no coincidence. Where the determining column has more values than states, it is the finer column that is drawn
within the coarser one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dtypes import Codes, Mask, Plain, factorise
from .columns import MAX_STATES, MIN_COUNT, NO_GROUP, Category, Number
from .followers import Cells, Determined
from .kinds import Column

_CHANCE = 0.01  # probability that chance makes a look-up or more in a table of independent columns
_LEAST_COMMON = 0.5  # share of the rows whose value must occur `MIN_COUNT` times in a column that determines others
_MIN_REPEATS = 5  # mean occurrences of the values of a number within which a category is drawn
_FIRST_ROWS = 50  # rows that refute most pairs of columns


@dataclass
class FactorisedColumn:
    """Column as codes of the smallest dtype, with -1 for missing, and the value of each code."""

    codes: NDArray[np.signedinteger[Any]]
    values: list[Any]

    @classmethod
    def from_split(cls, plain: Plain, missing: Mask) -> FactorisedColumn:
        """Factorise a column that `split` returned."""
        codes, values = factorise(plain, missing)
        return cls(codes.astype(np.min_scalar_type(-1 - len(values))), values)

    @cached_property
    def n(self) -> int:
        """Number of distinct values, with missing as one of them."""
        return len(self.values) + bool((self.codes < 0).any())

    @cached_property
    def first(self) -> Codes:
        """First row of each value; missing, with the code -1, is the last entry."""
        rows = np.zeros(len(self.values) + 1, dtype=np.int64)
        rows[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        return rows

    @cached_property
    def counts(self) -> Codes:
        """Occurrences of each value; missing, with the code -1, is the last entry."""
        n = len(self.values)
        return np.bincount(np.where(self.codes < 0, n, self.codes), minlength=n + 1)

    @cached_property
    def group_sizes(self) -> tuple[Codes, Codes]:
        """Numbers of rows that values have, each once, and how many values have each."""
        return np.unique(self.counts[self.counts > 0], return_counts=True)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of the rows of each value, with missing as one of them."""
        return self.counts[self.counts > 0] / len(self.codes)

    @cached_property
    def has_common(self) -> bool:
        """Whether enough rows have values that are not rare."""
        return bool(self.counts[self.counts >= MIN_COUNT].sum() >= _LEAST_COMMON * len(self.codes))

    def determines(self, other: FactorisedColumn, n_pairs: int = 1) -> bool:
        """Return whether each value occurs with a single value of `other`, and this is no coincidence.

        `n_pairs` is the number of pairs of columns that are tried (Bonferroni).
        """
        if other.n < 2 or self.n < other.n or not self.has_common:
            return False
        parts = (slice(_FIRST_ROWS), slice(len(self.codes)))
        holds = all(bool((other.codes[self.first[self.codes[rows]]] == other.codes[rows]).all()) for rows in parts)
        return holds and self._measure_surprise(other) >= math.log(n_pairs / _CHANCE)

    def _measure_surprise(self, other: FactorisedColumn) -> float:
        """Return minus the log-probability that independent cells of `other` are equal beside equal values."""
        sizes, numbers = self.group_sizes
        logs = np.log(other.shares)
        return float(-sum(k * np.logaddexp.reduce(m * logs) for m, k in zip(sizes, numbers, strict=True)))


def link_determined(columns: list[Column], coded: Mapping[int, FactorisedColumn], read: Callable[[int], Cells]) -> None:
    """Replace every category or number that a category determines by a look-up, or draw that one within it.

    Numbers within which a category is drawn become categories themselves.

    Parameters
    ----------
    columns : list of Column
        Those of the table; changed in place.
    coded : mapping of position to FactorisedColumn
        The categories among them.
    read : callable
        Returns all cells of a column.
    """
    determining: list[int] = []
    n_pairs = max(1, len(coded) ** 2)
    # 1. Columns with the most values come first, and look up those with fewer
    for i in sorted(coded, key=lambda i: (-coded[i].n, i)):
        found = [d for d in determining if coded[d].determines(coded[i], n_pairs)]
        finer = next((d for d in reversed(found) if _has_open_pool(columns[d])), None)
        if finer is not None:
            columns[finer] = _draw_within(i, columns[i], columns[finer], coded[i], coded[finer])
        elif found:
            columns[i] = _make_lookup(found[-1], columns[found[-1]], coded[found[-1]], coded[i])
        if not isinstance(columns[i], Determined):
            determining.append(i)

    # 2. Numbers that belong to a category: they are looked up, or it is drawn within them, as a product within a price
    _look_up_numbers(columns, coded, [d for d in determining if not _has_open_pool(columns[d])], read)
    for finer in (d for d in determining if _has_open_pool(columns[d])):
        _draw_within_number(finer, columns, coded[finer], read)

    # 3. Rare values beside which nothing is known are not drawn
    for i in _find_linked(columns):
        columns[i] = _leave_out_rare(columns[i])


def _look_up_numbers(
    columns: list[Column], coded: Mapping[int, FactorisedColumn], keys: Sequence[int], read: Callable[[int], Cells]
) -> None:
    """Replace every number that one of these categories determines by a look-up."""
    for i, column in enumerate(columns):
        if isinstance(column, Number) and keys:
            cells = read(i)
            left = [d for d in keys if _may_determine(coded[d], cells)]
            number = FactorisedColumn.from_split(*cells) if left else None
            by = next((d for d in left if number and coded[d].determines(number, len(keys) * len(columns))), None)
            if by is not None and number is not None:
                columns[i] = _make_lookup(by, columns[by], coded[by], number)


def _draw_within_number(
    finer: int, columns: list[Column], coded: FactorisedColumn, read: Callable[[int], Cells]
) -> None:
    """Draw a category within the number that it determines, if that has few enough values to be drawn itself."""
    for i, column in enumerate(columns):
        cells = read(i) if isinstance(column, Number) and column.kind == "numeric" else None
        if cells is None or not _may_determine(coded, cells):
            continue
        number = FactorisedColumn.from_split(*cells)
        few = number.n <= min(MAX_STATES, len(number.codes) / _MIN_REPEATS)
        if few and coded.determines(number, len(columns) ** 2):
            coarser = Category.from_codes("ordered", number.codes, number.values)
            columns[i], columns[finer] = coarser, _draw_within(i, coarser, columns[finer], number, coded)
            return


def _may_determine(key: FactorisedColumn, cells: Cells) -> bool:
    """Return whether the first rows allow that a category determines a column of numbers."""
    rows = zip(*(part[:_FIRST_ROWS].tolist() for part in (key.codes, *cells)), strict=True)
    beside: dict[int, Any] = {}
    return all(beside.setdefault(code, None if gap else value) == (None if gap else value) for code, value, gap in rows)


def _has_open_pool(column: Column) -> bool:
    """Return whether a column pools values that are not rare, and is not drawn within another one yet."""
    if not isinstance(column, Category) or column.within is not None:
        return False
    return sum(count >= MIN_COUNT for count in column.counts[column.own :]) > 1


def _find_linked(columns: Sequence[Column]) -> set[int]:
    """Return the categories that determine other columns, or within which others are drawn."""
    looked_up = {column.by for column in columns if isinstance(column, Determined)}
    pairs = [(i, column.within) for i, column in enumerate(columns) if isinstance(column, Category)]
    return looked_up.union(*((i, within) for i, within in pairs if within is not None))


def _leave_out_rare(column: Column) -> Column:
    if not isinstance(column, Category):
        return column
    return replace(column, counts=[count if count >= MIN_COUNT else 0 for count in column.counts])


def _draw_within(
    coarser: int, column: Column, finer: Column, coded: FactorisedColumn, finer_coded: FactorisedColumn
) -> Category:
    """Return a finer category whose values are drawn within those of a coarser one; rare values have no group."""
    if not isinstance(column, Category) or not isinstance(finer, Category):
        raise TypeError("only a category is drawn within another")
    position_of: dict[tuple[type, Any], int] = {(type(value), value): at for at, value in enumerate(column.values)}
    position_of[type(None), None] = -1
    code_of = {(type(value), value): code for code, value in enumerate([*finer_coded.values, None])}
    groups = []
    for key in finer.known:
        code = code_of[type(key), key]
        beside = coded.codes[finer_coded.first[code]]
        value = coded.values[beside] if beside >= 0 else None
        is_rare = finer_coded.counts[code] < MIN_COUNT
        groups.append(NO_GROUP if is_rare else position_of.get((type(value), value), NO_GROUP))
    return replace(finer, within=coarser, groups=groups)


def _make_lookup(by: int, column: Column, determining: FactorisedColumn, dependent: FactorisedColumn) -> Determined:
    if not isinstance(column, Category):
        raise TypeError("only a category determines others")
    keys = [*column.values, *([None] if column.missing else [])]
    code_of = {(type(value), value): code for code, value in enumerate([*determining.values, None])}
    lenders = _find_lenders(np.asarray([code_of[type(key), key] for key in keys]), determining.counts)
    codes = dependent.codes[determining.first[lenders]].tolist()
    return Determined(by, [dependent.values[code] if code >= 0 else None for code in codes])


def _find_lenders(codes: Codes, counts: Codes) -> Codes:
    """Return for each value of the determining column the value from which it takes its dependent cells.

    Rare values borrow from common ones: the cells beside a rare value are facts about one or two rows, and must not be
    in a model. A common value lends all its dependent cells, so that they still fit each other. `determines` makes sure
    that a common value exists.
    """
    rare = counts[codes] < MIN_COUNT
    reached = np.cumsum(counts[codes[~rare]])
    marks = (np.arange(rare.sum()) + 0.5) / max(1, rare.sum()) * reached[-1]
    lent = codes.copy()
    lent[rare] = codes[~rare][np.searchsorted(reached, marks, side="right")]
    return lent
