"""Initialisation draws from its own generator, and spectral norm divides by the largest singular value."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from ganaug.layers import SpectralLinear, fill_tables, initialise


class Parts(nn.Module):
    """One of everything that can be initialised."""

    def __init__(self):
        super().__init__()
        self.linear, self.conv = nn.Linear(100, 50), nn.Conv2d(3, 8, 3, bias=False)
        self.back, self.words = nn.ConvTranspose2d(4, 6, 2), nn.Embedding(1000, 16)
        self.batch, self.layer, self.group = nn.BatchNorm1d(5), nn.LayerNorm(5), nn.GroupNorm(2, 4)
        self.spectral = SpectralLinear(6, 4)


def on_meta(make):
    with torch.device("meta"):
        return make()


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_generator_decides_every_weight_and_the_global_one_is_left_alone():
    torch.manual_seed(77)
    before = torch.get_rng_state()
    first, second, other = (initialise(on_meta(Parts), rng(seed)).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    drawn = [name for name in first if not torch.equal(first[name], other[name])]
    assert drawn == ["linear.weight", "conv.weight", "back.weight", "words.weight", "spectral.weight", "spectral.u"]


def test_weights_are_those_of_torch_and_biases_zero():
    made = initialise(on_meta(Parts), rng()).requires_grad_(False)
    for part, fan_in in ((made.linear, 100), (made.conv, 27), (made.back, 24)):
        bound = fan_in**-0.5
        assert 0.9 * bound < part.weight.abs().max() <= bound
        assert part.weight.std() == pytest.approx(bound / 3**0.5, rel=0.15)
        assert part.bias is None or not part.bias.any()
    assert made.words.weight.std() == pytest.approx(0.25, rel=0.05)
    for part in (made.batch, made.layer, made.group):
        assert (part.weight == 1).all() and not part.bias.any()
    assert not made.batch.running_mean.any() and (made.batch.running_var == 1).all()
    assert made.batch.num_batches_tracked == 0


def test_network_lands_on_the_cpu_ready_for_gradients():
    made = initialise(on_meta(Parts), rng())
    assert {tensor.device.type for tensor in made.state_dict().values()} == {"cpu"}
    assert all(weight.requires_grad for weight in made.parameters())


def test_a_part_may_draw_its_own_weights_and_fill_its_tables():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.empty(3))
            self.register_buffer("table", torch.empty(2), persistent=False)

        def reset(self, generator):
            self.scale.fill_(7.0)

        def fill_tables(self):
            self.table.copy_(torch.tensor([1.0, 2.0]))

    made = initialise(on_meta(lambda: nn.Sequential(Own(), nn.Linear(2, 2))), rng())
    assert made[0].scale.tolist() == [7.0] * 3 and made[0].table.tolist() == [1.0, 2.0]
    made[0].table.zero_()
    fill_tables(made)
    assert made[0].table.tolist() == [1.0, 2.0]


def test_weights_that_nobody_draws_are_refused_instead_of_left_as_memory_had_them():
    with pytest.raises(TypeError, match=r"PReLU has weights; give it a method reset\(generator\)"):
        initialise(on_meta(lambda: nn.Sequential(nn.Linear(2, 2), nn.PReLU())), rng())


def spectral(n_in=6, n_out=4, passes=30):
    layer = initialise(on_meta(lambda: SpectralLinear(n_in, n_out)), rng())
    with torch.no_grad():
        layer.weight.mul_(5.0)
    for _ in range(passes):
        layer(torch.eye(n_in))
    return layer


def test_spectral_norm_makes_the_largest_singular_value_one():
    layer = spectral().requires_grad_(False)
    made = (layer(torch.eye(6)) - layer.bias).detach().t()  # what multiplies the input
    assert torch.linalg.matrix_norm(made, 2).item() == pytest.approx(1.0, abs=1e-4)
    largest = torch.linalg.matrix_norm(layer.weight, 2)
    torch.testing.assert_close(made * largest, layer.weight, atol=1e-3, rtol=0)


def test_power_iteration_goes_on_in_training_and_rests_in_evaluation():
    layer = spectral(passes=1)
    before = layer.u.clone()
    layer.eval()(torch.eye(6))
    assert torch.equal(layer.u, before)
    layer.train()(torch.eye(6))
    assert not torch.equal(layer.u, before)


def test_gradient_sees_that_scaling_the_weights_changes_nothing():
    layer = spectral()
    layer.eval()
    x = torch.randn(10, 6, generator=rng(1))
    layer(x).square().sum().backward()
    along = (layer.weight.grad * layer.weight).sum() / (layer.weight.grad.norm() * layer.weight.norm())
    assert layer.weight.grad.norm() > 0 and abs(along.item()) < 1e-3


def test_spectral_layer_copies_with_its_state():
    layer = spectral(passes=3)
    other = copy.deepcopy(layer)
    x = torch.eye(6)
    assert torch.equal(layer(x), other(x)) and torch.equal(layer.u, other.u)
