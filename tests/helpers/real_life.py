"""Six tables of real life, with whatever makes tables hard: gaps, codes, sentinels, units, pools, keys."""

from __future__ import annotations

import numpy as np
import pandas as pd


def rng(seed):
    return np.random.default_rng(seed)


def shop(n=2000):
    r = rng(1)
    city = r.choice(["Bern", "Oslo", "São Paulo", "☕"], n)
    return pd.DataFrame(
        {
            "order": [f"A-{i:06d}" for i in r.permutation(n)],
            "city": city,
            "country": pd.Series(city).map({"Bern": "CH", "Oslo": "NO", "São Paulo": "BR", "☕": None}),
            "price": np.round(r.lognormal(3, 1, n), 2),
            "items": r.integers(1, 9, n),
            "paid": r.random(n) < 0.9,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(r.integers(0, 700, n), unit="D"),
        }
    )


def sensors(n=2000):
    r = rng(2)
    temperature = r.normal(20, 5, n)
    return pd.DataFrame(
        {
            0: np.where(r.random(n) < 0.1, -999.0, temperature),
            1: temperature.astype("float32"),
            2: np.where(r.random(n) < 0.6, 0.0, r.exponential(1e-9, n)),
            3: np.where(r.random(n) < 0.2, np.nan, r.standard_cauchy(n)),
            4: r.integers(-(2**62), 2**62, n),
            5: r.integers(2**63, 2**64, n, dtype=np.uint64),
            6: np.concatenate([[1e308, -1e308, 1e-308], r.normal(size=n - 3)]),
        }
    )


def nullable(n=2000):
    r = rng(3)

    def gaps(values, dtype):
        return pd.Series(values, dtype=dtype).mask(r.random(n) < 0.2)

    return pd.DataFrame(
        {
            "age": gaps(r.integers(0, 99, n), "Int8"),
            "score": gaps(r.random(n), "Float32"),
            "yes": gaps(r.random(n) < 0.5, "boolean"),
            "word": gaps(r.choice(["a", "b", ""], n), "string"),
            "arrow": gaps(r.integers(0, 10**6, n), "int64[pyarrow]"),
            "flag": gaps(r.random(n) < 0.5, "bool[pyarrow]"),
            "time": gaps(pd.Timestamp("2020") + pd.to_timedelta(r.integers(0, 10**6, n), unit="s"), None),
            "object": pd.Series(r.choice(["x", "y"], n), dtype=object).where(r.random(n) < 0.5, None),
        }
    )


def lists(n=2000):
    r = rng(4)
    words = np.array(["s", "m", "l", 1, 1.0, True, "1"], dtype=object)
    return pd.DataFrame(
        {
            "size": pd.Categorical(r.choice(["s", "m", "l"], n), ["xs", "s", "m", "l"], ordered=True),
            "year": pd.Categorical(r.integers(2000, 2010, n)),
            "day": pd.Categorical(pd.Timestamp("2020") + pd.to_timedelta(r.integers(0, 9, n), unit="D")),
            "mixed": words[r.integers(0, len(words), n)],
            "rating": r.integers(1, 6, n),
            "spare": pd.Series([None] * n, dtype=object),
            "one": 1,
        }
    )


def streets(n=6000):
    r = rng(5)
    street = r.permutation(np.repeat(np.arange(n // 20), 20))
    return pd.DataFrame(
        {
            "street": [f"street {i}" for i in street],
            "town": [f"town {i % 40}" for i in street],
            "county": pd.Series([f"county {i % 40 % 4}" for i in street], dtype="category"),
            "rare": [f"w{i}" for i in np.minimum(r.zipf(1.3, n), 3000)],
            "zip": r.integers(1000, 9999, n),
        }
    )


def mixed_units(n=2000):
    r = rng(6)
    days = pd.to_timedelta(r.integers(0, 20_000, n), unit="D")
    return pd.DataFrame(
        {
            "born": (pd.Timestamp("1950-01-01") + days).as_unit("s"),
            "seen": (pd.Timestamp("2020-01-01") + days / 1000).tz_localize("UTC").tz_convert("Europe/Oslo"),
            "took": pd.to_timedelta(r.gamma(2, 1000, n), unit="s").as_unit("us"),
            "thin": pd.arrays.SparseArray(np.where(r.random(n) < 0.9, 0.0, r.random(n)), fill_value=0.0),
            "cents": r.integers(0, 200, n) * 25,
            "half": r.integers(0, 50, n).astype("float16"),
        }
    )


TABLES = {f.__name__: f for f in (shop, sensors, nullable, lists, streets, mixed_units)}
