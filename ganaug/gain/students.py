"""Train classifiers on class probabilities in place of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_regressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from ..data.rows import take_rows
from ..errors import ParameterError

Numbers = NDArray[np.float64]

_REGRESSORS = {
    KNeighborsClassifier: KNeighborsRegressor,
    RadiusNeighborsClassifier: RadiusNeighborsRegressor,
    MLPClassifier: MLPRegressor,
}
"""Regressors of the same kind, for classifiers that take no weights."""

_OF_CLASSES = ("criterion", "class_weight")  # parameters that regressors lack, or that mean something else in them

_NEGLIGIBLE = 1e-3  # a row does not stand for a class of smaller probability


class ProbabilityRegressor(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier whose probabilities are those that a regressor predicts.

    Parameters
    ----------
    regressor : estimator
        Regressor; one of a single output is fitted to each class apart.
    classes : sequence of k labels
        Labels in order.

    Attributes
    ----------
    regressor_ : estimator
        The fitted regressor.
    classes_ : ndarray of shape (k,)
        Labels in order.
    """

    def __init__(self, regressor: Any, classes: Any):
        self.regressor = regressor
        self.classes = classes

    def fit(self, X: Any, y: Numbers) -> ProbabilityRegressor:
        """Fit the regressor to the probability `y` of each class, shape (n, k)."""
        self.classes_ = np.asarray(self.classes)
        takes_several = takes_several_outputs(self.regressor)
        regressor = self.regressor if takes_several else MultiOutputRegressor(self.regressor)
        self.regressor_ = clone(regressor).fit(X, y)
        return self

    def predict_proba(self, X: Any) -> Numbers:
        """Return the predicted probabilities, not below 0 and with a sum of 1."""
        found = np.clip(np.asarray(self.regressor_.predict(X), dtype=np.float64), 0.0, None)
        total = found.sum(axis=1, keepdims=True)
        even = np.full_like(found, 1.0 / found.shape[1])
        return np.where(total > 0, found / np.where(total > 0, total, 1.0), even)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def takes_several_outputs(regressor: Any) -> bool:
    """Return whether a regressor, or the last step of a pipeline, says that it takes targets of shape (n, k)."""
    try:
        from sklearn.utils import get_tags  # exists from scikit-learn 1.6
    except ImportError:
        return bool(regressor._get_tags()["multioutput"])
    return bool(get_tags(regressor).target_tags.multi_output)


def check_student(student: Any) -> None:
    """Raise ParameterError unless a student can learn from probabilities, and predict them."""
    last = student.steps[-1][1] if isinstance(student, Pipeline) else student
    if is_regressor(last) or type(last) in _REGRESSORS:
        return
    if not has_fit_parameter(last, "sample_weight"):
        raise ParameterError(
            "The 'student' parameter of DistilledClassifier must take sample_weight in fit, or be a regressor. Got "
            f"{last!r} instead, which can learn from labels alone; give a regressor of the same kind, which then "
            "learns the probabilities."
        )
    if not hasattr(last, "predict_proba"):
        raise ParameterError(
            "The 'student' parameter of DistilledClassifier must have predict_proba, or be a regressor. Got "
            f"{last!r} instead; give a regressor of the same kind, which then learns the probabilities."
        )


def fit_student(student: Any, X: Any, proba: Numbers, classes: NDArray[Any]) -> Any:
    """Return a clone of a student, fitted to class probabilities.

    A classifier that takes ``sample_weight`` gets each row once for each class, weighted by its probability; the loss
    is then the cross-entropy with the probabilities [1]_. Nearest neighbours and networks without weights become
    regressors on the probabilities. So does a random forest without class weights: a bootstrap draws the copies of a
    row apart, which adds noise to its probability. The transformers of a pipeline see each row once.

    Parameters
    ----------
    student : estimator
        Classifier, regressor, or pipeline that ends with one.
    X : samples
        Rows.
    proba : ndarray of shape (n, k)
        Probability of each class.
    classes : ndarray of shape (k,)
        Labels in order.

    References
    ----------
    .. [1] Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531, 2015.
    """
    student = clone(student, safe=False)
    if isinstance(student, Pipeline):
        head, last = student[:-1], student.steps[-1][1]
        if head.steps:
            X = head.fit_transform(X, classes[proba.argmax(axis=1)])
        return Pipeline([*head.steps, (student.steps[-1][0], _fit_last(last, X, proba, classes))])
    return _fit_last(student, X, proba, classes)


def split_rows(proba: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64], Numbers]:
    """Return each row once for each of its classes: positions, columns of `proba`, and weights that sum to 1 a row.

    Parameters
    ----------
    proba : ndarray of shape (n, k)
        Probability of each class.
    """
    kept = np.where(proba > _NEGLIGIBLE, proba, 0.0)
    kept /= kept.sum(axis=1, keepdims=True)
    rows, codes = np.nonzero(kept)
    return rows, codes, kept[rows, codes]


def _fit_last(student: Any, X: Any, proba: Numbers, classes: NDArray[Any]) -> Any:
    if not is_regressor(student) and has_fit_parameter(student, "sample_weight") and not _is_plain_forest(student):
        rows, codes, weights = split_rows(proba)
        return student.fit(take_rows(X, rows), classes[codes], sample_weight=weights)
    regressor = student if is_regressor(student) else _make_regressor(student)
    return ProbabilityRegressor(regressor, classes).fit(X, proba)


def _is_plain_forest(student: Any) -> bool:
    return type(student) is RandomForestClassifier and student.bootstrap and student.class_weight is None


def _make_regressor(student: Any) -> Any:
    """Return a regressor of the same kind, with the same options."""
    kind = RandomForestRegressor if _is_plain_forest(student) else _REGRESSORS[type(student)]
    shared = kind().get_params(deep=False).keys() - set(_OF_CLASSES)
    return kind(**{name: value for name, value in student.get_params(deep=False).items() if name in shared})
