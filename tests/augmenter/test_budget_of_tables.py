"""A fit ends about when `max_seconds` says, whatever its scores and filters would take."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small import Clock, numbers, quick_augmenter

from ganaug import DataWarning
from ganaug.augmenter import budget as module
from ganaug.augmenter import fitting
from ganaug.augmenter.budget import Budget
from ganaug.filters import trees
from ganaug.filters.trees import Trees
from ganaug.table import TABLE


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(module, "time", found := Clock(tick=0.0))
    return found


def test_what_is_left_and_what_is_reserved_follow_the_clock(clock):
    budget = Budget(TABLE, seconds=40.0)
    clock.now += 20.0
    assert budget.left() == 20.0
    assert budget.reserve(0.25) == 25.0  # 20 s have passed, and a quarter of the others
    budget.spend(7.0)  # in an earlier run
    assert budget.left() == 13.0


def test_without_a_budget_all_fits(clock):
    budget = Budget(TABLE)
    assert budget.left() == np.inf and budget.reserve(0.5) == 0.0


@pytest.fixture
def late(monkeypatch):
    """No time is left for anything but half of the budget for training."""
    monkeypatch.setattr(Budget, "left", lambda _: -1.0)
    monkeypatch.setattr(fitting, "warn_of_collapse", lambda *_: None)  # so short a training may


def test_filters_for_which_no_time_is_left_are_left_out_and_said(late):
    complaint = r"max_seconds=100 left no time for the filters \(.*label_agreement\).* say filters=None"
    with pytest.warns(DataWarning, match=complaint) as caught:
        augmenter = quick_augmenter(max_seconds=100.0, filters="auto").fit(*numbers())
    assert augmenter.filters_["strengths"] == {}
    assert caught[0].filename == __file__


def test_filters_that_the_user_names_are_fitted_even_then(late):
    augmenter = quick_augmenter(max_seconds=100.0, filters="label_agreement").fit(*numbers())
    assert augmenter.filters_["strengths"] == {"label_agreement": 1.0}


@pytest.mark.parametrize(("most", "stretches"), [(0.0, 1), (3.4, 3), (1e9, 6)])
def test_boosting_ends_early_when_its_time_is_up(monkeypatch, most, stretches):
    monkeypatch.setattr(trees, "time", Clock(tick=1.0))
    X = torch.from_numpy(np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32))
    y = (X[:, 0] > 0).long()
    found = Trees.within(most).fit(X, y, seed=0)
    assert len(found.leaf) == 10 * stretches
    assert ((found(X)[:, 0] > 0).long() == y).float().mean() > 0.95


def test_boosting_in_stretches_gives_the_trees_of_boosting_at_once():
    X = torch.from_numpy(np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32))
    y = (X[:, 0] * X[:, 1] > 0).long()
    found, expected = (learner.fit(X, y, 0) for learner in (Trees.within(1e9), Trees))
    assert torch.allclose(found(X), expected(X), atol=1e-5)
