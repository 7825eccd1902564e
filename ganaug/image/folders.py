"""Read folders that have one folder of image files per class."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DataWarning, GanaugError, ParameterError
from ..messages import reason_of
from .picture import EXTENSIONS, OTHER_EXTENSIONS, read_picture
from .pixels import MAX_SIDE, MIN_SIDE

Array = NDArray[Any]

NAMES_FILE = "classes.json"  # folder name -> label, where they differ
_MAX_NAMES_BYTES = 2**20


def read_image_folder(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None) -> tuple[Array, Array]:
    """Read a folder that has one subfolder of image files per class, like torchvision's ImageFolder.

    Parameters
    ----------
    path : str or path-like
        The folder. Each subfolder is a class; its image files (.jpg, .jpeg, .png, .ppm, .pgm, .bmp, .tif, .tiff, .webp,
        in any case) are read recursively. Names that begin with a dot and other files are skipped. Links to files are
        followed; links to folders only if they are class folders. A DataWarning counts skipped images beside the class
        folders and skipped links to folders.
    size : (int, int), optional
        Height and width in pixels to which images are resized, antialiased; the aspect ratio may change.

    Returns
    -------
    X : ndarray of uint8, shape (n, h, w), (n, h, w, 3) or (n, h, w, 4)
        Images, grey if all files are, else RGB or, if one has transparency, RGBA. Files of 16 bits give uint16, signed
        ones int16 or int32, floats float32. They are sorted by class and file name, and rotated as their EXIF data
        say.
    y : ndarray of str, shape (n,)
        Names of the class folders, or their labels in the file ``classes.json`` of `write_image_folder`.

    Raises
    ------
    DataError
        There are fewer than two class folders, one is empty or a link into another, or a file is damaged, animated, in
        an unsupported format (such as GIF, or TIFF of 16 bits in colour), larger than 4096 pixels a side, or of a size
        or depth unlike the others.
    ParameterError
        `size` is not two whole numbers from 8 to 128.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from ganaug import read_image_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("cat", "dog"):
    ...         Path(folder, label).mkdir()
    ...         Image.new("L", (16, 12)).save(Path(folder, label, "1.png"))
    ...     X, y = read_image_folder(folder)
    >>> X.shape, y.tolist()
    ((2, 12, 16), ['cat', 'dog'])
    """
    _check_size(size)
    root = Path(path)
    with explain_errors(root, "read"):
        links: list[Path] = []
        classes = [(folder, find_image_files(folder, links)) for folder in find_class_folders(root)]
        labels = read_labels(root)
    for folder, files in classes:
        if not files:
            raise DataError(
                f"The class folder {os.fspath(folder)!r} has no image files ({', '.join(EXTENSIONS)}); fill or "
                "remove it."
            )
    with explain_errors(root, "read"):
        warn_skipped(root, [folder for folder, _ in classes], links, labels)
    X = _read_images([file for _, files in classes for file in files], size)
    names = [labels.get(folder.name, folder.name) for folder, _ in classes]
    ends_in_nul = any(name.endswith("\0") for name in names)  # which an array of text would cut off
    y = np.repeat(np.array(names, dtype=object if ends_in_nul else str), [len(files) for _, files in classes])
    return X, y


@contextlib.contextmanager
def explain_errors(path: Path, what: str) -> Iterator[None]:
    """Say of an error of the file system which place could not be read, or written."""
    try:
        yield
    except GanaugError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character
        reason = reason_of(error)
        place = os.fspath(getattr(error, "filename", None) or path)
        raise DataError(
            f"{place!r} cannot be {what} ({reason}); check the spelling, and that it is open to you."
        ) from error


def _check_size(size: Any) -> None:
    sides = list(size) if isinstance(size, tuple | list) else []
    right = len(sides) == 2 and all(type(side) is int and MIN_SIDE <= side <= MAX_SIDE for side in sides)
    if size is not None and not right:
        raise ParameterError(
            f"The 'size' parameter must be (height, width), two whole numbers from {MIN_SIDE} to {MAX_SIDE}. Got "
            f"{size!r} instead."
        )


def find_class_folders(root: Path) -> list[Path]:
    """Return the class folders in a folder, or raise DataError where there are fewer than two."""
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise DataError(f"{os.fspath(root)!r} {what}; give a folder that has one folder of images per class.")
    above = {root.resolve(), *root.resolve().parents}
    folders = [f for f in root.iterdir() if not f.name.startswith(".") and f.is_dir() and f.resolve() not in above]
    if len(folders) < 2:
        found = f"only the class folder {folders[0].name!r}" if folders else "no class folders"
        raise DataError(
            f"{os.fspath(root)!r} has {found}; put the images of each class into a folder of its own, such as "
            f"{os.fspath(root / 'cat' / '1.png')!r} and {os.fspath(root / 'dog' / '1.png')!r}."
        )
    for folder in folders:
        try:
            folder.name.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(f"The name of the class folder {folder.name!r} is not UTF-8; rename it.") from error
    check_overlap(sorted(folders, key=os.path.islink))
    return sorted(folders)


def find_image_files(folder: Path, links: list[Path]) -> list[Path]:
    """Return the image files in and below a folder; links to folders, which are left out, are added to `links`."""

    def refuse(error: OSError) -> None:
        raise error

    files = []
    for place, inner, names in os.walk(folder, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        links += filter(is_skipped_link, (Path(place, name) for name in inner))
        shown = sorted(name for name in names if not name.startswith("."))
        for file in (Path(place, name) for name in shown if name.lower().endswith(OTHER_EXTENSIONS)):
            raise DataError(
                f"{os.fspath(file)!r} is of a kind that is not read ({', '.join(EXTENSIONS)} are); save it as PNG, or "
                "remove it."
            )
        files += [Path(place, name) for name in shown if name.lower().endswith(EXTENSIONS)]
    return sorted(files)


def read_labels(root: Path) -> dict[str, str]:
    """Return the labels of folders that are called otherwise."""
    file = root / NAMES_FILE
    if not file.is_file():
        return {}
    with file.open("rb") as stream:
        data = stream.read(_MAX_NAMES_BYTES + 1)
    try:
        names = json.loads(data) if len(data) <= _MAX_NAMES_BYTES else None
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, dict):
        raise DataError(f"{os.fspath(file)!r} is not a JSON object of folder names and labels; mend or remove it.")
    return {folder: label for folder, label in names.items() if isinstance(label, str)}


def _read_images(files: list[Path], size: tuple[int, int] | None) -> Array:
    images: list[Array] = []
    for file in files:
        image = read_picture(file, size)
        images.append(image)
        if image.shape[:2] != images[0].shape[:2]:
            sides = [f"{i.shape[0]} x {i.shape[1]}" for i in (images[0], image)]
            raise DataError(
                f"{os.fspath(files[0])!r} has {sides[0]} pixels and {os.fspath(file)!r} has {sides[1]}; resize all to "
                "one size (read_image_folder(size=(h, w)); ganaug train --size)."
            )
        if image.dtype != images[0].dtype:
            raise DataError(
                f"{os.fspath(files[0])!r} has pixels of {images[0].dtype} and {os.fspath(file)!r} of {image.dtype}; "
                "save all alike, such as all with 8 bits, or all with 16."
            )
    channels = max(1 if image.ndim == 2 else image.shape[2] for image in images)
    return np.stack([_match_channels(image, channels) for image in images])


def _match_channels(image: Array, channels: int) -> Array:
    """Convert grey to RGB, and RGB to opaque RGBA, to match the number of channels."""
    if image.ndim == 2 and channels > 1:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim == 3 and image.shape[2] < channels:
        image = np.concatenate([image, np.full_like(image[:, :, :1], np.iinfo(image.dtype).max)], axis=2)
    return image


def check_overlap(folders: Iterable[Path]) -> None:
    """Raise DataError if a class folder lies in another, such as by a link; its images would have two classes."""
    places = {folder: folder.resolve() for folder in folders}
    owners: dict[Path, Path] = {}
    for folder, place in places.items():
        if place in owners:
            _refuse_overlap(owners[place], folder)
        owners[place] = folder
    for folder, place in places.items():
        for above in place.parents:
            if above in owners:
                _refuse_overlap(owners[above], folder)


def _refuse_overlap(one: Path, other: Path) -> None:
    raise DataError(
        f"The images of the class folder {os.fspath(other)!r} are also those of {os.fspath(one)!r}; remove the link."
    )


def is_skipped_link(link: Path) -> bool:
    """Return whether a folder inside a class folder is a link to a folder that does not contain it."""
    return link.is_symlink() and not link.parent.resolve().is_relative_to(link.resolve())


def warn_skipped(root: Path, folders: Sequence[Path], links: Sequence[Path], named: Iterable[str]) -> None:
    """Warn about skipped files, links and labels, with their number.

    Parameters
    ----------
    root : Path
        The folder.
    folders : sequence of Path
        The class folders.
    links : sequence of Path
        Skipped links inside the class folders, see `is_skipped_link`.
    named : iterable of str
        Names of folders with a label in ``classes.json``.
    """
    known, beside = {folder.name for folder in folders}, sorted(root.iterdir())
    images = (*EXTENSIONS, *OTHER_EXTENSIONS)
    loose = [f for f in beside if f.name.lower().endswith(images) and not f.name.startswith(".") and f.is_file()]
    dotted = [folder for folder in beside if folder.name.startswith("..") and folder.is_dir()]
    absent = [name for name in named if name not in known]  # any text: not necessarily a path
    for what, places, cure in (
        ("images beside the class folders", loose, "move each into the folder of its class"),
        ("folders that are taken for hidden, as their names begin with a dot", dotted, "rename those that are classes"),
        ("links to folders inside a class folder", links, "copy the images there in place of the link"),
        ("labels in classes.json of folders that are not there", absent, "mend that file"),
    ):
        if places:
            first = places[0] if isinstance(places[0], str) else os.fspath(places[0].relative_to(root))
            text = f"Left out of {os.fspath(root)!r}: {what} ({len(places)}, such as {first[:100]!r}); {cure}."
            warnings.warn(text, DataWarning, stacklevel=3)
