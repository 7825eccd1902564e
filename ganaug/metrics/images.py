"""Compare real and synthetic images by the features of a network that the user brings.

`image_metrics` is the summary: FID, KID, precision, recall, density and coverage, over all images and per class.
Nothing is downloaded, and nothing is trained. `ganaug.image.fidelity` has the metrics that train a small classifier.
"""

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
_MAX_NEIGHBOURS = 5000  # real, and as many synthetic, images in neighbour searches
_LAST = 0.1  # share of the training
_SUBSET = 1000  # images in one draw of KID
_SUBSETS = 10  # draws of KID


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
    """Return FID, KID, precision, recall, density and coverage of synthetic images, over all and per class.

    Parameters
    ----------
    real, synthetic : ndarray or Tensor of n and m images
        Equally many are compared; of the larger set, a random part.
    features : callable or None
        ``features(images) -> (b, d)``, such as a network of torchvision without its last layer, in evaluation mode.
        It receives blocks of the images as tensors in their own layout, dtype and range, and does all preprocessing.
        None if `real` and `synthetic` are features of shape (n, d) already.
    y_real, y_synthetic : array-like of shapes (n,) and (m,), optional
        Labels, of both sets or of neither.
    k : int, default 5
        Number of neighbours of precision, recall, density and coverage.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the images that are drawn.

    Returns
    -------
    dict
        "fid" and "kid" of `frechet_distance` and `kernel_distance`, "precision" and "recall" of `precision_recall`,
        "density" and "coverage" of `density_coverage` (on at most 5,000 images), and "rows", the number of real images
        that were compared with as many synthetic ones. With labels, "classes" has the same for each class, with its
        "label". Values are None with fewer than 2 images. Compare only values of equally many images.

    Raises
    ------
    DataError
        There are no images, images and labels differ in number, or features are not finite.
    ParameterError
        `features` does not return one row per image, is a module in training mode, or torchmetrics is not installed.

    See Also
    --------
    ganaug.image.fidelity.classification_accuracy_score : Train on synthetic images, test on real ones.

    Examples
    --------
    FID and KID need ``pip install "ganaug[metrics]"``.

    >>> from ganaug.metrics.images import image_metrics
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().images
    >>> found = image_metrics(X[::2], X[1::2], lambda x: x.flatten(1), random_state=0)  # doctest: +SKIP
    >>> round(found["precision"], 1), round(found["recall"], 1)  # doctest: +SKIP
    (1.0, 1.0)
    """
    if (y_real is None) != (y_synthetic is None):
        raise DataError("Only one of the two sets has labels; give both y_real and y_synthetic, or neither.")
    points = {name: extract_features(images, features) for name, images in (("real", real), ("synthetic", synthetic))}
    if points["real"].shape[1] != points["synthetic"].shape[1]:
        widths = " and ".join(f"{p.shape[1]} of {name} images" for name, p in points.items())
        raise DataError(f"The features differ in number, {widths}; give images of one size.")
    seed = new_seed(random_state)
    found = _compare(points["real"], points["synthetic"], k, seed)
    if y_real is None:
        return found
    labels = [_check_labels(name, y, len(points[name])) for name, y in (("real", y_real), ("synthetic", y_synthetic))]
    classes = []
    for label in np.unique(labels[0]).tolist():
        real_class, synthetic_class = (points[name][y == label] for name, y in zip(points, labels, strict=True))
        values = _compare(real_class, synthetic_class, k, stream_seed(seed, str(label)))
        classes.append({"label": str(label)} | values)
    return found | {"classes": classes}


def frechet_distance(real: Points, synthetic: Points) -> float | None:
    """Return the squared Fréchet distance between normal distributions fitted to the features, by torchmetrics.

    With features of the Inception network, this is the FID [1]_. Its upward bias grows as the number of samples falls
    [2]_: compare only values of equally many samples.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Features.

    Returns
    -------
    float or None
        At least 0, in squared units of the features. None with fewer than 2 real or 2 synthetic samples.

    Raises
    ------
    ParameterError
        torchmetrics is not installed.

    References
    ----------
    .. [1] Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", NeurIPS
       2017.
    .. [2] Chong and Forsyth, "Effectively Unbiased FID and Inception Score", CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.metrics.images import frechet_distance
    >>> x = np.random.default_rng(0).normal(size=(500, 2))
    >>> round(frechet_distance(x, x + [3, 4]))  # doctest: +SKIP
    25
    """
    if min(len(real), len(synthetic)) < 2:
        return None
    metric = _torchmetrics().image.fid.FrechetInceptionDistance(feature=_Identity(real.shape[1]))
    metric.set_dtype(torch.float64)
    for points, is_real in ((real, True), (synthetic, False)):
        metric.update(_to_tensor(points), real=is_real)
    return max(0.0, float(metric.compute()))


def kernel_distance(real: Points, synthetic: Points, random_state: Seed = None) -> float | None:
    """Return the squared maximum mean discrepancy between features under a cubic kernel, by torchmetrics.

    With features of the Inception network, this is the KID [1]_. The estimate is unbiased for any number of samples: it
    is about 0 for equal distributions, and can be negative.

    Parameters
    ----------
    real, synthetic : ndarray of float32, shapes (n, d) and (m, d)
        Features. If a set has more than 1000, the value is the mean over 10 random draws of 1000.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the draws.

    Returns
    -------
    float or None
        None with fewer than 2 real or 2 synthetic samples.

    Raises
    ------
    ParameterError
        torchmetrics is not installed.

    References
    ----------
    .. [1] Bińkowski et al., "Demystifying MMD GANs", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.metrics.images import kernel_distance
    >>> x = np.random.default_rng(0).normal(size=(500, 2))
    >>> kernel_distance(x, x + [3, 4], random_state=0) > 1  # doctest: +SKIP
    True
    """
    size = min(len(real), len(synthetic), _SUBSET)
    if size < 2:
        return None
    poly_mmd = _torchmetrics().image.kid.poly_mmd
    rng = numpy_stream(new_seed(random_state), "kernel distance")
    draws = 1 if len(real) == len(synthetic) == size else _SUBSETS
    found = []
    for _ in range(draws):
        pair = (_to_tensor(points[rng.permutation(len(points))[:size]]) for points in (real, synthetic))
        found.append(float(poly_mmd(*pair)))
    return float(np.mean(found))


