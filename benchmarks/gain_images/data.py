"""Load the labelled image sets of `gain-images`: files of a folder, or data sets of torchvision."""

from __future__ import annotations

import functools
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..shared.protocol import BenchmarkError

TORCHVISION = "torchvision:"
SETS = ("mnist", "sign_digits", "magnetic_tile")
FILES = {"mnist": ("mnist_train10k", "mnist_test")}  # where they are not NAME.npz and NAME_test.npz
FLIP = ("magnetic_tile",)  # a digit, or a hand that shows one, is not the same in a mirror


@dataclass(frozen=True)
class ImageSet:
    """Labelled images.

    Attributes
    ----------
    name : str
    X : uint8 ndarray of shape (n, h, w) or (n, h, w, 3)
    y : int64 ndarray of shape (n,)
        Class codes, from 0 in the order of `labels`.
    labels : tuple of str
        Labels by code.
    digest : str
        Start of the SHA-256 of all pixels and labels.
    group : ndarray of shape (n,) or None
        Images of one group are on one side of every split.
    test : tuple of ndarray, or None
        Images and codes of the set's own test part.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    labels: tuple[str, ...]
    digest: str
    group: np.ndarray | None = None
    test: tuple[np.ndarray, np.ndarray] | None = None


def list_default_sets(data: str) -> tuple[str, ...]:
    """Return the names of the default sets."""
    return (data.split(":")[1].lower(),) if data.startswith(TORCHVISION) else SETS


@functools.lru_cache(maxsize=4)
def load_images(name: str, data: str) -> ImageSet:
    """Return one image set.

    Parameters
    ----------
    name : str
        One of `SETS`, or the name of any NAME.npz in the folder.
    data : str
        A folder, or ``torchvision:CLASS:ROOT``.

    Raises
    ------
    BenchmarkError
        It is not there, or is no set of equally large uint8 images, grey or RGB.
    """
    if data.startswith(TORCHVISION):
        train, test = _load_torchvision(data)
    else:
        train, test = _read_folder(name, Path(data))
    images, y = train["images"], train["labels"]
    labels, codes = np.unique(y, return_inverse=True)
    names = train.get("class_names")
    known = names if names is not None and np.array_equal(labels, np.arange(len(names))) else labels
    return ImageSet(
        name,
        images,
        codes.astype(np.int64),
        tuple(map(str, known)),
        _digest_images(train, test),
        train.get("group"),
        None if test is None else (test["images"], _encode_labels(name, labels, test["labels"])),
    )


def _read_folder(name: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    train, test = FILES.get(name, (name, f"{name}_test"))
    test_path = folder / f"{test}.npz"
    return _read_arrays(folder / f"{train}.npz"), _read_arrays(
        test_path
    ) if test_path.exists() or name in FILES else None


def _read_arrays(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            content = {key: file[key] for key in ("images", "labels", "group", "class_names") if key in file}
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read ({error.strerror or error}): name its folder by --data.") from None
    except (ValueError, zipfile.BadZipFile):
        raise BenchmarkError(f"{path} is not a file of NumPy arrays: write it by numpy.savez.") from None
    return _check_arrays(content, str(path))


def _load_torchvision(data: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return training and test part; a class without the parameters ``train`` and ``split`` has one part."""
    from torchvision import datasets

    parts = data.split(":", 2)
    if len(parts) != 3 or not hasattr(datasets, parts[1]):
        raise BenchmarkError(
            f"--data {data} names no data set: say {TORCHVISION}CLASS:ROOT, such as {TORCHVISION}MNIST:."
        )
    make, root = getattr(datasets, parts[1]), parts[2]
    ways: list[list[dict[str, Any]]] = [
        [{"train": True}, {"train": False}],
        [{"split": "train"}, {"split": "test"}],
        [{}],
    ]
    for options in ways:
        try:
            found = [_stack_items(make(root, **some), data) for some in options]
        except TypeError:  # it has no such parameter
            continue
        except (RuntimeError, OSError, ValueError) as error:
            raise BenchmarkError(f"--data {data} cannot be loaded: {' '.join(str(error).split())}") from None
        return found[0], found[1] if len(found) > 1 else None
    raise BenchmarkError(f"--data {data} cannot be loaded: {parts[1]} needs more than a folder.")


def _stack_items(dataset: Any, data: str) -> dict[str, Any]:
    items = [dataset[i] for i in range(len(dataset))]
    images = [np.asarray(item[0]) for item in items]
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        raise BenchmarkError(f"--data {data}: images of {shapes[0]} and {shapes[1]}: all must have one shape.")
    content = {"images": np.stack(images), "labels": np.asarray([item[1] for item in items])}
    names = getattr(dataset, "classes", None)
    return _check_arrays(content | ({"class_names": np.asarray(names)} if names else {}), f"--data {data}")


def _check_arrays(content: dict[str, Any], where: str) -> dict[str, Any]:
    absent = [key for key in ("images", "labels") if key not in content]
    if absent:
        raise BenchmarkError(f"{where} has no array {absent[0]!r}: it must hold images and labels.")
    images = content["images"]
    grey_or_rgb = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not grey_or_rgb:
        raise BenchmarkError(
            f"{where} has images of {images.dtype}, shape {images.shape}: uint8 is needed, (n, h, w) or (n, h, w, 3)."
        )
    odd = [key for key in ("labels", "group") if key in content and content[key].shape != (len(images),)]
    if odd:
        raise BenchmarkError(f"{where} has {odd[0]} of shape {content[odd[0]].shape} for {len(images)} images.")
    return content


def _encode_labels(name: str, labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    new = np.setdiff1d(y, labels)
    if len(new):
        raise BenchmarkError(
            f"The test images of {name!r} have the label {new[0].item()!r}, which no training image has."
        )
    return np.searchsorted(labels, y)


def _digest_images(train: dict[str, Any], test: dict[str, Any] | None) -> str:
    sha = hashlib.sha256()
    for part in (train, test or {}):
        for key in ("images", "labels", "group"):
            if key in part:
                sha.update(np.ascontiguousarray(part[key]).tobytes())
    return sha.hexdigest()[:12]
