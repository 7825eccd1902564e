"""imbalanced-learn's own checks of a sampler."""

from __future__ import annotations

import pytest
from imblearn.utils.estimator_checks import estimator_checks_generator
from instances import checked_augmenter

# {name of the check: why it cannot hold}
EXPECTED_FAILURES: dict[str, str] = {}

# A list of our own: `parametrize_with_checks` hands pytest a generator, which pytest warns about.
SETTINGS = {"expected_failed_checks": EXPECTED_FAILURES, "mark": "xfail"}
CHECKS = list(estimator_checks_generator(checked_augmenter(), **SETTINGS))


def name_of(value):
    return value.func.__name__ if hasattr(value, "func") else type(value).__name__


def test_the_generator_recognises_a_sampler():
    assert len(CHECKS) >= 14


@pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning", "ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=name_of)
def test_imbalanced_learn(estimator, check):
    check(estimator)
