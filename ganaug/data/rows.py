"""Take rows by position, and append rows and labels, in whatever container they come."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ..messages import join_names

Positions = NDArray[np.int64]


def as_frame(X: Any) -> pd.DataFrame:
    """Return a table as a DataFrame, with object columns converted to the dtype of their values.

    Parameters
    ----------
    X : DataFrame, array or list of rows, of shape (n, d)
        A DataFrame is returned unchanged.
    """
    if isinstance(X, pd.DataFrame):
        return X
    rows = list(X) if isinstance(X, list | tuple) else np.asarray(X)
    return pd.DataFrame(rows).infer_objects()


def take_rows(data: Any, positions: Positions) -> Any:
    """Return the rows at some positions, in the container of the data.

    Parameters
    ----------
    data : frame, series, list, tuple, array or tensor of n rows
        Samples or labels.
    positions : ndarray of int64, shape (k,)
        Which rows, counted from 0.
    """
    if hasattr(data, "iloc"):
        return data.iloc[positions].reset_index(drop=True)
    if isinstance(data, list | tuple):
        return [data[i] for i in positions]
    return data[positions]


def append_rows(X: Any, made: Any) -> Any:
    """Append the rows of `made` to those of `X`, in the container, columns and dtypes of `X`.

    A dtype that cannot hold the values of `made` is widened to one that holds both; floats may be rounded.

    Parameters
    ----------
    X, made : frame, list, array or tensor of shapes (n, ...) and (m, ...)
        The second may be an array where the first is a frame.

    Raises
    ------
    DataError
        `made` has other columns, or rows of another shape.
    """
    if isinstance(X, pd.DataFrame):
        made = _match_columns(made, X.columns)
        columns = [_append_column(X.iloc[:, i], made.iloc[:, i]) for i in range(X.shape[1])]
        joined = pd.concat(columns, axis=1).set_axis(X.columns, axis=1)
        joined.attrs = dict(X.attrs)
        return joined
    if isinstance(X, list | tuple):
        return [*X, *(made if isinstance(made, list | tuple) else np.asarray(made).tolist())]
    if isinstance(X, Tensor):
        return torch.from_numpy(_append_array(X.numpy(force=True), np.asarray(made)))
    array = np.asarray(X)
    return _append_array(array, np.asarray(made, dtype=object if array.dtype == object else None))


def append_labels(y: Any, made: Any) -> Any:
    """Append labels to `y`, in the container, shape, name and dtype of `y`.

    Parameters
    ----------
    y, made : series, frame of one column, list, array or tensor of shapes (n,) and (m,)
        Labels; each in any of these. Arrays may also hold indicators, of shapes (n, n_classes) and (m, n_classes).

    Raises
    ------
    DataError
        One holds labels and the other indicators.
    """
    if isinstance(y, pd.Series):
        return _append_column(y, _as_series(made))
    if isinstance(y, pd.DataFrame):
        return _append_column(y.iloc[:, 0], _as_series(made)).to_frame().set_axis(y.columns, axis=1)
    if isinstance(y, list | tuple):
        return [*y, *(made if isinstance(made, list | tuple) else _as_series(made).tolist())]
    if isinstance(y, Tensor):
        return torch.from_numpy(append_labels(y.numpy(force=True), np.asarray(made)))
    array = np.asarray(y)
    below = made if isinstance(made, np.ndarray) else _as_series(made).to_numpy()
    if prod(below.shape[1:]) == prod(array.shape[1:]):  # a column and a row of labels are the same
        below = below.reshape(len(below), *array.shape[1:])
    return _append_array(array, below)


def _match_columns(made: Any, columns: pd.Index[Any]) -> pd.DataFrame:
    """Return rows as a frame with these columns, matched by name if the names are in another order."""
    if not isinstance(made, pd.DataFrame):
        made = pd.DataFrame(made)
        if made.shape[1] != len(columns):
            raise DataError(f"The rows to add have {made.shape[1]} columns and X has {len(columns)}; give as many.")
        return made
    if made.columns.equals(columns):
        return made
    if made.columns.is_unique and columns.is_unique and set(made.columns) == set(columns):
        return made.iloc[:, made.columns.get_indexer(columns)]
    raise DataError(
        f"The rows to add have the columns {join_names(made.columns)} and X has {join_names(columns)}; "
        "give the columns of X."
    )


def _as_series(labels: Any) -> pd.Series[Any]:
    if isinstance(labels, pd.DataFrame):
        return labels.iloc[:, 0]
    if isinstance(labels, pd.Series):
        return labels
    return pd.Series(labels if isinstance(labels, list | tuple) else np.ravel(labels))


def _append_column(real: pd.Series[Any], made: pd.Series[Any]) -> pd.Series[Any]:
    """Append one column to another, under the first one's name, and in its dtype if that holds the second.

    Dtypes differ if the rows to be resampled are not the training rows: a categorical may have lost unused values, and
    whole numbers may have had gaps.
    """
    name = real.name
    if isinstance(real.dtype, pd.CategoricalDtype) and real.dtype != made.dtype:
        known = real.cat.categories
        real = real.cat.add_categories(pd.Index(made.dropna().unique()).difference(known, sort=False))
        made = made.astype(real.dtype)
    if made.dtype != real.dtype and _can_hold(real.dtype, made):
        made = _cast(made, real.dtype)
    both = pd.concat([real, made], ignore_index=True)
    both.name = name
    return both


def _append_array(real: NDArray[Any], made: NDArray[Any]) -> NDArray[Any]:
    if made.shape[1:] != real.shape[1:]:
        raise DataError(
            f"The rows to add have the shape {made.shape} and the others {real.shape}; give rows of one shape."
        )
    if made.dtype != real.dtype:
        cells = pd.Series(made.ravel())
        if real.dtype.kind == "U":  # numpy widens it to the longest text
            made = made.astype(np.str_) if pd.api.types.infer_dtype(cells, skipna=False) == "string" else made
        elif _can_hold(real.dtype, cells):
            made = made.astype(real.dtype)
    return np.concatenate([real, made])


def _can_hold(dtype: Any, values: pd.Series[Any]) -> bool:
    """Return whether a dtype holds `values` unchanged; floats may be rounded to a narrower one, but not to infinity."""
    try:
        cast = _cast(values, dtype)
    except (TypeError, ValueError, OverflowError, NotImplementedError):
        return False
    known = values.notna().to_numpy()
    if not np.array_equal(cast.notna().to_numpy(), known):
        return False
    before, after = values[known].infer_objects(), cast[known]
    if before.dtype.kind == after.dtype.kind == "f":
        return np.array_equal(np.isfinite(before.to_numpy(dtype=float)), np.isfinite(after.to_numpy(dtype=float)))
    # as Python objects: as floats, 2**63 and 2**63 - 1 are equal
    return bool(np.all(before.astype(object).to_numpy() == after.astype(object).to_numpy()))


def _cast(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    with np.errstate(invalid="ignore", over="ignore"):  # `_can_hold` checks the result
        return values.astype(dtype)
