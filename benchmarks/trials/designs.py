"""Change single parts of the generator for tables, to measure what they are worth.

They replace functions and classes inside ganaug, which no user does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganaug.augmenter import filtering, fitting
from ganaug.augmenter.split import Data
from ganaug.augmenter.starting import place_samples
from ganaug.filters import Judge, Samples
from ganaug.filters.judge_fitting import fit_judges
from ganaug.losses import LOSSES
from ganaug.modality import Architecture
from ganaug.table import encoder, networks, states
from ganaug.table.layout import Layout
from ganaug.training import Plan, RealSamples, loop, step

Replaced = tuple[Any, str, Any]
Candidates = Callable[[int, int], Samples]
_anneal = loop._anneal
_Softmax = states.SegmentSoftmax


@dataclass(frozen=True)
class Trial:
    """A change to measure.

    Attributes
    ----------
    question : str
        What it is to show.
    options : dict
        Parameters of GANAugmenter.
    replaced : tuple of (module, name, value)
        Attributes of modules of ganaug that are replaced during the fit.
    """

    question: str
    options: dict[str, Any] = field(default_factory=dict)
    replaced: tuple[Replaced, ...] = ()

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Replace the attributes, and put them back at the end."""
        before = [(module, name, getattr(module, name)) for module, name, _ in self.replaced]
        try:
            for module, name, value in self.replaced:
                setattr(module, name, value)
            yield
        finally:
            for module, name, value in before:
                setattr(module, name, value)


class WideDiscriminator(networks.TableDiscriminator):
    """Discriminator of twice the width."""

    def __init__(self, layout: Layout, architecture: Architecture):
        super().__init__(layout, replace(architecture, width=2 * architecture.width))


class HardStates(_Softmax):
    """Softmax whose output is one-hot in training, too, while its gradient is that of the softmax."""

    def forward(self, logits: Tensor) -> Tensor:
        """Return one-hot states with the gradient of soft ones."""
        soft = super().forward(logits)
        return self.one_hot(logits) + soft - soft.detach()


class LaterHardStates(HardStates):
    """The same, from the middle of the training on."""

    calls = 0

    def forward(self, logits: Tensor) -> Tensor:
        """Return soft states for the first half of the training, then hard ones."""
        self.calls += 1
        return super().forward(logits) if self.calls > 2250 else _Softmax.forward(self, logits)


