"""Which rows train and which test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, ShuffleSplit, StratifiedKFold

from ganaug.errors import DataError, ParameterError
from ganaug.gain.folds import is_splitter, make_folds

Y = np.arange(40) % 2
X = np.zeros((40, 1))


@settings(deadline=None, max_examples=40)
@given(n_splits=st.integers(2, 6), n_repeats=st.integers(1, 3), seed=st.integers(0, 2**63 - 1))
def test_each_repeat_tests_every_row_once_and_keeps_the_shares_of_classes(n_splits, n_repeats, seed):
    y = np.repeat([0, 1], [30, 12])
    folds = make_folds(np.zeros((42, 1)), y, n_splits, n_repeats, None, seed)
    assert [fold.number for fold in folds] == list(range(n_splits * n_repeats))
    for repeat in range(n_repeats):
        of = folds[repeat * n_splits : (repeat + 1) * n_splits]
        assert sorted(np.concatenate([fold.test for fold in of])) == list(range(42))
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == list(range(42))
        assert abs((y[fold.test] == 1).sum() - 12 / n_splits) < 1


def test_the_seed_decides_and_repeats_differ():
    first, again, other = (make_folds(X, Y, 4, 2, None, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a.test, b.test) and a.seed == b.seed for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))
    assert not np.array_equal(first[0].test, first[4].test)
    assert len({fold.seed for fold in (*first, *other)}) == 16


def test_groups_never_straddle():
    groups = [f"g{i // 4}" for i in range(40)]
    for fold in make_folds(X, Y, 3, 2, groups, 0):
        assert not {groups[i] for i in fold.train} & {groups[i] for i in fold.test}


@pytest.mark.parametrize("groups", [np.arange(39), np.zeros((40, 2)), 7], ids=["short", "two columns", "a number"])
def test_groups_of_the_wrong_shape_are_refused(groups):
    with pytest.raises(DataError, match=r"groups has the shape .* and y has 40 labels; give one group per row"):
        make_folds(X, Y, 2, 1, groups, 0)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize("cv", [2, [(range(20), range(20, 40))]])
def test_groups_with_gaps_are_refused_in_words(gap, cv):
    groups = ["a", gap, *["a"] * 18, *["b"] * 18, "b", gap]
    with pytest.raises(DataError, match="groups has no value in 2 of 40 rows, the first at position 1; give every row"):
        make_folds(X, Y, cv, 1, groups, 0)


def test_groups_of_several_kinds_are_told_apart():
    groups = [*[1] * 10, *["1"] * 10, *[2] * 10, *["two"] * 10]
    for fold in make_folds(X, Y, 2, 1, groups, 0):
        assert not {groups[i] for i in fold.train} & {groups[i] for i in fold.test}
    with pytest.raises(DataError, match=r"groups cannot be told apart.*list.*; give numbers or text"):
        make_folds(X, Y, 2, 1, [[1], *[[1, 2]] * 39], 0)


@pytest.mark.parametrize(
    "cv",
    [
        [(np.arange(0, 40, 2), np.arange(1, 40, 2))],
        pytest.param(StratifiedKFold(3), marks=pytest.mark.filterwarnings("ignore:The groups parameter is ignored")),
    ],
    ids=["pairs", "splitter"],
)
def test_a_split_that_tears_a_group_apart_is_refused(cv):
    with pytest.raises(ParameterError, match=r"Fold 0 of 'cv' has rows of the group \d+ among.*its test rows; take"):
        make_folds(X, np.arange(40) // 2 % 2, cv, 1, np.arange(40) // 2, 0)


@pytest.mark.parametrize("cv", [GroupKFold(3), LeaveOneGroupOut()])
def test_a_splitter_of_groups_gets_them(cv):
    groups = np.arange(40) // 10
    for fold in make_folds(X, Y, cv, 5, groups, 0):
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_a_splitter_and_pairs_of_positions_are_taken_as_they_are():
    splitter = ShuffleSplit(3, random_state=0)
    by_splitter = make_folds(X, Y, splitter, 7, None, 0)
    by_pairs = make_folds(X, Y, list(splitter.split(X)), 7, None, 0)
    by_generator = make_folds(X, Y, splitter.split(X), 7, None, 0)
    assert len(by_splitter) == 3
    for a, b, c in zip(by_splitter, by_pairs, by_generator, strict=True):
        assert np.array_equal(a.test, b.test) and np.array_equal(a.train, c.train)


@pytest.mark.parametrize(
    ("y", "n_splits", "groups", "text"),
    [
        ([0] * 20 + [1] * 3, 5, None, "Class 1 has 3 rows, fewer than the 5 folds.*take cv=3, or drop"),
        ([0] * 20 + [1], 5, None, "Class 1 has 1 row, fewer than the 5 folds.*; drop the class or merge it"),
        (["a"] * 20 + ["b"] * 9, 5, [0] * 20 + [1] * 5 + [2] * 4, "Class a has 1 group, fewer than the 5 folds"),
    ],
)
def test_fewer_rows_of_a_class_than_folds_are_refused(y, n_splits, groups, text):
    with pytest.raises(DataError, match=text):
        make_folds(np.zeros((len(y), 1)), np.asarray(y), n_splits, 1, groups, 0)


@pytest.mark.parametrize("cv", [1, 0, -3])
def test_fewer_than_two_folds_are_refused(cv):
    with pytest.raises(ParameterError, match="'cv' parameter must be at least 2 folds"):
        make_folds(X, Y, cv, 1, None, 0)


@pytest.mark.parametrize("cv", ["5", b"5", 2.5, True, None, StratifiedKFold])
def test_what_is_no_split_is_refused(cv):
    with pytest.raises(ParameterError, match="must be a number of folds, a splitter of scikit-learn, or pairs"):
        make_folds(X, Y, cv, 1, None, 0)


@pytest.mark.parametrize(
    ("cv", "text"),
    [
        ([], "gives no folds at all"),
        ([([0, 1], [1, 2])], "Fold 0 of 'cv' has 2 training and 2 test rows, and 1 are in both"),
        ([([0], [1]), ([0, 1], [])], "Fold 1 of 'cv' has 2 training and 0 test rows"),
        (StratifiedKFold(21), "cannot split these rows"),
        (StratifiedKFold(21).split(X, Y), "cannot split these rows: n_splits=21"),
        ([(range(30), range(30, 41))], "has the row position 40, and there are 40 rows; give positions from 0 to 39"),
        ([(range(-20, 0), range(20, 40))], "has the row position -20, and there are 40 rows"),
        ([(Y == 0, Y == 1)], r"must hold lists of whole numbers.*Got an array of bool of shape \(40,\) instead"),
        ([([0.5], [1])], "must hold lists of whole numbers.*float64"),
        ([([[0]], [1])], r"must hold lists of whole numbers.*shape \(1, 1\)"),
        ([1, 2], "Fold 0 of 'cv' must be a pair of training and test positions. Got 1 instead"),
        ([([0], [1]), ([0], [1], [2])], "Fold 1 of 'cv' must be a pair"),
    ],
    ids=[
        *("none", "overlap", "empty", "too many", "a generator that raises", "out of range"),
        *("counted from the end", "masks", "fractions", "two dimensions", "no pairs", "triples"),
    ],
)
def test_unsound_folds_are_refused(cv, text):
    with pytest.raises(ParameterError, match=text):
        make_folds(X, Y, cv, 1, None, 0)


@pytest.mark.parametrize(
    ("cv", "answer"),
    [
        (StratifiedKFold(), True),
        (GroupKFold(), True),
        (StratifiedKFold, False),
        ("5", False),
        (5, False),
        (None, False),
    ],
)
def test_splitters_are_told_from_text_numbers_and_classes(cv, answer):
    assert is_splitter(cv) is answer
