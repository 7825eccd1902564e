"""Sample each class as an endless stream of accepted candidates.

A stream is a sequence of blocks. For each block the generator makes a fixed number of candidates, and the judges keep
a fixed number of them. A block depends on seed, class and block number alone: ``take(a)`` is a prefix of ``take(b)``,
and every request ends. With conditions, a block generates candidates until enough of them meet the conditions; if
hardly any of two million does, it raises an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..filters import FILTERS, Judge, Samples, draw_candidates
from ..modality import Conditions, Generator, identity
from ..rng import stream_seed, torch_stream
from ..threads import map_in_threads
from .class_order import prior_codes

_MANY = 2**17  # candidates after which a block may be shorter,
_FEW = 8  # but holds at least this many samples
_MOST = 2**21  # candidates after which a block ends with what it has


@dataclass(frozen=True)
class Source:
    """Generator, judges and conditions: the source of all samples.

    Attributes
    ----------
    generator : torch.nn.Module
        Trained generator, in evaluation mode; it generates on its own device.
    features : callable
        Turns encoded samples into the input of judges.
    judges : sequence of Judge
        Judges with a strength above zero.
    latent_dim : int
        Length of z.
    latent_scale : float
        Standard deviation of z; above 1 samples are more varied and less faithful.
    block : int
        Number of candidates that go through the networks at once.
    oversampling : int
        Candidates for each sample that is kept, if there are judges.
    conditions : Conditions or None
        Conditions that samples meet.
    pack : callable
        Turns samples of the generator into their stored form.
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
        """Number of samples in a block, unless few candidates meet the conditions."""
        return max(1, self.block // self.oversampling) if self.judges else self.block

    def candidates(self, codes: Tensor, rng: torch.Generator) -> Tensor:
        """Return one encoded candidate for each class code, in its stored form, on the CPU.

        `codes` and `rng` are on the CPU, too, so that every device gets the same random numbers.
        """
        z = torch.randn(len(codes), self.latent_dim, generator=rng) * self.latent_scale
        noise = torch.rand(len(codes), self.generator.noise_dim, generator=rng)
        weight = next(self.generator.parameters(), z)
        with torch.no_grad():
            return self._sampler(*(tensor.to(weight.device) for tensor in (z, codes, noise)))

    @cached_property
    def _sampler(self) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        return self.generator.make_sampler(self.pack)


@dataclass(frozen=True)
class _Block:
    """Samples of one block, and counts of candidates that were tried, met the conditions, and were dropped."""

    x: Tensor
    codes: Tensor
    tried: int = 0
    met: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


class ClassStream:
    """Endless stream of samples of one class.

    Parameters
    ----------
    source : Source
        Source of candidates.
    code : int
        Class code.
    seed : int
        Seed of all randomness in the stream.
    first : int
        Position of the first sample to take; without conditions, what comes before it need not be made.
    """

    def __init__(self, source: Source, code: int, seed: int, first: int = 0):
        self.source = source
        self.code = code
        self.seed = seed
        self.next_block, self.skipped = divmod(first, source.kept)
        self.left = torch.empty(0)  # samples of the last block that were not yet taken
        self.left_codes = torch.empty(0, dtype=torch.int64)
        self.dropped: dict[str, int] = {}
        self.tried = 0
        self.met = 0

    def take(self, n: int) -> Tensor:
        """Return the next `n` encoded samples, shape (n, ...)."""
        return self.take_with_codes(n)[0]

    def take_with_codes(self, n: int) -> tuple[Tensor, Tensor]:
        """Return the next `n` encoded samples, shape (n, ...), and their class codes, shape (n,)."""
        # 1. Samples left of the last block, then new blocks
        n += self.skipped
        parts = [(self.left, self.left_codes)] if len(self.left) else []
        have = len(self.left)
        while have < n or not parts:
            parts += self._make_blocks(n - have)
            have = sum(len(codes) for _, codes in parts)

        # 2. Keep what is left over for the next call
        x, codes = (torch.cat(part) for part in zip(*parts, strict=True))
        self.left = x[n:]
        self.left_codes = codes[n:]
        taken = slice(self.skipped, n)
        self.skipped = 0
        return x[taken], codes[taken]

    def _make_blocks(self, n: int) -> list[tuple[Tensor, Tensor]]:
        """Return the next blocks: enough for `n` samples if all of them are full."""
        first = self.next_block
        self.next_block += max(1, math.ceil(n / self.source.kept))
        made = map_in_threads(self._make_block, range(first, self.next_block))
        for block in made:
            self.tried += block.tried
            self.met += block.met
            for reason, count in block.dropped.items():
                self.dropped[reason] = self.dropped.get(reason, 0) + count
        return [(block.x, block.codes) for block in made]

    def _make_block(self, number: int) -> _Block:
        """Generate one block, weigh its candidates, and draw those to keep."""
        # 1. Generate candidates
        source = self.source
        rng = torch_stream(self.seed, "sample", self.code, number)
        block = self._make_candidates(number, rng)
        if not source.judges:
            return block

        # 2. Weigh them: one log-weight of each judge for each candidate
        samples = Samples(source.features(block.x), block.codes)
        weights = torch.stack([judge.log_weight(samples) for judge in source.judges])

        # 3. Draw in proportion to the weights
        keep = max(1, len(block.x) // source.oversampling)
        kept = draw_candidates(self._balance(weights.sum(0), block.codes), keep, rng)
        return replace(block, x=block.x[kept], codes=block.codes[kept], dropped=self._count_dropped(weights, kept))

    def _make_candidates(self, number: int, rng: torch.Generator) -> _Block:
        """Generate candidates until a block of them meets the conditions; raise their error if hardly any does."""
        source = self.source
        found: list[tuple[Tensor, Tensor]] = []
        met = 0
        tried = 0
        while not _is_complete(met, tried, source):
            # 1. Generate
            codes = self._draw_codes(number, tried)
            x = source.candidates(codes, rng)
            tried += len(x)
            if source.conditions is None:
                return _Block(x, codes)

            # 2. Accept
            taken = torch.rand(len(x), generator=rng) < source.conditions.accept(x)
            found.append((x[taken], codes[taken]))
            met += int(taken.sum())

        # 3. Join
        if met < source.oversampling and source.conditions is not None:
            raise source.conditions.make_error(x, met, tried)
        x, codes = (torch.cat(part)[: source.block] for part in zip(*found, strict=True))
        return _Block(x, codes, tried, met)

    def _draw_codes(self, number: int, tried: int) -> Tensor:
        """Return the classes of the next candidates of a block that has tried `tried` candidates."""
        return torch.full((self.source.block,), self.code)

    def _balance(self, weights: Tensor, codes: Tensor) -> Tensor:
        """Return the log-weights to draw candidates by."""
        return weights

    def _count_dropped(self, weights: Tensor, kept: Tensor) -> dict[str, int]:
        """Return how many candidates each judge dropped; the judge with the lowest relative weight is counted."""
        against = weights.mean(1, keepdim=True) - weights
        lost = torch.ones(weights.shape[1], dtype=torch.bool)
        lost[kept] = False
        worst = torch.bincount(against.max(0).indices[lost], minlength=len(weights)).tolist()
        return {FILTERS[judge.name].reason: n for judge, n in zip(self.source.judges, worst, strict=True)}


def _is_complete(met: int, tried: int, source: Source) -> bool:
    """Return whether a block needs no more candidates."""
    return met >= source.block or (tried >= _MANY and met >= _FEW * source.oversampling) or tried >= _MOST


class MixedClassStream(ClassStream):
    """Endless stream of samples of all classes, in the proportions in which they meet the conditions.

    Parameters
    ----------
    source : Source
        Source of candidates.
    prior : sequence of float
        Share of each class among the candidates.
    seed : int
        Seed of all randomness in the stream.
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
        return balanced.nan_to_num(nan=-torch.inf)  # NaN: the judges drop every candidate of a class


class ClassStreams:
    """One stream for each class.

    Parameters
    ----------
    source : Source
        Source of candidates.
    seed : int
        Seed of all randomness in the streams.
    first : sequence of int, optional
        Position in the stream of each class of the first sample to take.
    """

    def __init__(self, source: Source, seed: int, first: Sequence[int] = ()):
        self.source = source
        self.seed = seed
        self.first = dict(enumerate(first))
        self.by_class: dict[int, ClassStream] = {}

    def take(self, codes: NDArray[np.int64]) -> Tensor:
        """Return one encoded sample for each class code: the next one of the class's stream."""
        parts = [(np.flatnonzero(codes == code), int(code)) for code in np.unique(codes)]
        x: Tensor | None = None
        for rows, code in parts:
            start = self.first.get(code, 0)
            stream = self.by_class.setdefault(code, ClassStream(self.source, code, self.seed, start))
            taken = stream.take(len(rows))
            x = taken.new_empty((len(codes), *taken.shape[1:])) if x is None else x
            x[torch.from_numpy(rows)] = taken
        return self._make_empty() if x is None else x

    def _make_empty(self) -> Tensor:
        """Return a tensor of zero samples."""
        return self.source.candidates(torch.zeros(1, dtype=torch.int64), torch_stream(self.seed, "shape"))[:0]

    def dropped(self) -> dict[str, int]:
        """Return how many candidates were dropped so far, by reason."""
        total: dict[str, int] = {}
        for stream in self.by_class.values():
            for reason, count in stream.dropped.items():
                total[reason] = total.get(reason, 0) + count
        return total
