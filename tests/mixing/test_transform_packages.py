"""Synthetic images go through the real transforms of albumentations, MONAI and Hugging Face, where there are any."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from image_sets import BOTH, INVERTED, KEPT, LABELS, RAW, Fake, made, raw_image
from torch.utils.data import DataLoader, Dataset

from ganaug.errors import DataWarning
from ganaug.mixing import MixedDataset, augment_loader

pytestmark = pytest.mark.slow


def get_image(item):
    return item.get("pixel_values", item.get("image")) if isinstance(item, dict) else item[0]


def check(real, augmenter=None):
    """The first real and the first synthetic image are alike, alone and in a loader."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        mixed = MixedDataset(real, augmenter or Fake(), 1.0, random_state=0)
    pair = [get_image(data[3]) for data in (real, mixed)]
    assert type(pair[0]) is type(pair[1])
    for image in pair:
        assert float(torch.as_tensor(image).mean()) == pytest.approx(INVERTED, abs=0.02)
    return pair


def import_quietly(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


@pytest.mark.parametrize("name", ["transform", "aug", "tfm"])
@pytest.mark.parametrize("ends_in_tensor", [True, False])
def test_albumentations(name, ends_in_tensor):
    a = import_quietly("albumentations")
    steps = [a.InvertImg(p=1), a.HorizontalFlip(), a.CoarseDropout(fill=55), a.ToFloat(255)]
    if ends_in_tensor:
        steps.append(import_quietly("albumentations.pytorch").ToTensorV2())
    compose = a.Compose(steps)
    check(made(lambda d, x, y: (getattr(d, name)(image=np.array(x))["image"], y), **{name: compose}))
    mask = np.zeros((16, 16), np.uint8)
    check(made(lambda d, x, y: (getattr(d, name)(image=np.array(x), mask=mask)["image"], y), **{name: compose}))


def test_albumentations_normalise_and_resize():
    a = import_quietly("albumentations")
    compose = a.Compose([a.RandomResizedCrop((12, 12)), a.Normalize()])
    real = made(lambda d, x, y: (d.aug(image=np.array(x))["image"], y), aug=compose)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        mixed = MixedDataset(real, Fake(), 1.0, random_state=0)
    assert mixed[0][0].shape == (12, 12, 3)
    assert np.allclose(mixed[0][0], real[0][0], atol=0.01)


def monai_steps(transforms, reads):
    invert = transforms.Lambdad("image", lambda x: 1 - x)
    if not reads:
        return [transforms.EnsureTyped(["image"]), invert]
    scale = transforms.ScaleIntensityRanged("image", 0, 255, 0, 1)
    return [transforms.LoadImaged("image"), transforms.EnsureChannelFirstd("image"), scale, invert]


@pytest.mark.parametrize("kind", ["Dataset", "CacheDataset", "PersistentDataset", "SmartCacheDataset"])
@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("random", [True, False])
def test_monai(kind, reads, random, tmp_path):
    data, transforms = import_quietly("monai.data"), import_quietly("monai.transforms")
    raw_image().save(tmp_path / "a.png")
    raw = str(tmp_path / "a.png") if reads else np.full((3, 16, 16), RAW / 255, np.float32)
    steps = monai_steps(transforms, reads)
    if random:
        steps += [transforms.RandFlipd("image"), transforms.RandGaussianNoised("image", prob=1.0, std=0.001)]
    options = {"cache_dir": tmp_path} if kind == "PersistentDataset" else {}
    options |= {"progress": False} if "Cache" in kind else {}
    options |= {"replace_rate": 0.1, "cache_num": 10} if kind == "SmartCacheDataset" else {}
    real = getattr(data, kind)(
        [{"image": raw, "label": y} for y in LABELS], transform=transforms.Compose(steps), **options
    )
    pair = check(real, Fake() if reads else Fake("float"))
    if kind != "PersistentDataset":  # which has MONAI's own tensors at times
        assert type(pair[1]).__name__ == "MetaTensor"
    loader = augment_loader(data.DataLoader(real, batch_size=6), Fake() if reads else Fake("float"), 0.5)
    for batch in loader:
        assert float(batch["image"].mean()) == pytest.approx(INVERTED, abs=0.02)


def test_monai_arrays(tmp_path):
    data, transforms = import_quietly("monai.data"), import_quietly("monai.transforms")
    raw_image().save(tmp_path / "a.png")
    read = [transforms.LoadImage(image_only=True), transforms.EnsureChannelFirst()]
    compose = transforms.Compose(
        [*read, transforms.ScaleIntensityRange(0, 255, 0, 1), transforms.Lambda(lambda x: 1 - x)]
    )
    check(data.ArrayDataset([str(tmp_path / "a.png")] * len(LABELS), compose, labels=LABELS))


class Rows(Dataset):
    """The usual wrapper around a data set of Hugging Face."""

    def __init__(self, hf):
        self.hf = hf

    def __len__(self):
        return len(self.hf)

    def __getitem__(self, i):
        row = self.hf[i]
        return row["pixel_values"], row["label"]


@pytest.fixture
def hub():
    datasets = import_quietly("datasets")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    columns = {"image": [raw_image() for _ in LABELS], "label": LABELS}
    return datasets.Dataset.from_dict(columns, features=features)


def make_new(batch):
    return {"pixel_values": [BOTH(image) for image in batch["image"]], "label": batch["label"]}


def change(batch):
    batch["pixel_values"] = [BOTH(image) for image in batch.pop("image")]
    return batch


@pytest.mark.parametrize("transform", [make_new, change])
def test_hugging_face(hub, transform):
    check(hub.with_transform(transform))
    check(Rows(hub.with_transform(transform)))
    hub.set_transform(transform)
    check(hub)
    for batch in augment_loader(DataLoader(hub, batch_size=6, num_workers=1), Fake(), 0.5):
        assert float(batch["pixel_values"].mean()) == pytest.approx(INVERTED, abs=0.02)


def make_one(row):
    return {"pixel_values": BOTH(row["image"]), "label": row["label"]}


@pytest.mark.parametrize("options", [{"function": make_new, "batched": True}, {"function": make_one}])
def test_a_stream_of_hugging_face(hub, options):
    stream = hub.to_iterable_dataset().map(**options, remove_columns=["image"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        first = next(iter(MixedDataset(stream, Fake(), 1.0, random_state=0)))
    assert float(first["pixel_values"].mean()) == pytest.approx(INVERTED, abs=0.02)


def test_the_formats_of_hugging_face_need_no_transform(hub):
    for form in ("torch", "numpy"):
        real = hub.with_format(form)
        mixed = MixedDataset(real, Fake(), 1.0)
        assert type(mixed[0]["image"]) is type(real[0]["image"])
        assert float(np.asarray(mixed[0]["image"]).mean()) == pytest.approx(KEPT * 255, abs=2)
