"""Attack synthetic rows by membership inference, and measure how often the attacks recognise training rows.

`membership_inference` runs all `ATTACKS`. An attack is a function of a `Target` that scores each candidate row.
"""

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
from .neighbours import nearest_distances
from .space import Points, Space, count_equal, feature_tables, flatten_samples, sample_rows
from .values import Numbers, align_columns

MIN_NON_MEMBERS = 8
"""Minimum number of held-out rows."""
N_SYNTHETIC = 50
"""Number of nearest synthetic rows that attacks know of each candidate."""
N_REFERENCE = 5
"""Number of nearest reference rows that attacks know of each candidate."""

_MAX_CANDIDATES = 5000  # members, and as many non-members
_MAX_ROWS = 100_000  # of members, and of synthetic rows
_MAX_TAUGHT = 10_000  # synthetic rows that the attacking classifier is trained on
_MIN_UNIQUE = 10
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Attack:
    """Success of one attack.

    Attributes
    ----------
    name : str
        Key in `ATTACKS`.
    auc : float
        Area under the ROC curve of members against non-members: 0.5 is chance, 1 is always right.
    ci_low, ci_high : float
        95 % confidence interval of `auc`.
    """

    name: str
    auc: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Membership:
    """Success of all attacks.

    Attributes
    ----------
    attacks : tuple of Attack
        One for each of `ATTACKS`.
    maximum : Attack
        Attack with the largest area; its interval is corrected for the choice among several (Bonferroni).
    members, non_members : int
        Number of training rows and of held-out rows that were attacked.
    """

    attacks: tuple[Attack, ...]
    maximum: Attack
    members: int
    non_members: int


