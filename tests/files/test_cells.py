"""Columns of text cells get a type that loses nothing, and are spelled again as they were."""

import math
from datetime import date, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganaug.errors import DataError
from ganaug.files.cells import Reading, parse_cells
from ganaug.files.formatting import format_cells
from ganaug.files.notes import valid_notes

MARKS = (
    *("?", "NA", "N/A", "n/a", "na", "n.a.", "NaN", "nan", "NuLL", "<NA>", "null", "None", "nil", "missing", "Unknown"),
    *("-", "--", ".", "...", "**", "'-", "§", "#N/A", "#div/0!", "#NAME?"),
)

TEXT = pd.Series([""]).dtype


def typed(*cells):
    half = len(cells) // 2  # two chunks, as a long file has many
    return parse_cells(pa.chunked_array([pa.array(cells[:half], pa.string()), pa.array(cells[half:], pa.string())]))


def values(*cells):
    column, _ = typed(*cells)
    return [None if pd.isna(value) else value for value in column.tolist()]


DTYPES = [
    (["1", "-2", "0"], "int64"),
    (["1", "", "3"], "Int64"),
    (["9223372036854775807"], "int64"),
    (["9223372036854775808", "1"], "uint64"),
    (["18446744073709551615", ""], "UInt64"),
    (["-1", "9223372036854775808"], TEXT),  # neither int64 nor uint64 has both
    (["18446744073709551616"], TEXT),
    (["0.1", "-3", "1e-3", "2.", ".5", "1E+05", "-.5"], "float64"),
    (["-0", "1"], "float64"),
    (["inf", "1", "-Infinity"], "float64"),
    (["inf", "inf"], TEXT),
    (["true", "false"], "bool"),
    (["TRUE", "TRUE"], "bool"),
    (["True", "", "False"], "boolean"),
    (["true", "True"], TEXT),
    (["2024-02-29", "2023-12-31"], "datetime64[us]"),
    (["2024-02-29", ""], "datetime64[us]"),
    (["0001-01-01", "9999-12-31"], "datetime64[us]"),
    (["2024-02-29T23:59", "2024-02-29T00:00"], "datetime64[us]"),
    (["2024-02-29 23:59:59", "2024-02-29 00:00:00.5"], "datetime64[us]"),
    (["2024-02-29T23:59:59Z", "2024-02-29T00:00:00.123Z"], "datetime64[us, UTC]"),
    (["2024-02-29 23:59:59+00:00"], "datetime64[us, UTC]"),
    (["2024-02-29 23:59:59+0200"], pd.DatetimeTZDtype("us", timezone(timedelta(hours=2)))),
    (["2024-02-29 23:59:59-05:30"], pd.DatetimeTZDtype("us", timezone(-timedelta(hours=5, minutes=30)))),
    (["", ""], TEXT),
]


@pytest.mark.parametrize(("cells", "dtype"), DTYPES, ids=lambda value: str(value)[:50])
def test_column_gets_the_type_that_all_its_cells_have(cells, dtype):
    column, _ = typed(*cells)
    assert column.dtype == dtype


WORDS = [
    *("00123", "+5", "-05", "1_000", "0x1F", "e5", "1,00,0", "0,5,5", "Q1", "A-1", "v1.2", "--1", "٣", "1.2.3", "-"),
    *(
        "infinite",
        "1\n",
        "00.5",
        "yes",
        "10-20",
        "1/2",
        "(1.0, 2.0)",
        "192.168.100.200",
        "5'11",
        "tRUE",
        "2024-02-30",
        "2024-13-01",
    ),
    *(
        "0000-01-01",
        "2024-01-01T24:00",
        "2024-01-01 12",
        "2024-01-01Z",
        "2024-01-01T12:00:61",
    ),
    *("2024-01-01T12:00+99:00", "2024-01-01 12:00:00.1234567", "2024-01-01  12:00", "2024-01-01\n", "?", "NA", "None"),
]


