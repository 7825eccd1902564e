"""Sequential CART, the method of R's synthpop: each column is drawn from a tree that knows the columns before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .learners import as_text, numeric_columns

SIZES = {"min_samples_leaf": 5, "min_samples_split": 15}  # synthpop's defaults: minbucket 5, of which rpart makes 15


class SequentialCART:
    """Synthetic rows of a wanted class, one column after the other (Reiter, 2005; Nowok, Raab and Dibben, 2016).

    The label comes first, then the columns from left to right. A row falls into a leaf of the column's tree and takes
    the cell of a real row there, a missing one as well. So cells are real ones, and only their combination is new.

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
        self._X, numbers = X, set(numeric_columns(X))
        self._codes = {name: _codes(X[name], name in numbers) for name in X.columns}
        known = y.to_numpy(float)[:, None]
        self._leaves: dict[str, Leaves] = {}
        for name, codes in self._codes.items():
            seed = int(self._rng.integers(2**31))
            self._leaves[name] = Leaves(known, _tree(codes, name in numbers, seed), _target(codes, name in numbers))
            known = np.column_stack([known, codes])
        return self

    def sample(self, *, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return one row for every label."""
        known, columns = y.to_numpy(float)[:, None], {}
        for name, leaves in self._leaves.items():
            rows = leaves.draw(known, self._rng)
            columns[name] = self._X[name].iloc[rows].reset_index(drop=True)
            known = np.column_stack([known, self._codes[name][rows]])
        return pd.DataFrame(columns, columns=self._X.columns), y


class Leaves:
    """The real rows in each leaf of a tree.

    Parameters
    ----------
    known : ndarray of shape (n, n_columns)
        The label's and the earlier columns' codes.
    tree : DecisionTreeClassifier or DecisionTreeRegressor
        Fitted here.
    target : ndarray of shape (n,) or (n, n_targets)
    """

    def __init__(self, known: np.ndarray, tree: DecisionTreeClassifier | DecisionTreeRegressor, target: np.ndarray):
        leaves = tree.fit(known, target).apply(known)
        self._tree, self._rows = tree, np.argsort(leaves, kind="stable")
        self._ends = np.cumsum(np.bincount(leaves, minlength=tree.tree_.node_count))
        self._sizes = np.diff(self._ends, prepend=0)

    def draw(self, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return for each row of `known` a real row at random, all in its leaf being equally likely."""
        if not len(known):
            return np.zeros(0, dtype=int)
        leaves = self._tree.apply(known)
        rows: np.ndarray = self._rows[self._ends[leaves] - 1 - rng.integers(self._sizes[leaves])]
        return rows


def _codes(column: pd.Series, is_number: bool) -> np.ndarray:
    """Return numbers as they are, missing ones as NaN, and text as ranks in alphabetical order."""
    if is_number:
        return column.to_numpy(float, na_value=np.nan)
    return np.unique(as_text(column.to_frame()).iloc[:, 0], return_inverse=True)[1].astype(float)


def _tree(codes: np.ndarray, is_number: bool, seed: int) -> DecisionTreeClassifier | DecisionTreeRegressor:
    return (DecisionTreeRegressor if is_number else DecisionTreeClassifier)(**SIZES, random_state=seed)


def _target(codes: np.ndarray, is_number: bool) -> np.ndarray:
    """Return what a tree is to tell apart: a category, or a number and whether it is missing, on one scale."""
    if not is_number:
        return codes
    gaps = np.isnan(codes)
    filled = np.where(gaps, 0.0 if gaps.all() else np.nanmean(codes), codes)
    scaled = [(v - v.mean()) / (v.std() or 1.0) for v in (filled, gaps.astype(float))]
    return np.column_stack(scaled if gaps.any() else scaled[:1])
