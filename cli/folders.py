"""Read image folders, check them, and write them again with synthetic images."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .front import CommandLineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganaug import GANAugmenter

COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}
"""Words for a number of channels."""

_OF_FILES = ("uint8", "uint16", "int16", "int32", "float32")  # dtypes of images from files; colours have the first two
_SYNTHETIC = re.compile(r"synthetic_[0-9]{6,}\.(png|tif)", re.IGNORECASE)


@dataclass
class ImageFolder:
    """Images read from class folders, and their labels.

    Attributes
    ----------
    path : str
        The folder.
    X : ndarray, shape (n, h, w), (n, h, w, 3) or (n, h, w, 4)
        As read.
    y : ndarray of str, shape (n,)
        Classes.
    """

    path: str
    X: NDArray[Any]
    y: NDArray[Any]


def read_images(path: str, size: tuple[int, int] | None) -> ImageFolder:
    """Read the images in class folders, resized to height and width `size` if that is given."""
    from ganaug import read_image_folder

    X, y = read_image_folder(path, size=size)
    return ImageFolder(path, X, y)


def describe_images(images: ImageFolder) -> str:
    """Return a description such as "1,200 images of 28 x 28, grey, in 10 classes"."""
    _, height, width, *channels = images.X.shape
    colours = COLOURS[channels[0] if channels else 1]
    depth = {"uint8": "", "uint16": ", 16 bits"}.get(str(images.X.dtype), f", {images.X.dtype}")
    classes = len(set(images.y.tolist()))
    return f"{len(images.y):,} images of {height} x {width}, {colours}{depth}, in {classes} classes"


def is_of_images(augmenter: GANAugmenter) -> bool:
    """Return whether a model is one of images."""
    return bool(augmenter.modality_ == "image")


def check_model_suits(augmenter: GANAugmenter, model: str, data: str, images: bool) -> None:
    """Refuse a model of a table for a folder of images, and a model of images for a table.

    Raises
    ------
    CommandLineError
        `images` says whether `data` is such a folder, and the model is one of another kind.
    """
    if is_of_images(augmenter) != images:
        kinds = "a table", "images"
        raise CommandLineError(
            f"{model!r} is a model of {kinds[not images]}, and {data!r} holds {kinds[images]}; name another model, or "
            "train one"
        )


def check_no_synthetic(path: str) -> None:
    """Refuse a folder that holds images made by ``ganaug augment``, because they would be taken for real ones.

    Raises
    ------
    click.ClickException
        There is such an image.
    """
    for file in _list_files(path):
        if _SYNTHETIC.fullmatch(file.name):
            raise click.ClickException(
                f"{os.fspath(file)!r} has the name of a synthetic image, and only real ones can be augmented; give the "
                "folder without them, or rename it."
            )


def write_augmented(images: ImageFolder, added: Sequence[Any], augmenter: GANAugmenter | None, output: str) -> None:
    """Write a folder with the real images, byte for byte, and synthetic ones as ``<class>/synthetic_000001.png``.

    Parameters
    ----------
    images : ImageFolder
        The real ones; their files are copied as they are, whatever size they were read in.
    added : (X, y)
        Synthetic images and their classes.
    augmenter : GANAugmenter or None
        The augmenter that made them; None where there are none.
    output : str
        The folder. Synthetic images that an earlier call left in it are removed.

    Raises
    ------
    click.ClickException
        The real images are no longer those that were read.
    """
    from ganaug import augment_image_folder

    if len(_list_files(images.path)) != len(images.y):
        raise click.ClickException(f"{images.path!r} changed while it was in use; run the same command again.")
    X, y = added
    pixels = {} if augmenter is None else pixel_options(augmenter)
    augment_image_folder(images.path, X, y, output, overwrite=True, **pixels)


def pixel_options(augmenter: GANAugmenter) -> dict[str, Any]:
    """Return the options by which the library writes images of a model: their value range and channel axis.

    Values stay as they were in the files that were learned, where files can hold them; those of arrays of another dtype
    become 8 bits from black to white.
    """
    form = augmenter.describe()["images"]
    in_files = form["dtype"] in _OF_FILES[:2] or (form["dtype"] in _OF_FILES and form["channels"] not in (3, 4))
    kept = "keep" if in_files else (form["low"], form["high"])
    return {"value_range": kept, "channel_axis": form["channel_axis"]}


def _list_files(path: str) -> list[Path]:
    from ganaug import list_image_folder

    return [file for files in list_image_folder(path).values() for file in files]
