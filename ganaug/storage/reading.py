"""Read model files without trusting them.

Nothing in a file names code, a class or a device, so reading one runs nothing but the checks below. They come in the
order in which they are cheap: kind of file, length of the header, JSON, format version, the tensors that the schema
implies, and only then the data and their checksum.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch

from ..errors import ModelFileError
from ..messages import reason_of
from .content import (
    DTYPE_NAMES,
    FORMAT_VERSION,
    MAX_DIGITS,
    MAX_HEADER,
    MAX_TENSORS,
    MAX_VALUES,
    PathLike,
    TensorSpec,
    digest,
    tensor_bytes,
)

Expect: TypeAlias = Callable[[dict[str, Any]], Mapping[str, TensorSpec]]

_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK", "a zip archive"),
    (b"PAR1", "a Parquet table"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\xff\xfe", "a text file in UTF-16"),
    (b"\xfe\xff", "a text file in UTF-16"),
)


def read_metadata(path: PathLike) -> dict[str, Any]:
    """Return the metadata of a model file; tensors and checksum are not read.

    Parameters
    ----------
    path : str or path-like
        A file that `write_model` wrote.

    Returns
    -------
    dict
        What `write_model` was given, with ``format_version``, ``ganaug_version`` and ``sha256``.

    Raises
    ------
    ModelFileError
        There is no such file, or it is of another kind, damaged, or of a newer format.
    """
    with _open_model_file(path) as file:
        return _read_header(path, file)[0]


def read_model(path: PathLike, expect: Expect) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read and verify a model file.

    Parameters
    ----------
    path : str or path-like
        A file that `write_model` wrote.
    expect : callable, metadata -> mapping of str to TensorSpec
        Gives the tensors that the metadata imply. It sees metadata whose checksum is not yet checked, so it must be
        cheap; whatever exception it raises means that the metadata cannot be used.

    Returns
    -------
    tensors : dict of str to Tensor
        Exactly those that `expect` named, on the CPU, in memory of their own.
    metadata : dict
        As from `read_metadata`.

    Raises
    ------
    ModelFileError
        There is no such file, or it is of another kind, damaged, of a newer format, or holds other tensors.
    """
    with _open_model_file(path) as file:
        metadata, layout = _read_header(path, file)
        specs = _expected_specs(metadata, expect)
        room = os.fstat(file.fileno()).st_size - file.tell()
        order = _check_layout(layout, specs, room)
        tensors = {name: _read_tensor(file, name, specs[name]) for name in order}
        if digest(tensors, metadata) != metadata.get("sha256"):
            raise ValueError("its content does not fit its checksum")
    return tensors, metadata


@contextlib.contextmanager
def _open_model_file(path: PathLike) -> Iterator[io.BufferedReader]:
    """Open `path`, and raise every fault as a ModelFileError that names the file."""
    try:
        _check_regular(path)
        with Path(path).open("rb") as file:
            yield file
    except FileNotFoundError as fault:
        raise ModelFileError(f"{path} does not exist: check the path, or make a model with 'ganaug train'.") from fault
    except OSError as fault:
        raise ModelFileError(
            f"{path} could not be read ({reason_of(fault)}): check its permissions and the disk."
        ) from fault
    except (ValueError, RecursionError, MemoryError) as fault:  # RecursionError: JSON a thousand brackets deep
        raise ModelFileError(
            f"{path} is damaged ({reason_of(fault)}): restore it from a copy or train again."
        ) from fault


def _check_regular(path: PathLike) -> None:
    """Raise an error for folders, pipes and devices before opening them: opening a pipe may block."""
    mode = Path(path).stat().st_mode
    if not stat.S_ISREG(mode):
        raise _foreign(path, "a folder" if stat.S_ISDIR(mode) else "a pipe or a device")


def _foreign(path: PathLike, kind: str) -> ModelFileError:
    return ModelFileError(f"{path} is {kind}, not a ganaug model: 'ganaug train' makes one.")


