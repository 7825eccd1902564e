"""Define the options of benchmark commands, their worker processes, and their exit."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from .protocol import BenchmarkError

Job = TypeVar("Job")
Result = TypeVar("Result")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
KILLED = "A process was killed, most likely for its memory: start the same command again with fewer --jobs."


# ---- options -------------------------------------------------------------------------------------


def parse_json_object(text: str) -> dict[str, Any]:
    """Parse the JSON of an option such as ``--options '{"max_steps": 50}'``."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is no JSON object such as {{"max_steps": 50}}')
    return found


def add_augmenter_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--options``, parameters of `GANAugmenter`."""
    text = "parameters of GANAugmenter, for experiments"
    parser.add_argument("--options", type=parse_json_object, default={}, metavar="JSON", help=text)


def add_output(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--output``, the file of finished cases."""
    parser.add_argument("--output", type=Path, default=Path(default), help=f"finished cases (default: {default})")


def add_summary(parser: argparse.ArgumentParser) -> None:
    """Add ``--summary``, files of finished cases to show."""
    text = "show finished cases of these files, measure nothing"
    parser.add_argument("--summary", type=Path, nargs="+", metavar="FILE", help=text)


# ---- worker processes ----------------------------------------------------------------------------


def use_one_thread() -> None:
    """Set the environment so that every child process uses one thread."""
    for name in THREADS:
        os.environ[name] = "1"


def run_jobs(work: Callable[[Job], Result], jobs: Sequence[Job], n_processes: int) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result as soon as it is finished.

    Parameters
    ----------
    work : callable
        Called with a job; lies in a module that can be imported.
    jobs : sequence
    n_processes : int > 0
        With one, the jobs run in this process; otherwise, in new processes.

    Raises
    ------
    BenchmarkError
        A process was killed.
    """
    if n_processes == 1:
        yield from ((job, work(job)) for job in jobs)
        return
    pool = ProcessPoolExecutor(n_processes, mp_context=get_context("spawn"))
    try:
        futures = {pool.submit(work, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise BenchmarkError(KILLED) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


# ---- the end -------------------------------------------------------------------------------------


def finish(run: Callable[[], tuple[str, list[str]]]) -> None:
    """Print the Markdown that `run` returns, and exit with code 1 and a line for each failure if there are any.

    A `BenchmarkError` ends in one line and exit code 1, an interruption in exit code 130.
    """
    try:
        text, failures = run()
    except BenchmarkError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted: the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    if text:
        print(text)
    if failures:
        sys.exit("\n".join(["Failed:", *failures]))
