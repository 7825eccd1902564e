"""Train a classifier for an arm, and move its threshold or correct its probabilities for arms that share it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV

from .arms import TRAINED_AS, ArmUnavailable
from .classifiers import clone_with_seed
from .prior_corrected import wrap_fitted
from .priors import check_no_class_absent, class_shares, decide_at_prevalence, infer_learned_prior
from .scorers import copy_samples

Numbers = NDArray[np.float64]

_FOLDS = 5  # folds whose held-out scores the sigmoid is fitted to


@dataclass(frozen=True)
class TrainedClassifier:
    """Classifier fitted on the rows of an arm.

    Attributes
    ----------
    classifier : estimator
        Fitted classifier.
    probabilistic : estimator or None
        The same classifier, or one with a sigmoid on its scores if it has no ``predict_proba``; None if neither works.
    classes : ndarray of shape (n_classes,)
        Classes in the order of predicted columns.
    shares : ndarray of shape (n_classes,)
        Class prior of the predicted probabilities.
    reason : str
        Reason why there are no probabilities; empty if there are.
    """

    classifier: Any
    probabilistic: Any
    classes: NDArray[Any]
    shares: Numbers
    reason: str = ""

    @classmethod
    def fit(cls, model: Any, X: Any, y: NDArray[Any], seed: int) -> TrainedClassifier:
        """Fit a clone of a classifier.

        Parameters
        ----------
        model : estimator
            Classifier; it is cloned, never fitted itself.
        X, y : samples and ndarray of shape (n,)
            Rows of the arm, and plain labels.
        seed : int
            Seed of the fit, and of inner folds if a sigmoid is fitted.
        """
        fitted = clone_with_seed(model, seed)
        fitted.fit(copy_samples(X), y)
        classes = np.asarray(getattr(fitted, "classes_", np.unique(y)))
        shares = class_shares(y, classes)
        if hasattr(fitted, "predict_proba"):
            return cls(fitted, fitted, classes, infer_learned_prior(shares, classes, fitted))
        try:
            probabilistic = clone_with_seed(make_calibrated(model, y), seed).fit(copy_samples(X), y)
        except Exception as error:  # third-party code may raise anything
            return cls(fitted, None, classes, shares, " ".join(str(error).split()))
        return cls(fitted, probabilistic, np.asarray(probabilistic.classes_), shares)

    @property
    def at_prevalence(self) -> PrevalenceClassifier | None:
        """Classifier that decides at the class shares of its training rows; None without probabilities."""
        if self.probabilistic is None:
            return None
        return PrevalenceClassifier(self.classifier, self.probabilistic, self.classes, self.shares)

    def use_in(self, arm: str, y: NDArray[Any]) -> TrainedClassifier:
        """Return the classifier as an arm uses it: unchanged, with a moved threshold, or with corrected probabilities.

        Parameters
        ----------
        arm : str
            One of `arms.ARMS`.
        y : ndarray of shape (n,)
            Labels of the real training rows.

        Raises
        ------
        ArmUnavailable
            The arm needs probabilities, and there are none.
        DataError
            A class has no rows, so that its probability cannot be corrected.
        """
        if arm not in TRAINED_AS:
            return self
        if self.at_prevalence is None:
            if arm == "threshold":
                raise ArmUnavailable(f"no threshold can be moved without probabilities: {self.reason}")
            raise ArmUnavailable(f"no probabilities can be corrected: {self.reason}")
        if arm == "threshold":
            return replace(self, classifier=self.at_prevalence)
        every = np.unique(y)
        check_no_class_absent(class_shares(self.classes, every), every, "the augmented rows")
        prior = class_shares(y, self.classes)
        check_no_class_absent(prior, self.classes, "the real rows")
        corrected = wrap_fitted(self.probabilistic, self.classes, self.shares, prior)
        return TrainedClassifier(corrected, corrected, self.classes, prior)


class PrevalenceClassifier:
    """Fitted classifier that decides for the class most probable relative to its share in training.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier; all attributes but ``predict`` are looked up on it.
    probabilistic : estimator
        Fitted classifier with ``predict_proba``.
    classes : ndarray of shape (n_classes,)
        Classes in the order of predicted columns.
    shares : ndarray of shape (n_classes,)
        Class shares that probabilities are divided by.
    """

    def __init__(self, classifier: Any, probabilistic: Any, classes: NDArray[Any], shares: Numbers):
        self._classifier = classifier
        self._probabilistic = probabilistic
        self.classes_ = classes
        self._shares = shares

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row."""
        p = np.asarray(self._probabilistic.predict_proba(X), dtype=np.float64)
        return self.classes_[decide_at_prevalence(p, self._shares)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)


def make_calibrated(model: Any, y: NDArray[Any]) -> CalibratedClassifierCV:
    """Return an unfitted classifier that adds a sigmoid, fitted to held-out scores, to a classifier.

    The classifier itself is trained on all rows, so for two classes it ranks as before. Source: Platt, "Probabilistic
    Outputs for Support Vector Machines", 1999.

    Parameters
    ----------
    model : estimator
        Classifier with ``predict_proba`` or ``decision_function``.
    y : ndarray of shape (n,)
        Labels of the training rows.

    Raises
    ------
    ArmUnavailable
        The classifier has neither method, or a class has a single row.
    """
    if not hasattr(model, "predict_proba") and not hasattr(model, "decision_function"):
        raise ArmUnavailable(f"{type(model).__name__} has neither predict_proba nor decision_function")
    folds = min(_FOLDS, int(np.unique(y, return_counts=True)[1].min()))
    if folds < 2:
        raise ArmUnavailable("a class has a single row, so that no scores of it can be held out")
    return CalibratedClassifierCV(model, method="sigmoid", cv=folds, ensemble=False)
