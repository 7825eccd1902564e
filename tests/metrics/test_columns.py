"""Distances between columns and pairs of columns, by hand and against SDMetrics, for every kind of column."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from scipy.stats import ks_2samp
from strategies import frames, unhurried
from toy_table import make_toy_table

from ganaug.errors import DataError
from ganaug.metrics import column_errors, column_figures, pair_errors, pair_figures
from ganaug.metrics.values import column_kind

DAYS = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"])


def error(real, synthetic):
    return column_errors(pd.DataFrame({"a": real}), pd.DataFrame({"a": synthetic}))["a"]


def figure(real, synthetic=None, **options):
    frames = [pd.DataFrame({"a": values}) for values in (real, real if synthetic is None else synthetic)]
    return column_figures(*frames, **options)[0]


# ---- errors of columns ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("real", "synthetic", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0], 0.5),
        ([1, 2, 3, 4], [1, 2, 3, 4], 0.0),
        ([1, 2], [7, 8], 1.0),
        ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, np.nan, np.nan], 1.0),  # half of the values missing, and half too low
        ([1.0, 1.0, np.nan, np.nan], [1.0, 1.0, 1.0, np.nan], 0.25),
        ([np.nan, np.nan], [np.nan, 1.0], 0.5),
        ([np.nan, np.nan], [1.0, 1.0], 1.0),
        (DAYS, DAYS[[0, 1, 0, 1]], 0.5),
        (DAYS.tz_localize("Europe/Oslo"), DAYS[[0, 1, 0, 1]].tz_localize("Europe/Oslo"), 0.5),
        (DAYS - DAYS[0], (DAYS - DAYS[0])[[0, 1, 0, 1]], 0.5),
        (["a", "a", "b", "b"], ["a", "a", "a", "b"], 0.25),
        (["a", "a", "b", None], ["a", "a", "b", "b"], 0.25),
        (["a", "b"], ["c", "d"], 1.0),
        ([True, True, False, False], [True, True, True, True], 0.5),
        ([None, None], [None, None], 0.0),
        ([None, None], ["a", None], 0.5),
        ([np.inf, 1.0], [np.inf, -np.inf], 0.5),
    ],
)
def test_error_of_a_column_by_hand(real, synthetic, expected):
    assert error(real, synthetic) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", ["int8", "float32", "Int64", "Float64", "int64[pyarrow]", "object"])
def test_numbers_are_compared_by_value_whatever_their_dtype(dtype):
    assert error([1, 2, 3, 4], pd.Series([3, 4, 5, 6], dtype=dtype)) == 0.5
    assert error(pd.Series([1, 2, 3, 4], dtype=dtype), [3, 4, 5, 6]) == 0.5


def test_distance_of_numbers_is_that_of_scipy():
    x, y = np.random.default_rng(0).normal(size=(2, 200)).round(1) * [[1], [2]]
    assert error(x, y[:150]) == pytest.approx(ks_2samp(x, y[:150]).statistic)


def test_categories_have_no_order():
    near, far = [1, 2, 3, 4], [1, 2, 3, 9]
    assert error([1, 2, 3, 4], far) == error(near, far) == 0.25
    assert error(pd.Categorical([1, 2, 3]), pd.Categorical([2, 3, 3])) == pytest.approx(1 / 3)
    assert error(["b", "b", "c", "c"], ["a", "b", "c", "c"]) == 0.25


@pytest.mark.parametrize("other", ["object", "category", "string", pd.ArrowDtype(pa.string())])
def test_text_is_compared_by_value_whatever_its_dtype(other):
    assert error(["a", "b", None, "b"], pd.Series(["b", "a", "b", None], dtype=other)) == 0.0


@pytest.mark.parametrize("unit", ["s", "ms", "ns"])
def test_dates_are_compared_by_value_whatever_their_unit(unit):
    assert error(DAYS, DAYS.as_unit(unit)) == 0.0
    assert error(DAYS, DAYS.tz_localize("UTC").as_unit(unit)) == 0.0


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([1, None], dtype=object), "number"),
        (pd.Series([1, "a"], dtype=object), "category"),
        (pd.Series([True, None], dtype=object), "category"),
        (pd.Series([None, None], dtype=object), "category"),
        (pd.Series([DAYS[0].date()], dtype=object), "date"),
        (pd.Series([True, None], dtype="boolean"), "category"),
        (pd.Series([True, None], dtype="bool[pyarrow]"), "category"),
        (pd.Series([1], dtype=pd.ArrowDtype(pa.decimal128(5, 2))), "number"),
        (pd.Series([0.0, 1.0], dtype=pd.SparseDtype(float, 0.0)), "number"),
        (pd.Series(DAYS, dtype=pd.ArrowDtype(pa.date32())), "date"),
        (pd.Series(DAYS - DAYS[0]), "number"),
        (pd.Series([1, 2], dtype="category"), "category"),
        (pd.Series(["a"]), "category"),
    ],
)
def test_kind_of_a_column_is_what_its_values_are(values, kind):
    assert column_kind(values) == kind


def test_columns_may_have_any_name_and_order():
    names = [None, ("a", 1), 3, "a", 0.5]
    real = pd.DataFrame([[1, 2, 3, 4, 5]]).set_axis(pd.Index(names, tupleize_cols=False), axis=1)
    shuffled = real.iloc[:, [4, 2, 0, 3, 1]]
    assert list(column_errors(real, shuffled).values()) == [0.0] * 5
    assert [f["name"] for f in column_figures(real, shuffled)] == [str(name) for name in real.columns]


@pytest.mark.parametrize(
    ("synthetic", "message"),
    [
        (pd.DataFrame({"b": [1]}), "The synthetic table has no column 'a', which the real table has; add it"),
        (pd.DataFrame({"a": []}), "The synthetic table has no rows"),
        (pd.DataFrame(index=[0, 1]), "The synthetic table has no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Column name 'a' occurs twice in the synthetic table; rename"),
        (np.ones((3, 1)), "The synthetic rows are a ndarray; give a pandas.DataFrame"),
        (pd.DataFrame({"a": ["x", "y"]}), "Column 'a' holds numbers in the real table and .* such as 'x' in the other"),
        (pd.DataFrame({"a": DAYS}), "Column 'a' holds numbers in the real table and datetime64"),
    ],
)
@pytest.mark.parametrize("measure", [column_errors, column_figures])
def test_tables_that_do_not_match_are_refused(measure, synthetic, message):
    with pytest.raises(DataError, match=message):
        measure(pd.DataFrame({"a": [1, 2]}), synthetic)


@pytest.mark.parametrize("measure", [pair_errors, pair_figures])
def test_pairs_of_tables_that_do_not_match_are_refused(measure):
    with pytest.raises(DataError, match="The synthetic table has no column 'b'"):
        measure(pd.DataFrame({"a": [1], "b": [1]}), pd.DataFrame({"a": [1]}))


def test_numbers_for_dates_are_refused():
    with pytest.raises(DataError, match="Column 'a' holds dates in the real table and int64 values such as 1"):
        error(DAYS, [1, 2])


def test_cells_that_cannot_be_compared_are_refused():
    with pytest.raises(DataError, match=r"Column 'a' holds values that cannot be compared, such as \[1\]"):
        error(pd.Series([[1], [2]]), ["a", "b"])


def test_errors_agree_with_sdmetrics():
    single = pytest.importorskip("sdmetrics.single_column")
    pairs = pytest.importorskip("sdmetrics.column_pairs")
    real, synthetic = (make_toy_table(seed=seed)[0].astype({"plan": str}) for seed in (0, 1))
    errors = column_errors(real, synthetic)
    assert errors["age"] == pytest.approx(1 - single.KSComplement.compute(real["age"], synthetic["age"]))
    assert errors["plan"] == pytest.approx(1 - single.TVComplement.compute(real["plan"], synthetic["plan"]))
    both = ["plan", "member"]
    expected = 1 - pairs.ContingencySimilarity.compute(real[both], synthetic[both])
    assert pair_errors(real, synthetic)["plan", "member"] == pytest.approx(expected)


# ---- figures of columns --------------------------------------------------------------------------


def test_few_numbers_get_a_bin_each():
    found = figure([0, 1, 1, 5], [0, 0, 5, 5])
    assert found["bins"] == ["0", "1", "5"]
    assert found["edges"] == [-0.5, 0.5, 3.0, 7.0]
    assert (found["real"], found["synthetic"]) == ([0.25, 0.5, 0.25], [0.5, 0.0, 0.5])


def test_whole_numbers_get_bins_of_equally_many():
    found = figure(np.arange(100), max_bins=10)
    assert np.allclose(np.diff(found["edges"]), 10)
    assert found["real"] == pytest.approx([0.1] * 10)
    assert found["bins"][:2] == ["up to 9", "9 to 19"]


def test_outer_bins_take_in_what_lies_beyond():
    values = np.append(np.random.default_rng(0).normal(size=999), 1e6)
    found = figure(values, values * 100)
    assert found["edges"][-1] < 10
    assert sum(found["real"]) == pytest.approx(1)
    assert sum(found["synthetic"]) == pytest.approx(1)
    assert found["synthetic"][-1] > 0.3


def test_rare_categories_are_drawn_as_one():
    found = figure([*"aaabbc", "d", "e"], [*"aaaaaaa", "z"], max_bins=3)
    assert found["bins"] == ["a", "b", "other values"]
    assert found["real"] == [3 / 8, 2 / 8, 3 / 8]
    assert found["synthetic"] == [7 / 8, 0.0, 1 / 8]


def test_other_values_are_shown_only_if_there_are_any():
    assert figure(["a", "b"])["bins"] == ["a", "b"]
    assert figure(["a", "b"], ["a", "c"])["bins"] == ["a", "b", "other values"]


def test_missing_cells_stand_apart():
    found = figure([1.0, np.nan, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0])
    assert found["missing"] == [0.25, 0.0]
    assert found["real"] == [0.25, 0.5]


def test_dates_are_drawn_by_the_day_and_without_edges():
    found = figure(pd.date_range("2020-01-01", periods=100), max_bins=10)
    assert (found["kind"], found["edges"]) == ("date", None)
    assert found["bins"][0] == "up to 2020-01-10"
    assert figure(pd.date_range("2020-01-01", periods=2, freq="h"))["bins"] == [
        "2020-01-01T00:00:00",
        "2020-01-01T01:00:00",
    ]


def test_numbers_are_written_with_the_digits_that_tell_them_apart():
    assert figure([1000.001, 1000.002, 20000.0])["bins"] == ["1000.001", "1000.002", "20000"]


@pytest.mark.parametrize("values", [[np.nan], [5.0], [1e300, 1e300], [5e-324, 1e-323], [0.0, 1.7e308, -1.7e308] * 20])
def test_odd_numbers_can_be_drawn(values):
    found = figure(values, max_bins=4)
    assert len(found["bins"]) == len(found["real"]) == len(found["edges"]) - 1
    assert np.all(np.diff(found["edges"]) > 0)
    assert sum(found["real"]) + found["missing"][0] == pytest.approx(1)


# ---- pairs ---------------------------------------------------------------------------------------


def test_error_of_a_pair_by_hand():
    real = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["p", "p", "q", "q"]})
    synthetic = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["p", "q", "p", "q"]})
    assert column_errors(real, synthetic) == {"a": 0.0, "b": 0.0}
    assert pair_errors(real, synthetic) == {("a", "b"): 0.5}


def test_numbers_are_cut_at_the_real_deciles():
    a = np.arange(1000)
    real, flipped = pd.DataFrame({"a": a, "b": a}), pd.DataFrame({"a": a, "b": a[::-1]})
    assert pair_errors(real, flipped)["a", "b"] == pytest.approx(1.0)
    within = pd.DataFrame({"a": a, "b": a.reshape(10, 100)[:, ::-1].ravel()})  # turned round in each tenth
    assert pair_errors(real, within)["a", "b"] == 0.0


def test_missing_is_a_value_of_a_pair():
    real = pd.DataFrame({"a": ["x", None], "b": [1.0, np.nan]})
    synthetic = pd.DataFrame({"a": ["x", None], "b": [np.nan, 1.0]})
    assert pair_errors(real, synthetic)["a", "b"] == 1.0


def test_a_single_column_has_no_pairs():
    assert pair_errors(pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})) == {}


def test_of_wide_tables_pairs_are_drawn_by_the_seed():
    wide = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (20, 60)))
    first, again, other = (pair_errors(wide, wide, random_state=seed) for seed in (0, 0, 1))
    assert len(first) == len(other) == 780
    assert list(first) == list(again) != list(other)
    assert len({name for pair in first for name in pair}) == 60


def test_the_worst_pairs_are_drawn():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"a": rng.integers(0, 2, 500), "b": rng.integers(0, 2, 500), "c": rng.integers(0, 2, 500)})
    synthetic = real.assign(c=real["a"])
    found = pair_figures(real, synthetic, n=2)
    assert [(f["a"], f["b"]) for f in found] == [("a", "c"), ("b", "c")]
    assert found[0]["error"] == pair_errors(real, synthetic)["a", "c"]
    assert np.abs(np.subtract(found[0]["real"], found[0]["synthetic"])).sum() / 2 == pytest.approx(found[0]["error"])
    assert np.shape(found[0]["real"]) == (len(found[0]["bins_a"]), len(found[0]["bins_b"]))


# ---- any table -----------------------------------------------------------------------------------


@settings(unhurried, max_examples=120)
@given(frames(max_rows=60))
def test_any_table_can_be_measured_and_drawn(frame):
    other = frame.sample(frac=0.7, replace=True, random_state=0) if len(frame) > 1 else frame
    for synthetic in (frame.sample(frac=1, random_state=0), other):
        errors = list(column_errors(frame, synthetic).values()) + list(pair_errors(frame, synthetic).values())
        assert all(0 <= e <= 1 and (synthetic is other or e == 0) for e in errors)
        columns, pairs = column_figures(frame, synthetic), pair_figures(frame, synthetic)
        json.dumps([columns, pairs], allow_nan=False)
        for column in columns:
            for side, missing in zip(("real", "synthetic"), column["missing"], strict=True):
                assert len(column[side]) == len(column["bins"])
                assert sum(column[side]) + missing == pytest.approx(1)
        for pair in pairs:
            assert np.sum(pair["real"]) == pytest.approx(1)
            assert np.sum(pair["synthetic"]) == pytest.approx(1)
