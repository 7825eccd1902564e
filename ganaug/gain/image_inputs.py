"""Recognise images among the samples of a report, and load them from data sets and folders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from ..data.layouts import Field
from ..errors import DataError
from ..image.pixels import ImageFormat
from ..image.samples import accepts, take_apart


def are_images(X: Any, channel_axis: Any = "auto") -> bool:
    """Return whether samples are images; raise DataError for image-shaped arrays that are not supported.

    Parameters
    ----------
    X : frame, array or tensor
        Samples.
    channel_axis : {"auto", None, 1, -1, 3}
        Channel axis of images.
    """
    if not isinstance(X, np.ndarray | Tensor) or X.ndim not in (3, 4):
        return False
    ImageFormat.infer(X, channel_axis)
    return True


def image_shape(X: Any, channel_axis: Any = "auto") -> tuple[int, ...] | None:
    """Return the shape of one image, None if samples are not images."""
    try:
        return tuple(int(side) for side in X.shape[1:]) if are_images(X, channel_axis) else None
    except DataError:
        return None


def find_channel_axis(augmenter: Any) -> Any:
    """Return the parameter ``channel_axis`` of an augmenter, or of the augmenter inside it."""
    inner = getattr(augmenter, "augmenter", None)
    return getattr(augmenter if inner is None else inner, "channel_axis", "auto")


def load_images(X: Any, y: Any, image: Field = None, label: Field = None) -> tuple[Any, Any]:
    """Load images of a data set, a folder or a list into one array; return other samples unchanged.

    Parameters
    ----------
    X, y : user data
        Samples and labels; `y` is None if `X` contains the labels.
    image, label : position, key or function of an item, default=None
        Fields of the items of a data set, if the user names them.

    Raises
    ------
    DataError
        Images cannot be read, or differ in size or mode.
    """
    named = image is not None or label is not None
    is_plain = isinstance(X, Tensor | pd.DataFrame) or (isinstance(X, np.ndarray) and X.dtype != object)
    if not named and (is_plain or not accepts(X)):
        return X, y
    return take_apart(X, y, image, label)
