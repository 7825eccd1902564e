"""Measure what distillation costs: processor seconds of teacher, augmenter and student, and of predictions.

``python -m benchmarks.distillation_cost --data FOLDER --output cost.json``

A `DistilledClassifier` is fitted to cuts of tables, with parts that tell how long they work. Everything runs on one
thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from .gain.learners import make_learner
from .gain.shared_fits import find_default_teacher
from .shared.command import add_output, add_summary, finish
from .shared.data import Table, load_table
from .shared.machine import describe_machine, read_versions
from .shared.protocol import Results, digest_source, read_cases

PROTOCOL = 1  # part of each case's key: raise it when a measure changes
TABLES = ("phoneme", "magic", "pima", "churn", "german_credit", "adult")
SIZES = (100, 500, 5000)
STUDENTS = ("logistic", "forest", "boosting", "tree")
PREDICTED = 10_000  # rows
TEXT = """Processor seconds on one thread, mean of up to {tables} tables. *Teacher*: fitted in five folds and to all
rows, and its probabilities. *Rows*: fit and draw of five synthetic rows for each real one, by each augmenter.
*Student*: its fit to real and synthetic rows with their probabilities. *Labels*: the same classifier fitted to the real
rows alone. *Predict*: 10,000 rows. Tables with fewer rows are left out."""

_SECONDS: dict[str, float] = {}


@contextmanager
def count_seconds(name: str) -> Iterator[None]:
    """Add the processor seconds of what is done meanwhile to those of a name."""
    began = time.process_time()
    try:
        yield
    finally:
        _SECONDS[name] = _SECONDS.get(name, 0.0) + time.process_time() - began


class TimedTeacher(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Count the seconds of a teacher.

    Parameters
    ----------
    teacher : classifier
    """

    def __init__(self, teacher: Any):
        self.teacher = teacher

    def fit(self, X: pd.DataFrame, y: Any) -> TimedTeacher:
        """Fit the teacher."""
        with count_seconds("teacher"):
            self.teacher_ = clone(self.teacher).fit(X, y)
        self.classes_ = self.teacher_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of the teacher."""
        with count_seconds("teacher"):
            proba: np.ndarray = self.teacher_.predict_proba(X)
        return proba


class TimedSampler(BaseEstimator):  # type: ignore[misc]
    """Count the seconds of a sampler.

    Parameters
    ----------
    sampler : object with ``fit`` and ``sample``
    """

    def __init__(self, sampler: Any):
        self.sampler = sampler

    def fit(self, X: pd.DataFrame, y: Any) -> TimedSampler:
        """Fit the sampler."""
        with count_seconds("rows"):
            self.sampler_ = clone(self.sampler).fit(X, y)
        return self

    def sample(self, n: Any = None, y: Any = None, random_state: Any = None) -> tuple[Any, Any]:
        """Return what the sampler draws."""
        with count_seconds("rows"):
            drawn: tuple[Any, Any] = self.sampler_.sample(n, y, random_state)
        return drawn


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distillation_cost", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, help="folder of tables")
    add("--tables", nargs="+", default=TABLES, metavar="NAME", help=f"default: {' '.join(TABLES)}")
    add("--sizes", nargs="+", type=int, default=SIZES, metavar="N", help="rows (default: 100 500 5000)")
    add_output(parser, "cost.json")
    add_summary(parser)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases, and return the summary."""
    if options.summary:
        return render_markdown(case for path in options.summary for case in read_cases(path)), []
    store = Results(options.output)
    for name in options.tables:
        table = load_table(name, options.data)
        for size in options.sizes:
            key = {"benchmark": "distillation cost", "protocol": PROTOCOL, "table": name, "digest": table.digest}
            key |= {"rows": size, "versions": read_versions(), "source": digest_source()}
            if size < len(table.y) and store.find(key) is None:
                with threadpool_limits(1):
                    store.put((key, measure_costs(table, size) | {"machine": describe_machine()}))
                print(f"{name}, {size} rows: done", flush=True)
    return render_markdown(read_cases(options.output)), []


def measure_costs(table: Table, size: int, seed: int = 0) -> dict[str, Any]:
    """Return the seconds of each part, for `size` rows of a table."""
    from ganaug import DistilledClassifier, GANAugmenter, GaussianCopula, SwapNoise

    # 1. The rows
    rows, _ = train_test_split(np.arange(len(table.y)), train_size=size, stratify=table.y, random_state=seed)
    X, y = table.X.iloc[rows].reset_index(drop=True), table.y.iloc[rows].reset_index(drop=True)
    asked = table.X.iloc[np.resize(np.arange(len(table.X)), PREDICTED)]

    # 2. Each student with swapped cells, and on labels
    teacher, costs = TimedTeacher(find_default_teacher()), dict[str, Any]()
    students = {}
    for name in STUDENTS:
        learner = make_learner(name, X, seed)
        own, distilled = _time_fit(
            DistilledClassifier(learner, TimedSampler(SwapNoise()), teacher, random_state=seed), X, y
        )
        students[name] = {
            "labels": _time_fit(clone(learner), X, y)[0]["all"],
            "student": own["all"] - own["teacher"] - own["rows"],
            "predict": _time_prediction(distilled, asked),
        }
        costs = {"teacher": own["teacher"], "swap": own["rows"]}
    costs["predict"] = _time_prediction(distilled.teacher_, asked)

    # 3. The other augmenters
    for name, sampler in (("copula", GaussianCopula(seed)), ("ganaug", GANAugmenter(random_state=seed))):
        _SECONDS.clear()
        TimedSampler(sampler).fit(X, y).sample(5 * size, random_state=seed)
        costs[name] = _SECONDS["rows"]
    return {"costs": costs, "students": students}


def _time_fit(model: Any, X: pd.DataFrame, y: pd.Series) -> tuple[dict[str, float], Any]:
    """Return the seconds of a fit and of its parts, and the fitted model."""
    _SECONDS.clear()
    with count_seconds("all"):
        fitted = model.fit(X, y)
    return dict(_SECONDS), fitted


def _time_prediction(model: Any, X: pd.DataFrame) -> float:
    began = time.process_time()
    model.predict_proba(X)
    return time.process_time() - began


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return a line for each number of rows and student: means over the tables."""
    by_size: dict[int, list[dict[str, Any]]] = {}
    for entry in entries:
        by_size.setdefault(entry["key"]["rows"], []).append(entry["result"])
    head = ["real rows", "teacher", "rows: swapped cells", "a copula", "ganaug", "student", "its fit", "on labels"]
    head += ["predict", "predict, teacher"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for size, results in sorted(by_size.items()):
        costs = {name: np.mean([r["costs"][name] for r in results]) for name in results[0]["costs"]}
        for student in results[0]["students"]:
            own = [r["students"][student] for r in results]
            means = {name: np.mean([one[name] for one in own]) for name in own[0]}
            shown = [costs["teacher"], costs["swap"], costs["copula"], costs["ganaug"]]
            times = [means["student"], means["labels"], means["predict"], costs["predict"]]
            cells = [f"{size:,}", *map(_format, shown), student, *map(_format, times)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _format(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}" if seconds >= 0.95 else f"{seconds:.2f}"


def render_cost_table(folder: Path) -> str:
    """Return the Markdown for all results in a folder."""
    entries = [entry for path in sorted(folder.glob("*.json")) for entry in read_cases(path)]
    tables = len({entry["key"]["table"] for entry in entries})
    return (
        f"{TEXT.format(tables=tables)}\n\n{render_markdown(entries)}" if entries else "Nothing has been measured yet."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
