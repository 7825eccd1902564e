"""Teach with probabilities: predict each real row by classifiers that have not seen it, and other rows by all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ..data.rows import take_rows
from ..errors import DataError
from ..rng import stream_seed
from .classifiers import clone_with_seed, make_preprocessing
from .folds import make_folds

Numbers = NDArray[np.float64]

_TREES = 200


def make_teacher() -> Any:
    """Return the default teacher: the mean probability of four families of classifiers.

    They are a random forest, extremely randomised trees, boosted trees and a logistic regression, behind the
    preprocessing that tables of mixed columns need. Leaves of five rows make the probabilities of the trees smooth.
    """
    families = [
        ("forest", RandomForestClassifier(_TREES, min_samples_leaf=5)),
        ("extra trees", ExtraTreesClassifier(_TREES, min_samples_leaf=5)),
        ("boosting", HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=15)),
        ("logistic", LogisticRegression(max_iter=1000)),
    ]
    return make_pipeline(*make_preprocessing(), VotingClassifier(families, voting="soft"))


def cross_fit(teacher: Any, X: Any, y: NDArray[Any], classes: NDArray[Any], cv: Any, groups: Any, seed: int) -> Numbers:
    """Return the probabilities that teachers give rows that they have not seen.

    Parameters
    ----------
    teacher : estimator
        Classifier with ``predict_proba``; it is cloned for each fold.
    X, y : samples, and ndarray of shape (n,)
        Rows and plain labels.
    classes : ndarray of shape (k,)
        All labels in order.
    cv : int or splitter
        Folds; each row has to be in exactly one test fold.
    groups : array-like of shape (n,) or None
        Group of each row; rows of one group are never on both sides.
    seed : int
        Seed of folds and teachers.

    Returns
    -------
    ndarray of shape (n, k)

    Raises
    ------
    DataError
        A class has fewer rows than folds, or a row is in no test fold or in two.
    """
    proba = np.zeros((len(y), len(classes)))
    times = np.zeros(len(y), dtype=np.int64)
    for fold in make_folds(X, y, cv, 1, groups, seed):
        fitted = fit_clone(teacher, take_rows(X, fold.train), y[fold.train], fold.seed)
        proba[fold.test] = predict_proba_of(fitted, take_rows(X, fold.test), classes)
        times[fold.test] += 1
    if (times != 1).any():
        row = int(np.flatnonzero(times != 1)[0])
        raise DataError(
            f"Row {row} is in {times[row]} test folds of 'cv'; give folds in which every row is tested once, such as "
            "StratifiedKFold, so that its teacher has not seen it."
        )
    return proba


def fit_clone(teacher: Any, X: Any, y: NDArray[Any], seed: int) -> Any:
    """Return a clone of a classifier, with a seed of its own, fitted to these rows."""
    return clone_with_seed(teacher, stream_seed(seed, "teacher")).fit(X, y)


def predict_proba_of(fitted: Any, X: Any, classes: NDArray[Any]) -> Numbers:
    """Return the probability of each of `classes`: 0 for one that the classifier does not know.

    Raises
    ------
    DataError
        The classifier knows another class.
    """
    proba = np.asarray(fitted.predict_proba(X), dtype=np.float64)
    known = np.asarray(fitted.classes_)
    strange = known[~np.isin(known, classes)]
    if len(strange):
        raise DataError(f"The teacher predicts the class {strange[0]!s}, which the labels do not have.")
    aligned = np.zeros((len(proba), len(classes)))
    aligned[:, np.searchsorted(classes, known)] = proba
    return aligned
