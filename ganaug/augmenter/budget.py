"""Keep a fit within its seconds, and its scores and judges on the device of the training."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import DataWarning
from ..filters.trees import Trees
from ..modality import Classifier, Learner, Modality, OutOfTime
from .streams import ClassStreams, Source

_CPU = torch.device("cpu")
_OF_SCORE = 0.05  # of the budget, for the classifier of one score; and half of that for samples to look at
_OF_JUDGES = 0.6  # of what is left after the training; the look for collapse takes the rest
_OF_TREES = 1 / 16  # of the seconds that are left, for one of up to ten classifiers, two at a time
_TRIED = 32  # candidates whose time is measured

Pair = tuple[Tensor, Tensor]


@dataclass
class Budget:
    """Device and seconds of a fit.

    The device matters where the modality trains networks to score and to judge: those of images take as long as the
    training itself.

    Attributes
    ----------
    modality : Modality
        Kind of data.
    device : torch.device
        Device of the training.
    seconds : float or None
        Wall-clock budget of the whole fit.
    began : float
        When the fit began, on the clock of `time.monotonic`.
    lost : list of str
        What there was no time for.
    """

    modality: Modality
    device: torch.device = _CPU
    seconds: float | None = None
    began: float = field(default_factory=lambda: time.monotonic())
    lost: list[str] = field(default_factory=list)

    def spend(self, seconds: float) -> None:
        """Count the seconds of earlier runs, from which a training is resumed."""
        self.began -= seconds

    def left(self) -> float:
        """Return the seconds that are left: infinity without a budget, and negative when it is late."""
        return math.inf if self.seconds is None else self.seconds - (time.monotonic() - self.began)

    def reserve(self, share: float) -> float:
        """Return the seconds that have passed, and `share` of those that are left; 0 without a budget."""
        return 0.0 if self.seconds is None else self.seconds - (1 - share) * self.left()

    @property
    def is_limited(self) -> bool:
        """Whether the networks that score and judge, and the samples to look at, have to keep within seconds."""
        return self.seconds is not None and self.modality.trains_networks

    def score(self, real: Pair, synthetic: Pair, seed: int) -> float:
        """Return the score of the modality; 0, so that the last weights win, where there is no time for one."""
        if not self.modality.trains_networks:
            return self.modality.score(real, synthetic, seed)
        seconds = None if self.seconds is None else _OF_SCORE * self.seconds
        try:
            return self.modality.score(real, synthetic, seed, device=self.device, seconds=seconds)
        except OutOfTime:
            self.note_lost("scores, so that the last weights are kept")
            return 0.0

    def limit_learner(self, learner: Learner, rounds: int) -> Learner:
        """Return a learner that keeps to the device, and to the seconds left; it trains `rounds` times in a row.

        Only networks and trees can be limited.
        """
        left = max(0.0, self.left())
        if self.modality.trains_networks:
            return _LimitedLearner(learner, self.device, _OF_JUDGES * left / rounds if self.is_limited else None)
        if self.seconds is None or not isinstance(learner, type) or not issubclass(learner, Trees):
            return learner
        return learner.within(_OF_TREES * left)

    def count_samples(self, source: Source, n: int, least: int) -> int:
        """Return how many of `n` samples there is time to draw for one look at them, and at least `least`."""
        if not self.is_limited:
            return n
        seconds = min(max(0.0, self.left()), 0.5 * _OF_SCORE * (self.seconds or 0.0))
        return int(np.clip(seconds / _time_sample(source), min(least, n), n))

    def note_lost(self, what: str) -> None:
        """Note what there was no time for; `warn` tells of it."""
        if what not in self.lost:
            self.lost.append(what)

    def warn(self) -> None:
        """Warn of what there was no time for."""
        if self.lost:
            warnings.warn(
                f"max_seconds={self.seconds:g} left no time for {', or for '.join(self.lost)}. Give more seconds, or "
                f"{'smaller images' if self.modality.trains_networks else 'say filters=None'}.",
                DataWarning,
                stacklevel=5,
            )


@dataclass(frozen=True)
class _LimitedLearner:
    """Learner that trains on a device within some seconds; its classifiers stay on the device."""

    learner: Any
    device: torch.device
    seconds: float | None

    def fit(self, x: Tensor, y: Tensor, seed: int) -> Classifier:
        found: Classifier = self.learner.fit(x, y, seed, device=self.device, seconds=self.seconds).to(self.device)
        return found

    def expected(self, facts: Any) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        found: dict[str, tuple[torch.dtype, tuple[int, ...]]] = self.learner.expected(facts)
        return found

    def from_json(self, facts: Any, tensors: Mapping[str, Tensor]) -> Classifier:
        found: Classifier = self.learner.from_json(facts, tensors)
        return found


def cut_blocks(source: Source, numbers: Sequence[int]) -> Source:
    """Return the source with blocks no larger than the largest of `numbers`, the samples drawn of each class."""
    wanted = max(numbers, default=1) * (source.oversampling if source.judges else 1)
    return replace(source, block=min(source.block, max(_TRIED, wanted)))


def _time_sample(source: Source) -> float:
    """Return the seconds that one sample takes, measured on a few; the first ones take longer and do not count."""
    few = replace(source, block=_TRIED)
    for seed in range(2):
        began = time.monotonic()
        ClassStreams(few, seed).take(np.zeros(few.kept, dtype=np.int64))
        seconds = time.monotonic() - began
    return max(seconds, 1e-9) / few.kept
