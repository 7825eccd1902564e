"""Replace files atomically: a path holds the old file or the new one, never a part of either."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_STALE_SECONDS = 24 * 3600  # far beyond any save, so that no live writer on any machine loses its file
_REPLACE_TRIES = 6 if os.name == "nt" else 1  # Windows refuses while somebody reads the old file


@contextlib.contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a new file that replaces `path` if the block ends without an error.

    Concurrent writers do not disturb each other; the last one wins.

    Parameters
    ----------
    path : Path
        File to create or replace; the mode of an existing file is kept.
    durable : bool
        Whether the file survives a power cut right after the block. This takes time; False suits one of thousands of
        images.

    Yields
    ------
    binary file
        File to write to.

    Raises
    ------
    OSError
        The file cannot be written, or `path` is a folder, a device or read-only. Nothing has changed.
    """
    mode = _check_replaceable(path)
    if durable:
        sweep(path.parent)
    # In the same folder, because a rename must not cross file systems.
    temporary = path.parent / f".ganaug-{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:  # unlike tempfile, this gives the mode that the umask asks for
            if mode is not None:
                temporary.chmod(mode)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())  # the bytes are on disk before the name points at them
        _replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def _check_replaceable(path: Path) -> int | None:
    """Return the mode of the file at `path`, None if there is none; raise OSError for what must not be replaced."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device")
    if not os.access(path, os.W_OK):  # a rename would not ask
        raise PermissionError(errno.EACCES, "the file there is read-only")
    return stat.S_IMODE(mode)


def _replace(temporary: Path, path: Path) -> None:
    """Rename to `path`; on Windows wait for readers of the old file to finish."""
    for attempt in range(1, _REPLACE_TRIES + 1):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if attempt == _REPLACE_TRIES:
                raise
            time.sleep(0.01 * 2**attempt)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable, where the system can."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the new file is in place: an error now would claim that it is not
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path, seconds: float = _STALE_SECONDS) -> None:
    """Remove temporary files of killed writers, those that were not written to for some seconds."""
    oldest = time.time() - seconds
    for leftover in filter(is_temporary, folder.iterdir()):
        with contextlib.suppress(OSError):
            if leftover.lstat().st_mtime <= oldest:
                leftover.unlink()


def is_temporary(path: Path) -> bool:
    """Return whether a path has the name of a file that is being written, or was when its writer was killed."""
    return path.match(".ganaug-*.tmp")
