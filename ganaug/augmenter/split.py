"""Split samples into training and held-out ones, and refuse data that cannot be learned from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.labels import Labels
from ..errors import DataError, DataWarning
from ..modality import identity

Codes = NDArray[np.int64]

_MIN_ROWS = 8
_MIN_CLASS = 2
_MIN_HELD_OUT = 10
_MOST_NUMBERS = 30  # whole numbers that may be classes without a word,
_FEW_ROWS = 50  # or any number of them with this many rows each
_MAX_HELD_OUT = 2000


def score_noise(held_out: int) -> float:
    """Return by how much scores on `held_out` samples differ by chance."""
    return 0.3 / max(1, held_out) ** 0.5


@dataclass
class Data:
    """Encoded training samples and held-out samples.

    Attributes
    ----------
    x, held_x : Tensor of shapes (n, ...) and (m, ...)
    codes, held_codes : Tensor of shapes (n,) and (m,)
        Class codes.
    prior : list of float
        Share of each class in both together; 0 for a class that is not learned.
    expand : callable
        Turns some encoded samples into network input.
    drawn : pair of Tensor, or None
        Samples that a simple model of the training samples drew, which are trained on beside them, and their codes.
    """

    x: Tensor
    codes: Tensor
    held_x: Tensor
    held_codes: Tensor
    prior: list[float]
    expand: Callable[[Tensor], Tensor] = identity
    drawn: tuple[Tensor, Tensor] | None = None

    @property
    def enough_held_out(self) -> bool:
        """Whether there are enough held-out samples for a score."""
        return len(self.held_codes) >= _MIN_HELD_OUT

    def all_tensors(self) -> list[Tensor]:
        """Return all tensors, for the fingerprint of a checkpoint."""
        return [self.x, self.codes, self.held_x, self.held_codes, *(self.drawn or ())]


def _describe_quantity(labels: Labels, n: int) -> str:
    """Return in words that the labels look like a quantity and not like classes, or an empty text."""
    values = labels.values
    if len(values) <= _MOST_NUMBERS or n >= _FEW_ROWS * len(values) or set(map(type, values)) != {int}:
        return ""
    return (
        f"The label has {len(values)} different whole numbers from {values[0]} to {values[-1]}, which look like a "
        "quantity: cut it into classes first (pandas.cut or pandas.qcut). "
    )


def find_learned_rows(labels: Labels, codes: Codes, n: int, skip_rare: bool) -> NDArray[np.bool_]:
    """Return the mask of the rows whose class can be learned.

    Raises
    ------
    DataError
        Classes or rows are too few, or numbers of rows and labels differ.
    """
    unit = labels.unit
    if n != len(codes):
        raise DataError(f"X has {n} {unit}s and y has {len(codes)} labels; give one label per {unit}.")
    counts = np.bincount(codes, minlength=len(labels.values))
    if len(counts) < 2:
        raise DataError(
            f"The target 'y' needs to have more than 1 class. Got 1 class instead: every label is "
            f"{labels.values[0]!r}; choose other labels, or add {unit}s of another class."
        )
    rare = np.flatnonzero(counts < _MIN_CLASS)
    if len(rare) == len(counts) or (len(counts) > 20 and len(rare) > 0.5 * len(counts)):
        raise DataError(
            f"The label has {len(counts)} classes for {n} {unit}s, most of them with a single {unit}; it looks like an "
            f"identifier or a number. Choose other labels, cut numbers into classes, or collect more {unit}s of each."
        )
    looks = _describe_quantity(labels, n)
    if len(rare) and not skip_rare:
        named = ", ".join(repr(labels.values[i]) for i in rare[:10])
        raise DataError(
            f"Class {named} has 1 {unit}; a class needs at least 2 {unit}s to learn from. {looks}Collect more, merge "
            f"it with another class, or say skip_rare=True (--skip-rare) to keep its {unit} and generate none."
        )
    if looks:
        warnings.warn(f"{looks}Each of these values is a class of its own.", DataWarning, stacklevel=5)
    learned = counts[codes] >= _MIN_CLASS
    if learned.sum() < _MIN_ROWS or len(counts) - len(rare) < 2:
        raise DataError(
            f"There are {int(learned.sum())} {unit}s to learn from (n_samples = {n}), in {len(counts) - len(rare)} "
            f"classes; ganaug needs at least {_MIN_ROWS} {unit}s in 2 classes."
        )
    return np.asarray(learned)


def hold_out(
    x: Tensor,
    codes: Codes,
    n_classes: int,
    share: float,
    rng: np.random.Generator,
    expand: Callable[[Tensor], Tensor] = identity,
    weights: NDArray[np.float64] | None = None,
) -> Data:
    """Hold out samples of each class: a tenth of a large data set, `share` of a small one, none of a rare class.

    The share of each class is that of its samples, each counted with its weight.
    """
    # 1. The share to hold out
    n = len(codes)
    share = min(_MAX_HELD_OUT, max(0.1 * n, min(share * n, 100))) / n

    # 2. Draw that share of each class
    held = np.zeros(n, dtype=bool)
    for code in range(n_classes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        held[rows[: int(share * len(rows)) if len(rows) >= 10 else 0]] = True
    if held.sum() < _MIN_HELD_OUT:
        held[:] = False

    # 3. Split
    counts = np.rint(np.bincount(codes, weights, minlength=n_classes))
    c = torch.from_numpy(codes)
    h = torch.from_numpy(held)
    return Data(x[~h], c[~h], x[h], c[h], (counts / counts.sum()).tolist(), expand)
