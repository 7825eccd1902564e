"""DiffAugment: random, image by image, differentiable, and no larger than it should be."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from ganaug.image.augment import AUGMENTATIONS, _warp, affine, augment, color, cutout, flip, translation

pytestmark = pytest.mark.usefixtures("on_one_thread")

NAMES = list(AUGMENTATIONS)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=16, channels=3, height=12, width=9, seed=1):
    return torch.rand(n, channels, height, width, generator=rng(seed)) * 2 - 1


def copies(n=200, channels=3, height=12, width=9):
    """One image, many times: whatever differs afterwards was drawn."""
    return images(1, channels, height, width).expand(n, -1, -1, -1).contiguous()


def distinct(x):
    return len(torch.unique(x.flatten(1), dim=0))


# Of every change


@given(st.lists(st.sampled_from(NAMES), unique=True), st.integers(1, 5), st.integers(8, 40), st.integers(8, 40))
@settings(max_examples=30, deadline=None)
def test_shape_and_dtype_are_kept_and_values_finite(names, channels, height, width):
    x = images(4, channels, height, width)
    before = x.clone()
    changed = augment(x, names, rng())
    assert changed.shape == x.shape and changed.dtype == x.dtype and changed.isfinite().all()
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", NAMES)
def test_generator_decides_and_the_global_one_is_left_alone(name):
    before = torch.get_rng_state()
    first, again, other = (augment(images(), [name], rng(seed)) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_one_generator_goes_on_from_batch_to_batch(name):
    source = rng()
    assert not torch.equal(augment(images(), [name], source), augment(images(), [name], source))


@pytest.mark.parametrize(
    ("name", "least"), [("flip", 2), ("color", 195), ("translation", 9), ("affine", 195), ("cutout", 50)]
)
def test_each_image_is_changed_by_draws_of_its_own(name, least):
    assert distinct(augment(copies(), [name], rng())) >= least


@pytest.mark.parametrize("name", NAMES)
def test_images_of_a_batch_do_not_mix(name):
    x = images()
    other = x.clone()
    other[5] = images(1, seed=9)[0]
    first, second = augment(x, [name], rng()), augment(other, [name], rng())
    same = torch.arange(16) != 5
    torch.testing.assert_close(first[same], second[same])
    assert not torch.equal(first[5], second[5])


@pytest.mark.parametrize("names", [[], *([name] for name in NAMES), NAMES])
def test_gradients_are_finite_and_reach_every_image(names):
    x = images().requires_grad_(True)
    augment(x, names, rng()).square().sum().backward()
    assert x.grad.isfinite().all()
    assert (x.grad.flatten(1).abs().max(1).values > 0).all()


@pytest.mark.parametrize("name", ["flip", "translation", "affine", "cutout"])
def test_gradient_is_that_of_the_change(name):
    """These are linear in the image: the gradient has to say what a small change of the image does."""
    x, step = images(4), images(4, seed=7)
    weight = images(4, seed=8)
    x.requires_grad_(True)
    (augment(x, [name], rng()) * weight).sum().backward()
    difference = ((augment(x.detach() + step, [name], rng()) - augment(x.detach(), [name], rng())) * weight).sum()
    torch.testing.assert_close((x.grad * step).sum(), difference, rtol=1e-3, atol=1e-3)


def test_nothing_asked_for_changes_nothing_and_draws_nothing():
    source = rng()
    state = source.get_state()
    assert torch.equal(augment(images(), (), source), images())
    assert torch.equal(source.get_state(), state)


def test_order_of_the_names_plays_no_part():
    assert torch.equal(augment(images(), ("cutout", "affine"), rng()), augment(images(), ["affine", "cutout"], rng()))


@pytest.mark.parametrize("name", NAMES)
def test_probability_chooses_among_the_same_changes(name):
    x = images(400)
    every = augment(x, [name], rng())
    assert torch.equal(every, augment(x, [name], rng(), p=1.0))
    some = augment(x, [name], rng(), p=0.3)
    changed = (some == every).flatten(1).all(1)
    left = (some == x).flatten(1).all(1)
    assert (changed | left).all()
    assert 0.2 < (~left).float().mean() / (every != x).flatten(1).any(1).float().mean() < 0.4
    assert torch.equal(augment(x, [name], rng(), p=0.0), x)


# Flip


def test_flip_mirrors_half_of_the_images_left_to_right():
    x = images(400)
    changed = flip(x, rng())
    mirrored, left = ((changed == other).flatten(1).all(1) for other in (x.flip(3), x))
    assert (mirrored ^ left).all() and 160 < mirrored.sum() < 240


# Translation


def shifts(height, width):
    """Where a single bright pixel in the middle of an image lands, as steps down and to the right."""
    x = torch.zeros(600, 1, height, width)
    x[:, :, height // 2, width // 2] = 1.0
    place = translation(x, rng()).flatten(1).argmax(1)
    return place // width - height // 2, place % width - width // 2


@pytest.mark.parametrize(("height", "width", "down", "right"), [(16, 16, 2, 2), (32, 16, 4, 2), (8, 40, 1, 5)])
def test_translation_reaches_an_eighth_of_each_side_and_no_further(height, width, down, right):
    for found, most in zip(shifts(height, width), (down, right), strict=True):
        assert set(found.tolist()) == set(range(-most, most + 1))


def test_translation_goes_on_with_the_border():
    x = images(50)
    changed = translation(x, rng())
    flat = x.flatten(2)
    assert all(torch.isin(changed[i, k], flat[i, k]).all() for i in range(50) for k in range(3))
    constant = torch.full((20, 1, 9, 9), -0.7)
    assert torch.equal(translation(constant, rng()), constant)


def test_translation_moves_all_channels_together():
    x = images(40, channels=1).expand(-1, 3, -1, -1)
    changed = translation(x, rng())
    assert torch.equal(changed[:, 0], changed[:, 1]) and torch.equal(changed[:, 0], changed[:, 2])


# Affine


def test_affine_leaves_a_flat_image_as_it_is():
    flat = torch.full((20, 2, 10, 14), 0.3)
    torch.testing.assert_close(affine(flat, rng()), flat)


def test_affine_stays_within_the_values_of_the_image():
    x = images(50)
    changed = affine(x, rng())
    assert changed.max() <= x.max() + 1e-5 and changed.min() >= x.min() - 1e-5


def blob(n, height, width, down, right, spread=2.0):
    """Images of one soft spot, `down` and `right` of the middle, in pixels."""
    y = torch.arange(height) - (height - 1) / 2 - down
    x = torch.arange(width) - (width - 1) / 2 - right
    spot = torch.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * spread**2))
    return spot.expand(n, 1, height, width).contiguous()


def centre(x):
    """Where the weight of each image lies, in pixels from the middle: shape (n, 2), down and right."""
    height, width = x.shape[2:]
    y, along = torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2
    total = x.sum((1, 2, 3))
    return torch.stack([(x * y[:, None]).sum((1, 2, 3)) / total, (x * along).sum((1, 2, 3)) / total], 1)


def test_affine_changes_are_small():
    moved = centre(affine(blob(300, 40, 40, 0, 0), rng()))
    assert moved.abs().max() < 7.0  # a tenth of the side, scaled and turned a little
    assert moved.std(0).min() > 1.0
    assert moved.mean(0).abs().max() < 0.8


@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 64), (64, 24)])
def test_turning_an_oblong_image_keeps_angles_and_lengths(monkeypatch, height, width):
    """With nothing but a turn left, two arms at a right angle stay at a right angle and keep their lengths."""
    for name in ("_SCALE", "_SHEAR", "_SHIFT"):
        monkeypatch.setitem(affine.__globals__, name, 0.0)
    down, right = (affine(blob(60, height, width, *place), rng()) for place in ((6.0, 0.0), (0.0, 6.0)))
    down, right = centre(down), centre(right)
    for arm in (down, right):
        torch.testing.assert_close(arm.norm(dim=1), torch.full((60,), 6.0), atol=0.15, rtol=0)
    assert ((down * right).sum(1) / 36.0).abs().max() < 0.03
    angle = torch.atan2(right[:, 0], right[:, 1])
    assert 0.2 < angle.abs().max() < 0.27 and angle.min() < -0.1 < 0.1 < angle.max()


def test_a_warp_that_does_nothing_does_nothing():
    x = images()
    nothing = torch.eye(2, 3).expand(len(x), 2, 3)
    torch.testing.assert_close(_warp(x, nothing), x)


# Cutout


@pytest.mark.parametrize(("height", "width", "down", "right"), [(10, 10, 4, 4), (20, 10, 8, 4), (9, 15, 4, 6)])
def test_cutout_blanks_one_rectangle_in_all_channels(height, width, down, right):
    x = images(300, 2, height, width).abs() + 0.1
    changed = cutout(x, rng())
    cut = changed == 0
    assert torch.equal(changed[~cut], x[~cut])
    assert torch.equal(cut[:, 0], cut[:, 1])
    rows, columns = cut[:, 0].any(2), cut[:, 0].any(1)
    assert torch.equal(cut[:, 0], rows[:, :, None] & columns[:, None, :])
    for lines, most in ((rows, down), (columns, right)):
        sizes = lines.sum(1)
        assert sizes.max() == most and sizes.min() >= most // 2
        steps = functional.pad(lines.int(), (1, 1)).diff(dim=1)
        assert (steps == 1).sum(1).max() == 1  # in one piece


def test_cutout_comes_anywhere():
    cut = cutout(torch.ones(2000, 1, 12, 12), rng()) == 0
    share = cut.float().mean(0)
    assert share.min() > 0.03 and share.max() < 0.25


# Colour


def test_colour_is_an_even_change_of_each_image():
    """A grey image stays in order: only brightness and contrast change."""
    x = images(60, channels=1)
    changed = color(x, rng())
    for before, after in zip(x.flatten(1), changed.flatten(1), strict=True):
        design = torch.stack([before, torch.ones_like(before)], 1)
        (slope, level), *_ = torch.linalg.lstsq(design, after[:, None])
        torch.testing.assert_close(design @ torch.stack([slope, level]), after[:, None], atol=1e-4, rtol=1e-4)
        assert 0.49 < slope < 1.51
        assert abs(after.mean() - before.mean()) < 0.51


def test_colour_changes_saturation_between_grey_and_twice():
    x = images(200)
    changed = color(x, rng())

    def saturation(images):
        return (images - images.mean(1, keepdim=True)).flatten(1).norm(dim=1)

    def contrast(images):
        grey = images.mean(1)
        return (grey - grey.mean((1, 2), keepdim=True)).flatten(1).norm(dim=1)

    ratio = (saturation(changed) / saturation(x)) / (contrast(changed) / contrast(x))
    assert ratio.min() < 0.1 and 1.9 < ratio.max() < 2.001
