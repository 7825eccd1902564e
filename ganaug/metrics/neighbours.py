"""Nearest neighbours among points, never with all distances in memory at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from .space import Points

Distances = NDArray[np.float64]

_ROUNDING = 1e-5  # of distances
_MEBIBYTES = 64  # for one chunk of distances


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


def ball_radii(points: Points, k: int) -> Distances:
    """Return how far it is from each point to its `k`-th nearest other, the border included; shape (n,).

    Parameters
    ----------
    points : ndarray of float32, shape (n, d)
        More than `k` points.
    k : int
        Which neighbour, from 1.
    """
    return nearest(points, points, k + 1)[:, k] * (1 + _ROUNDING) + _ROUNDING


def count_inside(centres: Points, points: Points, radii: Distances) -> NDArray[np.int64]:
    """Return how many points lie in the ball around each centre; shape (n_centres,).

    Parameters
    ----------
    centres, points : ndarray of float32, shapes (n, d) and (m, d)
        Points.
    radii : ndarray of float64, shape (n,)
        Of the balls.
    """

    def count(distances: NDArray[Any], start: int) -> NDArray[np.int64]:
        return (distances <= radii[start : start + len(distances), None]).sum(axis=1)

    chunks = pairwise_distances_chunked(centres, points, reduce_func=count, working_memory=_MEBIBYTES)
    return np.concatenate(list(chunks))


def is_inside(centres: Points, points: Points, radii: Distances) -> NDArray[np.bool_]:
    """Return whether each point lies in the ball around any centre; shape (m,). Parameters as for `count_inside`."""

    def found(distances: NDArray[Any], start: int) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = np.any(distances <= radii, axis=1)
        return inside

    chunks = pairwise_distances_chunked(points, centres, reduce_func=found, working_memory=_MEBIBYTES)
    return np.concatenate(list(chunks))


def _exact(points: Points, others: Points) -> Distances:
    """Return distances that are zero between equal points; those of a search are off by rounding."""
    return np.sqrt(np.square(points.astype(np.float64) - others).sum(axis=1))
