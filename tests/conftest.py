"""Fixtures that several test files share."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from ganaug.errors import CollapseWarning
from ganaug.threads import one_thread

pytest_plugins = ["promises"]

# Checks live in a module of their own; without this their asserts would fail without saying why.
pytest.register_assert_rewrite("sampler_checks")


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


@pytest.fixture
def toy_table():
    """(X, y): 300 rows of numbers, text, categories, booleans, dates and gaps; a fresh copy for each test."""
    return make_toy_table()


@pytest.fixture(scope="session")
def judged_augmenter():
    """A GANAugmenter fitted to the toy table, both filters in use; to be sampled, not changed."""
    from small import JUDGED, quick_augmenter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        return quick_augmenter(max_steps=60, width=32, filters=JUDGED).fit(*make_toy_table())


@pytest.fixture
def on_one_thread():
    """Small trees and networks on one core: several are slower, and far slower on a busy machine."""
    with one_thread():
        yield
