"""Find between which of its edges each value of many columns lies, exactly, and without a search for every value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CELLS = 1024  # of equal width, for each column
_MOST_STEPS = 4  # edges in a cell; columns with more of them are searched

Values = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Grid:
    """Columns with ascending edges; each column has cells of equal width, of which few hold more than one edge.

    The cell of a value tells which edges lie in earlier cells, and so below it; those in its own cell are compared with
    it. Rounding does no harm: it moves values and edges in the same way, and keeps their order.

    Attributes
    ----------
    low, scale : ndarray of shape (d, 1)
        Cells of each column: ``floor((x - low) * scale)``, limited to those that there are.
    firsts : ndarray of shape (d * CELLS,)
        For each cell, the place of the first edge that does not lie in earlier cells.
    edges : ndarray
        Edges of one column after the other, each column with infinity behind its last one.
    starts : ndarray of shape (d, 1)
        Place of the first edge of each column.
    steps : int
        Largest number of edges in a cell.
    searched : list of int
        Columns in which cells hold too many edges.
    """

    low: Values
    scale: Values
    firsts: Places
    edges: Values
    starts: Places
    steps: int
    searched: list[int]

    @classmethod
    def of(cls, columns: Sequence[Values]) -> Grid:
        """Return the grid of columns with these edges, ascending; infinite ones may follow the others."""
        low, scale = np.zeros((2, len(columns), 1), dtype=np.float32)
        firsts = np.zeros((len(columns), _CELLS), dtype=np.intp)
        starts = np.cumsum([0, *(len(own) + 1 for own in columns)])[:-1]
        steps, searched = 0, list[int]()
        with np.errstate(over="ignore"):
            for j, own in enumerate(columns):
                own = own[np.isfinite(own)]
                if len(own):
                    width = own[-1] - own[0]
                    low[j], scale[j] = own[0], np.float32(_CELLS - 1) / width if width > 0 else np.float32(1)
                    if not np.isfinite(scale[j, 0]):
                        scale[j] = 0
                counts = np.bincount(_find_cells(own[None], low[[j]], scale[[j]])[0], minlength=_CELLS)
                firsts[j] = starts[j] + np.cumsum(counts) - counts
                if counts.max() > _MOST_STEPS:
                    searched.append(j)
                else:
                    steps = max(steps, int(counts.max()))
        edges = np.concatenate([np.append(own, np.float32(np.inf)) for own in columns] or [np.empty(0, np.float32)])
        return cls(low, scale, firsts.ravel(), edges, starts[:, None], steps, searched)

    def count_below(self, columns: Values) -> Places:
        """Return the number of edges of its column below each value, shape (d, n).

        Parameters
        ----------
        columns : ndarray of shape (d, n)
            Values, contiguous. NaN counts as less than all edges.
        """
        cells = _find_cells(columns, self.low, self.scale)
        cells += np.arange(len(columns))[:, None] * _CELLS
        places = np.take(self.firsts, cells, mode="clip")
        for _ in range(self.steps):
            places += columns > np.take(self.edges, places, mode="clip")
        places -= self.starts
        for j in self.searched:
            end = self.starts[j + 1, 0] if j + 1 < len(self.starts) else len(self.edges)
            found = np.searchsorted(self.edges[self.starts[j, 0] : end - 1], columns[j])
            places[j] = np.where(np.isnan(columns[j]), 0, found)
        return places


def _find_cells(columns: Values, low: Values, scale: Values) -> Places:
    """Return the cell of each value, shape (d, n)."""
    with np.errstate(over="ignore", invalid="ignore"):
        at = columns - low
        at *= scale
    return np.fmin(np.fmax(at, 0, out=at), _CELLS - 1, out=at).astype(np.intp)
