"""Columns come apart into plain arrays, and together again as they were."""

from __future__ import annotations

import datetime
import decimal
import json
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import frames, unhurried

from ganaug.data.dtypes import as_plain, describe_dtype, factorise, restore, split
from ganaug.errors import DataError

DAYS = pd.to_datetime(["2020-02-29 00:00:00.0", "1999-12-31 23:59:59.123456", "2020-02-29 00:00:00.0"])
ARROW_DAYS = pa.array([1, 7, 1], pa.int32()).cast(pa.date32())

WHOLE = {
    **{name: pd.Series([1, 0, 100], dtype=name) for name in ("int8", "int16", "int32", "int64", "uint8", "uint64")},
    "int64 ends": pd.Series([-(2**63), 2**63 - 1, 2**53 + 1]),
    "uint64 ends": pd.Series([2**64 - 1, 0, 2**63], dtype="uint64"),
    **{name: pd.Series([0.1, -3e38, 1e-38], dtype=name) for name in ("float32", "float64")},
    "float16": pd.Series([0.1, -6e4, 1e-7], dtype="float16"),
    "float64 ends": pd.Series([1.7e308, -1.7e308, 5e-324]),
    "other byte order": pd.Series(np.array([1.5, 2.5, -1.0], dtype=">f8")),
    "other byte order, unsigned": pd.Series(np.array([2**64 - 1, 0, 1], dtype=">u8")),
    "bool": pd.Series([True, False, True]),
    "text": pd.Series(["a", "☕", ""]),
    "timedelta": pd.Series(DAYS - DAYS[0]),
    "category of booleans": pd.Series([True, False, True], dtype="category"),
    "category of floats": pd.Series([0.5, 1.0, 0.5], dtype="category"),
    "category of large numbers": pd.Series([2**64 - 1, 0, 0]).astype("category"),
    "category of mixed things": pd.Series(["1", 1, "1"], dtype="category"),
}
WITH_GAPS = {
    "float": pd.Series([0.5, None, 2.0]),
    **{name: pd.Series([1, None, 100], dtype=name) for name in ("Int8", "Int64", "UInt64", "Float32", "Float64")},
    "UInt64 end": pd.Series([2**64 - 1, None, 0], dtype="UInt64"),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "string": pd.Series(["a", None, ""], dtype="string"),
    "string in pyarrow": pd.Series(["a", None, ""], dtype=pd.StringDtype("pyarrow")),
    "string in python": pd.Series(["a", None, ""], dtype=pd.StringDtype("python")),
    "default text": pd.Series(["a", None, ""]),
    **{
        str(kind): pd.Series([1, None, 0], dtype=pd.ArrowDtype(kind))
        for kind in (pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_())
    },
    **{str(kind): pd.Series(["a", None, ""], dtype=pd.ArrowDtype(kind)) for kind in (pa.string(), pa.large_string())},
    "arrow timestamp": pd.Series(DAYS).where([True, False, True]).astype(pd.ArrowDtype(pa.timestamp("us"))),
    "arrow zoned": pd.Series(DAYS.tz_localize("UTC")).astype(pd.ArrowDtype(pa.timestamp("ns", "Europe/Oslo"))),
    "arrow date": pd.Series(pd.arrays.ArrowExtensionArray(ARROW_DAYS)),
    "arrow duration": pd.Series(DAYS - DAYS[0]).astype(pd.ArrowDtype(pa.duration("us"))),
    **{f"datetime in {unit}": pd.Series(DAYS.as_unit(unit)).where([True, False, True]) for unit in ("s", "us", "ns")},
    **{
        f"zoned {zone}": pd.Series(DAYS.tz_localize(zone)).where([True, False, True])
        for zone in ("UTC", "Europe/Oslo", ZoneInfo("Asia/Tokyo"), datetime.timezone(datetime.timedelta(hours=-5)))
    },
    "timedelta": pd.Series(DAYS - DAYS[0]).where([True, False, True]),
    "object text": pd.Series(["a", None, "b"], dtype=object),
    "object text with NaN": pd.Series(["a", np.nan, "b"], dtype=object),
    "object text with NA": pd.Series(["a", pd.NA, "b"], dtype=object),
    "object integers": pd.Series([1, None, 2**63 - 1], dtype=object),
    "object large integers": pd.Series([1, None, 2**64 - 1], dtype=object),
    "object floats": pd.Series([1.5, np.nan, 2.0], dtype=object),
    "object booleans": pd.Series([True, None, False], dtype=object),
    "object mixture": pd.Series(["1", None, 1, 1.0, True, 10**30], dtype=object),
    "category": pd.Series(["b", None, "a"], dtype=pd.CategoricalDtype(["z", "b", "a"])),
    "ordered category": pd.Series(["b", None, "a"], dtype=pd.CategoricalDtype(["z", "b", "a"], ordered=True)),
    "category of integers": pd.Series([3, None, 1], dtype=pd.CategoricalDtype([3, 2, 1])),
    "category of dates": pd.Series(pd.Categorical(DAYS)).where([True, False, True]),
    "category of nullable integers": pd.Series([3, None, 1], dtype="Int64").astype("category"),
    "sparse": pd.Series([0.0, np.nan, 1.5], dtype=pd.SparseDtype(float, 0.0)),
    "sparse around NaN": pd.Series([0.0, np.nan, 1.5], dtype=pd.SparseDtype(float)),
}
SAMPLES = [
    pytest.param(column, id=name)
    for name, column in {**WHOLE, **{f"{k}, gaps": v for k, v in WITH_GAPS.items()}}.items()
]
SPARSE_WHOLE = [pytest.param(pd.Series([0, 7, 0], dtype=pd.SparseDtype(t, 0)), id=t) for t in ("int64", "uint8")]


