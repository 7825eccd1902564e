"""Rows that belong together stay together inside, too."""

from __future__ import annotations

import numpy as np
import pytest
from gain_samplers import Bootstrap, blobs
from sklearn.tree import DecisionTreeClassifier

from ganaug import DataError, TunedAugmenterCV, gain_report
from ganaug.gain import inner_splits as module

TREE = DecisionTreeClassifier(max_depth=2)


@pytest.fixture
def splits(monkeypatch):
    """What was learned from and what was held out, by the first column, in each inner split."""
    seen = []

    def spy(train, test, classifiers, scorer, seed):
        seen.append((set(train[0][:, 0]), set(test[0][:, 0])))
        return real(train, test, classifiers, scorer, seed)

    real = module.score_candidate
    monkeypatch.setattr(module, "score_candidate", spy)
    return seen


def grouped(n=60, size=3):
    """Rows whose first column is their group."""
    X, y = blobs(n)
    groups = np.arange(n) // size
    return np.column_stack([groups, X]).astype(float), y, groups


@pytest.mark.parametrize(("cv", "n_splits"), [(None, 1), (4, 4)])
def test_a_group_is_never_on_both_sides_of_an_inner_split(splits, cv, n_splits):
    X, y, groups = grouped()
    TunedAugmenterCV(Bootstrap(), TREE, (0,), cv=cv, random_state=0).fit(X, y, groups)
    assert len(splits) == n_splits
    assert all(not train & test and train and test for train, test in splits)


def test_without_groups_they_are_torn(splits):
    X, y, _ = grouped()
    TunedAugmenterCV(Bootstrap(), TREE, (0,), random_state=0).fit(X, y)
    (train, test) = splits[0]
    assert train & test


def test_a_report_hands_its_groups_on(splits):
    X, y, groups = grouped(90)
    tuned = TunedAugmenterCV(Bootstrap(), TREE, (0,), random_state=0)
    options = {"classifier": TREE, "metrics": "accuracy", "fidelity": False, "arms": []}
    report = gain_report(tuned, X, y, groups=groups, cv=3, n_repeats=1, random_state=0, **options)
    assert report.failures.empty and len(splits) == 3
    assert all(not train & test for train, test in splits)


def test_a_report_hands_no_groups_to_samplers_that_take_none():
    X, y, groups = grouped(90)
    options = {"classifier": TREE, "metrics": "accuracy", "fidelity": False, "arms": []}
    report = gain_report(Bootstrap(), X, y, groups=groups, cv=3, n_repeats=1, random_state=0, **options)
    assert report.failures.empty


def test_groups_of_the_wrong_length_are_refused():
    X, y, groups = grouped()
    with pytest.raises(DataError, match="give one group per row"):
        TunedAugmenterCV(Bootstrap(), TREE, random_state=0).fit(X, y, groups[:-1])