class LaterReal:
    """Samples to draw batches from: those of a simple model in the first half of the training, real ones in the second.

    Parameters
    ----------
    drawn, real : RealSamples
    steps : int
        Length of the training.
    """

    def __init__(self, drawn: RealSamples, real: RealSamples, steps: int):
        self.n = real.n
        self._halves = [drawn] * (steps // 2) + [real] * (steps - steps // 2)
        self._step = 0

    def draw(self, *arguments: Any) -> tuple[Tensor, Tensor]:
        """Return a batch of the present half."""
        self._step += 1
        return self._halves[self._step - 1].draw(*arguments)


def _place_later(data: Data, plan: Plan) -> Any:
    """Place real samples behind those of their copula."""
    if data.drawn is None:
        return place_samples(data, plan)
    x, codes = data.drawn
    drawn = place_samples(replace(data, x=x, codes=codes, drawn=None), plan)
    return LaterReal(drawn, place_samples(replace(data, drawn=None), plan), plan.max_steps)


def _fit_label_last(real: Samples, draw: Candidates, strengths: Mapping[str, float], *settings: Any) -> list[Judge]:
    """Fit judges such that corrections leave alone what label agreement does to the columns of each class."""
    last = {name: strength for name, strength in strengths.items() if name == "label_agreement"}
    others = {name: strength for name, strength in strengths.items() if name not in last}
    return [*fit_judges(real, draw, others, *settings), *fit_judges(real, draw, last, *settings)]


def _hold_then_decay(done: float) -> float:
    """Return the full learning rate for three fourths of the training, and then a falling one."""
    return 0.03 + 0.97 * min(1.0, 4.0 * (1.0 - done))


def _anneal_in_rounds(done: float) -> float:
    """Return a cosine that starts anew after a fourth and after half of the training."""
    start = max(place for place in (0.0, 0.25, 0.5) if place <= done)
    return _anneal((done - start) / max(0.25, start))


_ONE_LEVEL: Replaced = (encoder, "assign_levels", lambda counts: [])
_NO_TIES: Replaced = (encoder, "find_ties", lambda states, counts: [])
_HARD: Replaced = (states, "SegmentSoftmax", HardStates)
_NO_COPULA: Replaced = (fitting, "_draw_smooth", lambda *_: None)
_LATER: Replaced = (fitting, "place_samples", _place_later)
_LABEL_LAST: Replaced = (filtering, "fit_judges", _fit_label_last)
_ALL = {"effort": "best"}  # no early end
_WIDE = {"width": 256, "batch_size": 256, **_ALL}
_SAME = {"max_steps": 4500, **_ALL}  # steps that take about as long as 2000 of the wide networks


def _weigh_penalty(weight: float) -> dict[str, Any]:
    return {"loss": replace(LOSSES["relativistic"], penalty_weight=weight)}


def _decay(beta: float) -> dict[str, Any]:
    return {"optimizer": partial(torch.optim.Adam, betas=(0.0, beta), fused=True)}


def _filter(density: float, label: float) -> dict[str, Any]:
    return {"filters": {"density_ratio": density, "label_agreement": label, "marginals": 1.0}}


TRIALS: dict[str, Trial] = {
    "now": Trial("the defaults, with a fixed number of steps", _SAME),
    "one stage": Trial(
        "do scores gain from seeing the states?", _SAME, ((networks, "TwoStageGenerator", networks.TableGenerator),)
    ),
    "one level": Trial("what is drawing columns in levels worth?", _SAME, (_ONE_LEVEL,)),
    "no ties": Trial("what are rules between single values worth?", _SAME, (_NO_TIES,)),
    "neither": Trial("what are both worth?", _SAME, (_ONE_LEVEL, _NO_TIES)),
    "half the rate": Trial("a lower learning rate", {**_SAME, "learning_rate": 0.8e-3}),
    "twice the rate": Trial("a higher learning rate", {**_SAME, "learning_rate": 3.2e-3}),
    "penalty 0.5": Trial("a stronger gradient penalty", {**_SAME, **_weigh_penalty(0.5)}),
    "penalty 0.05": Trial("a weaker one", {**_SAME, **_weigh_penalty(0.05)}),
    "half the rate, penalty 0.5": Trial("both, as before", {**_SAME, "learning_rate": 0.8e-3, **_weigh_penalty(0.5)}),
    "wide discriminator": Trial(
        "a discriminator of 256 units", _SAME, ((networks, "TableDiscriminator", WideDiscriminator),)
    ),
    "hard states": Trial("one-hot states in training, too", _SAME, (_HARD,)),
    "hard states, warm": Trial("the same, at temperature 0.6", _SAME, (_HARD, (states, "_TEMPERATURE", 0.6))),
    "hard states, hot": Trial("the same, at temperature 1", _SAME, (_HARD, (states, "_TEMPERATURE", 1.0))),
    "hard states, warm, beta 0.9": Trial("both", {**_SAME, **_decay(0.9)}, (_HARD, (states, "_TEMPERATURE", 0.6))),
    "hard states, later": Trial("the same, from the middle on", _SAME, ((states, "SegmentSoftmax", LaterHardStates),)),
    "warm": Trial("soft states at temperature 0.6", _SAME, ((states, "_TEMPERATURE", 0.6),)),
    "rate held, then falling": Trial("another schedule", _SAME, ((loop, "_anneal", _hold_then_decay),)),
    "three rounds": Trial("a schedule that could end after each", _SAME, ((loop, "_anneal", _anneal_in_rounds),)),
    "beta 0.9": Trial("a shorter memory of squared gradients", {**_SAME, **_decay(0.9)}),
    "beta 0.999": Trial("a longer one", {**_SAME, **_decay(0.999)}),
    "wide": Trial("wider networks, larger batches, fewer steps", {**_WIDE, "max_steps": 2000}),
    "wide, small batches": Trial("wider networks", {**_WIDE, "batch_size": 128, "max_steps": 3000}),
    "large batches": Trial("larger batches", {"batch_size": 256, "max_steps": 2900, **_ALL}),
    "small batches": Trial("smaller batches", {"batch_size": 64, "max_steps": 6000, **_ALL}),
    "narrow": Trial("still narrower networks", {"width": 96, "max_steps": 5000, **_ALL}),
    "density 1, label 1": Trial("filters at fixed strengths", {**_SAME, **_filter(1, 1)}),
    "density 1, label 0.5": Trial("less label agreement", {**_SAME, **_filter(1, 0.5)}),
    "density 1, label 1.5": Trial("more label agreement", {**_SAME, **_filter(1, 1.5)}),
    "density 1, label 2": Trial("still more", {**_SAME, **_filter(1, 2)}),
    "density 0, label 2": Trial("label agreement without a density", {**_SAME, **_filter(0, 2)}),
    "density 2, label 1": Trial("a density at double strength", {**_SAME, **_filter(2, 1)}),
    "label last": Trial("label agreement that corrections do not undo", _SAME, (_LABEL_LAST,)),
    "half the steps": Trial("half the training", {"max_steps": 2250, **_ALL}),
    "twice the steps": Trial("twice the training", {"max_steps": 9000, **_ALL}),
    "few rows": Trial("the defaults, for --rows 200"),
    "few rows, no copula": Trial("what are rows of a copula beside them worth?", {}, (_NO_COPULA,)),
    "few rows, half copula": Trial("more of these", {}, ((step, "_REAL_FOR_DRAWN", 1),)),
    "few rows, copula first": Trial("these first, then real rows alone", {"max_steps": 3000}, (_LATER,)),
}
"""Trials by name."""
