"""Measure the time of a training step from two fits, and its split by kinds of operators with torch's profiler."""

from __future__ import annotations

from typing import Any

import torch

from ..shared.clock import Stopwatch
from ..shared.protocol import BenchmarkError
from .counting import Fit

NORMS, OPTIMIZER, OTHERS = "norms", "optimizer and moving average", "other operators"
EVERYTHING_ELSE = "everything else, Python included"
NAMES = {
    "products": "mm addmm bmm baddbmm mv addmv linear matmul",
    "activations and their gradients": "leaky_relu softmax softplus sigmoid tanh log sin cos neg clamp",
    "copies, casts and views": "to to_copy copy clone contiguous cat stack pad constant_pad_nd fill zero zeros "
    "zeros_like ones_like new_zeros new_empty empty empty_like empty_strided index index_select index_add gather "
    "scatter scatter_add detach t transpose as_strided view reshape reshape_alias expand unsqueeze squeeze select "
    "slice narrow flatten unflatten split split_with_sizes resolve_conj resolve_neg",
    "random numbers": "rand randn randint uniform normal bernoulli multinomial randperm exponential",
}
KINDS = (*NAMES, NORMS, OPTIMIZER, OTHERS)
"""Kinds of operators, by name without underscores and "backward"; the rest is `EVERYTHING_ELSE`."""

_KIND_OF = {name: kind for kind, names in NAMES.items() for name in names.split()}


def classify_event(event: str) -> str:
    """Return the kind of an event of the profiler; the bookkeeping of autograd is no operator."""
    if event.startswith("Optimizer."):
        return OPTIMIZER
    if not event.startswith("aten::"):
        return EVERYTHING_ELSE
    name = event.removeprefix("aten::").strip("_").removesuffix("_data").removesuffix("_backward")
    if name.startswith(("fused_", "foreach_", "lerp")):
        return OPTIMIZER
    return NORMS if "_norm" in name else _KIND_OF.get(name, OTHERS)


def time_step(fit: Fit, short: int, long: int, repeats: int) -> dict[str, float]:
    """Return the time of a step: the best of several fits of `long` steps minus the best of as many of `short` steps.

    Fits of both lengths take turns.

    Returns
    -------
    dict
        ``cpu_ms`` and ``wall_ms`` of a step, and ``others_cpu_seconds`` of other programs in all ``wall_seconds``.

    Raises
    ------
    BenchmarkError
        One fit was scored on held-out rows more often than the other, so that the difference would contain scores.
    """
    watch, times = Stopwatch(), {short: list[tuple[float, float]](), long: list[tuple[float, float]]()}
    scores = {}
    for _ in range(repeats):
        for steps, taken in times.items():
            one = Stopwatch()
            fitted = fit(steps)
            taken.append(one.read())
            scores[steps] = len(fitted.history_["score_step"])
        if scores[short] != scores[long]:
            raise BenchmarkError(
                f"Fits of {short} and {long} steps were scored {scores[short]} and {scores[long]} times, so that "
                "their difference is not that of steps: name another number of --steps, such as 600."
            )
    best = {steps: [min(column) for column in zip(*taken, strict=True)] for steps, taken in times.items()}
    wall, cpu = (1000 * (more - less) / (long - short) for more, less in zip(best[long], best[short], strict=True))
    return {"cpu_ms": cpu, "wall_ms": wall, "others_cpu_seconds": watch.read_others(), "wall_seconds": watch.read()[0]}


def split_step(fit: Fit, first: int, last: int, repeats: int) -> dict[str, float]:
    """Return the milliseconds of a step by kind of operator, under the profiler, which makes each a little longer.

    Only the steps after the first `first` of a fit of `last` steps count; of several such fits, the quickest counts.
    """
    found = min((_profile_fit(fit, first, last) for _ in range(repeats)), key=lambda kinds: sum(kinds.values()))
    return {kind: 1000 * seconds / (last - first) for kind, seconds in found.items()}


def _profile_fit(fit: Fit, first: int, last: int) -> dict[str, float]:
    """Return the wall seconds of each kind, without overlaps, between the ends of two steps of the optimizers."""
    cpu: Any = torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[cpu]) as profiler:
        fit(last)
    events = profiler.events()
    ends = sorted(event.time_range.end for event in events if event.name.startswith("Optimizer.step"))
    start, end = ends[first * len(ends) // last - 1], ends[-1]  # in microseconds
    found = dict.fromkeys((*KINDS, EVERYTHING_ELSE), 0.0)
    for event in events:
        if start <= event.time_range.start and event.time_range.end <= end:
            found[classify_event(event.name)] += event.self_cpu_time_total / 1e6
    operators = sum(found[kind] for kind in KINDS)
    return {**found, EVERYTHING_ELSE: (end - start) / 1e6 - operators}
