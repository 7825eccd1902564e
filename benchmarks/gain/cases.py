"""Define the cases: suite, table, cut and seed, under an id that never changes its meaning.

A wrong case is replaced by one with another id, so that old results stay comparable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

from ..shared.cases import WHOLE, ExcludedError
from ..shared.data import Table
from .learners import DISAGREE, SOFT_OPTIONS

MAX_TEST = 2000  # rows that a low-data case is tested on
MIN_TEST = 50
MAX_IMBALANCED = 4000  # training rows of an imbalance case
MIN_POSITIVE = 10
FOLDS = 5


@dataclass(frozen=True)
class Case:
    """One cut of one table with one seed."""

    suite: str
    table: str
    cut: str
    seed: int

    @property
    def id(self) -> str:
        """The permanent name, such as ``low-data/pima-200/seed3``."""
        table = self.table if self.cut == WHOLE else f"{self.table}-{self.cut}"
        return f"{self.suite}/{table}/{SUITES[self.suite].repeat}{self.seed}"


@dataclass(frozen=True)
class Split:
    """The rows of a case: a learner is fitted on ``X, y`` and tested, once, on ``X_test, y_test``.

    Attributes
    ----------
    X, X_test : DataFrame of shape (n, d)
    y, y_test : Series of shape (n,)
        Class codes.
    weights : ndarray of shape (n_test,)
        What each test row counts for.
    notes : tuple of str
        What was left out to make the cut.
    """

    X: pd.DataFrame
    y: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series
    weights: np.ndarray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """Defaults of a suite.

    Attributes
    ----------
    split : callable
        ``split(table, case) -> Split``; raises ExcludedError.
    tables, cuts, seeds, methods, learners : tuple
        Defaults.
    repeat : str
        What a seed is called in the case's id.
    """

    split: Callable[[Table, Case], Split]
    tables: tuple[str, ...]
    cuts: tuple[str, ...]
    methods: tuple[str, ...]
    learners: tuple[str, ...] = ("logistic", "neighbours", "mlp", "forest", "boosting")
    seeds: tuple[int, ...] = field(default=tuple(range(5)))
    repeat: str = "seed"

    def accepts_cut(self, cut: str) -> bool:
        """Return whether `cut` is one of the suite's, up to the number in it."""
        return cut in self.cuts or any(_mask_numbers(cut) == _mask_numbers(own) for own in self.cuts)


def _mask_numbers(cut: str) -> str:
    return re.sub(r"[1-9]\d*", "#", cut)


def split_whole(table: Table, case: Case) -> Split:
    """Hold out a stratified quarter."""
    train, test = train_test_split(
        np.arange(len(table.y)), test_size=0.25, stratify=table.y, random_state=case.seed, shuffle=True
    )
    return _take_rows(table, train, test)


def split_low_data(table: Table, case: Case) -> Split:
    """Draw a stratified cut to train on, and up to 2000 other rows to test on; leave out classes below two rows."""
    size = int(case.cut)
    rows, notes = _drop_rare_classes(table, size)
    if len(rows) - size < MIN_TEST:
        raise ExcludedError(f"{len(rows)} rows leave fewer than {MIN_TEST} to test on")
    train, rest = train_test_split(rows, train_size=size, stratify=table.y[rows], random_state=case.seed)
    return _take_rows(table, train, _limit_rows(table.y, rest, MAX_TEST, case.seed), notes)


def split_imbalance(table: Table, case: Case) -> Split:
    """Take the smallest class against the others, undersampled to the share that the cut names.

    Half of each side is held out. Test rows are weighted to the class shares of training, so that scores
    describe the rare class without depending on a handful of rows.
    """
    share = float(case.cut.removesuffix("pct")) / 100
    positive = int(table.y.value_counts(sort=False).sort_index().argmin())
    y = (table.y == positive).astype("int64")
    train, test = train_test_split(np.arange(len(y)), test_size=0.5, stratify=y, random_state=case.seed)
    rng = np.random.default_rng(case.seed)
    negatives, positives = (rng.permutation(train[y.to_numpy()[train] == code]) for code in (0, 1))
    n = min(MAX_IMBALANCED, int(len(negatives) / (1 - share)), int(len(positives) / share))
    if round(n * share) < MIN_POSITIVE:
        raise ExcludedError(f"{round(n * share)} positive rows to learn from, fewer than {MIN_POSITIVE}")
    train = np.concatenate([negatives[: n - round(n * share)], positives[: round(n * share)]])
    binary = Table(table.name, table.X, y, ("others", table.labels[positive]), table.digest)
    split = _take_rows(binary, rng.permutation(train), test, [f"{table.labels[positive]!r} against all others"])
    actual = float(split.y_test.mean())
    weights = np.where(split.y_test == 1, share / actual, (1 - share) / (1 - actual))
    return Split(split.X, split.y, split.X_test, split.y_test, weights, split.notes)


