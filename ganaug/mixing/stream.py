"""What a loader's sampler draws in an epoch: how often, and with which weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DistributedSampler, RandomSampler, SequentialSampler, SubsetRandomSampler
from torch.utils.data import WeightedRandomSampler as Weighted


@dataclass(frozen=True)
class Stream:
    """What is drawn from n real samples in an epoch.

    Attributes
    ----------
    length : int
        How many draws there are, in all processes together.
    weights : ndarray of shape (n,) or None
        Probability of each sample at each draw, up to a factor; None where each is drawn once.
    known : bool
        Whether nothing else decides what is drawn.
    replicas : int
        Between how many processes the draws are divided.
    """

    length: int
    weights: NDArray[np.float64] | None = None
    known: bool = True
    replicas: int = 1

    def shares(self, codes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
        """Return the share of each class in what is drawn, shape (n_classes,)."""
        counts = np.bincount(codes, weights=self.weights, minlength=n_classes)
        return counts / counts.sum()

    def sizes(self, codes: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
        """Return how many draws of each class an epoch can have, shape (n_classes,).

        Six standard deviations above the mean where they are random; where a sampler is not known, as many as balanced
        classes would need.
        """
        natural = np.bincount(codes, minlength=n_classes)
        if not self.known:
            return np.maximum(natural, -(-max(len(codes), self.length) // n_classes)).astype(np.int64)
        if self.weights is None:
            return natural.astype(np.int64)
        share = self.shares(codes, n_classes)
        mean = self.length * share
        return np.ceil(mean + 6 * np.sqrt(mean * (1 - share)) + 1).astype(np.int64)


def may_repeat(sampler: Any) -> bool:
    """Return whether a sampler may draw a sample twice in an epoch; True for what is not torch's own."""
    if type(sampler) is RandomSampler:
        return bool(sampler.replacement) or sampler.num_samples > len(sampler.data_source)  # type: ignore[arg-type]
    return type(sampler) not in (SequentialSampler, SubsetRandomSampler, DistributedSampler)


def stripes(sampler: Any) -> tuple[int, int]:
    """Return which of how many processes a sampler draws for, by its ``rank`` and ``num_replicas``; (0, 1) without."""
    for place in (sampler, getattr(sampler, "sampler", None)):
        rank, replicas = getattr(place, "rank", None), getattr(place, "num_replicas", None)
        if isinstance(rank, int) and isinstance(replicas, int):
            return rank, replicas
    return 0, 1


def stream_of(sampler: Any, n: int) -> Stream:
    """Return what a sampler draws from n samples, as far as it tells."""
    replicas = stripes(sampler)[1]
    if not may_repeat(sampler):
        return Stream(n if replicas > 1 or not hasattr(sampler, "__len__") else len(sampler), replicas=replicas)
    length = len(sampler) * replicas if hasattr(sampler, "__len__") else n
    if type(sampler) is RandomSampler:
        return Stream(length, np.ones(n))
    weights = getattr(sampler, "weights", None)
    if isinstance(sampler, Weighted) and len(weights) == n:  # type: ignore[arg-type]
        return Stream(length, np.asarray(weights, dtype=np.float64))
    return Stream(length, known=False, replicas=replicas)
