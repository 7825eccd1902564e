"""Lay out states and scores in an encoded row, and pack rows; networks know nothing else of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .columns import Category
from .kinds import Column, column_from_json
from .ties import Tie

_MOST_STATES = 2**15  # largest number of states whose positions fit into two bytes


@dataclass(frozen=True)
class Layout:
    """Layout of an encoded row.

    Attributes
    ----------
    segments : list of int
        Sizes of the one-hot segments, in order.
    gates : list of int
        For each score the position of the state that gates it, "regular"; -1 for a score without a gate.
    ordered : list of bool
        For each segment whether its states are in a meaningful order.
    ties : list of Tie
        States that decide those of other segments.
    levels : list of int
        For each segment its place in the order of drawing; empty if all are drawn at once.
    two_stages : bool
        Whether scores are generated after all states; only for rows that have both.
    """

    segments: list[int]
    gates: list[int]
    ordered: list[bool]
    ties: list[Tie] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    two_stages: bool = False

    @property
    def n_states(self) -> int:
        """Width of all segments together."""
        return sum(self.segments)

    @property
    def width(self) -> int:
        """Length d of an encoded row."""
        return self.n_states + len(self.gates)

    @property
    def has_both(self) -> bool:
        """Whether a row has states and scores."""
        return bool(self.segments and self.gates)

    def starts(self) -> NDArray[np.int64]:
        """Return the first position of each segment."""
        return np.cumsum([0, *self.segments])[:-1].astype(np.int64)

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Layout:
        """Return the layout of the encoded rows of these columns."""
        layout, start = cls([], [], []), 0
        for column in columns:
            if column.has_score:
                layout.gates.append(start if column.n_states else -1)
            if column.n_states:
                layout.segments.append(column.n_states)
                layout.ordered.append(isinstance(column, Category) and column.is_ordered)
                start += column.n_states
        return layout

    @classmethod
    def from_schema(cls, schema: Mapping[str, Any]) -> Layout:
        """Return the layout of the encoded rows of an encoder's JSON."""
        layout = cls.of([column_from_json(facts) for facts in schema["columns"]])
        ties = msgspec.convert(schema.get("ties", []), list[Tie])
        levels = msgspec.convert(schema.get("levels", []), list[int])
        two_stages = msgspec.convert(schema.get("two_stages", False), bool)
        return replace(layout, ties=ties, levels=levels, two_stages=two_stages and layout.has_both)

    def allocate_rows(self, n: int) -> Tensor:
        """Return `n` packed rows of zeros to fill in, int16 or, for more than 32,768 states, int32."""
        dtype = torch.int16 if self.n_states <= _MOST_STATES else torch.int32
        width = len(self.segments) + len(self.gates) * _count_slots(dtype)
        return torch.zeros(n, width, dtype=dtype)

    def pack(self, x: Tensor) -> Tensor:
        """Return network input or output, shape (n, self.width), as packed rows; its largest entry is the state."""
        rows = self.allocate_rows(len(x))
        for i, (part, start) in enumerate(
            zip(x[:, : self.n_states].split(self.segments, 1), self.starts().tolist(), strict=True)
        ):
            rows[:, i] = part.argmax(1) + start
        self.put_all_scores(rows, x[:, self.n_states :])
        return rows

    def put_all_scores(self, rows: Tensor, scores: Tensor) -> None:
        """Fill in the scores of all columns, shape (n, scores)."""
        bits = scores.float().contiguous().view(rows.dtype)
        rows[:, len(self.segments) :] = bits.view(len(rows), rows.shape[1] - len(self.segments))

    def put_states(self, rows: Tensor, segment: int, states: Tensor) -> None:
        """Fill in the states of one segment, shape (n,), each from 0 to the size of the segment - 1."""
        rows[:, segment] = states + int(self.starts()[segment])

    def put_scores(self, rows: Tensor, number: int, scores: Tensor) -> None:
        """Fill in the scores of one column, shape (n,): column `number` among those with scores."""
        slots = _count_slots(rows.dtype)
        first = len(self.segments) + number * slots
        bits = torch.empty(len(rows), dtype=torch.float32).copy_(scores).view(rows.dtype)
        rows[:, first : first + slots] = bits.view(len(rows), slots)

    def get_scores(self, rows: Tensor) -> Tensor:
        """Return all scores, float32, shape (n, scores)."""
        bits = rows[:, len(self.segments) :].clone(memory_format=torch.contiguous_format)  # a slice may not be aligned
        return bits.view(-1).view(torch.float32).view(len(rows), len(self.gates))

    def get_features(self, rows: Tensor) -> Tensor:
        """Return the state of each segment, then the scores, float32, shape (n, segments + scores)."""
        starts = torch.from_numpy(self.starts()).to(rows.dtype)
        return torch.cat([(rows[:, : len(starts)] - starts).float(), self.get_scores(rows)], dim=1)

    def expand(self, rows: Tensor) -> Tensor:
        """Return packed rows as network input: one-hot states, then scores, float32, shape (n, self.width).

        It runs on the device of the rows, without a look-up table that would have to be moved there.
        """
        x = torch.zeros(len(rows), self.width, dtype=torch.float32, device=rows.device)
        x.scatter_(1, rows[:, : len(self.segments)].long(), 1.0)
        x[:, self.n_states :] = self.get_scores(rows)
        return x


def _count_slots(dtype: torch.dtype) -> int:
    """Return the number of elements of a dtype that hold the bits of one float32."""
    return torch.float32.itemsize // dtype.itemsize
