"""The real data sets of Hugging Face and medmnist, in `fit` and in the loader; `pip install datasets medmnist`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Subset

from ganaug import DataError, GANAugmenter, MixedDataset, augment_loader
from ganaug.image.samples import take_apart

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # those of other packages
]
N = 45
NAMES = ["cat", "dog", "owl"]
LABELS = [i % 3 for i in range(N)]
PIXELS = np.broadcast_to((np.arange(N) * 4).astype(np.uint8)[:, None, None, None], (N, 16, 16, 3))


class Made:
    """A sampler of images that tell their class."""

    def __init__(self, classes=(0, 1, 2)):
        self.classes_ = np.array(classes)

    def sample(self, n=None, y=None, random_state=None):
        y = [self.classes_[i % 3] for i in range(n)] if y is None else y
        codes = [self.classes_.tolist().index(label) for label in np.asarray(y).tolist()]
        return np.broadcast_to(np.array(codes, np.uint8)[:, None, None, None] + 200, (len(codes), 16, 16, 3)), y


@pytest.fixture
def hub():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})
    columns = {"image": [Image.fromarray(x) for x in PIXELS], "label": LABELS}
    return datasets.Dataset.from_dict(columns, features=features)


FORMS = {
    "as it is": lambda data: data,
    "arrays": lambda data: data.with_format("numpy"),
    "tensors": lambda data: data.with_format("torch"),
    "a subset": lambda data: Subset(data, range(N)),
    "parts": lambda data: ConcatDataset([data.select(range(20)), data.select(range(20, N))]),
    "a transform": lambda data: data.with_transform(
        lambda rows: {**rows, "image": [np.asarray(image) for image in rows["image"]]}
    ),
    "other names": lambda data: data.rename_columns({"image": "img", "label": "fine_label"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_data_set_of_hugging_face_is_learned_and_mixed(hub, form):
    data = FORMS[form](hub)
    X, y = take_apart(data)
    X = np.asarray(X)
    assert np.array_equal(X if X.shape[-1] == 3 else np.moveaxis(X, 1, -1), PIXELS)
    assert y.tolist() == LABELS
    for classes in ((0, 1, 2), NAMES):
        mixed = MixedDataset(data, Made(classes), 1.0, random_state=0)
        items = [tuple(mixed[i].values()) for i in range(N)]
        assert (
            [int(np.asarray(image).max()) - 200 for image, _ in items] == [int(label) for _, label in items] == LABELS
        )


def test_workers_and_streams_get_the_share(hub):
    for data in (hub.with_format("torch"), hub.to_iterable_dataset().with_format("torch")):
        loader = DataLoader(data, batch_size=9, num_workers=2 if hasattr(data, "__len__") else 0)
        batches = list(augment_loader(loader, Made(NAMES), 0.5, random_state=0))
        assert all(int((batch["image"].amax((1, 2, 3)) >= 200).sum()) in (4, 5) for batch in batches)
        assert torch.cat([batch["label"] for batch in batches]).tolist() == LABELS


def test_columns_and_the_whole_data_set_can_be_fitted(hub):
    options = {"max_steps": 2, "filters": None, "random_state": 0}
    whole = GANAugmenter(**options).fit(hub).sample(6)
    columns = GANAugmenter(**options).fit(hub["image"], hub["label"]).sample(6)
    assert np.array_equal(whole[0], columns[0])
    assert list(whole[1]) == list(columns[1])


def test_what_has_no_images_is_refused_with_the_cure(hub):
    import datasets

    with pytest.raises(DataError, match=r"X is a DatasetDict of the parts 'train', 'test'; .* X\['train'\]"):
        GANAugmenter().fit(datasets.DatasetDict(train=hub, test=hub))
    table = datasets.Dataset.from_dict({"age": [1, 2], "town": ["a", "b"]})
    for data in (table, table.with_format("torch"), hub.cast_column("image", datasets.Image(decode=False))):
        with pytest.raises(DataError, match=r"give a table as X.to_pandas\(\).* X.cast_column\(column, datasets.Image"):
            GANAugmenter().fit(data)
    with pytest.raises(DataError, match=r"y\[:\]"):
        GANAugmenter().fit(pd.DataFrame({"a": range(N)}), hub["label"])
    with pytest.raises(DataError, match="IterableDataset is an iterable data set"):
        GANAugmenter().fit(hub.to_iterable_dataset())
    lists = datasets.Dataset.from_dict({"image": PIXELS[..., 0].tolist(), "label": LABELS})
    assert np.array_equal(take_apart(lists, image=lambda item: np.array(item["image"], np.uint8))[0], PIXELS[..., 0])


def test_a_data_set_of_medmnist_is_learned_and_mixed(tmp_path):
    medmnist = pytest.importorskip("medmnist")
    arrays = {"images": PIXELS, "labels": np.array(LABELS)[:, None]}
    parts = [(part, kind) for part in ("train", "val", "test") for kind in arrays]
    np.savez(tmp_path / "bloodmnist.npz", **{f"{part}_{kind}": arrays[kind] for part, kind in parts})
    data = medmnist.BloodMNIST(split="train", root=tmp_path, download=False)
    data.info = {**data.info, "n_samples": {"train": N}}  # of the real file, which its length is compared with
    X, y = take_apart(data)
    assert np.array_equal(X, PIXELS)
    assert y.tolist() == LABELS
    names = [data.info["label"][str(label)] for label in range(3)]
    for classes in ((0, 1, 2), names):
        mixed = MixedDataset(data, Made(classes), 1.0, random_state=0)
        items = [mixed[i] for i in range(N)]
        assert (
            [int(np.asarray(image).max()) - 200 for image, _ in items]
            == [int(label[0]) for _, label in items]
            == LABELS
        )
