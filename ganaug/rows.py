"""Rows of whatever container users bring: taken by position, counted by class, and put below one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Positions = NDArray[np.int64]


def take_rows(data: Any, positions: Positions) -> Any:
    """Return some rows of a frame, series, list, array or tensor, in its container.

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


def rows_below(X: Any, made: Any) -> Any:
    """Return the rows of `X` with those of `made` below them, in the container, columns and dtypes of `X`.

    Parameters
    ----------
    X, made : frame, list or array of shapes (n, ...) and (m, ...)
        The second may be an array where the first is a frame.
    """
    if isinstance(X, pd.DataFrame):
        made = made if isinstance(made, pd.DataFrame) else pd.DataFrame(made, columns=X.columns)
        columns = [_column_below(X[name], made[name]) for name in X.columns]
        joined = pd.concat(columns, axis=1).set_axis(X.columns, axis=1)
        joined.attrs = dict(X.attrs)
        return joined
    if isinstance(X, list | tuple):
        return [*X, *np.asarray(made).tolist()]
    array = np.asarray(X)
    both = np.concatenate([array, np.asarray(made)])
    return both if both.dtype == array.dtype or not _holds(array.dtype, both) else both.astype(array.dtype)


def labels_below(y: Any, made: Any) -> Any:
    """Return labels with others below them, in the container of the first.

    Parameters
    ----------
    y, made : series, frame of one column, list or array of shapes (n,) and (m,)
        Labels.
    """
    if isinstance(y, pd.Series):
        return _column_below(y, made if isinstance(made, pd.Series) else pd.Series(made, name=y.name))
    if isinstance(y, pd.DataFrame):
        return pd.concat([y, made], ignore_index=True)
    if isinstance(y, list | tuple):
        return [*y, *made]
    return np.concatenate([np.asarray(y).reshape(len(y), *np.shape(made)[1:]), made])


def _column_below(real: pd.Series[Any], made: pd.Series[Any]) -> pd.Series[Any]:
    """Return one column below another, in the first one's dtype as long as that holds what the second holds.

    They differ where the rows to be filled up are not those of training: a category that lost unused values, or whole
    numbers where training saw gaps.
    """
    if isinstance(real.dtype, pd.CategoricalDtype) and real.dtype != made.dtype:
        known = real.cat.categories
        real = real.cat.add_categories(pd.Index(made.dropna().unique()).difference(known, sort=False))
        made = made.astype(real.dtype)
    both = pd.concat([real, made], ignore_index=True)
    return both if both.dtype == real.dtype or not _holds(real.dtype, made) else both.astype(real.dtype)


def _holds(dtype: Any, values: Any) -> bool:
    """Return whether a dtype takes `values` as they are."""
    try:
        cast = values.astype(dtype)
    except (TypeError, ValueError):
        return False
    return bool(np.all((cast == values) | ((cast != cast) & (values != values))))
