"""Whatever form items, samples and labels have: synthetic samples take it, or it is said what does not fit."""

from __future__ import annotations

import random
import warnings
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset
from torchvision.datasets import VisionDataset
from torchvision.transforms import v2

from ganaug.data.fields import list_fields
from ganaug.data.items import convert_label, match_labels
from ganaug.data.layouts import infer_layout
from ganaug.data.stored import find_class_names
from ganaug.errors import DataError, DataWarning
from ganaug.image.samples import take_apart
from ganaug.mixing import MixedDataset, augment_loader
from ganaug.mixing.share import choose_positions
from ganaug.rng import numpy_stream

N = 24
LABELS = [i % 2 for i in range(N)]
SYNTHETIC, REAL = 200, 190  # greys of images


class Greys:
    """A sampler of images of one grey, in a layout and range of choice."""

    def __init__(self, shape=(8, 8), dtype="uint8", classes=(0, 1), as_pil=False, value=None):
        self.classes_, self.shape, self.dtype, self.as_pil = list(classes), shape, dtype, as_pil
        self.value = (SYNTHETIC if dtype == "uint8" else SYNTHETIC / 255) if value is None else value

    def sample(self, n=None, y=None, random_state=None):
        y = [self.classes_[i % len(self.classes_)] for i in range(n)] if y is None else list(y)
        X = np.full((len(y), *self.shape), self.value, dtype=self.dtype)
        return ([Image.fromarray(x) for x in X] if self.as_pil else X), y


class Images(VisionDataset):
    """torchvision-like: PIL images of one grey through transforms."""

    def __init__(self, mode="L", labels=LABELS, **options):
        super().__init__(root="", **options)
        self.mode, self.labels_of_items = mode, labels

    def __len__(self):
        return len(self.labels_of_items)

    def __getitem__(self, i):
        image, label = Image.new(self.mode, (8, 8), (REAL,) * len(self.mode)), self.labels_of_items[i]
        return (image, label) if self.transforms is None else self.transforms(image, label)


class Items(Dataset):
    """Items that a function makes of an index."""

    def __init__(self, make, **attributes):
        self.make = make
        self.__dict__.update(attributes)

    def __len__(self):
        return N

    def __getitem__(self, i):
        return self.make(i)


def all_of(real, augmenter, **options):
    mixed = MixedDataset(real, augmenter, 1.0, random_state=0, **options)
    return [mixed[i] for i in range(len(mixed))]


TO_FLOAT = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
NORMALISED = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5], [0.25])])


@pytest.mark.parametrize(
    "augmenter",
    [
        Greys(),
        Greys((8, 8, 1)),
        Greys((1, 8, 8)),
        Greys(dtype="float32"),
        Greys((1, 8, 8), "float32"),
        Greys(as_pil=True),
    ],
)
@pytest.mark.parametrize(
    ("transform", "want"),
    [(None, SYNTHETIC), (TO_FLOAT, SYNTHETIC / 255), (NORMALISED, (SYNTHETIC / 255 - 0.5) / 0.25)],
)
def test_images_go_through_the_transform_of_the_data_set(augmenter, transform, want):
    for image, label in all_of(Images(transform=transform), augmenter):
        array = np.asarray(image)
        assert array.dtype == ("uint8" if transform is None else "float32")
        assert np.allclose(array, want, atol=1e-2)
        assert type(label) is int
    assert isinstance(image, Image.Image) == (transform is None)


def test_random_transforms_are_drawn_for_synthetic_images_too():
    jitter = v2.Compose([v2.ColorJitter(brightness=0.5), v2.ToImage()])
    greys = {int(image.max()) for image, _ in all_of(Images(transform=jitter), Greys())}
    assert len(greys) > 5


def test_samples_that_are_finished_are_not_transformed_again():
    finished = Greys((1, 8, 8), "float32", value=1.25)
    for image, _ in all_of(Images(transform=NORMALISED), finished):
        assert torch.all(image == 1.25)


