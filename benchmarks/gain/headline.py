"""Render the README's table of gains: one line for each thing that one can do with few or unbalanced rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd

from ..shared.figures import ALL_LEARNERS, POINTS, average_by_method, subtract_control, tabulate_scores
from ..shared.ledger import read_results
from .distillation import TREE

FOLDER = Path(__file__).parents[1] / "results" / "gain"
HARD, SOFT = ("imbalance", "low-data"), ("distillation-imbalance", "distillation")
LINES = (
    ("threshold", "a moved threshold", HARD),
    ("class_weight", "class weights", HARD),
    ("smote", "SMOTE", HARD),
    ("gaussian_copula", "rows of a copula until balanced", HARD),
    ("ganaug", "rows of **ganaug** until balanced", HARD),
    ("ganaug_tuned", "**ganaug**, share chosen on held-out rows", HARD),
    ("soft_real", "soft labels of a teacher ¹", SOFT),
    ("distilled_swap", "the same, and rows with swapped cells ¹", SOFT),
)
"""Method, words, and the results of imbalanced tables and of few rows that it stands in."""
HEAD = "| added to the real rows | ROC AUC, rare class | ROC AUC, few rows | balanced accuracy, rare class |"
TEXT = """Points gained on the real rows alone, on unseen rows: mean of five classifiers, 95 % interval over tables.
Rare class: {rare}, {rare_tables} tables. Few rows: {few}, {few_tables} tables.
¹ Another run: {soft_rare}, {soft_rare_tables} tables; {soft_few}, {soft_few_tables} tables."""


def render_headline(folder: Path = FOLDER) -> str:
    """Return the Markdown of the table, and what it shows."""

    @cache
    def read(name: str) -> pd.DataFrame:
        return _read_scores(folder / f"{name}.json")

    lines = [HEAD, "|---" * HEAD.count(" | ") + "|---|"]
    for method, words, (rare, few) in LINES:
        cells = [_find(read(rare), method, "roc_auc"), _find(read(few), method, "roc_auc")]
        cells.append(_find(read(rare), method, "balanced_accuracy"))
        lines.append("| " + " | ".join([words, *cells]) + " |")
    return "\n".join(lines) + "\n\n" + _render_text(read)


def _read_scores(path: Path) -> pd.DataFrame:
    """Return the scores of the five learners that all results share."""
    frame = tabulate_scores(read_results(path))
    return frame[frame["learner"] != TREE]


def _render_text(read: Callable[[str], pd.DataFrame]) -> str:
    """Return what the table was measured on."""
    facts: dict[str, object] = {}
    for kind, (rare, few) in (("", HARD), ("soft_", SOFT)):
        for place, name, words in (("rare", rare, "{} % of the rows"), ("few", few, "{}")):
            frame = read(name)
            cuts = sorted(float(cut.removesuffix("pct")) for cut in frame["cut"].unique())
            facts[f"{kind}{place}"] = words.format(", ".join(f"{cut:g}" for cut in cuts))
            facts[f"{kind}{place}_tables"] = frame["table"].nunique()
    return TEXT.format(**facts)


def _find(frame: pd.DataFrame, method: str, metric: str) -> str:
    """Return the mean difference of a method to the real rows alone, in points, with its interval."""
    means = average_by_method(subtract_control(frame, "none", metric))
    row = means[(means["method"] == method) & (means["learner"] == ALL_LEARNERS)].iloc[0]
    mean, low, high = (f"{round(row[key] * POINTS, 1) + 0.0:+.1f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]".replace(" ", "\N{NO-BREAK SPACE}")
