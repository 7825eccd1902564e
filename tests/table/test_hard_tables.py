"""Tables that are hard: each trains, and samples only what is possible, or is refused by name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from possible import assert_possible
from real_life import TABLES
from small import quick_augmenter

from ganaug import DataError

N = 120
RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=N)
Y = np.arange(N) % 2


def trained(X, y=Y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_augmenter(**options).fit(X, y)


def sampled(augmenter, n=200):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return augmenter.sample(n)


def beside(column, name="odd"):
    """A table of one sound column and an odd one."""
    return pd.DataFrame({"sound": NORMAL, name: column})


def objects(*values):
    return pd.Series(np.fromiter((values[i % len(values)] for i in range(N)), dtype=object, count=N))


def many(n_columns):
    return pd.DataFrame(RNG.normal(size=(N, n_columns)), columns=[f"c{i}" for i in range(n_columns)])


# name: (X, y, None where it trains or what the refusal says)
HARD = {
    "one column": (pd.DataFrame({"a": NORMAL}), Y, None),
    "five hundred columns": (many(500), Y, None),
    "two thousand columns": (many(2000), Y, None),
    "ten thousand categories": (
        pd.DataFrame({"a": [f"v{i // 2}" for i in range(20_000)], "b": np.arange(20_000) % 7}),
        np.arange(20_000) % 2,
        None,
    ),
    "fewer rows than a batch": (many(2)[:9], Y[:9], None),
    "one row": (many(2)[:1], Y[:1], r"more than 1 class"),
    "no rows": (many(2)[:0], Y[:0], r"0 sample"),
    "one class": (many(2), np.zeros(N, dtype=int), r"more than 1 class. Got 1 class .* 0"),
    "one row per class": (many(2), np.arange(N), r"120 classes for 120 rows"),
    "a class of one row": (many(2), np.r_[2, Y[1:]], r"Class 2 has 1 row; a class needs at least 2"),
    "fifty classes": (many(2), np.arange(N) % 50, None),
    "constant": (beside(7), Y, None),
    "all missing": (beside(np.nan), Y, None),
    "all but one missing": (beside([1.5] + [np.nan] * (N - 1)), Y, None),
    "nothing that varies": (pd.DataFrame({"a": [1] * N}), Y, r"No column can be learned from"),
    "booleans with gaps": (beside(objects(True, False, None)), Y, None),
    "dates before 1970 and after 2262": (
        beside(pd.Series(np.array(["1500-01-01", "3000-06-01", "1969-12-31"], "M8[s]")[np.arange(N) % 3])),
        Y,
        None,
    ),
    "dates in a zone": (beside(pd.date_range("2024-03-30", periods=N, freq="h", tz="Europe/Oslo")), Y, None),
    "durations": (beside(pd.to_timedelta(RNG.integers(0, 10**6, N), unit="s")), Y, None),
    "periods": (beside(pd.period_range("2024-01", periods=N, freq="M")), Y, r"'odd' has the dtype period"),
    "intervals": (beside(pd.cut(NORMAL, 3)), Y, r"'odd' has the dtype interval"),
    "unused categories": (beside(pd.Categorical(["a", "b"] * 60, categories=list("zyxab"))), Y, None),
    "text, numbers and booleans": (beside(objects("a", 1, 1.5, True, "1", None)), Y, None),
    "lists in cells": (beside(objects([1, 2], [2, 3])), Y, r"'odd' holds a list in row 0"),
    "lists of several lengths": (beside(objects([1], None, [2, 3])), Y, r"'odd' holds a list in row 0"),
    "bytes": (beside(objects(b"a", b"b")), Y, r"'odd' .*row 0"),
    "emoji and long text": (beside(objects("☕", "x" * 5000, "")), Y, None),
    "names that are emoji, numbers and blank": (
        pd.DataFrame({"☕": NORMAL, 0: NORMAL, "": NORMAL, "a\nb": NORMAL}),
        Y,
        None,
    ),
    "a name twice": (pd.DataFrame(RNG.normal(size=(N, 2)), columns=["a", "a"]), Y, r"'a' occurs more than once"),
    "names of two levels": (
        pd.DataFrame(RNG.normal(size=(N, 2)), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
        Y,
        r"\('a', 1\) is a tuple; name columns by text",
    ),
    "an index of dates, repeated": (many(2).set_index(pd.DatetimeIndex(["2024-01-01"] * N)), Y, None),
    "every row the same but one": (beside([0] * (N - 1) + [1]), Y, None),
    "complex": (beside(NORMAL * 1j), Y, r"(?i)complex"),
    "unsigned beyond 2**63": (beside(RNG.integers(2**63, 2**64, N, dtype=np.uint64)), Y, None),
    "whole numbers beyond 64 bits": (beside(objects(2**70, 2**71)), Y, r"'odd' holds the numbers .* 64 bits"),
    "labels with gaps": (many(2), pd.Series([None, "a", "b"] * 40), r"label is missing in row 0"),
    "labels of several types": (many(2), objects("a", 1), r"mixed types \(int, str\)"),
}

# Columns of numbers that overflow, vanish, or have no mean.
HOSTILE = {
    "the largest": np.where(Y, 1.7976931348623157e308, -1.7976931348623157e308),
    "the smallest": np.where(Y, 5e-324, -5e-324),
    "all sizes": np.r_[[0.0, -0.0, 5e-324, 2.2e-308, 1e308, -1e308], NORMAL[6:]],
    "Cauchy": RNG.standard_cauchy(N),
    "Cauchy of Cauchy": np.sinh(np.clip(RNG.standard_cauchy(N) * 10, -700, 700)),
    "one outlier": np.r_[1e300, NORMAL[1:]],
    "a hair apart": 1.0 + np.spacing(1.0) * RNG.integers(0, 9, N),
    "a hair apart and far away": 1e16 + 2.0 * RNG.integers(0, 9, N),
    "almost constant": np.r_[1e-12, np.zeros(N - 1)],
    "two values": np.where(Y, 1e-300, 1e300),
    "exponents": 10.0 ** RNG.uniform(-300, 300, N),
    "float32 at its end": np.where(Y, 3.4028235e38, -3.4028235e38).astype(np.float32),
    "float16 at its end": np.where(Y, 65504, 6e-8).astype(np.float16),
    "int64 at its ends": np.where(Y, 2**63 - 1, -(2**63)),
    "int8 at its ends": np.where(Y, 127, -128).astype(np.int8),
    "many whole numbers": RNG.integers(-(2**63), 2**63 - 1, N),
    "mostly missing": np.where(np.arange(N) < 3, NORMAL, np.nan),
    "signed zeros": np.where(Y, 0.0, -0.0),
}
INFINITE = {"infinity": np.inf, "minus infinity": -np.inf}


SLOW = {"two thousand columns": pytest.mark.slow}


@pytest.mark.promise("hard tables")
@pytest.mark.parametrize(
    ("X", "y", "refusal"), [pytest.param(*case, id=name, marks=SLOW.get(name, ())) for name, case in HARD.items()]
)
def test_a_hard_table_trains_or_is_refused_by_name(X, y, refusal):
    if refusal is None:
        augmenter = trained(X, y)
        made, labels = sampled(augmenter)
        assert_possible(made, X.reset_index(drop=True), augmenter.model_.encoder)
        assert set(np.asarray(labels).tolist()) <= set(np.asarray(y).tolist())
    else:
        with pytest.raises(DataError, match=refusal) as caught:
            trained(X, y)
        assert str(caught.value).endswith((".", ")"))


@pytest.mark.promise("hostile numbers")
@pytest.mark.parametrize("filters", [None, "auto"], ids=["unfiltered", "filtered"])
@pytest.mark.parametrize("column", HOSTILE.values(), ids=HOSTILE)
def test_hostile_numbers_give_possible_ones(column, filters):
    X = beside(column)
    augmenter = trained(X, filters=filters)
    assert all(tensor.isfinite().all() for tensor in augmenter.model_.generator.state_dict().values())
    made, _ = sampled(augmenter)
    assert_possible(made, X, augmenter.model_.encoder)
    assert np.isfinite(made["odd"].dropna().to_numpy(dtype=float)).all()


@pytest.mark.promise("hostile numbers")
@pytest.mark.parametrize("value", INFINITE.values(), ids=INFINITE)
def test_infinite_numbers_are_refused_by_column_and_row(value):
    with pytest.raises(DataError, match=r"'odd' holds an infinite value .*row 4"):
        trained(beside(np.r_[NORMAL[:4], value, NORMAL[5:]]))


@pytest.mark.promise("possible rows")
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_ten_thousand_samples_of_a_table_of_real_life_are_possible(table, attempt):
    X = table()
    y = np.arange(len(X)) % 3 // 2
    augmenter = trained(X, y, filters="auto", column_kinds={"zip": "category"} if "zip" in X else None)
    made, labels = sampled(augmenter, 10_000)
    attempt(len(made))
    assert_possible(made, X, augmenter.model_.encoder)
    assert set(labels.tolist()) <= {0, 1}
