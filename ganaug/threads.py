"""Limit the threads of numerical code, and map functions over items in several threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
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

    Networks and trees this small gain little from a second core, and are ten times slower if another process uses it.
    The order of summation depends on the number of threads, so one thread also makes results independent of the number
    of cores. The limit is that of the calling thread (OpenMP's), not of the process. A caller's own
    ``torch.set_num_threads`` sets the threads of MKL apart from OpenMP's, and still holds there.
    """
    with _find_libraries().limit(limits=1, user_api="openmp"):
        yield


def map_in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``work(item)`` for each item, in order; run several in parallel, each on one core.

    There is one thread for each core that this process may use, or as many as ``OMP_NUM_THREADS`` says, at most eight.
    The result of `work` must depend on its item alone, not on the number of threads.
    """
    items = list(items)
    workers = count_workers(len(items))
    if workers < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers, initializer=_limit_to_one_core) as pool:
        return list(pool.map(work, items))


def count_workers(n: int) -> int:
    """Return the number of threads in which `map_in_threads` works on `n` items."""
    return min(n, _count_cores(), _MOST)


def iterate_in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    """Yield ``work(item)`` for each item, in order, from several threads; what is left when it is closed is not begun.

    It is for work without numerical code, such as decoding files: there is one thread for each core that this process
    may use, at most eight.
    """
    items = list(items)
    with ThreadPoolExecutor(max(1, min(len(items), _count_available(), _MOST))) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _count_cores() -> int:
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said):
        return int(said)
    return _count_available()


def _count_available() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _limit_to_one_core() -> None:
    """Limit the calling thread to one core for the rest of its life."""
    torch.get_num_threads()  # sets the number for a new thread; otherwise its first product would set it
    _find_libraries().limit(limits=1, user_api="openmp")


@cache
def _find_libraries() -> ThreadpoolController:
    """Return the controller of libraries with own threads; finding them takes as long as a block of samples."""
    return ThreadpoolController()
