"""Whether tensors and facts can be those of a training that was cut short: asked before any of them is used.

A checksum says that a file is as it was written, not who wrote it; and torch's fused optimizers read and write beyond
what they keep of a parameter where that is smaller than the parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import torch
from torch import Tensor, nn

from ..storage import TensorSpec, flatten_optimizer, restore_optimizer
from ..storage.content import DTYPE_NAMES
from .plan import Plan
from .state import TrainingState, make_optimizer

_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPE_NAMES}


@dataclass
class StateValidator:
    """What a state on disk is tried on, before a training becomes that state.

    Attributes
    ----------
    state : TrainingState
        The training, before its first step.
    plan : Plan
        What it is to do.
    optimizers : dict
        Like those of the training, one step further, and for parameters that are nobody's.
    """

    state: TrainingState
    plan: Plan
    optimizers: dict[str, torch.optim.Optimizer]

    @classmethod
    def of(cls, state: TrainingState, plan: Plan) -> StateValidator:
        """Return the trial for a training that has not begun."""
        optimizers = {}
        for name in state.optimizers:
            parameters = [nn.Parameter(torch.zeros_like(p)) for p in state.networks()[name].parameters()]
            optimizers[name] = make_optimizer(plan, parameters)
            _take_step(optimizers[name])
        return cls(state, plan, optimizers)

    def expected(self, listed: Mapping[str, Sequence[Any]]) -> dict[str, TensorSpec]:
        """Return what the tensors must be of a state that lists such names, each with its dtype and shape."""
        specs = _describe_tensors(self.state.tensors())
        if any(name.startswith("best.") for name in listed):
            specs |= _describe_tensors({f"best.{k}": v for k, v in self.state.average.state_dict().items()})
        parameters = {_parameter_name(name) for name in listed}  # one without a gradient has nothing kept of it
        for name, optimizer in self.optimizers.items():
            kept = _describe_tensors(flatten_optimizer(f"optimizer.{name}", optimizer)[0])
            specs |= {key: spec for key, spec in kept.items() if _parameter_name(key) in parameters}
        if callable(self.plan.optimizer):  # it may begin to keep something after some steps
            later = {key: form for key, form in listed.items() if key.startswith("optimizer.") and key not in specs}
            specs |= {key: TensorSpec(_DTYPES[kind], tuple(map(index, shape))) for key, (kind, shape) in later.items()}
        return specs

    def check(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Raise some exception for what no training can have left behind; the training is not touched."""
        wrong = [name for name, sound in self._check_facts(tensors, facts).items() if not sound]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not that of a training")
        for name, optimizer in self.optimizers.items():
            restore_optimizer(f"optimizer.{name}", optimizer, tensors, facts["groups"][name])
            _take_step(optimizer)
        torch.Generator(self.state.rng.device).set_state(tensors["rng"].clone())

    def _check_facts(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> dict[str, bool]:
        step, scores, rank = facts["step"], facts["scores"], facts["best_rank"]
        has_best = any(name.startswith("best.") for name in tensors)
        sound = {name: type(facts[name]) is int and facts[name] >= 0 for name in ("step", "retries", "revivals")}
        sound["step"] = sound["step"] and step <= self.plan.max_steps and (has_best or step < self.plan.max_steps)
        sound["rate"] = _is_number(facts["rate"]) and 0 < facts["rate"] <= 1
        sound["seconds"] = _is_number(facts["seconds"]) and facts["seconds"] >= 0
        sound["scores"] = bool(scores) == has_best and all(
            type(at) is int and _is_number(value) for at, value in scores
        )
        sound["best_rank"] = _is_rank(rank) if has_best else rank is None
        sound["history"] = not sound["step"] or bool(tensors["history"][:step].isfinite().all())
        networks = (*self.state.networks(), "best")
        sound |= {name: bool(t.isfinite().all()) for name, t in tensors.items() if name.split(".")[0] in networks}
        return sound


def _take_step(optimizer: torch.optim.Optimizer) -> None:
    """Take a step without slopes: whatever is kept of parameters is there afterwards, and what cannot be used fails."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    optimizer.step()


def _describe_tensors(tensors: Mapping[str, Tensor]) -> dict[str, TensorSpec]:
    return {name: TensorSpec(tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}


def _parameter_name(name: str) -> str:
    """Return "optimizer.generator.3" of "optimizer.generator.3.exp_avg"."""
    return ".".join(name.split(".")[:3])


def _is_rank(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and type(value[0]) is bool and _is_number(value[1])


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
