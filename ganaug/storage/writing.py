"""Write model files atomically."""

from __future__ import annotations

import errno
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ..errors import ModelFileError
from ..files.atomic import replacing
from ..messages import reason_of
from .content import DTYPE_NAMES, FORMAT_VERSION, MAX_HEADER, PathLike, canonical_json, digest
from .reading import parse_header

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
    own = {name: _copy_to_cpu(name, tensor) for name, tensor in tensors.items()}
    full = {
        **metadata,
        "format_version": FORMAT_VERSION,
        "ganaug_version": importlib.metadata.version("ganaug"),
    }
    full["sha256"] = digest(own, full)
    data = safetensors.torch.save(own, {"ganaug": canonical_json(full)})
    _check_readable(path, data, full)
    try:
        with replacing(Path(os.path.realpath(path))) as file:
            file.write(data)
    except (OSError, ValueError) as fault:
        cure = _CURES.get(getattr(fault, "errno", None) or 0, "choose a place where you may write")
        raise ModelFileError(f"{path} could not be written ({reason_of(fault)}): {cure}.") from fault


def _copy_to_cpu(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a contiguous CPU copy, because safetensors refuses tensors that share memory, as tied weights do."""
    if tensor.dtype not in DTYPE_NAMES or name == "__metadata__":
        raise TypeError(f"a model file cannot hold the tensor {name!r} of dtype {tensor.dtype}")
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _check_readable(path: PathLike, data: bytes, metadata: dict[str, Any]) -> None:
    """Raise an error for content that could not be read back unchanged."""
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
