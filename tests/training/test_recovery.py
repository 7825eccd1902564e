"""When training goes wrong or is cut short, it ends up where it would have been, or says why it does not."""

from __future__ import annotations

import itertools
import json
import math
import re

import pytest
import torch
from small import Clock, all_finite, closeness, equal, point_plan, point_state, points, real_points, trained

from ganaug import TrainingError
from ganaug.losses import LOSSES
from ganaug.training import OPTIMIZERS, RealSamples, train_gan
from ganaug.training import loop as training

pytestmark = pytest.mark.usefixtures("on_one_thread")


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch):
    """Five steps between two looks at the training, instead of fifty."""
    monkeypatch.setattr(training, "_CHECK_EVERY", 5)


# When it diverges


class Saboteur(RealSamples):
    """Real samples that do harm in chosen steps, counted from 0 and never twice the same."""

    def __init__(self, state, when, spoil=None):
        super().__init__(*points(), torch.tensor([0.5, 0.5]))
        self.state, self.when, self.spoil, self.calls = state, when, spoil, 0

    def draw(self, n, rng, own):
        rows, codes = super().draw(n, rng, own)
        call, self.calls = self.calls, self.calls + 1
        if self.when(call):
            if self.spoil is None:
                return rows * math.nan, codes
            with torch.no_grad():
                self.spoil(self.state)
        return rows, codes


def sabotaged(when, spoil=None, score=closeness, **options):
    """Train under a saboteur; `spoil(state)` says what is damaged, the batch when it is None."""
    plan = point_plan(**options)
    state = point_state(plan)
    saboteur = Saboteur(state, when, spoil)
    try:
        reports = list(train_gan(state, plan, saboteur, score))
    except TrainingError as error:
        return state, error, saboteur
    return state, reports, saboteur


def spoil_generator(state):
    state.generator.last.weight[0, 0] = math.nan


def spoil_discriminator(state):
    state.discriminator.first.weight.mul_(1e30)


def spoil_average(state):
    state.average.first.bias[0] = math.nan


def spoil_statistics(state):
    state.generator.norm.running_var[0] = math.inf


SPOILERS = [None, spoil_generator, spoil_discriminator, spoil_average, spoil_statistics]


@pytest.mark.promise("nan")
@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("step", range(0, 20, 3))
def test_one_mishap_is_rolled_back_and_forgotten(step, spoil):
    state, reports, _ = sabotaged(lambda call: call == step, spoil)
    assert state.step == 20 and state.retries == 1 and state.rate == 0.5
    assert all_finite(state.best) and all_finite(state.tensors())
    assert state.history.isfinite().all()
    notes = [report.note for report in reports if report.note]
    back_to = step // 5 * 5
    assert notes == [f"diverged before step {back_to + 5}: back to step {back_to} at half the learning rate"]


def test_rates_are_halved_at_each_mishap():
    state, _, _ = sabotaged(lambda call: call in (2, 7, 12))
    assert state.step == 20 and state.retries == 3 and state.rate == 0.125
    last = state.optimizers["discriminator"].param_groups[0]["lr"]
    rate = 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * 19 / 20))
    assert last == pytest.approx(1e-2 * 0.125 * rate)


def test_what_led_to_a_mishap_is_not_drawn_again():
    batches = []

    class Spy(Saboteur):
        def draw(self, n, rng, own):
            rows, codes = super().draw(n, rng, own)
            batches.append(rng.get_state().numpy().tobytes())
            return rows, codes

    plan = point_plan()
    state = point_state(plan)
    list(train_gan(state, plan, Spy(state, lambda call: call == 3), closeness))
    assert len(batches) == 25 and len(set(batches)) == 25


@pytest.mark.promise("nan")
@pytest.mark.parametrize("spoil", SPOILERS)
def test_training_that_diverges_again_and_again_is_given_up_with_advice(spoil):
    _, error, saboteur = sabotaged(lambda call: call >= 11, spoil)
    assert isinstance(error, TrainingError)
    assert re.search(r"diverged at step 15 and again after 3 roll-backs.*[Tt]ry a smaller learning_rate", str(error))
    assert saboteur.calls == 10 + 4 * 5
    assert re.search(r"the loss '(.+?)'", str(error))[1] in LOSSES


