"""Which categories a number decides by the band in which it lies, and that they do so in every generated row."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from possible import assert_same_form
from small import quick_augmenter

from ganaug import CollapseWarning, ParameterError
from ganaug.table.bands import _round_date, _round_number
from ganaug.table.description import describe_table
from ganaug.table.encoder import TableEncoder

N = 400


def rng(seed=0):
    return np.random.default_rng(seed)


AGE = rng().integers(18, 95, N)
HEIGHT, WEIGHT = rng(1).integers(150, 200, N), rng(2).integers(50, 120, N)
DAY = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng(3).integers(0, 1500, N), unit="D")
GAPS = rng(5).random(N) < 0.2
PRICE = rng(6).lognormal(3, 1, N).round(2)


def cut(values, edges):
    return pd.Series(pd.cut(values, [-np.inf, *edges, np.inf], labels=False, right=False)).map(
        lambda code: f"band {code}"
    )


DECIDED = {
    "an age group": ({"by": AGE, "band": cut(AGE, [30, 45, 65])}, 4),
    "a boolean": ({"by": AGE, "band": AGE >= 65}, 2),
    "a price class": ({"by": PRICE, "band": cut(PRICE, [10, 20, 50])}, 4),
    "two bands of one category": ({"by": AGE, "band": np.where((AGE < 25) | (AGE >= 65), "reduced", "full")}, 3),
    "a year": ({"by": DAY, "band": DAY.year.astype(str)}, 5),
    "a quarter": ({"by": DAY, "band": DAY.year.astype(str) + "Q" + DAY.quarter.astype(str)}, 17),
    "missing where the number is": (
        {"by": pd.Series(AGE).where(~GAPS), "band": cut(AGE, [30, 65]).where(~GAPS)},
        3,
    ),
    "unknown where the number is missing": (
        {"by": pd.Series(AGE).where(~GAPS), "band": cut(AGE, [30, 65]).where(~GAPS, "unknown")},
        3,
    ),
    "the category first": ({"band": cut(AGE, [30, 45, 65]), "by": AGE}, 4),
}


def fitted(frame, **options):
    return TableEncoder(**options).fit(frame, rng())


def described(encoder):
    return {one["name"]: one for one in describe_table(encoder.to_json())["columns"]}


def generated(encoder, n=2000):
    """Rows of noise: what a generator that has learned nothing would draw."""
    rows = encoder.layout.allocate_rows(n)
    for i, size in enumerate(encoder.layout.segments):
        encoder.layout.put_states(rows, i, torch.from_numpy(rng(i).integers(0, size, n)))
    for i in range(len(encoder.layout.gates)):
        encoder.layout.put_scores(rows, i, torch.from_numpy(rng(99).normal(size=n)))
    return encoder.inverse_transform(rows, 0, 0)


@pytest.mark.parametrize(("columns", "n_bands"), DECIDED.values(), ids=DECIDED)
def test_a_category_follows_the_band_of_a_number_in_every_row(columns, n_bands):
    frame = pd.DataFrame(columns | {"noise": rng(9).normal(size=N)})
    encoder = fitted(frame)
    facts = described(encoder)["band"]
    assert (facts["kind"], facts.get("by"), facts.get("bands")) == ("determined", "by", n_bands)

    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    made = generated(again)
    assert_same_form(made, frame)
    # Each generated number lies where only real rows of its category do, or between two of them.
    known = frame.dropna(subset="by").sort_values("by")
    after = np.searchsorted(known["by"].to_numpy(), made["by"].dropna().to_numpy())
    bands = made.loc[made["by"].notna(), "band"].to_numpy()
    neighbours = [known["band"].to_numpy()[np.clip(after + shift, 0, len(known) - 1)] for shift in (-1, 0)]
    assert np.logical_or(*(bands == beside for beside in neighbours)).all()
    pd.testing.assert_frame_equal(
        encoder.inverse_transform(encoder.transform(frame, rng()), 0, 0)[["band"]], frame[["band"]]
    )


NONE = {
    "one row breaks the band": {"by": AGE, "band": np.where(np.arange(N) == 7, ~(AGE >= 65), AGE >= 65)},
    "equal numbers on both sides": {"by": AGE // 10, "band": np.where(AGE >= 65, "senior", "other")},
    "chance": {"by": AGE, "band": rng(4).choice(["a", "b"], N)},
    "few rows": {"by": AGE[:8], "band": AGE[:8] >= 50},
    "a band for nearly each number": {"by": DAY, "band": DAY.month.astype(str)},
    "two categories where the number is missing": {
        "by": pd.Series(AGE).where(~GAPS),
        "band": cut(AGE, [30, 65]),
    },
}


@pytest.mark.parametrize("columns", NONE.values(), ids=NONE)
def test_what_breaks_or_could_be_chance_is_no_band(columns):
    frame = pd.DataFrame(columns)
    facts = described(fitted(frame.assign(noise=rng(9).normal(size=len(frame)))))
    assert "bands" not in facts["band"]


def test_of_random_columns_none_follows_from_another():
    frame = pd.DataFrame({f"x{i}": rng(i).normal(size=200).round(2) for i in range(20)})
    for i in range(20):
        frame[f"c{i}"] = rng(100 + i).choice(list("abc"), 200)
    assert not any("bands" in facts for facts in described(fitted(frame)).values())


def test_of_several_numbers_the_one_with_the_fewest_bands_decides():
    scrambled = (AGE * 37) % 101
    frame = pd.DataFrame({"scrambled": scrambled, "by": AGE, "band": cut(AGE, [30, 45, 65])})
    assert described(fitted(frame))["band"]["by"] == "by"


def test_a_category_that_follows_another_follows_the_number_too():
    band = cut(AGE, [30, 45, 65])
    encoder = fitted(
        pd.DataFrame({"age": AGE, "band": band, "code": band.str[-1].map({"0": "w", "1": "x", "2": "y", "3": "z"})})
    )
    facts = described(encoder)
    assert (facts["band"]["by"], facts["code"]["by"]) == ("age", "age")
    made = generated(encoder)
    assert (made.groupby("band")["code"].nunique() == 1).all()


def test_a_calculated_number_decides_a_category_too():
    total = HEIGHT + WEIGHT
    frame = pd.DataFrame({"a": HEIGHT, "b": WEIGHT, "total": total, "class": cut(total, [220, 270])})
    facts = described(fitted(frame))
    assert (facts["total"]["kind"], facts["class"]["by"]) == ("calculated", "total")


def test_what_a_number_is_calculated_from_does_not_follow_from_it():
    hour, minute = rng(7).integers(0, 24, N), rng(8).integers(0, 60, N)
    encoder = fitted(pd.DataFrame({"time": 100 * hour + minute, "hour": hour, "minute": minute}))
    assert [column.kind for column in encoder.columns] == ["calculated", "ordered", "numeric"]
    made = generated(encoder)
    assert (made["time"] == 100 * made["hour"] + made["minute"]).all()


def test_relations_can_be_switched_off():
    frame = pd.DataFrame({"by": AGE, "band": AGE >= 65})
    assert described(fitted(frame, relations=False))["band"]["kind"] == "boolean"


def test_conditions_on_a_band_are_met_and_told_when_no_band_has_the_value():
    frame = pd.DataFrame({"age": AGE, "band": cut(AGE, [30, 45, 65]), "x": rng(9).normal(size=N)})
    with pytest.warns(CollapseWarning):
        augmenter = quick_augmenter().fit(frame, np.arange(N) % 2)
    X, _ = augmenter.sample(50, where={"band": ["band 0", "band 2"]}, random_state=0)
    assert X["band"].isin(["band 0", "band 2"]).all() and (X["age"].lt(31) | X["age"].between(45, 65)).all()
    with pytest.raises(ParameterError, match="'band 9' is not among the values that were learned"):
        augmenter.sample(5, where={"band": "band 9"})


# --- where a band begins ---


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (29, 30, 30),
        (27, 33, 30),
        (9.99, 10.01, 10.0),
        (0.13, 0.26, 0.2),
        (-5, 3, 0),
        (-33, -27, -30),
    ],
)
def test_a_band_begins_at_the_roundest_number(low, high, expected):
    found = _round_number(low, high, 1)
    assert found == expected and type(found) is type(high)


@given(st.one_of(st.tuples(*[st.integers(-(2**53), 2**53)] * 2), st.tuples(*[st.floats(-1e300, 1e300)] * 2)))
def test_a_band_begins_above_the_numbers_before_it_and_at_its_own(ends):
    low, high = sorted(ends)
    if low < high:
        assert low < _round_number(low, high, 1) <= high


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("2019-12-30", "2020-01-03", "2020-01-01"),
        ("2020-02-28", "2020-03-02", "2020-03-01"),
        ("2020-02-28", "2020-02-28T07", "2020-02-28T07"),
    ],
)
def test_a_band_of_dates_begins_at_a_year_a_month_or_a_day(low, high, expected):
    seconds = [int(np.datetime64(moment, "s").astype(int)) for moment in (low, high, expected)]
    assert _round_date(*seconds[:2], 86_400) == seconds[2]
