"""Base of samplers that learn tables without training a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..data.foreign import Forms, Given, take_in
from ..data.rows import append_labels, append_rows, as_frame
from ..errors import ParameterError
from ..rng import Seed, new_seed
from .synthetic import allocate_rows, check_labels, count_labels


class RowSampler(BaseEstimator):  # type: ignore[misc]
    """Sampler that draws rows of each class from what it has learned of a table.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    n_features_in_ : int
        Number of columns, or of values of an image.
    """

    _estimator_type = "sampler"

    random_state: Seed

    def fit(self, X: Any, y: Any) -> Any:
        """Learn the rows of each class.

        Parameters
        ----------
        X : frame or array of shape (n, d), or array of shape (n, ...)
            Rows: numbers, times, booleans, text or categories, with missing cells; or images.
        y : array-like of shape (n,)
            Labels.

        Raises
        ------
        DataError
            Numbers of rows and labels differ, or there is only one class.
        """
        return self._fit(take_in(X), take_in(y))

    def _fit(self, given_X: Given, given_y: Given) -> Any:
        X, y = given_X.data, given_y.data
        labels = check_labels(X, y)
        table = _to_table(X)
        self._forms = Forms(given_X.form, given_y.form)
        self._X, self._y = X[:0], y[:0]
        self.classes_ = np.unique(labels)
        self._counts = count_labels(labels)
        self.n_features_in_ = table.shape[1]
        self._seed = new_seed(self.random_state)
        self._learn(table, labels)
        return self

    def sample(self, n: Any = None, y: Any = None, random_state: Seed = None) -> tuple[Any, Any]:
        """Draw synthetic rows and their labels.

        Parameters
        ----------
        n : int or mapping of label to int, default=None
            Number of rows, in the proportions of the classes or all of the class `y`; or the number of rows of each
            class.
        y : label or array-like of labels, default=None
            Class of the `n` rows; or, without `n`, the label of each row.
        random_state : int, numpy RandomState or Generator, or None, default=None
            Seed of these rows; None takes the seed of the sampler.

        Returns
        -------
        X, y
            Rows and labels, in the containers, columns and dtypes of the training data.

        Raises
        ------
        ParameterError
            A label is unknown, or neither a number nor labels are given.
        """
        check_is_fitted(self)
        return self._forms.restore(*self._sample(n, y, random_state))

    def _sample(self, n: Any, y: Any, random_state: Seed) -> tuple[Any, Any]:
        seed = self._seed if random_state is None else new_seed(random_state)
        labels = self._resolve_labels(n, y)
        return self._like_rows(self._draw(labels, seed)), append_labels(self._y, labels)

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Fit, and append synthetic rows until all classes are as large as the largest.

        Parameters
        ----------
        X, y
            Rows and labels, as for `fit`. A class with a single row gets no synthetic rows.
        """
        given_X, given_y = take_in(X), take_in(y)
        X, y = given_X.data, given_y.data
        labels = check_labels(X, y)
        sizes = np.array([size for size in count_labels(labels).values() if size > 1] or [0])
        counts = allocate_rows(labels, int((sizes.max() - sizes).sum()), balance=True)
        X_new, y_new = self._fit(given_X, given_y)._sample(counts, None, None)
        return given_X.append(append_rows(X, X_new)), given_y.append(append_labels(y, y_new))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_counts")

    def _resolve_labels(self, n: Any, y: Any) -> NDArray[Any]:
        """Return the label of every row to draw."""
        counts: list[Any] = []
        if n is not None:
            counts = list(n.values()) if isinstance(n, Mapping) else [n]
        for count in counts:
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
        """Return rows in the container of the training rows, with their names and dtypes."""
        if isinstance(self._X, pd.DataFrame):
            return append_rows(self._X, made.set_axis(self._X.columns, axis=1))
        values = made.to_numpy()
        shape = np.shape(self._X)[1:]
        return append_rows(self._X, values.reshape(len(values), *shape) if len(shape) > 1 else values)

    def _learn(self, table: pd.DataFrame, labels: NDArray[Any]) -> None:
        """Learn from rows as a frame, with plain labels."""
        raise NotImplementedError

    def _draw(self, labels: NDArray[Any], seed: int) -> pd.DataFrame:
        """Return one row for each label, as a frame."""
        raise NotImplementedError


def _to_table(X: Any) -> pd.DataFrame:
    """Return samples as a frame, with pixels of images as columns."""
    if np.ndim(X) < 3:
        frame = as_frame(X)
        return frame.set_axis(range(frame.shape[1]), axis=1)
    return pd.DataFrame(np.asarray(X).reshape(len(X), -1))
