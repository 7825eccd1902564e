"""Which kind of column each column is, and which ones decide others."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ganaug.errors import DataError, ParameterError
from ganaug.table.columns import MAX_POOL, Category, Number
from ganaug.table.followers import Determined
from ganaug.table.lookups import FactorisedColumn
from ganaug.table.schema import KINDS, fit_encode_columns

N = 200


def rng(seed=0):
    return np.random.default_rng(seed)


def fit_columns(frame, column_kinds=None, categorical=(), identifiers=True):
    """Return the columns and their dtypes."""
    return fit_encode_columns(frame, column_kinds or {}, categorical, identifiers, True, rng())[:2]


def kinds_of(frame, column_kinds=None, categorical=(), identifiers=True):
    return [c.kind for c in fit_columns(frame, column_kinds, categorical, identifiers)[0]]


def kind_of(values, **options):
    return kinds_of(pd.DataFrame({"x": values}), **options)[0]


def gappy(values):
    return pd.Series(values).mask(rng(9).random(len(values)) < 0.2)


INFERRED = {
    "reals": (rng().normal(size=N), "numeric"),
    "reals in float32": (rng().normal(size=N).astype("float32"), "numeric"),
    "whole numbers": (rng().integers(0, 1000, N), "numeric"),
    "nullable numbers": (gappy(rng().integers(0, 1000, N)).astype("Int64"), "numeric"),
    "numbers as objects": (gappy(rng().integers(0, 1000, N).astype(object)), "numeric"),
    "numbers in sparse storage": (pd.Series(rng().normal(size=N)).astype("Sparse[float]"), "numeric"),
    "large numbers": (rng().integers(0, 2**64, N, dtype=np.uint64), "numeric"),
    "few numbers": (rng().integers(0, 30, N), "ordered"),
    "few reals": (rng().integers(0, 4, N) / 2, "ordered"),
    "few numbers, seldom repeated": (rng().integers(0, 30, 60), "numeric"),
    "text": (rng().choice(["a", "b"], N), "category"),
    "text with gaps": (gappy(rng().choice(["a", "b"], N)), "category"),
    "text and numbers": (np.array([1, "a"] * 100, dtype=object), "category"),
    "nullable text": (pd.Series(rng().choice(["a", "b"], N), dtype="string"), "category"),
    "category": (pd.Categorical(rng().choice(["a", "b"], N)), "category"),
    "category of numbers": (pd.Categorical(rng().integers(0, 100, N)), "category"),
    "category of dates": (pd.Categorical(pd.to_datetime(rng().choice(["2020", "2021"], N))), "category"),
    "category of unique text": (pd.Categorical([f"C{i}" for i in range(N)]), "category"),
    "booleans": (rng().random(N) < 0.5, "boolean"),
    "nullable booleans": (gappy(rng().random(N) < 0.5).astype("boolean"), "boolean"),
    "booleans as objects": (gappy(rng().random(N) < 0.5), "boolean"),
    "dates": (pd.Timestamp("2020") + pd.to_timedelta(rng().integers(0, 90, N), unit="D"), "datetime"),
    "zoned dates": (pd.date_range("2020", periods=N, tz="Europe/Oslo"), "datetime"),
    "durations": (pd.to_timedelta(rng().integers(0, 90, N), unit="s"), "datetime"),
    "arrow dates": (pd.Series(pd.date_range("2020", periods=N)).astype("timestamp[us][pyarrow]"), "datetime"),
    "one number": (np.ones(N), "constant"),
    "one word": (["a"] * N, "constant"),
    "nothing": ([None] * N, "constant"),
    "nothing in a number": ([np.nan] * N, "constant"),
    "nothing in a date": (pd.to_datetime([None] * N), "constant"),
    "nothing in a nullable number": (pd.array([None] * N, dtype="Int64"), "constant"),
    "one number or nothing": (gappy(np.ones(N)), "ordered"),
    "one word or nothing": (gappy(["a"] * N), "category"),
    "yes or nothing": (gappy([True] * N), "boolean"),
    "unique text": ([f"C{i}" for i in range(N)], "identifier"),
    "dense keys": (rng().permutation(N), "identifier"),
    "dense keys in int16": (rng().permutation(N).astype("int16"), "numeric"),
    "dense nullable keys": (pd.array(rng().permutation(N), dtype="Int32"), "identifier"),
    "dense keys in arrow": (pd.Series(rng().permutation(N), dtype="int64[pyarrow]"), "identifier"),
    "few unique words": ([f"C{i}" for i in range(19)], "category"),
}


@pytest.mark.parametrize(("values", "kind"), INFERRED.values(), ids=INFERRED)
def test_kinds_are_inferred(values, kind):
    assert kind_of(values) == kind


def test_identifiers_are_looked_for_only_where_wanted():
    assert kind_of(rng().permutation(N), identifiers=False) == "numeric"
    assert kind_of([f"C{i}" for i in range(N)], identifiers=False) == "category"


OVERRIDES = [
    (rng().integers(10_000, 99_999, N), "category"),
    (rng().integers(0, 3, N), "numeric"),
    (rng().integers(0, 3, N), "category"),
    (rng().integers(0, 1000, N), "ordered"),
    (rng().integers(0, 2, N), "boolean"),
    (rng().choice(["yes", "no"], N), "boolean"),
    (rng().permutation(N), "numeric"),
    ([f"C{i}" for i in range(N)], "category"),
    (rng().choice(["yes", "no"], N), "identifier"),
    (rng().integers(0, 10**6, N), "identifier"),
    (pd.date_range("2020", periods=N), "category"),
    (["a"] * N, "category"),
    ([5] * N, "constant"),
    (rng().random(N) < 0.5, "category"),
]


@pytest.mark.parametrize(("values", "kind"), OVERRIDES)
def test_the_user_may_say_another_kind(values, kind):
    assert kind_of(values, column_kinds={"x": kind}) == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_with_nothing_in_it_is_constant_whatever_is_said(kind):
    assert kind_of([None] * N, column_kinds={"x": kind}) == "constant"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", "b"] * 100, "numeric"),
        (["a", "b"] * 100, "ordered"),
        (["1", "2"] * 100, "numeric"),
        ([True, False] * 100, "numeric"),
        (pd.Categorical([1, 2] * 100), "numeric"),
        (pd.Categorical([f"C{i}" for i in range(N)]), "identifier"),
        (np.arange(N), "datetime"),
        (["2020-01-01", "2020-01-02"] * 100, "datetime"),
        (pd.date_range("2020", periods=N), "numeric"),
        (np.arange(N), "boolean"),
        (np.arange(N), "constant"),
        (gappy([5] * N), "constant"),
        (rng().normal(size=N), "identifier"),
        (pd.date_range("2020", periods=N), "identifier"),
        (np.arange(N).astype("int16"), "identifier"),
        (np.array([1, "a"] * 100, dtype=object), "identifier"),
    ],
)
def test_a_kind_that_the_column_cannot_be_is_refused_by_name(values, kind):
    with pytest.raises(ParameterError, match=rf"column_kinds says that 'x' is {kind}, but it holds .* such as"):
        kind_of(values, column_kinds={"x": kind})


def test_unknown_columns_and_kinds_are_refused_by_name():
    with pytest.raises(ParameterError, match=r"column_kinds names the column 'z', which is not in the data.*'x'"):
        kind_of([1, 2], column_kinds={"z": "category"})
    with pytest.raises(ParameterError, match="gives the column 'x' the kind 'text'; it must be one of numeric"):
        kind_of([1, 2], column_kinds={"x": "text"})


def test_columns_named_categorical_are_categories_unless_a_kind_is_said():
    frame = pd.DataFrame({"a": rng().normal(size=N), "b": rng().integers(0, 9, N)})
    assert kinds_of(frame, categorical=["a", "b"]) == ["category", "category"]
    assert kinds_of(frame, {"b": "ordered"}, ["a", "b"]) == ["category", "ordered"]


@pytest.mark.parametrize("cell", [np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float64", "float32", object])
def test_infinite_values_are_refused_by_column_row_and_value(cell, dtype):
    values = pd.Series([1.0, None, cell, 2.0], dtype=dtype)
    with pytest.raises(DataError, match=rf"Column 'x' holds an infinite value \({cell}\) in row 2.*Replace it"):
        kind_of(values)
    with pytest.raises(DataError, match=r"infinite value .* in row 2"):
        kind_of(pd.Series(["a", 1, cell], dtype=object))


# --- columns that decide others ---

CITIES = {"Bern": "CH", "Genf": "CH", "Oslo": "NO", "Rom": "IT"}
CONTINENT = {"CH": 1, "IT": 1, "NO": 2}


def travel(n=N, seed=0):
    city = rng(seed).choice(list(CITIES), n)
    country = [CITIES[c] for c in city]
    return pd.DataFrame({"country": country, "city": city, "zone": [CONTINENT[c] for c in country]})


def test_a_category_that_another_decides_is_looked_up_and_so_is_the_next_in_a_chain():
    frame = travel()
    columns, _ = fit_columns(frame)
    assert [c.kind for c in columns] == ["determined", "category", "determined"]
    assert [columns[0].by, columns[2].by] == [1, 1]
    by_city = dict(zip(columns[1].values, columns[0].values, strict=True))
    assert by_city == CITIES
    assert columns[2].values == [CONTINENT[CITIES[c]] for c in columns[1].values]


def test_two_names_for_one_thing_are_generated_once():
    codes = rng().integers(0, 5, N)
    frame = pd.DataFrame({"code": codes, "name": [f"n{c}" for c in codes], "even": codes % 2 == 0})
    assert kinds_of(frame) == ["ordered", "determined", "determined"]


def test_missing_is_one_of_the_values_that_decide_and_that_are_decided():
    frame = travel()
    frame["city"] = frame["city"].where(frame["city"] != "Oslo", None)
    columns, _ = fit_columns(frame)
    assert isinstance(columns[0], Determined) and columns[0].values[-1] == "NO"
    frame = travel()
    frame["country"] = frame["country"].where(frame["country"] != "NO", None)
    columns, _ = fit_columns(frame)
    assert isinstance(columns[0], Determined)
    assert columns[0].values[columns[1].values.index("Oslo")] is None


def test_a_gap_that_does_not_follow_is_generated():
    frame = travel()
    frame.loc[[3, 50], "country"] = None
    assert kinds_of(frame)[:2] == ["category", "category"]


@pytest.mark.parametrize(("n", "kind"), [(6, "category"), (24, "determined")])
def test_a_look_up_is_no_coincidence(n, kind):
    frame = pd.DataFrame({"city": [*CITIES] * 20, "country": [*CITIES.values()] * 20})[:n]
    assert kinds_of(frame)[1] == kind


def test_a_column_that_is_nearly_always_the_same_follows_from_nothing():
    key = [f"k{i % 40}" for i in range(200)]
    frame = pd.DataFrame({"key": key, "alarm": np.asarray(key) == "k7"})
    assert kinds_of(frame) == ["category", "boolean"]


def test_one_row_that_breaks_the_rule_is_enough():
    frame = travel()
    frame.loc[N - 1, "country"] = "IT" if frame.loc[N - 1, "city"] != "Rom" else "CH"
    assert "determined" not in kinds_of(frame[["country", "city"]])


def test_numbers_and_constants_decide_no_category_but_a_category_decides_numbers():
    frame = travel().assign(one=1)
    frame["population"] = frame["city"].map({c: 1000.5 + 7 * i for i, c in enumerate(CITIES)})
    frame["size"] = rng().normal(size=N)
    kinds = kinds_of(frame, {"population": "numeric"})
    assert kinds == ["determined", "category", "determined", "constant", "determined", "numeric"]


@pytest.mark.parametrize("n_values", [300, MAX_POOL + 300])
def test_a_pooled_category_is_drawn_within_the_one_that_it_decides(n_values):
    street = rng().permutation(np.repeat(np.arange(n_values), 20))
    frame = pd.DataFrame({"street": [f"s{i}" for i in street], "town": street % 7})
    finer, coarser = fit_columns(frame)[0]
    assert finer.pooled and finer.within == 1 and coarser.kind == "ordered"
    towns = coarser.draw_positions(rng(1).integers(0, coarser.n_states, 5000), rng())
    drawn = finer.draw_positions(rng(2).integers(0, finer.n_states, 5000), rng(), towns)
    beside = np.asarray(coarser.values)[towns].tolist()
    assert all(int(finer.values[i][1:]) % 7 == town for i, town in zip(drawn, beside, strict=True))


def test_values_of_their_own_and_pooled_ones_come_within_the_coarser_one_as_often_as_they_did():
    street = np.repeat(np.arange(200), 5 + np.arange(200) % 30)
    frame = pd.DataFrame({"street": [f"s{i}" for i in street], "town": [f"t{i % 3}" for i in street]})
    finer, coarser = fit_columns(frame)[0]
    states = finer.encode(frame["street"].to_numpy(dtype=object), np.zeros(len(frame), dtype=bool), rng())[0]
    towns = coarser.encode(frame["town"].to_numpy(dtype=object), np.zeros(len(frame), dtype=bool), rng())[0]
    many = np.tile(np.arange(len(frame)), 100)
    drawn = finer.draw_positions(states[many], rng(), towns[many])
    found = np.bincount(drawn, minlength=len(finer.values)) / 100
    assert np.abs(found - np.asarray(finer.counts)).max() < 2.5


def rare_beside_common(rare, n=400):
    """Patients of whom each of `rare` is seen once or twice, with a disease and a ward of nobody else."""
    common = [f"p{i % 4}" for i in range(n)]
    seen = [name for i, name in enumerate(rare) for _ in range(1 + i % 2)]
    frame = pd.DataFrame({"patient": [*common, *seen]})
    others = {name: f"disease of {name}" for name in rare}
    frame["disease"] = [others.get(p, {"p0": "cold", "p1": "flu"}.get(p, "none")) for p in frame["patient"]]
    frame["ward"] = [f"ward of {d}" for d in frame["disease"]]
    return frame


@pytest.mark.promise("no training row")
@pytest.mark.parametrize("n_rare", [1, 2, 9])
def test_what_follows_from_a_rare_value_is_not_kept(n_rare):
    columns, _ = fit_columns(rare_beside_common([f"q{i}" for i in range(n_rare)]))
    deciding, *decided = columns
    assert len(deciding.values) == 4 + n_rare and [c.kind for c in decided] == ["determined"] * 2
    assert "disease of" not in str(decided)
    pairs = set(zip(*(column.values for column in decided), strict=True))  # of rare ones as of common ones
    assert pairs == {(disease, f"ward of {disease}") for disease in ("cold", "flu", "none")}
    kept = dict(zip(deciding.values, decided[0].values, strict=True))
    assert [kept[name] for name in ("p0", "p1", "p2", "p3")] == ["cold", "flu", "none", "none"]
    drawn = deciding.draw_positions(np.arange(5000) % deciding.n_states, rng())
    assert {deciding.values[i] for i in drawn} == {"p0", "p1", "p2", "p3"}  # never beside what is not theirs


@pytest.mark.promise("no training row")
def test_what_follows_from_missing_is_not_kept_where_missing_is_rare():
    frame = rare_beside_common(["q"])
    frame["patient"] = frame["patient"].where(frame["patient"] != "q", None)
    deciding, *decided = fit_columns(frame)[0]
    assert deciding.missing and "disease of" not in str(decided)
    assert decided[0].values[-1] in ("cold", "flu", "none")


def test_equal_values_of_different_types_do_not_decide_as_one():
    key = np.array([1, "1"] * 50, dtype=object)
    frame = pd.DataFrame({"key": key, "value": ["a", "b"] * 50})
    columns, _ = fit_columns(frame)
    assert columns[1].kind == "determined"
    assert dict(zip([(type(v), v) for v in columns[0].values], columns[1].values, strict=True)) == {
        (int, 1): "a",
        (str, "1"): "b",
    }


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("n_values", [60, 126, 127, 128, 129, 300])
def test_many_values_are_told_apart(n_values, gap):
    keys = np.tile(np.arange(n_values), 20)
    frame = pd.DataFrame({"key": [f"k{i}" for i in keys], "value": [f"v{i // 2}" for i in keys]})
    if gap:
        frame["key"] = frame["key"].where(keys > 0, None)
    deciding, decided = fit_columns(frame)[0]
    values = decided.values if n_values < 100 else [decided.values[i] for i in deciding.groups]
    found = dict(zip([*deciding.values, "missing"], values, strict=False))
    expected = {f"k{i}": f"v{i // 2}" for i in range(n_values)}
    if gap:
        expected["missing"] = expected.pop("k0")
    assert found == expected


@pytest.mark.parametrize(("n_values", "size"), [(2, 1), (127, 1), (128, 2), (10_000, 2), (40_000, 4)])
def test_codes_take_as_few_bytes_as_will_do(n_values, size):
    codes = FactorisedColumn.from_split(np.arange(n_values + 1), np.arange(n_values + 1) == n_values).codes
    assert codes.itemsize == size
    assert codes.tolist() == [*range(n_values), -1]


@pytest.mark.parametrize(
    ("head", "tail", "kind"),
    [
        ([7], [8], "ordered"),
        ([7], [], "constant"),
        (range(30), [], "ordered"),
        (range(30), [30], "numeric"),
        (range(31), [], "numeric"),
        (["a"], ["b"], "category"),
        ([None], ["a"], "category"),
        ([None], [], "constant"),
    ],
)
def test_what_comes_late_in_a_long_column_counts(head, tail, kind):
    values = [*[*head] * (3000 // len(head)), *tail]
    assert kind_of(values, identifiers=False) == kind
    assert kind_of(values[::-1], identifiers=False) == kind


# --- size ---


def json_values(columns, dtypes):
    text = json.dumps([[c.to_json() for c in columns], dtypes], allow_nan=False)
    return sum(map(text.count, ",[{"))


@pytest.mark.parametrize("numbers", ["reals", "whole"])
@pytest.mark.parametrize("n_columns", [200, 1000])
def test_many_numeric_columns_fit_into_a_model_file(numbers, n_columns):
    draw = rng().normal(size=(2000, n_columns))
    frame = pd.DataFrame(draw if numbers == "reals" else np.round(draw * 80).astype(int))
    columns, dtypes = fit_columns(frame)
    assert {type(c) for c in columns} == {Number}
    assert json_values(columns, dtypes) < 450_000


def test_many_long_categories_fit_into_a_model_file():
    frame = pd.DataFrame({i: rng(i).integers(0, 9000, 10_000).astype(str) for i in range(50)})
    columns, dtypes = fit_columns(frame)
    assert {type(c) for c in columns} == {Category} and all(c.pooled for c in columns)
    assert json_values(columns, dtypes) < 450_000
