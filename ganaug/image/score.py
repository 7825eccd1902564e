"""Score synthetic images on held-out real ones, to keep the best weights and to tune the filters."""

from __future__ import annotations

import torch
from torch import Tensor

from .classifier import ConvClassifier

_STEPS = 200  # enough to distinguish generators, and short beside the training between two scores


def held_out_score(
    real: tuple[Tensor, Tensor],
    synthetic: tuple[Tensor, Tensor],
    seed: int,
    *,
    device: torch.device | str = "cpu",
    seconds: float | None = None,
) -> float:
    """Return a score of synthetic images; higher is better.

    A small classifier is trained on the synthetic images alone. The score is its probability of the true labels of
    held-out real images, as a geometric mean over the images of a class and an arithmetic mean over the classes. It is
    a smooth form of the classification accuracy score [1]_, because held-out images are few. Unlike FID, it falls if a
    class is wrong or collapsed.

    Parameters
    ----------
    real, synthetic : pair of Tensor
        Images of shape (n, c, h, w) in [-1, 1], and class codes of shape (n,).
    seed : int
        Seed of the classifier.
    device : torch.device or str
        Where the classifier is trained and applied.
    seconds : float, optional
        Most seconds of its training.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    OutOfTime
        The seconds are too few to learn anything.

    References
    ----------
    .. [1] Ravuri and Vinyals, "Classification Accuracy Score for Conditional Generative Models", NeurIPS 2019.
    """
    (x, c), (x_new, c_new) = real, synthetic
    known, y_new = torch.unique(c_new, return_inverse=True)
    if len(known) < 2:
        return 0.0
    classifier = ConvClassifier.fit(x_new, y_new, seed, steps=_STEPS, device=device, seconds=seconds)
    logits = classifier.to(device)(x)
    log_p = logits.log_softmax(1)
    by_class = [log_p[c == code, i].mean().exp() for i, code in enumerate(known) if (c == code).any()]
    return float(torch.stack(by_class).mean()) if by_class else 0.0
