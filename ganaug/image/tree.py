"""Walk a tree of image files, and leave out what is none of the user's images: thumbnails, systems' folders, masks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError
from ..messages import join_names
from .picture import EXTENSIONS, OTHER_EXTENSIONS, is_image_file
from .words import IMAGES, MASKS, ROLES, split_words

_IGNORED = {
    *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot"),  # network drives
    *("thumbnails", "thumbnail", ".thumbnails", "_thumbnails", "_vti_cnf"),
    *("__macosx", ".trash", ".trashes", ".appledouble", "network trash folder", "temporary items"),
    *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000"),
    *("lost+found", "__pycache__"),
}
"""Folders, in small letters, that systems and programs make beside images; what they hold are copies or waste."""

_MASK_FILE = re.compile(r"(.+?)[ _.-](?:mask|masks|seg|segmentation|gt|label|labels|annotation)(?:[ _.-]?\d+)?", re.I)


@dataclass
class Walk:
    """What was found in a folder and those below it.

    Attributes
    ----------
    files : list of Path
        Image files of kinds that are read, in order.
    strange : list of Path
        Image files of kinds that are not read.
    links : list of Path
        Links to folders, which are left out.
    ignored : list of Path
        Folders of thumbnails and of systems, which are left out.
    masks : list of Path
        Folders and files that belong to other images, which are left out.
    """

    files: list[Path] = field(default_factory=list)
    strange: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)


def list_folders(root: Path) -> list[Path]:
    """Return the folders in a folder that may hold images: neither hidden, nor a system's, nor a way back up."""
    above = {root.resolve(), *root.resolve().parents}
    found = (f for f in root.iterdir() if not f.name.startswith(".") and not is_ignored(f.name))
    return sorted(f for f in found if f.is_dir() and f.resolve() not in above)


def is_ignored(name: str) -> bool:
    """Return whether systems or programs make folders of this name beside images."""
    return name.lower() in _IGNORED or name.startswith(("@__", ".@__"))


def is_image_name(name: str) -> bool:
    """Return whether a file name is that of an image, be it of a kind that is read or not."""
    return not name.startswith(".") and name.lower().endswith((*EXTENSIONS, *OTHER_EXTENSIONS))


def holds_images(folder: Path) -> bool:
    """Return whether there is an image in or below a folder; it stops at the first one."""
    return any(any(map(is_image_name, names)) for _, _, names in os.walk(folder))


def walk_images(folder: Path) -> Walk:
    """Return the image files in and below a folder, and what is left out there."""

    def refuse(error: OSError) -> None:
        raise error

    walk = Walk()
    for place, inner, names in os.walk(folder, onerror=refuse):
        # Do not go into folders that are hidden, of a system, or of masks
        paths = [Path(place, name) for name in inner]
        masks = find_masks(paths)
        walk.ignored += (path for path in paths if is_ignored(path.name))
        walk.masks += masks
        inner[:] = [p.name for p in paths if not p.name.startswith(".") and not is_ignored(p.name) and p not in masks]
        walk.links += filter(is_skipped_link, (Path(place, name) for name in inner))

        # Keep the images, but for masks beside what they belong to
        shown = sorted(name for name in names if is_image_name(name))
        stems = {Path(name).stem for name in shown}
        for name in shown:
            match = _MASK_FILE.fullmatch(Path(name).stem)
            if match and match[1] in stems:
                walk.masks.append(Path(place, name))
            else:
                (walk.files if is_image_file(name) else walk.strange).append(Path(place, name))
    walk.files.sort()
    walk.ignored = [path for path in walk.ignored if holds_images(path)]
    walk.masks = [path for path in walk.masks if not path.is_dir() or holds_images(path)]
    return walk


def find_masks(folders: Sequence[Path]) -> list[Path]:
    """Return those of the folders side by side that hold masks, boxes or labels of the images in another one."""
    return _pair_masks(folders)[1]


def _pair_masks(folders: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the folders of images and those of their masks, none if there are not both."""
    words = {folder: frozenset(split_words(folder.name)) for folder in folders}
    masks = [folder for folder in folders if words[folder] & MASKS or {"ground", "truth"} <= words[folder]]
    of_parts = {words[folder] - MASKS for folder in masks if words[folder] & ROLES.keys()}  # 'train' of 'train_masks'
    images = [one for one in folders if one not in masks and (words[one] & IMAGES or words[one] in of_parts)]
    return (images, masks) if images else ([], [])


def refuse_masks(root: Path, folders: Sequence[Path]) -> None:
    """Raise DataError for folders of images beside folders of what belongs to them, which are no classes."""
    images, masks = _pair_masks(folders)
    if masks:
        raise DataError(
            f"{os.fspath(root)!r} looks like a data set of segmentation or detection: {images[0].name!r} stands beside "
            f"{join_names([folder.name for folder in masks])}, and neither is a class. ganaug learns images of which "
            f"each has one class: sort the images of {images[0].name!r} into a folder for each class, or name a file "
            "of their classes with labels= (--labels)."
        )


def is_skipped_link(link: Path) -> bool:
    """Return whether a folder inside a class folder is a link to a folder that does not contain it."""
    return link.is_symlink() and not link.parent.resolve().is_relative_to(link.resolve())


def find_nested(folder: Path) -> Path | None:
    """Return the folder in or below this one that has several folders with images, None if there is none."""
    while True:
        inner = [one for one in list_folders(folder) if holds_images(one)]
        if len(inner) != 1:
            return folder if inner else None
        folder = inner[0]


def list_ignored(root: Path) -> Iterator[Path]:
    """Yield the folders of systems and thumbnails with images that lie in a folder."""
    for folder in sorted(root.iterdir()):
        if is_ignored(folder.name) and folder.is_dir() and holds_images(folder):
            yield folder
