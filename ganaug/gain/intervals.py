"""Confidence intervals of paired differences between arms, for folds with overlapping training sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEVEL = 0.95
_ROUNDING = 1e-9  # relative spread below which differences count as equal


@dataclass(frozen=True)
class Difference:
    """Mean paired difference with its 95 % interval.

    Attributes
    ----------
    mean : float
        Mean difference over folds.
    low, high : float
        Ends of the 95 % interval. Both are NaN with fewer than two folds, or if all folds differ by the same nonzero
        amount, which gives no estimate of the spread. Both are 0 if all differences are 0.
    effect_size : float
        Mean over standard deviation of the paired differences (Cohen's d of paired samples); NaN without an interval, 0
        if all differences are 0.
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
        """Whether any fold differs, as far as known."""
        return not (self.n and self.mean == self.low == self.high == 0)


def paired_difference(scores: ArrayLike, reference: ArrayLike, test_to_train: float) -> Difference:
    """Return the mean paired difference of two arms over folds, with a corrected t interval.

    Folds share training rows, so their differences are correlated, and the plain standard error is too small. Nadeau
    and Bengio [1]_ replace 1/n by 1/n + n_test/n_train; Bouckaert and Frank [2]_ extend this to repeated
    cross-validation, where n is folds times repeats.

    Parameters
    ----------
    scores, reference : array-like of shape (n,)
        Scores of two arms on the same folds; folds with a NaN do not count.
    test_to_train : float
        Test rows per training row, such as 0.25 for five folds.

    Returns
    -------
    Difference
        Mean difference with Student's t interval of n - 1 degrees of freedom.

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
    """Return the approximate number of labelled rows that would show a difference, to two digits.

    The width of the interval falls with the root of the number of rows. The rows therefore have to grow by the square
    of half the width over the difference, if the measured difference is the true one.

    Parameters
    ----------
    difference : Difference
        Measured difference.
    n_rows : int
        Number of labelled rows in the experiment.

    Returns
    -------
    int or None
        At least `n_rows`; None if the difference is 0 or has no interval.
    """
    half_width = (difference.high - difference.low) / 2
    if not difference.mean or not np.isfinite(half_width):
        return None
    wanted = n_rows * max(1.0, (half_width / difference.mean) ** 2)
    if wanted > 1e12:
        return None
    digits = 10 ** max(0, int(np.log10(wanted)) - 1)
    return max(n_rows, int(np.ceil(wanted / digits)) * digits)