@pytest.mark.parametrize("word", WORDS)
def test_what_a_type_would_change_stays_text(word):
    column, notes = typed(word, word)
    assert column.dtype == TEXT
    assert column.tolist() == [word, word]
    assert notes == {}


@pytest.mark.parametrize(
    ("sound", "odd"),
    [
        ("1", "x"),
        ("1.5", "001.5"),
        ("true", "yes"),
        ("2024-01-01", "2024-01-01 00:00"),
        ("2024-01-01 00:00", "2024-01-01 00:00:00"),
        ("2024-01-01 00:00", "2024-01-01T00:00"),
        ("2024-01-01T00:00Z", "2024-01-01T00:00"),
        ("2024-01-01T00:00Z", "2024-01-01T00:00+00:00"),
        ("2024-01-01T00:00+01:00", "2024-01-01T00:00+02:00"),
        ("2024-01-01", "2023-02-29"),
        ("18446744073709551616", "NA"),
    ],
)
def test_one_odd_cell_makes_the_whole_column_text(sound, odd):
    assert values(sound, odd, sound, "") == [sound, odd, sound, None]
    assert values(odd, sound) == [odd, sound]


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


def fits(cell):
    """Whether a float makes neither infinity nor zero of a number that is not, nor changes a whole one's digits."""
    exact = Decimal(cell) == Decimal(float(cell)) if cell.lstrip("-").isdigit() else True
    return math.isfinite(float(cell)) and (float(cell) != 0 or Decimal(cell) == 0) and exact


@given(st.lists(NUMBERS, min_size=1))
def test_every_float_equals_pythons_and_what_is_none_stays_text(cells):
    column, _ = typed("0.5", *cells)
    if all(map(fits, cells)):
        assert [value.hex() for value in column.tolist()] == [float(cell).hex() for cell in ["0.5", *cells]]
    else:
        assert column.tolist() == ["0.5", *cells]


@pytest.mark.parametrize("cell", ["1e999", "-1e999", "1e-999", "0.001e-322", "17e3080"])
def test_numbers_beyond_float_stay_as_they_are_written(cell):
    assert values(cell, "1.5", "") == [cell, "1.5", None]


def test_zeros_and_infinities_that_are_written_as_such_are_read():
    assert values("0e-999", "-0.0", "inf", "1.5") == [0.0, -0.0, math.inf, 1.5]


@pytest.mark.parametrize("cell", ["9007199254740993", "-9007199254740995", "1" + "0" * 22 + "1"])
def test_no_decimal_beside_it_changes_the_digits_of_a_whole_number(cell):
    assert values(cell, "0.5", "") == [cell, "0.5", None]
    assert values(cell, "-inf") == [cell, "-inf"]


def test_large_numbers_that_floats_hold_are_numbers_beside_decimals():
    cells = ["9007199254740992", "-1152921504606846976", "1" + "0" * 22, "9007199254740993.5", "1e300", "inf", "0.5"]
    assert values(*cells) == list(map(float, cells))


def test_large_integers_beside_missing_cells_are_exact():
    assert values("9007199254740993", "", "-9223372036854775808") == [9007199254740993, None, -(2**63)]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    ("cell", "dtype"),
    [("7", "Int64"), ("7.5", "float64"), ("true", "boolean"), ("2024-01-31", "datetime64[us]")],
)
def test_marks_are_missing_beside_typed_cells(mark, cell, dtype):
    column, notes = typed(mark, cell, mark, "")
    assert column.dtype == dtype
    assert column.isna().tolist() == [True, False, True, True]
    assert notes["missing_text"] == mark


