"""Define the methods: each gets the training rows of a case and returns them with rows appended.

A method is an object with ``fit_resample(X, y)``, or with ``fit(X, y)`` and ``sample(y=labels)``. The latter is called
for the rows that bring every class to the size of the largest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from ..shared.cart import SequentialCART
from .learners import DISAGREE, SOFT_OPTIONS, make_learner
from .oversamplers import make_adasyn, make_random_over_sampler, make_smote
from .peers import PeerSampler
from .shared_fits import SharedGAN


@dataclass(frozen=True)
class Setting:
    """Settings of a method, besides the training rows.

    Attributes
    ----------
    seed : int
    learner : str
        Learner for which some methods are tuned.
    peer_python : str
        The interpreter that has the peers.
    """

    seed: int
    learner: str
    peer_python: str


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes
    ----------
    make : callable
        ``make(setting, X) -> sampler``.
    per_learner : bool
        Whether the rows depend on the learner.
    treatment : str
        Treatment of the learner, one of `learners.TREATMENTS`.
    """

    make: Callable[[Setting, pd.DataFrame], Any]
    per_learner: bool = False
    treatment: str = "plain"


# ---- resampling ----------------------------------------------------------------------------------


def resample(sampler: Any, X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Return ``X, y`` with the rows of `sampler` appended.

    Raises
    ------
    ValueError
        The result has fewer rows than ``X``, or other columns.
    """
    if hasattr(sampler, "fit_resample"):
        X_all, y_all = sampler.fit_resample(X, y)
    else:
        X_new, y_new = sampler.fit(X, y).sample(y=make_balancing_labels(y))
        X_all, y_all = pd.concat([X, X_new], ignore_index=True), pd.concat([y, pd.Series(y_new)], ignore_index=True)
    if list(X_all.columns) != list(X.columns) or len(X_all) != len(y_all) or len(X_all) < len(X):
        raise ValueError(f"{type(sampler).__name__} returned a table of {X_all.shape} and {len(y_all)} labels")
    return X_all, pd.Series(np.asarray(y_all, dtype="int64"), name=y.name)


def make_balancing_labels(y: pd.Series) -> pd.Series:
    """Return the labels of the rows that bring every class to the size of the largest, class by class."""
    counts = y.value_counts().sort_index()
    return pd.Series(np.repeat(counts.index.to_numpy(), counts.max() - counts.to_numpy()), name=y.name, dtype="int64")


# ---- controls ------------------------------------------------------------------------------------


class Unchanged:
    """Add no rows."""

    def fit_resample(self, X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return the rows as they are."""
        return X, y


class Duplicate:
    """Repeat real rows, those of each class equally often up to one.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Duplicate:
        """Remember the rows."""
        self._X, self._y = X, y
        return self

    def sample(self, *, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return one copy for every label."""
        rows = np.zeros(len(y), dtype=int)
        for code in y.unique():
            order, wanted = self._rng.permutation(np.flatnonzero(self._y == code)), (y == code).to_numpy()
            rows[wanted] = np.resize(order, wanted.sum())
        return self._X.iloc[rows].reset_index(drop=True), y


class Bootstrap:
    """Draw real rows with replacement, as many of each class proportionally as balancing makes in all.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def fit_resample(self, X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return the drawn rows in place of the real ones."""
        counts = y.value_counts()
        times = counts.max() * len(counts) / len(y)
        drawn = [self._rng.choice(np.flatnonzero(y == code), round(n * times)) for code, n in counts.items()]
        rows = np.concatenate(drawn)
        return X.iloc[rows].reset_index(drop=True), y.iloc[rows].reset_index(drop=True)


class Natural:
    """Add as many synthetic rows as there are real ones, in the same class proportions.

    Parameters
    ----------
    sampler : object with ``fit`` and ``sample``
    """

    def __init__(self, sampler: Any):
        self._sampler = sampler

    def fit_resample(self, X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return the rows, with one synthetic row appended for each label."""
        X_new, y_new = self._sampler.fit(X, y).sample(y=y)
        return pd.concat([X, X_new], ignore_index=True), pd.concat([y, pd.Series(y_new)], ignore_index=True)


class TeacherBootstrap(Duplicate):
    """Draw real rows for a class with probability proportional to that of the class by a random forest.

    This is a label filter without a generator. The probabilities are out-of-bag, since trees memorise the labels of
    their own rows.
    """

    def __init__(self, seed: int):
        super().__init__(seed)
        self._seed = seed

    def sample(self, *, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return a row for every label."""
        forest = make_learner("forest", self._X, self._seed)
        assert forest is not None  # noqa: S101 - None only with class weights
        features = forest[0].fit_transform(self._X)
        teacher = RandomForestClassifier(300, oob_score=True, random_state=self._seed).fit(features, self._y)
        likely = np.nan_to_num(teacher.oob_decision_function_) + 1e-9
        rows = np.zeros(len(y), dtype=int)
        for column, code in enumerate(teacher.classes_):
            wanted = (y == code).to_numpy()
            p = likely[:, column] / likely[:, column].sum()
            rows[wanted] = self._rng.choice(len(p), wanted.sum(), p=p)
        return self._X.iloc[rows].reset_index(drop=True), y


# ---- ganaug --------------------------------------------------------------------------------------


def _make_copula(seed: int) -> Any:
    from ganaug import GaussianCopula

    return GaussianCopula(seed)


def _make_tuned(setting: Setting, X: pd.DataFrame, scoring: str | None = None) -> Any:
    """Return a sampler with a share chosen for the learner of the setting."""
    from ganaug import TunedAugmenterCV

    learner = make_learner(setting.learner, X, setting.seed)
    return TunedAugmenterCV(SharedGAN(setting.seed), learner, scoring=scoring, random_state=setting.seed)


def _make_tuned_mean(setting: Setting, X: pd.DataFrame) -> Any:
    """Return a sampler with a share chosen for the four default classifiers of TunedAugmenterCV."""
    from ganaug import TunedAugmenterCV

    return TunedAugmenterCV(SharedGAN(setting.seed), random_state=setting.seed)


def list_choices(sampler: Any) -> dict[str, Any]:
    """Return the choices that a sampler reports."""
    found = {key: getattr(sampler, f"{key}_", None) for key in ("share", "balance", "short")}
    return {key: np.asarray(value).item() for key, value in found.items() if value is not None}


METHODS: Mapping[str, Method] = {
    "none": Method(lambda s, X: Unchanged()),
    "threshold": Method(lambda s, X: Unchanged(), treatment="threshold"),
    "calibrated": Method(lambda s, X: Unchanged(), treatment="calibrated"),
    "bootstrap": Method(lambda s, X: Bootstrap(s.seed)),
    "duplicate": Method(lambda s, X: Duplicate(s.seed)),
    "duplicate_natural": Method(lambda s, X: Natural(Duplicate(s.seed))),
    "class_weight": Method(lambda s, X: Unchanged(), treatment="class_weight"),
    "class_weight_corrected": Method(lambda s, X: Unchanged(), treatment="class_weight_corrected"),
    "random_over_sampling": Method(lambda s, X: make_random_over_sampler(s.seed)),
    "random_over_sampling_corrected": Method(lambda s, X: make_random_over_sampler(s.seed), treatment="corrected"),
    "smote": Method(lambda s, X: make_smote(s.seed)),
    "smote_corrected": Method(lambda s, X: make_smote(s.seed), treatment="corrected"),
    "adasyn": Method(lambda s, X: make_adasyn(s.seed)),
    "searched": Method(lambda s, X: Unchanged(), treatment="searched"),
    "soft_real": Method(lambda s, X: Unchanged(), treatment="soft_real"),
    "teacher": Method(lambda s, X: Unchanged(), treatment="teacher"),
    "distilled_swap": Method(lambda s, X: Unchanged(), treatment="distilled_swap"),
    "distilled_copula": Method(lambda s, X: Unchanged(), treatment="distilled_copula"),
    "distilled": Method(lambda s, X: Unchanged(), treatment="distilled"),
    "soft_real_searched": Method(lambda s, X: Unchanged(), treatment="soft_real_searched"),
    "distilled_searched": Method(lambda s, X: Unchanged(), treatment="distilled_searched"),
    **{name: Method(lambda s, X: Unchanged(), treatment=name) for name in (*SOFT_OPTIONS, DISAGREE)},
    "teacher_bootstrap": Method(lambda s, X: TeacherBootstrap(s.seed)),
    "gaussian_copula": Method(lambda s, X: _make_copula(s.seed)),
    "gaussian_copula_corrected": Method(lambda s, X: _make_copula(s.seed), treatment="corrected"),
    "cart": Method(lambda s, X: SequentialCART(s.seed)),
    "ctgan": Method(lambda s, X: PeerSampler("ctgan", s.seed, s.peer_python)),
    "tvae": Method(lambda s, X: PeerSampler("tvae", s.seed, s.peer_python)),
    "arf": Method(lambda s, X: PeerSampler("arf", s.seed, s.peer_python)),
    "tabular_argn": Method(lambda s, X: PeerSampler("tabular_argn", s.seed, s.peer_python)),
    "nrgboost": Method(lambda s, X: PeerSampler("nrgboost", s.seed, s.peer_python)),
    "ganaug": Method(lambda s, X: SharedGAN(s.seed)),
    "ganaug_corrected": Method(lambda s, X: SharedGAN(s.seed), treatment="corrected"),
    "ganaug_natural": Method(lambda s, X: Natural(SharedGAN(s.seed))),
    "ganaug_tuned": Method(_make_tuned, per_learner=True),
    "ganaug_tuned_log_loss": Method(lambda s, X: _make_tuned(s, X, "neg_log_loss"), per_learner=True),
    "ganaug_tuned_mean": Method(_make_tuned_mean),
}
