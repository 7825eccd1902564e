"""Images to tensors and back: any layout, dtype, size and number of channels; near-copies; schemas from files."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ganaug.errors import DataError, ParameterError
from ganaug.image.encoder import ImageEncoder, _nearest_distances, pictures
from ganaug.image.pixels import ImageFormat
from ganaug.rng import numpy_stream

RNG = numpy_stream(0)
WHOLE = ["uint8", "int8", "uint16", "int16", "int32", "int64", "uint64"]


def there_and_back(X, channel_axis="auto"):
    encoder = ImageEncoder(channel_axis).fit(X, RNG)
    return encoder.inverse_transform(encoder.transform(X, RNG), 0, 0)


def noise(*shape, dtype="uint8", seed=0):
    """Images of full range; the first pixels make sure that its ends occur."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind == "f":
        return rng.random(shape).astype(dtype)
    top = min(65535 if dtype == "uint16" else 255, np.iinfo(dtype).max)
    X = rng.integers(0, top, shape, endpoint=True).astype(dtype)
    X.flat[:2] = 0, top
    return X


@st.composite
def image_sets(draw):
    """(X, channel_axis): whole numbers or booleans of any layout, size and number of channels, array or tensor."""
    n, h, w = draw(st.integers(1, 4)), draw(st.integers(8, 20)), draw(st.integers(8, 20))
    axis = draw(st.sampled_from([None, 1, -1]))
    channels = draw(st.integers(1, 6))
    shape = {None: (n, h, w), 1: (n, channels, h, w), -1: (n, h, w, channels)}[axis]
    X = noise(*shape, dtype=draw(st.sampled_from([*WHOLE, "bool"])), seed=draw(st.integers(0, 99)))
    as_tensor = draw(st.booleans()) and X.dtype != np.uint64
    return (torch.from_numpy(X) if as_tensor else X), axis


@given(image_sets())
@settings(max_examples=60, deadline=None)
def test_whole_numbers_come_back_as_they_were(drawn):
    X, axis = drawn
    back = there_and_back(X, axis)
    assert type(back) is type(X)
    assert back.dtype == X.dtype
    assert back.shape == X.shape
    assert np.array_equal(np.asarray(back), np.asarray(X))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("low", [0, -1])
@pytest.mark.parametrize("container", [np.asarray, torch.from_numpy])
def test_floats_come_back_in_their_range_and_dtype(dtype, low, container):
    X = noise(5, 9, 10, 3, dtype=dtype) * np.asarray(1 - low, dtype) + np.asarray(low, dtype)
    back = there_and_back(container(X))
    assert type(back) is type(container(X))
    assert str(back.dtype).endswith(dtype)
    np.testing.assert_allclose(np.asarray(back), X, atol=1e-3 if dtype == "float16" else 1e-6)


@given(image_sets())
@settings(max_examples=30, deadline=None)
def test_an_encoded_image_is_channels_first_from_minus_one_to_one(drawn):
    X, axis = drawn
    encoder = ImageEncoder(axis).fit(X, RNG)
    x = encoder.transform(X, RNG)
    form = encoder.format
    assert x.dtype == torch.float32
    assert x.shape == (len(X), form.channels, form.height, form.width)
    assert x.is_contiguous()
    assert x.min() >= -1
    assert x.max() <= 1
    assert encoder.n_features == x[0].numel()
    assert encoder.features(x) is x


def test_the_ends_of_the_range_are_minus_one_and_one():
    X = np.zeros((2, 8, 8), np.uint8)
    X[0], X[1, 0, 0] = 255, 127
    x = ImageEncoder().fit(X, RNG).transform(X, RNG)
    assert x[0].unique().tolist() == [1.0]
    assert x[1].min() == -1.0
    assert x[1, 0, 0, 0].item() == pytest.approx(2 * 127 / 255 - 1, abs=1e-6)


def test_floats_of_both_signs_have_the_wider_range():
    X = noise(3, 8, 8, dtype="float32")
    assert ImageEncoder().fit(X, RNG).transform(X, RNG).min() < -0.9
    X[0, 0, 0] = -0.75
    encoder = ImageEncoder().fit(X, RNG)
    assert torch.equal(encoder.transform(X, RNG), torch.from_numpy(X)[:, None])
    assert encoder.to_json()["low"] == -1


