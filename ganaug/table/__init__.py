"""Encode, generate and score tables: the modality `TABLE`."""

from typing import Any

import numpy as np
import pandas as pd

from ..modality import Modality
from .conditions import TableConditions
from .copula import draw_copula_rows
from .defaults import table_defaults
from .description import describe_table
from .encoder import TableEncoder
from .networks import table_discriminator, table_generator
from .score import held_out_score, measure_detection


def accepts(X: Any) -> bool:
    """Return whether `X` is a table: a frame, or an array-like of two dimensions."""
    if isinstance(X, pd.DataFrame) or hasattr(X, "ndim"):
        return X.ndim == 2
    try:
        return np.ndim(X) == 2
    except ValueError:  # rows of different lengths: a table, refused later with its own message
        return isinstance(X[0], list | tuple)


TABLE = Modality(
    "table",
    accepts,
    TableEncoder,
    table_generator,
    table_discriminator,
    held_out_score,
    detect=measure_detection,
    options=("column_kinds", "categorical_features", "relations"),
    defaults=table_defaults,
    conditions=TableConditions,
    describe=describe_table,
    draw_smooth=draw_copula_rows,
)

__all__ = ["TABLE"]
