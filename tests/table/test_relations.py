"""Which columns follow from others, and that they do so in every generated row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from possible import assert_possible
from small import quick_augmenter

from ganaug import DataWarning, ParameterError
from ganaug.table.description import describe_table
from ganaug.table.encoder import TableEncoder

N = 400


def rng(seed=0):
    return np.random.default_rng(seed)


def fitted(frame, **options):
    return TableEncoder(**options).fit(frame, rng())


def generated(encoder, n=2000):
    """Rows of noise: what a generator that has learned nothing would draw."""
    states = [rng(i).integers(0, size, n) for i, size in enumerate(encoder.layout.segments)]
    scores = rng(99).normal(size=(n, len(encoder.layout.gates)))
    rows = encoder.layout.allocate_rows(n)
    for i, one in enumerate(states):
        encoder.layout.put_states(rows, i, torch.from_numpy(one))
    for i in range(scores.shape[1]):
        encoder.layout.put_scores(rows, i, torch.from_numpy(scores[:, i]))
    return encoder.inverse_transform(rows, 0, 0)


def found_in(frame, **options):
    """Kind of each column, and its formula, or the column that is not later, where it has one."""
    described = describe_table(fitted(frame, **options).to_json())["columns"]
    return [one.get("formula") or one.get("not_before") or one["kind"] for one in described]


X, Z = rng(1).integers(0, 900, (2, N))
PRICE, WEIGHT = rng(2).uniform(1, 50, (2, N)).round(2)
DAY = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng(3).integers(0, 300, N), unit="D")
LATER = pd.to_timedelta(rng(4).integers(0, 90, N), unit="D")
GAPS = rng(5).random(N) < 0.2

AS_THEY_ARE = ["numeric", "numeric"]
SHARES = rng(9).dirichlet([2, 2, 2], N).T
FORMULAS = {
    "a copy": ({"a": X, "b": X}, ["numeric", "a"]),
    "a copy with the same gaps": ({"a": np.where(GAPS, np.nan, X), "b": np.where(GAPS, np.nan, X)}, ["numeric", "a"]),
    "another unit": ({"inch": PRICE, "cm": (2.54 * PRICE).round(1)}, ["numeric", "2.54 * inch"]),
    "a linear image": ({"c": PRICE, "f": 1.8 * PRICE + 32}, ["numeric", "1.8 * c + 32"]),
    "falling": ({"a": X, "left": 1000 - X}, ["numeric", "-1 * a + 1000"]),
    "the coarser one follows": ({"whole": (PRICE * 10).round(0), "price": PRICE}, ["10 * price", "numeric"]),
    "a sum": ({"a": X, "b": Z, "c": X + Z}, ["numeric", "numeric", "a + b"]),
    "a sum that comes first": ({"c": X + Z, "a": X, "b": Z}, ["a + b", "numeric", "numeric"]),
    "a weighted sum": ({"a": X, "b": Z, "c": 2 * X + 0.5 * Z + 7}, ["numeric", "numeric", "2 * a + 0.5 * b + 7"]),
    "a count of rounded parts": (
        {"n": X + Z, **{name: (part * (X + Z)).round(2) for name, part in zip("abc", SHARES, strict=True)}},
        ["a + b + c", "numeric", "numeric", "numeric"],
    ),
    "a difference": ({"in": X + Z, "out": Z, "left": X}, ["out + left", "numeric", "numeric"]),
    "a product": (
        {"n": X % 31 + 1, "price": PRICE, "total": (X % 31 + 1) * PRICE},
        ["numeric", "numeric", "n * price"],
    ),
    "a rounded ratio": (
        {"kg": WEIGHT, "price": PRICE, "per": (PRICE / WEIGHT).round(3)},
        ["numeric", "numeric", "price / kg"],
    ),
    "a power": ({"r": PRICE, "area": np.pi * PRICE**2}, ["numeric", "3.14159265358979 * r ** 2"]),
    "a root": ({"area": X + 1, "side": np.sqrt(X + 1.0)}, ["numeric", "1 * area ** 0.5"]),
    "days between": ({"from": DAY, "days": LATER.days, "to": DAY + LATER}, ["datetime", "numeric", "from + days"]),
    "a duration": ({"from": DAY, "took": LATER, "to": DAY + LATER}, ["datetime", "datetime", "from + took"]),
    "hours": (
        {"from": DAY, "h": LATER.days * 24, "to": DAY + LATER},
        ["datetime", "numeric", "from + 0.04166667 * h"],
    ),
    "dates in order": ({"from": DAY, "to": DAY + LATER}, ["datetime", "from"]),
    "the later one first": ({"to": DAY + LATER, "from": DAY}, ["from", "datetime"]),
    "later or not yet": ({"from": DAY, "to": (DAY + LATER).where(~GAPS)}, ["datetime", "from"]),
    "the earlier one unknown": ({"from": DAY.where(~GAPS), "to": DAY + LATER}, ["datetime", "from"]),
    "each unknown in rows of its own": (
        {"from": DAY.where(~GAPS), "to": (DAY + LATER).where(~GAPS[::-1])},
        ["datetime", "from"],
    ),
}


@pytest.mark.promise("possible rows")
@pytest.mark.parametrize(("columns", "expected"), FORMULAS.values(), ids=FORMULAS)
def test_what_follows_from_others_is_found_and_holds_in_every_row(columns, expected):
    frame = pd.DataFrame(columns)
    assert found_in(frame) == expected
    encoder = fitted(frame)
    made = generated(encoder)
    assert_possible(made, frame, encoder)
    pd.testing.assert_frame_equal(generated(TableEncoder.from_json(encoder.to_json())), made)


def test_copies_products_and_totals_are_exact():
    columns = {"a": X, "n": X % 31 + 1, "again": X, "price": PRICE, "cost": ((X % 31 + 1) * PRICE).round(2)}
    made = generated(fitted(pd.DataFrame(columns | {"b": Z, "a_b": X + Z})))
    assert (made["a"] == made["again"]).all() and (made["a_b"] == made["a"] + made["b"]).all()
    assert np.allclose(made["cost"], (made["n"] * made["price"]).round(2), rtol=0, atol=1e-9)


COST = (WEIGHT * rng(6).uniform(3, 3.2, N)).round(2)
NONE = {
    "one row breaks the copy": {"a": X, "b": np.r_[X[:-1], X[-1] + 1]},
    "one row breaks the sum": {"a": X, "b": Z, "c": X + Z + (np.arange(N) == 7)},
    "one gap more": {"a": X, "b": np.where(np.arange(N) == 9, np.nan, X)},
    "one date is earlier": {"from": DAY, "to": DAY + LATER - pd.to_timedelta(91 * (np.arange(N) == 3), unit="D")},
    "nearly": {"a": PRICE, "b": PRICE + rng(7).normal(0, 0.1, N).round(2)},
    "dates of other years": {"from": DAY, "to": DAY[::-1] + pd.Timedelta(days=4000)},
    "a ratio that hardly varies": {"kg": WEIGHT, "price": COST, "per": (COST / WEIGHT).round(3)},
    "what is left could be negative": {"a": X % 50, "b": Z % 50, "c": 100 - X % 50 - Z % 50},
    "a rounded sum of few steps": {"a": PRICE % 1, "b": WEIGHT % 1, "c": (PRICE % 1 + WEIGHT % 1).round()},
    "a copy of a number in few rows": {"a": np.where(np.arange(N) < 15, X, 0), "b": np.where(np.arange(N) < 15, X, 0)},
}


@pytest.mark.filterwarnings("ignore:'a' decides other columns")
@pytest.mark.parametrize("columns", NONE.values(), ids=NONE)
def test_what_one_row_contradicts_or_chance_explains_is_no_relation(columns):
    frame = pd.DataFrame(columns)
    assert not {"calculated", "later"} & {column.kind for column in fitted(frame).columns}


@pytest.mark.parametrize("few", [10, 21])
def test_a_few_rows_prove_nothing(few):
    frame = pd.DataFrame({"a": X[:few], "b": X[:few] * 2})
    assert [column.kind for column in fitted(frame, column_kinds={"a": "numeric"}).columns][1] == "numeric"


def test_relations_can_be_switched_off():
    frame = pd.DataFrame({"a": X, "b": X, "city": [f"c{i % 9}" for i in X], "zip": [f"z{i % 18}" for i in X]})
    assert found_in(frame) == ["numeric", "a", "determined", "category"]
    assert found_in(frame, relations=False) == ["numeric", "numeric", "category", "category"]


MOMENT = DAY + pd.to_timedelta(rng(8).integers(0, 86_400, N), unit="s")
CLOCKS = {
    "other units": (DAY.as_unit("s"), (MOMENT + LATER).as_unit("ns")),
    "a day, then a moment": (DAY.date.astype(object), MOMENT + LATER),
    "a moment, then its day or a later one": (MOMENT, (DAY + LATER).date.astype(object)),
    "days as moments": (MOMENT, DAY + LATER),
}


@pytest.mark.promise("possible rows")
@pytest.mark.parametrize(("earlier", "later"), CLOCKS.values(), ids=CLOCKS)
def test_days_and_moments_of_any_unit_stay_in_order(earlier, later):
    frame = pd.DataFrame({"from": earlier, "to": later})
    encoder = fitted(frame)
    assert [column.kind for column in encoder.columns] == ["datetime", "later"]
    made = generated(encoder).apply(lambda column: pd.to_datetime(column).astype("datetime64[ns]"))
    assert (made["from"].dt.floor("D") <= made["to"]).all()
    if not encoder.columns[1].in_days:
        assert (made["from"] <= made["to"]).all()
    assert (made["to"] - made["from"]).max() < pd.Timedelta(days=91)


TO = DAY + LATER
OPEN = {
    "the later one not yet": (DAY, TO.where(TO < "2021-08-01")),
    "the earlier one unknown": (DAY.where(~GAPS), TO),
    "either unknown": (DAY.where(~GAPS), TO.where(~GAPS[::-1])),
}


@pytest.mark.promise("possible rows")
@pytest.mark.parametrize(("earlier", "later"), OPEN.values(), ids=OPEN)
def test_an_order_holds_wherever_both_dates_are_known(earlier, later):
    frame = pd.DataFrame({"from": earlier, "to": later})
    made = generated(fitted(frame), 2000)
    assert not (made["from"] > made["to"]).any()
    assert made["to"].max() <= later.max() and made["to"].notna().any()
    assert (made["to"].notna() & made["from"].isna()).any() == frame["from"].isna().any()


def test_rows_that_break_an_order_can_still_be_encoded():
    encoder = fitted(pd.DataFrame({"from": DAY, "to": DAY + LATER}))
    odd = pd.DataFrame({"from": DAY + pd.Timedelta(days=50), "to": DAY})
    assert len(encoder.transform(odd, rng())) == N


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_conditions_hold_for_columns_that_follow_from_others():
    frame = pd.DataFrame({"a": X, "b": Z, "c": X + Z, "from": DAY, "to": DAY + LATER})
    augmenter = quick_augmenter(random_state=0).fit(frame, np.arange(N) % 2)
    made, _ = augmenter.sample(200, where={"c": (500, 700), "to": ("2021-03-01", "2021-06-30")})
    assert made["c"].between(500, 700).all() and (made["c"] == made["a"] + made["b"]).all()
    assert made["to"].between("2021-03-01", "2021-06-30").all() and (made["from"] <= made["to"]).all()


def homes(n=3000):
    key = rng(8).integers(0, 160, n)
    zips, cities = [f"z{i}" for i in key], [f"c{i % 9}" for i in key]
    return pd.DataFrame({"zip": zips, "city": cities, "x": rng(9).normal(size=n)}), key


@pytest.mark.parametrize(
    "where",
    [{"zip": ["z3", "z150", "z7"]}, {"city": ["c3", "c5"]}, {"zip": ["z3", "z150", "z120"], "city": "c3"}],
    ids=["finer", "coarser", "both"],
)
def test_conditions_on_a_category_and_the_coarser_one_keep_their_pairs(where):
    frame, key = homes()
    augmenter = quick_augmenter(random_state=0).fit(frame, key % 2)
    made, _ = augmenter.sample(300, where=where)
    pairs = set(zip(frame["zip"], frame["city"], strict=True))
    assert set(zip(made["zip"], made["city"], strict=True)) <= pairs
    assert all(made[name].isin(np.atleast_1d(values)).all() for name, values in where.items())


def test_a_pair_that_never_was_is_refused_at_once():
    frame, key = homes()
    augmenter = quick_augmenter(random_state=0).fit(frame, key % 2)
    with pytest.raises(ParameterError, match=r"No row can meet where=.*no value of 'city' meets all"):
        augmenter.sample(5, where={"zip": "z3", "city": "c4"})


def products(n=3000):
    key, n_items = rng(8).integers(0, 250, n), rng(9).integers(1, 9, n)
    price = rng(10).choice(np.arange(1, 60), 250)[key] - 0.01
    return pd.DataFrame(
        {"product": [f"P{i}" for i in key], "price": price, "n": n_items, "total": n_items * price}
    ), key


def test_one_of_many_products_is_drawn_within_its_price():
    frame, key = products()
    encoder = fitted(frame)
    facts = {one["name"]: one for one in describe_table(encoder.to_json())["columns"]}
    assert (facts["product"]["decides"], facts["price"]["kind"], facts["total"]["formula"]) == (
        "price",
        "ordered",
        "price * n",
    )
    pairs = set(zip(frame["product"], frame["price"], strict=True))
    augmenter = quick_augmenter(random_state=0).fit(frame, key % 2)
    for made in (generated(encoder), augmenter.sample(50, where={"price": (10, 12)})[0]):
        assert set(zip(made["product"], made["price"], strict=True)) <= pairs
        assert np.allclose(made["total"], made["price"] * made["n"])
    assert made["price"].between(10, 12).all()


def test_prices_that_are_each_of_few_rows_stay_numbers():
    frame, _ = products(200)
    assert found_in(frame[["product", "price"]]) == ["category", "numeric"]


FORGED = {
    "a circle": {"by": [2]},
    "a part that is not there": {"by": [9]},
    "a negative part": {"by": [-2]},
    "a product of one": {"form": "product"},
    "more factors than parts": {"factors": [1.0, 2.0]},
    "no unit": {"units": [0, 1]},
    "another form": {"form": "cube"},
}


@pytest.mark.parametrize("facts", FORGED.values(), ids=FORGED)
def test_a_forged_formula_is_refused_when_it_is_read(facts):
    schema = fitted(pd.DataFrame({"a": X, "b": Z, "c": X})).to_json()
    schema["columns"][2] |= facts
    with pytest.raises((ValueError, IndexError, TypeError)):
        TableEncoder.from_json(schema)


def test_many_values_that_are_too_rare_to_be_drawn_are_said_and_described():
    key = np.r_[np.arange(300) % 30, np.arange(300, 340)]
    frame = pd.DataFrame(
        {"zip": [f"z{i}" for i in key], "city": [f"c{i % 9}" for i in key], "x": rng().normal(size=340)}
    )
    with pytest.warns(DataWarning, match=r"'zip' decides other columns, and 40 of its 70 values occur once or twice"):
        encoder = fitted(frame)
    described = describe_table(encoder.to_json())["columns"][0]
    assert len(described["not_drawn"]) == 40 and not described["pooled"]
    assert set(generated(encoder)["zip"]) == {f"z{i}" for i in range(30)}


def test_columns_that_hardly_vary_beside_their_size_follow_from_nothing():
    values = 1e9 + np.random.default_rng(0).random(16) / 1e6
    frame = pd.DataFrame({"a": values, "b": values + 0.5, "c": np.arange(16) % 2})
    assert not any(getattr(column, "form", None) == "power" for column in fitted(frame).columns)
