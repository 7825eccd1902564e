"""Convert the columns of a table to floats with NaN where missing, or to codes of categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dtypes import dense
from ..data.foreign import to_pandas
from ..errors import DataError

Kind: TypeAlias = Literal["number", "category", "date"]
Numbers: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

_LARGEST = 1e300  # infinities are clipped to it, so that differences stay finite
_OBJECT_KINDS: dict[str, Kind] = {
    **dict.fromkeys(["integer", "floating", "mixed-integer-float", "decimal", "timedelta"], "number"),
    **dict.fromkeys(["date", "datetime"], "date"),
}


def align_columns(real: pd.DataFrame, **others: pd.DataFrame) -> list[pd.DataFrame]:
    """Return all tables with the columns of the real one, in its order.

    Parameters
    ----------
    real : pandas.DataFrame
        The real table.
    **others : pandas.DataFrame
        Further tables, by the names that error messages use.

    Raises
    ------
    DataError
        An argument is not a DataFrame, has no rows or no columns, lacks a column, or has duplicate column names.
    """
    frames = []
    real = to_pandas(real)
    for name, given in {"real": real, **others}.items():
        frame = to_pandas(given)
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"The {name} rows are a {type(frame).__name__}; give a pandas.DataFrame.")
        if not len(frame):
            raise DataError(f"The {name} table has no rows; give at least one.")
        if not frame.shape[1]:
            raise DataError(f"The {name} table has no columns; give at least one.")
        if frame.columns.has_duplicates:
            repeated = frame.columns[frame.columns.duplicated()][0]
            raise DataError(f"Column name {repeated!r} occurs twice in the {name} table; rename one of the two.")
        places = frame.columns.get_indexer(real.columns)
        if np.any(places < 0):
            missing = real.columns[int(np.argmax(places < 0))]
            raise DataError(f"The {name} table has no column {missing!r}, which the real table has; add it.")
        frames.append(frame.iloc[:, places])
    return _categorise_mixed(frames)


def _categorise_mixed(frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Convert columns of mixed types, such as numbers and text, to categories, so that subsets keep the kind."""
    mixed = [name for name, column in frames[0].items() if _is_mixed(column)]
    if not mixed:
        return frames
    for column in (frame[name] for frame in frames for name in mixed):
        _factorize(column)  # raises for values that cannot be compared
    return [frame.astype(dict.fromkeys(mixed, "category")) for frame in frames]


def _is_mixed(column: pd.Series[Any]) -> bool:
    if column.dtype != np.dtype(object) or column_kind(column) != "category":
        return False
    return pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")


def column_kind(column: pd.Series[Any]) -> Kind:
    """Return the kind of a column: "number" (also durations), "date" or "category" (everything else).

    The kind of an object column follows from its values; booleans and columns of dtype category are categories.

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


def to_floats(column: pd.Series[Any], kind: Kind) -> Numbers:
    """Convert a column to float64: numbers unchanged, dates and durations in seconds, NaN where missing.

    Parameters
    ----------
    column : pandas.Series
        n values.
    kind : {"number", "date"}
        Kind of the real column. Dates without a time zone are read as UTC.

    Returns
    -------
    ndarray of float64, shape (n,)
        Infinities are clipped to 1e300.

    Raises
    ------
    DataError
        The values cannot be converted.
    """
    column = dense(column)
    try:
        values = _read_seconds(column, kind) if _is_time(column, kind) else _read_numbers(column)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"Column {column.name!r} holds {kind}s in the real table and {column.dtype} values such as "
            f"{_first_value(column)} in the other; convert one of them first."
        ) from None
    return np.clip(values, -_LARGEST, _LARGEST)


def rank_categories(column: pd.Series[Any], limit: int | None = None) -> list[Any]:
    """Return at most `limit` distinct values of a column, the most frequent first.

    Raises
    ------
    DataError
        The column holds values that cannot be compared, such as lists.
    """
    codes, values = _factorize(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    order = np.argsort(-counts, kind="stable")[:limit]
    return [values[i] for i in order if counts[i]]


def encode_categories(column: pd.Series[Any], values: Sequence[Any]) -> Codes:
    """Return the position of each cell in `values`, -1 where missing, and ``len(values)`` for any other value.

    Parameters
    ----------
    column : pandas.Series
        n cells.
    values : sequence
        Distinct values.
    """
    codes, present = _factorize(column)
    position = {value: i for i, value in enumerate(values)}
    table = [position.get(value, len(values)) for value in present]
    return np.asarray([*table, -1], dtype=np.int64)[codes]


def total_variation(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Return the total variation distance of two distributions: half the sum of absolute differences, from 0 to 1."""
    return min(1.0, float(np.abs(p - q).sum() / 2))


def _factorize(column: pd.Series[Any]) -> tuple[Codes, list[Any]]:
    try:
        codes, values = column.factorize()
    except TypeError:
        raise DataError(
            f"Column {column.name!r} holds values that cannot be compared, such as {_first_value(column)}; "
            "convert it to text, or drop it."
        ) from None
    return codes.astype(np.int64), list(values)


def _first_value(column: pd.Series[Any]) -> str:
    return repr(column.dropna().astype(object).iloc[0])


def _is_time(column: pd.Series[Any], kind: Kind) -> bool:
    if column.dtype == np.dtype(object):
        return kind == "date" or pd.api.types.infer_dtype(column, skipna=True) == "timedelta"
    return kind == "date" or getattr(column.dtype, "kind", "") == "m"


def _read_seconds(column: pd.Series[Any], kind: Kind) -> Numbers:
    if kind == "date":
        if getattr(column.dtype, "kind", "") in "iufb":
            raise TypeError("numbers are not dates")
        times = pd.to_datetime(column, utc=True).to_numpy(dtype="datetime64[us]")
    else:
        times = pd.to_timedelta(column).to_numpy(dtype="timedelta64[us]")
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e6)


def _read_numbers(column: pd.Series[Any]) -> Numbers:
    if getattr(column.dtype, "kind", "") == "M":
        raise TypeError("dates are not numbers")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
