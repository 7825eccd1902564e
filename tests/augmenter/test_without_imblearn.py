"""Without imbalanced-learn everything works but what it does itself, and that says so."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.utils import get_tags
from small import numbers, quick_augmenter

from ganaug import ParameterError, TunedAugmenterCV
from ganaug.gain.arms import ArmUnavailable, FoldData, make_training_rows
from ganaug.gain.smote import make_smote_rows

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

MISSING = "needs imbalanced-learn, which is not installed; pip install imbalanced-learn"


@pytest.fixture(autouse=True)
def _without(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "imblearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "imblearn", None)


def unequal():
    """Sixty rows of one class and twenty of the other."""
    X, y = numbers(120)
    kept = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]]
    return X[kept], y[kept]


def test_an_augmenter_fits_and_samples():
    augmenter = quick_augmenter().fit(*unequal())
    assert len(augmenter.sample(30)[0]) == 30


def test_a_mapping_says_how_many_rows_to_add():
    X_new, _ = quick_augmenter(sampling_strategy={1: 50}).fit_resample(*unequal())
    assert len(X_new) == 110


def test_a_named_strategy_names_the_package_that_it_needs():
    with pytest.raises(ParameterError, match=f"sampling_strategy='auto', unlike a mapping .* {MISSING}"):
        quick_augmenter().fit_resample(*unequal())


@pytest.mark.parametrize("sampler", [quick_augmenter(), TunedAugmenterCV(quick_augmenter())])
def test_the_tags_are_those_of_scikit_learn(sampler):
    tags = get_tags(sampler)
    assert tags.input_tags.allow_nan and tags.target_tags.required


def test_controls_name_the_package_that_they_need():
    with pytest.raises(ParameterError, match=f"SMOTE {MISSING}"):
        make_smote_rows(*unequal(), 0)
    with pytest.raises(ArmUnavailable, match=f"Random over-sampling {MISSING}"):
        make_training_rows("random_over_sampling", FoldData(*unequal(), None, None, {}), 0)
