"""Tell whether a classifier learned anything: whether it scores higher than one answer for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from .metric_names import PREVALENCE


def score_one_answer(metric: str, labels: NDArray[Any]) -> float | None:
    """Return the score of one answer for all rows, the most frequent class or the same probabilities.

    Parameters
    ----------
    metric : str
        Name of a scorer.
    labels : ndarray of shape (n,)
        Labels of the rows.

    Returns
    -------
    float or None
        None for metrics in which one answer may beat what was learned, such as those of probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.gain.chance import score_one_answer
    >>> labels = np.array([0, 0, 0, 1])
    >>> [score_one_answer(metric, labels) for metric in ("roc_auc", "balanced_accuracy", "accuracy")]
    [0.5, 0.5, 0.75]
    """
    name = metric.removesuffix(PREVALENCE)
    classes, counts = np.unique(labels, return_counts=True)
    if name.startswith("roc_auc"):
        return 0.5
    if name == "balanced_accuracy":
        return 1 / len(classes)
    if name == "accuracy":
        return float(counts.max() / counts.sum())
    if name == "f1_macro":
        answers = np.full(len(labels), classes[counts.argmax()], dtype=classes.dtype)
        return float(f1_score(labels, answers, average="macro", zero_division=0))
    return None


def find_chance(
    metric: str, labels: NDArray[Any], scores: Sequence[NDArray[np.float64]], margin: float
) -> float | None:
    """Return the score of one answer for all rows if no arm does better, else None.

    Parameters
    ----------
    metric : str
        Name of a scorer.
    labels : ndarray of shape (n,)
        Labels of the rows.
    scores : sequence of ndarray of shape (n_folds,)
        Scores of each arm in the folds, NaN where one is missing.
    margin : float
        Smallest difference worth having.
    """
    chance = score_one_answer(metric, labels)
    known = [arm[~np.isnan(arm)] for arm in scores]
    if chance is None or not all(len(arm) for arm in known):
        return None
    return chance if all(arm.mean() < chance + margin for arm in known) else None
