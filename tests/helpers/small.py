"""Small things to train: an augmenter that is quick, and a GAN on points of the plane."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from ganaug import GANAugmenter
from ganaug.layers import initialise
from ganaug.losses import LOSSES, Loss
from ganaug.modality import Generator
from ganaug.training import Plan, RealSamples, TrainingState, train_gan

JUDGED = {"density_ratio": 1.0, "label_agreement": 1.0}


def quick_augmenter(**options):
    """A GANAugmenter that trains in a moment, and badly."""
    settings = {"max_steps": 4, "batch_size": 16, "width": 8, "filters": None, "random_state": 0, "device": "cpu"}
    return GANAugmenter(**{**settings, **options})


def numbers(n=80, seed=0):
    """(X, y): two columns of numbers, and two classes that differ in both."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return rng.normal(0, 1, (n, 2)) + 3 * y[:, None], y


def digest(*parts):
    """SHA-256 of frames, series and arrays, dtypes included."""
    sha = hashlib.sha256()
    for part in parts:
        table = part if isinstance(part, pd.DataFrame) else pd.DataFrame(np.atleast_1d(part))
        sha.update(repr([(name, str(dtype)) for name, dtype in table.dtypes.items()]).encode())
        sha.update(table.to_json(double_precision=15, date_format="iso").encode())
    return sha.hexdigest()


def same_rows(first, second):
    """Whether two (X, y) pairs hold the same values in the same containers."""
    for a, b in zip(first, second, strict=True):
        if type(a) is not type(b) or len(a) != len(b):
            return False
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b, check_exact=True)
        elif isinstance(a, pd.Series):
            pd.testing.assert_series_equal(a, b, check_exact=True)
        elif not np.array_equal(np.asarray(a), np.asarray(b)):
            return False
    return True


class PointGenerator(Generator):
    """Latent pairs and one of two classes to points."""

    noise_dim = 1

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2)

    def forward(self, z, c, noise):
        h = self.first(torch.cat([z, functional.one_hot(c, 2).to(z.dtype)], dim=1))
        return self.last(functional.relu(self.norm(h)))


class PointDiscriminator(nn.Module):
    """Points and classes to logits."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x, c):
        h = self.first(torch.cat([x, functional.one_hot(c, 2).to(x.dtype)], dim=1))
        return self.last(functional.leaky_relu(h, 0.2)).squeeze(1)


def points(n=60, seed=0):
    """Real points: class 1 lies to the right of class 0."""
    rng = torch.Generator().manual_seed(seed)
    c = torch.arange(n) % 2
    return torch.randn(n, 2, generator=rng) + 3.0 * c.unsqueeze(1), c


def real_points():
    return RealSamples(*points(), torch.tensor([0.5, 0.5]))


def point_plan(**options):
    settings = {
        "loss": LOSSES["relativistic"],
        "max_steps": 20,
        "batch_size": 8,
        "learning_rate": 1e-2,
        "score_every": 5,
        "latent_dim": 2,
    }
    return Plan(**{**settings, **options})


def point_state(plan, seed=0):
    """The state before the first step; `seed` decides weights and draws."""
    rng = torch.Generator().manual_seed(seed)
    return TrainingState.start(initialise(PointGenerator(), rng), initialise(PointDiscriminator(), rng), plan, rng)


def closeness(generator):
    """A held-out score: how near the mean of 64 generated points of class 1 is to theirs."""
    rng = torch.Generator().manual_seed(99)
    z, c, noise = torch.randn(64, 2, generator=rng), torch.ones(64, dtype=torch.int64), torch.zeros(64, 1)
    with torch.no_grad():
        made = generator.sample(z, c, noise)
    return -float((made.mean(0) - 3.0).abs().sum())


def loss_with(discriminator=None, **options):
    """The relativistic game with another discriminator objective, or other options."""
    known = LOSSES["relativistic"]
    settings = {"penalty": known.penalty, "penalty_interval": known.penalty_interval}
    return Loss(discriminator or known.discriminator, known.generator, **{**settings, **options})


def trained(plan, score=closeness, seed=0):
    """The state after a whole training, and what was reported."""
    state = point_state(plan, seed)
    reports = list(train_gan(state, plan, real_points(), score))
    return state, reports


def weights(network):
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def equal(first, second):
    """Whether all tensors agree bit for bit, NaN with NaN."""
    same = (first[name].numpy().tobytes() == second[name].numpy().tobytes() for name in first)
    return first.keys() == second.keys() and all(same)


def all_finite(tensors):
    return all(tensor.isfinite().all() for tensor in tensors.values())


@dataclass
class Clock:
    """A clock that goes on by `tick` seconds whenever it is looked at."""

    tick: float
    now: float = 1000.0

    def monotonic(self):
        self.now += self.tick
        return self.now
