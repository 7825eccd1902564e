"""What a section of the page is made of; the template knows these and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .text import NOTHING


@dataclass(frozen=True)
class Row:
    """One row of a table: its first cell is its heading; a strong one is what the reader came for."""

    cells: Sequence[str]
    strong: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under one heading; an empty title has none."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """A table with a caption; a folded one opens on demand."""

    caption: str
    head: Sequence[str]
    groups: Sequence[Group]
    folded: bool = False

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers, to be set flush right."""
        columns = zip(*(row.cells for group in self.groups for row in group.rows), strict=False)
        return [all(_is_number(cell) for cell in column) for column in columns] or [False] * len(self.head)

    @classmethod
    def of(cls, caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], folded: bool = False) -> Table:
        """Return a table without groups from rows of cells."""
        return cls(caption, head, [Group("", [Row(row) for row in rows])], folded)


def _is_number(cell: str) -> bool:
    """Tell whether a cell holds a number, or a word in the place of one."""
    return cell in ("", NOTHING, "baseline") or cell.lstrip("+\u2212")[:1].isdigit()


@dataclass(frozen=True)
class Figure:
    """A drawing, and the same numbers as a table for those who cannot see it."""

    title: str
    svg: str
    tables: Sequence[Table]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page, in the order in which it is read: text, facts, figures, tables, code, terms, last words."""

    anchor: str
    title: str
    text: Sequence[str] = ()
    points: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    codes: Sequence[tuple[str, str]] = ()
    terms: Sequence[tuple[str, str, str]] = ()
    notes: Sequence[str] = field(default=())
