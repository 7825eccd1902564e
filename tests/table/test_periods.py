"""What a user calls a date: a moment, a day, a month or a year, in one order of day and month."""

from __future__ import annotations

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from small import quick_augmenter

from ganaug import ParameterError
from ganaug.table.periods import UnclearOrderError, find_periods

NAMED = {
    "2021": ("2021-01-01", "2022-01-01"),
    "2021-03": ("2021-03-01", "2021-04-01"),
    "2021-12": ("2021-12-01", "2022-01-01"),
    "2021-03-31": ("2021-03-31", "2021-04-01"),
    "2021-03-31 10:20": ("2021-03-31 10:20", "2021-03-31 10:21"),
    "2021-03-31T10:20:30": ("2021-03-31 10:20:30", "2021-03-31 10:20:31"),
    "2021-03-31 10:20:30.5": ("2021-03-31 10:20:30.5", "2021-03-31 10:20:30.5"),
    "31.3.2021": ("2021-03-31", "2021-04-01"),
    "3/31/21": ("2021-03-31", "2021-04-01"),
    "2021/03/31": ("2021-03-31", "2021-04-01"),
    "5/5/2021 14:00": ("2021-05-05 14:00", "2021-05-05 14:01"),
    "31 March 2021": ("2021-03-31", "2021-04-01"),
    datetime.date(2020, 2, 29): ("2020-02-29", "2020-03-01"),
    pd.Timestamp("2020-02-29"): ("2020-02-29", "2020-02-29"),
    np.datetime64("2020-02-29T12"): ("2020-02-29 12:00", "2020-02-29 12:00"),
    pd.Period("2020Q1"): ("2020-01-01", "2020-04-01"),
}


@pytest.mark.parametrize(("given", "expected"), NAMED.items(), ids=map(str, NAMED))
def test_a_date_is_as_long_as_it_is_precise(given, expected):
    assert find_periods([given]) == [tuple(map(pd.Timestamp, expected))]


@pytest.mark.parametrize(
    ("low", "high"), [("01/03/2021", "31/03/2021"), ("01.03.2021", "31.03.2021"), ("1-3-21", "31-3-21")]
)
def test_both_ends_of_a_range_are_read_in_the_order_that_fits_both(low, high):
    assert [start.isoformat()[:10] for start, _ in find_periods([low, high])] == ["2021-03-01", "2021-03-31"]


def test_the_order_of_the_column_decides_where_several_fit():
    assert [find_periods(["04/03/2021"], order)[0][0].month for order in ("dmy", "mdy")] == [3, 4]
    with pytest.raises(UnclearOrderError, match="dmy or mdy"):
        find_periods(["04/03/2021", "05/03/2021"])


@pytest.mark.parametrize("given", ["soon", "2021-02-30", "31/31/2021", "31/03/2021", "", "2021-13"])
def test_what_is_no_date_is_an_error(given):
    with pytest.raises(ValueError):
        find_periods([given, "03/31/2021"])


def days(n=400):
    r = np.random.default_rng(0)
    day = pd.Timestamp("2021-01-03") + pd.to_timedelta(r.integers(0, 200, n), unit="D")
    return day, day + pd.to_timedelta(r.integers(0, 86_400, n), unit="s")


@pytest.fixture(scope="module")
def augmenter():
    day, seen = days()
    X = pd.DataFrame(
        {
            "day": day,
            "seen": seen,
            "german": day.strftime("%d.%m.%Y"),
            "digits": day.strftime("%Y%m%d").astype(int)[::-1],
            "x": np.arange(len(day)) % 90,
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_augmenter(random_state=0, max_steps=30).fit(X, np.arange(len(day)) % 2)


MET = {
    "a day of a column of moments": ({"seen": "2021-03-31"}, "2021-03-31", "2021-03-31 23:59:59"),
    "days": ({"seen": ("2021-03-01", "2021-03-31")}, "2021-03-01", "2021-03-31 23:59:59"),
    "months": ({"day": ("2021-03", "2021-05")}, "2021-03-01", "2021-05-31"),
    "a year": ({"day": "2021"}, "2021-01-01", "2021-12-31"),
    "one order": ({"day": ("01/03/2021", "31/03/2021")}, "2021-03-01", "2021-03-31"),
    "an open end": ({"seen": ("2021-06", None)}, "2021-06-01", "2099"),
    "two months": ({"day": ["2021-03", "2021-04"]}, "2021-03-01", "2021-04-30"),
    "a day in digits": ({"digits": 20210304}, "2021-03-04", "2021-03-04"),
    "days in digits": ({"digits": (20210301, np.int64(20210331))}, "2021-03-01", "2021-03-31"),
    "the order of the column": ({"german": "04.03.2021"}, "2021-03-04", "2021-03-04"),
}


@pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning", "ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize(("where", "low", "high"), MET.values(), ids=MET)
def test_conditions_on_dates_mean_whole_days_months_and_years(augmenter, where, low, high):
    X, _ = augmenter.sample(30, where=where)
    name = next(iter(where))
    found = pd.to_datetime(X[name].astype(str) if name == "digits" else X[name], dayfirst=name == "german")
    assert found.between(low, high).all()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"day": ("01/03/2021", "05/03/2021")}, "can be read as dmy or mdy; write dates as 2021-03-31"),
        ({"day": "2025"}, r"'2025' did not occur in training; values were from 2021-01-03"),
        ({"day": ("2020", "2020-06")}, "no value in .* occurred in training"),
        ({"digits": 20211301}, "'20211301' is no date; give one such as '2021-03-31'"),
        ({"day": 2021}, "2021 is no date; give one such as '2021-03-31', or a month or year"),
    ],
)
def test_dates_that_cannot_be_met_are_refused_at_once(augmenter, where, message):
    with pytest.raises(ParameterError, match=message):
        augmenter.sample(5, where=where)
