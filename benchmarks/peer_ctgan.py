"""Train CTGAN with its defaults on one table; runs in CTGAN's own environment, which need not hold ganaug.

``python -m benchmarks.peer_ctgan --versions`` prints what is installed, with a job file in place of ``--versions``
it trains. The job names the files (``train``, ``synthetic``, ``report``), the ``discrete`` columns, and how many
``rows``, which ``seed`` and how many ``epochs`` (null: CTGAN's default).
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .clock import Stopwatch, peak_memory_mib


class EpochClock:
    """Stands in for CTGAN's progress bar and notes when each epoch begins: all before the first is set-up."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch
        self.starts: list[tuple[float, float]] = []

    def __call__(self, epochs: Iterable[int], **_: Any) -> Iterator[int]:
        """Iterate over the epochs, silently."""
        for epoch in epochs:
            self.starts.append(self._watch.read())
            yield epoch


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Fit and sample as `job` says, write the synthetic rows, and return times (s) and peak memory (MiB)."""
    import pandas as pd
    from ctgan import CTGAN
    from ctgan.synthesizers import ctgan as internals

    text = dict.fromkeys(job["discrete"], str)
    table = pd.read_csv(job["train"], dtype=text, keep_default_na=False)
    default_epochs = inspect.signature(CTGAN).parameters["epochs"].default
    epochs = job["epochs"] or default_epochs
    model = CTGAN(epochs=epochs)
    model.set_random_state(job["seed"])
    watch = Stopwatch()
    internals.tqdm = clock = EpochClock(watch)
    model.fit(table, job["discrete"])
    end, others = watch.read(), watch.others()
    watch = Stopwatch()
    synthetic = model.sample(job["rows"])
    sample_seconds, _ = watch.read()
    peak = peak_memory_mib()
    wall, cpu = (extrapolate([at[i] for at in clock.starts], end[i], default_epochs) for i in (0, 1))
    synthetic.to_csv(job["synthetic"], index=False)
    return {
        "fit_seconds": wall,
        "fit_cpu_seconds": cpu,
        "measured_fit_seconds": end[0],
        "others_cpu_seconds": others,
        "setup_seconds": clock.starts[0][0],
        "sample_seconds": sample_seconds,
        "peak_memory_mib": peak,
        "epochs": epochs,
        "default_epochs": default_epochs,
    }


def extrapolate(starts: Sequence[float], end: float, epochs: int) -> float:
    """Return when the last of `epochs` would have ended, from the times at which those that were run began.

    The first epoch warms up caches and threads, so that the mean of the others stands for those not run.
    """
    steady = starts[1:] or starts
    return end + (end - steady[0]) / len(steady) * (epochs - len(starts))


def main() -> None:
    """Print the versions, or train the job in the file named on the command line."""
    try:
        versions = {name: metadata.version(name) for name in ("ctgan", "torch")}
    except metadata.PackageNotFoundError:
        sys.exit(
            f"it is not installed for {sys.executable}: pip install 'ganaug[bench]', name the Python of another "
            "environment with --peer-python, or go without by --peer none."
        )
    if sys.argv[1] == "--versions":
        print(json.dumps(versions))
        return
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(job["report"]).write_text(json.dumps(train(job)), encoding="utf-8")


if __name__ == "__main__":
    main()
