"""The verdict, from made-up differences."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import get_scorer

from ganaug.gain.chance import find_chance, score_one_answer
from ganaug.gain.intervals import Difference, paired_difference
from ganaug.gain.metric_names import OWN_SCALE, POINTS, unit_of
from ganaug.gain.verdict import best_control, conclude

MARGIN = 0.005


def between(low, high, n=10):
    return Difference((low + high) / 2, low, high, 1.0, n)


NOTHING = Difference(np.nan, np.nan, np.nan, np.nan, 0)


def verdict(gain, control=None, metric="balanced_accuracy", name="smote", n_rows=1000, chance=None):
    beside = None if control is None else (name, control)
    return conclude(metric, "mean of 4 classifiers", gain, beside, n_rows, MARGIN, chance)


CASES = [
    (between(0.01, 0.03), between(0.005, 0.015), "helps"),
    (between(0.01, 0.03), None, "helps"),
    (between(-0.03, -0.01), between(0.005, 0.015), "hurts"),
    (between(-0.03, -0.001), None, "hurts"),
    (between(0.01, 0.03), between(-0.02, -0.01), "no_better"),
    (between(0.01, 0.03), between(-0.02, 0.001), "no_better"),
    (between(-0.01, 0.003), None, "no_better"),
    (between(0.0, 0.0), between(0.0, 0.0), "no_better"),
    (between(-0.02, 0.04), between(-0.02, 0.004), "no_better"),
    (between(-0.02, 0.04), between(-0.02, 0.04), "cannot_tell"),
    (between(-0.02, 0.04), None, "cannot_tell"),
    (Difference(0.02, np.nan, np.nan, np.nan, 1), None, "cannot_tell"),
    (NOTHING, None, "cannot_tell"),
    (NOTHING, NOTHING, "cannot_tell"),
    (between(-0.02, 0.04), NOTHING, "cannot_tell"),
    (between(0.01, 0.03), NOTHING, "cannot_tell"),
    (between(0.01, 0.03), Difference(0.0, np.nan, np.nan, np.nan, 1), "cannot_tell"),
    (between(0.01, 0.03), Difference(0.001, np.nan, np.nan, np.nan, 3), "cannot_tell"),
]


@pytest.mark.parametrize(("gain", "control", "kind"), CASES)
def test_what_the_intervals_say(gain, control, kind):
    assert verdict(gain, control).kind == kind


@pytest.mark.parametrize("gain", [between(0.0, 0.0), between(-0.01, 0.003), between(-0.02, 0.04)])
def test_it_cannot_tell_where_nothing_was_learned_in_either_arm(gain):
    found = verdict(gain, between(-0.02, 0.0), chance=0.5)
    assert (found.kind, found.rows_needed, found.chance) == ("cannot_tell", None, 0.5)
    assert found.sentence == (
        "Cannot tell, because nothing was learned, neither from the real rows alone nor from the augmented ones: both "
        "reach no more balanced accuracy than one answer for all rows, 0.500 (mean of 4 classifiers, 10 folds). Mend "
        "the classifier first, with more steps, rows or other features, and measure again."
    )
    assert found.to_dict()["chance"] == 0.5
    assert "chance" not in verdict(gain).to_dict()


@pytest.mark.parametrize(("gain", "kind"), [(between(0.01, 0.03), "helps"), (between(-0.03, -0.01), "hurts")])
def test_a_clear_difference_is_told_beside_chance_too(gain, kind):
    assert verdict(gain, chance=0.5).kind == kind


def test_one_answer_for_all_rows_has_the_score_that_scikit_learn_gives_it():
    y = np.array(["a"] * 12 + ["b"] * 6 + ["c"] * 2)
    X = np.zeros((20, 1))
    guess = DummyClassifier(strategy="prior").fit(X, y)
    for metric in ("roc_auc_ovr", "balanced_accuracy", "accuracy", "f1_macro"):
        assert score_one_answer(metric, y) == pytest.approx(get_scorer(metric)(guess, X, y)), metric
    assert score_one_answer("balanced_accuracy@prevalence", y) == pytest.approx(1 / 3)
    assert score_one_answer("neg_log_loss", y) is None


def test_chance_is_found_where_both_arms_are_at_it_or_below():
    y, nan = np.arange(20) % 2, np.nan
    at, above = np.array([0.5, 0.49, 0.51, nan]), np.array([0.5, 0.6, 0.7, nan])
    assert find_chance("roc_auc", y, [at, at], MARGIN) == 0.5
    assert find_chance("roc_auc", y, [at - 0.1, at], MARGIN) == 0.5
    assert find_chance("roc_auc", y, [at, above], MARGIN) is None
    assert find_chance("roc_auc", y, [above, at], MARGIN) is None
    assert find_chance("roc_auc", y, [at, np.full(4, nan)], MARGIN) is None
    assert find_chance("neg_log_loss", y, [at, at], MARGIN) is None


def test_it_helps_in_words():
    said = verdict(between(0.01, 0.03), between(0.005, 0.015)).sentence
    assert said == (
        "Augmentation helps: +2.0 points (95 % interval +1.0 to +3.0) of balanced accuracy against the real rows alone "
        "(mean of 4 classifiers, 10 folds), and +1.0 points (95 % interval +0.5 to +1.5) against the best control, "
        "smote."
    )


def test_it_hurts_in_words():
    assert verdict(between(-0.03, -0.01)).sentence == (
        "Augmentation hurts: -2.0 points (95 % interval -3.0 to -1.0) of balanced accuracy against the real rows alone "
        "(mean of 4 classifiers, 10 folds). Do not augment."
    )


def test_it_does_no_better_than_a_control_that_is_named():
    said = verdict(between(0.01, 0.03), between(-0.02, -0.01), name="duplicate").sentence
    assert said.startswith("Augmentation does no better than duplicate, which is free: -1.5 points")
    assert said.endswith("Do not augment.")


def test_it_does_no_better_than_nothing_where_the_control_is_worse_than_that():
    said = verdict(between(-0.01, 0.003), between(-0.001, 0.02)).sentence
    assert said.startswith("Augmentation does no better than the real rows alone: ")
    assert said.endswith("Do not augment.")


def test_it_cannot_be_told_in_words_with_the_rows_it_would_take():
    found = verdict(between(-0.02, 0.04))
    assert found.rows_needed == 9000
    assert found.sentence.startswith("Cannot tell with this much data: +1.0 points (95 % interval -2.0 to +4.0)")
    assert "about 9,000 labelled rows would be needed" in found.sentence
    assert found.sentence.endswith("Until then, do not augment.")


def test_it_cannot_be_told_of_one_fold_or_none():
    one = verdict(Difference(0.02, np.nan, np.nan, np.nan, 1)).sentence
    assert one.startswith("Cannot tell from 1 fold: +2.0 points of balanced accuracy")
    assert "(mean of 4 classifiers, 1 fold)" in one
    assert one.endswith("; take more folds.")
    assert verdict(NOTHING).sentence.startswith("Cannot tell: no fold has scores of both")


def test_a_control_without_an_interval_leaves_it_open_in_words():
    none = verdict(between(0.01, 0.03), NOTHING).sentence
    assert "beats smote, which is free: no fold has scores of both, and +2.0 points" in none
    one = verdict(between(0.01, 0.03), Difference(0.0, np.nan, np.nan, np.nan, 1)).sentence
    assert "+0.0 points of balanced accuracy against it (1 fold), and +2.0 points" in one
    assert none.endswith("take more folds. Until then, take smote.") and one.endswith("Until then, take smote.")


def test_no_row_number_is_promised_where_none_would_do():
    wide = Difference(0.0, -0.1, 0.1, 0.0, 10)
    assert verdict(wide).rows_needed is None
    assert "no number of rows would show it" in verdict(wide).sentence


def test_two_folds_that_happen_to_agree_are_no_proof():
    gain = paired_difference([0.7, 0.8], [0.6, 0.7], 1.0)
    assert verdict(gain).kind == "cannot_tell"


@pytest.mark.parametrize(
    ("gain", "control", "rival"),
    [
        (between(0.01, 0.03), between(0.005, 0.015), None),  # it helps
        (between(-0.03, -0.01), None, None),  # it hurts
        (between(0.01, 0.03), between(-0.02, -0.01), "smote"),
        (between(-0.01, 0.003), between(-0.001, 0.02), "real_only"),
        (between(-0.01, 0.003), None, "real_only"),
        (between(-0.02, 0.04), between(-0.02, 0.04), "smote"),
        (between(0.01, 0.03), NOTHING, "smote"),
    ],
)
def test_the_rival_is_the_arm_that_was_not_beaten(gain, control, rival):
    found = verdict(gain, control)
    assert found.rival == rival
    if found.kind == "no_better":
        assert ("smote" in found.sentence) == (rival == "smote")


def test_points_are_for_shares_only():
    said = verdict(between(0.01, 0.03), metric="neg_log_loss").sentence
    assert "+0.020 (95 % interval +0.010 to +0.030) of neg_log_loss" in said
    assert "points" not in said
    assert unit_of("neg_log_loss") == unit_of("neg_root_mean_squared_error") == OWN_SCALE
    assert unit_of("balanced_accuracy") == unit_of("neg_calibration_error") == POINTS


def test_the_best_control_has_the_best_mean():
    assert best_control({"duplicate": 0.7, "smote": 0.8, "class_weight": np.nan}) == "smote"
    assert best_control({"duplicate": np.nan}) is None
    assert best_control({}) is None


@st.composite
def differences(draw):
    if draw(st.integers(0, 9)) == 0:
        return NOTHING
    return paired_difference(draw(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=6)), 0.0, 0.25)


@settings(deadline=None, max_examples=300)
@given(gain=differences(), control=st.none() | differences())
def test_every_verdict_is_a_sentence_and_plain_json_and_never_claims_more_than_its_intervals(gain, control):
    found = verdict(gain, control)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.sentence.endswith(".") and "nan" not in found.sentence
    assert (found.kind == "hurts") == (gain.n > 1 and gain.high < 0)
    if found.kind == "helps":
        assert gain.low > 0 and (control is None or control.low > 0)
    if found.kind == "no_better":
        assert gain.low <= 0 or control.low <= 0
