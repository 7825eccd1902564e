"""Pictures, as Pillow opens them, to arrays; and files that cannot harm while they are opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..messages import reason_of
from .pixels import check_sides

if TYPE_CHECKING:  # Pillow is imported only where images are
    from PIL.Image import Image

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
OTHER_EXTENSIONS = (".gif", ".apng", ".avif", ".heic", ".heif", ".jfif", ".jp2", ".psd", ".svg")
"""Images too, but not read; to leave them out in silence would lose data."""
_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")  # no other parser sees a file, whatever its name says
_MAX_FILE_SIDE = 4096  # pixels

_MODES = {"1": "L", "LA": "RGBA", "La": "RGBA", "PA": "RGBA", "RGBa": "RGBA"}
_KEPT = ("L", "RGB", "RGBA", "F")


def to_array(image: Image, what: str = "The image") -> NDArray[Any]:
    """Return a picture as an array.

    Parameters
    ----------
    image : PIL.Image.Image
        Of any mode.
    what : str
        How an error calls it.

    Returns
    -------
    ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
        uint8 where grey (also black and white), RGB (also palettes, CMYK and other colours) and RGBA (also grey with
        transparency); uint16 for 16 bits, float32 for floats.

    Raises
    ------
    DataError
        It has whole numbers outside 0 to 65535, as 32 bits per pixel allow.
    """
    if image.mode.startswith("I"):
        return _deep(np.asarray(image), what)
    return np.asarray(_plain(image))


def _plain(image: Image) -> Image:
    """Return a picture in one of the modes L, RGB, RGBA and F."""
    if image.mode in _KEPT:
        return image
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # Pillow warns of the direct way
    return image.convert(_MODES.get(image.mode, "RGB"))


def _deep(values: NDArray[Any], what: str = "The image") -> NDArray[np.uint16]:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise DataError(
            f"{what} has 32 bits per pixel and values from {low} to {high}, but ganaug takes 0 to 65535; save it "
            "with 8 or 16 bits."
        )
    return values.astype(np.uint16)


def read_picture(path: Path, size: tuple[int, int] | None = None) -> NDArray[Any]:
    """Return the picture in a file, turned upright as its EXIF data say.

    Parameters
    ----------
    path : Path
        A JPEG, PNG, PPM, PGM, BMP, TIFF or WebP file.
    size : (int, int), optional
        Height and width in pixels to resize to, antialiased.

    Returns
    -------
    ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
        See `to_array`.

    Raises
    ------
    DataError
        The file is damaged or of another kind, holds several pictures, is larger than 4096 pixels a side, or its
        picture has a size that ganaug does not take.
    """
    from PIL import Image, ImageOps

    if not path.is_file():  # to open a pipe would wait forever
        raise DataError(f"{os.fspath(path)!r} is no ordinary file, or leads nowhere; remove it.")
    Image.init()
    try:
        with Image.open(path, formats=[name for name in _FORMATS if name in Image.OPEN]) as image:
            _check_header(image, path, size)
            image = ImageOps.exif_transpose(image)
            return to_array(image) if size is None else _resized(image, size)
    except DataError as error:
        raise DataError(f"{os.fspath(path)!r}: {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{os.fspath(path)!r} is a decompression bomb ({error}); remove it.") from error
    except Exception as error:  # each of Pillow's parsers has errors of its own
        reason = reason_of(error)
        raise DataError(
            f"{os.fspath(path)!r} cannot be read as an image ({reason}); replace it, or remove it."
        ) from error


def _check_header(image: Image, path: Path, size: tuple[int, int] | None) -> None:
    """Refuse by the header alone: nothing has been decoded yet."""
    width, height = image.size
    if max(width, height) > _MAX_FILE_SIDE:
        raise DataError(
            f"The image has {height} x {width} pixels, and files may have {_MAX_FILE_SIDE} a side; make it smaller."
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # cameras add a preview to their pictures
        raise DataError(f"The file is animated or holds several pages ({frames}); save one of them.")
    if size is None:
        check_sides(height, width, "The image has")


def _resized(image: Image, size: tuple[int, int]) -> NDArray[Any]:
    from PIL.Image import Resampling, fromarray

    height, width = size
    if not image.mode.startswith("I"):
        return np.asarray(_plain(image).resize((width, height), Resampling.BICUBIC))
    deep = fromarray(_deep(np.asarray(image)).astype(np.float32))  # 16 bits have no antialiased way of their own
    values = np.asarray(deep.resize((width, height), Resampling.BICUBIC))
    return np.rint(values).clip(0, 65535).astype(np.uint16)
