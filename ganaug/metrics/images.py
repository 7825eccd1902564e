"""Numbers about synthetic images, by features that a network of the user's choice sees in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import rel_entr, softmax
from torch import Tensor, nn

from ..errors import DataError, ParameterError
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from .coverage import density_coverage, precision_recall
from .space import Points, sample_rows

_BLOCK = 256
_MAX_NEIGHBOURS = 5000  # images of either kind that are looked at in pairs
_LAST = 0.1  # of the training


def image_metrics(
    real: Any,
    synthetic: Any,
    features: Callable[[Tensor], Any] | None,
    *,
    y_real: Any = None,
    y_synthetic: Any = None,
    k: int = 5,
    random_state: Seed = None,
) -> dict[str, Any]:
    """Return FID, KID, precision, recall, density and coverage of synthetic images, of all and of each class.

    Parameters
    ----------
    real, synthetic : ndarray or Tensor of n and m images
        Equally many are compared, drawn from the larger set.
    features : callable or None
        ``features(images) -> (b, d)``, such as a network of torchvision without its last layer, in evaluation mode.
        It is called with blocks of the images, as a tensor in the layout, dtype and range that they were given in;
        what the network wants to have done to them is its part. None: the images are features of shape (n, d) already.
    y_real, y_synthetic : array-like of shapes (n,) and (m,), optional
        Labels; both or neither.
    k : int, default 5
        Neighbours, for precision, recall, density and coverage.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the images that are drawn.

    Returns
    -------
    dict
        "fid" and "kid" of `frechet_distance` and `kernel_distance`, "precision" and "recall" of `precision_recall`,
        "density" and "coverage" of `density_coverage` (on at most 5,000 images), and "rows", the number of images of
        either kind; "classes" has the same for each class, with its "label", where labels are given. None where there
        are fewer than 2 images. Values of classes compare only with values of equally many images.

    Raises
    ------
    DataError
        There are no images, not one label per image, or features are not finite.
    ParameterError
        `features` does not return one row per image, is a module in training mode, or torchmetrics is not installed.
    """
    if (y_real is None) != (y_synthetic is None):
        raise DataError("Labels are given of one of the two sets only; give both y_real and y_synthetic, or neither.")
    points = {name: embedded(images, features) for name, images in (("real", real), ("synthetic", synthetic))}
    if points["real"].shape[1] != points["synthetic"].shape[1]:
        widths = " and ".join(f"{p.shape[1]} of {name} images" for name, p in points.items())
        raise DataError(f"The features differ in number, {widths}; give images of one size.")
    seed = new_seed(random_state)
    found = _compared(points["real"], points["synthetic"], k, seed)
    if y_real is None:
        return found
    labels = [_labels(name, y, len(points[name])) for name, y in (("real", y_real), ("synthetic", y_synthetic))]
    classes = []
    for label in np.unique(labels[0]).tolist():
        of_class, made = (points[name][y == label] for name, y in zip(points, labels, strict=True))
        classes.append({"label": str(label)} | _compared(of_class, made, k, stream_seed(seed, str(label))))
    return found | {"classes": classes}


def embedded(images: Any, features: Callable[[Tensor], Any] | None) -> Points:
    """Return the features of images, shape (n, d).

    Parameters
    ----------
    images : ndarray or Tensor of n images
        Or of n rows of features, where `features` is None.
    features : callable or None
        See `image_metrics`.

    Raises
    ------
    DataError
        There are no images, or features are not finite.
    ParameterError
        `features` does not return one row per image, or is a module in training mode.
    """
    x = images if isinstance(images, Tensor) else torch.from_numpy(np.ascontiguousarray(images))
    if not len(x):
        raise DataError("There are no images; give at least one.")
    if isinstance(features, nn.Module) and features.training:
        raise ParameterError(f"The network {type(features).__name__} is in training mode; call its eval() first.")
    with torch.no_grad():
        blocks = [x] if features is None else [_checked(features(block), len(block)) for block in x.split(_BLOCK)]
    points = torch.cat([block.detach().cpu().float().flatten(1) for block in blocks]).numpy()
    broken = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(broken):
        raise DataError(
            f"The features of image {broken[0]}, counted from 0, hold NaN or infinity; see what the network is given."
        )
    return points


def _checked(block: Any, n: int) -> Tensor:
    found = block if isinstance(block, Tensor) else torch.from_numpy(np.asarray(block))
    if found.ndim < 2 or len(found) != n:
        raise ParameterError(
            f"The network returned the shape {tuple(found.shape)} for {n} images; let it return ({n}, d), one row per "
            "image."
        )
    return found


def _labels(name: str, y: Any, n: int) -> NDArray[Any]:
    labels = np.asarray(y).ravel()
    if len(labels) != n:
        raise DataError(f"There are {n} {name} images and {len(labels)} labels; give one label per image.")
    return labels


def _compared(real: Points, synthetic: Points, k: int, seed: int) -> dict[str, Any]:
    rng = numpy_stream(seed, "images")
    n = min(len(real), len(synthetic))
    real, synthetic = (sample_rows(points, n, rng) for points in (real, synthetic))
    few = [sample_rows(points, _MAX_NEIGHBOURS, rng) for points in (real, synthetic)]
    precision, recall = precision_recall(few[0], few[1], k) or (None, None)
    density, coverage = density_coverage(few[0], few[1], k) or (None, None)
    return {
        "fid": frechet_distance(real, synthetic),
        "kid": kernel_distance(real, synthetic, seed),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "rows": n,
    }


def inception_score(
    images: Any, network: Callable[[Tensor], Any], splits: int = 10, random_state: Seed = None
) -> float:
    """Return how sure a classifier is of each image, and how different its answers are: the Inception score.

    The exponential of the mean divergence of the classes of an image from those of all, averaged over parts of the
    images: Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016. It sees no real images, and so
    neither copies nor wrong labels (Barratt and Sharma, "A Note on the Inception Score", arXiv 1801.01973).

    Parameters
    ----------
    images : ndarray or Tensor of n images
        Shuffled, and cut into `splits` parts.
    network : callable
        ``network(images) -> (b, n_classes)``: probabilities, or logits, which are what has negative values or rows that
        do not sum to 1.
    splits : int, default 10
        Parts; at most as many as there are images.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the order of the images, and so of the parts.

    Returns
    -------
    float
        From 1, all answers alike, to the number of classes.

    Raises
    ------
    DataError
        There are no images, or what the network returns is not finite.
    ParameterError
        The network does not return one row per image, or is in training mode, or `splits` is below 1.
    """
    if splits < 1:
        raise ParameterError(f"The 'splits' parameter of inception_score must be at least 1. Got {splits!r} instead.")
    p = embedded(images, network).astype(np.float64)
    if (p < 0).any() or not np.allclose(p.sum(axis=1), 1.0, atol=1e-3):
        p = softmax(p, axis=1)
    p = p[numpy_stream(new_seed(random_state), "inception score").permutation(len(p))]
    parts = np.array_split(p, min(splits, len(p)))
    return float(np.mean([np.exp(rel_entr(part, part.mean(axis=0)).sum(axis=1).mean()) for part in parts]))


def discriminator_accuracy(history: Mapping[str, Any]) -> dict[str, float]:
    """Return how often the discriminator was right at the end of a training.

    Parameters
    ----------
    history : mapping
        `GANAugmenter.history_`.

    Returns
    -------
    dict
        "real" and "synthetic": shares, from 0 to 1, of real and of synthetic samples that it took for what they were,
        as means over the last tenth of the steps. Near 1 on both, it has won, and the generator learns little more;
        near 1 on real samples and lower on held-out ones, it knows them by heart.
    """
    means = {}
    for name in ("real", "synthetic"):
        values = np.asarray(history[f"accuracy_{name}"], dtype=float)
        means[name] = float(np.mean(values[-max(1, round(_LAST * len(values))) :]))
    return means


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


def kernel_distance(real: Points, synthetic: Points, random_state: Seed = None) -> float | None:
    """Return the squared maximum mean discrepancy between features under a cubic kernel, by torchmetrics.

    With features of the Inception network this is the KID: Bińkowski et al., "Demystifying MMD GANs", ICLR 2018. The
    estimate is unbiased at any number of samples, so it can fall below 0, and is about 0 for equal distributions.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Features; beyond 1000 of a kind, the mean over 10 draws of so many.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the draws.

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
    rng = numpy_stream(new_seed(random_state), "kernel distance")
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
