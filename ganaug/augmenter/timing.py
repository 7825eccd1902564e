"""Choose between networks by the seconds that a training step of them takes on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..modality import Architecture, Defaults, Modality
from ..training import ALONE, Plan
from ..training.step import train_step
from .split import Data
from .starting import bind_augmentation, place_samples, start_state

_WARM_UP, _TIMED = 3, 5  # steps; the first ones choose kernels and make room
_STEPS = 2000  # of a training within max_seconds, at least, for the larger networks to be worth it


def choose_by_time(
    make_plan: Callable[[Defaults], tuple[Architecture, Plan]],
    defaults: Defaults,
    measure: Callable[[Architecture, Plan], float],
) -> tuple[Architecture, Plan]:
    """Return the plan of the defaults, or that of the cheaper ones where a step takes too long here.

    Parameters
    ----------
    make_plan : callable
        ``make_plan(defaults) -> (architecture, plan)``.
    defaults : Defaults
        Defaults; without cheaper ones nothing is measured.
    measure : callable
        ``measure(architecture, plan) -> float``, the seconds of a training step.
    """
    architecture, plan = make_plan(defaults)
    if defaults.cheaper is None:
        return architecture, plan
    budget = plan.max_seconds
    most = defaults.step_seconds if budget is None else min(defaults.step_seconds, budget / _STEPS)
    return (architecture, plan) if measure(architecture, plan) <= most else make_plan(defaults.cheaper)


def time_step(
    modality: Modality, schema: Mapping[str, Any], data: Data, seed: int, architecture: Architecture, plan: Plan
) -> float:
    """Return the mean seconds of a few training steps, which are then thrown away."""
    plan = replace(plan, max_steps=_WARM_UP + _TIMED, group=ALONE)
    state = start_state(modality, schema, architecture, plan, seed)
    real, augment = place_samples(data, plan), bind_augmentation(modality, plan)
    began = time.monotonic()
    for step in range(plan.max_steps):
        if step == _WARM_UP:
            state.history.cpu()  # waits for the device
            began = time.monotonic()
        train_step(state, plan, real, augment)
        state.step += 1
    state.history.cpu()
    return (time.monotonic() - began) / _TIMED
