"""What is left open follows from the data alone; what the user says holds."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
import torch
from small import loss_with, numbers, quick_augmenter

from ganaug import GANAugmenter, ParameterError
from ganaug.augmenter import fitting, planning
from ganaug.augmenter.options import Options
from ganaug.augmenter.planning import choose_device, plan_training
from ganaug.layers import initialise
from ganaug.losses import LOSSES
from ganaug.modality import Architecture, row_defaults
from ganaug.table import networks
from ganaug.table.layout import Layout
from ganaug.training import OPTIMIZERS


def options(**chosen):
    """What an augmenter hands on, on the CPU."""
    return GANAugmenter(device="cpu", **chosen)._options()


def test_every_option_is_a_parameter_of_the_estimator_and_handed_on():
    assert {field.name for field in dataclasses.fields(Options)} <= set(inspect.signature(GANAugmenter).parameters)
    assert (options(width=7).width, options().width, options().device) == (7, "auto", "cpu")


def test_what_the_user_says_holds():
    chosen = options(
        loss="hinge",
        optimizer="rmsprop",
        learning_rate=0.01,
        batch_size=17,
        max_steps=123,
        max_seconds=4.5,
        patience=3,
        latent_dim=5,
        width=9,
        precision="bfloat16",
    )
    architecture, plan = plan_training(chosen, 1000, 4)
    assert (architecture.latent_dim, architecture.width, architecture.n_classes) == (5, 9, 4)
    assert (plan.batch_size, plan.max_steps, plan.max_seconds, plan.patience) == (17, 123, 4.5, 3)
    assert (plan.learning_rate, plan.optimizer, plan.latent_dim, plan.bfloat16) == (0.01, "rmsprop", 5, True)
    assert plan.loss is LOSSES["hinge"] and plan.device == torch.device("cpu")


@pytest.mark.parametrize("name", LOSSES)
def test_networks_get_the_norm_that_the_loss_wants(name):
    architecture, _ = plan_training(options(loss=name), 500, 2)
    assert architecture.spectral_norm == LOSSES[name].spectral_norm
    assert architecture.batch_norm == LOSSES[name].batch_norm


def test_a_loss_and_an_optimizer_of_ones_own_are_taken_as_they_are():
    loss, optimizer = loss_with(penalty_weight=7.0), OPTIMIZERS["adam"]
    _, plan = plan_training(options(loss=loss, optimizer=optimizer), 300, 2)
    assert plan.loss is loss and plan.optimizer is optimizer


@pytest.mark.parametrize("n", [8, 50, 1999, 2000, 30_000, 10**6])
def test_sizes_follow_from_the_number_of_rows(n):
    _, plan = plan_training(options(), n, 2)
    assert plan.max_steps == row_defaults(n).max_steps <= row_defaults(10 * n).max_steps
    assert plan.batch_size <= max(32, n) and plan.score_every <= plan.max_steps
    assert 1 < plan.max_steps / plan.score_every < 40  # so often the held-out rows are asked


def test_steps_grow_with_the_root_of_the_rows_between_two_limits():
    steps = {n: row_defaults(n).max_steps for n in (8, 1999, 2000, 10_000, 40_000, 10**6)}
    assert steps == {8: 1500, 1999: 1500, 2000: 2600, 10_000: 5800, 40_000: 11_600, 10**6: 20_000}


@pytest.mark.parametrize(("effort", "steps"), [("fast", 2900), ("balanced", 5800), ("best", 23_200)])
def test_effort_sets_the_number_of_steps_that_is_left_open(effort, steps):
    assert plan_training(options(effort=effort), 10_000, 2)[1].max_steps == steps
    assert plan_training(options(effort=effort, max_steps=77), 10_000, 2)[1].max_steps == 77


@pytest.mark.parametrize(("held_out", "tolerance"), [(100, 0.03), (10_000, 0.003), (1, 0.3), (0, 0.3)])
def test_the_fewer_samples_judge_the_less_do_small_differences_count(held_out, tolerance):
    _, plan = plan_training(options(), 1000, 2, held_out=held_out)
    assert plan.tolerance == pytest.approx(tolerance)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_a_training_tolerates_what_its_held_out_samples_cannot_tell_apart(monkeypatch):
    plans, real = [], fitting.train_gan
    monkeypatch.setattr(fitting, "train_gan", lambda state, plan, *rest: plans.append(plan) or real(state, plan, *rest))
    model = quick_augmenter().fit(*numbers(200)).model_
    assert [plan.tolerance for plan in plans] == [pytest.approx(0.3 / model.facts["held_out"] ** 0.5)]


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_scores_and_looks_for_collapse_leave_the_weights_where_they_are(monkeypatch):
    def stay(part, *rest):
        raise AssertionError("the generator is moved")

    def guarded(look):
        def call(generator):
            before = [parameter.data_ptr() for parameter in generator.parameters()]
            with monkeypatch.context() as patch:
                patch.setattr(torch.nn.Module, "_apply", stay)
                found = look(generator)
            looks.append(look.__name__)
            assert [parameter.data_ptr() for parameter in generator.parameters()] == before
            return found

        return call

    def train(state, plan, samples, score, collapsed, augment, learned):
        return real(state, plan, samples, guarded(score), guarded(collapsed), augment, guarded(learned))

    def find_none(training, generator):
        found(training, generator)
        return []

    find_none.__name__ = "find_collapsed"
    looks, real, found = [], fitting.train_gan, fitting._Training.find_collapsed
    monkeypatch.setattr(fitting, "train_gan", train)
    monkeypatch.setattr(fitting._Training, "find_collapsed", find_none)
    quick_augmenter(max_steps=150).fit(*numbers(2600))
    assert looks == ["score", "find_collapsed"] * 3
    quick_augmenter(max_steps=200).fit(*numbers(2600))
    assert looks[6:] == ["score", "find_collapsed"] * 3 + ["has_learned"] + ["score", "find_collapsed"]


def test_a_short_training_is_not_scored_at_every_step():
    assert plan_training(options(max_steps=60), 300, 2)[1].score_every >= 50


def present(monkeypatch, cuda, mps):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_cuda_then_mps_then_the_cpu(monkeypatch, cuda, mps, chosen):
    present(monkeypatch, cuda, mps)
    assert choose_device("auto").type == chosen
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:7", "mps"])
def test_a_device_that_is_not_there_is_refused_by_name(monkeypatch, name):
    present(monkeypatch, False, False)
    with pytest.raises(ParameterError, match=f"The device '{name}' is not there; torch finds cpu. Say device='auto'"):
        choose_device(name)
    present(monkeypatch, True, False)
    if name == "cuda:7":
        with pytest.raises(ParameterError, match="'cuda:7' is not there; torch finds cuda and cpu"):
            choose_device(name)


def test_bfloat16_only_where_the_hardware_gains(monkeypatch):
    cpu = torch.device("cpu")
    for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, probe, lambda: False, raising=False)
    assert not planning._uses_bfloat16("auto", cpu, True, 256)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert not planning._uses_bfloat16("auto", cpu, False, 255) and planning._uses_bfloat16("auto", cpu, False, 256)
    assert planning._uses_bfloat16("auto", cpu, True, 8) and not planning._uses_bfloat16("float32", cpu, True, 256)
    assert planning._uses_bfloat16("bfloat16", cpu, False, 8)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert not planning._uses_bfloat16("auto", torch.device("cuda"), True, 64)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert planning._uses_bfloat16("auto", torch.device("cuda"), True, 64)
    assert not planning._uses_bfloat16("auto", torch.device("mps"), True, 256)


@pytest.mark.parametrize("width", [64, 256, 1024])
def test_a_gpu_trains_tables_in_float32_because_casts_take_longer_than_products(monkeypatch, width):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert not planning._uses_bfloat16("auto", torch.device("cuda"), False, width)
    assert planning._uses_bfloat16("bfloat16", torch.device("cuda"), False, width)


def sampled_by(width, monkeypatch, pays):
    """What a generator of that width samples, and the dtypes in which its products come."""
    monkeypatch.setattr(networks, "bfloat16_pays", lambda device: pays)
    rng, dtypes = torch.Generator().manual_seed(0), []
    with torch.device("meta"):
        bare = networks.TableGenerator(Layout([3, 2], [-1, 0], [False, False]), Architecture(6, width, 2))
    generator = initialise(bare, rng).eval().requires_grad_(False)
    for block in generator.blocks:
        block.linear1.register_forward_hook(lambda part, rows, out: dtypes.append(out.dtype))
    x = generator.sample(torch.randn(200, 6, generator=rng), torch.arange(200) % 2, torch.rand(200, 5, generator=rng))
    return x, dtypes


def test_a_wide_generator_samples_in_bfloat16_but_its_numbers_are_as_fine_as_ever(monkeypatch):
    exact, dtypes = sampled_by(256, monkeypatch, False)
    assert dtypes == [torch.float32] * 2
    x, dtypes = sampled_by(256, monkeypatch, True)
    assert dtypes == [torch.bfloat16] * 2 and x.dtype == torch.float32
    scores = x[:, 5]  # the last but one: every row has it
    assert (scores != scores.bfloat16().float()).float().mean() > 0.9 and len(torch.unique(scores)) > 190
    torch.testing.assert_close(scores, exact[:, 5], atol=0.1, rtol=0)


def test_a_narrow_generator_samples_in_float32(monkeypatch):
    plain, widened = sampled_by(255, monkeypatch, False), sampled_by(255, monkeypatch, True)
    assert torch.equal(plain[0], widened[0]) and widened[1] == [torch.float32] * 2