def _read_header(path: PathLike, file: io.BufferedReader) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metadata and the layout of the tensors, and leave `file` at the start of the data."""
    head = file.read(512)
    # The length of a header has a zero byte and is followed by a brace; text and archives do not have both.
    if head[8:9] != b"{" or 0 not in head[:8]:
        raise _foreign(path, _kind_of(head))
    length = int.from_bytes(head[:8], "little")
    if length > MAX_HEADER:
        raise ValueError(f"its header claims {length} bytes of at most {MAX_HEADER}")
    if length > os.fstat(file.fileno()).st_size - 8:
        raise ValueError("it is cut short")
    file.seek(8)
    return parse_header(path, file.read(length))


def _kind_of(head: bytes) -> str:
    """Return a description of the kind of a file from its first bytes."""
    if not head:
        return "an empty file"
    if head[0] == 0x80 and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a pickle, which can run code when it is opened"
    if head.startswith(b"PK") and b"data.pkl" in head:
        return "a PyTorch checkpoint, which can run code when it is opened"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    # Control characters decide, not the encoding: a table in Latin-1 is text too.
    is_text = all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)
    return "a text file, such as CSV" if is_text else "a file of another kind"


def parse_header(path: PathLike, header: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parse the header of a model file into metadata and the layout of the tensors.

    Parameters
    ----------
    path : str or path-like
        For the texts of errors.
    header : bytes
        The JSON between the length and the data.

    Returns
    -------
    metadata : dict
        What `write_model` was given, with ``format_version``, ``ganaug_version`` and ``sha256``.
    layout : dict of str to dict
        Per tensor what the file claims, unchecked.

    Raises
    ------
    ModelFileError
        The header is that of another program or of a newer ganaug.
    ValueError, RecursionError
        It is damaged or too large.
    """
    layout = _parse_json(header.decode())
    notes = layout.pop("__metadata__", None)
    if not isinstance(notes, dict) or not isinstance(notes.get("ganaug"), str):
        raise _foreign(path, "a safetensors file of another program")
    if len(notes) > 1:
        raise ValueError("its header holds foreign notes")
    if len(layout) > MAX_TENSORS:
        raise ValueError(f"it holds {len(layout)} tensors of at most {MAX_TENSORS}")
    metadata = _parse_json(notes["ganaug"])
    _check_version(path, metadata)
    return metadata, layout


def _parse_json(text: str) -> dict[str, Any]:
    """Parse a JSON object strictly; the json module would accept NaN, 1e999 and repeated keys."""
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise ValueError(f"its header holds more than {MAX_VALUES} values")
    parsed = json.loads(
        text,
        object_pairs_hook=_check_unique_keys,
        parse_int=_parse_int,
        parse_float=_finite,
        parse_constant=_finite,
    )
    if not isinstance(parsed, dict):
        raise ValueError("its header is not a JSON object")
    return parsed


def _check_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("its header has the same key twice")
    return unique


def _parse_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:  # the time that int() takes grows with the square
        raise ValueError(f"its header has a number of {len(digits)} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"its header has the number {digits[:20]}")
    return number


def _check_version(path: PathLike, metadata: dict[str, Any]) -> None:
    version = metadata.get("format_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"its format version is {str(version)[:20]!r}")
    if version > FORMAT_VERSION:
        writer = ascii(str(metadata.get("ganaug_version"))[:20]).strip("'")  # no escape codes on a terminal
        raise ModelFileError(
            f"{path} was written by ganaug {writer} with file format {str(version)[:20]}, and this ganaug "
            f"reads formats up to {FORMAT_VERSION}: upgrade ganaug."
        )


def _expected_specs(metadata: dict[str, Any], expect: Expect) -> Mapping[str, TensorSpec]:
    try:
        return expect(metadata)
    except ModelFileError:
        raise
    except Exception as fault:  # a schema that somebody made up can fail in any way
        raise ValueError(f"its schema cannot be used, {type(fault).__name__}: {str(fault)[:100]}") from fault


def _check_layout(layout: dict[str, Any], specs: Mapping[str, TensorSpec], room: int) -> list[str]:
    """Return the names in the order of their data; raise ValueError unless they fill `room` bytes."""
    if layout.keys() != specs.keys():
        odd = min(layout.keys() ^ specs.keys())
        raise ValueError(f"the tensor {odd[:80]!r} is {'not expected' if odd in layout else 'missing'}")
    spans = sorted((*_span(name, layout[name], spec), name) for name, spec in specs.items())
    position = 0
    for start, stop, name in spans:
        if start != position:
            raise ValueError(f"the data of the tensor {name!r} leave a gap or overlap")
        position = stop
    if position != room:
        raise ValueError(f"it holds {room} bytes of data instead of {position}")
    return [name for _, _, name in spans]


def _span(name: str, entry: Any, spec: TensorSpec) -> tuple[int, int]:
    """Return the byte range of a tensor, after checking its entry against `spec`."""
    wanted = {"dtype": DTYPE_NAMES[spec.dtype], "shape": list(spec.shape)}
    found = dict(entry) if isinstance(entry, dict) else {}
    offsets = found.pop("data_offsets", None)
    if found != wanted:
        raise ValueError(f"the tensor {name!r} is {str(found)[:80]} instead of {wanted}")
    size = math.prod(spec.shape) * spec.dtype.itemsize
    match offsets:
        case [int(start), int(stop)] if start >= 0 and stop - start == size:
            return start, stop
    raise ValueError(f"the data of the tensor {name!r} have the wrong length")


def _read_tensor(file: io.BufferedReader, name: str, spec: TensorSpec) -> torch.Tensor:
    try:
        tensor = torch.empty(spec.shape, dtype=spec.dtype, device="cpu")
    except (RuntimeError, TypeError) as fault:  # no memory, or an empty tensor with a side beyond 64 bits
        raise ValueError(f"the tensor {name!r} has the impossible shape {list(spec.shape)}") from fault
    memory = tensor_bytes(tensor)
    if file.readinto(memory) != len(memory):
        raise ValueError("it is cut short")
    return tensor
