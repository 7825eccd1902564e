"""Each kind of column becomes states and scores, and values again."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from ganaug.table import columns
from ganaug.table.columns import (
    MAX_POOL,
    MAX_STATES,
    MIN_COUNT,
    Category,
    Constant,
    Identifier,
    Number,
)
from ganaug.table.followers import Calculated, Determined, Later
from ganaug.table.identifiers import IdPattern
from ganaug.table.kinds import COLUMNS


def rng(seed=0):
    return np.random.default_rng(seed)


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def whole(n):
    return np.zeros(n, dtype=bool)


def cells(part):
    plain, missing = part
    return [None if gone else value for value, gone in zip(plain.tolist(), missing, strict=True)]


def reborn(column):
    return COLUMNS[column.kind].from_json(json.loads(json.dumps(column.to_json(), allow_nan=False)))


def random_parts(column, n=3000):
    """Any states and scores that a generator may give."""
    states = rng(1).integers(0, column.n_states, n) if column.n_states else None
    return states, rng(2).normal(0, 3, n) if column.has_score else None


MIXED = objects(["a", 1, 1.0, True, "1", "a", None])


# --- categories ---


def test_category_gives_each_value_its_state_most_frequent_first_and_missing_last():
    plain = objects(["b", "a", "b", "c", "b", "a", "b", "a", "a", "b", "c", "c", None])
    missing = plain == None  # noqa: E711 - each element is compared
    column = Category.fit("category", plain, missing)
    assert (column.values, column.counts, column.n_states) == (["b", "a", "c"], [5, 4, 3], 4)
    states, scores = column.encode(plain, missing, rng())
    assert states.tolist() == [0, 1, 0, 2, 0, 1, 0, 1, 1, 0, 2, 2, 3] and scores is None
    assert cells(column.decode(states, None, rng())) == plain.tolist()


def test_category_keeps_equal_numbers_of_different_types_apart():
    mixed = np.concatenate([MIXED] * MIN_COUNT)
    missing = np.array([v is None for v in mixed])
    column = reborn(Category.fit("category", mixed, missing))
    states, _ = column.encode(mixed, missing, rng())
    found = cells(column.decode(states, None, rng()))
    assert [(type(v), v) for v in found] == [(type(v), v) for v in mixed]


RARE = {  # how often each value occurs: how many get a state of their own
    "common ones only": ([9, 5, 3], 3),
    "a single rare one": ([9, 5, 1], 1),
    "a single rare one beside one": ([9, 1], 0),
    "one and no other": ([2], 1),
    "two rare ones": ([9, 5, 2, 1], 2),
    "rare ones only": ([2, 2, 1, 1], 0),
    "more rare ones only than there are states": ([2] * 150, 0),
    "one common one": ([9, 1, 1, 1], 1),
}


@pytest.mark.parametrize(("counts", "own"), RARE.values(), ids=RARE)
def test_values_of_single_rows_share_a_state(counts, own):
    plain = objects([f"v{i}" for i, count in enumerate(counts) for _ in range(count)])
    column = reborn(Category.fit("category", plain, whole(len(plain))))
    assert (column.own, column.pooled) == (own, own < len(counts))
    assert set(column.values) == {f"v{i}" for i in range(len(counts))}
    drawn, _ = column.decode(np.full(5000, column.n_states - 1), None, rng())
    assert set(drawn) == set(column.values[own:] if column.pooled else column.values[-1:])


@pytest.mark.parametrize("kind", ["ordered", "boolean"])
def test_an_order_is_kept_however_rare_its_values_are(kind):
    plain = np.array([1, 1, 1, 1, 2, 3, 4])
    assert not Category.fit(kind, plain, whole(7)).pooled


@pytest.mark.parametrize("n", [1, MAX_STATES, MAX_STATES + 1, 1000])
def test_values_beyond_the_states_share_one(n):
    column = Category.fit("category", np.repeat(np.arange(n), 3), whole(3 * n))
    assert column.pooled is (n > MAX_STATES)
    assert column.n_states == min(n, MAX_STATES)
    assert sorted(column.values) == list(range(n))


def test_pooled_values_are_drawn_by_their_frequency():
    plain = np.concatenate([np.repeat(np.arange(99), 50), np.repeat([200, 201, 202], [30, 15, 5])])
    column = Category.fit("category", plain, whole(len(plain)))
    drawn, missing = column.decode(np.full(10_000, column.own), None, rng())
    counts = Counter(drawn.tolist())
    assert not missing.any() and set(counts) == {200, 201, 202}
    assert np.allclose([counts[v] / 10_000 for v in (200, 201, 202)], [0.6, 0.3, 0.1], atol=0.02)


def test_a_shorter_draw_from_the_pool_is_the_start_of_a_longer_one():
    column = Category.fit("category", np.arange(500), whole(500))
    states = np.full(100, column.own)
    assert column.decode(states[:10], None, rng())[0].tolist() == column.decode(states, None, rng())[0][:10].tolist()


def test_the_pool_remembers_only_so_many_values_and_the_rest_is_encoded_as_pooled():
    plain = np.concatenate([np.arange(MAX_POOL + 500), *[np.arange(MAX_POOL)] * 2])
    column = Category.fit("category", plain, whole(len(plain)))
    assert len(column.values) == column.own + MAX_POOL
    forgotten = np.setdiff1d(plain, column.values)
    assert len(forgotten) == 401
    assert (column.encode(forgotten, whole(401), rng())[0] == column.own).all()
    assert not np.isin(column.decode(np.full(20_000, column.own), None, rng())[0], forgotten).any()


@pytest.mark.parametrize("room", [400, 4000])
def test_the_pool_keeps_to_the_room_it_is_given(room):
    column = Category.fit("category", np.arange(30_000), whole(30_000), room)
    assert column.pooled and len(column.values) + len(column.counts) == room


def test_long_texts_are_pooled_up_to_a_number_of_characters(monkeypatch):
    monkeypatch.setattr(columns, "_POOLED_CHARACTERS", 20_000)
    column = Category.fit("category", objects([f"{i:0100d}" for i in range(1000)]), whole(1000))
    assert len(column.values) == pytest.approx(200, abs=1)


def test_values_that_were_not_seen_have_no_state_where_there_is_no_pool():
    column = Category.fit("category", objects(["a", "b"] * 3), whole(6))
    states, _ = column.encode(objects(["c", "a", None]), np.array([False, False, True]), rng())
    assert states.tolist() == [-1, 0, -1]


def test_ordered_numbers_keep_their_order_and_others_have_none():
    plain = np.array([3, 1, 2, 3, 3])
    column = Category.fit("ordered", plain, whole(5))
    assert column.values == [1, 2, 3] and column.is_ordered
    assert not Category.fit("category", plain, whole(5)).is_ordered
    assert not Category.fit("ordered", np.arange(MAX_STATES + 1), whole(MAX_STATES + 1)).is_ordered


# --- numbers ---


def test_numbers_without_spikes_or_gaps_have_a_score_and_no_state():
    column = Number.fit("numeric", rng().normal(size=500), whole(500))
    assert (column.n_states, column.has_score, column.spikes) == (0, True, [])


def test_spikes_and_missing_get_states_of_their_own():
    plain = np.concatenate([np.zeros(300), np.full(100, -999.0), rng().normal(5, 1, 500), np.zeros(100)])
    missing = np.arange(1000) >= 900
    column = Number.fit("numeric", plain, missing)
    assert column.spikes == [-999.0, 0.0] and column.n_states == 4
    states, scores = column.encode(plain, missing, rng())
    assert Counter(states.tolist()) == {0: 500, 1: 100, 2: 300, 3: 100}
    assert (scores[states != 0] == 0).all() and (scores[states == 0] != 0).any()
    found, gone = column.decode(states, scores, rng())
    assert np.array_equal(gone, missing) and np.array_equal(found[:400], plain[:400])


def test_zero_inflation_is_generated_at_exactly_zero_and_nothing_near_it():
    plain = np.where(rng().random(1000) < 0.7, 0.0, rng(1).uniform(50, 60, 1000))
    column = Number.fit("numeric", plain, whole(1000))
    found, _ = column.decode(*random_parts(column), rng())
    assert (found == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert ((found == 0) | (found >= 50)).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 40])
def test_numbers_with_hardly_any_rows_are_learned(n):
    plain = np.arange(n) * 7
    column = Number.fit("numeric", plain, whole(n))
    found, _ = column.decode(*random_parts(column), rng())
    assert set(found.tolist()) <= set(range(0, 7 * n, 7))


ENDS = {
    "small": (np.array([-10, -3, 4, 11, 18, 25]), 7),
    "int64": (np.array([-(2**63), 0, 2**63 - 1]), 1),
    "int64, one step": (np.array([-(2**63), 2**63 - 1]), 2**64 - 1),
    "int64, wide steps": (np.array([-(2**62), 0, 2**62]), 2**62),
    "uint64": (np.array([0, 2**63, 2**64 - 1], dtype=np.uint64), 1),
    "uint64, high": (np.array([2**64 - 1, 2**64 - 11, 2**64 - 6], dtype=np.uint64), 5),
    "beyond 2**53": (2**53 + np.array([1, 4, 7]), 3),
    "microseconds": (np.array([0, 86_400_000_000, 259_200_000_000]), 86_400_000_000),
}


@pytest.mark.parametrize(("values", "step"), ENDS.values(), ids=ENDS)
def test_whole_numbers_stay_on_their_grid_and_inside_their_limits(values, step):
    plain = np.tile(values, 2)
    column = reborn(Number.fit("numeric", plain, whole(len(plain))))
    low, high = int(values.min()), int(values.max())
    assert (column.base, column.step, column.limits) == (low, step, [low, high])
    found, _ = column.decode(*random_parts(column), rng())
    assert found.dtype == values.dtype
    assert low == min(found.tolist()) and high == max(found.tolist())
    assert all((value - low) % step == 0 for value in found.tolist())


@pytest.mark.parametrize(("values", "step"), ENDS.values(), ids=ENDS)
def test_whole_numbers_of_any_size_come_back_within_a_millionth_of_the_range(values, step):
    plain = np.repeat(values, [3] * (len(values) - 1) + [4])
    column = Number.fit("numeric", plain, whole(len(plain)))
    states, scores = column.encode(plain, whole(len(plain)), rng())
    scores = None if scores is None else scores.astype(np.float32)
    found, _ = column.decode(states, scores, rng())
    span = int(values.max()) - int(values.min())
    assert all(abs(a - b) <= span // 10**6 for a, b in zip(found.tolist(), plain.tolist(), strict=True))


@unhurried
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_any_whole_numbers_decode_inside_their_limits(values):
    plain = np.asarray(values)
    column = Number.fit("numeric", plain, whole(len(plain)))
    found, _ = column.decode(*random_parts(column, 200), rng())
    assert min(values) <= min(found.tolist()) and max(found.tolist()) <= max(values)


DECIMALS = {
    "euros": (np.array([0.1, 2.25, 7.0, 1e6]), 2),
    "whole": (np.array([1.0, 2.0, 1e15]), 0),
    "endless": (np.array([1 / 3, 0.5]), None),
    "huge beside small": (np.array([1e308, 0.5]), None),
    "tiny": (np.array([1e-308, 0.0]), None),
    "single precision": (np.array([0.1, 0.2, 17.3], dtype=np.float32).astype(float), 1),
    "half precision": (np.array([0.1, 0.25, 7.5], dtype=np.float16).astype(float), 2),
}


@pytest.mark.parametrize(("values", "decimals"), DECIMALS.values(), ids=DECIMALS)
def test_decimals_are_kept(values, decimals):
    plain = np.repeat(values, 3)
    column = Number.fit("numeric", plain, whole(len(plain)))
    assert column.decimals == decimals
    found, _ = column.decode(*random_parts(column), rng())
    assert found.min() >= values.min() and found.max() <= values.max()
    if decimals is not None and len(np.unique(found)) > len(values):
        inner = found[(found > values.min()) & (found < values.max())]
        assert np.array_equal(np.round(inner, decimals), inner)


def test_values_outside_the_limits_are_encoded_as_the_limits():
    column = Number.fit("numeric", np.arange(-50, 50), whole(100))
    _, scores = column.encode(np.array([-1000, -50, 49, 1000]), whole(4), rng())
    found, _ = column.decode(None, scores, rng())
    assert found.tolist() == [-50, -50, 49, 49]


def test_a_gap_or_a_value_has_no_state_where_none_was_learned():
    spiked = Number.fit("numeric", np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], [60, 1, 1, 1, 1])[:60], whole(60))
    assert spiked.n_states == 0
    column = Number.fit("numeric", np.concatenate([np.zeros(80), np.arange(1, 21.0)]), whole(100))
    states, _ = column.encode(np.array([0.0, 5.0, np.nan]), np.array([False, False, True]), rng())
    assert states.tolist() == [1, 0, -1]


def test_a_number_keeps_to_the_room_it_is_given():
    for plain in (rng().normal(size=5000), rng().integers(0, 450, 5000)):
        facts = Number.fit("numeric", plain, whole(5000), room=360).to_json()
        assert len(json.dumps(facts).split(",")) < 380


@pytest.mark.parametrize("states", [True, False])
def test_no_rows_give_no_rows(states):
    plain = np.repeat([0.0, *range(50)], [60, *[1] * 50]) if states else np.arange(50.0)
    column = Number.fit("numeric", plain, whole(len(plain)))
    found, missing = column.decode(*random_parts(column, 0), rng())
    assert len(found) == len(missing) == 0
    category = Category.fit("category", objects(["a"]), whole(1))
    assert cells(category.decode(np.empty(0, dtype=np.int64), None, rng())) == []


# --- the rest ---


def test_constants_are_filled_in():
    assert cells(Constant(["x"]).fill(2)) == ["x", "x"]
    assert cells(Constant([]).fill(2)) == [None, None]
    assert cells(Constant([7]).fill(0)) == []


def test_a_determined_cell_is_looked_up_missing_ones_too():
    column = Determined(0, [10, None, 30, 40])  # of three values, and of missing
    assert cells(column.look_up(np.array([2, 0, 1, -1]))) == [30, 10, None, 40]
    assert column.look_up(np.array([0]))[0].dtype == np.int64


def test_identifiers_are_whole_numbers_or_text():
    plain, missing = Identifier(IdPattern.fit(np.arange(10), 2**31 - 1)).make_fresh(3, 2)
    assert plain.dtype == np.int64 and not missing.any()


LEARNED = [
    Category.fit("category", MIXED[:6], whole(6)),
    Category.fit("boolean", np.array([True, False, True]), np.array([False, False, True])),
    Category.fit("ordered", np.array([0.5, 1.5, 0.5]), whole(3)),
    Category.fit("category", np.arange(500, dtype=np.uint64) + 2**63, whole(500)),
    Number.fit("numeric", np.array([1.5, 2.5, np.nan, 1e308]), np.array([False, False, True, False])),
    Number.fit("numeric", np.array([0, 2**64 - 1, 7], dtype=np.uint64), whole(3)),
    Number.fit("datetime", np.arange(100) * 1000, whole(100)),
    Constant([True]),
    Constant([]),
    Determined(1, ["a", None]),
    Calculated("sum", [1, 2], [1.0, 0.5], -2.5, [1, 1, 1], 0, 0, 2, [0.5, 1.5], True),
    Calculated("ratio", [2, 1], [], 0.0, [1, 1, 1], 0, 1, None, [-3, 3], False),
    Later(1, [1, 1], True, Number.fit("numeric", np.arange(100), np.arange(100) == 5), [10, 300]),
    Identifier(IdPattern.fit(np.arange(30), 2**63 - 1)),
]


@pytest.mark.parametrize("column", LEARNED, ids=lambda c: c.kind)
def test_what_was_learned_is_plain_json(column):
    again = reborn(column)
    assert again.to_json() == column.to_json()
    assert (again.n_states, again.has_score) == (column.n_states, column.has_score)
    if isinstance(column, Category | Number):
        a, b = (c.decode(*random_parts(column), rng()) for c in (column, again))
        assert np.array_equal(a[0], b[0]) and a[0].dtype == b[0].dtype and np.array_equal(a[1], b[1])