@pytest.mark.parametrize(("cells", "expected", "notes"), [
    ([" 39", " 50"], [39, 50], {"padding": [" ", ""]}),
    (["5 ", "7 ", " ? "], [5, 7, None], {"padding": ["", " "], "missing_text": " ? "}),
    (["\t1.50 ", "\t2.25 "], [1.5, 2.25], {"padding": ["\t", " "], "decimals": 2}),
    ([" true", " false", ""], [True, False, None], {"padding": [" ", ""], "boolean_text": ["false", "true"]}),
    (["37.2  ", "1712  ", "9.545 "], [37.2, 1712, 9.545], {"aligned": ["left", 6], "whole": True}),
    (["358", " 72", "  5"], [358, 72, 5], {"aligned": ["right", 3]}),
    (["29.85", " ", "  ", " "], [29.85, None, None, None], {"missing_text": " ", "decimals": 2}),
])  # fmt: skip
def test_blanks_around_all_cells_alike_come_back(cells, expected, notes):
    column, found = typed(*cells)
    assert [None if pd.isna(value) else value for value in column.tolist()] == expected
    assert found == notes
    again = format_cells(column, found)
    assert [one for one, value in zip(again, expected, strict=True) if value is not None] == [
        one for one, value in zip(cells, expected, strict=True) if value is not None
    ]


def test_blanks_around_a_few_cells_make_no_text_of_a_column():
    column, notes = typed(*map(str, range(50)), "7 ", "8\n")
    assert column.dtype == "int64" and column.tolist()[-2:] == [7, 8] and notes == {}
    column, notes = typed(*["April 4th, 2015"] * 30, "May 31st, 2010\n")
    assert column.dtype == "datetime64[us]" and column.iloc[-1] == pd.Timestamp(2010, 5, 31)
    words = [*["word"] * 50, "word "]
    assert typed(*words)[0].tolist() == words


SPELLED = [
    (["$1,234.50", "$5.00", "$-3.25"], [1234.5, 5, -3.25]),
    (["-$5", "$1,200"], [-5, 1200]),
    (["($1,234)", "$5"], [-1234, 5]),
    (["€ 5", "€ 1.000"], [5, 1000]),
    (["1.234,50 €", "99,00 €"], [1234.5, 99]),
    (["1,5", "2,25", "10"], [1.5, 2.25, 10]),
    (["1 234,5", "2,0"], [1234.5, 2]),
    (["1\u00a0234", "7"], [1234, 7]),
    (["1'234.50", "12.00"], [1234.5, 12]),
    (["1’234.50", "12.00"], [1234.5, 12]),
    (["−33.5", "0.5"], [-33.5, 0.5]),
    (["5.5 °C", "−3.0 °C"], [5.5, -3]),
    (["1,989.05-", "280.07"], [-1989.05, 280.07]),
    (["80.50-", "7.25"], [-80.5, 7.25]),
    (["27.80%", "3.10%"], [27.8, 3.1]),
    (["861.0 kg", "12.5 kg", "7.0 kg"], [861, 12.5, 7]),
    (["100mm", "20mm"], [100, 20]),
    (["Rs. 500", "Rs. 1,500"], [500, 1500]),
    (["1,234", "999"], [1234, 999]),
    (["0,123", "5,678"], [0.123, 5.678]),
    (["USD 5", "USD 6"], [5, 6]),
    (["+437.98", "-3.20", "0.00"], [437.98, -3.2, 0]),
    (["+5%", "-12%", "+1%"], [5, -12, 1]),
    (["0 full defects", "12 full defects"], [0, 12]),
    (["7 square kilometres", "1.5 square kilometres"], [7, 1.5]),
]


@pytest.mark.parametrize(("cells", "expected"), SPELLED, ids=[cells[0] for cells, _ in SPELLED])
@pytest.mark.parametrize("mark", [None, "?", " "])
def test_numbers_come_back_in_the_form_in_which_they_were_spelled(cells, expected, mark):
    cells = cells if mark is None else [*cells, mark]
    column, notes = typed(*cells)
    assert column[: len(expected)].tolist() == expected
    assert format_cells(column, notes) == cells
    assert valid_notes({"number_form": {"c": notes["number_form"]}})


