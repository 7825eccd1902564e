"""Choose the default places of outputs, and check that they are free and writable."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import click

from .front import CommandLineError

TABLES = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq")
TEXT_TABLES = TABLES[:4]
COMPRESSIONS = (".gz", ".bz2", ".xz")

_FILES = (".safetensors", ".html", ".json", ".npz", ".zip", ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".webp")


class Place(click.ParamType):  # type: ignore[type-arg]
    """A file, a folder, a URL or ``-``; an empty string, such as an unset shell variable, is an error."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the place as a string."""
        if not value:
            self.fail("the name is empty; name a file or a folder.", param, ctx)
        return str(value)


PLACE = Place()


def is_url(path: str) -> bool:
    """Return whether `path` is a URL."""
    return "://" in path


def is_folder(path: str) -> bool:
    """Return whether `path` is an existing local folder."""
    return path != "-" and not is_url(path) and Path(path).is_dir()


def make_default_output(path: str, ending: str) -> str:
    """Return the name of an output beside an input, or in the current folder if the input is a URL.

    Parameters
    ----------
    path : str
        A local file or folder, or a URL, such as ``data/loans.csv.gz``.
    ending : str
        Ending that replaces the extensions, such as ``.safetensors``.

    Returns
    -------
    str
        Such as ``data/loans.safetensors``.
    """
    if is_folder(path):
        place = Path(path) if Path(path).name not in ("", "..") else Path(path).resolve()  # "." has no name
        return str(place.parent / f"{place.name}{ending}")
    place = Path(_get_file_name(path) if is_url(path) else path)
    name = place.name
    for known in (COMPRESSIONS, (*TABLES, ".safetensors")):
        if PurePosixPath(name).suffix.lower() in known:
            name = PurePosixPath(name).stem
    return str(place.with_name(name + ending))


def check_table_output(path: str, force: bool, inputs: Sequence[str] = ()) -> None:
    """Check, before any work, that a table can be written to a place.

    Parameters
    ----------
    path : str
        A local file, a URL, or ``"-"`` for standard output.
    force : bool
        Whether an existing file may be replaced.
    inputs : sequence of str
        Files that must not be replaced in any case.

    Raises
    ------
    CommandLineError
        The place is taken or its format is unknown (exit code 2).
    click.ClickException
        The folder does not exist or is not writable (exit code 1).
    """
    if path == "-" or _is_device(path):
        return
    extension = _get_table_extension(path)
    if extension not in TABLES:
        raise CommandLineError(f"{path!r} has no known format; let its name end in .csv, .tsv, .parquet or .csv.gz")
    if is_url(path):
        _check_url(path, force)
    else:
        _check_file(path, force, inputs)


def check_local_output(
    path: str, force: bool, inputs: Sequence[str] = (), what: str = "model", option: str = "-o"
) -> None:
    """Check, before any work, that a local file can be written.

    Parameters
    ----------
    path, force, inputs
        As for `check_table_output`.
    what : str
        Name of the output in the message.
    option : str
        Option that names the place.
    """
    if path == "-" or is_url(path) or _is_device(path):
        raise CommandLineError(f"A {what} goes to a local file, not to {path!r}; name one with {option}")
    _check_file(path, force, inputs, option)
    if what == "model" and _get_table_extension(path) in TABLES:
        raise CommandLineError(
            f"{path!r} is the name of a table, and a model goes there; let its name end in .safetensors"
        )


def check_folder_output(path: str, force: bool, inputs: Sequence[str] = (), option: str = "-o") -> None:
    """Check, before any work, that images can be written to a folder.

    Parameters
    ----------
    path : str
        A local folder; it is created if it does not exist.
    force : bool
        Whether it may hold files already.
    inputs : sequence of str
        Folders that must lie neither in it nor around it.
    option : str
        Option that names the place.

    Raises
    ------
    CommandLineError
        The place is a file, holds files, or overlaps with an input (exit code 2).
    click.ClickException
        It is not writable, or the folder around it does not exist (exit code 1).
    """
    if path == "-" or is_url(path) or _is_file_name(path):
        raise CommandLineError(f"Images go to a local folder, not to {path!r}; name one with {option}")
    target = Path(path)
    place = target.resolve()
    for one in inputs:
        if place.is_relative_to(Path(one).resolve()) or Path(one).resolve().is_relative_to(place):
            raise CommandLineError(
                f"{path!r} overlaps with {one!r}, which is read here; name another folder with {option}"
            )
    try:
        if target.is_dir() and any(target.iterdir()) and not force:
            raise CommandLineError(
                f"{path!r} holds files; replace them with --force, or choose another folder with {option}"
            )
    except OSError as error:
        from ganaug.messages import reason_of

        raise click.ClickException(f"{path!r} cannot be read ({reason_of(error)}); choose another folder.") from error
    _check_writable(path, place if target.is_dir() else place.parent, option)


def _get_file_name(url: str) -> str:
    parts = urlsplit(url.split("::")[0])
    return PurePosixPath(parts.netloc + parts.path).name


def _get_table_extension(path: str) -> str:
    name = PurePosixPath(_get_file_name(path) if is_url(path) else Path(path).name)
    compressed = name.suffix.lower() in COMPRESSIONS
    extension = (PurePosixPath(name.stem) if compressed else name).suffix.lower()
    return "" if compressed and extension not in TEXT_TABLES else extension


def _is_device(path: str) -> bool:
    return not is_url(path) and Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def _is_file_name(path: str) -> bool:
    """Return whether a path is a file, or has the extension of a table, a model or an image."""
    if Path(path).exists():
        return not Path(path).is_dir()
    return _get_table_extension(path) in TABLES or Path(path).suffix.lower() in _FILES


def _check_file(path: str, force: bool, inputs: Sequence[str], option: str = "-o") -> None:
    target = Path(path)
    if target.is_dir():
        raise CommandLineError(f"{path!r} is a folder; name a file in it")
    if any(target.resolve() == Path(one).resolve() for one in inputs if one != "-" and not is_url(one)):
        raise CommandLineError(f"{path!r} would replace a file that is read or written here too; choose another name")
    if target.exists() and not force:
        raise CommandLineError(f"{path!r} exists; replace it with --force, or choose another name with {option}")
    if target.exists() and not os.access(target, os.W_OK):  # replacing it would ignore its permissions
        raise click.ClickException(f"{path!r} is read-only; make it writable, or choose another name with {option}.")
    _check_writable(path, target.resolve().parent, option)


def _check_writable(path: str, folder: Path, option: str) -> None:
    if not folder.is_dir():
        raise click.ClickException(f"The folder of {path!r} does not exist; create {str(folder)!r} first.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        from ganaug.messages import reason_of

        raise click.ClickException(
            f"The folder {str(folder)!r} cannot be written to ({reason_of(error)}); choose another one with {option}."
        ) from error


def _check_url(path: str, force: bool) -> None:
    import fsspec

    try:
        system, place = fsspec.core.url_to_fs(path)
        exists = system.exists(place)
    except Exception as error:  # each fsspec backend has errors of its own
        raise click.ClickException(f"{path!r} cannot be written ({error}); check the place.") from error
    if exists and not force:
        raise CommandLineError(f"{path!r} exists; replace it with --force, or choose another name with -o")
