"""Fuzz target: whatever the bytes, reading a model file ends in a model or a ModelFileError.

``make fuzz`` runs it for ten minutes, guided by coverage; ``python tests/fuzz/model_file.py FILE`` tries one file.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ganaug"]):
    from ganaug import GANAugmenter, ModelFileError
    from ganaug.storage import read_metadata, reading

# Whoever forges a file writes its checksum, too; behind that lies what is worth finding.
reading.digest = lambda tensors, metadata: metadata.get("sha256")

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a disk would be most of the time
FILE = Path(tempfile.mkdtemp(dir=MEMORY)) / "fuzzed.safetensors"


def signed(data: bytes) -> bytes:
    """Return the bytes with the length of the header set right, or most inputs would fail at the first check."""
    end = data.find(b"\0\0\0\0", 8)
    length = (end if end > 8 else len(data)) - 8
    return length.to_bytes(8, "little") + data[8:] if length > 0 else data


def one_input(data: bytes) -> None:
    """Read one file."""
    for content in (data, signed(data)):
        FILE.write_bytes(content)
        for read in (read_metadata, GANAugmenter.load):
            with contextlib.suppress(ModelFileError):
                read(FILE)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
