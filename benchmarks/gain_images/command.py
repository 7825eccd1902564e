"""Measure whether synthetic images help a classifier: every arm on every case, tested on unseen images.

python -m benchmarks.gain_images --data FOLDER --jobs 2 --output images.json
python -m benchmarks.gain_images --summary images.json
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..shared.cases import CaseResult, ExcludedError
from ..shared.command import KILLED, add_output, finish, parse_json_object, use_one_thread
from ..shared.ledger import Ledger, describe_environment, read_results
from ..shared.protocol import BenchmarkError
from .arms import ARMS, DEFAULT_ARMS, Settings, Trial, run_arm
from .cases import SUITE, ImageCase, ImageSplit, list_cuts, split_images
from .data import FLIP, TORCHVISION, ImageSet, list_default_sets, load_images
from .summary import render_report

LEARNER = "cnn"


@dataclass(frozen=True)
class ImageJob:
    """A case, its unfinished arms, and the policy if an earlier run has chosen it."""

    case: ImageCase
    arms: tuple[str, ...]
    policy: dict[str, Any] | None
    data: str
    n_test: int
    flip: bool
    settings: Settings


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gain_images", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--data", help="folder with NAME.npz (images, labels, perhaps group), or torchvision:CLASS:ROOT")
    add("--sets", nargs="+", help="names of image sets")
    add("--sizes", nargs="+", type=int, default=(10, 20, 50, 100), help="images of each class")
    add("--seeds", nargs="+", type=int, default=(0, 1, 2, 3, 4))
    add("--arms", nargs="+", choices=ARMS, default=DEFAULT_ARMS, metavar="ARM", help=f"of {', '.join(ARMS)}")
    add("--flip", nargs="*", default=FLIP, help="sets whose labels survive a mirror")
    add("--test", type=int, default=2000, help="images to test on, at most")
    add("--steps", type=int, default=600, help="optimizer steps of every classifier")
    add("--pool", type=int, default=3000, help="synthetic images that batches take theirs from")
    add("--max-seconds", type=float, help="budget of each GAN")
    add("--max-steps", type=int, help="steps of each GAN")
    add("--options", type=parse_json_object, default={}, metavar="JSON", help="other options of GANAugmenter")
    add("--models", type=Path, help="folder of trained GANs (default: beside the output)")
    add("--jobs", type=int, default=1, help="cases at a time, one core each (default: 1)")
    add_output(parser, "gain-images.json")
    add("--mixed", action="store_true", help="go on with a file that another version or machine began")
    add("--summary", type=Path, metavar="FILE", help="show what a file of results says; runs nothing")
    options = parser.parse_args(arguments)
    least = {"jobs": 1, "steps": 2, "pool": 1, "test": 1}
    low = [name for name, bound in least.items() if getattr(options, name) < bound]
    if low:
        parser.error(f"--{low[0]} must be at least {least[low[0]]}")
    if options.summary is None and options.data is None:
        parser.error("--data is needed")
    if options.sets and options.data.startswith(TORCHVISION):
        parser.error("--sets names files of a folder, and torchvision's data set is one")
    return options


def merge_gan_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of every GAN but its seed."""
    budget = {"max_seconds": options.max_seconds, "max_steps": options.max_steps}
    return {name: value for name, value in budget.items() if value is not None} | options.options


def describe_image_environment(options: argparse.Namespace) -> dict[str, Any]:
    """Return versions, machine and settings that results depend on."""
    found = describe_environment(argparse.Namespace(methods=()))
    found["versions"]["torchvision"] = metadata.version("torchvision")
    settings = {name: getattr(options, name) for name in ("steps", "pool", "test")}
    return found | {"settings": settings | {"augmenter": merge_gan_options(options)}}


def plan_jobs(options: argparse.Namespace, sets: Sequence[ImageSet], ledger: Ledger) -> Iterator[ImageJob]:
    """Yield one job for each unfinished case, seed by seed, so that a part of a run has all cases."""
    settings = Settings(options.steps, options.pool, options.models, merge_gan_options(options))
    for seed, images in itertools.product(options.seeds, sets):
        for cut in list_cuts(images, tuple(options.sizes)):
            case = ImageCase(SUITE, images.name, cut, seed)
            todo = tuple(arm for arm in options.arms if ledger.list_missing_learners(case, arm, [LEARNER]))
            policy = next((r["chose"] for r in ledger.list_records(case) if "chose" in r), None)
            if todo and not ledger.is_excluded(case):
                flip = images.name in options.flip
                yield ImageJob(case, todo, policy, options.data, options.test, flip, settings)


