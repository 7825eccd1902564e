"""Draw rows about which a teacher and a student that learned labels disagree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

CANDIDATES = 4  # for each row that is kept
_LEAST = 0.01  # added to each disagreement, so that no row is out of reach


class DisagreementSampler(BaseEstimator):  # type: ignore[misc]
    """Keep one in four rows of a sampler, the rather the more a teacher and a student disagree about it.

    Disagreement is the total variation distance between their probabilities. The student has learned labels, so that
    such rows are those from which it has most to learn.

    Parameters
    ----------
    sampler : object with ``fit`` and ``sample``
        Draws the candidates.
    teacher, student : classifier
        Both learn the labels of the real rows.
    random_state : int, default=None
        Seed of the draws.
    """

    def __init__(self, sampler: Any, teacher: Any, student: Any, random_state: int | None = None):
        self.sampler = sampler
        self.teacher = teacher
        self.student = student
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Any) -> DisagreementSampler:
        """Fit sampler, teacher and student."""
        self.sampler_, self.teacher_, self.student_ = (
            clone(part).fit(X, y) for part in (self.sampler, self.teacher, self.student)
        )
        return self

    def sample(self, n: Any = None, y: Any = None, random_state: Any = None) -> tuple[Any, Any]:
        """Draw one row for each label of `y`, or as many of each class as `n` says."""
        # 1. Candidates, several for each row
        seed = self.random_state if random_state is None else random_state
        labels = np.asarray(y) if n is None else np.repeat([*n], [*n.values()])
        X, _ = self.sampler_.sample(y=np.repeat(labels, CANDIDATES), random_state=seed)

        # 2. Of the candidates for each row, one by the disagreement
        apart = np.abs(self.teacher_.predict_proba(X) - self.student_.predict_proba(X)).sum(1) / 2 + _LEAST
        keys = np.log(apart) + np.random.default_rng(seed).gumbel(size=len(apart))
        kept = keys.reshape(-1, CANDIDATES).argmax(1) + np.arange(len(labels)) * CANDIDATES
        return X.iloc[kept].reset_index(drop=True), labels
