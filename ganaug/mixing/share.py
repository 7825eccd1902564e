"""How much of what comes out is synthetic: in a batch, in an epoch, and changed while workers run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DistributedSampler, RandomSampler, SequentialSampler, SubsetRandomSampler
from torch.utils.data import WeightedRandomSampler as Weighted

from ..errors import ParameterError
from ..params import Rule, check_params, choice, either, function, integer, real
from ..rng import numpy_stream

Schedule: TypeAlias = "Callable[[int], float] | tuple[str, float, float, int]"

FRACTION = real(0.0, 1.0, inclusive=True)


def _is_linear(value: Any) -> bool:
    if not isinstance(value, tuple | list) or len(value) != 4 or value[0] != "linear":
        return False
    return all(FRACTION.allows(v) for v in value[1:3]) and integer(1).allows(value[3])


_RULES = {
    "synthetic_fraction": FRACTION,
    "mode": choice("replace", "append"),
    "schedule": either(
        function("a function of the epoch that returns a fraction"),
        Rule("('linear', first fraction, last fraction, number of epochs)", _is_linear),
        choice(None),
    ),
    "label_map": Rule("a mapping of the loader's labels to the augmenter's, or None", lambda v: v is None or _maps(v)),
    "transform": either(function("a function of one synthetic sample, or of a frame of them"), choice(None)),
    "pool_size": either(integer(1), choice(None)),
    "augmenter": Rule(
        "an object with sample(n, y, random_state), such as a fitted GANAugmenter",
        lambda v: callable(getattr(v, "sample", None)) and not isinstance(v, type),
    ),
}


def _maps(value: Any) -> bool:
    return hasattr(value, "keys") and hasattr(value, "__getitem__")


def check_options(owner: str, **options: Any) -> None:
    """Raise one ParameterError for all options of `owner` that are not what they may be."""
    check_params(owner, options, _RULES)
    if options.get("mode") == "append":
        if options["synthetic_fraction"] == 1:
            raise ParameterError(
                f"The 'synthetic_fraction' parameter of {owner} must be below 1 with mode='append', which keeps every "
                "real sample. Got 1 instead; use mode='replace'."
            )
        if options.get("schedule") is not None:
            raise ParameterError(
                f"The 'schedule' parameter of {owner} must be None with mode='append', where the length of an epoch "
                "follows from the fraction; use mode='replace'."
            )


def fraction_at(schedule: Schedule, epoch: int) -> float:
    """Return the synthetic fraction that a schedule has for an epoch, in [0, 1].

    Parameters
    ----------
    schedule : callable or ("linear", start, end, epochs)
        A function of the epoch, which is counted from 0; or a straight line from `start` in epoch 0 to `end` in epoch
        ``epochs - 1`` and after it.
    epoch : int >= 0
        The epoch that begins.

    Raises
    ------
    ParameterError
        The function returned something else than a number from 0 to 1.
    """
    if callable(schedule):
        value = schedule(epoch)
        if not FRACTION.allows(value):
            raise ParameterError(
                f"The schedule returned {value!r} for epoch {epoch}; return a fraction, {FRACTION.text}."
            )
        return float(value)
    _, start, end, epochs = schedule
    done = min(1.0, epoch / (epochs - 1)) if epochs > 1 else 1.0
    return float(start + (end - start) * done)


def positions(n: int, fraction: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return which of the n samples of a batch are to be synthetic, shape (k,), in order.

    k is `fraction` of n, rounded up or down by chance so that the mean over batches is exact: never a whole sample off.
    """
    wanted = round(n * fraction, 9)
    k = min(n, math.floor(wanted + rng.random()))
    return np.sort(rng.permutation(n)[:k]) if k else np.empty(0, dtype=np.int64)


class Live:
    """The share and the epoch, in memory that running workers see too.

    Persistent workers keep the data set that they were started with, and no ``set_epoch`` reaches them; a tensor in
    shared memory does. Only the main process writes.

    Parameters
    ----------
    fraction : float in [0, 1]
        Synthetic fraction of each batch.
    """

    def __init__(self, fraction: float) -> None:
        self._cells: Tensor = torch.tensor([fraction, 0.0, 0.0], dtype=torch.float64).share_memory_()

    @property
    def fraction(self) -> float:
        """Synthetic fraction of each batch."""
        return float(self._cells[0])

    @fraction.setter
    def fraction(self, value: float) -> None:
        self._cells[0] = value

    @property
    def epoch(self) -> int:
        """The epoch that runs, counted from 0."""
        return int(self._cells[1])

    def set_epoch(self, epoch: int) -> None:
        """Make `epoch` the one that runs, or the next to be started."""
        self._cells[1:] = epoch

    def start_epoch(self) -> int:
        """Begin the next epoch, and return its number."""
        epoch = int(self._cells[2])
        self._cells[1], self._cells[2] = epoch, epoch + 1
        return epoch


def batch_rng(seed: int, *names: int | str) -> np.random.Generator:
    """Return the generator that decides about one batch, by what is in it: the same in every worker."""
    return numpy_stream(seed, "batch", *names)


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
