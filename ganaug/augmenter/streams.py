"""Each class as an endless stream of accepted samples.

A stream is made of blocks: a fixed number of candidates goes through the generator and the judges, and a fixed number
survives. What a block holds depends on seed, class and block number alone, so that fewer samples are always a prefix
of more, and every request ends. Where samples have to meet conditions, a block goes on making candidates until enough
of them do, or until it has made so many that the conditions are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..filters import FILTERS, Judge, Samples, draw_candidates
from ..modality import Conditions, Generator, identity
from ..rng import stream_seed, torch_stream
from ..threads import map_in_threads

_MANY = 2**17  # candidates after which a block makes do with fewer that meet the conditions,
_FEW = 8  # but for so many samples of it judges are to have their choice
_MOST = 2**21  # and after which it gives up


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
    conditions : Conditions or None
        What samples have to meet.
    pack : callable
        Encoded samples to what is kept of them.
    """

    generator: Generator
    features: Callable[[Tensor], Tensor]
    judges: Sequence[Judge]
    latent_dim: int
    latent_scale: float = 1.0
    block: int = 1536
    oversampling: int = 3
    conditions: Conditions | None = None
    pack: Callable[[Tensor], Tensor] = identity

    @property
    def kept(self) -> int:
        """How many samples a block holds, unless few candidates meet the conditions."""
        return max(1, self.block // self.oversampling) if self.judges else self.block

    def candidates(self, codes: Tensor, rng: torch.Generator) -> Tensor:
        """Return one encoded candidate for each class code."""
        z = torch.randn(len(codes), self.latent_dim, generator=rng) * self.latent_scale
        noise = torch.rand(len(codes), self.generator.noise_dim, generator=rng)
        with torch.no_grad():
            return self.generator.sample(z, codes, noise)


@dataclass(frozen=True)
class _Block:
    """Samples that were made at once, and what they cost."""

    x: Tensor
    codes: Tensor
    tried: int = 0
    met: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


class ClassStream:
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
        self.left, self.left_codes = torch.empty(0), torch.empty(0, dtype=torch.int64)
        self.dropped: dict[str, int] = {}
        self.tried = self.met = 0

    def take(self, n: int) -> Tensor:
        """Return the next `n` encoded samples, shape (n, ...)."""
        return self.take_with_codes(n)[0]

    def take_with_codes(self, n: int) -> tuple[Tensor, Tensor]:
        """Return the next `n` encoded samples, shape (n, ...), and their class codes, shape (n,)."""
        parts, have = ([(self.left, self.left_codes)], len(self.left)) if len(self.left) else ([], 0)
        while have < n or not parts:
            parts += self._make_blocks(n - have)
            have = sum(len(codes) for _, codes in parts)
        x, codes = (torch.cat(part) for part in zip(*parts, strict=True))
        self.left, self.left_codes = x[n:], codes[n:]
        return x[:n], codes[:n]

    def _make_blocks(self, n: int) -> list[tuple[Tensor, Tensor]]:
        """Return the next blocks, as many as hold `n` samples if none is short of any."""
        first, self.next_block = self.next_block, self.next_block + max(1, math.ceil(n / self.source.kept))
        made = map_in_threads(self._make_block, range(first, self.next_block))
        for block in made:
            self.tried, self.met = self.tried + block.tried, self.met + block.met
            for reason, count in block.dropped.items():
                self.dropped[reason] = self.dropped.get(reason, 0) + count
        return [(block.x, block.codes) for block in made]

    def _make_block(self, number: int) -> _Block:
        source, rng = self.source, torch_stream(self.seed, "sample", self.code, number)
        block = self._make_candidates(number, rng)
        if not source.judges:
            return block
        samples = Samples(source.features(block.x), block.codes)
        weights = torch.stack([judge.log_weight(samples) for judge in source.judges])
        keep = max(1, len(block.x) // source.oversampling)
        kept = draw_candidates(self._balance(weights.sum(0), block.codes), keep, rng)
        return replace(block, x=block.x[kept], codes=block.codes[kept], dropped=self._count_dropped(weights, kept))

    def _make_candidates(self, number: int, rng: torch.Generator) -> _Block:
        """Return the candidates of a block, all of which meet the conditions."""
        source, found, met, tried = self.source, list[tuple[Tensor, Tensor]](), 0, 0
        while not _is_complete(met, tried, source):
            codes = self._draw_codes(number, tried)
            x = source.pack(source.candidates(codes, rng))
            tried += len(x)
            if source.conditions is None:
                return _Block(x, codes)
            taken = torch.rand(len(x), generator=rng) < source.conditions.accept(x)
            found.append((x[taken], codes[taken]))
            met += int(taken.sum())
        if met < source.oversampling and source.conditions is not None:
            raise source.conditions.make_error(x, met, tried)
        x, codes = (torch.cat(part)[: source.block] for part in zip(*found, strict=True))
        return _Block(x, codes, tried, met)

    def _draw_codes(self, number: int, tried: int) -> Tensor:
        """Return the classes of the next candidates of a block that has `tried` so many."""
        return torch.full((self.source.block,), self.code)

    def _balance(self, weights: Tensor, codes: Tensor) -> Tensor:
        """Return the log-weights by which candidates are drawn."""
        return weights

    def _count_dropped(self, weights: Tensor, kept: Tensor) -> dict[str, int]:
        """Return how many candidates were dropped, each put down to the judge that spoke most against it."""
        against = weights.mean(1, keepdim=True) - weights
        lost = torch.ones(weights.shape[1], dtype=torch.bool)
        lost[kept] = False
        worst = torch.bincount(against.argmax(0)[lost], minlength=len(weights)).tolist()
        return {FILTERS[judge.name].reason: n for judge, n in zip(self.source.judges, worst, strict=True)}


def _is_complete(met: int, tried: int, source: Source) -> bool:
    return met >= source.block or (tried >= _MANY and met >= _FEW * source.oversampling) or tried >= _MOST


class MixedClassStream(ClassStream):
    """The samples of all classes in the proportions in which they meet the conditions.

    Parameters
    ----------
    source : Source
        Where candidates come from.
    prior : sequence of float
        Share of each class among the candidates.
    seed : int
        Decides everything.
    """

    def __init__(self, source: Source, prior: Sequence[float], seed: int):
        super().__init__(source, -1, seed)
        self.prior = prior

    def _draw_codes(self, number: int, tried: int) -> Tensor:
        seed = stream_seed(self.seed, "classes", number)
        return torch.from_numpy(prior_codes(self.prior, tried, self.source.block, seed))

    def _balance(self, weights: Tensor, codes: Tensor) -> Tensor:
        """Return log-weights with the same mean weight in each class: judges choose samples, not classes."""
        balanced = torch.empty_like(weights)
        for code in torch.unique(codes):
            of_class = codes == code
            total = weights[of_class].logsumexp(0) - of_class.sum().log()
            balanced[of_class] = weights[of_class] - total
        return balanced.nan_to_num(nan=-torch.inf)  # a class of which the judges drop every candidate


class ClassStreams:
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
        self.by_class: dict[int, ClassStream] = {}

    def take(self, codes: NDArray[np.int64]) -> Tensor:
        """Return one encoded sample for each class code, the next of that class's stream."""
        parts = [(np.flatnonzero(codes == code), int(code)) for code in np.unique(codes)]
        x: Tensor | None = None
        for rows, code in parts:
            stream = self.by_class.setdefault(code, ClassStream(self.source, code, self.seed))
            taken = stream.take(len(rows))
            x = taken.new_empty((len(codes), *taken.shape[1:])) if x is None else x
            x[torch.from_numpy(rows)] = taken
        return self._make_empty() if x is None else x

    def _make_empty(self) -> Tensor:
        """Return no samples, in the shape of some."""
        one = self.source.candidates(torch.zeros(1, dtype=torch.int64), torch_stream(self.seed, "shape"))
        return self.source.pack(one)[:0]

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
