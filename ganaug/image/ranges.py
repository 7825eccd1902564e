"""Learn the range of the values of images, and check that other images are of the same scale.

A range is the pair of values that networks see as -1 and 1. Images that fill two thirds of a conventional range have
that one: [0, 255], or [0, 65535] as uint16; [0, 1] for floats and for black and white; [-1, 1] for floats of both
signs. All others have the range of their own values, because of images that fill a sliver beside -1 networks learn
nothing: 12 bits in uint16, Hounsfield units, digits from 0 to 16, floats up to 0.06. So has each channel, where one of
them fills a small part of the range of all.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DataWarning

Array = NDArray[Any]
Ends: TypeAlias = NDArray[np.float64]
Range: TypeAlias = tuple[int, int] | tuple[float, float]

_FILLED = 2 / 3  # of a conventional range: images that fill less have a range of their own
_ROUNDING = 1e-4  # resizing may move floats this far outside [0, 1] or [-1, 1]
_LARGEST_WHOLE, _LARGEST_FLOAT, _LEAST_SPAN = 2**53, 1e30, 1e-30  # what arithmetic in float64 keeps apart

_LEAST_IMAGES = 20  # of fewer, none is an outlier
_RARE = 0.01  # share of the images that may hold outliers
_HOT_SHARE, _HOT_VALUES = 1e-3, 3  # of the values of such an image; a pixel has three in colour

_NARROW = 1 / 5  # of the range of all channels: of one that fills less, little would be learned

_BEYOND = 1 / 3  # of the range: images that reach further out are of another scale...
_STRANGE = 0.1  # ... if they are more than this share of all


def dtype_kind(dtype: np.dtype[Any]) -> str:
    """Return the kind of a dtype: "bool", "whole" or "float"."""
    return {"b": "bool", "f": "float"}.get(dtype.kind, "whole")


def find_extremes(array: Array) -> tuple[Ends, Ends]:
    """Return the lowest and the highest value of each image, as float64.

    Parameters
    ----------
    array : ndarray of shape (n, ...)
        Images.

    Raises
    ------
    DataError
        There are no images, or their values are not finite.
    """
    if not array.size:
        raise DataError(f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required.")
    inner = tuple(range(1, array.ndim))
    lows, highs = (ends.astype(np.float64) for ends in (array.min(axis=inner), array.max(axis=inner)))
    broken = np.flatnonzero(~(np.isfinite(lows) & np.isfinite(highs)))
    if len(broken):
        raise DataError(
            f"Image {broken[0]} holds NaN or infinity (Input X contains NaN or infinity); drop it, or fill its pixels. "
            "Images count from 0."
        )
    return lows, highs


def name_range(dtype: np.dtype[Any], low: float, high: float) -> tuple[int, int] | None:
    """Return the conventional range that holds the values from `low` to `high`, None if there is none.

    Whole numbers with the maximum 1 are black and white.
    """
    if dtype_kind(dtype) == "float":
        if low < -1 - _ROUNDING or high > 1 + _ROUNDING:
            return None
        return (-1 if low < -_ROUNDING else 0), 1
    if dtype.kind == "b" or (high == 1 and low >= 0):
        return 0, 1
    ceiling = 65535 if dtype == np.uint16 and high > 255 else min(255, int(np.iinfo(dtype).max))
    return None if low < 0 or high > ceiling else (0, ceiling)


def learn_range(array: Array) -> Range:
    """Return the range of images: a conventional one if they fill two thirds of it, else that of their values.

    A few values far outside of all others, such as those of hot or dead pixels, do not count: the rest would fill a
    small part of the range. They are clipped, and a DataWarning says so. They lie further out than the range of the
    others is wide, in at most one image in a hundred, and are at most three values or 0.1 % of such an image. If so few
    images do so in more values, their range counts, and a DataWarning says that the others will fill little of it.

    Parameters
    ----------
    array : ndarray of shape (n, ...)
        Images.

    Raises
    ------
    DataError
        There are no images, or their values are not finite, all equal outside of the conventional ranges, or too large
        (2**53 for whole numbers, 1e30 for floats).

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.image.ranges import learn_range
    >>> learn_range(np.array([[0, 240]], np.uint8)), learn_range(np.array([[0, 16]], np.uint8))
    ((0, 255), (0, 16))
    >>> learn_range(np.array([[-1024, 3071]], np.int16)), learn_range(np.array([[0.25, 0.999]]))
    ((-1024, 3071), (0, 1))
    """
    number = float if dtype_kind(array.dtype) == "float" else int
    low, high = map(number, _find_ends(array))
    named = name_range(array.dtype, low, high)
    if named and (high - low >= _FILLED * (named[1] - named[0]) or high - low < _LEAST_SPAN):
        return named
    if high - low < _LEAST_SPAN:
        raise DataError(f"The images hold no other value than {low:g}, so there is nothing to learn; check the files.")
    fault = find_fault(array.dtype, low, high)
    if fault:
        raise DataError(f"The {array.dtype.name} values run from {low} to {high}, but {fault}; scale them.")
    return low, high


def learn_channel_ranges(array: Array, axis: int, low: float, high: float) -> tuple[Range, ...] | None:
    """Return the range of each channel if one of them fills less than a fifth of the range of all, else None.

    Bands of satellites differ so, and colours from 0 to 16 beside an opacity of 255.

    Parameters
    ----------
    array : ndarray of four dimensions
        Images.
    axis : {1, -1}
        Their channels; one of a single value has nothing to learn, and gets the range of all.
    low, high : int or float
        The range of all, see `learn_range`.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.image.ranges import learn_channel_ranges
    >>> bands = np.array([[[[0, 9000]], [[40, 90]]]], np.uint16)
    >>> learn_channel_ranges(bands, 1, 0, 9000)
    ((0, 9000), (40, 90))
    """
    channels = np.moveaxis(array, axis, 0)
    spans = np.array([float(channel.max()) - float(channel.min()) for channel in channels])
    if not ((spans > 0) & (spans < _NARROW * (high - low))).any():
        return None
    return tuple(learn_range(channels[i]) if spans[i] >= _LEAST_SPAN else (low, high) for i in range(len(spans)))


def find_fault(dtype: np.dtype[Any], low: float, high: float) -> str | None:
    """Return why a range cannot be that of images of a dtype, None if it can."""
    kind = dtype_kind(dtype)
    if kind == "bool":
        return None if (low, high) == (0, 1) else "the range of truth values is 0 to 1"
    if kind == "whole":
        if type(low) is not int or type(high) is not int or low >= high:
            return "the range has to be two whole numbers in order"
        limits = np.iinfo(dtype)
        least: float = max(int(limits.min), -_LARGEST_WHOLE)
        most: float = min(int(limits.max), _LARGEST_WHOLE)
    else:
        if not (math.isfinite(low) and math.isfinite(high) and high - low >= _LEAST_SPAN):
            return "the range has to be two finite numbers in order"
        most = min(float(np.finfo(dtype).max), _LARGEST_FLOAT)
        least = -most
    return (
        None if least <= low <= most and least <= high <= most else f"images of {dtype.name} may hold {least} to {most}"
    )


def check_range(array: Array, low: float, high: float) -> None:
    """Raise DataError for images that are clearly of another scale than that of a range.

    Other images of the same kind may leave a learned range a little, or a few of them may do so far; such values will
    be clipped. What is refused are sets in which more than a tenth of the images reach further out than by a third of
    the range, hot pixels not counted.

    Parameters
    ----------
    array : ndarray of shape (n, ...)
        Images, possibly none.
    low, high : int or float
        The range.
    """
    if not len(array):
        return
    lows, highs = find_extremes(array)
    margin = np.float64(_BEYOND * (high - low))  # no Python number: the images may have too few bits for it
    least, most = low - margin, high + margin
    outside = np.flatnonzero((lows < least) | (highs > most))
    most_strange = _STRANGE * len(array)
    if len(outside) > most_strange and _have_many_outside(array[outside], least, most).sum() > most_strange:
        raise DataError(
            f"The values run from {lows.min():.6g} to {highs.max():.6g}, but images from {low:.6g} to {high:.6g} were "
            "learned; bring them into that range, or fit again."
        )


def _find_ends(array: Array) -> tuple[Any, Any]:
    """Return the lowest and the highest value, without a few that lie far outside."""
    lows, highs = find_extremes(array)
    n = len(lows)
    # The range of nearly all images, widened by its own width
    few = max(1, int(_RARE * n))
    if n < _LEAST_IMAGES:
        return lows.min(), highs.max()
    low, high = np.partition(lows, few)[few], np.partition(highs, n - 1 - few)[n - 1 - few]
    least, most = 2 * low - high, 2 * high - low
    # Images that leave it
    outside = np.flatnonzero((lows < least) | (highs > most))
    if high <= low or not len(outside):
        return lows.min(), highs.max()
    # If one does so in many values, its range counts
    odd = array[outside]
    if _have_many_outside(odd, least, most).any():
        usual = np.delete(lows, outside).min(), np.delete(highs, outside).max()
        warnings.warn(
            f"{len(outside)} of {n} images reach far outside of the range of all others, {usual[0]:.6g} to "
            f"{usual[1]:.6g} (image {outside[0]}, counted from 0: {lows[outside[0]]:.6g} to {highs[outside[0]]:.6g}), "
            "of which little will be learned beside them; drop those images, or clip all to that range (numpy.clip).",
            DataWarning,
            stacklevel=2,
        )
        return lows.min(), highs.max()
    # Else the range of all other values
    is_odd = (odd < least) | (odd > most)
    others = odd[~is_odd]
    ends = min(np.delete(lows, outside).min(), others.min()), max(np.delete(highs, outside).max(), others.max())
    warnings.warn(
        f"{is_odd.sum()} of the values lie far outside of all others, which run from {ends[0]:.6g} to {ends[1]:.6g} "
        f"(image {outside[0]}: {odd[0][is_odd[0]][0]:.6g}, counted from 0), like hot pixels; they are clipped. If they "
        "matter, scale the images first, such as by numpy.log1p.",
        DataWarning,
        stacklevel=2,
    )
    return ends


def _have_many_outside(images: Array, low: np.float64, high: np.float64) -> NDArray[np.bool_]:
    """Return which images have more values outside of a range than a hot pixel has."""
    values = images.reshape(len(images), -1)
    counts = ((values < low) | (values > high)).sum(1)
    return np.asarray(counts > max(_HOT_VALUES, _HOT_SHARE * values.shape[1]))
