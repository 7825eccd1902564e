"""Convert between pandas columns and the plain arrays that column encoders work on.

A column consists of plain values (integers, floats, booleans or text in a numpy array), a mask of missing cells, and a
JSON description of its dtype. `split` takes a column apart and `restore` puts it together again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import DataError
from .items import is_image

Mask: TypeAlias = NDArray[np.bool_]
Plain: TypeAlias = NDArray[Any]
Codes: TypeAlias = NDArray[np.int64]

_PLAIN: dict[str, Any] = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64, "m": np.int64, "M": np.int64}
_OBJECT = np.dtype(object)
MAX_CELL = 2**16
"""Bytes that a cell of an array may take; arrays of longer text become arrays of objects."""
MAX_TEXT = 100_000
"""Characters that a stored text may have: a category, a constant or a class."""
_MARKS = {"none": None, "na": pd.NA, "nat": pd.NaT, "nan": np.nan}


def describe_dtype(series: pd.Series[Any]) -> dict[str, Any]:
    """Return the dtype of `series` as plain JSON.

    Parameters
    ----------
    series : pandas.Series
        One column.

    Returns
    -------
    dict
        ``{"dtype": name}``, with what else is needed to build the dtype again; for object columns, the mark of missing
        cells.

    Raises
    ------
    DataError
        The dtype is one that ganaug cannot bring back (complex, period, interval, ...).
    """
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = pd.Series(dtype.categories, name=series.name)
        inner = describe_dtype(categories)
        listed = split(categories, inner)[0].tolist()
        if any(isinstance(value, float) and np.isinf(value) for value in listed):
            raise DataError(f"Column {series.name!r} has an infinite category; remove or rename it.")
        check_texts(f"Column {series.name!r}", listed)
        return {"dtype": "category", "ordered": bool(dtype.ordered), "categories": listed, "inner": inner}
    if isinstance(dtype, pd.SparseDtype):
        fill = None if pd.isna(dtype.fill_value) else np.asarray(dtype.fill_value).item()
        return {"dtype": "sparse", "fill": fill, "inner": describe_dtype(dense(series))}
    description: dict[str, Any] = {"dtype": str(dtype)}
    if dtype == _OBJECT:
        return description | {"missing": _missing_mark(series)}
    if isinstance(dtype, pd.StringDtype):
        description["storage"] = dtype.storage
    if hasattr(getattr(dtype, "tz", None), "key"):  # a zone of zoneinfo; older pandas would make it one of pytz
        description["zone"] = dtype.tz.key
    if not _is_supported(dtype) or not _builds(description, dtype):
        raise DataError(
            f"Column {series.name!r} has the dtype {dtype}, which ganaug cannot generate; convert it to numbers, text "
            "or dates (in a zone such as 'UTC') first, or leave the column out."
        )
    return description


def _missing_mark(series: pd.Series[Any]) -> str:
    missing = series[series.isna().to_numpy()]
    first = missing.iloc[0] if len(missing) else np.nan
    return next((name for name, mark in _MARKS.items() if first is mark), "nan")


def _is_supported(dtype: Any) -> bool:
    if isinstance(dtype, pd.StringDtype):
        return True
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "U":
        return True
    return dtype.kind in _PLAIN and dtype.itemsize <= 8


def _builds(description: dict[str, Any], dtype: Any) -> bool:
    """Return whether a description builds the dtype from which it was made."""
    try:
        return bool(build_dtype(description) == dtype)
    except (TypeError, ValueError, AttributeError, NotImplementedError):  # what pandas raises at names it cannot read
        return False


def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return the name of the dtype in which an array is restored."""
    return "object" if dtype.kind == "O" or dtype.itemsize > MAX_CELL else dtype.str


def parse_dtype(name: str) -> np.dtype[Any]:
    """Return the dtype of an array by its name, which may come from a forged file.

    Raises
    ------
    TypeError, ValueError
        There is no such dtype, tables and labels cannot have it, or its cells take more than `MAX_CELL` bytes.
    """
    dtype = np.dtype(name)
    if dtype.kind not in "biufOUSmM" or dtype.itemsize > MAX_CELL:
        raise ValueError(f"the dtype {str(dtype)[:40]!r} cannot be that of an array of data")
    return dtype


