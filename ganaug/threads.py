"""How many threads numerical code uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Run tensor and tree code of the calling thread on one core.

    Networks and trees this small gain little from a second core and lose a factor of ten when another process wants
    it; and sums are added up in an order that depends on the number of threads, so that one thread also makes results
    independent of the machine's cores. The limit is that of the calling thread (OpenMP's), not of the process. A
    caller's own ``torch.set_num_threads`` sets the threads of MKL apart from OpenMP's, and there it still holds.
    """
    with threadpool_limits(1, user_api="openmp"):
        yield
