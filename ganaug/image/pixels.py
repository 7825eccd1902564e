"""Infer the layout, dtype and value range of images, and convert them to tensors in [-1, 1] and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError, ParameterError
from ..records import JsonRecord
from .ranges import Range, check_range, dtype_kind, find_fault, learn_channel_ranges, learn_range

Array = NDArray[Any]

MIN_SIDE, MAX_SIDE = 8, 256  # pixels
MAX_CHANNELS = 64
_FAR = 32  # halves of the range: float32 keeps values apart that lie no further from zero
_CHANNEL_COUNTS = range(1, 5)  # lengths of a dimension that "auto" takes for the channels

_WHOLE = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
_FLOATS = ("float16", "float32", "float64")
_DTYPES = ("bool", *_WHOLE, *_FLOATS)


@dataclass(frozen=True)
class ImageFormat(JsonRecord):
    """Size, layout, dtype and value range that all images of a data set share.

    Attributes
    ----------
    height, width : int
        Pixels, from 8 to 256.
    channels : int
        From 1 to 64; 1 where there is no channel axis.
    channel_axis : int or None
        1 for (n, c, h, w), -1 for (n, h, w, c), None for (n, h, w).
    container : str
        "array" or "tensor".
    dtype : str
        Name of the dtype, such as "uint8".
    low, high : int or float
        Range of the values, which is mapped to [-1, 1]; whole numbers for images of whole numbers. See
        `ganaug.image.ranges`.
    is_binary : bool
        Whether every value is one of these two, as in black and white images; then generated ones are, too.
    channel_ranges : tuple of (low, high), or None
        Range of each channel, if they have ranges of their own; see `learn_channel_ranges`.
    """

    height: Annotated[int, Meta(ge=MIN_SIDE, le=MAX_SIDE)]
    width: Annotated[int, Meta(ge=MIN_SIDE, le=MAX_SIDE)]
    channels: Annotated[int, Meta(ge=1, le=MAX_CHANNELS)]
    channel_axis: int | None
    container: str
    dtype: str
    low: int | float
    high: int | float
    is_binary: bool = False
    channel_ranges: tuple[tuple[int | float, int | float], ...] | None = None

    def __post_init__(self) -> None:
        if self.channel_axis not in (None, 1, -1) or (self.channel_axis is None and self.channels > 1):
            raise ValueError(f"{self.channels} channels have no axis {self.channel_axis!r}")
        if self.container not in ("array", "tensor") or self.dtype not in _DTYPES:
            raise ValueError(f"images are a {self.container!r} of {self.dtype!r}")
        own = self.channel_ranges or ()
        for low, high in ((self.low, self.high), *own):
            fault = find_fault(np.dtype(self.dtype), low, high)
            if fault:
                raise ValueError(f"{self.dtype} runs from {low!r} to {high!r}, but {fault}")
        if own and (self.channel_axis is None or len(own) != self.channels):
            raise ValueError(f"there are {len(own)} ranges of {self.channels} channels")

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain JSON."""
        own = None if self.channel_ranges is None else [list(ends) for ends in self.channel_ranges]
        return super().to_json() | {"channel_ranges": own}

    @classmethod
    def infer(cls, X: Any, channel_axis: int | str | None = "auto", value_range: Range | None = None) -> ImageFormat:
        """Infer the format of images.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n, h, w), (n, h, w, c) or (n, c, h, w)
            Booleans, whole numbers or floats.
        channel_axis : {"auto", None, 1, -1, 3}
            Position of the channels; "auto" is the second or the last dimension if only one of them has length 1 to 4.
        value_range : (low, high), optional
            Range of the values; None learns it, see `learn_range`.

        Raises
        ------
        DataError
            Dtype, values, layout or size are not supported.
        ParameterError
            `channel_axis` has another value.
        """
        array = to_numpy(X)
        axis = find_channel_axis(array.shape, channel_axis)
        low, high = learn_range(array) if value_range is None else value_range
        height, width, channels = _image_size(array.shape, axis)
        own = None if axis is None or value_range is not None else learn_channel_ranges(array, axis, low, high)
        container = "tensor" if isinstance(X, Tensor) else "array"
        is_binary = all(np.isin(image, (low, high)).all() for image in array)
        return cls(height, width, channels, axis, container, array.dtype.name, low, high, is_binary, own)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image in the layout of the user."""
        if self.channel_axis is None:
            return (self.height, self.width)
        first = self.channel_axis == 1
        return (self.channels, self.height, self.width) if first else (self.height, self.width, self.channels)

    def _find_scale(self) -> tuple[Any, Any]:
        """Return the value that is mapped to 0, and half of the width of the range, which is mapped to 1.

        Both are tensors of shape (c, 1, 1) where channels have ranges of their own.
        """
        if self.channel_ranges is None:
            return (self.low + self.high) / 2, (self.high - self.low) / 2
        ends = torch.tensor(self.channel_ranges, dtype=torch.float64)[:, :, None, None]
        return (ends[:, 0] + ends[:, 1]) / 2, (ends[:, 1] - ends[:, 0]) / 2

    def validate(self, X: Any) -> Array:
        """Return `X` as an array, or raise DataError for another format; container and dtype width may differ.

        Values may lie somewhat outside of the learned range, see `check_range`; `encode` clips them.
        """
        array = self.check_layout(X)
        check_range(array, self.low, self.high)
        return array

    def check_layout(self, X: Any) -> Array:
        """Return `X` as an array, or raise DataError for another layout, size or kind of dtype."""
        array = to_numpy(X)
        if array.shape[1:] != self.shape or not self._can_be_of(array.dtype):
            raise DataError(
                f"The images are {array.dtype.name} of shape {array.shape[1:]} each, but {self.dtype} of shape "
                f"{self.shape} were learned; give the same kind of images, or fit again."
            )
        return array

    def _can_be_of(self, dtype: np.dtype[Any]) -> bool:
        """Return whether a dtype is of the learned kind and can hold the range; 8 of 16 bits would be nearly black."""
        return dtype_kind(dtype) == dtype_kind(np.dtype(self.dtype)) and (
            dtype.kind in "bf" or np.iinfo(dtype).min <= self.low < self.high <= np.iinfo(dtype).max
        )

    def encode(self, array: Array) -> Tensor:
        """Convert images of this format to a float32 tensor of shape (n, c, h, w) in [-1, 1]."""
        centre, half = self._find_scale()
        is_far_from_zero = max(abs(self.low), abs(self.high)) > _FAR * float(torch.as_tensor(half).min())
        x = torch.from_numpy(array.astype(np.float64 if is_far_from_zero else np.float32))
        if self.channel_axis is None:
            x = x.unsqueeze(1)
        elif self.channel_axis == -1:
            x = x.permute(0, 3, 1, 2)
        # Flattened first: the strides of a single channel may pass for either memory format, and torch's kernels for
        # the two round differently.
        plain = x.reshape(-1).view(x.shape)
        return plain.sub_(centre).div_(half).clamp_(-1, 1).float()

    def decode(self, x: Tensor) -> Any:
        """Convert a tensor of shape (n, c, h, w) to images of this format, clipped to its range."""
        values = x.detach().cpu().double().clamp(-1, 1)
        if self.is_binary:
            values = torch.where(values > 0, 1.0, -1.0).double()
        centre, half = self._find_scale()
        values.mul_(half).add_(centre)
        if dtype_kind(np.dtype(self.dtype)) != "float":
            values.round_()
        if self.channel_axis is None:
            values = values.squeeze(1)
        elif self.channel_axis == -1:
            values = values.permute(0, 2, 3, 1)
        array = np.ascontiguousarray(values.clamp_(self.low, self.high).numpy().astype(self.dtype))
        return torch.from_numpy(array) if self.container == "tensor" else array


def to_numpy(X: Any) -> Array:
    """Convert images to an array, which shares their memory if possible.

    Raises
    ------
    DataError
        `X` is not an array or tensor of 3 or 4 dimensions with a dtype of images.
    """
    if not isinstance(X, np.ndarray | Tensor):
        raise DataError(f"Images must be an array or a tensor, but X is a {type(X).__name__}; give numpy.stack(X).")
    name = X.dtype.name if isinstance(X, np.ndarray) else str(X.dtype).removeprefix("torch.")
    if name not in _DTYPES:
        raise DataError(f"The images are {name}, which ganaug does not take; give uint8, uint16, int16 or float32.")
    array: Array = X if isinstance(X, np.ndarray) else X.detach().cpu().numpy()
    if array.ndim not in (3, 4):
        raise DataError(
            f"Images must have the shape (n, h, w), (n, h, w, c) or (n, c, h, w), but X has {array.shape}; give a "
            "single image as X[None]."
        )
    return array


def find_channel_axis(shape: tuple[int, ...], wanted: int | str | None) -> int | None:
    """Return the channel axis of images of a shape: 1, -1 or None.

    Raises
    ------
    DataError
        The shape is ambiguous, or `wanted` does not match it.
    ParameterError
        `wanted` is not "auto", None, 1, -1 or 3.
    """
    if isinstance(wanted, bool) or wanted not in ("auto", None, 1, -1, 3):
        raise ParameterError(
            f"The 'channel_axis' parameter must be 'auto', 1, -1, 3 or None (no channels). Got {wanted!r} instead."
        )
    if len(shape) == 3:
        if wanted not in ("auto", None):
            raise DataError(f"channel_axis is {wanted}, but X has the shape {shape}, which leaves no room; say None.")
        return None
    if wanted is None:
        raise DataError(f"channel_axis is None, but X has the four dimensions {shape}; say 1 or -1.")
    if wanted != "auto":
        return 1 if wanted == 1 else -1
    is_second = shape[1] in _CHANNEL_COUNTS
    is_last = shape[3] in _CHANNEL_COUNTS
    if is_second == is_last:
        raise DataError(
            f"Which dimension of {shape} is the channels is not clear; say channel_axis=1 for (n, c, h, w), or "
            "channel_axis=-1 for (n, h, w, c)."
        )
    return 1 if is_second else -1


def _image_size(shape: tuple[int, ...], axis: int | None) -> tuple[int, int, int]:
    """Return height, width and number of channels."""
    height, width = shape[2:] if axis == 1 else shape[1:3]
    channels = 1 if axis is None else shape[axis]
    check_sides(height, width, "The images are")
    if not 1 <= channels <= MAX_CHANNELS:
        raise DataError(
            f"The images have {channels} channels, and ganaug takes 1 to {MAX_CHANNELS}; if that is not their number, "
            "say channel_axis=1 or channel_axis=-1."
        )
    return height, width, channels


def check_sides(height: int, width: int, what: str) -> None:
    """Raise DataError for a height or width outside 8 to 256 pixels; `what` begins the message."""
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise DataError(
            f"{what} {height} x {width} pixels (height x width), and ganaug takes {MIN_SIDE} to {MAX_SIDE} a side; "
            "resize them first (torchvision.transforms.Resize; ganaug train --size)."
        )
