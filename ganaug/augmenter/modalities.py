"""The kinds of data that ganaug knows."""

from __future__ import annotations

from typing import Any

from ..data.checks import check_samples
from ..errors import DataError
from ..image import IMAGE
from ..modality import Modality
from ..table import TABLE

MODALITIES: dict[str, Modality] = {modality.name: modality for modality in (IMAGE, TABLE)}
"""The only place that lists them."""

OPTIONS = tuple(option for modality in MODALITIES.values() for option in modality.options)
"""Options of `GANAugmenter` that are an encoder's."""


def find_modality(wanted: str | Modality, X: Any, y: Any) -> Modality:
    """Return the modality that was asked for, or for "auto" the first that recognises `X`.

    Raises
    ------
    DataError
        None does.
    """
    if isinstance(wanted, Modality):
        return wanted
    if wanted != "auto":
        return MODALITIES[wanted]
    for modality in MODALITIES.values():
        if modality.accepts(X):
            return modality
    check_samples(X, y)
    raise DataError(
        f"X is of no kind that ganaug knows ({', '.join(MODALITIES)}); it is a {type(X).__name__}. Give a frame or a "
        "two-dimensional array; or images as an array of shape (n, h, w), (n, h, w, c) or (n, c, h, w), a Dataset, or "
        "the path of a folder with a folder for each class."
    )
