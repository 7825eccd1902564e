"""Attributes of the real data set are read and set through the mixed one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from mixing_fakes import Numbers, Real, RealStream
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from ganaug.mixing import MixedDataset, augment_loader

pytestmark = pytest.mark.usefixtures("on_one_thread")


class Grey:
    """Images of one grey: synthetic ones 100, real ones 80."""

    classes_ = np.arange(3)

    def sample(self, n=None, y=None, random_state=None):
        return np.full((len(y), 8, 8, 3), 100, np.uint8), np.asarray(y)


class Pictures(Dataset):
    """Images that go through a transform which is set later, as timm's."""

    transform = None
    size = 8

    def __len__(self):
        return 30

    def __getitem__(self, i):
        image = Image.fromarray(np.full((self.size, self.size, 3), 80, np.uint8))
        return (image if self.transform is None else self.transform(image)), i % 3


def halve(image):
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 2


def test_a_transform_that_is_set_reaches_real_and_synthetic_samples():
    mixed = MixedDataset(Pictures(), Grey(), 0.5, random_state=0)
    assert isinstance(mixed[0][0], Image.Image)
    mixed.transform = halve
    assert mixed.real.transform is mixed.transform is halve
    assert "transform" not in vars(mixed)
    values = {float(v) for x, _ in DataLoader(mixed, batch_size=10) for v in x.unique()}
    assert values == {40.0, 50.0}
    mixed.transform = lambda image: halve(image) / 10
    assert {float(v) for x, _ in DataLoader(mixed, batch_size=10) for v in x.unique()} == {4.0, 5.0}


def test_workers_have_what_was_set_before_they_began():
    loader = augment_loader(DataLoader(Pictures(), 10, collate_fn=list, num_workers=1), Grey(), 0.5, random_state=0)
    loader.dataset.transform = halve
    assert {float(v) for batch in loader for x, _ in batch for v in x.unique()} == {40.0, 50.0}


def test_any_attribute_is_set_where_it_is_read():
    mixed = MixedDataset(Real(), Numbers(), 0.5)
    mixed.root, mixed.labels_of_items = "here", [2] * 90
    assert (mixed.real.root, mixed.real.labels_of_items[0]) == ("here", 2)
    assert (mixed.root, mixed[0][1]) == ("here", 2)
    stream = MixedDataset(RealStream(), Numbers(), 0.5)
    stream.root = "there"
    assert stream.real.root == "there"


def test_what_the_wrapper_has_itself_stays_its_own():
    mixed = MixedDataset(Real(), Numbers(), 0.5)
    mixed.class_codes, mixed._note = mixed.class_codes[::-1], 1
    assert vars(mixed)["_note"] == 1
    assert not hasattr(mixed.real, "class_codes") and not hasattr(mixed.real, "_note")
    with pytest.raises(AttributeError, match="synthetic_fraction"):
        mixed.synthetic_fraction = 0.1
    again = pickle.loads(pickle.dumps(mixed))
    assert again.labels_of_items == mixed.real.labels_of_items


@pytest.mark.slow
@pytest.mark.parametrize("prefetches", [False, True])
def test_timm_gives_real_and_synthetic_images_its_transform(prefetches):
    timm = pytest.importorskip("timm.data")
    mixed = MixedDataset(Pictures(), Grey(), 0.5, random_state=0)
    how = {"no_aug": True, "mean": (0, 0, 0), "std": (1, 1, 1), "num_workers": 0, "persistent_workers": False}
    loader = timm.create_loader(
        mixed, (3, 8, 8), 10, is_training=True, use_prefetcher=prefetches, device=torch.device("cpu"), **how
    )
    for x, _ in loader:
        assert x.shape == (10, 3, 8, 8)
        found = [round(float(v) * 255) for v in x.mean((1, 2, 3))]
        assert sorted(found) == [80] * 5 + [100] * 5
