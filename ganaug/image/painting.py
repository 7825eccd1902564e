"""Turn images into pictures that image files can hold: scaled from black to white, or as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, GanaugError, ParameterError
from .depth import WRITTEN
from .encoder import pictures
from .pixels import ImageFormat, to_numpy
from .ranges import Range, dtype_kind, find_extremes, name_range

Array = NDArray[Any]

_BYTE, _DEEP = (0, 255), (0, 65535)
_AS_THEY_ARE = {_BYTE: "uint8", _DEEP: "uint16"}  # ranges of files, in which whole numbers need no scaling


@dataclass(frozen=True)
class Painter:
    """How the images of a data set become pictures.

    Attributes
    ----------
    form : ImageFormat
        Format of the images, with the values of black and white.
    kept : str or None
        Dtype of the files where values stay as they are; None where they are scaled to 8 bits.
    """

    form: ImageFormat
    kept: str | None

    @classmethod
    def choose(cls, images: Any, value_range: Any, channel_axis: int | str | None, beside: str | None) -> Painter:
        """Choose how images are painted, from the first of them and the arguments of `label_pictures`."""
        array = to_numpy(images)
        if value_range is None and array.dtype.name == beside:
            value_range = "keep"
        scale, kept = _choose_scale(array, value_range)
        try:
            return cls(ImageFormat.infer(images, channel_axis, scale), kept)
        except GanaugError:
            raise
        except ValueError as error:
            raise ParameterError(
                "The 'value_range' parameter must be None, 'keep', or the values of black and white, two numbers in "
                f"order that images of {array.dtype.name} can hold. Got {value_range!r} instead."
            ) from error

    def paint(self, images: Any) -> Array:
        """Return pictures of shape (n, h, w), (n, h, w, 3) or (n, h, w, 4)."""
        if self.kept is None:
            return pictures(self.form.encode(self.form.check_layout(images)))
        array = _put_channels_last(self.form.check_layout(images), self.form)
        if array.ndim == 4 and self.kept not in _AS_THEY_ARE.values():
            raise DataError(
                f"No file of ganaug holds colours of {self.form.dtype} as they are; give the values of black and white "
                "(value_range=(low, high)), for 8 bits, or single channels."
            )
        limits = np.iinfo(self.kept) if self.kept != "float32" else np.finfo(np.float32)
        if array.size and (array.min() < limits.min or array.max() > limits.max):
            raise DataError(
                f"The values run from {array.min():.6g} to {array.max():.6g}, and files of {self.kept} hold "
                f"{limits.min:.10g} to {limits.max:.10g}; scale them, or give the values of black and white "
                "(value_range=(low, high))."
            )
        return array.astype(self.kept)


def choose_file_range(schema: Mapping[str, Any]) -> tuple[float, float] | str:
    """Return the `value_range` with which `write_image_folder` writes images of a model.

    Values stay as they were in the files that were learned, where files can hold them; those of arrays of another dtype
    become 8 bits from black to white.

    Parameters
    ----------
    schema : mapping
        JSON description of the images; see `ImageFormat`.
    """
    of_files = schema["dtype"] in WRITTEN.values() or schema["dtype"] == "int32"
    is_grey = schema["channels"] not in (3, 4)
    as_it_is = of_files and (is_grey or schema["dtype"] in _AS_THEY_ARE.values())
    return "keep" if as_it_is else (schema["low"], schema["high"])


def _choose_scale(array: Array, value_range: Any) -> tuple[Range, str | None]:
    """Return the values of black and white, and the dtype of files in which values stay as they are, if they do."""
    whole = dtype_kind(array.dtype) == "whole"
    own = WRITTEN.get(array.dtype.name, "int32")
    if value_range is None:
        lows, highs = find_extremes(array)
        named = name_range(array.dtype, lows.min(), highs.max())
        if named is None:
            value_range = "keep"
        elif named[1] == 1:
            return named, None
        else:
            return (0, 1), own if own == "uint16" else "uint8"
    if value_range == "keep":
        return (0, 1), own if array.dtype != bool else None
    scale = _read_pair(value_range)
    kept = _AS_THEY_ARE.get(scale) if whole else None  # type: ignore[arg-type]
    return ((0, 1), kept) if kept and _fits(array.dtype, scale) else (scale, None)


def _read_pair(value_range: Any) -> Range:
    """Return the pair of numbers that was given; one that no dtype can have for anything else."""
    pair = tuple(value_range) if isinstance(value_range, tuple | list) else ()
    plain = tuple(value.item() if isinstance(value, np.number) else value for value in pair)
    is_pair = len(plain) == 2 and all(type(value) in (int, float) for value in plain)
    return plain if is_pair else (0, 0)  # type: ignore[return-value]


def _fits(dtype: np.dtype[Any], scale: Range) -> bool:
    return bool(scale[1] <= np.iinfo(dtype).max)


def _put_channels_last(array: Array, form: ImageFormat) -> Array:
    """Return images as (n, h, w), or (n, h, w, c) with 3 or 4 channels; of other numbers, the first channel."""
    if form.channel_axis is None:
        return array
    last = np.moveaxis(array, form.channel_axis, -1)
    return last if form.channels in (3, 4) else last[..., 0]
