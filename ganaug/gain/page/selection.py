"""Select from a report the rows and metrics that a section shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..metric_names import PREVALENCE

Record = Mapping[str, Any]


def group_by_classifier(report: Record, metric: str) -> dict[str, list[Record]]:
    """Return the rows of a metric by classifier, the classifier of the verdict first."""
    groups: dict[str, list[Record]] = {report["verdict"]["classifier"]: []}
    for row in report["rows"]:
        if row["metric"] == metric:
            groups.setdefault(row["classifier"], []).append(row)
    return {classifier: rows for classifier, rows in groups.items() if rows}


def first_group(report: Record, metric: str) -> tuple[str, list[Record]]:
    """Return the classifier of the verdict, or else the first one, with its rows of a metric."""
    return next(iter(group_by_classifier(report, metric).items()))


def metrics_at_prevalence(report: Record) -> list[str]:
    """Return the metrics of decisions that were also measured at prevalence, in order."""
    names = dict.fromkeys(row["metric"] for row in report["rows"])
    return [name for name in names if name + PREVALENCE in names]
