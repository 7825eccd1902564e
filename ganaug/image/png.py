"""Write images as a folder that has one folder of image files per class."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import DataError, ParameterError
from ..files.atomic import replacing
from .encoder import pictures
from .listing import NAMES_FILE, explain_errors
from .names import FolderNames
from .origin import make_mark
from .pixels import ImageFormat, allowed_ranges
from .samples import take_apart

Array = NDArray[Any]


def write_image_folder(
    X: Any,
    y: Any,
    path: str | os.PathLike[str],
    *,
    value_range: tuple[int, int] | None = None,
    channel_axis: int | str | None = "auto",
    synthetic: bool = False,
    overwrite: bool = False,
) -> int:
    """Write images as PNG files, ``<class>/<class>_000001.png`` and so on.

    A class whose name would be no safe name of a folder gets another one; ``classes.json`` then says which folders
    stand for which labels, and `read_image_folder` gives the labels back.

    Parameters
    ----------
    X : array, tensor or list of n images, or iterable of (X, y)
        Images as `GANAugmenter.sample` returns them or `GANAugmenter.fit` takes them. If `y` is None, pairs of images
        and labels such as `GANAugmenter.sample_chunks` yields; only one of them is in memory at a time. Files have 8
        bits per pixel; grey images of uint16 have 16. Images are grey, RGB or RGBA for 1, 3 or 4 channels; of any other
        number the first channel is written, as grey.
    y : array-like of shape (n,), or None
        Labels.
    path : str or path-like
        The folder, which is made if it is not there. Nothing outside it is written.
    value_range : (int, int), default=None
        Values of black and white: (0, 255), (0, 65535), (0, 1) or (-1, 1); None infers them from dtype and values of
        the first images, as `GANAugmenter.fit` does.
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
        number, or images differ in size, dtype or range.
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
    names, counts = FolderNames(), dict[str, int]()
    with explain_errors(root, "written"):
        prepare_folder(root, overwrite)
    for picture, label in label_pictures(X, y, value_range, channel_axis):
        name = names.assign(label)
        counts[name] = counts.get(name, 0) + 1
        with explain_errors(root, "written"):
            write_png(picture, _file(root, name, counts[name]), synthetic)
    with explain_errors(root, "written"):
        _remove_others(root, counts)
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
    X: Any, y: Any, value_range: tuple[int, int] | None, channel_axis: int | str | None
) -> Iterator[tuple[Array, str]]:
    """Yield each image as a picture that a PNG file can hold, with its label; the arguments of `write_image_folder`."""
    form: ImageFormat | None = None
    for images, labels in X if y is None else [(X, y)]:
        labels = labels.tolist() if hasattr(labels, "tolist") else list(labels)
        if not len(images) and not labels:
            continue
        images, _ = take_apart(images, labels)
        form = form or _infer_form(images, value_range, channel_axis)
        array = form.validate(images)
        is_deep = form.high > 255 and form.channels == 1
        shown: Array = array.reshape(-1, form.height, form.width) if is_deep else pictures(form.encode(array))
        yield from zip(shown, map(str, labels), strict=True)


def _infer_form(images: Any, value_range: tuple[int, int] | None, channel_axis: int | str | None) -> ImageFormat:
    """Return the form of images, with the given values of black and white."""
    form = ImageFormat.infer(images, channel_axis)
    if value_range is None:
        return form
    allowed = allowed_ranges(form.dtype)
    if tuple(value_range) not in allowed:
        raise ParameterError(
            f"The 'value_range' parameter must be one of {', '.join(map(str, allowed))} for images of {form.dtype}. "
            f"Got {value_range!r} instead."
        )
    low, high = value_range
    return replace(form, low=low, high=high)


def _file(root: Path, name: str, number: int) -> Path:
    folder = root / name
    if folder.is_symlink():
        raise DataError(f"{os.fspath(folder)!r} is a link to another place; remove it, or choose another folder.")
    folder.mkdir(exist_ok=True)
    return folder / f"{name}_{number:06d}.png"


def write_png(picture: Array, file: Path, synthetic: bool = False) -> None:
    """Write one picture, whole or not at all; a synthetic one is marked as such."""
    from PIL import Image

    with replacing(file, durable=False) as place:
        Image.fromarray(picture).save(place, format="PNG", pnginfo=make_mark() if synthetic else None)


def _remove_others(root: Path, counts: dict[str, int]) -> None:
    """Remove what an earlier call wrote and this one did not, so that the folder holds one set of images."""
    for folder in root.iterdir():
        if folder.is_symlink() or not folder.is_dir():
            continue
        form = re.compile(re.escape(folder.name) + r"_([0-9]{6,})\.png")
        found = [(file, form.fullmatch(file.name)) for file in folder.iterdir()]
        stale = [file for file, match in found if match and int(match[1]) > counts.get(folder.name, 0)]
        for file in stale:
            file.unlink()
        if stale and not any(folder.iterdir()):
            folder.rmdir()


def write_names(root: Path, changed: dict[str, str]) -> None:
    """Write the labels of folders that are called otherwise, and remove the file of an earlier call."""
    file = root / NAMES_FILE
    if changed:
        with replacing(file) as place:
            place.write(json.dumps(changed, indent=2).encode())
    elif file.is_file() or file.is_symlink():
        file.unlink()