def inception_score(
    images: Any, network: Callable[[Tensor], Any], splits: int = 10, random_state: Seed = None
) -> float:
    """Return the Inception score, which rewards certain predictions of many classes.

    It is the exponential of the mean Kullback-Leibler divergence of the class probabilities of an image from their
    mean, averaged over parts of the images [1]_. It uses no real images, and so detects neither copies nor wrong
    labels [2]_.

    Parameters
    ----------
    images : ndarray or Tensor of n images
        Images; they are shuffled and split into `splits` parts.
    network : callable
        ``network(images) -> (b, n_classes)``, probabilities or logits. Outputs with negative values, or with rows that
        do not sum to 1, are logits.
    splits : int, default 10
        Number of parts, at most the number of images.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the order of the images, and so of the parts.

    Returns
    -------
    float
        1 (all predictions equal) to the number of classes.

    Raises
    ------
    DataError
        There are no images, or the output of the network is not finite.
    ParameterError
        The network does not return one row per image, or is in training mode, or `splits` is below 1.

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.
    .. [2] Barratt and Sharma, "A Note on the Inception Score", arXiv 1801.01973.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.metrics.images import inception_score
    >>> probabilities = np.eye(4)  # four images, each certainly of a class of its own
    >>> round(inception_score(probabilities, lambda p: p, splits=1), 2)
    4.0
    """
    if splits < 1:
        raise ParameterError(f"The 'splits' parameter of inception_score must be at least 1. Got {splits!r} instead.")
    p = extract_features(images, network).astype(np.float64)
    if (p < 0).any() or not np.allclose(p.sum(axis=1), 1.0, atol=1e-3):
        p = softmax(p, axis=1)
    p = p[numpy_stream(new_seed(random_state), "inception score").permutation(len(p))]
    parts = np.array_split(p, min(splits, len(p)))
    return float(np.mean([np.exp(rel_entr(part, part.mean(axis=0)).sum(axis=1).mean()) for part in parts]))


def discriminator_accuracy(history: Mapping[str, Any]) -> dict[str, float]:
    """Return the accuracy of the discriminator at the end of a training.

    Parameters
    ----------
    history : mapping
        The attribute `history_` of a `GANAugmenter`.

    Returns
    -------
    dict
        "real" and "synthetic": accuracy on real and on synthetic samples, from 0 to 1, as means over the last tenth of
        the steps. If both are near 1, the generator learns little more. An accuracy near 1 on real samples, but lower
        on held-out ones, is a sign of overfitting.

    Examples
    --------
    >>> from ganaug.metrics.images import discriminator_accuracy
    >>> discriminator_accuracy({"accuracy_real": [0.5, 0.9], "accuracy_synthetic": [0.5, 0.7]})
    {'real': 0.9, 'synthetic': 0.7}
    """
    means = {}
    for name in ("real", "synthetic"):
        values = np.asarray(history[f"accuracy_{name}"], dtype=float)
        means[name] = float(np.mean(values[-max(1, round(_LAST * len(values))) :]))
    return means


def extract_features(images: Any, features: Callable[[Tensor], Any] | None) -> Points:
    """Return the features of images as an array of shape (n, d).

    Parameters
    ----------
    images : ndarray or Tensor of n images
        Images, or features of shape (n, d) if `features` is None.
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
        blocks = (
            [x] if features is None else [_check_features(features(block), len(block)) for block in x.split(_BLOCK)]
        )
    points = torch.cat([block.detach().cpu().float().flatten(1) for block in blocks]).numpy()
    broken = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(broken):
        raise DataError(
            f"The features of image {broken[0]}, counted from 0, hold NaN or infinity; check the input of the network."
        )
    return points


def _check_features(block: Any, n: int) -> Tensor:
    found = block if isinstance(block, Tensor) else torch.from_numpy(np.asarray(block))
    if found.ndim < 2 or len(found) != n:
        raise ParameterError(
            f"The network returned the shape {tuple(found.shape)} for {n} images; let it return ({n}, d), one row per "
            "image."
        )
    return found


def _check_labels(name: str, y: Any, n: int) -> NDArray[Any]:
    labels = np.asarray(y).ravel()
    if len(labels) != n:
        raise DataError(f"There are {n} {name} images and {len(labels)} labels; give one label per image.")
    return labels


def _compare(real: Points, synthetic: Points, k: int, seed: int) -> dict[str, Any]:
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


class _Identity(nn.Module):
    """Return features unchanged, in the place of the network of torchmetrics."""

    def __init__(self, n_features: int):
        super().__init__()
        self.num_features = n_features

    def forward(self, x: Tensor) -> Tensor:
        return x


def _to_tensor(points: Points) -> Tensor:
    return torch.from_numpy(np.asarray(points, dtype=np.float64))


def _torchmetrics() -> Any:
    try:
        import torchmetrics.image.fid
        import torchmetrics.image.kid
    except ImportError:
        raise ParameterError(
            "FID and KID need torchmetrics, which is not installed; install ganaug[metrics]."
        ) from None
    return torchmetrics
