"""Compare what joblib's engines return, to the last digit and byte, and count what is sent to their workers.

``python -m benchmarks.engines --output engines.json``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle  # noqa: TID251 - its sizes alone
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import joblib
from joblib._parallel_backends import ThreadingBackend
from sklearn.naive_bayes import GaussianNB

from .shared.command import add_output, finish
from .shared.machine import describe_machine, read_versions
from .shared.made_table import make_table
from .shared.protocol import Results, read_cases

PROTOCOL = 1  # part of each case's key: raise it when the work changes
ROWS, COLUMNS, JOBS = 20_000, 10, 2
TRAFFIC = "traffic"

Result = dict[str, Any]


# ---- engines -------------------------------------------------------------------------------------


@contextmanager
def use_nothing() -> Iterator[None]:
    """Run everything in this process."""
    with joblib.parallel_config("sequential"):
        yield


@contextmanager
def use_loky() -> Iterator[None]:
    """Run in processes of joblib's own."""
    with joblib.parallel_config("loky"):
        yield


@contextmanager
def use_dask() -> Iterator[None]:
    """Run on a local cluster of Dask."""
    from dask import distributed

    with (
        distributed.LocalCluster(n_workers=JOBS, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        yield


@contextmanager
def use_ray() -> Iterator[None]:
    """Run on a local cluster of Ray."""
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=JOBS, include_dashboard=False, object_store_memory=200 * 2**20)
    with joblib.parallel_config("ray"):
        yield
    ray.shutdown()


@contextmanager
def use_spark() -> Iterator[None]:
    """Run on a local session of Spark."""
    from joblibspark import register_spark
    from pyspark.sql import SparkSession

    register_spark()
    session = SparkSession.builder.master(f"local[{JOBS}]").getOrCreate()
    with joblib.parallel_config("spark"):
        yield
    session.stop()


ENGINES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "none": use_nothing,
    "loky": use_loky,
    "dask": use_dask,
    "ray": use_ray,
    "spark": use_spark,
}


class CountingBackend(ThreadingBackend):  # type: ignore[misc]
    """Count the bytes of all jobs and of their results, as they would be sent to another machine."""

    sent = returned = 0

    def submit(self, func: Callable[[], Any], callback: Any = None) -> Any:
        """Start a job."""
        CountingBackend.sent += len(pickle.dumps(func))

        def count() -> Any:
            result = func()
            CountingBackend.returned += len(pickle.dumps(result))
            return result

        return super().submit(count, callback)

    apply_async = submit  # its name before joblib 1.5


# ---- work ----------------------------------------------------------------------------------------


def report(X: Any, y: Any) -> Any:
    """Return the scores of a gain report."""
    from ganaug import GaussianCopula, gain_report

    options = {"classifier": GaussianNB(), "cv": 3, "fidelity": False, "random_state": 0, "n_jobs": JOBS}
    done = gain_report(GaussianCopula(random_state=0), X, y, **options)
    return {name: value for name, value in done.to_dict().items() if name != "design"}  # which has seconds


def tune(X: Any, y: Any) -> Any:
    """Return the scores of the candidates of a tuned share."""
    from ganaug import GaussianCopula, TunedAugmenterCV

    model = TunedAugmenterCV(GaussianCopula(random_state=0), GaussianNB(), cv=3, random_state=0, n_jobs=JOBS)
    return model.fit(X, y).scores_.to_dict("list")


def write(X: Any, y: Any) -> Any:
    """Return the SHA-256 of each file that `write_samples` makes."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter(max_steps=100, random_state=0).fit(X[:2000], y[:2000])
    with tempfile.TemporaryDirectory() as folder:
        augmenter.write_samples(folder, 40_000, shard_rows=10_000, random_state=0, n_jobs=JOBS)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(folder).iterdir())}


WORK = {"gain_report": report, "TunedAugmenterCV": tune, "write_samples": write}


def measure_engine(engine: str) -> Result:
    """Return a digest of the outcome of each piece of work."""
    X, y = make_table(ROWS, COLUMNS)
    found: Result = {}
    with ENGINES[engine]():
        for name, work in WORK.items():
            outcome = json.dumps(work(X, y), default=float, sort_keys=True)
            found[name] = {"sha256": hashlib.sha256(outcome.encode()).hexdigest()}
    return found


def measure_traffic() -> Result:
    """Return how often the table's own size is sent to workers, and returned by them."""
    X, y = make_table(ROWS, COLUMNS)
    size = len(pickle.dumps((X, y)))
    joblib.register_parallel_backend("counting", CountingBackend)
    found: Result = {}
    for name, work in WORK.items():
        CountingBackend.sent = CountingBackend.returned = 0
        with joblib.parallel_config("counting"):
            work(X, y)
        found[name] = {"sent": CountingBackend.sent / size, "returned": CountingBackend.returned / size}
    return found


# ---- the command ---------------------------------------------------------------------------------


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    add_output(parser, "engines.json")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure what is missing, and return the summary and a line for each failure."""
    store, versions, failures = Results(options.output), read_versions(), list[str]()
    for engine in [*options.engines, TRAFFIC]:
        key = {"benchmark": "engines", "protocol": PROTOCOL, "engine": engine, "versions": versions}
        if store.find(key) is not None:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # engines warn of themselves
                result = measure_traffic() if engine == TRAFFIC else measure_engine(engine)
            store.put((key, {"work": result, "machine": describe_machine()}))
        except Exception as error:  # an engine that is not installed ends no run
            failures.append(f"{engine}: {type(error).__name__}: {error}")
        print(engine, file=sys.stderr, flush=True)
    return render_markdown(read_cases(options.output)), failures


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return the digests of each engine, and the traffic."""
    found = {entry["key"]["engine"]: entry["result"]["work"] for entry in entries}
    traffic = found.pop(TRAFFIC, {})
    lines = [f"| engine | {' | '.join(WORK)} |", "|---|" + "---|" * len(WORK)]
    for engine, work in found.items():
        cells = [f"`{work[name]['sha256'][:12]}`" for name in WORK]
        lines.append(f"| {engine} | {' | '.join(cells)} |")
    for which in ("sent", "returned") if traffic else ():
        cells = [f"{traffic[name][which]:.2f}" for name in WORK]
        lines.append(f"| {which}, times the table's size | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
