"""Fast stand-ins for an augmenter and a classifier, each good or bad in one way that a test can name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.naive_bayes import GaussianNB

from ganaug import TunedAugmenterCV, gain_report


def blobs(n=60, n_classes=2, seed=0, distance=1.5):
    """(X, y): two columns of numbers; the centres of the classes lie `distance` apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    return rng.normal(0, 1, (n, 2)) + distance * y[:, None], y


def numbered(n=60, seed=0):
    """(X, y): a table whose column "id" holds the number of each row, beside two columns of `blobs`."""
    X, y = blobs(n, seed=seed)
    return pd.DataFrame({"id": np.arange(n, dtype=float), "a": X[:, 0], "b": X[:, 1]}), pd.Series(y, name="label")


def report_of(augmenter, X, y, **options):
    """A gain report that takes a moment: one classifier, two folds, no fidelity."""
    settings = {
        "classifier": GaussianNB(),
        "cv": 2,
        "n_repeats": 1,
        "metrics": "balanced_accuracy",
        "synthetic_fraction": 0.4,
        "fidelity": False,
        "random_state": 0,
    }
    return gain_report(augmenter, X, y, **{**settings, **options})


def tuned(augmenter, **options):
    """A TunedAugmenterCV that takes a moment."""
    return TunedAugmenterCV(augmenter, **{"classifier": GaussianNB(), "random_state": 0, **options})


def rows_of(data, positions):
    """Some rows, in their container."""
    if hasattr(data, "iloc"):
        return data.iloc[positions].reset_index(drop=True)
    return [data[i] for i in positions] if isinstance(data, list) else data[positions]


def flat(y):
    """Labels as an array of one dimension."""
    return np.asarray(y).reshape(len(y))


class Log(list):
    """What happened, shared by all copies of the object that holds it."""

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):  # a report names its augmenter, and thousands of rows take seconds to print
        return "Log()"


class Bare:
    """Keeps the smallest contract there is, ``fit`` and ``sample(n, y, random_state)``: draws real rows again."""

    def fit(self, X, y):
        self.X_, self.y_ = X, flat(y)
        return self

    def sample(self, n=None, y=None, random_state=None):
        rng, y = np.random.default_rng(random_state), np.asarray(y)
        drawn = [rng.choice(np.flatnonzero(self.y_ == label)) for label in y.tolist()]
        return rows_of(self.X_, np.asarray(drawn, dtype=np.int64)), y


class Bootstrap(Bare, BaseEstimator):
    """The same as an estimator."""

    def __init__(self, random_state=None, size=1):
        self.random_state = random_state
        self.size = size


class Counted(Bootstrap):
    """Notes how many rows each fit was given."""

    def __init__(self, log=None, random_state=None):
        self.log = log
        self.random_state = random_state

    def fit(self, X, y):
        self.log.append(len(X))
        return super().fit(X, y)


class Swapped(Bootstrap):
    """Rows of another class than the one they are labelled with: harm, as much as can be done."""

    def sample(self, n=None, y=None, random_state=None):
        classes = np.unique(self.y_)
        others = classes[(np.searchsorted(classes, np.asarray(y)) + 1) % len(classes)]
        return super().sample(y=others, random_state=random_state)[0], np.asarray(y)


class Oracle(Bootstrap):
    """Knows the distribution that `blobs` draws from, and so has any number of new rows to give."""

    def __init__(self, distance=1.5, random_state=None):
        self.distance = distance
        self.random_state = random_state

    def sample(self, n=None, y=None, random_state=None):
        y, rng = np.asarray(y), np.random.default_rng(random_state)
        return rng.normal(0, 1, (len(y), 2)) + self.distance * y[:, None], y


class Doubling:
    """Has ``fit_resample`` alone, and returns every row twice."""

    def fit_resample(self, X, y):
        twice = np.tile(np.arange(len(y)), 2)
        return rows_of(X, twice), rows_of(y, twice)


class Failing(Bootstrap):
    """Raises where the rows to learn from lack the number `needs` in the first column; None raises always."""

    def __init__(self, needs=None, random_state=None):
        self.needs = needs
        self.random_state = random_state

    def fit(self, X, y):
        if self.needs is None or self.needs not in np.asarray(X)[:, 0]:
            raise RuntimeError("this augmenter has given up")
        return super().fit(X, y)


class Grumbling(Bootstrap):
    """Warns at each fit."""

    def fit(self, X, y):
        warnings.warn("few rows to learn from", UserWarning, stacklevel=2)
        return super().fit(X, y)


class SpySampler(Bootstrap):
    """Notes every row it sees, and every row it gives."""

    def __init__(self, log=None, random_state=None):
        self.log = log
        self.random_state = random_state

    def fit(self, X, y):
        self.log.append(("sampler fit", np.array(X)))
        return super().fit(X, y)

    def sample(self, n=None, y=None, random_state=None):
        made = super().sample(n, y, random_state)
        self.log.append(("sampler sample", np.array(made[0])))
        return made


class SpyTransformer(TransformerMixin, BaseEstimator):
    """Notes every row it is fitted to."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y=None):
        self.log.append(("transformer fit", np.array(X)))
        return self

    def transform(self, X):
        return X

    def __sklearn_is_fitted__(self):
        return True


class SpyClassifier(ClassifierMixin, BaseEstimator):
    """Notes every row it is fitted to, and every row it is asked about; says the commonest class."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y):
        self.log.append(("classifier fit", np.array(X)))
        self.classes_, counts = np.unique(y, return_counts=True)
        self.answer_ = self.classes_[counts.argmax()]
        return self

    def predict(self, X):
        self.log.append(("classifier predict", np.array(X)))
        return np.full(len(X), self.answer_)

    def predict_proba(self, X):
        self.log.append(("classifier predict", np.array(X)))
        return np.tile(self.classes_ == self.answer_, (len(X), 1)).astype(float)


class RaisingClassifier(ClassifierMixin, BaseEstimator):
    """Cannot be trained."""

    def fit(self, X, y):
        raise ValueError("this classifier has given up")

    def predict(self, X):
        raise NotImplementedError


class Asking(GaussianNB):
    """Notes, for all of its copies, about how many rows it was asked."""

    asked = Log()

    def predict_proba(self, X):
        self.asked.append(len(X))
        return super().predict_proba(X)
