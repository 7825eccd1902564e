"""What a training on images takes where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..modality import Defaults

_FEW = 200  # images of a class, below which conditioning comes little by little
_SMALL = 2000


def image_defaults(schema: Mapping[str, Any], counts: Sequence[int], device_type: str) -> Defaults:
    """Return sizes, steps and augmentation by rule.

    Parameters
    ----------
    schema : mapping
        What the encoder learned.
    counts : sequence of int
        Images of each class.
    device_type : str
        "cpu", "cuda" or "mps".

    Returns
    -------
    Defaults
        On a CPU a small pair of networks and 3000 to 6000 steps, narrower above 32 pixels, where a step costs more; on
        a GPU a residual pair of twice the width.
    """
    n, area = sum(counts), schema["height"] * schema["width"]
    on_gpu = device_type == "cuda"
    learned = [count for count in counts if count]
    return Defaults(
        width=64 if on_gpu else 32 if area <= 40 * 40 else 16,
        max_steps=int(np.clip(round(60 * n**0.5, -2), 3000, 10_000 if on_gpu else 6000)),
        batch_size=int(np.clip(n, 16, 64)),
        learning_rate=2e-3,
        kind="residual" if on_gpu else "dcgan",
        augmentation=("affine", "cutout") if n < _SMALL else ("translation",),
        condition_ramp=(0.0, 0.25) if min(learned, default=0) < _FEW else None,
        scores=6,
        heavy=True,
        held_out=0.1,
    )
