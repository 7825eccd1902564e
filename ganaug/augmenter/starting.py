"""Start a training: networks, samples on the device, and their augmentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..layers import initialise
from ..modality import Architecture, Modality
from ..rng import torch_stream
from ..training import Plan, RealSamples, TrainingState
from .split import Data


def start_state(
    modality: Modality, schema: Mapping[str, Any], architecture: Architecture, plan: Plan, seed: int
) -> TrainingState:
    """Return the state before the first step; each network is initialised from its own random stream."""
    generator = initialise(modality.generator(schema, architecture), torch_stream(seed, "generator"))
    discriminator = initialise(modality.discriminator(schema, architecture), torch_stream(seed, "discriminator"))
    rng = torch_stream(seed, "training", device=plan.device)
    return TrainingState.start(generator.to(plan.device), discriminator.to(plan.device), plan, rng)


def place_samples(data: Data, plan: Plan) -> RealSamples:
    """Return the training samples on the device of the training."""
    device = plan.device
    drawn = None if data.drawn is None else (data.drawn[0].to(device), data.drawn[1].to(device))
    return RealSamples(data.x.to(device), data.codes.to(device), _batch_weights(data.prior), data.expand, drawn)


def bind_augmentation(modality: Modality, plan: Plan) -> Callable[[Tensor, torch.Generator], Tensor] | None:
    """Return ``f(x, rng) -> x``, the augmentation of the plan; None if there is none."""
    change, names = modality.augment, plan.augmentation
    if change is None or not names:
        return None
    return lambda x, rng: change(x, names, rng)


def _batch_weights(prior: Sequence[float]) -> Tensor:
    """Return the share of each class in a batch: its share of the data, and 5 % (or half an even share) at least."""
    share = torch.tensor(prior, dtype=torch.float64)
    least = min(0.05, 0.5 / max(1, int((share > 0).sum())))
    return torch.where(share > 0, share.clamp_min(least), 0.0)
