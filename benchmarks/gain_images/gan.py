"""Train the GAN of a case once, and keep it in a file beside the results."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganaug import GANAugmenter

from ..shared.protocol import digest_source, write_atomically
from .cases import ImageSplit


@dataclass(frozen=True)
class Gan:
    """A trained augmenter.

    Attributes
    ----------
    augmenter : GANAugmenter
    facts : dict
        "fit_seconds" of wall time, "steps", "diversity" of the least diverse class, and "source", a digest of code.
    """

    augmenter: GANAugmenter
    facts: dict[str, Any]

    def draw(self, y: np.ndarray, seed: int) -> np.ndarray:
        """Return one synthetic image for each label."""
        return np.asarray(self.augmenter.sample(y=y, random_state=seed)[0])


def load_or_train_gan(split: ImageSplit, name: str, seed: int, folder: Path, options: Mapping[str, Any]) -> Gan:
    """Return the GAN of the training images of `split`, from its file or newly trained.

    Parameters
    ----------
    split : ImageSplit
        Only ``X`` and ``y`` are used.
    name : str
        Start of the file name; a digest of images, seed and options follows.
    seed : int
        Determines the GAN, unless `options` give a budget of seconds.
    folder : Path
        Folder of trained GANs.
    options : mapping
        Of `GANAugmenter`.
    """
    path = folder / f"{name}-{_digest_training(split, seed, options)}.safetensors"
    facts = path.with_suffix(".json")
    if path.exists() and facts.exists():
        return Gan(GANAugmenter.load(path), json.loads(facts.read_text(encoding="utf-8")))
    start = time.perf_counter()
    augmenter = GANAugmenter(**{"device": "cpu", "random_state": seed, **options}).fit(split.X, split.y)
    found = {
        "fit_seconds": round(time.perf_counter() - start, 1),
        "steps": len(augmenter.history_["discriminator_loss"]),
        "diversity": round(min(augmenter.diversity_.values(), default=1.0), 3),
        "source": digest_source(),
    }
    augmenter.save(path)
    write_atomically(facts, json.dumps(found) + "\n")  # last: a model without it is trained again
    return Gan(augmenter, found)


def _digest_training(split: ImageSplit, seed: int, options: Mapping[str, Any]) -> str:
    sha = hashlib.sha256(json.dumps([seed, dict(options)], sort_keys=True).encode())
    sha.update(np.ascontiguousarray(split.X).tobytes())
    sha.update(split.y.tobytes())
    return sha.hexdigest()[:12]
