"""Which rows train and which test, the same for every arm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from ..errors import DataError, ParameterError
from ..rng import stream_seed

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One split.

    Attributes
    ----------
    number : int
        Counts from 0, across repeats.
    train, test : ndarray of int64
        Positions of the rows.
    seed : int
        Decides everything random that happens in this fold, in every arm.
    """

    number: int
    train: Positions
    test: Positions
    seed: int


def make_folds(X: Any, y: NDArray[Any], cv: Any, n_repeats: int, groups: Any, seed: int) -> list[Fold]:
    """Return the folds.

    Parameters
    ----------
    X : samples
        Handed to a splitter that is given as `cv`.
    y : ndarray of shape (n,)
        Labels.
    cv : int, splitter, or iterable of pairs of positions
        An integer means stratified folds, shuffled anew in each repeat.
    n_repeats : int
        How often, where `cv` is an integer.
    groups : array-like of shape (n,) or None
        Rows of one group are never on both sides.
    seed : int
        Decides the folds.

    Returns
    -------
    list of Fold

    Raises
    ------
    DataError
        Groups of the wrong length, or a class with fewer rows or groups than folds.
    ParameterError
        `cv` is none of these, or gives no folds, or folds that are empty or overlap.
    """
    groups = None if groups is None else np.asarray(groups)
    if groups is not None and groups.shape != (len(y),):
        raise DataError(f"groups has the shape {groups.shape} and y has {len(y)} labels; give one group per row.")
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
        _check_class_sizes(y, int(cv), groups)
        pairs = [pair for r in range(n_repeats) for pair in _stratified(y, int(cv), groups, seed, r)]
    else:
        pairs = _given(X, y, cv, groups)
    return [
        Fold(i, np.asarray(train), np.asarray(test), stream_seed(seed, "fold", i))
        for i, (train, test) in enumerate(pairs)
    ]


def _stratified(y: NDArray[Any], n_splits: int, groups: Any, seed: int, repeat: int) -> list[tuple[Any, Any]]:
    shuffle = {"shuffle": True, "random_state": stream_seed(seed, "repeat", repeat) % 2**32}
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    return list(kind(n_splits, **shuffle).split(np.zeros(len(y)), y, groups))


def _check_class_sizes(y: NDArray[Any], n_splits: int, groups: Any) -> None:
    if n_splits < 2:
        raise ParameterError(f"The 'cv' parameter must be at least 2 folds. Got {n_splits} instead.")
    for label in np.unique(y):
        size = int((y == label).sum()) if groups is None else len(np.unique(groups[y == label]))
        if size < n_splits:
            what = ("row" if groups is None else "group") + "s" * (size != 1)
            cure = f"take cv={size}, or drop" if size > 1 else "drop"
            raise DataError(
                f"Class {label!s} has {size} {what}, fewer than the {n_splits} folds, so that some fold could not test "
                f"it; {cure} the class or merge it with another."
            )


def _given(X: Any, y: NDArray[Any], cv: Any, groups: Any) -> list[tuple[Any, Any]]:
    if hasattr(cv, "split"):
        try:
            pairs = list(cv.split(X, y, groups))
        except ValueError as error:
            raise ParameterError(f"cv={cv!r} cannot split these rows: {error}") from None
    elif isinstance(cv, Iterable) and not isinstance(cv, str):
        pairs = [(np.asarray(train), np.asarray(test)) for train, test in cv]
    else:
        raise ParameterError(
            "The 'cv' parameter must be a number of folds, a splitter of scikit-learn, or pairs of row positions. "
            f"Got {cv!r} instead."
        )
    if not pairs:
        raise ParameterError("The 'cv' parameter gives no folds at all; give at least one pair of row positions.")
    for number, (train, test) in enumerate(pairs):
        if not len(train) or not len(test) or len(np.intersect1d(train, test)):
            raise ParameterError(
                f"Fold {number} of 'cv' has {len(train)} training and {len(test)} test rows, of which "
                f"{len(np.intersect1d(train, test))} are both; give two sides without a common row, neither empty."
            )
    return pairs
