"""Dates, times and decimal numbers as Python objects or Arrow values are learned, and come back in their type."""

from __future__ import annotations

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small import quick_augmenter

from ganaug import DataError, GANAugmenter
from ganaug.table.encoder import TableEncoder

N = 200
R = np.random.default_rng(0)
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(int(k)) for k in R.integers(0, 500, N)]
MOMENTS = [datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=int(k)) for k in R.integers(0, 10**7, N)]
TIMES = [datetime.time(int(h), int(m)) for h, m in zip(R.integers(8, 18, N), R.integers(0, 60, N), strict=True)]
PRICES = [Decimal(int(k)) / 100 for k in R.integers(100, 99_999, N)]
ZONE = datetime.timezone(datetime.timedelta(hours=2))
GAPS = np.arange(N) % 9 == 4


def objects(values):
    return pd.Series(values, dtype=object)


def arrow(values, kind):
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(kind)))


DIGITS = [int(f"{day:%Y%m%d}") for day in DAYS]

COLUMNS = {
    "dates as numbers": pd.Series(DIGITS),
    "dates as nullable numbers": pd.Series(DIGITS, dtype="Int64").mask(GAPS, pd.NA),
    "dates as digits": pd.Series(list(map(str, DIGITS))),
    "dates as digits with gaps": objects(list(map(str, DIGITS))).mask(GAPS, None),
    "dates": objects(DAYS),
    "dates with gaps": objects(DAYS).mask(GAPS, None),
    "moments": objects(MOMENTS),
    "moments in a zone": objects([moment.replace(tzinfo=ZONE) for moment in MOMENTS]),
    "pandas' moments": objects([pd.Timestamp(moment) for moment in MOMENTS]),
    "pandas' moments with gaps": objects([pd.Timestamp(moment) for moment in MOMENTS]).mask(GAPS, pd.NaT),
    "times": objects(TIMES),
    "times with gaps": objects(TIMES).mask(GAPS, None),
    "decimal numbers": objects(PRICES),
    "decimal numbers with gaps": objects(PRICES).mask(GAPS, None),
    "Arrow dates": arrow(DAYS, pa.date32()),
    "Arrow times": arrow(TIMES, pa.time64("us")),
    "Arrow times in seconds": arrow(TIMES, pa.time32("s")),
    "Arrow decimal numbers": arrow(PRICES, pa.decimal128(9, 2)),
    "Arrow decimal numbers with gaps": arrow(
        [None if gap else one for one, gap in zip(PRICES, GAPS, strict=True)], pa.decimal128(9, 2)
    ),
    "wide Arrow decimal numbers": arrow(PRICES, pa.decimal128(38, 20)),
    "Arrow dictionary": arrow(list(R.choice(["a", "b", "c"], N)), pa.dictionary(pa.int32(), pa.string())),
}


@pytest.mark.promise("possible rows")
@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_they_come_back_in_their_type_and_range(column, tmp_path):
    X = pd.DataFrame({"x": np.arange(N) % 50, "it": column})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        augmenter = quick_augmenter(random_state=0).fit(X, np.arange(N) % 2)
        made = augmenter.sample(300)[0]["it"]
        augmenter.save(tmp_path / "m")
        again = GANAugmenter.load(tmp_path / "m").sample(300)[0]["it"]
    pd.testing.assert_series_equal(made, again)
    assert made.dtype == column.dtype
    known, real = made.dropna(), column.dropna()
    assert {type(one) for one in known} == {type(one) for one in real}
    assert min(real) <= min(known) and max(known) <= max(real)
    assert made.isna().any() == column.isna().any()
    if column.isna().any() and column.dtype == object:
        assert {type(one) for one in made[made.isna()]} == {type(one) for one in column[column.isna()]}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_table_comes_back_as_it_was(column):
    frame = pd.DataFrame({"x": np.arange(N) % 50, "it": column})
    encoder = TableEncoder(relations=False).fit(frame, np.random.default_rng(0))
    back = encoder.inverse_transform(encoder.transform(frame, np.random.default_rng(1)), 0, 0)
    assert (back["it"].isna() == frame["it"].isna()).all()
    both = zip(back["it"].dropna(), frame["it"].dropna(), strict=True)
    if isinstance(frame["it"].dropna().iloc[0], datetime.datetime):  # a second among millions is kept to a millionth
        assert all(abs(a - b) < datetime.timedelta(minutes=2) for a, b in both)
    else:
        assert all(a == b for a, b in both)


