"""Synthesise tables by sequential CART, the method of R's synthpop: a tree for each column, given those before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .frames import convert_to_text, list_numeric_columns

SIZES = {"min_samples_leaf": 5, "min_samples_split": 15}  # as synthpop's trees: leaves of 5 rows, splits of 15


class SequentialCART:
    """Synthetic rows of a wanted class, one column after the other (Reiter, 2005; Nowok, Raab and Dibben, 2016).

    The label comes first, then the columns from left to right. A row falls into a leaf of the column's tree and takes
    the cell of a real row there, even a missing one. So cells are real, and only their combination is new.

    Parameters
    ----------
    seed : int

    References
    ----------
    J. P. Reiter, "Using CART to generate partially synthetic public use microdata", Journal of Official Statistics 21
    (2005). B. Nowok, G. M. Raab and C. Dibben, "synthpop: Bespoke Creation of Synthetic Data in R", Journal of
    Statistical Software 74 (2016).
    """

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> SequentialCART:
        """Grow one tree for each column."""
        self._X, numbers = X, set(list_numeric_columns(X))
        self._ranks: dict[str, np.ndarray] = {}
        self._leaves: dict[str, Leaves] = {}
        known = y.to_numpy(float)[:, None]
        for name in X.columns:
            kind = DecisionTreeRegressor if name in numbers else DecisionTreeClassifier
            values = X[name].to_numpy(float, na_value=np.nan) if name in numbers else _convert_to_text(X[name])
            ranks = _rank_values(values)
            tree = kind(**SIZES, random_state=int(self._rng.integers(2**31)))
            self._leaves[name] = Leaves(tree, known, _scale_targets(values) if name in numbers else ranks)
            self._ranks[name], known = ranks, np.column_stack([known, ranks])
        return self

    def sample(self, *, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return one row for every label."""
        known = y.to_numpy(float)[:, None]
        columns = {}
        for name, leaves in self._leaves.items():
            rows = leaves.draw(known, self._rng)
            columns[name] = self._X[name].iloc[rows].reset_index(drop=True)
            known = np.column_stack([known, self._ranks[name][rows]])
        return pd.DataFrame(columns, columns=self._X.columns), y


class Leaves:
    """Real rows by leaf of a tree.

    Parameters
    ----------
    tree : DecisionTreeClassifier or DecisionTreeRegressor
        Fitted here.
    known : ndarray of shape (n, n_known)
        Features.
    target : ndarray of shape (n,) or (n, n_targets)
        Targets.
    """

    def __init__(self, tree: DecisionTreeClassifier | DecisionTreeRegressor, known: np.ndarray, target: np.ndarray):
        leaves = tree.fit(known, target).apply(known)
        self._tree, self._rows = tree, np.argsort(leaves, kind="stable")
        self._sizes = np.bincount(leaves, minlength=tree.tree_.node_count)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def draw(self, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw for each row of `known` the position of a real row of its leaf, uniformly."""
        if not len(known):
            return np.zeros(0, dtype=int)
        leaves = self._tree.apply(known)
        rows: np.ndarray = self._rows[self._starts[leaves] + rng.integers(self._sizes[leaves])]
        return rows


def _convert_to_text(column: pd.Series) -> np.ndarray:
    return convert_to_text(column.to_frame()).iloc[:, 0].to_numpy(dtype=object)


def _rank_values(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, text in alphabetical order, and NaN for NaN.

    Trees round numbers to 32 bits and merge values closer than 1e-7; ranks keep them apart.
    """
    ranks = np.unique(values, return_inverse=True)[1].astype(float)
    return np.where(pd.isna(values), np.nan, ranks)


def _scale_targets(numbers: np.ndarray) -> np.ndarray:
    """Return the numbers and, if any are missing, the mask of missing ones, each with mean 0 and variance 1.

    A tree of two targets adds up their variances, so that they need one scale.
    """
    gaps = np.isnan(numbers)
    filled = np.where(gaps, 0.0 if gaps.all() else np.nanmean(numbers), numbers) if gaps.any() else numbers
    targets = [filled, gaps.astype(float)] if gaps.any() else [filled]
    return np.column_stack([(target - target.mean()) / (target.std() or 1.0) for target in targets])
