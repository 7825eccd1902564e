"""Bring grey, coloured and transparent images to one number of channels, and tell of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataWarning
from ..messages import join_names

_SHOWN = 10  # classes that are named


def count_channels(image: NDArray[Any]) -> int:
    """Return the number of channels of an image of shape (h, w) or (h, w, c)."""
    return 1 if image.ndim == 2 else image.shape[2]


def match_channels(images: NDArray[Any], channels: int) -> NDArray[Any]:
    """Convert grey to RGB, and RGB to opaque RGBA, to match the number of channels.

    Parameters
    ----------
    images : ndarray of shape (..., h, w), (..., h, w, 3) or (..., h, w, 4)
        One image or several; the last axis is one of channels if it is as long as `channels` or 3.
    channels : int
        1, 3 or 4.
    """
    has_channels = images.shape[-1] in (3, 4)  # sides are longer
    if not has_channels and channels > 1:
        images = np.repeat(images[..., None], 3, axis=-1)
    if channels == 4 and images.shape[-1] == 3:
        images = np.concatenate([images, np.full_like(images[..., :1], np.iinfo(images.dtype).max)], axis=-1)
    return images


def tell_conversions(counts: Sequence[int], labels: Sequence[Any], where: str, stacklevel: int) -> None:
    """Warn of images with fewer channels than others, which are converted, and of classes that have only such.

    Parameters
    ----------
    counts : sequence of int
        Channels of each image as it was given.
    labels : sequence
        Class of each image.
    where : str
        What holds the images, for the message.
    stacklevel : int
        That of `warnings.warn` as the caller would say it.
    """
    most = max(counts, default=0)
    fewer = [label for label, n in zip(labels, counts, strict=True) if n < most]
    if not fewer:
        return
    others = {label for label, n in zip(labels, counts, strict=True) if n == most}
    alone = [str(label) for label in dict.fromkeys(fewer) if label not in others]
    told = f", among them all of class {join_names(alone, _SHOWN)}, which gives that class away" if alone else ""
    kinds = "grey or have no transparency" if most == 4 else "grey"
    warnings.warn(
        f"{len(fewer):,} of {len(counts):,} images in {where} are {kinds}, and are read as "
        f"{'RGBA' if most == 4 else 'RGB'} like the others{told}.",
        DataWarning,
        stacklevel=stacklevel + 1,
    )
