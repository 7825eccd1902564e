"""Write images as a folder that has one folder of image files per class."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import DataError
from ..files.atomic import replacing
from .depth import choose_suffix, write_picture
from .listing import NAMES_FILE, explain_errors
from .names import FolderNames
from .painting import Painter
from .samples import take_apart

Array = NDArray[Any]


def write_image_folder(
    X: Any,
    y: Any,
    path: str | os.PathLike[str],
    *,
    value_range: tuple[float, float] | str | None = None,
    channel_axis: int | str | None = "auto",
    synthetic: bool = False,
    overwrite: bool = False,
) -> int:
    """Write images as files, ``<class>/<class>_000001.png`` and so on.

    A class whose name would be no safe name of a folder gets another one; ``classes.json`` then says which folders
    stand for which labels, and `read_image_folder` gives the labels back.

    Parameters
    ----------
    X : array, tensor or list of n images, or iterable of (X, y)
        Images as `GANAugmenter.sample` returns them or `GANAugmenter.fit` takes them. If `y` is None, pairs of images
        and labels such as `GANAugmenter.sample_chunks` yields; only one of them is in memory at a time. Images are
        grey, RGB or RGBA for 1, 3 or 4 channels; of any other number the first channel is written, as grey.
    y : array-like of shape (n,), or None
        Labels.
    path : str or path-like
        The folder, which is made if it is not there. Nothing outside it is written.
    value_range : (low, high), "keep" or None, default=None
        How values become those of files.

        * A pair: the values of black and white, in PNG files of 8 bits. ``(0, 255)`` leaves whole numbers as they are,
          and so does ``(0, 65535)``, with 16 bits.
        * "keep": values stay as they are, in the depth of their dtype: PNG for uint8 and uint16; TIFF for other whole
          numbers and for floats, of int16, int32 or float32, which hold no colours.
        * None: floats in [0, 1] or [-1, 1], and whole numbers of which the largest is 1, are black and white at the
          ends of that range, with 8 bits. Other whole numbers from 0 to 255 (uint16: to 65535) stay as they are in PNG
          files, and all others as for "keep". The first images decide.
    channel_axis : {"auto", 1, -1, None}, default="auto"
        Where the channels are; see `GANAugmenter`.
    synthetic : bool, default=False
        Whether the files are marked as made by ganaug, as ``ganaug sample`` does; `GANAugmenter.fit` and `gain_report`
        then never take them for real ones.
    overwrite : bool, default=False
        Whether the folder may hold files already. Those of the form above are replaced or removed, no others.

    Returns
    -------
    int
        Number of files written.

    Raises
    ------
    DataError
        The folder holds files already or cannot be written, a class folder in it is a link, images and labels differ in
        number, images differ in size, dtype or range, or no file holds such values or colours.
    ParameterError
        `value_range` or `channel_axis` is not one of these.

    See Also
    --------
    read_image_folder : Read the images again.
    augment_image_folder : Copy a folder of real images and add synthetic ones.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_digits
    >>> from ganaug import read_image_folder, write_image_folder
    >>> digits = load_digits()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_image_folder(digits.images / 16, digits.target, folder)
    ...     X, y = read_image_folder(folder)
    1797
    >>> X.shape, X.dtype, y[:3].tolist()
    ((1797, 8, 8), dtype('uint8'), ['0', '0', '0'])
    """
    root = Path(path)
    names, counts, suffix = FolderNames(), dict[str, int](), ""
    with explain_errors(root, "written"):
        prepare_folder(root, overwrite)
    for picture, label in label_pictures(X, y, value_range, channel_axis):
        name = names.assign(label)
        counts[name] = counts.get(name, 0) + 1
        suffix = choose_suffix(picture)
        with explain_errors(root, "written"):
            write_picture(picture, make_place(root, name, counts[name], suffix), synthetic)
    with explain_errors(root, "written"):
        remove_files(root, counts, suffix)
        write_names(root, names.changed)
    return sum(counts.values())


def prepare_folder(root: Path, overwrite: bool) -> None:
    """Make a folder, or raise DataError where it holds files that must not be replaced."""
    if root.exists() and not root.is_dir():
        raise DataError(f"{os.fspath(root)!r} is a file; name a folder.")
    root.mkdir(parents=True, exist_ok=True)
    if not overwrite and any(root.iterdir()):
        raise DataError(
            f"{os.fspath(root)!r} holds files already; choose another folder, or replace with overwrite=True (--force)."
        )


def label_pictures(
    X: Any,
    y: Any,
    value_range: tuple[float, float] | str | None,
    channel_axis: int | str | None,
    beside: str | None = None,
) -> Iterator[tuple[Array, str]]:
    """Yield each image as a picture that a file can hold, with its label.

    Parameters
    ----------
    X, y, value_range, channel_axis
        See `write_image_folder`.
    beside : str or None
        Dtype of the files beside which these come; without a `value_range`, images of that dtype stay as they are.
    """
    painter: Painter | None = None
    for images, labels in X if y is None else [(X, y)]:
        labels = labels.tolist() if hasattr(labels, "tolist") else list(labels)
        if not len(images) and not labels:
            continue
        images, _ = take_apart(images, labels)
        painter = painter or Painter.choose(images, value_range, channel_axis, beside)
        yield from zip(painter.paint(images), map(str, labels), strict=True)


def make_place(root: Path, name: str, number: int, suffix: str) -> Path:
    """Make the folder of a class, and return the path of one of its images, the first being number 1.

    Raises
    ------
    DataError
        The folder is a link.
    """
    folder = root / name
    if folder.is_symlink():
        raise DataError(f"{os.fspath(folder)!r} is a link to another place; remove it, or choose another folder.")
    folder.mkdir(exist_ok=True)
    return folder / f"{name}_{number:06d}{suffix}"


def remove_files(root: Path, counts: dict[str, int], suffix: str) -> None:
    """Remove images that an earlier call wrote, but for the first of each class, as many as `counts` says."""
    for folder in root.iterdir():
        if folder.is_symlink() or not folder.is_dir():
            continue
        last = counts.get(folder.name, 0)
        stale = [file for file, number in _number_files(folder) if number > last or file.suffix != suffix]
        for file in stale:
            file.unlink()
        if stale and not any(folder.iterdir()):
            folder.rmdir()


def list_numbers(folder: Path, suffix: str) -> list[int]:
    """Return the numbers of the images in the folder of a class, in any order; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return [number for file, number in _number_files(folder) if file.suffix == suffix]


def _number_files(folder: Path) -> list[tuple[Path, int]]:
    """Return the images in the folder of a class that have a name of `make_place`, and their numbers."""
    form = re.compile(re.escape(folder.name) + r"_([0-9]{6,})(\.png|\.tif)")
    found = ((file, form.fullmatch(file.name)) for file in folder.iterdir())
    return [(file, int(match[1])) for file, match in found if match]


def write_names(root: Path, changed: dict[str, str]) -> None:
    """Write the labels of folders that are called otherwise, and remove the file of an earlier call."""
    file = root / NAMES_FILE
    if changed:
        with replacing(file) as place:
            place.write(json.dumps(changed, indent=2).encode())
    elif file.is_file() or file.is_symlink():
        file.unlink()
