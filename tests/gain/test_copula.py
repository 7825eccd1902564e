"""GaussianCopula: the generator that costs nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gain_samplers import blobs
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from strategies import TIME_DTYPES, frames, time_column
from toy_table import make_toy_table

from ganaug import DataError, GaussianCopula, ParameterError
from ganaug.gain.smote import make_smote_rows


def correlated(n=2000, seed=0):
    """(X, y): a long-tailed number and one that follows it, in two classes of unequal size."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    X = np.column_stack([np.exp(z), z + 0.5 * rng.normal(size=n)])
    return X, (np.arange(n) % 5 == 0).astype(int)


def test_columns_keep_their_distribution_and_ranks_their_correlation():
    X, y = correlated()
    made, _ = GaussianCopula(0).fit(X, y).sample(4000)
    assert np.quantile(made, [0.1, 0.5, 0.9], axis=0) == pytest.approx(np.quantile(X, [0.1, 0.5, 0.9], axis=0), abs=0.2)
    assert spearmanr(made).statistic == pytest.approx(spearmanr(X).statistic, abs=0.03)
    assert made.min(0) == pytest.approx(X.min(0), abs=0.5) and (made >= X.min(0)).all() and (made <= X.max(0)).all()


def test_a_mixed_table_comes_back_in_its_columns_and_dtypes_with_values_that_were_seen():
    X, y = make_toy_table(300)
    made, labels = GaussianCopula(0).fit(X, y).sample(500)
    assert (made.dtypes == X.dtypes).all() and made.columns.equals(X.columns)
    assert labels.name == y.name and labels.dtype == y.dtype
    for name in ("city", "plan", "member", "since"):
        assert set(made[name].dropna()) <= set(X[name].dropna())
    assert made["income"].isna().mean() == pytest.approx(X["income"].isna().mean(), abs=0.05)
    assert (made["balance"] == 0).mean() == pytest.approx((X["balance"] == 0).mean(), abs=0.06)


def test_gaps_and_categories_keep_their_dependence_on_numbers():
    rng = np.random.default_rng(0)
    n, y = 600, pd.Series([0, 1] * 300)
    z = rng.normal(size=n)
    X = pd.DataFrame({"a": np.exp(z), "b": np.where(rng.random(n) < 0.3, np.nan, z + rng.normal(0, 0.3, n))})
    X["text"] = np.where(z + rng.normal(0, 0.3, n) > 0.8, "high", "low")
    X["whole"] = np.where(y == 1, 7, rng.integers(0, 3, n)).astype("int64")
    model = GaussianCopula(0).fit(X, y)
    new, labels = model.sample(y=y)
    assert new["a"].between(X["a"].min(), X["a"].max()).all()
    assert new["b"].isna().mean() == pytest.approx(0.3, abs=0.06)
    assert (new["text"] == "high").mean() == pytest.approx((X["text"] == "high").mean(), abs=0.05)
    drawn = [model.sample(y=y, random_state=seed)[0] for seed in range(10)]
    assert np.mean([spearmanr(rows["a"], rows["text"] == "high").statistic for rows in drawn]) > 0.45
    assert set(new["whole"][labels == 1]) == {7}
    assert set(new["whole"][labels == 0]) == {0, 1, 2}


def test_a_class_has_its_own_columns():
    X, y = blobs(200, distance=6.0)
    model = GaussianCopula(0).fit(X, y)
    zero, one = model.sample(100, y=0)[0], model.sample(100, y=1)[0]
    assert zero.max() < 4 and one.min() > 2


def test_counts_labels_and_proportions_are_asked_for_as_of_our_augmenter():
    X, y = correlated(100)
    model = GaussianCopula(0).fit(X, y)
    assert model.sample({0: 3, 1: 2})[1].tolist() == [0, 0, 0, 1, 1]
    assert model.sample(y=[1, 0, 1])[1].tolist() == [1, 0, 1]
    assert np.bincount(model.sample(50)[1]).tolist() == [40, 10]
    assert len(model.sample(0)[0]) == 0


