"""Draw synthetic rows from any sampler, and decide how many of each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _num_samples

from ..data.checks import check_samples, check_shape
from ..data.generators import call_sample
from ..data.labels import Labels
from ..data.rows import append_labels, append_rows, take_rows
from ..errors import DataError

Counts = dict[Any, int]


def to_label_array(y: Any) -> NDArray[Any]:
    """Return labels of any container as an array of text, whole numbers, floats or booleans, shape (n,).

    Parameters
    ----------
    y : array-like of shape (n,), or one-vs-all indicators of shape (n, n_classes)
        Labels, as for the augmenter.

    Raises
    ------
    DataError
        Labels are missing, or are not labels of classes.
    """
    labels, codes = Labels.fit(y)
    return np.asarray(labels.values)[codes]


def check_labels(X: Any, y: Any) -> NDArray[Any]:
    """Check samples and labels, and return the plain labels.

    Parameters
    ----------
    X, y : user data
        Samples, and one label for each.

    Raises
    ------
    DataError
        Samples or labels are not supported, their numbers differ, there is only one class, or two columns have the same
        name.
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


def check_labels_of_classifier(owner: str, X: Any, y: Any) -> NDArray[Any]:
    """Check rows and labels as classifiers of scikit-learn do, and return the plain labels.

    Parameters
    ----------
    owner : str
        Name of the classifier, for messages.
    X, y : array-like
        Rows of any kind, and one label for each.

    Raises
    ------
    DataError
        There are no labels, their number is not that of the rows, or there is only one class.
    """
    if y is None:
        raise DataError(f"{owner} requires y to be passed, but the target y is None; give labels.")
    if len(getattr(X, "shape", ())) > 1:
        check_shape(X.shape)
    labels = to_label_array(column_or_1d(y, warn=True))
    if _num_samples(X) != len(labels):
        raise DataError(f"X has {_num_samples(X)} rows and y has {len(labels)} labels; give one label per row.")
    if len(np.unique(labels)) < 2:
        raise DataError(f"All rows are of one class, {labels[0]!s}; give rows of at least two.")
    return labels


def is_one_vs_all(y: Any) -> bool:
    """Return whether labels are one-vs-all indicators, with one column for each class."""
    return np.ndim(y) == 2 and np.shape(y)[1] > 1


def count_for_share(n_real: int, share: float) -> int:
    """Return the number of synthetic rows whose share in all rows is `share`, for `n_real` real rows."""
    return round(n_real * share / (1 - share))


def allocate_rows(y: NDArray[Any], n_new: int, balance: bool) -> Counts:
    """Allocate `n_new` rows to the classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels of the real rows. A class with a single row gets no rows, since it cannot be learned.
    n_new : int
        Number of rows.
    balance : bool
        Whether to fill up the smallest classes first, as evenly as `n_new` rows allow; otherwise classes keep their
        shares (largest remainder method).

    Returns
    -------
    dict of label to int
        Number of rows of each class, in the order of labels; they sum to `n_new`.
    """
    labels, sizes = np.unique(y, return_counts=True)
    is_learnable = sizes > 1
    if not is_learnable.any():
        is_learnable[:] = True
    allocate = _fill_smallest if balance else _allocate_by_share
    counts = np.zeros(len(labels), dtype=np.int64)
    counts[is_learnable] = allocate(sizes[is_learnable], n_new)
    return dict(zip(labels.tolist(), counts.tolist(), strict=True))


def _allocate_by_share(sizes: NDArray[np.int64], n_new: int) -> NDArray[np.int64]:
    """Allocate rows in proportion to sizes, by the largest remainder method."""
    exact = n_new * sizes / sizes.sum()
    counts = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(counts - exact, kind="stable")
    counts[by_remainder[: n_new - counts.sum()]] += 1
    return counts


def _fill_smallest(sizes: NDArray[np.int64], n_new: int) -> NDArray[np.int64]:
    """Allocate rows to the smallest sizes first, until they reach a common level."""
    order = np.argsort(sizes, kind="stable")
    rising = sizes[order]
    for k in range(len(sizes), 0, -1):  # try to bring the k smallest to one level
        level, rest = divmod(int(n_new + rising[:k].sum()), k)
        if level >= rising[k - 1]:
            break
    filled = np.zeros(len(sizes), dtype=np.int64)
    filled[order[:k]] = level - rising[:k]
    filled[order[:rest]] += 1
    return filled


def count_labels(y: NDArray[Any]) -> Counts:
    """Return the number of rows of each class."""
    labels, sizes = np.unique(y, return_counts=True)
    return dict(zip(labels.tolist(), sizes.tolist(), strict=True))


def sample_classes(sampler: Any, y: NDArray[Any], counts: Mapping[Any, int], seed: int) -> tuple[Any, Any]:
    """Draw synthetic rows from a fitted sampler, class by class.

    Parameters
    ----------
    sampler : object with ``sample(n=None, y=None, random_state=None)``
        Fitted sampler.
    y : ndarray of shape (n,)
        Real labels; new labels take their dtype.
    counts : mapping of label to int
        Number of rows of each class.
    seed : int
        Seed of the draw.
    """
    labels = np.repeat(np.asarray(list(counts), dtype=y.dtype), list(counts.values()))
    return call_sample(sampler, None, labels, seed % 2**32)


def append_synthetic_rows(sampler: Any, X: Any, y: Any, counts: Mapping[Any, int], seed: int) -> tuple[Any, Any]:
    """Append synthetic rows of a fitted sampler to real rows.

    Parameters
    ----------
    sampler : object with ``sample``
        Fitted sampler. If it has ``resample`` and ``sampling_strategy``, as `GANAugmenter` has, these are used, since
        they leave out copies of real rows.
    X, y : user data
        Real rows and labels.
    counts : mapping of label to int
        Number of synthetic rows of each class.
    seed : int
        Seed of the draw.
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
    return append_rows(X, X_new), append_labels(y, y_new)


def _get_params(sampler: Any) -> dict[str, Any]:
    return sampler.get_params(deep=False) if hasattr(sampler, "get_params") else {}
