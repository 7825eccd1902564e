"""Train a peer on one small table and draw rows of given classes; runs in the peer's own environment.

``python -m benchmarks.gain.peer --versions`` prints what is installed; with a job file in place of ``--versions`` it
trains. The job names the files (``train``, ``synthetic``), the ``model``, the ``discrete`` columns, the ``label`` among
them, how many rows of each class (``counts``), and which ``seed``.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

from ..shared import peer_models
from ..shared.peer import Job, read_rows, run_job, seed_arfpy

ROUNDS = 40  # of drawing, after which a class stays smaller
BATCH = 2000


def fit_ctgan(table: Any, job: Job, kind: str = "CTGAN") -> Callable[[int], Any]:
    """Return a function that draws n rows of CTGAN (Xu et al., NeurIPS 2019)."""
    import ctgan as package

    model = getattr(package, kind)()
    model.set_random_state(job["seed"])
    model.fit(table, job["discrete"])
    return lambda n: model.sample(n)


def fit_tvae(table: Any, job: Job) -> Callable[[int], Any]:
    """Return a function that draws n rows of TVAE (Xu et al., NeurIPS 2019)."""
    return fit_ctgan(table, job, "TVAE")


def fit_arf(table: Any, job: Job) -> Callable[[int], Any]:
    """Return a function that draws n rows of an adversarial random forest (Watson et al., AISTATS 2023)."""
    from arfpy.arf import arf as Forest

    seed_arfpy(job["seed"])
    forest = Forest(table.astype(dict.fromkeys(job["discrete"], object)), verbose=False, random_state=job["seed"])
    forest.forde()
    return lambda n: forest.forge(n)


def fit_nrgboost(table: Any, job: Job) -> Callable[[int], Any]:
    """Return a function that draws n rows of NRGBoost, fitted on one thread."""
    model = peer_models.fit_nrgboost(table, job, threads=1)
    seeds = itertools.count(job["seed"])  # each batch has one of its own, or all would be the same
    return lambda n: model.sample(n, num_threads=1, seed=next(seeds))


def fit_tabular_argn(table: Any, job: Job) -> Callable[[Any], Any]:
    """Return a function that draws a row of TabularARGN for each label."""
    model = peer_models.fit_tabular_argn(table, job)
    return lambda labels: model.sample(seed_data=labels)


MODELS: dict[str, Callable[..., Callable[[Any], Any]]] = {
    "ctgan": fit_ctgan,
    "tvae": fit_tvae,
    "arf": fit_arf,
    "tabular_argn": fit_tabular_argn,
    "nrgboost": fit_nrgboost,
}
CONDITIONAL = ("tabular_argn",)  # models that draw rows of a given class


def sample_by_rejection(sample: Callable[[int], Any], label: str, counts: dict[str, int]) -> Any:
    """Draw rows until each class has as many as `counts` says, or for `ROUNDS` rounds."""
    import pandas as pd

    found: dict[str, list[Any]] = {code: [] for code in counts}
    for _ in range(ROUNDS):
        missing = {code: n - sum(map(len, found[code])) for code, n in counts.items()}
        if not any(missing.values()):
            break
        rows = sample(BATCH)
        for code, n in missing.items():
            found[code].append(rows[rows[label].astype(str) == code].head(n))
    parts = [part for code in counts for part in found[code]]
    return pd.concat(parts, ignore_index=True) if parts else sample(2).head(0)


def sample_given_labels(sample: Callable[[Any], Any], label: str, counts: dict[str, int]) -> Any:
    """Draw as many rows of each class as `counts` says."""
    import pandas as pd

    return sample(pd.DataFrame({label: [code for code, n in counts.items() for _ in range(n)]}))


def do_job(job: Job) -> None:
    """Train the model of `job`, and write the rows it draws."""
    table = read_rows(job["train"], job["discrete"])
    try:
        sample = MODELS[job["model"]](table, job)
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed for {sys.executable}; name another Python with --peer-python.")
    draw_rows = sample_given_labels if job["model"] in CONDITIONAL else sample_by_rejection
    draw_rows(sample, job["label"], job["counts"]).to_csv(job["synthetic"], index=False)


if __name__ == "__main__":
    run_job(do_job)
