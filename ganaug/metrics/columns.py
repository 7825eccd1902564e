"""How far the distribution of each column is from the real one, and the figures to show it by."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from .bins import Bins, category_bins, drawn_bins
from .cells import Numbers, aligned, kind_of, numbers, total_variation


def column_errors(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict[Hashable, float]:
    """Return how far the distribution of each column is from the real one.

    Numbers, durations and dates: the Kolmogorov-Smirnov distance of the present values, plus the difference of the
    shares of missing ones, at most 1. Other columns: the total variation distance, where missing is one more
    category. Both are what the column shapes of the Synthetic Data Vault measure (Patki et al., "The Synthetic Data
    Vault", DSAA 2016; complements of SDMetrics' KSComplement and TVComplement), there without the missing values.

    Parameters
    ----------
    real : DataFrame of shape (n, d)
        Real rows; what a column holds is decided by these.
    synthetic : DataFrame of shape (m, d)
        Synthetic rows, with the same columns in any order.

    Returns
    -------
    dict of name to float
        0 (equal) to 1 (nothing in common), in the order of the real columns. Samples of finite size differ by chance:
        compare with what other real rows get.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or a column holds values of another kind than the real one.
    """
    real, synthetic = aligned(real, synthetic=synthetic)
    return {name: _error(real.iloc[:, i], synthetic.iloc[:, i]) for i, name in enumerate(real.columns)}


def column_figures(real: pd.DataFrame, synthetic: pd.DataFrame, max_bins: int = 20) -> list[dict[str, Any]]:
    """Return what it takes to draw each column, real beside synthetic.

    Parameters
    ----------
    real, synthetic : DataFrame of shapes (n, d) and (m, d)
        As for `column_errors`.
    max_bins : int, default 20
        At most so many bins or categories per column, at least 2; rarer categories are drawn as one.

    Returns
    -------
    list of dict
        One per column, plain JSON: "name", "kind" ("number", "category" or "date"), "error" as in `column_errors`,
        "bins" (texts), "edges" (numbers only: one more than there are bins; durations in seconds; the outer bins take
        in all that lies beyond), "real" and "synthetic" (the share of all rows in each bin), and "missing" (the real
        and the synthetic share of missing cells).

    Raises
    ------
    DataError
        As for `column_errors`.
    """
    real, synthetic = aligned(real, synthetic=synthetic)
    return [_figure(real.iloc[:, i], synthetic.iloc[:, i], max_bins) for i in range(real.shape[1])]


def _error(real: pd.Series[Any], synthetic: pd.Series[Any]) -> float:
    kind = kind_of(real)
    if kind == "category":
        bins = category_bins(real)
        return total_variation(bins.shares(real), bins.shares(synthetic))
    x, y = numbers(real, kind), numbers(synthetic, kind)
    gaps, other_gaps = np.isnan(x), np.isnan(y)
    distance = abs(float(gaps.mean()) - float(other_gaps.mean()))
    if not gaps.all() and not other_gaps.all():
        distance += _kolmogorov_smirnov(x[~gaps], y[~other_gaps])
    return min(1.0, distance)


def _kolmogorov_smirnov(x: Numbers, y: Numbers) -> float:
    """Return the greatest distance of two distribution functions; SciPy's test adds a p-value, and fails at one row."""
    both = np.concatenate([x, y])
    below = [np.searchsorted(np.sort(values), both, side="right") / len(values) for values in (x, y)]
    return float(np.abs(below[0] - below[1]).max())


def _figure(real: pd.Series[Any], synthetic: pd.Series[Any], max_bins: int) -> dict[str, Any]:
    bins = drawn_bins(real, max_bins)
    p, q = bins.shares(real), bins.shares(synthetic)
    shown = _filled(bins, p, q)
    return {
        "name": str(real.name),
        "kind": bins.kind,
        "error": _error(real, synthetic),
        "bins": [bins.labels[i] for i in shown],
        "edges": list(bins.edges) if bins.edges else None,
        "real": p[shown].tolist(),
        "synthetic": q[shown].tolist(),
        "missing": [float(p[-1]), float(q[-1])],
    }


def _filled(bins: Bins, p: Any, q: Any) -> list[int]:
    """Return the bins to show: all, but for other categories where there are none."""
    n = len(bins.labels)
    is_empty = bins.kind == "category" and n > 1 and p[n - 1] == q[n - 1] == 0
    return list(range(n - 1 if is_empty else n))
