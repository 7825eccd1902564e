"""One number's distribution, as a reversible map to normal scores.

A number becomes the normal quantile of its rank: long tails, gaps and skew vanish on the way in and return on the
way out, and nothing outside the range that was seen can come back, nor anything in a wide gap inside it. Equal values
share a stretch of ranks; each occurrence gets a random place inside it, so that the scores have no steps for a
discriminator to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ..records import JsonRecord

Floats = NDArray[np.float64]

_EDGE = 1e-4  # ranks are squeezed into [_EDGE, 1 - _EDGE], so scores stay within +-3.72
LIMIT = float(-ndtri(_EDGE))
"""Largest absolute normal score."""

LEVELS = 512
"""Different values that are kept of a number, each with its count."""

_KNOTS = 200  # quantiles that are kept of a number with more values
_MARGIN = 0.02  # of a stretch of ranks, at each end
_MOST_MARGIN = 1e-6  # in ranks; enough to keep a place inside its stretch through the rounding to float32
_MIN_REPEATS = 4
_TAIL = (1 / 8192, 1 / 4096, 1 / 2048, 1 / 1024, 1 / 512)

# A gap is kept empty where it is wide for the inner nine tenths of the rows, and for so many rows; a gap further out
# is the distance to an outlier, which would be copied if nothing could come to lie beside it.
_INNER = 0.05
_WIDE = 0.05
_WIDE_SPACINGS = 10


@dataclass(frozen=True)
class Marginal(JsonRecord):
    """Distribution function of one number.

    Attributes
    ----------
    points : ndarray of shape (k,)
        Rising: every different value, or quantiles.
    counts : ndarray of shape (k,), or None
        How often each value occurred; None where the points are quantiles.
    ranks : ndarray of shape (k,), or None
        Rank in [0, 1] of each quantile; None where there are counts.
    gaps : ndarray
        Points with a wide gap above.
    """

    points: Floats
    counts: Floats | None
    ranks: Floats | None
    gaps: Floats

    @classmethod
    def fit(cls, values: Floats, levels: int = LEVELS) -> Marginal:
        """Learn the distribution of `values` (n >= 1, finite).

        Columns whose values repeat (at most `levels` different ones, four times each on average) are kept value by
        value; any other by at most 200 quantiles, or `levels` if that is less, and finer ones at tails and gaps.
        """
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) == 1 or (len(distinct) <= levels and len(values) >= _MIN_REPEATS * len(distinct)):
            return cls(distinct, counts.astype(np.float64), None, np.empty(0))
        rising = np.sort(values)
        before = _find_gaps(rising)
        last = len(rising) - 1
        places = _rank_grid(len(rising), levels) * last
        places = places[~np.isin(np.floor(places), before)]  # none inside a gap
        places = np.unique(np.concatenate([places, before, before + 1]))
        return cls(_take_quantiles(rising, places), None, places / last, rising[before])

    @cached_property
    def _steps(self) -> tuple[Floats, Floats, Floats]:
        """Values, and the ranks in [0, 1] below each and up to and including it; between two, ranks are linear."""
        if self.counts is not None:
            high = np.cumsum(self.counts) / self.counts.sum()
            return self.points, np.concatenate([[0.0], high[:-1]]), high
        ranks = np.asarray(self.ranks)
        values, first = np.unique(self.points, return_index=True)
        return values, ranks[first], ranks[np.append(first[1:], len(ranks)) - 1]

    @cached_property
    def _below_gap(self) -> NDArray[np.bool_]:
        return np.isin(self._steps[0], self.gaps)

    def to_scores(self, values: Floats, rng: np.random.Generator, whole: bool = False) -> Floats:
        """Return normal scores in [-LIMIT, LIMIT] of `values`.

        A value with ranks of its own gets a random place among them. Any other, where values are whole numbers, is
        first moved by almost a half either way: that makes them a continuum, and rounding undoes it.
        """
        known, low, high = self._steps
        if whole:
            at = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
            alone = (known[at] != values) | (high[at] == low[at])
            values = values + alone * rng.uniform(_MARGIN - 0.5, 0.5 - _MARGIN, len(values))
        values = np.clip(values, known[0], known[-1])
        i = np.clip(np.searchsorted(known, values, side="right") - 1, 0, len(known) - 1)
        j = np.minimum(i + 1, len(known) - 1)
        between = high[i] + _fraction(values, known[i], known[j]) * (low[j] - high[i])
        margin = np.minimum(_MARGIN * (high[i] - low[i]), _MOST_MARGIN)
        on = low[i] + margin + rng.random(len(values)) * (high[i] - low[i] - 2 * margin)
        rank = np.where(values == known[i], on, between)
        return np.asarray(ndtri(_EDGE + (1 - 2 * _EDGE) * rank), dtype=np.float64)

    def from_scores(self, scores: Floats) -> Floats:
        """Return the values at normal scores; anything beyond LIMIT is the smallest or largest value."""
        known, low, high = self._steps
        rank = np.clip((ndtr(scores.astype(np.float64)) - _EDGE) / (1 - 2 * _EDGE), 0.0, 1.0)
        i = np.clip(np.searchsorted(low, rank, side="right") - 1, 0, len(known) - 1)
        j = np.minimum(i + 1, len(known) - 1)
        t = _fraction(np.clip(rank, high[i], np.maximum(low[j], high[i])), high[i], low[j])
        return _interpolate(known[i], known[j], np.where(self._below_gap[i], np.round(t), t))


def _rank_grid(n: int, levels: int) -> Floats:
    """Return the ranks at which the quantiles of `n` values are kept: even, with finer ones in the tails."""
    middle = np.linspace(0.0, 1.0, min(_KNOTS, levels, max(2, n // 2)) + 1)
    tail = np.asarray([q for q in _TAIL if q * n >= 1 and q < middle[1]])
    return np.unique(np.concatenate([middle, tail, 1.0 - tail]))


def _find_gaps(rising: Floats) -> NDArray[np.int64]:
    """Return the places of the values that have a wide gap above."""
    edge = int(np.ceil(_INNER * len(rising)))
    inner = rising[edge : len(rising) - edge] / 4  # a quarter, because 1e308 - -1e308 would be infinite
    if len(inner) < _WIDE_SPACINGS:
        return np.empty(0, dtype=np.int64)
    widths = np.diff(inner)
    wide = max(_WIDE, _WIDE_SPACINGS / len(widths)) * (inner[-1] - inner[0])
    return edge + np.flatnonzero(widths > wide)


def _take_quantiles(rising: Floats, places: Floats) -> Floats:
    """Return what lies at places among rising values; numpy's own overflow between -1e308 and 1e308."""
    i = places.astype(np.int64)
    j = np.minimum(i + 1, len(rising) - 1)
    return np.maximum.accumulate(_interpolate(rising[i], rising[j], places - i))


def _fraction(values: Floats, low: Floats, high: Floats) -> Floats:
    """Return how far from ``low`` to ``high`` values are, 0 where the two are equal."""
    with np.errstate(over="ignore"):
        scale = np.where(np.isinf(high - low), 0.25, 1.0)  # 1e308 - -1e308 would be infinite
    gap = high * scale - low * scale
    return np.divide(values * scale - low * scale, gap, out=np.zeros_like(gap), where=gap > 0)


def _interpolate(low: Floats, high: Floats, t: Floats) -> Floats:
    """Return ``low`` at t = 0 and ``high`` at t = 1, exactly, and what lies between without leaving the two."""
    with np.errstate(over="ignore", invalid="ignore"):
        near = low + t * (high - low)  # exact to the last digit, but for gaps beyond the largest float
    return np.where(t == 1, high, np.clip(np.where(np.isfinite(near), near, low * (1 - t) + high * t), low, high))
