"""How good synthetic images are, by held-out real ones: what keeps the best weights and decides the filters."""

from __future__ import annotations

import torch
from torch import Tensor

from .classifier import ConvClassifier

_STEPS = 200  # enough to tell generators apart, and short beside the training between two scores


def held_out_score(real: tuple[Tensor, Tensor], synthetic: tuple[Tensor, Tensor], seed: int) -> float:
    """Return how good synthetic images are, higher is better.

    A small network is trained on the synthetic images alone; the score is the probability that it gives the labels of
    held-out real ones, as a geometric mean over the images and a plain mean over the classes: the classification
    accuracy score [1]_, made smooth because held-out images are few. Unlike FID it falls when a class is wrong or all
    alike.

    Parameters
    ----------
    real, synthetic : pair of Tensor
        Images of shape (n, c, h, w) in [-1, 1], and class codes of shape (n,).
    seed : int
        Decides the network.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    .. [1] Ravuri and Vinyals, "Classification Accuracy Score for Conditional Generative Models", NeurIPS 2019.
    """
    (x, c), (x_new, c_new) = real, synthetic
    known, y_new = torch.unique(c_new, return_inverse=True)
    if len(known) < 2:
        return 0.0
    logits = ConvClassifier.fit(x_new, y_new, seed, steps=_STEPS)(x)
    log_p = logits.log_softmax(1)
    by_class = [log_p[c == code, i].mean().exp() for i, code in enumerate(known) if (c == code).any()]
    return float(torch.stack(by_class).mean()) if by_class else 0.0