def test_fit_resample_keeps_the_real_rows_and_balances():
    X, y = make_toy_table(120)
    more, labels = GaussianCopula(0).fit_resample(X, y)
    pd.testing.assert_frame_equal(more.iloc[:120], X)
    assert labels.value_counts().nunique() == 1


def test_the_seed_decides_and_a_clone_is_fresh():
    X, y = correlated(100)
    model = GaussianCopula(0).fit(X, y)
    assert np.array_equal(model.sample(5)[0], GaussianCopula(0).fit(X, y).sample(5)[0])
    assert not np.array_equal(model.sample(5)[0], model.sample(5, random_state=1)[0])
    with pytest.raises(NotFittedError):
        clone(model).sample(5)


@pytest.mark.parametrize("shape", [(8, 8), (3, 8, 8), (8, 8, 1)])
def test_images_come_back_in_their_shape_and_range(shape):
    X = np.random.default_rng(0).integers(0, 200, (40, *shape), dtype=np.uint8)
    made, _ = GaussianCopula(0).fit(X, np.arange(40) % 2).sample(6)
    assert made.shape == (6, *shape) and made.dtype == np.uint8 and made.max() < 200


def test_more_columns_than_rows_and_a_class_of_one_row_are_no_trouble():
    X = np.random.default_rng(0).normal(size=(21, 60))
    made, _ = GaussianCopula(0).fit(X, np.r_[np.zeros(20, int), 1]).sample({0: 5, 1: 2})
    assert np.isfinite(made).all()
    assert made[5:] == pytest.approx(np.vstack([X[20]] * 2))


@pytest.mark.parametrize("dtype", TIME_DTYPES)
@pytest.mark.parametrize(
    "method", [lambda X, y: GaussianCopula(0).fit(X, y).sample({1: 6}), lambda *rows: make_smote_rows(*rows, 0)]
)
def test_dates_and_durations_of_every_dtype_come_back_as_they_were(dtype, method):
    days = np.r_[np.arange(30), np.arange(100, 106)]
    table = pd.DataFrame({"when": time_column([*days[:-1], None], dtype), "n": np.arange(36.0)})
    made, labels = method(table, (days >= 100).astype(int))
    assert (made.dtypes == table.dtypes).all() and (labels == 1).all()
    assert made["when"].dropna().between(table["when"][0], table["when"][34]).all()


@settings(deadline=None, max_examples=60)
@given(table=frames(max_rows=40), seed=st.integers(0, 9))
def test_whatever_a_table_holds_it_comes_back_in_its_dtypes(table, seed):
    assume(len(table) > 1)
    y = np.arange(len(table)) % 2
    made, labels = GaussianCopula(seed).fit(table, y).sample({0: 4, 1: 3})
    assert (made.dtypes == table.dtypes).all() and len(made) == 7
    assert labels.tolist() == [0] * 4 + [1] * 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "needs a number of rows n, or the labels y"),
        ({"y": [0, 7]}, "The label 7 was not learned; take one of"),
        ({"n": 3, "y": 7}, "The label 7 was not learned"),
        ({"n": {7: 2}}, "The label 7 was not learned"),
        ({"n": -1}, "must be a whole number of at least 0. Got -1"),
        ({"n": {0: -2}}, "must be a whole number of at least 0. Got -2"),
    ],
)
def test_what_cannot_be_sampled_is_refused(arguments, text):
    with pytest.raises(ParameterError, match=text):
        GaussianCopula(0).fit(*blobs(20)).sample(**arguments)


def test_a_label_that_only_begins_like_one_that_was_learned_is_refused():
    X, y = make_toy_table(40)
    model = GaussianCopula(0).fit(X, y)
    for arguments in ({"n": 2, "y": "staysX"}, {"n": {"leaves and more": 2}}, {"y": ["leaves", "leavesX"]}):
        with pytest.raises(ParameterError, match=r"The label \w+.* was not learned; take one of \['leaves', 'stays'\]"):
            model.sample(**arguments)


def test_rows_of_one_class_are_refused():
    with pytest.raises(DataError, match="All rows are of one class"):
        GaussianCopula().fit(np.zeros((3, 2)), np.zeros(3, int))
