"""The arms of a comparison: what the same classifier is trained on, and how it is used, besides the real rows.

Controls cost nothing, so synthetic rows are worth having only if they beat the best of them. Two change no row: a
decision threshold gives most of what balancing gives (Elor and Averbuch-Elor, "To SMOTE, or not to SMOTE?", 2022), and
a sigmoid on held-out scores puts probabilities right. Copies of rows match the best published generators on average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.rows import Positions, rows_below, take_rows
from ..rng import numpy_stream, stream_seed
from .copula import GaussianCopula
from .smote import make_smote_rows
from .synthetic import Counts, count_labels

CONTROLS = (
    "threshold",
    "calibrated",
    "class_weight",
    "bootstrap",
    "duplicate",
    "random_over_sampling",
    "smote",
    "copula",
)
"""Arms that need no trained generator."""

BASELINE = "real_only"
"""Arm that every difference is measured against."""

AUGMENTED = "augmented"
"""Arm that the verdict is about."""

NOT_CONTROLS = (BASELINE, "synthetic_only", AUGMENTED, "augmented_corrected")
ARMS = (BASELINE, *CONTROLS, *NOT_CONTROLS[1:])
"""All arms, in the order of the report."""

OPTIONAL_ARMS = ("threshold", "calibrated", "class_weight", "augmented_corrected")
"""Arms that need an ability some classifiers lack: probabilities, or class weights."""

TRAINED_AS = {"threshold": BASELINE, "augmented_corrected": AUGMENTED}
"""Arms that use a classifier trained for another arm."""

_COSTLY_FOR_IMAGES = ("calibrated",)  # trains each network six times

Rows = tuple[Any, Any]


class ArmUnavailable(Exception):
    """An arm that cannot be made, because the augmenter failed; the text says how."""


class ArmNotApplicable(Exception):
    """An arm that makes no sense for these data or this augmenter; it is left out, not reported as a failure."""


@dataclass(frozen=True)
class FoldData:
    """All that the arms of one fold are made of.

    Attributes
    ----------
    X : user data
        Training part.
    y : ndarray of shape (n,)
        Its plain labels, as in every pair below.
    augmented : (X, y) or None
        Real and synthetic rows; None where the augmenter failed.
    synthetic_only : (X, y) or None
        As many synthetic rows as there are real ones; None where the augmenter failed, or cannot sample.
    added : dict of label to int
        Synthetic rows of each class in `augmented`.
    failure : str
        Why the augmenter failed, empty where it did not.
    only_failure : str
        Why it could not be sampled.
    """

    X: Any
    y: Any
    augmented: Rows | None
    synthetic_only: Rows | None
    added: Counts
    failure: str = ""
    only_failure: str = ""


def default_arms(images: bool) -> list[str]:
    """Return the arms that are run where nothing else is said: all of tables, and of images those that cost little."""
    return [arm for arm in ARMS if not (images and arm in _COSTLY_FOR_IMAGES)]


def group_by_training(arms: Sequence[str]) -> dict[str, list[str]]:
    """Return for each training the arms that it serves, among those that are wanted."""
    found: dict[str, list[str]] = {}
    for arm in arms:
        found.setdefault(TRAINED_AS.get(arm, arm), []).append(arm)
    return found


def make_training_rows(arm: str, material: FoldData, seed: int) -> Rows:
    """Return what a classifier is trained on in one arm.

    Parameters
    ----------
    arm : str
        One of `ARMS` that is trained for itself.
    material : Material
        Of the fold.
    seed : int
        Decides what is drawn.

    Raises
    ------
    NotApplicable
        The arm makes no sense here.
    Unavailable
        It does, but cannot be made, because the augmenter failed.
    """
    return _BUILDERS[arm](material, stream_seed(seed, arm))


def _build_real_only(material: FoldData, seed: int) -> Rows:
    return material.X, material.y


def _build_bootstrap(material: FoldData, seed: int) -> Rows:
    _require_augmenter(material, "the number of its rows is that of the augmented ones")
    rng, n = numpy_stream(seed, "bootstrap"), len(_build_augmented(material, seed)[1])
    picked = []
    for label, size in count_labels(material.y).items():  # class by class, so that none is lost
        rows = np.flatnonzero(material.y == label)
        picked.append(rng.choice(rows, max(1, round(n * size / len(material.y)))))
    drawn = np.concatenate(picked)
    return take_rows(material.X, drawn), material.y[drawn]


def _build_duplicate(material: FoldData, seed: int) -> Rows:
    _require_augmenter(material, "the number of its rows is that of the synthetic ones")
    rng = numpy_stream(seed, "duplicate")
    picked = []
    for label, n in material.added.items():
        rows = np.flatnonzero(material.y == label)
        whole, rest = divmod(n, max(1, len(rows)))
        picked += [np.tile(rows, whole), rng.permutation(rows)[:rest]]  # every row as often as any other, within one
    return _append_copies(material, np.concatenate([np.empty(0, dtype=np.int64), *picked]))


def _build_random_over_sampling(material: FoldData, seed: int) -> Rows:
    from imblearn.over_sampling import RandomOverSampler

    codes = np.unique(material.y, return_inverse=True)[1]
    sampler = RandomOverSampler(random_state=seed % 2**32)
    kept, _ = sampler.fit_resample(np.arange(len(codes)).reshape(-1, 1), codes)
    return _append_copies(material, kept[len(codes) :, 0])


def _build_smote(material: FoldData, seed: int) -> Rows:
    X_new, y_new = make_smote_rows(material.X, material.y, seed)
    if not len(y_new):
        return material.X, material.y
    return rows_below(material.X, X_new), np.concatenate([material.y, y_new])


def _build_copula(material: FoldData, seed: int) -> Rows:
    _require_augmenter(material, "it has as many rows of each class")
    if not any(material.added.values()):
        return material.X, material.y
    X_new, y_new = GaussianCopula(seed % 2**32).fit(material.X, material.y).sample(material.added)
    return rows_below(material.X, X_new), np.concatenate([material.y, y_new])


def _build_synthetic_only(material: FoldData, seed: int) -> Rows:
    _require_augmenter(material, "it has synthetic rows only")
    if material.only_failure:
        raise ArmUnavailable(f"the augmenter could not be sampled ({material.only_failure})")
    if material.synthetic_only is None:
        raise ArmNotApplicable("the augmenter has no method sample")
    return material.synthetic_only


def _build_augmented(material: FoldData, seed: int) -> Rows:
    if material.augmented is None:
        raise ArmUnavailable(material.failure)
    return material.augmented


def _require_augmenter(material: FoldData, why: str) -> None:
    if material.failure:
        raise ArmUnavailable(f"the augmenter failed, and {why} ({material.failure})")


def _append_copies(material: FoldData, positions: Positions) -> Rows:
    every = np.concatenate([np.arange(len(material.y)), positions])
    return take_rows(material.X, every), material.y[every]


def count_added(y: NDArray[Any], y_augmented: NDArray[Any]) -> Counts:
    """Return how many rows of each class an augmenter added."""
    before = count_labels(y)
    return {label: max(0, n - before.get(label, 0)) for label, n in count_labels(y_augmented).items()}


_BUILDERS: dict[str, Callable[[FoldData, int], Rows]] = {
    "real_only": _build_real_only,
    "duplicate": _build_duplicate,
    "calibrated": _build_real_only,  # the classifier differs, not its rows
    "class_weight": _build_real_only,
    "bootstrap": _build_bootstrap,
    "random_over_sampling": _build_random_over_sampling,
    "smote": _build_smote,
    "copula": _build_copula,
    "synthetic_only": _build_synthetic_only,
    "augmented": _build_augmented,
}
