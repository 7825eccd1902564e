"""Columns of a table as numbers and back, for methods that know nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dtypes import time_counts, times
from .classifiers import is_categorical

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class EncodedColumn:
    """One column as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Numbers as they are, times as counts of their unit, NaN where a cell is missing; of anything else the code of
        each category in order of appearance, missing cells being one of them.
    is_category : bool
        Whether these are codes.
    restore : callable
        Returns numbers of this kind as a column; a float64 column for numbers of any type.
    is_time : bool
        Whether these are times.
    """

    values: Numbers
    is_category: bool
    restore: Callable[[Numbers], pd.Series[Any]]
    is_time: bool = False


def encode_column(column: pd.Series[Any]) -> EncodedColumn:
    """Return a column as numbers.

    Parameters
    ----------
    column : series of shape (n,)
        Numbers, times with or without a zone, or anything whose values can be told apart.
    """
    if is_categorical(column):
        codes, values = pd.factorize(column, use_na_sentinel=False)
        return EncodedColumn(codes.astype(float), True, lambda made: pd.Series(values.take(made.astype(np.int64))))
    if pd.api.types.is_numeric_dtype(column):
        return EncodedColumn(column.to_numpy(dtype=float, na_value=np.nan), False, lambda made: pd.Series(made))
    missing = column.isna().to_numpy()
    numbers = np.where(missing, np.nan, time_counts(column).astype(float))

    def as_times(made: Numbers) -> pd.Series[Any]:
        return times(np.rint(made), np.isnan(made), column.dtype)

    return EncodedColumn(numbers, False, as_times, is_time=True)
