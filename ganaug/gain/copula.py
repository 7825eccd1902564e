"""A Gaussian copula for each class: the generator that costs nothing, and so a control for every other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, rankdata
from sklearn.base import BaseEstimator
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils.validation import check_is_fitted

from ..data.rows import append_labels, append_rows, as_frame
from ..errors import ParameterError
from ..rng import Seed, new_seed, numpy_stream
from .coding import encode_column
from .synthetic import allocate_rows, check_labels, count_labels

Numbers = NDArray[np.float64]
Positions = NDArray[np.int64]

_EXACT = 2.0**53  # whole numbers beyond are no floats
_FLOOR = 1e-6  # variance that every direction has, so that a constant column is no exception


@dataclass(frozen=True)
class _ClassCopula:
    """What is known of one class.

    Attributes
    ----------
    order : ndarray of int64, shape (n, d)
        For each column, the rows of the class from its lowest value to its highest.
    directions : ndarray of shape (k, d)
        Of the normal scores: each times an independent normal number, added up, has their covariance.
    own : float
        Standard deviation that each column has to itself, which shrinkage gives.
    """

    order: Positions
    directions: Numbers
    own: float

    @classmethod
    def of(cls, codes: Numbers, rows: Positions) -> _ClassCopula:
        """Learn the class that has these rows of all codes, of shape (n_rows, d)."""
        codes, n = codes[rows], len(rows)
        scores = norm.ppf((rankdata(codes, axis=0) - 0.5) / n)
        scores = scores - scores.mean(0)
        shrinkage = float(ledoit_wolf_shrinkage(scores, assume_centered=True)) if n > 1 else 1.0
        _, singular, axes = np.linalg.svd(scores, full_matrices=False)
        directions = np.sqrt((1 - shrinkage) / n) * singular[:, None] * axes
        own = float(np.sqrt(shrinkage * (scores**2).mean() + _FLOOR))
        return cls(rows[np.argsort(codes, axis=0, kind="stable")], directions, own)

    def quantiles(self, n: int, rng: np.random.Generator) -> Numbers:
        """Return `n` rows of numbers between 0 and 1, uniform in each column."""
        common = rng.standard_normal((n, len(self.directions))) @ self.directions
        scores = common + self.own * rng.standard_normal((n, self.order.shape[1]))
        p: Numbers = norm.cdf(scores / np.sqrt((self.directions**2).sum(0) + self.own**2))
        return p


class GaussianCopula(BaseEstimator):  # type: ignore[misc]
    """Sampler that learns a Gaussian copula for each class, in well under a second.

    Every column keeps its distribution in the class, and the ranks, as normal scores, keep their correlation [1]_,
    shrunk as Ledoit and Wolf do [2]_. Categories are intervals of a normal score, in order of frequency; a missing
    number is a value below all others. It is the control of `gain_report` called ``copula``: a generator that trains
    for minutes is worth it only where it does better.

    Parameters
    ----------
    random_state : int, numpy RandomState or Generator, or None, default=None
        Decides the rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    n_features_in_ : int
        Columns, or values of an image.

    References
    ----------
    .. [1] Nelsen, "An Introduction to Copulas", 2nd edition, 2006.
    .. [2] Ledoit and Wolf, "A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices", Journal of
       Multivariate Analysis 88, 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ganaug import GaussianCopula
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> X_new, y_new = GaussianCopula(random_state=0).fit(X, y).sample({0: 5, 2: 1})
    >>> y_new.tolist()
    [0, 0, 0, 0, 0, 2]
    """

    _estimator_type = "sampler"

    def __init__(self, random_state: Seed = None):
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> GaussianCopula:
        """Learn each class.

        Parameters
        ----------
        X : frame or array of shape (n, d), or array of shape (n, ...)
            Rows: numbers, times, booleans, text or categories, with missing cells; or images.
        y : array-like of shape (n,)
            Labels.

        Raises
        ------
        DataError
            There is not one label per row, or only one class.
        """
        labels = check_labels(X, y)
        self._X, self._y = X[:0], y[:0]
        self._columns = [_ColumnCells.of(column) for _, column in _to_table(X).items()]
        codes = np.column_stack([column.codes for column in self._columns])
        self.classes_ = np.unique(labels)
        self._counts = count_labels(labels)
        self._learned = {label: _ClassCopula.of(codes, np.flatnonzero(labels == label)) for label in self._counts}
        self.n_features_in_ = len(self._columns)
        self._seed = new_seed(self.random_state)
        return self

    def sample(self, n: Any = None, y: Any = None, random_state: Seed = None) -> tuple[Any, Any]:
        """Return synthetic rows and their labels.

        Parameters
        ----------
        n : int or mapping of label to int, default=None
            Number of rows, in the proportions of the classes or all of the class `y`; or the number of each class.
        y : label or array-like of labels, default=None
            Class of the `n` rows; or, without `n`, the label of each row.
        random_state : int, numpy RandomState or Generator, or None, default=None
            Decides the rows in place of the one given first.

        Returns
        -------
        X, y
            In the containers, columns and dtypes of what was learned.

        Raises
        ------
        ParameterError
            A label was not learned, or neither a number nor labels are given.
        """
        check_is_fitted(self)
        seed = self._seed if random_state is None else new_seed(random_state)
        labels = self._labels(n, y)
        below, above, nearest = (np.empty((len(labels), len(self._columns)), dtype=np.int64) for _ in range(3))
        weight = np.empty(below.shape)
        every = np.arange(below.shape[1])
        for number, (label, learned) in enumerate(self._learned.items()):
            wanted = labels == label
            at = learned.quantiles(int(wanted.sum()), numpy_stream(seed, "copula", number)) * (len(learned.order) - 1)
            for rows, place in ((below, np.floor(at)), (above, np.ceil(at)), (nearest, np.rint(at))):
                rows[wanted] = learned.order[place.astype(np.int64), every]
            weight[wanted] = at - np.floor(at)
        parts = zip(self._columns, below.T, above.T, nearest.T, weight.T, strict=True)
        made = pd.concat([column.between(*places) for column, *places in parts], axis=1)
        return self._like_rows(made), append_labels(self._y, labels)

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Learn, and return the rows with synthetic ones below them until all classes are as large as the largest.

        Parameters
        ----------
        X, y
            As for `fit`; a class with a single row gets none.
        """
        labels = check_labels(X, y)
        sizes = np.array([size for size in count_labels(labels).values() if size > 1] or [0])
        counts = allocate_rows(labels, int((sizes.max() - sizes).sum()), balance=True)
        X_new, y_new = self.fit(X, y).sample(counts)
        return append_rows(X, X_new), append_labels(y, y_new)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learned")

    def _labels(self, n: Any, y: Any) -> NDArray[Any]:
        """Return the label of every row that is asked for."""
        for count in n.values() if isinstance(n, Mapping) else [] if n is None else [n]:
            if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 0:
                raise ParameterError(f"A number of rows must be a whole number of at least 0. Got {count!r} instead.")
        if isinstance(n, Mapping):
            labels = np.repeat(np.asarray(list(n) or self.classes_[:0]), list(n.values()))
        elif n is None and y is None:
            raise ParameterError("sample needs a number of rows n, or the labels y; give one of them.")
        elif y is None:
            labels = np.repeat(self.classes_, list(allocate_rows(self._every_label(), int(n), balance=False).values()))
        else:
            labels = np.asarray(y).reshape(-1) if n is None else np.full(int(n), y)
        unknown = labels[~np.isin(labels, self.classes_)]
        if len(unknown):
            raise ParameterError(f"The label {unknown[0]!s} was not learned; take one of {self.classes_.tolist()}.")
        return labels.astype(self.classes_.dtype)

    def _every_label(self) -> NDArray[Any]:
        return np.repeat(self.classes_, list(self._counts.values()))

    def _like_rows(self, made: pd.DataFrame) -> Any:
        """Return rows in the container, and with the names and dtypes, of those that were learned."""
        if isinstance(self._X, pd.DataFrame):
            return append_rows(self._X, made.set_axis(self._X.columns, axis=1))
        values = made.to_numpy()
        shape = np.shape(self._X)[1:]
        return append_rows(self._X, values.reshape(len(values), *shape) if len(shape) > 1 else values)