def split_tuned(table: Table, case: Case) -> Split:
    """Hold out one of five stratified folds, and train on the others or on a stratified cut of them."""
    rows, notes = np.arange(len(table.y)), list[str]()
    size = None if case.cut == WHOLE else int(case.cut)
    if size is not None:
        rows, notes = _drop_rare_classes(table, size)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, table.y[rows])
    train, test = (rows[index] for index in list(folds)[case.seed])
    if size is not None:
        if len(train) < size:
            raise ExcludedError(f"{len(train)} rows outside the test fold, fewer than {size}")
        train = _limit_rows(table.y, train, size, case.seed)
    return _take_rows(table, train, test, notes)


def _drop_rare_classes(table: Table, size: int) -> tuple[np.ndarray, list[str]]:
    """Return the rows of classes with at least two rows in a stratified cut of `size`, and notes on the others."""
    notes: list[str] = []
    rows = np.arange(len(table.y))
    while True:
        counts = np.bincount(table.y[rows], minlength=len(table.labels))
        rare = np.flatnonzero((counts > 0) & (counts * size // len(rows) < 2))
        if not len(rare):
            return rows, notes
        notes += [
            f"class {table.labels[code]!r} left out: {counts[code]} rows, too few for a cut of {size}" for code in rare
        ]
        rows = rows[~table.y[rows].isin(rare).to_numpy()]


def _limit_rows(y: pd.Series, rows: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return all rows or, where there are more, a stratified cut of `size`."""
    if len(rows) - size < y[rows].nunique():
        return rows[:size] if len(rows) > size else rows
    kept: np.ndarray = train_test_split(rows, train_size=size, stratify=y[rows], random_state=seed)[0]
    return kept


def _take_rows(table: Table, train: np.ndarray, test: np.ndarray, notes: Iterable[str] = ()) -> Split:
    """Return the rows, with class codes that count from 0 again where a class has been left out."""
    present = np.unique(table.y[train])
    X, X_test = (table.X.iloc[rows].reset_index(drop=True) for rows in (train, test))
    y, y_test = (pd.Series(np.searchsorted(present, table.y.iloc[rows]), name="label") for rows in (train, test))
    return Split(X, y, X_test, y_test, np.ones(len(test)), tuple(notes))


SMALL = ("phoneme", "magic", "pima", "churn", "german_credit", "adult")
ALL = (*SMALL, "car", "ecoli", "hypothyroid", "mammography", "wine_quality_white")
SHIPPED = ("breast_cancer", "wine")
FREE = (
    "none",
    "threshold",
    "calibrated",
    "class_weight",
    "bootstrap",
    "random_over_sampling",
    "smote",
    "gaussian_copula",
)
PUT_RIGHT = tuple(f"{name}_corrected" for name in ("class_weight", "random_over_sampling", "smote", "gaussian_copula"))
TAUGHT = (
    *("soft_real", "distilled_swap", "distilled_copula", "distilled", "teacher"),
    *("soft_real_searched", "distilled_searched"),
)
OURS = ("ganaug", "ganaug_corrected", "ganaug_tuned")

SUITES: dict[str, Suite] = {
    "gain-tables": Suite(split_whole, (*SHIPPED, *ALL), (WHOLE,), (*FREE, *PUT_RIGHT, *OURS)),
    "low-data": Suite(split_low_data, SMALL, ("100", "200", "500"), (*FREE, *PUT_RIGHT, *OURS)),
    "imbalance": Suite(split_imbalance, ALL, ("0.5pct", "1pct", "2pct", "5pct", "10pct"), (*FREE, *PUT_RIGHT, *OURS)),
    "distillation": Suite(
        split_low_data,
        SMALL,
        ("100", "200", "500"),
        ("none", "calibrated", "searched", *TAUGHT),
        learners=("logistic", "neighbours", "mlp", "forest", "boosting", "tree"),
    ),
    "soft-options": Suite(
        split_low_data,
        ("pima", "german_credit", "adult", "cardio", "heloc"),
        ("100", "500"),
        ("none", "soft_real", "distilled_swap", "distilled_copula", "teacher", *SOFT_OPTIONS, DISAGREE),
        learners=("logistic", "neighbours", "forest", "boosting", "tree"),
        seeds=(0, 1),
    ),
    "tuned": Suite(
        split_tuned,
        (*SHIPPED, *ALL),
        (WHOLE, "100", "200", "500"),
        ("none", "ganaug_natural", "ganaug_tuned"),
        learners=("logistic", "neighbours", "forest", "boosting"),
        repeat="fold",
    ),
}