def test_rounding_of_a_resized_image_decides_nothing():
    X = noise(3, 8, 8, dtype="float32")
    X[0, 0, :2] = -1e-7, 1 + 1e-7
    encoder = ImageEncoder().fit(X, RNG)
    assert (encoder.format.low, encoder.format.high) == (0, 1)
    assert encoder.transform(X, RNG).abs().max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_black_and_white_fills_the_range(dtype):
    X = (noise(4, 8, 8) > 127).astype(dtype)
    encoder = ImageEncoder().fit(X, RNG)
    assert encoder.transform(X, RNG).unique().tolist() == [-1.0, 1.0]
    assert encoder.format.high == 1


def test_all_layouts_of_the_same_images_are_encoded_alike():
    X = noise(4, 9, 10, 3)
    expected = ImageEncoder().fit(X, RNG).transform(X, RNG)
    for same in (
        torch.from_numpy(X),
        X.transpose(0, 3, 1, 2),
        X[::-1].copy()[::-1],
        X.astype(">u2"),
        X.astype(np.int64),
    ):
        assert torch.equal(ImageEncoder().fit(same, RNG).transform(same, RNG), expected)


def test_samples_beyond_the_range_are_clipped_and_rounded():
    encoder = ImageEncoder().fit(noise(2, 8, 8), RNG)
    x = torch.full((1, 1, 8, 8), 3.0)
    x[0, 0, 0, 0], x[0, 0, 0, 1] = -3.0, 2 * 99.6 / 255 - 1
    back = encoder.inverse_transform(x, 0, 0)
    assert back[0, 0, :3].tolist() == [0, 100, 255]
    assert encoder.inverse_transform(x.requires_grad_(), 0, 0).dtype == np.uint8
    assert x.max() == 3.0


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5, 3, 9, 9), 1), ((5, 9, 9, 1), -1), ((5, 1, 9, 9), 1), ((5, 9, 10), None), ((5, 9, 8, 4), -1)],
)
def test_the_channels_are_found(shape, axis):
    assert ImageEncoder().fit(noise(*shape), RNG).to_json()["channel_axis"] == axis


@pytest.mark.parametrize("shape", [(5, 3, 32, 3), (5, 12, 12, 9), (5, 1, 12, 4)])
def test_unclear_channels_are_asked_for(shape):
    with pytest.raises(DataError, match=r"not clear; say channel_axis=1"):
        ImageEncoder().fit(noise(*shape), RNG)


def test_channels_are_where_the_user_says():
    X = noise(5, 12, 12, 9)
    assert ImageEncoder(-1).fit(X, RNG).format.channels == 9
    assert ImageEncoder(3).fit(X, RNG).format == ImageEncoder(-1).fit(X, RNG).format
    assert ImageEncoder(1).fit(X, RNG).format.channels == 12
    assert np.array_equal(there_and_back(X, 3), X)


@pytest.mark.parametrize("axis", [0, 2, "last", True, 1.5])
def test_an_axis_that_cannot_be_is_refused(axis):
    with pytest.raises(ParameterError, match="'channel_axis' parameter must be"):
        ImageEncoder(axis).fit(noise(2, 8, 8, 3), RNG)