def check_description(description: dict[str, Any]) -> None:
    """Raise ValueError for a description that `describe_dtype` cannot have made, such as that of a forged file."""
    check_texts("A column", description.get("categories", ()))
    if description["dtype"] in ("category", "sparse"):
        return check_description(description["inner"])
    dtype = build_dtype(description)
    if dtype != _OBJECT and not _is_supported(dtype):
        raise ValueError(f"the dtype {str(dtype)[:40]!r} cannot be that of a table")
    return None


def check_texts(owner: str, values: Iterable[Any]) -> None:
    """Raise DataError, naming the `owner`, if a text among `values` is too long to be stored."""
    longest = max((value for value in values if isinstance(value, str)), key=len, default="")
    if len(longest) > MAX_TEXT:
        raise DataError(
            f"{owner} holds the text {longest[:40]!r}... of {len(longest):,} characters, and where texts are classes "
            f"they may have {MAX_TEXT:,}; shorten it, or leave the column out."
        )


def build_dtype(description: dict[str, Any]) -> Any:
    """Return the dtype behind a description that is neither category nor sparse."""
    name = description["dtype"]
    if name == "string[pyarrow]":  # which to pandas is the name of another dtype
        return pd.ArrowDtype(pa.string())
    dtype: Any = pd.api.types.pandas_dtype(name)
    if dtype.kind == "U" and isinstance(dtype, np.dtype):  # "str", before pandas 3
        return _OBJECT
    if isinstance(dtype, pd.StringDtype):
        options = {"na_value": np.nan} if name == "str" else {}
        return pd.StringDtype(description["storage"], **options)
    return pd.DatetimeTZDtype(dtype.unit, ZoneInfo(description["zone"])) if "zone" in description else dtype


def split(series: pd.Series[Any], description: dict[str, Any]) -> tuple[Plain, Mask]:
    """Take a column apart into plain values and the mask of what is missing.

    Parameters
    ----------
    series : pandas.Series
        One column of n rows.
    description : dict
        What `describe_dtype` said of it, or of the column in training: then values come in that column's dtype.

    Returns
    -------
    plain : ndarray of shape (n,)
        int64 or uint64, float64, bool, or object (text, or a mixture of text, numbers and booleans). Dates and
        durations are integers in their own unit; objects that are all numbers are floats, or integers if all are.
        Values under the mask are arbitrary.
    missing : ndarray of bool, shape (n,)
        True for None, NaN, NaT and pandas.NA.

    Raises
    ------
    DataError
        An object column holds something that is neither text, number nor boolean; or the values do not fit the
        described dtype.
    """
    if isinstance(series.dtype, pd.CategoricalDtype) and description["dtype"] in ("category", "object"):
        return _split_category(series, description.get("inner", description))
    if "inner" in description:
        return split(series, description["inner"])
    series = _cast(dense(series), build_dtype(description))
    missing, kind = series.isna().to_numpy(dtype=bool), series.dtype.kind
    if kind not in _PLAIN and isinstance(series.array, pd.arrays.ArrowExtensionArray):
        return _split_text(series), missing
    if kind not in _PLAIN:
        return _split_objects(series, missing), missing
    if kind in "mM":
        return times_to_integers(series), missing
    instead = {"b": False, "f": np.nan}.get(kind, 0)
    return series.to_numpy(dtype=_PLAIN[kind], na_value=instead), missing


