"""Tell what a dtype can hold, from its description."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .dtypes import build_dtype

_PER_DAY = {"D": 1, "s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


def count_units_per_day(description: dict[str, Any]) -> int:
    """Return in how many units dates or durations of a dtype count a day; 1 for any other dtype."""
    if description["dtype"] in ("category", "sparse"):
        return 1
    dtype = build_dtype(description)
    if dtype.kind not in "mM":
        return 1
    if isinstance(dtype, pd.ArrowDtype):
        kind = dtype.pyarrow_dtype
        return 1 if pa.types.is_date32(kind) else _PER_DAY[getattr(kind, "unit", "ms")]
    return _PER_DAY[np.datetime_data(dtype)[0] if isinstance(dtype, np.dtype) else dtype.unit]


def holds_sums(description: dict[str, Any]) -> bool:
    """Return whether a dtype is wide enough for somewhat larger numbers than those that a column holds."""
    if "inner" in description:
        return holds_sums(description["inner"])
    dtype = build_dtype(description)
    return dtype == np.dtype(object) or dtype.kind in "fmM" or dtype.itemsize >= 4


def is_date(description: dict[str, Any]) -> bool:
    """Return whether cells of a dtype are dates."""
    return description["dtype"] not in ("category", "sparse") and build_dtype(description).kind == "M"


def has_zone(description: dict[str, Any]) -> bool:
    """Return whether dates of a dtype are in a zone."""
    dtype = build_dtype(description)
    return getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None) is not None
