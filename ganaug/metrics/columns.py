"""Compare the distribution of each column with the real one, as a distance and as a histogram.

`Bins` cuts a column into bins that are learned on real values; `ganaug.metrics.pairs` uses them for pairs of columns.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .values import (
    Codes,
    Kind,
    Numbers,
    align_columns,
    column_kind,
    encode_categories,
    rank_categories,
    to_floats,
    total_variation,
)

_TAIL = 0.005  # share of the real values on either side that the outer bins hold, however far away
_OTHERS = "other values"


def column_errors(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict[Hashable, float]:
    """Return the distance between the real and the synthetic distribution of each column.

    For numbers, durations and dates, it is the Kolmogorov-Smirnov distance of the values that are present, plus the
    difference of the shares of missing values, at most 1. For other columns, it is the total variation distance, with
    missing as one more category. The Synthetic Data Vault measures column shapes by the complements of both, without
    missing values (KSComplement and TVComplement of SDMetrics) [1]_.

    Parameters
    ----------
    real : DataFrame of shape (n, d)
        Real rows; they determine the kind of each column.
    synthetic : DataFrame of shape (m, d)
        Synthetic rows, with the same columns in any order.

    Returns
    -------
    dict of name to float
        0 (equal) to 1 (nothing in common), in the order of the real columns. Finite samples differ by chance:
        compare with the distance of other real rows.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    See Also
    --------
    pair_errors : The same for the joint distribution of two columns.

    References
    ----------
    .. [1] Patki et al., "The Synthetic Data Vault", DSAA 2016.

    Examples
    --------
    >>> import pandas as pd
    >>> from ganaug.metrics import column_errors
    >>> real = pd.DataFrame({"age": [20, 30, 40, 50], "plan": ["a", "a", "b", "b"]})
    >>> synthetic = pd.DataFrame({"age": [20, 30, 40, 60], "plan": ["a", "a", "a", "b"]})
    >>> column_errors(real, synthetic)
    {'age': 0.25, 'plan': 0.25}
    """
    real, synthetic = align_columns(real, synthetic=synthetic)
    return {name: _column_error(real.iloc[:, i], synthetic.iloc[:, i]) for i, name in enumerate(real.columns)}


def column_figures(real: pd.DataFrame, synthetic: pd.DataFrame, max_bins: int = 20) -> list[dict[str, Any]]:
    """Return histograms of each column, real beside synthetic.

    Parameters
    ----------
    real, synthetic : DataFrame of shapes (n, d) and (m, d)
        As for `column_errors`.
    max_bins : int, default 20
        Maximum number of bins or categories per column, at least 2; rarer categories share one bin.

    Returns
    -------
    list of dict
        One per column, plain JSON: "name", "kind" ("number", "category" or "date"), "error" as in `column_errors`,
        "bins" (their labels), "edges" (numbers only: one more than bins, durations in seconds; the outer bins also
        hold all values beyond), "real" and "synthetic" (the share of all rows in each bin), and "missing" (the real
        and the synthetic share of missing cells).

    Raises
    ------
    DataError
        As for `column_errors`.

    Examples
    --------
    >>> import pandas as pd
    >>> from ganaug.metrics import column_figures
    >>> real = pd.DataFrame({"plan": ["a", "a", "b", "b"]})
    >>> synthetic = pd.DataFrame({"plan": ["a", "a", "a", "b"]})
    >>> [column] = column_figures(real, synthetic)
    >>> column["bins"], column["real"], column["synthetic"]
    (['a', 'b'], [0.5, 0.5], [0.75, 0.25])
    """
    real, synthetic = align_columns(real, synthetic=synthetic)
    return [_column_figure(real.iloc[:, i], synthetic.iloc[:, i], max_bins) for i in range(real.shape[1])]


@dataclass(frozen=True)
class Bins:
    """The bins of one column, learned on real values.

    Attributes
    ----------
    kind : {"number", "category", "date"}
        Kind of the column.
    labels : tuple of str
        One per bin.
    cuts : ndarray of float64, shape (n_bins - 1,)
        Inner edges of numbers and of dates (in seconds); a value on an edge lies in the bin below. Empty for
        categories.
    values : tuple
        Category of each bin except the last, which holds all other categories.
    edges : tuple of float, optional
        All edges of the bins of numbers in a plot, one more than bins.
    """

    kind: Kind
    labels: tuple[str, ...]
    cuts: Numbers
    values: tuple[Any, ...] = ()
    edges: tuple[float, ...] | None = None

    def codes(self, column: pd.Series[Any]) -> Codes:
        """Return the bin of each cell, -1 where missing; shape (n,)."""
        if self.kind == "category":
            return encode_categories(column, self.values)
        x = to_floats(column, self.kind)
        return np.where(np.isnan(x), -1, np.searchsorted(self.cuts, x, side="left"))

    def shares(self, column: pd.Series[Any]) -> NDArray[np.float64]:
        """Return the share of all cells in each bin, followed by the share of missing cells; shape (n_bins + 1,)."""
        codes = self.codes(column)
        codes = np.where(codes < 0, len(self.labels), codes)
        return np.bincount(codes, minlength=len(self.labels) + 1) / max(1, len(codes))


def category_bins(column: pd.Series[Any], limit: int | None = None) -> Bins:
    """Return one bin for each of the `limit` most frequent categories (None: each category), and one for all others."""
    values = tuple(rank_categories(column, limit))
    return Bins("category", (*map(str, values), _OTHERS), np.empty(0), values)


def decile_bins(column: pd.Series[Any], n_categories: int) -> Bins:
    """Return bins between the deciles of numbers and dates, or one bin for each of the most frequent categories."""
    kind = column_kind(column)
    if kind == "category":
        return category_bins(column, n_categories)
    x = _present_floats(column, kind)
    cuts = np.unique(np.quantile(x, np.linspace(0.1, 0.9, 9))) if len(x) else np.empty(0)
    return Bins(kind, _interval_labels(_format_values(cuts, column, kind)), cuts)


def plot_bins(column: pd.Series[Any], max_bins: int) -> Bins:
    """Return at most `max_bins` bins for the histogram of a column.

    Numbers with few distinct values get one bin per value. Others get bins of equal width that cover all values
    except the outermost half per cent on either side; these values belong to the first and the last bin.

    Parameters
    ----------
    column : pandas.Series
        Real values.
    max_bins : int
        At least 2.
    """
    kind = column_kind(column)
    if kind == "category":
        return category_bins(column, max_bins - 1)
    x = _present_floats(column, kind)
    distinct = np.unique(x)
    if 0 < len(distinct) <= max_bins:
        edges = _edges_around(distinct)
        labels = tuple(_format_values(distinct, column, kind))
    else:
        edges = _even_edges(x, max_bins, kind)
        labels = _interval_labels(_format_values(edges[1:-1], column, kind))
    if not np.all(np.diff(edges) > 0):  # values too close for floats between them
        edges = _edges_around(edges[:1])
        labels = _interval_labels([])
    shown = tuple(edges.tolist()) if kind == "number" else None
    return Bins(kind, labels, edges[1:-1], edges=shown)


def _column_error(real: pd.Series[Any], synthetic: pd.Series[Any]) -> float:
    kind = column_kind(real)
    if kind == "category":
        bins = category_bins(real)
        return total_variation(bins.shares(real), bins.shares(synthetic))
    x = to_floats(real, kind)
    y = to_floats(synthetic, kind)
    x_missing = np.isnan(x)
    y_missing = np.isnan(y)
    distance = abs(float(x_missing.mean()) - float(y_missing.mean()))
    if not x_missing.all() and not y_missing.all():
        distance += _kolmogorov_smirnov(x[~x_missing], y[~y_missing])
    return min(1.0, distance)


def _kolmogorov_smirnov(x: Numbers, y: Numbers) -> float:
    """Return the largest distance of two distribution functions; SciPy's test adds a p-value, and fails at one row."""
    both = np.concatenate([x, y])
    below = [np.searchsorted(np.sort(values), both, side="right") / len(values) for values in (x, y)]
    return float(np.abs(below[0] - below[1]).max())


