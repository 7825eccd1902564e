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

from ..errors import ParameterError
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from ..rows import labels_below, rows_below
from .classifiers import as_frame
from .coding import Coded, coded
from .synthetic import checked_labels, class_counts, count_labels

Numbers = NDArray[np.float64]

_FLOOR = 1e-6  # variance that every direction has, so that a constant column is no exception


@dataclass(frozen=True)
class _Class:
    """What is known of one class.

    Attributes
    ----------
    values : ndarray of shape (n, d)
        Each column, sorted.
    directions : ndarray of shape (k, d)
        Of the normal scores: each times an independent normal number, added up, has their covariance.
    own : float
        Standard deviation that each column has to itself, which shrinkage gives.
    """

    values: Numbers
    directions: Numbers
    own: float

    @classmethod
    def of(cls, codes: Numbers) -> _Class:
        """Learn the rows of one class, of shape (n, d)."""
        n = len(codes)
        scores = norm.ppf((rankdata(codes, axis=0) - 0.5) / n)
        scores = scores - scores.mean(0)
        shrinkage = float(ledoit_wolf_shrinkage(scores, assume_centered=True)) if n > 1 else 1.0
        _, singular, axes = np.linalg.svd(scores, full_matrices=False)
        directions = np.sqrt((1 - shrinkage) / n) * singular[:, None] * axes
        return cls(np.sort(codes, axis=0), directions, float(np.sqrt(shrinkage * (scores**2).mean() + _FLOOR)))

    def quantiles(self, n: int, rng: np.random.Generator) -> Numbers:
        """Return `n` rows of numbers between 0 and 1, uniform in each column."""
        common = rng.standard_normal((n, len(self.directions))) @ self.directions
        scores = common + self.own * rng.standard_normal((n, self.values.shape[1]))
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
        labels = checked_labels(X, y)
        self._X, self._y = X[:0], y[:0]
        self._columns = _columns(X)
        codes = np.column_stack([_ordered(column) for column in self._columns])
        self.classes_ = np.unique(labels)
        self._counts = count_labels(labels)
        self._learned = {label: _Class.of(codes[labels == label]) for label in self.classes_.tolist()}
        self.n_features_in_ = codes.shape[1]
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
        codes = np.empty((len(labels), len(self._columns)))
        for number, (label, learned) in enumerate(self._learned.items()):
            wanted = labels == label
            p = learned.quantiles(int(wanted.sum()), numpy_stream(seed, "copula", number))
            codes[wanted] = self._values(learned.values, p)
        return self._restored(codes), labels_below(self._y, labels)

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Learn, and return the rows with synthetic ones below them until all classes are as large as the largest.

        Parameters
        ----------
        X, y
            As for `fit`; a class with a single row gets none.
        """
        labels = checked_labels(X, y)
        sizes = np.array([size for size in count_labels(labels).values() if size > 1] or [0])
        counts = class_counts(labels, int((sizes.max() - sizes).sum()), balance=True)
        X_new, y_new = self.fit(X, y).sample(counts)
        return rows_below(X, X_new), labels_below(y, y_new)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learned")

    def _labels(self, n: Any, y: Any) -> NDArray[Any]:
        """Return the label of every row that is asked for."""
        if isinstance(n, Mapping):
            labels = np.repeat(np.asarray(list(n), dtype=self.classes_.dtype), list(n.values()))
        elif n is None and y is None:
            raise ParameterError("sample needs a number of rows n, or the labels y; give one of them.")
        elif y is None:
            labels = np.repeat(self.classes_, list(class_counts(self._every_label(), int(n), balance=False).values()))
        else:
            labels = np.asarray(y).reshape(-1) if n is None else np.full(int(n), y, dtype=self.classes_.dtype)
        unknown = labels[~np.isin(labels, self.classes_)]
        if len(unknown):
            raise ParameterError(f"The label {unknown[0]!s} was not learned; it knows {self.classes_.tolist()}.")
        return labels

    def _every_label(self) -> NDArray[Any]:
        return np.repeat(self.classes_, list(self._counts.values()))

    def _values(self, values: Numbers, p: Numbers) -> Numbers:
        """Return the quantiles `p` of each column: numbers between two values, anything else one that was seen."""
        at, columns = p * (len(values) - 1), np.arange(values.shape[1])
        low, high = np.floor(at).astype(int), np.ceil(at).astype(int)
        below, above = values[low, columns], values[high, columns]
        are_numbers = [not (column.is_category or column.is_time) for column in self._columns]
        between = np.array(are_numbers) & np.isfinite(below)
        steps = np.subtract(above, below, where=between, out=np.zeros_like(at))
        nearest: Numbers = values[np.rint(at).astype(int), columns]
        return np.where(between, below + (at - low) * steps, nearest)

    def _restored(self, codes: Numbers) -> Any:
        """Return rows in the container and with the columns and dtypes that were learned."""
        made = pd.concat([_unordered(column, codes[:, i]) for i, column in enumerate(self._columns)], axis=1)
        if isinstance(self._X, pd.DataFrame):
            return rows_below(self._X, made.set_axis(self._X.columns, axis=1))
        values = made.to_numpy()
        shape = np.shape(self._X)[1:]
        return rows_below(self._X, values.reshape(len(values), *shape) if len(shape) > 1 else values)


def _columns(X: Any) -> list[Coded]:
    frame = as_frame(X) if np.ndim(X) < 3 else pd.DataFrame(np.asarray(X).reshape(len(X), -1))
    return [_as_it_was(frame.iloc[:, i]) for i in range(frame.shape[1])]


def _as_it_was(column: pd.Series[Any]) -> Coded:
    """Return a column as numbers that come back whole where they were."""
    found = coded(column)
    if found.is_category or not pd.api.types.is_integer_dtype(column):
        return found
    return Coded(found.values, False, lambda made: found.restore(np.rint(made)))


def _ordered(column: Coded) -> Numbers:
    """Return numbers with missing ones below all others, and categories by frequency, the most frequent first."""
    if not column.is_category:
        return np.where(np.isnan(column.values), -np.inf, column.values)
    return _ranks(column.values)[column.values.astype(np.int64)].astype(float)


def _unordered(column: Coded, made: Numbers) -> pd.Series[Any]:
    """Return the column that `_ordered` numbers stand for."""
    if not column.is_category:
        return column.restore(np.where(np.isinf(made), np.nan, made))
    return column.restore(np.argsort(_ranks(column.values))[made.astype(np.int64)].astype(float))


def _ranks(codes: Numbers) -> NDArray[np.int64]:
    """Return for each code its place in the order of frequency."""
    counts = np.bincount(codes.astype(np.int64))
    return np.argsort(np.argsort(-counts, kind="stable"), kind="stable")


def copula_rows(X: Any, counts: Mapping[Any, int], y: NDArray[Any], seed: int) -> tuple[Any, NDArray[Any]]:
    """Return rows of a copula that learned `X` and `y`.

    Parameters
    ----------
    X : samples
        Real rows.
    counts : mapping of label to int
        Rows of each class.
    y : ndarray of shape (n,)
        Plain labels of the real rows.
    seed : int
        Decides the rows.
    """
    made, labels = GaussianCopula(stream_seed(seed, "copula")).fit(X, y).sample(counts)
    return made, labels
