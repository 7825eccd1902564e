"""Choose the sizes of the networks and the settings of their training: from user options, or data-driven defaults."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..errors import ParameterError
from ..layers import HEAVY, bfloat16_pays
from ..losses import LOSSES, Loss, r1_r2
from ..modality import Architecture, Defaults, row_defaults
from ..training import ALONE, Group, Plan, choose_own_gpu
from .options import EFFORTS, Options
from .split import score_noise

_MIN_BATCH = 32


def plan_training(
    options: Options,
    n: int,
    n_classes: int,
    defaults: Defaults | None = None,
    held_out: int = 0,
    group: Group = ALONE,
) -> tuple[Architecture, Plan]:
    """Return the sizes of the networks and the plan of their training.

    Parameters
    ----------
    options : Options
        Options of the user.
    n, n_classes : int
        Numbers of training samples and of classes.
    defaults : Defaults, optional
        Values of the options that are left open; by default `row_defaults`.
    held_out : int
        Number of held-out samples.
    group : Group
        The processes that train together.

    Raises
    ------
    ParameterError
        This machine has no such device, or a batch has fewer samples than there are processes.
    """
    # 1. Options of the user go before defaults
    defaults = defaults or row_defaults(n)
    loss = _resolve_loss(options.loss, defaults.penalty_weight)
    width = _resolve(options.width, defaults.width)
    max_steps = _resolve(options.max_steps, round(defaults.max_steps * EFFORTS[options.effort]))
    device = choose_device(options.device, options.distributed)
    asked = (options.augmentation,) if isinstance(options.augmentation, str) else tuple(options.augmentation or ())
    kind = defaults.kind if options.architecture == "auto" else options.architecture

    # 2. The networks and the training
    architecture = Architecture(int(options.latent_dim), width, n_classes, loss.spectral_norm, loss.batch_norm, kind)
    plan = Plan(
        loss=loss,
        max_steps=max_steps,
        batch_size=min(_resolve(options.batch_size, defaults.batch_size), max(n, _MIN_BATCH)),
        learning_rate=defaults.learning_rate if options.learning_rate == "auto" else float(options.learning_rate),
        optimizer=options.optimizer,
        max_seconds=None if options.max_seconds is None else float(options.max_seconds),
        score_every=max(50, max_steps // defaults.scores),
        patience=int(options.patience),
        tolerance=score_noise(held_out),
        bfloat16=_uses_bfloat16(options.precision, device, defaults.heavy, width),
        coarse_penalty=defaults.coarse_penalty,
        latent_dim=int(options.latent_dim),
        condition_ramp=defaults.condition_ramp,
        device=device,
        augmentation=defaults.augmentation if asked == ("auto",) else asked,
        group=group,
    )
    least = plan.batch_size if loss.penalty is None else plan.count_penalised()
    if least < group.size:
        raise ParameterError(
            f"Each of {group.size} processes needs rows of every batch, and of those that the penalty of the loss is "
            f"taken at, which are {least} with batch_size={plan.batch_size}. Give a larger batch_size, or start fewer "
            "processes."
        )
    return architecture, plan


def _resolve_loss(loss: str | Loss, penalty_weight: float) -> Loss:
    """Return the loss of a name, its penalty at the default weight if that is R1 and R2; or the user's own loss."""
    if not isinstance(loss, str):
        return loss
    named = LOSSES[loss]
    return replace(named, penalty_weight=penalty_weight) if named.penalty is r1_r2 else named


def _resolve(option: int | str, otherwise: int) -> int:
    """Return an option, or the default for "auto"."""
    return otherwise if isinstance(option, str) else int(option)


def choose_device(name: str, distributed: bool = False) -> torch.device:
    """Return the device of a name; "auto" takes CUDA, then MPS, then the CPU.

    In a training of several processes, "auto" and "cuda" take the GPU of this process, and never MPS.

    Raises
    ------
    ParameterError
        This machine, or this build of torch, has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if distributed:
        there["mps"] = False  # it has no messages between processes
    device = torch.device(next(kind for kind, available in there.items() if available) if name == "auto" else name)
    if distributed and device.type == "cuda" and device.index is None and there["cuda"]:
        device = torch.device("cuda", choose_own_gpu())
    if not there[device.type] or (device.index or 0) >= max(1, torch.cuda.device_count()):
        found = " and ".join(kind for kind, available in there.items() if available)
        raise ParameterError(f"The device {name!r} is not there; torch finds {found}. Say device='auto'.")
    return device


def _uses_bfloat16(precision: str, device: torch.device, heavy: bool, width: int) -> bool:
    """Return whether matrix products run in bfloat16: as the user asks, or where the hardware gains from it.

    A step of a network for tables takes a GPU less time than launching it, and every cast is one more launch.
    """
    if precision != "auto":
        return precision == "bfloat16"
    return bfloat16_pays(device) and (heavy or (device.type == "cpu" and width >= HEAVY))
