"""Fuzz target: whatever the bytes, reading a CSV file ends in a table that reads back equal, or a DataError.

``make fuzz`` runs it for ten minutes, guided by coverage; ``python tests/fuzz/csv_reader.py FILE`` tries one file.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ganaug"]):
    from ganaug.errors import DataError
    from ganaug.files.tables import read_table, write_table

import pandas as pd

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a disk would be most of the time
FOLDER = Path(tempfile.mkdtemp(dir=MEMORY))


def one_input(data: bytes) -> None:
    """Read one file, write what it says, and read that."""
    (FOLDER / "fuzzed.csv").write_bytes(data)
    try:
        table = read_table(FOLDER / "fuzzed.csv")
    except DataError:
        return
    write_table(table, FOLDER / "again.csv", overwrite=True)
    pd.testing.assert_frame_equal(read_table(FOLDER / "again.csv"), table, check_exact=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
