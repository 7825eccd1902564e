"""The conduct suite holds for our samplers, and finds every sampler that is broken on purpose."""

from __future__ import annotations

import pytest
import sampler_checks
from broken_samplers import BROKEN
from instances import checked_augmenter, table_augmenter
from reference_sampler import GaussianSampler
from sampler_checks import CHECKS, CONTRACT_CHECKS, LEARNING_CHECKS


def by_name(thing):
    return thing.__name__


def failure_of(check, sampler):
    """What `check` raises on `sampler`, or None."""
    try:
        check(sampler)
    except (
        Exception,
        pytest.fail.Exception,
    ) as error:  # the latter: nothing was raised
        return error
    return None


@pytest.mark.parametrize("check", CHECKS, ids=by_name)
def test_reference_sampler_passes(check):
    check(GaussianSampler(random_state=0))


@pytest.mark.promise("conduct")
@pytest.mark.parametrize("broken", BROKEN, ids=by_name)
def test_broken_sampler_is_caught_by_the_check_meant_for_it(broken):
    check = getattr(sampler_checks, broken.caught_by)
    failure = failure_of(check, broken(random_state=0))
    assert failure is not None, f"{broken.__name__} went unseen: {broken.__doc__}"
    # Anything else would be an accident in the broken sampler, not a finding of the check.
    assert isinstance(failure, getattr(broken, "fails_with", (AssertionError, pytest.fail.Exception)))


@pytest.mark.parametrize("check", CHECKS, ids=by_name)
def test_no_check_is_idle(check):
    assert check.__name__ in {broken.caught_by for broken in BROKEN}


def test_broken_samplers_are_many_and_each_is_described():
    assert len(BROKEN) >= 50
    assert len({broken.__doc__ for broken in BROKEN} - {GaussianSampler.__doc__, None}) == len(BROKEN)


@pytest.mark.promise("conduct")
@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")  # two steps of training do collapse
@pytest.mark.parametrize("check", CONTRACT_CHECKS, ids=by_name)
def test_augmenter_keeps_the_contract_however_little_it_was_trained(check):
    check(checked_augmenter())


@pytest.mark.slow
@pytest.mark.promise("conduct")
@pytest.mark.parametrize("check", LEARNING_CHECKS, ids=by_name)
def test_augmenter_learns_its_classes(check):
    check(table_augmenter())
