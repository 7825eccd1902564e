"""Read the labels of image files from a CSV or JSON file: which column names files, and which holds labels."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import DataError, ParameterError
from ..files.csvtext import parse_csv
from ..files.encodings import decode_text
from ..messages import join_names, reason_of, suggest
from .tree import is_image_name

_TELLING = ("label", "labels", "class", "class_name", "classname", "category", "target", "y")
_TABLES, _JSON, _PARQUET = (".csv", ".tsv", ".tab", ".txt"), (".json", ".jsonl", ".ndjson"), (".parquet", ".pq")
_MAX_BYTES = 2**28
_LOOKED_AT = 2**22  # bytes of a file that may hold labels
_MOST_FILES = 20  # in a folder, which may be anybody's
_SAMPLE = 20  # image files that are looked for in it
_FILES = {"file": "names files", "label": "holds the labels"}


@dataclass(frozen=True)
class LabelFile:
    """Labels as a file lists them.

    Attributes
    ----------
    labels : dict of str to str
        Name of each image as written, and its label.
    said : str
        What was guessed, "" where nothing was.
    """

    labels: dict[str, str]
    said: str = ""


class FileIndex:
    """Finds image files by what a label file calls them: a path, the end of one, with the extension or without.

    Parameters
    ----------
    root : Path
        The folder of the images.
    files : iterable of Path
        The files that are to be found.
    others : iterable of Path
        Further files, which are known but for names that `files` have.
    """

    def __init__(self, root: Path, files: Iterable[Path], others: Iterable[Path] = ()):
        self._files: dict[str, Path | None] = {}  # None: the name of several files
        self._loose: dict[str, Path | None] = {}  # by the name in small letters, without its ending
        self._add(root, files)
        near = dict(self._files)
        self._add(root, others)
        self._files.update(near)

    def _add(self, root: Path, files: Iterable[Path]) -> None:
        for file in files:
            parts = file.relative_to(root).parts
            for start in range(len(parts)):
                name = "/".join(parts[start:])
                for spelled in {name, name[: len(name) - len(file.suffix)]}:
                    self._files[spelled] = file if self._files.get(spelled, file) == file else None
                loose = _loosen(name)
                self._loose[loose] = file if self._loose.get(loose, file) == file else None

    def find(self, name: str) -> Path | None:
        """Return the only file of this name, else the only one that differs from it in ending or case.

        Folders at its front that are not there do not count.
        """
        spelled = self._spell(name)
        return self._files[spelled] if spelled else self._find_loosely(name)

    def is_loose(self, name: str) -> bool:
        """Return whether the file of this name is called so but for ending or case."""
        return not self._spell(name) and self._find_loosely(name) is not None

    def _find_loosely(self, name: str) -> Path | None:
        ends = (end for end in _list_ends(_loosen(name)) if end in self._loose)
        return self._loose.get(next(ends, ""))

    def is_ambiguous(self, name: str) -> bool:
        """Return whether several files have this name."""
        return self._files.get(self._spell(name), Path()) is None

    def _spell(self, name: str) -> str:
        """Return the longest end of a path that is known, "" if none is."""
        return next((end for end in _list_ends(name) if end in self._files), "")


def _list_ends(name: str) -> list[str]:
    """Return a path and its ends, longest first, with slashes whatever the system it is of."""
    parts = name.strip().replace("\\", "/").split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _loosen(name: str) -> str:
    """Return the name of a file in small letters, without the ending of an image."""
    stem, dot, _ = name.strip().rpartition(".")
    return (stem if dot and is_image_name(name.strip()) else name).strip().casefold()


def read_label_file(
    path: Path, index: FileIndex, file_column: str | None = None, label_column: str | None = None
) -> LabelFile:
    """Read a file that lists the label of each image.

    Parameters
    ----------
    path : Path
        CSV or TSV with a column of file names and one of labels; JSON: an object of files and labels, a list of
        objects, or the ``dataset.json`` of StyleGAN, ``{"labels": [[file, label], ...]}``; or JSON lines of objects.
    index : FileIndex
        The image files; the column of file names is the one that names most of them.
    file_column, label_column : str, optional
        Names of the columns, where they are not to be found by content.

    Raises
    ------
    DataError
        The file cannot be read, names none of the images, has no such column, or several that could hold labels.
    """
    return choose_labels(_read_columns(path, index), repr(os.fspath(path)), index, file_column, label_column)


def choose_labels(
    columns: Mapping[str, Sequence[str]],
    where: str,
    index: FileIndex,
    file_column: str | None,
    label_column: str | None,
) -> LabelFile:
    """Return the labels in columns of text; see `read_label_file`. `where` names the columns in messages."""
    for name, what in ((file_column, "file"), (label_column, "label")):
        if name is not None and name not in columns:
            cure = suggest(name, columns) or "name one of these"
            raise DataError(
                f"{where} has no column {name!r} that {_FILES[what]}: it has {join_names(columns)}; {cure}."
            )
    files = file_column or _find_file_column(columns, index, where)
    rest = {name: cells for name, cells in columns.items() if name != files}
    labels, said = (rest[label_column], "") if label_column in rest else _find_labels(rest, where)
    found: dict[str, str] = {}
    for file, label in zip(columns[files], labels, strict=True):
        if label and found.setdefault(file, label) != label:
            raise DataError(
                f"{where} gives {file!r} the labels {found[file]!r} and {label!r}, and an image has one class; leave "
                "one of the two lines out."
            )
    return LabelFile(found, f"{where}: {said}" if said else "")


def find_label_files(folders: Iterable[Path], files: Sequence[Path]) -> list[Path]:
    """Return the files in folders that seem to hold the labels of image files: text that names most of them."""
    names = [file.stem for file in files[:: max(1, len(files) // _SAMPLE)]][:_SAMPLE]
    found = []
    for folder in dict.fromkeys(folders):
        tables = (file for file in sorted(folder.iterdir()) if file.suffix.lower() in (*_TABLES, *_JSON))
        for file in itertools.islice(tables, _MOST_FILES):
            if not file.name.startswith(".") and file.is_file() and os.access(file, os.R_OK):
                with file.open("rb") as stream:
                    text = stream.read(_LOOKED_AT).decode("utf-8", "replace")
                named = sum(re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text) is not None for name in names)
                if names and 2 * named > len(names):
                    found.append(file)
    return found


def _read_columns(path: Path, index: FileIndex) -> dict[str, list[str]]:
    """Return the cells of a file, as text, by column."""
    where = repr(os.fspath(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DataError(f"The labels {where} cannot be read ({reason_of(error)}); check the name.") from error
    if len(data) > _MAX_BYTES:
        raise DataError(f"The labels {where} are larger than {_MAX_BYTES >> 20} MB; name a file of labels.")
    suffix = path.suffix.lower()
    if suffix in _JSON:
        return _read_json(data, path, where)
    if suffix in _PARQUET:
        return spell_frame(_read_parquet(data, where))
    if suffix not in _TABLES and b"\0" in data[:1000]:
        raise DataError(f"The labels {where} are neither CSV, JSON nor Parquet; save them as CSV.")
    text = decode_text(data, where, None).text
    table = parse_csv(text, where, None)
    if len(table.names) == 1 and (pairs := _split_at_blanks(text.decode("utf-8-sig"))) is not None:
        return pairs
    if any(index.find(name) is not None for name in table.names):  # the first line is about an image
        table = parse_csv(text, where, None, header=False)
    return {
        name: [(cell or "").strip() for cell in cells.to_pylist()]
        for name, cells in zip(table.names, table.columns, strict=True)
    }


def _split_at_blanks(text: str) -> dict[str, list[str]] | None:
    """Return the columns of lines such as "a.png 3", None unless all lines have the same number of words, above one."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if not rows or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return None
    return {f"column {i}": list(cells) for i, cells in enumerate(zip(*rows, strict=True), 1)}


