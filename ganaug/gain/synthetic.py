"""Synthetic rows from any sampler: how many of each class, and from which of its methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.checks import check_samples
from ..data.labels import Labels
from ..data.rows import labels_below, rows_below, take_rows
from ..errors import DataError

Counts = dict[Any, int]


def to_label_array(y: Any) -> NDArray[Any]:
    """Return labels of any container as an array of text, whole numbers, floats or booleans, shape (n,).

    Parameters
    ----------
    y : array-like of shape (n,), or one-vs-all indicators of shape (n, n_classes)
        Labels as the augmenter takes them.

    Raises
    ------
    DataError
        They are missing, or no labels of classes.
    """
    labels, codes = Labels.fit(y)
    return np.asarray(labels.values)[codes]


def check_labels(X: Any, y: Any) -> NDArray[Any]:
    """Return the plain labels of samples that can be learned from.

    Parameters
    ----------
    X, y : user data
        Samples, and one label for each.

    Raises
    ------
    DataError
        They cannot be samples and labels, there is not one label per row, there is only one class, or two columns have
        the same name.
    """
    check_samples(X, y)
    labels = to_label_array(y)
    if len(X) != len(labels):
        raise DataError(f"X has {len(X)} rows and y has {len(labels)} labels; give one label per row.")
    if len(np.unique(labels)) < 2:
        raise DataError(f"All rows are of one class, {labels[0]!s}; give rows of at least two.")
    if isinstance(X, pd.DataFrame) and X.columns.has_duplicates:
        twice = X.columns[X.columns.duplicated()][0]
        raise DataError(f"Two columns of X are called {twice!r}; give each a name of its own.")
    return labels


def is_one_vs_all(y: Any) -> bool:
    """Return whether labels are indicators, one column for each class."""
    return np.ndim(y) == 2 and np.shape(y)[1] > 1


def count_for_share(n_real: int, share: float) -> int:
    """Return how many synthetic rows make `share` of all that comes out, for `n_real` real ones."""
    return round(n_real * share / (1 - share))


def allocate_rows(y: NDArray[Any], n_new: int, balance: bool) -> Counts:
    """Return how `n_new` rows are spread over the classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels of the real rows; a class with a single row gets nothing, for it cannot be learned.
    n_new : int
        How many rows.
    balance : bool
        Whether the smallest classes are filled up first, as level as `n_new` rows allow; else classes keep their
        shares (largest remainders).

    Returns
    -------
    dict of label to int
        Sums to `n_new`; labels in order.
    """
    labels, sizes = np.unique(y, return_counts=True)
    able = sizes > 1
    if not able.any():
        able[:] = True
    wanted = np.zeros(len(labels), dtype=np.int64)
    wanted[able] = _fill_smallest(sizes[able], n_new) if balance else _allocate_by_share(sizes[able], n_new)
    return dict(zip(labels.tolist(), wanted.tolist(), strict=True))


def _allocate_by_share(sizes: NDArray[np.int64], n_new: int) -> NDArray[np.int64]:
    exact = n_new * sizes / sizes.sum()
    counts = np.floor(exact).astype(np.int64)
    most = np.argsort(counts - exact, kind="stable")[: n_new - counts.sum()]
    counts[most] += 1
    return counts


def _fill_smallest(sizes: NDArray[np.int64], n_new: int) -> NDArray[np.int64]:
    """Return what fills up the smallest sizes first, like water."""
    order = np.argsort(sizes, kind="stable")
    rising = sizes[order]
    for k in range(len(sizes), 0, -1):  # the k smallest end at one level
        level, rest = divmod(int(n_new + rising[:k].sum()), k)
        if level >= rising[k - 1]:
            break
    filled = np.zeros(len(sizes), dtype=np.int64)
    filled[order[:k]] = level - rising[:k]
    filled[order[:rest]] += 1
    return filled


def count_labels(y: NDArray[Any]) -> Counts:
    """Return the number of rows of each of some plain labels."""
    labels, sizes = np.unique(y, return_counts=True)
    return dict(zip(labels.tolist(), sizes.tolist(), strict=True))


def sample_classes(sampler: Any, y: NDArray[Any], counts: Mapping[Any, int], seed: int) -> tuple[Any, Any]:
    """Return synthetic rows of a fitted sampler, class after class.

    Parameters
    ----------
    sampler : object with ``sample(n=None, y=None, random_state=None)``
        Fitted.
    y : ndarray of shape (n,)
        Real labels, for their dtype.
    counts : mapping of label to int
        How many rows of each class.
    seed : int
        Decides the rows.
    """
    labels = np.repeat(np.asarray(list(counts), dtype=y.dtype), list(counts.values()))
    return sampler.sample(None, y=labels, random_state=seed % 2**32)


def append_synthetic_rows(sampler: Any, X: Any, y: Any, counts: Mapping[Any, int], seed: int) -> tuple[Any, Any]:
    """Return real rows with synthetic ones below them, from a fitted sampler.

    Parameters
    ----------
    sampler : object with ``sample``
        If it has ``resample`` and ``sampling_strategy`` as `GANAugmenter` does, those are used, for they leave out
        copies of real rows.
    X, y : user data
        Real rows and labels.
    counts : mapping of label to int
        How many synthetic rows of each class.
    seed : int
        Decides the rows.
    """
    labels = to_label_array(y)
    if not any(counts.values()):
        every = np.arange(len(labels))
        return take_rows(X, every), take_rows(y, every)
    if hasattr(sampler, "resample") and "sampling_strategy" in _get_params(sampler):
        present = count_labels(labels)
        sampler.set_params(sampling_strategy={label: present[label] + n for label, n in counts.items() if n})
        return sampler.resample(X, y)
    X_new, y_new = sample_classes(sampler, labels, counts, seed)
    return rows_below(X, X_new), labels_below(y, y_new)


def _get_params(sampler: Any) -> dict[str, Any]:
    return sampler.get_params(deep=False) if hasattr(sampler, "get_params") else {}
