"""Times, durations and moments with changing offsets are spelled again as they were."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganaug.files.clocks import ClockForm, MonthForm, find_clock, find_months, find_zoned
from ganaug.files.notes import valid_notes

CLOCKS = {
    "times": (["09:05:00", "23:59:59"], ClockForm(2, True, 0)),
    "hours and minutes": (["9:05", "11:20"], ClockForm(1, False, 0)),
    "durations": (["102:30:00", "3:04:05"], ClockForm(1, True, 0)),
    "padded durations": (["002:30", "123:04"], ClockForm(3, False, 0)),
    "fractions": (["00:00:01.250", "00:10:00.000"], ClockForm(2, True, 3)),
}


@pytest.mark.parametrize(("texts", "form"), CLOCKS.values(), ids=CLOCKS)
def test_clock_times_are_durations_in_a_form(texts, form):
    column, found = find_clock(texts)
    assert found == form and column.tolist() == [
        pd.Timedelta(text if text.count(":") > 1 else text + ":00") for text in texts
    ]
    assert found.spell(column.astype("int64").tolist()) == texts


@given(st.lists(st.integers(0, 359_999), min_size=1), st.integers(1, 3), st.booleans())
def test_any_duration_is_read_as_it_was_spelled(seconds, width, with_seconds):
    form = ClockForm(width, with_seconds, 0)
    counts = [(second if with_seconds else second // 60 * 60) * 10**6 for second in seconds]
    column, found = find_clock(form.spell(counts))
    assert column.astype("int64").tolist() == counts and found.spell(counts) == form.spell(counts)


@pytest.mark.parametrize(
    "texts", [["9:05", "09:06"], ["12:60"], ["12.30"], ["1:2"], ["1234:00"], [], ["12:30", "noon"]]
)
def test_what_is_no_time_or_in_two_forms_is_none(texts):
    assert find_clock(texts) is None


MONTHS = {
    "Y-m": ["1949-08", "2012-12"],
    "b Y": ["Mar 1976", "May 1980"],
    "B-Y": ["November-2012", "May-2013"],
    "m/Y": ["01/2020", "12/2021"],
    "b-y": ["Jan-69", "Dec-68"],
}


@pytest.mark.parametrize(("form", "texts"), MONTHS.items(), ids=MONTHS)
def test_months_are_their_first_days_in_a_form(form, texts):
    column, found = find_months(texts)
    assert found == MonthForm(form) and (column.dt.day == 1).all() and found.spell(column) == texts
    assert found.spell(column + pd.Timedelta(days=20)) == texts


@pytest.mark.parametrize("texts", [["1999Q4", "2000Q1"], ["2020-Q2", "2020-Q3"], ["Q1 2020", "Q4 2021"]])
def test_quarters_are_their_first_days_in_a_form(texts):
    column, form = find_months(texts)
    assert column.dt.month.isin([1, 4, 7, 10]).all() and form.spell(column + pd.Timedelta(days=80)) == texts


@pytest.mark.parametrize(
    "texts",
    [
        ["2020-13"],
        ["\u0662\u0660\u0662\u0660-01", "2020-02"],
        ["2020-01", "Jan 2020"],
        ["Foo 2020"],
        ["5/2020"],
        [],
        ["2020"],
        ["2020Q5"],
    ],
)
def test_what_is_no_month_is_none(texts):
    assert find_months(texts) is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"])
@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M%z", "%Y-%m-%dT%H:%M:%S.000%z"])
def test_offsets_that_change_are_those_of_a_zone(zone, form):
    moments = pd.date_range("2022-01-01", "2023-12-31", freq="31h", tz=zone)
    texts = [moment.strftime(form) for moment in moments]
    column, found = find_zoned(texts)
    assert (column == moments.tz_convert("UTC")).all() and found.spell(column) == texts
    with_colon = [text[:-2] + ":" + text[-2:] for text in texts]
    assert find_zoned(with_colon)[1].colon and find_zoned(with_colon)[1].spell(column) == with_colon


@pytest.mark.parametrize(
    "texts",
    [
        ["2020-01-01T00:00:00+01:00", "2020-01-01T00:00:00+05:00"],
        ["2020-01-01T00:00:00+01:00", "2020-07-01T00:00:00+01:00"],
        ["2020-01-01T00:00:00+01:00", "2020-07-01T00:00:00+0200"],
        ["2020-01-01", "2020-07-01"],
    ],
)
def test_offsets_of_no_zone_or_of_one_offset_are_none(texts):
    assert find_zoned(texts * 5) is None


@pytest.mark.parametrize(
    "notes",
    [
        {"clock_form": {"c": {"width": 9, "seconds": True, "decimals": 0}}},
        {"clock_form": {"c": {"width": 1, "seconds": 1, "decimals": 0}}},
        {"clock_form": {"c": "12:00"}},
        {"zoned_form": {"c": {"zone": "Europe/Atlantis", "form": "%Y-%m-%d %H:%M", "decimals": 0, "colon": True}}},
        {"zoned_form": {"c": {"zone": "UTC", "form": "%x", "decimals": 0, "colon": True}}},
        {"zoned_form": {"c": {"zone": "UTC"}}},
        {"month_form": {"c": {"form": "%Y"}}},
    ],
)
def test_unsound_notes_are_left_out(notes):
    assert valid_notes(notes) == {}
