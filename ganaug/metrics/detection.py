"""Measure how well a classifier distinguishes synthetic rows from real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from ..rng import Seed, new_seed, numpy_stream
from ..threads import one_thread
from .space import feature_tables, flatten_samples, sample_rows
from .values import Numbers, align_columns

_MAX_ROWS = 20_000  # real, and as many synthetic
_MAX_CELLS = 2_000_000  # real, and as many synthetic
_FOLDS = 3
_ITERATIONS = 80


def detection_auc(real: Any, synthetic: Any, random_state: Seed = None) -> float | None:
    """Return the area under the ROC curve of boosted trees that classify rows as real or synthetic.

    This is the classifier two-sample test [1]_ with the ROC AUC in place of the accuracy, by cross-validation in 3
    stratified folds on at most 20,000 real and as many synthetic rows.

    Parameters
    ----------
    real, synthetic : DataFrame or array
        Rows with the same columns.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn, the folds, and the trees.

    Returns
    -------
    float or None
        0.5 (indistinguishable) to 1 (always distinguished). Below 0.5 if synthetic rows copy real ones: the copy of a
        training row then carries the opposite label in the test fold. None with fewer than 6 real or 6 synthetic rows.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    References
    ----------
    .. [1] Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.

    Examples
    --------
    >>> from ganaug.metrics import detection_auc
    >>> from sklearn.datasets import load_wine
    >>> X = load_wine(as_frame=True).data
    >>> detection_auc(X, X + X.std(), random_state=0) > 0.9  # shifted by a standard deviation
    True
    """
    real, synthetic = align_columns(flatten_samples(real), synthetic=flatten_samples(synthetic))
    n = min(len(real), len(synthetic), _MAX_ROWS, max(500, _MAX_CELLS // real.shape[1]))
    if n < 2 * _FOLDS:
        return None
    seed = new_seed(random_state)
    rng = numpy_stream(seed, "detection")
    real, synthetic = (sample_rows(rows, n, rng) for rows in (real, synthetic))
    X = np.concatenate(feature_tables(real, real, synthetic))
    y = np.repeat([0, 1], n)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed % 2**32).split(X, y)
    areas = []
    for train, test in folds:
        p = synthetic_odds(X[train], y[train], X[test], seed)
        areas.append(roc_auc_score(y[test], p))
    return float(np.mean(areas))


def synthetic_odds(X: Numbers, y: Any, candidates: Numbers, seed: int) -> Numbers:
    """Return the log-odds of being synthetic, from trees that were trained on synthetic and other rows.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Rows, as returned by `feature_tables`.
    y : ndarray of shape (n,)
        1 for synthetic rows, 0 for others; the two classes have equal total weight.
    candidates : ndarray of float64, shape (m, d)
        Rows to judge.
    seed : int
        Seed of the trees.

    Returns
    -------
    ndarray of float64, shape (m,)
        Log-odds.
    """
    empty = np.isnan(X).all(axis=0)  # scikit-learn 1.9 raises at columns without a single value
    X, candidates = (np.where(empty, 0.0, table) for table in (X, candidates))
    trees = HistGradientBoostingClassifier(
        max_iter=_ITERATIONS,
        min_samples_leaf=int(np.clip(len(X) // 50, 2, 20)),
        class_weight="balanced",
        early_stopping=False,
        random_state=seed % 2**32,
    )
    with one_thread():
        return trees.fit(X, y).decision_function(candidates)