DATES = [
    ["02/13/2023 11:20", "12/01/2023 09:05"],
    ["13.02.2023", "01.03.2023"],
    ["9/24/06", "10/1/07"],
    ["2014-7-1", "2014-12-31"],
    ["3/20/2014 2:27 PM", "12/1/2014 11:03 AM"],
    ["3/20/2014 02:27 pm", "12/1/2014 12:03 am"],
    ["14/12/2018 12:41:33", "01/01/2019 00:00:00"],
    ["5 May 2020", "12 Jun 2021"],
    ["May 5, 2020", "June 12, 2021"],
    ["15-Nov-12", "16-Feb-99"],
    ["2023/05/01", "2024/12/31"],
    ["21 Sep, 15", "02 Nov, 15"],
    ["21-SEP-15", "02-NOV-15"],  # Oracle
    ["21SEP2015", "02NOV2015"],  # SAS
    ["21sep2015", "2nov2015"],
    ["21/Sep/2015", "02/Nov/2015"],
    ["Sep 21 2015", "Nov 02 2015"],
    ["2015-Sep-21", "2015-Nov-02"],
    ["21 September, 2015", "2 November, 2015"],
    ["21-SEP-15 08:15:00", "02-NOV-15 18:15:00"],
    ["April 4th, 2015", "May 31st, 2010", "June 11th, 2011", "June 22nd, 2011"],
    ["3rd Jan 2020", "12th Feb 2021"],
    ["Monday, April 6, 2015", "Sunday, May 31, 2015"],
    ["Mon Apr 06 2015", "Sun May 31 2015"],
    ["Mon Apr 06 22:19:45 2015", "Sun May 31 02:00:00 2015"],
    ["Mon Apr 06 22:19:45 +0000 2015", "Sun May 31 02:00:00 +0000 2015"],
    ["Mon, 06 Apr 2015 22:19:45 GMT", "Sun, 31 May 2015 02:00:00 GMT"],
    ["2015-04-06 22:19:45 UTC", "2015-05-31 02:00:00 UTC"],
    ["2015-04-06T22:19:45.0000000", "2015-05-31T02:00:00.0000000"],
    ["13.04.2015 22:19:45.250", "31.05.2015 02:00:00.000"],
    ["20150406 22:19", "20150531 02:00"],
    ["20150406T221945", "20150531T020000"],
    ["04/13/2015 10:19 PM +0200", "05/31/2015 02:00 AM +0200"],
]


@pytest.mark.parametrize("cells", DATES, ids=[cells[0] for cells in DATES])
@pytest.mark.parametrize("mark", [None, "?"])
def test_dates_in_other_orders_come_back_in_their_form(cells, mark):
    cells = cells if mark is None else [*cells, mark]
    column, notes = typed(*cells)
    assert column.dtype == "datetime64[us]"
    assert column[0] == pd.to_datetime(cells[0], dayfirst=cells[0][:2] in ("13", "14")).tz_localize(None)
    assert format_cells(column, notes) == cells
    assert valid_notes({"date_form": {"c": notes["date_form"]}})


@pytest.mark.parametrize("form", ["%d/%m/%y", "%y-%m-%d"])
def test_a_column_of_many_days_has_few_years(form):
    cells = list(pd.date_range("2009-07-01", "2010-06-30", freq="3D").strftime(form))
    column, notes = typed(*cells)
    assert column.min() == pd.Timestamp(2009, 7, 1) and column.max().year == 2010
    assert format_cells(column, notes) == cells


def test_new_dates_have_the_form_of_the_others_unless_it_would_lose_something():
    _, notes = typed("9/24/06", "10/1/07")
    new = pd.Series(pd.to_datetime(["2001-02-03 00:00", "2001-02-03 12:00", "1931-01-01 00:00"]))
    assert format_cells(new, notes) == ["2/3/01", "2001-02-03 12:00:00", "1931-01-01 00:00:00"]


