"""What a folder of class folders holds that is not read: said aloud, because nobody would look for it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import DataError, DataWarning
from .picture import EXTENSIONS, OTHER_EXTENSIONS


def refuse_twice(folders: Iterable[Path]) -> None:
    """Raise DataError where a class folder lies in another one, as by a link: its images would be of two classes."""
    places = {folder: folder.resolve() for folder in folders}
    owners: dict[Path, Path] = {}
    for folder, place in places.items():
        if place in owners:
            _refuse(owners[place], folder)
        owners[place] = folder
    for folder, place in places.items():
        for above in place.parents:
            if above in owners:
                _refuse(owners[above], folder)


def _refuse(one: Path, other: Path) -> None:
    raise DataError(
        f"The images of the class folder {os.fspath(other)!r} are also those of {os.fspath(one)!r}; remove the link."
    )


def is_left_out(link: Path) -> bool:
    """Tell whether a folder inside a class folder is a link to another place, and not to one around itself."""
    return link.is_symlink() and not link.parent.resolve().is_relative_to(link.resolve())


def warn_of_left_out(root: Path, folders: Sequence[Path], links: Sequence[Path], named: Iterable[str]) -> None:
    """Warn of what was not read, with how much it is.

    Parameters
    ----------
    root : Path
        The folder.
    folders : sequence of Path
        Its class folders.
    links : sequence of Path
        Folders inside those for which `is_left_out`.
    named : iterable of str
        Folders for which ``classes.json`` has a label.
    """
    known, beside = {folder.name for folder in folders}, sorted(root.iterdir())
    images = (*EXTENSIONS, *OTHER_EXTENSIONS)
    loose = [f for f in beside if f.name.lower().endswith(images) and not f.name.startswith(".") and f.is_file()]
    dotted = [folder for folder in beside if folder.name.startswith("..") and folder.is_dir()]
    absent = [name for name in named if name not in known]  # whatever that is: it need not be a path
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
