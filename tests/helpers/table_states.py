"""Packed states of small tables."""

from __future__ import annotations

import numpy as np


def positions(*columns):
    """Return packed states of columns that are given as codes from 0, and the numbers of states of the columns."""
    sizes = [int(max(column)) + 1 for column in columns]
    starts = np.cumsum([0, *sizes])[:-1]
    return np.stack([np.asarray(c) + start for c, start in zip(columns, starts, strict=True)], axis=1), sizes
