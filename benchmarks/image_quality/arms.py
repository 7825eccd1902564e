"""Define the settings that are compared: options of `GANAugmenter` by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

REAL, DEFAULT, LITERATURE = "real", "ganaug", "diffaugment"


def make_adam(parameters: Iterable[Tensor], lr: float) -> torch.optim.Optimizer:
    """Return the optimizer of BigGAN and of DiffAugment's code for it: Adam with betas of 0 and 0.999."""
    return torch.optim.Adam(parameters, lr=lr, betas=(0.0, 0.999))


ARMS: dict[str, dict[str, Any]] = {
    REAL: {},
    DEFAULT: {"filters": None},
    LITERATURE: {
        "filters": None,
        "loss": "hinge",  # with spectral normalisation, and no penalty of gradients
        "augmentation": ("color", "translation", "cutout"),
        "optimizer": make_adam,
        "learning_rate": 2e-4,  # of both players
    },
}
"""Options by name. `REAL` takes other real images in the place of synthetic ones: the best that can be reached.
The others have no filters, whose fit would come on top of the seconds of the training.

`LITERATURE` is Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020, by options of
ganaug. What they cannot express stays ganaug's: its networks, one step of the discriminator for each of the generator
(BigGAN takes four), a learning rate that falls by half a cosine, the choice of the weights by held-out images, a
translation that repeats the border, and a cutout of 0.4 of the side in place of 0.5.
"""
