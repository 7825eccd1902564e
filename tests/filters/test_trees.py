"""Flattened trees say, row by row, what scikit-learn's own model says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from ganaug.filters import forest
from ganaug.filters import trees as module
from ganaug.filters.trees import DEPTH, Trees, _round_down

pytestmark = pytest.mark.usefixtures("on_one_thread")


def table(n=400, d=5, k=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    X[:, 0] = rng.integers(0, 3, n)  # ties
    X[:, 1] = 4.0  # a constant
    y = (np.digitize(X[:, 2] + 0.3 * X[:, 0] + rng.normal(0, 0.3, n), np.linspace(-0.5, 1.0, k - 1))).astype(np.int64)
    return X, y


def grown(X, y, depth=DEPTH, iterations=20):
    model = HistGradientBoostingClassifier(max_iter=iterations, max_depth=depth, early_stopping=False, random_state=0)
    return model.fit(X, y)


def fitted(X, y, **options):
    return Trees.fit(torch.from_numpy(X), torch.from_numpy(y), seed=0, **options)


def output(trees, X):
    return trees(torch.from_numpy(X)).numpy()


@pytest.mark.parametrize("depth", [1, 2, 4, DEPTH])
@pytest.mark.parametrize("k", [2, 3, 7])
def test_outputs_are_those_of_scikit_learn(k, depth):
    X, y = table(k=k)
    model = grown(X, y, depth)
    unseen = np.random.default_rng(1).normal(0, 3, (500, X.shape[1])).astype(np.float32)
    for rows in (X, unseen):
        expected = model.decision_function(rows).reshape(len(rows), -1)
        np.testing.assert_allclose(output(Trees.from_sklearn(model), rows), expected, rtol=1e-4, atol=1e-4)


def test_where_nothing_can_be_split_the_answer_is_the_base_rate():
    X, y = np.full((60, 2), 3.0, dtype=np.float32), np.repeat([0, 1], [45, 15])
    found = output(fitted(X, y), X)
    np.testing.assert_allclose(found, np.log(15 / 45), atol=1e-3)


def test_neighbouring_numbers_fall_on_the_side_that_scikit_learn_gives_them():
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2.0))  # their midpoint is no float32, and would round to one of them
    pairs = [(low, high), (high, np.nextafter(high, np.float32(2.0)))]
    for a, b in pairs:
        X, y = np.repeat([[a], [b]], 40, axis=0).astype(np.float32), np.repeat([0, 1], 40)
        model = grown(X, y)
        np.testing.assert_allclose(output(Trees.from_sklearn(model), X)[:, 0], model.decision_function(X), atol=1e-4)


@given(st.floats(-3e38, 3e38))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_threshold_is_the_largest_float32_that_is_not_above(threshold):
    found = _round_down(threshold)
    assert found.dtype == np.float32 and float(found) <= threshold
    above = np.nextafter(found, np.float32(np.inf))
    assert float(above) > threshold


def test_threshold_beyond_all_float32_is_the_largest():
    assert _round_down(np.inf) == _round_down(1e300) == np.finfo(np.float32).max


def test_of_many_rows_steps_are_three_times_as_long(monkeypatch):
    X, y = table()
    short = fitted(X, y, iterations=1)
    monkeypatch.setattr(module, "_MANY_ROWS", int(np.bincount(y).min()))
    long = fitted(X, y, iterations=1)
    torch.testing.assert_close(long.leaf, 3 * short.leaf)
    assert torch.equal(long.threshold, short.threshold) and short.leaf.abs().max() > 0.05


def test_no_rows_give_no_outputs():
    X, y = table(k=3)
    assert fitted(X, y)(torch.empty(0, 5)).shape == (0, 3)
    assert fitted(*table())(torch.empty(0, 5)).shape == (0, 1)


def test_many_rows_are_the_same_as_few():
    X, y = table()
    trees = fitted(X, y)
    many = np.tile(X, (25, 1))  # more than one block
    np.testing.assert_array_equal(output(trees, many), np.tile(output(trees, X), (25, 1)))


def test_seed_decides_and_any_seed_will_do():
    X, y = map(torch.from_numpy, table())
    first, second = (Trees.fit(X, y, seed=2**62 + 1).tensors() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_tensors_are_the_trees():
    X, y = table(k=3)
    trees = fitted(X, y, iterations=5)
    assert {name: tuple(t.shape) for name, t in trees.tensors().items()} == {
        "feature": (15, 2**DEPTH - 1),
        "threshold": (15, 2**DEPTH - 1),
        "leaf": (15, 2**DEPTH),
        "baseline": (3,),
    }
    np.testing.assert_array_equal(output(Trees(**trees.tensors()), X), output(trees, X))


def test_rows_are_judged_alike_however_few_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(300, 4)).astype(np.float32))
    judge = Trees.fit(x, torch.arange(300) % 3, seed=0, iterations=5)
    expected = judge(x)
    monkeypatch.setattr(forest, "_PLACES", 40)
    assert torch.equal(judge(x), expected)


@pytest.mark.promise("forged")
@pytest.mark.parametrize("facts", [(60_000, 1), (1001, 1), (0, 1), (2, 3), (-3, -1)])
def test_a_file_cannot_claim_trees_that_nobody_grows(facts):
    """Each sample would walk through all of them."""
    with pytest.raises(ValueError, match=f"{facts[0]} trees for {facts[1]} outputs are more, or fewer"):
        Trees.expected(facts)
