"""Attacks that judge from synthetic rows which real rows were trained on; `ATTACKS` holds them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..rng import numpy_stream
from .cells import Numbers
from .detection import synthetic_odds
from .space import sample_rows

N_COUNTED = 50
"""Synthetic rows around a candidate that are looked at."""
N_REFERENCE = 5
"""Reference rows around a candidate that are looked at."""

_MAX_TAUGHT = 10_000  # synthetic rows that the classifier learns from


@dataclass(frozen=True)
class Target:
    """What an attacker has: rows to judge, synthetic rows, and reference rows that were not trained on.

    Attributes
    ----------
    to_synthetic : ndarray of shape (n, at most 50)
        Distances of each candidate to the nearest synthetic rows, ascending.
    to_reference : ndarray of shape (n, at most 5)
        Distances of each candidate to the nearest reference rows, ascending.
    tables : tuple of ndarray
        Candidates, synthetic and reference rows as `feature_table` gives them.
    seed : int
        Decides what attacks draw.
    """

    to_synthetic: Numbers
    to_reference: Numbers
    tables: tuple[Numbers, Numbers, Numbers]
    seed: int


def nearest_synthetic(target: Target) -> Numbers:
    """Score a candidate by how near the nearest synthetic row is.

    Chen et al., "GAN-Leaks: A Taxonomy of Membership Inference Attacks against Generative Models", CCS 2020 (the
    full black-box attack).
    """
    return -target.to_synthetic[:, 0]


def monte_carlo(target: Target) -> Numbers:
    """Score a candidate by the number of synthetic rows in a ball around it, at most 50.

    Hilprecht et al., "Monte Carlo and Reconstruction Membership Inference Attacks against Generative Models", PoPETs
    2019, with their median heuristic: the radius is the median distance to the nearest synthetic row.
    """
    radius = np.median(target.to_synthetic[:, 0])
    return (target.to_synthetic <= radius).sum(axis=1).astype(np.float64)


def density_ratio(target: Target) -> Numbers:
    """Score a candidate by how much denser synthetic rows lie around it than reference rows.

    DOMIAS: van Breugel et al., "Membership Inference Attacks against Synthetic Data through Overfitting Detection",
    AISTATS 2023. Densities are those of nearest neighbours, averaged over the first five: in many dimensions they fare
    better than kernels. A constant factor, such as from different numbers of rows, does not change the ranking.
    """
    k = min(N_REFERENCE, target.to_synthetic.shape[1], target.to_reference.shape[1])
    least = 1e-3 * float(np.median(target.to_reference[:, 0])) + 1e-6
    to_reference, to_synthetic = (np.log(d[:, :k] + least) for d in (target.to_reference, target.to_synthetic))
    return (to_reference - to_synthetic).mean(axis=1)


def classifier(target: Target) -> Numbers:
    """Score a candidate by how synthetic a classifier finds it that was told synthetic from reference rows.

    In the manner of Hayes et al., "LOGAN: Membership Inference Attacks Against Generative Models", PoPETs 2019 (their
    black-box attack with auxiliary rows), with boosted trees.
    """
    candidates, synthetic, reference = target.tables
    synthetic = sample_rows(synthetic, _MAX_TAUGHT, numpy_stream(target.seed, "classifier"))
    y = np.repeat([1, 0], [len(synthetic), len(reference)])
    return synthetic_odds(np.concatenate([synthetic, reference]), y, candidates, target.seed)


ATTACKS: dict[str, Callable[[Target], Numbers]] = {
    "nearest synthetic row": nearest_synthetic,
    "Monte Carlo": monte_carlo,
    "density ratio": density_ratio,
    "classifier": classifier,
}
"""Attacks by name: each gives one score per candidate, greater for those it takes for training rows."""
