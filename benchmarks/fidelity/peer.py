"""Train a peer with its defaults on one table; runs in the peers' environment, which need not hold ganaug.

``python -m benchmarks.fidelity.peer --versions`` prints what is installed, with a job file in place of ``--versions``
it trains. The job names the files (``train``, ``synthetic``, ``report``), the ``model``, the ``discrete`` columns, how
many ``rows``, which ``seed`` and how many ``epochs`` (null: the model's default).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..shared import peer_models
from ..shared.clock import Stopwatch
from ..shared.peer import Job, read_rows, run_job, seed_arfpy
from .clock import Costs, time_model

Draw = Callable[[], Any]


class EpochClock:
    """Record the start of each epoch in place of a progress bar; time before the first is set-up."""

    def __init__(self) -> None:
        self._watch = Stopwatch()
        self.starts: list[tuple[float, float]] = []

    def __call__(self, epochs: Iterable[int], **_: Any) -> Iterator[int]:
        """Iterate over the epochs, silently."""
        for epoch in epochs:
            self.starts.append(self._watch.read())
            yield epoch


def fit_network(table: Any, job: Job, name: str, internals: Any) -> tuple[Any, Costs]:
    """Return rows of CTGAN or TVAE (Xu et al., NeurIPS 2019) and their costs, extrapolated if it was cut short."""
    network = getattr(internals, name)
    default_epochs = inspect.signature(network).parameters["epochs"].default
    epochs = job["epochs"] or default_epochs
    model = network(epochs=epochs)
    model.set_random_state(job["seed"])

    def fit() -> Draw:
        model.fit(table, job["discrete"])
        return lambda: model.sample(job["rows"])

    internals.tqdm = clock = EpochClock()
    rows, costs = time_model(fit)
    ends = costs["fit_seconds"], costs["fit_cpu_seconds"]
    wall, cpu = (extrapolate_end([at[i] for at in clock.starts], ends[i], default_epochs) for i in (0, 1))
    costs |= {"fit_seconds": wall, "fit_cpu_seconds": cpu, "setup_seconds": clock.starts[0][0]}
    return rows, costs | {"epochs": epochs, "default_epochs": default_epochs}


def fit_ctgan(table: Any, job: Job) -> tuple[Any, Costs]:
    """Return rows of CTGAN and their costs."""
    from ctgan.synthesizers import ctgan

    return fit_network(table, job, "CTGAN", ctgan)


def fit_tvae(table: Any, job: Job) -> tuple[Any, Costs]:
    """Return rows of TVAE and their costs."""
    from ctgan.synthesizers import tvae

    return fit_network(table, job, "TVAE", tvae)


def fit_arf(table: Any, job: Job) -> tuple[Any, Costs]:
    """Return rows of an adversarial random forest (Watson et al., AISTATS 2023) and their costs."""
    from arfpy.arf import arf

    seed_arfpy(job["seed"])
    table = table.astype(dict.fromkeys(job["discrete"], object))

    def fit() -> Draw:
        forest = arf(table, verbose=False, random_state=job["seed"])
        forest.forde()
        return lambda: forest.forge(job["rows"])

    return time_model(fit)


def fit_tabular_argn(table: Any, job: Job) -> tuple[Any, Costs]:
    """Return rows of TabularARGN and their costs."""

    def fit() -> Draw:
        model = peer_models.fit_tabular_argn(table, job)
        return lambda: model.sample(job["rows"])

    return time_model(fit)


def fit_nrgboost(table: Any, job: Job) -> tuple[Any, Costs]:
    """Return rows of NRGBoost and their costs."""

    def fit() -> Draw:
        model = peer_models.fit_nrgboost(table, job)
        return lambda: model.sample(job["rows"], seed=job["seed"])

    return time_model(fit)


MODELS: dict[str, Callable[[Any, Job], tuple[Any, Costs]]] = {
    "ctgan": fit_ctgan,
    "tvae": fit_tvae,
    "arf": fit_arf,
    "tabular_argn": fit_tabular_argn,
    "nrgboost": fit_nrgboost,
}


def extrapolate_end(starts: Sequence[float], end: float, epochs: int) -> float:
    """Extrapolate the end of the last of `epochs` from the start times of those that were run.

    The first epoch warms up caches and threads, so that the mean of the others is used for those not run.
    """
    steady = starts[1:] or starts
    return end + (end - steady[0]) / len(steady) * (epochs - len(starts))


def do_job(job: Job) -> None:
    """Train the model of `job`, and write its rows and their costs."""
    table = read_rows(job["train"], job["discrete"])
    synthetic, costs = MODELS[job["model"]](table, job)
    synthetic.to_csv(job["synthetic"], index=False)
    Path(job["report"]).write_text(json.dumps(costs), encoding="utf-8")


if __name__ == "__main__":
    run_job(do_job)
