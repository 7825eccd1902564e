"""What a training on a table takes where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..modality import FEW_ROWS, Defaults, row_defaults
from .layout import Layout


def table_defaults(schema: Mapping[str, Any], counts: Sequence[int], device_type: str) -> Defaults:
    """Return sizes and steps by rule.

    Parameters
    ----------
    schema : mapping
        What the encoder learned.
    counts : sequence of int
        Rows of each class.
    device_type : str
        "cpu", "cuda" or "mps".

    Returns
    -------
    Defaults
        Those of as many rows; but where most columns are numbers, which depend on each other in finer ways than
        categories do, up to three times the steps.
    """
    n, columns = sum(counts), schema["columns"]
    usual = row_defaults(n)
    numbers = len(Layout.from_schema(schema).gates) / max(1, len(columns))
    longer = 1.0 if n < FEW_ROWS else 1.0 + 2.0 * max(0.0, 2.0 * numbers - 1.0)
    return replace(usual, max_steps=int(round(usual.max_steps * longer, -2)), coarse_penalty=True)
