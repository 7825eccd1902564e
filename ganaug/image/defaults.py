"""What a training on images takes where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..modality import Defaults

_FEW = 200  # images of a class, below which conditioning comes little by little
_SMALL = 2000
_SMALL_AREA = 40 * 40


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
        On a CPU a small pair of networks, narrower and with fewer steps above 40 pixels, where a step costs more; on a
        GPU a residual pair of twice the width.
    """
    n, small = sum(counts), schema["height"] * schema["width"] <= _SMALL_AREA
    on_gpu = device_type == "cuda"
    learned = [count for count in counts if count]
    return Defaults(
        width=64 if on_gpu else 32 if small else 16,
        max_steps=10_000 if on_gpu else 6000 if small else 4000,
        batch_size=int(np.clip(n, 16, 64)),
        learning_rate=2e-3,
        kind="residual" if on_gpu else "dcgan",
        augmentation=("affine", "cutout") if n < _SMALL else ("translation",),
        condition_ramp=(0.0, 0.25) if min(learned, default=0) < _FEW else None,
        scores=6,
        heavy=True,
        held_out=0.1,
    )
