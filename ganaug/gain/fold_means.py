"""Average over folds what fidelity and privacy metrics found in each fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def mean_fidelity(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the mean of what `ganaug.metrics.fidelity` said in each fold, or None where it said nothing.

    Parameters
    ----------
    found : sequence of mapping
        One for each fold.
    """
    if not found:
        return None
    measures = [name for name in found[0] if name != "classes"]
    by_label: dict[str, list[Mapping[str, Any]]] = {}
    for fold in found:
        for entry in fold["classes"]:
            by_label.setdefault(entry["label"], []).append(entry)
    classes = [_means(entries) | {"label": label} for label, entries in by_label.items()]
    return {name: _mean(fold[name] for fold in found) for name in measures} | {"classes": classes}


def mean_privacy(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the mean of what `ganaug.metrics.privacy` said in each fold, or None where it said nothing.

    The ends of intervals are averaged too, which makes them wider than the mean of several folds deserves: folds share
    rows.

    Parameters
    ----------
    found : sequence of mapping
        One for each fold.
    """
    if not found:
        return None
    told = [fold["membership"] for fold in found if fold["membership"]]
    return {"near_copies": _means([fold["near_copies"] for fold in found]), "membership": _mean_membership(told)}


def _mean_membership(told: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not told:
        return None
    names = [attack["name"] for attack in told[0]["attacks"]]
    attacks = [
        _means([attack for fold in told for attack in fold["attacks"] if attack["name"] == name]) | {"name": name}
        for name in names
    ]
    strongest = max(attacks, key=lambda attack: attack["auc"])["name"]
    maximum = _means([fold["maximum"] for fold in told]) | {"name": strongest}
    sizes = {key: round(_mean(fold[key] for fold in told) or 0) for key in ("members", "non_members")}
    return {"attacks": attacks, "maximum": maximum, **sizes}


def _means(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the means of the numbers, whole ones as whole numbers."""
    means: dict[str, Any] = {}
    for key, value in entries[0].items():
        if not isinstance(value, str):
            mean = _mean(entry[key] for entry in entries)
            means[key] = round(mean) if isinstance(value, int) and mean is not None else mean
    return means


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
