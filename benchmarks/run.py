"""Run a suite: every method on every case, judged by every learner on rows that neither has seen.

``python -m benchmarks.run low-data --data FOLDER --jobs 2 --output low-data.json``
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from .cases import SUITES, Case
from .data import load
from .judge import Job, judge
from .learners import LEARNERS
from .ledger import Ledger, environment
from .methods import METHODS
from .protocol import BenchmarkError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; what is not named is what the suite runs by itself."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    add = parser.add_argument
    add("suite", choices=SUITES)
    add("--data", type=Path, help="folder with NAME.csv for every table that scikit-learn does not have")
    add("--tables", nargs="+", help="names of tables")
    add("--cuts", nargs="+", help="cuts of the tables, such as 100 or 5pct")
    add("--seeds", nargs="+", type=int, help="seeds (folds, in the suite 'tuned')")
    add("--methods", nargs="+", choices=METHODS, metavar="METHOD", help=f"of {', '.join(METHODS)}")
    add("--learners", nargs="+", choices=LEARNERS, metavar="LEARNER", help=f"of {', '.join(LEARNERS)}")
    add("--jobs", type=int, default=1, help="cases at a time, one core each (default: 1)")
    add("--output", type=Path, default=Path("results.json"), help="finished cases (default: results.json)")
    add("--peer-python", default=sys.executable, help="Python of the environment that CTGAN, TVAE and ARF are in")
    add("--mixed", action="store_true", help="go on with a file that another version or machine began")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    suite = SUITES[options.suite]
    for name in ("tables", "cuts", "seeds", "methods", "learners"):
        setattr(options, name, tuple(getattr(options, name) or getattr(suite, name)))
    unknown = [cut for cut in options.cuts if not suite.knows(cut)]
    if unknown:
        parser.error(f"--cuts: {unknown[0]!r} is no cut of {options.suite}; its own are {', '.join(suite.cuts)}")
    return options


def named_cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases that are asked for; seeds are outermost, so that a part of a run is a fair one."""
    product = itertools.product(options.seeds, options.cuts, options.tables)
    return [Case(options.suite, table, cut, seed) for seed, cut, table in product]


def jobs(options: argparse.Namespace, ledger: Ledger) -> Iterator[Job]:
    """Yield what is left to do, one job for each case."""
    for case in named_cases(options):
        methods = {name: ledger.learners_left(case, name, options.learners) for name in options.methods}
        todo = {name: learners for name, learners in methods.items() if learners}
        if todo and not ledger.is_excluded(case):
            yield Job(case, todo, options.data, options.peer_python)


def run(options: argparse.Namespace) -> list[str]:
    """Do what is left to do, write each case as soon as it is finished, and return the errors of this run's cases."""
    for name in THREADS:  # for the processes that start from here
        os.environ[name] = "1"
    for table in options.tables:  # an absent or foreign file fails here, before any work
        load(table, options.data)
    ledger = Ledger(options.output, options.suite, environment(options), mixed=options.mixed)
    todo = list(jobs(options, ledger))
    for done, result in enumerate(_finished(todo, options.jobs), start=1):
        ledger.add(result)
        print(f"[{done}/{len(todo)}] {result.id}: {result.summary()}", file=sys.stderr, flush=True)
    return ledger.errors(named_cases(options), options.methods)


def _finished(todo: Sequence[Job], n_jobs: int) -> Iterator[Any]:
    """Yield results in the order in which they are finished; a process for each core, and none for one core."""
    if n_jobs == 1:
        yield from map(judge, todo)
        return
    pool = ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn"))
    try:
        for future in as_completed([pool.submit(judge, job) for job in todo]):
            yield future.result()
    except BrokenProcessPool:
        text = "A process was killed, most likely for its memory: start the same command again with fewer --jobs."
        raise BenchmarkError(text) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command: exit code 1 if anything failed, with one line for each failure."""
    try:
        errors = run(parse(arguments))
    except BenchmarkError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted: the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    if errors:
        sys.exit("\n".join(["Failed:", *errors]))


if __name__ == "__main__":
    main()
