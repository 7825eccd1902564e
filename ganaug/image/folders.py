"""Read folders of image files: one folder for each class, or a file that lists the labels."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Generator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DataWarning, ParameterError
from ..messages import join_names
from ..params import check_params, choice, either, integer
from ..progress import track_items
from ..threads import iterate_in_threads
from .channels import count_channels, match_channels, tell_conversions
from .listing import Choice, ImageSet, Labels, find_images
from .picture import EXTENSIONS, DamagedImage, read_picture
from .pixels import MAX_SIDE, MIN_SIDE

Array = NDArray[Any]

_SHOWN = 10  # damaged files that are named
_NUMBER = re.compile(r"\d+")
_ASKED, _LARGE = 50, 2**15  # files whose sizes are looked at, and bytes of a large one
_RULES = {
    "real_only": choice(False, True),
    "skip_damaged": choice(False, True),
    "verbose": either(integer(0), choice(False, True)),
}


def read_image_folder(  # noqa: PLR0913 - each overrules one thing that is assumed of a folder
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    split: str | None = None,
    labels: Labels = None,
    file_column: str | None = None,
    label_column: str | None = None,
    real_only: bool = False,
    skip_damaged: bool = False,
    verbose: int = 0,
) -> tuple[Array, Array]:
    r"""Read a folder that has one subfolder of image files per class, like torchvision's ImageFolder.

    Parameters
    ----------
    path : str or path-like
        The folder. Each subfolder is a class; its image files (.jpg, .jpeg, .jpe, .jfif, .png, .gif, .bmp, .ppm, .pgm,
        .pbm, .pnm, .tif, .tiff, .webp, in any case) are read recursively. If the subfolders are the parts of a data
        set, such as ``train``, ``val`` and ``test``, the training part is read. Names that begin with a dot, folders of
        thumbnails and of systems (such as ``@eaDir`` and ``__MACOSX``), masks of other images, and other files are
        skipped. Links to files are followed; links to folders only if they are class folders.
    size : (int, int), optional
        Height and width in pixels to which images are resized, antialiased; the aspect ratio may change.
    split : str, optional
        The part to read: the name of a subfolder, or what it is for ("val" finds ``validation``). "." takes the
        subfolders for classes, whatever their names.
    labels : str, path-like, DataFrame, Series or mapping, optional
        Labels of the images, if there are no class folders: a CSV or Parquet file, or a frame, with a column of file
        names and one of labels (or one column of 0 and 1 for each class); a JSON file of ``{file: label}``, of a list
        of objects, or of ``{"labels": [[file, label], ...]}`` as for StyleGAN; or a mapping of file names to labels. A
        file is named by its path or the end of that, with or without the extension; where no file is called so but for
        ending or case, that one is taken, with a warning. Images without a label are left out.
    file_column, label_column : str, optional
        Columns of that file, if they cannot be told by what they hold.
    real_only : bool, default=False
        Whether to leave out the images that ganaug made (`augment_image_folder`, ``ganaug sample``), as
        `GANAugmenter.fit` and `gain_report` do with the path of a folder.
    skip_damaged : bool, default=False
        Whether to leave out files that cannot be read as an image; a DataWarning counts and names them.
    verbose : int >= 0, default=0
        1 shows progress on standard error if reading takes longer than some seconds.

    Returns
    -------
    X : ndarray of uint8, shape (n, h, w), (n, h, w, 3) or (n, h, w, 4)
        Images, grey if all files are, else RGB or, if one has transparency, RGBA. Files of 16 bits give uint16, signed
        ones int16 or int32, floats float32. They are sorted by class and file name, and rotated as their EXIF data
        say.
    y : ndarray of str, shape (n,)
        Names of the class folders, or their labels in the file ``classes.json`` of `write_image_folder`, or `labels`.

    Raises
    ------
    DataError
        There are fewer than two class folders, one is empty or a link into another, folders hold images and their
        masks, or several parts could be the one to read. Files are damaged, animated, in an unsupported format (such as
        HEIC, or PPM of 16 bits in colour) or larger than 4096 pixels a side; up to ten are named. Images differ in size
        or depth. `labels` cannot be read, or its columns cannot be told apart.
    ParameterError
        `size` is not two whole numbers from 8 to 256, or another parameter has an invalid value.

    Warns
    -----
    DataWarning
        Grey images lie beside coloured ones. One part of several was taken, or the column of labels was guessed. Images
        beside the class folders, thumbnails, masks, links to folders, damaged files or images that ganaug made were
        left out.

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

    Labels of images that lie in one folder:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i in range(4):
    ...         Image.new("L", (16, 12)).save(Path(folder, f"{i}.png"))
    ...     table = Path(folder, "labels.csv")
    ...     _ = table.write_text("image,label\n0,cat\n1,dog\n2,dog\n3,cat\n")
    ...     X, y = read_image_folder(folder, labels=table)
    >>> y.tolist()
    ['cat', 'cat', 'dog', 'dog']
    """
    _check_size(size)
    given = {"real_only": real_only, "skip_damaged": skip_damaged, "verbose": verbose}
    check_params("read_image_folder", given, _RULES)
    found = find_images(path, Choice(split, labels, file_column, label_column, real_only))
    for note in found.notes:
        warnings.warn(note, DataWarning, stacklevel=2)
    X, kept = _read_images(found, size, skip_damaged, verbose)
    names = [found.labels[i] for i in kept]
    ends_in_nul = any(name.endswith("\0") for name in set(names))  # which an array of text would cut off
    return X, np.array(names, dtype=object if ends_in_nul else str)


def _check_size(size: Any) -> None:
    sides = list(size) if isinstance(size, tuple | list) else []
    right = len(sides) == 2 and all(type(side) is int and MIN_SIDE <= side <= MAX_SIDE for side in sides)
    if size is not None and not right:
        raise ParameterError(
            f"The 'size' parameter must be (height, width), two whole numbers from {MIN_SIDE} to {MAX_SIDE}. Got "
            f"{size!r} instead."
        )


def _read_images(
    found: ImageSet, size: tuple[int, int] | None, skip_damaged: bool, verbose: int
) -> tuple[Array, list[int]]:
    """Return the images that can be read, and the position of each among the files."""
    images: list[Array] = []
    kept: list[int] = []
    damaged = {file: _explain_kind() for file in found.strange}
    with contextlib.closing(_iterate_images(found.files, size)) as reading:
        tracked = track_items(reading, len(found.files), "reading images", verbose, patience=True)
        for position, image in enumerate(tracked):
            file = found.files[position]
            if isinstance(image, str):
                damaged[file] = image
                continue
            _check_same(image, file, images, found.files[kept[0]] if kept else file)
            images.append(image)
            kept.append(position)
    if damaged:
        _report_damaged(found, damaged, skip_damaged)
    _check_classes_left(found, kept)
    counts = [count_channels(image) for image in images]
    tell_conversions(counts, [found.labels[position] for position in kept], repr(os.fspath(found.root)), stacklevel=3)
    most = max(counts)
    return np.stack([match_channels(image, most) for image in images]), kept


def _iterate_images(files: Sequence[Path], size: tuple[int, int] | None) -> Generator[Array | str, None, None]:
    """Yield each image, or why its file is damaged, in order; of large files, several are decoded at a time."""
    some = files[:: max(1, len(files) // _ASKED)]
    if sum(file.stat().st_size for file in some if file.is_file()) >= _LARGE * len(some):
        yield from iterate_in_threads(partial(_try_reading, size=size), files)
    else:  # threads would wait for each other in Python
        yield from (_try_reading(file, size) for file in files)


def _try_reading(file: Path, size: tuple[int, int] | None) -> Array | str:
    """Return an image, or why its file is damaged."""
    try:
        return read_picture(file, size)
    except DamagedImage as error:
        return error.reason


def _explain_kind() -> str:
    return f"is of a kind that is not read ({', '.join(EXTENSIONS)} are); save it as PNG, or remove it"


def _check_same(image: Array, file: Path, images: Sequence[Array], first: Path) -> None:
    """Raise DataError for an image of another size or depth than the first."""
    if not images:
        return
    if image.shape[:2] != images[0].shape[:2]:
        sides = [f"{i.shape[0]} x {i.shape[1]}" for i in (images[0], image)]
        raise DataError(
            f"{os.fspath(first)!r} has {sides[0]} pixels and {os.fspath(file)!r} has {sides[1]}; resize all to one "
            "size (read_image_folder(size=(h, w)); ganaug train --size)."
        )
    if image.dtype != images[0].dtype:
        raise DataError(
            f"{os.fspath(first)!r} has pixels of {images[0].dtype} and {os.fspath(file)!r} of {image.dtype}; save all "
            "alike, such as all with 8 bits, or all with 16."
        )


def _report_damaged(found: ImageSet, damaged: dict[Path, str], skip: bool) -> None:
    """Raise DataError that names damaged files, or warn of them where they are left out."""
    n, total = len(damaged), len(found.files) + len(found.strange)
    if n == 1 and not skip:
        file, reason = next(iter(damaged.items()))
        raise DataError(f"{os.fspath(file)!r} {reason} (or leave it out: skip_damaged=True, --skip-damaged).")
    listed = ";\n".join(_list_damaged(damaged)) + "."
    if skip:
        text = f"Left out of {os.fspath(found.root)!r}: damaged files ({n:,} of {total:,}):\n{listed}"
        warnings.warn(text, DataWarning, stacklevel=4)
        return
    raise DataError(
        f"{n:,} of {total:,} image files cannot be used; replace or remove them, or leave them out "
        f"(skip_damaged=True; --skip-damaged):\n{listed}"
    )


def _list_damaged(damaged: dict[Path, str]) -> list[str]:
    """Return a line for each reason, with the files it holds for; some ten files are named, and all are counted."""
    alike: dict[str, list[str]] = {}
    for file, reason in sorted(damaged.items()):
        alike.setdefault(_NUMBER.sub("", reason.split(";")[0]), []).append(os.fspath(file))
    most = max(1, _SHOWN // len(alike) - 1)
    lines = [
        f"{files[0]!r} {damaged[Path(files[0])].split(';')[0]}"
        + (f", likewise {join_names(files[1:], most)}" if len(files) > 1 else "")
        for files in islice(alike.values(), _SHOWN)
    ]
    left = sum(map(len, islice(alike.values(), _SHOWN, None)))
    return [*lines, *([f"and {left:,} more"] if left else [])]


def _check_classes_left(found: ImageSet, kept: Sequence[int]) -> None:
    left = {found.labels[position] for position in kept}
    for label in dict.fromkeys([*(found.homes or ()), *found.labels]):
        if label not in left:
            raise DataError(
                f"No image of class {label!r} in {os.fspath(found.root)!r} can be read; replace its files, or remove "
                "the class."
            )
