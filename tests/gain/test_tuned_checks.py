"""scikit-learn's and imbalanced-learn's own checks of TunedAugmenterCV."""

from __future__ import annotations

import pytest
from gain_samplers import Bootstrap
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks
from small import quick_augmenter

from ganaug import TunedAugmenterCV


class Tagged(Bootstrap):
    """Says what it takes as our augmenter does, checks its rows as that does, and keeps their dtypes."""

    def __sklearn_tags__(self):
        return quick_augmenter().__sklearn_tags__()


def checked():
    return TunedAugmenterCV(Tagged(), DecisionTreeClassifier(), fractions=(0, 0.5), random_state=0)


CHECKS = list(estimator_checks_generator(checked()))


def name_of(value):
    return value.func.__name__ if hasattr(value, "func") else type(value).__name__


def test_it_is_recognised_as_a_sampler():
    assert len(CHECKS) >= 14


@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=name_of)
def test_imbalanced_learn(estimator, check):
    check(estimator)


@parametrize_with_checks([checked()])
def test_scikit_learn(estimator, check):
    check(estimator)