@pytest.mark.promise("nan")
@pytest.mark.parametrize("spoil", SPOILERS)
def test_score_is_never_asked_about_broken_weights(spoil):
    def strict(generator):
        assert all_finite(generator.state_dict())
        return closeness(generator)

    state, _, _ = sabotaged(lambda call: call % 8 == 4 and call < 20, spoil, strict, score_every=1)
    assert state.retries == 2 and state.step == 20


def test_a_network_may_have_weights_without_elements():
    """As a table without numbers has: its discriminator knows no places."""
    plan = point_plan()
    state = point_state(plan)
    state.discriminator.register_parameter("none", torch.nn.Parameter(torch.empty(0, 4)))
    list(train_gan(state, plan, real_points(), closeness))
    assert state.step == 20


# Going on later


def snapshot(state):
    """What a checkpoint holds."""
    return state.tensors(), json.loads(json.dumps(state.facts(), allow_nan=False))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", ["relativistic", "wasserstein", "minimax"])
def test_resumed_training_equals_an_uninterrupted_one(loss, optimizer):
    plan = point_plan(loss=LOSSES[loss], optimizer=optimizer, max_steps=23, score_every=7)
    state = point_state(plan)
    snapshots = [snapshot(state)]
    for _ in train_gan(state, plan, real_points(), closeness):
        snapshots.append(snapshot(state))
    expected, facts = snapshots[-1]
    assert len(snapshots) == 6
    for tensors, known in snapshots:
        other = point_state(plan, seed=5)  # weights, draws and optimizers of another beginning
        other.restore(tensors, known)
        list(train_gan(other, plan, real_points(), closeness))
        assert equal(other.tensors(), expected)
        assert {**snapshot(other)[1], "seconds": 0} == {**facts, "seconds": 0}


def test_resuming_after_a_mishap_remembers_it():
    plan = point_plan()
    state = point_state(plan)
    mishap = Saboteur(state, lambda call: call == 2)
    snapshots = [snapshot(state) for _ in train_gan(state, plan, mishap, closeness)]
    other = point_state(plan, seed=5)
    other.restore(*snapshots[0])
    assert (other.step, other.retries, other.rate) == (0, 1, 0.5)
    list(train_gan(other, plan, real_points(), closeness))
    assert equal(other.tensors(), state.tensors())


def test_snapshot_is_a_copy():
    plan = point_plan()
    state = point_state(plan)
    steps = train_gan(state, plan, real_points(), closeness)
    next(steps)
    tensors, facts = state.tensors(), state.facts()
    before = {name: tensor.clone() for name, tensor in tensors.items()}, json.dumps(facts)
    list(steps)
    assert equal(tensors, before[0]) and json.dumps(facts) == before[1]


def test_restoring_does_not_tie_the_state_to_the_snapshot():
    plan = point_plan()
    tensors, facts = snapshot(trained(point_plan(max_steps=5))[0])
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    state = point_state(plan)
    state.restore(tensors, facts)
    list(train_gan(state, plan, real_points(), closeness))
    assert equal(tensors, before)


def test_a_finished_training_has_nothing_left_to_do():
    plan = point_plan()
    state, _ = trained(plan)
    before = state.tensors()
    assert list(train_gan(state, plan, real_points(), closeness)) == []
    assert equal(state.tensors(), before)


def test_seconds_of_an_interrupted_training_count(monkeypatch):
    clock = Clock(tick=0.1)
    monkeypatch.setattr(training, "time", clock)
    plan = point_plan(max_steps=10_000, max_seconds=20.0, patience=10_000)
    state = point_state(plan)
    for _ in itertools.islice(train_gan(state, plan, real_points(), closeness), 12):
        pass
    spent = state.seconds
    assert 5 < spent < 15
    list(train_gan(state, plan, real_points(), closeness))
    assert 20.0 <= state.seconds < 22.0 and clock.now - 1000.0 < 23.0