@dataclass(frozen=True)
class _ColumnCells:
    """One column, and how its rows are ordered.

    Attributes
    ----------
    cells : series of shape (n,)
        As they are.
    codes : ndarray of shape (n,)
        Numbers in order, a missing one below all others; of categories, the rank of their frequency.
    numbers : ndarray of shape (n,) or None
        Where values may lie in between two that were seen.
    whole : bool
        Whether these are whole numbers.
    """

    cells: pd.Series[Any]
    codes: Numbers
    numbers: Numbers | None
    whole: bool

    @classmethod
    def of(cls, column: pd.Series[Any]) -> _ColumnCells:
        """Return what is known of a column."""
        cells, found = column.reset_index(drop=True), encode_column(column)
        if found.is_category:
            counts = np.bincount(found.values.astype(np.int64))
            ranks = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
            return cls(cells, ranks[found.values.astype(np.int64)].astype(float), None, whole=False)
        codes = np.where(np.isnan(found.values), -np.inf, found.values)
        exact = bool(np.nanmax(np.abs(found.values), initial=0.0) < _EXACT)
        whole = pd.api.types.is_integer_dtype(column.dtype)
        return cls(cells, codes, found.values if not found.is_time and (exact or not whole) else None, whole)

    def between(self, below: Positions, above: Positions, nearest: Positions, weight: Numbers) -> pd.Series[Any]:
        """Return cells between those of two rows each, or those of the nearest where there is nothing in between."""
        if self.numbers is None:
            return self.cells.take(nearest).reset_index(drop=True)
        low, high = self.numbers[below], self.numbers[above]
        known = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(known, low, 0.0), np.where(known, high, 0.0)
        made = np.where(known, (1 - weight) * low + weight * high, self.numbers[nearest])
        return pd.Series(np.rint(made) if self.whole else made)


def _to_table(X: Any) -> pd.DataFrame:
    """Return samples as a table, pixels of images as columns."""
    if np.ndim(X) < 3:
        frame = as_frame(X)
        return frame.set_axis(range(frame.shape[1]), axis=1)
    return pd.DataFrame(np.asarray(X).reshape(len(X), -1))
