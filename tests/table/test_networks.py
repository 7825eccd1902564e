"""Generator and discriminator of encoded tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from ganaug.layers import SpectralLinear, fill_tables, initialise
from ganaug.modality import Architecture
from ganaug.table.columns import Category, Number
from ganaug.table.layout import Layout
from ganaug.table.networks import (
    TableDiscriminator,
    TableGenerator,
    TwoStageGenerator,
    table_discriminator,
    table_generator,
)
from ganaug.table.quantiles import Marginal
from ganaug.table.states import SegmentSoftmax

SIZES = [1, 2, 3, 4, 5, 8, 9, 16, 17, 64, 65, 100, 2, 1]
MIXED = Layout([3, 2, 4, 5], [0, -1, 5], [False, False, False, True])
ONLY_STATES = Layout([3, 1, 2], [], [False, True, False])
ONLY_SCORES = Layout([], [-1, -1], [])
IN_STAGES = replace(MIXED, two_stages=True)
LAYOUTS = {
    "in stages": IN_STAGES,
    "mixed": MIXED,
    "only states": ONLY_STATES,
    "only scores": ONLY_SCORES,
    "one score": Layout([], [-1], []),
}
VARIANTS = {"plain": {}, "spectral": {"spectral_norm": True}, "batch norm": {"batch_norm": True}}


def architecture(**options):
    return Architecture(latent_dim=6, width=16, n_classes=3, **options)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def build(network, layout, seed=0, **options):
    if network is TableGenerator and layout.two_stages:
        network = TwoStageGenerator
    with torch.device("meta"):
        bare = network(layout, architecture(**options))
    return initialise(bare, seeded(seed))


def inputs(layout, n=64, seed=1):
    """z, c, noise for the generator."""
    rng = seeded(seed)
    z, noise = torch.randn(n, 6, generator=rng), torch.rand(n, layout.n_states, generator=rng)
    return z, torch.arange(n) % 3, noise


def segments(layout, x):
    return x[:, : layout.n_states].split(layout.segments, 1) if layout.segments else []


def softmax_of(sizes):
    module = SegmentSoftmax(sizes)
    fill_tables(module)
    return module


@pytest.mark.parametrize(
    "sizes", [SIZES, list(range(1, 101)), [1], [100], [7] * 50], ids=lambda s: f"{len(s)} segments"
)
def test_softmax_equals_one_softmax_after_another(sizes):
    logits = 5 * torch.randn(20, sum(sizes), generator=seeded())
    expected = torch.cat([part.softmax(1) for part in logits.split(sizes, 1)], 1)
    assert torch.allclose(softmax_of(sizes)(logits), expected, atol=1e-6)


@pytest.mark.parametrize("sizes", [SIZES, list(range(1, 101)), [1], [100]], ids=lambda s: f"{len(s)} segments")
def test_one_hot_marks_the_largest_of_each_segment(sizes):
    logits = torch.randn(20, sum(sizes), generator=seeded())
    expected = torch.cat([functional.one_hot(part.argmax(1), part.shape[1]) for part in logits.split(sizes, 1)], 1)
    assert torch.equal(softmax_of(sizes).one_hot(logits), expected.float())


def test_softmax_passes_the_gradient_of_each_segment():
    logits = torch.randn(2, 21, generator=seeded(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(softmax_of([1, 2, 3, 5, 9, 1]), logits, fast_mode=True)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_generated_rows_have_the_shape_of_the_layout_and_segments_that_sum_to_one(layout):
    generator = build(TableGenerator, layout)
    for rows in (generator(*inputs(layout)), generator.sample(*inputs(layout))):
        assert rows.shape == (64, layout.width) and rows.dtype == torch.float32
        assert all(torch.allclose(part.sum(1), torch.ones(64), atol=1e-5) for part in segments(layout, rows))


def test_final_rows_are_one_hot_and_have_a_score_only_in_the_regular_state():
    rows = build(TableGenerator, MIXED).sample(*inputs(MIXED, 500))
    states, scores = rows[:, : MIXED.n_states], rows[:, MIXED.n_states :]
    assert set(states.unique().tolist()) == {0.0, 1.0}
    for j, gate in enumerate(MIXED.gates):
        if gate < 0:
            assert (scores[:, j] != 0).all()
        else:
            regular = states[:, gate] == 1
            assert 0 < regular.sum() < 500
            assert (scores[~regular, j] == 0).all() and (scores[regular, j] != 0).all()


def test_soft_rows_weigh_a_score_by_its_gate():
    generator = build(TableGenerator, MIXED).eval()
    rows, scores = generator(*inputs(MIXED)), []
    generator._join = lambda states, ungated: scores.append(ungated)
    generator(*inputs(MIXED))
    gates = torch.stack([rows[:, g] if g >= 0 else torch.ones(64) for g in MIXED.gates], 1)
    assert torch.allclose(rows[:, MIXED.n_states :], scores[0] * gates, atol=1e-6)


def test_states_are_drawn_in_proportion_to_their_probabilities():
    layout = Layout([4], [], [False])
    generator = build(TableGenerator, layout).eval()
    z, c = torch.zeros(20_000, 6), torch.zeros(20_000, dtype=torch.int64)
    rows = generator.sample(z, c, torch.rand(20_000, 4, generator=seeded()))
    logits, _ = generator._generate(z[:1], c[:1], lambda states, logits: logits)
    assert torch.allclose(rows.mean(0), logits[0].softmax(0), atol=0.015)


@pytest.mark.parametrize("layout", [MIXED, IN_STAGES], ids=["at once", "in stages"])
def test_scores_depend_on_the_noise_of_states_only_in_two_stages(layout):
    """The score at the last place but one has no gate, so that only the second stage tells it of the states."""
    generator = build(TableGenerator, layout).eval()
    z, c, noise = inputs(layout)
    free = layout.n_states + layout.gates.index(-1)
    first, second = generator.sample(z, c, noise)[:, free], generator.sample(z, c, 1 - noise)[:, free]
    assert torch.equal(first, second) == (not layout.two_stages)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_generator_of_a_layout_has_two_stages_where_the_layout_says_so(layout, monkeypatch):
    monkeypatch.setattr(Layout, "from_schema", lambda schema: layout)
    assert isinstance(table_generator({}, architecture()), TwoStageGenerator) == layout.two_stages


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_the_ends_of_the_uniform_noise_give_finite_rows(noise):
    generator = build(TableGenerator, MIXED).eval()
    z, c, _ = inputs(MIXED)
    full = torch.full((64, MIXED.n_states), noise)
    assert torch.isfinite(generator(z, c, full)).all() and torch.isfinite(generator.sample(z, c, full)).all()


def test_the_class_changes_what_is_generated():
    generator = build(TableGenerator, MIXED).eval()
    z, c, noise = inputs(MIXED)
    assert not torch.allclose(generator(z, c, noise), generator(z, (c + 1) % 3, noise))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_single_row_is_generated_and_judged_in_eval(layout):
    generator, discriminator = build(TableGenerator, layout).eval(), build(TableDiscriminator, layout).eval()
    many = generator.sample(*inputs(layout))
    z, c, noise = (part[:1] for part in inputs(layout))
    assert torch.allclose(generator.sample(z, c, noise), many[:1], atol=1e-5)
    assert torch.allclose(discriminator(many[:1], c), discriminator(many, inputs(layout)[1])[:1], atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_gradients_reach_every_weight_through_both_networks(layout, variant):
    generator, discriminator = build(TableGenerator, layout), build(TableDiscriminator, layout, **variant)
    z, c, noise = inputs(layout)
    logits = discriminator(generator(z, c, noise), c)
    assert logits.shape == (64,)
    (logits**2).mean().backward()
    for name, weight in [*generator.named_parameters(), *discriminator.named_parameters()]:
        assert weight.grad is not None and torch.isfinite(weight.grad).all(), name
        if layout in (MIXED, IN_STAGES):
            assert (weight.grad != 0).any(), name


def test_the_discriminator_has_second_derivatives_for_a_gradient_penalty():
    discriminator = build(TableDiscriminator, MIXED)
    x = build(TableGenerator, MIXED).sample(*inputs(MIXED)).requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x, inputs(MIXED)[1]).sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert discriminator.first.weight.grad.abs().sum() > 0


def test_the_class_changes_what_is_judged():
    discriminator = build(TableDiscriminator, MIXED)
    rows, c = build(TableGenerator, MIXED).sample(*inputs(MIXED)), inputs(MIXED)[1]
    assert not torch.allclose(discriminator(rows, c), discriminator(rows, (c + 1) % 3))


def test_the_discriminator_sees_the_place_of_scores_and_of_ordered_states_only():
    discriminator = build(TableDiscriminator, MIXED)
    assert discriminator.multiples.shape == (4, 4)
    assert discriminator.multiples[0].tolist() == [1.0, 2.0, 4.0, 8.0]
    places = discriminator.projection
    assert torch.equal(places[MIXED.n_states :, :3], torch.eye(3))
    assert torch.allclose(places[9:14, 3], torch.linspace(-1.5, 1.5, 5))
    assert (places[: MIXED.n_states, :3] == 0).all() and (places[:9] == 0).all() and (places[14:, 3] == 0).all()


@pytest.mark.parametrize("network", [TableGenerator, TableDiscriminator])
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_weights_follow_from_the_generator_of_random_numbers_alone(network, variant):
    torch.manual_seed(12345)
    before = torch.get_rng_state()
    first = build(network, MIXED, 0, **variant).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    again, other = (build(network, MIXED, seed, **variant).state_dict() for seed in (0, 1))
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)


def test_generating_and_judging_leave_global_randomness_alone():
    before = torch.get_rng_state()
    generator, discriminator = build(TableGenerator, MIXED), build(TableDiscriminator, MIXED)
    a, b = (generator.eval().sample(*inputs(MIXED)) for _ in range(2))
    discriminator(a, inputs(MIXED)[1])
    assert torch.equal(a, b) and torch.equal(torch.get_rng_state(), before)


def test_every_layer_of_the_spectral_variant_has_a_lipschitz_constant_of_about_one():
    discriminator = build(TableDiscriminator, MIXED, spectral_norm=True)
    rows, c = build(TableGenerator, MIXED).sample(*inputs(MIXED)), inputs(MIXED)[1]
    for _ in range(50):
        discriminator(rows, c)
    layers = [part for part in discriminator.modules() if isinstance(part, SpectralLinear)]
    assert len(layers) == 7
    for layer in layers:
        a, b = torch.randn(2, 2000, layer.in_features, generator=seeded())
        stretch = (layer(a) - layer(b)).norm(dim=1) / (a - b).norm(dim=1)
        assert stretch.max() <= 1.001
        right = torch.linalg.svd(layer.weight.detach()).Vh[:1]
        assert (layer(right) - layer(0 * right)).norm().item() == pytest.approx(1.0, abs=0.02)


def test_bfloat16_keeps_the_fine_structure_of_scores():
    discriminator, rows = build(TableDiscriminator, ONLY_SCORES), torch.tensor([[1.0, 2.0], [1.001, 2.0]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = discriminator(rows, torch.zeros(2, dtype=torch.int64))
        generated = build(TableGenerator, MIXED)(*inputs(MIXED))
    assert logits.dtype == generated.dtype == torch.float32


def test_networks_are_built_from_an_encoders_json_without_weights():
    number = Number("numeric", 0, 0, None, [0.0, 1.0], [0.0], Marginal.fit(torch.rand(9).double().numpy()), True)
    schema = {"columns": [Category("category", ["a", "b"], [1, 1], 2, True).to_json(), number.to_json()]}
    for build_it in (table_generator, table_discriminator):
        network = build_it(schema, architecture())
        assert {p.device.type for p in [*network.parameters(), *network.buffers()]} == {"meta"}
    assert Layout.from_schema(schema) == Layout([3, 3], [3], [False, False])
    assert Layout.from_schema({**schema, "two_stages": True}).two_stages
    assert not Layout.from_schema({"columns": schema["columns"][:1], "two_stages": True}).two_stages


def test_layout_says_where_things_are():
    assert (MIXED.n_states, MIXED.width, MIXED.starts().tolist()) == (14, 17, [0, 3, 5, 9])
    assert (ONLY_SCORES.n_states, ONLY_SCORES.width, ONLY_SCORES.starts().tolist()) == (0, 2, [])
