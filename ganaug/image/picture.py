"""Convert Pillow images to arrays, and open image files safely."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..messages import reason_of
from .depth import (
    check_depth,
    choose_low_bytes,
    find_stored_dtype,
    has_deep_colours,
    interpret,
    join_bytes,
    resize_values,
)
from .pixels import check_sides
from .signatures import name_content

if TYPE_CHECKING:  # Pillow is imported only where images are
    from PIL.Image import Image

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".tif", ".tiff", ".webp"),
)
OTHER_EXTENSIONS = (".apng", ".avif", ".dcm", ".heic", ".heif", ".jp2", ".jxl", ".psd", ".svg", ".tga")
"""Image formats that are not read; skipping them silently would lose data."""
_FORMATS = ("JPEG", "PNG", "GIF", "PPM", "BMP", "TIFF", "WEBP")  # no other parser opens a file, whatever its name
_READ = ("a JPEG", "a PNG", "a GIF", "a BMP", "a TIFF", "a WebP")  # as `name_content` calls them
_MAX_FILE_SIDE = 4096  # pixels

_REDUCING_GAP = 3  # times the wanted size to which a decoder may shrink, so that the resampling still antialiases

_MODES = {"1": "L", "LA": "RGBA", "La": "RGBA", "PA": "RGBA", "RGBa": "RGBA"}
_KEPT = ("L", "RGB", "RGBA", "F")


def is_image_file(path: str | os.PathLike[str]) -> bool:
    """Return whether the name of a file ends as those of the image files that are read do.

    Examples
    --------
    >>> from ganaug import is_image_file
    >>> is_image_file("cats/0001.JPG"), is_image_file("cats.parquet")
    (True, False)
    """
    return os.fspath(path).lower().endswith(EXTENSIONS)


class DamagedImage(DataError):
    """A file that is no image which can be read; `reason` says why and what to do, without its name."""

    def __init__(self, path: Path, reason: str):
        super().__init__(f"{os.fspath(path)!r} {reason}.")
        self.reason = reason


def to_array(image: Image, what: str = "The image") -> NDArray[Any]:
    """Convert a Pillow image to an array.

    Parameters
    ----------
    image : PIL.Image.Image
        Image of any mode.
    what : str
        Name of the image in error messages.

    Returns
    -------
    ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
        uint8 for grey (also black and white), RGB (also palettes, CMYK and other colours) and RGBA (also grey with
        transparency); uint16 for 16 bits, int16 and int32 for signed values, float32 for floats.

    Raises
    ------
    DataError
        The file of the image has 16 bits in several channels, or whole numbers above 2**31 - 1.

    Examples
    --------
    >>> from PIL import Image
    >>> from ganaug.image.picture import to_array
    >>> to_array(Image.new("RGB", (9, 8))).shape
    (8, 9, 3)
    """
    return _to_array(image, find_stored_dtype(image), what)


def _to_array(image: Image, stored: str | None, what: str = "The image") -> NDArray[Any]:
    check_depth(image, stored)
    if image.mode.startswith("I"):
        return interpret(np.asarray(image), stored, what)
    values = np.asarray(_convert_mode(image))
    return values.view(np.int8).astype(np.int16) if stored == "int8" else values


def _convert_mode(image: Image) -> Image:
    """Convert an image to one of the modes L, RGB, RGBA and F."""
    if image.mode in _KEPT:
        return image
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # Pillow warns of the direct way
    return image.convert(_MODES.get(image.mode, "RGB"))


def read_picture(path: Path, size: tuple[int, int] | None = None) -> NDArray[Any]:
    """Read an image file, and rotate the image as its EXIF data say.

    Parameters
    ----------
    path : Path
        A JPEG, PNG, GIF, PPM, PGM, PBM, BMP, TIFF or WebP file.
    size : (int, int), optional
        Height and width in pixels to resize to, antialiased.

    Returns
    -------
    ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
        See `to_array`.

    Raises
    ------
    DamagedImage
        The file is damaged, of another format or a decompression bomb, holds several images, or has more than 4096
        pixels a side.
    DataError
        The image has an unsupported size or depth.
    """
    from PIL import Image
    from PIL.ImageOps import exif_transpose

    if not path.is_file():  # to open a pipe would wait forever
        raise DamagedImage(path, "is not a regular file, or is a broken link; remove it")
    try:
        with _open(path) as image:
            _check_header(image, path, size)
            stored = find_stored_dtype(image)
            if has_deep_colours(image, stored):
                with _open(path) as other:
                    choose_low_bytes(other)
                    values = join_bytes(exif_transpose(image), exif_transpose(other))
                return values if size is None else resize_values(values, size)
            if size is not None:  # a JPEG of many pixels is decoded at a half, a quarter or an eighth of its sides
                image.draft(None, (_REDUCING_GAP * max(size), _REDUCING_GAP * max(size)))
            image = exif_transpose(image)
            values = _to_array(image, stored) if size is None else _resize(image, size, stored)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise DamagedImage(path, "holds values that are no numbers (NaN, or infinite); replace these")
            return values
    except DamagedImage:
        raise
    except DataError as error:
        raise DataError(f"{os.fspath(path)!r}: {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DamagedImage(path, f"is a decompression bomb ({error}); remove it") from error
    except Exception as error:  # each of Pillow's parsers has errors of its own
        raise DamagedImage(
            path, f"cannot be read as an image ({_explain(error, path)}); replace it, or remove it"
        ) from error


def _open(path: Path) -> Image:
    from PIL import Image

    Image.init()
    return Image.open(path, formats=[name for name in _FORMATS if name in Image.OPEN])


def _explain(error: Exception, path: Path) -> str:
    """Return why Pillow could not read a file: what it holds, where that is not what its name says."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        content = name_content(path) or "no image of a kind that is read"
        return f"it is {content.replace('a ', 'a damaged ', 1) if content in _READ else content}"
    return reason_of(error)


def _check_header(image: Image, path: Path, size: tuple[int, int] | None) -> None:
    """Raise DamagedImage or DataError for an unsupported header, before anything is decoded."""
    width, height = image.size
    if max(width, height) > _MAX_FILE_SIDE:
        raise DamagedImage(
            path, f"has {height} x {width} pixels, and files may have {_MAX_FILE_SIDE} a side; make it smaller"
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # cameras add a preview to their pictures
        raise DamagedImage(path, f"is animated or holds several pages ({frames}); save one of them")
    if size is None:
        check_sides(height, width, "The image has")


def _resize(image: Image, size: tuple[int, int], stored: str | None) -> NDArray[Any]:
    from PIL.Image import Resampling

    if image.mode.startswith(("I", "F")) or stored == "int8":
        return resize_values(_to_array(image, stored), size)
    check_depth(image, stored)
    return np.asarray(_convert_mode(image).resize(size[::-1], Resampling.BICUBIC))