def test_grey_samples_become_rgb_where_the_data_set_is():
    for image, _ in all_of(Images("RGB", transform=TO_FLOAT), Greys()):
        assert image.shape == (3, 8, 8)
    for image, _ in all_of(Images("RGB"), Greys()):
        assert image.mode == "RGB"


def test_a_transform_of_image_and_target_is_used_and_a_target_transform_left_alone():
    def both(image, target):
        return TO_FLOAT(image), target

    for image, _ in all_of(Images(transforms=both), Greys()):
        assert torch.allclose(image, torch.tensor(SYNTHETIC / 255))
    real = Images(transform=TO_FLOAT, target_transform=lambda t: torch.eye(2)[t])
    for i, (image, label) in enumerate(all_of(real, Greys())):
        assert torch.allclose(image, torch.tensor(SYNTHETIC / 255))
        assert torch.equal(label, torch.eye(2)[LABELS[i]])


def test_subsets_and_concatenations_are_looked_through_for_transforms():
    parts = [Images(transform=TO_FLOAT), Subset(Images(transform=NORMALISED), [3, 1, 5])]
    images = [image for image, _ in all_of(Subset(ConcatDataset(parts), range(20, 27)), Greys())]
    means = [float(image.mean()) for image in images]
    assert np.allclose(means[:4], SYNTHETIC / 255, atol=1e-2)
    assert np.allclose(means[4:], (SYNTHETIC / 255 - 0.5) / 0.25, atol=1e-2)


CONVERSIONS = {
    "float CHW": (lambda: torch.zeros(1, 8, 8), SYNTHETIC / 255),
    "float HWC array": (lambda: np.zeros((8, 8, 1), np.float32), SYNTHETIC / 255),
    "double HW": (lambda: torch.zeros(8, 8, dtype=torch.float64), SYNTHETIC / 255),
    "uint8 CHW": (lambda: torch.zeros(1, 8, 8, dtype=torch.uint8), SYNTHETIC),
    "uint8 RGB HWC": (lambda: np.zeros((8, 8, 3), np.uint8), SYNTHETIC),
    "uint8 RGB CHW": (lambda: torch.zeros(3, 8, 8, dtype=torch.uint8), SYNTHETIC),
}


@pytest.mark.parametrize("augmenter", [Greys(), Greys((1, 8, 8), "float32"), Greys(as_pil=True)])
@pytest.mark.parametrize("name", CONVERSIONS)
def test_layout_and_range_are_converted_where_there_is_one_meaning(name, augmenter):
    make, want = CONVERSIONS[name]
    real = make()
    for sample, _ in all_of(Items(lambda i: (make(), LABELS[i])), augmenter):
        assert (type(sample), sample.dtype, sample.shape) == (type(real), real.dtype, real.shape)
        assert np.allclose(np.asarray(sample), want, atol=1e-3)


def test_colours_keep_their_places_when_the_channel_axis_moves():
    class Reds(Greys):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            X[..., 0] = 255
            return X, y

    for sample, _ in all_of(Items(lambda i: (torch.zeros(3, 8, 8), LABELS[i])), Reds((8, 8, 3))):
        assert torch.all(sample[0] == 1)
        assert torch.all(sample[1:] < 1)


