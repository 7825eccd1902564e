"""Choose the columns of a wide table that trees look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_COLUMNS = 256
"""Columns that boosted trees look at; more cost time, and drown those that tell classes apart when rows are few."""


def find_telling_columns(X: NDArray[Any], y: NDArray[Any], most: int = MOST_COLUMNS) -> NDArray[np.int64]:
    """Return the columns in which classes differ the most, in place or in spread; all of a table that is not wide.

    Columns are ranked by the larger F statistic of their values and of their squared deviations, as in sure
    independence screening [1]_. The last column, which may be a class, is always among them.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Features; missing ones count as the mean.
    y : ndarray of shape (n,)
        Class codes.
    most : int
        Number of columns, at most.

    Returns
    -------
    ndarray of shape (min(d, most),)
        Positions of the columns, ascending.

    References
    ----------
    .. [1] Fan and Lv, "Sure independence screening for ultrahigh dimensional feature space", JRSS B 70 (2008).
    """
    d = X.shape[1]
    if d <= most:
        return np.arange(d)
    centred = np.asarray(X, dtype=np.float32)
    known = np.isfinite(centred)
    centred = np.where(known, centred, 0.0)
    mean = centred.sum(0) / np.maximum(1, known.sum(0))
    centred = np.where(known, centred - mean, 0.0)
    told = np.maximum(_explain(centred, y), _explain(centred**2 - (centred**2).mean(0), y))
    told[-1] = np.inf
    return np.sort(np.argsort(-told, kind="stable")[:most])


def _explain(centred: NDArray[np.float32], y: NDArray[Any]) -> NDArray[np.float32]:
    """Return the share of the variance of each column that lies between classes; it grows with the F statistic."""
    codes = np.unique(y, return_inverse=True)[1]
    members = np.zeros((int(codes.max()) + 1, len(codes)), dtype=np.float32)
    members[codes, np.arange(len(codes))] = 1.0
    sizes = members.sum(1, keepdims=True)
    between = ((members @ centred) ** 2 / sizes).sum(0)
    total = (centred**2).sum(0)
    share: NDArray[np.float32] = np.where(total > 0, between / np.where(total > 0, total, 1.0), 0.0)
    return share
