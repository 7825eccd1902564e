"""Recognise tables of several Parquet files, which may be larger than memory."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .front import CommandLineError
from .places import is_url

_ENDINGS = {".parquet", ".pq"}


@dataclass(frozen=True)
class ParquetFiles:
    """Table of several Parquet files.

    Attributes
    ----------
    X : str
        Path of the folder, or pattern of the files.
    y : str
        Column of the labels.
    """

    X: str
    y: str


def is_parquet_set(path: str) -> bool:
    """Return whether a path is a folder that holds Parquet files, or a pattern of such files, in quotes."""
    if path == "-" or is_url(path):
        return False
    place = Path(path)
    if place.is_dir():
        shown = [file for file in place.rglob("*") if not _is_hidden(file.relative_to(place))]
        if not any(file.suffix.lower() in _ENDINGS for file in shown):
            return False
        from ganaug import is_image_file  # which loads what images need

        return not any(map(is_image_file, shown))
    found = [] if place.exists() else glob.glob(path, recursive=True)  # noqa: PTH207 - a pattern may be absolute
    return bool(found) and all(Path(file).suffix.lower() in _ENDINGS for file in found)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def name_files(path: str, options: Mapping[str, Any]) -> ParquetFiles:
    """Return the table of several files, or raise CommandLineError for options that it cannot have."""
    if options["target"] is None:
        raise CommandLineError(f"{path!r} holds several files; name the column of the labels by --target")
    if options["exclude"]:
        raise CommandLineError(f"--exclude is for one file, and {path!r} holds several; write files without the column")
    return ParquetFiles(path, options["target"])
