"""How many threads numerical code uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 8


@contextmanager
def one_thread() -> Iterator[None]:
    """Run tensor and tree code of the calling thread on one core.

    Networks and trees this small gain little from a second core and lose a factor of ten when another process wants
    it; and sums are added up in an order that depends on the number of threads, so that one thread also makes results
    independent of the machine's cores. The limit is that of the calling thread (OpenMP's), not of the process. A
    caller's own ``torch.set_num_threads`` sets the threads of MKL apart from OpenMP's, and there it still holds.
    """
    with _find_libraries().limit(limits=1, user_api="openmp"):
        yield


def map_in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``work(item)`` for each item, in order; several at a time, each of them on one core.

    As many threads as this process may use cores, or as ``OMP_NUM_THREADS`` says, and eight at most. What `work` gives
    must depend on its item alone, so that their number changes nothing.
    """
    items = list(items)
    workers = min(len(items), _count_cores(), _MOST)
    if workers < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers, initializer=_limit_to_one_core) as pool:
        return list(pool.map(work, items))


def _count_cores() -> int:
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said):
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _limit_to_one_core() -> None:
    """Hold the calling thread to one core, for good."""
    torch.get_num_threads()  # sets the number of a new thread, which otherwise happens with the first product
    _find_libraries().limit(limits=1, user_api="openmp")


@cache
def _find_libraries() -> ThreadpoolController:
    """Return the libraries with threads of their own; to look for them takes as long as a block of samples."""
    return ThreadpoolController()