def membership_inference(members: Any, synthetic: Any, non_members: Any, random_state: Seed = None) -> Membership:
    """Return how well attacks on synthetic rows distinguish training rows from other real rows.

    Half of the non-members are candidates, beside as many members, at most 5,000 of each. The other half is the
    attackers' reference. Rows that equal another member are not attacked, because they are members and non-members at
    once; if fewer than 10 members or non-members remain, all rows are attacked.

    No single attack is the best on all data, so the maximum counts [1]_. Failed attacks do not prove privacy.

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
        There are fewer than 2 members or 8 non-members, a table lacks a column, or the kinds of two columns differ.

    See Also
    --------
    near_copy_share : The share of synthetic rows that are near-copies of training rows.

    References
    ----------
    .. [1] Houssiau et al., "TAPAS: a Toolbox for Adversarial Privacy Auditing of Synthetic Data", arXiv 2211.06550.

    Examples
    --------
    >>> from ganaug.metrics import membership_inference
    >>> from sklearn.datasets import load_wine
    >>> X = load_wine(as_frame=True).data
    >>> found = membership_inference(X[::2], X[::2], X[1::2], random_state=0)  # synthetic rows are the training rows
    >>> round(found.maximum.auc, 2), found.members, found.non_members
    (1.0, 45, 45)
    """
    members, non_members, synthetic = align_columns(
        flatten_samples(members), held_out=flatten_samples(non_members), synthetic=flatten_samples(synthetic)
    )
    if len(members) < 2 or len(non_members) < MIN_NON_MEMBERS:
        raise DataError(
            f"There are {len(members)} training rows and {len(non_members)} held-out rows; membership inference takes "
            f"at least 2 and {MIN_NON_MEMBERS}. Hold out more rows."
        )
    seed = new_seed(random_state)
    rng = numpy_stream(seed, "membership")
    # Split the non-members into candidates and the attackers' reference
    order = rng.permutation(len(non_members))
    attacked = non_members.iloc[order[::2]]
    reference = non_members.iloc[order[1::2]]
    members = sample_rows(members, _MAX_ROWS, rng)
    synthetic = sample_rows(synthetic, _MAX_ROWS, rng)
    target = _build_target(members, attacked, reference, synthetic, seed)
    # Score the candidates by each attack
    truth = np.repeat([1, 0], len(target.to_synthetic) // 2)
    areas = {name: float(roc_auc_score(truth, attack(target))) for name, attack in ATTACKS.items()}
    # Report each attack, and the best with a corrected interval
    n = len(truth) // 2
    best = max(areas, key=lambda name: areas[name])
    attacks = tuple(Attack(name, area, *auc_interval(area, n)) for name, area in areas.items())
    maximum = Attack(best, areas[best], *auc_interval(areas[best], n, 1 - (1 - _CONFIDENCE) / len(areas)))
    return Membership(attacks, maximum, n, n)


def auc_interval(auc: float, n: int, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """Return a confidence interval of an area under the ROC curve that holds for any distribution of scores.

    The area is an average of means over n disjoint pairs of a member and a non-member [1]_, so its variance is at most
    ``auc (1 - auc) / n``, the variance of a binomial share of n trials. The interval is Wilson's for such a share [2]_,
    which also holds near 0 and 1. It is exact or too wide.

    Parameters
    ----------
    auc : float
        0 to 1.
    n : int
        Number of members, and of non-members.
    confidence : float, default 0.95
        Level, between 0 and 1.

    Returns
    -------
    (low, high)
        Between 0 and 1.

    References
    ----------
    .. [1] Hoeffding, "Probability Inequalities for Sums of Bounded Random Variables", JASA 1963, section 5.
    .. [2] Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.
    """
    z = float(norm.ppf(0.5 + confidence / 2))
    shrink = 1 + z * z / n
    middle = (auc + z * z / (2 * n)) / shrink
    half = z / shrink * float(np.sqrt(auc * (1 - auc) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Target:
    """Knowledge of an attacker: candidate rows, synthetic rows, and reference rows that were not trained on.

    Attributes
    ----------
    to_synthetic : ndarray of shape (n, at most 50)
        Distances of each candidate to the nearest synthetic rows, ascending.
    to_reference : ndarray of shape (n, at most 5)
        Distances of each candidate to the nearest reference rows, ascending.
    tables : tuple of ndarray
        Candidates, synthetic and reference rows, as returned by `feature_tables`.
    seed : int
        Seed of the attacks.
    """

    to_synthetic: Numbers
    to_reference: Numbers
    tables: tuple[Numbers, Numbers, Numbers]
    seed: int


def nearest_synthetic(target: Target) -> Numbers:
    """Score a candidate by the negative distance to the nearest synthetic row.

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
    """Score a candidate by the ratio of the densities of synthetic and of reference rows around it.

    DOMIAS: van Breugel et al., "Membership Inference Attacks against Synthetic Data through Overfitting Detection",
    AISTATS 2023. Densities are nearest-neighbour estimates, averaged over the first five neighbours; in many dimensions
    they work better than kernels. A constant factor, such as from different numbers of rows, does not change the
    ranking.
    """
    k = min(N_REFERENCE, target.to_synthetic.shape[1], target.to_reference.shape[1])
    least = 1e-3 * float(np.median(target.to_reference[:, 0])) + 1e-6
    to_reference, to_synthetic = (np.log(d[:, :k] + least) for d in (target.to_reference, target.to_synthetic))
    return (to_reference - to_synthetic).mean(axis=1)


def classifier(target: Target) -> Numbers:
    """Score a candidate by the log-odds of a classifier of synthetic against reference rows.

    After Hayes et al., "LOGAN: Membership Inference Attacks Against Generative Models", PoPETs 2019 (their black-box
    attack with auxiliary rows), with boosted trees.
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
"""Attacks by name; each returns one score per candidate, larger for likely training rows."""


def _build_target(
    members: pd.DataFrame, attacked: pd.DataFrame, reference: pd.DataFrame, synthetic: pd.DataFrame, seed: int
) -> Target:
    """Return equally many members and non-members as candidates, and the knowledge of the attacker.

    The space is learned on the synthetic rows: scales and categories of the members would give these away.
    """
    space = Space.fit(synthetic)
    # Choose the candidates
    a = space.transform(members)
    b = space.transform(attacked)
    in_a, in_b = _choose_candidates(a, b, numpy_stream(seed, "membership", "candidates"))
    candidates = np.concatenate([a[in_a], b[in_b]])
    # Convert candidates, synthetic and reference rows to features of trees
    frames = (members.iloc[in_a], attacked.iloc[in_b], synthetic, reference)
    inside, outside, taught, auxiliary = feature_tables(synthetic, *frames)
    return Target(
        nearest_distances(candidates, space.transform(synthetic), N_SYNTHETIC),
        nearest_distances(candidates, space.transform(reference), N_REFERENCE),
        (np.concatenate([inside, outside]), taught, auxiliary),
        stream_seed(seed, "membership", "attacks"),
    )


def _choose_candidates(members: Points, others: Points, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return positions of members and of others without an equal among the other members, equally many."""
    single = count_equal(members, members) == 1
    foreign = count_equal(others, members) == 0
    if min(single.sum(), foreign.sum()) < _MIN_UNIQUE:
        single[:] = True
        foreign[:] = True
    n = min(single.sum(), foreign.sum(), _MAX_CANDIDATES)
    return [rng.permutation(np.flatnonzero(which))[:n] for which in (single, foreign)]
