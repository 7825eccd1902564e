"""Where states and scores are in an encoded row: all that the networks know of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import COLUMNS, Category, Column


@dataclass(frozen=True)
class Layout:
    """Where things are in an encoded row.

    Attributes
    ----------
    segments : list of int
        Sizes of the one-hot segments, in order.
    gates : list of int
        For each score the position of the state that lets it through, -1 where it always counts.
    ordered : list of bool
        For each segment whether the order of its states means something.
    """

    segments: list[int]
    gates: list[int]
    ordered: list[bool]

    @property
    def n_states(self) -> int:
        """Width of all segments together."""
        return sum(self.segments)

    @property
    def width(self) -> int:
        """Length d of an encoded row."""
        return self.n_states + len(self.gates)

    def starts(self) -> NDArray[np.int64]:
        """Return where each segment begins."""
        return np.cumsum([0, *self.segments])[:-1].astype(np.int64)

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Layout:
        """Return the layout of the rows that these columns encode to."""
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
        """Return the layout of the rows that an encoder's JSON describes."""
        return cls.of([column_from_json(facts) for facts in schema["columns"]])


def column_from_json(facts: Mapping[str, Any]) -> Column:
    """Return the column whose ``to_json`` gave `facts`."""
    column: Column = COLUMNS[facts["kind"]].from_json(dict(facts))
    return column
