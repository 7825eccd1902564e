"""Split rows into training and test rows, the same for every arm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from ..errors import DataError, ParameterError
from ..rng import stream_seed

Positions = NDArray[np.int64]

_LARGEST_HOLD_OUT = 5000


@dataclass(frozen=True)
class Fold:
    """Split of the rows into training and test rows.

    Attributes
    ----------
    number : int
        Number of the fold, counted from 0 across repeats.
    train, test : ndarray of int64
        Positions of training and test rows.
    seed : int
        Seed of everything random in this fold, in every arm.
    """

    number: int
    train: Positions
    test: Positions
    seed: int


def is_splitter(cv: Any) -> bool:
    """Return whether `cv` is a splitter in the sense of scikit-learn, an instance with a method ``split``."""
    return callable(getattr(cv, "split", None)) and not isinstance(cv, str | bytes | type)


def make_folds(X: Any, y: NDArray[Any], cv: Any, n_repeats: int, groups: Any, seed: int) -> list[Fold]:
    """Make the folds of an experiment.

    Parameters
    ----------
    X : samples
        Samples, passed on to a splitter.
    y : ndarray of shape (n,)
        Labels.
    cv : int, splitter, or iterable of pairs of positions
        Folds; an integer gives stratified folds, shuffled anew in each repeat.
    n_repeats : int
        Number of repeats, if `cv` is an integer.
    groups : array-like of shape (n,) or None
        Group of each row; rows of one group are never on both sides.
    seed : int
        Seed of the folds.

    Returns
    -------
    list of Fold

    Raises
    ------
    DataError
        Groups have the wrong length or missing values, or a class has fewer rows or groups than folds.
    ParameterError
        `cv` is of another kind or gives no folds, or a fold is empty, overlaps, divides a group, or has invalid
        positions.
    """
    codes = None if groups is None else _encode_groups(groups, len(y))
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
        _check_class_sizes(y, int(cv), codes)
        pairs = [pair for r in range(n_repeats) for pair in _split_stratified(y, int(cv), codes, seed, r)]
    else:
        pairs = [_check_positions(i, pair, len(y)) for i, pair in enumerate(_read_splits(X, y, cv, groups))]
        for number, pair in enumerate(pairs):
            _check_disjoint(number, pair, groups, codes)
    return [Fold(i, train, test, stream_seed(seed, "fold", i)) for i, (train, test) in enumerate(pairs)]


def hold_out_rows(labels: NDArray[Any], rng: np.random.Generator) -> tuple[Positions, Positions]:
    """Return training rows and held-out rows: a quarter of each class, or a third below 1000 rows, at most about 5000.

    Each class keeps at least two training rows, so a small class may have no held-out row.
    """
    n = len(labels)
    part = min(1 / 3 if n < 1000 else 1 / 4, _LARGEST_HOLD_OUT / n)
    held = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        held.append(rows[: max(0, min(round(len(rows) * part), len(rows) - 2))])
    test = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(n), test), test


def count_least_groups(labels: NDArray[Any], groups: Any) -> int:
    """Return the number of groups of the class with the fewest.

    Raises
    ------
    DataError
        It is 1, so that no group of this class can be held out; or groups have the wrong length or missing values.
    """
    codes = _encode_groups(groups, len(labels))
    counts = {label: len(np.unique(codes[labels == label])) for label in np.unique(labels)}
    label = min(counts, key=lambda label: counts[label])
    if counts[label] < 2:
        raise DataError(
            f"All training rows of class {label!s} are of one group, so that none can be held out to choose the share; "
            "use the augmenter alone, or leave groups out (--groups)."
        )
    return counts[label]


def make_inner_folds(
    labels: NDArray[Any], n_splits: int, rng: np.random.Generator
) -> list[tuple[Positions, Positions]]:
    """Return stratified folds; a class with fewer rows than folds is absent from some of them."""
    fold = np.empty(len(labels), dtype=np.int64)
    start = 0
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        fold[rows] = (start + np.arange(len(rows))) % n_splits
        start += len(rows)
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_splits)]


def _encode_groups(groups: Any, n: int) -> Positions:
    """Return integer codes of groups, so that splitters take groups of any type."""
    values = np.asarray(groups, dtype=object)  # NumPy would turn NaN beside text into text
    if values.shape != (n,):
        raise DataError(f"groups has the shape {values.shape} and y has {n} labels; give one group per row.")
    gaps = np.flatnonzero(pd.isna(values))
    if len(gaps):
        raise DataError(
            f"groups has no value in {len(gaps)} of {n} rows, the first at position {gaps[0]}; give every row a group, "
            "such as one of its own."
        )
    try:
        return pd.factorize(values, sort=True)[0].astype(np.int64)
    except TypeError as error:
        raise DataError(f"groups cannot be told apart ({error}); give numbers or text, one for each row.") from None


def _split_stratified(y: NDArray[Any], n_splits: int, groups: Any, seed: int, repeat: int) -> list[tuple[Any, Any]]:
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


def _read_splits(X: Any, y: NDArray[Any], cv: Any, groups: Any) -> list[Any]:
    """Return the unchecked pairs of a splitter or an iterable."""
    if not is_splitter(cv) and (not isinstance(cv, Iterable) or isinstance(cv, str | bytes)):
        raise ParameterError(
            "The 'cv' parameter must be a number of folds, a splitter of scikit-learn, or pairs of row positions. "
            f"Got {cv!r} instead."
        )
    try:
        pairs = list(cv.split(X, y, groups) if is_splitter(cv) else cv)
    except Exception as error:  # third-party code may raise anything
        raise ParameterError(f"cv={cv!r} cannot split these rows: {error}") from error
    if not pairs:
        raise ParameterError("The 'cv' parameter gives no folds at all; give at least one pair of row positions.")
    return pairs


def _check_positions(number: int, pair: Any, n: int) -> tuple[Positions, Positions]:
    """Return the two sides of a fold, checked to be valid positions."""
    try:
        train, test = (np.asarray(side) for side in pair)
    except (TypeError, ValueError):
        raise ParameterError(
            f"Fold {number} of 'cv' must be a pair of training and test positions. Got {pair!r} instead."
        ) from None
    for side in (train, test):
        if side.ndim != 1 or (len(side) and side.dtype.kind not in "iu"):
            raise ParameterError(
                f"Fold {number} of 'cv' must hold lists of whole numbers, the positions of rows counted from 0. Got an "
                f"array of {side.dtype} of shape {side.shape} instead."
            )
        beyond = side[(side < 0) | (side >= n)]
        if len(beyond):
            raise ParameterError(
                f"Fold {number} of 'cv' has the row position {beyond[0]}, and there are {n} rows; give positions from "
                f"0 to {n - 1}."
            )
    return train.astype(np.int64), test.astype(np.int64)


def _check_disjoint(number: int, pair: tuple[Positions, Positions], groups: Any, codes: Positions | None) -> None:
    """Raise ParameterError if a side is empty, or a row or a group is on both sides."""
    train, test = pair
    common = np.intersect1d(train, test)
    if not len(train) or not len(test) or len(common):
        raise ParameterError(
            f"Fold {number} of 'cv' has {len(train)} training and {len(test)} test rows, and {len(common)} are in "
            "both; give two sides without a common row, neither empty."
        )
    torn = train[:0] if codes is None else train[np.isin(codes[train], codes[test])]
    if len(torn):
        raise ParameterError(
            f"Fold {number} of 'cv' has rows of the group {np.asarray(groups)[torn[0]]!s} among its training and its "
            "test rows; take a splitter that honours groups, such as StratifiedGroupKFold, or leave groups out."
        )
