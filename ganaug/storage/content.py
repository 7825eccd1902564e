"""Define the content of a model file: dtypes, limits, canonical JSON, and the checksum."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import torch

PathLike: TypeAlias = "str | os.PathLike[str]"

FORMAT_VERSION = 2

# What a hostile file may cost is decided by these, before anything is built from it.
MAX_HEADER = 16 * 2**20  # bytes
MAX_VALUES = 500_000
MAX_TENSORS = 10_000
MAX_DIGITS = 1000

DTYPE_NAMES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.int16: "I16",
    torch.int32: "I32",
    torch.int64: "I64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float32: "F32",
    torch.float64: "F64",
}


class TensorSpec(NamedTuple):
    """Dtype and shape that a tensor in a file must have."""

    dtype: torch.dtype
    shape: tuple[int, ...]


def canonical_json(value: Any) -> str:
    """Return the canonical JSON text of a value: sorted keys, ASCII, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def tensor_bytes(tensor: torch.Tensor) -> memoryview:
    """Return the memory of a contiguous CPU tensor, without a copy."""
    memory: memoryview = tensor.reshape(-1).view(torch.uint8).numpy().data
    return memory


def digest(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the metadata (except ``sha256``) and of every tensor's name, dtype, shape and bytes.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Contiguous, on the CPU.
    metadata : mapping of str to JSON values
        All of it, with or without ``sha256``.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    described = {key: value for key, value in metadata.items() if key != "sha256"}
    layout = {name: [DTYPE_NAMES[tensor.dtype], list(tensor.shape)] for name, tensor in tensors.items()}
    sha = hashlib.sha256(canonical_json([described, layout]).encode())
    for name in sorted(tensors):
        sha.update(tensor_bytes(tensors[name]))
    return sha.hexdigest()