@pytest.mark.parametrize(
    ("X", "axis", "text"),
    [
        (noise(2, 8, 8), 1, r"channel_axis is 1, but X has the shape \(2, 8, 8\)"),
        (noise(2, 8, 8, 3), None, r"channel_axis is None, but X has the four dimensions"),
        (noise(2, 7, 9), "auto", r"7 x 9 pixels .* 8 to 256 a side; resize"),
        (noise(2, 9, 257, 3), "auto", r"9 x 257 pixels .* 8 to 256 a side; resize"),
        (noise(2, 8, 8, 65), -1, r"65 channels, and ganaug takes 1 to 64"),
        (noise(2, 8), "auto", r"but X has \(2, 8\); give a single image as X\[None\]"),
        (np.zeros((0, 8, 8), np.uint8), "auto", r"Found array with 0 sample\(s\)"),
        (np.zeros((2, 8, 8), complex), "auto", "images are complex128"),
        (np.zeros((2, 8, 8), object), "auto", "images are object"),
        (torch.zeros(2, 8, 8, dtype=torch.bfloat16), "auto", "images are bfloat16"),
        ([[[1]]], "auto", r"X is a list; give numpy.stack"),
        (np.full((2, 8, 8), 255.0), "auto", r"hold no other value than 255, so there is nothing to learn"),
        (np.full((2, 8, 8), -1), "auto", r"hold no other value than -1,"),
        (noise(2, 8, 8, dtype="int64") * 2**50, "auto", r"int64 values run from 0 to .* may hold -\d+ to 90071992547"),
        (noise(2, 8, 8, dtype="float64") * 1e40, "auto", r"float64 may hold -1e\+30 to 1e\+30; scale them"),
    ],
)
def test_images_that_cannot_be_learned_are_refused(X, axis, text):
    with pytest.raises(DataError, match=text):
        ImageEncoder(axis).fit(X, RNG)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_broken_image_is_named(value):
    X = noise(4, 8, 8, dtype="float32")
    X[2, 3, 3] = X[3, 0, 0] = value
    with pytest.raises(DataError, match=r"Image 2 holds NaN or infinity .*drop it"):
        ImageEncoder().fit(X, RNG)


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (noise(2, 8, 9, 3), r"uint8 of shape \(8, 9, 3\) each, but uint8 of shape \(8, 8, 3\) were learned"),
        (noise(2, 3, 8, 8), r"shape \(3, 8, 8\) each"),
        (noise(2, 8, 8), r"shape \(8, 8\) each"),
        (noise(2, 8, 8, 3, dtype="float32"), r"float32 of shape .* but uint8"),
        (noise(2, 8, 8, 3, dtype="uint16"), r"values run from 0 to 65535, but images from 0 to 255"),
        ("pictures/", "X is a str"),
    ],
)
def test_other_images_than_those_learned_are_refused(other, text):
    encoder = ImageEncoder().fit(noise(2, 8, 8, 3), RNG)
    for use in (encoder.check, lambda X: encoder.transform(X, RNG), lambda X: encoder.copies(X, X)):
        with pytest.raises(DataError, match=text):
            use(other)


def test_another_range_than_the_one_learned_is_refused():
    narrow = ImageEncoder().fit(noise(2, 8, 8, dtype="float32"), RNG)
    with pytest.raises(DataError, match="but images from 0 to 1 were learned"):
        narrow.check(noise(2, 8, 8, dtype="float32") * 2 - 1)
    binary = ImageEncoder().fit((noise(2, 8, 8) > 127).astype(np.uint8), RNG)
    with pytest.raises(DataError, match="run from 0 to 255, but images from 0 to 1"):
        binary.check(noise(2, 8, 8))
    deep = ImageEncoder().fit(noise(2, 8, 8, dtype="uint16"), RNG)
    with pytest.raises(DataError, match=r"are uint8 of shape .* but uint16"):
        deep.check(noise(2, 8, 8))


def test_a_part_of_the_images_may_use_less_of_the_range():
    encoder = ImageEncoder().fit(noise(2, 8, 8), RNG)
    for part in (np.ones((1, 8, 8), np.uint8), np.zeros((0, 8, 8), np.uint8), torch.zeros(1, 8, 8, dtype=torch.int32)):
        assert len(encoder.check(part)) == len(encoder.transform(part, RNG)) == len(part)
    wide = ImageEncoder().fit(noise(2, 8, 8, dtype="float32") * 2 - 1, RNG)
    assert wide.transform(np.full((1, 8, 8), 0.5, np.float32), RNG).unique().tolist() == [0.5]


def test_equal_and_nearly_equal_images_are_copies():
    X = noise(30, 8, 8, 3)
    made = noise(6, 8, 8, 3, seed=1)
    made[2] = X[7]
    made[4] = np.clip(X[9].astype(int) + 2, 0, 255)
    for container in (np.asarray, torch.from_numpy):
        copies = ImageEncoder().fit(X, RNG).copies(container(X), container(made))
        assert copies.dtype == bool
        assert copies.tolist() == [False, False, True, False, True, False]