REFUSED = {
    "normalised by hand": (
        lambda i: (torch.zeros(1, 8, 8) - 1.5, 0),
        Greys(),
        r"yields a float32 tensor of shape \(1, 8, 8\), and the augmenter samples a uint8 array of shape \(8, 8\) with "
        r"values in \[200, 200\] where real ones are in \[-1.5, -1.5\]; give transform=",
    ),
    "other size": (
        lambda i: (torch.zeros(1, 9, 9), 0),
        Greys(),
        r"\(1, 9, 9\), and the augmenter samples a uint8 array of shape \(8, 8\)",
    ),
    "floats beyond [0, 1]": (
        lambda i: (torch.zeros(1, 8, 8, dtype=torch.uint8), 0),
        Greys(dtype="float32", value=-0.5),
        "give transform=",
    ),
    "several forms": (
        lambda i: (torch.zeros(1, 8, 8) if i else torch.zeros(8, 8), 0),
        Greys(),
        "give samples of one type, dtype and number of dimensions, or give transform=",
    ),
    "no tuple": (
        lambda i: torch.zeros(1, 8, 8),
        Greys(),
        r"yields a Tensor; let its items be a tuple",
    ),
    "no label": (
        lambda i: (torch.zeros(1, 8, 8),),
        Greys(),
        r"yields \(Tensor\), without a label beside the image; call it 'label', or name the field with label=",
    ),
    "no sample": (lambda i: (1, 2), Greys(), r"yields \(int, int\), without an image"),
    "dict without label": (
        lambda i: {"image": torch.zeros(1, 8, 8), "score": 0.5},
        Greys(),
        "items of 'image' .*, 'score' .*, without a label beside the image; call it 'label'",
    ),
    "dict with two samples": (
        lambda i: {"a": torch.zeros(8), "b": torch.zeros(8), "label": 0},
        Greys(),
        "'a', 'b' could each be the image; say which is, by image='a'",
    ),
    "soft labels": (
        lambda i: (torch.zeros(1, 8, 8), torch.tensor([0.4, 0.6])),
        Greys(),
        r"A label is the array \[0.4 0.6\], neither one class nor a one-hot row: mix .* before MixUp",
    ),
    "several labels": (
        lambda i: (torch.zeros(1, 8, 8), torch.tensor([1, 1])),
        Greys(),
        "neither one class nor a one-hot row",
    ),
    "unknown label": (
        lambda i: (torch.zeros(1, 8, 8), 7 if i == 5 else 0),
        Greys(),
        r"knows no class 7, which the real data have; it knows 0, 1: give label_map=",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_before_any_training(name):
    make, augmenter, complaint = REFUSED[name]
    with pytest.raises(DataError, match=complaint):
        augment_loader(DataLoader(Items(make)), augmenter)


def test_one_sample_that_happens_to_be_in_range_does_not_speak_for_all():
    class Odd(Greys):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            X[1:] = 5
            return X, y

    for real in (Images(), Items(lambda i: (torch.zeros(1, 8, 8, dtype=torch.uint8), LABELS[i]))):
        with pytest.raises(DataError, match="give transform="):
            MixedDataset(real, Odd(dtype="float32"))


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8)])
def test_images_that_lack_the_normalisation_of_real_ones_are_refused(shape):
    real = Items(lambda i: (torch.zeros(1, 8, 8) - 2, LABELS[i]))
    with pytest.raises(
        DataError, match=r"values in \[0.784, 0.784\] where real ones are in \[-2, -2\]; give transform="
    ):
        MixedDataset(real, Greys(shape, "float32"))


def test_a_transform_of_ones_own_gives_any_form():
    def own(sample):
        return torch.from_numpy(sample).float()[None] / 100 - 3

    real = Items(lambda i: (torch.zeros(1, 8, 8) - 2, LABELS[i]))
    for sample, _ in all_of(real, Greys(), transform=own):
        assert torch.all(sample == -1)


@pytest.mark.parametrize(
    ("transform", "complaint"),
    [
        (lambda s: s.no_such, "transform= failed on one synthetic sample, a uint8 array of shape .*AttributeError"),
        (
            lambda s: torch.zeros(2),
            r"yields a float32 tensor of shape \(1, 8, 8\), and transform= returned a float32 tensor of",
        ),
    ],
)
def test_a_transform_that_does_not_do_is_refused(transform, complaint):
    with pytest.raises(DataError, match=complaint):
        MixedDataset(Items(lambda i: (torch.zeros(1, 8, 8), 0)), Greys(), transform=transform)


def test_a_transform_of_ones_own_is_used_for_parts_that_were_not_looked_at():
    looked_at, rare = (Items(lambda i: (torch.zeros(1, 8, 8), LABELS[i])) for _ in range(2))
    real = Subset(ConcatDataset([looked_at, rare]), [0, N, *range(2, N)])
    for sample, _ in all_of(real, Greys(), transform=lambda s: torch.full((1, 8, 8), -1.0)):
        assert torch.all(sample == -1)


