"""Teach with probabilities: CrossFittedTeacher predicts each real row without having seen it, and other rows by all."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from ..data.checks import check_samples
from ..data.rows import take_rows
from ..errors import DataError, ParameterError
from ..params import Rule, check_params, either, integer, real
from ..rng import Seed, new_seed, stream_seed
from ..threads import one_thread
from .classifiers import add_preprocessing, clone_with_seed, make_preprocessing, resolve_classifiers
from .ensemble_selection import EnsembleSelection
from .folds import is_splitter, make_folds
from .meta import MetaClassifier
from .students import split_rows
from .synthetic import check_labels_of_classifier

Numbers = NDArray[np.float64]

SYNTHETIC_SIZE = 5.0
"""Default number of synthetic rows that a teacher labels, in multiples of the number of real rows."""

OWN_LABEL = 0.25
"""Default weight of the label of a real row itself, beside the probabilities of its teacher."""

TEACHING_RULES = {
    "own_label": real(0.0, 1.0, inclusive=True),
    "cv": either(integer(2), Rule("a splitter of scikit-learn", is_splitter)),
}
"""Rules of the parameters that DistilledClassifier shares."""

_TREES = 200


class CrossFittedTeacher(MetaClassifier):
    """Classifier whose probabilities are soft labels: each real row gets those of a clone that has not seen it.

    A classifier that predicts its own training rows repeats their labels, noise included. A cross-fitted one says how
    sure one can be, and a student learns more from that than from the label [1]_. Other rows, such as synthetic ones,
    get the probabilities of a clone that was fitted to all real rows.

    Parameters
    ----------
    teacher : name or estimator, default=None
        Classifier with ``predict_proba``; it is cloned, never fitted itself. A name and, for columns other than
        numbers, preprocessing are as for `gain_report`. None takes the mean of a random forest, extremely randomised
        trees, boosted trees and a logistic regression, from 1000 rows on weighted as held-out rows say.
    own_label : float from 0 to 1, default=0.25
        Weight of the label of a real row itself; the rest is that of the teacher's probabilities.
    cv : int >= 2 or splitter, default=5
        Folds; every row has to be in one test fold.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of folds and clones.

    Attributes
    ----------
    teacher_ : estimator
        Clone fitted to all rows.
    oof_proba_ : ndarray of shape (n, n_classes)
        Probabilities of each row, from a clone that has not seen it.
    proba_ : ndarray of shape (n, n_classes)
        Soft labels of the rows: `oof_proba_` and `own_label` of the label itself.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    codes_ : ndarray of shape (n,)
        Position of the label of each row in `classes_`.

    See Also
    --------
    DistilledClassifier : Train a student on soft labels.

    References
    ----------
    .. [1] Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531, 2015; out of
       fold: Fakoor et al., "Fast, Accurate, and Simple Models for Tabular Data via Augmented Distillation", NeurIPS
       2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ganaug import CrossFittedTeacher
    >>> X, y = load_iris(return_X_y=True)
    >>> teacher = CrossFittedTeacher(LogisticRegression(max_iter=1000), random_state=0).fit(X, y)
    >>> teacher.proba_.shape
    (150, 3)
    >>> rows, labels, weights = teacher.to_weights(teacher.proba_)
    >>> float(weights.sum().round(6))
    150.0
    """

    def __init__(self, teacher: Any = None, *, own_label: float = OWN_LABEL, cv: Any = 5, random_state: Seed = None):
        self.teacher = teacher
        self.own_label = own_label
        self.cv = cv
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> CrossFittedTeacher:
        """Fit clones of the teacher in folds, and to all rows.

        Parameters
        ----------
        X, y : user data
            Samples and labels.
        groups : array-like of shape (n,), default=None
            Group of each row; no clone has seen a row of the group of a row that it predicts.

        Raises
        ------
        ParameterError
            A parameter has an invalid value.
        DataError
            Rows or labels are not supported, a class has fewer rows than there are folds, or a row is in no test fold
            or in two.
        """
        # 1. Check parameters and data
        owner = type(self).__name__
        check_params(owner, {name: getattr(self, name) for name in TEACHING_RULES}, TEACHING_RULES)
        labels = check_labels_of_classifier(owner, X, y)
        check_samples(X, labels)
        X = X if hasattr(X, "__len__") else np.asarray(X)
        teacher = resolve_teacher(self.teacher, X, f"'teacher' parameter of {owner}")
        seed = new_seed(self.random_state)
        self.classes_, self.codes_ = np.unique(labels, return_inverse=True)

        # 2. Predict each row by a clone that has not seen it, and fit a clone to all rows, for others
        with one_thread() if self.teacher is None else nullcontext():
            self.oof_proba_ = self._cross_fit(teacher, X, labels, groups, stream_seed(seed, "folds"))
            self.teacher_ = _fit_clone(teacher, X, labels, seed)

        # 3. Let the label of each row itself count, too
        own = np.eye(len(self.classes_))[self.codes_]
        self.proba_ = self.own_label * own + (1.0 - self.own_label) * self.oof_proba_
        self._take_features_of(self.teacher_)
        return self

    def _predict_proba(self, X: Any) -> Numbers:
        return predict_proba_of(self.teacher_, X, self.classes_)

    def to_weights(self, proba: Numbers) -> tuple[NDArray[np.int64], NDArray[Any], Numbers]:
        """Turn probabilities into weighted labels, for any learner that takes ``sample_weight``.

        Each row occurs once for each class, weighted by its probability. A weighted loss is then the cross-entropy
        with the probabilities.

        Parameters
        ----------
        proba : ndarray of shape (n, n_classes)
            Probabilities of rows, in the order of `classes_`.

        Returns
        -------
        rows : ndarray of shape (m,)
            Positions of the rows; m is at most n times n_classes, because classes below .001 are left out.
        labels : ndarray of shape (m,)
            Their labels.
        weights : ndarray of shape (m,)
            Their weights; those of a row sum to 1.
        """
        check_is_fitted(self)
        rows, codes, weights = split_rows(np.asarray(proba, dtype=np.float64))
        return rows, self.classes_[codes], weights

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "teacher_")

    def _cross_fit(self, teacher: Any, X: Any, y: NDArray[Any], groups: Any, seed: int) -> Numbers:
        """Return the probabilities that clones give rows that they have not seen."""
        proba = np.zeros((len(y), len(self.classes_)))
        times = np.zeros(len(y), dtype=np.int64)
        for fold in make_folds(X, y, self.cv, 1, groups, seed):
            fitted = _fit_clone(teacher, take_rows(X, fold.train), y[fold.train], fold.seed)
            proba[fold.test] = predict_proba_of(fitted, take_rows(X, fold.test), self.classes_)
            times[fold.test] += 1
        if (times != 1).any():
            row = int(np.flatnonzero(times != 1)[0])
            raise DataError(
                f"Row {row} is in {times[row]} test folds of 'cv'; give folds in which every row is tested once, such "
                "as StratifiedKFold, so that its teacher has not seen it."
            )
        return proba


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
    """Return the default teacher: the mean probability of several families of classifiers.

    Below a thousand rows they are a random forest and extremely randomised trees with leaves of five rows, which make
    their probabilities smooth, boosted trees and a logistic regression. From there on, these and three that fit labels
    more closely are averaged as held-out rows say; see `EnsembleSelection`. Before them comes the preprocessing that
    tables of mixed columns need.
    """
    smooth = {"forest": RandomForestClassifier, "extra trees": ExtraTreesClassifier}
    usual = [
        *((name, kind(_TREES, min_samples_leaf=5)) for name, kind in smooth.items()),
        ("boosting", HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=15)),
        ("logistic", LogisticRegression(max_iter=1000)),
    ]
    close = [
        *((f"{name}, small leaves", kind(_TREES // 2)) for name, kind in smooth.items()),
        ("boosting, longer", HistGradientBoostingClassifier()),
    ]
    selection = EnsembleSelection([*usual, *close], usual=[name for name, _ in usual])
    return make_pipeline(*make_preprocessing(), selection)


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
