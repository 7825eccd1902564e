"""Run independent pieces of work through joblib: in processes, or on the cluster whose joblib backend is active."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from joblib import Parallel, effective_n_jobs
from joblib.parallel import MultiprocessingBackend, get_active_backend

from .errors import ParameterError
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

    Raises
    ------
    ParameterError
        If joblib's backend "multiprocessing" is active: in a forked process, PyTorch and scikit-learn may wait without
        end for threads of its parent.
    """
    backend, _ = get_active_backend()  # that of Ray is a subclass, which does not fork
    if type(backend) is MultiprocessingBackend and effective_n_jobs(n_jobs) > 1:
        raise ParameterError(
            "The backend 'multiprocessing' of joblib is not taken: PyTorch may wait without end in a forked process. "
            "Use 'loky', joblib's default, or 'threading'."
        )
    streams = getattr(backend, "supports_return_generator", False)  # those of Ray and Spark give all results at the end
    return_as = "generator" if streams else "list"
    return iter(Parallel(n_jobs, return_as=return_as, pre_dispatch="n_jobs", batch_size=1)(jobs))
