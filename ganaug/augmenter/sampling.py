"""Each class as an endless stream of accepted samples.

A stream is made of blocks: a fixed number of candidates goes through the generator and the judges, and a fixed number
survives. What a block holds depends on seed, class and block number alone, so that fewer samples are always a prefix
of more, and every request ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..filters import FILTERS, Judge, Samples, draw
from ..modality import Generator
from ..rng import torch_stream


@dataclass(frozen=True)
class Source:
    """All that sampling needs.

    Attributes
    ----------
    generator : torch.nn.Module
        Trained generator, on the CPU, in evaluation mode.
    features : callable
        Encoded samples to what judges see.
    judges : sequence of Judge
        Those with a strength above zero.
    latent_dim : int
        Length of z.
    latent_scale : float
        Standard deviation of z; above 1 samples are more varied, and more of them unlike the real ones.
    block : int
        Candidates that go through the networks at once.
    oversampling : int
        Candidates for each sample that is kept, where judges weigh them.
    """

    generator: Generator
    features: Callable[[Tensor], Tensor]
    judges: Sequence[Judge]
    latent_dim: int
    latent_scale: float = 1.0
    block: int = 1024
    oversampling: int = 8

    def candidates(self, code: int, n: int, rng: torch.Generator) -> Tensor:
        """Return `n` encoded candidates of one class."""
        z = torch.randn(n, self.latent_dim, generator=rng) * self.latent_scale
        noise = torch.rand(n, self.generator.noise_dim, generator=rng)
        with torch.no_grad():
            return self.generator.sample(z, torch.full((n,), code), noise)

    def judged(self, x: Tensor, code: int) -> Samples:
        """Return encoded samples of one class as judges see them."""
        return Samples(self.features(x), torch.full((len(x),), code))


class Stream:
    """The samples of one class, in order.

    Parameters
    ----------
    source : Source
        Where candidates come from.
    code : int
        Class code.
    seed : int
        Decides everything.
    """

    def __init__(self, source: Source, code: int, seed: int):
        self.source, self.code, self.seed = source, code, seed
        self.next_block = 0
        self.left = torch.empty(0)
        self.dropped: dict[str, int] = {}

    def take(self, n: int) -> Tensor:
        """Return the next `n` encoded samples, shape (n, ...)."""
        parts, have = ([self.left], len(self.left)) if len(self.left) else ([], 0)
        while have < n or not parts:
            parts.append(self._block())
            have += len(parts[-1])
        joined = torch.cat(parts)
        self.left = joined[n:]
        return joined[:n]

    def _block(self) -> Tensor:
        rng = torch_stream(self.seed, "sample", self.code, self.next_block)
        self.next_block += 1
        x = self.source.candidates(self.code, self.source.block, rng)
        if not self.source.judges:
            return x
        samples = self.source.judged(x, self.code)
        weights = torch.stack([judge.log_weight(samples) for judge in self.source.judges])
        kept = draw(weights.sum(0), self.source.block // self.source.oversampling, rng)
        self._count_dropped(weights, kept)
        return x[kept]

    def _count_dropped(self, weights: Tensor, kept: Tensor) -> None:
        """Put each dropped candidate down to the judge that spoke most against it."""
        against = weights.mean(1, keepdim=True) - weights
        lost = torch.ones(weights.shape[1], dtype=torch.bool)
        lost[kept] = False
        worst = torch.bincount(against.argmax(0)[lost], minlength=len(weights)).tolist()
        for judge, count in zip(self.source.judges, worst, strict=True):
            reason = FILTERS[judge.name].reason
            self.dropped[reason] = self.dropped.get(reason, 0) + count


class Streams:
    """The streams of all classes.

    Parameters
    ----------
    source : Source
        Where candidates come from.
    seed : int
        Decides everything.
    """

    def __init__(self, source: Source, seed: int):
        self.source, self.seed = source, seed
        self.by_class: dict[int, Stream] = {}

    def take(self, codes: NDArray[np.int64]) -> Tensor:
        """Return one encoded sample for each class code, the next of that class's stream."""
        parts = [(np.flatnonzero(codes == code), int(code)) for code in np.unique(codes)]
        x: Tensor | None = None
        for rows, code in parts:
            stream = self.by_class.setdefault(code, Stream(self.source, code, self.seed))
            taken = stream.take(len(rows))
            x = taken.new_empty((len(codes), *taken.shape[1:])) if x is None else x
            x[torch.from_numpy(rows)] = taken
        return x if x is not None else self.source.candidates(0, 1, torch_stream(self.seed, "shape"))[:0]

    def dropped(self) -> dict[str, int]:
        """Return how many candidates were dropped so far, by reason."""
        total: dict[str, int] = {}
        for stream in self.by_class.values():
            for reason, count in stream.dropped.items():
                total[reason] = total.get(reason, 0) + count
        return total


def prior_codes(prior: Sequence[float], first: int, n: int, seed: int) -> NDArray[np.int64]:
    """Return classes in the proportions of `prior`, as even as they come.

    Parameters
    ----------
    prior : sequence of float
        Share of each class; need not sum to one.
    first, n : int
        Which part of the endless sequence: positions `first` to ``first + n - 1``.
    seed : int
        Where the sequence starts.

    Returns
    -------
    ndarray of int64, shape (n,)
        Class codes. The sequence goes round by the golden ratio, so every stretch has each class within a few rows
        of its share (Weyl's equidistribution; a random draw would be off by the root of n).
    """
    cumulative = np.cumsum(np.asarray(prior, dtype=np.float64))
    start = np.random.default_rng(seed).random()
    place = (start + (first + np.arange(n)) * 0.6180339887498949) % 1.0
    codes: Any = np.searchsorted(cumulative / cumulative[-1], place, side="right")
    return np.minimum(codes, np.flatnonzero(np.asarray(prior))[-1]).astype(np.int64)
