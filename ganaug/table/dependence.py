"""Measure how the states of columns depend on each other, and order the columns by it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_LEVELS = 4
"""Largest number of levels in which the states of a row are drawn."""

_PRODUCTS = 5e10  # products that counting may take, and
_CELLS = 8_000_000  # cells it may hold; with more rows than that, rows at equal distances are counted
_PAIRS = 4_000_000  # pairs of states that are held at a time

States = NDArray[np.integer]


@dataclass(frozen=True)
class PairCounts:
    """Number of rows in which states occur, alone and in pairs.

    Attributes
    ----------
    one_hot : ndarray of shape (rows, n_states)
        The rows that were counted, float32: sums of zeros and ones are exact in any order.
    alone : ndarray of shape (n_states,)
        Number of rows of each state.
    column : ndarray of shape (n_states,)
        Position of the column of each state.
    """

    one_hot: NDArray[np.float32]
    alone: States
    column: States

    @classmethod
    def count(cls, states: States, segments: Sequence[int]) -> PairCounts:
        """Count the states of a table.

        Parameters
        ----------
        states : ndarray of shape (n, k)
            Position of the state of each column among the states of all columns.
        segments : sequence of int
            Numbers of states of the k columns.
        """
        n_states = sum(segments)
        most = min(_PRODUCTS / n_states**2, _CELLS / n_states)
        counted = states[:: max(1, math.ceil(len(states) / most))]
        one_hot = np.zeros((len(counted), n_states), dtype=np.float32)
        np.put_along_axis(one_hot, counted.astype(np.int64), 1.0, axis=1)
        alone = np.bincount(counted.ravel(), minlength=n_states)
        return cls(one_hot, alone, np.repeat(np.arange(len(segments)), segments))

    @property
    def rows(self) -> int:
        """Number of rows that were counted."""
        return len(self.one_hot)

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the position of a first state, and in how many rows it and the next ones occur with each state.

        A block has shape (some, n_states), so that memory stays small.
        """
        step = max(1, _PAIRS // len(self.alone))
        for start in range(0, len(self.alone), step):
            yield start, self.one_hot[:, start : start + step].T @ self.one_hot

    def compute_information(self) -> NDArray[np.float64]:
        """Return the mutual information of each pair of columns, in nats, shape (k, k).

        Cover and Thomas, "Elements of Information Theory", 2nd edition, section 2.3.
        """
        starts = np.flatnonzero(np.diff(self.column, prepend=-1))
        alone = np.maximum(self.alone, 1).astype(np.float32)
        total: NDArray[np.float64] = np.zeros((len(starts), len(starts)))
        for start, together in self.blocks():
            expected = alone[start : start + len(together), None] * (alone / np.float32(self.rows))
            terms = together * np.log(np.maximum(together, 1.0) / expected)
            by_column = np.add.reduceat(terms, starts, axis=1, dtype=np.float64)
            np.add.at(total, self.column[start : start + len(together)], by_column)
        return total / self.rows


def assign_levels(counts: PairCounts) -> list[int]:
    """Return the level of each column: those that depend on each other most are on different levels.

    One column after the other, the most dependent first, takes the level on which it shares least information with
    those that are there already: greedy colouring of a weighted graph.
    """
    information = counts.compute_information()
    np.fill_diagonal(information, 0.0)
    k = len(information)
    shared = np.zeros((k, min(k, N_LEVELS)))  # with the columns on each level
    levels = [0] * k
    for i in np.argsort(-information.sum(1), kind="stable").tolist():
        levels[i] = int(np.argmin(shared[i]))
        shared[:, levels[i]] += information[i]
    return levels


def check_levels(levels: Sequence[int], segments: Sequence[int]) -> None:
    """Raise ValueError for levels that `assign_levels` cannot have given."""
    if levels and (len(levels) != len(segments) or not set(levels) <= set(range(N_LEVELS))):
        raise ValueError("levels do not fit the columns")
