"""Read the batches of mixed loaders over data sets of other packages, whose transforms synthetic images go through.

Every pixel of a real image is `REAL`, of a synthetic one `REAL`, one and its class. Batches are shifted, so that real
images are zero.
"""

from __future__ import annotations

import importlib
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.functional import pil_to_tensor

from ganaug import SyntheticMix, augment_loader

from .samples import BATCH, CLASSES, EPOCHS, N

Make = Callable[[float], Any]
SIDE, REAL = 16, 100


class Greys:
    """Sample images of their class's grey."""

    classes_ = np.arange(CLASSES)

    def sample(self, n: int | None = None, y: Any = None, random_state: int | None = None) -> tuple[Any, Any]:
        """Return images of the labels in `y`, or of random ones."""
        y = np.random.default_rng(random_state).integers(0, CLASSES, n) if y is None else np.asarray(y)
        greys = (REAL + 1 + y).astype(np.uint8)
        return np.broadcast_to(greys[:, None, None, None], (len(y), SIDE, SIDE, 3)).copy(), y


def load(name: str) -> Any:
    """Import a module that need not be installed, and has no types."""
    return importlib.import_module(name)


def make_picture() -> Image.Image:
    """Return a real image."""
    return Image.new("RGB", (SIDE, SIDE), (REAL, REAL, REAL))


def mix_images(loader: DataLoader[Any], fraction: float) -> DataLoader[Any]:
    """Return the loader with synthetic images."""
    return augment_loader(loader, Greys(), fraction, random_state=0)


def make_mix(fraction: float) -> SyntheticMix:
    """Return what puts synthetic images into batches."""
    return SyntheticMix(Greys(), fraction, pool_size=N, random_state=0)


def read_batches(
    loader: Iterable[Any], image: Any = 0, label: Any = 1, white: float = 255, mix: SyntheticMix | None = None
) -> list[tuple[Tensor, Any]]:
    """Return the batches of all epochs, shifted; `white` is the highest value that their images may have."""
    found = []
    for _ in range(EPOCHS):
        for batch in loader:
            mixed = batch if mix is None else mix(*batch)
            x = torch.as_tensor(mixed[image]).float() * (255 / white)
            found.append(((x - REAL).round(), mixed[label]))
    return found


# ---- MONAI, albumentations -----------------------------------------------------------------------


def make_monai_loader(fraction: float, cached: bool) -> list[Any]:
    """Return the batches of dictionaries of MONAI, whose data set may keep what does not change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MONAI has some of its own
        data, transforms = load("monai.data"), load("monai.transforms")
    steps = [transforms.EnsureTyped("image"), transforms.ScaleIntensityRanged("image", 0, 255, 0, 1)]
    compose = transforms.Compose([*steps, transforms.RandFlipd("image")])
    items = [{"image": np.full((3, SIDE, SIDE), REAL, np.uint8), "label": i % CLASSES} for i in range(N)]
    found = data.CacheDataset(items, compose, progress=False) if cached else data.Dataset(items, compose)
    return read_batches(
        mix_images(data.DataLoader(found, batch_size=BATCH, shuffle=True), fraction), "image", "label", 1
    )


class Pictures(Dataset[Any]):
    """Real images that go through an attribute, as albumentations and timm have it."""

    def __init__(self, transform: Callable[..., Any] | None = None, by_name: bool = False) -> None:
        self.transform, self.target_transform, self.by_name = transform, None, by_name

    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> tuple[Any, int]:
        image = make_picture()
        if self.transform is None:
            return image, i % CLASSES
        made = self.transform(image=np.array(image))["image"] if self.by_name else self.transform(image)
        return made, i % CLASSES


def make_albumentations_loader(fraction: float) -> list[Any]:
    """Return the batches of a data set that calls a composition of albumentations by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a newer version, or of none that can be looked up
        a, to_tensor = load("albumentations"), load("albumentations.pytorch").ToTensorV2()
    compose = a.Compose([a.HorizontalFlip(), a.ToFloat(255), to_tensor])
    return read_batches(mix_images(DataLoader(Pictures(compose, True), BATCH, shuffle=True), fraction), white=1)