@pytest.mark.parametrize(("cells", "orders"), [
    (["1/2/2020", "3/4/2020"], ["dmy", "mdy"]),
    (["24-01-01", "23-02-03"], ["dmy", "ymd"]),
    (["01.02.03", "02.03.04"], ["dmy", "mdy", "ymd"]),
    ([f"{i:02}/{i:02}/{i:02}" for i in range(1, 13)], ["dmy", "mdy", "ymd"]),
])  # fmt: skip
def test_dates_whose_order_is_not_clear_are_text_until_it_is_said(cells, orders):
    column, notes = typed(*cells)
    assert column.tolist() == cells and notes == {"date_orders": orders}
    for order in orders:
        column, notes = parse_cells(pa.chunked_array([pa.array(cells)]), Reading(order))
        assert column.dtype == "datetime64[us]" and format_cells(column, notes) == cells


@pytest.mark.parametrize("cells", [
    ["02/30/2023", "01/01/2023"], ["13/13/2023", "01/01/2023"], ["1/2/2020", "2020/1/2"], ["1.2.3", "2.3.4"],
    ["3/20/2014 13:27 PM", "3/20/2014 1:27 PM"], ["3/20/2014 0:27 PM", "3/20/2014 1:27 PM"], ["05/1/2020", "5/13/2020"],
    ["5 Mai 2020", "6 Mai 2020"], ["21-SEP-15", "02-Nov-15"], ["31SEP2015", "02NOV2015"],
    ["13/02/2023 25:00", "13/02/2023 23:00"], ["April 4st, 2015", "May 31st, 2010"],
    ["Monday, April 7, 2015", "Sunday, May 31, 2015"], ["2015-04-06 22:19:45 PDT", "2015-01-31 02:00:00 PST"],
])  # fmt: skip
def test_what_is_no_date_stays_text(cells):
    column, notes = typed(*cells)
    assert column.tolist() == cells and notes == {}


def test_zeros_at_the_end_of_some_numbers_do_not_make_text_of_them():
    column, notes = typed("1,033.40", "690", "584.39")
    assert column.tolist() == [1033.4, 690, 584.39] and format_cells(column, notes) == ["1,033.4", "690", "584.39"]


def test_new_numbers_have_the_form_of_the_others():
    _, notes = typed("$1,234.50", "($7.25)")
    assert format_cells(pd.Series([-1e6, 0.5, 12.125]), notes) == ["($1,000,000.00)", "$0.50", "$12.125"]


@pytest.mark.parametrize("cells", [
    ["$5", "€5"], ["5 kg", "6 g"], ["1,000", "1000"], ["1,5", "1.5"], ["12,34", "1,234,567"], ["$5", "6"],
    ["$05", "$06"], ["192.168.100.200", "192.168.101.101"],
    ["1st", "2nd"], ["5 kg 3", "6 kg 3"], ["1.234.5", "2.345.6"], ["+$5", "+$6"], ["--5 kg", "6 kg"],
])  # fmt: skip
def test_numbers_that_differ_in_form_stay_text(cells):
    column, notes = typed(*cells)
    assert column.tolist() == cells and notes == {}


@pytest.mark.parametrize("cells", [[" 5", "6"], [" 5", "6 "], [" 5", "  6"], ["x ", "y "]])
def test_blanks_that_differ_or_belong_to_text_make_text(cells):
    column, notes = typed(*cells)
    assert column.tolist() == cells and notes == {}


