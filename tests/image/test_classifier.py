"""A small network learns images, is held by plain tensors, and leaves global state alone."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from ganaug.errors import DataError, ParameterError
from ganaug.gain import ImageClassifier
from ganaug.image.classifier import ConvClassifier, default_steps


def bars(n=40, size=10, seed=0):
    """(X, y): a bright bar in noise at any place; it lies in class 0 and stands in class 1."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 90, (n, size, size)).astype(np.uint8)
    y = np.arange(n) % 2
    for image, label, place in zip(X, y, rng.integers(1, size - 1, n), strict=True):
        (image if label == 0 else image.T)[place] = 220
    return X, y


def tensors(n=40, size=10, seed=0):
    X, y = bars(n, size, seed)
    return torch.from_numpy(X).float().unsqueeze(1) / 127.5 - 1, torch.from_numpy(y)


def accuracy(network, x, y):
    return float((network(x).argmax(1) == y).float().mean())


@pytest.fixture(scope="module")
def learned():
    return ConvClassifier.fit(*tensors(), 0, steps=40, augmentation=())


def test_it_learns_what_a_linear_model_cannot(learned):
    assert accuracy(learned, *tensors(200, seed=1)) > 0.9


def test_labels_that_say_nothing_teach_nothing():
    x, y = tensors()
    shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(0))]
    network = ConvClassifier.fit(x, shuffled, 0, steps=40, augmentation=())
    assert 0.25 < accuracy(network, *tensors(200, seed=1)) < 0.75


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(8, 8, 1), (8, 128, 1), (33, 17, 3), (256, 256, 2), (16, 16, 5)]
)
def test_it_takes_any_size_and_number_of_channels(height, width, channels):
    x = torch.rand(4, channels, height, width) * 2 - 1
    network = ConvClassifier.fit(x, torch.tensor([0, 1, 2, 2]), 0, steps=1)
    assert network(x).shape == (4, 3)
    assert network(x).isfinite().all()
    assert network(x[:0]).shape == (0, 3)
    assert network.features(x).shape == (4, 256)


def test_logits_do_not_depend_on_the_company(learned):
    x, _ = tensors(3000)
    torch.testing.assert_close(learned(x)[:7], learned(x[:7]))


def test_the_seed_decides_everything():
    x, y = tensors()
    first, again, other = (ConvClassifier.fit(x, y, seed, steps=3).tensors() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("steps", range(1, 12))
def test_any_number_of_steps_is_taken(steps):
    x, y = tensors(4)
    assert ConvClassifier.fit(x, y, 0, steps=steps, batch_size=2)(x).isfinite().all()


def test_global_random_state_is_neither_read_nor_written():
    x, y = tensors()
    before = torch.random.get_rng_state()
    ConvClassifier.fit(x, y, 0, steps=2)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_decide_what_counts():
    x, y = tensors()
    wrong = torch.cat([y, 1 - y])  # each image with both labels
    weight = torch.cat([torch.full((40,), 1.0), torch.full((40,), 0.01)])
    network = ConvClassifier.fit(torch.cat([x, x]), wrong, 0, steps=40, augmentation=(), sample_weight=weight)
    assert accuracy(network, x, y) > 0.9


def test_soft_labels_of_a_mix_are_learned():
    x, y = tensors()

    def swap(x, y, rng):
        return x, torch.nn.functional.one_hot(1 - y, 2).float()

    network = ConvClassifier.fit(x, y, 0, steps=40, augmentation=(), mix=swap)
    assert accuracy(network, x, y) < 0.1


def test_tensors_and_sizes_are_all_there_is(learned):
    x, _ = tensors(50, seed=2)
    facts = json.loads(json.dumps(learned.to_json()))
    held = {name: value.clone() for name, value in learned.tensors().items()}
    assert torch.equal(ConvClassifier.from_json(facts, held)(x), learned(x))


def test_the_expected_tensors_are_those_it_has(learned):
    found = {name: (value.dtype, tuple(value.shape)) for name, value in learned.tensors().items()}
    assert ConvClassifier.expected(learned.to_json()) == found
    assert all(value.is_contiguous() and not value.requires_grad for value in learned.tensors().values())


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers(), max_size=2)
)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(["channels", "height", "width", "classes", "base"]), value=ANYTHING)
def test_hostile_sizes_are_refused_and_allocate_nothing(name, value):
    facts = {"channels": 1, "height": 10, "width": 10, "classes": 2, "base": 16, name: value}
    try:
        expected = ConvClassifier.expected(facts)
    except (KeyError, TypeError, ValueError):
        return
    assert type(value) is int
    assert 1 <= value <= 2**20
    assert all(dtype == torch.float32 for dtype, _ in expected.values())


@pytest.mark.parametrize(
    "facts", [{}, None, [], {"channels": 1}, {"channels": 10**12, "height": 8, "width": 8, "classes": 2, "base": 16}]
)
def test_what_are_no_sizes_is_refused(facts):
    with pytest.raises((KeyError, TypeError, ValueError)):
        ConvClassifier.expected(facts)


def test_the_number_of_steps_grows_slowly_with_the_images():
    assert default_steps(200) == 500
    assert [default_steps(n) for n in (1, 10**9)] == [300, 1500]
    assert 500 < default_steps(2000) < 1500


