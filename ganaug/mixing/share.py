"""Decide how many samples are synthetic in a batch and in an epoch, and share that between processes."""

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

from ..data.layouts import FIELD, FIELDS
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
    "label_map": Rule(
        "a mapping of the loader's labels to the augmenter's, or None", lambda v: v is None or _is_mapping(v)
    ),
    "image": FIELD,
    "label": FIELD,
    "keep": FIELDS,
    "transform": either(function("a function of one synthetic sample, or of a frame of them"), choice(None)),
    "pool_size": either(integer(1), choice(None)),
    "soft_labels": either(
        Rule(
            "a fitted classifier with predict_proba, or a function of samples that returns probabilities",
            lambda v: not isinstance(v, type) and (callable(v) or hasattr(v, "predict_proba")),
        ),
        choice(None),
    ),
    "augmenter": Rule(
        "an object with sample(n, y, random_state), such as a fitted GANAugmenter",
        lambda v: callable(getattr(v, "sample", None)) and not isinstance(v, type),
    ),
}


def _is_mapping(value: Any) -> bool:
    return hasattr(value, "keys") and hasattr(value, "__getitem__")


def check_options(owner: str, **options: Any) -> None:
    """Raise one ParameterError for all options of `owner` with values they may not have."""
    check_params(owner, options, _RULES)
    if callable(options.get("label")) and options.get("soft_labels") is not None:
        raise ParameterError(
            f"The 'label' parameter of {owner} must be a position or key with soft_labels, which puts probabilities in "
            "its place. Got a function instead."
        )
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


def evaluate_schedule(schedule: Schedule, epoch: int) -> float:
    """Return the synthetic fraction of an epoch in a schedule, in [0, 1].

    Parameters
    ----------
    schedule : callable or ("linear", start, end, epochs)
        A function of the epoch; or a straight line from `start` in epoch 0 to `end` in epoch ``epochs - 1`` and after
        it.
    epoch : int
        Counted from 0.

    Raises
    ------
    ParameterError
        The function did not return a number from 0 to 1.

    Examples
    --------
    >>> from ganaug.mixing.share import evaluate_schedule
    >>> [evaluate_schedule(("linear", 0.0, 0.5, 3), epoch) for epoch in range(4)]
    [0.0, 0.25, 0.5, 0.5]
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


def choose_positions(n: int, fraction: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose which of the n samples of a batch become synthetic, and return their positions in order, shape (k,).

    k is `fraction` of n, rounded up or down at random such that the mean over batches is exact.
    """
    wanted = round(n * fraction, 9)
    k = min(n, math.floor(wanted + rng.random()))
    return np.sort(rng.permutation(n)[:k]) if k else np.empty(0, dtype=np.int64)


class SharedSettings:
    """Synthetic fraction and epoch in shared memory, where running workers read them.

    Persistent workers keep the data set that they were started with, so no ``set_epoch`` reaches them. Only the main
    process writes.

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
        """Number of the present epoch, counted from 0."""
        return int(self._cells[1])

    def set_epoch(self, epoch: int) -> None:
        """Set the present epoch, and the one that `start_epoch` begins next."""
        self._cells[1:] = epoch

    def start_epoch(self) -> int:
        """Begin the next epoch and return its number."""
        epoch = int(self._cells[2])
        self._cells[1] = epoch
        self._cells[2] = epoch + 1
        return epoch


def make_batch_rng(seed: int, *names: int | str) -> np.random.Generator:
    """Return the random generator of a batch; its content names it, so that it is the same in every worker."""
    return numpy_stream(seed, "batch", *names)


@dataclass(frozen=True)
class EpochPlan:
    """The draws that a sampler makes from n real samples in an epoch.

    Attributes
    ----------
    length : int
        Number of draws in all processes together.
    weights : ndarray of shape (n,) or None
        Relative probability of each sample at each draw; None if each sample is drawn once.
    known : bool
        Whether `length` and `weights` describe the draws completely.
    replicas : int
        Number of processes between which the draws are divided.
    """

    length: int
    weights: NDArray[np.float64] | None = None
    known: bool = True
    replicas: int = 1

    def compute_class_shares(self, codes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
        """Return the expected share of each class among the draws, shape (n_classes,)."""
        counts = np.bincount(codes, weights=self.weights, minlength=n_classes)
        return counts / counts.sum()

    def count_class_draws(self, codes: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
        """Return an upper bound on the number of draws of each class in an epoch, shape (n_classes,).

        For random draws it lies six standard deviations above the mean. For an unknown sampler it is the number that
        balanced classes would need.
        """
        natural = np.bincount(codes, minlength=n_classes)
        if not self.known:
            return np.maximum(natural, -(-max(len(codes), self.length) // n_classes)).astype(np.int64)
        if self.weights is None:
            return natural.astype(np.int64)
        share = self.compute_class_shares(codes, n_classes)
        mean = self.length * share
        return np.ceil(mean + 6 * np.sqrt(mean * (1 - share)) + 1).astype(np.int64)


def may_repeat(sampler: Any) -> bool:
    """Return whether a sampler may draw a sample twice in an epoch; True for samplers that are not torch's own."""
    if type(sampler) is RandomSampler:
        return bool(sampler.replacement) or sampler.num_samples > len(sampler.data_source)  # type: ignore[arg-type]
    return type(sampler) not in (SequentialSampler, SubsetRandomSampler, DistributedSampler)


def get_rank(sampler: Any) -> tuple[int, int]:
    """Return ``rank`` and ``num_replicas`` of a sampler that draws for one of several processes, else (0, 1)."""
    for owner in (sampler, getattr(sampler, "sampler", None)):
        rank = getattr(owner, "rank", None)
        replicas = getattr(owner, "num_replicas", None)
        if isinstance(rank, int) and isinstance(replicas, int):
            return rank, replicas
    return 0, 1


def plan_epoch(sampler: Any, n: int) -> EpochPlan:
    """Describe the draws of a sampler from n samples by its type, its weights and its length."""
    replicas = get_rank(sampler)[1]
    if not may_repeat(sampler):
        return EpochPlan(n if replicas > 1 or not hasattr(sampler, "__len__") else len(sampler), replicas=replicas)
    length = len(sampler) * replicas if hasattr(sampler, "__len__") else n
    if type(sampler) is RandomSampler:
        return EpochPlan(length, np.ones(n))
    weights = getattr(sampler, "weights", None)
    if isinstance(sampler, Weighted) and len(weights) == n:  # type: ignore[arg-type]
        return EpochPlan(length, np.asarray(weights, dtype=np.float64))
    return EpochPlan(length, known=False, replicas=replicas)
