"""Building blocks of the page, as the template takes them: sections, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...plots.text import NOTHING


@dataclass(frozen=True)
class Row:
    """Row of a table, headed by its first cell; a strong row is printed in bold."""

    cells: Sequence[str]
    strong: bool = False


@dataclass(frozen=True)
class Group:
    """Rows of a table under a common heading, or without one if the title is empty."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """Table with a caption; a folded table opens on demand."""

    caption: str
    head: Sequence[str]
    groups: Sequence[Group]
    folded: bool = False

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether it holds numbers and is aligned right."""
        columns = zip(*(row.cells for group in self.groups for row in group.rows), strict=False)
        return [all(_is_number(cell) for cell in column) for column in columns] or [False] * len(self.head)

    @classmethod
    def of(cls, caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], folded: bool = False) -> Table:
        """Make a table without groups from rows of cells."""
        return cls(caption, head, [Group("", [Row(row) for row in rows])], folded)


def _is_number(cell: str) -> bool:
    """Return whether a cell holds a number, or a word that replaces one."""
    return cell in ("", NOTHING, "baseline") or cell.lstrip("+\u2212")[:1].isdigit()


@dataclass(frozen=True)
class Figure:
    """Drawing, with its numbers as tables for readers who cannot see it."""

    title: str
    svg: str
    tables: Sequence[Table]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Section of the page; the template prints its parts in a fixed order."""

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
