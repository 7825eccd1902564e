"""List the files of an image folder, and copy it with synthetic images added."""

from __future__ import annotations

import contextlib
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, DataWarning
from ..files.atomic import replacing
from .depth import choose_suffix, write_picture
from .listing import NAMES_FILE, Choice, ImageSet, Labels, explain_errors, find_images
from .names import FolderNames
from .origin import has_synthetic_name, is_synthetic, name_synthetic
from .picture import DamagedImage, read_picture
from .pixels import MIN_SIDE
from .png import label_pictures, prepare_folder, write_names
from .tree import walk_images

PathLike = str | os.PathLike[str]

_SMALL = (MIN_SIDE, MIN_SIDE)  # pixels, of a file of which the dtype counts


def list_image_folder(
    path: PathLike,
    *,
    split: str | None = None,
    labels: Labels = None,
    file_column: str | None = None,
    label_column: str | None = None,
    real_only: bool = False,
) -> dict[str, list[Path]]:
    """Return the image files of each class of a folder, without opening them.

    Parameters
    ----------
    path : str or path-like
        A folder that `read_image_folder` reads.
    split, labels, file_column, label_column, real_only
        As for `read_image_folder`.

    Returns
    -------
    dict of str to list of Path
        Files of each class, in the order in which `read_image_folder` reads them.

    Raises
    ------
    DataError
        There are fewer than two class folders, one has no images or is a link into another, or a file is of a kind that
        is not read; see `read_image_folder`.

    See Also
    --------
    read_image_folder : Read the images themselves.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_digits
    >>> from ganaug import list_image_folder, write_image_folder
    >>> digits = load_digits(n_class=2)
    >>> images = (digits.images * 15.9).astype("uint8")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_image_folder(images[:5], digits.target[:5], folder)
    ...     {label: [file.name for file in files] for label, files in list_image_folder(folder).items()}
    {'0': ['0_000001.png', '0_000002.png', '0_000003.png'], '1': ['1_000001.png', '1_000002.png']}
    """
    found = find_images(path, Choice(split, labels, file_column, label_column, real_only))
    for note in found.notes:
        warnings.warn(note, DataWarning, stacklevel=2)
    files: dict[str, list[Path]] = {}
    for file, label in zip(found.files, found.labels, strict=True):
        files.setdefault(label, []).append(file)
    return files


def augment_image_folder(  # noqa: PLR0913 - the options of `read_image_folder` and of `write_image_folder`
    path: PathLike,
    X: Any,
    y: Any,
    output: PathLike,
    *,
    split: str | None = None,
    labels: Labels = None,
    file_column: str | None = None,
    label_column: str | None = None,
    skip_damaged: bool = False,
    value_range: tuple[float, float] | str | None = None,
    channel_axis: int | str | None = "auto",
    overwrite: bool = False,
) -> int:
    """Copy an image folder and add synthetic images as ``<class>/synthetic_000001.png`` (or ``.tif``) and so on.

    Parameters
    ----------
    path : str or path-like
        A folder that `read_image_folder` reads. Its image files and ``classes.json`` are copied byte for byte, but for
        images that ganaug made. If it has several parts, such as ``train`` and ``test``, all are copied, and synthetic
        images are added to the one that is read.
    X, y, value_range, channel_axis
        Synthetic images and their labels, as for `write_image_folder`. Without a `value_range`, images of the dtype
        that the real files have stay as they are.
    output : str or path-like
        Where the copy goes; made if it is not there. Nothing outside it is written.
    split, labels, file_column, label_column
        As for `read_image_folder`. If `labels` are given, the copy has a folder for each class.
    skip_damaged : bool, default=False
        Whether to leave out files that cannot be read as an image; each is opened for that.
    overwrite : bool, default=False
        Whether `output` may hold files already. Synthetic images that an earlier call left there are removed.

    Returns
    -------
    int
        Number of synthetic images.

    Raises
    ------
    DataError
        A file cannot be read or written, the folders overlap, `output` holds files already or a link out of it, or a
        label is not a class of the folder.

    See Also
    --------
    write_image_folder : Write the synthetic images alone.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from ganaug import augment_image_folder, write_image_folder
    >>> digits = load_digits(n_class=2)
    >>> images = (digits.images * 15.9).astype("uint8")
    >>> with tempfile.TemporaryDirectory() as place:
    ...     real, both = Path(place, "real"), Path(place, "both")
    ...     _ = write_image_folder(images[:4], digits.target[:4], real)
    ...     _ = augment_image_folder(real, images[4:5], digits.target[4:5], both)
    ...     sorted(file.relative_to(both).as_posix() for file in both.rglob("*.png"))
    ['0/0_000001.png', '0/0_000002.png', '0/synthetic_000001.png', '1/1_000001.png', '1/1_000002.png']
    """
    root, out = Path(path), Path(output)
    found = find_images(root, Choice(split, labels, file_column, label_column, real_only=True))
    for note in found.notes:
        warnings.warn(note, DataWarning, stacklevel=2)
    homes, names = _find_homes(found)
    _refuse_overlap(root, out)
    with explain_errors(out, "written"):
        # 1. An output folder without synthetic images
        prepare_folder(out, overwrite)
        _remove_synthetic(out)

        # 2. The real images of all parts, and the labels of their folders
        for file, place in _list_copies(found, homes, skip_damaged):
            with file.open("rb") as source, replacing(_place(out, place), durable=False) as target:
                shutil.copyfileobj(source, target)
        if names.changed:
            write_names(out / found.part.relative_to(root), names.changed)

    # 3. The synthetic images, each in the first folder of its class
    counts = dict.fromkeys(homes, 0)
    beside = _find_dtype(found.files) if value_range is None else None
    for picture, label in label_pictures(X, y, value_range, channel_axis, beside):
        if label not in homes:
            raise DataError(f"{os.fspath(root)!r} has no class {label!r}; give labels of its classes.")
        counts[label] += 1
        with explain_errors(out, "written"):
            name = name_synthetic(counts[label], choose_suffix(picture))
            write_picture(picture, _place(out, homes[label] / name), synthetic=True)
    return sum(counts.values())


