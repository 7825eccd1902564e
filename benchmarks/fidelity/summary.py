"""Markdown of finished cases: a table of quality and one of costs for each data set, and where ganaug is behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .figures import COSTS, Board, Entry, Measure, behind, boards, mean_and_spread


def markdown(entries: Iterable[Entry]) -> str:
    """Return everything that finished cases say: means over seeds, ± standard deviations."""
    found = boards(entries)
    return "\n\n".join([*(_of_board(board) for board in found), _where_behind(found)]) + "\n"


def _of_board(board: Board) -> str:
    if not board.lines:
        return f"## {board.name}\n\nLeft out: {board.excluded}."
    parts = [f"## {board.name}: {board.rows:,} training rows", grid(board, board.measures), grid(board, COSTS)]
    notes = [f"* {model}: {note}." for model, line in board.lines.items() for note in line.notes]
    return "\n\n".join(part for part in [*parts, "\n".join(_ratio(board) + _worst_pairs(board) + notes)] if part)


def grid(board: Board, measures: Sequence[Measure]) -> str:
    """Return a Markdown table with a line for each model that has any of the figures."""
    head = ["| model | seeds | " + " | ".join(m.heading for m in measures) + " |", "|---" * (len(measures) + 2) + "|"]
    lines = []
    for model, line in board.lines.items():
        values = [line.values(measure) for measure in measures]
        if any(values):
            cells = [mean_and_spread(v, m) for v, m in zip(values, measures, strict=True)]
            lines.append(f"| {model} | {max(map(len, values))} | " + " | ".join(cells) + " |")
    return "\n".join(head + lines) if lines else ""


def _ratio(board: Board) -> list[str]:
    shown = {model: mean_and_spread(found, Measure("", "", ".1f")) for model, found in board.ratios.items()}
    return [
        f"* CTGAN's fit takes {times} times as long as that of {model}; pairs: {len(board.ratios[model])}."
        for model, times in shown.items()
    ]


def _worst_pairs(board: Board) -> list[str]:
    line = board.lines.get("ganaug")
    if line is None or not line.quality or board.is_rare:
        return []
    worst = line.quality[-1]["result"]["worst_pairs"]
    return ["* ganaug: worst pairs: " + ", ".join(f"{pair} {error:.1%}" for pair, error in worst.items()) + "."]


def _where_behind(found: Sequence[Board]) -> str:
    """Return one line for each figure of each table in which a peer is better."""
    lines, compared = [], 0
    for board in found:
        lost, n = behind(board)
        compared += n
        for measure, *models in lost:
            shown = [f"{model} {mean_and_spread(board.lines[model].values(measure), measure)}" for model in models]
            lines.append(f"* {board.name}, {measure.heading}: {', '.join(shown)}")
    if not compared:
        return "## Where ganaug is behind\n\nNothing to compare it with."
    return "\n".join([f"## Where ganaug is behind: {len(lines)} of {compared} comparisons", "", *lines]).rstrip()
