"""Generators and discriminators of images: any size, any channels, and classes that matter."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from ganaug.errors import ParameterError
from ganaug.image.defaults import image_defaults
from ganaug.image.networks import PAIRS, image_discriminator, image_generator
from ganaug.layers import ClassVector, SpectralConv2d, SpectralLinear, initialise, set_class_strength
from ganaug.losses import LOSSES
from ganaug.modality import Architecture

pytestmark = pytest.mark.usefixtures("on_one_thread")

KINDS = list(PAIRS)
VARIANTS = {"plain": {}, "spectral": {"spectral_norm": True}, "batch norm": {"batch_norm": True}}
SIZES = [(8, 8), (9, 13), (8, 31), (31, 8), (11, 12), (12, 12), (24, 25), (28, 28), (23, 40)]


def architecture(kind, base=4, **options):
    return Architecture(latent_dim=6, width=base, n_classes=3, kind=kind, **options)


def schema(height, width, channels=1):
    return {"height": height, "width": width, "channels": channels}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def built(make, kind, height=12, width=10, channels=1, seed=0, **options):
    return initialise(make(schema(height, width, channels), architecture(kind, **options)), seeded(seed))


def inputs(n=6, seed=1, latent_dim=6):
    """z, c, noise for the generator."""
    return torch.randn(n, latent_dim, generator=seeded(seed)), torch.arange(n) % 3, torch.empty(n, 0)


def images(n=6, height=12, width=10, channels=1, seed=2):
    return torch.rand(n, channels, height, width, generator=seeded(seed)) * 2 - 1


def parts_of(network, *types):
    return [part for part in network.modules() if isinstance(part, types)]


# Shapes


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("kind", KINDS)
def test_every_size_comes_out_as_it_is_and_goes_in(kind, size, channels):
    x = built(image_generator, kind, *size, channels)(*inputs())
    assert x.shape == (6, channels, *size) and x.dtype == torch.float32
    assert x.abs().max() <= 1
    logits = built(image_discriminator, kind, *size, channels)(x, inputs()[1])
    assert logits.shape == (6,) and logits.dtype == torch.float32 and logits.isfinite().all()


@given(st.integers(8, 256), st.integers(8, 256), st.sampled_from([1, 2, 3, 4, 64]), st.sampled_from(KINDS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_size_from_8_to_256_is_left_out(height, width, channels, kind):
    x = built(image_generator, kind, height, width, channels, base=1)(*inputs(2))
    assert x.shape == (2, channels, height, width)
    logits = built(image_discriminator, kind, height, width, channels, base=1)(x, torch.tensor([0, 1]))
    assert logits.shape == (2,)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_networks_hold_no_memory_until_they_are_initialised(kind, variant):
    for make in (image_generator, image_discriminator):
        bare = make(schema(128, 128, 3), architecture(kind, base=64, **variant))
        tensors = [*bare.parameters(), *bare.buffers()]
        assert tensors and all(tensor.is_meta for tensor in tensors)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_is_drawn_by_the_seed(kind, variant):
    for make in (image_generator, image_discriminator):
        first, again, other = (built(make, kind, seed=seed, **variant).state_dict() for seed in (0, 0, 1))
        assert all(torch.equal(first[name], again[name]) and first[name].isfinite().all() for name in first)
        drawn = [name for name in first if not torch.equal(first[name], other[name])]
        named = [name for name, tensor in first.items() if tensor.dim() > 1 and not name.endswith("strength")]
        assert set(named) <= set(drawn)


def weights_of(height, width, channels, device, n_classes=10):
    """Numbers of weights of both networks at the default sizes."""
    facts = schema(height, width, channels)
    usual = image_defaults(facts, [100] * n_classes, device)
    sizes = Architecture(latent_dim=64, width=usual.width, n_classes=n_classes, kind=usual.kind)
    networks = image_generator(facts, sizes), image_discriminator(facts, sizes)
    return [sum(weight.numel() for weight in network.parameters()) for network in networks]


SIZES = [(8, 8), (28, 28), (32, 32), (41, 41), (64, 64), (128, 128), (8, 128), (128, 20)]


@pytest.mark.parametrize(("device", "least", "most"), [("cpu", 40_000, 1_000_000), ("cuda", 80_000, 6_000_000)])
@pytest.mark.parametrize("size", [*SIZES, (8, 256), (256, 20), (256, 256)])
def test_default_networks_are_neither_tiny_nor_huge(size, device, least, most):
    most *= 2 if max(size) > 128 else 1
    for channels in (1, 3):
        assert all(least <= number <= most for number in weights_of(*size, channels, device))


# Classes


def varied(generator):
    """Let normalisation have statistics that are not those of the beginning."""
    for seed in range(3):
        generator(*inputs(32, seed=seed))
    return generator.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_another_class_gives_another_image(kind):
    generator = varied(built(image_generator, kind))
    z, _, noise = inputs()
    first, second = (generator(z, torch.full((6,), code), noise) for code in (0, 2))
    assert (first - second).flatten(1).abs().max(1).values.min() > 1e-3


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_class_gives_another_logit(kind, variant):
    discriminator = built(image_discriminator, kind, **variant)
    first, second = (discriminator(images(), torch.full((6,), code)) for code in (0, 2))
    assert (first - second).abs().min() > 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_without_strength_all_classes_are_one(kind):
    generator, discriminator = varied(built(image_generator, kind)), built(image_discriminator, kind)
    z, _, noise = inputs()

    def outputs(code):
        c = torch.full((6,), code)
        return generator(z, c, noise), discriminator(images(), c)

    told = outputs(0)
    for network in (generator, discriminator):
        set_class_strength(network, 0.0)
    for first, second in zip(outputs(0), outputs(2), strict=True):
        assert torch.equal(first, second)
    for network in (generator, discriminator):
        set_class_strength(network, 1.0)
    assert all(torch.equal(first, second) for first, second in zip(outputs(0), told, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_strength_is_kept_with_the_weights(kind):
    generator = built(image_generator, kind)
    set_class_strength(generator, 0.25)
    other = built(image_generator, kind, seed=4)
    other.load_state_dict(generator.state_dict())
    assert [float(part.strength) for part in parts_of(other, ClassVector)] == [0.25]


@pytest.mark.parametrize("kind", KINDS)
def test_another_latent_vector_gives_another_image(kind):
    generator = varied(built(image_generator, kind))
    first, second = (generator(*inputs(seed=seed)) for seed in (1, 2))
    assert (first - second).flatten(1).abs().max(1).values.min() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_fixed_weights_make_each_image_by_itself(kind):
    generator = varied(built(image_generator, kind))
    z, c, noise = inputs()
    alone = torch.cat([generator(z[i : i + 1], c[i : i + 1], noise[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(alone, generator(z, c, noise))
    assert torch.equal(generator.sample(z, c, noise), generator(z, c, noise))


@pytest.mark.parametrize("variant", ["plain", "spectral"])
@pytest.mark.parametrize("kind", KINDS)
def test_discriminator_sees_images_one_by_one(kind, variant):
    discriminator = built(image_discriminator, kind, **VARIANTS[variant]).eval()
    x, c = images(), inputs()[1]
    alone = torch.cat([discriminator(x[i : i + 1], c[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(alone, discriminator(x, c))


# What losses want


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", KINDS)
def test_norm_is_that_of_the_loss(kind, loss):
    wanted = {"spectral_norm": LOSSES[loss].spectral_norm, "batch_norm": LOSSES[loss].batch_norm}
    network = built(image_discriminator, kind, **wanted)
    maps = parts_of(network, nn.Conv2d, nn.Linear)
    assert {isinstance(part, SpectralConv2d | SpectralLinear) for part in maps} == {loss == "hinge"}
    assert bool(parts_of(network, nn.BatchNorm1d, nn.BatchNorm2d)) == (loss == "minimax")


@pytest.mark.parametrize("kind", KINDS)
def test_spectral_norm_bounds_how_steep_the_discriminator_is(kind):
    discriminator = built(image_discriminator, kind, spectral_norm=True)
    with torch.no_grad():
        for part in parts_of(discriminator, nn.Conv2d, nn.Linear):
            part.weight.mul_(100.0)
        for _ in range(20):
            discriminator(images(), inputs()[1])
    plain = built(image_discriminator, kind, spectral_norm=True)
    for _ in range(20):
        plain(images(), inputs()[1])
    discriminator, plain = discriminator.eval(), plain.eval()
    torch.testing.assert_close(discriminator(images(), inputs()[1]), plain(images(), inputs()[1]), rtol=1e-3, atol=1e-4)


def test_spectral_convolution_has_the_largest_singular_value_one():
    with torch.device("meta"):
        layer = SpectralConv2d(3, 5, 3, bias=False)
    layer = initialise(layer, seeded()).requires_grad_(False)
    layer.weight.mul_(7.0)
    for _ in range(60):
        layer(images(1, 8, 8, 3))
    seen = layer.eval()(torch.eye(27).unflatten(1, (3, 3, 3))).flatten(1)  # what multiplies a patch
    assert torch.linalg.matrix_norm(seen, 2).item() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_weight_and_are_finite(kind, variant):
    generator, discriminator = built(image_generator, kind), built(image_discriminator, kind, **variant)
    z, c, noise = inputs(12)
    discriminator(generator(z, c, noise), c).square().sum().backward()
    for network in (generator, discriminator):
        for name, weight in network.named_parameters():
            assert weight.grad is not None and weight.grad.isfinite().all(), name
    reached = [name for name, weight in generator.named_parameters() if weight.grad.abs().max() > 0]
    assert {name.split(".")[0] for name in reached} == {name.split(".")[0] for name, _ in generator.named_parameters()}


def test_an_unknown_architecture_is_refused_by_name():
    for make in (image_generator, image_discriminator):
        with pytest.raises(ParameterError, match=r"'architecture' parameter must be one of dcgan, .*Got 'vit'"):
            make(schema(8, 8), architecture("vit"))
