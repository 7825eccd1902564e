"""What kind of column each column is: inferred from the frame, or said by the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..dtypes import Mask, Plain, describe_dtype, split
from ..errors import DataError, ParameterError
from .columns import Category, Column, Constant, Determined, Identifier, Number, count_values
from .identifiers import Form, is_identifier

KINDS = ("numeric", "ordered", "category", "boolean", "datetime", "constant", "identifier")
"""What `column_kinds` may say of a column."""

_FEW_VALUES = 30
_MIN_REPEATS = 5  # a number with few values is a list of values only where each is seen this often on average
_MIN_ROWS_PER_VALUE = 20  # fewer, and a key or a number would be taken for a column that decides others


def infer_kind(series: pd.Series[Any], plain: Plain, missing: Mask, identifiers: bool = True) -> str:
    """Return the kind of a column.

    Parameters
    ----------
    series : pandas.Series
        The column, for its name and dtype.
    plain, missing : ndarray of shape (n,)
        The same taken apart by `split`.
    identifiers : bool
        Whether the column may be found to name rows.

    Returns
    -------
    str
        One of `KINDS`.
    """
    known = plain[~missing]
    distinct = len(count_values(known)[0])
    dtype = series.dtype
    if distinct == 0 or (distinct == 1 and not missing.any()):
        return "constant"
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if str(dtype).startswith(("datetime64", "timedelta64")):
        return "datetime"
    if known.dtype.kind == "b":
        return "boolean"
    if identifiers and is_identifier(series.name, known):
        return "identifier"
    if known.dtype.kind == "O":
        return "category"
    return "ordered" if distinct <= min(_FEW_VALUES, len(known) / _MIN_REPEATS) else "numeric"


def fit_column(series: pd.Series[Any], plain: Plain, missing: Mask, kind: str) -> Column:
    """Learn one column as the given kind.

    Raises
    ------
    ParameterError
        The column cannot be of that kind, such as text that is to be numeric.
    """
    known = plain[~missing]
    if kind == "constant":
        values = count_values(known)[0]
        if len(values) > 1 or (values and missing.any()):
            raise ParameterError(
                f"column_kinds says that {series.name!r} is constant, but it has {len(values)} values"
                f"{' and missing cells' if missing.any() else ''}; say 'category' or leave the column to be inferred."
            )
        return Constant(values)
    if not len(known):
        return Constant([])
    if kind in ("numeric", "datetime", "ordered") and known.dtype.kind not in "iuf":
        raise ParameterError(
            f"column_kinds says that {series.name!r} is {kind}, but it holds {series.dtype} values such as "
            f"{known[0]!r}; convert the column, or say 'category'."
        )
    if kind in ("numeric", "datetime"):
        return Number.fit(kind, plain, missing)
    if kind == "identifier":
        if known.dtype.kind not in "iu" and not all(type(v) is str for v in known):
            raise ParameterError(
                f"column_kinds says that {series.name!r} is an identifier, but only text and whole numbers can be; "
                f"it holds {known[0]!r}."
            )
        return Identifier(Form.fit(known))
    return Category.fit(kind, plain, missing)


def fit_columns(
    frame: pd.DataFrame,
    column_kinds: Mapping[Any, str],
    categorical: Sequence[Any],
    identifiers: bool = True,
) -> tuple[list[Column], list[dict[str, Any]]]:
    """Learn every column of a frame.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table, without the label.
    column_kinds : mapping of column name to kind
        What the user says; the rest is inferred.
    categorical : sequence of column names
        Columns that are categories whatever they hold.
    identifiers : bool
        Whether columns that name rows are looked for.

    Returns
    -------
    columns : list of Column
        One for each column of the frame.
    dtypes : list of dict
        Their dtypes, as `describe_dtype` gives them.

    Raises
    ------
    DataError
        A number is infinite, or a cell or dtype is of a kind that cannot be generated.
    ParameterError
        `column_kinds` names a column that is not there, or a kind that the column cannot be.
    """
    check_kinds(frame, column_kinds)
    columns: list[Column] = []
    dtypes: list[dict[str, Any]] = []
    parts: list[tuple[Plain, Mask]] = []
    for name in frame.columns:
        series = frame[name]
        dtype = describe_dtype(series)
        plain, missing = split(series, dtype)
        refuse_infinite(series, plain, missing)
        kind = column_kinds.get(name) or ("category" if name in categorical else None)
        kind = kind or infer_kind(series, plain, missing, identifiers)
        columns.append(fit_column(series, plain, missing, kind))
        dtypes.append(dtype)
        parts.append((plain, missing))
    _link_determined(columns, parts)
    return columns, dtypes


def check_kinds(frame: pd.DataFrame, column_kinds: Mapping[Any, str]) -> None:
    """Raise ParameterError when `column_kinds` names an unknown column or kind."""
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


def refuse_infinite(series: pd.Series[Any], plain: Plain, missing: Mask) -> None:
    """Raise DataError naming the first infinite value of a column."""
    if plain.dtype.kind != "f":
        return
    bad = np.flatnonzero(np.isinf(plain) & ~missing)
    if len(bad):
        raise DataError(
            f"Column {series.name!r} holds an infinite value ({plain[bad[0]]}) in row {bad[0]}; Input X contains "
            "infinity, which has no place in a distribution. Replace it by a missing value or a large number."
        )


def _link_determined(columns: list[Column], parts: list[tuple[Plain, Mask]]) -> None:
    """Replace every category column that another one decides exactly by a look-up."""
    coded = {i: _codes(*parts[i]) for i, column in enumerate(columns) if isinstance(column, Category)}
    order = sorted(coded, key=lambda i: (-(coded[i].max() + 1), i))  # the finest columns decide
    roots: list[int] = []
    for i in order:
        by = next((r for r in roots if _decides(coded[r], coded[i])), None)
        if by is None:
            roots.append(i)
        else:
            columns[i] = _look_up(by, parts[by], parts[i], coded[by])


def _codes(plain: Plain, missing: Mask) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return each cell as a number below the count of distinct values, missing being one of them."""
    if plain.dtype.kind != "O":
        _, codes = np.unique(plain, return_inverse=True)
    else:
        keys: dict[tuple[type, Any], int] = {}
        codes = np.asarray([keys.setdefault((type(v), v), len(keys)) for v in plain.tolist()], dtype=np.int64)
    codes = np.where(missing, codes.max() + 1, codes)
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _decides(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """Return whether each value of `a` goes with one value of `b`, on enough rows to mean something."""
    n_a, n_b = int(a.max()) + 1, int(b.max()) + 1
    if n_b < 2 or len(a) < _MIN_ROWS_PER_VALUE * n_a or n_a < n_b:
        return False
    return len(np.unique(a * n_b + b)) == n_a


def _look_up(
    by: int, deciding: tuple[Plain, Mask], decided: tuple[Plain, Mask], codes: np.ndarray[Any, Any]
) -> Determined:
    _, rows = np.unique(codes, return_index=True)
    keys = [None if deciding[1][r] else deciding[0][r : r + 1].tolist()[0] for r in rows]
    values = [None if decided[1][r] else decided[0][r : r + 1].tolist()[0] for r in rows]
    return Determined(by, keys, values)
