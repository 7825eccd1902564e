"""Data sets of other libraries are read by what they do, in `fit` and in the loader, with names of classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from small import quick_augmenter
from torch.utils.data import ConcatDataset, DataLoader, Subset

from ganaug import DataError, DataWarning, GANAugmenter, MixedDataset, augment_loader
from ganaug.image.samples import accepts, take_apart

N = 45
NAMES = ["cat", "dog", "owl"]
GREYS = np.broadcast_to((150 + np.arange(N)).astype(np.uint8)[:, None, None], (N, 8, 8))
LABELS = [i % 3 for i in range(N)]


class ClassLabel:
    """What Hugging Face declares a class to be."""

    def __init__(self, names):
        self.names = names

    def str2int(self, name):
        return self.names.index(name)


class Column:
    """A column of Hugging Face: a sequence of no known class."""

    __module__ = "datasets.arrow_dataset"

    def __init__(self, values):
        self.values = list(values)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        return self.values[key]


class Hub:
    """A data set as Hugging Face has it: rows by number, columns by name, features, and no base class of torch."""

    def __init__(self, columns, **classes):
        self.columns = columns
        self.features = dict.fromkeys(columns) | {key: ClassLabel(names) for key, names in classes.items()}
        self.column_names = list(columns)
        self.reads = 0

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, key):
        if isinstance(key, str):
            return Column(self.columns[key])
        self.reads += 1
        return {name: column[key] for name, column in self.columns.items()}

    def with_format(self, _):
        return self


class Foreign(Hub):
    __module__ = "datasets.arrow_dataset"


class Parts(dict):
    """A `DatasetDict`."""


def pictures():
    return [Image.fromarray(grey) for grey in GREYS]


def animals(label="label", values=LABELS, names=NAMES, kind=Hub):
    return kind({"image": pictures(), label: list(values)}, **{label: names})


class Pairs:
    """Anything with a length and items."""

    def __init__(self, label=lambda i: LABELS[i]):
        self.label = label

    def __len__(self):
        return N

    def __getitem__(self, i):
        if not 0 <= i < N:
            raise IndexError(i)
        return Image.fromarray(GREYS[i]), self.label(i)


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


class Made:
    """A sampler of images that tell their class."""

    def __init__(self, classes=(0, 1, 2)):
        self.classes_ = np.array(classes)

    def sample(self, n=None, y=None, random_state=None):
        codes = [self.classes_.tolist().index(label) for label in np.asarray(y).tolist()]
        return np.broadcast_to(np.array(codes, np.uint8)[:, None, None] + 200, (len(codes), 8, 8)), y


def classes_in_batches(data, augmenter, **options):
    """The labels that items have, beside the classes of the synthetic images in them."""
    loader = augment_loader(DataLoader(data, batch_size=None, collate_fn=lambda x: x), augmenter, 1.0, **options)
    fields = [tuple(item.values()) if isinstance(item, dict) else item for item in loader]
    return [label for _, label in fields], [int(np.asarray(image).max()) - 200 for image, _ in fields]


# In fit

READ = {
    "a data set of Hugging Face": animals(),
    "one whose label has another name": animals("fine_label"),
    "an object with length and items": Pairs(),
    "a subset": Subset(animals(), range(N)),
    "a concatenation": ConcatDataset([Subset(animals(), range(20)), Subset(animals(), range(20, N))]),
    "one-class arrays, as medmnist has": Pairs(lambda i: np.array([LABELS[i]])),
    "a list of pairs": list(zip(pictures(), LABELS, strict=True)),
    "an array of pairs": objects(list(zip(pictures(), LABELS, strict=True))),
    "a list of dicts": [{"png": image, "cls": label} for image, label in zip(pictures(), LABELS, strict=True)],
}
WITH_LABELS = {
    "columns of Hugging Face": (animals()["image"], animals()["label"]),
    "an array of pictures": (objects(pictures()), LABELS),
    "an array of arrays": (objects(list(GREYS)), LABELS),
    "a series of pictures": (pd.Series(pictures(), index=range(7, 7 + N)), pd.Series(LABELS)),
    "a series of tensors": (pd.Series([torch.tensor(grey.copy()) for grey in GREYS]), LABELS),
}


@pytest.mark.parametrize("kind", READ)
def test_fit_reads_images_and_labels_of(kind):
    assert accepts(READ[kind])
    X, y = take_apart(READ[kind])
    assert X.tolist() == GREYS.tolist()
    assert y.tolist() == LABELS


@pytest.mark.parametrize("kind", WITH_LABELS)
def test_fit_takes_labels_beside(kind):
    X, y = WITH_LABELS[kind]
    assert accepts(X)
    X, y = take_apart(X, y)
    assert X.tolist() == GREYS.tolist()
    assert list(y) == LABELS


def test_a_data_set_without_a_base_class_can_be_learned_and_filled_up():
    augmenter = GANAugmenter(max_steps=2, filters=None, random_state=0, width=8)
    rare = Hub({"image": pictures(), "label": [0] * 30 + [1] * 15}, label=["cat", "dog"])
    X, y = augmenter.fit_resample(rare)
    assert X.shape == (60, 8, 8)
    assert np.bincount(y).tolist() == [30, 30]
    two = Hub({"image": pictures(), "a": LABELS, "b": LABELS}, a=NAMES, b=NAMES)
    assert len(augmenter.fit_resample(two, label="b")[1]) == N


# In the loader


@pytest.mark.parametrize("kind", [kind for kind in READ if kind != "an array of pairs"])
def test_the_loader_mixes_into(kind):
    labels, made = classes_in_batches(READ[kind], Made())
    assert [int(np.asarray(label).item()) for label in labels] == made == LABELS


def test_the_names_of_classes_match_an_augmenter_that_was_trained_on_names():
    for data in (animals(), Subset(animals(), range(N)), ConcatDataset([animals(), animals()])):
        labels, made = classes_in_batches(data, Made(sorted(NAMES, reverse=True)))
        assert [NAMES[label] for label in labels] == [sorted(NAMES, reverse=True)[code] for code in made]


def test_labels_that_are_names_match_an_augmenter_that_was_trained_on_numbers():
    data = Pairs(lambda i: NAMES[LABELS[i]])
    data.classes = NAMES
    assert classes_in_batches(data, Made())[1] == LABELS
    medical = Pairs()
    medical.info = {"label": {"0": "cat", "1": "dog", "2": "owl"}}
    assert classes_in_batches(medical, Made(NAMES))[1] == LABELS


def test_names_that_parts_use_for_different_classes_are_not_matched_and_told():
    data = ConcatDataset([animals(), animals(names=NAMES[::-1])])
    told = pytest.warns(DataWarning, match="number their classes differently: label 0 is 'cat', 'owl'")
    with told, pytest.raises(DataError, match="knows no class 0, 1, 2"):
        MixedDataset(data, Made(NAMES))


def test_a_column_of_labels_is_read_in_place_of_all_images():
    data = animals()
    MixedDataset(data, Made())
    assert data.reads < N


def test_one_class_of_several_that_a_data_set_declares_has_to_be_chosen():
    data = Hub(
        {"img": pictures(), "fine_label": LABELS, "coarse_label": [i // 30 for i in range(N)]},
        fine_label=NAMES,
        coarse_label=["a", "b"],
    )
    for read in (take_apart, lambda data: MixedDataset(data, Made())):
        with pytest.raises(DataError, match=r"'fine_label' .* and 'coarse_label' .* each be the label"):
            read(data)
    assert take_apart(data, label="fine_label")[1].tolist() == LABELS
    mixed = MixedDataset(data, Made(NAMES), 1.0, label="fine_label", keep=["coarse_label"])
    assert [int(np.asarray(mixed[i]["img"]).max()) - 200 for i in range(N)] == LABELS


# What is refused


def test_missing_labels_of_a_declared_class_are_refused():
    with pytest.raises(
        DataError, match="Item 4 of Hub has the label -1, by which a ClassLabel says that there is none"
    ):
        take_apart(animals(values=[*LABELS[:4], -1, *LABELS[5:]]))


@pytest.mark.parametrize("values", [[1.0] * N, ["a"] * N, [[0.0, 1.0]] * N, [[[0] * 8] * 8] * N])
def test_a_table_of_hugging_face_is_refused_with_the_cure(values):
    table = Foreign({"a": values, "label": LABELS})
    assert not accepts(table)
    for y in (None, LABELS):
        with pytest.raises(
            DataError, match=r"X is a Foreign of datasets, .* give a table as X.to_pandas\(\), images in"
        ):
            quick_augmenter().fit(table, y)
    with pytest.raises(DataError, match=r"X is a Column of datasets; give its values, X\[:\]"):
        quick_augmenter().fit(table["label"], LABELS)
    with pytest.raises(DataError, match=r"y is a Column of datasets; give its values, y\[:\]"):
        quick_augmenter().fit(pd.DataFrame({"a": range(N)}), table["label"])


@pytest.mark.parametrize("parts", [Parts, dict])
def test_several_parts_are_refused_with_the_cure(parts):
    data = parts(train=animals(), test=animals())
    for given in ({}, {"label": "label"}):
        with pytest.raises(DataError, match=r"of the parts 'train', 'test'; give one of them, such as X\['train'\]"):
            GANAugmenter().fit(data, **given)
    with pytest.raises(DataError, match=r"The data set is a .* of the parts 'train', 'test'; .* data\['train'\]"):
        MixedDataset(data, Made())


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        [(1, "a"), (2, "b")],
        [{"a": 1}, {"a": 2}],
        pd.Series([1, 2]),
        pd.Series(["a", "b"]),
        objects(["a", 1]),
        pd.DataFrame({"image": pictures()}),
        np.zeros((3, 2)),
        {"a": np.zeros((8, 8))},
        "",
        b"ab",
        range(3),
    ],
)
def test_tables_and_other_things_are_no_images(X):
    assert not accepts(X) or X == ""


def test_a_column_of_images_in_a_table_is_refused_with_the_cure():
    table = pd.DataFrame({"image": pictures(), "age": range(N)})
    with pytest.raises(DataError, match=r"Column 'image' holds a Image .* without a table, as in fit\(X\['image'\], y"):
        quick_augmenter().fit(table, LABELS)


def test_an_item_that_cannot_be_read_is_named():
    class Damaged(Pairs):
        def __getitem__(self, i):
            raise OSError("image file is truncated")

    with pytest.raises(DataError, match=r"Item 0 of Damaged cannot be read \(OSError: image file is truncated\)"):
        GANAugmenter().fit(Damaged())
