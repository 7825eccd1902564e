"""Read image folders, check them, and write them again with synthetic images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .front import CommandLineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganaug import GANAugmenter

COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}
"""Words for a number of channels."""

_MOST_CLASSES = 10  # whose counts are shown
_CHOICES = ("split", "labels", "file_column", "label_column")  # options that say which files there are


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
    files : dict of str to list of Path
        Files of each class, damaged ones included.
    choices : dict
        Options by which the library found the files.
    skip_damaged : bool
        Whether damaged files were left out.
    """

    path: str
    X: NDArray[Any]
    y: NDArray[Any]
    files: dict[str, list[Path]] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    skip_damaged: bool = False


def read_images(path: str, options: Mapping[str, Any]) -> ImageFolder:
    """Read the real images of a folder as the options of a command say."""
    from ganaug import list_image_folder, read_image_folder

    choices = {name: options[name] for name in _CHOICES}
    files = list_image_folder(path, **choices, real_only=True)
    X, y = read_image_folder(
        path,
        **choices,
        size=options["size"],
        skip_damaged=options["skip_damaged"],
        real_only=True,
        verbose=int(not options["quiet"]),
    )
    return ImageFolder(path, X, y, files, choices, options["skip_damaged"])


def describe_images(images: ImageFolder) -> str:
    """Return a description such as "1,200 images of 28 x 28, grey, in 2 classes: cat 800, dog 400"."""
    _, height, width, *channels = images.X.shape
    colours = COLOURS[channels[0] if channels else 1]
    depth = {"uint8": "", "uint16": ", 16 bits"}.get(str(images.X.dtype), f", {images.X.dtype}")
    counts = Counter(images.y.tolist())
    listed = ", ".join(f"{label} {count:,}" for label, count in list(counts.items())[:_MOST_CLASSES])
    more = f" and {len(counts) - _MOST_CLASSES:,} more" if len(counts) > _MOST_CLASSES else ""
    kind = f"{len(images.y):,} images of {height} x {width}, {colours}{depth}"
    return f"{kind}, in {len(counts)} classes: {listed}{more}"


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
    from ganaug import augment_image_folder, list_image_folder

    if list_image_folder(images.path, **images.choices, real_only=True) != images.files:
        raise click.ClickException(f"{images.path!r} changed while it was in use; run the same command again.")
    X, y = added
    pixels = {} if augmenter is None else pixel_options(augmenter)
    kept = {**images.choices, "skip_damaged": images.skip_damaged}
    augment_image_folder(images.path, X, y, output, overwrite=True, **kept, **pixels)


def pixel_options(augmenter: GANAugmenter) -> dict[str, Any]:
    """Return the options by which the library writes images of a model: their value range and channel axis."""
    form = augmenter.describe()["images"]
    return {"value_range": form["file_range"], "channel_axis": form["channel_axis"]}
