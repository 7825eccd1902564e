"""Measure the diversity of encoded samples; `METRICS` holds the functions by name."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

COLLAPSED = 0.25
"""A class whose diversity is below this share of the real one counts as collapsed."""


def diversity(real: Tensor, synthetic: Tensor) -> float:
    """Return the diversity of synthetic samples relative to that of real samples.

    This is the smaller of two ratios, of synthetic to real: the mean distance between two samples, which falls if all
    samples are alike, and the mean distance to the nearest other sample, which falls if they are copies of a few. Both
    follow the intra-class diversity of Arora et al. [1]_.

    Parameters
    ----------
    real, synthetic : Tensor of shape (n, ...)
        Encoded samples of one class, at least two and equally many of each.

    Returns
    -------
    float
        0 (collapsed) to 1 (as diverse as the real samples); larger ratios are clipped to 1. It is 1 if all real samples
        are equal.

    References
    ----------
    .. [1] Arora et al., "Do GANs learn the distribution?", ICLR 2018.

    Examples
    --------
    >>> import torch
    >>> from ganaug.metrics import diversity
    >>> real = torch.tensor([[0.0], [1.0], [2.0]])
    >>> diversity(real, real)
    1.0
    >>> diversity(real, torch.tensor([[1.0], [1.0], [1.0]]))
    0.0
    """
    ratios = []
    expected, found = _distances(real), _distances(synthetic)
    for spread in (_mean_distance, _nearest_distance):
        usual = spread(expected)
        ratios.append(spread(found) / usual if usual > 1e-6 else 1.0)
    return min(1.0, *ratios)


def _distances(x: Tensor) -> Tensor:
    flat = x.flatten(1).float()
    return torch.cdist(flat, flat, p=1)


def _mean_distance(distances: Tensor) -> float:
    n = len(distances)
    return float(distances.sum() / (n * (n - 1)))


def _nearest_distance(distances: Tensor) -> float:
    to_others = distances.clone().fill_diagonal_(float("inf"))
    return float(to_others.min(1).values.mean())


METRICS: dict[str, Callable[[Tensor, Tensor], float]] = {"diversity": diversity}
"""Measures of the samples of one class by name: ``f(real, synthetic) -> float``."""
