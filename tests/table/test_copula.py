"""Rows of the copula of each class hold cells of that class, and keep how its columns rise and fall together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from ganaug.table import copula
from ganaug.table.copula import TIMES, draw_copula_rows
from ganaug.table.encoder import TableEncoder


def make_table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 2
    z = rng.normal(size=n)
    return codes, pd.DataFrame(
        {
            "age": 40 + 9 * z + rng.normal(size=n) + 30 * codes,
            "income": np.where(rng.random(n) < 0.2, np.nan, np.exp(z + 0.1 * rng.normal(size=n))),
            "wealth": np.exp(z + 0.1 * rng.normal(size=n)),
            "gain": np.where(rng.random(n) < 0.5, 0.0, rng.exponential(size=n)),
            "city": np.where(codes == 1, rng.choice(["x", "y"], n), rng.choice(["u", "v", "w"], n)),
            "born": pd.Timestamp("2001-02-03") + pd.to_timedelta(rng.integers(0, 3000, n), "D"),
            "children": rng.integers(0, 4, n),
        }
    )


def draw(table, codes, seed=0):
    encoder = TableEncoder()
    x = encoder.fit_transform(table, np.random.default_rng(0), np.random.default_rng(1))
    rows, labels = draw_copula_rows(encoder, x, torch.from_numpy(codes), np.random.default_rng(seed))
    return encoder.inverse_transform(rows, 0, 0), labels.numpy()


def test_each_class_gets_its_share_and_its_own_cells():
    codes, table = make_table()
    rows, labels = draw(table, codes)
    assert (np.bincount(labels) == TIMES * np.bincount(codes)).all()
    for code in (0, 1):
        own, made = table[codes == code], rows[labels == code]
        assert set(made["city"]) == set(own["city"])
        for name in ("age", "income", "gain"):
            limits, found = (frame[name].agg(["min", "max"]).astype("float64") for frame in (own, made))
            assert found["min"] >= limits["min"] - 1e-6 and found["max"] <= limits["max"] + 1e-6


def test_columns_keep_their_distribution_and_rise_and_fall_together():
    codes, table = make_table(1000)
    rows, labels = draw(table, codes)
    assert rows["gain"].eq(0).mean() == pytest.approx(table["gain"].eq(0).mean(), abs=0.03)
    assert rows["income"].isna().mean() == pytest.approx(table["income"].isna().mean(), abs=0.03)
    for code in (0, 1):
        own, made = (frame[["age", "wealth"]] for frame in (table[codes == code], rows[labels == code]))
        assert spearmanr(*made.T.to_numpy())[0] == pytest.approx(spearmanr(*own.T.to_numpy())[0], abs=0.06)


def test_numbers_lie_between_those_of_real_rows():
    codes, table = make_table()
    rows, _ = draw(table, codes)
    assert rows["age"].nunique() > 3 * len(table)
    assert set(rows["children"]) <= set(table["children"])


def test_rows_follow_from_the_seed():
    codes, table = make_table()
    first, again, other = (draw(table, codes, seed)[0] for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_a_class_of_one_row_repeats_it():
    codes, table = make_table(60)
    codes = codes.copy()
    codes[7] = 2
    rows, labels = draw(table, codes)
    (age,) = set(rows["age"][labels == 2])
    assert age == pytest.approx(table["age"][7], rel=1e-3)


def test_wide_tables_get_fewer_rows(monkeypatch):
    monkeypatch.setattr(copula, "_MOST_CELLS", 1)
    codes, table = make_table(60)
    assert len(draw(table, codes)[0]) == 60
