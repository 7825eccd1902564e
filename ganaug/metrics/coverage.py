"""Whether synthetic rows lie where real ones do, and reach everywhere that real ones do, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..data.rows import take_rows
from ..errors import DataError
from ..rng import Seed, new_seed, numpy_stream
from .neighbours import ball_radii, count_inside, is_inside
from .space import Points, Space, sample_rows
from .values import encode, frequent

_MAX_ROWS = 5000  # of either kind per class


@dataclass(frozen=True)
class ClassCoverage:
    """Density and coverage of one class.

    Attributes
    ----------
    label : object
        The class.
    density, coverage : float or None
        As `density_coverage` gives them; None where there are fewer than 2 rows of either kind.
    rows : int
        Rows of either kind that were compared.
    """

    label: Any
    density: float | None
    coverage: float | None
    rows: int


def density_coverage(real: Points, synthetic: Points, k: int = 5) -> tuple[float, float] | None:
    """Return how densely synthetic points lie where real ones do, and what share of the real ones they reach.

    Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020. Every real point has a
    ball that reaches to its k-th nearest real neighbour, the border included. Density is the mean number of balls that
    a synthetic point lies in, over k; coverage the share of balls with a synthetic point in them. Where points
    coincide, as those of few categories do, a ball can hold more than k neighbours; it then counts by that number, so
    that real rows still have a density of about 1.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Points, such as `Space` makes. Coverage grows with m: compare sets of equal size.
    k : int, default 5
        Neighbours; at most n - 1 are taken.

    Returns
    -------
    (density, coverage) or None
        Density is 0 or more, and about 1 for rows of the real distribution, which it can exceed; coverage lies in 0 to
        1, and is about ``1 - 0.5**k`` for as many rows of the real distribution. None where there
        are fewer than 2 real or no synthetic points.
    """
    if len(real) < 2 or not len(synthetic):
        return None
    k = min(k, len(real) - 1)
    radii = ball_radii(real, k)
    neighbours = np.maximum(count_inside(real, real, radii) - 1, k)
    inside = count_inside(real, synthetic, radii)
    return float((inside / neighbours).sum() / len(synthetic)), float((inside > 0).mean())


def precision_recall(real: Points, synthetic: Points, k: int = 5) -> tuple[float, float] | None:
    """Return what share of the synthetic points lies among real ones, and of the real ones among synthetic ones.

    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019: a point
    lies among others if it is no further from one of them than that one's k-th nearest neighbour among them.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Points; recall grows with m: compare sets of equal size.
    k : int, default 5
        Neighbours; at most one less than there are points of a kind are taken.

    Returns
    -------
    (precision, recall) or None
        Each in 0 to 1. None where there are fewer than 2 points of either kind.
    """
    if min(len(real), len(synthetic)) < 2:
        return None
    shares = []
    for points, centres in ((synthetic, real), (real, synthetic)):
        radii = ball_radii(centres, min(k, len(centres) - 1))
        shares.append(float(is_inside(centres, points, radii).mean()))
    return shares[0], shares[1]


def class_density_coverage(
    real: tuple[Any, Any], synthetic: tuple[Any, Any], k: int = 5, random_state: Seed = None
) -> list[ClassCoverage]:
    """Return density and coverage of every real class, on equal numbers of rows: at most 5,000 per class.

    Parameters
    ----------
    real, synthetic : (X, y)
        Rows, a DataFrame or array, and a label for each.
    k : int, default 5
        As for `density_coverage`.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn.

    Returns
    -------
    list of ClassCoverage
        The most frequent class first; rows without a label are left out.

    Raises
    ------
    DataError
        There is not one label per row, a table is empty or lacks a column, or a column holds values of another kind
        than the real one.
    """
    (X, y), (X_new, y_new) = (
        _with_labels(name, *rows) for name, rows in {"real": real, "synthetic": synthetic}.items()
    )
    labels, space = frequent(y), Space.fit(X)
    codes, new_codes = encode(y, labels), encode(y_new, labels)
    seed, classes = new_seed(random_state), []
    for code, label in enumerate(labels):
        rng = numpy_stream(seed, "coverage", code)
        rows, made = np.flatnonzero(codes == code), np.flatnonzero(new_codes == code)
        n = min(len(rows), len(made), _MAX_ROWS)
        found = None
        if n > 1:
            a, b = (
                space.transform(take_rows(data, sample_rows(at, n, rng))) for data, at in ((X, rows), (X_new, made))
            )
            found = density_coverage(a, b, k)
        density, coverage = found or (None, None)
        classes.append(ClassCoverage(label, density, coverage, n))
    return classes


def _with_labels(name: str, X: Any, y: Any) -> tuple[Any, pd.Series[Any]]:
    labels = y if isinstance(y, pd.Series) else pd.Series(np.asarray(y).ravel(), name="label")
    if len(labels) != len(X):
        raise DataError(f"There are {len(X)} {name} rows and {len(labels)} labels; give one label per row.")
    return X, labels
