"""A label that is not one class is named for what it is, with a cure for that; MixUp is spoken of where it mixed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset
from torchvision.transforms import v2

from ganaug import GANAugmenter, SyntheticMix, augment_loader
from ganaug.data.items import convert_label
from ganaug.errors import DataError


class Fake:
    classes_ = (0, 1, 2)

    def sample(self, n=None, y=None, random_state=None):
        y = np.arange(n) % 3 if y is None else np.asarray(y)
        return np.zeros((len(y), 3, 16, 16), np.float32), y


class Images(Dataset):
    """Images whose labels a function of the index makes."""

    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 12

    def __getitem__(self, i):
        return torch.zeros(3, 16, 16), self.make(i)


ROW = "neither one class nor a one-hot row: "
BOXES = {"boxes": torch.zeros(2, 4), "labels": torch.tensor([0, 1])}
FIELDS = {"image": 0, "label": 1}
FAULTS = {
    "several labels": (
        torch.tensor([1, 0, 1]),
        r"\[1 0 1\], .*: it names 2 classes, and synthetic samples have one",
    ),
    "several as floats": (torch.tensor([1.0, 1.0, 1.0]), r"\[1. 1. 1.\], .*: it names 3 classes, and synthetic"),
    "no label": (
        torch.tensor([0, 0, 0]),
        r"\[0 0 0\], .*: it names no class; give samples without a class one",
    ),
    "a mask": (
        torch.ones(16, 16, dtype=torch.long),
        r"shape \(16, 16\), .*: synthetic images have a class, and no m",
    ),
    "a mask with channels": (
        np.ones((1, 16, 16)),
        r"shape \(1, 16, 16\), .*: synthetic images have a class, and no m",
    ),
    "boxes": (BOXES, r"a dict with the keys 'boxes', 'labels', .*: synthetic images have a class, and no objects"),
    "a set": ({1, 2}, r"A label is a set, .*: synthetic samples have one class; give each of them one"),
    "numbers": (
        [3.5, 7.25],
        r"\[3.5  7.25\], .*: where these are the labels of a whole batch, put SyntheticMix on",
    ),
    "names": (["cat", "dog"], r"\['cat' 'dog'\], .*: where these are the labels of a whole batch, put SyntheticMix"),
    "shares": (torch.tensor([0.25, 0.75, 0.0]), r"\[0.25 0.75 0.  \], .*: mix synthetic samples in before MixUp or"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_label_is_named_for_what_it_is_with_a_cure_for_that(name):
    label, message = FAULTS[name]
    for use in (
        lambda: convert_label(label),
        lambda: augment_loader(DataLoader(Images(lambda i: label)), Fake(), **FIELDS),
    ):
        with pytest.raises(DataError, match=message) as raised:
            use()
        assert ROW in str(raised.value)
        assert ("MixUp" in str(raised.value)) == (name == "shares")


def test_labels_that_mixup_has_mixed_are_told_to_come_later():
    x, y = v2.MixUp(num_classes=3)(torch.zeros(6, 3, 16, 16), torch.tensor([0, 1, 2, 0, 1, 2]))
    with pytest.raises(DataError, match=f"{ROW}mix synthetic samples in before MixUp or CutMix."):
        SyntheticMix(Fake(), 0.5, pool_size=30)(x, y)


def test_training_has_a_cure_of_its_own():
    with pytest.raises(DataError, match=rf"\[1 0 1\], {ROW}give one class per image"):
        GANAugmenter().fit(Images(lambda i: torch.tensor([1, 0, 1])))


class Batches(IterableDataset):
    """Whole batches, as a pipeline of webdataset that batches by itself."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        return iter([(self.x, self.y)] * 3)


BATCHES = {
    "images": (torch.zeros(10, 3, 16, 16), torch.arange(10) % 3),
    "two classes": (torch.zeros(10, 3, 16, 16), torch.arange(10) % 2),
    "arrays": (np.zeros((10, 3, 16, 16), np.float32), np.arange(10) % 3),
    "labels in a list": (torch.zeros(10, 3, 16, 16), [0, 1, 2] * 3 + [0]),
    "names": (torch.zeros(3, 3, 16, 16), ["a", "b", "c"]),
    "one-hot rows": (torch.zeros(6, 3, 16, 16), torch.eye(3)[[0, 1, 2, 0, 1, 2]]),
    "rows of a table": (torch.zeros(10, 4), torch.arange(10) % 3),
}


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("iterable", [True, False])
def test_whole_batches_are_sent_to_syntheticmix(name, iterable):
    batches = Batches(*BATCHES[name])
    data = batches if iterable else list(batches)
    with pytest.raises(DataError, match=r"yields whole batches, here \d+ labels and a .* put SyntheticMix on"):
        list(augment_loader(DataLoader(data, batch_size=None), Fake(), **FIELDS))


def test_a_channel_for_each_class_makes_no_batch():
    data = [(torch.zeros(3, 16, 16), torch.eye(3)[i % 3]) for i in range(12)]
    assert len(list(augment_loader(DataLoader(data, batch_size=4), Fake()))) == 3


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:Real images have"
)
def test_batches_of_webdataset_are_sent_to_syntheticmix_which_works(tmp_path):
    webdataset = pytest.importorskip("webdataset")
    image = np.ones((3, 16, 16), np.float32)
    image[0] = 0
    with webdataset.TarWriter(str(tmp_path / "a.tar")) as tar:
        for i in range(30):
            tar.write({"__key__": f"{i:03}", "x.npy": image, "cls": i % 3})

    def make():
        pipe = webdataset.WebDataset(str(tmp_path / "a.tar"), shardshuffle=False).decode().to_tuple("x.npy", "cls")
        return webdataset.WebLoader(pipe.batched(10), batch_size=None)

    with pytest.raises(DataError, match="whole batches, here 10 labels"):
        list(augment_loader(DataLoader(make().pipeline[0].dataset, batch_size=None), Fake()))
    mix = SyntheticMix(Fake(), 0.3, pool_size=30)
    for x, y in make():
        mixed, _ = mix(torch.as_tensor(x), torch.as_tensor(y))
        assert int((mixed == 0).all(dim=(1, 2, 3)).sum()) == 3
