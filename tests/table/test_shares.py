"""Numbers that add up to a total in every row do so in every generated row, inside their limits and on their grid."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import quick_augmenter

from ganaug import GANAugmenter
from ganaug.table.columns import Number
from ganaug.table.encoder import TableEncoder
from ganaug.table.shares import add_up

N = 400
NAMES = ["rent", "food", "rest", "fun"]
PARTS = np.random.default_rng(0).dirichlet([3, 2, 1, 0.4], N)
WHOLE = np.random.default_rng(1).multinomial(1000, [0.4, 0.3, 0.2, 0.1], N)
TOTALS = {
    "rounded percent": ((100 * PARTS).round(1), 100),
    "shares": (PARTS, 1),
    "fine percent": ((100 * PARTS).round(13), 100),
    "counts": (WHOLE, 1000),
}


def table(parts):
    return pd.DataFrame(parts, columns=NAMES).assign(x=np.random.default_rng(2).normal(size=N))


def fitted(frame, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_augmenter(random_state=0, **options).fit(frame, np.arange(N) % 2)


@pytest.mark.parametrize(("parts", "total"), TOTALS.values(), ids=TOTALS)
def test_generated_rows_add_up(parts, total, tmp_path):
    augmenter = fitted(table(parts))
    augmenter.save(tmp_path / "m.safetensors")
    made, _ = GANAugmenter.load(tmp_path / "m.safetensors").sample(500)
    np.testing.assert_allclose(made[NAMES].sum(axis=1), total, rtol=1e-9)
    assert (made[NAMES].min() >= parts.min(axis=0)).all() and (made[NAMES].max() <= parts.max(axis=0)).all()
    assert made["food"].nunique() > 3 and made["food"].dtype == table(parts)["food"].dtype
    facts = {column["name"]: column for column in augmenter.describe()["columns"]}
    assert (facts["food"]["adds_up_with"], facts["food"]["total"]) == (NAMES, total)


def test_conditions_hold_and_the_rest_makes_room():
    made, _ = fitted(table(WHOLE)).sample(50, where={"food": (280, 300)})
    assert made["food"].between(280, 300).all() and (made[NAMES].sum(axis=1) == 1000).all()


def spoiled(row, change):
    parts = WHOLE.copy()
    parts[row, 0] += change
    return parts


NONE = {
    "one row is off": spoiled(3, 9),
    "a part below 0": WHOLE - [500, 0, 0, 0],
    "chance": np.random.default_rng(3).integers(0, 900, (N, 4)),
    "parts that hardly vary": np.random.default_rng(3).integers(5, 7, (N, 4)) * 1.0,
}


@pytest.mark.parametrize("parts", NONE.values(), ids=NONE)
def test_what_does_not_add_up_in_every_row_is_left_alone(parts):
    encoder = TableEncoder().fit(table(parts), np.random.default_rng(0))
    assert not any(getattr(column, "shares", []) for column in encoder.columns)


def test_totals_can_be_switched_off():
    assert "total" not in fitted(table(WHOLE), relations=False).describe()["columns"][0]


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 3), min_size=1))
def test_any_numbers_are_brought_to_the_total_inside_their_limits(rows):
    columns = [Number("numeric", 0, 1, None, [0, high], [], None, False, [0, 1, 2], 40.0) for high in (40, 25, 10)]
    made = np.asarray(add_up(columns, list(np.asarray(rows).T)))
    assert (made.sum(axis=0) == 40).all() and (made >= 0).all() and (made <= [[40], [25], [10]]).all()


FORGED = {
    "a column that is not there": [0, 1, 9],
    "a negative one": [0, 1, -2],
    "one that does not add up": [0, 1, 4],
}


@pytest.mark.parametrize("shares", FORGED.values(), ids=FORGED)
def test_forged_groups_are_refused_when_they_are_read(shares):
    schema = TableEncoder().fit(table(WHOLE), np.random.default_rng(0)).to_json()
    schema["columns"][0]["shares"] = shares
    with pytest.raises((ValueError, IndexError)):
        TableEncoder.from_json(schema)
