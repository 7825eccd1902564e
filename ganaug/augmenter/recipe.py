"""How large the networks are and how long they train: the user's word, and rules of the data for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..errors import ParameterError
from ..layers import HEAVY, bfloat16_pays
from ..losses import LOSSES, Loss
from ..modality import Architecture, Defaults, row_defaults
from ..training import Plan
from .split import score_noise


@dataclass(frozen=True)
class Options:
    """What the user asked for; "auto" and None mean that the data decide.

    Attributes are those of `GANAugmenter`, under the same names.
    """

    loss: str | Loss = "relativistic"
    optimizer: Any = "adam"
    learning_rate: float | str = "auto"
    batch_size: int | str = "auto"
    max_steps: int | str = "auto"
    max_seconds: float | None = None
    patience: int = 6
    latent_dim: int = 64
    width: int | str = "auto"
    architecture: str = "auto"
    augmentation: Any = "auto"
    filters: Any = "auto"
    skip_rare: bool = False
    device: str = "auto"
    precision: str = "auto"
    checkpoint_path: Any = None
    resume: bool = False
    preview_path: Any = None
    verbose: int = 0


@dataclass(frozen=True)
class Recipe:
    """What a training needs besides data.

    Attributes
    ----------
    architecture : Architecture
        Sizes of the networks.
    plan : Plan
        What the loop does.
    device : torch.device
        Where it runs.
    augmentation : tuple of str
        Changes by which both networks see all samples.
    """

    architecture: Architecture
    plan: Plan
    device: torch.device
    augmentation: tuple[str, ...] = ()


def recipe_for(options: Options, n: int, n_classes: int, usual: Defaults | None = None, held_out: int = 0) -> Recipe:
    """Return sizes and plan for `n` samples: what the user said, and by rule what was left open.

    Parameters
    ----------
    options : Options
        What the user said.
    n, n_classes : int
        Numbers of training samples and of classes.
    usual : Defaults, optional
        What the modality takes for what is left open; by default `row_defaults`.
    held_out : int
        Number of samples that judge.
    """
    usual = usual or row_defaults(n)
    loss = LOSSES[options.loss] if isinstance(options.loss, str) else options.loss
    width = _chosen(options.width, usual.width)
    max_steps = _chosen(options.max_steps, usual.max_steps)
    device = choose_device(options.device)
    kind = usual.kind if options.architecture == "auto" else options.architecture
    architecture = Architecture(int(options.latent_dim), width, n_classes, loss.spectral_norm, loss.batch_norm, kind)
    plan = Plan(
        loss=loss,
        max_steps=max_steps,
        batch_size=_chosen(options.batch_size, usual.batch_size),
        learning_rate=usual.learning_rate if options.learning_rate == "auto" else float(options.learning_rate),
        optimizer=options.optimizer,
        max_seconds=None if options.max_seconds is None else float(options.max_seconds),
        score_every=max(50, max_steps // usual.scores),
        patience=int(options.patience),
        tolerance=score_noise(held_out),
        bfloat16=_bfloat16(options.precision, device, usual.heavy or width >= HEAVY),
        coarse_penalty=usual.coarse_penalty,
        latent_dim=int(options.latent_dim),
        condition_ramp=usual.condition_ramp,
    )
    asked = (options.augmentation,) if isinstance(options.augmentation, str) else tuple(options.augmentation or ())
    return Recipe(architecture, plan, device, usual.augmentation if asked == ("auto",) else asked)


def _chosen(option: int | str, otherwise: int) -> int:
    return otherwise if isinstance(option, str) else int(option)


def choose_device(name: str) -> torch.device:
    """Return the device behind a name; "auto" takes CUDA, then MPS, then the CPU.

    Raises
    ------
    ParameterError
        This machine, or this build of torch, has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, available in there.items() if available))
    device = torch.device(name)
    if not there[device.type] or (device.index or 0) >= max(1, torch.cuda.device_count()):
        found = " and ".join(kind for kind, available in there.items() if available)
        raise ParameterError(f"The device {name!r} is not there; torch finds {found}. Say device='auto'.")
    return device


def _bfloat16(precision: str, device: torch.device, heavy: bool) -> bool:
    """Return whether products run in bfloat16: where the hardware gains from it, unless the user decides."""
    if precision != "auto":
        return precision == "bfloat16"
    return bfloat16_pays(device) and (heavy or device.type == "cuda")
