"""Corrections of single columns: they leave each column of each class spread as the real one is, and no more."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganaug.filters import FILTERS, Candidates, Samples, draw_candidates
from ganaug.filters import raking as marginals
from ganaug.filters.raking import RakingWeights, inclusion_probabilities

pytestmark = pytest.mark.usefixtures("on_one_thread")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def rows(n, shift=(0.0, 0.0), seed=0):
    """(features, codes): two normal columns, class 1 three to the right; the first is shifted, by class."""
    codes = torch.arange(n) % 2
    x = torch.randn(n, 2, generator=rng(seed)) + 3.0 * codes.unsqueeze(1)
    x[:, 0] += torch.tensor(shift)[codes]
    return x, codes


def fitted(real, candidates, weights=None, keep_one_in=4):
    weights = torch.zeros(len(candidates[1])) if weights is None else weights
    return RakingWeights.fit(real, candidates, weights, keep_one_in)


def weigh(correction, x, codes):
    return correction(torch.cat([x, codes.unsqueeze(1).float()], 1))[:, 0]


def kept(correction, candidates, code, keep_one_in=4, weights=0.0):
    """The candidates of a class that survive a draw."""
    x, codes = candidates
    total = weigh(correction, x, codes) + weights
    x, total = x[codes == code], total[codes == code]
    return x[draw_candidates(total, len(x) // keep_one_in, rng(3))]


# What they mend

SHIFT = (0.5, -0.4)


@pytest.mark.parametrize("keep_one_in", [2, 4, 12])
def test_a_shifted_column_is_mended_in_each_class_and_the_others_are_left(keep_one_in):
    correction = fitted(rows(2000), rows(8000, SHIFT, seed=1), keep_one_in=keep_one_in)
    for code in (0, 1):
        made = kept(correction, rows(48_000, SHIFT, seed=2), code, keep_one_in)
        assert (made.mean(0) - 3.0 * code).abs().max() < 0.1  # the root of 1000 real rows says it no better
        assert (made.std(0) - 1.0).abs().max() < 0.1


def test_values_that_come_too_often_are_mended():
    def dice(n, chances, seed):
        return torch.multinomial(torch.tensor(chances), n, True, generator=rng(seed)).float().unsqueeze(1)

    codes = torch.zeros(12_000, dtype=torch.int64)
    made = dice(12_000, [0.2, 0.2, 0.6], 1), codes
    correction = fitted((dice(3000, [0.5, 0.3, 0.2], 0), codes[:3000]), made)
    shares = torch.bincount(kept(correction, made, 0)[:, 0].long()) / 3000
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.03)


def test_where_columns_are_as_they_should_be_corrections_are_small():
    correction = fitted(rows(4000), rows(16_000, seed=1))
    assert 0 < correction.corrections.abs().mean() < 0.1


def test_what_other_filters_have_mended_is_not_mended_again():
    real, candidates = rows(4000), rows(16_000, (0.5, 0.5), seed=1)
    ratio = -0.5 * (candidates[0][:, 0] - 3.0 * candidates[1]) + 0.125  # of the two densities, in logarithms
    alone, after = fitted(real, candidates), fitted(real, candidates, ratio)
    assert after.corrections[:, 0].abs().mean() < 0.15 < 0.3 < alone.corrections[:, 0].abs().mean()
    for code in (0, 1):
        made = kept(after, candidates, code, weights=ratio)
        assert (made.mean(0) - 3.0 * code).abs().max() < 0.1


def test_candidates_that_are_kept_in_any_case_count_once():
    codes, x = torch.zeros(9000, dtype=torch.int64), (torch.arange(9000) % 5 == 0).float().unsqueeze(1)
    weights = torch.where(
        torch.arange(9000) % 10 < 3, 5.0, 0.0
    )  # of 0 and 1 alike nearly a third, and one in two stays
    wanted = (torch.arange(2000) % 20 < 7).float().unsqueeze(1), codes[:2000]
    made = kept(fitted(wanted, (x, codes), weights, 2), (x, codes), 0, 2, weights)
    assert made.mean().item() == pytest.approx(0.35, abs=0.02)


def test_no_value_is_made_more_than_e_to_the_fourth_times_as_likely():
    correction = fitted(rows(2000), rows(8000, (3.0, 3.0), seed=1)).corrections
    assert correction.abs().max() == 4.0


# Where there is little to go by


def with_few(n, seed=0):
    """The rows of two classes, with `n` of a third."""
    x, codes = rows(600, seed=seed)
    return torch.cat([x, torch.randn(n, 2, generator=rng(seed + 9))]), torch.cat([codes, torch.full((n,), 2)])


@pytest.mark.parametrize(("n_real", "n_made"), [(29, 900), (900, 29), (1, 900), (900, 0)])
def test_a_class_with_few_rows_or_few_candidates_gets_no_correction(n_real, n_made):
    correction = fitted(with_few(n_real), with_few(n_made, seed=1))
    assert correction.edges.shape == (3, 2, 19) and correction.corrections.shape == (3, 2, 20)
    assert not correction.corrections[2].any() and correction.edges[2].isinf().all()
    assert correction.corrections[:2].any(dim=2).all()
    assert not weigh(correction, torch.randn(50, 2, generator=rng()), torch.full((50,), 2)).any()


def test_the_fewer_rows_the_wider_the_bins():
    codes = torch.zeros(45, dtype=torch.int64)
    x = torch.arange(45.0).unsqueeze(1)
    edges = fitted((x, codes), (x, codes)).edges[0, 0]
    assert edges[:2].tolist() == [14.0, 29.0] and edges[2:].isinf().all()  # three bins of fifteen


def test_an_unknown_class_gets_no_correction():
    correction = fitted(rows(1000), rows(4000, SHIFT, seed=1))
    x = torch.randn(30, 2, generator=rng())
    assert not weigh(correction, x, torch.full((30,), 2)).any()
    assert weigh(correction, x, torch.zeros(30)).any()
    assert correction(torch.empty(0, 3)).shape == (0, 1)


def test_no_rows_at_all_teach_nothing():
    nothing = torch.empty(0, 2), torch.empty(0, dtype=torch.int64)
    correction = fitted(nothing, rows(100))
    assert correction.corrections.shape == (0, 2, 20) and not weigh(correction, *rows(10)).any()
    few = Candidates(*rows(20), torch.zeros(20), 4)
    assert FILTERS["marginals"].fit(Samples(*rows(20)), few, 0, None) is None


# What a row weighs


def by_hand():
    """One class and two columns: bins end at 0 and 1 in the first, and at 5 in the second."""
    edges, corrections = torch.full((1, 2, 19), torch.inf), torch.zeros(1, 2, 20)
    edges[0, 0, :2], edges[0, 1, 0] = torch.tensor([0.0, 1.0]), 5.0
    corrections[0, 0, :3], corrections[0, 1, :2] = torch.tensor([0.1, 0.2, 0.4]), torch.tensor([1.0, 2.0])
    return RakingWeights(edges, corrections)


@pytest.mark.parametrize(
    ("value", "expected"), [(-1e30, 0.1), (0.0, 0.1), (1e-30, 0.2), (1.0, 0.2), (1.0001, 0.4), (1e30, 0.4)]
)
def test_a_value_on_an_edge_lies_below_it(value, expected):
    below, above = torch.tensor([value, 5.0, 0.0]), torch.tensor([value, 5.1, 0.0])
    found = by_hand()(torch.stack([below, above]))
    torch.testing.assert_close(found, torch.tensor([[1.0 + expected], [2.0 + expected]]))


def test_loaded_corrections_are_those_that_were_saved():
    correction = fitted(with_few(5), rows(2000, SHIFT, seed=1))
    facts, tensors = json.loads(json.dumps(correction.to_json())), correction.tensors()
    assert RakingWeights.expected(facts) == {name: (t.dtype, tuple(t.shape)) for name, t in tensors.items()}
    loaded = RakingWeights.from_json(facts, {name: t.clone() for name, t in tensors.items()})
    x, codes = rows(500, seed=4)
    assert torch.equal(weigh(loaded, x, codes), weigh(correction, x, codes)) and weigh(loaded, x, codes).any()


@given(
    st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=2, max_size=5),
    st.floats(-300, 300),
    st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_any_columns_give_finite_corrections(values, weight, seed):
    pool = torch.tensor(values).unsqueeze(1)
    real, made = (pool[torch.randint(len(pool), (n,), generator=rng(seed + n))] for n in (60, 240))
    weights = torch.where(made[:, 0] > pool[0, 0], weight, 0.0)
    codes = torch.zeros(240, dtype=torch.int64)
    correction = fitted((real, codes[:60]), (made, codes), weights)
    assert correction.corrections.isfinite().all() and correction.corrections.abs().max() <= 4.0


@pytest.mark.parametrize("turned", [False, True])
def test_a_rare_value_is_mended_whether_it_is_the_smaller_or_the_larger(turned):
    codes = torch.zeros(12_000, dtype=torch.int64)

    def column(n, share, seed):
        x = (torch.rand(n, 1, generator=rng(seed)) < share).float()
        return 1 - x if turned else x

    x = column(12_000, 0.10, 1)
    correction = fitted((column(3000, 0.03, 0), codes[:3000]), (x, codes), torch.zeros(12_000))
    said = weigh(correction, x, codes)
    rare = (x[:, 0] == 1) != turned
    assert said[~rare].mean() - said[rare].mean() == pytest.approx(math.log(0.10 / 0.03), abs=0.3)


def test_weights_far_apart_are_corrected_without_a_warning():
    real, made = torch.randn(600, 1, generator=rng()), torch.randn(2400, 1, generator=rng(1))
    weights, codes = torch.zeros(2400), torch.zeros(2400, dtype=torch.int64)
    weights[100:] = -800.0
    assert fitted((real, codes[:600]), (made, codes), weights).corrections.isfinite().all()


def test_they_are_found_in_few_sweeps(monkeypatch):
    real, candidates = rows(1000), rows(4000, SHIFT, seed=1)
    usual = fitted(real, candidates).corrections
    monkeypatch.setattr(marginals, "_SWEEPS", 200)
    torch.testing.assert_close(fitted(real, candidates).corrections, usual, atol=0.02, rtol=0)


# The odds of being drawn


@given(st.lists(st.floats(-1e4, 1e4) | st.just(-math.inf), max_size=60), st.data())
@settings(max_examples=200, deadline=None)
def test_odds_add_up_to_what_is_kept_never_exceed_one_and_are_proportional_below_it(values, data):
    weights, keep = np.array(values, dtype=float), data.draw(st.integers(0, len(values)))
    found = inclusion_probabilities(weights, keep)
    assert found.shape == weights.shape and found.sum() == pytest.approx(keep, abs=1e-6)
    assert (found >= 0).all() and (found <= 1).all()
    assert (np.diff(found[np.argsort(weights, kind="stable")]) >= -1e-12).all()
    largest = weights.max(initial=-math.inf)
    open_ = (found < 1 - 1e-9) & (found > 0) & (weights > largest - 500)
    levels = np.log(found[open_]) - weights[open_]
    assert keep == 0 or np.ptp(levels) < 1e-6 if open_.any() else True


def test_odds_of_weights_that_are_worked_out_by_hand():
    np.testing.assert_allclose(inclusion_probabilities(np.log([1.0, 2.0, 3.0, 4.0]), 1), [0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(inclusion_probabilities(np.log([1.0, 1.0, 2.0, 96.0]), 2), [0.25, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(inclusion_probabilities(np.array([0.0, -math.inf, 0.0]), 1), [0.5, 0.0, 0.5], atol=1e-12)
    np.testing.assert_allclose(inclusion_probabilities(np.array([0.0, -math.inf, -math.inf]), 2), [1.0, 0.5, 0.5])
    np.testing.assert_allclose(inclusion_probabilities(np.full(4, -math.inf), 3), 0.75)
