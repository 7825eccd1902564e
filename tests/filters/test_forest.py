"""Trees as tables say what the same trees say when they are walked."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from ganaug.filters import forest as module
from ganaug.filters.forest import DEPTH, Forest, _Tabled, _Walked
from ganaug.filters.judges import Judge, Samples
from ganaug.filters.trees import Trees

pytestmark = pytest.mark.usefixtures("on_one_thread")
INNER, LEAVES = 2**DEPTH - 1, 2**DEPTH


def made(t=20, d=6, k=1, unsplit=0.3, seed=0, distinct=30):
    """Random complete trees; a share of the nodes has no split."""
    rng = np.random.default_rng(seed)
    threshold = rng.integers(-distinct, distinct, (t, INNER)).astype(np.float32) / 7
    threshold[rng.random((t, INNER)) < unsplit] = np.inf
    feature = rng.integers(0, d, (t, INNER))
    leaf = rng.normal(size=(t, LEAVES)).astype(np.float32)
    return Trees(*map(torch.from_numpy, (feature, threshold, leaf)), torch.from_numpy(rng.normal(size=k)).float())


def rows(n=700, d=6, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 3, (n, d)).astype(np.float32)
    X[: n // 2] = np.round(X[: n // 2] * 7) / 7  # on thresholds
    return torch.from_numpy(X)


def walk(trees, x):
    arrays = (part.numpy() for part in (trees.feature, trees.threshold, trees.leaf))
    return _Walked(*arrays).find_values(x.numpy())


def kinds(forest):
    return [type(group) for group in forest.groups]


@pytest.mark.parametrize("unsplit", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("distinct", [2, 30, 5000])
def test_tables_end_in_the_leaves_where_walks_end(unsplit, distinct):
    trees, x = made(unsplit=unsplit, distinct=distinct), rows()
    forest = Forest.of([trees])
    assert kinds(forest) == [_Tabled]
    np.testing.assert_array_equal(forest.groups[0].find_values(x.numpy()), walk(trees, x))


def test_trees_of_more_leaves_than_are_ever_grown_take_wider_tables():
    dtypes = [Forest.of([made(unsplit=unsplit)]).groups[0].tables[0].dtype for unsplit in (0.0, 0.5)]
    assert dtypes == [np.uint64, np.uint32]


def test_features_with_few_thresholds_share_a_table():
    group = Forest.of([made(distinct=1)]).groups[0]
    assert len(group.tables) < len(group.features) == 6
    assert sum(map(len, group.tables)) <= 6 * module._SHARED


def test_several_sums_are_evaluated_together_and_kept_apart():
    parts, x = [made(20, k=2, seed=2), made(150, k=3, seed=3), made(7, seed=4)], rows()
    together = Forest.of(parts)
    assert kinds(together) == [_Tabled, _Tabled]
    for found, trees in zip(together(x), parts, strict=True):
        expected = walk(trees, x).reshape(len(x), -1, len(trees.baseline)).sum(1) + trees.baseline.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found, trees(x))


def test_trees_that_look_at_many_features_are_walked():
    trees, x = made(d=100), rows(d=100)
    assert kinds(Forest.of([trees])) == [_Walked]
    np.testing.assert_allclose(trees(x)[:, 0], walk(trees, x).sum(1) + trees.baseline.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.promise("forged")
def test_tables_of_any_file_are_small():
    group = Forest.of([made(module._GROUP, d=module._MOST_FEATURES, unsplit=0.0, distinct=10**6)]).groups[0]
    assert isinstance(group, _Tabled) and sum(table.nbytes for table in group.tables) <= 9 * 2**20
    more = made(module._MOST_TREES + 1)
    assert kinds(Forest.of([more])) == [_Walked]


@pytest.mark.promise("forged")
def test_a_feature_that_no_row_has_is_the_nearest():
    trees, x = made(), rows()
    other = Trees(trees.feature.where(trees.feature < 5, 10**9), trees.threshold, trees.leaf, trees.baseline)
    assert torch.equal(other(x), trees(x))


def test_no_rows_and_one_row():
    trees, x = made(k=2), rows()
    assert [tuple(out.shape) for out in Forest.of([trees, trees])(x[:0])] == [(0, 2), (0, 2)]
    assert torch.equal(trees(x[:1]), trees(x)[:1])


def test_tables_are_no_part_of_a_pickle():
    trees, x = made(), rows()
    judge = Judge("density_ratio", (trees,), (1.0,), (0,))
    before = pickle.dumps(judge)
    weights = judge.log_weight(Samples(x[:, :5], torch.zeros(len(x), dtype=torch.int64)))
    trees(x)
    assert pickle.dumps(judge) == before
    again = pickle.loads(before)
    assert torch.equal(again.log_weight(Samples(x[:, :5], torch.zeros(len(x), dtype=torch.int64))), weights)
