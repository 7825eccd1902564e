"""The loop keeps its promises on a GAN of a few dozen weights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from small import (
    Clock,
    closeness,
    equal,
    loss_with,
    point_plan,
    point_state,
    points,
    real_points,
    trained,
    weights,
)

from ganaug import TrainingError
from ganaug.losses import LOSSES
from ganaug.training import HISTORY, RealSamples, train_gan
from ganaug.training import loop as training

pytestmark = pytest.mark.usefixtures("on_one_thread")


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch):
    """Five steps between two looks at the training, instead of fifty."""
    monkeypatch.setattr(training, "_CHECK_EVERY", 5)


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


def test_beside_samples_of_a_simple_model_three_in_four_of_each_class_are_real():
    x, c = points()
    samples = RealSamples(x, c, torch.tensor([0.5, 0.5]), drawn=(x.repeat(4, 1) + 100, c.repeat(4)))
    assert samples.n == len(x)
    rows, codes = samples.draw(20_000, torch.Generator().manual_seed(0))
    for code in (0, 1):
        own = rows[codes == code]
        assert (own[:, 0] < 50).float().mean().item() == pytest.approx(0.75, abs=0.02)
        real = own[own[:, 0] < 50]
        assert len(torch.unique(real, dim=0)) == len(torch.unique(x[c == code], dim=0))


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
def test_the_weights_with_the_best_score_are_kept_and_the_newest_of_equals(values):
    seen = []
    state, reports = trained(point_plan(), scripted(values, seen))
    assert state.scores == [[5, values[0]], [10, values[1]], [15, values[2]], [20, values[3]]]
    assert [report.score for report in reports] == values
    assert equal(state.best, seen[len(values) - 1 - int(np.argmax(values[::-1]))])


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
    state, _ = trained(plan, scripted([0.1, 0.7, 0.6, 0.7, 0.5, 0.4, 0.3, 1.0]))  # an equal one counts as new
    assert state.step == 35 and len(state.scores) == 7


@pytest.mark.parametrize(
    ("values", "tolerance", "kept"),
    [
        ([0.5, 0.9, 0.85, 0.2], 0.1, 2),
        ([0.9, 0.85, 0.79, 0.2], 0.1, 1),  # near the best, not near the one that was kept
        ([0.9, 0.2, 0.81, 0.3], 0.1, 2),
        ([0.1, 0.9, 0.85, 0.84], 0.0, 1),
        ([-5.0, -4.0, -4.4, -6.0], 0.5, 2),
        ([0.7, 0.6, 0.9, 0.75], 0.1, 2),  # a better one raises the mark
        ([math.nan, math.nan, 0.1, math.nan], 0.5, 2),
    ],
)
def test_the_newest_weights_within_tolerance_of_the_best_score_are_kept(values, tolerance, kept):
    seen = []
    state, _ = trained(point_plan(tolerance=tolerance), scripted(values, seen))
    assert equal(state.best, seen[kept])
    assert state.best_rank == (True, max(value for value in values if value == value))


def test_patience_counts_only_scores_that_fall_short_of_the_best_by_more_than_the_tolerance():
    plan = point_plan(max_steps=200, patience=3, tolerance=0.1)
    state, _ = trained(plan, scripted([0.7, 0.65, 0.5, 0.64, 0.62, 0.61, 0.5, 0.4, 0.3, 1.0]))
    assert len(state.scores) == 9
    state, _ = trained(plan, scripted([0.7, 0.59, 0.58, 0.57, 1.0]))  # each near the one before
    assert len(state.scores) == 4


def told_when(asked, answers):
    """Answer one thing after the other, and note how many scores there were."""
    answers = iter(answers)

    def learned(generator):
        asked.append(weights(generator))
        return next(answers)

    return learned


def test_a_training_that_pays_no_longer_ends_after_a_third_of_its_steps():
    """Scores every five steps; the third and the fifth are asked, and a second yes would change nothing."""
    plan, asked = point_plan(max_steps=100), []
    state = point_state(plan)
    learned = told_when(asked, [False, True, True])
    reports = list(train_gan(state, plan, real_points(), scripted(np.arange(30.0)), learned=learned))
    assert (len(asked), state.cut_at, state.last_step, state.step) == (2, 25, 34, 34)
    assert state.scores[-1][0] == 34
    assert [report.note for report in reports if report.note] == [
        "synthetic samples are hardly told from real ones: the training ends at step 34"
    ]
    assert [report.max_steps for report in reports][-1] == 34


def test_after_a_cut_the_learning_rate_falls_from_where_it_was_to_its_end(monkeypatch):
    monkeypatch.setattr(training, "_CHECK_EVERY", 1)
    plan = point_plan(max_steps=400, learning_rate=1.0)
    state, rates = point_state(plan), []
    for _ in train_gan(state, plan, real_points(), lambda _: 0.0, learned=lambda _: True):
        rates.append(state.optimizers["generator"].param_groups[0]["lr"])
    assert len(rates) == 20 and (np.diff(rates) < 0).all()
    assert rates[15] > 0.98 and np.abs(np.diff(rates)).max() < 0.4
    assert rates[-1] < 0.2


def test_a_cut_near_the_end_does_not_make_the_training_longer():
    plan = point_plan(max_steps=19)
    state = point_state(plan)
    list(train_gan(state, plan, real_points(), lambda _: 0.0, learned=lambda _: True))
    assert (state.cut_at, state.last_step, state.step) == (15, 19, 19)


def test_a_collapsed_generator_is_not_asked_whether_it_has_learned():
    plan, asked = point_plan(max_steps=60, patience=1000), []
    state = point_state(plan)
    list(train_gan(state, plan, real_points(), lambda _: 0.0, lambda _: ["a"], None, told_when(asked, [True])))
    assert not asked and state.step == 60


def test_the_last_step_is_scored_whenever_it_comes():
    state, _ = trained(point_plan(max_steps=3, score_every=1000))
    assert state.scores[0][0] == 3 and state.best


@pytest.mark.parametrize("max_seconds", [10.0, 30.0])
def test_budget_ends_the_training_with_a_score(monkeypatch, max_seconds):
    clock = Clock(tick=0.1)
    monkeypatch.setattr(training, "time", clock)
    state, _ = trained(point_plan(max_steps=10_000, max_seconds=max_seconds, score_every=10_000))
    spent = clock.now - 1000.0
    assert (
        max_seconds - 1.0 <= spent <= max_seconds + 1.0
    )  # one stretch of five steps looks at the clock some ten times
    assert len(state.scores) == 2 and state.best  # one to see how long it takes, and the last one
    assert state.scores[0][0] < 0.4 * state.scores[1][0]


def test_scores_that_take_much_of_the_budget_are_skipped_and_the_last_weights_kept(monkeypatch):
    monkeypatch.setattr(training, "time", clock := Clock(tick=0.01))
    plan, asked = point_plan(max_steps=10_000, max_seconds=10.0, score_every=5), []
    state = point_state(plan)

    def slow(generator):
        asked.append(state.step)
        clock.now += 3.0
        return closeness(generator)

    notes = [progress.note for progress in train_gan(state, plan, real_points(), slow)]
    assert 10.0 <= clock.now - 1000.0 <= 11.0
    assert len(asked) == 1 and len(state.scores) == 1
    assert equal(state.best, state.average.state_dict())
    assert notes[-1] == "newest weights kept without a score, which takes 3 s of 10 s"


def test_a_collapse_is_not_kept_where_scores_are_skipped(monkeypatch):
    monkeypatch.setattr(training, "time", clock := Clock(tick=0.01))
    plan, kept = point_plan(max_steps=10_000, max_seconds=10.0), {}
    state = point_state(plan)

    def slow(generator):
        clock.now += 3.0
        kept.update({k: v.clone() for k, v in generator.state_dict().items()})
        return 0.0

    collapsed = iter([[]])
    list(train_gan(state, plan, real_points(), slow, lambda _: next(collapsed, ["a"])))
    assert equal(state.best, kept) and state.best_rank == (True, 0.0)


def test_a_budget_in_which_most_samples_are_never_seen_is_refused_at_once_with_what_is_possible(monkeypatch):
    monkeypatch.setattr(training, "time", clock := Clock(tick=0.1))
    plan = point_plan(max_steps=10_000, max_seconds=1e-9)
    with pytest.raises(TrainingError, match=r"max_seconds=1e-09 is too short for one pass over the \d+ .* about \d+ s"):
        trained(plan)
    assert clock.now - 1000.0 < 3


def test_a_learning_rate_that_is_a_tensor_is_set_in_place():
    plan = point_plan(max_steps=40, optimizer=lambda p, lr: torch.optim.Adam(p, lr=torch.tensor(lr), fused=True))
    state = point_state(plan)
    rates = [optimizer.param_groups[0]["lr"] for optimizer in state.optimizers.values()]
    for _ in train_gan(state, plan, real_points(), closeness):
        pass
    assert [optimizer.param_groups[0]["lr"] for optimizer in state.optimizers.values()] == rates
    assert all(0.03 * plan.learning_rate < float(rate) < 0.04 * plan.learning_rate for rate in rates)


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


# Changed samples


def test_the_discriminator_sees_all_samples_changed():
    plan = point_plan(max_steps=5)
    state, seen = point_state(plan), []
    state.discriminator.register_forward_hook(lambda _, inputs, logits: seen.append(inputs[0].detach()))
    list(train_gan(state, plan, real_points(), closeness, augment=lambda x, rng: x + 100.0))
    assert len(seen) >= 10 and all((x > 50).all() for x in seen)


def test_real_and_synthetic_samples_are_changed_by_the_same_kind_of_draws():
    plan = point_plan(max_steps=4)
    state, asked = point_state(plan), []

    def change(x, rng):
        assert rng is state.rng
        asked.append((x.shape, x.requires_grad))
        return x + torch.randn(x.shape, generator=rng)

    list(train_gan(state, plan, real_points(), closeness, augment=change))
    assert asked == [((8, 2), False), ((8, 2), False), ((8, 2), True)] * 4  # real, synthetic, and for the generator


def test_a_change_that_does_nothing_changes_nothing():
    plan = point_plan()
    plain, changed = trained(plan)[0], point_state(plan)
    list(train_gan(changed, plan, real_points(), closeness, augment=lambda x, rng: x))
    assert equal(changed.tensors(), plain.tensors())


def test_the_last_score_and_what_is_reserved_are_counted_into_the_seconds():
    evaluation = training._Evaluation(closeness, lambda _: (), lambda _: False)
    plan = point_plan(max_seconds=10.0)
    assert evaluation.find_budget(plan) == 10.0 and not evaluation.is_late(plan, 9.9)
    evaluation.seconds = 1.0
    assert evaluation.find_budget(plan) == 9.0 and evaluation.is_late(plan, 9.0)
    evaluation.seconds = 2.0
    assert evaluation.find_budget(plan) == 10.0  # no more scores
    assert evaluation.find_budget(replace(plan, reserved=4.0)) == 6.0
    assert evaluation.find_budget(replace(plan, reserved=9.0)) == 5.0  # half is for training
    assert not evaluation.is_late(point_plan(max_seconds=None), 1e9)
