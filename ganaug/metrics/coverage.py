"""Compare real and synthetic points by their nearest neighbours: density, coverage, precision and recall."""

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
from .values import encode_categories, rank_categories

_MAX_ROWS = 5000  # real, and as many synthetic, per class


@dataclass(frozen=True)
class ClassCoverage:
    """Density and coverage of one class.

    Attributes
    ----------
    label : object
        Label of the class.
    density, coverage : float or None
        As returned by `density_coverage`; None with fewer than 2 real or 2 synthetic rows.
    rows : int
        Number of real rows that were compared with as many synthetic rows.
    """

    label: Any
    density: float | None
    coverage: float | None
    rows: int


def density_coverage(real: Points, synthetic: Points, k: int = 5) -> tuple[float, float] | None:
    """Return the density and the coverage of synthetic points [1]_.

    Every real point is the centre of a ball that reaches to its k-th nearest real neighbour, the border included.
    Density is the mean number of balls around a synthetic point, divided by k. Coverage is the share of balls that
    contain a synthetic point. If points coincide, as in tables of few categories, a ball can hold more than k
    neighbours; its weight is then divided by their number, so that real rows still have a density of about 1.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Points, as returned by `Space.transform`. Coverage grows with m: compare sets of equal size.
    k : int, default 5
        Number of neighbours, at most n - 1.

    Returns
    -------
    (density, coverage) or None
        Density is at least 0, and about 1 for rows of the real distribution; it can exceed 1. Coverage lies between 0
        and 1, and is about ``1 - 0.5**k`` for n rows of the real distribution. None with fewer than 2 real points or
        without synthetic points.

    See Also
    --------
    class_density_coverage : Density and coverage of the rows of each class.

    References
    ----------
    .. [1] Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.metrics import density_coverage
    >>> real = np.float32([[0], [1], [2], [9]])
    >>> synthetic = np.float32([[0.5], [1.5], [1.6]])
    >>> density_coverage(real, synthetic, k=1)  # no synthetic point is near the real one at 9
    (1.5, 0.75)
    """
    if len(real) < 2 or not len(synthetic):
        return None
    k = min(k, len(real) - 1)
    radii = ball_radii(real, k)
    neighbours = np.maximum(count_inside(real, real, radii) - 1, k)
    inside = count_inside(real, synthetic, radii)
    return float((inside / neighbours).sum() / len(synthetic)), float((inside > 0).mean())


def precision_recall(real: Points, synthetic: Points, k: int = 5) -> tuple[float, float] | None:
    """Return the precision and the recall of synthetic points [1]_.

    Precision is the share of synthetic points within the real manifold, recall the share of real points within the
    synthetic manifold. The manifold of a set of points is the union of the balls around them that reach to their k-th
    nearest neighbours in the set.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Points. Recall grows with m: compare sets of equal size.
    k : int, default 5
        Number of neighbours, at most n - 1 and m - 1.

    Returns
    -------
    (precision, recall) or None
        Each between 0 and 1. None with fewer than 2 real or 2 synthetic points.

    References
    ----------
    .. [1] Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.metrics.coverage import precision_recall
    >>> real = np.float32([[0], [1], [2], [3]])
    >>> synthetic = np.float32([[0.5], [1], [8]])
    >>> precision, recall = precision_recall(real, synthetic, k=1)
    >>> round(precision, 2), round(recall, 2)
    (0.67, 1.0)
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
    """Return the density and the coverage of every real class, on at most 5,000 real and as many synthetic rows.

    Parameters
    ----------
    real, synthetic : (X, y)
        Rows, as a DataFrame or array, and their labels.
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
        Rows and labels differ in number, a table is empty or lacks a column, or the kinds of a real and a synthetic
        column differ.

    Examples
    --------
    >>> from ganaug.metrics import class_density_coverage
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> for c in class_density_coverage((X, y), (X, y)):
    ...     print(c.label, round(c.density, 1), c.coverage, c.rows)
    0 1.2 1.0 50
    1 1.2 1.0 50
    2 1.2 1.0 50
    """
    X, X_new = real[0], synthetic[0]
    y = _check_labels("real", *real)
    y_new = _check_labels("synthetic", *synthetic)
    seed = new_seed(random_state)
    space = Space.fit(X)
    labels = rank_categories(y)
    codes = encode_categories(y, labels)
    new_codes = encode_categories(y_new, labels)
    classes = []
    for code, label in enumerate(labels):
        # Draw equally many real and synthetic rows of the class
        rng = numpy_stream(seed, "coverage", code)
        rows = np.flatnonzero(codes == code)
        new_rows = np.flatnonzero(new_codes == code)
        n = min(len(rows), len(new_rows), _MAX_ROWS)
        # Compare them in the space of all real rows
        found = None
        if n > 1:
            points = space.transform(take_rows(X, sample_rows(rows, n, rng)))
            new_points = space.transform(take_rows(X_new, sample_rows(new_rows, n, rng)))
            found = density_coverage(points, new_points, k)
        density, coverage = found or (None, None)
        classes.append(ClassCoverage(label, density, coverage, n))
    return classes


def _check_labels(name: str, X: Any, y: Any) -> pd.Series[Any]:
    labels = y if isinstance(y, pd.Series) else pd.Series(np.asarray(y).ravel(), name="label")
    if len(labels) != len(X):
        raise DataError(f"There are {len(X)} {name} rows and {len(labels)} labels; give one label per row.")
    return labels
