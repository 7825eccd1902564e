"""How good synthetic rows are, by held-out real ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganaug.table.score import held_out_score

pytestmark = pytest.mark.usefixtures("on_one_thread")


def rows(n=300, seed=0, classes=2, shift=0.0, noise=0.0):
    """(features, codes): the class is where the first of three numbers lies; `noise` of the labels are wrong."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    codes = np.searchsorted(np.linspace(-1, 1, classes + 1)[1:-1], X[:, 0])
    wrong = rng.random(n) < noise
    codes = np.where(wrong, rng.integers(0, classes, n), codes)
    X[:, 1] += shift
    return torch.from_numpy(X).float(), torch.from_numpy(codes)


REAL = rows(seed=1)


def test_rows_like_the_real_ones_score_almost_one():
    assert held_out_score(REAL, rows(), 0) > 0.95


@pytest.mark.parametrize("classes", [2, 4])
def test_wrong_labels_cost_utility(classes):
    real = rows(seed=1, classes=classes)
    scores = [held_out_score(real, rows(classes=classes, noise=noise), 0) for noise in (0.0, 0.5, 1.0)]
    assert scores[0] > scores[1] + 0.01 > scores[2] + 0.1
    assert scores[2] == pytest.approx(0.5, abs=0.12)


def test_rows_that_are_told_from_real_ones_cost_a_tenth_as_much():
    plain, told = (held_out_score(REAL, rows(shift=shift), 0) for shift in (0.0, 50.0))
    assert plain - told == pytest.approx(0.1 * 0.5, abs=0.02)


def test_copies_of_the_real_rows_are_not_better_than_fresh_ones_by_much():
    assert held_out_score(REAL, REAL, 0) - held_out_score(REAL, rows(), 0) < 0.05


def test_the_seed_decides():
    assert held_out_score(REAL, rows(), 3) == held_out_score(REAL, rows(), 3)
    assert len({held_out_score(REAL, rows(), seed) for seed in range(4)}) > 1
    assert 0 < held_out_score(REAL, rows(), 2**62) < 1


def test_global_randomness_is_left_alone():
    np.random.seed(12345)
    before = np.random.get_state()[1].copy()
    held_out_score(REAL, rows(), 0)
    assert np.array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_a_handful_of_held_out_rows_is_enough(n):
    real = rows(n, seed=1)
    assert 0 <= held_out_score(real, rows(), 0) <= 1


def test_a_class_that_was_never_generated_or_never_held_out_is_no_crash():
    features, codes = rows(classes=4)
    only_two = features[codes < 2], codes[codes < 2]
    real = rows(seed=1, classes=4)
    assert 0 <= held_out_score(real, only_two, 0) <= 1
    real_two = real[0][real[1] < 2], real[1][real[1] < 2]
    assert 0 <= held_out_score(real_two, (features, codes), 0) <= 1


def test_a_single_class_or_constant_features_have_nothing_to_rank():
    features, codes = rows()
    one = (features, torch.zeros_like(codes))
    assert held_out_score(REAL, one, 0) <= 0.5
    blank = (torch.zeros_like(features), codes)
    assert held_out_score((torch.zeros_like(REAL[0]), REAL[1]), blank, 0) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("lost", ["common", "rare"])
def test_losing_a_class_is_worse_than_keeping_it(lost):
    real, made = rows(seed=1, classes=4), rows(classes=4)
    kept = made[1] != (1 if lost == "common" else 0)
    assert held_out_score(real, (made[0][kept], made[1][kept]), 0) < held_out_score(real, made, 0)


def test_a_class_counts_by_its_share_of_the_real_rows():
    def with_rare(seed, where):
        features, codes = rows(600, seed)
        codes[:12] = 2
        features[:12, 2] = where
        return features, codes

    real = with_rare(1, 50.0)
    right, wrong = (held_out_score(real, with_rare(0, where), 0) for where in (50.0, -50.0))
    assert 0 < right - wrong < 0.05
