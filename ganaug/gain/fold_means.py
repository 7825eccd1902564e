"""Average the fidelity and privacy metrics of all folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def mean_fidelity(results: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the mean over folds of the results of `ganaug.metrics.fidelity`, or None without any result.

    Parameters
    ----------
    results : sequence of mapping
        Results of each fold.
    """
    if not results:
        return None
    measures = [name for name in results[0] if name != "classes"]
    by_label: dict[str, list[Mapping[str, Any]]] = {}
    for fold in results:
        for entry in fold["classes"]:
            by_label.setdefault(entry["label"], []).append(entry)
    classes = [_means(entries) | {"label": label} for label, entries in by_label.items()]
    return {name: _mean(fold[name] for fold in results) for name in measures} | {"classes": classes}


def mean_privacy(results: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the mean over folds of the results of `ganaug.metrics.privacy`, or None without any result.

    The ends of intervals are averaged, too. The interval of a mean over folds would be narrower, but folds share rows.

    Parameters
    ----------
    results : sequence of mapping
        Results of each fold.
    """
    if not results:
        return None
    membership = [fold["membership"] for fold in results if fold["membership"]]
    return {
        "near_copies": _means([fold["near_copies"] for fold in results]),
        "membership": _mean_membership(membership),
    }


def _mean_membership(results: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not results:
        return None
    names = [attack["name"] for attack in results[0]["attacks"]]
    attacks = [
        _means([attack for fold in results for attack in fold["attacks"] if attack["name"] == name]) | {"name": name}
        for name in names
    ]
    strongest = max(attacks, key=lambda attack: attack["auc"])["name"]
    maximum = _means([fold["maximum"] for fold in results]) | {"name": strongest}
    sizes = {key: round(_mean(fold[key] for fold in results) or 0) for key in ("members", "non_members")}
    return {"attacks": attacks, "maximum": maximum, **sizes}


def _means(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the means of all numbers, rounded for integers; texts are left out."""
    means: dict[str, Any] = {}
    for key, value in entries[0].items():
        if not isinstance(value, str):
            mean = _mean(entry[key] for entry in entries)
            means[key] = round(mean) if isinstance(value, int) and mean is not None else mean
    return means


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
