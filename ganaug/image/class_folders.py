"""Find the class folders in a folder of images, and say what to do where there are none."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..errors import DataError
from ..messages import join_names
from .label_files import find_label_files
from .parts import are_flat_parts
from .picture import EXTENSIONS
from .tree import find_nested, holds_images, list_folders, refuse_masks, walk_images

_COUNTER = re.compile(r"[\W_]*\d.*")  # what is left of a file name before it is a class, or the word for any image


def find_class_folders(root: Path, whole: Path) -> list[Path]:
    """Return the class folders in a folder, or raise DataError where there are fewer than two."""
    folders = list_folders(root)
    refuse_masks(root, folders)
    holding = [folder for folder in folders if holds_images(folder)] if len(folders) < 10 else folders
    inner = find_nested(holding[0]) if len(holding) == 1 else None
    if inner is not None:
        names = join_names([folder.name for folder in list_folders(inner)], 3)
        raise DataError(
            f"{os.fspath(root)!r} has images in one folder only, {holding[0].name!r}, and the classes seem to lie "
            f"below ({names}); give {os.fspath(inner)!r}."
        )
    if are_flat_parts(folders):
        names = join_names([folder.name for folder in folders], 3)
        raise DataError(f"{os.fspath(root)!r} has parts ({names}) and no class folders; {_suggest_labels(root, whole)}")
    if len(folders) < 2:
        found = f"only the class folder {folders[0].name!r}" if folders else "no class folders"
        raise DataError(f"{os.fspath(root)!r} has {found}; {_suggest_labels(root, whole)}")
    for folder in folders:
        try:
            folder.name.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(f"The name of the class folder {folder.name!r} is not UTF-8; rename it.") from error
    check_overlap(sorted(folders, key=os.path.islink))
    return folders


def describe_content(folder: Path) -> str:
    """Return in words that a folder has no image files, and which files it has."""
    others = sorted(file.name for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    held = f", but files of other kinds, such as {others[0]!r}" if others else ""
    return f"no image files ({', '.join(EXTENSIONS)}){held}"


def _suggest_labels(root: Path, whole: Path) -> str:
    """Return the cure for a folder without class folders."""
    files = walk_images(root).files
    examples = f"{os.fspath(root / 'cat' / '1.png')!r} and {os.fspath(root / 'dog' / '1.png')!r}"
    if near := find_label_files([root, whole, whole.resolve().parent], files):
        return (
            f"{os.fspath(near[0])!r} names its images: if it holds their labels, give it as labels= (--labels). Or put "
            f"the images of each class into a folder of its own, such as {examples}."
        )
    first = Counter(word for file in files if (word := _COUNTER.sub("", file.stem)))
    if 1 < len(first) <= len(files) / 2:
        seen = join_names(list(first.items()), 5, lambda one: f"{one[0]!r} {one[1]:,}")
        return (
            f"the names of its images seem to begin with the class ({seen}): move those of each class into a folder of "
            f"its own, such as {examples}, or give the labels of all files as labels= (--labels)."
        )
    return (
        f"put the images of each class into a folder of its own, such as {examples}, or give a CSV or JSON file of "
        "their labels as labels= (--labels)."
    )


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
