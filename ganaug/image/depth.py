"""Read and write image files of more than 8 bits, of signed values and of floats, without losing any of that.

Pillow reads 16 bits per channel as 8, and 8 signed bits as unsigned, without a word; it writes signed values with 32
bits, and no colours of 16.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files.atomic import replacing
from .origin import KEYWORD, MARK, make_mark

if TYPE_CHECKING:  # Pillow is imported only where images are
    from PIL.Image import Image

Array = NDArray[Any]

_BITS, _SOFTWARE, _SAMPLE_FORMAT = 258, 305, 339  # tags of TIFF
_KINDS = {1: "uint", 2: "int", 3: "float"}  # of its sample format
_COLOUR_TYPES = {3: 2, 4: 6}  # of PNG, by the number of channels

WRITTEN = {
    "bool": "uint8",
    "uint8": "uint8",
    "uint16": "uint16",
    "int8": "int16",
    "int16": "int16",
    "float16": "float32",
    "float32": "float32",
    "float64": "float32",
}
"""The dtype with which a file keeps the values of images of a dtype; int32 for those that are not here."""


def find_stored_dtype(image: Image) -> str | None:
    """Return the dtype of the values in the file that an image was opened from; None where that is not known."""
    opened: Any = image  # which has more attributes than others
    if image.format == "TIFF":
        tags = opened.tag_v2
        bits = max(np.atleast_1d(tags.get(_BITS, 1)).tolist())
        kind = _KINDS.get(int(np.atleast_1d(tags.get(_SAMPLE_FORMAT, 1))[0]), "uint")
        return f"{kind}{next((depth for depth in (8, 16, 32) if bits <= depth), 64)}"
    if image.format in ("PNG", "PPM") and opened.tile:
        arguments = opened.tile[0][3]
        raw, most = (arguments, 0) if isinstance(arguments, str) else (str(arguments), _find_maximum(arguments))
        return "uint16" if ";16" in raw or most > 255 else "uint8"
    return None


def _find_maximum(arguments: Any) -> int:
    """Return the largest value that a PPM file may hold, from the arguments of its decoder."""
    values = arguments if isinstance(arguments, tuple | list) else [arguments]
    return max((value for value in values if isinstance(value, int)), default=0)


def check_depth(image: Image, stored: str | None) -> None:
    """Raise DataError for an image of which Pillow reads fewer bits than its file has."""
    if stored in ("uint16", "uint32") and not image.mode.startswith(("I", "F")):
        raise DataError(
            f"It has {stored.removeprefix('uint')} bits in each of several channels, of which 8 would be read; save it "
            "as RGB or RGBA in PNG or TIFF and give its folder, or give an array."
        )


def has_deep_colours(image: Image, stored: str | None) -> bool:
    """Return whether a file has 16 bits in each of three or four channels, in a form of which all can be read."""
    opened: Any = image
    is_grey = any("LA;16" in str(tile[3]) for tile in opened.tile)  # which becomes RGBA
    return stored == "uint16" and image.mode in ("RGB", "RGBA") and image.format in ("PNG", "TIFF") and not is_grey


def choose_low_bytes(image: Image) -> None:
    """Let an opened image with deep colours read the lower eight bits, where it would read the upper ones.

    Pillow takes one of the two bytes of each value, that which is the upper one for the byte order that it is told.
    """
    other = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

    def swap(part: Any) -> Any:
        if isinstance(part, str):
            return part[:-1] + other[part[-1]] if ";16" in part else part
        if isinstance(part, tuple):
            parts = map(swap, part)
            return part._make(parts) if hasattr(part, "_make") else tuple(parts)
        return part

    image.tile = [swap(tile) for tile in image.tile]  # type: ignore[attr-defined]


def join_bytes(upper: Image, lower: Image) -> NDArray[np.uint16]:
    """Return the values of 16 bits whose halves are two images, shape (h, w, 3) or (h, w, 4)."""
    return np.asarray(upper).astype(np.uint16) << 8 | np.asarray(lower)


def interpret(values: Array, stored: str | None, what: str) -> Array:
    """Return whole numbers as Pillow gives them, in the dtype in which their file holds them.

    Parameters
    ----------
    values : ndarray of int8, uint16 or int32, shape (h, w)
        What Pillow made of them.
    stored : str or None
        See `find_stored_dtype`; None gives uint16 or int32, as `values` are.
    what : str
        Name of the image in error messages.

    Returns
    -------
    ndarray of uint16, int16 or int32, shape (h, w)
    """
    if stored == "uint32" and values.min() < 0:
        raise DataError(f"{what} holds whole numbers above {2**31 - 1}; scale them.")
    if stored in ("uint16", "int16"):
        return values.astype(stored)
    return values.astype(np.uint16 if values.dtype.itemsize == 2 else np.int32)


def resize_values(values: Array, size: tuple[int, int]) -> Array:
    """Resize one image of any dtype to (height, width), antialiased, within the range of its values."""
    from PIL.Image import Resampling, fromarray

    if values.ndim == 3:
        return np.stack([resize_values(channel, size) for channel in np.moveaxis(values, 2, 0)], axis=2)
    image = fromarray(values.astype(np.float32))  # Pillow has no antialiased resize of 16 bits
    resized = np.asarray(image.resize(size[::-1], Resampling.BICUBIC), dtype=np.float64)
    if values.dtype.kind != "f":
        resized = np.rint(resized)
    return resized.clip(values.min(), values.max()).astype(values.dtype)


def choose_suffix(picture: Array) -> str:
    """Return how the name of a picture's file ends: PNG where that format holds its values, else TIFF."""
    return ".png" if picture.dtype.kind == "u" else ".tif"


def write_picture(picture: Array, file: Path, synthetic: bool = False) -> None:
    """Write one picture, whole or not at all; a synthetic one is marked as such.

    Parameters
    ----------
    picture : ndarray of uint8, uint16, int16, int32 or float32
        Of shape (h, w), or (h, w, 3) or (h, w, 4) for the first two.
    file : Path
        Its name ends as `choose_suffix` says.
    synthetic : bool
        Whether ganaug made it.
    """
    from PIL import Image

    mark = {_SOFTWARE: MARK} if synthetic else {}
    with replacing(file, durable=False) as place:
        if picture.dtype == np.uint16 and picture.ndim == 3:
            place.write(_encode_deep_png(picture, synthetic))
        elif picture.dtype == np.int16:
            unsigned = Image.fromarray(np.ascontiguousarray(picture).view(np.uint16))
            unsigned.save(place, format="TIFF", tiffinfo=mark | {_SAMPLE_FORMAT: 2})
        elif picture.dtype.kind == "u":
            Image.fromarray(picture).save(place, format="PNG", pnginfo=make_mark() if synthetic else None)
        else:
            Image.fromarray(picture).save(place, format="TIFF", tiffinfo=mark)


def _encode_deep_png(picture: NDArray[np.uint16], synthetic: bool) -> bytes:
    """Return a PNG file of 16 bits in three or four channels [1]_.

    References
    ----------
    .. [1] W3C, "Portable Network Graphics (PNG) Specification", third edition.
    """
    height, width, channels = picture.shape
    rows = np.ascontiguousarray(picture, dtype=">u2").view(np.uint8).reshape(height, -1)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))  # each row begins with the number of its filter

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    text = chunk(b"tEXt", f"{KEYWORD}\0{MARK}".encode()) if synthetic else b""
    body = chunk(b"IHDR", header) + text + chunk(b"IDAT", zlib.compress(unfiltered.tobytes())) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
