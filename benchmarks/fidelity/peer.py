"""Train CTGAN, TVAE or ARF with its defaults on one table; runs in the peers' environment, which need not hold ganaug.

``python -m benchmarks.fidelity.peer --versions`` prints what is installed, with a job file in place of ``--versions``
it trains. The job names the files (``train``, ``synthetic``, ``report``), the ``model``, the ``discrete`` columns, how
many ``rows``, which ``seed`` and how many ``epochs`` (null: the model's default).
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from ..clock import Stopwatch
from .clock import Costs, timed

PACKAGES = ("ctgan", "arfpy", "mostlyai-engine", "nrgboost", "torch", "numpy", "pandas", "scikit-learn")
Draw = Callable[[], Any]


class EpochClock:
    """Stands in for a progress bar and notes when each epoch begins: all before the first is set-up."""

    def __init__(self) -> None:
        self._watch = Stopwatch()
        self.starts: list[tuple[float, float]] = []

    def __call__(self, epochs: Iterable[int], **_: Any) -> Iterator[int]:
        """Iterate over the epochs, silently."""
        for epoch in epochs:
            self.starts.append(self._watch.read())
            yield epoch


def fit_network(table: Any, job: dict[str, Any], name: str, internals: Any) -> tuple[Any, Costs]:
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
    rows, costs = timed(fit)
    ends = costs["fit_seconds"], costs["fit_cpu_seconds"]
    wall, cpu = (extrapolate([at[i] for at in clock.starts], ends[i], default_epochs) for i in (0, 1))
    costs |= {"fit_seconds": wall, "fit_cpu_seconds": cpu, "setup_seconds": clock.starts[0][0]}
    return rows, costs | {"epochs": epochs, "default_epochs": default_epochs}


def fit_ctgan(table: Any, job: dict[str, Any]) -> tuple[Any, Costs]:
    """Return rows of CTGAN and their costs."""
    from ctgan.synthesizers import ctgan

    return fit_network(table, job, "CTGAN", ctgan)


def fit_tvae(table: Any, job: dict[str, Any]) -> tuple[Any, Costs]:
    """Return rows of TVAE and their costs."""
    from ctgan.synthesizers import tvae

    return fit_network(table, job, "TVAE", tvae)


def fit_arf(table: Any, job: dict[str, Any]) -> tuple[Any, Costs]:
    """Return rows of an adversarial random forest (Watson et al., AISTATS 2023) and their costs."""
    import numpy as np
    from arfpy.arf import arf

    np.random.seed(job["seed"])  # noqa: NPY002, TID251 - arfpy knows no other randomness
    vars(np).setdefault("in1d", np.isin)  # gone from NumPy 2.4, which arfpy 0.1.1 does not know
    table = table.astype(dict.fromkeys(job["discrete"], object))

    def fit() -> Draw:
        forest = arf(table, verbose=False, random_state=job["seed"])
        forest.forde()
        return lambda: forest.forge(job["rows"])

    return timed(fit)


MODELS: dict[str, Callable[[Any, dict[str, Any]], tuple[Any, Costs]]] = {
    "ctgan": fit_ctgan,
    "tvae": fit_tvae,
    "arf": fit_arf,
}


def extrapolate(starts: Sequence[float], end: float, epochs: int) -> float:
    """Return when the last of `epochs` would have ended, from the times at which those that were run began.

    The first epoch warms up caches and threads, so that the mean of the others stands for those not run.
    """
    steady = starts[1:] or starts
    return end + (end - steady[0]) / len(steady) * (epochs - len(starts))


def versions() -> dict[str, str]:
    """Return the versions of what is installed."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def main() -> None:
    """Print the versions, or do the job in the file named on the command line."""
    if sys.argv[1] == "--versions":
        print(json.dumps(versions()))
        return
    import pandas as pd

    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    table = pd.read_csv(job["train"], dtype=dict.fromkeys(job["discrete"], str), keep_default_na=False)
    synthetic, costs = MODELS[job["model"]](table, job)
    synthetic.to_csv(job["synthetic"], index=False)
    Path(job["report"]).write_text(json.dumps(costs), encoding="utf-8")


if __name__ == "__main__":
    main()
