"""Settle the names of columns: whether there is a header line, columns without a name, and names that stand twice."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from .notes import MISSING, is_mark

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?\s*%?")
_PATTERN = r"\A\s*[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?\s*%?\z"
_NUMBERED = "column_"
_MOSTLY = 0.9  # the other cells of a column of numbers may be marks of missing ones
_FEW = 3  # so many words may stand over texts that are the same by chance


def is_header(names: Sequence[str], columns: Sequence[pa.ChunkedArray]) -> bool:
    """Return whether a first line names columns, rather than being a row like the others.

    It is a row if no cell of it differs in kind from its column: over numbers it is a number, and over text one of the
    texts below it; over texts that differ from each other any text, if the first line has the same number twice.
    Numbers that count up, such as years, are names, and so is a word or two over text alone.

    Parameters
    ----------
    names : sequence of str, length d
        Cells of the first line.
    columns : sequence of ChunkedArray of string, length d
        Cells below it.
    """
    numbers = [name for name in names if _NUMBER.fullmatch(name)]
    if len(numbers) > _FEW and len(set(numbers)) < len(numbers):  # names differ
        return not all(_may_belong(name, cells) for name, cells in zip(names, columns, strict=True))
    if not all(name.strip() for name in names) or _counts(names):
        return True
    if len(names) < _FEW and not any(_NUMBER.fullmatch(name) for name in names):
        return True
    return not all(_belongs(name, cells) for name, cells in zip(names, columns, strict=True))


def _counts(names: Sequence[str]) -> bool:
    """Return whether all names are whole numbers that rise by the same step."""
    if not all(re.fullmatch(r"[0-9]{1,9}", name) for name in names):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(names)}
    return len(steps) <= 1 and 0 not in steps


def _belongs(name: str, cells: pa.ChunkedArray) -> bool:
    """Return whether the first line's cell could be one of a column's."""
    if is_mark(name):
        return True
    filled = cells.filter(pc.invert(pc.match_substring_regex(pc.utf8_trim_whitespace(cells), MISSING)))
    if not len(filled):
        return False
    numbers = pc.mean(pc.match_substring_regex(filled, _PATTERN).cast(pa.int8())).as_py()
    if numbers > _MOSTLY:
        return _NUMBER.fullmatch(name) is not None
    return bool(pc.any(pc.equal(filled, name)).as_py())


def _may_belong(name: str, cells: pa.ChunkedArray) -> bool:
    """Return whether a cell could be one of a column's, or of one in which no text stands twice."""
    if not name.strip() or _belongs(name, cells):
        return True
    known = cells.filter(pc.not_equal(cells, ""))
    return _NUMBER.fullmatch(name) is None and pc.count_distinct(known).as_py() >= _MOSTLY * len(known) > 0


def name_columns(names: Sequence[str], spare: Collection[int] = ()) -> tuple[list[str], list[str]]:
    """Return names that differ from each other, and what was done to them, in words.

    Parameters
    ----------
    names : sequence of str
        Names; a blank one becomes ``column_N``, and a name that stands before gets a number.
    spare : collection of int
        Positions of columns that are left out, counted from 0.
    """
    taken: set[str] = set()
    found, notes = [], []
    for position, name in enumerate(names, 1):
        if position - 1 in spare:
            continue
        new, number = name if name.strip() else f"{_NUMBERED}{position}", 2
        while new in taken:
            new, number = f"{name.strip() or _NUMBERED}_{number}", number + 1
        if new != name:
            why = "has no name" if not name.strip() else f"is called {name!r} like one before"
            notes.append(f"column {position} {why}, and is now {new!r}")
        taken.add(new)
        found.append(new)
    return found, notes


def number_names(n: int) -> list[str]:
    """Return names for `n` columns of a file without a header line."""
    return [f"{_NUMBERED}{position}" for position in range(1, n + 1)]


def find_spare(names: Sequence[str], columns: Sequence[pa.ChunkedArray]) -> dict[int, str]:
    """Return the positions of columns without a name that hold nothing to learn, and why.

    Parameters
    ----------
    names : sequence of str, length d
        Names.
    columns : sequence of ChunkedArray of string, length d
        Cells.
    """
    found = {}
    for position, (name, cells) in enumerate(zip(names, columns, strict=True)):
        if name.strip():
            continue
        if pc.all(pc.equal(pc.utf8_trim_whitespace(cells), "")).as_py():
            found[position] = "has neither a name nor a value"
        elif position == 0 and pc.count_distinct(cells).as_py() == len(cells):
            found[position] = "has no name and names the rows, each differently"
    return found
