"""Settings of a training: loss, optimizer, steps, schedule and device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..losses import Loss
from .group import ALONE, Group

_CPU = torch.device("cpu")
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    # Fused: one operator for all parameters. Momentum 0 is usual for GANs since Gulrajani et al. (2017).
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr, betas=(0.0, 0.99), eps=1e-8, fused=True),
    "rmsprop": lambda parameters, lr: torch.optim.RMSprop(parameters, lr=lr, alpha=0.99),
}
"""Optimizers by name; any ``f(parameters, lr) -> torch.optim.Optimizer`` can stand in."""


@dataclass(frozen=True)
class Plan:
    """Settings of a training.

    Attributes
    ----------
    loss : Loss
        Objectives of both networks.
    max_steps : int
        Steps of each network.
    batch_size : int
        Real samples per step, and as many synthetic ones.
    learning_rate : float
        Initial learning rate; it follows half a cosine down to 3 % of that.
    optimizer : str or callable
        A name of `OPTIMIZERS`, or ``f(parameters, lr) -> torch.optim.Optimizer``.
    max_seconds : float or None
        Wall-clock budget; the learning rate then follows the clock where that is ahead of the steps.
    reserved : float
        Seconds of that budget for what comes before and after the training; at most half of it.
    score_every : int
        Steps between two scores on held-out samples.
    patience : int
        Number of scores in a row, each further below the best than `tolerance`, that end the training.
    tolerance : float
        Difference below which a later score counts as equal to the best: scores on few held-out rows are noisy, and
        later weights are averaged over more steps.
    bfloat16 : bool
        Whether matrix products run in bfloat16.
    coarse_penalty : bool
        Whether the gradient penalty runs in bfloat16, too.
    latent_dim : int
        Length of z.
    condition_ramp : pair of float or None
        Shares of the training at which class conditioning starts and reaches full strength; None for full strength
        from the start.
    device : torch.device
        Device of the training.
    augmentation : tuple of str
        Random changes of all samples that the discriminator sees.
    group : Group
        The processes that train together.
    """

    loss: Loss
    max_steps: int
    batch_size: int
    learning_rate: float
    optimizer: str | Callable[..., torch.optim.Optimizer] = "adam"
    max_seconds: float | None = None
    reserved: float = 0.0
    score_every: int = 500
    patience: int = 10
    tolerance: float = 0.0
    bfloat16: bool = False
    coarse_penalty: bool = False
    latent_dim: int = 64
    condition_ramp: tuple[float, float] | None = None
    device: torch.device = _CPU
    augmentation: tuple[str, ...] = ()
    group: Group = ALONE

    def count_penalised(self) -> int:
        """Return the number of samples at which the gradient penalty is taken."""
        return max(1, round(self.loss.penalty_share * self.batch_size))
