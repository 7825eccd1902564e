"""How far the distribution of each column is from the real one, and the figures to show it by."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .values import Codes, Kind, Numbers, aligned, encode, frequent, kind_of, numbers, total_variation


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


_TAIL = 0.005  # of the real values on either side lie in the outer bins, however far away they are
_OTHERS = "other values"


@dataclass(frozen=True)
class Bins:
    """How one column is cut, learned on real values.

    Attributes
    ----------
    kind : {"number", "category", "date"}
        What the column holds.
    labels : tuple of str
        One per bin.
    cuts : ndarray of float64, shape (n_bins - 1,)
        Where numbers and dates (in seconds) are cut; a value on a cut lies in the bin below. Empty for categories.
    values : tuple
        What each bin of categories holds, but for the last, which holds all other values.
    edges : tuple of float, optional
        Where the bins of numbers begin and end when drawn, one more than there are bins.
    """

    kind: Kind
    labels: tuple[str, ...]
    cuts: Numbers
    values: tuple[Any, ...] = ()
    edges: tuple[float, ...] | None = None

    def codes(self, column: pd.Series[Any]) -> Codes:
        """Return the bin of each cell, -1 where missing; shape (n,)."""
        if self.kind == "category":
            return encode(column, self.values)
        x = numbers(column, self.kind)
        return np.where(np.isnan(x), -1, np.searchsorted(self.cuts, x, side="left"))

    def shares(self, column: pd.Series[Any]) -> NDArray[np.float64]:
        """Return the share of all cells in each bin, and last that of missing cells; shape (n_bins + 1,)."""
        codes = self.codes(column)
        codes = np.where(codes < 0, len(self.labels), codes)
        return np.bincount(codes, minlength=len(self.labels) + 1) / max(1, len(codes))


def category_bins(column: pd.Series[Any], limit: int | None = None) -> Bins:
    """Return one bin for each of the `limit` most frequent values (None: of all), and one for all others."""
    values = tuple(frequent(column, limit))
    return Bins("category", (*map(str, values), _OTHERS), np.empty(0), values)


def decile_bins(column: pd.Series[Any], n_categories: int) -> Bins:
    """Return bins between the deciles of numbers and dates, and one for each of the most frequent categories."""
    kind = kind_of(column)
    if kind == "category":
        return category_bins(column, n_categories)
    x = _present(column, kind)
    cuts = np.unique(np.quantile(x, np.linspace(0.1, 0.9, 9))) if len(x) else np.empty(0)
    return Bins(kind, _labels(_texts(cuts, column, kind)), cuts)


def drawn_bins(column: pd.Series[Any], max_bins: int) -> Bins:
    """Return at most `max_bins` bins to draw a column by.

    Numbers that take few values get a bin for each value. Others get bins of equal width over all but the outermost
    half per cent of the values on either side, which the first and last bin take in.

    Parameters
    ----------
    column : pandas.Series
        Real values.
    max_bins : int
        At least 2.
    """
    kind = kind_of(column)
    if kind == "category":
        return category_bins(column, max_bins - 1)
    x = _present(column, kind)
    distinct = np.unique(x)
    if 0 < len(distinct) <= max_bins:
        edges = _around(distinct)
        labels = tuple(_texts(distinct, column, kind))
    else:
        edges = _even(x, max_bins, kind)
        labels = _labels(_texts(edges[1:-1], column, kind))
    if not np.all(np.diff(edges) > 0):  # values too close for floats between them
        edges = _around(edges[:1])
        labels = _labels([])
    shown = tuple(edges.tolist()) if kind == "number" else None
    return Bins(kind, labels, edges[1:-1], edges=shown)


def _present(column: pd.Series[Any], kind: Kind) -> Numbers:
    x = numbers(column, kind)
    return x[~np.isnan(x)]


def _even(x: Numbers, n_bins: int, kind: Kind) -> Numbers:
    """Return edges of bins of equal width, each of as many whole numbers or days where the values are such."""
    low, high = np.quantile(x, [_TAIL, 1 - _TAIL]) if len(x) else (0.0, 1.0)
    unit = 86_400.0 if kind == "date" else 1.0
    if len(x) and np.all(x % unit == 0):
        low, high = np.floor(low / unit) * unit - unit, np.ceil(high / unit) * unit
        width = unit * np.ceil((high - low) / unit / n_bins)
        return low + width * np.arange(np.ceil((high - low) / width) + 1)
    return np.linspace(low, high, n_bins + 1) if low < high else _around(np.array([low]))


def _around(values: Numbers) -> Numbers:
    """Return edges half way between ascending values, and as far beyond the first and last."""
    gaps = np.diff(values)
    first, last = (gaps[0], gaps[-1]) if len(gaps) else (2 * max(0.5, abs(values[0]) / 1000),) * 2
    between = values[:-1] + gaps / 2
    return np.array([values[0] - first / 2, *between, values[-1] + last / 2])


def _labels(cuts: Sequence[str]) -> tuple[str, ...]:
    """Return texts for the bins below, between and above the cuts."""
    if not cuts:
        return ("all",)
    between = [f"{a} to {b}" for a, b in pairwise(cuts)]
    return (f"up to {cuts[0]}", *between, f"above {cuts[-1]}")


def _texts(values: Numbers, column: pd.Series[Any], kind: Kind) -> list[str]:
    """Return numbers with the digits that tell them apart, and dates without the time where they are days apart."""
    if kind == "date":
        days = len(values) < 2 or float(np.diff(values).min()) >= 86_400
        moments = np.round(values * 1e6).astype("datetime64[us]")
        return [str(text) for text in np.datetime_as_string(moments, unit="D" if days else "s")]
    unit = " s" if getattr(column.dtype, "kind", "") == "m" else ""
    texts = ([_rounded(v, digits) for v in values.tolist()] for digits in range(3, 18))
    distinct = next(listed for listed in texts if len(set(listed)) == len(listed))
    return [text + unit for text in distinct]


def _rounded(value: float, digits: int) -> str:
    if value and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.{digits}g}"
    return np.format_float_positional(value, precision=digits, unique=False, fractional=False, trim="-")
