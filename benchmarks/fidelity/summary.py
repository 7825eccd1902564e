"""Render finished cases as Markdown: quality and costs of each table, mean ranks, and where ganaug is behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .figures import AUC, COSTS, Board, Entry, Measure, find_losses, format_mean, make_boards
from .models import NAMES as PEER_NAMES
from .ranks import RANKED, Ranking, find_best_peers, rank_models


def render_markdown(entries: Iterable[Entry]) -> str:
    """Return the whole summary of finished cases: means over seeds, ± standard deviations."""
    found = make_boards(entries)
    parts = [_render_board(board) for board in found]
    parts += [_render_ranking(ranking) for ranking in rank_models(found)]
    return "\n\n".join(part for part in [*parts, _render_best_peers(found), _render_losses(found)] if part) + "\n"


def _render_board(board: Board) -> str:
    if not board.lines:
        return f"## {board.name}\n\nLeft out: {board.excluded}."
    parts = [
        f"## {board.name}: {board.rows:,} training rows",
        render_table(board, board.measures),
        render_table(board, COSTS),
    ]
    notes = [f"* {model}: {note}." for model, line in board.lines.items() for note in line.notes]
    return "\n\n".join(
        part for part in [*parts, "\n".join(_format_ratios(board) + _format_worst_pairs(board) + notes)] if part
    )


def render_table(board: Board, measures: Sequence[Measure]) -> str:
    """Return a Markdown table with a line for each model that has any of the figures."""
    head = ["| model | seeds | " + " | ".join(m.heading for m in measures) + " |", "|---" * (len(measures) + 2) + "|"]
    lines = []
    for model, line in board.lines.items():
        values = [line.list_values(measure) for measure in measures]
        if any(values):
            cells = [format_mean(v, m) for v, m in zip(values, measures, strict=True)]
            lines.append(f"| {model} | {max(map(len, values))} | " + " | ".join(cells) + " |")
    return "\n".join(head + lines) if lines else ""


def _format_ratios(board: Board) -> list[str]:
    times = Measure("", "", ".1f")
    return [
        f"* {PEER_NAMES[peer]}'s fit, processor seconds, as a ratio of {model}'s in the same run: "
        f"{format_mean(found, times)}; seeds: {len(found)}."
        for (peer, model), found in board.ratios.items()
    ]


def _format_worst_pairs(board: Board) -> list[str]:
    line = board.lines.get("ganaug")
    if line is None or not line.quality or board.is_rare:
        return []
    worst = line.quality[-1]["result"]["worst_pairs"]
    return ["* ganaug: worst pairs: " + ", ".join(f"{pair} {error:.1%}" for pair, error in worst.items()) + "."]


def _render_ranking(ranking: Ranking) -> str:
    """Return a table of mean ranks, and which tables they are of."""
    models = list(ranking.means)
    lacking = [f"{name} ({', '.join(absent)})" for name, absent in ranking.missing.items()]
    notes = [f"* Left out, since not all models finished them: {', '.join(lacking)}."] if lacking else []
    if not ranking.tables:
        return "\n".join([f"## Mean ranks\n\nNo table was finished by all of {', '.join(models)}.\n", *notes])
    text = "Rank 1 is best, and ties share their mean rank; below 0.5, a C2ST is as good as 0.5."
    head = ["| model | " + " | ".join(m.heading for m in RANKED) + " |", "|---" * (len(RANKED) + 1) + "|"]
    rows = [f"| {model} | " + " | ".join(f"{mean:.2f}" for mean in ranking.means[model]) + " |" for model in models]
    notes = [f"* Tables: {', '.join(ranking.tables)}.", *notes]
    return "\n".join([f"## Mean ranks, tables: {len(ranking.tables)}", "", text, "", *head, *rows, "", *notes])


def _render_best_peers(found: Sequence[Board]) -> str:
    """Return a table with the AUC of ganaug and of the best peer on each table."""
    rows = []
    for board, own, peer, difference in find_best_peers(found):
        ours, theirs = (format_mean(board.lines[model].list_values(AUC), AUC) for model in (own, peer))
        rows.append(f"| {board.name} | {own} {ours} | {peer} {theirs} | {difference:+.3f} |")
    head = [
        "## AUC beside that of the best peer",
        "",
        "| table | ganaug | best peer | difference |",
        "|---|---|---|---|",
    ]
    return "\n".join(head + rows) if rows else ""


def _render_losses(found: Sequence[Board]) -> str:
    """Return one line for each figure of each table in which a peer is better."""
    lines, compared = [], 0
    for board in found:
        lost, n = find_losses(board)
        compared += n
        for measure, *models in lost:
            shown = [f"{model} {format_mean(board.lines[model].list_values(measure), measure)}" for model in models]
            lines.append(f"* {board.name}, {measure.heading}: {', '.join(shown)}")
    if not compared:
        return "## Where ganaug is behind\n\nNothing to compare it with."
    return "\n".join([f"## Where ganaug is behind: {len(lines)} of {compared} comparisons", "", *lines]).rstrip()
