"""`sample(where=...)`: every row meets the conditions, every request ends, the impossible is refused by name."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import numbers, quick_augmenter, same_rows
from small_images import bars

from ganaug import GANAugmenter, ParameterError
from ganaug.augmenter import streams as sampling
from ganaug.augmenter.streams import MixedClassStream, Source
from ganaug.filters import FILTERS, Filter, Judge
from ganaug.modality import Generator

N = 900


def people():
    """(X, y): every kind of column that conditions can be put on, and one that they cannot."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 4, N)
    town = rng.permutation([*rng.integers(0, 3, N - 254), *range(3, 130), *range(3, 130)])
    X = pd.DataFrame(
        {
            "age": rng.integers(17, 91, N),
            "income": np.where(rng.random(N) < 0.2, np.nan, rng.lognormal(10, 0.5, N)),
            "gain": np.where(rng.random(N) < 0.6, 0.0, np.round(rng.gamma(2, 500, N), 2)),
            "sex": rng.choice(["female", "male"], N),
            "city": pd.Series(rng.choice(["Bern", "Oslo", "Rome"], N)).astype(object).mask(rng.random(N) < 0.2, None),
            "level": np.array(["none", "school", "college", "phd"])[level],
            "years": np.array([0, 9, 13, 20])[level],
            "town": np.array([f"town {i:03}" for i in range(130)])[town],
            "member": rng.random(N) < 0.4,
            "since": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, N), unit="D"),
            "zoned": pd.Timestamp("2020-06-01", tz="Europe/Zurich")
            + pd.to_timedelta(rng.integers(0, 9999, N), unit="h"),
            "planet": "Earth",
            "code": [f"id-{i:05}" for i in range(N)],
        }
    )
    return X, np.where(X["age"] + 10 * level > 70, "yes", "no")


@pytest.fixture(scope="module")
def augmenter():
    with pytest.warns(UserWarning, match="'code' names rows"):
        return quick_augmenter(max_steps=30, width=16, batch_size=64).fit(*people())


