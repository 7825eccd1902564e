"""SwapNoise: real rows with a share of their cells from other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import frames
from toy_table import make_toy_table

from ganaug import ParameterError, SwapNoise


def numbered(n=200):
    """(X, y): the number of each row in every column."""
    return np.tile(np.arange(n)[:, None], (1, 6)), np.arange(n) % 2


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_share_of_the_cells_comes_from_another_row(share):
    X, y = numbered()
    made, labels = SwapNoise(share, 0).fit(X, y).sample(2000)
    own = np.array([np.bincount(row % 200, minlength=200).max() for row in made])
    assert len(np.unique(made)) == 200
    assert all(len(np.unique(row)) <= 2 for row in made)  # from one other row
    if share in (0.0, 1.0):
        assert (own == 6).all()
    else:
        kept = (made % 2 == labels[:, None]).mean()  # the other row is of the same class half of the time
        assert kept == pytest.approx(1 - share / 2, abs=0.02)


def test_rows_have_the_class_that_was_asked_for():
    X, y = numbered()
    made, labels = SwapNoise(0.0, 0).fit(X, y).sample({0: 30, 1: 5})
    assert (made[:, 0] % 2 == labels).all() and labels.tolist() == [0] * 30 + [1] * 5


def test_a_mixed_table_comes_back_in_its_columns_and_dtypes():
    X, y = make_toy_table(200)
    made, labels = SwapNoise(random_state=0).fit(X, y).sample(300)
    assert (made.dtypes == X.dtypes).all() and made.columns.equals(X.columns)
    assert labels.name == y.name and labels.dtype == y.dtype
    for name in X.columns:
        assert set(made[name].dropna()) <= set(X[name].dropna())
    assert made["income"].isna().mean() == pytest.approx(X["income"].isna().mean(), abs=0.08)


@settings(max_examples=30)
@given(X=frames(), seed=st.integers(0, 9))
def test_any_table_gives_cells_that_it_has(X, seed):
    assume(len(X) > 1 and X.shape[1])
    y = np.arange(len(X)) % 2
    made, _ = SwapNoise(random_state=seed).fit(X, y).sample(20)
    assert list(made.columns) == list(X.columns)
    for i in range(X.shape[1]):
        known = set(X.iloc[:, i].dropna().astype(str))
        assert set(made.iloc[:, i].dropna().astype(str)) <= known
    again = SwapNoise(random_state=seed).fit(X, y).sample(20)[0]
    pd.testing.assert_frame_equal(made, again)


def test_a_share_is_between_zero_and_one():
    with pytest.raises(ParameterError, match="'share' parameter of SwapNoise"):
        SwapNoise(1.5).fit(*numbered())
