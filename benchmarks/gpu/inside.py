"""Reach into a training: its state before the first step, single steps, and the seconds of its phases.

This is the only file of the benchmarks that uses more of ganaug than its public names.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ganaug import GANAugmenter
from ganaug.augmenter import fitting
from ganaug.training import Plan, RealSamples, TrainingState, loop, step, train_gan

PHASES = {
    "encoding": (fitting, "fit_transform"),
    "scores": (fitting._Training, "score"),
    "collapse": (fitting._Training, "find_collapsed"),
    "filters": (fitting, "fit_filters"),
    "diversity": (fitting, "draw_pairs"),
}
"""Where each phase of a fit is a function."""


@dataclass
class Training:
    """A training, which takes its steps when it is told to.

    Attributes
    ----------
    state : TrainingState
        Networks, optimizers and random numbers.
    plan : Plan
        Settings.
    samples : RealSamples
        Training samples on the device.
    augment : callable or None
        Change of all samples that the discriminator sees.
    """

    state: TrainingState
    plan: Plan
    samples: RealSamples
    augment: Callable[[Tensor, torch.Generator], Tensor] | None

    def set_rate(self) -> None:
        """Set the learning rate, and the strength of class conditioning, of the next step."""
        loop._set_rate(self.state, self.plan, 0.0)

    def run_step(self) -> None:
        """Train both networks for one step, without counting it."""
        step.train_step(self.state, self.plan, self.samples, self.augment)

    def take_step(self) -> None:
        """Take the next step."""
        self.set_rate()
        self.run_step()
        self.state.step += 1

    def is_penalised(self) -> bool:
        """Return whether the next step has a gradient penalty."""
        loss = self.plan.loss
        return loss.penalty is not None and self.state.step % loss.penalty_interval == 0

    def average_share(self) -> float:
        """Return the weight of the generator in the moving average at the next step."""
        return 1.0 - min(step.EMA_DECAY, (1 + self.state.step) / (10 + self.state.step))


class _Prepared(Exception):
    """The state before the first step is there."""


def prepare_training(X: Any, y: Any, **options: Any) -> Training:
    """Encode data and initialise networks as a fit does, and return the training before its first step."""
    found: list[Training] = []

    def stop(state: Any, plan: Any, samples: Any, score: Any, collapsed: Any, augment: Any, learned: Any) -> None:
        found.append(Training(state, plan, samples, augment))
        raise _Prepared

    with replaced(fitting, "train_gan", stop), suppress(_Prepared):
        GANAugmenter(**{"random_state": 0, "filters": None, **options}).fit(X, y)
    return found[0]


@contextmanager
def replaced(place: Any, name: str, value: Any) -> Iterator[None]:
    """Give `place` another attribute for a while."""
    before = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)


@contextmanager
def average_by(share: Tensor) -> Iterator[None]:
    """Let moving averages take the weight of the generator from the tensor `share` of shape ()."""
    with replaced(step, "_update_average", lambda state: _update_average(state, share)):
        yield


@torch.no_grad()
def _update_average(state: TrainingState, share: Tensor) -> None:
    current = [*state.generator.parameters(), *step.float_buffers(state.generator)]
    average = [*state.average.parameters(), *step.float_buffers(state.average)]
    change = torch._foreach_sub(current, average)
    torch._foreach_mul_(change, share)
    torch._foreach_add_(average, change)


@contextmanager
def timed_phases() -> Iterator[dict[str, float]]:
    """Collect the seconds of each phase of the fits in this context; "steps" are those of the training alone."""
    seconds = dict.fromkeys((*PHASES, "steps"), 0.0)

    def timed_training(*arguments: Any) -> Iterator[Any]:
        steps = train_gan(*arguments)
        while True:
            started, before = time.perf_counter(), seconds["scores"] + seconds["collapse"]
            progress = next(steps, None)
            within = seconds["scores"] + seconds["collapse"] - before
            seconds["steps"] += time.perf_counter() - started - within
            if progress is None:
                return
            yield progress

    with ExitStack() as stack:
        for phase, (place, name) in PHASES.items():
            stack.enter_context(replaced(place, name, _timed(getattr(place, name), phase, seconds)))
        stack.enter_context(replaced(fitting, "train_gan", timed_training))
        yield seconds


def _timed(work: Callable[..., Any], phase: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return work(*arguments)
        finally:
            seconds[phase] += time.perf_counter() - started

    return call


def arrange_sampling(augmenter: GANAugmenter, device: str, filters: bool) -> GANAugmenter:
    """Return a copy of a fitted augmenter that generates on `device`, with its filters or without."""
    changed = copy.copy(augmenter)
    model = augmenter.model_
    generator = copy.deepcopy(model.generator).to(device)
    changed.model_ = replace(model, generator=generator, judges=model.judges if filters else [])
    return changed
