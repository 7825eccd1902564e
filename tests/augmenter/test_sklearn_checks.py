"""scikit-learn's own checks of an estimator; they say nothing about ``sample``, see ``test_conduct.py``."""

from __future__ import annotations

import pytest
from instances import checked_augmenter
from sklearn.utils.estimator_checks import parametrize_with_checks

# {name of the check: why it cannot hold}
EXPECTED_FAILURES: dict[str, str] = {}

# scikit-learn 1.5 does not know the argument, and needs none while nothing is expected to fail.
EXPECTED = {"expected_failed_checks": lambda estimator: EXPECTED_FAILURES} if EXPECTED_FAILURES else {}


@pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning", "ignore::ganaug.errors.CollapseWarning")
@parametrize_with_checks([checked_augmenter()], **EXPECTED)
def test_scikit_learn(estimator, check):
    check(estimator)
