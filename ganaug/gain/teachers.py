"""Teach with probabilities: predict each real row by classifiers that have not seen it, and other rows by all."""

from __future__ import annotations

from dataclasses import dataclass
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
from ..errors import DataError, ParameterError
from ..rng import stream_seed
from .classifiers import add_preprocessing, clone_with_seed, make_preprocessing, resolve_classifiers
from .folds import make_folds

Numbers = NDArray[np.float64]

SYNTHETIC_SIZE = 5.0
"""Default number of synthetic rows that a teacher labels, in multiples of the number of real rows."""

OWN_LABEL = 0.25
"""Default weight of the label of a real row itself, beside the probabilities of its teacher."""

_TREES = 200


@dataclass(frozen=True)
class Lesson:
    """Probabilities of real rows from teachers that have not seen them, and a teacher of all real rows.

    Attributes
    ----------
    y : ndarray of shape (n,)
        Labels of the real rows.
    classes : ndarray of shape (k,)
        All labels in order.
    oof_proba : ndarray of shape (n, k)
        Out-of-fold probabilities of the real rows.
    teacher : estimator
        Classifier fitted to all real rows.
    """

    y: NDArray[Any]
    classes: NDArray[Any]
    oof_proba: Numbers
    teacher: Any

    @classmethod
    def prepare(cls, teacher: Any, X: Any, y: NDArray[Any], cv: Any, groups: Any, seed: int) -> Lesson:
        """Fit clones of a teacher in folds, and to all rows.

        Parameters
        ----------
        teacher : estimator
            Classifier with ``predict_proba``; it is cloned, never fitted itself.
        X, y : samples, and ndarray of shape (n,)
            Rows and plain labels.
        cv : int or splitter
            Folds; each row has to be in exactly one test fold.
        groups : array-like of shape (n,) or None
            Group of each row; rows of one group are never on both sides.
        seed : int
            Seed of folds and teachers.

        Raises
        ------
        DataError
            A class has fewer rows than folds, or a row is in no test fold or in two.
        """
        classes = np.unique(y)
        found = _cross_fit(teacher, X, y, classes, cv, groups, stream_seed(seed, "folds"))
        return cls(y, classes, found, _fit_clone(teacher, X, y, seed))

    def label_real(self, own_label: float) -> Numbers:
        """Return probabilities of the real rows: those of the teacher, and `own_label` of the label itself."""
        own = (self.y[:, None] == self.classes).astype(np.float64)
        return own_label * own + (1.0 - own_label) * self.oof_proba

    def label_new(self, X: Any) -> Numbers:
        """Return the probabilities that the teacher of all real rows gives to other rows."""
        return predict_proba_of(self.teacher, X, self.classes)


def resolve_teacher(teacher: Any, X: Any, parameter: str) -> Any:
    """Return an unfitted teacher that takes the columns of `X`.

    Parameters
    ----------
    teacher : None, name or estimator
        None takes the default teacher; names are those of `resolve_classifiers`.
    X : samples
        Rows that it will be fitted to.
    parameter : str
        Parameter that holds it, for messages, such as "'teacher' parameter of DistilledClassifier".

    Raises
    ------
    ParameterError
        It is not a classifier with ``predict_proba``.
    """
    if teacher is None:
        return make_teacher()
    if isinstance(teacher, str):
        (named,) = resolve_classifiers(teacher, X).values()
        return named
    if isinstance(teacher, type) or not (hasattr(teacher, "fit") and hasattr(teacher, "predict_proba")):
        raise ParameterError(
            f"The {parameter} must be a classifier with predict_proba; one with decision_function alone gets it by "
            f"sklearn.calibration.CalibratedClassifierCV. Got {teacher!r} instead."
        )
    return add_preprocessing(teacher, X)


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


def _cross_fit(
    teacher: Any, X: Any, y: NDArray[Any], classes: NDArray[Any], cv: Any, groups: Any, seed: int
) -> Numbers:
    """Return the probabilities that teachers give rows that they have not seen."""
    proba = np.zeros((len(y), len(classes)))
    times = np.zeros(len(y), dtype=np.int64)
    for fold in make_folds(X, y, cv, 1, groups, seed):
        fitted = _fit_clone(teacher, take_rows(X, fold.train), y[fold.train], fold.seed)
        proba[fold.test] = predict_proba_of(fitted, take_rows(X, fold.test), classes)
        times[fold.test] += 1
    if (times != 1).any():
        row = int(np.flatnonzero(times != 1)[0])
        raise DataError(
            f"Row {row} is in {times[row]} test folds of 'cv'; give folds in which every row is tested once, such as "
            "StratifiedKFold, so that its teacher has not seen it."
        )
    return proba


def _fit_clone(teacher: Any, X: Any, y: NDArray[Any], seed: int) -> Any:
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
