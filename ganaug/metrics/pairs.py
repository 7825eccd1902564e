"""How far the joint distribution of each two columns is from the real one, and the worst pairs to show."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..rng import Seed, new_seed, numpy_stream
from .columns import Bins, decile_bins
from .values import Codes, aligned, total_variation

_MAX_COLUMNS = 40
_MAX_PAIRS = _MAX_COLUMNS * (_MAX_COLUMNS - 1) // 2
_MAX_CATEGORIES = 20
_MISSING = "missing"


def pair_errors(
    real: pd.DataFrame, synthetic: pd.DataFrame, random_state: Seed = None
) -> dict[tuple[Hashable, Hashable], float]:
    """Return how far the joint distribution of each two columns is from the real one.

    The total variation distance of the two tables that count how often each pair of values occurs (one minus
    SDMetrics' ContingencySimilarity). Numbers and dates are cut at the deciles of the real ones; of categories, the
    20 most frequent count for themselves and all others as one; missing is one more value.

    Parameters
    ----------
    real, synthetic : DataFrame of shapes (n, d) and (m, d)
        Tables with the same columns.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the 780 pairs that are drawn from tables with more than 40 columns.

    Returns
    -------
    dict of pair of names to float
        0 (equal) to 1 (nothing in common), in the order of the real columns; empty for a single column. Compare with
        what other real rows get: the fewer the rows, the more tables differ by chance.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or a column holds values of another kind than the real one.
    """
    return {pair: tables.error for pair, tables in _all_tables(real, synthetic, new_seed(random_state)).items()}


def pair_figures(
    real: pd.DataFrame, synthetic: pd.DataFrame, n: int = 4, random_state: Seed = None
) -> list[dict[str, Any]]:
    """Return what it takes to draw the `n` pairs of columns that are worst by `pair_errors`.

    Parameters
    ----------
    real, synthetic : DataFrame
        As for `pair_errors`.
    n : int, default 4
        How many pairs, at most.
    random_state : int, numpy RandomState or Generator, or None, default None
        As for `pair_errors`.

    Returns
    -------
    list of dict
        The worst first, plain JSON: "a" and "b" (names), "error", "bins_a" and "bins_b" (texts), "real" and
        "synthetic" (shares of all rows: one list per bin of a, one number per bin of b). Bins without any row are
        left out.

    Raises
    ------
    DataError
        As for `pair_errors`.
    """
    tables = _all_tables(real, synthetic, new_seed(random_state))
    worst = sorted(tables, key=lambda pair: -tables[pair].error)[:n]
    return [{"a": str(a), "b": str(b), **tables[a, b].figure()} for a, b in worst]


class _Tables:
    """The shares of each pair of bins in the real and the synthetic rows."""

    def __init__(self, a: _Column, b: _Column) -> None:
        self.texts = a.texts, b.texts
        self.real, self.synthetic = (_contingency(a, b, which) for which in (0, 1))
        self.error = total_variation(self.real, self.synthetic)

    def figure(self) -> dict[str, Any]:
        both = self.real + self.synthetic
        rows, columns = np.flatnonzero(both.sum(axis=1)), np.flatnonzero(both.sum(axis=0))
        bins_a, bins_b = self.texts
        return {
            "error": self.error,
            "bins_a": [bins_a[i] for i in rows],
            "bins_b": [bins_b[i] for i in columns],
            "real": self.real[np.ix_(rows, columns)].tolist(),
            "synthetic": self.synthetic[np.ix_(rows, columns)].tolist(),
        }


class _Column:
    """One column in bins, missing the last of them, of both tables."""

    def __init__(self, real: pd.Series[Any], synthetic: pd.Series[Any]) -> None:
        bins: Bins = decile_bins(real, _MAX_CATEGORIES)
        self.texts = (*bins.labels, _MISSING)
        self.codes: list[Codes] = []
        for column in (real, synthetic):
            codes = bins.codes(column)
            self.codes.append(np.where(codes < 0, len(bins.labels), codes))


def _all_tables(real: pd.DataFrame, synthetic: pd.DataFrame, seed: int) -> Mapping[tuple[Hashable, Hashable], _Tables]:
    real, synthetic = aligned(real, synthetic=synthetic)
    pairs = _chosen_pairs(real.shape[1], seed)
    columns = {i: _Column(real.iloc[:, i], synthetic.iloc[:, i]) for i in {i for pair in pairs for i in pair}}
    return {(real.columns[i], real.columns[j]): _Tables(columns[i], columns[j]) for i, j in pairs}


def _chosen_pairs(n_columns: int, seed: int) -> list[tuple[int, int]]:
    if n_columns <= _MAX_COLUMNS:
        return list(combinations(range(n_columns), 2))
    first, second = np.triu_indices(n_columns, k=1)
    chosen = np.sort(numpy_stream(seed, "pairs").choice(len(first), _MAX_PAIRS, replace=False))
    return [(int(i), int(j)) for i, j in zip(first[chosen], second[chosen], strict=True)]


def _contingency(a: _Column, b: _Column, which: int) -> NDArray[np.float64]:
    shape = len(a.texts), len(b.texts)
    cells = a.codes[which] * shape[1] + b.codes[which]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape) / len(cells)
