"""The fast way from a generator to packed rows gives the rows that the generator gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from ganaug.layers import initialise
from ganaug.modality import Architecture, identity
from ganaug.table.layout import Layout
from ganaug.table.networks import TableGenerator, TwoStageGenerator
from ganaug.table.ties import Tie

MIXED = Layout([3, 2, 4, 5], [0, -1, 5], [False, False, False, True])
TIED = replace(MIXED, ties=[Tie(0, 3, True), Tie(4, 8, False), Tie(8, 9, False)], levels=[1, 0, 2, 1])
LAYOUTS = {
    "mixed": MIXED,
    "in stages": replace(MIXED, two_stages=True),
    "tied": TIED,
    "tied, in stages": replace(TIED, two_stages=True),
    "only states": Layout([3, 1, 2], [], [False, True, False]),
    "only scores": Layout([], [-1, -1], []),
    "one score": Layout([], [-1], []),
}


def trained(layout, width=16, seed=0):
    """A generator whose norms have seen something."""
    with torch.device("meta"):
        architecture = Architecture(latent_dim=6, width=width, n_classes=3)
        bare = (TwoStageGenerator if layout.two_stages else TableGenerator)(layout, architecture)
    rng = torch.Generator().manual_seed(seed)
    generator = initialise(bare, rng).eval().requires_grad_(False)
    for part in generator.modules():
        if isinstance(part, nn.BatchNorm1d):
            for tensor in (part.weight, part.bias, part.running_mean, part.running_var):
                tensor.add_(0.5 * torch.rand(tensor.shape, generator=rng))
        elif isinstance(part, nn.Linear) and part.bias is not None:
            part.bias.normal_(generator=rng)
    return generator


def inputs(generator, n=500, seed=1):
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 6, generator=rng)
    return z, torch.randint(0, 3, (n,), generator=rng), torch.rand(n, generator.noise_dim, generator=rng)


def draw(generator, dtype, z, c, noise):
    """Rows of the sampler, whose noise is in the order of drawing."""
    sampler = generator._make_cpu_sampler(dtype)
    return sampler(z, c, noise if generator.states is None else noise[:, generator.states.order])


def split(layout, rows):
    features = layout.get_features(rows)
    return features[:, : len(layout.segments)], features[:, len(layout.segments) :]


@pytest.mark.parametrize("name", LAYOUTS)
def test_rows_are_those_of_the_generator(name):
    layout = LAYOUTS[name]
    generator = trained(layout)
    z, c, noise = inputs(generator)
    states, scores = split(layout, layout.pack(generator.sample(z, c, noise.clone())))
    found_states, found_scores = split(layout, draw(generator, torch.float32, z, c, noise))
    same = (states == found_states).all(1)
    assert same.float().mean() > 0.99  # sums in another order may change the larger of two equal numbers
    torch.testing.assert_close(found_scores[same], scores[same], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", LAYOUTS)
def test_bfloat16_hardly_changes_them(name):
    layout = LAYOUTS[name]
    generator = trained(layout)
    z, c, noise = inputs(generator, 4000)
    fine, coarse = (split(layout, draw(generator, dtype, z, c, noise)) for dtype in (torch.float32, torch.bfloat16))
    same = (fine[0] == coarse[0]).all(1)
    assert same.float().mean() > 0.95
    assert (fine[1][same] - coarse[1][same]).abs().mean().nan_to_num() < 0.02
    assert len(coarse[1].unique()) >= 0.99 * (coarse[1] != 0).sum()  # scores are not rounded


@pytest.mark.parametrize("name", ["tied", "tied, in stages"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_ties_hold_in_every_row(name, dtype):
    layout = LAYOUTS[name]
    generator = trained(layout)
    rows = draw(generator, dtype, *inputs(generator, 3000))[:, : len(layout.segments)].tolist()
    drawn = [set(row) for row in rows]
    for tie in layout.ties:
        assert all(tie.follower in row for row in drawn if tie.leader in row)
    assert all(0 in row for row in drawn if 3 in row) and any(3 in row for row in drawn)


def test_wide_generators_take_bfloat16_where_it_pays(monkeypatch):
    monkeypatch.setattr("ganaug.table.networks.bfloat16_pays", lambda device: True)
    dtypes = [trained(MIXED, width).make_sampler(MIXED.pack)._first.dtype for width in (64, 128)]
    assert dtypes == [torch.float32, torch.bfloat16]
    monkeypatch.setattr("ganaug.table.networks.bfloat16_pays", lambda device: False)
    assert trained(MIXED, 128).make_sampler(MIXED.pack)._first.dtype == torch.float32


def test_on_another_device_rows_are_sampled_and_packed():
    generator = trained(MIXED).to("meta")
    generator.sample = lambda z, c, noise: torch.zeros(2, MIXED.width)
    assert generator.make_sampler(lambda x: x + 1)(None, None, None).tolist() == torch.ones(2, MIXED.width).tolist()


def test_without_packing_rows_are_those_of_networks():
    generator = trained(MIXED)
    z, c, noise = inputs(generator)
    packed, whole = (generator.make_sampler(pack)(z, c, noise.clone()) for pack in (MIXED.pack, identity))
    assert whole.dtype == torch.float32 and torch.equal(MIXED.pack(whole), packed)


def test_a_generator_with_a_way_of_its_own_to_sample_keeps_it():
    class Constant(TableGenerator):
        def sample(self, z, c, noise):
            return torch.zeros(len(z), MIXED.width)

    with torch.device("meta"):
        bare = Constant(MIXED, Architecture(latent_dim=6, width=16, n_classes=3))
    rows = initialise(bare, torch.Generator().manual_seed(0)).make_sampler(MIXED.pack)(*inputs(bare))
    assert torch.equal(rows, MIXED.pack(torch.zeros(500, MIXED.width)))
