"""List the image files of a folder and their labels, before any of them is opened."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..errors import DataError, GanaugError, ParameterError
from ..messages import join_names, reason_of
from .class_folders import describe_content, find_class_folders
from .label_files import (
    FileIndex,
    LabelFile,
    check_columns,
    choose_labels,
    read_label_file,
    spell_frame,
)
from .origin import is_synthetic
from .parts import choose_part, refuse_parts_within
from .tree import (
    Walk,
    find_masks,
    is_image_name,
    list_folders,
    list_ignored,
    walk_images,
)

NAMES_FILE = "classes.json"  # folder name -> label, where they differ
_MAX_NAMES_BYTES = 2**20

Labels = str | os.PathLike[str] | Mapping[str, object] | pd.DataFrame | pd.Series | None


@dataclass(frozen=True)
class Choice:
    """What a user says of a folder of images.

    Attributes
    ----------
    split : str or None
        The part to read.
    labels : path, frame, series, mapping or None
        File of the labels, or the labels themselves by file name; None where class folders tell them.
    file_column, label_column : str or None
        Columns of that file.
    real_only : bool
        Whether images that ganaug made are left out.
    """

    split: str | None = None
    labels: Labels = None
    file_column: str | None = None
    label_column: str | None = None
    real_only: bool = False

    def __post_init__(self) -> None:
        check_columns(self.labels, self.file_column, self.label_column)


@dataclass
class ImageSet:
    """The image files of a folder, and their labels.

    Attributes
    ----------
    root : Path
        The folder.
    part : Path
        The folder of the part that is read; `root` where there are no parts.
    files : list of Path
        Image files, class by class.
    labels : list of str
        The label of each file.
    strange : list of Path
        Image files of kinds that are not read.
    homes : dict of str to Path or None
        First class folder of each label; None where a file of labels gives them.
    notes : list of str
        What was guessed and what was left out, a sentence each.
    """

    root: Path
    part: Path
    files: list[Path] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    strange: list[Path] = field(default_factory=list)
    homes: dict[str, Path] | None = None
    notes: list[str] = field(default_factory=list)


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


def find_images(path: str | os.PathLike[str], choice: Choice) -> ImageSet:
    """Return the image files of a folder and their labels.

    Raises
    ------
    DataError
        The folder holds no two classes of images, or it cannot be told which they are.
    """
    root = Path(path)
    with explain_errors(root, "read"):
        if not root.is_dir():
            what = "is a file" if root.exists() else "does not exist"
            raise DataError(f"{os.fspath(root)!r} {what}; give a folder that has one folder of images per class.")
        part, others = choose_part(root, choice.split, choice.labels is not None)
        found = ImageSet(root, part)
        if choice.split is None and part != root:
            found.notes.append(_say_part(root, part, others))
        if choice.labels is None:
            _list_classes(found, choice)
        else:
            _list_labelled(found, choice)
    return found


def _say_part(root: Path, part: Path, others: Sequence[Path]) -> str:
    left = f"; left out: {join_names([folder.name for folder in others])}" if others else ""
    return (
        f"Only the part {part.name!r} of {os.fspath(root)!r} is read{left}; split= (--split) names another part, and "
        "'.' takes the folders for classes."
    )


def _list_classes(found: ImageSet, choice: Choice) -> None:
    """Add the files of class folders."""
    root, found.homes = found.part, {}
    folders = find_class_folders(root, found.root)
    if choice.split is None:
        refuse_parts_within(root, folders)
    labels = read_labels(root)
    walks = {folder: walk_images(folder) for folder in folders}
    synthetic: list[Path] = []
    for folder, walk in walks.items():
        made = [file for file in walk.files if choice.real_only and is_synthetic(file)]
        files = [file for file in walk.files if file not in set(made)] if made else walk.files
        synthetic += made
        if not files and not walk.strange:
            what = "only images that ganaug made" if made else describe_content(folder)
            raise DataError(f"The class folder {os.fspath(folder)!r} has {what}; fill or remove it.")
        label = labels.get(folder.name, folder.name)
        found.homes.setdefault(label, folder)
        found.files += files
        found.labels += [label] * len(files)
        found.strange += walk.strange
    _note_left_out(found, list(walks.values()), synthetic)
    beside = [place for place in sorted(root.iterdir()) if is_image_name(place.name) and place.is_file()]
    dotted = [place for place in sorted(root.iterdir()) if place.name.startswith("..") and place.is_dir()]
    absent = [name for name in labels if name not in {folder.name for folder in folders}]  # any text, perhaps no path
    _note(found, "images beside the class folders", beside, "move each into the folder of its class")
    _note(found, "folders that are taken for hidden, as their names begin with a dot", dotted, "rename any class")
    _note(found, "labels in classes.json of folders that are not there", absent, "mend that file")
    _note_repeated_folders(found, folders)


def _list_labelled(found: ImageSet, choice: Choice) -> None:
    """Add the files to which a file, or a mapping, gives a label."""
    whole = walk_images(found.root)
    walk = whole if found.part == found.root else walk_images(found.part)
    made = {file for file in walk.files if choice.real_only and is_synthetic(file)}
    index = FileIndex(found.root, walk.files, whole.files)
    listed = _read_labels_of(found, choice, index)
    by_file: dict[Path, str] = {}
    absent = []
    for name, label in listed.labels.items():
        file = index.find(name)
        if file is None:
            absent.append(name)
        elif by_file.setdefault(file, label) != label:
            raise DataError(
                f"{os.fspath(file)!r} has the labels {by_file[file]!r} and {label!r}; leave one of them out."
            )
    pairs = sorted((by_file[file], file) for file in walk.files if file in by_file and file not in made)
    if len({label for label, _ in pairs}) < 2:
        what = f"only the label {pairs[0][0]!r}" if pairs else "no labels"
        raise DataError(f"There are {what} for the images in {os.fspath(found.part)!r}; give a file with all labels.")
    found.files, found.labels = [file for _, file in pairs], [label for label, _ in pairs]
    found.strange = walk.strange
    found.notes += [f"{listed.said}."] if listed.said else []
    _note_left_out(found, [walk], sorted(made))
    if loose := [name for name in listed.labels if index.is_loose(name)]:
        found.notes.append(
            f"Of the names of files in the labels, {len(loose):,} differ in ending or case from the files that are "
            f"there (such as {loose[0]!r}), and are taken for these."
        )
    unlabelled = [file for file in walk.files if file not in by_file]
    _note(found, "images without a label", unlabelled, "add their labels if they have any")
    _note(found, "labels of files that are not there", absent, "check that all images are in the folder")


def _read_labels_of(found: ImageSet, choice: Choice, index: FileIndex) -> LabelFile:
    labels = choice.labels
    columns = choice.file_column, choice.label_column
    if isinstance(labels, pd.DataFrame):
        return choose_labels(spell_frame(labels), "The frame of labels", index, *columns)
    if isinstance(labels, Mapping | pd.Series):
        return LabelFile({str(file): str(label) for file, label in labels.items()})
    if not isinstance(labels, str | os.PathLike):
        raise ParameterError(
            "The 'labels' parameter must be the path of a CSV, JSON or Parquet file, a frame, or a mapping of file to "
            f"label. Got a {type(labels).__name__} instead."
        )
    path = Path(labels)
    if not path.exists() and (found.root / path).exists():
        path = found.root / path
    return read_label_file(path, index, *columns)


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


def _note_left_out(found: ImageSet, walks: Sequence[Walk], synthetic: Sequence[Path]) -> None:
    """Note what was left out below the class folders."""
    ignored = [*list_ignored(found.part), *(path for walk in walks for path in walk.ignored)]
    _note(
        found,
        "links to folders inside a class folder",
        [path for walk in walks for path in walk.links],
        "copy the images there in place of the link",
    )
    _note(found, "folders of thumbnails or of a system", list(dict.fromkeys(ignored)), "rename any that is a class")
    _note(
        found,
        "masks and labels of other images",
        [path for walk in walks for path in walk.masks],
        "rename any that is an image of its own",
    )
    _note(
        found, "images that ganaug made", synthetic, "only real ones are learned and measured; rename any that is real"
    )


def _note(found: ImageSet, what: str, places: Sequence[Path | str], cure: str) -> None:
    if places:
        root = found.root
        first = places[0] if isinstance(places[0], str) else os.fspath(places[0].relative_to(root))
        found.notes.append(
            f"Left out of {os.fspath(root)!r}: {what} ({len(places):,}, such as {first[:100]!r}); {cure}."
        )


def _note_repeated_folders(found: ImageSet, folders: Sequence[Path]) -> None:
    """Note class folders that all hold folders of the same names, which then may be the classes."""
    inner = [{folder.name for folder in list_folders(one)} for one in folders]
    if len(inner[0]) > 1 and not find_masks(list_folders(folders[0])) and all(names == inner[0] for names in inner):
        found.notes.append(
            f"The folders {join_names([one.name for one in folders], 3)} of {os.fspath(found.part)!r} are taken for "
            f"classes, and each holds {join_names(sorted(inner[0]), 3)}; if these are the classes, read one folder at "
            f"a time with split= (--split {folders[0].name})."
        )
