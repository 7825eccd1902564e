"""Rake weighted candidates: correct their weights until each column has the distribution of the real one.

A judge of whole rows corrects what it can learn, but its own errors may shift the distribution of single columns.
These shifts are small and can be measured exactly; raking removes them one column after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .grid import Grid

_BINS = 20
_ROWS_PER_BIN = 15
_SWEEPS = 20
_CLOSE = 0.01  # sweeps end when no correction changes by as much
_MOST = 4.0  # largest absolute correction: a factor of e**4
_NEVER = 600.0  # candidates with log-weights this far below the largest are drawn only if no others are left
_PRIOR = 5.0  # pseudo-count of rows, so that bins of few rows are corrected less

Floats = NDArray[np.float64]
Bins = NDArray[np.uint8]


@dataclass(frozen=True)
class RakingWeights:
    """Corrections of log-weights, one for each class, column and bin; they add up over columns.

    Attributes
    ----------
    edges : float32 Tensor of shape (k, d, BINS - 1)
        Upper ends of all bins but the last, of k classes and d features; infinity for unused bins.
    corrections : float32 Tensor of shape (k, d, BINS)
        Correction of the log-weight for a value in each bin.
    """

    edges: Tensor
    corrections: Tensor

    @classmethod
    def fit(
        cls, real: tuple[Tensor, Tensor], candidates: tuple[Tensor, Tensor], weights: Tensor, keep_one_in: int
    ) -> RakingWeights:
        """Find the corrections by iterative proportional fitting.

        Deming and Stephan, "On a Least Squares Adjustment of a Sampled Frequency Table When the Expected Marginal
        Totals are Known", Annals of Mathematical Statistics 11 (1940).

        Parameters
        ----------
        real, candidates : pair of Tensor
            Features of shape (n, d), and class codes of shape (n,).
        weights : Tensor of shape (n,)
            Log-weights of the candidates so far.
        keep_one_in : int
            Number of candidates for each one that is kept; the smaller it is, the weaker is the effect of weights.

        Returns
        -------
        RakingWeights
            Classes with too few rows get no correction.
        """
        X, codes = real
        Z, candidate_codes = candidates
        n_classes = int(codes.max()) + 1 if len(codes) else 0
        edges = torch.full((n_classes, X.shape[1], _BINS - 1), torch.inf)
        corrections = torch.zeros(n_classes, X.shape[1], _BINS)
        for code in torch.unique(codes).tolist():
            # 1. Rows and candidates of the class: enough of each for two bins
            rows = X[codes == code].numpy()
            others = candidate_codes == code
            n_bins = min(_BINS, len(rows) // _ROWS_PER_BIN)
            if n_bins < 2 or int(others.sum()) < n_bins * _ROWS_PER_BIN:
                continue

            # 2. Bins by the quantiles of the real rows
            for j in range(X.shape[1]):
                found = _find_edges(rows[:, j], n_bins)
                edges[code, j, : len(found)] = torch.from_numpy(found)
            real_bins, bins = (_bin(part, edges[code]) for part in (rows, Z[others].numpy()))
            raked = _rake(real_bins, bins, weights[others].double().numpy(), keep_one_in)
            corrections[code] = torch.from_numpy(raked)
        return cls(edges, corrections)

    def __call__(self, x: Tensor) -> Tensor:
        """Return one log-weight per row, shape (n, 1), for features and, last, the class code: shape (n, d + 1)."""
        X, codes = x[:, :-1].numpy(), x[:, -1].long()
        total = torch.zeros(len(x), 1)
        for code in torch.unique(codes[codes < len(self.edges)]).tolist():
            rows = torch.nonzero(codes == code).squeeze(1)
            columns = X.T if len(rows) == len(X) else X[rows.numpy()].T
            bins = self._grids[code].count_below(np.ascontiguousarray(columns))
            bins += np.arange(0, len(bins) * _BINS, _BINS)[:, None]
            own = np.take(self.corrections[code].numpy().ravel(), bins).sum(0)
            total[rows, 0] = torch.from_numpy(own)
        return total

    @cached_property
    def _grids(self) -> list[Grid]:
        return [Grid.of(list(own)) for own in self.edges.numpy()]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_grids"}

    def tensors(self) -> dict[str, Tensor]:
        """Return both arrays by name."""
        return {"edges": self.edges, "corrections": self.corrections}

    def to_json(self) -> list[int]:
        """Return numbers of classes and of features."""
        return list(self.edges.shape[:2])

    @staticmethod
    def expected(facts: Sequence[int]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each tensor of corrections whose `to_json` gave `facts`."""
        n_classes, n_features = facts
        shapes = {"edges": (n_classes, n_features, _BINS - 1), "corrections": (n_classes, n_features, _BINS)}
        return {key: (torch.float32, shape) for key, shape in shapes.items()}

    @classmethod
    def from_json(cls, facts: Sequence[int], tensors: Mapping[str, Tensor]) -> RakingWeights:
        """Return the corrections that `to_json` and `tensors` described."""
        return cls(**{key: tensors[key] for key in cls.expected(facts)})


