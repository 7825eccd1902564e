"""Map numbers to normal scores and back, by the quantiles of their distribution.

The score of a number is the normal quantile of its rank: scores have no long tails, gaps or skew, and decoded numbers
have them again. No decoded number is outside the range in training, or inside a wide gap of it. Equal values share an
interval of ranks; each occurrence gets a random rank inside it, so that a discriminator sees no steps in the scores.
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
"""Largest number of distinct values that are stored with their counts."""

_KNOTS = 200  # number of quantiles stored for more distinct values
_MARGIN = 0.02  # share of an interval of ranks that is left free at each end,
_MOST_MARGIN = 1e-6  # but at most this much: enough to stay inside through rounding to float32
_MIN_REPEATS = 4
_TAIL = (1 / 8192, 1 / 4096, 1 / 2048, 1 / 1024, 1 / 512)

# A gap is kept empty if it lies in the inner nine tenths of the rows and is wide there. A gap further out is the
# distance to an outlier, which would be copied if no value could be decoded beside it.
_INNER = 0.05
_WIDE = 0.05
_WIDE_SPACINGS = 10


@dataclass(frozen=True)
class Marginal(JsonRecord):
    """Distribution function of one number.

    Attributes
    ----------
    points : ndarray of shape (k,)
        In rising order: every distinct value, or quantiles.
    counts : ndarray of shape (k,), or None
        Occurrences of each value; None if the points are quantiles.
    ranks : ndarray of shape (k,), or None
        Rank in [0, 1] of each quantile; None if there are counts.
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

        Values that repeat (at most `levels` distinct ones, four times each on average) are stored with their counts;
        others as quantiles at 200 even steps of rank, or `levels` if that is less, and finer ones at tails and gaps.
        """
        # 1. Few values that repeat: each with its count
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) == 1 or (len(distinct) <= levels and len(values) >= _MIN_REPEATS * len(distinct)):
            return cls(distinct, counts.astype(np.float64), None, np.empty(0))

        # 2. Others: quantiles, with both ends of each gap and none inside
        rising = np.sort(values)
        before = _find_gaps(rising)
        last = len(rising) - 1
        places = _rank_grid(len(rising), levels) * last
        places = places[~np.isin(np.floor(places), before)]
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

        A value with an interval of ranks gets a random rank inside it. Any other whole number is first moved by up to
        almost a half either way, which makes the scores continuous; rounding undoes it.
        """
        # 1. Dequantise whole numbers
        known, low, high = self._steps
        if whole:
            at = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
            alone = (known[at] != values) | (high[at] == low[at])
            values = values + alone * rng.uniform(_MARGIN - 0.5, 0.5 - _MARGIN, len(values))

        # 2. Ranks: random inside an interval, interpolated between two
        values = np.clip(values, known[0], known[-1])
        i = np.clip(np.searchsorted(known, values, side="right") - 1, 0, len(known) - 1)
        j = np.minimum(i + 1, len(known) - 1)
        between = high[i] + _fraction(values, known[i], known[j]) * (low[j] - high[i])
        margin = np.minimum(_MARGIN * (high[i] - low[i]), _MOST_MARGIN)
        on = low[i] + margin + rng.random(len(values)) * (high[i] - low[i] - 2 * margin)
        rank = np.where(values == known[i], on, between)

        # 3. Normal quantiles of the ranks
        return np.asarray(ndtri(_EDGE + (1 - 2 * _EDGE) * rank), dtype=np.float64)

    def from_scores(self, scores: Floats) -> Floats:
        """Return the values at normal scores; scores beyond LIMIT give the smallest or largest value."""
        known, low, high = self._steps
        rank = np.clip((ndtr(scores.astype(np.float64)) - _EDGE) / (1 - 2 * _EDGE), 0.0, 1.0)
        i = np.clip(np.searchsorted(low, rank, side="right") - 1, 0, len(known) - 1)
        j = np.minimum(i + 1, len(known) - 1)
        t = _fraction(np.clip(rank, high[i], np.maximum(low[j], high[i])), high[i], low[j])
        return _interpolate(known[i], known[j], np.where(self._below_gap[i], np.round(t), t))


def _rank_grid(n: int, levels: int) -> Floats:
    """Return the ranks of the quantiles to store for `n` values: even, with finer ones in the tails."""
    middle = np.linspace(0.0, 1.0, min(_KNOTS, levels, max(2, n // 2)) + 1)
    tail = np.asarray([q for q in _TAIL if q * n >= 1 and q < middle[1]])
    return np.unique(np.concatenate([middle, tail, 1.0 - tail]))


def _find_gaps(rising: Floats) -> NDArray[np.int64]:
    """Return the positions of the values that have a wide gap above."""
    edge = int(np.ceil(_INNER * len(rising)))
    inner = rising[edge : len(rising) - edge] / 4  # a quarter, because 1e308 - -1e308 would be infinite
    if len(inner) < _WIDE_SPACINGS:
        return np.empty(0, dtype=np.int64)
    widths = np.diff(inner)
    wide = max(_WIDE, _WIDE_SPACINGS / len(widths)) * (inner[-1] - inner[0])
    return edge + np.flatnonzero(widths > wide)


def _take_quantiles(rising: Floats, places: Floats) -> Floats:
    """Return the quantiles at fractional positions among rising values; numpy's own overflow from -1e308 to 1e308."""
    i = places.astype(np.int64)
    j = np.minimum(i + 1, len(rising) - 1)
    return np.maximum.accumulate(_interpolate(rising[i], rising[j], places - i))


def _fraction(values: Floats, low: Floats, high: Floats) -> Floats:
    """Return the fraction of the way from ``low`` to ``high``, 0 if the two are equal."""
    with np.errstate(over="ignore"):
        scale = np.where(np.isinf(high - low), 0.25, 1.0)  # 1e308 - -1e308 would be infinite
    gap = high * scale - low * scale
    return np.divide(values * scale - low * scale, gap, out=np.zeros_like(gap), where=gap > 0)


def _interpolate(low: Floats, high: Floats, t: Floats) -> Floats:
    """Interpolate: return exactly ``low`` at t = 0 and ``high`` at t = 1, and values inside the two between."""
    with np.errstate(over="ignore", invalid="ignore"):
        near = low + t * (high - low)  # exact to the last digit, but for gaps beyond the largest float
    return np.where(t == 1, high, np.clip(np.where(np.isfinite(near), near, low * (1 - t) + high * t), low, high))
