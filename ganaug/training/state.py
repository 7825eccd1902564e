"""Hold the state of a training, and convert it to and from tensors and plain JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..modality import Generator
from ..storage import flatten_optimizer, restore_optimizer
from .plan import OPTIMIZERS, Plan

HISTORY = ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic")
"""Quantities recorded at every step."""

_NUMBERS = ("step", "retries", "revivals", "rate", "seconds", "cut_at")


@dataclass
class TrainingState:
    """Everything that changes during training.

    Attributes
    ----------
    generator, discriminator, average : torch.nn.Module
        Both networks, and the moving average of the generator.
    optimizers : dict
        One for the generator and one for the discriminator.
    rng : torch.Generator
        The only source of randomness in the loop.
    history : Tensor of shape (max_steps, 4)
        The quantities of `HISTORY` at each step.
    scores : list of [step, score]
        Held-out scores of the average.
    best : dict of Tensor
        Newest weights of the average with the best score.
    best_rank : tuple of bool and float
        Whether these weights are free of collapsed classes, and their best score.
    step, retries, revivals : int
        Steps done, roll-backs after divergence and revivals after collapse so far.
    rate : float
        Factor of the learning rate, halved at each roll-back and revival.
    seconds : float
        Time spent so far.
    cut_at : int
        Step at which the training turned out to need fewer steps than planned; 0 if it has not.
    """

    generator: Generator
    discriminator: nn.Module
    average: Generator
    optimizers: dict[str, torch.optim.Optimizer]
    rng: torch.Generator
    history: Tensor
    scores: list[list[float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_rank: tuple[bool, float] = (False, -math.inf)
    step: int = 0
    retries: int = 0
    revivals: int = 0
    rate: float = 1.0
    seconds: float = 0.0
    cut_at: int = 0

    @classmethod
    def start(cls, generator: Generator, discriminator: nn.Module, plan: Plan, rng: torch.Generator) -> TrainingState:
        """Return the state before the first step; the networks are initialised and on their device."""
        average = deepcopy(generator).eval().requires_grad_(False)
        networks = {"generator": generator, "discriminator": discriminator}
        for network in networks.values():
            plan.group.synchronise(network)
        optimizers = {name: make_optimizer(plan, net.parameters()) for name, net in networks.items()}
        history = torch.full((plan.max_steps, len(HISTORY)), math.nan, device=rng.device)
        return cls(generator, discriminator, average, optimizers, rng, history)

    @property
    def last_step(self) -> int:
        """Step at which the training ends."""
        return find_last_step(len(self.history), self.cut_at)

    def networks(self) -> dict[str, nn.Module]:
        """Return the three networks by name."""
        return {"generator": self.generator, "discriminator": self.discriminator, "average": self.average}

    def tensors(self) -> dict[str, Tensor]:
        """Return copies of all tensors, on the CPU, under unique names."""
        tensors = {f"{n}.{k}": v for n, net in self.networks().items() for k, v in net.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        for name, optimizer in self.optimizers.items():
            tensors |= flatten_optimizer(f"optimizer.{name}", optimizer)[0]
        tensors |= {"rng": self.rng.get_state(), "history": self.history}
        return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}

    def facts(self) -> dict[str, Any]:
        """Return everything but the tensors as plain JSON."""
        groups = {n: flatten_optimizer(f"optimizer.{n}", o)[1] for n, o in self.optimizers.items()}
        numbers = {key: getattr(self, key) for key in _NUMBERS}
        healthy, best = self.best_rank
        lists = {"scores": [list(pair) for pair in self.scores], "best_rank": [healthy, best] if self.best else None}
        return numbers | lists | {"groups": groups}

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Restore the state from which `tensors` and `facts` were taken."""
        for name, network in self.networks().items():
            network.load_state_dict(_select_tensors(tensors, name))
        device = self.history.device
        self.best = {k: v.to(device) for k, v in _select_tensors(tensors, "best").items()}
        for name, optimizer in self.optimizers.items():
            restore_optimizer(f"optimizer.{name}", optimizer, tensors, facts["groups"][name])
        self.rng.set_state(tensors["rng"].clone())
        self.history[: len(tensors["history"])] = tensors["history"].to(device)
        self.scores = [list(pair) for pair in facts["scores"]]
        rank = facts["best_rank"]
        self.best_rank = (False, -math.inf) if rank is None else (bool(rank[0]), float(rank[1]))
        for key in _NUMBERS:
            setattr(self, key, facts[key])


def find_last_step(planned: int, cut_at: int) -> int:
    """Return the last of `planned` steps, or that of a training cut at `cut_at`: a third of its steps later."""
    return min(planned, cut_at + math.ceil(cut_at / 3)) if cut_at else planned


def make_optimizer(plan: Plan, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the optimizer of `plan` for `parameters`."""
    make = OPTIMIZERS[plan.optimizer] if isinstance(plan.optimizer, str) else plan.optimizer
    return make(list(parameters), lr=plan.learning_rate)


def _select_tensors(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key[len(name) + 1 :]: value for key, value in tensors.items() if key.startswith(f"{name}.")}
