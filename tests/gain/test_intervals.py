"""Intervals of differences whose training sets overlap."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganaug.gain.intervals import Difference, paired_difference, rows_needed

SCORES = st.lists(st.floats(-1, 1), min_size=2, max_size=12)


def test_the_interval_is_that_of_nadeau_and_bengio_by_hand():
    # Differences 0.01, 0.03, 0.02, 0.06: mean 0.03, variance (4 + 0 + 1 + 9) e-4 / 3 = 4.6667e-4, deviation 0.0216025.
    # Five folds have 0.25 test rows per training row: half width 3.182446 * 0.0216025 * sqrt(1/4 + 1/4) = 0.0486133.
    found = paired_difference([0.61, 0.73, 0.82, 0.96], [0.6, 0.7, 0.8, 0.9], 0.25)
    assert found.n == 4
    assert found.mean == pytest.approx(0.03)
    assert found.low == pytest.approx(0.03 - 0.0486133, abs=1e-6)
    assert found.high == pytest.approx(0.03 + 0.0486133, abs=1e-6)
    assert found.effect_size == pytest.approx(0.03 / 0.0216025, rel=1e-5)


def test_folds_without_both_scores_do_not_count():
    found = paired_difference([0.5, np.nan, 0.7, 0.9], [0.4, 0.1, np.nan, 0.6], 0.25)
    assert found.n == 2
    assert found.mean == pytest.approx(0.2)


def test_one_fold_has_a_mean_and_no_interval():
    found = paired_difference([0.5], [0.4], 0.25)
    assert (found.mean, found.n) == (pytest.approx(0.1), 1)
    assert np.isnan([found.low, found.high, found.effect_size]).all()


def test_no_fold_has_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = paired_difference([np.nan], [0.4], 0.25)
    assert found.n == 0
    assert np.isnan([found.mean, found.low, found.high]).all()


def test_no_difference_at_all_is_a_point():
    found = paired_difference([0.5, 0.6], [0.5, 0.6], 0.25)
    assert (found.mean, found.low, found.high, found.effect_size) == (0, 0, 0, 0)


@settings(deadline=None)
@given(scores=SCORES, shift=st.floats(-1, 1), ratio=st.floats(0.01, 1))
def test_the_interval_is_around_the_mean_wider_than_without_overlap_and_changes_sign_with_the_arms(
    scores, shift, ratio
):
    reference = np.roll(scores, 1) + shift
    found, plain = paired_difference(scores, reference, ratio), paired_difference(scores, reference, 0.0)
    if np.isnan(found.low):  # all differ by the same
        assert np.isnan(found.high) and np.isnan(found.effect_size)
        return
    assert found.low <= found.mean <= found.high
    assert found.high - found.low >= plain.high - plain.low
    turned = paired_difference(reference, scores, ratio)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def difference(mean, half_width):
    return Difference(mean, mean - half_width, mean + half_width, 1.0, 10)


@pytest.mark.parametrize(
    ("mean", "half_width", "n", "rows"),
    [
        (0.01, 0.02, 100, 400),
        (-0.01, 0.02, 100, 400),
        (0.01, 0.035, 100, 1300),  # 1225, to two digits and never less
        (0.01, 0.01, 57, 57),
        (0.02, 0.01, 1234, 1300),
        (0.0, 0.01, 100, None),
        (0.01, np.nan, 100, None),
        (1e-9, 0.5, 100, None),
    ],
)
def test_rows_needed_grow_with_the_square_of_the_width(mean, half_width, n, rows):
    assert rows_needed(difference(mean, half_width), n) == rows


@settings(deadline=None)
@given(mean=st.floats(1e-4, 1), half_width=st.floats(0, 1), n=st.integers(1, 10**6))
def test_rows_needed_are_enough_and_few_digits(mean, half_width, n):
    rows = rows_needed(difference(mean, half_width), n)
    if rows is None:
        return
    assert rows >= n
    assert rows * (1 + 1e-9) >= n * (half_width / mean) ** 2
    assert rows <= 1.12 * n * max(1, (half_width / mean) ** 2) + 1
