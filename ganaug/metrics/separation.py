"""Measure how far samples tell the classes apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def class_separation(train: Sequence[Tensor], test: Sequence[Tensor]) -> float:
    """Return how well the class centres of some samples tell the classes of others apart.

    Each test sample goes to the class whose training samples have the nearest mean, as in linear discriminant analysis
    with one variance for each feature [1]_. What is returned is the balanced accuracy, scaled from chance to 1.

    Parameters
    ----------
    train, test : sequence of k >= 2 Tensors of shape (n, ...)
        Encoded samples of each class, at least one of each.

    Returns
    -------
    float
        0 (no better than chance, or worse) to 1 (every sample is told).

    References
    ----------
    .. [1] Tibshirani et al., "Diagnosis of multiple cancer types by shrunken centroids of gene expression", PNAS 2002,
       without the shrinking.

    Examples
    --------
    >>> import torch
    >>> from ganaug.metrics import class_separation
    >>> cats, dogs = torch.tensor([[0.0], [1.0]]), torch.tensor([[5.0], [6.0]])
    >>> class_separation([cats, dogs], [cats, dogs]), class_separation([cats, cats], [cats, dogs])
    (1.0, 0.0)
    """
    scale = torch.cat([samples.flatten(1).float() for samples in test]).std(0, correction=0)
    scale = torch.where(scale > 0, scale, 1.0)
    centres = torch.stack([samples.flatten(1).float().mean(0) for samples in train]) / scale
    shares = []
    for code, samples in enumerate(test):
        nearest = torch.cdist(samples.flatten(1).float() / scale, centres).argmin(1)
        shares.append(float((nearest == code).float().mean()))
    chance = 1 / len(test)
    return max(0.0, (sum(shares) / len(shares) - chance) / (1 - chance))
