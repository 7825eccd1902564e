"""Compute calibration curves of predicted probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scorers import copy_samples

CALIBRATION_ARMS = ("real_only", "augmented", "augmented_corrected")
_BINS = 10


@dataclass(frozen=True)
class Predictions:
    """Predicted probabilities of test rows.

    Attributes
    ----------
    classifier, arm : str
        Name of the classifier, and of the arm that it was trained in.
    p : ndarray of float32, shape (m,)
        Probabilities of the rarer class; for several classes those of each class, concatenated.
    hit : ndarray of bool, shape (m,)
        Whether the row is of that class.
    """

    classifier: str
    arm: str
    p: NDArray[np.float32]
    hit: NDArray[np.bool_]


def collect_predictions(
    classifier: str, arm: str, model: Any, classes: NDArray[Any], X: Any, y: NDArray[Any]
) -> Predictions:
    """Predict the probabilities of test rows.

    Parameters
    ----------
    classifier, arm : str
        Name of the classifier, and of the arm that it was trained in.
    model : estimator
        Fitted classifier with ``predict_proba``.
    classes : ndarray of shape (n_classes,)
        Classes in the order of predicted columns.
    X, y : samples and ndarray of shape (n,)
        Test rows and labels.
    """
    p = np.asarray(model.predict_proba(copy_samples(X)), dtype=np.float32)
    hit = y[:, None] == classes[None, :]
    if len(classes) == 2:
        rarer = int(hit.sum(0).argmin())
        p, hit = p[:, rarer], hit[:, rarer]
    return Predictions(classifier, arm, p.T.ravel(), hit.T.ravel())


def make_calibration_curves(found: Sequence[Predictions]) -> list[dict[str, Any]]:
    """Compute the calibration curve of each classifier and arm, over all folds.

    Predictions are divided into ten bins of equal size. Each bin gives its mean probability and the frequency of the
    class. Source: DeGroot and Fienberg, "The Comparison and Evaluation of Forecasters", The Statistician 32, 1983.

    Parameters
    ----------
    found : sequence of Predictions
        Predictions in all folds.

    Returns
    -------
    list of dict
        "classifier", "arm", "predicted" and "observed" (lists, in order of "predicted").
    """
    together: dict[tuple[str, str], list[Predictions]] = {}
    for one in found:
        together.setdefault((one.classifier, one.arm), []).append(one)
    curves = []
    for (classifier, arm), parts in together.items():
        p = np.concatenate([part.p for part in parts])
        hit = np.concatenate([part.hit for part in parts])
        order = np.argsort(p, kind="stable")
        bins = [rows for rows in np.array_split(order, _BINS) if len(rows)]
        predicted = [float(p[rows].mean(dtype=np.float64)) for rows in bins]
        observed = [float(hit[rows].mean()) for rows in bins]
        curves.append({"classifier": classifier, "arm": arm, "predicted": predicted, "observed": observed})
    return curves
