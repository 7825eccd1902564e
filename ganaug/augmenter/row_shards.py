"""Write the shards of a table: Parquet files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import ParameterError
from ..files.atomic import replacing
from ..files.labelled import join_label
from ..files.parquet import choose_schema, write_parquet
from ..files.tables import name_columns
from .sharding import Shards

_FORM = re.compile(r"part-\d{5,}\.parquet")


class RowShards(Shards):
    """Rows of a table; each shard is a Parquet file, which appears under its name once it is whole."""

    suitable_size = 1_000_000

    @cached_property
    def _schema(self) -> pa.Schema:
        """The types of the columns, as the first chunk has them."""
        return choose_schema(next(self._make_tables(0)))

    def prepare(self) -> None:
        """Choose the types of the columns."""
        self._schema  # noqa: B018 - it is kept

    def begin(self, root: Path) -> None:
        """Remove the files of earlier shards."""
        for old in root.iterdir():
            if _FORM.fullmatch(old.name):
                old.unlink()

    def find_missing(self, root: Path) -> list[int]:
        """Return the numbers of the files that are not there."""
        return [number for number in range(self.count()) if not _name_file(root, number).exists()]

    def write_files(self, number: int, root: Path) -> None:
        """Write a file unless it is there."""
        path = _name_file(root, number)
        if path.exists():
            return
        try:
            with replacing(path) as file:
                write_parquet(name_columns(self._make_tables(number)), file, self._schema)
        except OSError:
            if not path.exists():  # else another process finished it, and cleared up
                raise

    def list_folders(self, root: Path) -> list[Path]:
        """Return the one folder."""
        return [root]

    def _make_tables(self, number: int) -> Iterator[pd.DataFrame]:
        """Yield the rows of a file, chunk by chunk."""
        for X, codes in self.serve(number):
            if not isinstance(X, pd.DataFrame) and not (isinstance(X, np.ndarray) and X.ndim == 2):
                raise ParameterError(
                    f"write_samples writes tables and images, and the model is one of {self.model.modality.name} data; "
                    "write what sample_chunks(n) yields."
                )
            yield join_label(X, self.model.labels.restore(codes))


def _name_file(root: Path, number: int) -> Path:
    return root / f"part-{number:05d}.parquet"
