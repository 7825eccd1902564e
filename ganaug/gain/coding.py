"""Encode columns of a table as numbers, and decode them, for methods that take only numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dtypes import times, times_to_integers
from .classifiers import is_categorical

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class EncodedColumn:
    """Column of a table, encoded as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Numbers unchanged, and times as counts of their unit, with NaN for missing cells. For any other column the code
        of each category in order of appearance; missing cells are a category.
    is_category : bool
        Whether the values are codes of categories.
    restore : callable
        Decodes numbers to a column; numbers of any type become a float64 column.
    is_time : bool
        Whether the values are times.
    """

    values: Numbers
    is_category: bool
    restore: Callable[[Numbers], pd.Series[Any]]
    is_time: bool = False


def encode_column(column: pd.Series[Any]) -> EncodedColumn:
    """Encode a column as numbers.

    Parameters
    ----------
    column : series of shape (n,)
        Numbers, times with or without a zone, or hashable values.
    """
    if is_categorical(column):
        codes, values = pd.factorize(column, use_na_sentinel=False)
        return EncodedColumn(codes.astype(float), True, lambda made: pd.Series(values.take(made.astype(np.int64))))
    if pd.api.types.is_numeric_dtype(column):
        return EncodedColumn(column.to_numpy(dtype=float, na_value=np.nan), False, lambda made: pd.Series(made))
    missing = column.isna().to_numpy()
    numbers = np.where(missing, np.nan, times_to_integers(column).astype(float))

    def as_times(made: Numbers) -> pd.Series[Any]:
        return times(np.rint(made), np.isnan(made), column.dtype)

    return EncodedColumn(numbers, False, as_times, is_time=True)