# ---- timm, webdataset ----------------------------------------------------------------------------


def make_timm_loader(fraction: float, prefetched: bool, in_batches: bool = False) -> list[Any]:
    """Return the batches of a loader of timm, which may fetch and normalise them itself."""
    white, black = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
    options = {"is_training": True, "no_aug": True, "use_prefetcher": prefetched, "num_workers": 0}
    loader = load("timm.data").create_loader(
        Pictures(), (3, SIDE, SIDE), BATCH, mean=black, std=white, device=torch.device("cpu"), **options
    )
    if in_batches:
        return read_batches(loader, white=1, mix=make_mix(fraction))
    return read_batches(mix_images(loader, fraction), white=1)


def make_webdataset_loader(
    fraction: float, workers: int = 0, own: bool = False, in_batches: bool = False, resampled: bool = False
) -> list[Any]:
    """Return the batches of a stream of webdataset, in torch's loader or in its own."""
    webdataset = load("webdataset")
    with tempfile.TemporaryDirectory() as folder:
        for shard in range(2):
            with webdataset.TarWriter(str(Path(folder, f"{shard}.tar"))) as writer:
                for i in range(shard, N, 2):
                    writer.write({"__key__": f"{i:04d}", "png": make_picture(), "cls": i % CLASSES})
        pattern = str(Path(folder, "{0..1}.tar"))
        stream = webdataset.WebDataset(pattern, shardshuffle=False, resampled=resampled)
        stream = stream.decode("pil").to_tuple("png", "cls").map_tuple(pil_to_tensor, int)
        stream = stream.with_epoch(N) if resampled else stream
        kind = webdataset.WebLoader if own else DataLoader
        loader = kind(stream, batch_size=BATCH, num_workers=workers)
        if in_batches:
            return read_batches(loader, mix=make_mix(fraction))
        return read_batches(mix_images(loader, fraction))


# ---- Hugging Face --------------------------------------------------------------------------------


def make_hub_loader(fraction: float, form: str) -> list[Any]:
    """Return the batches of a data set of Hugging Face, in the format of torch, through a transform, or as a stream."""
    datasets = load("datasets")
    columns = {"image": [make_picture()] * N, "label": [i % CLASSES for i in range(N)]}
    found = datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())
    if form == "transform":
        found = found.with_transform(_make_pixels)
        return read_batches(mix_images(DataLoader(found, BATCH, shuffle=True), fraction), "pixels", "label")
    found = (found.to_iterable_dataset(num_shards=2) if form == "stream" else found).with_format("torch")
    return read_batches(mix_images(DataLoader(found, BATCH), fraction), "image", "label")


def _make_pixels(batch: dict[str, Any]) -> dict[str, Any]:
    return {"pixels": [pil_to_tensor(image) for image in batch["image"]], "label": batch["label"]}


PACKAGES: dict[str, Make] = {
    "MONAI": lambda f: make_monai_loader(f, False),
    "MONAI, CacheDataset": lambda f: make_monai_loader(f, True),
    "albumentations": make_albumentations_loader,
    "timm": lambda f: make_timm_loader(f, False),
    "timm, prefetched": lambda f: make_timm_loader(f, True),
    "timm, prefetched, SyntheticMix": lambda f: make_timm_loader(f, True, in_batches=True),
    "webdataset": make_webdataset_loader,
    "webdataset, 2 workers": lambda f: make_webdataset_loader(f, workers=2),
    "webdataset, resampled": lambda f: make_webdataset_loader(f, resampled=True),
    "webdataset, WebLoader": lambda f: make_webdataset_loader(f, own=True),
    "webdataset, WebLoader, SyntheticMix": lambda f: make_webdataset_loader(f, own=True, in_batches=True),
    "Hugging Face": lambda f: make_hub_loader(f, "torch"),
    "Hugging Face, with_transform": lambda f: make_hub_loader(f, "transform"),
    "Hugging Face, stream": lambda f: make_hub_loader(f, "stream"),
}
"""Loaders by name, as functions of the fraction that return the batches of all epochs."""
