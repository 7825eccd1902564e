"""Uses of a trained classifier: as it decides, with a threshold at the prevalence, or with probabilities put right."""

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

_FOLDS = 5  # of the rows, whose held-out scores a sigmoid is fitted to


@dataclass(frozen=True)
class TrainedClassifier:
    """A classifier that is fitted on the rows of an arm.

    Attributes
    ----------
    classifier : estimator
        Fitted.
    probable : estimator or None
        The same, or one with a sigmoid on its scores where it has no probabilities of its own.
    classes : ndarray of shape (n_classes,)
        Of `probable`, in the order of its columns.
    shares : ndarray of shape (n_classes,)
        Shares of the classes that its probabilities are for.
    reason : str
        Why there are no probabilities, empty where there are.
    """

    classifier: Any
    probable: Any
    classes: NDArray[Any]
    shares: Numbers
    reason: str = ""

    @classmethod
    def of(cls, model: Any, X: Any, y: NDArray[Any], seed: int) -> TrainedClassifier:
        """Fit a copy of a classifier.

        Parameters
        ----------
        model : estimator
            Never fitted itself.
        X, y : samples and ndarray of shape (n,)
            Rows of the arm, and plain labels.
        seed : int
            Decides the fit, and its inner folds where a sigmoid is fitted.
        """
        fitted = clone_with_seed(model, seed)
        fitted.fit(copy_samples(X), y)
        classes = np.asarray(getattr(fitted, "classes_", np.unique(y)))
        shares = class_shares(y, classes)
        if hasattr(fitted, "predict_proba"):
            return cls(fitted, fitted, classes, infer_learned_prior(shares, classes, fitted))
        try:
            probable = clone_with_seed(make_calibrated(model, y), seed).fit(copy_samples(X), y)
        except Exception as error:  # a classifier may be anybody's
            return cls(fitted, None, classes, shares, " ".join(str(error).split()))
        return cls(fitted, probable, np.asarray(probable.classes_), shares)

    @property
    def decided(self) -> PrevalenceClassifier | None:
        """It with decisions at the shares of the classes that it has learned, None where it has no probabilities."""
        if self.probable is None:
            return None
        return PrevalenceClassifier(self.classifier, self.probable, self.classes, self.shares)

    def used_in(self, arm: str, y: NDArray[Any]) -> TrainedClassifier:
        """Return it as one of the arms that share its training uses it.

        Parameters
        ----------
        arm : str
            Of `arms.ARMS`.
        y : ndarray of shape (n,)
            Labels of the real training rows.

        Raises
        ------
        Unavailable
            The arm needs probabilities, and there are none.
        DataError
            A class has no rows, so that its probability cannot be put right.
        """
        if arm not in TRAINED_AS:
            return self
        if self.decided is None:
            what = (
                "threshold can be moved without probabilities"
                if arm == "threshold"
                else "probabilities can be put right"
            )
            raise ArmUnavailable(f"no {what}: {self.reason}")
        if arm == "threshold":
            return replace(self, classifier=self.decided)
        every = np.unique(y)
        check_no_class_absent(class_shares(self.classes, every), every, "the augmented rows")
        prior = class_shares(y, self.classes)
        check_no_class_absent(prior, self.classes, "the real rows")
        right = wrap_fitted(self.probable, self.classes, self.shares, prior)
        return TrainedClassifier(right, right, self.classes, prior)


class PrevalenceClassifier:
    """A fitted classifier that decides for the class most probable relative to its share in training.

    Parameters
    ----------
    classifier : estimator
        Everything but decisions is its own.
    probable : estimator
        Has ``predict_proba``.
    classes : ndarray of shape (n_classes,)
        In the order of its columns.
    shares : ndarray of shape (n_classes,)
        What probabilities are divided by.
    """

    def __init__(self, classifier: Any, probable: Any, classes: NDArray[Any], shares: Numbers):
        self._classifier, self._probable = classifier, probable
        self.classes_, self._shares = classes, shares

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each row."""
        p = np.asarray(self._probable.predict_proba(X), dtype=np.float64)
        return self.classes_[decide_at_prevalence(p, self._shares)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)


def make_calibrated(model: Any, y: NDArray[Any]) -> CalibratedClassifierCV:
    """Return a classifier with a sigmoid on its scores, fitted to scores of rows that it was not trained on.

    The classifier itself is trained on all rows, so that for two classes it ranks as it did. Source: Platt,
    "Probabilistic Outputs for Support Vector Machines", 1999.

    Parameters
    ----------
    model : estimator
        With ``predict_proba`` or ``decision_function``.
    y : ndarray of shape (n,)
        Labels of the rows to come.

    Raises
    ------
    Unavailable
        It has neither, or a class has a single row.
    """
    if not hasattr(model, "predict_proba") and not hasattr(model, "decision_function"):
        raise ArmUnavailable(f"{type(model).__name__} has neither predict_proba nor decision_function")
    folds = min(_FOLDS, int(np.unique(y, return_counts=True)[1].min()))
    if folds < 2:
        raise ArmUnavailable("a class has a single row, so that no scores of it can be held out")
    return CalibratedClassifierCV(model, method="sigmoid", cv=folds, ensemble=False)
