"""States that decide each other: what is found, and that generators keep it."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import quick_augmenter, same_rows
from table_states import positions

from ganaug.layers import fill_tables
from ganaug.table.codes import CodedRows
from ganaug.table.columns import Number
from ganaug.table.dependence import PairCounts
from ganaug.table.encoder import TableEncoder
from ganaug.table.states import SegmentSoftmax
from ganaug.table.ties import MAX_DEPTH, Tie, TiedStates, check_ties, find_depths
from ganaug.table.ties import find_ties as find_ties_of_counts


def find_ties(states, sizes):
    return find_ties_of_counts(states, PairCounts.count(states, sizes))


def tied(sizes, ties):
    module = TiedStates(sizes, ties)
    fill_tables(module)
    return module


def keeps(rows, ties, sizes):
    """Whether one-hot rows obey every rule, and have one state in each segment."""
    whole = all(bool((part.sum(1) == 1).all()) for part in rows.split(sizes, 1))
    follows = all(bool((rows[:, t.follower][rows[:, t.leader] == 1] == 1).all()) for t in ties)
    alone = all(bool((rows[:, t.leader][rows[:, t.follower] == 1] == 1).all()) for t in ties if t.only)
    return whole and follows and alone


GAP = np.repeat([0, 1], [100, 40])


def test_states_that_always_occur_together_are_tied_once_and_both_ways():
    states, sizes = positions(GAP, GAP, np.arange(140) % 7)
    ties = find_ties(states, sizes)
    assert ties == [Tie(0, 2, True), Tie(1, 3, True)]


def test_a_state_that_implies_another_is_tied_one_way():
    wider = np.repeat([0, 1, 0, 1], [60, 40, 20, 20])
    implied = np.repeat([0, 1], [60, 80])
    states, sizes = positions(wider, implied)
    assert find_ties(states, sizes) == [Tie(1, 3, False)]


def test_one_exception_unties():
    other = GAP.copy()
    other[-1] = 0
    states, sizes = positions(GAP, other)
    assert [tie for tie in find_ties(states, sizes) if tie.only] == []


@pytest.mark.parametrize("rows", [19, 20])
def test_a_state_of_fewer_than_twenty_rows_ties_nothing(rows):
    """What a few rows have in common is a fact about them, not a rule."""
    rare = np.repeat([0, 1], [400, rows])
    states, sizes = positions(rare, rare)
    assert any(tie.leader == 1 for tie in find_ties(states, sizes)) == (rows == 20)


def test_a_rule_that_chance_makes_is_none():
    """Twenty rows in each of which a state of nine rows in ten occurs: that happens to one rare state in eight."""
    rng = np.random.default_rng(0)
    common = (rng.random(2000) < 0.1).astype(int)
    rare = np.zeros(2000, dtype=int)
    rare[np.flatnonzero(common == 0)[:20]] = 1
    states, sizes = positions(rare, common)
    assert find_ties(states, sizes) == []


def test_rows_that_are_not_counted_are_checked(monkeypatch):
    """Large tables are counted on some rows; a rule must hold in all."""
    other = np.concatenate([GAP] * 10)
    first = other.copy()
    other[1] = 1 - other[1]
    states, sizes = positions(first, other)
    monkeypatch.setattr("ganaug.table.dependence._CELLS", 700 * sum(sizes))  # every second row
    assert find_ties(states, sizes) == [Tie(1, 3, False)]
    states, sizes = positions(first, first)
    assert find_ties(states, sizes) == [Tie(0, 2, True), Tie(1, 3, True)]


def test_many_columns_with_one_pattern_make_no_long_chain():
    states, sizes = positions(*[GAP] * 40)
    ties = find_ties(states, sizes)
    column = np.repeat(np.arange(40), sizes)
    chosen = np.full(40, -1)
    for tie in ties:
        chosen[column[tie.follower]] = column[tie.leader]
    assert (chosen < 0).sum() == 1  # all but one follow
    assert max(find_depths(chosen)) <= MAX_DEPTH


@st.composite
def tables(draw):
    """Codes of a few columns, some of which are functions of others in part of the rows."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(1, 300)), draw(st.integers(1, 6))
    columns = [rng.integers(0, draw(st.integers(1, 5)), n)]
    for _ in range(k - 1):
        source, own = columns[int(rng.integers(len(columns)))], rng.integers(0, draw(st.integers(1, 5)), n)
        columns.append(np.where(source <= draw(st.integers(0, 3)), source, own))
    return positions(*columns)


@settings(deadline=None, max_examples=100)
@given(tables(), st.integers(0, 100))
def test_found_ties_hold_in_the_table_and_generators_keep_them(table, seed):
    states, sizes = table
    ties = find_ties(states, sizes)
    check_ties(ties, sizes)
    real = torch.zeros(len(states), sum(sizes)).scatter_(1, torch.from_numpy(states), 1.0)
    assert keeps(real, ties, sizes)
    if not ties:
        return
    module, softmax = tied(sizes, ties), SegmentSoftmax(sizes)
    fill_tables(softmax)
    logits = torch.randn(200, sum(sizes), generator=torch.Generator().manual_seed(seed))
    assert keeps(module(softmax.one_hot(module.bar(logits))), ties, sizes)
    soft = module(softmax(module.bar(logits)))
    assert all(torch.allclose(part.sum(1), torch.ones(200), atol=1e-5) for part in soft.split(sizes, 1))
    assert torch.equal(module(real), real)  # real rows stay as they are