def test_conditions_on_them_mean_what_they_say():
    X = pd.DataFrame({"day": objects(DAYS), "price": objects(PRICES), "at": objects(TIMES), "x": np.arange(N) % 50})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        augmenter = quick_augmenter(random_state=0).fit(X, np.arange(N) % 2)
    where = {"day": ("2020-03", "2020-12-31"), "price": (Decimal("50.5"), 700), "at": ("09:00", "15:30:00")}
    made, _ = augmenter.sample(20, where=where)
    assert made["day"].between(datetime.date(2020, 3, 1), datetime.date(2020, 12, 31)).all()
    assert made["price"].between(Decimal("50.5"), Decimal(700)).all()
    assert made["at"].between(datetime.time(9), datetime.time(15, 30)).all()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([Decimal("0.12345678901234567890")] * N, "'it' holds .* more digits than floats"),
        (
            arrow([Decimal("0.12345678901234567890")] * N, pa.decimal128(38, 20)),
            "'it' holds .* more digits than floats",
        ),
        (arrow(np.arange(N) + 1, pa.int64()).astype(pd.ArrowDtype(pa.time64("ns"))), "'it' holds times that are finer"),
        ([MOMENTS[0].replace(tzinfo=ZONE), *MOMENTS[1:]], "'it' holds moments in the zones None, UTC"),
        ([datetime.date(2020, 1, 1), Decimal(1)] * (N // 2), "'it' holds a date in row 0"),
    ],
)
def test_what_cannot_come_back_is_refused_with_the_cure(column, message):
    X = pd.DataFrame({"x": np.arange(N) % 50, "it": column if isinstance(column, pd.Series) else objects(column)})
    with pytest.raises(DataError, match=message):
        quick_augmenter().fit(X, np.arange(N) % 2)


@pytest.mark.parametrize(
    "column", [COLUMNS["dates as numbers"], COLUMNS["dates as digits with gaps"]], ids=["numbers", "text"]
)
def test_no_date_of_eight_digits_is_impossible(column):
    X = pd.DataFrame({"x": np.arange(N) % 50, "it": column})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = quick_augmenter(random_state=0).fit(X, np.arange(N) % 2).sample(500)[0]["it"].dropna()
    assert pd.to_datetime(made.astype(str), format="%Y%m%d").between("2020-01-01", "2021-12-31").all()


@pytest.mark.parametrize("dtype", [int, str])
@pytest.mark.parametrize(("form", "step"), [("%Y%m", "MS"), ("%Y%m%d%H%M", "28D7h"), ("%Y%m%d%H%M%S", "28D11s")])
def test_no_month_or_moment_in_digits_is_impossible(form, step, dtype, tmp_path):
    moments = pd.Series(pd.date_range("2015-01-01", periods=40, freq=step).strftime(form).astype(dtype))
    X = pd.DataFrame({"x": np.arange(N) % 50, "it": moments[np.arange(N) % 40].to_numpy()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        augmenter = quick_augmenter(random_state=0).fit(X, np.arange(N) % 2)
    augmenter.save(tmp_path / "m.safetensors")
    made = GANAugmenter.load(tmp_path / "m.safetensors").sample(500)[0]["it"]
    assert made.dtype == X["it"].dtype
    assert pd.to_datetime(made.astype(str), format=form).between("2015-01-01", "2018-04-01").all()


@pytest.mark.parametrize(
    "numbers",
    [
        [20240131] * N,
        np.arange(N) % 60 + 20240131,
        R.integers(19_000_000, 20_999_999, N),
        R.integers(190_000, 209_999, N),
    ],
)
def test_other_numbers_of_as_many_digits_stay_numbers(numbers):
    encoder = TableEncoder().fit(pd.DataFrame({"it": numbers, "x": np.arange(N) % 50}), np.random.default_rng(0))
    assert "objects" not in encoder.container


@pytest.mark.parametrize("kind", ["category", "numeric", "identifier"])
def test_digits_that_the_user_calls_no_dates_are_none(kind):
    frame = pd.DataFrame({"it": sorted(set(DIGITS)), "x": np.arange(len(set(DIGITS))) % 9})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = TableEncoder({"it": kind}).fit(frame, np.random.default_rng(0))
    assert encoder.columns[0].kind == kind and "objects" not in encoder.container
