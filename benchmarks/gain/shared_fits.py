"""Fit what several methods of a case need once in a process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone

_MAX_FITTED = 12  # of each kind: a teacher is fitted to five folds and to all rows

_FITTED: dict[str, dict[str, Any]] = {}  # of this process


def fit_once(kind: str, X: pd.DataFrame, y: Any, seed: int, make: Callable[[], Any]) -> Any:
    """Return what `make` returns, or what it returned before for the same rows, labels and seed."""
    fitted, key = _FITTED.setdefault(kind, {}), _digest_rows(X, y, seed)
    if key not in fitted:
        while len(fitted) >= _MAX_FITTED:
            fitted.pop(next(iter(fitted)))
        fitted[key] = make()
    return fitted[key]


def _digest_rows(X: pd.DataFrame, y: Any, seed: int) -> str:
    values = pd.util.hash_pandas_object(X.assign(**{"\0label": np.asarray(y)}), index=False).to_numpy()
    return hashlib.sha256(values.tobytes() + repr((seed, list(X.columns))).encode()).hexdigest()


class SharedGAN(BaseEstimator):  # type: ignore[misc]
    """Train GANAugmenter with its defaults, once in a process for the same rows and seed.

    Parameters
    ----------
    seed : int
        Not called random_state, since wrappers set that and would cause several trainings.
    """

    def __init__(self, seed: int = 0):
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> SharedGAN:
        """Train, or reuse an earlier training."""
        from ganaug import GANAugmenter

        self.gan_ = fit_once("gan", X, y, self.seed, lambda: GANAugmenter(random_state=self.seed).fit(X, y))
        return self

    def sample(self, n: Any = None, y: Any = None, random_state: Any = None) -> tuple[Any, Any]:
        """Return what the GANAugmenter samples."""
        return self.gan_.sample(n, y, random_state)

    def fit_resample(self, X: pd.DataFrame, y: pd.Series) -> tuple[Any, Any]:
        """Return what the GANAugmenter returns."""
        return self.fit(X, y).gan_.resample(X, y)


class SharedTeacher(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Train a teacher, once in a process for the same rows and seed.

    Parameters
    ----------
    teacher : estimator
    seed : int
        Not called random_state, since wrappers set that and would cause several trainings.
    """

    def __init__(self, teacher: Any, seed: int = 0):
        self.teacher = teacher
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any) -> SharedTeacher:
        """Train, or reuse an earlier training."""
        self.teacher_ = fit_once("teacher", X, y, self.seed, lambda: self._seed_teacher().fit(X, np.asarray(y)))
        self.classes_ = self.teacher_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of the teacher."""
        proba: np.ndarray = self.teacher_.predict_proba(X)
        return proba

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the classes that the teacher predicts."""
        predicted: np.ndarray = self.teacher_.predict(X)
        return predicted

    def _seed_teacher(self) -> Any:
        teacher = clone(self.teacher)
        names = [name for name in teacher.get_params() if name.endswith("random_state")]
        return teacher.set_params(**dict.fromkeys(names, self.seed))


@cache
def find_default_teacher() -> Any:
    """Return an unfitted copy of what DistilledClassifier takes by default."""
    from ganaug import DistilledClassifier

    y = np.arange(40) % 2
    return clone(
        DistilledClassifier("logistic", cv=2, random_state=0).fit(y[:, None] + np.zeros(40)[:, None], y).teacher_
    )
