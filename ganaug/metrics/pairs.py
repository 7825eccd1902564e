"""Compare the joint distribution of each pair of columns with the real one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..rng import Seed, new_seed, numpy_stream
from .columns import Bins, decile_bins
from .values import Codes, align_columns, total_variation

_MAX_COLUMNS = 40
_MAX_PAIRS = _MAX_COLUMNS * (_MAX_COLUMNS - 1) // 2
_MAX_CATEGORIES = 20
_MISSING = "missing"


def pair_errors(
    real: pd.DataFrame, synthetic: pd.DataFrame, random_state: Seed = None
) -> dict[tuple[Hashable, Hashable], float]:
    """Return the distance between the real and the synthetic joint distribution of each pair of columns.

    It is the total variation distance of the two contingency tables (one minus SDMetrics' ContingencySimilarity).
    Numbers and dates are binned at the deciles of the real ones. The 20 most frequent categories have a bin each, and
    all others share one; missing is one more value.

    Parameters
    ----------
    real, synthetic : DataFrame of shapes (n, d) and (m, d)
        Tables with the same columns.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the 780 pairs that are drawn from tables with more than 40 columns.

    Returns
    -------
    dict of pair of names to float
        0 (equal) to 1 (nothing in common), in the order of the real columns; empty for a single column. Finite
        samples differ by chance, small ones more: compare with the distance of other real rows.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    See Also
    --------
    column_errors : The same for single columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from ganaug.metrics import pair_errors
    >>> real = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["x", "x", "y", "y"]})
    >>> synthetic = real.assign(b=["y", "y", "x", "x"])  # equal columns, opposite relation
    >>> pair_errors(real, synthetic)
    {('a', 'b'): 1.0}
    """
    return {pair: tables.error for pair, tables in _contingency_tables(real, synthetic, new_seed(random_state)).items()}


def pair_figures(
    real: pd.DataFrame, synthetic: pd.DataFrame, n: int = 4, random_state: Seed = None
) -> list[dict[str, Any]]:
    """Return the contingency tables of the `n` pairs of columns with the largest `pair_errors`.

    Parameters
    ----------
    real, synthetic : DataFrame
        As for `pair_errors`.
    n : int, default 4
        Maximum number of pairs.
    random_state : int, numpy RandomState or Generator, or None, default None
        As for `pair_errors`.

    Returns
    -------
    list of dict
        The largest error first, plain JSON: "a" and "b" (names), "error", "bins_a" and "bins_b" (labels), "real" and
        "synthetic" (shares of all rows: one list per bin of a, one number per bin of b). Empty bins are omitted.

    Raises
    ------
    DataError
        As for `pair_errors`.

    Examples
    --------
    >>> import pandas as pd
    >>> from ganaug.metrics import pair_figures
    >>> real = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["x", "x", "y", "y"]})
    >>> [pair] = pair_figures(real, real.assign(b=["y", "y", "x", "x"]))
    >>> pair["real"], pair["synthetic"]
    ([[0.5, 0.0], [0.0, 0.5]], [[0.0, 0.5], [0.5, 0.0]])
    """
    tables = _contingency_tables(real, synthetic, new_seed(random_state))
    worst = sorted(tables, key=lambda pair: -tables[pair].error)[:n]
    return [{"a": str(a), "b": str(b), **tables[a, b].figure()} for a, b in worst]


class _ContingencyTables:
    """The real and the synthetic contingency table of two columns."""

    def __init__(self, a: _BinnedColumn, b: _BinnedColumn) -> None:
        self.bins = (a.bins, b.bins)
        self.real, self.synthetic = (_joint_shares(a, b, which) for which in (0, 1))
        self.error = total_variation(self.real, self.synthetic)

    def figure(self) -> dict[str, Any]:
        both = self.real + self.synthetic
        rows = np.flatnonzero(both.sum(axis=1))
        columns = np.flatnonzero(both.sum(axis=0))
        bins_a, bins_b = self.bins
        return {
            "error": self.error,
            "bins_a": [bins_a[i] for i in rows],
            "bins_b": [bins_b[i] for i in columns],
            "real": self.real[np.ix_(rows, columns)].tolist(),
            "synthetic": self.synthetic[np.ix_(rows, columns)].tolist(),
        }


class _BinnedColumn:
    """The bin of each real and each synthetic cell of a column; the last bin holds missing cells."""

    def __init__(self, real: pd.Series[Any], synthetic: pd.Series[Any]) -> None:
        bins: Bins = decile_bins(real, _MAX_CATEGORIES)
        self.bins = (*bins.labels, _MISSING)
        self.codes: list[Codes] = []
        for column in (real, synthetic):
            codes = bins.codes(column)
            self.codes.append(np.where(codes < 0, len(bins.labels), codes))


def _contingency_tables(
    real: pd.DataFrame, synthetic: pd.DataFrame, seed: int
) -> Mapping[tuple[Hashable, Hashable], _ContingencyTables]:
    real, synthetic = align_columns(real, synthetic=synthetic)
    pairs = _choose_pairs(real.shape[1], seed)
    columns = {i: _BinnedColumn(real.iloc[:, i], synthetic.iloc[:, i]) for i in {i for pair in pairs for i in pair}}
    return {(real.columns[i], real.columns[j]): _ContingencyTables(columns[i], columns[j]) for i, j in pairs}


def _choose_pairs(n_columns: int, seed: int) -> list[tuple[int, int]]:
    if n_columns <= _MAX_COLUMNS:
        return list(combinations(range(n_columns), 2))
    first, second = np.triu_indices(n_columns, k=1)
    chosen = np.sort(numpy_stream(seed, "pairs").choice(len(first), _MAX_PAIRS, replace=False))
    return [(int(i), int(j)) for i, j in zip(first[chosen], second[chosen], strict=True)]


def _joint_shares(a: _BinnedColumn, b: _BinnedColumn, which: int) -> NDArray[np.float64]:
    shape = (len(a.bins), len(b.bins))
    cells = a.codes[which] * shape[1] + b.codes[which]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape) / len(cells)
