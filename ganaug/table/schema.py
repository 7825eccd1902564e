"""Infer the kind of each column of a frame, and fit the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dtypes import Codes, Mask, Plain, check_texts, describe_dtype, factorise, split
from ..errors import DataError, ParameterError
from .codes import CodedRows
from .columns import MIN_COUNT, ROOM, Category, Column, Constant, Determined, Encoded, Identifier, Number
from .identifiers import IdPattern, has_room, is_identifier

KINDS = ("numeric", "ordered", "category", "boolean", "datetime", "constant", "identifier")
"""Values of `column_kinds`."""

_FEW_VALUES = 30
_MIN_REPEATS = 5  # mean occurrences of each value from which a number with few values is "ordered"
_FIRST_ROWS = 1000  # number of rows that show for most columns that they have more than `_FEW_VALUES` values
_MIN_ROWS_PER_VALUE = 20  # with fewer, any key or number would determine other columns
_TABLE_ROOM = 360_000  # largest number of JSON values of all columns together; a model file holds 500,000


@dataclass
class ColumnCells:
    """Column in training, split into values and mask.

    Attributes
    ----------
    series : pandas.Series
        The column, for its name and dtype.
    plain, missing : ndarray of shape (n,)
        Its plain values and the mask of missing ones, from `split`.
    """

    series: pd.Series[Any]
    plain: Plain
    missing: Mask

    @cached_property
    def known(self) -> Plain:
        """The values that are not missing."""
        return self.plain[~self.missing]

    @cached_property
    def coded(self) -> FactorisedColumn:
        """The column as codes."""
        return FactorisedColumn.from_split(self.plain, self.missing)

    def count_values(self) -> int:
        """Return the number of distinct values, or a lower bound of it that is above `_FEW_VALUES`."""
        of_first = len(factorise(self.plain[:_FIRST_ROWS], self.missing[:_FIRST_ROWS])[1])
        return of_first if of_first > _FEW_VALUES else len(self.coded.values)


def infer_kind(cells: ColumnCells, identifiers: bool = True) -> str:
    """Return the kind of a column.

    Parameters
    ----------
    cells : ColumnCells
        The column.
    identifiers : bool
        Whether the column may be recognised as an identifier.

    Returns
    -------
    str
        One of `KINDS`.
    """
    series, known = cells.series, cells.known
    distinct = cells.count_values()
    if distinct == 0 or (distinct == 1 and len(known) == len(cells.plain)):
        return "constant"
    if isinstance(series.dtype, pd.CategoricalDtype):
        return "category"
    if series.dtype.kind in "mM":
        return "datetime"
    if known.dtype.kind == "b":
        return "boolean"
    if identifiers and is_identifier(series.name, known, _largest_integer(series, cells.plain)):
        return "identifier"
    if known.dtype.kind == "O":
        return "category"
    return "ordered" if distinct <= min(_FEW_VALUES, len(known) / _MIN_REPEATS) else "numeric"


def _largest_integer(series: pd.Series[Any], plain: Plain) -> int:
    """Return the largest whole number that the dtype of a column holds."""
    dtype: Any = getattr(series.dtype, "subtype", series.dtype)
    dtype = getattr(dtype, "numpy_dtype", dtype)
    kinds = [d for d in (dtype, plain.dtype) if d.kind in "iu"]
    return int(np.iinfo(kinds[0]).max) if kinds else 0


def fit_column(cells: ColumnCells, kind: str, room: int = ROOM) -> Column:
    """Fit one column as the given kind, with at most about `room` JSON values.

    Raises
    ------
    ParameterError
        The column cannot be of that kind, such as text as "numeric".
    """
    known = cells.known
    if not len(known):
        return Constant([])
    _check_kind(cells, kind)
    if kind == "constant":
        return Constant(known[:1].tolist())
    if kind in ("numeric", "datetime"):
        return Number.fit(kind, cells.plain, cells.missing, room)
    if kind == "identifier":
        return Identifier(IdPattern.fit(known, _largest_integer(cells.series, cells.plain)))
    return Category.from_codes(kind, cells.coded.codes, cells.coded.values, room)


def _check_kind(cells: ColumnCells, kind: str) -> None:
    """Raise ParameterError if a column cannot be of a kind."""
    series = cells.series
    known = cells.known
    missing = cells.missing
    number = known.dtype.kind in "iuf"
    date = series.dtype.kind in "mM"
    listed = isinstance(series.dtype, pd.CategoricalDtype)  # it takes no values but those of its dtype
    distinct = cells.count_values() if kind in ("constant", "boolean") else 0
    fits = {
        "numeric": number and not date and not listed,
        "datetime": date,
        "ordered": number,
        "boolean": distinct <= 2,
        "constant": distinct == 1 and not missing.any(),
        "identifier": kind == "identifier" and not listed and not date and _can_name_rows(series, known),
    }
    if not fits.get(kind, True):
        gaps = " and missing cells" if missing.any() else ""
        raise ParameterError(
            f"column_kinds says that {series.name!r} is {kind}, but it holds {series.dtype} values such "
            f"as {series[~missing].iloc[0]!r}{gaps}. Convert the column, say 'category', or leave the kind to ganaug."
        )


def _can_name_rows(series: pd.Series[Any], known: Plain) -> bool:
    if known.dtype.kind in "iu":
        return has_room(known, _largest_integer(series, known))
    return set(map(type, known.tolist())) == {str}


@dataclass
class _SplitColumns:
    """Split columns to encode after fitting: categories as codes, numbers already encoded.

    Numbers are encoded while they are split, because their plain values take more memory than their scores.
    """

    rng: np.random.Generator
    coded: dict[int, FactorisedColumn] = field(default_factory=dict)
    numbers: dict[int, Encoded] = field(default_factory=dict)

    def add(self, i: int, column: Column, cells: ColumnCells) -> None:
        """Keep column `i`."""
        if isinstance(column, Category):
            self.coded[i] = cells.coded
        elif isinstance(column, Number):
            states, scores = column.encode(cells.plain, cells.missing, self.rng)
            small = None if states is None else states.astype(np.int16)
            self.numbers[i] = small, None if scores is None else scores.astype(np.float32)

    def encode(self, columns: Sequence[Column]) -> Iterator[Encoded]:
        """Yield states and scores of each column in turn."""
        for i, column in enumerate(columns):
            if isinstance(column, Category):
                coded = self.coded.pop(i)
                yield column.encode_codes(coded.codes, coded.values), None
            else:
                yield self.numbers.pop(i, (None, None))


def fit_encode_columns(
    frame: pd.DataFrame,
    column_kinds: Mapping[Any, str],
    categorical: Sequence[Any],
    identifiers: bool,
    rng: np.random.Generator,
) -> tuple[list[Column], list[dict[str, Any]], Iterator[Encoded]]:
    """Fit and encode every column of a frame, splitting each column once.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table, without the label.
    column_kinds : mapping of column name to kind
        Kinds that the user gives; the others are inferred.
    categorical : sequence of column names
        Columns to treat as categories.
    identifiers : bool
        Whether to recognise identifiers.
    rng : numpy.random.Generator
        Draws the ranks of equal numbers.

    Returns
    -------
    columns : list of Column
        One for each column of the frame.
    dtypes : list of dict
        Their dtypes, as `describe_dtype` gives them.
    encoded : iterator of (states, scores)
        The result of `encode` of each column; None and None for a column that is not generated.

    Raises
    ------
    DataError
        A number is infinite, or a cell or dtype cannot be generated.
    ParameterError
        `column_kinds` names an unknown column, or a kind that does not fit the column.
    """
    check_kinds(frame, column_kinds)
    kinds = dict.fromkeys(categorical, "category") | dict(column_kinds)
    room = min(ROOM, _TABLE_ROOM // max(1, frame.shape[1]))
    columns: list[Column] = []
    dtypes: list[dict[str, Any]] = []
    kept = _SplitColumns(rng)
    coded_rows = CodedRows()
    # 1. Each column alone
    for i, name in enumerate(frame.columns):
        series = frame[name]
        dtypes.append(describe_dtype(series))
        cells = ColumnCells(series, *split(series, dtypes[i]))
        refuse_infinite(series, cells.plain)
        columns.append(fit_column(cells, kinds.get(name) or infer_kind(cells, identifiers), room))
        kept.add(i, columns[i], cells)
        coded_rows.add(columns[i], cells.plain, cells.missing)
    # 2. Numbers again if others show that some of their values are codes
    for i, column in enumerate(columns if coded_rows.packed else ()):
        if isinstance(column, Number):
            series = frame.iloc[:, i]
            cells = ColumnCells(series, *split(series, dtypes[i]))
            if codes := coded_rows.find_codes(column, cells.plain, cells.missing):
                columns[i] = Number.fit(column.kind, cells.plain, cells.missing, room, codes)
                kept.add(i, columns[i], cells)
    # 3. Categories that another one determines
    _link_determined(columns, kept.coded)
    # 4. Texts that are too long to be stored
    for name, column in zip(frame.columns, columns, strict=True):
        if isinstance(column, Category | Constant | Determined):
            check_texts(f"Column {name!r}", column.values)
    return columns, dtypes, kept.encode(columns)


def check_kinds(frame: pd.DataFrame, column_kinds: Mapping[Any, str]) -> None:
    """Raise ParameterError if `column_kinds` names an unknown column or kind."""
    for name, kind in column_kinds.items():
        if name not in frame.columns:
            raise ParameterError(
                f"column_kinds names the column {name!r}, which is not in the data; the columns are "
                f"{', '.join(map(repr, frame.columns[:20]))}{' ...' if frame.shape[1] > 20 else ''}."
            )
        if kind not in KINDS:
            raise ParameterError(
                f"column_kinds gives the column {name!r} the kind {kind!r}; it must be one of {', '.join(KINDS)}."
            )


def refuse_infinite(series: pd.Series[Any], plain: Plain) -> None:
    """Raise DataError naming the first infinite value of a column."""
    if plain.dtype.kind == "O":
        if float not in set(map(type, plain.tolist())):
            return
        plain = np.asarray([value if type(value) is float else 0.0 for value in plain.tolist()])
    bad = np.flatnonzero(np.isinf(plain))
    if len(bad):
        raise DataError(
            f"Column {series.name!r} holds an infinite value ({plain[bad[0]]}) in row {bad[0]} (from 0); Input X "
            "contains infinity, which no distribution can hold. Replace it by a missing value or a large number."
        )


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

    def determines(self, other: FactorisedColumn) -> bool:
        """Return whether each value occurs with a single value of `other`, on enough rows to rule out chance."""
        n = len(self.codes)
        if other.n < 2 or self.n < other.n or n < _MIN_ROWS_PER_VALUE * self.n:
            return False
        parts = (slice(50), slice(n))  # a few rows refute most pairs of columns
        return all(bool((other.codes[self.first[self.codes[rows]]] == other.codes[rows]).all()) for rows in parts)


def _link_determined(columns: list[Column], coded: Mapping[int, FactorisedColumn]) -> None:
    """Replace every category that another one determines exactly by a look-up."""
    determining: list[int] = []
    for i in sorted(coded, key=lambda i: (-coded[i].n, i)):  # columns with the most values come first
        by = next((d for d in determining if coded[d].determines(coded[i])), None)
        if by is None:
            determining.append(i)
        else:
            columns[i] = _make_lookup(by, columns[by], coded[by], coded[i])


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