CONDITIONS = {
    "a number": ({"age": 40}, lambda X: X["age"] == 40),
    "one of numbers": ({"age": [40, 50.0, np.int8(60)]}, lambda X: X["age"].isin([40, 50, 60])),
    "a range, its ends included": ({"age": (30, 40)}, lambda X: X["age"].between(30, 40)),
    "a range of fractions": ({"age": (29.5, 40.5)}, lambda X: X["age"].between(30, 40)),
    "a range open above": ({"income": (30_000, None)}, lambda X: X["income"] >= 30_000),
    "a range open below": ({"income": (None, 20_000.0)}, lambda X: X["income"] <= 20_000),
    "a range open at both ends, so not missing": ({"income": (None, None)}, lambda X: X["income"].notna()),
    "a missing number": ({"income": None}, lambda X: X["income"].isna()),
    "a missing number, as NaN": ({"income": float("nan")}, lambda X: X["income"].isna()),
    "a spike": ({"gain": 0}, lambda X: X["gain"] == 0),
    "all but a spike": ({"gain": (0.01, None)}, lambda X: X["gain"] >= 0.01),
    "a category": ({"sex": "female"}, lambda X: X["sex"] == "female"),
    "one of categories": ({"city": {"Bern", "Rome"}}, lambda X: X["city"].isin(["Bern", "Rome"])),
    "a category or missing": ({"city": ["Bern", None]}, lambda X: (X["city"] == "Bern") | X["city"].isna()),
    "missing": ({"city": pd.NA}, lambda X: X["city"].isna()),
    "a boolean": ({"member": True}, lambda X: X["member"]),
    "a determined value": ({"years": 13}, lambda X: (X["level"] == "college") & (X["years"] == 13)),
    "a range of determined values": ({"years": (9, 13)}, lambda X: X["years"].isin([9, 13])),
    "both sides of a determined pair": (
        {"years": (1, None), "level": ["none", "phd"]},
        lambda X: (X["level"] == "phd") & (X["years"] == 20),
    ),
    "a rare value, that shares a state": ({"town": "town 100"}, lambda X: X["town"] == "town 100"),
    "a frequent and a rare value": (
        {"town": ["town 001", "town 100"]},
        lambda X: X["town"].isin(["town 001", "town 100"]),
    ),
    "dates as text": ({"since": ("2018-01-01", "2018-12-31")}, lambda X: X["since"].dt.year == 2018),
    "a date": ({"since": (datetime.date(2020, 1, 1), None)}, lambda X: X["since"] >= pd.Timestamp("2020-01-01")),
    "a moment in the zone of the column": (
        {"zoned": ("2021-01-01", None)},
        lambda X: X["zoned"] >= pd.Timestamp("2021-01-01", tz="Europe/Zurich"),
    ),
    "a constant": ({"planet": "Earth"}, lambda X: X["planet"] == "Earth"),
    "several columns": (
        {"sex": "male", "age": (30, 60), "member": False, "city": "Bern"},
        lambda X: (X["sex"] == "male") & X["age"].between(30, 60) & ~X["member"] & (X["city"] == "Bern"),
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_every_row_meets_the_conditions(augmenter, case):
    where, meets = CONDITIONS[case]
    X, y = augmenter.sample(40, where=where)
    assert len(X) == len(y) == 40 and meets(X).all()
    assert X.dtypes.equals(people()[0].dtypes)
    X, y = augmenter.sample({"yes": 3, "no": 5}, where=where)
    assert meets(X).all() and pd.Series(y).value_counts().to_dict() == {"yes": 3, "no": 5}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_ranges_between_any_two_values_of_training_are_met(augmenter, data):
    X, _ = people()
    name = data.draw(st.sampled_from(["age", "income", "gain", "since", "years"]))
    values = X[name].dropna().sort_values().to_list()
    low = data.draw(st.integers(0, len(values) * 2 // 3))
    high = data.draw(st.integers(low + len(values) // 4, len(values) - 1))
    rows, _ = augmenter.sample(20, where={name: (values[low], values[high])}, random_state=3)
    assert rows[name].between(values[low], values[high]).all()


def test_rows_with_conditions_are_those_of_the_seed_and_fewer_are_a_prefix(augmenter):
    where = {"sex": "female", "age": (30, 60)}
    many = augmenter.sample(300, where=where, random_state=7)
    few = augmenter.sample(40, where=where, random_state=7)
    assert same_rows((few[0].drop(columns="code"), few[1]), (many[0][:40].drop(columns="code"), many[1][:40]))
    assert not few[0].equals(augmenter.sample(40, where=where, random_state=8)[0])


def test_no_condition_changes_nothing(augmenter):
    assert same_rows(augmenter.sample(30, where={}), augmenter.sample(30))
    assert same_rows(augmenter.sample(30, where=None), augmenter.sample(30))


def test_none_of_no_rows_are_made(augmenter):
    X, y = augmenter.sample(0, where={"age": (30, 40)})
    assert len(X) == len(y) == 0 and X.dtypes.equals(people()[0].dtypes)


def test_what_it_cost_is_known(augmenter):
    augmenter.sample(50, where={"sex": "female", "age": (30, 40)})
    cost = augmenter.conditions_
    assert 50 <= cost["met"] < cost["tried"] and cost["tried"] % Source.block == 0


def test_a_saved_model_takes_the_same_conditions(augmenter, tmp_path):
    augmenter.save(tmp_path / "m.safetensors")
    loaded = GANAugmenter.load(tmp_path / "m.safetensors")
    where = {"age": (30, 40), "since": ("2016-01-01", None), "sex": "male"}
    assert same_rows(augmenter.sample(20, where=where), loaded.sample(20, where=where))


def test_columns_of_an_array_are_named_by_their_number():
    X, y = numbers()
    rows, _ = quick_augmenter(max_steps=300).fit(X, y).sample(10, where={1: (0, 2)})
    assert ((rows[:, 1] >= 0) & (rows[:, 1] <= 2)).all()


class Tilted(Generator):
    """Rows of class 1 lie above zero in nine of ten cases, those of class 0 in one of ten."""

    noise_dim = 1

    def sample(self, z, c, noise):
        sign = torch.where((noise[:, 0] < 0.9) == (c == 1), 1.0, -1.0)
        return torch.stack([sign * z[:, 0].abs(), c.float()], dim=1)


class Above:
    encoder = None

    def accept(self, x):
        return (x[:, 0] > 0).float()

    def refusal(self, x, met, tried):
        return ParameterError(f"{met} of {tried}")


@pytest.mark.parametrize("judged", [False, True])
def test_classes_come_in_the_proportions_in_which_they_meet_the_conditions(monkeypatch, judged):
    # A judge that prefers class 0 by far, and large numbers within a class, moves no class.
    monkeypatch.setitem(FILTERS, "biased", Filter(lambda *_: None, lambda _, s: s.features[:, 0] - 5.0 * s.codes, ""))
    judges = [Judge("biased", (), ())] if judged else []
    source = Source(Tilted(), lambda x: x, judges, 2, conditions=Above())
    x, codes = MixedClassStream(source, [0.5, 0.5], 1).take_with_codes(2000)
    assert (x[:, 0] > 0).all() and torch.equal(x[:, 1].long(), codes)
    assert abs(codes.float().mean() - 0.9) < 0.02
    assert (x[:, 0].mean() > 1.0) == judged  # of |N(0, 1)| the mean is 0.8


def test_a_class_of_which_judges_drop_every_candidate_takes_no_place_from_others(monkeypatch):
    weigh = lambda _, s: torch.where(s.codes == 0, -torch.inf, s.features[:, 0])  # noqa: E731
    monkeypatch.setitem(FILTERS, "against", Filter(lambda *_: None, weigh, ""))
    source = Source(Tilted(), lambda x: x, [Judge("against", (), ())], 2, conditions=Above())
    assert MixedClassStream(source, [0.5, 0.5], 1).take_with_codes(300)[1].all()


def test_a_value_that_shares_a_state_comes_as_often_as_it_should(augmenter):
    where = {"town": [f"town {i:03}" for i in range(130)]}
    several, _ = augmenter.sample(3000, where=where, random_state=0)
    plain, _ = augmenter.sample(3000, random_state=1)
    wanted = ["town 001", *[f"town {i:03}" for i in range(100, 130)]]
    chosen, _ = augmenter.sample(1000, where={"town": wanted}, random_state=2)
    for rows in (several, plain):
        expected = (rows["town"] == "town 001").sum() / rows["town"].isin(wanted).sum()
        assert abs((chosen["town"] == "town 001").mean() - expected) < 0.06


MISTAKES = {
    "a frame": (pd.DataFrame({"sex": ["F"]}), r"'where' parameter of sample must be a mapping of column to condition"),
    "a function": ({"age": lambda age: age > 30}, r"where\['age'\] must be a value, a list of values, or a range"),
    "a slice": ({"age": slice(30, 40)}, r"where\['age'\] must be a value, a list of values, or a range .*Got slice"),
    "no mapping": (["sex"], r"'where' parameter of sample must be a mapping of column to condition.*Got \['sex'\]"),
    "an unknown column": (
        {"agee": 3},
        "where names 'agee', which is no column of the training rows; did you mean 'age'",
    ),
    "a column like none": ({"zzz": 3}, "where names 'zzz'.*the columns are 'age', 'income', 'gain'"),
    "an identifier": (
        {"code": "id-1"},
        r"where\['code'\]: the column identifies rows and gets new values; leave it out",
    ),
    "a misspelt category": (
        {"sex": "femal"},
        r"where\['sex'\]: 'femal' did not occur in training; did you mean 'female'",
    ),
    "a category like none": (
        {"city": "Lima"},
        r"where\['city'\]: 'Lima' did not occur.*values were 'Bern'|'Oslo'|'Rome'",
    ),
    "a number for text": ({"sex": 1}, r"where\['sex'\]: 1 did not occur in training; values were '(fe)?male'"),
    "text for a number": (
        {"age": "40"},
        r"where\['age'\]: '40' did not occur in training; values were from 17 to 90, and none",
    ),
    "a boolean for a number": ({"age": True}, r"where\['age'\]: True did not occur in training"),
    "a single value of fine numbers": (
        {"income": 20_000.123},
        r"where\['income'\]: hardly any row has exactly 20000.123 in a column of such fine numbers; give a range, such "
        r"as \([0-9.]+, [0-9.]+\)",
    ),
    "a number off the grid": ({"age": 40.5}, r"where\['age'\]: 40.5 did not occur in training"),
    "a number out of reach": (
        {"age": 120},
        r"where\['age'\]: 120 did not occur in training; values were from 17 to 90",
    ),
    "a range out of reach": (
        {"age": (100, None)},
        r"where\['age'\]: no value in \(100, None\) occurred in training; .* 17 to 90",
    ),
    "a range the wrong way": ({"age": (40, 30)}, r"the range \(40, 30\) ends before it begins; swap its ends"),
    "a range of three": ({"age": (1, 2, 3)}, r"or a range \(low, high\). Got \(1, 2, 3\) instead"),
    "a range of text": ({"sex": ("a", "f")}, r"where\['sex'\]: a range needs numbers or dates; give a list"),
    "an empty list": ({"sex": []}, r"where\['sex'\] lists no value; name one, or leave the column out"),
    "missing where none was": (
        {"sex": None},
        r"where\['sex'\]: None did not occur in training; values were '(fe)?male'",
    ),
    "a missing number where none was": (
        {"age": None},
        r"where\['age'\]: None did not occur.*from 17 to 90, and none was missing",
    ),
    "no date": (
        {"since": ("soon", None)},
        r"where\['since'\]: 'soon' is no date; give one such as '2021-03-31', or a month or year",
    ),
    "a number for a date": (
        {"since": 2018},
        r"where\['since'\]: 2018 is no date; give one such as '2021-03-31', or a month or year",
    ),
    "a date before all": (
        {"since": (None, "2014-05-01")},
        r"no value in .* occurred in training; values were from 2015-01-0\d.* to 2023",
    ),
    "another constant": (
        {"planet": "Mars"},
        r"where\['planet'\]: 'Mars' did not occur in training; values were 'Earth'",
    ),
    "a pair that never was": (
        {"level": "phd", "years": 9},
        "No row can meet .*no value of '(level|years)' meets all conditions",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_cannot_be_is_refused_by_name(augmenter, case):
    where, message = MISTAKES[case]
    with pytest.raises(ParameterError, match=message):
        augmenter.sample(10, where=where)


def test_conditions_that_hardly_any_candidate_meets_are_refused_with_the_shares(augmenter, monkeypatch):
    monkeypatch.setattr(sampling, "_MOST", 4608)
    X, _ = people()
    low = float(np.sort(X["income"].dropna())[-2])
    message = r"Hardly any row meets .*: \d of 4,608 candidates do. .*alone: .*'income' .*'sex' \d\d.\d%.* Widen one"
    with pytest.raises(ParameterError, match=message):
        augmenter.sample(10, where={"income": (low, None), "sex": "male", "gain": 0, "age": 90})
    with pytest.raises(ParameterError, match=message):
        augmenter.sample(10, "yes", where={"income": (low, None), "sex": "male", "gain": 0, "age": 90})


def test_a_rare_condition_makes_do_with_fewer_candidates(augmenter, monkeypatch):
    monkeypatch.setattr(sampling, "_MANY", 2048)
    X, _ = augmenter.sample(5, where={"town": "town 100"})
    assert (X["town"] == "town 100").all() and augmenter.conditions_["met"] < Source.block


def test_the_label_is_asked_for_by_class_and_the_error_says_so():
    X, y = numbers()
    frame = pd.DataFrame(X, columns=["a", "b"])
    augmenter = quick_augmenter(max_steps=300).fit(frame, pd.Series(y, name="kind"))
    with pytest.raises(ParameterError, match=r"where names 'kind', which is the label; choose classes by y, or n="):
        augmenter.sample(5, where={"kind": 1})


def test_images_take_no_conditions():
    augmenter = quick_augmenter(max_steps=2).fit(*bars())
    with pytest.raises(ParameterError, match="'where' parameter does not apply to image data; leave it out"):
        augmenter.sample(2, where={"x": 1})
