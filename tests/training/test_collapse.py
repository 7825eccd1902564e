"""A generator whose classes collapse goes back to its best, and what is kept has not collapsed."""

from __future__ import annotations

import itertools

import pytest
import torch
from small import equal, point_plan, point_state, real_points, weights

from ganaug.training import loop, train_gan

pytestmark = pytest.mark.usefixtures("on_one_thread")


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch):
    """Five steps between two looks at the training, instead of fifty."""
    monkeypatch.setattr(loop, "_CHECK_EVERY", 5)


def plan_of(max_steps=40, **options):
    """A plan with a score at each look."""
    return point_plan(max_steps=max_steps, score_every=5, patience=100, **options)


def rising(state):
    """A held-out score that is better at each step."""
    return lambda generator: float(state.step)


def falling(state):
    return lambda generator: -float(state.step)


def collapsed_at(state, steps):
    """Class 'b' has collapsed at these steps, and at no other."""
    return lambda generator: ["'b'"] if state.step in steps else []


def training(steps, score=rising, plan=None):
    """The state, and its training in which class 'b' has collapsed at `steps`."""
    plan = plan or plan_of()
    state = point_state(plan)
    return state, train_gan(state, plan, real_points(), score(state), collapsed_at(state, steps))


def ranks(state, steps):
    """What the best had been at each look: step, rank and weights."""
    return [(report.step, state.best_rank, weights_of(state.best)) for report in steps]


def weights_of(tensors):
    return {name: tensor.clone() for name, tensor in tensors.items()}


def notes(reports):
    return [(report.step, report.note) for report in reports if report.note]


NOTE = "class 'b' collapsed by step {}: the generator goes back to its best, at half the rate"


def test_generator_and_average_go_back_to_the_best_at_half_the_rate():
    state, steps = training({10})
    first = next(steps)
    best = weights_of(state.best)
    assert first.note == "" and not equal(weights(state.generator), best)
    discriminator = weights(state.discriminator)
    assert next(steps).note == NOTE.format(10)
    assert equal(weights(state.generator), best) and equal(weights(state.average), best) and equal(state.best, best)
    assert not equal(weights(state.discriminator), discriminator)  # it keeps what it has learned
    assert (state.step, state.revivals, state.rate) == (10, 1, 0.5)
    before = state.optimizers["generator"].param_groups[0]["lr"]
    next(steps)
    assert state.optimizers["generator"].param_groups[0]["lr"] < 0.55 * before
    assert not equal(weights(state.generator), best)


def test_what_goes_back_is_a_copy():
    state, steps = training({10})
    next(steps)
    best = weights_of(state.best)
    next(steps)
    next(steps)
    assert state.best_rank == (True, 15.0) and not equal(state.best, best)
    kept = weights_of(state.best)
    with torch.no_grad():
        state.average.last.weight.add_(1.0)
    assert equal(state.best, kept)


def test_a_training_that_never_collapses_knows_nothing_of_it():
    state, steps = training(set())
    list(steps)
    plan = plan_of()
    other = point_state(plan)
    list(train_gan(other, plan, real_points(), rising(other)))
    assert equal(state.tensors(), other.tensors())
    assert (state.revivals, state.rate) == (0, 1.0)


def test_it_goes_back_three_times_at_most():
    state, steps = training(range(10, 1000))
    reports = list(steps)
    assert notes(reports) == [(step, NOTE.format(step)) for step in (10, 15, 20)]
    assert (state.step, state.revivals, state.rate) == (40, 3, 1 / 8)


def test_a_collapsed_generator_never_takes_the_place_of_a_sound_one():
    state, steps = training(range(10, 1000))
    seen = ranks(state, steps)
    assert {rank for _, rank, _ in seen} == {(True, 5.0)}
    assert all(equal(best, seen[0][2]) for _, _, best in seen)
    assert [step for step, _ in state.scores] == list(range(5, 41, 5))  # they were scored all the same


def test_a_sound_generator_takes_the_place_of_a_collapsed_one_whatever_the_scores():
    state, steps = training({5, 10}, score=falling)
    seen = [rank for _, rank, _ in ranks(state, steps)]
    assert seen == [(False, -5.0), (False, -5.0), *[(True, -15.0)] * 6]


def test_tolerance_makes_no_collapsed_generator_as_good_as_a_sound_one():
    state, steps = training({5, *range(20, 1000)}, score=falling, plan=plan_of(tolerance=7.0))
    seen = ranks(state, steps)
    assert [rank for _, rank, _ in seen] == [(False, -5.0), *[(True, -10.0)] * 7]
    assert not equal(seen[1][2], seen[2][2])  # that of step 15, which is as good
    assert all(equal(best, seen[2][2]) for _, _, best in seen[2:])


def test_where_nothing_sound_is_known_the_best_score_is_kept_and_nothing_goes_back():
    state, steps = training(range(1000))
    reports = list(steps)
    assert notes(reports) == [] and (state.revivals, state.rate) == (0, 1.0)
    assert state.best_rank == (False, 40.0) and equal(state.best, weights(state.average))


def test_at_the_last_step_there_is_nothing_to_go_back_for():
    state, steps = training({40})
    reports = list(steps)
    assert notes(reports) == [] and state.revivals == 0
    assert state.best_rank == (True, 35.0) and not equal(state.best, weights(state.average))


def test_collapse_is_looked_for_at_each_score_and_no_more_often():
    plan = point_plan(max_steps=40, score_every=20, patience=100)
    state, asked = point_state(plan), []

    def collapsed(generator):
        assert generator is state.average
        asked.append(state.step)
        return []

    list(train_gan(state, plan, real_points(), rising(state), collapsed))
    assert asked == [20, 40]


@pytest.mark.parametrize("at", [{10}, {10, 15, 25}, range(10, 1000), {5, 10}])
def test_resumed_training_equals_one_that_was_never_cut_short(at):
    state, steps = training(at)
    snapshots = [(state.tensors(), state.facts()) for _ in steps]
    expected, facts = snapshots[-1]
    for tensors, known in snapshots[:-1]:
        plan = plan_of()
        other = point_state(plan, seed=5)
        other.restore(tensors, known)
        list(train_gan(other, plan, real_points(), rising(other), collapsed_at(other, at)))
        assert equal(other.tensors(), expected)
        assert {**other.facts(), "seconds": 0} == {**facts, "seconds": 0}


def test_restored_state_ranks_its_best_as_before():
    state, steps = training({5, 10, 20})
    for _ in itertools.islice(steps, 4):
        other = point_state(plan_of(), seed=5)
        other.restore(state.tensors(), state.facts())
        assert other.best_rank == state.best_rank and equal(other.best, state.best)
    assert state.best_rank == (True, 15.0) and state.revivals == 1


def test_revivals_leave_the_roll_backs_after_divergence_untouched():
    state, steps = training({10, 15})
    list(steps)
    assert (state.revivals, state.retries) == (2, 0)
