"""Make the training rows of each arm of a comparison.

Controls cost nothing, so synthetic rows are worth having only if they beat the best control. Two controls change no
row: a decision threshold gives most of the gain of balancing (Elor and Averbuch-Elor, "To SMOTE, or not to SMOTE?",
2022), and a sigmoid on held-out scores corrects probabilities. Copies of rows match the best published generators on
average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.rows import Positions, append_rows, take_rows
from ..messages import name_missing_package
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

ARMS = (BASELINE, *CONTROLS, "synthetic_only", AUGMENTED, "augmented_corrected")
"""Arms that learn from labels, in the order of the report."""

TAUGHT_ARMS = ("soft_real", "soft_swapped", "distilled", "teacher")
"""Arms that learn from the probabilities of a teacher, and the teacher itself; they follow the others."""

NOT_CONTROLS = tuple(arm for arm in (*ARMS, *TAUGHT_ARMS) if arm not in CONTROLS)

OPTIONAL_ARMS = ("threshold", "calibrated", "class_weight", "augmented_corrected")
"""Arms that need an ability some classifiers lack: probabilities, or class weights."""

TRAINED_AS = {"threshold": BASELINE, "augmented_corrected": AUGMENTED}
"""Arms that use a classifier trained for another arm."""

_COSTLY_FOR_IMAGES = ("calibrated",)  # it trains each network six times

Rows = tuple[Any, Any]


class ArmUnavailable(Exception):
    """An arm cannot be made or used because the augmenter or the classifier lacks something; the text says why."""


class ArmNotApplicable(Exception):
    """An arm does not apply to these data or this augmenter; it is left out, not reported as a failure."""


@dataclass(frozen=True)
class FoldData:
    """Real and synthetic rows of one fold, from which its arms are made.

    Attributes
    ----------
    X : user data
        Training samples.
    y : ndarray of shape (n,)
        Plain labels of the training samples; labels are plain in the pairs below, too.
    augmented : (X, y) or None
        Real and synthetic rows; None if the augmenter failed.
    synthetic_only : (X, y) or None
        As many synthetic rows as real ones; None if the augmenter failed or cannot sample.
    added : dict of label to int
        Number of synthetic rows of each class in `augmented`.
    failure : str
        Reason why the augmenter failed; empty if it did not.
    only_failure : str
        Reason why sampling `synthetic_only` failed; empty if it did not.
    groups : ndarray of shape (n,) or None
        Group of each training sample.
    unlabelled : samples or None
        Synthetic rows for a teacher to label; None if there is no teacher, or if they could not be sampled.
    unlabelled_failure : str
        Reason why they could not be sampled; empty if they could.
    """

    X: Any
    y: Any
    augmented: Rows | None
    synthetic_only: Rows | None
    added: Counts
    failure: str = ""
    only_failure: str = ""
    groups: NDArray[Any] | None = None
    unlabelled: Any = None
    unlabelled_failure: str = ""


def default_arms(is_image: bool) -> list[str]:
    """Return the arms to run by default: all of them for tables, and for images the cheap ones."""
    return [arm for arm in ARMS if not (is_image and arm in _COSTLY_FOR_IMAGES)]


def group_by_training(arms: Sequence[str]) -> dict[str, list[str]]:
    """Group arms by the arm that their classifier is trained for; those of a teacher are one group."""
    found: dict[str, list[str]] = {}
    for arm in arms:
        found.setdefault("teacher" if arm in TAUGHT_ARMS else TRAINED_AS.get(arm, arm), []).append(arm)
    return found


def make_training_rows(arm: str, fold_data: FoldData, seed: int) -> Rows:
    """Return the training rows of one arm.

    Parameters
    ----------
    arm : str
        One of `ARMS` that is not in `TRAINED_AS`.
    fold_data : FoldData
        Real and synthetic rows of the fold.
    seed : int
        Seed of all draws.

    Raises
    ------
    ArmNotApplicable
        The arm does not apply to these data or this augmenter.
    ArmUnavailable
        The arm needs the augmenter, and the augmenter failed.
    """
    return _BUILDERS[arm](fold_data, stream_seed(seed, arm))


def _build_real_only(fold_data: FoldData, seed: int) -> Rows:
    return fold_data.X, fold_data.y


def _build_bootstrap(fold_data: FoldData, seed: int) -> Rows:
    _require_augmenter(fold_data, "this arm has as many rows as the augmented one")
    rng = numpy_stream(seed, "bootstrap")
    n = len(_build_augmented(fold_data, seed)[1])
    picked = []
    for label, size in count_labels(fold_data.y).items():  # class by class, so that no class is lost
        rows = np.flatnonzero(fold_data.y == label)
        picked.append(rng.choice(rows, max(1, round(n * size / len(fold_data.y)))))
    drawn = np.concatenate(picked)
    return take_rows(fold_data.X, drawn), fold_data.y[drawn]


def _build_duplicate(fold_data: FoldData, seed: int) -> Rows:
    _require_augmenter(fold_data, "this arm has as many copies as there are synthetic rows")
    rng = numpy_stream(seed, "duplicate")
    picked = []
    for label, n in fold_data.added.items():
        rows = np.flatnonzero(fold_data.y == label)
        whole, rest = divmod(n, max(1, len(rows)))
        picked += [np.tile(rows, whole), rng.permutation(rows)[:rest]]  # rows are copied equally often, within one
    return _append_copies(fold_data, np.concatenate([np.empty(0, dtype=np.int64), *picked]))


def _build_random_over_sampling(fold_data: FoldData, seed: int) -> Rows:
    try:
        from imblearn.over_sampling import RandomOverSampler
    except ImportError:
        raise ArmUnavailable(name_missing_package("imbalanced-learn", "Random over-sampling")) from None
    codes = np.unique(fold_data.y, return_inverse=True)[1]
    sampler = RandomOverSampler(random_state=seed % 2**32)
    kept, _ = sampler.fit_resample(np.arange(len(codes)).reshape(-1, 1), codes)
    return _append_copies(fold_data, kept[len(codes) :, 0])


def _build_smote(fold_data: FoldData, seed: int) -> Rows:
    X_new, y_new = make_smote_rows(fold_data.X, fold_data.y, seed)
    if not len(y_new):
        return fold_data.X, fold_data.y
    return append_rows(fold_data.X, X_new), np.concatenate([fold_data.y, y_new])


def _build_copula(fold_data: FoldData, seed: int) -> Rows:
    _require_augmenter(fold_data, "this arm has as many rows of each class as there are synthetic ones")
    if not any(fold_data.added.values()):
        return fold_data.X, fold_data.y
    X_new, y_new = GaussianCopula(seed % 2**32).fit(fold_data.X, fold_data.y).sample(fold_data.added)
    return append_rows(fold_data.X, X_new), np.concatenate([fold_data.y, y_new])


def _build_synthetic_only(fold_data: FoldData, seed: int) -> Rows:
    _require_augmenter(fold_data, "this arm has synthetic rows only")
    if fold_data.only_failure:
        raise ArmUnavailable(f"the augmenter could not be sampled ({fold_data.only_failure})")
    if fold_data.synthetic_only is None:
        raise ArmNotApplicable("the augmenter has no method sample")
    return fold_data.synthetic_only


def _build_augmented(fold_data: FoldData, seed: int) -> Rows:
    if fold_data.augmented is None:
        raise ArmUnavailable(fold_data.failure)
    return fold_data.augmented


def _require_augmenter(fold_data: FoldData, why: str) -> None:
    if fold_data.failure:
        raise ArmUnavailable(f"the augmenter failed, and {why} ({fold_data.failure})")


def _append_copies(fold_data: FoldData, positions: Positions) -> Rows:
    every = np.concatenate([np.arange(len(fold_data.y)), positions])
    return take_rows(fold_data.X, every), fold_data.y[every]


def count_added(y: NDArray[Any], y_augmented: NDArray[Any]) -> Counts:
    """Return the number of rows of each class that an augmenter added."""
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
