"""Know the images that ganaug made, so that they are never taken for real ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Pillow is imported only where images are
    from PIL.PngImagePlugin import PngInfo

_NAME = re.compile(r"synthetic_[0-9]{6,}\.(png|tif)", re.IGNORECASE)
KEYWORD = "Source"
"""Keyword of the PNG standard for where an image comes from."""
MARK = "synthetic image of ganaug"
"""Text in the head of PNG and TIFF files that ganaug made."""
_HEAD = 512  # bytes of a file in which the mark stands, as it is written before the pixels


def name_synthetic(number: int, suffix: str) -> str:
    """Return the name of the file of a synthetic image beside real ones; `suffix` is ".png" or ".tif"."""
    return f"synthetic_{number:06d}{suffix}"


def make_mark() -> PngInfo:
    """Return the text that marks a PNG file as synthetic; it stays when the file is renamed or moved."""
    from PIL.PngImagePlugin import PngInfo

    mark = PngInfo()
    mark.add_text(KEYWORD, MARK)
    return mark


def is_synthetic(file: Path) -> bool:
    """Return whether an image file was made by ganaug, by its name or its mark.

    Files of releases without the mark are known by their name alone.
    """
    if _NAME.fullmatch(file.name):
        return True
    if not file.name.lower().endswith((".png", ".tif", ".tiff")) or not file.is_file():
        return False
    with file.open("rb") as stream:
        return MARK.encode() in stream.read(_HEAD)


def has_synthetic_name(name: str) -> bool:
    """Return whether a file has the name of a synthetic image beside real ones."""
    return _NAME.fullmatch(name) is not None
