"""The few bins that the values of a column are sorted into, so that they can be counted and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .cells import Codes, Kind, Numbers, encode, frequent, kind_of, numbers

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
