"""Choose options of a learner by cross-validation: the control of every gain that regularisation would give, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV

from .shared_fits import fit_once

GRIDS: dict[str, dict[str, list[Any]]] = {
    "logistic": {"C": [0.01, 0.1, 1.0, 10.0]},
    "neighbours": {"n_neighbors": [5, 15, 45]},
    "mlp": {"alpha": [1e-4, 1e-1, 10.0]},
    "forest": {"min_samples_leaf": [1, 3, 10]},
    "boosting": {"max_leaf_nodes": [2, 4, 31], "max_iter": [30, 100]},
    "tree": {"min_samples_leaf": [1, 5, 20, 50]},
}
"""Options of each learner that limit how closely it follows single rows; the defaults are among them."""

_FOLDS = 5


class SearchedLearner(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Learner whose options have the best log loss on held-out folds, searched once in a process for the same rows.

    Parameters
    ----------
    learner : Pipeline
        Preprocessing and learner.
    name : str
        Of `GRIDS`.
    seed : int
        Seed of the searched learner; it has that already.
    """

    def __init__(self, learner: Any, name: str, seed: int = 0):
        self.learner = learner
        self.name = name
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any) -> SearchedLearner:
        """Search, or reuse an earlier search."""
        self.search_ = fit_once(f"search {self.name}", X, y, self.seed, lambda: self._search(X, np.asarray(y)))
        self.classes_ = self.search_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of the learner with the best options."""
        proba: np.ndarray = self.search_.predict_proba(X)
        return proba

    def _search(self, X: pd.DataFrame, y: np.ndarray) -> GridSearchCV:
        step = self.learner.steps[-1][0]
        grid = {f"{step}__{name}": values for name, values in GRIDS[self.name].items()}
        folds = min(_FOLDS, int(np.unique(y, return_counts=True)[1].min()))
        return GridSearchCV(self.learner, grid, scoring="neg_log_loss", cv=folds).fit(X, y)


class DistilledSearch(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """DistilledClassifier of a learner with searched options.

    Parameters
    ----------
    searched : SearchedLearner
    distilled : DistilledClassifier
        Its student is replaced.
    """

    def __init__(self, searched: SearchedLearner, distilled: Any):
        self.searched = searched
        self.distilled = distilled

    def fit(self, X: pd.DataFrame, y: Any) -> DistilledSearch:
        """Search, and teach the learner that was found."""
        found = clone(self.searched).fit(X, y).search_.best_estimator_
        self.distilled_ = clone(self.distilled).set_params(student=clone(found)).fit(X, y)
        self.classes_ = self.distilled_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of the student."""
        proba: np.ndarray = self.distilled_.predict_proba(X)
        return proba
