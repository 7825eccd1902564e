"""Real samples on the device, for one batch after another."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..modality import as_they_are


class RealSamples:
    """Real samples on the device, drawn class by class.

    Parameters
    ----------
    x : Tensor of shape (n, ...)
        Encoded samples.
    c : Tensor of shape (n,)
        Class codes.
    class_weights : Tensor of shape (n_classes,)
        Share of each class in a batch.
    expand : callable
        Encoded samples to samples as networks see them, for the rows of a batch.
    """

    def __init__(self, x: Tensor, c: Tensor, class_weights: Tensor, expand: Callable[[Tensor], Tensor] = as_they_are):
        self.x, self.expand = x, expand
        self.by_class = torch.argsort(c, stable=True)
        counts = torch.bincount(c, minlength=len(class_weights))
        self.counts = counts.to(torch.float32)
        self.first = counts.cumsum(0) - counts
        share = class_weights.double().cumsum(0) / class_weights.double().sum()
        self.cumulative = share.float().to(x.device)  # float32 before it moves: not every device has float64

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return `n` samples, with replacement, and their class codes."""
        u = torch.rand(2, n, generator=rng, device=self.x.device)
        c = torch.searchsorted(self.cumulative, u[0]).clamp_(max=len(self.counts) - 1)
        row = torch.minimum((u[1] * self.counts[c]).long(), self.counts[c].long() - 1)
        return self.expand(self.x[self.by_class[self.first[c] + row]]), c
