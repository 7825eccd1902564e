"""Render what each effort costs and gives, from cases of `benchmarks.fidelity --options '{"effort": "fast"}'`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .figures import AUC, C2ST, PAIR, PROCESSOR, SHAPE, Board, format_label, format_mean, make_boards

MEASURES = (PROCESSOR, AUC, C2ST, SHAPE, PAIR)
EFFORTS = ("fast", "balanced", "best")


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return a table with a line for each table and effort: means over the seeds."""
    heads = ["table", "effort", *(measure.heading for measure in MEASURES)]
    lines = [heads, ["---"] * len(heads)]
    lines += [line for board in make_boards(entries) for line in _list_lines(board)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _list_lines(board: Board) -> list[list[str]]:
    name = f"{board.name}, {board.rows:,} rows"
    options = {effort: {} if effort == "balanced" else {"effort": effort} for effort in EFFORTS}
    of_effort = {effort: format_label({"model": "ganaug", "options": options[effort]}) for effort in EFFORTS}
    shown = [(effort, board.lines[of_effort[effort]]) for effort in EFFORTS if of_effort[effort] in board.lines]
    return [[name, effort, *(format_mean(line.list_values(m), m) for m in MEASURES)] for effort, line in shown]
