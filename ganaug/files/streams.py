"""Hold the rows of queries and other streams: in memory where they are few, else in temporary Parquet files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DataError
from ..messages import reason_of

_ENGINES = {"duckdb", "_duckdb", "ibis", "pyspark", "datafusion"}  # whose tables are queries rather than rows in memory
_FILE_ROWS = 1_000_000


def is_stream(X: Any) -> bool:
    """Return whether `X` yields its rows in parts: a record batch reader, a query of an engine, a lazy frame."""
    engine = type(X).__module__.partition(".")[0]
    is_query = engine in _ENGINES and hasattr(X, "__arrow_c_stream__")
    return isinstance(X, pa.RecordBatchReader) or is_query or _is_lazy(X)


def _is_lazy(X: Any) -> bool:
    return type(X).__module__.startswith("polars.") and hasattr(X, "sink_parquet")


@contextlib.contextmanager
def hold_rows(X: Any, max_rows: int) -> Iterator[Any]:
    """Hold the rows of a stream as long as the block runs.

    Parameters
    ----------
    X : record batch reader, query or lazy frame
        It is read once.
    max_rows : int
        Most rows that are held in memory.

    Yields
    ------
    pyarrow.Table or str
        The rows, or the path of a folder of Parquet files in the folder for temporary files (``TMPDIR``).

    Raises
    ------
    DataError
        The stream breaks off, or there is no room for its rows.
    """
    with contextlib.ExitStack() as stack:
        try:
            held = _hold(X, max_rows, stack)
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"The rows of {type(X).__name__} cannot be read, or held in {tempfile.gettempdir()!r} "
                f"({reason_of(error)}); write them as Parquet files to a place with room (or set TMPDIR), and give "
                "the path of their folder."
            ) from error
        yield held


def _hold(X: Any, max_rows: int, stack: contextlib.ExitStack) -> Any:
    """Return the table, or a folder that goes when `stack` is closed."""
    if _is_lazy(X):
        first = X.head(max_rows + 1).collect()
        if len(first) <= max_rows:
            return first.to_arrow()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ganaug-"))
        X.sink_parquet(Path(folder, "part-00000.parquet"))
        return folder
    # Read rows until it is clear whether they are few
    reader = X.to_pyarrow_batches() if hasattr(X, "to_pyarrow_batches") else pa.RecordBatchReader.from_stream(X)
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        batches.append(batch)
        rows += len(batch)
        if rows > max_rows:
            break
    else:
        return pa.Table.from_batches(batches, reader.schema)

    # Write them, and all that follow
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ganaug-"))
    _write(chain(batches, reader), reader.schema, Path(folder))
    return folder


def _write(batches: Iterator[pa.RecordBatch], schema: pa.Schema, folder: Path) -> None:
    """Write record batches as Parquet files of a million rows or a little more."""
    for number in range(10**9):
        rows = 0
        with pq.ParquetWriter(os.fspath(folder / f"part-{number:09d}.parquet"), schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += len(batch)
                if rows >= _FILE_ROWS:
                    break
            else:
                return
