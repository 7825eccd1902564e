"""Build the sections on distributions: columns and pairs of columns, real rows beside synthetic ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...plots.painting import BARS
from ...plots.text import format_score, format_share, pluralize, show_name
from .drawings import draw_bars, draw_heat_maps, draw_histogram, format_largest_share
from .parts import Figure, Section, Table

Record = Mapping[str, Any]

MAX_COLUMNS = 24  # drawn; all are listed
MAX_LISTED = 1000
_MAX_CELLS = 20  # a side of a table of pairs


def build_columns(report: Record) -> Section | None:
    """Return the section on columns, the largest errors first; None if no column was measured."""
    listed = sorted(report.get("columns") or [], key=lambda column: -(column["error"] or 0.0))
    if not listed:
        return None
    figures = [_build_column(i, column) for i, column in enumerate(listed[:MAX_COLUMNS]) if column["bins"]]
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
        (show_name(c["name"], 80), c["kind"], format_score(c["error"]), *(format_share(part) for part in c["missing"]))
        for c in listed[:MAX_LISTED]
    ]
    head = ("Column", "Kind", "Error", "Missing, real", "Missing, synthetic")
    caption = "Errors of all columns" if len(listed) <= MAX_LISTED else "Errors"
    tables = [Table.of(caption, head, rows, folded=True)]
    return Section("columns", "Columns: real beside synthetic", text, figures=figures, tables=tables, notes=notes)


def _build_column(place: int, column: Record) -> Figure:
    title = show_name(column["name"])
    paint = draw_bars if column["kind"] == "category" else draw_histogram
    size = pluralize(len(column["bins"]), "bin")
    label = f"Column {title}: real and synthetic shares of {size}; error {format_score(column['error'])}."
    shares = zip(column["bins"], column["real"], column["synthetic"], strict=False)
    rows = [(show_name(bin_), format_share(real), format_share(synthetic)) for bin_, real, synthetic in shares]
    table = Table.of(f"Shares of {title}", ("Bin", "Real", "Synthetic"), rows)
    note = f"Error {format_score(column['error'])}"
    if any(column["missing"]):
        note += f"; missing {format_share(column['missing'][0])} real, {format_share(column['missing'][1])} synthetic"
    if column["kind"] == "category" and len(column["bins"]) > BARS:
        note += f"; {BARS} of {len(column['bins'])} categories drawn"
    return Figure(title, paint(f"column-{place}", label, column), [table], note)


def build_pairs(report: Record) -> Section | None:
    """Return the section on the pairs of columns with the largest errors; None if no pair was measured."""
    listed = report.get("pairs") or []
    if not listed:
        return None
    text = [
        "The pairs of columns where synthetic rows are furthest from real ones. The stronger a cell's colour, the more "
        "rows it holds."
    ]
    figures = [_build_pair(i, pair) for i, pair in enumerate(listed[:4])]
    return Section("pairs", "Worst pairs: real beside synthetic", text, figures=figures)


def _build_pair(place: int, pair: Record) -> Figure:
    title = f"{show_name(pair['a'], 40)} by {show_name(pair['b'], 40)}"
    label = f"Heat maps of {title}, real rows left, synthetic rows right; error {format_score(pair['error'])}."
    tables = [_build_cells(f"{side} rows: {title}", pair, pair[side.lower()]) for side in ("Real", "Synthetic")]
    note = f"Error {format_score(pair['error'])}; full colour is {format_largest_share(pair)} of the rows"
    return Figure(title, draw_heat_maps(f"pair-{place}", label, pair), tables, note)


def _build_cells(caption: str, pair: Record, shares: Sequence[Sequence[float]]) -> Table:
    head = (show_name(pair["a"], 30), *(show_name(text, 30) for text in pair["bins_b"][:_MAX_CELLS]))
    rows = [
        (show_name(text, 30), *(format_share(value) for value in row[:_MAX_CELLS]))
        for text, row in zip(pair["bins_a"][:_MAX_CELLS], shares, strict=False)
    ]
    return Table.of(caption, head, rows)
