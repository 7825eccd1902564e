"""Choose a smaller design of ``ganaug report`` for images, so that it ends within minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from .folders import ImageFolder

MINUTES = 5.0
"""What a report on images may take by default, about, on two cores."""

FOLDS, NETWORK = 3, "cnn, affine"
FRACTIONS = (0, 0.25, 0.5)
ARMS = ("threshold", "class_weight", "duplicate", "random_over_sampling", "smote", "synthetic_only")

_CORES = 2
_SHARE = 0.7  # of the time; the rest is for what is not planned here
_GENERATOR_SHARE = 0.4  # of that, for the generators
_TRAININGS, _CANDIDATES = 7, 5  # of each network in a fold: for the arms, and to choose a share
_COST = {"cnn": 1, "cnn, affine": 1, "cnn, tuned": 4}  # trainings of which one consists
_LEAST_STEPS, _MOST_STEPS = 50, 800
_LEAST_SECONDS = 2.0


@dataclass(frozen=True)
class Budget:
    """A design that ends within minutes.

    Attributes
    ----------
    folds : int
        Number of folds.
    networks : tuple of str
        Networks to measure with.
    network_steps, batch_size : int
        Steps of each training of a network, and images in a step.
    generator_steps : int
        Most steps of each training of a generator.
    generator_seconds : float
        Most seconds of it.
    minutes : float
        Of the whole report, about.
    """

    folds: int
    networks: tuple[str, ...]
    network_steps: int
    batch_size: int
    generator_steps: int
    generator_seconds: float
    minutes: float

    def make_networks(self) -> dict[str, Any]:
        """Return the networks by name, untrained."""
        from ganaug import ImageClassifier

        sizes = {"steps": self.network_steps, "batch_size": self.batch_size}
        return {name: ImageClassifier.named(name, **sizes) for name in self.networks}

    def describe(self) -> str:
        """Return what is going to be done, in a sentence."""
        names = ", ".join(f"'{name}'" for name in self.networks)
        return (
            f"budget: about {self.minutes:g} minutes on two cores, less for few images: {self.folds} folds, "
            f"{names} with {self.network_steps:,} steps, generators of at most {self.generator_steps:,} steps and "
            f"{self.generator_seconds:.0f} s; --minutes changes it, and --full measures all networks and controls, "
            "without a limit"
        )


def plan_budget(images: ImageFolder, options: Mapping[str, Any]) -> Budget:
    """Return the design that suits the minutes of a report.

    The steps follow from number and size of the images alone; the seconds end a training on a slow machine.

    Parameters
    ----------
    images : ImageFolder
        All images.
    options : mapping
        Of the command; what the user named is kept.
    """
    n, height, width = images.X.shape[:3]
    minutes = options["minutes"] or MINUTES
    folds = options["folds"] or FOLDS
    networks = tuple(options["classifiers"] or (NETWORK,))
    tuned = not (options["balance"] or options["share"] is not None)

    # What each training may take, in seconds of one core
    seconds = 60 * minutes * _CORES * _SHARE / folds
    generator_seconds = max(_LEAST_SECONDS, _GENERATOR_SHARE * seconds / (1 + tuned))
    trainings = (_TRAININGS + _CANDIDATES * tuned) * sum(_COST[name] for name in networks)
    batch = int(np.clip(n * (folds - 1) / folds, 16, 64))
    step = (0.025 + 1e-5 * height * width) * batch / 64  # seconds, measured
    affordable = (1 - _GENERATOR_SHARE) * seconds / trainings / step

    # Fewer images need fewer steps
    enough = np.clip(15 * sqrt(n), 2 * _LEAST_STEPS, _MOST_STEPS)
    return Budget(
        folds,
        networks,
        int(np.clip(affordable, _LEAST_STEPS, enough)),
        batch,
        int(np.clip(50 * sqrt(n), 300, 6000)),
        generator_seconds,
        minutes,
    )