def _find_edges(values: NDArray[np.float32], n_bins: int) -> NDArray[np.float32]:
    """Return the upper ends of at most `n_bins` bins but the last: one for each value, or quantiles."""
    distinct: NDArray[np.float32] = np.unique(values)
    if len(distinct) <= n_bins:
        return distinct[:-1]
    ends, times = np.unique(
        np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1], method="lower"), return_counts=True
    )
    spikes = np.searchsorted(distinct, ends[times > 1])  # a frequent value gets a bin of its own
    return np.unique(np.concatenate([ends, distinct[spikes[spikes > 0] - 1]]))


def _bin(X: NDArray[np.float32], edges: Tensor) -> Bins:
    """Return the bin of each value, shape (n, d); a value on an edge lies below it."""
    places = (np.searchsorted(edge, X[:, j]) for j, edge in enumerate(edges.numpy()))
    return np.stack([place.astype(np.uint8) for place in places], axis=1)


def _rake(real: Bins, bins: Bins, weights: Floats, keep_one_in: int) -> Floats:
    """Return corrections of shape (d, BINS) with which kept candidates fall into bins as often as real rows."""
    # 1. Start from no correction
    columns = range(real.shape[1])
    wanted = [np.bincount(real[:, j], minlength=_BINS) for j in columns]
    corrections = np.zeros((real.shape[1], _BINS))
    total = weights.copy()
    for _ in range(_SWEEPS):
        before = corrections.copy()
        level = _find_level(total, len(total) // keep_one_in)
        for j in columns:
            # 2. Count how often candidates are kept in each bin of a column
            kept = np.exp(np.minimum(level + total, 0.0))
            have = np.bincount(bins[:, j], kept, _BINS) * (len(real) / kept.sum())

            # 3. Correct the column by the ratio to the real counts
            step = np.log((wanted[j] + _PRIOR) / (have + _PRIOR))
            new = np.clip(corrections[j] + step, -_MOST, _MOST)
            total += (new - corrections[j])[bins[:, j]]
            corrections[j] = new

        # 4. Stop when no correction changes any more
        if np.abs(corrections - before).max() < _CLOSE:
            break
    return corrections


def inclusion_probabilities(weights: Floats, keep: int) -> Floats:
    """Return the probability of drawing each of n candidates if `keep` are drawn in proportion to exp(weights).

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Log-weights; may be minus infinity.
    keep : int
        Number of draws, at most n.

    Returns
    -------
    ndarray of shape (n,)
        Probabilities that add up to `keep`. None exceeds 1: the excess is shared by the others.
    """
    largest = weights.max(initial=-np.inf)
    weights = np.maximum(weights, largest - _NEVER) if np.isfinite(largest) else np.zeros(len(weights))
    return np.exp(np.minimum(_find_level(weights, keep) + weights, 0.0))


def _find_level(weights: Floats, keep: int) -> float:
    """Return log c such that min(1, c * exp(weight)), the inclusion probabilities, add up to `keep`."""
    if keep < 1:
        return -np.inf
    top = weights.max()
    largest = np.maximum(np.sort(weights)[::-1] - top, -_NEVER)
    rest = np.cumsum(np.exp(largest[::-1]))[::-1][:keep]  # of all but the first m, for each m that may be certain
    levels = np.log((keep - np.arange(keep)) / rest)
    fits = np.flatnonzero(levels + largest[:keep] <= 1e-12)
    return float(levels[fits[0] if len(fits) else -1] - top)
