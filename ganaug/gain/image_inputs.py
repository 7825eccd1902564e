"""Recognise images among the samples of a report, and load them from data sets and folders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from ..errors import DataError
from ..image.pixels import ImageFormat
from ..image.samples import accepts, take_apart


def are_images(X: Any, channel_axis: Any = "auto") -> bool:
    """Return whether samples have the shape of images; raise DataError for images that are not supported.

    Parameters
    ----------
    X : frame, array or tensor
        Samples.
    channel_axis : {"auto", None, 1, -1, 3}
        Where images have their channels.
    """
    if not isinstance(X, np.ndarray | Tensor) or X.ndim not in (3, 4):
        return False
    ImageFormat.infer(X, channel_axis)
    return True


def image_shape(X: Any, channel_axis: Any = "auto") -> tuple[int, ...] | None:
    """Return the shape of one image, None where samples are none."""
    try:
        return tuple(int(side) for side in X.shape[1:]) if are_images(X, channel_axis) else None
    except DataError:
        return None


def find_channel_axis(augmenter: Any) -> Any:
    """Return where an augmenter, or the one that it holds, was told that images have their channels."""
    inner = getattr(augmenter, "augmenter", None)
    return getattr(augmenter if inner is None else inner, "channel_axis", "auto")


def load_images(X: Any, y: Any) -> tuple[Any, Any]:
    """Return samples and labels as they are, but images of a data set, a folder or a list as one array.

    Parameters
    ----------
    X, y : user data
        `y` is None where `X` holds the labels as well.

    Raises
    ------
    DataError
        These images cannot be read, or differ in size or mode.
    """
    if isinstance(X, np.ndarray | Tensor | pd.DataFrame) or not accepts(X):
        return X, y
    return take_apart(X, y)
