"""How far synthetic images are from real ones, as distributions of features: FID and KID."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import ParameterError
from ..rng import numpy_stream
from .space import Points

_SUBSET = 1000  # KID looks at pairs
_SUBSETS = 10


def frechet_distance(real: Points, synthetic: Points) -> float | None:
    """Return the squared Fréchet distance between two normal distributions fitted to features, by torchmetrics.

    With features of the Inception network this is the FID: Heusel et al., "GANs Trained by a Two Time-Scale Update
    Rule Converge to a Local Nash Equilibrium", NeurIPS 2017. It is biased upwards, the more so the fewer samples there
    are (Chong and Forsyth, "Effectively Unbiased FID and Inception Score", CVPR 2020): compare only values from
    equally many samples.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Features.

    Returns
    -------
    float or None
        0 or more, in squared units of the features; None with fewer than 2 samples of either kind.

    Raises
    ------
    ParameterError
        torchmetrics is not installed.
    """
    if min(len(real), len(synthetic)) < 2:
        return None
    metric = _torchmetrics().image.fid.FrechetInceptionDistance(feature=_AsTheyAre(real.shape[1]))
    metric.set_dtype(torch.float64)
    for points, is_real in ((real, True), (synthetic, False)):
        metric.update(_tensor(points), real=is_real)
    return max(0.0, float(metric.compute()))


def kernel_distance(real: Points, synthetic: Points, seed: int) -> float | None:
    """Return the squared maximum mean discrepancy between features under a cubic kernel, by torchmetrics.

    With features of the Inception network this is the KID: Bińkowski et al., "Demystifying MMD GANs", ICLR 2018. The
    estimate is unbiased at any number of samples, so it can fall below 0, and is about 0 for equal distributions.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Features; beyond 1000 of a kind, the mean over 10 draws of so many.
    seed : int
        Decides the draws.

    Returns
    -------
    float or None
        None with fewer than 2 samples of either kind.

    Raises
    ------
    ParameterError
        torchmetrics is not installed.
    """
    size = min(len(real), len(synthetic), _SUBSET)
    if size < 2:
        return None
    poly_mmd = _torchmetrics().image.kid.poly_mmd
    rng = numpy_stream(seed, "kernel distance")
    draws = 1 if len(real) == len(synthetic) == size else _SUBSETS
    found = []
    for _ in range(draws):
        pair = (_tensor(points[rng.permutation(len(points))[:size]]) for points in (real, synthetic))
        found.append(float(poly_mmd(*pair)))
    return float(np.mean(found))


class _AsTheyAre(nn.Module):
    """Stands where torchmetrics has a network, for features that are there already."""

    def __init__(self, n_features: int):
        super().__init__()
        self.num_features = n_features

    def forward(self, x: Tensor) -> Tensor:
        return x


def _tensor(points: Points) -> Tensor:
    return torch.from_numpy(np.asarray(points, dtype=np.float64))


def _torchmetrics() -> Any:
    try:
        import torchmetrics.image.fid
        import torchmetrics.image.kid
    except ImportError:
        raise ParameterError("FID and KID need torchmetrics, which is not here; install ganaug[metrics].") from None
    return torchmetrics
