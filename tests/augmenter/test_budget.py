"""A fit on images keeps within its seconds and to its device, and says what it had no time for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small import Clock, quick_augmenter
from small_images import bars

from ganaug import DataWarning
from ganaug.augmenter import budget as budgets
from ganaug.augmenter import fitting, timing
from ganaug.augmenter.budget import Budget, cut_blocks
from ganaug.augmenter.planning import plan_training
from ganaug.augmenter.streams import Source
from ganaug.filters import judges as judging
from ganaug.image import IMAGE, classifier
from ganaug.image.classifier import ConvClassifier
from ganaug.image.defaults import image_defaults
from ganaug.image.score import held_out_score
from ganaug.modality import Architecture, Generator, OutOfTime
from ganaug.table import TABLE
from ganaug.training import Plan, loop

pytestmark = pytest.mark.usefixtures("on_one_thread")


def images(n=60):
    X, y = bars(n, channels=1)
    return torch.from_numpy(X).permute(0, 3, 1, 2).float() / 127.5 - 1, torch.from_numpy(y)


def use_clock(monkeypatch, tick, *modules):
    clock = Clock(tick)
    for module in modules:
        monkeypatch.setattr(module, "time", clock)
    return clock


# Classifiers


def count_batches(monkeypatch):
    taken, real = [], classifier._apply_augmentation
    monkeypatch.setattr(classifier, "_apply_augmentation", lambda *args: taken.append(1) or real(*args))
    return taken


def test_a_classifier_ends_with_its_seconds_and_its_learning_rate_has_fallen_by_then(monkeypatch):
    use_clock(monkeypatch, 0.5, classifier)
    taken, rates, real = count_batches(monkeypatch), [], torch.optim.AdamW.step

    def step(optimizer, *args):
        rates.append(optimizer.param_groups[0]["lr"])
        return real(optimizer, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    ConvClassifier.fit(*images(), 0, steps=400, seconds=20.0)
    assert 38 <= len(taken) <= 41  # one look at the clock for each step
    assert max(rates) == pytest.approx(3e-3, rel=0.05) and rates[-1] < 0.05 * max(rates)


def test_a_classifier_whose_seconds_suffice_is_that_of_no_limit():
    free, limited = (ConvClassifier.fit(*images(), 0, steps=35, seconds=seconds) for seconds in (None, 1e6))
    assert all(torch.equal(value, limited.tensors()[name]) for name, value in free.tensors().items())


def test_a_classifier_that_could_not_learn_is_none(monkeypatch):
    use_clock(monkeypatch, 1.0, classifier)
    with pytest.raises(OutOfTime, match="enough for 20 steps only"):
        ConvClassifier.fit(*images(), 0, steps=400, seconds=20.0)


# A whole fit


def fit(**options):
    augmenter = quick_augmenter(max_steps=60, filters="auto", **options)
    return augmenter.fit(*bars(200))


def test_filters_and_scores_for_which_there_is_no_time_are_left_out_and_named(monkeypatch):
    use_clock(monkeypatch, 3.0, classifier)
    with pytest.warns(
        DataWarning, match=r"max_seconds=100 left no time for scores.*filters \(label_agreement\)"
    ) as told:
        augmenter = fit(max_seconds=100.0)
    assert augmenter.describe()["filters"]["strengths"] == {}
    assert set(augmenter.history_["held_out_score"]) <= {0.0}
    assert told[0].filename == __file__


def test_filters_get_what_the_training_left(monkeypatch):
    asked, real = [], ConvClassifier.fit.__func__

    def fit_classifier(cls, x, y, seed, **options):
        asked.append((options.get("steps"), options["seconds"]))
        return real(cls, x, y, seed, **{**options, "steps": 2, "seconds": None})

    monkeypatch.setattr(ConvClassifier, "fit", classmethod(fit_classifier))
    monkeypatch.setattr(judging, "count_workers", lambda n: 1)
    clock = use_clock(monkeypatch, 0.0, budgets, loop, fitting)
    real_filters = fitting.fit_filters
    monkeypatch.setattr(fitting, "fit_filters", lambda *args: (setattr(clock, "now", 1060.0), real_filters(*args))[1])
    fit(max_seconds=100.0)
    scores = [seconds for steps, seconds in asked if steps is not None]
    fits = [seconds for steps, seconds in asked if steps is None]
    assert scores and set(scores) == {5.0}
    assert len(fits) == 5 and sum(fits) <= 40.0 and min(fits) == pytest.approx(0.6 * 40.0 / 6)


def test_without_a_budget_nothing_is_limited_or_left_out(monkeypatch):
    use_clock(monkeypatch, 1e6, budgets, classifier)
    monkeypatch.setattr(classifier, "default_steps", lambda n: 3)
    monkeypatch.setattr("ganaug.image.score._STEPS", 3)
    assert fit().describe()["filters"]["strengths"] == {"label_agreement": 1.0}
    assert Budget(IMAGE).count_samples(None, 500, 10) == 500


# Samples to look at


class Slow(Generator):
    """A generator that takes a second for each sample."""

    noise_dim = 0

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def sample(self, z, c, noise):
        self.clock.now += len(z)
        return torch.zeros(len(z), 1)


def test_fewer_samples_are_looked_at_where_each_takes_long(monkeypatch):
    clock = use_clock(monkeypatch, 0.0, budgets)
    source = Source(Slow(clock), lambda x: x, [], latent_dim=2)
    budget = Budget(IMAGE, seconds=40_000.0)
    assert budget.count_samples(source, 5000, 100) == 1000  # 2.5 % of the seconds
    assert budget.count_samples(source, 500, 100) == 500
    clock.now += 40_000
    assert budget.count_samples(source, 5000, 100) == 100
    assert Budget(TABLE, seconds=1.0).count_samples(source, 5000, 100) == 5000


def test_blocks_are_no_larger_than_what_is_taken_of_them():
    source = Source(None, None, [], latent_dim=2, block=256, oversampling=4)
    assert cut_blocks(source, [40, 50]).block == 50
    assert cut_blocks(source, [3]).block == 32
    assert cut_blocks(replace(source, judges=["one"]), [50]).block == 200
    assert cut_blocks(source, [5000]).block == 256


def test_steps_leave_seconds_for_what_comes_after_them(monkeypatch):
    monkeypatch.setattr(budgets, "time", Clock(tick=0.0, now=0.0))
    evaluation = loop._Evaluation(lambda _: 0.0, lambda _: (), lambda _: False)
    shares = image_defaults({"height": 10, "width": 8}, [20, 20], "cpu").reserve
    reserved = [Budget(IMAGE, seconds=100.0, began=0.0).reserve(share) for share in shares]
    plain, filtered = (replace(plan_of(max_seconds=100.0), reserved=seconds) for seconds in reserved)
    assert evaluation.find_budget(plain) == pytest.approx(90.0)
    assert evaluation.find_budget(filtered) == pytest.approx(80.0)


# The device


def plan_of(defaults=None, **options):
    chosen = quick_augmenter(**{"max_steps": "auto", **options})._options()
    defaults = defaults or image_defaults({"height": 10, "width": 8}, [20, 20], "cpu")
    return plan_training(chosen, 40, 2, defaults)[1]


def test_scores_and_judges_are_trained_and_applied_on_the_device_of_the_training(monkeypatch):
    asked, moved, real, real_to = [], [], ConvClassifier.fit.__func__, ConvClassifier.to

    def fit_classifier(cls, x, y, seed, **options):
        asked.append(str(options.pop("device")))
        return real(cls, x, y, seed, **{**options, "steps": 2})

    def move(network, device):
        moved.append(str(device))
        return real_to(network, "cpu")

    monkeypatch.setattr(ConvClassifier, "fit", classmethod(fit_classifier))
    monkeypatch.setattr(ConvClassifier, "to", move)
    monkeypatch.setattr(
        fitting, "Budget", lambda modality, device, *given: Budget(modality, torch.device("cuda:7"), *given)
    )
    augmenter = fit()
    scores, judges = len(augmenter.history_["held_out_score"]), 5
    assert asked == ["cuda:7"] * (scores + judges)
    assert moved[: scores + judges] == ["cuda:7"] * (scores + judges)
    assert moved[-judges:] == ["cpu"] * judges  # from then on, samples are drawn on the CPU


def test_a_classifier_classifies_where_it_is_and_answers_on_the_cpu():
    x, y = images()
    network = ConvClassifier.fit(x, y, 0, steps=2)
    here = network(x)
    seen = []
    network.to("meta")._network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].device.type))
    with pytest.raises(NotImplementedError, match="meta"):  # which holds no values to bring back
        network(x)
    assert seen == ["meta"] and here.device.type == "cpu"


def test_a_score_takes_the_device_and_the_seconds(monkeypatch):
    use_clock(monkeypatch, 1.0, classifier)
    with pytest.raises(OutOfTime):
        held_out_score(images(), images(), 0, seconds=5.0)
    with pytest.raises(RuntimeError, match="META"):  # where nothing can be computed
        held_out_score(images(), images(), 0, device="meta")


# Small or residual networks


@pytest.mark.parametrize(
    ("seconds", "budget", "kind"),
    [(0.01, None, "residual"), (0.2, None, "dcgan"), (0.01, 60.0, "residual"), (0.05, 60.0, "dcgan")],
)
def test_residual_networks_are_taken_where_a_step_of_them_is_fast_enough(seconds, budget, kind):
    defaults = image_defaults({"height": 64, "width": 64}, [200, 200], "cuda")
    measured = []

    def make_plan(found):
        return Architecture(64, found.width, 2, kind=found.kind), plan_of(found, max_seconds=budget)

    def measure(architecture, plan):
        measured.append(architecture.kind)
        return seconds

    assert timing.choose_by_time(make_plan, defaults, measure)[0].kind == kind
    assert measured == ["residual"]


def test_on_a_cpu_and_where_the_user_chose_no_step_is_measured(monkeypatch):
    monkeypatch.setattr(fitting, "time_step", None)
    assert image_defaults({"height": 64, "width": 64}, [200, 200], "cpu").cheaper is None
    X, y = bars()
    quick_augmenter().fit(X, y)  # would call None
    real = fitting._find_defaults
    monkeypatch.setattr(
        fitting, "_find_defaults", lambda *args: replace(real(*args), cheaper=real(*args), step_seconds=0.0)
    )
    monkeypatch.setattr(fitting, "warn_of_collapse", lambda *_: None)
    chosen = quick_augmenter(architecture="residual").fit(X, y)
    assert chosen.describe()["networks"]["kind"] == "residual"


def test_the_steps_that_are_measured_are_steps_of_the_training_and_change_nothing(monkeypatch):
    taken, real = [], timing.train_step
    monkeypatch.setattr(timing, "train_step", lambda *args: taken.append(args[1]) or real(*args))
    real_defaults = fitting._find_defaults
    X, y = bars()
    plain = quick_augmenter().fit(X, y).sample(4, random_state=0)[0]
    monkeypatch.setattr(
        fitting, "_find_defaults", lambda *args: replace(real_defaults(*args), cheaper=real_defaults(*args))
    )
    timed = quick_augmenter().fit(X, y).sample(4, random_state=0)[0]
    assert len(taken) == 8 and isinstance(taken[0], Plan) and np.array_equal(plain, timed)
