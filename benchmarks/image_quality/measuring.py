"""Train one setting for some seconds, and measure its images in the features of a small network."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits
from torch import Tensor

from ganaug import GANAugmenter
from ganaug.metrics.images import image_metrics

from ..gain_images.data import ImageSet, load_images
from ..gain_images.learner import Classifier, Images, Policy, fit_classifier
from ..shared.clock import Stopwatch
from ..shared.machine import describe_machine
from .arms import ARMS, REAL

PROTOCOL = 1  # part of each case's key: raise it when a measure changes
TEST_SHARE = 0.4
SPLIT_SEED = 0
SEED = 0  # of the networks that measure
POLICY = Policy("affine")
MEASURES = ("fid", "class_fid", "coverage", "accuracy")


@dataclass(frozen=True)
class Case:
    """One training.

    Attributes
    ----------
    arm : str
        One of `ARMS`.
    seconds : float
        Budget of the training; 0 for real images.
    seed : int
        Of training and samples.
    name, data : str
        Image set, see `load_images`.
    steps : int
        Optimizer steps of the networks that measure.
    """

    arm: str
    seconds: float
    seed: int
    name: str
    data: str
    steps: int

    @property
    def title(self) -> str:
        """Name in messages."""
        return f"{self.arm}, {self.seconds:g} s, seed {self.seed}"

    def make_key(self, versions: dict[str, str]) -> dict[str, Any]:
        """Return all that the result depends on."""
        facts = {"benchmark": "image_quality", "protocol": PROTOCOL, "set": self.name}
        facts |= {"digest": load_images(self.name, self.data).digest, "arm": self.arm, "seconds": self.seconds}
        return facts | {"seed": self.seed, "steps": self.steps, "versions": versions}


@dataclass(frozen=True)
class Parts:
    """Images to learn from and images to measure on, with labels, and a network that was trained on the former."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    network: Classifier

    def get_features(self, x: Tensor) -> Tensor:
        """Return the features of uint8 images of shape (n, h, w, 3) or (n, h, w)."""
        return self.network.compute_features(Images.from_arrays(x.numpy(), np.zeros(len(x)), 0).x)


@functools.lru_cache(maxsize=1)
def split_images(name: str, data: str, steps: int) -> Parts:
    """Return the parts of an image set, stratified; the network is the same for all cases."""
    images: ImageSet = load_images(name, data)
    X, X_test, y, y_test = train_test_split(
        images.X, images.y, test_size=TEST_SHARE, stratify=images.y, random_state=SPLIT_SEED
    )
    return Parts(X, y, X_test, y_test, _fit_network(X, y, steps))


def _fit_network(X: np.ndarray, y: np.ndarray, steps: int) -> Classifier:
    return fit_classifier(Images.from_arrays(X, y, int(y.max()) + 1), POLICY, SEED, steps)


def measure_case(case: Case) -> dict[str, Any]:
    """Train, sample as many images as were learned from, and return figures of both."""
    with threadpool_limits(1), warnings.catch_warnings(record=True) as warned:
        parts = split_images(case.name, case.data, case.steps)
        warned.clear()
        made, labels, facts = _make_images(case, parts)
        texts = [str(warning.message) for warning in warned]
        return facts | {"warnings": texts, "machine": describe_machine()} | _measure(case, parts, made, labels)


def _make_images(case: Case, parts: Parts) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Return images and labels that stand for real ones, and what they cost."""
    if case.arm == REAL:
        return parts.X, parts.y, {}
    options = {"max_seconds": case.seconds, "device": "cpu", "random_state": case.seed, **ARMS[case.arm]}
    watch = Stopwatch()
    augmenter = GANAugmenter(**options).fit(parts.X, parts.y)
    (wall, cpu), others = watch.read(), watch.read_others()
    X, y = augmenter.sample(y=parts.y)
    steps = len(augmenter.history_["generator_loss"])
    facts = {"fit_seconds": wall, "fit_cpu_seconds": cpu, "others_cpu_seconds": others, "steps": steps}
    return X, y, facts | {"diversity": min(augmenter.diversity_.values(), default=1.0)}


def _measure(case: Case, parts: Parts, made: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return FID and coverage in the features of the network, and the accuracy of one trained on synthetic images."""
    found = image_metrics(
        parts.X_test, made, parts.get_features, y_real=parts.y_test, y_synthetic=labels, random_state=SEED
    )
    student = parts.network if case.arm == REAL else _fit_network(made, labels, case.steps)
    test = Images.from_arrays(parts.X_test, parts.y_test, 0)
    accuracy = float((student.predict_proba(test.x).argmax(1) == parts.y_test).mean())
    class_fid = float(np.mean([one["fid"] for one in found["classes"]]))
    return {"fid": found["fid"], "class_fid": class_fid, "coverage": found["coverage"], "accuracy": accuracy}
