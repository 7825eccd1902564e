"""Measure the costs of a generator; also runs in the peers' environments, with the standard library alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..shared.clock import Stopwatch, read_peak_memory

Rows = TypeVar("Rows")
Costs = dict[str, Any]


def time_model(fit: Callable[[], Callable[[], Rows]]) -> tuple[Rows, Costs]:
    """Call `fit`, then the function that it returns; return the rows of the latter and the costs in seconds and MiB.

    Parameters
    ----------
    fit : callable
        All work before the first row can be drawn.

    Returns
    -------
    rows : object
        The result of the function that `fit` returns.
    costs : dict
        ``fit_seconds`` (also as ``measured_fit_seconds``, since the former may be extrapolated later),
        ``fit_cpu_seconds``, ``others_cpu_seconds`` (of other programs, meanwhile), ``sample_seconds`` and
        ``peak_memory_mib``.
    """
    watch = Stopwatch()
    draw = fit()
    (wall, cpu), others = watch.read(), watch.read_others()
    watch = Stopwatch()
    rows = draw()
    sample_seconds, _ = watch.read()
    return rows, {
        "fit_seconds": wall,
        "fit_cpu_seconds": cpu,
        "measured_fit_seconds": wall,
        "others_cpu_seconds": others,
        "sample_seconds": sample_seconds,
        "peak_memory_mib": read_peak_memory(),
    }
