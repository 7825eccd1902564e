"""The kinds of data that ganaug knows."""

from __future__ import annotations

from typing import Any

from ..errors import DataError
from ..modality import Modality
from ..table import TABLE

MODALITIES: dict[str, Modality] = {TABLE.name: TABLE}
"""The only place that lists them."""


def find_modality(wanted: str | Modality, X: Any) -> Modality:
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
    raise DataError(
        f"X is of no kind that ganaug knows ({', '.join(MODALITIES)}); it is a {type(X).__name__}. Give a frame or a "
        "two-dimensional array."
    )