QUICK = ImageClassifier(steps=40, random_state=0)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X,
        lambda X: X[..., None],
        lambda X: X[:, None],
        lambda X: np.repeat(X[..., None], 3, -1),
        lambda X: X / 255,
        lambda X: (X / 127.5 - 1).astype(np.float32),
        torch.from_numpy,
    ],
    ids=["uint8", "channels last", "channels first", "colour", "float", "signed", "tensor"],
)
def test_the_classifier_takes_images_in_any_layout(change):
    (X, y), (X_test, y_test) = bars(), bars(100, seed=1)
    names = np.asarray(["lies", "stands"])
    fitted = clone(QUICK).fit(change(X), names[y])
    assert fitted.score(change(X_test), names[y_test]) > 0.85
    assert list(fitted.classes_) == ["lies", "stands"]
    np.testing.assert_allclose(fitted.predict_proba(change(X_test)).sum(1), 1.0)


def test_the_same_images_in_another_layout_teach_the_same():
    X, y = bars()
    p = [clone(QUICK).set_params(steps=3).fit(x, y).predict_proba(x) for x in (X, X[..., None], X[:, None])]
    np.testing.assert_array_equal(p[0], p[1])
    np.testing.assert_array_equal(p[0], p[2])


def test_more_images_do_not_mean_more_steps():
    seen = []

    def counting(image):
        seen.append(image)
        return image

    for n in (10, 40):
        X, y = bars(n)
        ImageClassifier(counting, steps=3, batch_size=8).fit(X, y)
    assert len(seen) == 2 * 3 * 8
    assert all(image.dtype == torch.float32 and image.min() >= 0 and image.max() <= 1 for image in seen)


def test_a_callable_draws_from_torch_seeded_by_us_and_leaves_it_as_it_was():
    X, y = bars()
    noisy = ImageClassifier(lambda image: image + torch.randn(image.shape) / 9, steps=3, random_state=0)
    before = torch.random.get_rng_state()
    first = clone(noisy).fit(X, y).predict_proba(X)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(1)
    np.testing.assert_array_equal(clone(noisy).fit(X, y).predict_proba(X), first)


def test_transforms_of_torchvision_serve_as_augmentation():
    v2 = pytest.importorskip("torchvision.transforms.v2")
    (X, y), (X_test, y_test) = bars(), bars(60, seed=1)
    change = v2.Compose([v2.RandomHorizontalFlip(), v2.ColorJitter(0.2)])
    assert (
        ImageClassifier(change, mix=v2.MixUp(num_classes=2), steps=50, random_state=0).fit(X, y).score(X_test, y_test)
        > 0.8
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda image: image[:, :5], r"returned a torch.float32 of shape \(1, 5, 10\) for a float32 .* \(1, 10, 10\)"),
        (lambda image: (image * 255).byte(), r"returned a torch.uint8"),
        (lambda image: image.numpy(), r"returned a ndarray"),
    ],
)
def test_a_callable_that_returns_no_image_is_refused(change, complaint):
    with pytest.raises(ParameterError, match=complaint):
        ImageClassifier(change, steps=2).fit(*bars())


def test_a_mix_that_returns_no_pair_is_refused():
    with pytest.raises(ParameterError, match="returned a Tensor; let it return images and labels"):
        ImageClassifier(mix=lambda x, y: x, steps=2).fit(*bars())


def test_options_are_chosen_on_held_out_images():
    tuned = ImageClassifier(learning_rate=(1e-7, 3e-3), steps=30, random_state=0).fit(*bars())
    assert tuned.chosen_ == {"learning_rate": 3e-3, "weight_decay": 0.05}
    assert set(tuned.scores_) == {(1e-7, 0.05), (3e-3, 0.05)}
    assert ImageClassifier(steps=1).fit(*bars()).scores_ == {}


def test_class_weights_decide_between_labels_that_contradict_each_other():
    X, _ = bars(10)
    contradictory, labels = np.tile(X, (5, 1, 1)), np.repeat([0, 0, 0, 0, 1], 10)
    p = [
        ImageClassifier(steps=60, class_weight=weight, random_state=0).fit(contradictory, labels).predict_proba(X)[:, 1]
        for weight in (None, "balanced", {0: 1, 1: 99})
    ]
    assert p[0].max() < 0.4
    assert 0.4 < p[1].mean() < 0.6
    assert p[2].min() > 0.8


def test_a_class_with_one_image_can_be_learned():
    X, y = bars(12)
    y = np.where(np.arange(12) == 5, 2, y)
    fitted = ImageClassifier(learning_rate=(1e-3, 3e-3), steps=2).fit(X, y)
    assert fitted.predict_proba(X).shape == (12, 3)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"augmentation": "afine"}, "'augmentation' parameter of ImageClassifier .* Did you mean 'affine'"),
        ({"augmentation": ["flip", "twirl"]}, "'augmentation' parameter"),
        ({"steps": 0}, "'steps' parameter .* at least 1"),
        ({"learning_rate": ()}, "'learning_rate' parameter"),
        ({"learning_rate": (0.1, -1)}, "'learning_rate' parameter"),
        ({"batch_size": 1}, "'batch_size' parameter"),
        ({"class_weight": "even"}, "'class_weight' parameter"),
    ],
)
def test_an_option_that_cannot_be_is_named(options, complaint):
    with pytest.raises(ParameterError, match=complaint):
        ImageClassifier(**options).fit(*bars())


def test_images_that_cannot_be_learned_are_refused_before_training():
    X, y = bars()
    with pytest.raises(DataError, match="40 images and y has 39 labels"):
        ImageClassifier().fit(X, y[1:])
    with pytest.raises(DataError, match="8 to 256 a side"):
        ImageClassifier().fit(X[:, :4, :4], y)
    fitted = ImageClassifier(steps=1).fit(X, y)
    with pytest.raises(DataError, match="were learned"):
        fitted.predict(X[:, :9])


def test_it_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ImageClassifier("affine", steps=2).fit(*bars()).predict(bars()[0])
