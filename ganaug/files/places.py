"""Open local files, URLs and the standard streams, compressed according to their extension."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import IO, Any
from urllib.parse import urlsplit

import fsspec

from ..errors import DataError
from ..messages import reason_of
from .atomic import replacing


def _decompress_all(data: bytes, new: Callable[[], Any], padding: int = 0) -> bytes:
    """Decompress concatenated streams, with zeros between them in multiples of `padding`.

    `bz2.decompress` and `lzma.decompress` stop without a word at a later stream that is damaged.
    """
    parts: list[bytes] = []
    while data:
        stream = new()
        parts.append(stream.decompress(data))
        if not stream.eof:
            raise EOFError("it breaks off")
        data = stream.unused_data
        rest = data.lstrip(b"\0")
        if padding and (len(data) - len(rest)) % padding == 0:
            data = rest
    return b"".join(parts)


_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": lambda data: _decompress_all(data, bz2.BZ2Decompressor),
    ".xz": lambda data: _decompress_all(data, lzma.LZMADecompressor, padding=4),
}
_COMPRESS: dict[str, Callable[[IO[bytes]], AbstractContextManager[Any]]] = {
    # no name and no time inside: the same table gives the same bytes
    ".gz": lambda file: gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0),
    ".bz2": lambda file: bz2.BZ2File(file, "wb"),
    ".xz": lambda file: lzma.LZMAFile(file, "wb"),  # noqa: SIM115
}


def _is_url(path: str) -> bool:
    return "://" in path


def extensions(path: str) -> tuple[str, str]:
    """Return the extensions of the format and of the compression ("" if none)."""
    if _is_url(path):
        address = urlsplit(next(part for part in path.split("::") if _is_url(part)))
        path = address.netloc + address.path
    name = PurePath(path.lower())
    return (PurePath(name.stem).suffix, name.suffix) if name.suffix in _DECOMPRESS else (name.suffix, "")


def read_bytes(path: str) -> bytes:
    """Return the decompressed content of a file.

    Parameters
    ----------
    path : str
        A local file, a URL, or ``"-"`` for standard input.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    DataError
        It is not there, not readable, or damaged.
    """
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        with fsspec.open(path, "rb") if _is_url(path) else Path(path).open("rb") as file:
            data: bytes = file.read()
        return _DECOMPRESS.get(extensions(path)[1], bytes)(data)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path!r}; check the spelling and the folder.") from error
    except Exception as error:  # each fsspec backend and each decompressor has errors of its own
        if not _is_url(path) and stat.S_ISDIR(_mode(path)):
            raise DataError(f"{path!r} is a folder; name a file in it.") from error
        raise DataError(
            f"{path!r} cannot be read ({reason_of(error)}); check that it is whole and open to you."
        ) from error


def is_device(path: str) -> bool:
    """Return whether `path` is a pipe or a device, which is written to rather than replaced."""
    mode = 0 if _is_url(path) else _mode(path)
    return bool(mode) and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _mode(path: str) -> int:
    """Return the mode of a local path; 0 if nothing is there, or if its folder is not readable."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


@contextlib.contextmanager
def open_output(path: str, overwrite: bool) -> Iterator[IO[bytes]]:
    """Open a path for writing; the file appears only if the block ends without an error.

    Parameters
    ----------
    path : str
        A local file, a pipe or device, a URL, or ``"-"`` for standard output.
    overwrite : bool
        Whether a file that exists may be replaced.

    Yields
    ------
    binary file
        Where to write.

    Raises
    ------
    DataError
        The file exists, or cannot be written. A broken pipe of standard output stays a `BrokenPipeError`.
    """
    if path == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if "\0" in path:
        raise DataError(f"{path!r} cannot be written (no name may hold a NUL); choose another name.")
    opened = _remote_file if _is_url(path) else _device if is_device(path) else _local_file
    try:
        with opened(path, overwrite) as file:
            yield file
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: Exception) -> DataError:
    return DataError(f"{path!r} cannot be written ({reason_of(error)}); check the place, or choose another.")


@contextlib.contextmanager
def _device(path: str, _overwrite: bool) -> Iterator[IO[bytes]]:
    with Path(path).open("wb") as file:
        yield file


@contextlib.contextmanager
def _local_file(path: str, overwrite: bool) -> Iterator[IO[bytes]]:
    target = Path(path).resolve()  # a link stays a link
    if target.is_dir():
        raise DataError(f"{path!r} is a folder; name a file in it.")
    _check_free(path, target.exists(), overwrite)
    with replacing(target) as file:
        yield file


@contextlib.contextmanager
def _remote_file(path: str, overwrite: bool) -> Iterator[IO[bytes]]:
    """Buffer the file locally first, because most remote stores would keep an incomplete one."""
    try:
        system, place = fsspec.core.url_to_fs(path)
        exists = system.exists(place)
    except Exception as error:  # each fsspec backend has errors of its own
        raise _unwritable(path, error) from error
    _check_free(path, exists, overwrite)
    with tempfile.TemporaryFile() as file:
        yield file
        file.seek(0)
        try:
            with system.open(place, "wb") as remote:
                shutil.copyfileobj(file, remote)
        except Exception as error:
            raise _unwritable(path, error) from error


def _check_free(path: str, exists: bool, overwrite: bool) -> None:
    if exists and not overwrite:
        raise DataError(f"{path!r} exists; choose another name, or replace it with overwrite=True (--force).")


def compressed(file: IO[bytes], extension: str) -> AbstractContextManager[Any]:
    """Return a stream into `file` with the compression of `extension`; "" compresses nothing."""
    return _COMPRESS.get(extension, contextlib.nullcontext)(file)
