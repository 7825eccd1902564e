"""Refuse images that the memory of this machine has no room for."""

from __future__ import annotations

import math
import os

from ..errors import DataError

_SHARE = 0.5  # of the memory: training, filters and the images as they were given need the rest
_VALUE = 4  # bytes of a float32


def check_room(n: int, shape: tuple[int, ...]) -> None:
    """Raise DataError for images that, encoded as float32, take more than half of the memory of this machine.

    Parameters
    ----------
    n : int
        Number of images.
    shape : tuple of int
        Shape of one image.

    Raises
    ------
    DataError
        There is no room; a system that does not tell its memory has room for all.
    """
    values = math.prod(shape)
    needed, memory = n * values * _VALUE, _find_memory()
    if memory is not None and needed > _SHARE * memory:
        size = " x ".join(map(str, shape))
        raise DataError(
            f"{n:,} images of {size} take {needed / 2**30:.1f} GiB while they are learned, and this machine has "
            f"{memory / 2**30:.1f} GiB of memory; learn from at most {int(_SHARE * memory / values / _VALUE):,} of "
            "them, or make them smaller (torchvision.transforms.Resize; ganaug train --size)."
        )


def _find_memory() -> int | None:
    """Return the bytes of memory of this machine, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no POSIX, or a system without these names
        return None
