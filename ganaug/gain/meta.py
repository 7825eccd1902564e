"""Base of classifiers around other classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils.validation import check_is_fitted

Numbers = NDArray[np.float64]

_FEATURES = ("n_features_in_", "feature_names_in_")


class MetaClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier that decides by the probabilities of fitted parts.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    """

    classes_: NDArray[Any]

    def predict_proba(self, X: Any) -> Numbers:
        """Predict the probability of each class.

        Parameters
        ----------
        X : samples
            Samples of shape (n, ...).

        Returns
        -------
        ndarray of shape (n, n_classes)
            Columns in the order of `classes_`; rows sum to 1.
        """
        check_is_fitted(self)
        return self._predict_proba(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class of each row.

        Parameters
        ----------
        X : samples
            Samples of shape (n, ...).
        """
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _predict_proba(self, X: Any) -> Numbers:
        raise NotImplementedError

    def _take_features_of(self, fitted: Any) -> None:
        """Take the number and the names of the columns that a fitted part has seen."""
        for name in _FEATURES:
            self.__dict__.pop(name, None)
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))
