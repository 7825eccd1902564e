"""Choose default settings for a training on a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..modality import FEW_ROWS, Defaults, row_defaults
from .layout import Layout


def table_defaults(schema: Mapping[str, Any], counts: Sequence[int], device_type: str) -> Defaults:
    """Return the default settings for a table.

    Parameters
    ----------
    schema : mapping
        JSON of the encoder.
    counts : sequence of int
        Rows of each class.
    device_type : str
        "cpu", "cuda" or "mps".

    Returns
    -------
    Defaults
        Those of `row_defaults`. From 2000 rows on, if most columns are numbers, up to three times the steps, because
        numbers depend on each other in finer ways than categories.
    """
    n, columns = sum(counts), schema["columns"]
    defaults = row_defaults(n)
    numbers = len(Layout.from_schema(schema).gates) / max(1, len(columns))
    longer = 1.0 if n < FEW_ROWS else 1.0 + 2.0 * max(0.0, 2.0 * numbers - 1.0)
    return replace(defaults, max_steps=int(round(defaults.max_steps * longer, -2)), coarse_penalty=True)