def _find_homes(found: ImageSet) -> tuple[dict[str, Path], FolderNames]:
    """Return the folder of each class in the copy, and the names that were made for them."""
    names = FolderNames()
    if found.homes is not None:
        return {label: folder.relative_to(found.root) for label, folder in found.homes.items()}, names
    base = found.part.relative_to(found.root)
    return {label: base / names.assign(label) for label in dict.fromkeys(found.labels)}, names


def _list_copies(found: ImageSet, homes: Mapping[str, Path], skip_damaged: bool) -> Iterator[tuple[Path, Path]]:
    """Yield each file to copy, and its place in the copy."""
    for file, label in zip(found.files, found.labels, strict=True):
        if skip_damaged and _is_damaged(file):
            continue
        inside = file.relative_to(found.part)
        yield file, file.relative_to(found.root) if found.homes is not None else homes[label] / inside
    if found.part != found.root:
        others = walk_images(found.root)
        for file in [*others.files, *others.strange]:
            if not file.is_relative_to(found.part) and not is_synthetic(file):
                yield file, file.relative_to(found.root)
    for place in dict.fromkeys([found.root, found.part]):
        if found.homes is not None and (place / NAMES_FILE).is_file():
            yield place / NAMES_FILE, (place / NAMES_FILE).relative_to(found.root)


def _is_damaged(file: Path) -> bool:
    return _find_dtype([file]) is None


def _find_dtype(files: Sequence[Path]) -> str | None:
    """Return the dtype of the first image that can be read; None if none can."""
    for file in files:
        with contextlib.suppress(DamagedImage):
            return str(read_picture(file, _SMALL).dtype.name)
    return None


def _refuse_overlap(root: Path, out: Path) -> None:
    source, target = root.resolve(), out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise DataError(f"{os.fspath(out)!r} overlaps with {os.fspath(root)!r}, which is read; choose another folder.")


def _remove_synthetic(out: Path) -> None:
    """Remove the synthetic images of an earlier call; links to other places are not followed."""
    for place, _, names in os.walk(out):
        for name in filter(has_synthetic_name, names):
            Path(place, name).unlink()


def _place(out: Path, name: Path) -> Path:
    """Return the path of a file in `out` and make the folders above it; refuse a link that leads out of `out`."""
    place = out / name
    if not place.parent.resolve().is_relative_to(out.resolve()):
        raise DataError(
            f"{os.fspath(place.parent)!r} leads to another place; remove that link, or choose another folder."
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
