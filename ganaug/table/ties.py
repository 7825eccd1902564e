"""Find states of columns that always occur together, and make a generator keep them together.

In real tables a state of one column often decides that of another: a code that stands for "no record" fills many
cells of a row at once; a laboratory value is missing where a second column says "not measured". A generator that draws
each column by itself breaks such rules in some rows. `find_ties` finds the rules that hold in every training row, and
`TiedStates` applies them, so that they hold in every synthetic row, too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .dependence import PairCounts, States

MIN_ROWS = 20
"""Rows in which a state of the leading column must occur."""
MAX_DEPTH = 8
"""Largest number of ties in a chain."""
MAX_CELLS = 1_000_000
"""Largest product of the number of leading states and of all states, which bounds time and memory."""

_CHANCE = 0.01  # probability that chance makes one rule or more in a table of independent columns


class Tie(NamedTuple):
    """Rule that one state decides another.

    Attributes
    ----------
    leader, follower : int
        Positions of the two states among the states of all columns. Where the first is drawn, the second must be.
    only : bool
        Whether the second occurs nowhere else.
    """

    leader: int
    follower: int
    only: bool


def find_ties(states: States, counts: PairCounts) -> list[Tie]:
    """Return the rules that hold in every row, one leading column at most for each column.

    Parameters
    ----------
    states : ndarray of shape (n, k)
        Position of the state of each column among the states of all columns.
    counts : PairCounts
        Counts of pairs in all of these rows, or in some of them.

    Returns
    -------
    list of Tie
        Sorted. A rule is kept if its leading state occurs in `MIN_ROWS` rows or more, and if its lack of exceptions is
        no coincidence.
    """
    column = counts.column

    # 1. Keep pairs without exception that are no coincidence
    leader, follower, surprise = (np.concatenate(parts) for parts in zip(*_find_rules(counts), strict=True))

    # 2. Choose the leading column of each column, and check its rules in all rows
    chosen = _choose_leaders(column[leader], column[follower], surprise, states.shape[1])
    in_use = chosen[column[follower]] == column[leader]
    pairs = zip(leader[in_use].tolist(), follower[in_use].tolist(), strict=True)
    return _keep_leaders(sorted(_check_pairs(pairs, states, column)), len(column))


def _find_rules(counts: PairCounts) -> Iterator[tuple[States, States, NDArray[np.float64]]]:
    """Yield leading states, following states, and minus the log-probability that chance makes the rule."""
    column, alone = counts.column, counts.alone
    least = math.log(len(alone) ** 2 / _CHANCE)  # as many pairs are tried (Bonferroni)
    for start, together in counts.blocks():
        first, second = np.nonzero(together == alone[start : start + len(together), None])
        first += start
        holds = (alone[first] >= MIN_ROWS) & (column[first] != column[second])
        first, second = first[holds], second[holds]
        surprise = -alone[first] * np.log(alone[second] / counts.rows)
        telling = surprise > least
        yield first[telling], second[telling], surprise[telling]


def _choose_leaders(leader: States, follower: States, surprise: NDArray[np.floating], k: int) -> States:
    """Return the leading column of each column, -1 for none: the most telling pairs of columns first, no circle."""
    # 1. Add up what each pair of columns tells
    total = np.bincount(leader * k + follower, weights=surprise, minlength=1)
    order = sorted(np.flatnonzero(total).tolist(), key=lambda pair: (-total[pair], pair))

    # 2. Accept pairs while chains stay short
    chosen = np.full(k, -1)
    for pair in order:
        first, second = divmod(pair, k)
        if chosen[second] < 0 and not _leads(chosen, second, first):
            chosen[second] = first
            if max(find_depths(chosen)) > MAX_DEPTH:
                chosen[second] = -1
    return chosen


def _leads(chosen: States, first: int, second: int) -> bool:
    """Return whether column `first` leads `second`, directly or not, or is the same."""
    while second >= 0 and second != first:
        second = int(chosen[second])
    return second == first


def find_depths(chosen: Sequence[int] | States) -> list[int]:
    """Return for each column the number of columns that lead it, directly or not; raise ValueError for a circle."""
    depths = []
    for column in range(len(chosen)):
        depth, at = 0, int(chosen[column])
        while at >= 0:
            depth, at = depth + 1, int(chosen[at])
            if depth > len(chosen):
                raise ValueError("ties form a circle")
        depths.append(depth)
    return depths


def _check_pairs(pairs: Iterable[tuple[int, int]], states: States, column: States) -> Iterator[Tie]:
    """Yield the ties of pairs of leading and following state that hold in all rows."""
    for leader, follower in pairs:
        leads = states[:, column[leader]] == leader
        follows = states[:, column[follower]] == follower
        if (follows | ~leads).all():
            yield Tie(leader, follower, bool((leads == follows).all()))


def _keep_leaders(ties: list[Tie], n_states: int) -> list[Tie]:
    """Return the ties of as many leading states as there is room for, those with the most ties first."""
    leaders = {state for state, _ in Counter(tie.leader for tie in ties).most_common(MAX_CELLS // n_states)}
    return [tie for tie in ties if tie.leader in leaders]


def check_ties(ties: Sequence[Tie], segments: Sequence[int]) -> None:
    """Raise ValueError for ties that `find_ties` cannot have found.

    A position is outside the table, a column has two leaders, a state decides a column twice, ties form a circle, or
    there are too many of them.
    """
    if len({tie.leader for tie in ties}) * sum(segments) > MAX_CELLS:
        raise ValueError("there are too many ties")
    _split_levels(ties, np.repeat(np.arange(len(segments)), segments), len(segments))


class TiedStates(nn.Module):
    """Make followers take the states that their leaders decide.

    Parameters
    ----------
    segments : sequence of int
        Numbers of states of all columns.
    ties : sequence of Tie
        At least one.

    Raises
    ------
    ValueError
        See `check_ties`.
    """

    barred: Tensor

    def __init__(self, segments: Sequence[int], ties: Sequence[Tie]):
        super().__init__()
        self._n_states = sum(segments)
        column = np.repeat(np.arange(len(segments)), segments)
        self._barred = sorted({tie.follower for tie in ties if tie.only})
        levels = _split_levels(ties, column, len(segments))
        self._columns = [place for level in levels for place in _list_columns(level, column)]
        self._levels = [_Level.of(level, column) for level in levels]
        self.register_buffer("barred", torch.empty(self._n_states, dtype=torch.bool), persistent=False)
        for i, level in enumerate(self._levels):
            shape = len(level.leaders), self._n_states
            self.register_buffer(f"leaders{i}", torch.empty(shape[0], dtype=torch.int64), persistent=False)
            self.register_buffer(f"forced{i}", torch.empty(shape), persistent=False)
            self.register_buffer(f"decided{i}", torch.empty(shape), persistent=False)

    def fill_tables(self) -> None:
        """Fill the fixed tables: states that only a leader gives, and for each leading state what it decides."""
        self.barred.fill_(False)
        self.barred[self._barred] = True
        for i, level in enumerate(self._levels):
            leaders, forced, decided = self._tables(i)
            leaders.copy_(torch.tensor(level.leaders, dtype=torch.int64))
            forced.zero_()
            decided.zero_()
            for row, states in enumerate(level.forced):
                forced[row, states] = 1.0
            for row, states in enumerate(level.decided):
                decided[row, states] = 1.0

    def _tables(self, level: int) -> tuple[Tensor, Tensor, Tensor]:
        return getattr(self, f"leaders{level}"), getattr(self, f"forced{level}"), getattr(self, f"decided{level}")

    def bar(self, logits: Tensor) -> Tensor:
        """Return logits of shape (n, states), those of states that only a leader gives near minus infinity."""
        return logits.masked_fill(self.barred, -1e9)

    def forward(self, states: Tensor) -> Tensor:
        """Return states of shape (n, states), soft or one-hot, with those of followers as their leaders decide."""
        for level in range(len(self._levels)):
            leaders, forced, decided = self._tables(level)
            leading = states.index_select(1, leaders)
            states = states * (1.0 - leading @ decided) + leading @ forced
        return states

    def follow(self, positions: Tensor) -> Tensor:
        """Return positions of one state for each column, shape (n, segments), with followers as leaders decide."""
        for follower, leader, first, decided in self._columns:
            forced = torch.tensor(decided)[positions[:, leader] - first]
            positions[:, follower] = torch.where(forced < 0, positions[:, follower], forced)
        return positions


class _Level(NamedTuple):
    """Ties that apply at the same time: leading states, and which states each forces, or decides at all."""

    leaders: list[int]
    forced: list[list[int]]
    decided: list[list[int]]

    @classmethod
    def of(cls, ties: Sequence[Tie], column: States) -> _Level:
        leaders = sorted({tie.leader for tie in ties})
        forced = [[tie.follower for tie in ties if tie.leader == leader] for leader in leaders]
        decided = [np.flatnonzero(np.isin(column, column[states])).tolist() for states in forced]
        return cls(leaders, forced, decided)


def _list_columns(level: Sequence[Tie], column: States) -> Iterator[tuple[int, int, int, States]]:
    """Yield each following column of a level, its leading one, the first state of that, and what each of these decides.

    States that decide nothing have -1.
    """
    for follower in sorted({int(column[tie.follower]) for tie in level}):
        own = [tie for tie in level if column[tie.follower] == follower]
        leader = int(column[own[0].leader])
        first, end = np.searchsorted(column, [leader, leader + 1]).tolist()
        decided = np.full(end - first, -1)
        decided[[tie.leader - first for tie in own]] = [tie.follower for tie in own]
        yield follower, leader, first, decided


def _split_levels(ties: Sequence[Tie], column: States, k: int) -> list[list[Tie]]:
    """Return the ties of followers whose leader follows none, then of those whose leader follows one, and so on."""
    chosen = np.full(k, -1)
    for tie in ties:
        if not (0 <= tie.leader < len(column) and 0 <= tie.follower < len(column)):
            raise ValueError("a tie is outside the table")
        first, second = column[tie.leader], column[tie.follower]
        if chosen[second] not in (-1, first):
            raise ValueError("a column has two leaders")
        chosen[second] = first
    if len({(tie.leader, column[tie.follower]) for tie in ties}) < len(ties):
        raise ValueError("a state decides a column twice")
    depths = find_depths(chosen)
    levels: list[list[Tie]] = [[] for _ in range(max(depths, default=0))]
    for tie in ties:
        levels[depths[column[tie.follower]] - 1].append(tie)
    return levels
