"""Run one case: cut the table, add the rows of each method, fit every learner, and score it on the test rows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ..shared.cases import CaseResult, ExcludedError, NotApplicableError, Record
from ..shared.data import Table, load_table
from .cases import SUITES, Case, Split
from .learners import DECISIONS, PREVALENCE, fit_and_score, make_treated_learner
from .methods import METHODS, Setting, list_choices, resample


@dataclass(frozen=True)
class Job:
    """A case, and for each method the learners without a result."""

    case: Case
    methods: Mapping[str, Sequence[str]]
    folder: Path | None
    peer_python: str


def judge_case(job: Job) -> CaseResult:
    """Return the scores of every method of `job`; an exception of a method or learner becomes its result."""
    start = time.perf_counter()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of a method concern its data, not the benchmark
        table = load_table(job.case.table, job.folder)
        try:
            split = SUITES[job.case.suite].split(table, job.case)
        except ExcludedError as reason:
            return CaseResult(job.case.id, _describe_case(job.case, table), excluded=str(reason))
        records = [record for method in job.methods for record in _judge_method(method, job, split)]
    facts = {"rows": _count_rows(split), "notes": [*table.notes, *split.notes]}
    return CaseResult(job.case.id, _describe_case(job.case, table) | facts, None, records, time.perf_counter() - start)


def _describe_case(case: Case, table: Table) -> Record:
    return {"table": case.table, "cut": case.cut, "seed": case.seed, "digest": table.digest}


def _count_rows(split: Split) -> dict[str, list[int]]:
    """Return the number of rows of each class."""
    n_classes = int(split.y.max()) + 1
    return {
        "train": np.bincount(split.y, minlength=n_classes).tolist(),
        "test": np.bincount(split.y_test, minlength=n_classes).tolist(),
    }


def _judge_method(name: str, job: Job, split: Split) -> list[Record]:
    """Return one record for each learner; the rows are made once, unless the method is tuned for the learner."""
    method, records = METHODS[name], []
    made: Record | None = None
    for learner in job.methods[name]:
        if made is None or method.per_learner:
            made = _make_rows(name, Setting(job.case.seed, learner, job.peer_python), split)
        record: Record = {"method": name, "learner": learner}
        if "rows" in made:
            record |= made["facts"] | _score_learner(learner, made["rows"], split, job.case.seed, method.treatment)
        else:
            record |= made
        records.append(record)
    return records


def _make_rows(name: str, setting: Setting, split: Split) -> Record:
    """Return the "rows" of a method and "facts" about them, or the reason why there are none."""
    try:
        sampler = METHODS[name].make(setting, split.X)
        X, y = resample(sampler, split.X.copy(), split.y.copy())
    except NotApplicableError as reason:
        return {"not_applicable": str(reason)}
    except Exception as error:
        return {"error": _format_error(error)}
    added = np.bincount(y.iloc[len(split.y) :], minlength=int(split.y.max()) + 1).tolist()
    chosen = list_choices(sampler)
    return {"rows": (X, y), "facts": {"added": added, **({"chose": chosen} if chosen else {})}}


def _score_learner(name: str, rows: tuple[pd.DataFrame, pd.Series], split: Split, seed: int, treatment: str) -> Record:
    learner = make_treated_learner(name, split, seed, treatment)
    if learner is None:
        return {"not_applicable": f"{name} takes no class weights"}
    try:
        scores = fit_and_score(learner, *rows, split)
    except Exception as error:
        return {"error": _format_error(error)}
    if treatment == "threshold":
        scores |= {name: scores[name + PREVALENCE] for name in DECISIONS}
    bad = [metric for metric, score in scores.items() if not np.isfinite(score)]
    return {"error": f"{bad[0]} is {scores[bad[0]]}"} if bad else {"scores": scores}


def _format_error(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