FORGED = {
    "outside": [Tie(0, 9, False)],
    "negative": [Tie(-1, 2, False)],
    "itself": [Tie(0, 1, False)],
    "two leaders": [Tie(0, 4, False), Tie(2, 5, False)],
    "circle": [Tie(0, 2, False), Tie(2, 0, False)],
    "twice": [Tie(0, 2, False), Tie(0, 3, False)],
    "a state twice": [Tie(0, 2, False)] * 2,
}


@pytest.mark.parametrize("ties", FORGED.values(), ids=FORGED)
def test_ties_that_no_table_has_are_refused(ties):
    with pytest.raises(ValueError, match=r"tie|leaders|decides"):
        check_ties(ties, [2, 2, 2])


def test_wide_tables_keep_the_leaders_of_most_columns(monkeypatch):
    """Time and memory grow with the number of leading states times that of all states."""
    other = np.repeat([0, 1, 0], [30, 40, 70])
    states, sizes = positions(GAP, GAP, GAP, other, other)
    ties = find_ties(states, sizes)
    assert len({tie.leader for tie in ties}) == 4
    monkeypatch.setattr("ganaug.table.ties.MAX_CELLS", 2 * sum(sizes))
    with pytest.raises(ValueError, match="too many ties"):
        check_ties(ties, sizes)
    kept = find_ties(states, sizes)
    check_ties(kept, sizes)
    assert {tie.leader for tie in kept} == {0, 1}  # the leaders of two columns each


def gappy_table(n=300, seed=0):
    """A laboratory table: three values are missing together, and a column tells whether they were measured."""
    rng = np.random.default_rng(seed)
    gap = rng.random(n) < 0.3
    X = pd.DataFrame({name: np.where(gap, np.nan, rng.normal(size=n)) for name in "abc"})
    X["measured"] = np.where(gap, "no", "yes")
    X["age"] = rng.integers(20, 80, n)
    return X, np.where(X["age"] + rng.normal(0, 9, n) > 50, "ill", "well")


def test_cells_that_are_missing_together_are_so_in_synthetic_rows():
    X, y = gappy_table()
    X_new, _ = quick_augmenter(max_steps=150).fit(X, y).sample(500)
    gap = X_new["a"].isna()
    assert 0 < gap.sum() < 500
    for name in "bc":
        pd.testing.assert_series_equal(X_new[name].isna(), gap, check_names=False)
    pd.testing.assert_series_equal(X_new["measured"] == "no", gap, check_names=False)


def test_a_saved_model_keeps_cells_together(tmp_path):
    X, y = gappy_table()
    augmenter = quick_augmenter(max_steps=150).fit(X, y)
    augmenter.save(tmp_path / "m.safetensors")
    again = type(augmenter).load(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(again.sample(200, random_state=1)[0], augmenter.sample(200, random_state=1)[0])


def encoded(X):
    return TableEncoder().fit(X, np.random.default_rng(0))


def test_a_code_is_found_by_the_rows_of_other_codes():
    """-9 fills the same rows of both columns, but is too seldom to stand out in the one with few values."""
    rng = np.random.default_rng(0)
    coded = np.arange(2000) < 90
    X = pd.DataFrame({"many": np.where(coded, -9, rng.integers(0, 1000, 2000))})
    X["few"] = np.where(coded, -9, rng.integers(0, 50, 2000))
    assert [column.spikes for column in encoded(X[["few"]]).columns] == [[]]
    assert [column.spikes for column in encoded(X).columns] == [[-9], [-9]]
    assert len(encoded(X).layout.ties) == 2


def test_missing_cells_are_no_rows_of_a_code():
    """They have a filler in place of a value, which may be the code itself."""
    plain, gap = np.where(np.arange(200) < 50, 0.0, np.arange(200.0)), np.arange(200) >= 180
    rows = CodedRows()
    rows.add(Number.fit("numeric", np.where(gap, 0.0, plain), gap), np.where(gap, 0.0, plain), gap)
    assert sorted(rows.packed.values()) == [20, 50]


@pytest.mark.parametrize("fault", ["other rows", "another value", "many other rows"])
def test_a_value_with_other_rows_is_no_code(fault):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"many": np.where(np.arange(2000) < 80, -9, rng.integers(0, 1000, 2000))})
    few = np.where(np.arange(2000) < 80, -9, rng.integers(0, 60, 2000))
    if fault == "other rows":
        few = np.roll(few, 40)
    elif fault == "another value":
        few[0] = 5
    else:
        few = np.where((np.arange(2000) < 80) | (np.arange(2000) >= 1940), 7, rng.integers(0, 40, 2000))
    X["few"] = few
    assert encoded(X).columns[1].spikes == []


def test_a_schema_without_ties_has_none():
    """Files of before had none."""
    schema = json.loads(json.dumps(encoded(gappy_table()[0]).to_json()))
    assert schema["ties"]
    del schema["ties"]
    assert TableEncoder.from_json(schema).layout.ties == []


@pytest.mark.filterwarnings("ignore::ganaug.CollapseWarning")  # hardly trained
def test_an_augmenter_whose_arrays_are_read_only_as_in_a_process_of_ray_samples_the_same():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": np.where(GAP, np.nan, rng.normal(size=140)), "b": np.where(GAP, "none", "some")})
    augmenter = quick_augmenter(max_steps=3, filters="auto").fit(table, rng.integers(0, 2, 140))
    buffers = []
    sent = pickle.dumps(augmenter, protocol=5, buffer_callback=buffers.append)
    received = pickle.loads(sent, buffers=[bytes(buffer.raw()) for buffer in buffers])
    assert buffers
    same_rows(received.sample(50, random_state=1), augmenter.sample(50, random_state=1))
