"""List the files of an image folder, and copy it with synthetic images added."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files.atomic import replacing
from .depth import choose_suffix, write_picture
from .folders import NAMES_FILE, explain_errors, find_class_folders, find_image_files, read_labels
from .picture import read_picture
from .png import label_pictures, prepare_folder

PathLike = str | os.PathLike[str]

_SMALL = (8, 8)  # pixels, of a file of which the dtype counts
_SYNTHETIC = re.compile(r"synthetic_[0-9]{6,}\.(png|tif)")


def list_image_folder(path: PathLike) -> dict[str, list[Path]]:
    """Return the image files of each class of a folder, without opening them.

    Parameters
    ----------
    path : str or path-like
        A folder that `read_image_folder` reads.

    Returns
    -------
    dict of str to list of Path
        Files of each class, in the order in which `read_image_folder` reads them.

    Raises
    ------
    DataError
        There are fewer than two class folders, or one is a link into another.

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
    root = Path(path)
    files: dict[str, list[Path]] = {}
    with explain_errors(root, "read"):
        labels = read_labels(root)
        for folder in find_class_folders(root):
            files.setdefault(labels.get(folder.name, folder.name), []).extend(find_image_files(folder, []))
    return files


def augment_image_folder(
    path: PathLike,
    X: Any,
    y: Any,
    output: PathLike,
    *,
    value_range: tuple[float, float] | str | None = None,
    channel_axis: int | str | None = "auto",
    overwrite: bool = False,
) -> int:
    """Copy an image folder and add synthetic images as ``<class>/synthetic_000001.png`` and so on.

    Parameters
    ----------
    path : str or path-like
        A folder that `read_image_folder` reads. Its image files and ``classes.json`` are copied byte for byte.
    X, y, value_range, channel_axis
        Synthetic images and their labels, as for `write_image_folder`. Without a `value_range`, images of the dtype
        that the real files have stay as they are.
    output : str or path-like
        Where the copy goes; made if it is not there. Nothing outside it is written.
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
    files = list_image_folder(root)
    _refuse_overlap(root, out)
    with explain_errors(out, "written"):
        # 1. An output folder without synthetic images
        prepare_folder(out, overwrite)
        _remove_synthetic(out)

        # 2. The real images, and the labels of their folders
        real = [file for of_class in files.values() for file in of_class]
        for file in [*real, *root.glob(NAMES_FILE)]:
            with file.open("rb") as source, replacing(_place(out, file.relative_to(root)), durable=False) as target:
                shutil.copyfileobj(source, target)

    # 3. The synthetic images, each in the first folder of its class
    homes = {label: of_class[0].relative_to(root).parts[0] for label, of_class in files.items() if of_class}
    counts = dict.fromkeys(homes, 0)
    beside = read_picture(real[0], _SMALL).dtype.name if real and value_range is None else None
    for picture, label in label_pictures(X, y, value_range, channel_axis, beside):
        if label not in homes:
            raise DataError(f"{os.fspath(root)!r} has no class {label!r}; give labels of its classes.")
        counts[label] += 1
        with explain_errors(out, "written"):
            name = f"synthetic_{counts[label]:06d}{choose_suffix(picture)}"
            write_picture(picture, _place(out, Path(homes[label], name)))
    return sum(counts.values())


def _refuse_overlap(root: Path, out: Path) -> None:
    source, target = root.resolve(), out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise DataError(f"{os.fspath(out)!r} overlaps with {os.fspath(root)!r}, which is read; choose another folder.")


def _remove_synthetic(out: Path) -> None:
    """Remove the synthetic images of an earlier call; links to other places are not followed."""
    for folder in out.iterdir():
        if folder.is_symlink() or not folder.is_dir():
            continue
        for file in folder.iterdir():
            if _SYNTHETIC.fullmatch(file.name):
                file.unlink()


def _place(out: Path, name: Path) -> Path:
    """Return the path of a file in `out` and make the folders above it; refuse a link that leads out of `out`."""
    place = out / name
    if not place.parent.resolve().is_relative_to(out.resolve()):
        raise DataError(
            f"{os.fspath(place.parent)!r} leads to another place; remove that link, or choose another folder."
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
