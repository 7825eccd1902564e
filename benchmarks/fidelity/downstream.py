"""Score XGBoost trained on synthetic rows and tested on real ones (TSTR)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.preprocessing import OneHotEncoder

from ..shared.protocol import BenchmarkError, Columns


@dataclass(frozen=True)
class Judging:
    """Settings of the scores.

    Attributes
    ----------
    rarest : str, optional
        The class with scores of its own.
    weights : ndarray of shape (n_test,), optional
        Weight of each test row, in all scores but the AUC.
    small : bool
        One fixed setting of XGBoost in place of 36.
    threads : int
        Threads of XGBoost.
    """

    rarest: str | None = None
    weights: np.ndarray | None = None
    small: bool = False
    threads: int = 2


def score_downstream(
    synthetic: pd.DataFrame, test: pd.DataFrame, columns: Columns, seed: int, judging: Judging = Judging()
) -> dict[str, float]:
    """Return scores on `test` of XGBoost trained on `synthetic`.

    One of 36 settings is chosen by its AUC on one ninth of the synthetic rows. The ninth is stratified if test rows are
    weighted, since a class of 20 rows might otherwise have none in it.

    Parameters
    ----------
    synthetic, test : DataFrame of shape (n, d) and (n_test, d)
        Tidy tables.
    columns : Columns
    seed : int
        Of the ninth.
    judging : Judging

    Returns
    -------
    dict of str to float
        ``auc``: mean ROC AUC of each class against the rest. ``macro_f1``. ``minority_f1`` and ``average_precision``:
        those of the rarest class, in [0, 1]; 0 and its share where no synthetic row has it.
    """
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    encoder.fit(synthetic[list(columns.categorical)])
    classes = np.union1d(synthetic[columns.target], test[columns.target])
    x, y = _encode_features(synthetic, columns, encoder), np.searchsorted(classes, synthetic[columns.target])
    held_out, fitted = _split_ninth(y, seed, by_class=judging.weights is not None)
    best, proba = -1.0, np.zeros((0, 0))
    x_test = _encode_features(test, columns, encoder)
    for predict in _fit_candidates(x[fitted], y[fitted], len(classes), judging):
        score = compute_macro_auc(y[held_out], predict(x[held_out]))
        if score > best:
            best, proba = score, predict(x_test)
    return _compute_scores(np.searchsorted(classes, test[columns.target]), proba, classes, judging)


def _split_ninth(y: np.ndarray, seed: int, *, by_class: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of one ninth of the rows, and of the others."""
    order = np.random.default_rng(seed).permutation(len(y))
    if not by_class:
        first, others = np.split(order, [len(y) // 9])
        return first, others
    order = order[np.argsort(y[order], kind="stable")]
    is_first = np.arange(len(y)) % 9 == 0
    return order[is_first], order[~is_first]


def _compute_scores(truth: np.ndarray, proba: np.ndarray, classes: np.ndarray, judging: Judging) -> dict[str, float]:
    predicted, weights = proba.argmax(axis=1), judging.weights
    f1 = f1_score(truth, predicted, labels=np.unique(truth), average="macro", sample_weight=weights, zero_division=0)
    scores = {"auc": compute_macro_auc(truth, proba), "macro_f1": float(f1)}
    rare = np.flatnonzero(classes == judging.rarest)
    is_rare = np.isin(truth, rare)
    if not is_rare.any():  # no test row of the rare class
        return scores
    rare_f1 = f1_score(is_rare, np.isin(predicted, rare), sample_weight=weights, zero_division=0)
    precision = average_precision_score(is_rare, proba[:, rare[0]], sample_weight=weights)
    return scores | {"minority_f1": float(rare_f1), "average_precision": float(precision)}


def compute_macro_auc(y: np.ndarray, proba: np.ndarray) -> float:
    """Return the mean ROC AUC of each class in `y` against the rest; 0.5 where there is only one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class codes.
    proba : ndarray of shape (n, n_classes)
    """
    scores = [roc_auc_score(y == c, proba[:, c]) for c in np.unique(y) if (y != c).any()]
    return float(np.mean(scores)) if scores else 0.5


def _encode_features(frame: pd.DataFrame, columns: Columns, encoder: OneHotEncoder) -> np.ndarray:
    numbers = frame[list(columns.numeric)].to_numpy(np.float32)
    return np.hstack([numbers, encoder.transform(frame[list(columns.categorical)])])


def _fit_candidates(
    x: np.ndarray, y: np.ndarray, n_classes: int, judging: Judging
) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """Yield one function from features to probabilities of shape (n, n_classes) for each setting.

    10, 50 and 100 trees are prefixes of one run: boosting without subsampling adds trees and changes none.
    """
    present, codes = np.unique(y, return_inverse=True)

    def widen(some: np.ndarray) -> np.ndarray:
        proba = np.zeros((len(some), n_classes))
        proba[:, present] = some
        return proba

    if len(present) == 1:  # a single class needs no model
        yield lambda rows: widen(np.ones((len(rows), 1)))
        return
    weights, depths, gammas, rounds = ((1,), (5,), (0,), (50,)) if judging.small else _GRID
    for weight, depth, gamma in itertools.product(weights, depths, gammas):
        model = _make_boosted_trees(max(rounds), weight, depth, gamma, judging.threads).fit(x, codes)
        for n in rounds:
            yield lambda rows, m=model, n=n: widen(m.predict_proba(rows, iteration_range=(0, n)))  # type: ignore[misc]


_GRID = ((1, 10), (5, 10, 20), (0, 1), (10, 50, 100))


def _make_boosted_trees(n_trees: int, min_child_weight: int, max_depth: int, gamma: int, threads: int) -> Any:
    try:
        from xgboost import XGBClassifier
    except ImportError:
        raise BenchmarkError("XGBoost is not installed: pip install 'ganaug[bench]'.") from None
    return XGBClassifier(
        n_estimators=n_trees,
        min_child_weight=min_child_weight,
        max_depth=max_depth,
        gamma=gamma,
        tree_method="hist",
        n_jobs=threads,
    )
