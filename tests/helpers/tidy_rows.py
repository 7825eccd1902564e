"""Rows as benchmarks compare them: by their values alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.shared.protocol import Columns

COLUMNS = Columns(numeric=("a", "b"), categorical=("c",), target="y")


def table(n=400, seed=0, shift=0.0):
    """Tidy rows: a number `a` that decides the label, another number, and a category that follows the label."""
    rng = np.random.default_rng(seed)
    a = rng.normal(shift, 1, n)
    y = np.where(a + rng.normal(0, 0.3, n) > shift, "yes", "no")
    c = np.where(rng.random(n) < 0.8, y, "other")
    return pd.DataFrame({"a": a, "b": rng.normal(0, 1, n), "c": c, "y": y})
