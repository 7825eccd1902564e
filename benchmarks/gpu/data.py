"""Small made data to train on: a mixed table, digits, and images of 28 x 28 pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from ..shared.made_table import make_table

TABLE = (5000, 20)
IMAGES = (600, 28)  # so few images are augmented by "affine" and "cutout", as twenty of each class are
CLASSES = 10


def make_data(name: str) -> tuple[Any, Any]:
    """Return samples and labels: of "table", "digits" (8 x 8), or of "images" of blobs, one place for each class."""
    if name == "table":
        return make_table(*TABLE)
    if name == "digits":
        digits = load_digits()
        return (digits.images * 15).astype(np.uint8), digits.target
    rng = np.random.default_rng(0)
    n, side = IMAGES
    y = np.arange(n) % CLASSES
    centre = np.stack([4 + 4 * (y % 5), 8 + 12 * (y // 5)], 1) + rng.normal(0, 1, (n, 2))
    place = np.arange(side)
    distance = (place[:, None] - centre[:, 0, None, None]) ** 2 + (place - centre[:, 1, None, None]) ** 2
    return (255 * np.exp(-distance / 12)).astype(np.uint8), y
