"""The range of images: conventional where they fill it, learned where they do not, and kept from outliers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits
from small import quick_augmenter

from ganaug import GANAugmenter
from ganaug.errors import DataError, DataWarning
from ganaug.gain import ImageClassifier
from ganaug.image.encoder import ImageEncoder
from ganaug.image.pixels import ImageFormat
from ganaug.image.ranges import check_range, find_fault, learn_range, name_range
from ganaug.rng import numpy_stream

RNG = numpy_stream(0)


def ramp(low, high, dtype, n=40):
    """Images of 8 x 8 whose values run evenly from `low` to `high`."""
    return np.linspace(low, high, n * 64).reshape(n, 8, 8).astype(dtype)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        # Those that fill a conventional range have it
        (ramp(0, 255, "uint8"), (0, 255)),
        (ramp(3, 200, "uint8"), (0, 255)),
        (ramp(0, 170, "uint8"), (0, 255)),
        (ramp(0, 255, "int64"), (0, 255)),
        (ramp(0, 65535, "uint16"), (0, 65535)),
        (ramp(0, 50000, "uint16"), (0, 65535)),
        (ramp(0, 200, "uint16"), (0, 255)),
        (ramp(0, 0.999, "float32"), (0, 1)),
        (ramp(-0.7, 0.7, "float32"), (-1, 1)),
        (ramp(-1e-5, 1 + 1e-5, "float64"), (0, 1)),
        (ramp(0, 255, "uint8") // 128 * 255, (0, 255)),
        (ramp(0, 255, "uint8") // 128, (0, 1)),
        (ramp(0, 255, "uint8") > 127, (0, 1)),
        # Those that fill little of it have that of their values
        (ramp(0, 16, "uint8"), (0, 16)),
        (ramp(0, 169, "uint8"), (0, 169)),
        (ramp(0, 255, "uint8") // 128 * 128, (0, 128)),
        (ramp(100, 200, "uint8"), (100, 200)),
        (ramp(0, 16, "int64"), (0, 16)),
        (ramp(0, 1023, "uint16"), (0, 1023)),
        (ramp(0, 4095, "uint16"), (0, 4095)),
        (ramp(0, 0.0625, "float32"), (0, 0.0625)),
        (ramp(-0.125, 0.0625, "float64"), (-0.125, 0.0625)),
        (ramp(-0.5, 0.5, "float32"), (-0.5, 0.5)),
        (ramp(-0.0625, 1, "float32"), (-0.0625, 1)),
        # Those outside of all of them, too
        (ramp(-1024, 3071, "int16"), (-1024, 3071)),
        (ramp(0, 70000, "int32"), (0, 70000)),
        (ramp(-100, 100, "int8"), (-100, 100)),
        (ramp(0, 255, "float64"), (0, 255)),
        (ramp(0, 4095, "float32"), (0, 4095)),
        (ramp(-2.125, 2.625, "float32"), (-2.125, 2.625)),
        # Of single values nothing can be learned
        (np.full((40, 8, 8), 7, np.uint8), (0, 255)),
        (np.zeros((40, 8, 8), np.float32), (0, 1)),
    ],
)
def test_the_range_is_conventional_if_images_fill_it_and_else_their_own(X, expected):
    found = learn_range(X)
    assert found == expected
    if X.dtype.kind == "f":
        assert {type(end) for end in found} <= {int, float}
    else:
        assert {type(end) for end in found} == {int}


@pytest.mark.parametrize(
    "X",
    [
        ramp(0, 16, "uint8"), ramp(0, 16, "int64"), ramp(0, 4095, "uint16"), ramp(-1024, 3071, "int16"),
        ramp(10**9, 10**9 + 16, "int32"), ramp(0, 2**31 - 1, "int32"), ramp(0, 2**32 - 1, "uint32"),
        ramp(-100, 100, "int8"), ramp(0, 0.063, "float32"), ramp(0, 4095, "float32"), ramp(-2.1, 2.6, "float64"),
        ramp(1e6, 1e6 + 0.016, "float64"), ramp(0, 1e-28, "float64"), ramp(0, 6e4, "float16"),
    ],
)  # fmt: skip
def test_narrow_and_wide_values_fill_what_networks_see_and_come_back(X):
    encoder = ImageEncoder().fit(X, RNG)
    x = encoder.transform(X, RNG)
    assert x.min() == -1
    assert x.max() == 1
    back = encoder.inverse_transform(x, 0, 0)
    assert back.dtype == X.dtype
    span = float(X.max()) - float(X.min())
    np.testing.assert_allclose(back.astype(float), X.astype(float), rtol=0, atol=1e-6 * span)
    if X.dtype.kind in "iu" and span < 2**16:
        assert np.array_equal(back, X)
    wild = encoder.inverse_transform(3 * x, 0, 0)
    assert wild.min() == X.min()
    assert X.max() - 1e-6 * span <= wild.max() <= X.max()


@pytest.mark.parametrize(
    ("X", "value", "expected"),
    [
        (ramp(0, 4095, "uint16", 100), 65535, (0, 4095)),
        (ramp(-1024, 3071, "int16", 100), -32768, (-1024, 3071)),
        (ramp(0, 100, "uint8", 100), 255, (0, 100)),
        (ramp(0, 1, "float32", 100), 300, (0, 1)),
    ],
)
def test_a_hot_pixel_decides_nothing_and_is_clipped_with_a_warning(X, value, expected):
    X[17, 3, 3] = value
    with pytest.warns(DataWarning, match=rf"^1 of the values lie far outside .*image 17: {value}.* they are clipped"):
        encoder = ImageEncoder().fit(X, RNG)
    assert (encoder.format.low, encoder.format.high) == expected
    assert float(encoder.transform(X, RNG)[17, 0, 3, 3].abs()) == 1
    assert len(encoder.check(X[17:18])) == 1


@pytest.mark.parametrize(
    "places",
    [
        (5, slice(3, 5), slice(3, 5)),  # more values than a pixel has
        (slice(5, 7),),
    ],
)
def test_a_bright_spot_is_no_hot_pixel_and_is_warned_of(places):
    X = ramp(0, 4095, "uint16", 200)
    X[places] = 65535
    with pytest.warns(
        DataWarning, match=r"of 200 images reach far .* others, 0 to 4095 \(image 5, .* to 65535\), of which"
    ):
        assert learn_range(X) == (0, 65535)


def test_bright_images_that_are_not_rare_are_no_outliers():
    X = ramp(0, 4095, "uint16", 100)
    X[5:8, 3:5, 3:5] = 65535
    assert learn_range(X) == (0, 65535)


def test_few_images_have_no_outliers():
    X = ramp(0, 4095, "uint16", 19)
    X[5, 3, 3] = 65535
    assert learn_range(X) == (0, 65535)


def test_rare_strokes_on_black_are_no_outliers():
    X = np.zeros((200, 8, 8), np.uint8)
    X[4, 4, 4] = 255
    assert learn_range(X) == (0, 255)


BANDS = [ramp(0, 10000, "uint16"), ramp(300, 420, "uint16"), np.full((40, 8, 8), 7, np.uint16)]


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_channels_that_differ_much_have_ranges_of_their_own_and_come_back(axis, dtype):
    X = np.stack(BANDS, axis).astype(dtype)
    encoder = ImageEncoder(axis).fit(X, RNG)
    assert encoder.format.channel_ranges == ((0, 10000), (300, 420), (0, 10000))
    x = encoder.transform(X, RNG)
    for channel in (0, 1):
        assert float(x[:, channel].min()) == -1
        assert float(x[:, channel].max()) == 1
    back = encoder.inverse_transform(x, 0, 0)
    assert back.dtype == X.dtype
    np.testing.assert_allclose(back, X, rtol=0, atol=0.01 if dtype == "float32" else 0)
    wild = np.moveaxis(encoder.inverse_transform(3 * x, 0, 0), axis, 0)
    assert [(wild[i].min(), wild[i].max()) for i in (0, 1)] == [(0, 10000), (300, 420)]
    schema = encoder.to_json()
    assert json.loads(json.dumps(schema)) == schema  # lists, and no tuples
    assert ImageFormat.from_json(schema) == encoder.format


def test_an_augmenter_of_bands_is_saved_and_samples_within_them(tmp_path):
    X, y = np.stack(BANDS[:2], 1), np.arange(40) % 2
    quick_augmenter().fit(X, y).save(tmp_path / "model")
    made, _ = GANAugmenter.load(tmp_path / "model").sample(30, random_state=0)
    assert made.dtype == np.uint16
    assert made[:, 0].max() > 420
    assert 300 <= made[:, 1].min() < made[:, 1].max() <= 420


@pytest.mark.parametrize("opacity", [ramp(0, 255, "uint8"), np.full((40, 8, 8), 255, np.uint8)])
def test_small_values_of_colours_beside_opacity_fill_what_networks_see(opacity):
    X = np.stack([ramp(0, 16, "uint8")] * 3 + [opacity], -1)
    encoder = ImageEncoder().fit(X, RNG)
    x = encoder.transform(X, RNG)
    assert [float(x[:, i].min()) for i in range(3)] == [-1] * 3
    assert float(x[:, 3].max()) == 1
    assert np.array_equal(encoder.inverse_transform(x, 0, 0), X)


def test_channels_of_about_the_same_scale_share_their_range():
    X = np.stack([ramp(0, 255, "uint8"), ramp(40, 130, "uint8"), np.zeros((40, 8, 8), np.uint8)], 1)
    assert ImageFormat.infer(X).channel_ranges is None
    assert ImageFormat.infer(np.stack([ramp(0, 16, "uint8")] * 3, 1)).channel_ranges is None
    assert ImageFormat.infer(np.stack(BANDS, 1), 1, (0, 255)).channel_ranges is None  # which the user says


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        ([[0, 1]], "there are 1 ranges of 3"),
        ([[0, 1], [5, 2], [0, 1]], "from 5 to 2"),
        ([[0, 1], [0, 70000], [0, 1]], "may"),
    ],
)
def test_ranges_of_channels_that_cannot_be_are_refused(ranges, text):
    schema = ImageFormat.infer(np.stack(BANDS, 1)).to_json()
    with pytest.raises(ValueError, match=text):
        ImageFormat.from_json(schema | {"channel_ranges": ranges})


def test_values_somewhat_outside_of_the_range_are_taken_and_clipped():
    encoder = ImageEncoder().fit(ramp(0, 3000, "uint16"), RNG)
    brighter = ramp(0, 3900, "uint16")
    assert encoder.transform(brighter, RNG).max() == 1
    assert encoder.inverse_transform(encoder.transform(brighter, RNG), 0, 0).max() == 3000
    part = ramp(0, 3000, "uint16")
    part[:4] = 60000  # metal in a few of the scans
    assert encoder.check(part) is part
    assert len(encoder.check(part[:0])) == 0


@pytest.mark.parametrize(
    ("learned", "other", "text"),
    [
        (ramp(0, 16, "uint8"), ramp(0, 255, "uint8"), "run from 0 to 255, but images from 0 to 16 were learned; bring"),
        (ramp(0, 1, "float32"), ramp(-1, 1, "float32"), "run from -1 to 1, but images from 0 to 1 were learned"),
        (ramp(0, 1, "float32"), ramp(-0.5, 0.5, "float32"), "run from -0.5 to 0.5, but images from 0 to 1"),
        (ramp(0, 1, "float32"), ramp(0, 255, "float32"), "run from 0 to 255, but images from 0 to 1"),
        (ramp(0, 4095, "uint16"), ramp(0, 65535, "uint16"), "run from 0 to 65535, but images from 0 to 4095"),
        (ramp(-1024, 3071, "int16"), ramp(0, 255, "uint8"), "are uint8 of shape .* but int16 of shape"),
        (ramp(0, 4095, "uint16"), ramp(0, 255, "uint8"), "are uint8 of shape .* but uint16 of shape"),
        (ramp(0, 4095, "float32"), ramp(0, 4095, "uint16"), "are uint16 of shape .* but float32 of shape"),
    ],
)
def test_images_of_another_scale_are_refused(learned, other, text):
    with pytest.raises(DataError, match=text):
        ImageEncoder().fit(learned, RNG).check(other)


def test_wider_whole_numbers_may_hold_the_same_values():
    X = ramp(0, 4095, "uint16")
    encoder = ImageEncoder().fit(X, RNG)
    assert np.array_equal(encoder.transform(X.astype(np.int32), RNG), encoder.transform(X, RNG))


def test_digits_of_any_scale_look_the_same_to_networks():
    digits = load_digits().images
    full = ImageEncoder().fit(np.rint(digits * 255 / 16).astype(np.uint8), RNG)
    wanted = full.transform(np.rint(digits * 255 / 16).astype(np.uint8), RNG)
    for X in (np.uint8(digits), np.int64(digits), digits, np.uint16(digits * 255), np.int16(digits * 255 - 1024)):
        assert (ImageEncoder().fit(X, RNG).transform(X, RNG) - wanted).abs().max() < 0.005
        made = ImageEncoder().fit(X, RNG).inverse_transform(wanted, 0, 0)
        assert made.min() == X.min()
        assert made.max() == X.max()


def test_near_copies_are_found_at_any_scale():
    digits = np.uint16(load_digits().images[:200] * 255)
    made = digits[:3].copy()
    made[1] = np.minimum(made[1] + 5, 4080)
    made[2] = 4080 - made[2]
    assert ImageEncoder().fit(digits, RNG).copies(digits, made).tolist() == [True, True, False]


def test_a_classifier_takes_the_other_images_of_its_kind():
    X, y = load_digits(return_X_y=True)
    X = np.int16(X.reshape(-1, 8, 8) * 255 - 1024)
    X[-1, 4, 4] = 3500  # brighter than all that are trained on
    classifier = ImageClassifier(steps=60, random_state=0).fit(X[:300], y[:300])
    assert classifier.score(X[300:], y[300:]) > 0.7
    assert classifier.predict(X[-1:]).shape == (1,)
    with pytest.raises(DataError, match="run from 0 to 65280, but images from -1024 to 3056 were learned"):
        classifier.predict(np.int32(load_digits().images * 4080))


def test_a_learned_range_is_plain_json_and_comes_back():
    for X in (ramp(-1024, 3071, "int16"), ramp(0, 0.063, "float32"), ramp(-2.1, 2.6, "float64")):
        form = ImageFormat.infer(X)
        assert ImageFormat.from_json(form.to_json()) == form


def test_nothing_but_numbers_in_order_is_a_range():
    assert find_fault(np.dtype("uint8"), 0, 255) is None
    assert "two whole numbers" in find_fault(np.dtype("uint8"), 0, 255.0)
    assert "may hold 0 to 255" in find_fault(np.dtype("uint8"), -1, 255)
    assert "two finite numbers" in find_fault(np.dtype("float32"), 1, 1)
    assert "truth values" in find_fault(np.dtype("bool"), 0, 2)
    assert name_range(np.dtype("float32"), 0, 1.5) is None
    with pytest.raises(DataError, match="Image 3 holds NaN"):
        check_range(np.where(np.arange(5)[:, None, None] == 3, np.nan, ramp(0, 1, "float64", 5)), 0, 1)
