"""The loop keeps its promises on a GAN of a few dozen weights."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from small import closeness, loss_with, point_plan, point_state, points, real_points

from ganaug import TrainingError, training
from ganaug.losses import LOSSES
from ganaug.training import HISTORY, OPTIMIZERS, RealSamples, train_gan

pytestmark = pytest.mark.usefixtures("on_one_thread")


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch):
    """Five steps between two looks at the training, instead of fifty."""
    monkeypatch.setattr(training, "_CHECK_EVERY", 5)


def trained(plan, score=closeness, seed=0):
    """The state after a whole training, and what was reported."""
    state = point_state(plan, seed)
    reports = list(train_gan(state, plan, real_points(), score))
    return state, reports


def weights(network):
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def equal(first, second):
    """Whether all tensors agree bit for bit, NaN with NaN."""
    same = (first[name].numpy().tobytes() == second[name].numpy().tobytes() for name in first)
    return first.keys() == second.keys() and all(same)


def all_finite(tensors):
    return all(tensor.isfinite().all() for tensor in tensors.values())


# Batches


def drawn(class_weights, n=20_000):
    x, c = points()
    samples = RealSamples(x, c, torch.tensor(class_weights))
    return x, c, *samples.draw(n, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("share", [0.5, 0.05, 0.0, 1.0])
def test_classes_in_a_batch_follow_their_weights(share):
    _, _, _, codes = drawn([3 * (1 - share), 3 * share])  # weights need not sum to one
    assert codes.float().mean().item() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / len(codes)))


def test_a_batch_holds_real_rows_of_the_class_it_says_and_in_time_all_of_them():
    x, c, rows, codes = drawn([0.5, 0.5])
    found = {(*row, code) for row, code in zip(map(tuple, rows.tolist()), codes.tolist(), strict=True)}
    assert found == {(*row, code) for row, code in zip(map(tuple, x.tolist()), c.tolist(), strict=True)}


def test_every_row_of_a_class_is_as_likely():
    _, _, rows, _ = drawn([0.0, 1.0], n=30_000)
    counts = torch.unique(rows, dim=0, return_counts=True)[1]
    assert len(counts) == 30 and (counts - 1000).abs().max() < 5 * math.sqrt(1000)


# What a step does


def test_average_follows_the_formula(monkeypatch):
    monkeypatch.setattr(training, "_CHECK_EVERY", 1)
    plan = point_plan(max_steps=12)
    state = point_state(plan)
    expected = weights(state.generator)
    for step, _ in enumerate(train_gan(state, plan, real_points(), closeness)):
        decay = min(0.999, (1 + step) / (10 + step))
        for name, current in weights(state.generator).items():
            if current.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * current
                torch.testing.assert_close(state.average.state_dict()[name], expected[name])
    assert step == 11 and not torch.equal(expected["first.weight"], weights(state.generator)["first.weight"])


@pytest.mark.parametrize(("interval", "at"), [(1, 20), (4, 5), (7, 3), (50, 1)])
def test_penalty_is_computed_every_kth_step_only(interval, at):
    calls = []

    def penalty(discriminator, real, fake, c, rng):
        calls.append(1)
        return sum(weight.sum() for weight in discriminator.parameters()) * 0.0

    trained(point_plan(loss=loss_with(penalty=penalty, penalty_interval=interval)))
    assert len(calls) == at


def test_penalty_weighs_as_much_more_as_it_is_rarer():
    def nothing(real_logits, fake_logits):
        return (real_logits.sum() + fake_logits.sum()) * 0.0

    def penalty(discriminator, real, fake, c, rng):
        return discriminator.last.bias.sum()  # slope one

    loss = loss_with(nothing, penalty=penalty, penalty_weight=3.0, penalty_interval=4)
    plan = point_plan(loss=loss, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr), max_steps=4, learning_rate=0.01)
    state, _ = trained(plan)
    assert state.discriminator.last.bias.item() == pytest.approx(-0.01 * 3.0 * 4, rel=1e-5)


@pytest.mark.parametrize(("share", "rows"), [(1.0, 8), (0.5, 4), (0.01, 1)])
def test_penalty_looks_at_its_share_of_the_batch(share, rows):
    seen = set()

    def penalty(discriminator, real, fake, c, rng):
        seen.add((len(real), len(fake), len(c)))
        return sum(weight.sum() for weight in discriminator.parameters()) * 0.0

    trained(point_plan(loss=loss_with(penalty=penalty, penalty_share=share)))
    assert seen == {(rows, rows, rows)}


def test_learning_rate_goes_down_half_a_cosine_to_three_percent(monkeypatch):
    monkeypatch.setattr(training, "_CHECK_EVERY", 1)
    plan = point_plan(max_steps=40, learning_rate=0.02)
    state = point_state(plan)
    rates = []
    for _ in train_gan(state, plan, real_points(), closeness):
        now = {group["lr"] for optimizer in state.optimizers.values() for group in optimizer.param_groups}
        rates.append(now.pop())
        assert not now
    done = np.arange(40) / 40
    np.testing.assert_allclose(rates, 0.02 * (0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * done))))


def test_both_players_learn_and_the_discriminator_is_left_trainable():
    plan = point_plan()
    fresh = point_state(plan)
    state, _ = trained(plan)
    for name, network in state.networks().items():
        before = weights(fresh.networks()[name])
        assert all(not torch.equal(before[k], v) for k, v in weights(network).items() if v.dim() == 2)


def test_training_makes_points_that_are_nearer_to_the_real_ones():
    plan = point_plan(max_steps=400, batch_size=32, score_every=100)
    before = closeness(point_state(plan).average)
    state, _ = trained(plan)
    state.average.load_state_dict(state.best)
    assert closeness(state.average) > 0.3 * before


def test_history_has_a_row_for_every_step():
    state, reports = trained(point_plan(max_steps=17))
    assert state.history.shape == (17, len(HISTORY)) and state.history.isfinite().all()
    accuracies = state.history[:, 2:]
    assert accuracies.min() >= 0 and accuracies.max() <= 1
    assert [report.step for report in reports] == [5, 10, 15, 17]
    torch.testing.assert_close(reports[1].generator_loss, state.history[5:10, 1].mean().item())
    torch.testing.assert_close(reports[-1].accuracy_real, state.history[15:, 2].mean().item())


def test_accuracies_say_who_is_winning():
    """A discriminator that tells everything apart has accuracy one on both sides."""
    plan = point_plan(max_steps=1)
    state = point_state(plan)
    with torch.no_grad():
        for weight in state.discriminator.parameters():
            weight.zero_()
        state.discriminator.first.weight[0, 0], state.discriminator.last.weight[0, 0] = 1.0, 1.0  # the first coordinate
    far = RealSamples(points()[0] + 100.0, points()[1], torch.tensor([0.5, 0.5]))
    list(train_gan(state, plan, far, closeness))
    assert state.history[0, 2:].tolist() == [1.0, 1.0]


# What is kept, and when it ends


def scripted(values, seen=None):
    """A score that says one value after the other, and notes the weights it was shown."""
    values = iter(values)

    def score(generator):
        if seen is not None:
            seen.append(weights(generator))
        return next(values)

    return score


@pytest.mark.parametrize("values", [[0.1, 0.9, 0.3, 0.4], [0.9, 0.1, 0.9, 0.2], [-5, -4, -3, -2]])
def test_the_weights_with_the_best_score_are_kept_and_the_first_of_equals(values):
    seen = []
    state, reports = trained(point_plan(), scripted(values, seen))
    assert state.scores == [[5, values[0]], [10, values[1]], [15, values[2]], [20, values[3]]]
    assert [report.score for report in reports] == values
    assert equal(state.best, seen[int(np.argmax(values))])


def test_what_is_scored_is_the_average_ready_to_sample():
    modes = []

    def score(generator):
        modes.append((generator.training, any(p.requires_grad for p in generator.parameters())))
        return closeness(generator)

    trained(point_plan(), score)
    assert modes == [(False, False)] * 4


def test_losses_decide_nothing():
    """The same game with a loss that reads the other way round keeps the same weights."""
    plain = LOSSES["relativistic"].discriminator
    kept = []
    for upside_down in (False, True):

        def objective(real_logits, fake_logits, turned=upside_down):
            loss = plain(real_logits, fake_logits)
            return loss - 2 * loss.detach() if turned else loss  # other values, the same slopes

        state, _ = trained(point_plan(loss=loss_with(objective)), scripted([0.2, 0.5, 0.4, 0.1]))
        kept.append((state.best, state.history[:, 0].mean().item()))
    assert kept[0][1] > 0 > kept[1][1]
    assert equal(kept[0][0], kept[1][0])


def test_training_ends_when_patience_does():
    plan = point_plan(max_steps=200, patience=3)
    state, _ = trained(plan, scripted([0.1, 0.7, 0.6, 0.7, 0.5, 1.0]))  # an equal one is no better one
    assert state.step == 25 and len(state.scores) == 5


def test_the_last_step_is_scored_whenever_it_comes():
    state, _ = trained(point_plan(max_steps=3, score_every=1000))
    assert state.scores[0][0] == 3 and state.best


@dataclass
class Clock:
    """A clock that goes on by `tick` seconds whenever it is looked at."""

    tick: float
    now: float = 1000.0

    def monotonic(self):
        self.now += self.tick
        return self.now


@pytest.mark.parametrize("max_seconds", [1e-9, 1.0, 30.0])
def test_budget_ends_the_training_with_a_score(monkeypatch, max_seconds):
    clock = Clock(tick=0.1)
    monkeypatch.setattr(training, "time", clock)
    state, _ = trained(point_plan(max_steps=10_000, max_seconds=max_seconds, score_every=10_000))
    spent = clock.now - 1000.0
    assert max_seconds <= spent <= max_seconds + 2.0  # one stretch of five steps looks at the clock some ten times
    assert len(state.scores) == 1 and state.best


def test_learning_rate_follows_the_clock_where_that_is_ahead(monkeypatch):
    monkeypatch.setattr(training, "time", Clock(tick=0.1))
    plan = point_plan(max_steps=10_000, max_seconds=10.0)
    state, _ = trained(plan)
    rate = state.optimizers["generator"].param_groups[0]["lr"]
    assert state.step < 200 and rate < 0.1 * plan.learning_rate


def test_without_a_budget_the_clock_decides_nothing(monkeypatch):
    expected, _ = trained(point_plan())
    monkeypatch.setattr(training, "time", Clock(tick=1e6))
    found, _ = trained(point_plan())
    assert equal(found.best, expected.best)


# When it diverges


class Saboteur(RealSamples):
    """Real samples that do harm in chosen steps, counted from 0 and never twice the same."""

    def __init__(self, state, when, spoil=None):
        super().__init__(*points(), torch.tensor([0.5, 0.5]))
        self.state, self.when, self.spoil, self.calls = state, when, spoil, 0

    def draw(self, n, rng):
        rows, codes = super().draw(n, rng)
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


UNSEEN = pytest.mark.xfail(reason="_is_sound looks at parameters, not at running statistics")
SPOILERS = [None, spoil_generator, spoil_discriminator, spoil_average, pytest.param(spoil_statistics, marks=UNSEEN)]


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
        def draw(self, n, rng):
            rows, codes = super().draw(n, rng)
            batches.append(rng.get_state().numpy().tobytes())
            return rows, codes

    plan = point_plan()
    state = point_state(plan)
    list(train_gan(state, plan, Spy(state, lambda call: call == 3), closeness))
    assert len(batches) == 25 and len(set(batches)) == 25


@pytest.mark.parametrize("spoil", SPOILERS)
def test_training_that_diverges_again_and_again_is_given_up_with_advice(spoil):
    _, error, saboteur = sabotaged(lambda call: call >= 11, spoil)
    assert isinstance(error, TrainingError)
    assert re.search(r"diverged at step 15 and again after 3 roll-backs.*[Tt]ry a smaller learning_rate", str(error))
    assert saboteur.calls == 10 + 4 * 5
    assert re.search(r"the loss '(.+?)'", str(error))[1] in LOSSES


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


@pytest.mark.xfail(reason="facts() hands out the list of scores itself")
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
