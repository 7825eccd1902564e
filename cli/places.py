"""Where outputs go: a name beside the input where none is given, and a free, writable place in any case."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import click

from .front import Refused

TABLES = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq")
TEXT_TABLES = TABLES[:4]
COMPRESSIONS = (".gz", ".bz2", ".xz")


def is_url(path: str) -> bool:
    """Tell whether `path` is a URL rather than a local file."""
    return "://" in path


def beside(path: str, ending: str) -> str:
    """Return the name of an output that lies beside an input, or in the current folder when that is a URL.

    Parameters
    ----------
    path : str
        A local file or a URL, such as ``data/loans.csv.gz``.
    ending : str
        What takes the place of the extensions, such as ``.safetensors``.

    Returns
    -------
    str
        Such as ``data/loans.safetensors``.
    """
    place = Path(_file_name(path) if is_url(path) else path)
    name = place.name
    for known in (COMPRESSIONS, (*TABLES, ".safetensors")):
        if PurePosixPath(name).suffix.lower() in known:
            name = PurePosixPath(name).stem
    return str(place.with_name(name + ending))


def check_table_output(path: str, force: bool, inputs: Sequence[str] = ()) -> None:
    """Refuse a place that a table cannot go to, before any work is done.

    Parameters
    ----------
    path : str
        A local file, a URL, or ``"-"`` for standard output.
    force : bool
        Whether a file that exists may be replaced.
    inputs : sequence of str
        Files that must not be replaced in any case.

    Raises
    ------
    Refused
        The place is taken or its format is unknown (exit code 2).
    click.ClickException
        The folder is not there or not writable (exit code 1).
    """
    if path == "-" or _is_device(path):
        return
    extension = _table_extension(path)
    if extension not in TABLES:
        raise Refused(f"{path!r} has no known format; let its name end in .csv, .tsv, .parquet or .csv.gz")
    if is_url(path):
        _check_url(path, force)
    else:
        _check_file(path, force, inputs)


def check_local_output(
    path: str, force: bool, inputs: Sequence[str] = (), what: str = "model", option: str = "-o"
) -> None:
    """Refuse a place that `what` cannot go to; the same as `check_table_output`, but for local files alone.

    Parameters
    ----------
    path, force, inputs
        As for `check_table_output`.
    what : str
        What goes there, for the message.
    option : str
        What names the place on the command line.
    """
    if path == "-" or is_url(path) or _is_device(path):
        raise Refused(f"A {what} goes to a local file, not to {path!r}; name one with {option}")
    _check_file(path, force, inputs, option)


def write_text(path: str, text: str) -> None:
    """Write a local text file that `check_local_output` let pass."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"{path!r} cannot be written ({error.strerror or error}); choose another place."
        ) from error


def _file_name(url: str) -> str:
    parts = urlsplit(url.split("::")[0])
    return PurePosixPath(parts.netloc + parts.path).name


def _table_extension(path: str) -> str:
    name = PurePosixPath(_file_name(path) if is_url(path) else Path(path).name)
    compressed = name.suffix.lower() in COMPRESSIONS
    extension = (PurePosixPath(name.stem) if compressed else name).suffix.lower()
    return "" if compressed and extension not in TEXT_TABLES else extension


def _is_device(path: str) -> bool:
    return not is_url(path) and Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def _check_file(path: str, force: bool, inputs: Sequence[str], option: str = "-o") -> None:
    target = Path(path)
    if target.is_dir():
        raise Refused(f"{path!r} is a folder; name a file in it")
    if any(target.resolve() == Path(one).resolve() for one in inputs if one != "-" and not is_url(one)):
        raise Refused(f"{path!r} would replace a file that is read or written here too; choose another name")
    if target.exists() and not force:
        raise Refused(f"{path!r} exists; replace it with --force, or choose another name with {option}")
    folder = target.resolve().parent
    if not folder.is_dir():
        raise click.ClickException(f"The folder of {path!r} does not exist; create {str(folder)!r} first.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise click.ClickException(
            f"The folder {str(folder)!r} cannot be written to ({error.strerror or error}); choose another one with "
            f"{option}."
        ) from error


def _check_url(path: str, force: bool) -> None:
    import fsspec

    try:
        system, place = fsspec.core.url_to_fs(path)
        exists = system.exists(place)
    except Exception as error:  # each fsspec backend has errors of its own
        raise click.ClickException(f"{path!r} cannot be written ({error}); check the place.") from error
    if exists and not force:
        raise Refused(f"{path!r} exists; replace it with --force, or choose another name with -o")
