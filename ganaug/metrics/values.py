"""What the cells of a column are to the metrics: numbers with NaN for gaps, or codes of listed values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dtypes import dense
from ..errors import DataError

Kind: TypeAlias = Literal["number", "category", "date"]
Numbers: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

_LARGEST = 1e300  # infinities are cut to it: differences of two such numbers are still finite
_OBJECT_KINDS: dict[str, Kind] = {
    **dict.fromkeys(["integer", "floating", "mixed-integer-float", "decimal", "timedelta"], "number"),
    **dict.fromkeys(["date", "datetime"], "date"),
}


def aligned(real: pd.DataFrame, **others: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the tables, all with the columns of the real one in its order.

    Parameters
    ----------
    real : pandas.DataFrame
        The real table.
    **others : pandas.DataFrame
        Further tables, under the names that messages are to use.

    Raises
    ------
    DataError
        A table is none, has no row or no column, lacks a column, or has a column name twice.
    """
    frames = []
    for name, frame in {"real": real, **others}.items():
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"The {name} rows are a {type(frame).__name__}; give a pandas.DataFrame.")
        if not len(frame):
            raise DataError(f"The {name} table has no rows; give at least one.")
        if not frame.shape[1]:
            raise DataError(f"The {name} table has no columns; give at least one.")
        if frame.columns.has_duplicates:
            repeated = frame.columns[frame.columns.duplicated()][0]
            raise DataError(f"Column name {repeated!r} stands twice in the {name} table; rename one of the two.")
        places = frame.columns.get_indexer(real.columns)
        if np.any(places < 0):
            missing = real.columns[int(np.argmax(places < 0))]
            raise DataError(f"The {name} table has no column {missing!r}, which the real one has; add it.")
        frames.append(frame.iloc[:, places])
    return _with_mixed_columns_as_categories(frames)


def _with_mixed_columns_as_categories(frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return tables whose mixed columns, such as of numbers and text, are categories for any part of the rows too."""
    mixed = [name for name, column in frames[0].items() if _is_mixed(column)]
    if not mixed:
        return frames
    for column in (frame[name] for frame in frames for name in mixed):
        _factorized(column)  # which says whose values cannot be told apart
    return [frame.astype(dict.fromkeys(mixed, "category")) for frame in frames]


def _is_mixed(column: pd.Series[Any]) -> bool:
    if column.dtype != np.dtype(object) or kind_of(column) != "category":
        return False
    return pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")


def kind_of(column: pd.Series[Any]) -> Kind:
    """Return what a column holds: numbers and durations, dates, or anything else, which counts as categories.

    Objects are what their values are; booleans and whatever is of dtype category are categories.

    Parameters
    ----------
    column : pandas.Series
        Values of any dtype.
    """
    dtype: Any = dense(column).dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return "category"
    if dtype == np.dtype(object):
        return _OBJECT_KINDS.get(pd.api.types.infer_dtype(column, skipna=True), "category")
    if dtype.kind == "M":
        return "date"
    return "number" if dtype.kind in "iufm" or "decimal" in str(dtype) else "category"


def numbers(column: pd.Series[Any], kind: Kind) -> Numbers:
    """Return numbers as they are, and dates and durations in seconds; NaN where missing.

    Parameters
    ----------
    column : pandas.Series
        n values.
    kind : {"number", "date"}
        What the real column holds. Dates without a zone are read as UTC.

    Returns
    -------
    ndarray of float64, shape (n,)
        Infinities are cut to 1e300.

    Raises
    ------
    DataError
        The values cannot be read so.
    """
    column = dense(column)
    try:
        values = _seconds(column, kind) if _is_time(column, kind) else _floats(column)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"Column {column.name!r} holds {kind}s in the real table and {column.dtype} values such as "
            f"{_example(column)} in the other; convert it first."
        ) from None
    return np.clip(values, -_LARGEST, _LARGEST)


def frequent(column: pd.Series[Any], limit: int | None = None) -> list[Any]:
    """Return the distinct values of a column, the most frequent first; at most `limit` of them.

    Raises
    ------
    DataError
        The column holds something that cannot be told apart, such as lists.
    """
    codes, values = _factorized(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    order = np.argsort(-counts, kind="stable")[:limit]
    return [values[i] for i in order if counts[i]]


def encode(column: pd.Series[Any], values: Sequence[Any]) -> Codes:
    """Return the position of each cell in `values`: -1 where missing, ``len(values)`` for any other value.

    Parameters
    ----------
    column : pandas.Series
        n cells.
    values : sequence
        Distinct values.
    """
    codes, present = _factorized(column)
    position = {value: i for i, value in enumerate(values)}
    table = [position.get(value, len(values)) for value in present]
    return np.asarray([*table, -1], dtype=np.int64)[codes]


def total_variation(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Return half the sum of the absolute differences of two tables of shares, from 0 to 1."""
    return min(1.0, float(np.abs(p - q).sum() / 2))


def _factorized(column: pd.Series[Any]) -> tuple[Codes, list[Any]]:
    try:
        codes, values = column.factorize()
    except TypeError:
        raise DataError(
            f"Column {column.name!r} holds values that cannot be compared, such as {_example(column)}; "
            "convert it to text, or leave it out."
        ) from None
    return codes.astype(np.int64), list(values)


def _example(column: pd.Series[Any]) -> str:
    return repr(column.dropna().astype(object).iloc[0])


def _is_time(column: pd.Series[Any], kind: Kind) -> bool:
    if column.dtype == np.dtype(object):
        return kind == "date" or pd.api.types.infer_dtype(column, skipna=True) == "timedelta"
    return kind == "date" or getattr(column.dtype, "kind", "") == "m"


def _seconds(column: pd.Series[Any], kind: Kind) -> Numbers:
    if kind == "date":
        if getattr(column.dtype, "kind", "") in "iufb":
            raise TypeError("numbers are no dates")
        times = pd.to_datetime(column, utc=True).to_numpy(dtype="datetime64[us]")
    else:
        times = pd.to_timedelta(column).to_numpy(dtype="timedelta64[us]")
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e6)


def _floats(column: pd.Series[Any]) -> Numbers:
    if getattr(column.dtype, "kind", "") == "M":
        raise TypeError("dates are no numbers")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