def there_and_back(column):
    description = json.loads(json.dumps(describe_dtype(column), allow_nan=False))
    return restore(*split(column, description), description)


def identical(a, b):
    pd.testing.assert_series_equal(a, b, check_exact=True, check_names=False)
    types = [type(v) for v in b.dropna()]
    if a.dtype == object and set(types) != {int, float}:  # which become numbers of one type
        assert [type(v) for v in a.dropna()] == types
        assert [str(v) for v in a[a.isna()]] == [str(v) for v in b[b.isna()]]


@pytest.mark.parametrize("column", [*SAMPLES, *SPARSE_WHOLE])
def test_every_dtype_comes_back(column):
    identical(there_and_back(column), column)


@pytest.mark.parametrize("column", [*SAMPLES, *SPARSE_WHOLE])
def test_every_dtype_comes_back_without_rows(column):
    identical(there_and_back(column[:0]), column[:0].reset_index(drop=True))


@pytest.mark.parametrize("column", [pytest.param(v, id=k) for k, v in WITH_GAPS.items()])
def test_every_dtype_comes_back_with_nothing_in_it(column):
    gone = column.isna()
    if not gone.any():
        column = column.mask(np.ones(len(column), dtype=bool))
    nothing = column[column.isna()].reset_index(drop=True)
    identical(there_and_back(nothing), nothing)
    description = describe_dtype(nothing)  # what a column of no values is made of: anything under a full mask
    identical(restore(np.full(len(nothing), "", dtype=object), nothing.isna().to_numpy(), description), nothing)


@unhurried
@given(frames())
def test_every_column_comes_back(frame):
    for name in frame:
        identical(there_and_back(frame[name]), frame[name])


@pytest.mark.parametrize("column", SAMPLES)
def test_plain_values_are_numbers_text_or_booleans(column):
    plain, missing = split(column, describe_dtype(column))
    assert plain.dtype.kind in "iufbO" and plain.dtype.itemsize <= 8
    assert missing.tolist() == column.isna().tolist()
    assert {type(v) for v in plain[~missing].tolist()} <= {int, float, bool, str}


def test_rows_are_told_by_position_whatever_the_index():
    column = pd.Series(["a", None, "b"], index=[7, 7, 0], dtype=object)
    assert split(column, describe_dtype(column))[0].tolist() == ["a", None, "b"]