@pytest.mark.parametrize("mark", MARKS)
def test_marks_are_words_in_text(mark):
    assert values(mark, "word", "", mark) == [mark, "word", None, mark]


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        (["1", "?", "NA", "?"], {"missing_text": "?"}),
        (["1", "?", "", ""], {}),
        (["1", ""], {}),
        (["0.50", "-12.25", "0.00"], {"decimals": 2}),
        (["0.50", "", "NA"], {"decimals": 2, "missing_text": "NA"}),
        (["0.50", "0.5"], {}),
        (["0.50", "inf"], {}),
        (["5.0", "5"], {}),
        (["22", "0.5", "38"], {"whole": True}),
        (["22", "0.5", "", "1e5"], {"whole": True}),
        (["22", "0.5", "38."], {}),
        (["5.", "6."], {}),
        (["1.5e3", "1.5e3"], {"exponent_form": {"decimals": 1, "letter": "e", "plus": False, "width": 1}}),
        (["True", "False"], {}),
        (["true", "true"], {"boolean_text": ["false", "true"]}),
        (["2024-01-31"], {"datetime_format": "%Y-%m-%d"}),
        (["2024-01-31 12:30"], {"datetime_format": "%Y-%m-%d %H:%M"}),
        (["2024-01-31T12:30:01Z"], {"datetime_format": "%Y-%m-%dT%H:%M:%SZ"}),
        (["2024-01-31T12:30:01", "2024-01-31T12:30:01.5"], {"datetime_format": "%Y-%m-%dT%H:%M:%S.%f", "whole": True}),
        (
            ["2024-01-31 12:30:01.25", "2024-01-31 12:30:01.50"],
            {"datetime_format": "%Y-%m-%d %H:%M:%S.%f", "decimals": 2},
        ),
        (["2024-01-31 12:30-05:00"], {"datetime_format": "%Y-%m-%d %H:%M-05:00"}),
    ],
)
def test_spelling_is_remembered_only_where_it_says_something(cells, notes):
    assert typed(*cells)[1] == notes


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "-2", "0"],
        ["18446744073709551615", ""],
        ["0.50", "-0.00", "", "1234567890123.45"],
        ["5.0", "0.1", "1e+22", "-0.0", "inf", "5e-324", ""],
        ["true", "?", "false", "?"],
        ["FALSE", "TRUE"],
        ["2024-01-31", "", "0001-01-01", "9999-12-31"],
        ["2024-01-31T12:30", "NA"],
        ["2024-01-31 12:30:01.500000", "2024-01-31 12:30:01.000001"],
        ["2024-01-31T12:30:01Z", ""],
        ["2024-01-31 12:30-05:30", "0001-01-01 00:00-05:30"],
        ["2024-01-31 12:30+0200", "0001-01-01 00:00+0200"],
        ["NA", "", "text", "None"],
    ],
    ids=" ".join,
)
def test_column_is_spelled_again_as_it_was(cells):
    assert format_cells(*typed(*cells)) == cells


def test_dates_of_arrow_are_spelled_as_dates():
    day = pd.Series([date(2024, 1, 31), None], dtype=pd.ArrowDtype(pa.date32()))
    assert format_cells(day, {"missing_text": "?"}) == ["2024-01-31", "?"]


@pytest.mark.parametrize(
    "value",
    [[1], (1, 2), {"x": 1}, {1}, b"xy", bytearray(b"xy"), np.arange(2000)],
    ids=lambda value: type(value).__name__,
)
def test_what_no_cell_holds_is_refused_by_column_and_type(value):
    column = pd.Series([None, "x", value], name="odd", dtype=object)
    with pytest.raises(DataError, match=rf"^Column 'odd' holds .* of type {type(value).__name__}, .*; write Parquet"):
        format_cells(column, {})


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([np.nan, np.nan]),
        pd.Series([None, None], dtype="Int64"),
        pd.Series(["x", None, "y"]),
        pd.Series([1, None, "y"], dtype=object),
        pd.Series(["x", None], dtype="category"),
        pd.to_timedelta(pd.Series([1, None]), unit="D"),
    ],
    ids=lambda column: str(column.dtype),
)
def test_no_mark_stands_where_it_would_be_read_as_a_word(column):
    assert "?" not in format_cells(column, {"missing_text": "?"})