def _column_figure(real: pd.Series[Any], synthetic: pd.Series[Any], max_bins: int) -> dict[str, Any]:
    bins = plot_bins(real, max_bins)
    p = bins.shares(real)
    q = bins.shares(synthetic)
    shown = _shown_bins(bins, p, q)
    return {
        "name": str(real.name),
        "kind": bins.kind,
        "error": _column_error(real, synthetic),
        "bins": [bins.labels[i] for i in shown],
        "edges": list(bins.edges) if bins.edges else None,
        "real": p[shown].tolist(),
        "synthetic": q[shown].tolist(),
        "missing": [float(p[-1]), float(q[-1])],
    }


def _shown_bins(bins: Bins, p: Any, q: Any) -> list[int]:
    """Return the bins to show: all, except an empty bin of other categories."""
    n = len(bins.labels)
    is_empty = bins.kind == "category" and n > 1 and p[n - 1] == q[n - 1] == 0
    return list(range(n - 1 if is_empty else n))


def _present_floats(column: pd.Series[Any], kind: Kind) -> Numbers:
    x = to_floats(column, kind)
    return x[~np.isnan(x)]


def _even_edges(x: Numbers, n_bins: int, kind: Kind) -> Numbers:
    """Return edges of bins of equal width; bins of integers or whole days hold equally many of these."""
    low, high = np.quantile(x, [_TAIL, 1 - _TAIL]) if len(x) else (0.0, 1.0)
    unit = 86_400.0 if kind == "date" else 1.0
    if len(x) and np.all(x % unit == 0):
        low, high = np.floor(low / unit) * unit - unit, np.ceil(high / unit) * unit
        width = unit * np.ceil((high - low) / unit / n_bins)
        return low + width * np.arange(np.ceil((high - low) / width) + 1)
    return np.linspace(low, high, n_bins + 1) if low < high else _edges_around(np.array([low]))


