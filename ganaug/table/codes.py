"""Find numbers that are codes, by the rows in which other columns have codes or gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.dtypes import Mask, Plain
from .columns import Number
from .kinds import Column
from .ties import MIN_ROWS

_MOST = 20  # sets of rows that are kept
_LARGER = 2  # a value that fills one of the sets may fill as many other rows at most


@dataclass
class CodedRows:
    """Sets of rows in which columns of numbers have a frequent single value, or no value.

    A code such as -9 for "no record" tends to fill the same rows of many columns. In a column where it is not frequent
    enough to stand out by itself, it is recognised by its rows.
    """

    packed: dict[bytes, int] = field(default_factory=dict)

    def add(self, column: Column, plain: Plain, missing: Mask) -> None:
        """Keep the rows of each frequent single value of a column, and those of its missing cells."""
        if not isinstance(column, Number):
            return
        masks = [missing] if column.missing else []
        for mask in (*masks, *((plain == spike) & ~missing for spike in column.spikes)):
            count = int(mask.sum())
            if MIN_ROWS <= count < len(mask) and len(self.packed) < _MOST:
                self.packed.setdefault(np.packbits(mask).tobytes(), count)

    def find_codes(self, column: Column, plain: Plain, missing: Mask) -> list[Any]:
        """Return the values of a column of numbers that fill a set of rows and few others, without known spikes."""
        if not isinstance(column, Number):
            return []
        return [value for value in self._filling_values(plain, missing) if value not in column.spikes]

    def _filling_values(self, plain: Plain, missing: Mask) -> Iterator[Any]:
        for packed, count in self.packed.items():
            mask = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=len(plain)).astype(bool)
            first = int(mask.argmax())
            same = (plain == plain[first]) & ~missing
            if not missing[first] and int(same.sum()) <= _LARGER * count and bool((same | ~mask).all()):
                yield plain[first].item()
