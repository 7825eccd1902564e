"""Validate a checkpoint's tensors and metadata before they touch the running training.

A checksum shows that a file is as it was written, not who wrote it. torch's fused optimizers read and write out of
bounds if their state for a parameter is smaller than the parameter.
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
from .state import TrainingState, find_last_step, make_optimizer

_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPE_NAMES}


@dataclass
class StateValidator:
    """Check whether a saved state can be that of a given training.

    Attributes
    ----------
    state : TrainingState
        The training, before its first step.
    plan : Plan
        Its settings.
    optimizers : dict
        Optimizers of the same kind over throw-away parameters, stepped once, on which a saved state is tried.
    """

    state: TrainingState
    plan: Plan
    optimizers: dict[str, torch.optim.Optimizer]

    @classmethod
    def of(cls, state: TrainingState, plan: Plan) -> StateValidator:
        """Return the validator for a training before its first step."""
        optimizers = {}
        for name in state.optimizers:
            parameters = [nn.Parameter(torch.zeros_like(p)) for p in state.networks()[name].parameters()]
            optimizers[name] = make_optimizer(plan, parameters)
            _take_step(optimizers[name])
        return cls(state, plan, optimizers)

    def expected(self, listed: Mapping[str, Sequence[Any]]) -> dict[str, TensorSpec]:
        """Return dtype and shape of each tensor that a saved state must have.

        Parameters
        ----------
        listed : mapping of name to (dtype, shape)
            The tensors that the saved state claims to have.
        """
        specs = _describe_tensors(self.state.tensors())
        if any(name.startswith("best.") for name in listed):
            specs |= _describe_tensors({f"best.{k}": v for k, v in self.state.average.state_dict().items()})
        parameters = {_parameter_name(name) for name in listed}  # one that never had a gradient has no optimizer state
        for name, optimizer in self.optimizers.items():
            kept = _describe_tensors(flatten_optimizer(f"optimizer.{name}", optimizer)[0])
            specs |= {key: spec for key, spec in kept.items() if _parameter_name(key) in parameters}
        if callable(self.plan.optimizer):  # a custom optimizer may extend its state after some steps
            later = {key: form for key, form in listed.items() if key.startswith("optimizer.") and key not in specs}
            specs |= {key: TensorSpec(_DTYPES[kind], tuple(map(index, shape))) for key, (kind, shape) in later.items()}
        return specs

    def check(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Raise an exception of any kind for a state that no training can have saved; leave the training untouched."""
        wrong = [name for name, valid in self._check_facts(tensors, facts).items() if not valid]
        if wrong:
            raise ValueError(f"{wrong[0]!r} has a value that no training saves")
        for name, optimizer in self.optimizers.items():
            restore_optimizer(f"optimizer.{name}", optimizer, tensors, facts["groups"][name])
            _take_step(optimizer)
        torch.Generator(self.state.rng.device).set_state(tensors["rng"].clone())

    def _check_facts(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> dict[str, bool]:
        """Return for each fact, and each network tensor, whether it is valid."""
        step = facts["step"]
        scores = facts["scores"]
        rank = facts["best_rank"]
        has_best = any(name.startswith("best.") for name in tensors)
        counts = ("step", "retries", "revivals", "cut_at")
        sound = {name: type(facts[name]) is int and facts[name] >= 0 for name in counts}
        sound["cut_at"] = sound["cut_at"] and facts["cut_at"] <= step
        last = find_last_step(self.plan.max_steps, facts["cut_at"]) if sound["cut_at"] else 0
        sound["step"] = sound["step"] and step <= last and (has_best or step < last)
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
    """Take one step with zero gradients: it creates the optimizer's state, or fails on a state that does not fit."""
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