def test_images_twice_as_close_as_the_real_ones_are_no_copies_of_duplicates():
    X = np.concatenate([noise(20, 8, 8)] * 3)  # the distance to the nearest is zero for each
    made = noise(3, 8, 8, seed=1)
    assert not ImageEncoder().fit(X, RNG).copies(X, made).any()
    assert ImageEncoder().fit(X, RNG).copies(X, X[:5]).all()


def test_the_radius_is_half_of_the_distance_between_neighbours():
    X = np.zeros((50, 8, 8), np.float64)
    X[:, 0, 0] = np.linspace(0, 1, 50)  # all 1 / 49 apart
    made = np.zeros((2, 8, 8))
    made[:, 0, 0] = X[10, 0, 0] + np.array([0.4, 0.499]) / 49
    made[1, 4, 4] = 0.1 / 49 + 0.1 / 49
    assert ImageEncoder().fit(X, RNG).copies(X, made).tolist() == [True, False]


def test_few_or_no_images_have_only_exact_copies():
    X = noise(3, 8, 8)
    encoder = ImageEncoder().fit(X, RNG)
    near = X.copy()
    near[:, 0, 0] ^= 1
    assert encoder.copies(X[:1], np.concatenate([X[:1], near[:1]])).tolist() == [True, False]
    assert encoder.copies(X[:0], X).tolist() == [False] * 3
    assert encoder.copies(X, X[:0]).tolist() == []


def test_a_few_duplicates_hide_no_near_copies():
    X = np.concatenate([noise(20, 8, 8), noise(3, 8, 8)])
    made = np.clip(X[5:6].astype(int) + 2, 0, 255)
    assert ImageEncoder().fit(X, RNG).copies(X, made).all()


@pytest.mark.parametrize("rows", [1, 7, 2048])
def test_nearest_images_are_those_of_all_distances(monkeypatch, rows):
    monkeypatch.setattr("ganaug.image.encoder._BLOCK_ROWS", rows)
    X, made = noise(20, 8, 8), noise(15, 8, 8, seed=1)
    form = ImageEncoder().fit(X, RNG).format
    own = np.array([0, 8, 19])
    distances = cdist(*(form.encode(part).flatten(1).double().numpy() for part in (made, X)))
    np.testing.assert_allclose(_nearest_distances(made, X, form.encode), distances.min(1), rtol=1e-5)
    distances = cdist(*(form.encode(part).flatten(1).double().numpy() for part in (X[own], X)))
    distances[range(3), own] = np.inf
    np.testing.assert_allclose(_nearest_distances(X[own], X, form.encode, own), distances.min(1), rtol=1e-5)


def test_copies_are_found_across_blocks(monkeypatch):
    X, made = noise(40, 8, 8), noise(25, 8, 8, seed=1)
    made[[0, 13, 24]] = X[[39, 0, 17]]
    encoder = ImageEncoder().fit(X, RNG)
    expected = encoder.copies(X, made)
    monkeypatch.setattr("ganaug.image.encoder._BLOCK_ROWS", 7)
    assert np.flatnonzero(encoder.copies(X, made)).tolist() == np.flatnonzero(expected).tolist() == [0, 13, 24]


def test_parts_are_joined_in_their_container():
    X = noise(5, 8, 8)
    encoder = ImageEncoder().fit(X, RNG)
    assert np.array_equal(encoder.join([X[:2], X[2:]]), X)
    assert torch.equal(encoder.join([torch.from_numpy(X[:2]), torch.from_numpy(X[2:])]), torch.from_numpy(X))
    assert encoder.join([X]) is X


@given(image_sets())
@settings(max_examples=20, deadline=None)
def test_a_schema_is_plain_json_and_gives_the_encoder_back(drawn):
    X, axis = drawn
    encoder = ImageEncoder(axis).fit(X, RNG)
    schema = encoder.to_json()
    first = [
        "height",
        "width",
        "channels",
        "channel_axis",
        "container",
        "dtype",
        "low",
        "high",
        "is_binary",
        "channel_ranges",
    ]
    assert list(schema) == first
    again = ImageEncoder.from_json(json.loads(json.dumps(schema, allow_nan=False)))
    assert again.to_json() == schema
    x = encoder.transform(X, RNG)
    assert torch.equal(again.transform(X, RNG), x)
    assert np.array_equal(np.asarray(again.inverse_transform(x, 3, 4)), np.asarray(X))


