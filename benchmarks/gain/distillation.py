"""Render the table of what soft labels give, and what each step from labels to the teacher adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..shared.figures import (
    ALL_LEARNERS,
    POINTS,
    TIE,
    average_by_cell,
    average_by_method,
    count_outcomes,
    subtract_control,
    tabulate_scores,
)
from ..shared.ledger import read_results
from .learners import LEARNERS
from .names import NAMES

FOLDER = Path(__file__).parents[1] / "results" / "gain"
RESULTS = FOLDER / "distillation.json"
WHOLE_TABLES = {
    FOLDER / "distillation-tables.json": "looked at while the teacher was built",
    FOLDER / "distillation-tables-kept-back.json": "looked at for the first time",
}
WHOLE_METHODS = {
    "none": "boosting on labels",
    "searched": "options searched",
    "soft_real": "boosting on soft labels",
    "distilled_swap": "and swapped cells",
    "teacher": "the teacher",
}
LEADING = "roc_auc"
TREE = "tree"  # shown apart, as its gain is several times that of any other learner
STEPS = (
    ("none", "searched", "searched options, against the defaults"),
    ("none", "soft_real", "soft labels, against labels"),
    ("searched", "distilled_swap", "soft labels and swapped cells, against searched options"),
    ("soft_real", "distilled_swap", "rows with swapped cells, against soft labels alone"),
    ("distilled_swap", "distilled_copula", "rows of a copula in their place"),
    ("distilled_swap", "distilled", "rows of ganaug in their place"),
    ("distilled_swap", "teacher", "the teacher, against its student"),
)
TEXT = """Differences to the same classifier trained on labels, in points of ROC AUC, and in log loss to the same with a
sigmoid that calibrates it: mean over {learners}, and a single tree apart. In brackets the
95 % interval over {tables} tables, cut to 100, 200 and 500 rows ({cases} cases). Cells: table, cut and classifier."""


def render_distillation_table(path: Path = RESULTS) -> str:
    """Return Markdown: a line for each method with its gain in AUC, in log loss, and its losing cells."""
    content = read_results(path)
    frame = tabulate_scores(content)
    five = frame[frame["learner"] != TREE]
    gains, losses = subtract_control(five, "none", LEADING), subtract_control(five, "calibrated", "neg_log_loss")
    of_tree = average_by_method(subtract_control(frame[frame["learner"] == TREE], "none", LEADING))
    counts = count_outcomes(average_by_cell(subtract_control(frame, "none", LEADING)), TIE)
    lines = [
        "| | ROC AUC | of a single tree | log loss, to calibrated | cells won | lost | clearly lost |",
        "|---|---|---|---|---|---|---|",
    ]
    for method in NAMES:
        if method in counts.index and method != "calibrated":
            won = [str(counts.loc[method, name]) for name in ("wins", "losses", "clear_losses")]
            cells = [
                _find(average_by_method(gains), method, POINTS, 1),
                _find(of_tree, method, POINTS, 1),
                _find(average_by_method(losses), method, 1, 3),
                *won,
            ]
            lines.append("| " + " | ".join([NAMES[method], *cells]) + " |")
    names = ", ".join(name for name in LEARNERS if name in set(five["learner"]))
    text = TEXT.format(learners=names, tables=frame["table"].nunique(), cases=frame["case"].nunique())
    return "\n\n".join([text, "\n".join(lines)])


def render_whole_tables(files: Mapping[Path, str] = WHOLE_TABLES) -> str:
    """Return Markdown: for each whole table the AUC of boosting, of boosting that a teacher taught, and of the teacher.

    Parameters
    ----------
    files : mapping of Path to str
        Results, and what is to be said of their tables.
    """
    lines = [
        "| | seeds | " + " | ".join(WHOLE_METHODS.values()) + " |",
        "|---" * (len(WHOLE_METHODS) + 2) + "|",
    ]
    for path, words in files.items():
        frame = tabulate_scores(read_results(path))
        frame = frame[frame["metric"] == LEADING]
        means = frame.pivot_table(values="score", index="table", columns="method")[list(WHOLE_METHODS)]
        seeds = frame.groupby("table")["seed"].nunique()
        for table, scores in means.iterrows():
            lines.append(f"| {table} | {seeds[table]} | " + " | ".join(f"{score:.3f}" for score in scores) + " |")
        mean = " | ".join(f"**{score:.3f}**" for score in means.mean())
        lines.append(f"| **mean of {len(means)} tables, {words}** | | {mean} |")
    return "\n".join(lines)


def render_steps(content: dict[str, Any]) -> str:
    """Return a line for each step from labels to the teacher, with a column for each learner."""
    frame = tabulate_scores(content)
    learners = [name for name in LEARNERS if name in set(frame["learner"])]
    lines = [
        "| ROC AUC, points | " + " | ".join(learners) + " | mean without the tree |",
        "|---" * (len(learners) + 2) + "|",
    ]
    for before, after, words in STEPS:
        pair = frame[frame["method"].isin((before, after))]
        if pair["method"].nunique() == 2:
            each = average_by_method(subtract_control(pair, before, LEADING))
            five = average_by_method(subtract_control(pair[pair["learner"] != TREE], before, LEADING))
            cells = [_find(each, after, POINTS, 1, learner) for learner in learners]
            lines.append("| " + " | ".join([words, *cells, _find(five, after, POINTS, 1)]) + " |")
    return "\n".join(lines)


def _find(means: pd.DataFrame, method: str, scale: float, digits: int, learner: str = ALL_LEARNERS) -> str:
    """Return the mean difference of a method with its interval, "" if it was not measured."""
    found = means[(means["method"] == method) & (means["learner"] == learner)]
    if not len(found):
        return ""
    row = found.iloc[0]
    mean, low, high = (f"{round(row[key] * scale, digits) + 0.0:+.{digits}f}" for key in ("mean", "low", "high"))
    return mean if pd.isna(row["low"]) else f"{mean} [{low}, {high}]"
