"""Writing a model file: the file at the path is the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import os
import secrets
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ..errors import ModelFileError
from .content import DTYPE_NAMES, FORMAT_VERSION, MAX_HEADER, PathLike, canonical, digest
from .reading import parse_header

_STALE_SECONDS = 24 * 3600  # far beyond any save, so that no live writer on any machine loses its file
_REPLACE_TRIES = 6 if os.name == "nt" else 1  # Windows refuses while somebody reads the old file

_CURES = {
    errno.ENOENT: "create the folder first",
    errno.ENOTDIR: "name a file inside a folder",
    errno.EISDIR: "name a file inside the folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: "free some space or choose another disk",
    errno.EDQUOT: "free some space or choose another disk",
    errno.EFBIG: "free some space or choose another disk",
}


def write_model(path: PathLike, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> None:
    """Write `tensors` and `metadata` to `path`, whole or not at all.

    The same tensors and metadata give the same bytes. Writers at the same time do not disturb each other; the last
    one wins.

    Parameters
    ----------
    path : str or path-like
        An existing file is replaced and keeps its mode; behind a symbolic link the target is replaced.
    tensors : mapping of str to Tensor
        At most 10 000, dense, boolean, integer or floating, on any device. They are stored as on the CPU.
    metadata : mapping of str to JSON values
        Plain JSON: text keys, lists rather than tuples, finite numbers. The order of keys carries no meaning.
        ``format_version``, ``ganaug_version`` and ``sha256`` are added, and replaced if they are there.

    Raises
    ------
    ModelFileError
        The file cannot be written, or the metadata are too large for one (16 MiB or 500 000 values). What was at
        `path` is still there.
    TypeError, ValueError
        The caller's mistake: metadata that are not plain JSON, or a tensor of another dtype or name.
    """
    own = {name: _own_copy(name, tensor) for name, tensor in tensors.items()}
    full = {
        **metadata,
        "format_version": FORMAT_VERSION,
        "ganaug_version": importlib.metadata.version("ganaug"),
    }
    full["sha256"] = digest(own, full)
    data = safetensors.torch.save(own, {"ganaug": canonical(full)})
    _check_readable(path, data, full)
    try:
        _write_atomically(Path(os.path.realpath(path)), data)
    except (OSError, ValueError) as fault:
        cure = _CURES.get(getattr(fault, "errno", None) or 0, "choose a place where you may write")
        reason = getattr(fault, "strerror", None) or fault
        raise ModelFileError(f"{path} could not be written ({reason}): {cure}.") from fault


def _own_copy(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a contiguous CPU copy; safetensors refuses tensors that share memory, as tied weights do."""
    if tensor.dtype not in DTYPE_NAMES or name == "__metadata__":
        raise TypeError(f"a model file cannot hold the tensor {name!r} of dtype {tensor.dtype}")
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _check_readable(path: PathLike, data: bytes, metadata: dict[str, Any]) -> None:
    """Refuse to write what could not be read back, or would come back as something else."""
    length = int.from_bytes(data[:8], "little")
    try:
        if length > MAX_HEADER:
            raise ValueError(f"{length} bytes of at most {MAX_HEADER}")
        readable, _ = parse_header(path, data[8 : 8 + length])
    except ValueError as fault:
        raise ModelFileError(
            f"{path} was not written because the description of the model is too large for a file ({fault}): "
            "leave out columns with very many distinct values."
        ) from fault
    if readable != metadata:
        raise TypeError("metadata must be plain JSON: text keys, and lists rather than tuples")


def _write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` with `data`, or leave it exactly as it was."""
    mode = _mode_to_keep(path)
    _sweep_stale(path.parent)
    # In the same folder, because a rename must not cross file systems.
    temporary = path.parent / f".ganaug-{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:  # unlike tempfile, this gives the mode that the umask asks for
            if mode is not None:
                temporary.chmod(mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # the bytes are on disk before the name points at them
        _replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _mode_to_keep(path: Path) -> int | None:
    """Return the mode of the file at `path`, None where there is none; refuse what must not be replaced."""
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
    """Rename over `path`; on Windows wait a little for readers of the old file to finish."""
    for attempt in range(1, _REPLACE_TRIES + 1):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if attempt == _REPLACE_TRIES:
                raise
            time.sleep(0.01 * 2**attempt)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system can."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the new file is in place: an error now would claim that it is not
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep_stale(folder: Path) -> None:
    """Remove what writers that were killed left behind."""
    oldest = time.time() - _STALE_SECONDS
    for leftover in folder.glob(".ganaug-*.tmp"):
        with contextlib.suppress(OSError):
            if leftover.lstat().st_mtime < oldest:
                leftover.unlink()
