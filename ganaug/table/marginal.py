"""One number's distribution, as a reversible map to normal scores.

A number becomes the normal quantile of its rank: long tails, gaps and skew vanish on the way in and return on the
way out, and nothing outside the range that was seen can come back. Equal values share a stretch of ranks; each
occurrence gets a random place inside it, so that the scores have no steps for a discriminator to see.
"""

from __future__ import annotations

from dataclasses import dataclass
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
_KNOTS = 256
_TAIL = (1 / 8192, 1 / 4096, 1 / 2048, 1 / 1024, 1 / 512)


@dataclass(frozen=True)
class Marginal:
    """Distribution function through points ``(values, rank_low .. rank_high)``.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Increasing.
    low, high : ndarray of shape (k,)
        Ranks in [0, 1] below each value, and up to and including it; between two values ranks are linear.
    """

    values: Floats
    low: Floats
    high: Floats

    @classmethod
    def fit(cls, values: Floats) -> Marginal:
        """Learn the distribution of `values` (n >= 1, finite).

        Columns whose values repeat (at most 512 different ones, four times each on average) are kept value by value;
        any other by 256 quantiles and finer ones in the tails.
        """
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) <= _MAX_LEVELS and len(values) >= _MIN_REPEATS * len(distinct):
            high = np.cumsum(counts) / len(values)
            return cls(distinct, np.concatenate([[0.0], high[:-1]]), high)
        middle = np.linspace(0.0, 1.0, min(_KNOTS, max(2, len(values) // 2)) + 1)
        tail = np.asarray([q for q in _TAIL if q * len(values) >= 1 and q < middle[1]])
        q = np.unique(np.concatenate([middle, tail, 1.0 - tail]))
        knots = np.quantile(values, q, method="linear")
        distinct, first = np.unique(knots, return_index=True)
        last = np.append(first[1:], len(knots)) - 1
        return cls(distinct, q[first], q[last])

    def to_scores(self, values: Floats, rng: np.random.Generator, blur: float = 0.0) -> Floats:
        """Return normal scores in [-LIMIT, LIMIT] of `values`.

        A value with ranks of its own gets a random place among them; any other is first moved by up to `blur` either
        way, which makes whole numbers a continuum that rounding undoes.
        """
        if blur:
            at = np.clip(np.searchsorted(self.values, values), 0, len(self.values) - 1)
            alone = (self.values[at] != values) | (self.high[at] == self.low[at])
            values = values + alone * rng.uniform(-blur, blur, len(values))
        values = np.clip(values, self.values[0], self.values[-1])
        i = np.clip(np.searchsorted(self.values, values, side="right") - 1, 0, len(self.values) - 1)
        j = np.minimum(i + 1, len(self.values) - 1)
        gap = self.values[j] / 4 - self.values[i] / 4  # a quarter, because 1e308 - -1e308 would be infinite
        t = np.divide(values / 4 - self.values[i] / 4, gap, out=np.zeros_like(gap), where=gap > 0)
        between = self.high[i] + t * (self.low[j] - self.high[i])
        place = _MARGIN + (1 - 2 * _MARGIN) * rng.random(len(values))
        on = self.low[i] + place * (self.high[i] - self.low[i])
        rank = np.where(values == self.values[i], on, between)
        return np.asarray(ndtri(_EDGE + (1 - 2 * _EDGE) * rank), dtype=np.float64)

    def from_scores(self, scores: Floats) -> Floats:
        """Return the values at normal scores; anything beyond LIMIT is the smallest or largest value."""
        rank = np.clip((ndtr(scores.astype(np.float64)) - _EDGE) / (1 - 2 * _EDGE), 0.0, 1.0)
        i = np.clip(np.searchsorted(self.low, rank, side="right") - 1, 0, len(self.values) - 1)
        j = np.minimum(i + 1, len(self.values) - 1)
        gap = self.low[j] - self.high[i]
        t = np.divide(rank - self.high[i], gap, out=np.zeros_like(rank), where=gap > 0)
        t = np.clip(t, 0.0, 1.0)
        return self.values[i] * (1 - t) + self.values[j] * t

    def to_json(self) -> dict[str, Any]:
        """Return the points as lists."""
        return {"values": self.values.tolist(), "low": self.low.tolist(), "high": self.high.tolist()}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Marginal:
        """Return the distribution that `to_json` described."""
        return cls(*(np.asarray(facts[key], dtype=np.float64) for key in ("values", "low", "high")))
