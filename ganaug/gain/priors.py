"""Correct class probabilities to another prior, and decide at the class shares of the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV

from ..errors import DataError

Numbers = NDArray[np.float64]


def class_shares(y: NDArray[Any], classes: NDArray[Any]) -> Numbers:
    """Return the share of each class among labels.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        Classes; other labels do not count.
    """
    counts = np.array([(y == label).sum() for label in classes], dtype=float)
    return counts / max(1.0, float(counts.sum()))


def infer_learned_prior(shares: Numbers, classes: NDArray[Any], estimator: Any) -> Numbers:
    """Return the class prior that an estimator learns, given class shares and its class weights.

    Parameters
    ----------
    shares : ndarray of shape (n_classes,)
        Class shares of the training rows.
    classes : ndarray of shape (n_classes,)
        Labels of the classes.
    estimator : estimator
        Estimator that may have a parameter ``class_weight``, itself or in a part.
    """
    params = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    if any(isinstance(part, CalibratedClassifierCV) for part in (estimator, *params.values())):
        return shares  # calibration maps scores to unweighted rows, whatever the classifier weighs
    named = [value for name, value in sorted(params.items()) if name.split("__")[-1] == "class_weight"]
    weights = next((value for value in named if value is not None), None)
    if isinstance(weights, str):  # "balanced", or a forest's "balanced_subsample"
        present = shares > 0
        return present / present.sum()
    if isinstance(weights, dict):
        weighed = shares * np.array([float(weights.get(label, 1.0)) for label in classes.tolist()])
        return weighed / weighed.sum()
    return shares


def correct_prior(p: Numbers, trained: Numbers, prior: Numbers) -> Numbers:
    """Correct class probabilities from the prior in training to another prior.

    Parameters
    ----------
    p : ndarray of shape (n, n_classes)
        Probabilities predicted by a classifier.
    trained : ndarray of shape (n_classes,)
        Class prior that the classifier was trained on, above 0.
    prior : ndarray of shape (n_classes,)
        Class prior to correct to, above 0.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Corrected probabilities; rows sum to 1. The odds of two classes are multiplied by the ratio of their priors, new
        over old [1]_.

    References
    ----------
    .. [1] Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities: A
       Simple Procedure", Neural Computation 14, 2002; for two classes Elkan, "The Foundations of Cost-Sensitive
       Learning", IJCAI 2001, theorem 2.
    """
    weighed = p * (prior / trained)
    total: Numbers = weighed.sum(axis=1, keepdims=True)
    return np.where(total > 0, weighed / np.where(total > 0, total, 1.0), prior)


def decide_at_prevalence(p: Numbers, trained: Numbers) -> NDArray[np.int64]:
    """Return the position of the class that is most probable relative to its share in training.

    With two classes this moves the threshold from 0.5 to the share of the second one. It minimises the expected cost if
    mistakes on a class cost in inverse proportion to its share, and hence maximises balanced accuracy (Elkan, IJCAI
    2001; Collell, Prelec and Patil, "A Simple Plug-in Bagging Ensemble Based on Threshold-Moving for Classifying Binary
    and Multiclass Imbalanced Data", Neurocomputing 275, 2018).

    Parameters
    ----------
    p : ndarray of shape (n, n_classes)
        Probabilities predicted by a classifier.
    trained : ndarray of shape (n_classes,)
        Class prior that the classifier was trained on; a class with a share of 0 is never predicted.
    """
    present = trained > 0
    relative = np.where(present, p / np.where(present, trained, 1.0), -np.inf)
    return relative.argmax(axis=1).astype(np.int64)


def check_no_class_absent(shares: Numbers, classes: NDArray[Any], where: str) -> None:
    """Raise DataError if a class has no rows, since its probability cannot be corrected.

    Parameters
    ----------
    shares : ndarray of shape (n_classes,)
        Class shares of the rows.
    classes : ndarray of shape (n_classes,)
        Labels of the classes.
    where : str
        Name of the rows, for the message.
    """
    absent = classes[shares <= 0]
    if len(absent):
        raise DataError(
            f"Class {absent[0]!s} has no rows in {where}, so that its probability cannot be corrected; keep a row of "
            "every class."
        )
