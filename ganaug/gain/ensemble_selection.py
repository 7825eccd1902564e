"""Average classifiers, each as often as it helps on held-out rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import _BaseComposition

from ..data.rows import take_rows

Numbers = NDArray[np.float64]

_HELD_OUT = 0.25
_ROUNDS = 20


class EnsembleSelection(ClassifierMixin, _BaseComposition):  # type: ignore[misc]
    """Mean probability of some classifiers, each weighted by how often it was chosen on held-out rows.

    Which classifiers suit a table depends on its noise: trees with small leaves where labels are sure, smooth ones
    where they are not. A quarter of the rows is held out. Then, twenty times, the classifier is added that improves
    the log loss of the mean most; one can be added several times [1]_. Those that were chosen are fitted to all rows.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Classifiers to choose from.
    usual : sequence of str
        Names of those that are averaged where there are too few rows to choose.
    min_rows : int, default=1000
        Number of rows from which on classifiers are chosen.
    random_state : int, default=None
        Seed of the held-out rows.

    Attributes
    ----------
    weights_ : dict of str to float
        Weight of each classifier that is used; they sum to 1.
    voting_ : VotingClassifier
        The fitted classifiers.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.

    References
    ----------
    .. [1] Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.
    """

    def __init__(self, estimators: Any, usual: Any, *, min_rows: int = 1000, random_state: int | None = None):
        self.estimators = estimators
        self.usual = usual
        self.min_rows = min_rows
        self.random_state = random_state

    def fit(self, X: Any, y: NDArray[Any]) -> EnsembleSelection:
        """Choose classifiers, and fit them to all rows."""
        counts = np.unique(y, return_counts=True)[1]
        can_choose = len(y) >= self.min_rows and counts.min() > 1 / _HELD_OUT
        self.weights_ = self._choose(X, y) if can_choose else dict.fromkeys(self.usual, 1 / len(self.usual))
        chosen = [(name, estimator) for name, estimator in self.estimators if name in self.weights_]
        weights = [self.weights_[name] for name, _ in chosen]
        self.voting_ = VotingClassifier(chosen, voting="soft", weights=weights).fit(X, y)
        self.classes_ = self.voting_.classes_
        return self

    def predict_proba(self, X: Any) -> Numbers:
        """Return the weighted mean of the probabilities, shape (n, n_classes)."""
        return np.asarray(self.voting_.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and with `deep` those of the classifiers as ``name__parameter``."""
        return dict(self._get_params("estimators", deep=deep))

    def set_params(self, **params: Any) -> EnsembleSelection:
        """Set parameters, also those of the classifiers as ``name__parameter``."""
        self._set_params("estimators", **params)
        return self

    def _choose(self, X: Any, y: NDArray[Any]) -> dict[str, float]:
        """Return the weight of each classifier that improves the mean on held-out rows."""
        train, test = train_test_split(
            np.arange(len(y)), test_size=_HELD_OUT, stratify=y, random_state=self.random_state
        )
        fitted = {name: clone(estimator).fit(take_rows(X, train), y[train]) for name, estimator in self.estimators}
        proba = {name: estimator.predict_proba(take_rows(X, test)) for name, estimator in fitted.items()}
        total: Numbers = np.zeros_like(next(iter(proba.values())))
        times, labels = dict.fromkeys(proba, 0), np.unique(y)
        for chosen in range(_ROUNDS):
            means = {name: (total + one) / (chosen + 1) for name, one in proba.items()}
            losses = {name: log_loss(y[test], mean, labels=labels) for name, mean in means.items()}
            best = min(losses, key=losses.__getitem__)
            times[best] += 1
            total = total + proba[best]
        return {name: count / _ROUNDS for name, count in times.items() if count}
