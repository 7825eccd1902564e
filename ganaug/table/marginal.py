"""One number's distribution, as a reversible map to normal scores.

A number becomes the normal quantile of its rank: long tails, gaps and skew vanish on the way in and return on the
way out, and nothing outside the range that was seen can come back. Equal values share a stretch of ranks; each
occurrence gets a random place inside it, so that the scores have no steps for a discriminator to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

_EDGE = 1e-4  # ranks are squeezed into [_EDGE, 1 - _EDGE], so scores stay within +-3.72
LIMIT = float(-ndtri(_EDGE))
"""Largest absolute normal score."""

_MARGIN = 0.02  # keeps a place inside a stretch of ranks through the rounding to float32
_MAX_LEVELS = 512
_MIN_REPEATS = 4
_KNOTS = 200
_TAIL = (1 / 8192, 1 / 4096, 1 / 2048, 1 / 1024, 1 / 512)


@dataclass(frozen=True)
class Marginal:
    """Distribution function of one number.

    Attributes
    ----------
    n : int
        Number of values behind it.
    points : ndarray of shape (k,)
        Rising: every different value, or quantiles at the ranks of `_grid`.
    counts : ndarray of shape (k,), or None
        How often each value occurred; None where the points are quantiles.
    """

    n: int
    points: Floats
    counts: Floats | None

    @classmethod
    def fit(cls, values: Floats) -> Marginal:
        """Learn the distribution of `values` (n >= 1, finite).

        Columns whose values repeat (at most 512 different ones, four times each on average) are kept value by value;
        any other by 200 quantiles and finer ones in the tails.
        """
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) <= _MAX_LEVELS and len(values) >= _MIN_REPEATS * len(distinct):
            return cls(len(values), distinct, counts.astype(np.float64))
        return cls(len(values), np.quantile(values, _grid(len(values)), method="linear"), None)

    @cached_property
    def _steps(self) -> tuple[Floats, Floats, Floats]:
        """Values, and the ranks in [0, 1] below each and up to and including it; between two, ranks are linear."""
        if self.counts is not None:
            high = np.cumsum(self.counts) / self.n
            return self.points, np.concatenate([[0.0], high[:-1]]), high
        ranks = _grid(self.n)
        values, first = np.unique(self.points, return_index=True)
        return values, ranks[first], ranks[np.append(first[1:], len(ranks)) - 1]

    def to_scores(self, values: Floats, rng: np.random.Generator, blur: float = 0.0) -> Floats:
        """Return normal scores in [-LIMIT, LIMIT] of `values`.

        A value with ranks of its own gets a random place among them; any other is first moved by up to `blur` either
        way, which makes whole numbers a continuum that rounding undoes.
        """
        known, low, high = self._steps
        if blur:
            at = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
            alone = (known[at] != values) | (high[at] == low[at])
            values = values + alone * rng.uniform(-blur, blur, len(values))
        values = np.clip(values, known[0], known[-1])
        i = np.clip(np.searchsorted(known, values, side="right") - 1, 0, len(known) - 1)
        j = np.minimum(i + 1, len(known) - 1)
        gap = known[j] / 4 - known[i] / 4  # a quarter, because 1e308 - -1e308 would be infinite
        t = np.divide(values / 4 - known[i] / 4, gap, out=np.zeros_like(gap), where=gap > 0)
        between = high[i] + t * (low[j] - high[i])
        on = low[i] + (_MARGIN + (1 - 2 * _MARGIN) * rng.random(len(values))) * (high[i] - low[i])
        rank = np.where(values == known[i], on, between)
        return np.asarray(ndtri(_EDGE + (1 - 2 * _EDGE) * rank), dtype=np.float64)

    def from_scores(self, scores: Floats) -> Floats:
        """Return the values at normal scores; anything beyond LIMIT is the smallest or largest value."""
        known, low, high = self._steps
        rank = np.clip((ndtr(scores.astype(np.float64)) - _EDGE) / (1 - 2 * _EDGE), 0.0, 1.0)
        i = np.clip(np.searchsorted(low, rank, side="right") - 1, 0, len(known) - 1)
        j = np.minimum(i + 1, len(known) - 1)
        gap = low[j] - high[i]
        t = np.clip(np.divide(rank - high[i], gap, out=np.zeros_like(rank), where=gap > 0), 0.0, 1.0)
        return known[i] * (1 - t) + known[j] * t

    def to_json(self) -> dict[str, Any]:
        """Return what was learned, as lists."""
        counts = None if self.counts is None else self.counts.astype(int).tolist()
        return {"n": self.n, "points": self.points.tolist(), "counts": counts}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Marginal:
        """Return the distribution that `to_json` described."""
        counts = None if facts["counts"] is None else np.asarray(facts["counts"], dtype=np.float64)
        return cls(facts["n"], np.asarray(facts["points"], dtype=np.float64), counts)


def _grid(n: int) -> Floats:
    """Return the ranks at which the quantiles of `n` values are kept: even, with finer ones in the tails."""
    middle = np.linspace(0.0, 1.0, min(_KNOTS, max(2, n // 2)) + 1)
    tail = np.asarray([q for q in _TAIL if q * n >= 1 and q < middle[1]])
    return np.unique(np.concatenate([middle, tail, 1.0 - tail]))
