"""How sure a difference between two arms is, when their training sets overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEVEL = 0.95
_ROUNDING = 1e-9  # differences closer to each other than that are the same


@dataclass(frozen=True)
class Difference:
    """A mean paired difference with its interval.

    Attributes
    ----------
    mean : float
        Mean difference over the folds.
    low, high : float
        Ends of the 95 % interval; NaN with fewer than two folds, or where all differ by the same amount and so say
        nothing of the spread. Where none differs at all, both are 0.
    effect_size : float
        Mean over standard deviation of the paired differences (Cohen's d of paired samples); NaN where there is no
        interval, 0 where all differences are 0.
    n : int
        Number of folds.
    """

    mean: float
    low: float
    high: float
    effect_size: float
    n: int

    @property
    def differs(self) -> bool:
        """Whether any fold differs at all, as far as is known."""
        return not (self.n and self.mean == self.low == self.high == 0)


def paired_difference(scores: ArrayLike, reference: ArrayLike, test_to_train: float) -> Difference:
    """Return how much better `scores` are than `reference`, fold by fold, with an interval.

    Folds share training rows, so their differences vary together, and the plain standard error is too small. Nadeau
    and Bengio [1]_ put 1/n + n_test/n_train in place of 1/n; Bouckaert and Frank [2]_ carry it over to repeated
    cross-validation, where n is folds times repeats.

    Parameters
    ----------
    scores, reference : array-like of shape (n,)
        Scores of two arms on the same folds; folds where either is NaN do not count.
    test_to_train : float
        Test rows per training row, 0.25 for five folds.

    Returns
    -------
    Difference
        Student's t interval with n - 1 degrees of freedom.

    References
    ----------
    .. [1] Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
    .. [2] Bouckaert and Frank, "Evaluating the Replicability of Significance Tests for Comparing Learning
       Algorithms", PAKDD 2004.
    """
    differences = np.asarray(scores, dtype=float) - np.asarray(reference, dtype=float)
    differences = differences[~np.isnan(differences)]
    n = len(differences)
    if n == 0:
        return Difference(np.nan, np.nan, np.nan, np.nan, 0)
    mean = float(differences.mean())
    deviation = float(differences.std(ddof=1)) if n > 1 else 0.0
    if not differences.any() and n > 1:
        return Difference(0.0, 0.0, 0.0, 0.0, n)
    if deviation <= _ROUNDING * abs(mean):
        return Difference(mean, np.nan, np.nan, np.nan, n)
    margin = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * deviation * np.sqrt(1 / n + test_to_train)
    return Difference(mean, mean - margin, mean + margin, mean / deviation, n)


def rows_needed(difference: Difference, n_rows: int) -> int | None:
    """Return about how many labelled rows would show a difference of this size, to two digits.

    The interval's width falls with the root of the number of rows, so they have to grow by the square of half its
    width over the difference; this takes the measured difference as the true one.

    Parameters
    ----------
    difference : Difference
        What was measured.
    n_rows : int
        On how many rows.

    Returns
    -------
    int or None
        At least `n_rows`; None where the difference is 0 or has no interval.
    """
    half_width = (difference.high - difference.low) / 2
    if not difference.mean or not np.isfinite(half_width):
        return None
    wanted = n_rows * max(1.0, (half_width / difference.mean) ** 2)
    if wanted > 1e12:
        return None
    digits = 10 ** max(0, int(np.log10(wanted)) - 1)
    return max(n_rows, int(np.ceil(wanted / digits)) * digits)
