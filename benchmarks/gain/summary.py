"""Render results files as Markdown: differences with intervals, wins and losses, every losing cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..shared.figures import (
    ALL_LEARNERS,
    TIE,
    average_by_cell,
    average_by_method,
    count_outcomes,
    format_points,
    subtract_control,
    tabulate_scores,
)
from ..shared.ledger import list_failures
from .cases import FREE
from .learners import LEARNERS
from .methods import METHODS

CONTROLS = FREE


def render_report(content: dict[str, Any], metrics: Sequence[str], losers: Sequence[str]) -> str:
    """Return the whole summary of one results file.

    Parameters
    ----------
    content : dict
        From `ledger.read_results`.
    metrics : sequence of str
        Of `learners.METRICS`.
    losers : sequence of str
        Methods whose losing cells are listed; those of others are only counted.
    """
    frame = tabulate_scores(content)
    parts = [_render_heading(content, frame)]
    for metric in metrics:
        for control in CONTROLS:
            paired = subtract_control(frame, control, metric)
            if len(paired):
                parts += [f"## {metric} minus that of {control}", render_means(paired), render_tally(paired)]
        paired = subtract_control(frame, "none", metric)
        parts += [render_losses(paired, method, metric) for method in losers if (paired["method"] == method).any()]
    return "\n\n".join([*parts, *_list_troubles(content)]) + "\n"


def _render_heading(content: dict[str, Any], frame: pd.DataFrame) -> str:
    versions = "; ".join(
        f"ganaug {e['versions']['ganaug']} ({e['source']}), scikit-learn {e['versions']['scikit-learn']}"
        for e in content["environments"]
    )
    listed = {name: ", ".join(sorted(frame[name].astype(str).unique())) for name in ("table", "cut", "seed")}
    return (
        f"# {content['suite']}\n\n{frame['case'].nunique()} cases; tables {listed['table']}; cuts {listed['cut']}; "
        f"seeds {listed['seed']}. {versions}.\n\nDifferences are paired (same rows, same learner, same seed), in "
        "points (hundredths of the score); higher is better. In brackets: the 95 % interval over tables. Cuts and "
        "seeds of a table are averaged first, so that n is the number of tables."
    )


def render_means(paired: pd.DataFrame) -> str:
    """Return a table of mean differences: a line for each method, a column for each learner and for their mean."""
    figures = average_by_method(paired)
    cells = {(row.method, row.learner): format_points(row) for row in figures.itertuples()}
    learners = [*(name for name in LEARNERS if name in set(figures["learner"])), ALL_LEARNERS]
    n = figures.groupby("method")["n"].max()
    lines = ["| method | " + " | ".join(learners) + " | n |", "|---" * (len(learners) + 2) + "|"]
    for method in METHODS:
        if method in n.index:
            line = [cells.get((method, learner), "") for learner in learners]
            lines.append(f"| {method} | " + " | ".join(line) + f" | {n[method]} |")
    return "\n".join(lines)


def render_tally(paired: pd.DataFrame) -> str:
    """Return how many cells (table, cut and learner; mean over seeds) each method wins, ties and loses."""
    counts = count_outcomes(average_by_cell(paired), TIE)
    head = ["cells", "wins", "ties", "losses", "clear wins", "clear losses"]
    lines = ["| method | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    for method in METHODS:
        if method in counts.index:
            lines.append(
                f"| {method} | " + " | ".join(str(counts.loc[method, h.replace(" ", "_")]) for h in head) + " |"
            )
    return "\n".join(lines)


def render_losses(paired: pd.DataFrame, method: str, metric: str) -> str:
    """Return every cell in which `method` is worse than no augmentation, worst first."""
    cells = average_by_cell(paired[paired["method"] == method])
    lost = cells[cells["mean"] <= -TIE].sort_values("mean")
    clear = int((cells["high"] < 0).sum())
    title = (
        f"### {method} below none, {metric}: {len(lost)} of {len(cells)} cells, "
        f"{clear} of them ({clear / len(cells):.0%}) with an interval below 0"
    )
    lines = [
        f"* {row.table}, {row.cut}, {row.learner}: {format_points(row)}, n = {row.n}"
        + (" **clear**" if row.high < 0 else "")
        for row in lost.itertuples()
    ]
    return "\n\n".join([title, "\n".join(lines)]) if lines else title


def _list_troubles(content: dict[str, Any]) -> list[str]:
    """Return sections on failures, excluded cases, and what was left out."""
    cases = content["cases"].items()
    excluded = [f"* {case}: {entry['excluded']}" for case, entry in cases if "excluded" in entry]
    skipped = {
        f"* {r['method']}, {r['learner']}, {entry['table']}: {r['not_applicable']}"
        for _, entry in cases
        for r in entry.get("records", [])
        if "not_applicable" in r
    }
    notes = {f"* {entry['table']}, {entry['cut']}: {note}" for _, entry in cases for note in entry.get("notes", [])}
    sections = {
        "Failed": [f"* {line}" for _, _, line in list_failures(content)],
        "Excluded cases": excluded,
        "Not applicable": sorted(skipped),
        "Left out of tables": sorted(notes),
    }
    return [f"## {title}\n\n" + "\n".join(lines) for title, lines in sections.items() if lines]
