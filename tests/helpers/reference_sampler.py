"""The simplest sampler that keeps the whole contract: numpy, one normal distribution per class and column."""

from __future__ import annotations

import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted


def fresh_seed(random_state):
    """An integer from an integer, a generator (which advances) or, for None, the operating system."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return int(random_state)


def empty_like(data):
    """No rows of `data`: all that is left are container, names and dtypes."""
    return data.iloc[:0].copy() if hasattr(data, "iloc") else np.array(data[:0])


def cast_as(template, values):
    """Return `values` in the container and dtypes of `template`."""
    if isinstance(template, pd.DataFrame):
        columns = zip(template, values.T, strict=True)
        return pd.DataFrame({name: cast_as(template[name].to_numpy(), column) for name, column in columns})
    if isinstance(template, pd.Series):
        return pd.Series(values, dtype=template.dtype, name=template.name)
    is_rounded = template.dtype.kind == "i" and values.dtype.kind == "f"
    return (np.rint(values) if is_rounded else values).astype(template.dtype)


def concatenate(first, second):
    if hasattr(first, "iloc"):
        return pd.concat([first, second], ignore_index=True)
    return np.concatenate([first, second])


class GaussianSampler(BaseEstimator):
    """Draw the rows of each class from a normal distribution per column."""

    def __init__(self, sampling_strategy="auto", random_state=None):
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state

    def fit(self, X, y):
        rows, labels = np.asarray(X, dtype=float), np.asarray(y)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.prior_ = np.bincount(codes) / len(codes)
        self.means_ = np.array([rows[codes == code].mean(axis=0) for code in range(len(self.classes_))])
        self.stds_ = np.array([rows[codes == code].std(axis=0) for code in range(len(self.classes_))])
        self.like_X_, self.like_y_ = empty_like(X), empty_like(y)
        return self

    def sample(self, n=None, y=None, random_state=None):
        check_is_fitted(self)
        seed = fresh_seed(self.random_state if random_state is None else random_state)
        label_rng, row_rng = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
        codes = self._codes(n, y, label_rng)
        noise = row_rng.standard_normal((len(codes), self.means_.shape[1]))
        rows = self.means_[codes] + self.stds_[codes] * noise
        return cast_as(self.like_X_, rows), cast_as(self.like_y_, self.classes_[codes])

    def fit_resample(self, X, y):
        extra_X, extra_y = self.fit(X, y).sample(self._missing(y))
        return concatenate(X, extra_X), concatenate(y, extra_y)

    def _codes(self, n, y, rng):
        """The class of each row to draw, as positions in ``classes_``."""
        if isinstance(n, dict):
            y = np.repeat(np.array(list(n), dtype=self.classes_.dtype), list(n.values()))
        elif y is None:
            # One uniform number per row, so that fewer rows are a prefix of more.
            return np.searchsorted(np.cumsum(self.prior_)[:-1], rng.random(n), side="right")
        labels = np.asarray(y) if np.ndim(y) else np.repeat(np.array([y], dtype=self.classes_.dtype), n)
        return np.searchsorted(self.classes_, labels)

    def _missing(self, y):
        return dict(check_sampling_strategy(self.sampling_strategy, np.asarray(y), "over-sampling"))
