"""Measure how the states of columns depend on each other, and order the columns by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

N_LEVELS = 4
"""Largest number of levels in which the states of a row are drawn."""

_PRODUCTS = 2e9  # products that counting may take; with more rows than that, rows at equal distances are counted

States = NDArray[np.integer]


@dataclass(frozen=True)
class PairCounts:
    """Number of rows in which two states occur together.

    Attributes
    ----------
    first, second : ndarray of shape (p,)
        Positions of the two states of each pair that occurs, both orders and each state with itself included.
    together : ndarray of shape (p,)
        Number of rows of each pair.
    alone : ndarray of shape (n_states,)
        Number of rows of each state.
    rows : int
        Number of rows that were counted.
    column : ndarray of shape (n_states,)
        Position of the column of each state.
    """

    first: States
    second: States
    together: States
    alone: States
    rows: int
    column: States

    @classmethod
    def count(cls, states: States, segments: Sequence[int]) -> PairCounts:
        """Count the pairs in a table.

        Parameters
        ----------
        states : ndarray of shape (n, k)
            Position of the state of each column among the states of all columns.
        segments : sequence of int
            Numbers of states of the k columns.
        """
        k = states.shape[1]
        counted = states[:: max(1, math.ceil(len(states) * k * k / _PRODUCTS))]
        n = len(counted)
        cells = np.ones(n * k, dtype=np.int32), counted.ravel(), np.arange(0, n * k + 1, k)
        rows = scipy.sparse.csr_array(cells, shape=(n, sum(segments)))
        pairs = (rows.T @ rows).tocoo()
        alone = np.bincount(counted.ravel(), minlength=sum(segments))
        column = np.repeat(np.arange(k), segments)
        return cls(pairs.row, pairs.col, pairs.data, alone, n, column)

    def compute_information(self) -> NDArray[np.float64]:
        """Return the mutual information of each pair of columns, in nats, shape (k, k).

        Cover and Thomas, "Elements of Information Theory", 2nd edition, section 2.3.
        """
        k = int(self.column[-1]) + 1 if len(self.column) else 0
        ratio = self.together * float(self.rows) / (self.alone[self.first] * self.alone[self.second].astype(np.float64))
        terms = self.together / max(1, self.rows) * np.log(ratio)
        pair = self.column[self.first] * k + self.column[self.second]
        total: NDArray[Any] = np.bincount(pair, weights=terms, minlength=k * k).reshape(k, k)
        return total


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