FORM = {"before": "$", "after": "", "thousands": ",", "decimal": ".", "negative": "-$"}
SOUND = {
    "missing_text": {"n": "?"},
    "padding": {"n": [" ", ""]},
    "decimals": {"n": 2},
    "whole": {"n": True},
    "number_form": {"n": FORM},
    "date_form": {"d": {"form": "m/d/Y H:M", "padded_date": True, "padded_time": False, "lower": False}},
    "boolean_text": {"b": ["false", "true"]},
    "datetime_format": {"d": "%Y-%m-%dT%H:%M:%S.%f+02:00"},
    "column_order": ["n", "b", "d"],
}
UNSOUND = [
    *({"missing_text": value} for value in (3, [], {"n": 5}, {"n": "5"}, {"n": "=1"}, {"n": None}, {1: "?"})),
    *({"padding": {"n": value}} for value in (" ", [" "], ["", ""], ["x", " "], [" ", 5], ["\n", ""])),
    *({"number_form": {"n": value}} for value in ({}, "$", {**FORM, "thousands": "5"}, {**FORM, "before": "1"})),
    *({"number_form": {"n": {**FORM, name: '"'}}} for name in FORM),
    *({"date_form": {"n": value}} for value in ({}, "m/d/Y", {"form": "%d", "padded_date": True}, {"form": 5})),
    *({"whole": {"n": value}} for value in (1, False, "yes")),
    *({"decimals": value} for value in ([1], {"n": "x"}, {"n": 10**8}, {"n": -1}, {"n": True}, {"n": 2.0})),
    *({"boolean_text": {"b": value}} for value in (5, ["x"], ["true", "false"], [np.zeros(2), "True"], "no")),
    *({"datetime_format": {"d": value}} for value in (5, "%d.%m.%Y", "%Y-%m-%d %H:%M+99:00", "%Y" * 10**6)),
    *({"column_order": value} for value in (3, "nbd", [["n"]], ["n", "n"], [1], {"n": 1})),
    {"mine": 1},
    {5: {"n": 1}},
]


def test_sound_notes_are_those_that_reading_makes():
    assert valid_notes(SOUND) == SOUND
    for cells, notes in [(cells, typed(*cells)[1]) for cells, _ in DTYPES]:
        made = {note: {"c": value} for note, value in notes.items()}
        assert valid_notes(made) == made, cells


@pytest.mark.parametrize("attrs", UNSOUND, ids=lambda attrs: str(attrs)[:50])
def test_notes_of_any_other_form_are_not_sound(attrs):
    assert valid_notes(attrs) == {}


def test_an_unsound_note_takes_no_sound_one_along():
    assert valid_notes({"decimals": {"m": 2, "n": "x"}, "missing_text": 5}) == {"decimals": {"m": 2}}


@given(st.lists(st.floats(allow_nan=False) | st.none(), min_size=1), st.none() | st.integers(1, 20))
def test_no_float_is_rounded_by_its_spelling(numbers, decimals):
    notes = {} if decimals is None else {"decimals": decimals}
    cells = format_cells(pd.Series(numbers, dtype="float64"), notes)
    assert [float(cell).hex() if cell else None for cell in cells] == [
        None if number is None else number.hex() for number in numbers
    ]


