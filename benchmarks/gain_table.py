"""The README's table of gains: what committed results of `benchmarks.run` say, one line for each method."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .figures import ALL_LEARNERS, by_cell, by_method, differences, outcomes, scores_frame
from .ledger import read_results
from .methods import METHODS
from .summary import TIE, shown

FOLDER = Path(__file__).parent / "results" / "gain"
SHOWN = {
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "f1_macro": "macro-F1",
    "average_precision": "average precision",
}
NAMES = {
    "duplicate": "rows repeated until balanced",
    "duplicate_natural": "every row twice",
    "class_weight": "class weights",
    "random_over_sampling": "random over-sampling",
    "smote": "SMOTE, SMOTENC",
    "adasyn": "ADASYN",
    "teacher_bootstrap": "real rows drawn by a forest's agreement with their label",
    "gaussian_copula": "Gaussian copula",
    "ctgan": "CTGAN",
    "tvae": "TVAE",
    "arf": "ARF",
    "ganaug": "**ganaug**, balanced",
    "ganaug_natural": "**ganaug**, as many rows again",
    "ganaug_tuned": "**ganaug**, share chosen by TunedAugmenterCV",
    "ganaug_tuned_mean": "**ganaug**, share chosen for four classifiers at once",
}
TEXT = """Differences to the real rows alone, in points, on rows that neither generator nor classifier saw: mean over
the classifiers, and in brackets the 95 % interval over the tables. `imbalance`: 2 % positives in at most 4000 rows;
`low-data`: cuts of 100, 200 and 500 rows, those beside peers of 200; `tuned`: whole tables. Won and lost: combinations
of table, cut and classifier, by balanced accuracy. Class weights count for the classifiers that take them.
`benchmarks/README.md` has the commands and the protocol; `python -m benchmarks.summary` lists every losing combination.
"""


def gain_table(folder: Path = FOLDER) -> str:
    """Return the Markdown for all results in `folder`, one table for each file."""
    return "\n\n".join([TEXT.rstrip(), *(_of_file(path) for path in sorted(folder.glob("*.json")))])


def _of_file(path: Path) -> str:
    content = read_results(path)
    frame = scores_frame(content)
    paired = {metric: differences(frame, "none", metric) for metric in SHOWN}
    figures = {metric: _means(part) for metric, part in paired.items()}
    counts = outcomes(by_cell(paired["balanced_accuracy"]), TIE)
    n = f"{content['suite']}: {frame['table'].nunique()} tables, {frame['case'].nunique()} cases"
    lines = [f"| {n} | " + " | ".join(SHOWN.values()) + " | won | lost |", "|---" * (len(SHOWN) + 3) + "|"]
    for method in METHODS:
        if method in counts.index:
            cells = [figures[metric].get(method, "") for metric in SHOWN]
            won = [str(counts.loc[method, column]) for column in ("wins", "losses")]
            lines.append(f"| {NAMES[method]} | " + " | ".join([*cells, *won]) + " |")
    return "\n".join(lines)


def _means(paired: pd.DataFrame) -> dict[str, str]:
    rows = by_method(paired)
    overall = rows[rows["learner"] == ALL_LEARNERS]
    return {row.method: shown(row) for row in overall.itertuples()}
