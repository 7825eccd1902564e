"""Recognise the parts of a data set (train, val, test and their like), which are no classes, and choose one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from ..messages import join_names
from .tree import holds_images, list_folders
from .words import ROLES, TRAINING, split_words

WHOLE = "."
"""The `split` by which the folders of a folder are taken for classes, whatever their names."""

_FOLDS = {"fold", "split", "part", "shard", "chunk", "batch"}
_FILLERS = {"set", "sets", "data", "dataset", "images", "image", "imgs", "img", "samples", "folder", "split", "part"}
_GLUED = re.compile(r"(.+?)(?:set|data|dataset|images|imgs|img|集)")


def choose_part(root: Path, split: str | None, labelled: bool = False) -> tuple[Path, list[Path]]:
    """Return the folder whose folders are classes, and the folders beside it.

    Parameters
    ----------
    root : Path
        The folder of a data set.
    split : str or None
        Name of a part, or what it is for ("val" finds "validation"); "." takes `root` itself. None takes the training
        part where the folders are such parts, else `root` itself.
    labelled : bool
        Whether labels come from elsewhere, so that parts without a training part may be read together.

    Returns
    -------
    part : Path
        `root`, or the folder of the part.
    others : list of Path
        The folders beside the part; empty if that is `root`.

    Raises
    ------
    DataError
        There is no such part, or there are parts of which none, or several, are for training.
    """
    if split == WHOLE:
        return root, []
    folders = list_folders(root)
    if split is not None:
        part = _find_named(root, folders, split)
    else:
        roles = find_roles(folders)
        if not roles or (labelled and TRAINING not in roles.values()):
            return root, []
        part = _find_training(root, roles)
    return part, [folder for folder in folders if folder != part]


def find_roles(folders: Sequence[Path]) -> dict[Path, str]:
    """Return what folders side by side are for, {} if they do not look like the parts of a data set.

    They do if names say so of all of them, or of a training part and another one that differ in nothing else: a folder
    'train' beside 'bus' and 'car' is a class.
    """
    named = {folder: found for folder in folders if (found := _find_role(folder.name)) is not None}
    by_rest: dict[tuple[str, ...], dict[Path, str]] = {}
    for folder, (role, rest) in named.items():
        by_rest.setdefault(rest, {})[folder] = role
    groups = [roles for roles in by_rest.values() if len(set(roles.values())) > 1 and TRAINING in roles.values()]
    if len(groups) == 1:
        return groups[0]
    roles = {folder: role for folder, (role, _) in named.items()}
    alone = len(folders) == 1 and () not in by_rest  # such as 'bullet_train'
    alike = len(by_rest) == 1 or len(set(roles.values())) > 1  # else such as 'bullet_train' and 'steam_train'
    if len(named) == len(folders) and alike and not alone:
        return roles
    folds = [f for f in folders if set(split_words(f.name)) & _FOLDS and re.search(r"\d", f.name)]
    if folds and len(folds) == len(folders) and all(len(list_folders(folder)) > 1 for folder in folds):
        return dict.fromkeys(folds, "fold")
    return {}


def are_flat_parts(folders: Sequence[Path]) -> bool:
    """Return whether folders are called parts of one set of images, such as 'images_part_1' and 'images_part_2'."""
    words = [set(split_words(folder.name)) for folder in folders]
    numbered = all(re.search(r"\d", folder.name) for folder in folders)
    return len(folders) > 1 and numbered and all(one & _FOLDS and one & (_FILLERS - _FOLDS) for one in words)


def refuse_parts_within(root: Path, folders: Sequence[Path]) -> None:
    """Raise DataError for class folders that hold parts, because images for tests would be learned from."""
    for folder in folders:
        roles = find_roles([inner for inner in list_folders(folder) if holds_images(inner)])
        if TRAINING in roles.values() and len(set(roles.values())) > 1:
            names = join_names(sorted(inner.name for inner in roles))
            first = next(inner.name for inner, role in roles.items() if role == TRAINING)
            raise DataError(
                f"The class folder {os.fspath(folder)!r} holds parts of a data set ({names}), and not all of them are "
                f"for training; put parts above classes, such as {os.fspath(root / first / folder.name)!r}, or say "
                "split='.' (--split .) to read all images of a class."
            )


def _find_role(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return what a folder is for by its name, and the other words in it."""
    words = [
        match[1] if (match := _GLUED.fullmatch(word)) and match[1] in ROLES else word for word in split_words(name)
    ]
    telling = [word for word in words if word in ROLES]
    if len(telling) != 1:
        return None
    return ROLES[telling[0]], tuple(word for word in words if word not in _FILLERS and word not in telling)


def _find_training(root: Path, roles: Mapping[Path, str]) -> Path:
    training = [folder for folder, role in roles.items() if role == TRAINING]
    if len(training) == 1:
        return training[0]
    names = join_names([folder.name for folder in roles])
    which = (
        f"several are for training ({join_names([f.name for f in training])})" if training else "none is for training"
    )
    first = (training or list(roles))[0].name
    raise DataError(
        f"The folders of {os.fspath(root)!r} look like parts of a data set ({names}), of which {which}; name the one "
        f"to read, such as split={first!r} (--split {first}), or split='.' (--split .) if the folders are classes."
    )


def _find_named(root: Path, folders: Sequence[Path], split: str) -> Path:
    by_name = [folder for folder in folders if folder.name.casefold() == split.casefold()]
    wanted = _find_role(split)
    by_role = [folder for folder in folders if wanted is not None and _find_role(folder.name) == wanted]
    found = [folder for folder in by_name if folder.name == split] or by_name or by_role
    if len(found) == 1:
        return found[0]
    cure = f"name one of {join_names([folder.name for folder in folders])}" if folders else "leave it out"
    what = "has no part" if not found else "has several parts"
    raise DataError(f"{os.fspath(root)!r} {what} {split!r}; {cure}.")
