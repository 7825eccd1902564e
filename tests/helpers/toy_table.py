"""A small customer table with every common kind of column."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_toy_table(n=300, seed=0):
    """Return a small customer table with every common kind of column, and a label that depends on it."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    income = np.round(rng.lognormal(10, 0.4, n), 2)
    city = rng.choice(["Bern", "Oslo", "São Paulo"], n, p=[0.6, 0.3, 0.1])
    member = rng.random(n) < 0.3
    risk = (age - 50) / 20 + 1.5 * (city == "Oslo") - member + rng.normal(0, 0.7, n)
    X = pd.DataFrame(
        {
            "age": age,
            "income": np.where(rng.random(n) < 0.1, np.nan, income),
            "city": pd.Series(city).astype(object).mask(rng.random(n) < 0.05, None),
            "plan": pd.Categorical(rng.choice(["basic", "plus", "pro"], n)),
            "member": member,
            "since": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), unit="D"),
            "balance": np.where(rng.random(n) < 0.4, 0.0, np.round(rng.normal(0, 250, n), 2)),
        }
    )
    return X, pd.Series(np.where(risk > 0.8, "leaves", "stays"), name="churn")
