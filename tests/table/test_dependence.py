"""Pairs of states are counted, and columns that depend on each other are drawn on different levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score
from table_states import positions

from ganaug.table.dependence import PairCounts, assign_levels, check_levels


def codes(n=400, k=5, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, size, n) for size in rng.integers(1, 6, k)]


def test_information_is_that_of_scikit_learn():
    columns = codes()
    columns.append(np.where(columns[0] > 0, columns[1], 0))
    information = PairCounts.count(*positions(*columns)).compute_information()
    expected = [[mutual_info_score(a, b) for b in columns] for a in columns]
    np.testing.assert_allclose(information, expected, atol=1e-6)


def test_a_large_table_is_counted_on_rows_at_equal_distances(monkeypatch):
    states, sizes = positions(*codes(n=1000, k=2))
    monkeypatch.setattr("ganaug.table.dependence._PRODUCTS", 100 * sum(sizes) ** 2)
    counts = PairCounts.count(states, sizes)
    assert counts.rows == 100
    np.testing.assert_array_equal(counts.alone, np.bincount(states[::10].ravel(), minlength=sum(sizes)))


def test_columns_that_decide_each_other_are_on_different_levels():
    first, second = codes(k=2)
    noise = codes(k=4, seed=1)
    levels = assign_levels(PairCounts.count(*positions(first, first, noise[0], second, second, noise[1], second)))
    assert levels[0] != levels[1]
    assert len({levels[3], levels[4], levels[6]}) == 3


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_levels_are_whole_numbers_from_zero_without_a_gap(k, seed):
    states, sizes = positions(*codes(n=50, k=k, seed=seed))
    levels = assign_levels(PairCounts.count(states, sizes))
    check_levels(levels, sizes)
    assert sorted(set(levels)) == list(range(max(levels) + 1))


@pytest.mark.parametrize("levels", [[0], [0, 1, 4], [0, -1, 1], [0, 1, 2, 3]])
def test_levels_of_no_table_are_refused(levels):
    with pytest.raises(ValueError, match="levels do not fit"):
        check_levels(levels, [2, 2, 2])
