"""Fit one trial to one table, and measure several tables that it draws."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fidelity import measures
from ..fidelity.downstream import Judging, score_downstream
from ..shared.machine import describe_machine
from ..shared.tables import Task
from .designs import TRIALS

DRAWS = 3
LEAST = 1000  # rows of a draw: as many as there are training rows, and of few more
FILTERED, UNFILTERED = "filtered", "unfiltered"


@dataclass(frozen=True)
class Job:
    """One trial on one table with one seed."""

    trial: str
    task: Task
    seed: int


def measure_job(job: Job) -> dict[str, Any]:
    """Return the costs of the fit, and the means of all measures over `DRAWS` tables, with and without filters."""
    from ganaug import GANAugmenter

    # 1. Fit
    trial, task = TRIALS[job.trial], job.task
    target = task.columns.target
    started = time.process_time()
    with trial.apply():
        augmenter = GANAugmenter(random_state=job.seed, **trial.options)
        augmenter.fit(task.train.drop(columns=target), task.train[target])
    facts = {"fit_cpu_seconds": time.process_time() - started, "steps": len(augmenter.history_["generator_loss"])}

    # 2. Measure rows with filters, then rows of the same generator without them
    filtered = _measure_draws(augmenter, job)
    augmenter.model_.judges = []
    return facts | {FILTERED: filtered, UNFILTERED: _measure_draws(augmenter, job), "machine": describe_machine()}


def _measure_draws(augmenter: Any, job: Job) -> dict[str, float]:
    """Return the mean of each measure over several synthetic tables of the size of the real one."""
    found = [_measure_draw(augmenter, job, draw) for draw in range(DRAWS)]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def _measure_draw(augmenter: Any, job: Job, draw: int) -> dict[str, float]:
    task, columns = job.task, job.task.columns
    X, y = augmenter.sample(max(len(task.train), LEAST), random_state=1000 * job.seed + draw)
    rows, real = columns.tidy(X.assign(**{columns.target: np.asarray(y)})), task.tidy_train
    scores = score_downstream(rows, task.tidy_test, columns, draw, Judging(task.rarest, small=True, threads=1))
    return {
        "auc": scores["auc"],
        "macro_f1": scores["macro_f1"],
        "c2st_auc": measures.measure_two_sample_auc(real, rows, columns, draw),
        "fresh_c2st_auc": measures.measure_two_sample_auc(task.tidy_test, rows, columns, draw),
        "shape_error": float(np.mean(list(measures.measure_column_errors(real, rows, columns).values()))),
        "pair_error": float(np.mean(list(measures.measure_pair_errors(real, rows, columns).values()))),
    }
