"""Numbers to normal scores and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from strategies import SHAPES, real_numbers, unhurried

from ganaug.table.quantiles import LEVELS, LIMIT, Marginal

NORMAL = ndtri((np.arange(20_000) + 0.5) / 20_000)  # as even as a normal sample can be
SCORES = np.concatenate([np.linspace(-6, 6, 5001), [-np.inf, np.inf, 0.0]])


def rng(seed=0):
    return np.random.default_rng(seed)


def there_and_back(values, whole=False):
    """Values after a round trip in the precision of the encoded table."""
    marginal = Marginal.fit(values)
    return marginal.from_scores(marginal.to_scores(values, rng(), whole).astype(np.float32))


def close(found, values):
    span = values.max() / 4 - values.min() / 4
    return np.abs(found / 4 - values / 4) <= 1e-6 * span + np.spacing(np.abs(values) / 2)


@unhurried
@given(st.lists(real_numbers(), min_size=1, max_size=200))
def test_values_come_back_within_a_millionth_of_the_range(values):
    values = np.asarray(values)
    assert close(there_and_back(values), values).all()


@pytest.mark.parametrize("n", [1, 2, 7, 60, 200, 3000])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_real_data_come_back(shape, n):
    values = SHAPES[shape](rng(), n)
    assert close(there_and_back(values), values).all()


@pytest.mark.parametrize("scale", [1e308, 1e-308, 5e-324, 1.0])
def test_the_largest_and_smallest_floats_come_back(scale):
    values = np.concatenate([[-1.0, 1.0], rng().integers(-3, 4, 50) / 3]) * scale
    assert close(there_and_back(values), values).all()


def test_a_distance_beyond_the_largest_float_is_crossed():
    values = np.array([-1.6e308, 1e307, 1.7e308])
    marginal = Marginal.fit(np.array([-1.7e308, -1.6e308, 1.7e308]))
    assert close(marginal.from_scores(marginal.to_scores(values, rng())), values).all()


@unhurried
@given(st.lists(st.integers(-5000, 5000), min_size=1, max_size=200))
def test_whole_numbers_come_back_exactly(values):
    values = np.asarray(values, dtype=float)
    assert np.array_equal(np.round(there_and_back(values, whole=True)), values)


@pytest.mark.parametrize("n", [50, 500, 100_000])
def test_repeated_values_come_back_exactly(n):
    values = np.round(rng().gamma(2, 9, n), 0)
    values = np.append(np.repeat(values, 4), 1e6)
    assert np.array_equal(there_and_back(values), values)


@unhurried
@given(st.lists(real_numbers(), min_size=1, max_size=60))
def test_any_score_gives_a_value_inside_the_range_and_larger_ones_larger_values(values):
    marginal = Marginal.fit(np.asarray(values))
    found = marginal.from_scores(np.sort(SCORES))
    assert found.min() == min(values) and found.max() == max(values)
    assert (np.diff(found) >= 0).all()


@unhurried
@given(st.lists(real_numbers(), min_size=1, max_size=60))
def test_scores_are_finite_and_inside_the_limit(values):
    scores = Marginal.fit(np.asarray(values)).to_scores(np.asarray(values), rng())
    assert np.isfinite(scores).all() and (np.abs(scores) <= LIMIT + 1e-9).all()


def test_values_outside_the_range_get_the_outermost_scores():
    marginal = Marginal.fit(rng().normal(size=1000))
    assert np.allclose(marginal.to_scores(np.array([-1e9, 1e9]), rng()), [-LIMIT, LIMIT])


@pytest.mark.parametrize("shape", SHAPES)
def test_scores_are_normal_whatever_the_shape(shape):
    values = SHAPES[shape](rng(), 20_000)
    scores = Marginal.fit(values).to_scores(values, rng(1))
    share = np.searchsorted(np.sort(scores), [-2, -1, 0, 1, 2]) / len(scores)
    assert np.allclose(share, [0.0228, 0.1587, 0.5, 0.8413, 0.9772], atol=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_normal_scores_give_the_distribution_of_training(shape):
    values = SHAPES[shape](rng(), 20_000)
    found = Marginal.fit(values).from_scores(NORMAL)
    both = np.sort(np.concatenate([values, found]))
    distance = np.searchsorted(np.sort(values), both, "right") - np.searchsorted(np.sort(found), both, "right")
    assert np.abs(distance).max() / 20_000 < 0.01  # Kolmogorov and Smirnov's distance


def test_long_tails_survive():
    values = rng().standard_cauchy(50_000)
    found = Marginal.fit(values).from_scores(NORMAL)
    ranks = [0.0005, 0.001, 0.01, 0.99, 0.999, 0.9995]
    assert np.allclose(np.quantile(found, ranks), np.quantile(values, ranks), rtol=0.25)


def test_equal_values_spread_over_their_ranks():
    values = np.repeat([0.0, 1.0], [750, 250])
    scores = Marginal.fit(values).to_scores(values, rng())
    assert len(np.unique(scores)) == 1000
    assert scores[:750].max() < scores[750:].min()


@pytest.mark.parametrize("n", [40, 200, 5000])
def test_a_wide_gap_stays_empty(n):
    values = np.concatenate([rng().normal(0, 1, n), rng().normal(100, 1, n // 2)])
    found = Marginal.fit(values).from_scores(SCORES)
    assert not ((found > values[:n].max()) & (found < values[n:].min())).any()


def test_an_outlier_is_not_copied():
    values = np.append(rng().normal(0, 1, 1000), [500.0, 1000.0])
    found = Marginal.fit(values).from_scores(np.linspace(0, LIMIT - 1e-6, 100_000))
    assert not (found == 500.0).any() and not (found == 1000.0).any()
    assert ((found > 5) & (found < 995)).any()


def test_few_values_are_kept_with_their_counts_and_many_as_quantiles():
    few, many = Marginal.fit(np.repeat(np.arange(LEVELS), 4.0)), Marginal.fit(rng().normal(size=10_000))
    assert len(few.points) == LEVELS and few.counts.tolist() == [4.0] * LEVELS
    assert many.counts is None and 200 < len(many.points) < 250
    assert len(Marginal.fit(rng().normal(size=10_000), levels=50).points) < 70
    assert not np.isin(np.sort(many.points)[1:-1], rng().normal(size=10_000)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_learned_is_plain_json(shape):
    marginal = Marginal.fit(SHAPES[shape](rng(), 500))
    again = Marginal.from_json(json.loads(json.dumps(marginal.to_json(), allow_nan=False)))
    assert np.array_equal(again.from_scores(SCORES), marginal.from_scores(SCORES))
    values = marginal.from_scores(SCORES)
    assert np.array_equal(again.to_scores(values, rng()), marginal.to_scores(values, rng()))