# Forms of items


Pair = namedtuple("Pair", ["picture", "kind"])
FORMS = {
    "tuple": lambda x, y: (x, y),
    "list": lambda x, y: [x, y],
    "named tuple": Pair,
    "label first": lambda x, y: (y, x),
    "with a number before": lambda x, y: (0.5, x, y),
    "with a path behind": lambda x, y: (x, y, "a/path.png"),
    "dict": lambda x, y: {"image": x, "label": y},
    "dict with more": lambda x, y: {"id": 3, "pixel_values": x, "weight": 0.5, "labels": y},
    "dict of other names": lambda x, y: {"picture": x, "target": y},
}
LEAVES = {
    "int": int,
    "numpy int": np.int64,
    "0-d tensor": torch.tensor,
    "tensor of one": lambda y: torch.tensor([y]),
    "float": float,
    "one-hot": lambda y: torch.eye(2)[y],
    "one-hot array": lambda y: np.eye(2, dtype=np.int64)[y],
    "bool": bool,
}


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("form", FORMS)
def test_items_keep_their_form_and_all_but_the_sample(form, leaf):
    def make(i):
        return FORMS[form](torch.zeros(1, 8, 8), LEAVES[leaf](LABELS[i]))

    real, mixed = Items(make), MixedDataset(Items(make), Greys(), 1.0)
    for i in range(N):
        before, after = real[i], mixed[i]
        assert type(after) is type(before)
        layout, old, new = infer_layout(before), list_fields(before), list_fields(after)
        for key in old:
            if key == layout.sample:
                assert torch.allclose(new[key], torch.tensor(SYNTHETIC / 255))
            else:
                assert np.array_equal(np.asarray(new[key]), np.asarray(old[key]))
                assert type(new[key]) is type(old[key])


@given(st.integers(0, 9), st.integers(10, 12))
def test_one_hot_rows_are_the_class_they_say(label, n):
    for row in (torch.eye(n)[label], np.eye(n, dtype=bool)[label], np.eye(n)[label].tolist()):
        assert convert_label(row) == label


@given(st.integers(1, 200), st.floats(0, 1), st.integers(0, 2**31))
def test_positions_are_within_one_sample_distinct_and_in_order(n, fraction, seed):
    chosen = choose_positions(n, fraction, numpy_stream(seed, "x")).tolist()
    assert abs(len(chosen) - n * fraction) < 1
    assert chosen == sorted(set(chosen))
    assert all(0 <= p < n for p in chosen)


def test_every_place_of_a_batch_is_taken_as_often():
    rng = numpy_stream(0, "x")
    taken = np.bincount(np.concatenate([choose_positions(10, 0.3, rng) for _ in range(1000)]), minlength=10)
    assert 230 < taken.min() <= taken.max() < 370


@pytest.mark.parametrize("row", [[0.0, 2.0], [0.0, 0.5], [0, 0], [1, 1], [[0, 1]]])
def test_other_rows_are_no_label(row):
    with pytest.raises(DataError, match="neither one class nor a one-hot row"):
        convert_label(np.array(row))


def test_the_mean_share_of_small_batches_is_exact():
    rng = numpy_stream(0, "x")
    assert np.mean([len(choose_positions(4, 0.3, rng)) for _ in range(4000)]) / 4 == pytest.approx(0.3, abs=0.01)


# Labels


def test_labels_are_matched_by_value_then_by_class_name_then_by_the_map():
    names = {0: "cat", 1: "dog"}
    assert match_labels([0, 1], [1, 0], names, None) == {0: 0, 1: 1}
    assert match_labels([0, 1], ["dog", "cat"], names, None) == {0: "cat", 1: "dog"}
    assert match_labels([0, 1], ["x", "y"], names, {0: "x", 1: "y"}) == {0: "x", 1: "y"}
    assert match_labels([0, 1], ["x", "dog"], names, {0: "x"}) == {0: "x", 1: "dog"}
    assert match_labels(["a"], None, {}, None) == {"a": "a"}
    with pytest.raises(DataError, match=r"knows no class 0, 1, which the real data have; it knows 'x': give label_map"):
        match_labels([0, 1], ["x"], names, None)


