"""A Gaussian copula for each class: the simplest generator that knows how columns depend on each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.covariance import ledoit_wolf

from .learners import MISSING, as_text, numeric_columns


class GaussianCopula:
    """Every column keeps its distribution; ranks, as normal scores, keep their covariance (Nelsen, 2006).

    Categories are thresholds on a normal score, in order of frequency; missing numbers are the lowest value.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> GaussianCopula:
        """Learn each class apart."""
        self._like = X
        self._numbers = numeric_columns(X)
        self._orders = {c: _text(X[c]).value_counts().index for c in X.columns if c not in self._numbers}
        self._classes = {code: self._fit_class(X[(y == code).to_numpy()]) for code in y.unique()}
        return self

    def sample(self, *, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return one row for every label."""
        cells = np.zeros((len(y), len(self._like.columns)))
        for code in y.unique():
            wanted = (y == code).to_numpy()
            values, covariance = self._classes[code]
            scores = self._rng.multivariate_normal(np.zeros(len(covariance)), covariance, wanted.sum())
            cells[wanted] = self._quantiles(values, norm.cdf(scores / np.sqrt(np.diag(covariance))))
        return self._decode(cells), y

    def _fit_class(self, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return the sorted values of each column, and the covariance of the normal scores."""
        codes = np.column_stack([self._codes(X[name]) for name in X.columns])
        scores = norm.ppf((rankdata(codes, axis=0) - 0.5) / len(codes))
        return np.sort(codes, axis=0), ledoit_wolf(scores)[0] + 1e-6 * np.eye(codes.shape[1])

    def _quantiles(self, values: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Return the quantiles `p` of each column: numbers in between two values, anything else one that was seen."""
        at, columns = p * (len(values) - 1), np.arange(values.shape[1])
        low, high = np.floor(at).astype(int), np.ceil(at).astype(int)
        below, above = values[low, columns], values[high, columns]
        is_number = np.isin(self._like.columns, self._numbers) & np.isfinite(below)
        between = below + (at - low) * np.subtract(above, below, where=is_number, out=np.zeros_like(at))
        nearest: np.ndarray = values[np.rint(at).astype(int), columns]
        return np.where(is_number, between, nearest)

    def _codes(self, column: pd.Series) -> np.ndarray:
        if column.name in self._numbers:
            return column.to_numpy(float, na_value=-np.inf)
        return self._orders[str(column.name)].get_indexer(pd.Index(_text(column))).astype(float)

    def _decode(self, cells: np.ndarray) -> pd.DataFrame:
        table: dict[str, np.ndarray] = {}
        for name, values in zip(self._like.columns, cells.T, strict=True):
            table[name] = self._text_of(name, values) if name in self._orders else self._numbers_of(name, values)
        return pd.DataFrame(table, columns=self._like.columns)

    def _text_of(self, name: str, values: np.ndarray) -> np.ndarray:
        text = self._orders[name].to_numpy(dtype=object)[np.rint(values).astype(int)]
        text[text == MISSING] = None
        return text

    def _numbers_of(self, name: str, values: np.ndarray) -> np.ndarray:
        if self._like[name].dtype.kind == "i":
            return np.rint(values).astype("int64")
        return np.where(np.isinf(values), np.nan, values)


def _text(column: pd.Series) -> pd.Series:
    text: pd.Series = as_text(column.to_frame()).iloc[:, 0]
    return text
