"""Find classes whose synthetic samples are all alike, or like those of other classes, and warn of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..errors import CollapseWarning
from ..metrics import COLLAPSED, class_separation, diversity
from .budget import Budget, cut_blocks
from .split import Data
from .streams import ClassStreams, Source

_ROWS = 200
_MANY_CLASSES = 20
_MIN_ROWS = 5
_TOLD_APART = 0.2  # separation of real classes, at least, that samples are expected to keep
_SHARE_LEFT = 0.5  # of that separation, below which a warning is due
_MIN_ROWS_TO_REVIVE = 20  # fewer rows can be alike by chance


Pairs = dict[int, tuple[Tensor, Tensor]]
"""Real samples and as many synthetic ones, by class code."""


def draw_pairs(source: Source, data: Data, seed: int, budget: Budget | None = None) -> Pairs:
    """Return some real samples of each class, and as many synthetic ones.

    Parameters
    ----------
    source : Source
        Source of synthetic samples.
    data : Data
        Training samples; classes of fewer than five are left out.
    seed : int
        Seed of the synthetic samples.
    budget : Budget, optional
        Seconds, where there may be time for fewer samples.

    Returns
    -------
    dict of int to pair of Tensor
        Encoded samples of shape (n, ...), by class code.
    """
    counts = torch.bincount(data.codes, minlength=len(data.prior)).clamp(max=_ROWS)
    most = _ROWS
    if budget is not None and budget.is_limited:
        n = budget.count_samples(source, int(counts.sum()), _MIN_ROWS_TO_REVIVE * len(counts))
        most = max(_MIN_ROWS_TO_REVIVE, n // len(counts))
        source = cut_blocks(source, counts.clamp(max=most).tolist())
    elif len(data.prior) > _MANY_CLASSES:  # a block for each would be far more than is looked at
        source = replace(source, block=min(source.block, int(counts.max()) * source.oversampling))
    streams = ClassStreams(source, seed)
    pairs = {}
    for code in range(len(data.prior)):
        rows = torch.nonzero(data.codes == code).squeeze(1)[:most]
        if len(rows) >= _MIN_ROWS:
            made = streams.take(np.full(len(rows), code))
            if not made.is_floating_point():  # packed
                made = data.expand(made)
            pairs[code] = data.expand(data.x[rows]), made
    return pairs


def measure_diversity(pairs: Pairs) -> dict[int, float]:
    """Return the diversity of the synthetic samples of each class; see `ganaug.metrics.diversity`."""
    return {code: round(diversity(real, made), 4) for code, (real, made) in pairs.items()}


def find_collapsed_classes(source: Source, data: Data, seed: int, budget: Budget | None = None) -> list[int]:
    """Return the codes of classes that have collapsed, among those of twenty samples or more."""
    enough = [code for code in range(len(data.prior)) if int((data.codes == code).sum()) >= _MIN_ROWS_TO_REVIVE]
    found = measure_diversity(draw_pairs(source, data, seed, budget)) if enough else {}
    return [code for code in enough if found[code] < COLLAPSED]


def warn_of_collapse(found: dict[int, float], labels: Sequence[object]) -> None:
    """Warn of the classes that have collapsed; `labels` holds their names."""
    collapsed = [str(labels[code]) for code, value in found.items() if value < COLLAPSED]
    if collapsed:
        warnings.warn(
            f"The synthetic samples of class {', '.join(map(repr, collapsed))} vary far less than its real ones "
            f"(diversity below {COLLAPSED}); the generator has collapsed there. Train longer (max_steps), take the "
            "loss 'relativistic', or leave the class out of sampling_strategy.",
            CollapseWarning,
            stacklevel=8,
        )


def warn_of_alike_classes(pairs: Pairs) -> None:
    """Warn if synthetic samples hardly tell the classes apart, where real ones clearly do.

    Half of the real samples tell the other half, which shows what centres can do. The centres of real samples then
    tell synthetic ones, and those of synthetic samples real ones. Trees would not do: a difference between classes that
    is a tenth of the real one tells them apart as well as long as the samples vary too little.
    """
    if len(pairs) < 2:
        return
    real, made = zip(*pairs.values(), strict=True)
    halves = [[samples[i::2] for samples in real] for i in range(2)]
    expected = (class_separation(*halves) + class_separation(*reversed(halves))) / 2
    found = min(class_separation(real, made), class_separation(made, real))
    chance = math.sqrt((len(real) - 1) / sum(map(len, real)))  # deviation of a guess, in classes of one size
    if expected > max(_TOLD_APART, 4 * chance) and found < min(_SHARE_LEFT * expected, expected - 4 * chance):
        warnings.warn(
            "The synthetic samples hardly tell the classes apart: by class centres, real samples tell other real ones "
            f"{expected:.0%} of the way from chance to certainty, but real and synthetic ones each other {found:.0%} "
            "at most one way. Train longer (max_seconds, effort='best'), or give fewer columns, such as those that a "
            "feature selection keeps.",
            CollapseWarning,
            stacklevel=8,
        )
