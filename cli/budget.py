"""Choose a smaller design of ``ganaug report`` for images, so that it ends within minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from .folders import ImageFolder

MINUTES = 5.0
"""What a report on images may take by default, about, on two cores."""

FOLDS, NETWORK = 3, "cnn, affine"
FRACTIONS = (0, 0.25, 0.5)
ARMS = ("threshold", "class_weight", "duplicate", "random_over_sampling", "smote", "synthetic_only")

_CORES = 2
_SHARE = 0.7  # of the time; the rest is for what is not planned here
_GENERATOR_SHARE = 0.5  # of that, for the generators
_TRAININGS, _CANDIDATES = 7, 5  # of each network in a fold: for the arms, and to choose a share
_COST = {"cnn": 1, "cnn, affine": 1, "cnn, tuned": 4}  # trainings of which one consists
_LEAST_STEPS, _MOST_STEPS, _MOST_GENERATOR_STEPS = 50, 800, 6000
_SCORES = 3.0  # seconds of a training of a generator that are not for steps


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
    minutes : float
        What this takes on two cores, about.
    """

    folds: int
    networks: tuple[str, ...]
    network_steps: int
    batch_size: int
    generator_steps: int
    minutes: float

    def make_networks(self) -> dict[str, Any]:
        """Return the networks by name, untrained."""
        from ganaug import ImageClassifier

        sizes = {"steps": self.network_steps, "batch_size": self.batch_size}
        return {name: ImageClassifier.named(name, **sizes) for name in self.networks}

    def describe(self) -> str:
        """Return what is going to be done, in a sentence."""
        minutes = max(1, round(self.minutes))
        about = f"about {minutes} minute{'s' if minutes > 1 else ''}"
        names = ", ".join(f"'{name}'" for name in self.networks)
        return (
            f"budget: {about} on two cores, for {self.folds} folds, {names} with "
            f"{self.network_steps:,} steps and generators with {self.generator_steps:,} at most; --minutes changes "
            "it, and --full measures all networks and controls, as long as it takes"
        )


def plan_budget(images: ImageFolder, options: Mapping[str, Any]) -> Budget:
    """Return the design that suits the minutes of a report.

    It follows from number and size of the images, not from the speed of the machine, so that figures can be repeated.

    Parameters
    ----------
    images : ImageFolder
        All images.
    options : mapping
        Of the command; what the user named is kept.
    """
    n, height, width = images.X.shape[:3]
    folds = options["folds"] or FOLDS
    networks = tuple(options["classifiers"] or (NETWORK,))
    tuned = not (options["balance"] or options["share"] is not None)
    seconds = 60 * (options["minutes"] or MINUTES) * _CORES * _SHARE / folds  # of one core, for a fold

    # Steps of the generators: fewer for few images, or if they would take too long
    batch = int(min(max(n * (folds - 1) / folds, 16), 64))
    step = (0.015 + 5e-5 * height * width) * batch / 64  # seconds, measured
    affordable = (_GENERATOR_SHARE * seconds / (1 + tuned) - _SCORES) / step
    generator_steps = _limit(affordable, 50 * sqrt(n), _MOST_GENERATOR_STEPS)
    generators = (1 + tuned) * (_SCORES + generator_steps * step)

    # Steps of the networks, in the same way
    trainings = (_TRAININGS + _CANDIDATES * tuned) * sum(_COST[name] for name in networks)
    step = (0.025 + 1e-5 * height * width) * batch / 64
    affordable = (1 - _GENERATOR_SHARE) * seconds / trainings / step
    network_steps = _limit(affordable, 15 * sqrt(n), _MOST_STEPS)
    total = folds * (generators + trainings * network_steps * step)
    return Budget(folds, networks, network_steps, batch, generator_steps, total / (60 * _CORES * _SHARE))


def _limit(affordable: float, enough: float, most: int) -> int:
    """Return the steps that there is time for, as far as that many images need them."""
    return int(max(_LEAST_STEPS, min(affordable, max(enough, 2 * _LEAST_STEPS), most)))