REFUSED = {
    "complex": pd.Series([1j]),
    "period": pd.Series(pd.period_range("2020", periods=2)),
    "interval": pd.Series(pd.interval_range(0, 2)),
    "cut": pd.Series(pd.cut([1, 2, 3], 2)),
    "arrow list": pd.Series([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "arrow decimal": pd.Series([decimal.Decimal(1)], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    "arrow time": pd.Series([datetime.time(1)], dtype=pd.ArrowDtype(pa.time64("us"))),
    "arrow binary": pd.Series([b"a"], dtype=pd.ArrowDtype(pa.binary())),
    "longdouble": pd.Series(np.array([1], dtype=np.longdouble)),
}


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="this platform has no longer double")
@pytest.mark.parametrize("column", REFUSED.values(), ids=REFUSED)
def test_a_dtype_that_cannot_come_back_is_refused_by_name(column):
    with pytest.raises(DataError, match=r"Column 'x' has the dtype .*(convert it|leave the column out)"):
        describe_dtype(column.rename("x"))


def test_an_infinite_category_is_refused_by_name():
    with pytest.raises(DataError, match="Column 'x' has an infinite category"):
        describe_dtype(pd.Series([1.0], dtype=pd.CategoricalDtype([1.0, np.inf]), name="x"))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ([1], "list"),
        ({}, "dict"),
        (b"a", "bytes"),
        (decimal.Decimal("1.5"), "Decimal"),
        (datetime.date(2020, 1, 1), "date"),
        (pd.Timestamp(0), "Timestamp"),
        (1j, "complex"),
        (object, "type"),
        (np.datetime64("2020"), "date"),
    ],
    ids=str,
)
def test_an_exotic_object_is_refused_by_column_row_and_value(cell, name):
    column = pd.Series(["a", None, cell], dtype=object, name="x")
    with pytest.raises(DataError, match=rf"Column 'x' holds a {name} in row 2 \(.*Convert the column, or leave it out"):
        split(column, describe_dtype(column))


@pytest.mark.parametrize("numbers", [[2**64, 1], [-1, 2**63], [-(2**63) - 1, 0], [10**400, 1.5]], ids=repr)
def test_whole_numbers_beyond_64_bits_are_refused_by_name(numbers):
    column = pd.Series(numbers, dtype=object, name="x")
    with pytest.raises(DataError, match=r"Column 'x' holds the numbers .* make it text"):
        split(column, describe_dtype(column))


def test_whole_numbers_beside_fractions_become_fractions():
    column = pd.Series([1, 2.5, None], dtype=object)
    assert [repr(v) for v in there_and_back(column)] == ["1.0", "2.5", "None"]


def test_numpy_scalars_among_objects_become_plain():
    column = pd.Series([np.str_("a"), np.int8(1), np.float32(0.5), np.bool_(True)], dtype=object)
    plain, _ = split(column, describe_dtype(column))
    assert [type(v) for v in plain] == [str, int, float, bool]


CAST = [
    (pd.Series([1, 2]), pd.Series([1.0, 2.0]), [1, 2]),
    (pd.Series([1.5, 2.0]), pd.Series([1, 2]), [1.0, 2.0]),
    (pd.Series([1, 2], dtype="int8"), pd.Series([1, 2]), [1, 2]),
    (pd.Series(["a"]), pd.Series(["a"], dtype="category"), ["a"]),
    (pd.Series(["a"], dtype="category"), pd.Series(["a", None], dtype="string"), ["a", None]),
    (pd.Series(["a"], dtype="category"), pd.Series(["b"], dtype="category"), ["b"]),
    (pd.Series(["a"], dtype=object), pd.Series(["b"], dtype="category"), ["b"]),
    (pd.Series([0.5], dtype="float32"), pd.Series([0.1]), [float(np.float32(0.1))]),
    (pd.Series([0.0], dtype="Sparse[float64]"), pd.Series([2.0]), [2.0]),
    (pd.Series([0.0]), pd.Series([2.0], dtype="Sparse[float64]"), [2.0]),
    (pd.Series(DAYS), pd.Series(DAYS.as_unit("ns")), None),
]


