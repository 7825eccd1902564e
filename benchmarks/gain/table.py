"""Render the tables of gains in docs/does_it_help.md and docs/gain.md from committed results of `benchmarks.gain`."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    find_best_method,
    subtract_control,
    tabulate_scores,
)
from ..shared.ledger import read_results
from .cases import FREE, TAUGHT
from .distillation import STEPS, render_steps
from .learners import LEARNERS
from .methods import METHODS
from .names import NAMES
from .summary import render_losses

FOLDER = Path(__file__).parents[1] / "results" / "gain"
MODEL = Path(__file__).parents[2] / "ganaug" / "gain" / "expected.json"
LEADING = "roc_auc"
SHOWN = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "neg_log_loss": "log loss",
    "neg_brier_score": "Brier score",
    "balanced_accuracy": "balanced accuracy",
    "balanced_accuracy@prevalence": "the same at prevalence",
}
AS_IT_IS = ("neg_log_loss",)  # no share, so that its differences are no points
MAIN_METHODS = (*FREE, "gaussian_copula_corrected", "ganaug", "ganaug_corrected", "ganaug_tuned")
TEXT = """Differences to the same classifier on the real rows alone, on rows that neither generator nor classifier saw:
mean over five classifiers and, in brackets, the 95 % interval over the tables. Points are hundredths; log loss and
Brier score are negated, so that higher is better everywhere. *At prevalence*: the classifier decides at the share of
each class in what it was trained on. `imbalance`: 2 and 5 % positives in at most 4000 rows, one seed, tables with ten
positive rows or more to learn from. `low-data`: cuts of 100, 200 and 500 rows, five seeds. One setting of the generator
was chosen by test rows of each (`benchmarks/README.md`), so that ganaug's figures are a little lucky.
[The page on gains](gain.md) has every method, classifier, share and losing combination.
"""
PAGE_HEAD = """<!-- Written by python -m benchmarks.readme from benchmarks/results: not to be changed by hand. -->
# Gain: do synthetic rows help a classifier?

