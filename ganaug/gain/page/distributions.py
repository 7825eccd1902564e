"""Sections on the distributions of columns and of pairs of columns: real rows beside synthetic ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .drawings import BARS, bars, heat_maps, histogram, most
from .parts import Figure, Section, Table
from .text import named, plural, score, share

Record = Mapping[str, Any]

MAX_COLUMNS = 24  # drawn; all are listed
MAX_LISTED = 1000
_MAX_CELLS = 20  # a side of a table of pairs


def columns(report: Record) -> Section | None:
    """Return real beside synthetic shares, the worst columns first."""
    listed = sorted(report.get("columns") or [], key=lambda column: -(column["error"] or 0.0))
    if not listed:
        return None
    figures = [_column(i, column) for i, column in enumerate(listed[:MAX_COLUMNS]) if column["bins"]]
    text = [
        "Areas and bars are the real rows of the first fold; lines and dots the synthetic ones. The error is the "
        "distance of the two, from 0 (alike) to 1: Kolmogorov and Smirnov's for numbers and dates, total variation for "
        "categories. The worst columns come first."
    ]
    notes = []
    if len(listed) > len(figures):
        notes.append(
            f"{len(listed) - len(figures)} of {len(listed)} columns are not drawn; the table below lists their errors."
        )
    if len(listed) > MAX_LISTED:
        notes.append(f"The table holds the worst {MAX_LISTED}; report.to_dict() has them all.")
    rows = [
        (named(c["name"], 80), c["kind"], score(c["error"]), *(share(part) for part in c["missing"]))
        for c in listed[:MAX_LISTED]
    ]
    head = ("Column", "Kind", "Error", "Missing, real", "Missing, synthetic")
    return Section(
        "columns",
        "Columns: real beside synthetic",
        text,
        figures=figures,
        tables=[Table.of("Errors of all columns" if len(listed) <= MAX_LISTED else "Errors", head, rows, folded=True)],
        notes=notes,
    )


def _column(place: int, column: Record) -> Figure:
    title = named(column["name"])
    paint = bars if column["kind"] == "category" else histogram
    size = plural(len(column["bins"]), "bin")
    label = f"Column {title}: real and synthetic shares of {size}; error {score(column['error'])}."
    rows = list(zip(column["bins"], map(share, column["real"]), map(share, column["synthetic"]), strict=False))
    table = Table.of(f"Shares of {title}", ("Bin", "Real", "Synthetic"), [(named(b), r, s) for b, r, s in rows])
    note = f"Error {score(column['error'])}"
    if any(column["missing"]):
        note += f"; missing {share(column['missing'][0])} real, {share(column['missing'][1])} synthetic"
    if column["kind"] == "category" and len(column["bins"]) > BARS:
        note += f"; {BARS} of {len(column['bins'])} categories drawn"
    return Figure(title, paint(f"column-{place}", label, column), [table], note)


def pairs(report: Record) -> Section | None:
    """Return the pairs of columns whose joint shares differ most."""
    listed = report.get("pairs") or []
    if not listed:
        return None
    text = [
        "The pairs of columns where synthetic rows are furthest from real ones. The stronger a cell's colour, the more "
        "rows it holds."
    ]
    figures = [_pair(i, pair) for i, pair in enumerate(listed[:4])]
    return Section("pairs", "Worst pairs: real beside synthetic", text, figures=figures)


def _pair(place: int, pair: Record) -> Figure:
    title = f"{named(pair['a'], 40)} by {named(pair['b'], 40)}"
    label = f"Heat maps of {title}, real rows left, synthetic rows right; error {score(pair['error'])}."
    tables = [_cells(f"{side} rows: {title}", pair, pair[side.lower()]) for side in ("Real", "Synthetic")]
    note = f"Error {score(pair['error'])}; full colour is {most(pair)} of the rows"
    return Figure(title, heat_maps(f"pair-{place}", label, pair), tables, note)


def _cells(caption: str, pair: Record, shares: Sequence[Sequence[float]]) -> Table:
    head = (named(pair["a"], 30), *(named(text, 30) for text in pair["bins_b"][:_MAX_CELLS]))
    rows = [
        (named(text, 30), *(share(value) for value in row[:_MAX_CELLS]))
        for text, row in zip(pair["bins_a"][:_MAX_CELLS], shares, strict=False)
    ]
    return Table.of(caption, head, rows)
