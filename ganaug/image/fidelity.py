"""Measure synthetic images by small classifiers that are trained on them.

`classification_accuracy_score` trains on synthetic images and tests on real ones, `detection_accuracy` classifies
images as real or synthetic, and `image_fidelity` is the summary of reports. `ganaug.metrics.images` has the metrics in
the features of a network that the user brings, such as FID.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ..metrics.coverage import density_coverage, precision_recall
from ..metrics.space import Points, sample_rows
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from ..threads import one_thread
from .classifier import ConvClassifier
from .pixels import ImageFormat, to_numpy

_AUGMENTATION = ("affine",)
_MAX_NEIGHBOURS = 5000  # real, and as many synthetic, images in neighbour searches
_DETECTION_ROWS = 5000  # real, and as many synthetic, images

Labels = NDArray[Any]


@dataclass(frozen=True)
class AccuracyScore:
    """Accuracy on real images of a classifier that was trained on synthetic ones.

    Attributes
    ----------
    accuracy : float
        Accuracy on all real images, from 0 to 1.
    classes : dict of label to float
        Accuracy on the images of each class; 0 for a class without synthetic images.
    """

    accuracy: float
    classes: dict[Any, float]


def classification_accuracy_score(
    real: tuple[Any, Any],
    synthetic: tuple[Any, Any],
    *,
    random_state: Seed = None,
    channel_axis: int | str | None = "auto",
    steps: int | None = None,
    augmentation: Sequence[str] = _AUGMENTATION,
) -> AccuracyScore:
    """Train a small classifier on synthetic images alone, and return its accuracy on real ones [1]_.

    Its reference is the accuracy with other real images in the place of the synthetic ones.

    Parameters
    ----------
    real, synthetic : (X, y)
        Images, an ndarray or Tensor of one layout, dtype and size, and their labels.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the network.
    channel_axis : {"auto", None, 1, -1, 3}
        See `GANAugmenter`.
    steps : int, optional
        Number of training steps; None takes a number that follows from the number of images.
    augmentation : sequence of str
        Random augmentation in training: "affine", "translation", "cutout", "color", "flip".

    Returns
    -------
    AccuracyScore

    Raises
    ------
    DataError
        The images differ in format, or images and labels differ in number.

    See Also
    --------
    ganaug.metrics.images.image_metrics : FID, KID, precision, recall, density and coverage.

    References
    ----------
    .. [1] Ravuri and Vinyals, "Classification Accuracy Score for Conditional Generative Models", NeurIPS 2019.

    Examples
    --------
    >>> from ganaug.image.fidelity import classification_accuracy_score
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> X = (X / 16).reshape(-1, 8, 8)
    >>> score = classification_accuracy_score((X[::2], y[::2]), (X[1::2], y[1::2]), random_state=0, steps=50)
    >>> score.accuracy > 0.8
    True
    """
    # Encode all images in the format of the real ones
    form = ImageFormat.infer(real[0], channel_axis)
    labels_new = _check_labels(*synthetic)
    labels = _check_labels(*real)
    x_new = form.encode(form.validate(synthetic[0]))
    x = form.encode(form.validate(real[0]))
    # Train on synthetic images, test on real ones
    with one_thread():
        right = _fit_classifier(x_new, labels_new, new_seed(random_state), steps, augmentation).predict(x) == labels
    classes = {label: float(right[labels == label].mean()) for label in np.unique(labels).tolist()}
    return AccuracyScore(float(right.mean()), classes)


def detection_accuracy(
    real: Any,
    synthetic: Any,
    *,
    random_state: Seed = None,
    channel_axis: int | str | None = "auto",
    steps: int | None = None,
) -> float | None:
    """Return the accuracy of a small classifier of real against synthetic images, on images that it was not trained on.

    This is the classifier two-sample test [1]_ on at most 5,000 real and as many synthetic images. The classifier is
    trained on one half and tested on the other, and vice versa.

    Parameters
    ----------
    real, synthetic : ndarray or Tensor of n and m images
        Images of one layout, dtype and size.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the halves and the networks.
    channel_axis, steps
        As for `classification_accuracy_score`.

    Returns
    -------
    float or None
        0.5 (indistinguishable) to 1 (always distinguished). None with fewer than 4 real or 4 synthetic images.

    Raises
    ------
    DataError
        The images differ in format.

    References
    ----------
    .. [1] Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.

    Examples
    --------
    >>> from ganaug.image.fidelity import detection_accuracy
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().images[:200] / 16
    >>> detection_accuracy(X, 1 - X, random_state=0, steps=20) > 0.9  # inverted images
    True
    """
    n = min(len(real), len(synthetic), _DETECTION_ROWS)
    if n < 4:
        return None
    seed = new_seed(random_state)
    rng = numpy_stream(seed, "detection")
    # Draw equally many images, real ones labelled 0 and synthetic ones 1
    form = ImageFormat.infer(real, channel_axis)
    sides = [sample_rows(to_numpy(form.validate(images)), n, rng) for images in (real, synthetic)]
    x = form.encode(np.concatenate(sides))
    y = np.repeat([0, 1], n)
    # Train on one half, test on the other
    half = np.concatenate([rng.permutation(n) % 2 for _ in sides])
    shares = []
    with one_thread():
        for part in range(2):
            train, test = half != part, half == part
            student = _fit_classifier(x[train], y[train], stream_seed(seed, part), steps, _AUGMENTATION)
            shares.append(float((student.predict(x[test]) == y[test]).mean()))
    return float(np.mean(shares))


def image_fidelity(
    real: tuple[Any, Labels],
    synthetic: tuple[Any, Labels],
    holdout: tuple[Any, Labels],
    random_state: Seed = None,
    channel_axis: int | str | None = "auto",
) -> dict[str, Any]:
    """Return measures of the fidelity of synthetic images, by classifiers trained on real and on synthetic ones.

    Parameters
    ----------
    real, synthetic, holdout : (X, y)
        Training images, synthetic images, and real images that were not trained on, as the reference.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the networks and the draws.
    channel_axis : {"auto", None, 1, -1, 3}
        See `GANAugmenter`.

    Returns
    -------
    dict
        "classification_accuracy": see `classification_accuracy_score`, on the hold-out. "precision", "recall",
        "density" and "coverage": in the features of a classifier of the training images. ``holdout_...``: the
        references, with training images in the place of synthetic ones for the accuracy, and with equally many held-out
        images for the others. "classes": "label" (text), "accuracy", "density", "coverage", "rows". Values are None
        with fewer than 2 images.

    Raises
    ------
    DataError
        The images differ in format.
    """
    seed = new_seed(random_state)
    # Encode all images in the format of the training images
    form = ImageFormat.infer(real[0], channel_axis)
    x, x_new, x_held = (form.encode(form.validate(X)) for X, _ in (real, synthetic, holdout))
    y, y_new, y_held = real[1], synthetic[1], holdout[1]
    # Train a classifier on training images and one on synthetic images
    with one_thread():
        teacher = _fit_classifier(x, y, stream_seed(seed, "teacher"), None, _AUGMENTATION)
        student = _fit_classifier(x_new, y_new, stream_seed(seed, "student"), None, _AUGMENTATION)
        points, made, held = (teacher.network.features(images).numpy() for images in (x, x_new, x_held))
        right = {"": student.predict(x_held) == y_held, "holdout_": teacher.predict(x_held) == y_held}
    # Compare synthetic and held-out images with training images
    rng = numpy_stream(seed, "fidelity")
    n = min(len(made), len(held), _MAX_NEIGHBOURS)
    few = sample_rows(points, _MAX_NEIGHBOURS, rng)
    facts: dict[str, Any] = {}
    for prefix, others in (("", made), ("holdout_", held)):
        facts[f"{prefix}classification_accuracy"] = float(right[prefix].mean())
        values = _neighbour_metrics(few, sample_rows(others, n, rng))
        facts |= {f"{prefix}{name}": value for name, value in values.items()}
    # Repeat for each class
    classes = []
    for label in np.unique(y).tolist():
        is_class = y_held == label
        accuracy = float(right[""][is_class].mean()) if is_class.any() else None
        by_neighbours = _class_metrics(points[y == label], made[y_new == label], rng)
        classes.append({"label": str(label), "accuracy": accuracy} | by_neighbours)
    return facts | {"classes": classes}


def _class_metrics(real: Points, synthetic: Points, rng: np.random.Generator) -> dict[str, Any]:
    rows = min(len(real), len(synthetic), _MAX_NEIGHBOURS)
    places = _neighbour_metrics(sample_rows(real, rows, rng), sample_rows(synthetic, rows, rng))
    return {"density": places["density"], "coverage": places["coverage"], "rows": rows}


def _neighbour_metrics(real: Points, others: Points) -> dict[str, float | None]:
    precision, recall = precision_recall(real, others) or (None, None)
    density, coverage = (density_coverage(real, others) if len(others) > 1 else None) or (None, None)
    return {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


@dataclass(frozen=True)
class _LabelClassifier:
    network: ConvClassifier
    labels: Labels

    def predict(self, x: Tensor) -> Labels:
        return np.asarray(self.labels[self.network(x).argmax(1).numpy()])


def _fit_classifier(
    x: Tensor, y: Labels, seed: int, steps: int | None, augmentation: Sequence[str]
) -> _LabelClassifier:
    labels, codes = np.unique(y, return_inverse=True)
    network = ConvClassifier.fit(x, torch.from_numpy(codes), seed, steps=steps, augmentation=augmentation)
    return _LabelClassifier(network, labels)


def _check_labels(images: Any, y: Any) -> Labels:
    labels = np.asarray(y).ravel()
    if len(labels) != len(images) or not len(labels):
        raise DataError(f"There are {len(images)} images and {len(labels)} labels; give one label per image.")
    return labels
