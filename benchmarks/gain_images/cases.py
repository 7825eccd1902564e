"""Define the cases of `gain-images`: the training and the test images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from ..gain.cases import Case
from ..shared.cases import WHOLE, ExcludedError
from .data import ImageSet

SUITE = "gain-images"
FOLDS = 3  # one is held out
MIN_CLASS = 3  # images to learn from, so that a third can be held out


class ImageCase(Case):
    """One cut of one image set with one seed; `cut` is the number of images of a class, or "all"."""

    @property
    def id(self) -> str:
        """The permanent name, such as ``gain-images/mnist-20/seed3``."""
        name = self.table if self.cut == WHOLE else f"{self.table}-{self.cut}"
        return f"{self.suite}/{name}/seed{self.seed}"


@dataclass(frozen=True)
class ImageSplit:
    """The images of a case: a classifier is fitted on ``X, y`` and tested, once, on ``X_test, y_test``.

    Attributes
    ----------
    X, X_test : uint8 ndarray of shape (n, h, w) or (n, h, w, 3)
    y, y_test : int64 ndarray of shape (n,)
        Class codes.
    group : ndarray of shape (n,) or None
        Of the training images.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    group: np.ndarray | None = None

    @property
    def small(self) -> np.ndarray:
        """Codes of the classes with less than a quarter of the images of the largest."""
        counts = np.bincount(self.y)
        return np.flatnonzero(counts < counts.max() / 4)

    def split_inner(self, seed: int) -> ImageSplit:
        """Split the training images for the choice of hyperparameters; a third is held out."""
        train, test = split_fold(self.y, self.group, seed)
        return ImageSplit(self.X[train], self.y[train], self.X[test], self.y[test])


def list_cuts(images: ImageSet, sizes: tuple[int, ...]) -> tuple[str, ...]:
    """Return the cuts of a set: all images if they have groups, else the numbers of images of each class."""
    return tuple(map(str, sizes)) if images.group is None else (WHOLE,)


def split_images(images: ImageSet, case: Case, n_test: int) -> ImageSplit:
    """Return the images of a case.

    Parameters
    ----------
    images : ImageSet
        All of them. With groups, a third of the groups is for testing; else the set's own test part or, where it has
        none, half of the images; stratified.
    case : Case
        Its seed decides which images are learned from; those of a test part are the same for every seed.
    n_test : int
        Images to test on, at most, where there are no groups.

    Raises
    ------
    ExcludedError
        Some class has too few images.
    """
    X, y, group = images.X, images.y, images.group
    if group is not None:
        train, test = split_fold(y, group, case.seed)
        found = ImageSplit(X[train], y[train], X[test], y[test], group[train])
    else:
        train = np.arange(len(y))
        X_test, y_test = images.test or (X, y)
        test = np.arange(len(y_test))
        if images.test is None:
            train, test = train_test_split(train, test_size=0.5, stratify=y, random_state=case.seed)
        rows = _draw_from_each_class(y, train, int(case.cut), case.seed)
        test = _limit_rows(y_test, test, n_test)
        found = ImageSplit(X[rows], y[rows], X_test[test], y_test[test])
    return _check_classes(found, images)


def split_fold(y: np.ndarray, group: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return training rows and a held-out third, stratified, without a group on both sides."""
    folds = StratifiedKFold if group is None else StratifiedGroupKFold
    train, test = next(iter(folds(FOLDS, shuffle=True, random_state=seed).split(y, y, group)))
    return train, test


def _draw_from_each_class(y: np.ndarray, rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(rows[y[rows] == code])[:n] for code in np.unique(y)])


def _limit_rows(y: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    if len(rows) - size < len(np.unique(y)):
        return rows[:size]
    return np.asarray(train_test_split(rows, train_size=size, stratify=y[rows], random_state=0)[0])


def _check_classes(found: ImageSplit, images: ImageSet) -> ImageSplit:
    for what, y, least in (("learn from", found.y, MIN_CLASS), ("test on", found.y_test, 1)):
        counts = np.bincount(y, minlength=len(images.labels))
        if counts.min() < least:
            few = int(counts.argmin())
            raise ExcludedError(f"{counts[few]} images of {images.labels[few]!r} to {what}, fewer than {least}")
    return found
