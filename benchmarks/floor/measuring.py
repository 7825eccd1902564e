"""Measure the training step on one table, on one thread."""

from __future__ import annotations

import warnings
from collections import defaultdict
from typing import Any, NamedTuple

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from ..growth.cases import Result
from ..shared.machine import describe_machine
from ..shared.protocol import BenchmarkError
from .counting import Counts, count_steps
from .rates import DTYPES, measure_copy_rate, time_products
from .timing import split_step, time_step

COUNTED = (8, 48)  # steps of short fits: a quarter of the steps of both have a penalty, and each fit is scored once


class Effort(NamedTuple):
    """Effort of the measurement.

    Attributes
    ----------
    steps : int
        Of the shorter of the two timed fits; the longer one has three times as many.
    repeats : int
        Fits of each length, timed and under the profiler.
    rounds : int
        Timings of each product.
    """

    steps: int = 600
    repeats: int = 3
    rounds: int = 30


def measure_step(X: pd.DataFrame, y: pd.Series, options: dict[str, Any], effort: Effort) -> Result:
    """Measure arithmetic, bytes, rates, times and their split for one step."""

    def fit(steps: int) -> Any:
        from ganaug import GANAugmenter

        usual = {"random_state": 0, "patience": 10**6}
        augmenter = GANAugmenter(**{**usual, **options, "filters": None, "max_steps": steps}).fit(X, y)
        if (taken := len(augmenter.history_["generator_loss"])) != steps:
            raise BenchmarkError(f"A fit ended after {taken} of {steps} steps: leave 'patience' out of --options.")
        return augmenter

    torch.get_num_threads()  # sets the number of a new process, which would otherwise undo the limit later
    with threadpool_limits(1, user_api="openmp"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # after so few steps a generator may well have collapsed
        fit(1)
        counts, steps = count_steps(fit, *COUNTED), COUNTED[1] - COUNTED[0]
        result = _compare_with_limits(counts, steps, effort.rounds)
        result["step"] = time_step(fit, effort.steps, 3 * effort.steps, effort.repeats)
        result["split"] = split_step(fit, *COUNTED, effort.repeats)
    return {"rows": len(X), "columns": X.shape[1], **result, "machine": describe_machine()}


def _compare_with_limits(counts: Counts, steps: int, rounds: int) -> Result:
    """Return the counts for one step, beside the highest rates of one core."""
    seconds = time_products({product for _, product in counts.products}, rounds)
    gflop: defaultdict[str, float] = defaultdict(float)
    for (dtype, product), times in counts.products.items():
        gflop[dtype] += times * product.flops / steps / 1e9
    gflop["float32"] += counts.flops["all"] / steps / 1e9 - sum(gflop.values())  # operators other than mm and addmm
    largest = max((4 * p.m * p.k for _, p in counts.products), default=4)
    return {
        "gflop": dict(gflop),
        "gflop_per_second": {
            dtype: max(product.flops / taken for (of, product), taken in seconds.items() if of == dtype) / 1e9
            for dtype in DTYPES
        },
        "products": sum(counts.products.values()) / steps,
        "products_alone_ms": 1000 * sum(times * seconds[key] for key, times in counts.products.items()) / steps,
        "operators": counts.operators["all"] / steps,
        "moved_mib": {kind: moved / steps / 2**20 for kind, moved in counts.moved.items()},
        "copied_mib": largest / 2**20,
        "copy_mib_per_second": measure_copy_rate(largest, rounds) / 2**20,
    }