def dense(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a sparse column as a dense one, and any other column unchanged."""
    return series.astype(series.dtype.subtype) if isinstance(series.dtype, pd.SparseDtype) else series


def _cast(series: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    """Return a column in the dtype it had in training; raise DataError if that would change its values."""
    if series.dtype == dtype:
        return series
    try:
        cast = series.astype(dtype)
        rounding = series.dtype.kind == dtype.kind == "f"
        same = rounding or cast.astype(object)[cast.notna()].equals(series.astype(object)[series.notna()])
    except (TypeError, ValueError, NotImplementedError, OverflowError):
        same = False
    if not same:
        raise DataError(
            f"Column {series.name!r} was {dtype} in training and is {series.dtype} now, with values that do not fit; "
            "convert it first."
        )
    return cast


def _split_category(series: pd.Series[Any], inner: dict[str, Any]) -> tuple[Plain, Mask]:
    codes = series.cat.codes.to_numpy()
    values, _ = split(pd.Series(series.cat.categories, name=series.name), inner)
    values = values if len(values) else np.zeros(1, dtype=values.dtype)
    return values[np.maximum(codes, 0)], codes < 0


def is_time(series: pd.Series[Any]) -> bool:
    """Return whether a column holds dates or durations, in a dtype of pandas or of Arrow."""
    return series.dtype.kind in "mM"


def times_to_integers(series: pd.Series[Any]) -> Plain:
    """Return dates or durations as int64 in the unit of their dtype, zoned ones in UTC; missing cells are arbitrary."""
    if not isinstance(series.dtype, pd.ArrowDtype):
        return series.astype("int64").to_numpy()
    values = pa.array(series.array)
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    return np.asarray(values.cast(pa.int64()).fill_null(0))


def _split_text(series: pd.Series[Any]) -> Plain:
    """Return Arrow text as objects, None where it is missing; equal cells share one object."""
    coded = pa.array(series.array).dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    texts = coded.dictionary.to_pylist()
    return _objects([*texts, None])[np.asarray(coded.indices.fill_null(len(texts)))]


def _split_objects(series: pd.Series[Any], missing: Mask) -> Plain:
    values = series.to_numpy(dtype=object, copy=True)
    values[missing] = None
    listed = values[~missing].tolist()
    if not set(map(type, listed)) <= {str}:
        listed = [value.item() if isinstance(value, np.generic) else value for value in listed]
        values[~missing] = _objects(listed)  # numpy would make a 2-d array of lists of equal length
    types = set(map(type, listed))
    if not types <= {str, bool, int, float}:
        row = next(i for i, v in enumerate(values) if type(v) not in (str, bool, int, float) and not missing[i])
        images = f"Learn images without a table, as in fit(X[{series.name!r}], y)."
        raise DataError(
            f"Column {series.name!r} holds a {type(values[row]).__name__} in row {row} ({values[row]!r}); ganaug takes "
            "text, numbers, booleans and dates. "
            + (images if is_image(values[row]) else "Convert the column, or leave it out.")
        )
    if types == {bool}:
        return np.where(missing, False, values).astype(bool)
    if types and types <= {int, float}:
        return _split_numbers(series.name, np.where(missing, 0, values), types)
    return values


def _split_numbers(name: Any, values: Plain, types: set[type]) -> Plain:
    whole = [v for v in values.tolist() if type(v) is int]
    low, high = min(whole, default=0), max(whole, default=0)
    dtype = np.int64 if high < 2**63 else np.uint64
    if low < np.iinfo(dtype).min or high > np.iinfo(dtype).max:
        raise DataError(
            f"Column {name!r} holds the numbers {low} and {high}, which no whole number of 64 bits can be at once; "
            "make it text (astype(str)), or leave it out."
        )
    return values.astype(np.float64 if float in types else dtype)


def restore(plain: Plain, missing: Mask, description: dict[str, Any]) -> pd.Series[Any]:
    """Return the column that `split` took apart.

    Parameters
    ----------
    plain : ndarray of shape (n,)
        Plain values; arbitrary where `missing` is set.
    missing : ndarray of bool, shape (n,)
        Which cells are missing.
    description : dict
        What `describe_dtype` said of the original column.

    Returns
    -------
    pandas.Series
        Column with the original dtype and missing mark.
    """
    if description["dtype"] == "sparse":
        dense = restore(plain, missing, description["inner"])
        return dense.astype(pd.SparseDtype(dense.dtype, description["fill"]))
    if description["dtype"] == "category":
        return _restore_category(plain, missing, description)
    dtype = build_dtype(description)
    if dtype.kind in "mM":
        return times(plain, missing, dtype)
    if dtype.kind not in _PLAIN:
        values = plain.astype(object)
        values[missing] = _MARKS[description.get("missing", "nan")] if dtype == _OBJECT else None
        return pd.Series(values, dtype=dtype)
    values = np.where(missing, 0, plain).astype(_PLAIN[dtype.kind])
    if isinstance(dtype, pd.ArrowDtype):
        return _restore_arrow(values, missing, dtype)
    if isinstance(dtype, np.dtype):
        values = values.astype(dtype)
        values[missing] = np.nan if dtype.kind == "f" else 0
        return pd.Series(values)
    array: Any = pd.array(values, dtype=dtype)
    array[missing] = pd.NA
    return pd.Series(array)


def _restore_category(plain: Plain, missing: Mask, description: dict[str, Any]) -> pd.Series[Any]:
    listed = description["categories"]
    known = restore(_objects(listed), np.zeros(len(listed), dtype=bool), description["inner"])
    position = {(type(value), value): i for i, value in enumerate(listed)}
    codes, values = factorise(plain, missing)
    at = [position[type(value), value] for value in values] + [-1]  # the last is for the code -1
    dtype = pd.CategoricalDtype(pd.Index(known), ordered=description["ordered"])
    return pd.Series(pd.Categorical.from_codes(np.asarray(at)[codes], dtype=dtype))


def times(counts: Plain, missing: Mask, dtype: Any) -> pd.Series[Any]:
    """Return dates or durations of a dtype from what `times_to_integers` returned.

    Parameters
    ----------
    counts : ndarray of shape (n,)
        Whole numbers in the unit of the dtype; arbitrary where `missing` is set.
    missing : ndarray of bool, shape (n,)
        Which cells are missing.
    dtype : numpy or pandas dtype
        Of dates or durations.
    """
    values = np.where(missing, 0, counts).astype(np.int64)
    if isinstance(dtype, pd.ArrowDtype):
        return _restore_arrow(values, missing, dtype)
    values[missing] = np.iinfo(np.int64).min  # numpy's NaT
    if not isinstance(dtype, pd.DatetimeTZDtype):
        return pd.Series(values.view(dtype))
    return pd.Series(values.view(f"datetime64[{dtype.unit}]")).dt.tz_localize("UTC").astype(dtype)


def _restore_arrow(values: Plain, missing: Mask, dtype: Any) -> pd.Series[Any]:
    if dtype.kind in "biuf":
        values = values.astype(dtype.numpy_dtype)
    elif pa.types.is_date32(dtype.pyarrow_dtype):
        values = values.astype(np.int32)
    return pd.Series(pd.array(pa.array(values, mask=missing).cast(dtype.pyarrow_dtype), dtype=dtype))


def factorise(plain: Plain, missing: Mask) -> tuple[Codes, list[Any]]:
    """Return the code of each cell and the distinct values; 1, 1.0, True and "1" are four values.

    Parameters
    ----------
    plain, missing : ndarray of shape (n,)
        A column taken apart.

    Returns
    -------
    codes : ndarray of int64, shape (n,)
        Position of each cell's value among the values, -1 where it is missing.
    values : list
        The different values, in the order of their first appearance.
    """
    codes = np.full(len(plain), -1, dtype=np.int64)
    known = plain[~missing]
    if known.dtype.kind != "O":
        codes[~missing], values = pd.factorize(known)
        return codes, values.tolist()
    cells: list[Any] = known.tolist()  # pandas would take some texts with odd characters for equal
    mixed = len(set(map(type, cells))) > 1
    keys = [(type(cell), cell) for cell in cells] if mixed else cells
    position = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    codes[~missing] = np.fromiter(map(position.__getitem__, keys), np.int64, len(keys))
    return codes, [key[1] for key in position] if mixed else list(position)


def as_plain(values: list[Any]) -> Plain:
    """Return values as an array like that of `split`: of one numpy dtype if all have the same type, else of objects."""
    types = {type(value) for value in values}
    if types == {int}:
        return np.asarray(values, dtype=np.uint64 if max(values) >= 2**63 else np.int64)
    return np.asarray(values) if types in ({bool}, {float}) else _objects(values)


def _objects(values: list[Any]) -> Plain:
    return np.fromiter(values, dtype=object, count=len(values))
