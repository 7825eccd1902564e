"""Hypothesis strategies: frames of every kind of column that ganaug takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# Drawing a table takes its time, and on a busy machine much of it; how many are drawn is up to the profile.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TEXT = st.text(max_size=6)
WORDS = st.sampled_from(["", "a", "b", "Bern", "São Paulo", "☕", "1", "nan", "None", "x" * 40])
FIRST, LAST = np.datetime64("1900-01-01", "s").astype(int), np.datetime64("2200-01-01", "s").astype(int)


def whole_numbers(dtype):
    """Integers of a dtype: any, or those of everyday life."""
    limits = np.iinfo(dtype)
    return st.one_of(st.integers(int(limits.min), int(limits.max)), st.integers(0, 100))


def real_numbers(width=64):
    """Finite floats: any, or prices."""
    prices = st.integers(-1000, 1000).map(lambda cents: float(np.dtype(f"float{width}").type(cents / 100)))
    return st.one_of(st.floats(allow_nan=False, allow_infinity=False, width=width), prices)


SECONDS = st.integers(int(FIRST), int(LAST))

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.random(n),
    "long tail": lambda rng, n: rng.standard_cauchy(n),
    "two heaps": lambda rng, n: np.where(rng.random(n) < 0.8, 0.0, 1.0) + rng.normal(0, 1e-6, n),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.7, 0.0, rng.lognormal(0, 3, n)),
    "sentinel": lambda rng, n: np.where(rng.random(n) < 0.1, -999.0, rng.random(n)),
    "many digits": lambda rng, n: 1e9 + rng.random(n) / 1e6,
    "rounded": lambda rng, n: np.round(rng.gamma(2, 20, n), 2),
}


@st.composite
def measured(draw, n, largest):
    """`n` floats of a shape that data have, up to the size of `largest`."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = SHAPES[draw(st.sampled_from(sorted(SHAPES)))](rng, n)
    scale = draw(st.sampled_from([1.0, 1.0, 1e-300, 1e3, largest]))
    return values if scale == 1 else values / max(1e-300, np.abs(values).max()) * scale


def _parse_moments(unit):
    return SECONDS.map(lambda s: np.datetime64(s, "s").astype(f"M8[{unit}]"))


def _category(values, ordered=False):
    return lambda cells: pd.Series(
        pd.Categorical(cells, categories=sorted({c for c in cells if c is not None}) + values, ordered=ordered)
    )


def _as(dtype):
    return lambda cells: pd.Series(cells, dtype=dtype)


def _moments_as(dtype, unit):
    return lambda cells: pd.Series(np.asarray(cells, dtype=f"M8[{unit}]")).astype(dtype)


def _zoned(zone):
    return lambda cells: pd.Series(np.asarray(cells, dtype="M8[us]")).dt.tz_localize("UTC").dt.tz_convert(zone)


def _object(cells):
    column = pd.Series(np.empty(len(cells)), dtype=object)
    column[:] = cells
    return column


ARROW = {"ts": pd.ArrowDtype(pa.timestamp("us")), "date": pd.ArrowDtype(pa.date32())}

