"""Choose default network sizes, steps and augmentation for images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..modality import Defaults

_FEW = 200  # images of a class; below, conditioning is phased in gradually
_SMALL = 2000
_STEP_SECONDS = 0.06  # of residual networks: ten minutes for the whole training
_SMALL_AREA = 40 * 40


def image_defaults(schema: Mapping[str, Any], counts: Sequence[int], device_type: str) -> Defaults:
    """Return network sizes, steps and augmentation for a set of images.

    Parameters
    ----------
    schema : mapping
        Schema of the encoder.
    counts : sequence of int
        Number of images of each class.
    device_type : str
        "cpu", "cuda" or "mps".

    Returns
    -------
    Defaults
        On a CPU, small networks; above 40 pixels, where a step costs more, they are narrower and have fewer steps. On a
        GPU, networks of twice the width, which are residual unless a step of those takes longer than 60 milliseconds
        there. On no CPU do they take less than that, so nothing is measured on one, and its results are repeatable.
    """
    n = sum(counts)
    is_small = schema["height"] * schema["width"] <= _SMALL_AREA
    on_gpu = device_type == "cuda"
    if on_gpu:
        width, max_steps = 64, 10_000
    elif is_small:
        width, max_steps = 32, 6000
    else:
        width, max_steps = 16, 4000
    smallest = min((count for count in counts if count), default=0)
    usual = Defaults(
        width=width,
        max_steps=max_steps,
        batch_size=int(np.clip(n, 16, 64)),
        learning_rate=2e-3,
        kind="dcgan",
        augmentation=("affine", "cutout") if n < _SMALL else ("translation",),
        condition_ramp=(0.0, 0.25) if smallest < _FEW else None,
        scores=6,
        heavy=True,
        held_out=0.1,
        penalty_weight=0.5,
        reserve=(0.1, 0.2),
    )
    return replace(usual, kind="residual", step_seconds=_STEP_SECONDS, cheaper=usual) if on_gpu else usual
