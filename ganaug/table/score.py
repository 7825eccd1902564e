"""Score synthetic rows by held-out real ones, to choose the best weights and the filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from torch import Tensor

from ..screening import find_telling_columns

_DETECTION_WEIGHT = 0.1  # ten points of detection count as one of utility, because users train classifiers


def held_out_score(real: tuple[Tensor, Tensor], synthetic: tuple[Tensor, Tensor], seed: int) -> float:
    """Return the quality of synthetic rows; higher is better.

    It is the utility minus a tenth of the detection, both measured by gradient-boosted trees. Utility is the ROC AUC
    on held-out real rows of a classifier trained on the synthetic ones ("train on synthetic, test on real": Esteban et
    al., arXiv 1706.02633). Detection is by how much the ROC AUC of a classifier of real against synthetic rows exceeds
    0.5 (Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017).

    Parameters
    ----------
    real, synthetic : pair of Tensor
        Features of shape (n, d) and class codes of shape (n,).
    seed : int
        Seed of folds and classifiers.

    Returns
    -------
    float
        Between about 0 and 1.
    """
    (X, y), (X_new, y_new) = _to_numpy(real), _to_numpy(synthetic)
    detection = measure_detection(real, synthetic, seed)
    return _measure_utility(X, y, X_new, y_new, seed) - _DETECTION_WEIGHT * max(0.0, detection - 0.5)


def measure_detection(real: tuple[Tensor, Tensor], synthetic: tuple[Tensor, Tensor], seed: int) -> float:
    """Return the ROC AUC of boosted trees that tell real rows, labels included, from as many synthetic ones.

    Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.

    Parameters
    ----------
    real, synthetic, seed
        As for `held_out_score`.

    Returns
    -------
    float
        About 0.5 (not told apart) to 1 (always told apart).
    """
    (X, y), (X_new, y_new) = _to_numpy(real), _to_numpy(synthetic)
    n = min(len(X), len(X_new))
    rows = np.vstack([np.column_stack([X[:n], y[:n]]), np.column_stack([X_new[:n], y_new[:n]])])
    return _classify_in_folds(rows, np.repeat([1, 0], n), seed)


def _to_numpy(pair: tuple[Tensor, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    X, y = pair
    return X.numpy(), y.numpy()


def _predict(
    X: NDArray[np.float32], y: NDArray[np.int64], X_new: NDArray[np.float32], seed: int
) -> NDArray[np.float64]:
    """Return the probability of each class for new rows, by trees that learned from the others."""
    least = int(np.clip(len(X) // 30, 2, 20))
    trees = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=15, min_samples_leaf=least, early_stopping=False, random_state=seed % 2**32
    )
    columns = find_telling_columns(X, y)
    found: NDArray[np.float64] = trees.fit(X[:, columns], y).predict_proba(X_new[:, columns])
    return found


def _classify_in_folds(X: NDArray[np.float32], y: NDArray[np.int64], seed: int) -> float:
    """Return the mean ROC AUC over two folds."""
    order = np.random.default_rng(seed).permutation(len(X))
    fold = np.empty(len(X), dtype=np.int64)
    fold[order] = np.arange(len(X)) % 2
    areas = []
    for k in range(2):
        train, test = fold != k, fold == k
        if len(set(y[train])) == 2 and len(set(y[test])) == 2:
            areas.append(float(roc_auc_score(y[test], _predict(X[train], y[train], X[test], seed)[:, 1])))
    return float(np.mean(areas)) if areas else 0.5


def _measure_utility(
    X: NDArray[np.float32], y: NDArray[np.int64], X_new: NDArray[np.float32], y_new: NDArray[np.int64], seed: int
) -> float:
    classes = np.unique(y_new)
    if len(classes) < 2:
        return 0.5
    p = _predict(X_new, y_new, X, seed)
    areas, weights = [], []
    for j, label in enumerate(classes):
        positive = y == label
        if 0 < positive.sum() < len(y):
            areas.append(float(roc_auc_score(positive, p[:, j])))
            weights.append(float(positive.sum()))
    return float(np.average(areas, weights=weights)) if areas else 0.5
