"""Render docs/fidelity.md from the committed results of `benchmarks.fidelity`."""

from __future__ import annotations

from pathlib import Path

from ..shared.protocol import read_cases
from .figures import (
    AUC,
    C2ST,
    MACRO_F1,
    MINORITY_F1,
    PAIR,
    PROCESSOR,
    SHAPE,
    Board,
    Measure,
    format_mean,
    make_boards,
)
from .models import NAMES as PEER_NAMES
from .ranks import RANKED, rank_models

FOLDER = Path(__file__).parents[1] / "results" / "fidelity"
NAMES = {
    "real": "the real rows themselves",
    "held-out": "other real rows",
    "bootstrap": "real rows drawn with replacement",
    "ganaug": "**ganaug**",
    **PEER_NAMES,
}
PAGE_HEAD = """<!-- Written by python -m benchmarks.readme from benchmarks/results: not to be changed by hand. -->
# Fidelity

"""
MEASURES = (PROCESSOR, AUC, MACRO_F1, SHAPE, PAIR, C2ST)
TEXT = """All with their defaults, mean ± standard deviation of the seeds. AUC and macro-F1: XGBoost trained on
synthetic rows and tested on real ones. Shape and pair error: mean distance of the distributions of columns and of
pairs of columns from the training rows. C2ST: how well a classifier tells real from synthetic rows, 0.5 being best.
Verbatim copies score well here, so near-copying methods such as SMOTE are shown for reference, not as a target.
The seeds share one test part, a tenth of each table without one of its own. Below a thousand rows it has fewer than a
hundred, and the standard error of an AUC of .75 is about .05 then (Hanley and McNeil, Radiology 1982): most
differences on such tables are within it.
`benchmarks/README.md` has the command and the protocol; `python -m benchmarks.fidelity --summary` lists every
figure in which ganaug is behind. Processor seconds of CTGAN and TVAE are those of all their epochs.
"""
RANK_TEXT = """Mean ranks over the {} tables that all models finished ({}): 1 is best, and ties share their rank.
Sequential CART takes each cell from a real row, which these measures reward; its AUC is what that is worth.
"""
RARE_TEXT = """Rare classes: F1 of the rarest class, cut down to this share of the training rows, by XGBoost trained on
synthetic rows; the real test rows are weighted to the same share.
"""


def render_fidelity_tables(folder: Path = FOLDER) -> str:
    """Return the Markdown for the results in `folder`, of all tables and of all rare classes."""
    found = make_boards(entry for path in sorted(folder.glob("*.json")) for entry in read_cases(path))
    plain, rare = ([b for b in found if b.lines and b.is_rare == kind] for kind in (False, True))
    head = ["table", "rows from", *(measure.heading for measure in MEASURES)]
    parts = [TEXT, _render_grid(head, [row for board in plain for row in _format_rows(board)])]
    parts += [line for board in plain for line in _format_ratios(board)]
    if rare:
        shares = [model for model in NAMES if any(model in board.lines for board in rare)]
        parts += [
            "",
            RARE_TEXT,
            _render_grid(["table", *(NAMES[m] for m in shares)], [_format_rare_row(b, shares) for b in rare]),
        ]
    return "\n".join(parts)


def write_page(docs: Path, folder: Path = FOLDER) -> None:
    """Write docs/fidelity.md."""
    docs.mkdir(exist_ok=True)
    text = f"{PAGE_HEAD}{_render_ranks(folder)}\n\n{render_fidelity_tables(folder)}\n"
    (docs / "fidelity.md").write_text(text, encoding="utf-8")


def _render_ranks(folder: Path) -> str:
    """Return the mean ranks of all models over the tables that all of them finished."""
    boards = make_boards(entry for path in sorted(folder.glob("*.json")) for entry in read_cases(path))
    found = [ranking for ranking in rank_models(boards) if "ganaug" in ranking.means]
    if not found:
        return ""
    rows = [[NAMES[model], *(f"{mean:.2f}" for mean in means)] for model, means in found[0].means.items()]
    grid = _render_grid(["rows from", *(measure.heading for measure in RANKED)], rows)
    return f"{RANK_TEXT.format(len(found[0].tables), ', '.join(found[0].tables))}\n{grid}"


def _format_rows(board: Board) -> list[list[str]]:
    head = f"{board.name}, {board.rows:,} rows"
    shown = [(NAMES[model], board.lines[model]) for model in NAMES if model in board.lines]
    return [[head, name, *(format_mean(line.list_values(m), m) for m in MEASURES)] for name, line in shown]


def _format_rare_row(board: Board, models: list[str]) -> list[str]:
    values = [board.lines[m].list_values(MINORITY_F1) if m in board.lines else [] for m in models]
    return [board.name, *(format_mean(v, MINORITY_F1) for v in values)]


def _format_ratios(board: Board) -> list[str]:
    """Return a line for each peer whose processor seconds one run measured beside those of ganaug."""
    times = Measure("", "", ".1f")
    return [
        f"* {board.name}: a fit of {NAMES[peer]} takes {format_mean(found, times)} times the processor seconds of "
        "one of ganaug, both measured in one run."
        for (peer, own), found in board.ratios.items()
        if own == "ganaug"
    ]


def _render_grid(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
