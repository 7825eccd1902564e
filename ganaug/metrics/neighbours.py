"""Nearest neighbours among points, never with all distances in memory at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from .space import Points

Distances = NDArray[np.float64]


def nearest(points: Points, others: Points, k: int) -> Distances:
    """Return the distances of each point to its `k` nearest `others` (or all, if there are fewer), ascending.

    Parameters
    ----------
    points, others : ndarray of float32, shapes (n, d) and (m, d)
        Points.
    k : int
        How many.

    Returns
    -------
    ndarray of float64, shape (n, min(k, m))
        Distances.
    """
    found = NearestNeighbors(n_neighbors=min(k, len(others)), algorithm="brute").fit(others)
    distances, index = found.kneighbors(points)
    distances[:, 0] = _exact(points, others[index[:, 0]])
    return np.asarray(distances, dtype=np.float64)


def nearest_other(points: Points, chosen: NDArray[np.int64]) -> Distances:
    """Return the distance of some of the points to the nearest of all others; shape (n_chosen,).

    Parameters
    ----------
    points : ndarray of float32, shape (n, d)
        At least two points, no two of them equal.
    chosen : ndarray of int64, shape (n_chosen,)
        Which points.
    """
    found = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(points)
    index = found.kneighbors(points[chosen], return_distance=False)
    return _exact(points[chosen], points[np.where(index[:, 0] == chosen, index[:, 1], index[:, 0])])


def _exact(points: Points, others: Points) -> Distances:
    """Return distances that are zero between equal points; those of a search are off by rounding."""
    return np.sqrt(np.square(points.astype(np.float64) - others).sum(axis=1))
