"""How varied synthetic samples are, as plain functions of encoded samples; `METRICS` holds them by name."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

COLLAPSED = 0.25
"""A class whose diversity is below this share of the real one counts as collapsed."""


def diversity(real: Tensor, synthetic: Tensor) -> float:
    """Return how varied synthetic samples are, as a share of how varied real ones are.

    The smaller of two ratios: mean distance between two samples, which falls when all samples are alike, and mean
    distance to the nearest other sample, which falls when they are copies of a few. Both follow the intra-class
    diversity of Arora et al., "Do GANs learn the distribution?", ICLR 2018.

    Parameters
    ----------
    real, synthetic : Tensor of shape (n, ...)
        Encoded samples of one class, the same number of each, at least two.

    Returns
    -------
    float
        0 when collapsed, about 1 when as varied as the real samples; higher values are cut to 1. Where the real
        samples are all equal, there is nothing to fall short of, and the answer is 1.
    """
    ratios = []
    for spread in (_mean_distance, _nearest_distance):
        expected = spread(real)
        ratios.append(spread(synthetic) / expected if expected > 1e-6 else 1.0)
    return min(1.0, *ratios)


def _distances(x: Tensor) -> Tensor:
    flat = x.flatten(1).float()
    return torch.cdist(flat, flat, p=1)


def _mean_distance(x: Tensor) -> float:
    n = len(x)
    return float(_distances(x).sum() / (n * (n - 1)))


def _nearest_distance(x: Tensor) -> float:
    away = _distances(x).fill_diagonal_(float("inf"))
    return float(away.min(1).values.mean())


METRICS: dict[str, Callable[[Tensor, Tensor], float]] = {"diversity": diversity}
"""Measures of the samples of one class by name: ``f(real, synthetic) -> float``."""
