"""Decode the cells of all columns of encoded rows, each after those that it follows from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..data.dtypes import Codes
from .columns import Category, Constant, Number, Scores
from .followers import Calculated, Cells, Determined, Later
from .kinds import Column
from .shares import add_up


class RowDecoder:
    """Cells of encoded rows, decoded when they are asked for.

    Parameters
    ----------
    columns : sequence of Column
        Those of the table.
    drawn : sequence of (states, scores)
        Of each column, None where it has none.
    stream : callable
        Returns the random stream of a column, for pooled values.
    first_row, n : int
        Number of the first row, from which new identifiers are numbered, and number of rows.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        drawn: Sequence[tuple[Codes | None, Scores | None]],
        stream: Callable[[int], np.random.Generator],
        first_row: int,
        n: int,
    ):
        self._columns = columns
        self._drawn = drawn
        self._stream = stream
        self._rows = first_row, n
        self._positions: dict[int, Codes] = {}
        self._cells: dict[int, Cells] = {}

    def decode(self, i: int) -> Cells:
        """Return plain values and the mask of missing cells of column `i`."""
        if i not in self._cells:
            self._cells[i] = self._decode(i)
        return self._cells[i]

    def _decode(self, i: int) -> Cells:
        column = self._columns[i]
        if isinstance(column, Category):
            return column.take(self._find_positions(i))
        if isinstance(column, Number) and column.shares:
            return self._decode_shares(column.shares)[i]
        if isinstance(column, Number):
            return column.decode(*self._drawn[i], self._stream(i))
        if isinstance(column, Determined):
            return column.look_up(self._find_deciding(column))
        if isinstance(column, Calculated):
            return column.calculate([self.decode(by) for by in column.by])
        if isinstance(column, Later):
            return column.decode(*self._drawn[i], self.decode(column.by))
        return column.fill(self._rows[1]) if isinstance(column, Constant) else column.make_fresh(*self._rows)

    def _decode_shares(self, group: Sequence[int]) -> dict[int, Cells]:
        """Return the cells of all columns that add up to a total, and keep them."""
        numbers = {i: column for i in group if isinstance(column := self._columns[i], Number)}
        cells = {i: number.decode(*self._drawn[i], self._stream(i)) for i, number in numbers.items()}
        parts = add_up(list(numbers.values()), [plain for plain, _ in cells.values()])
        for part, (i, (plain, missing)) in zip(parts, cells.items(), strict=True):
            self._cells[i] = part.astype(plain.dtype), missing
        return {i: self._cells[i] for i in group}

    def _find_positions(self, i: int) -> Codes:
        """Return the positions of the cells of a category among its values."""
        if i not in self._positions:
            column, states = self._columns[i], self._drawn[i][0]
            if not isinstance(column, Category) or states is None:
                raise TypeError("only a category has positions")
            coarser = None if column.within is None else self._find_positions(column.within)
            self._positions[i] = column.draw_positions(states, self._stream(i), coarser)
        return self._positions[i]

    def _find_deciding(self, column: Determined) -> Codes:
        """Return the positions of the values, or of the bands, that decide a column."""
        if column.edges is None:
            return self._find_positions(column.by)
        return column.find_bands(*self.decode(column.by))
