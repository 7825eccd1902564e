"""What small networks say of synthetic images: whether they teach, whether they are told from real ones."""

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
from .pixels import Form, to_numpy

_AUGMENTATION = ("affine",)
_MAX_NEIGHBOURS = 5000  # images of either kind that are looked at in pairs
_DETECTION_ROWS = 5000  # of either kind

Labels = NDArray[Any]


@dataclass(frozen=True)
class AccuracyScore:
    """How many real images a network of synthetic ones got right.

    Attributes
    ----------
    accuracy : float
        Share of all real images, from 0 to 1.
    classes : dict of label to float
        Share of those of each class; a class without synthetic images has 0.
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
    """Return how well a small network that was trained on synthetic images alone knows real ones.

    Ravuri and Vinyals, "Classification Accuracy Score for Conditional Generative Models", NeurIPS 2019. Its mark is
    what real images other than `real` teach, in place of the synthetic ones.

    Parameters
    ----------
    real, synthetic : (X, y)
        Images, an ndarray or Tensor of one layout, dtype and size, and a label for each.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the network.
    channel_axis : {"auto", None, 1, -1, 3}
        See `GANAugmenter`.
    steps : int, optional
        Of training; None takes a number that follows from n.
    augmentation : sequence of str
        Random changes in training: "affine", "translation", "cutout", "color", "flip".

    Returns
    -------
    AccuracyScore

    Raises
    ------
    DataError
        These are no images of one kind, or there is not one label per image.
    """
    form = Form.of(real[0], channel_axis)
    sides = [(images, _checked(images, y)) for images, y in (synthetic, real)]
    (x_new, labels_new), (x, labels) = ((form.encode(form.matching(images)), y) for images, y in sides)
    with one_thread():
        right = _student(x_new, labels_new, new_seed(random_state), steps, augmentation).predict(x) == labels
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
    """Return how often a small network tells synthetic images from real ones that it did not see.

    The classifier two-sample test: Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017; on equal
    numbers, at most 5,000 of either kind, trained on one half and tested on the other, both ways.

    Parameters
    ----------
    real, synthetic : ndarray or Tensor of n and m images
        Of one layout, dtype and size.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the halves and the networks.
    channel_axis, steps
        As for `classification_accuracy_score`.

    Returns
    -------
    float or None
        0.5 (cannot be told apart) to 1 (always); None with fewer than 4 images of either kind.

    Raises
    ------
    DataError
        These are no images of one kind.
    """
    n = min(len(real), len(synthetic), _DETECTION_ROWS)
    if n < 4:
        return None
    seed = new_seed(random_state)
    form, rng = Form.of(real, channel_axis), numpy_stream(seed, "detection")
    sides = [sample_rows(to_numpy(form.matching(images)), n, rng) for images in (real, synthetic)]
    x, y = form.encode(np.concatenate(sides)), np.repeat([0, 1], n)
    half = np.concatenate([rng.permutation(n) % 2 for _ in sides])
    shares = []
    with one_thread():
        for part in range(2):
            train, test = half != part, half == part
            student = _student(x[train], y[train], stream_seed(seed, part), steps, _AUGMENTATION)
            shares.append(float((student.predict(x[test]) == y[test]).mean()))
    return float(np.mean(shares))


def image_fidelity(
    real: tuple[Any, Labels],
    synthetic: tuple[Any, Labels],
    holdout: tuple[Any, Labels],
    random_state: Seed = None,
    channel_axis: int | str | None = "auto",
) -> dict[str, Any]:
    """Return how like the real images the synthetic ones are, by what networks learn from either.

    Parameters
    ----------
    real, synthetic, holdout : (X, y)
        Training images, synthetic ones, and real ones that were not trained on.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the networks and the draws.
    channel_axis : {"auto", None, 1, -1, 3}
        See `GANAugmenter`.

    Returns
    -------
    dict
        "classification_accuracy": of `classification_accuracy_score` on the hold-out; "precision", "recall", "density"
        and "coverage" in the features of a network trained on the training images. "holdout_...": the marks, which are
        what training images teach instead, and how held-out images compare with them in equal numbers. "classes":
        "label" (text), "accuracy", "density", "coverage", "rows". None where there are fewer than 2 images.

    Raises
    ------
    DataError
        These are no images of one kind.
    """
    seed, form = new_seed(random_state), Form.of(real[0], channel_axis)
    x, x_new, x_held = (form.encode(form.matching(X)) for X, _ in (real, synthetic, holdout))
    y, y_new, y_held = real[1], synthetic[1], holdout[1]
    with one_thread():
        teacher = _student(x, y, stream_seed(seed, "teacher"), None, _AUGMENTATION)
        student = _student(x_new, y_new, stream_seed(seed, "student"), None, _AUGMENTATION)
        points, made, held = (teacher.network.features(images).numpy() for images in (x, x_new, x_held))
        right = {"": student.predict(x_held) == y_held, "holdout_": teacher.predict(x_held) == y_held}
    rng, n = numpy_stream(seed, "fidelity"), min(len(made), len(held), _MAX_NEIGHBOURS)
    few = sample_rows(points, _MAX_NEIGHBOURS, rng)
    facts: dict[str, Any] = {}
    for mark, others in (("", made), ("holdout_", held)):
        facts[f"{mark}classification_accuracy"] = float(right[mark].mean())
        facts |= {f"{mark}{name}": v for name, v in _places(few, sample_rows(others, n, rng)).items()}
    classes = []
    for label in np.unique(y).tolist():
        here = y_held == label
        accuracy = float(right[""][here].mean()) if here.any() else None
        places = _class(points[y == label], made[y_new == label], rng)
        classes.append({"label": str(label), "accuracy": accuracy} | places)
    return facts | {"classes": classes}


def _class(real: Points, synthetic: Points, rng: np.random.Generator) -> dict[str, Any]:
    rows = min(len(real), len(synthetic), _MAX_NEIGHBOURS)
    places = _places(sample_rows(real, rows, rng), sample_rows(synthetic, rows, rng))
    return {"density": places["density"], "coverage": places["coverage"], "rows": rows}


def _places(real: Points, others: Points) -> dict[str, float | None]:
    precision, recall = precision_recall(real, others) or (None, None)
    density, coverage = (density_coverage(real, others) if len(others) > 1 else None) or (None, None)
    return {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


@dataclass(frozen=True)
class _Student:
    network: ConvClassifier
    labels: Labels

    def predict(self, x: Tensor) -> Labels:
        return np.asarray(self.labels[self.network(x).argmax(1).numpy()])


def _student(x: Tensor, y: Labels, seed: int, steps: int | None, augmentation: Sequence[str]) -> _Student:
    labels, codes = np.unique(y, return_inverse=True)
    network = ConvClassifier.fit(x, torch.from_numpy(codes), seed, steps=steps, augmentation=augmentation)
    return _Student(network, labels)


def _checked(images: Any, y: Any) -> Labels:
    labels = np.asarray(y).ravel()
    if len(labels) != len(images) or not len(labels):
        raise DataError(f"There are {len(images)} images and {len(labels)} labels; give one label per image.")
    return labels
