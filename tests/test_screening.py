"""Of a wide table, trees look at the columns that tell classes apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganaug.filters.trees import Trees
from ganaug.screening import find_telling_columns
from ganaug.table.score import held_out_score


def wide(n=200, d=600, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, 2, n)


@pytest.mark.parametrize("d", [1, 20, 256])
def test_all_columns_of_a_table_that_is_not_wide_are_looked_at(d):
    X, y = wide(d=d)
    assert find_telling_columns(X, y).tolist() == list(range(d))


def test_columns_in_which_classes_differ_in_place_or_spread_are_found_beside_gaps_and_constants():
    X, y = wide()
    X[:, 17] += 2 * y
    X[:, 400] *= 1 + 3 * y
    X[:, 5] = 3.0
    X[::3, 17] = np.nan
    X[:, 6] = np.nan
    found = find_telling_columns(X, y, 10)
    assert {17, 400, 599} <= set(found.tolist())  # the last one may be a class
    assert len(found) == 10 and found.tolist() == sorted(found.tolist())


def test_trees_of_a_wide_table_compare_the_columns_of_the_table():
    X, y = wide()
    X[:, 500] += 4 * y
    trees = Trees.fit(torch.from_numpy(X), torch.from_numpy(y), seed=0)
    assert 500 in trees.feature.unique().tolist()
    X_new, y_new = wide(seed=1)
    X_new[:, 500] += 4 * y_new
    assert ((trees(torch.from_numpy(X_new))[:, 0].numpy() > 0) == y_new).mean() > 0.9


def test_the_score_of_a_wide_table_sees_which_class_a_row_has():
    def pair(seed, shift):
        X, y = wide(seed=seed)
        X[:, 3] += shift * y
        return torch.from_numpy(X), torch.from_numpy(y)

    assert held_out_score(pair(0, 4), pair(1, 4), 0) > 0.9 > held_out_score(pair(0, 4), pair(1, 0), 0)
