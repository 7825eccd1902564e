"""Class folders of images as the commands need them: read, and put together again with synthetic images."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .front import Refused
from .places import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganaug import GANAugmenter

# Written out, so that nothing of the library's inside is imported; a test compares them.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
NAMES_FILE = "classes.json"

COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}
"""Words for a number of channels."""

_OURS = re.compile(r"synthetic_[0-9]{6,}\.png", re.IGNORECASE)
_HIDDEN = ".ganaug-"


@dataclass
class Images:
    """A folder of class folders.

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


def read_images(path: str, size: tuple[int, int] | None) -> Images:
    """Return the images in the class folders of a folder, resized to height and width `size` if that is given."""
    from ganaug import read_image_folder

    X, y = read_image_folder(path, size=size)
    return Images(path, X, y)


def found(images: Images) -> str:
    """Return what a folder holds, such as "1,200 images of 28 x 28, grey, in 10 classes"."""
    _, height, width, *channels = images.X.shape
    colours = COLOURS[channels[0] if channels else 1]
    depth = {"uint8": "", "uint16": ", 16 bits"}.get(str(images.X.dtype), f", {images.X.dtype}")
    classes = len(set(images.y.tolist()))
    return f"{len(images.y):,} images of {height} x {width}, {colours}{depth}, in {classes} classes"


def is_of_images(augmenter: GANAugmenter) -> bool:
    """Tell whether a model is one of images."""
    return bool(augmenter.modality_ == "image")


def check_model_suits(augmenter: GANAugmenter, model: str, data: str, images: bool) -> None:
    """Refuse a model of tables for a folder of images, and the other way round.

    Raises
    ------
    Refused
        `images` says whether `data` is such a folder, and the model is one of another kind.
    """
    if is_of_images(augmenter) != images:
        kinds = "a table", "images"
        raise Refused(
            f"{model!r} is a model of {kinds[not images]}, and {data!r} holds {kinds[images]}; name another model, or "
            "train one"
        )


def check_no_synthetic(path: str) -> None:
    """Refuse a folder that holds images made by ``ganaug augment``: they would be taken for real ones.

    Raises
    ------
    click.ClickException
        There is such an image.
    """
    for file in _image_files(Path(path)):
        if _OURS.fullmatch(file.name):
            raise click.ClickException(
                f"{os.fspath(file)!r} has the name of a synthetic image, and only real ones can be augmented; give the "
                "folder without them, or rename it."
            )


def write_augmented(images: Images, added: Sequence[Any], augmenter: GANAugmenter | None, output: str) -> None:
    """Write a folder with the real images, byte for byte, and synthetic ones as ``<class>/synthetic_000001.png``.

    Parameters
    ----------
    images : Images
        The real ones; their files are copied as they are, whatever size they were read in.
    added : (X, y)
        Synthetic images and their classes.
    augmenter : GANAugmenter or None
        What made them; None where there are none.
    output : str
        The folder. Synthetic images that an earlier call left in it are removed.

    Raises
    ------
    click.ClickException
        Something cannot be read or written, a folder inside `output` leads out of it, or the real images are no longer
        those that were read.
    """
    root, out = Path(images.path), Path(output)
    with _explained(output):
        files = _image_files(root)
        if len(files) != len(images.y):
            raise click.ClickException(f"{images.path!r} changed while it was in use; run the same command again.")
        out.mkdir(exist_ok=True)
        for file in _image_files(out):
            if _OURS.fullmatch(file.name):
                file.unlink()
        for file in [*files, *root.glob(NAMES_FILE)]:
            _copy(file, _inside(out, file.relative_to(root)))
        if augmenter is not None and len(added[1]):
            _write_synthetic(root, out, added, augmenter)


def _class_folders(root: Path) -> list[Path]:
    above = {root.resolve(), *root.resolve().parents}
    folders = [f for f in root.iterdir() if not f.name.startswith(".") and f.is_dir() and f.resolve() not in above]
    return sorted(folders)


def _image_files(root: Path) -> list[Path]:
    """Return the files that `ganaug.read_image_folder` reads."""
    files = []
    for folder in _class_folders(root):
        for place, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            files += [Path(place, n) for n in names if n.lower().endswith(EXTENSIONS) and not n.startswith(".")]
    return sorted(files)


def _write_synthetic(root: Path, out: Path, added: Sequence[Any], augmenter: GANAugmenter) -> None:
    """Let the library write its own folder, and move the files to where the real ones of their class are."""
    from ganaug import write_image_folder

    encoder: Any = augmenter.model_.encoder
    labels = _labels(root)
    homes = {labels.get(folder.name, folder.name): folder.name for folder in reversed(_class_folders(root))}
    with tempfile.TemporaryDirectory(dir=out, prefix=_HIDDEN) as place:
        write_image_folder([tuple(added)], place, encoder)
        labels = _labels(Path(place))
        for folder in _class_folders(Path(place)):
            home = homes[labels.get(folder.name, folder.name)]
            for number, file in enumerate(sorted(folder.iterdir()), start=1):
                file.replace(_inside(out, Path(home, f"synthetic_{number:06d}.png")))


def _labels(root: Path) -> dict[str, str]:
    """Return the classes of folders that are called otherwise; the library has checked that file, or written it."""
    file = root / NAMES_FILE
    names = json.loads(file.read_bytes()) if file.is_file() else {}
    return {folder: label for folder, label in names.items() if isinstance(label, str)}


def _inside(out: Path, name: Path) -> Path:
    """Return the place of a file in a folder, making the folders between, or refuse where a link leads out of it."""
    place = out / name
    if not place.parent.resolve().is_relative_to(out.resolve()):
        raise click.ClickException(
            f"{os.fspath(place.parent)!r} leads to another place; remove that link, or choose another folder with -o."
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _copy(file: Path, target: Path) -> None:
    """Copy bytes; a link at the target is replaced, not followed."""
    with replacing(target) as temporary:
        shutil.copyfile(file, temporary)


@contextlib.contextmanager
def _explained(output: str) -> Iterator[None]:
    """Say of an error of the file system which place it is about."""
    try:
        yield
    except OSError as error:
        place = os.fspath(error.filename or output)
        raise click.ClickException(
            f"{place!r} cannot be copied or written ({error.strerror or error}); choose another folder with -o."
        ) from error
