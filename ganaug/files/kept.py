"""Keep the text of a file's cells beside their values, to write the same text again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa


class CellTexts:
    """Text of the cells of a file, and what it was parsed to.

    It lies in ``attrs`` of a frame, which pandas copies often; a copy is the same object.

    Parameters
    ----------
    texts : mapping of column name to pyarrow.ChunkedArray of string
        Cells as written.
    columns : mapping of column name to pandas.Series
        Their values.
    """

    def __init__(self, texts: Mapping[str, pa.ChunkedArray], columns: Mapping[str, pd.Series[Any]]):
        self._texts = dict(texts)
        self._columns = {name: column.copy() for name, column in columns.items()}  # a frame may be changed in place

    def __deepcopy__(self, memo: dict[int, Any]) -> CellTexts:
        return self

    def take(self, rows: Any, others: Mapping[str, Any] | None = None) -> CellTexts:
        """Return the text of these rows.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Positions of rows, each as often as wanted.
        others : mapping of column name to ndarray of int, shape (n,), optional
            Positions for single columns, where they differ.
        """
        chosen = dict.fromkeys(self._texts, rows) | {**(others or {})}
        texts = {name: self._texts[name].take(pa.array(chosen[name])) for name in self._texts}
        columns = {name: column.iloc[chosen[name]].reset_index(drop=True) for name, column in self._columns.items()}
        return CellTexts(texts, columns)

    def find_unchanged(self, table: pd.DataFrame) -> dict[str, pa.ChunkedArray]:
        """Return the text of the columns of a table whose values, all of them, are those that were read."""
        return {
            name: self._texts[name]
            for name in table.columns
            if name in self._columns and len(self._columns[name]) == len(table) and self._is_read(table[name])
        }

    def _is_read(self, column: pd.Series[Any]) -> bool:
        return bool(column.reset_index(drop=True).equals(self._columns[str(column.name)]))
