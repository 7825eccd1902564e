"""Measure how close the columns, pairs of columns and rows of synthetic tables are to those of real ones.

Every measure takes tables made by `Columns.tidy`, so that only values count, not dtypes, containers or spellings of
missing values. All are deterministic for a seed.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

from ..shared.protocol import Columns

# ---- columns and pairs of columns ----------------------------------------------------------------


def measure_column_errors(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """Return the distance of each column's distributions, from 0 (the same) to 1 (nothing in common).

    Categories: total-variation distance. Numbers: Kolmogorov-Smirnov distance of the present values, plus the
    difference of the shares of missing ones, at most 1.
    """
    errors = {name: _measure_number_error(real[name], synthetic[name]) for name in columns.numeric}
    return errors | {name: _measure_total_variation(real[name], synthetic[name]) for name in columns.text}


def _measure_number_error(real: pd.Series, synthetic: pd.Series) -> float:
    a, b = np.sort(real.dropna()), np.sort(synthetic.dropna())
    missing = abs(len(a) / len(real) - len(b) / len(synthetic))
    if not len(a) or not len(b):
        return float(len(a) != len(b))
    at = np.concatenate([a, b])
    steps = np.searchsorted(a, at, side="right") / len(a) - np.searchsorted(b, at, side="right") / len(b)
    return min(1.0, float(np.abs(steps).max()) + missing)


def _measure_total_variation(real: pd.Series, synthetic: pd.Series) -> float:
    shares = real.value_counts(normalize=True), synthetic.value_counts(normalize=True)
    return float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)


def measure_pair_errors(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> dict[tuple[str, str], float]:
    """Return the total-variation distance of the contingency tables of each pair of columns, in [0, 1].

    Numbers are cut at the real rows' deciles. Sampling noise alone makes it positive: compare with a bootstrap.
    """
    both = pd.concat([real, synthetic], ignore_index=True)
    codes = {name: _bin_numbers(both[name], real[name]) for name in columns.numeric}
    codes |= {name: np.unique(both[name], return_inverse=True)[1] for name in columns.text}
    pairs = itertools.combinations(codes, 2)
    return {(a, b): _measure_joint_variation(codes[a], codes[b], len(real)) for a, b in pairs}


def _bin_numbers(values: pd.Series, real: pd.Series) -> np.ndarray:
    """Bin numbers; an edge is a bin of its own, since a decile may be the value of half the rows."""
    present = real.dropna()
    edges = np.unique(np.quantile(present, np.arange(1, 10) / 10)) if len(present) else np.empty(0)
    bins = np.searchsorted(edges, values, side="left") + np.searchsorted(edges, values, side="right")
    return np.where(values.isna(), -1, bins)


def _measure_joint_variation(a: np.ndarray, b: np.ndarray, n_real: int) -> float:
    cells = np.unique(a.astype(np.int64) * (int(b.max()) + 2) + b, return_inverse=True)[1]
    size = int(cells.max()) + 1
    real, synthetic = np.bincount(cells[:n_real], minlength=size), np.bincount(cells[n_real:], minlength=size)
    return float(np.abs(real / n_real - synthetic / (len(cells) - n_real)).sum() / 2)


# ---- whole rows ----------------------------------------------------------------------------------


def measure_copied_share(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Return the share of synthetic rows that equal some real row in every column and the label, in [0, 1]."""
    rows = [pd.util.hash_pandas_object(frame, index=False).to_numpy() for frame in (synthetic, real)]
    return float(np.isin(rows[0], rows[1]).mean())


def measure_two_sample_auc(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns, seed: int) -> float:
    """Return the ROC AUC (C2ST, 0.5 is best) of boosted trees telling real from synthetic rows in three folds.

    The larger table is cut to the size of the smaller. Categories are integer codes, the label is a column.
    """
    size = min(len(real), len(synthetic))
    tables = [_draw_subset(frame, size, seed) for frame in (real, synthetic)]
    both = pd.concat(tables, ignore_index=True)
    for name in columns.text:
        both[name] = np.unique(both[name], return_inverse=True)[1]
    is_synthetic = np.repeat([0, 1], size)
    judge = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return float(cross_val_score(judge, both.to_numpy(float), is_synthetic, cv=folds, scoring="roc_auc").mean())


def _draw_subset(frame: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    return frame if len(frame) == size else frame.sample(size, random_state=seed)
