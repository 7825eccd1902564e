"""Tell the columns of numbers of a data frame from the others, and convert cells to text."""

from __future__ import annotations

import pandas as pd

from .protocol import MISSING


def list_numeric_columns(X: pd.DataFrame) -> list[str]:
    """Return the names of the columns that hold numbers."""
    return [name for name in X.columns if pd.api.types.is_numeric_dtype(X[name].dtype)]


def convert_to_text(X: pd.DataFrame) -> pd.DataFrame:
    """Convert every cell to text, missing ones to `MISSING`."""
    return X.astype(object).where(X.notna(), MISSING).astype(str)
