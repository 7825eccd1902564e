"""Simulate a labelled table of any size from a seed: half numbers, half categories."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import norm

FACTORS = 4
MISSING = 0.05
LABELS = ("high", "low", "middle")
MOST_VALUES = 30

Column = Callable[[np.ndarray, np.random.Generator], np.ndarray]

NUMBERS: tuple[Column, ...] = (
    lambda x, rng: x,
    lambda x, rng: np.rint(8 * x),  # ties
    lambda x, rng: np.where(rng.random(len(x)) < 0.4, 0.0, x),  # a spike
    lambda x, rng: np.exp(x),
    lambda x, rng: rng.normal(size=len(x)),  # noise
)
"""Transformations of a standard normal that depends on the factors; columns take them in turn."""


def make_table(rows: int, columns: int, seed: int = 0, law: int | None = None) -> tuple[pd.DataFrame, pd.Series]:
    """Return a table whose columns and label share a few hidden factors.

    Parameters
    ----------
    rows, columns : int
        Size; with an odd number of columns, one more holds numbers.
    seed : int
        Determines, with the size, every cell.
    law : int, optional
        Determines how columns and label depend on the factors, so that tables of several seeds are parts of one; else
        `seed` does.

    Returns
    -------
    X : DataFrame of shape (rows, columns)
        Numbers (some correlated, some with ties or a spike, 5 % of their cells missing), then texts of 2 to 30 values,
        the first ones of a column being the most frequent.
    y : Series of shape (rows,)
        One of three classes, which depends on the factors too.
    """
    rng = np.random.default_rng([seed, rows, columns])
    laws = rng if law is None else np.random.default_rng([law, columns])
    factors = rng.normal(size=(rows, FACTORS))
    n_texts = columns // 2
    table = {f"number{j}": _draw_number(j, factors, rng, laws) for j in range(columns - n_texts)}
    table |= {f"text{j}": _draw_text(j, factors, rng, laws) for j in range(n_texts)}
    scores = factors @ laws.normal(size=(FACTORS, len(LABELS))) + rng.gumbel(size=(rows, len(LABELS)))
    return pd.DataFrame(table), pd.Series(np.array(LABELS, dtype=object)[scores.argmax(1)], name="label")


def _draw_number(j: int, factors: np.ndarray, rng: np.random.Generator, laws: np.random.Generator) -> np.ndarray:
    values = NUMBERS[j % len(NUMBERS)](_draw_standard_normal(factors, rng, laws), rng)
    values[rng.random(len(values)) < MISSING] = np.nan
    return values


def _draw_text(j: int, factors: np.ndarray, rng: np.random.Generator, laws: np.random.Generator) -> np.ndarray:
    n_values = 2 + 7 * j % (MOST_VALUES - 1)  # 7 and 29 have no common divisor: every number of values comes up
    shares = 1.0 / np.arange(1, n_values + 1)
    edges = norm.ppf(np.cumsum(shares / shares.sum())[:-1])
    names = np.array([f"value {code}" for code in range(n_values)], dtype=object)
    return names[np.searchsorted(edges, _draw_standard_normal(factors, rng, laws))]


def _draw_standard_normal(factors: np.ndarray, rng: np.random.Generator, laws: np.random.Generator) -> np.ndarray:
    """Draw one number for each row; factors explain four fifths of the variance."""
    weights = laws.normal(size=FACTORS)
    mixed = 2.0 * factors @ (weights / np.linalg.norm(weights)) + rng.normal(size=len(factors))
    return np.asarray(mixed / 5**0.5)
