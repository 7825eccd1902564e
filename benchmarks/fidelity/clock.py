"""What a generator costs; runs in the peers' environments too, which need not hold anything else of this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..shared.clock import Stopwatch, read_peak_memory

Rows = TypeVar("Rows")
Costs = dict[str, Any]


def time_model(fit: Callable[[], Callable[[], Rows]]) -> tuple[Rows, Costs]:
    """Call `fit`, then what it returns to draw rows; return these and the costs in seconds and MiB.

    Parameters
    ----------
    fit : callable
        Everything that is done once, before the first row can be drawn.

    Returns
    -------
    rows : whatever is drawn
    costs : dict
        ``fit_seconds`` (also as ``measured_fit_seconds``, for the first may be extrapolated later),
        ``fit_cpu_seconds``, ``others_cpu_seconds`` (of other programs, meanwhile), ``sample_seconds`` and
        ``peak_memory_mib``.
    """
    watch = Stopwatch()
    draw = fit()
    (wall, cpu), others = watch.read(), watch.others()
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
