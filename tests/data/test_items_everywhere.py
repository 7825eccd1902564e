"""`GANAugmenter.fit` and `augment_loader` read the same data sets, whatever their items are."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from ganaug.data.fields import LABEL_KEYS, SAMPLE_KEYS
from ganaug.errors import DataError
from ganaug.image.samples import take_apart
from ganaug.mixing import augment_loader

LABELS = [0, 1, 1, 0, 1, 0]
GREYS = [10 * i for i in range(len(LABELS))]
SYNTHETIC = 200

Pair = namedtuple("Pair", ["picture", "kind"])
Triple = namedtuple("Triple", ["path", "picture", "kind"])


class Items(Dataset):
    """Items that a function makes of an image and its label."""

    def __init__(self, make, image=lambda grey: np.full((8, 8), grey, np.uint8)):
        self.make, self.image = make, image

    def __len__(self):
        return len(LABELS)

    def __getitem__(self, i):
        return self.make(self.image(GREYS[i]), LABELS[i])


class Greys:
    """A sampler of images of one grey."""

    classes_ = (0, 1)

    def sample(self, n=None, y=None, random_state=None):
        return np.full((len(y), 8, 8), SYNTHETIC, np.uint8), y


def read_by_fit(data):
    X, y = take_apart(data)
    return np.asarray(X).reshape(len(X), -1)[:, 0].tolist(), y.tolist()


def read_by_loader(data, **names):
    """What stands in place of each image, which keeps its label."""
    loader = augment_loader(DataLoader(data, batch_size=None, collate_fn=lambda item: item), Greys(), 1.0, **names)
    return list(loader)


FORMS = {
    **{f"dict with the sample {key!r}": lambda x, y, key=key: {key: x, "label": y} for key in SAMPLE_KEYS},
    **{f"dict with the label {key!r}": lambda x, y, key=key: {"id": 3, "image": x, key: y} for key in LABEL_KEYS},
    "dict with an image of another name": lambda x, y: {"photo": x, "box": torch.zeros(4), "label": y},
    "dict with a mask": lambda x, y: {"mask": np.zeros((9, 9)), "image": x, "label": y},
    "dict with two known names": lambda x, y: {"img": x, "input": torch.zeros(3), "label": y},
    "dict with its keys in order": lambda x, y: OrderedDict(label=y, image=x),
    "pair": lambda x, y: (x, y),
    "list": lambda x, y: [x, y],
    "label first": lambda x, y: (y, x),
    "three with a path behind": lambda x, y: (x, y, "a/path.png"),
    "three with a number before": lambda x, y: (0.5, x, y),
    "four": lambda x, y: (0.5, x, y, "a/path.png"),
    "named pair": Pair,
    "named triple": lambda x, y: Triple("path", x, y),
}
KEPT = {
    "dict with an image of another name": ["box"],
    "dict with a mask": ["mask"],
    "dict with two known names": ["input"],
}
LABEL_FORMS = {
    "0-d tensor": torch.tensor,
    "array of one": lambda y: np.array([y]),
    "float": float,
    "one-hot tensor": lambda y: torch.eye(2)[y],
    "one-hot array": lambda y: np.eye(2, dtype=bool)[y],
    "one-hot list": lambda y: [1 - y, y],
}


@pytest.mark.parametrize("form", FORMS)
def test_both_find_sample_and_label_in_an_item(form):
    data = Items(FORMS[form])
    assert read_by_fit(data) == (GREYS, LABELS)
    for item, before in zip(read_by_loader(data, keep=KEPT.get(form, ())), data, strict=True):
        assert type(item) is type(before)
        fields = list(item.values()) if isinstance(item, dict) else list(item)
        assert sum(isinstance(field, np.ndarray) and np.all(field == SYNTHETIC) for field in fields) == 1


@pytest.mark.parametrize("form", LABEL_FORMS)
def test_both_read_a_label_in_any_form(form):
    data = Items(lambda x, y: (x, LABEL_FORMS[form](y)))
    assert read_by_fit(data) == (GREYS, LABELS)
    for (image, label), (_, before) in zip(read_by_loader(data), data, strict=True):
        assert np.all(image == SYNTHETIC)
        assert np.array_equal(label, before)


IMAGES = {
    "PIL image": lambda grey: Image.new("L", (8, 8), grey),
    "tensor": lambda grey: torch.full((8, 8), grey, dtype=torch.uint8),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_both_read_images_of_any_kind(kind):
    data = Items(lambda x, y: {"id": 1, "photo": x, "label": y}, IMAGES[kind])
    assert read_by_fit(data) == (GREYS, LABELS)
    for item in read_by_loader(data):
        assert np.all(np.asarray(item["photo"]) == SYNTHETIC)


def test_both_read_items_that_differ_in_their_fields():
    forms = [FORMS["pair"], FORMS["three with a path behind"], lambda x, y: {"img": x, "y": y}, FORMS["label first"]]

    class Mixture(Items):
        def __getitem__(self, i):
            self.make = forms[i % len(forms)]
            return super().__getitem__(i)

    assert read_by_fit(Mixture(None)) == (GREYS, LABELS)
    for i, item in enumerate(read_by_loader(Mixture(None))):
        fields = list(item.values()) if isinstance(item, dict) else item
        assert any(isinstance(field, np.ndarray) and np.all(field == SYNTHETIC) for field in fields), i


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda x, y: x, "yields a ndarray"),
        (lambda x, y: (x,), "without a label beside the image"),
        (lambda x, y: ("path", y), "without an image, array or tensor beside a label"),
        (lambda x, y: {"image": x, "kind": None}, "items of 'image' .*, 'kind' .*, without a label beside the image"),
        (lambda x, y: {"a": x, "b": x, "label": y}, "'a', 'b' could each be the image"),
        (lambda x, y: (x, x, y), "0, 1 could each be the image; say which is, by image=0"),
        (lambda x, y: (x, x), "0, 1 could each be the image"),
        (lambda x, y: {"a": 1, "label": y}, "without an image, array or tensor"),
        (lambda x, y: (x, torch.tensor([0.4, 0.6])), "neither one class nor a one-hot row"),
        (lambda x, y: (x, [1, 1]), "neither one class nor a one-hot row"),
    ],
)
def test_both_refuse_the_same_items(make, complaint):
    with pytest.raises(DataError, match=complaint):
        read_by_loader(Items(make))
    with pytest.raises(DataError, match=r"^Item 0 of Items does not fit\. .*" + complaint):
        read_by_fit(Items(make))
