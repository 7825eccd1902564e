"""Run independent pieces of work through joblib: in processes, or on the cluster whose joblib backend is active."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from joblib import Parallel
from joblib.parallel import get_active_backend

from .params import Rule, choice, either

N_JOBS = either(choice(None), Rule("an integer other than 0", lambda v: isinstance(v, int) and v != 0))
"""Rule for a number of jobs."""


def run_jobs(jobs: Iterable[Any], n_jobs: int | None) -> Iterator[Any]:
    """Yield the results of jobs, in order, each as soon as the backend gives it.

    Parameters
    ----------
    jobs : iterable
        Calls wrapped by `joblib.delayed`; no more of them are made than can run.
    n_jobs : int or None
        Number of jobs at a time, as for `joblib.Parallel`: None is one, unless ``joblib.parallel_config`` says
        otherwise.
    """
    backend, _ = get_active_backend()
    streams = getattr(backend, "supports_return_generator", False)  # those of Ray and Spark give all results at the end
    return_as = "generator" if streams else "list"
    return iter(Parallel(n_jobs, return_as=return_as, pre_dispatch="n_jobs", batch_size=1)(jobs))
