"""SMOTE for any table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganaug.data.rows import append_rows
from ganaug.gain.smote import make_smote_rows
from ganaug.gain.synthetic import count_labels

N = 40
Y = np.where(np.arange(N) % 4 == 0, "rare", "common")


def every_kind(n=N, seed=0):
    rng = np.random.default_rng(seed)
    gap = rng.random(n) < 0.2
    return pd.DataFrame(
        {
            "whole": rng.integers(0, 9, n),
            "float": np.where(gap, np.nan, rng.normal(0, 1, n)),
            "float32": rng.normal(0, 1, n).astype(np.float32),
            "Int64": pd.array(np.where(gap, None, rng.integers(0, 9, n)), dtype="Int64"),
            "Float64": pd.array(rng.normal(0, 1, n), dtype="Float64"),
            "bool": rng.random(n) < 0.5,
            "boolean": pd.array(np.where(gap, None, rng.random(n) < 0.5), dtype="boolean"),
            "category": pd.Categorical(rng.choice(list("abc"), n), categories=list("dcba"), ordered=True),
            "object": pd.Series(np.where(gap, None, rng.choice(["x", "y"], n)), dtype=object),
            "text": pd.Series(rng.choice(["x", "y"], n)),
            "string": pd.array(rng.choice(["x", "y"], n), dtype="string"),
            "date": pd.Series(pd.date_range("2020", periods=n)).mask(gap),
            "seconds": pd.date_range("2020", periods=n).astype("datetime64[s]"),
            "zone": pd.date_range("2020", periods=n, tz="Europe/Oslo"),
            "span": pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
        }
    )


FRAME = every_kind()
WHOLE = {"whole", "Int64"}  # between two whole numbers lie others


@pytest.mark.parametrize(
    "columns",
    [["float", "float32"], ["whole", "object", "date"], ["category", "text", "bool"], list(FRAME)],
    ids=["numbers", "mixed", "all categories", "every kind"],
)
def test_classes_come_out_level_and_dtypes_restored(columns):
    X = FRAME[columns]
    made, labels = make_smote_rows(X, Y, 0)
    assert count_labels(labels) == {"rare": 20}
    assert made.columns.tolist() == columns
    both = append_rows(X, made)
    assert len(both) == N + 20
    pd.testing.assert_frame_equal(both.iloc[:N], X, check_dtype=False)
    changed = {name for name in columns if both[name].dtype != X[name].dtype}
    assert changed <= WHOLE


@pytest.mark.parametrize("column", sorted(FRAME))
def test_a_table_of_one_column_of_any_kind_can_be_filled_up(column):
    made, labels = make_smote_rows(FRAME[[column]], Y, 0)
    assert made.shape == (20, 1)
    assert set(labels) == {"rare"}


def test_numbers_lie_between_neighbours_of_their_own_class():
    X = np.column_stack([np.where(Y == "rare", 1000.0, 0.0) + np.arange(N), np.full(N, 7.0)])
    made, _ = make_smote_rows(X, Y, 0)
    assert isinstance(made, np.ndarray)
    assert made[:, 0].min() >= 1000
    assert made[:, 0].max() <= X[Y == "rare", 0].max()
    assert np.allclose(made[:, 1], 7)


def test_dates_lie_within_the_range_of_their_class():
    X = pd.DataFrame({"a": pd.date_range("2020", periods=N, tz="Europe/Oslo"), "b": np.arange(N)})
    made, _ = make_smote_rows(X, Y, 0)
    assert made["a"].between(*X["a"][Y == "rare"].agg(["min", "max"])).all()


def test_categories_are_only_ones_of_their_class():
    X = pd.DataFrame({"a": np.where(Y == "rare", "x", "z"), "b": np.arange(N)})
    assert set(make_smote_rows(X, Y, 0)[0]["a"]) == {"x"}


def test_no_large_column_decides_who_is_whose_neighbour():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.repeat([0.0, 1.0], 20) + rng.normal(0, 0.01, 40), rng.normal(0, 1e6, 40)])
    y = np.array([0] * 40 + [1] * 90)
    made, _ = make_smote_rows(np.vstack([X, rng.normal(0, 1, (90, 2))]), y, 0)
    between = (made[:, 0] > 0.1) & (made[:, 0] < 0.9)
    assert between.mean() < 0.2  # unscaled, the second column alone would pair the halves at random


@pytest.mark.parametrize(
    ("sizes", "added"),
    [((20, 1), {}), ((20, 2), {1: 18}), ((10, 10), {}), ((20, 2, 1, 7), {1: 18, 3: 13}), ((5,), {})],
    ids=["one row", "two rows", "balanced already", "several", "a single class"],
)
def test_classes_are_filled_up_where_they_can_be(sizes, added):
    y = np.repeat(np.arange(len(sizes)), sizes)
    X = np.random.default_rng(0).normal(0, 1, (len(y), 3))
    made, labels = make_smote_rows(X, y, 0)
    assert count_labels(labels) == added
    assert made.shape == (sum(added.values()), 3)


def test_missing_and_infinite_cells_do_no_harm():
    X = pd.DataFrame({"a": np.where(np.arange(N) == 4, np.inf, np.arange(N)), "b": np.nan, "c": [None, "x"] * (N // 2)})
    made, labels = make_smote_rows(X, Y, 0)
    assert len(labels) == 20
    assert np.isfinite(made["a"]).all()


def test_object_arrays_and_columns_named_by_numbers_are_tables_too():
    objects = FRAME[["float", "text"]].astype(object).to_numpy()
    made, _ = make_smote_rows(objects, Y, 0)
    assert made.shape == (20, 2)
    assert set(made[:, 1]) <= {"x", "y"}
    named = FRAME[["whole", "text"]].set_axis([7, 3], axis=1)
    assert make_smote_rows(named, Y, 0)[0].columns.tolist() == [7, 3]


def test_columns_of_one_name_are_kept_apart():
    X = pd.DataFrame(np.arange(2.0 * N).reshape(N, 2), columns=["a", "a"])
    assert make_smote_rows(X, Y, 0)[0].shape == (20, 2)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**63 - 1))
def test_the_seed_decides(seed):
    X = FRAME[["float", "text"]]
    first, again = make_smote_rows(X, Y, seed)[0], make_smote_rows(X, Y, seed)[0]
    pd.testing.assert_frame_equal(first, again)
    assert not first["float"].equals(make_smote_rows(X, Y, seed ^ 1)[0]["float"])


def test_rows_given_are_left_alone():
    before = FRAME.copy(deep=True)
    make_smote_rows(FRAME, Y, 0)
    pd.testing.assert_frame_equal(FRAME, before)
