"""Change single parts of the generator for tables, to measure what they are worth.

They replace functions and classes inside ganaug, which no user does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ganaug.modality import Architecture
from ganaug.table import encoder, networks
from ganaug.table.layout import Layout

Replaced = tuple[Any, str, Any]


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


class SecondBlockGenerator(networks.TableGenerator):
    """Generator whose scores see the states that were drawn, through a third residual block."""

    def __init__(self, layout: Layout, architecture: Architecture):
        super().__init__(layout, architecture)
        width = architecture.width
        self.feed = nn.Linear(layout.n_states, width, bias=False)
        self.block = networks.GeneratorBlock(width)
        self.last_norm = nn.BatchNorm1d(width)
        self.score_heads = nn.Linear(width, self.n_scores)

    def _draw(self, z: Tensor, c: Tensor, draw: Callable[[Tensor], Tensor]) -> Tensor:
        h = self.first(torch.cat([z, functional.one_hot(c, self.n_classes).to(z.dtype)], dim=1))
        for block in self.blocks:
            h = block(h)
        logits = self.heads(functional.leaky_relu(self.norm(h.float()), 0.2))[:, : self.n_states]
        states = draw(logits)
        h = self.block(h + self.feed(states))
        return self._join(states, self.score_heads(functional.leaky_relu(self.last_norm(h.float()), 0.2)))

    def forward(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return soft rows for training."""
        if self.states is None or not self.n_scores:
            return super().forward(z, c, noise)
        states = self.states
        return self._draw(z, c, lambda logits: states(logits, noise))

    def sample(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return final rows."""
        if self.states is None or not self.n_scores:
            return super().sample(z, c, noise)
        states = self.states
        return self._draw(z, c, lambda logits: states.sample(logits, noise))


_ONE_LEVEL: Replaced = (encoder, "assign_levels", lambda counts: [])
_NO_TIES: Replaced = (encoder, "find_ties", lambda states, counts: [])
_WIDE = {"width": 256, "batch_size": 256}
_SAME = {"max_steps": 4500}  # steps that take about as long as 2000 of the wide networks

TRIALS: dict[str, Trial] = {
    "now": Trial("the defaults, with a fixed number of steps", _SAME),
    "one level": Trial("what is drawing columns in levels worth?", _SAME, (_ONE_LEVEL,)),
    "no ties": Trial("what are rules between single values worth?", _SAME, (_NO_TIES,)),
    "neither": Trial("what are both worth?", _SAME, (_ONE_LEVEL, _NO_TIES)),
    "second block": Trial(
        "do scores gain from seeing the states?", _SAME, ((networks, "TableGenerator", SecondBlockGenerator),)
    ),
    "wide": Trial("wider networks, larger batches, fewer steps", {**_WIDE, "max_steps": 2000}),
    "wide, small batches": Trial("wider networks", {**_WIDE, "batch_size": 128, "max_steps": 3000}),
    "large batches": Trial("larger batches", {"batch_size": 256, "max_steps": 2900}),
    "narrow": Trial("still narrower networks", {"width": 96, "max_steps": 5000}),
    "twice the rate": Trial("a higher learning rate", {**_SAME, "learning_rate": 1.6e-3}),
    "half the steps": Trial("half the training", {"max_steps": 2250}),
    "twice the steps": Trial("twice the training", {"max_steps": 9000}),
}
"""Trials by name."""
