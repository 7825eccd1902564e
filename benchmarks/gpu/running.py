"""Measure cases: each group in a process of its own, each result written at once, errors kept as results."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from ..shared.protocol import Results
from .cases import Case, Settings
from .equality import compare_devices, compare_graph, compare_repeats
from .fits import Skipped, fit_images, fit_table
from .machine import describe_device
from .sampling import sample_rows
from .steps import time_steps

LONGEST = {"equality": 120.0, "eager": 120.0, "graph": 150.0, "fit": 400.0}  # seconds of each group
NO_GRAPHS = "a CPU has no CUDA graphs"

Result = dict[str, Any]
WORKS: dict[str, Callable[[dict[str, Any], Settings], Result]] = {
    "compare_devices": compare_devices,
    "compare_repeats": compare_repeats,
    "compare_graph": compare_graph,
    "time_steps": time_steps,
    "fit_table": fit_table,
    "fit_images": fit_images,
    "sample_rows": sample_rows,
}
"""What measures a case: ``work(asked, settings) -> result``."""


def is_finished(case: Case, settings: Settings, store: Results) -> bool:
    """Return whether a case was measured; one that failed or was skipped was not."""
    found = store.find(settings.key(case))
    return found is not None and not {"error", "skipped"} & set(found)


def measure_group(cases: Sequence[Case], settings: Settings) -> None:
    """Measure the cases of one group in a fresh process, and in another one what it left.

    A process ends early if a graph fails, which may make the GPU unusable for it, if it dies, or if it takes too long.
    """
    left, context = list(cases), get_context("spawn")
    end = time.monotonic() + LONGEST[left[0].group]
    while left:
        done = context.Value("i", 0)
        process = context.Process(target=measure_cases, args=(left, settings, done))
        process.start()
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
            _put_errors(left[done.value :], settings, f"the {LONGEST[left[0].group]:g} s of its group were over")
            return
        if process.exitcode:
            _put_errors(left[done.value :][:1], settings, f"the process ended with code {process.exitcode}")
            done.value += 1
        left = left[done.value :]


def _put_errors(cases: Sequence[Case], settings: Settings, reason: str) -> None:
    store = Results(settings.output)
    for case in cases:
        store.put((settings.key(case), {"error": reason}))


def measure_cases(cases: Sequence[Case], settings: Settings, done: Any) -> None:
    """Measure one case after the other, write each result at once, and count them; end after a graph that failed."""
    store = Results(settings.output)
    for case in cases:
        result = measure_case(case, settings)
        store.put((settings.key(case), result))
        done.value += 1
        told = result.get("error") or result.get("skipped") or f"{result['seconds_in_all']:.1f} s"
        print(f"{case.name}: {told}", file=sys.stderr, flush=True)
        if "error" in result and case.group == "graph":
            return


def measure_case(case: Case, settings: Settings) -> Result:
    """Return what a case came to: figures, why it was skipped, or its error and where that was raised."""
    if case.group == "graph" and settings.device != "cuda":
        return {"skipped": NO_GRAPHS}
    started = time.perf_counter()
    try:
        with _limit_threads(case.group):
            result = WORKS[case.work](case.asked, settings)
    except Skipped as reason:
        return {"skipped": str(reason)}
    except Exception as error:
        where = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        return {"error": f"{type(error).__name__}: {error}"[:1000], "where": where[-6:]}
    seconds = time.perf_counter() - started
    return {**result, "seconds_in_all": seconds, "machine": describe_device(settings.device)}


def _limit_threads(group: str) -> AbstractContextManager[Any]:
    """Let single steps run on one core, as those of a fit do; whole fits see to that themselves."""
    if group == "fit":
        return nullcontext()
    torch.get_num_threads()  # sets the number of a new process, which would otherwise undo the limit later
    return threadpool_limits(1, user_api="openmp")
