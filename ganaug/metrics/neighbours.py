"""Find nearest neighbours among points, with bounded memory."""

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


def nearest_distances(points: Points, others: Points, k: int) -> Distances:
    """Return the distances of each point to its `k` nearest `others`, ascending.

    Parameters
    ----------
    points, others : ndarray of float32, shapes (n, d) and (m, d)
        Points.
    k : int
        Number of neighbours.

    Returns
    -------
    ndarray of float64, shape (n, min(k, m))
        Distances.
    """
    found = NearestNeighbors(n_neighbors=min(k, len(others)), algorithm="brute").fit(others)
    distances, index = found.kneighbors(points)
    distances[:, 0] = _exact_distances(points, others[index[:, 0]])
    return np.asarray(distances, dtype=np.float64)


def nearest_other_distances(points: Points, chosen: NDArray[np.int64]) -> Distances:
    """Return the distances of the chosen points to their nearest other points; shape (n_chosen,).

    Parameters
    ----------
    points : ndarray of float32, shape (n, d)
        At least two distinct points.
    chosen : ndarray of int64, shape (n_chosen,)
        Positions of points.
    """
    found = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(points)
    index = found.kneighbors(points[chosen], return_distance=False)
    return _exact_distances(points[chosen], points[np.where(index[:, 0] == chosen, index[:, 1], index[:, 0])])


def ball_radii(points: Points, k: int) -> Distances:
    """Return the distance of each point to its `k`-th nearest other, rounded up to include it; shape (n,).

    Parameters
    ----------
    points : ndarray of float32, shape (n, d)
        More than `k` points.
    k : int
        Rank of the neighbour, from 1.
    """
    return nearest_distances(points, points, k + 1)[:, k] * (1 + _ROUNDING) + _ROUNDING


def count_inside(centres: Points, points: Points, radii: Distances) -> NDArray[np.int64]:
    """Count the points in the ball around each centre; shape (n_centres,).

    Parameters
    ----------
    centres, points : ndarray of float32, shapes (n, d) and (m, d)
        Points.
    radii : ndarray of float64, shape (n,)
        Radii of the balls.
    """

    def count(distances: NDArray[Any], start: int) -> NDArray[np.int64]:
        return (distances <= radii[start : start + len(distances), None]).sum(axis=1)

    chunks = pairwise_distances_chunked(centres, points, reduce_func=count, working_memory=_MEBIBYTES)
    return np.concatenate(list(chunks))


def is_inside(centres: Points, points: Points, radii: Distances) -> NDArray[np.bool_]:
    """Return whether each point lies in the ball around any centre; shape (m,). Parameters as for `count_inside`."""

    def is_covered(distances: NDArray[Any], start: int) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = np.any(distances <= radii, axis=1)
        return inside

    chunks = pairwise_distances_chunked(points, centres, reduce_func=is_covered, working_memory=_MEBIBYTES)
    return np.concatenate(list(chunks))


def _exact_distances(points: Points, others: Points) -> Distances:
    """Return distances without the rounding errors of a neighbour search, so that equal points have distance 0."""
    return np.sqrt(np.square(points.astype(np.float64) - others).sum(axis=1))