@given(st.lists(st.datetimes(), min_size=1), st.sampled_from(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%d/%m/%Y", ""]))
def test_no_time_is_cut_by_its_spelling(moments, form):
    column = pd.Series(np.array(moments, dtype="M8[us]"))
    again, _ = typed(*format_cells(column, {"datetime_format": form}))
    pd.testing.assert_series_equal(again, column)


def test_other_dtypes_are_spelled_by_their_values():
    berlin = pd.Series(pd.to_datetime(["2024-07-01 12:00", "2024-01-01 12:00"])).dt.tz_localize("Europe/Berlin")
    assert format_cells(berlin, {}) == ["2024-07-01 10:00:00Z", "2024-01-01 11:00:00Z"]
    assert format_cells(berlin, {"datetime_format": "%Y-%m-%dT%H:%M+01:00"})[0] == "2024-07-01T11:00+01:00"
    assert format_cells(berlin, {"datetime_format": "%Y-%m-%dT%H:%M"})[0] == "2024-07-01 10:00:00Z"
    fine = pd.Series(np.array(["2024-01-01T00:00:00.000000001"], dtype="M8[ns]"))
    assert format_cells(fine, {}) == ["2024-01-01 00:00:00.000000001"]
    assert format_cells(pd.Series([0.1, np.nan], dtype="float32"), {"missing_text": "?"}) == ["0.1", "?"]
    assert format_cells(pd.Series([0.1, None], dtype="Float64"), {}) == ["0.1", ""]
    assert format_cells(pd.Series(["b", None, "a"], dtype="category"), {}) == ["b", "", "a"]
    numbers = pd.Series(pd.Categorical([2.5, None, 1.0], categories=[1.0, 2.5, 9.0]))
    assert format_cells(numbers, {"decimals": 2}) == ["2.50", "", "1.00"]
    assert format_cells(pd.Series(["x", None, 1, 2.5, True], dtype=object), {}) == ["x", "", "1", "2.5", "True"]
    assert format_cells(pd.Series([None, None], dtype="category"), {}) == ["", ""]


@pytest.mark.parametrize(
    "cells", [["7.05E+11", "2.60E+09"], ["1.5e-7", "3.0e12"], ["-1e05", "2e-10"], ["3.078e-06", "1.560e+100"]]
)
def test_numbers_in_scientific_notation_stay_so(cells):
    column, notes = typed(*cells)
    assert column.tolist() == list(map(float, cells)) and set(notes) == {"exponent_form"}
    assert format_cells(column, notes) == cells
    made = format_cells(pd.Series([123.456, -0.00098765]), notes)
    assert all(
        len(one.lower().split("e")[0].lstrip("-")) == len(cells[0].lower().split("e")[0].lstrip("-")) for one in made
    )


@pytest.mark.parametrize("cells", [["1e5", "200000"], ["1.5e3", "1.25e3"], ["12.5e3", "1.5e3"]])
def test_numbers_that_are_not_alike_in_scientific_notation_get_no_form(cells):
    assert "exponent_form" not in typed(*cells)[1]


@pytest.mark.parametrize(
    "form",
    [
        {"decimals": 2, "letter": "x", "plus": True, "width": 2},
        {"decimals": 99, "letter": "e", "plus": True, "width": 2},
        {"decimals": 2, "letter": "e", "plus": 1, "width": 2},
        "1e5",
    ],
)
def test_forged_exponents_are_dropped(form):
    assert valid_notes({"exponent_form": {"c": form}}) == {}


def test_the_zero_date_of_databases_is_missing():
    column, notes = typed("2021-04-29", "0000-00-00", "2015-07-10")
    assert column.isna().tolist() == [False, True, False] and notes["missing_text"] == "0000-00-00"
    assert format_cells(column, notes) == ["2021-04-29", "0000-00-00", "2015-07-10"]


@pytest.mark.parametrize("form", ["%d%m%Y", "%m%d%Y"])
def test_dates_of_eight_digits_with_the_year_at_the_end_come_back(form):
    moments = pd.Series(pd.date_range("1998-12-25", periods=40, freq="11D"))
    cells = moments.dt.strftime(form).tolist()
    column, notes = typed(*cells)
    assert column.tolist() == moments.tolist() and format_cells(column, notes) == cells


def test_eight_digits_that_are_no_dates_stay_codes():
    assert typed(*[f"{i:08}" for i in range(1012000, 1012040)])[0].tolist()[0] == "01012000"  # a serial number
    assert typed("01022020", "03042020")[0].tolist() == ["01022020", "03042020"]  # too few
    same = [f"{day:02}{day:02}2020" for day in range(1, 13)]
    assert typed(*same)[1] == {"date_orders": ["dmy", "mdy"]}
