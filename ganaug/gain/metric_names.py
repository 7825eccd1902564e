"""Names of metrics, and the units in which their differences are reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PREVALENCE = "@prevalence"
"""Suffix of a metric whose decisions are made at the class shares of the training rows."""

_SPOKEN = {
    "roc_auc": "ROC AUC",
    "roc_auc_ovr": "ROC AUC, one against the rest,",
    "balanced_accuracy": "balanced accuracy",
    "average_precision": "average precision",
    "f1_macro": "macro F1",
}
_NEGATED_SHARES = ("neg_calibration_error", "neg_brier_score")  # negated, and still between -1 and 0


@dataclass(frozen=True)
class Unit:
    """Unit in which differences of a metric are reported.

    Attributes
    ----------
    name : str
        "points", or "" for the metric's own scale.
    scale : float
        Factor from a difference of the metric to this unit.
    decimals : int
        Digits after the decimal point.
    """

    name: str
    scale: float
    decimals: int

    def format(self, difference: float) -> str:
        """Return a difference in this unit with its sign, such as "+1.2"."""
        return f"{self.scale * difference:+.{self.decimals}f}"


POINTS = Unit("points", 100.0, 1)
OWN_SCALE = Unit("", 1.0, 3)


def unit_of(metric: str) -> Unit:
    """Return the unit of a metric: points (hundredths) for shares in [0, 1], the own scale for unbounded metrics.

    Parameters
    ----------
    metric : str
        Name of a scorer.
    """
    is_unbounded = metric.startswith("neg_") and metric not in _NEGATED_SHARES
    return OWN_SCALE if is_unbounded else POINTS


def say_metric(metric: str) -> str:
    """Return the name of a metric in a sentence, such as "ROC AUC"; negated and unknown ones keep the name they have.

    Parameters
    ----------
    metric : str
        Name of a scorer.
    """
    return _SPOKEN.get(metric, metric)


def recall_name(label: Any) -> str:
    """Return the name of the recall of one class, ``recall[LABEL]``."""
    return f"recall[{label}]"


def recall_label(metric: str) -> str | None:
    """Return LABEL for ``recall[LABEL]``, and None for any other metric."""
    if metric.startswith("recall[") and metric.endswith("]"):
        return metric[len("recall[") : -1]
    return None