def test_codes_of_classes_that_are_called_like_other_classes_are_told():
    names = dict(enumerate(sorted(map(str, range(11)))))  # as folders are numbered: '10' comes before '2'
    with pytest.warns(DataWarning, match=r"^The labels 2 \(called '10'\), 3 \(called '2'\), .* 6 more .*label_map="):
        assert match_labels(range(11), list(range(11)), names, None) == {i: i for i in range(11)}
    by_name = {code: int(name) for code, name in names.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert match_labels(range(11), list(range(11)), names, by_name) == by_name
        assert match_labels(range(10), list(range(10)), dict(enumerate("0123456789")), None)[3] == 3
        assert match_labels([0, 1], [0, 1], {0: "cat", 1: "dog"}, None) == {0: 0, 1: 1}


class Told(Greys):
    """Remembers which labels it was asked for."""

    def sample(self, n=None, y=None, random_state=None):
        self.asked = y
        return super().sample(n, y, random_state)


@pytest.mark.parametrize(
    ("attributes", "options", "classes"),
    [
        ({"classes": ["cat", "dog"]}, {}, ["dog", "cat"]),
        ({"class_to_idx": {"cat": 0, "dog": 1}}, {}, ["dog", "cat"]),
        ({}, {"label_map": {0: "cat", 1: "dog"}}, ["cat", "dog"]),
    ],
)
def test_the_augmenter_is_asked_in_its_own_words(attributes, options, classes):
    augmenter = Told(classes=classes)
    MixedDataset(Items(lambda i: (torch.zeros(8, 8), LABELS[i]), **attributes), augmenter, **options)
    assert sorted(set(augmenter.asked)) == ["cat", "dog"]
    assert augmenter.asked.dtype.kind == "U"


def test_text_labels_and_labels_of_two_kinds_work():
    for labels in (["no", "yes"], [False, True], ["no", 1]):
        augmenter = Told(classes=labels)
        MixedDataset(Items(lambda i, labels=labels: (torch.zeros(8, 8), labels[LABELS[i]])), augmenter)
        assert list(dict.fromkeys(list(augmenter.asked))) == labels


class Counted(Items):
    reads = 0

    def __getitem__(self, i):
        self.reads += 1
        return super().__getitem__(i)


@pytest.mark.parametrize(
    ("stored", "reads"),
    [
        (LABELS, 10),
        (torch.tensor(LABELS), 10),
        ([1 - label for label in LABELS], 10),  # as a target_transform would have them
        ([0] * N, N),  # contradicted by the items
        ([0] * 3, N),
        (None, N),
    ],
)
def test_stored_labels_are_believed_only_where_items_confirm_them(stored, reads):
    real = Counted(lambda i: (torch.zeros(8, 8), LABELS[i]), targets=stored)
    augmenter = Told()
    MixedDataset(real, augmenter)
    assert real.reads <= reads + 8 * (reads == N) + 8  # some again, to see how their samples are made
    assert sorted(augmenter.asked) == sorted(LABELS)


def test_a_label_that_appears_later_is_refused_by_name():
    late = {"label": 0}
    mixed = MixedDataset(Items(lambda i: (torch.zeros(8, 8), late["label"])), Greys(), 1.0)
    late["label"] = 9
    with pytest.raises(DataError, match="Item 3 has the label 9, which no item had before"):
        _ = mixed[3]


def test_random_draws_of_the_data_set_are_as_if_nothing_had_been_looked_at():
    def draw(_):
        return torch.full(
            (8, 8), 0.7 + float(torch.rand(()) / 10 + random.random() / 100 + np.random.random() / 1000)
        ), 0

    def batches(wrap):
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(3)
        loader = DataLoader(Items(draw), batch_size=4, generator=torch.Generator())
        if wrap:
            with pytest.warns(DataWarning, match="changes its images at random"):
                loader = augment_loader(loader, Greys(), 0.0)
        return torch.cat([x for x, _ in loader])

    assert torch.equal(batches(True), batches(False))


# Tables


class Rows:
    """A sampler of frames, or of arrays."""

    def __init__(self, frame=True):
        self.frame, self.classes_ = frame, ["stays", "leaves"]

    def sample(self, n=None, y=None, random_state=None):
        y = pd.Series(["stays"] * n if y is None else y)
        X = pd.DataFrame({"age": np.arange(len(y)) + 100.0, "city": "Bern"})
        return (X, y) if self.frame else (X[["age", "age"]].to_numpy(), y)


TABLE = TensorDataset(torch.zeros(N, 2), torch.tensor(LABELS))
NAMES = {0: "stays", 1: "leaves"}


def test_sampled_frames_become_rows_by_one_transform_of_the_whole_frame():
    def transform(frame):
        assert list(frame.columns) == ["age", "city"]
        return torch.tensor(np.column_stack([frame["age"], frame["city"] == "Bern"]), dtype=torch.float32)

    rows = torch.stack([x for x, _ in all_of(TABLE, Rows(), label_map=NAMES, transform=transform)])
    assert sorted(rows[:, 0].tolist()) == [100.0 + i for i in range(N)]
    assert torch.all(rows[:, 1] == 1)


def test_arrays_that_fit_pass_unchanged_but_for_their_precision():
    for x, _ in all_of(TABLE, Rows(frame=False), label_map=NAMES):
        assert x.dtype == torch.float32
        assert x[0] == x[1] >= 100


@pytest.mark.parametrize(
    ("transform", "complaint"),
    [
        (None, "samples tables, and the data set yields tensors; give transform=, a function of a frame of m"),
        (
            lambda f: f["no such"],
            r"transform= failed on a frame of 24 sampled rows with KeyError: 'no such'; make it take",
        ),
        (
            lambda f: torch.zeros(3, 2),
            r"transform= got a frame of 24 rows and returned shape \(3, 2\); return a tensor of as",
        ),
        (lambda f: f, "returned type DataFrame"),
        (
            lambda f: torch.zeros(len(f), 5),
            r"yields a float32 tensor of shape \(2,\), and the augmenter samples a float32",
        ),
    ],
)
def test_frames_without_a_way_to_become_rows_are_refused(transform, complaint):
    with pytest.raises(DataError, match=complaint):
        MixedDataset(TABLE, Rows(), label_map=NAMES, transform=transform)


# Parts of a concatenation


class Folder(Dataset):
    """Images of classes that have names, as torchvision's ImageFolder has them."""

    def __init__(self, *classes, target_transform=None):
        self.classes, self.class_to_idx = list(classes), {name: i for i, name in enumerate(classes)}
        self.target_transform = target_transform

    def __len__(self):
        return 12

    def __getitem__(self, i):
        label = i % len(self.classes)
        return torch.full((1, 8, 8), i / 12), self.target_transform(label) if self.target_transform else label


NUMBERED_DIFFERENTLY = r"parts of the ConcatDataset number their classes differently: label 0 is 'cat', 'dog'"


def test_parts_that_number_their_classes_differently_are_told():
    parts = ConcatDataset([Folder("cat", "dog"), Folder("dog", "owl")])
    with pytest.warns(DataWarning, match=NUMBERED_DIFFERENTLY):
        take_apart(parts)
    mended = ConcatDataset([Folder("cat", "dog"), Folder("dog", "owl", target_transform=lambda label: label + 1)])
    assert sorted(set(take_apart(mended)[1].tolist())) == [0, 1, 2]


def test_labels_that_a_target_transform_changes_have_no_names():
    assert find_class_names(Folder("cat", "dog")) == {0: "cat", 1: "dog"}
    assert find_class_names(Folder("cat", "dog", target_transform=lambda label: 1 - label)) == {}