def _edges_around(values: Numbers) -> Numbers:
    """Return edges half way between ascending values, and outer edges at the same distance."""
    gaps = np.diff(values)
    if len(gaps):
        first, last = gaps[0], gaps[-1]
    else:
        first = last = 2 * max(0.5, abs(values[0]) / 1000)
    between = values[:-1] + gaps / 2
    return np.array([values[0] - first / 2, *between, values[-1] + last / 2])


def _interval_labels(cuts: Sequence[str]) -> tuple[str, ...]:
    """Return labels of the bins below, between and above the cuts."""
    if not cuts:
        return ("all",)
    between = [f"{a} to {b}" for a, b in pairwise(cuts)]
    return (f"up to {cuts[0]}", *between, f"above {cuts[-1]}")


def _format_values(values: Numbers, column: pd.Series[Any], kind: Kind) -> list[str]:
    """Format numbers with as many digits as distinguish them, and dates without the time if they are days apart."""
    if kind == "date":
        days = len(values) < 2 or float(np.diff(values).min()) >= 86_400
        moments = np.round(values * 1e6).astype("datetime64[us]")
        return [str(text) for text in np.datetime_as_string(moments, unit="D" if days else "s")]
    unit = " s" if getattr(column.dtype, "kind", "") == "m" else ""
    texts = ([_format_number(v, digits) for v in values.tolist()] for digits in range(3, 18))
    distinct = next(listed for listed in texts if len(set(listed)) == len(listed))
    return [text + unit for text in distinct]


def _format_number(value: float, digits: int) -> str:
    if value and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.{digits}g}"
    return np.format_float_positional(value, precision=digits, unique=False, fractional=False, trim="-")
