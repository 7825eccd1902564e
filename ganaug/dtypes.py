"""The border between pandas dtypes and the plain arrays that column encoders work on.

A column is three things: its plain values (integers, floats, booleans or text in a numpy array), a mask of what is
missing, and a JSON description of its dtype. `split` takes a column apart and `restore` puts one together again.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import DataError

Mask: TypeAlias = NDArray[np.bool_]
Plain: TypeAlias = NDArray[Any]

_TIME = ("datetime64", "timedelta64")


def describe_dtype(series: pd.Series[Any]) -> dict[str, Any]:
    """Return the dtype of `series` as plain JSON.

    Parameters
    ----------
    series : pandas.Series
        One column.

    Returns
    -------
    dict
        ``{"dtype": name}``, with categories and order for a pandas category, and the missing mark of object columns.

    Raises
    ------
    DataError
        The dtype is one that ganaug cannot bring back (complex, period, interval, ...).
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = pd.Series(dtype.categories)
        inner = describe_dtype(categories)
        plain, _ = split(categories, inner)
        return {
            "dtype": "category",
            "ordered": bool(dtype.ordered),
            "categories": plain.tolist(),
            "inner": inner,
        }
    if isinstance(dtype, pd.SparseDtype):
        return {"dtype": "sparse", "name": str(dtype), "inner": describe_dtype(_dense(series))}
    name = str(dtype)
    supported = (
        pd.api.types.is_bool_dtype(dtype)
        or pd.api.types.is_integer_dtype(dtype)
        or (pd.api.types.is_float_dtype(dtype) and dtype != np.longdouble)
        or pd.api.types.is_string_dtype(dtype)
        or name == "object"
        or name.startswith(_TIME)
    )
    if not supported:
        raise DataError(
            f"Column {series.name!r} has the dtype {name}, which ganaug cannot generate; convert it to numbers, text "
            "or dates first, or leave the column out."
        )
    if name != "object":
        return {"dtype": name}
    missing = series[series.isna().to_numpy()]
    mark = "none" if len(missing) and missing.iloc[0] is None else "nan"
    return {"dtype": "object", "missing": mark}


def split(series: pd.Series[Any], description: dict[str, Any]) -> tuple[Plain, Mask]:
    """Take a column apart into plain values and the mask of what is missing.

    Parameters
    ----------
    series : pandas.Series
        One column of n rows.
    description : dict
        What `describe_dtype` said of it.

    Returns
    -------
    plain : ndarray of shape (n,)
        int64 or uint64, float64, bool, or object (text, or a mixture of text, numbers and booleans). Dates and
        durations are integers in their own unit. Where the mask is set, the value means nothing.
    missing : ndarray of bool, shape (n,)
        What is missing: None, NaN, NaT or pandas.NA.

    Raises
    ------
    DataError
        An object column holds something that is neither text, number nor boolean.
    """
    name = description["dtype"]
    if name == "sparse":
        return split(_dense(series), description["inner"])
    missing = series.isna().to_numpy(dtype=bool)
    if name == "category":
        codes = series.cat.codes.to_numpy()
        categories, _ = split(pd.Series(series.cat.categories), description["inner"])
        return categories[np.where(missing, 0, codes)] if len(categories) else codes, missing
    if name.startswith(_TIME):
        return series.astype("int64").to_numpy(), missing
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return series.to_numpy(dtype=bool, na_value=False) if missing.any() else series.to_numpy(dtype=bool), missing
    if pd.api.types.is_integer_dtype(dtype):
        kind = np.uint64 if name.lower().startswith("uint") else np.int64
        return (series.fillna(0) if missing.any() else series).to_numpy(dtype=kind), missing
    if pd.api.types.is_float_dtype(dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan), missing
    return _split_objects(series, missing), missing


def _dense(series: pd.Series[Any]) -> pd.Series[Any]:
    return series.astype(series.dtype.subtype) if isinstance(series.dtype, pd.SparseDtype) else series