# name: (values, how cells become a column, mark of missing cells, or ... where the dtype has none)
KINDS = {
    **{dtype: (whole_numbers(dtype), _as(dtype), ...) for dtype in INTEGERS},
    "Int64": (whole_numbers("int64"), _as("Int64"), None),
    "UInt8": (whole_numbers("uint8"), _as("UInt8"), None),
    "int64[pyarrow]": (whole_numbers("int64"), _as("int64[pyarrow]"), None),
    "object integers": (whole_numbers("int64"), _object, None),
    "float64": (real_numbers(), _as("float64"), np.nan),
    "float32": (real_numbers(32), _as("float32"), np.nan),
    "Float64": (real_numbers(), _as("Float64"), None),
    "double[pyarrow]": (real_numbers(), _as("double[pyarrow]"), None),
    "sparse": (st.sampled_from([0.0, 0.0, 1.5, -2.0]), _as(pd.SparseDtype(float, 0.0)), np.nan),
    "bool": (st.booleans(), _as("bool"), ...),
    "boolean": (st.booleans(), _as("boolean"), None),
    "object booleans": (st.booleans(), _object, np.nan),
    "text": (TEXT, _object, None),
    "words": (WORDS, _object, np.nan),
    "default text": (WORDS, pd.Series, None),
    "string": (TEXT, _as("string"), None),
    "string[pyarrow]": (WORDS, _as(pd.ArrowDtype(pa.string())), None),
    "mixed": (st.one_of(WORDS, st.integers(-3, 3), st.booleans(), st.just(1.0)), _object, None),
    "category": (WORDS, _category(["unused"]), None),
    "ordered category": (WORDS, _category(["~"], ordered=True), None),
    "category of integers": (st.integers(0, 9), _category([99]), None),
    "category of dates": (SECONDS.map(lambda s: pd.Timestamp(s, unit="s")), _category([]), None),
    "datetime64[ns]": (_parse_moments("ns"), _moments_as("datetime64[ns]", "ns"), np.datetime64("NaT")),
    "datetime64[s]": (_parse_moments("s"), _moments_as("datetime64[s]", "s"), np.datetime64("NaT")),
    "zoned": (_parse_moments("us"), _zoned("Europe/Oslo"), np.datetime64("NaT")),
    "timedelta": (SECONDS.map(lambda s: np.timedelta64(s, "s")), _as("timedelta64[ns]"), np.timedelta64("NaT")),
    "timestamp[pyarrow]": (_parse_moments("us"), _moments_as(ARROW["ts"], "us"), np.datetime64("NaT")),
    "date[pyarrow]": (_parse_moments("D"), _moments_as(ARROW["date"], "s"), np.datetime64("NaT")),
}


@st.composite
def columns(draw, n, kinds=tuple(KINDS)):
    """A series of `n` cells: few values or many, none, some or all of them missing."""
    kind = draw(st.sampled_from(kinds))
    values, build, mark = KINDS[kind]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if kind in MEASURED and draw(st.booleans()):
        cells = draw(measured(n, MEASURED[kind])).astype(object)
        cells = cells if "loat" in kind or "doub" in kind else [round(cell) for cell in cells]
    elif kind in ("text", "default text", "string") and draw(st.booleans()):
        form = draw(st.sampled_from(["{}", "C-{:04d}", "{:08x}", "{:b}", "{}@x"]))
        cells = [form.format(number) for number in rng.integers(1000, 10**6, n).tolist()]
    else:
        few = draw(st.sampled_from([1, 2, 5, 20]))
        pool = draw(st.lists(values, min_size=few, max_size=few))
        cells = [pool[i] for i in rng.integers(few, size=n)]
    share = 0.0 if mark is ... else draw(st.sampled_from([0.0, 0.0, 0.0, 0.2, 0.9, 1.0]))
    return build([mark if gone else cell for gone, cell in zip(rng.random(n) < share, cells, strict=True)])


MEASURED = {
    **{"float64": 1e308, "Float64": 1e308, "double[pyarrow]": 1e308, "float32": 1e38},
    **{"int64": 2.0**62, "int32": 2.0**30, "Int64": 1e5, "int64[pyarrow]": 2.0**62, "object integers": 2.0**62},
}
NAMES = st.one_of(st.text(max_size=5), st.integers(-5, 5), st.sampled_from(["id", "age", "🙂", "a b", ""]))


@st.composite
def frames(draw, max_rows=200, kinds=tuple(KINDS)):
    """A table of 1 to 200 rows and 1 to 6 columns."""
    n = draw(st.one_of(st.integers(1, max_rows), st.integers(max_rows // 2, max_rows)))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    frame = pd.concat([draw(columns(n, kinds)) for _ in names], axis=1)
    return frame.set_axis(pd.Index(names), axis=1)


TIME_DTYPES = [
    *("datetime64[s]", "datetime64[ns, Europe/Oslo]", "timedelta64[ms]", "date32[day][pyarrow]"),
    *(
        "date64[ms][pyarrow]",
        "timestamp[us][pyarrow]",
        "timestamp[us, tz=Europe/Oslo][pyarrow]",
        "duration[s][pyarrow]",
    ),
]


def time_column(days, dtype):
    """Return a column of one of `TIME_DTYPES`, of days since 1970 or durations in days; None is missing."""
    kind = "m8[s]" if dtype.startswith(("timedelta", "duration")) else "M8[s]"
    column = pd.Series(np.array(["NaT" if day is None else 86400 * day for day in days], dtype=kind))
    return (column.dt.tz_localize("UTC") if "Oslo" in dtype else column).astype(dtype)
