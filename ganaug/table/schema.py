"""Infer the kind of each column of a frame, and fit the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..data.dtypes import Mask, Plain, check_texts, describe_dtype, factorise, split
from ..errors import DataError, ParameterError
from .bands import link_bands
from .codes import CodedRows
from .columns import ROOM, Category, Constant, Encoded, Identifier, Number
from .followers import Determined, Later
from .id_shapes import fit_identifier
from .identifiers import has_room, is_identifier
from .kinds import Column
from .lookups import FactorisedColumn, link_determined
from .number_sample import NumberSample
from .relations import relate_numbers
from .shares import link_shares

KINDS = ("numeric", "ordered", "category", "boolean", "datetime", "constant", "identifier")
"""Values of `column_kinds`."""

_FEW_VALUES = 30
_MIN_REPEATS = 5  # mean occurrences of each value from which a number with few values is "ordered"
_FIRST_ROWS = 1000  # number of rows that show for most columns that they have more than `_FEW_VALUES` values
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
        return Identifier(fit_identifier(known, _largest_integer(cells.series, cells.plain)))
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

    streams: ColumnStreams
    coded: dict[int, FactorisedColumn] = field(default_factory=dict)
    numbers: dict[int, Encoded] = field(default_factory=dict)

    def add(self, i: int, column: Column, cells: ColumnCells) -> None:
        """Keep column `i`."""
        if isinstance(column, Category):
            self.coded[i] = cells.coded
        elif isinstance(column, Number):
            self.keep(i, column.encode(cells.plain, cells.missing, self.streams.of(i)))

    def add_new(self, columns: Sequence[Column], read: Callable[[int], ColumnCells]) -> None:
        """Keep categories that were numbers when they were added."""
        for i, column in enumerate(columns):
            if isinstance(column, Category) and i not in self.coded:
                self.add(i, column, read(i))

    def keep(self, i: int, encoded: Encoded) -> None:
        """Keep states and scores of column `i`, in little memory."""
        states, scores = encoded
        small = None if states is None else states.astype(np.int16)
        self.numbers[i] = small, None if scores is None else scores.astype(np.float32)

    def encode(self, columns: Sequence[Column]) -> Iterator[Encoded]:
        """Yield states and scores of each column in turn."""
        for i, column in enumerate(columns):
            if isinstance(column, Category):
                coded = self.coded.pop(i)
                yield column.encode_codes(coded.codes, coded.values), None
            else:
                encoded = self.numbers.pop(i, (None, None))
                yield encoded if isinstance(column, Number | Later) else (None, None)


class ColumnStreams:
    """Random streams of the columns of a table, each of its own: a column is encoded alike however often."""

    def __init__(self, rng: np.random.Generator, n: int):
        self._seeds = rng.integers(0, 2**63, n)

    def of(self, i: int) -> np.random.Generator:
        """Return the stream of column `i`, from its start."""
        return np.random.default_rng(self._seeds[i])


def fit_encode_columns(
    frame: pd.DataFrame,
    column_kinds: Mapping[Any, str],
    categorical: Sequence[Any],
    identifiers: bool,
    relations: bool,
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
    relations : bool
        Whether to find columns that follow from others.
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
    kept = _SplitColumns(ColumnStreams(rng, frame.shape[1]))
    coded_rows, sample = CodedRows(), NumberSample()

    def read(i: int) -> tuple[Plain, Mask]:
        return split(frame.iloc[:, i], dtypes[i])

    # 1. Each column alone
    for i, name in enumerate(frame.columns):
        series = frame[name]
        dtypes.append(describe_dtype(series))
        cells = ColumnCells(series, *split(series, dtypes[i]))
        refuse_infinite(series, cells.plain)
        columns.append(fit_column(cells, kinds.get(name) or infer_kind(cells, identifiers), room))
        kept.add(i, columns[i], cells)
        coded_rows.add(columns[i], cells.plain, cells.missing)
        sample.add(i, columns[i], (cells.plain, cells.missing), dtypes[i])
    # 2. Columns that follow from others
    if relations:
        for i in relate_numbers(columns, sample, read, room):
            if isinstance(later := columns[i], Later):
                kept.keep(i, later.encode(*read(i), read(later.by), kept.streams.of(i)))
        link_bands(columns, kept.coded, sample.units, read)
        left = {i: coded for i, coded in kept.coded.items() if isinstance(columns[i], Category)}
        link_determined(columns, left, read)
        kept.add_new(columns, lambda i: ColumnCells(frame.iloc[:, i], *read(i)))
    # 3. Numbers again if others show that some of their values are codes
    for i, column in enumerate(columns if coded_rows.packed else ()):
        if isinstance(column, Number):
            _refit_codes(i, columns, coded_rows, kept, ColumnCells(frame.iloc[:, i], *read(i)), room)
    link_shares(columns, sample, read, relations)
    # 4. Texts that are too long to be stored
    for name, column in zip(frame.columns, columns, strict=True):
        if isinstance(column, Category | Constant | Determined):
            check_texts(f"Column {name!r}", column.values)
    return columns, dtypes, kept.encode(columns)


def _refit_codes(
    i: int, columns: list[Column], coded_rows: CodedRows, kept: _SplitColumns, cells: ColumnCells, room: int
) -> None:
    """Fit a column of numbers again if some of its values are codes."""
    column = columns[i]
    codes = coded_rows.find_codes(column, cells.plain, cells.missing)
    if isinstance(column, Number) and codes:
        columns[i] = Number.fit(column.kind, cells.plain, cells.missing, room, codes)
        kept.add(i, columns[i], cells)


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