def _split_objects(series: pd.Series[Any], missing: Mask) -> Plain:
    values = np.empty(len(series), dtype=object)
    values[:] = [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)]
    known = values[~missing]
    types = {type(value) for value in known}
    if types <= {str}:
        return np.asarray([str(v) if type(v) is not str else v for v in values], dtype=object) if not types else values
    if types <= {bool, np.bool_}:
        return np.asarray([bool(v) for v in values])
    if all(issubclass(t, int | float | np.integer | np.floating) and not issubclass(t, bool) for t in types):
        return _split_number_objects(values, missing, types)
    for row, value in enumerate(values):
        if not missing[row] and not isinstance(value, str | bool | int | float | np.generic):
            raise DataError(
                f"Column {series.name!r} holds a {type(value).__name__} in row {row} ({value!r}); ganaug takes text, "
                "numbers, booleans and dates. Convert the column, or leave it out."
            )
    values[~missing] = [v.item() if isinstance(v, np.generic) else v for v in known]
    return values


def _split_number_objects(values: Plain, missing: Mask, types: set[type]) -> Plain:
    filled = np.where(missing, 0, values)
    if all(issubclass(t, int | np.integer) for t in types):
        largest = max((abs(int(v)) for v in filled), default=0)
        if largest < 2**63:
            return filled.astype(np.int64)
    return filled.astype(np.float64)


def restore(plain: Plain, missing: Mask, description: dict[str, Any]) -> pd.Series[Any]:
    """Put a column together again; the inverse of `split`.

    Parameters
    ----------
    plain : ndarray of shape (n,)
        Plain values; where `missing` is set, they mean nothing.
    missing : ndarray of bool, shape (n,)
        What is missing.
    description : dict
        What `describe_dtype` said of the original column.

    Returns
    -------
    pandas.Series
        Column with the original dtype and missing mark.
    """
    name = description["dtype"]
    if name == "sparse":
        return restore(plain, missing, description["inner"]).astype(description["name"])
    if name == "category":
        inner = description["inner"]
        listed = np.asarray(description["categories"], dtype=object)
        categories = pd.Index(restore(_as_plain(listed, inner), np.zeros(len(listed), dtype=bool), inner))
        position = {(type(value), value): i for i, value in enumerate(description["categories"])}
        codes = [
            -1 if gone else position[(type(value), value)] for value, gone in zip(plain.tolist(), missing, strict=True)
        ]
        learned = pd.CategoricalDtype(categories, ordered=description["ordered"])
        return pd.Series(pd.Categorical.from_codes(codes, dtype=learned))
    if name.startswith(_TIME):
        return _restore_time(plain, missing, name)
    if name == "object":
        values = np.empty(len(plain), dtype=object)
        values[:] = plain.tolist()
        values[missing] = None if description["missing"] == "none" else np.nan
        return pd.Series(values, dtype=object)
    dtype = pd.api.types.pandas_dtype(name)
    if pd.api.types.is_string_dtype(dtype):
        values = np.empty(len(plain), dtype=object)
        values[:] = plain.tolist()
        values[missing] = None
        return pd.Series(values, dtype=dtype)
    if isinstance(dtype, np.dtype):
        values = np.where(missing, np.nan, plain) if dtype.kind == "f" and missing.any() else plain
        return pd.Series(values.astype(dtype))
    array: Any = pd.array(plain.tolist(), dtype=_nullable(plain))
    array[missing] = pd.NA
    return pd.Series(array).astype(dtype)


def _nullable(plain: Plain) -> Any:
    return {"i": "Int64", "u": "UInt64", "f": "Float64", "b": "boolean"}[plain.dtype.kind]


def _as_plain(values: Plain, description: dict[str, Any]) -> Plain:
    """Give the values that came out of JSON the array type that `split` gives."""
    name = description["dtype"].lower()
    if name.startswith(_TIME) or name.startswith("int"):
        return values.astype(np.int64)
    if name.startswith("uint"):
        return values.astype(np.uint64)
    if name.startswith(("float", "double")):
        return values.astype(np.float64)
    if name.startswith("bool"):
        return values.astype(bool)
    return values


def _restore_time(plain: Plain, missing: Mask, name: str) -> pd.Series[Any]:
    dtype = pd.api.types.pandas_dtype(name)
    values = plain.astype(np.int64)
    values[missing] = np.iinfo(np.int64).min  # numpy's NaT
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = pd.Series(values.view(f"datetime64[{dtype.unit}]")).dt.tz_localize("UTC")
        return utc.dt.tz_convert(dtype.tz)
    return pd.Series(values.view(name))
