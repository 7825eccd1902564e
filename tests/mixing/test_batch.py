"""SyntheticMix: a share of any batch, of the same labels, whatever holds the batch."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from mixing_fakes import CLASS, N, Numbers, Real, seeded
from torch.utils.data import DataLoader, default_collate
from torchvision.transforms import v2

from ganaug.errors import DataError, DataWarning, ParameterError
from ganaug.mixing import SyntheticMix

pytestmark = pytest.mark.usefixtures("on_one_thread")


def batch(n=20, classes=3):
    return torch.full((n, 1, 4, 4), -1.0), torch.arange(n) % classes


def numbers(x):
    return x.reshape(len(x), -1)[:, 0].tolist()


def made(x):
    return [v for v in numbers(x) if v > 0]


def mix_of(fraction=0.3, **options):
    return SyntheticMix(Numbers(), fraction, **{"pool_size": 90, "random_state": 0, **options})


def test_a_share_of_each_batch_is_synthetic_and_of_its_own_labels():
    mix, counts = mix_of(), []
    for n in (20, 7, 1, 64, 13):
        x, y = batch(n)
        got, labels = mix(x, y)
        assert labels is y
        assert (got.shape, got.dtype) == (x.shape, x.dtype)
        assert abs(len(made(got)) - 0.3 * n) < 1
        assert all(int(v) // CLASS == label for v, label in zip(numbers(got), y.tolist(), strict=True) if v > 0)
        assert torch.all(x == -1)
        counts += made(got)
    assert len(set(counts)) == len(counts)


def test_zero_gives_the_batch_and_one_nothing_of_it():
    x, y = batch()
    assert torch.equal(mix_of(0.0)(x, y)[0], x)
    assert len(made(mix_of(1.0)(x, y)[0])) == 20


def test_batches_differ_and_a_seed_repeats_them_all():
    x, y = batch()
    first, second = mix_of(), mix_of()
    outs = [first(x, y)[0] for _ in range(3)]
    assert not torch.equal(outs[0], outs[1])
    for out in outs:
        torch.manual_seed(int(out.sum()))
        assert torch.equal(second(x, y)[0], out)


def test_global_random_state_stays():
    state = torch.get_rng_state()
    mix_of()(*batch())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_class_that_has_used_all_begins_anew_in_another_order():
    mix = mix_of(1.0, pool_size=30)
    x, y = batch(10, 1)
    first, again = numbers(mix(x, y)[0]), numbers(mix(x, y)[0])
    assert sorted(first) == sorted(again)
    assert first != again


def test_new_samples_are_drawn_when_asked_for():
    mix = mix_of(1.0)
    before = {*made(mix(*batch())[0]), *made(mix(*batch())[0])}
    mix.refresh()
    assert not before & set(made(mix(*batch())[0]))


def test_a_copy_cannot_draw_new_samples_and_says_so():
    with pytest.raises(ParameterError, match=r"refresh\(\) needs the augmenter, which copies lack"):
        copy.deepcopy(mix_of()).refresh()


def test_the_share_can_be_changed():
    mix = mix_of()
    mix.set_synthetic_fraction(0.5)
    assert len(made(mix(*batch())[0])) == 10
    with pytest.raises(ParameterError, match="must be a number of at least 0 and at most 1"):
        mix.set_synthetic_fraction(2)


@pytest.mark.parametrize(
    ("form", "parts"),
    [
        (lambda x, y: (x, y), lambda b: b),
        (lambda x, y: [x, y], lambda b: b),
        (lambda x, y: {"image": x, "label": y, "path": ["p"] * len(y)}, lambda b: (b["image"], b["label"])),
    ],
)
def test_whole_batches_keep_their_form(form, parts):
    x, y = batch()
    given = form(x, y)
    got = mix_of()(given)
    assert type(got) is type(given)
    assert len(made(parts(got)[0])) == 6
    assert parts(got)[1] is y
    assert torch.all(parts(given)[0] == -1)


def test_one_hot_labels_come_back_as_they_came():
    x, y = batch()
    rows = torch.eye(3)[y]
    got, labels = mix_of(1.0)(x, rows)
    assert labels is rows
    assert [int(v) // CLASS for v in numbers(got)] == y.tolist()


def test_labels_of_text_and_of_other_names_work():
    x, _ = batch(4)
    got, _ = SyntheticMix(Numbers(["a", "b", "c"]), 1.0, pool_size=90)(x, ["b", "a", "c", "b"])
    assert [int(v) // CLASS for v in numbers(got)] == [1, 0, 2, 1]
    mix = SyntheticMix(Numbers(["a", "b", "c"]), 1.0, pool_size=90, label_map={0: "c", 1: "b", 2: "a"})
    assert [int(v) // CLASS for v in numbers(mix(*batch(3))[0])] == [2, 1, 0]


@pytest.mark.promise("loaders")
@pytest.mark.parametrize("workers", [0, 2])
def test_it_works_in_a_collate_function_and_workers_share_no_sample(workers):
    mix = mix_of(pool_size=300)
    loader = DataLoader(
        Real(),
        8,
        shuffle=True,
        num_workers=workers,
        generator=seeded(),
        collate_fn=lambda items: mix(default_collate(items)),
    )
    epochs = []
    for _ in range(2):
        values = [numbers(x) for x, _ in loader]
        assert all(abs(sum(v > 0 for v in b) - 0.3 * len(b)) < 1 for b in values)
        epochs.append([v for b in values for v in b if v > 0])
        assert len(set(epochs[-1])) == len(epochs[-1]) > N * 0.2
    assert epochs[0] != epochs[1]


def test_it_goes_before_mixup_and_a_batch_after_it_is_refused():
    x, y = v2.MixUp(num_classes=3)(*mix_of()(*batch()))
    with pytest.raises(
        DataError, match="neither one class nor a one-hot row: mix synthetic samples in before MixUp or CutM"
    ):
        mix_of()(x, y)


@pytest.mark.parametrize("y", [torch.tensor([0, 1, 2, 7] * 5), torch.tensor([[0.0, 1.0]] * 19 + [[0.5, 0.5]])])
def test_whether_labels_are_refused_is_not_left_to_chance(y):
    for seed in range(5):
        with pytest.raises(DataError, match=r"knows no class 7|neither one class nor a one-hot row"):
            mix_of(0.05, random_state=seed)(batch()[0], y)


def test_batches_keep_their_order_in_memory():
    x = torch.zeros(20, 3, 4, 4).to(memory_format=torch.channels_last)
    got, _ = SyntheticMix(Numbers(shape=(3, 4, 4)), 0.5, pool_size=90)(x, batch()[1])
    assert len(made(got)) == 10
    assert got.stride() == x.stride()


def test_images_take_the_layout_and_range_of_the_batch():
    x, y = torch.rand(12, 1, 4, 4), torch.zeros(12, dtype=torch.long)
    mix = SyntheticMix(Numbers((0,), np.uint8, (4, 4)), 1.0, pool_size=10)
    got, _ = mix(x, y)
    assert (got.dtype, got.shape) == (x.dtype, x.shape)
    assert float(got.max()) <= 1
    with pytest.raises(DataError, match=r"where real ones are in \[-.*; give transform="):
        SyntheticMix(Numbers((0,), np.uint8, (4, 4)), 1.0, pool_size=10)(x - 3, y)


@pytest.mark.parametrize(("dtype", "high", "shown"), [("uint8", 16, "0.0627"), ("float32", 255, "255")])
def test_images_of_another_scale_than_that_of_the_batch_are_warned_of(dtype, high, shown):
    class Digits(Numbers):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            return np.linspace(0, high, X.size).reshape(X.shape).astype(dtype), y

    mix = SyntheticMix(Digits((0,), shape=(4, 4)), 1.0, pool_size=10)
    with pytest.warns(
        DataWarning, match=rf"values in \[0, {shown}\], where real ones are in .*: if .* scaled, give tra"
    ):
        mix(torch.rand(12, 1, 4, 4), torch.zeros(12, dtype=torch.long))


def test_a_transform_is_given_each_sample_once_or_a_whole_frame():
    mix = SyntheticMix(Numbers(shape=(4, 4)), 1.0, pool_size=90, transform=lambda s: torch.from_numpy(s)[None] + 0.5)
    assert all(v % 1 == 0.5 for v in numbers(mix(*batch())[0]))

    class Frames(Numbers):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            return pd.DataFrame({"a": X[:, 0, 0, 0]}), y

    mix = SyntheticMix(Frames(), 1.0, pool_size=90, transform=lambda f: torch.tensor(f[["a", "a"]].to_numpy()).float())
    got, _ = mix(torch.zeros(6, 2), torch.zeros(6, dtype=torch.long))
    assert torch.all(got > 0)


def test_an_augmenter_that_names_no_classes_is_asked_for_some():
    augmenter = Numbers()
    names = augmenter.classes_
    del augmenter.classes_
    augmenter.sample = lambda n=None, y=None, random_state=None: Numbers(names).sample(n, y, random_state)
    got, _ = SyntheticMix(augmenter, 1.0, pool_size=90)(*batch())
    assert len(made(got)) == 20


@pytest.mark.parametrize(
    ("x", "y", "complaint"),
    [
        (torch.zeros(2, 1, 4, 4), torch.tensor([0, 7]), "knows no class 7, which the real data have; it knows 0, 1, 2"),
        (
            torch.zeros(2, 1, 4, 4),
            torch.zeros(3),
            "takes a tensor and as many labels, and got a float32 tensor of shape",
        ),
        (
            [torch.zeros(1, 4, 4)],
            torch.zeros(1),
            "takes a tensor and as many labels, and got a list and 1 labels; put it aft",
        ),
        (
            torch.zeros(2, 1, 5, 5),
            torch.tensor([0, 1]),
            r"yields a float32 tensor of shape \(1, 5, 5\), and the augmenter",
        ),
    ],
)
def test_batches_that_do_not_fit_are_refused(x, y, complaint):
    with pytest.raises(DataError, match=complaint):
        mix_of(1.0)(x, y)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"fraction": -1}, "'synthetic_fraction' parameter of SyntheticMix"),
        ({"pool_size": 2}, "'pool_size' parameter of SyntheticMix must be at least 3"),
        ({"label_map": 3}, "'label_map' parameter of SyntheticMix"),
    ],
)
def test_options_that_cannot_be_are_refused(options, complaint):
    with pytest.raises(ParameterError, match=complaint):
        mix_of(**options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_on_a_gpu_stay_there():
    x, y = batch()
    got, labels = mix_of(1.0)(x.cuda(), y.cuda())
    assert got.is_cuda
    assert labels.is_cuda
    assert len(made(got)) == 20