def judge_case(job: ImageJob) -> Iterator[CaseResult]:
    """Yield the result of each arm as soon as it is finished."""
    images = load_images(job.case.table, job.data)
    facts = {"table": job.case.table, "cut": job.case.cut, "seed": job.case.seed, "digest": images.digest}
    try:
        found = split_images(images, job.case, job.n_test)
    except ExcludedError as reason:
        yield CaseResult(job.case.id, facts, excluded=str(reason))
        return
    facts |= {"rows": _count_images(found), "classes": list(images.labels), "notes": []}
    name = job.case.id.split("/", 1)[1].replace("/", "-")
    trial = Trial(found, name, job.case.seed, job.settings, job.flip, job.policy)
    for arm in job.arms:
        start = time.perf_counter()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what training has to say about its images is not about the benchmark
            record = {"method": arm, "learner": LEARNER, **run_arm(trial, arm)}
        yield CaseResult(job.case.id, facts, None, [record], time.perf_counter() - start)


def _count_images(found: ImageSplit) -> dict[str, list[int]]:
    return {"train": np.bincount(found.y).tolist(), "test": np.bincount(found.y_test).tolist()}


def run(options: argparse.Namespace) -> list[str]:
    """Run the unfinished arms, write each as soon as it is finished, and return the errors of this run's cases."""
    use_one_thread()
    sets = [load_images(name, options.data) for name in options.sets or list_default_sets(options.data)]
    options.models = options.models or options.output.with_name(f"{options.output.stem}-models")
    ledger = Ledger(options.output, SUITE, describe_image_environment(options), mixed=options.mixed)
    _make_folder(options.models)
    todo = list(plan_jobs(options, sets, ledger))
    left = sum(len(job.arms) for job in todo)
    for done, result in enumerate(_run_jobs(todo, options.jobs), start=1):
        ledger.add(result)
        what = result.records[0]["method"] if result.records else ""
        print(f"[{done}/{left}] {result.id} {what}: {result.format_summary()}", file=sys.stderr, flush=True)
    return ledger.list_errors([job.case for job in todo], options.arms)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be made ({error.strerror}): name another folder by --models.") from None


def _run_jobs(todo: Sequence[ImageJob], n_jobs: int) -> Iterator[CaseResult]:
    """Yield results in the order in which they are finished, from `n_jobs` processes or, for one job, from this one."""
    if n_jobs == 1:
        yield from itertools.chain.from_iterable(map(judge_case, todo))
        return
    context = get_context("spawn")
    results = context.SimpleQueue()  # its `put` returns when all is written: nothing comes after a job's end
    pool = ProcessPoolExecutor(n_jobs, context, _set_queue, (results,))
    try:
        yield from _receive_results(results, [pool.submit(_send_results, job) for job in todo])
    except BrokenProcessPool:
        raise BenchmarkError(KILLED) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_RESULTS: list[Any] = []  # of a process that works for another: the queue back to it


def _set_queue(results: Any) -> None:
    _RESULTS.append(results)


def _send_results(job: ImageJob) -> None:
    for result in judge_case(job):
        _RESULTS[0].put(result)


def _receive_results(results: Any, futures: Sequence[Future[None]]) -> Iterator[CaseResult]:
    """Yield the items of the queue `results` until all `futures` are done; raise their exceptions."""
    left = True
    while left:
        left = bool(wait(futures, timeout=0.5).not_done)  # before the queue is read, so that no late item is lost
        while not results.empty():
            yield results.get()
        for future in futures:
            if future.done():
                future.result()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command: exit code 1 if anything failed, with one line for each failure."""
    options = parse(arguments)
    finish(
        lambda: ("", run(options)) if options.summary is None else (render_report(read_results(options.summary)), [])
    )