@pytest.mark.parametrize(("trained", "column", "values"), CAST)
def test_a_column_is_split_in_the_dtype_of_training(trained, column, values):
    plain, missing = split(column, describe_dtype(trained))
    expected = split(trained, describe_dtype(trained))[0]
    assert plain.dtype == expected.dtype
    assert [None if gone else v for v, gone in zip(plain.tolist(), missing, strict=True)] == (
        expected.tolist() if values is None else values
    )


@pytest.mark.parametrize(
    ("trained", "column"),
    [
        (pd.Series([1]), pd.Series([1.5])),
        (pd.Series([1]), pd.Series([1.0, None])),
        (pd.Series([1], dtype="int8"), pd.Series([300])),
        (pd.Series([True]), pd.Series(["False"])),
        (pd.Series([1]), pd.Series(["1"])),
        (pd.Series([1.0]), pd.Series(["a"])),
        (pd.Series(DAYS), pd.Series(["2020-01-01"])),
        (pd.Series(DAYS.as_unit("s")), pd.Series(DAYS)),
        (pd.Series(DAYS), pd.Series(DAYS.tz_localize("UTC"))),
        (pd.Series([1], dtype="int64[pyarrow]"), pd.Series(["a"])),
    ],
)
def test_values_that_do_not_fit_the_dtype_of_training_are_refused_by_name(trained, column):
    with pytest.raises(DataError, match=r"Column 'x' was .* in training and is .* now"):
        split(column.rename("x"), describe_dtype(trained))


def test_equal_numbers_of_different_types_are_different_values():
    plain = np.array([1, "1", 1.0, True, 1, None, "1"], dtype=object)
    codes, values = factorise(plain, np.array([v is None for v in plain]))
    assert codes.tolist() == [0, 1, 2, 3, 0, -1, 1]
    assert [(type(v), v) for v in values] == [(int, 1), (str, "1"), (float, 1.0), (bool, True)]


def test_texts_with_odd_characters_are_different_values():
    texts = ["", "\x00", "a", "a\x00", "a\x00b", "\ud800", "\ud801", "'\\ud800'", "é", "e\u0301"]
    codes, values = factorise(np.array([*texts, *texts], dtype=object), np.zeros(2 * len(texts), dtype=bool))
    assert codes.tolist() == [*range(len(texts)), *range(len(texts))] and values == texts


@pytest.mark.parametrize("dtype", ["string[pyarrow]", pd.ArrowDtype(pa.string()), pd.Series([""]).dtype])
def test_text_in_arrow_comes_apart_with_one_object_for_equal_cells_and_none_for_missing_ones(dtype):
    texts = ["é", "a\x00", None, "e\u0301", "", "a", "a\x00b", "a" * 70]
    first, second = pd.Series(texts, dtype=dtype), pd.Series(texts[::-1], dtype=dtype)
    column = pd.concat([first, second, first[:0]])  # of several chunks
    plain, missing = split(column, describe_dtype(column))
    assert plain.tolist() == [*texts, *texts[::-1]]
    assert np.flatnonzero(missing).tolist() == [2, 13]
    if isinstance(column.array, pd.arrays.ArrowExtensionArray):  # objects keep those they came with
        assert len(set(map(id, plain))) == len(texts)


@unhurried
@given(st.lists(st.one_of(st.none(), st.text(max_size=2), st.integers(-2, 2), st.booleans(), st.just(1.0))))
def test_codes_lead_back_to_the_values(cells):
    plain = np.empty(len(cells), dtype=object)
    plain[:] = cells
    codes, values = factorise(plain, plain == None)  # noqa: E711 - each element is compared
    assert len({(type(v), v) for v in values}) == len(values)
    found = [None if code < 0 else values[code] for code in codes]
    assert [(type(v), v) for v in found] == [(type(v), v) for v in cells]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, 2**63], "uint64"),
        ([1.0], "float64"),
        ([True], "bool"),
        (["a"], object),
        ([1, "a"], object),
    ]
    + [([1, 1.0], object), ([1, True], object), ([], object)],
)
def test_listed_values_get_the_array_that_split_gives(values, dtype):
    array = as_plain(values)
    assert array.dtype == dtype
    assert [(type(v), v) for v in array.tolist()] == [(type(v), v) for v in values]