@pytest.mark.parametrize("X", [
    np.arange(128).reshape(2, 8, 8) % 2 == 1,
    np.uint8(np.arange(128).reshape(2, 8, 8) % 2 * 255),
    np.arange(128.0).reshape(2, 8, 8) % 2,
    torch.arange(128).reshape(2, 1, 8, 8) % 2 * 2.0 - 1,
], ids=["bool", "uint8", "float", "signed"])  # fmt: skip
def test_black_and_white_images_stay_black_and_white(X):
    encoder = ImageEncoder().fit(X, RNG)
    made = encoder.inverse_transform(torch.linspace(-1, 1, 128).reshape(2, 1, 8, 8), 0, 0)
    assert made.dtype == X.dtype
    assert set(np.unique(made).tolist()) == set(np.unique(X).tolist())
    grey = ImageEncoder().fit(noise(2, 8, 8), RNG).inverse_transform(torch.zeros(1, 1, 8, 8), 0, 0)
    assert set(np.unique(grey).tolist()) == {128}


SCHEMA = ImageEncoder().fit(noise(2, 8, 8, 3), RNG).to_json()
HOSTILE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.just([8]), st.just({"a": 1}),
    st.sampled_from([0, 7, 257, 2**40, 65535, "uint16", "O", "object", "complex64", "V999999999", "frame"]),
)  # fmt: skip


@given(st.sampled_from(sorted(SCHEMA)), HOSTILE)
@settings(max_examples=200, deadline=None)
def test_a_hostile_schema_is_refused_or_harmless(key, value):
    schema = copy.deepcopy(SCHEMA) | {key: value}
    try:
        form = ImageFormat.from_json(schema)
    except (KeyError, TypeError, ValueError):
        return
    assert json.dumps(form.to_json()) == json.dumps(schema)  # of the same types as well: True is not 1
    assert 8 <= form.height <= 256
    assert 8 <= form.width <= 256
    assert 1 <= form.channels <= 64
    form.decode(torch.zeros(1, form.channels, form.height, form.width))


@pytest.mark.parametrize(
    "change",
    [
        {"height": 7}, {"width": 257}, {"channels": 0}, {"channels": 65}, {"channels": True}, {"height": 28.0},
        {"channel_axis": None}, {"channel_axis": 2}, {"channel_axis": True}, {"container": "frame"},
        {"dtype": "object"}, {"dtype": "S1000000000"}, {"high": 65535}, {"low": -1}, {"high": float("nan")},
        {"low": False}, {"low": 255}, {"high": 0}, {"low": 0.0}, {"dtype": "bool"}, {"dtype": "int8"},
        {"dtype": "float32", "high": float("inf")}, {"dtype": "float64", "high": 1e31},
        {"dtype": "float16", "high": 1e5}, {"dtype": "uint64", "high": 2**60},
    ],
)  # fmt: skip
def test_a_schema_out_of_bounds_is_refused(change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        ImageEncoder.from_json(SCHEMA | change)


@pytest.mark.parametrize("schema", [{}, [], None, "schema", {k: v for k, v in SCHEMA.items() if k != "low"}])
def test_no_schema_at_all_is_refused(schema):
    with pytest.raises((KeyError, TypeError, ValueError)):
        ImageEncoder.from_json(schema)


@pytest.mark.parametrize(
    ("channels", "shape"), [(1, (2, 8, 9)), (2, (2, 8, 9)), (3, (2, 8, 9, 3)), (4, (2, 8, 9, 4)), (7, (2, 8, 9))]
)
def test_pictures_have_the_colours_that_files_have(channels, shape):
    X = noise(2, channels, 8, 9)
    encoder = ImageEncoder(1).fit(X, RNG)
    shown = pictures(encoder.transform(X, RNG))
    assert shown.shape == shape
    assert shown.dtype == np.uint8
    assert np.array_equal(shown, X.transpose(0, 2, 3, 1) if channels in (3, 4) else X[:, 0])
