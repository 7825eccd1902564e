"""Whether synthetic rows give away which real rows were trained on: attacks, and how often they succeed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from ..errors import DataError
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from .detection import synthetic_odds
from .neighbours import nearest
from .space import Points, Space, feature_table, flatten_samples, n_equal, sample_rows
from .values import Numbers, aligned

MIN_NON_MEMBERS = 8
"""Held-out rows below which nothing can be said."""

_MAX_CANDIDATES = 5000  # of either kind
_MAX_ROWS = 100_000  # of members and of synthetic rows
_MIN_UNIQUE = 10
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Attack:
    """How well one attack tells training rows from others.

    Attributes
    ----------
    name : str
        Key in `ATTACKS`.
    auc : float
        Area under the ROC curve: 0.5 is chance, 1 is always right.
    ci_low, ci_high : float
        95 % confidence interval of it.
    """

    name: str
    auc: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Membership:
    """The outcome of all attacks.

    Attributes
    ----------
    attacks : tuple of Attack
        One for each of `ATTACKS`.
    maximum : Attack
        The one with the greatest area; its interval allows for its being the best of several (Bonferroni).
    members, non_members : int
        Training rows and held-out rows that were attacked.
    """

    attacks: tuple[Attack, ...]
    maximum: Attack
    members: int
    non_members: int


def membership_inference(members: Any, synthetic: Any, non_members: Any, random_state: Seed = None) -> Membership:
    """Return how well attacks that see only synthetic rows tell which real rows were trained on.

    Half of the non-members are attacked, beside as many members, at most 5,000 of each; the other half is the
    reference that attackers have. A row that has an equal among the other members is attacked neither as a member nor
    as a non-member, for then it is both; only where hardly any other rows are left, all are attacked.

    No single attack is the best one everywhere, so the maximum counts (Houssiau et al., "TAPAS: a Toolbox for
    Adversarial Privacy Auditing of Synthetic Data", arXiv 2211.06550). An attack that fails proves no privacy.

    Parameters
    ----------
    members : DataFrame or array
        Rows that were trained on, the label among the columns; at most 100,000 are used.
    synthetic : DataFrame or array
        Synthetic rows; at most 100,000 are used.
    non_members : DataFrame or array
        Rows of the same distribution that were not trained on.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the halves, of the rows that are drawn, and of the attacks.

    Returns
    -------
    Membership
        All attacks, and the best one.

    Raises
    ------
    DataError
        There are fewer than 2 members or 8 non-members, a table lacks a column, or a column holds values of another
        kind.
    """
    members, non_members, synthetic = aligned(
        flatten_samples(members), held_out=flatten_samples(non_members), synthetic=flatten_samples(synthetic)
    )
    if len(members) < 2 or len(non_members) < MIN_NON_MEMBERS:
        raise DataError(
            f"There are {len(members)} training rows and {len(non_members)} held-out rows; membership inference takes "
            f"at least 2 and {MIN_NON_MEMBERS}. Hold out more rows."
        )
    seed = new_seed(random_state)
    rng = numpy_stream(seed, "membership")
    order = rng.permutation(len(non_members))
    attacked, reference = non_members.iloc[order[::2]], non_members.iloc[order[1::2]]
    members, synthetic = (sample_rows(rows, _MAX_ROWS, rng) for rows in (members, synthetic))
    target = _target(members, attacked, reference, synthetic, seed)
    truth = np.repeat([1, 0], len(target.to_synthetic) // 2)
    areas = {name: float(roc_auc_score(truth, attack(target))) for name, attack in ATTACKS.items()}
    n = len(truth) // 2
    best = max(areas, key=lambda name: areas[name])
    attacks = tuple(Attack(name, area, *interval(area, n)) for name, area in areas.items())
    maximum = Attack(best, areas[best], *interval(areas[best], n, 1 - (1 - _CONFIDENCE) / len(areas)))
    return Membership(attacks, maximum, n, n)


def interval(auc: float, n: int, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """Return a confidence interval of an area under the ROC curve, whatever the distribution of the scores.

    The area is an average of means over n disjoint pairs of a member and a non-member (Hoeffding, "Probability
    Inequalities for Sums of Bounded Random Variables", JASA 1963, section 5), so its variance is at most
    ``auc (1 - auc) / n``, that of a share of n trials; hence the interval of such a share (Wilson, JASA 1927), which
    also holds near 0 and 1. Where it is not exact, it is too wide.

    Parameters
    ----------
    auc : float
        0 to 1.
    n : int
        Members, and as many non-members.
    confidence : float, default 0.95
        Above 0, below 1.

    Returns
    -------
    (low, high)
        Within 0 to 1.
    """
    z = float(norm.ppf(0.5 + confidence / 2))
    shrink = 1 + z * z / n
    middle = (auc + z * z / (2 * n)) / shrink
    half = z / shrink * float(np.sqrt(auc * (1 - auc) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _target(
    members: pd.DataFrame, attacked: pd.DataFrame, reference: pd.DataFrame, synthetic: pd.DataFrame, seed: int
) -> Target:
    """Return the candidates, as many members as others, and what the attacker knows.

    All is scaled by the synthetic rows: scales and categories from the members would tell them from the others.
    """
    space = Space.fit(synthetic)
    a, b = space.transform(members), space.transform(attacked)
    in_a, in_b = _chosen(a, b, numpy_stream(seed, "membership", "candidates"))
    candidates = np.concatenate([a[in_a], b[in_b]])
    frames = (members.iloc[in_a], attacked.iloc[in_b], synthetic, reference)
    inside, outside, taught, told = feature_table(synthetic, *frames)
    return Target(
        nearest(candidates, space.transform(synthetic), N_COUNTED),
        nearest(candidates, space.transform(reference), N_REFERENCE),
        (np.concatenate([inside, outside]), taught, told),
        stream_seed(seed, "membership", "attacks"),
    )


def _chosen(members: Points, others: Points, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return which members and which others are attacked: those without an equal among the other members."""
    single, foreign = n_equal(members, members) == 1, n_equal(others, members) == 0
    if min(single.sum(), foreign.sum()) < _MIN_UNIQUE:
        single[:], foreign[:] = True, True
    n = min(single.sum(), foreign.sum(), _MAX_CANDIDATES)
    return [rng.permutation(np.flatnonzero(which))[:n] for which in (single, foreign)]


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