def _read_parquet(data: bytes, where: str) -> pd.DataFrame:
    try:
        return pd.read_parquet(io.BytesIO(data))
    except Exception as error:  # pyarrow has errors of its own
        raise DataError(f"The labels {where} are no Parquet ({reason_of(error)}); write them anew.") from error


def spell_frame(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Return the cells of a frame as text, by column; missing ones are ""."""
    return {
        str(name): ["" if missing else _spell(cell) for cell, missing in zip(cells, cells.isna(), strict=True)]
        for name, cells in frame.items()
    }


def _read_json(data: bytes, path: Path, where: str) -> dict[str, list[str]]:
    cure = (
        'give an object {"a.png": "cat"}, a list of objects with a file and a label, or {"labels": [["a.png", "cat"]]}'
    )
    try:
        text = data.decode("utf-8-sig")
        lines = path.suffix.lower() != ".json"
        facts: Any = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"The labels {where} are no JSON ({reason_of(error)}); {cure}.") from error
    if isinstance(facts, dict) and "labels" in facts and not isinstance(facts["labels"], str | int | float):
        facts = facts["labels"]
        if facts is None:
            raise DataError(f"{where} has no labels (null); add them, {cure}.")
    pairs = list(facts.items()) if isinstance(facts, dict) else facts
    if isinstance(pairs, list) and pairs:
        if all(isinstance(pair, list | tuple) and len(pair) == 2 and _is_plain(*pair) for pair in pairs):
            return {"file": [str(file) for file, _ in pairs], "label": [_spell(label) for _, label in pairs]}
        if all(isinstance(record, dict) for record in pairs):
            names = dict.fromkeys(name for record in pairs for name in record)
            plain = [name for name in names if all(_is_plain(record.get(name)) for record in pairs)]
            return {name: [_spell(record.get(name)) for record in pairs] for name in plain}
    raise DataError(f"{where} does not list the label of each image; {cure}.")


def _is_plain(*values: Any) -> bool:
    return all(value is None or isinstance(value, str | int | float) for value in values)


def _spell(value: Any) -> str:
    return "" if value is None else str(value)


def _find_file_column(columns: Mapping[str, Sequence[str]], index: FileIndex, where: str) -> str:
    """Return the column that names most image files."""
    counts = {name: sum(index.find(cell) is not None for cell in cells) for name, cells in columns.items()}
    best = max(counts, key=lambda name: counts[name])
    if counts[best]:
        return best
    for name, cells in columns.items():
        if several := [cell for cell in cells if index.is_ambiguous(cell)]:
            raise DataError(
                f"Column {name!r} of {where} names {several[0]!r}, and several folders have a file of that name; write "
                "its path from the folder of images on."
            )
    first = {name: cells[0] for name, cells in columns.items() if cells}
    raise DataError(
        f"No column of {where} names files of this folder: its first line holds {join_names(list(first.values()), 5)}; "
        "give the folder with the images that it is about."
    )


def _find_labels(columns: Mapping[str, Sequence[str]], where: str) -> tuple[Sequence[str], str]:
    """Return the labels among the columns, and what was guessed."""
    if len(columns) == 1:
        return next(iter(columns.values())), ""
    telling = [name for name in columns if name.lower() in _TELLING]
    if len(telling) == 1:
        return columns[telling[0]], f"column {telling[0]!r} holds the labels (by its name; label_column= names another)"
    if (labels := _join_indicators(columns)) is not None:
        return labels, f"the label is the column that is 1 ({join_names(list(columns), 3)})"
    likely = [name for name, cells in columns.items() if 1 < len(set(cells)) <= len(cells) / 2]
    if len(likely) == 1:
        text = "the only one with values that repeat; label_column= names another"
        return columns[likely[0]], f"column {likely[0]!r} holds the labels ({text})"
    if not columns:
        raise DataError(f"{where} has no column of labels beside the one that names files; give a file that has one.")
    raise DataError(
        f"{where} has several columns that may hold the labels ({join_names(likely or list(columns))}); name one with "
        "label_column= (--label-column)."
    )


def _join_indicators(columns: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return the labels where each class has a column of 0 and 1, and each row one 1; None otherwise."""
    names = list(columns)
    rows = [
        [{"0": 0, "1": 1}.get(cell.removesuffix(".0"), 2) for cell in row]
        for row in zip(*columns.values(), strict=True)
    ]
    if not names or any(sum(row) != 1 for row in rows):
        return None
    return [names[row.index(1)] for row in rows]


def check_columns(labels: Any, file_column: str | None, label_column: str | None) -> None:
    """Raise ParameterError for the name of a column without a file of labels."""
    if labels is None and (file_column is not None or label_column is not None):
        raise ParameterError(
            "The 'file_column' and 'label_column' parameters name columns of a file of labels; give it as labels=, or "
            "leave them out."
        )
