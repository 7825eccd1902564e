"""The entries of a report about synthetic tables: complete, plain JSON, for any table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from strategies import frames, unhurried
from toy_table import make_toy_table

from ganaug.errors import DataError
from ganaug.metrics import ATTACKS, column_errors, fidelity, figures, pair_errors, privacy


def toy(seed, n=300):
    X, y = make_toy_table(n, seed)
    return X.assign(churn=y)


def numbered(frame):
    return frame.assign(churn=frame["churn"].map({"leaves": 7, "stays": 3}))


def is_plain(value):
    return json.loads(json.dumps(value, allow_nan=False)) == value


def test_fidelity_has_all_entries():
    found = fidelity(toy(0), toy(1), toy(2, 200), "churn", random_state=0)
    assert is_plain(found)
    assert set(found) == {
        *("shape_error", "trend_error", "detection_auc", "classes"),
        *("holdout_shape_error", "holdout_trend_error"),
    }
    assert [set(c) for c in found["classes"]] == [{"label", "density", "coverage", "rows"}] * 2
    assert {c["label"] for c in found["classes"]} == {"leaves", "stays"}


def test_errors_are_means_over_columns_and_pairs():
    real, synthetic, holdout = toy(0), toy(1), toy(2)
    found = fidelity(real, synthetic, holdout, "churn", random_state=0)
    assert found["shape_error"] == pytest.approx(np.mean(list(column_errors(real, synthetic).values())))
    assert found["trend_error"] == pytest.approx(np.mean(list(pair_errors(real, synthetic).values())))
    assert found["holdout_shape_error"] == pytest.approx(np.mean(list(column_errors(real, holdout).values())))
    assert found["holdout_trend_error"] == pytest.approx(np.mean(list(pair_errors(real, holdout).values())))


def test_errors_of_few_held_out_rows_are_compared_with_those_of_few_synthetic_ones():
    found = fidelity(toy(0, 1000), toy(1, 1000), toy(2, 50), "churn", random_state=0)
    assert found["shape_error"] == pytest.approx(found["holdout_shape_error"], rel=0.4)
    assert found["trend_error"] == pytest.approx(found["holdout_trend_error"], rel=0.2)


def test_labels_are_categories_even_if_they_are_numbers():
    text, numbers = (
        fidelity(*(change(toy(seed)) for seed in range(3)), "churn", random_state=0)
        for change in (lambda f: f, numbered)
    )
    assert numbers | {"classes": []} == text | {"classes": []}
    assert [c["label"] for c in numbers["classes"]] == ["7" if c["label"] == "leaves" else "3" for c in text["classes"]]
    drawn = figures(numbered(toy(0)), numbered(toy(1)), "churn")["columns"][-1]
    assert (drawn["name"], drawn["kind"], set(drawn["bins"])) == ("churn", "category", {"3", "7"})
    assert figures(numbered(toy(0)), numbered(toy(1)))["columns"][-1]["kind"] == "number"


def test_a_copy_shows_in_privacy_and_fresh_rows_do_not():
    real, fresh, holdout = toy(0), toy(1), toy(2)
    copied, calm = (privacy(real, synthetic, holdout, random_state=0) for synthetic in (real, fresh))
    assert is_plain(copied)
    assert copied["near_copies"] == {"synthetic": 1.0, "holdout": pytest.approx(0, abs=0.05), "n": 300}
    assert set(copied["membership"]) == {"attacks", "maximum", "members", "non_members"}
    assert [a["name"] for a in copied["membership"]["attacks"]] == list(ATTACKS)
    assert set(copied["membership"]["maximum"]) == {"name", "auc", "ci_low", "ci_high"}
    assert copied["membership"]["maximum"]["auc"] >= 0.9
    assert calm["membership"]["maximum"]["ci_low"] <= 0.5
    assert calm["near_copies"]["synthetic"] < 0.05


def test_figures_are_those_of_columns_and_of_four_pairs():
    found = figures(toy(0), toy(1), "churn")
    assert is_plain(found)
    assert [c["name"] for c in found["columns"]] == list(toy(0).columns)
    assert len(found["pairs"]) == 4


@pytest.mark.parametrize("holdout", [None, toy(2)[:0]])
def test_without_a_hold_out_there_is_no_mark(holdout):
    found = fidelity(toy(0), toy(1), holdout, "churn", random_state=0)
    assert found["holdout_shape_error"] is found["holdout_trend_error"] is None
    assert found["shape_error"] > 0
    private = privacy(toy(0), toy(1), holdout, random_state=0)
    assert private["near_copies"]["holdout"] is private["membership"] is None


def test_few_rows_leave_entries_empty():
    one = pd.DataFrame({"churn": ["a"]})
    found = fidelity(one, one, one, "churn", random_state=0)
    assert found["classes"] == [{"label": "a", "density": None, "coverage": None, "rows": 1}]
    assert found["trend_error"] is found["detection_auc"] is None
    assert privacy(one, one, one, random_state=0)["membership"] is None


def test_the_same_seed_gives_the_same_figures():
    rows = toy(0), toy(1), toy(2)
    assert fidelity(*rows, "churn", 5) == fidelity(*rows, "churn", 5)
    assert privacy(*rows, 5) == privacy(*rows, 5)


def test_users_tables_stay_as_they_are():
    real, synthetic, holdout = (numbered(toy(seed)) for seed in range(3))
    before = [frame.copy() for frame in (real, synthetic, holdout)]
    fidelity(real, synthetic, holdout, "churn", random_state=0)
    privacy(real, synthetic, holdout, random_state=0)
    figures(real, synthetic, "churn")
    for frame, old in zip((real, synthetic, holdout), before, strict=True):
        pd.testing.assert_frame_equal(frame, old)


def test_a_label_that_is_no_column_is_refused():
    with pytest.raises(DataError, match="There is no label column 'chrun'; give the name"):
        fidelity(toy(0), toy(1), toy(2), "chrun", random_state=0)


def test_a_hold_out_without_a_column_is_refused():
    with pytest.raises(DataError, match="The held_out table has no column 'age'"):
        fidelity(toy(0), toy(1), toy(2).drop(columns="age"), "churn", random_state=0)


def test_a_column_of_numbers_and_text_is_of_categories_even_where_rows_that_are_drawn_hold_only_numbers():
    frame = pd.DataFrame({"n": range(31), "mixed": pd.Series([1.0, 1.0, "", *[None] * 28], dtype=object)})
    for seed in range(5):
        synthetic, holdout = (frame.sample(31, replace=True, random_state=10 * seed + i) for i in range(2))
        assert is_plain(fidelity(frame, synthetic, holdout, "n", random_state=seed))
        assert is_plain(privacy(frame, synthetic, holdout, random_state=seed))


@settings(unhurried, max_examples=15)
@given(frames(max_rows=60))
def test_any_table_can_be_summed_up(frame):
    rng = np.random.default_rng(0)
    synthetic, holdout = (frame.iloc[rng.integers(0, len(frame), len(frame))] for _ in range(2))
    label = frame.columns[-1]
    assert is_plain(fidelity(frame, synthetic, holdout, label, random_state=0))
    assert is_plain(privacy(frame, synthetic, holdout, random_state=0))
    assert is_plain(figures(frame, synthetic, label))