"""
PAGE_TEXT = """Differences to the same classifier on the real rows alone, in points (hundredths); log loss as it is. Log
loss and Brier score are negated, so that higher is better everywhere. Mean over the classifiers and, in brackets, the
95 % interval over the tables; cuts and seeds of a table are averaged first. "At prevalence": the classifier decides at
the share of each class in what it was trained on, in place of the most probable class. "Put right": probabilities for
the real prior, by `PriorCorrectedClassifier`. Won and lost: combinations of table, cut and classifier, by ROC AUC.
`benchmarks/README.md` has the commands and the protocol.
"""
EXPECTED_TEXT = """How far off `ganaug.expected_gain` and `ganaug report --quick` are before anything is trained, on
tables left out: {cases} cases (table, cut and classifier) of {tables} tables, in points of ROC AUC. What is said has a
correlation of {correlation:.2f} with what was gained. All have two classes and at most 4000 rows to learn from.
"""
BEST_TEXT = """Against the **best free control**: of {free} and the real rows alone, for each metric and line the one
with the best mean, chosen by the very scores that are compared, which favours it.
"""


def render_gain_table(folder: Path = FOLDER) -> str:
    """Return Markdown: for each suite the free controls, ganaug, and ganaug against the best of them."""
    parts = [TEXT.rstrip()]
    for name in ("imbalance", "low-data"):
        if (path := folder / f"{name}.json").exists():
            content = read_results(path)
            frame = tabulate_scores(content)
            parts += [
                _render_methods(content, frame, MAIN_METHODS),
                _render_best(frame, ("ganaug", "ganaug_tuned"), []),
            ]
    return "\n\n".join(parts)


def render_gain_page(folder: Path = FOLDER) -> str:
    """Return the Markdown of docs/gain.md: everything in `folder`, losses included."""
    free = ", ".join(NAMES[name] for name in FREE if name in NAMES)
    parts = [PAGE_HEAD + PAGE_TEXT.rstrip(), BEST_TEXT.format(free=free).rstrip()]
    for path in sorted(folder.glob("*.json")):
        content = read_results(path)
        frame = tabulate_scores(content)
        ours = [name for name in METHODS if _is_ours(name) and (frame["method"] == name).any()]
        parts += [f"## {path.stem}", _render_methods(content, frame, list(METHODS))]
        if set(frame["method"]) >= {after for _, after, _ in STEPS[:2]}:  # with controls of their own
            parts += ["### From labels to the teacher, step by step", render_steps(content)]
        else:
            parts += ["### Against the best free control", _render_best(frame, ours, ["learner", "cut"])]
        paired = subtract_control(frame, "none", LEADING)
        parts += [render_losses(paired, name, LEADING) for name in ours]
    return "\n\n".join([*parts, *_render_expected()]) + "\n"


def _is_ours(method: str) -> bool:
    return method.startswith("ganaug") or method in TAUGHT


def _render_expected() -> list[str]:
    """Return the section on the error of `ganaug.expected_gain` on held-out tables."""
    if not MODEL.exists():
        return []
    error = json.loads(MODEL.read_text(encoding="utf-8"))["error"]
    text = EXPECTED_TEXT.format(cases=error["cases"], tables=error["tables"], correlation=error["correlation"])
    lines = [_format_line(["what is said", "root mean square error", "mean absolute error"]), "|---" * 3 + "|"]
    for name, words in (
        ("", "`expected_gain`"),
        ("_of_learner_means", "the mean of the classifier"),
        ("_of_zero", "0"),
    ):
        lines.append(_format_line([words, f"{error['rmse' + name]:.2f}", f"{error['mae' + name]:.2f}"]))
    return ["## Expected gain", text.rstrip(), "\n".join(lines)]


def _render_methods(content: dict[str, Any], frame: pd.DataFrame, methods: Sequence[str]) -> str:
    """Return a line for each method: its differences to no augmentation."""
    paired = {metric: subtract_control(frame, "none", metric) for metric in SHOWN}
    figures = {metric: _format_means(part, metric) for metric, part in paired.items()}
    counts = count_outcomes(average_by_cell(paired[LEADING]), TIE)
    head = f"{content['suite']}: {frame['table'].nunique()} tables, {frame['case'].nunique()} cases"
    lines = [_format_line([head, *SHOWN.values(), "won", "lost"]), "|---" * (len(SHOWN) + 3) + "|"]
    for method in methods:
        if method in counts.index:
            won = [str(counts.loc[method, column]) for column in ("wins", "losses")]
            lines.append(_format_line([NAMES[method], *(figures[metric].get(method, "") for metric in SHOWN), *won]))
    return "\n".join(lines)


def _render_best(frame: pd.DataFrame, methods: Sequence[str], by: Sequence[str]) -> str:
    """Return a line for each method, and for each learner and cut: its differences to the best free control."""
    lines = [_format_line(["against the best free control", *SHOWN.values()]), "|---" * (len(SHOWN) + 1) + "|"]
    for method in methods:
        lines += [
            _format_line([f"{NAMES[method]}{where}", *(_compare_with_best(part, method, metric) for metric in SHOWN)])
            for where, part in _split_parts(frame, by)
        ]
    return "\n".join(lines)


def _split_parts(frame: pd.DataFrame, by: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return all scores, and those of each learner and cut."""
    parts = [("", frame)]
    orders = {"learner": list(LEARNERS), "cut": sorted(frame["cut"].unique(), key=lambda c: (len(c), c))}
    for column in by:
        parts += [(f": {value}", frame[frame[column] == value]) for value in orders[column]]
    return [(where, part) for where, part in parts if len(part)]


def _compare_with_best(frame: pd.DataFrame, method: str, metric: str) -> str:
    """Return the difference to the best free control, with the name of the control."""
    best = find_best_method(frame, FREE, metric)
    if best is None or not (frame["method"] == method).any():
        return ""
    taken = frame
    if best != "none":  # a learner that does not take the control counts unchanged
        has = frame[(frame["method"] == best) & (frame["metric"] == metric)]
        plain = frame[(frame["method"] == "none") & (frame["metric"] == metric)]
        lacking = plain[~plain["learner"].isin(has["learner"].unique())]
        taken = pd.concat([frame, lacking.assign(method=best)], ignore_index=True)
    means = _format_means(subtract_control(taken, best, metric), metric)
    return f"{means[method]} ({NAMES.get(best, 'real rows alone')})" if method in means else ""


def _format_means(paired: pd.DataFrame, metric: str) -> dict[str, str]:
    rows = average_by_method(paired)
    overall = rows[rows["learner"] == ALL_LEARNERS]
    return {row.method: _format_interval(row, metric) for row in overall.itertuples()}


def _format_interval(row: Any, metric: str) -> str:
    """Return a mean with its interval: in points, or log loss as it is."""
    scale, digits = (1, 3) if metric in AS_IT_IS else (POINTS, 1)
    mean, low, high = (f"{round(v * scale, digits) + 0.0:+.{digits}f}" for v in (row.mean, row.low, row.high))
    return mean if pd.isna(row.low) else f"{mean} [{low}, {high}]"


def _format_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
