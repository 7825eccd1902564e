"""Which share is chosen, from trials made by hand, and on which rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from gain_samplers import Asking, RaisingClassifier, blobs
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer
from sklearn.naive_bayes import GaussianNB

from ganaug.errors import DataError
from ganaug.gain.choosing import (
    Candidate,
    InnerScore,
    choose_candidate,
    make_candidates,
    score_candidate,
    standard_error,
)
from ganaug.gain.folds import hold_out_rows, make_inner_folds

NONE, TENTH, HALF, LEVEL = (Candidate(s, b) for s, b in ((0.0, False), (0.1, False), (0.5, False), (0.5, True)))
RNG = np.random.default_rng


def trial(score, wobble=0.0, seed=0):
    """A trial whose parts lie around its score; `wobble` is the standard error of its difference to a still one."""
    noise = RNG(seed).normal(0, 1, 20)
    noise -= noise.mean()
    noise *= wobble / np.sqrt(19 / 20 * (noise**2).sum())
    return InnerScore(score, score + noise)


def test_a_wobble_is_the_standard_error():
    assert standard_error([trial(0.7, 0.02)], [trial(0.6)]) == pytest.approx(0.02)


def chosen(trials):
    return choose_candidate({candidate: [t] for candidate, t in trials.items()})[0]


def test_the_best_is_taken_where_it_is_better_by_more_than_a_standard_error():
    assert chosen({NONE: trial(0.6), TENTH: trial(0.61), HALF: trial(0.65, 0.03)}) == HALF


def test_the_smallest_share_within_one_standard_error_of_the_best_is_taken():
    assert chosen({NONE: trial(0.6), TENTH: trial(0.64), HALF: trial(0.65, 0.03)}) == TENTH
    assert chosen({NONE: trial(0.63), TENTH: trial(0.64), HALF: trial(0.65, 0.03)}) == NONE


def test_a_tie_goes_to_none_and_the_natural_prior_goes_before_a_balanced_one():
    assert chosen({LEVEL: trial(0.6), HALF: trial(0.6), NONE: trial(0.6)}) == NONE
    assert chosen({LEVEL: trial(0.6), HALF: trial(0.6)}) == HALF


def test_a_candidate_without_a_score_is_listed_and_never_chosen():
    failed = InnerScore(np.nan, np.full(20, np.nan), "ValueError: no")
    found, scores = choose_candidate({NONE: [failed], TENTH: [trial(0.6)], HALF: [trial(0.7, 0.01)]})
    assert found == HALF
    assert scores["share"].tolist() == [0, 0.1, 0.5]
    assert scores["score"].isna().tolist() == [True, False, False]
    assert scores["chosen"].tolist() == [False, False, True]
    assert scores["difference"].tolist()[1:] == [0, pytest.approx(0.1)]  # to the smallest share that has a score


def test_a_candidate_that_failed_on_one_split_is_not_chosen():
    failed = InnerScore(np.nan, np.full(20, np.nan), "ValueError: no")
    found, _ = choose_candidate({NONE: [trial(0.6), trial(0.6)], HALF: [trial(0.9), failed]})
    assert found == NONE


def test_no_candidate_at_all_is_refused_with_the_reason():
    failed = InnerScore(np.nan, np.full(20, np.nan), "ValueError: too few rows")
    with pytest.raises(DataError, match=r"No classifier could be trained and scored on the inner rows.*too few rows"):
        choose_candidate({NONE: [failed], HALF: [failed]})


def test_scores_that_are_no_numbers_without_a_reason_are_refused_in_words():
    silent = InnerScore(np.nan, np.full(20, np.nan))
    with pytest.raises(DataError, match="inner rows"):
        choose_candidate({NONE: [silent], HALF: [silent]})


def test_a_standard_error_that_cannot_be_known_does_not_stop_the_choice():
    """A class with one held-out row has no AUC where that row is left out."""
    unsure = InnerScore(0.7, np.r_[np.nan, np.full(19, 0.7)])
    worse = InnerScore(0.6, np.r_[np.nan, np.full(19, 0.6)])
    assert chosen({NONE: worse, HALF: unsure}) in (NONE, HALF)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([NONE, TENTH, HALF, LEVEL]), st.floats(0, 1), st.floats(0, 0.2), st.integers(0, 9)),
        min_size=1,
        unique_by=lambda t: t[0],
    )
)
def test_the_choice_is_never_worse_than_the_best_by_more_than_a_standard_error(made):
    trials = {candidate: [trial(score, wobble, seed)] for candidate, score, wobble, seed in made}
    found, scores = choose_candidate(trials)
    best = max(trials, key=lambda c: trials[c][0].score)
    gap = {c: trials[best][0].score - t[0].score for c, t in trials.items()}
    assert gap[found] <= standard_error(trials[best], trials[found])
    assert all(gap[c] > standard_error(trials[best], trials[c]) for c in trials if c < found)
    assert scores["chosen"].sum() == 1
    assert scores["share"].is_monotonic_increasing


def test_candidates_are_in_order_once_each_and_none_has_no_balance():
    found = make_candidates((0.5, 0, 0.1, 0.5), "both")
    assert found == [
        NONE,
        TENTH,
        Candidate(0.1, True),
        HALF,
        LEVEL,
    ]
    assert make_candidates((0, 0.5), True) == [NONE, LEVEL]
    assert make_candidates((0, 0.5), False) == [NONE, HALF]


# The jackknife.


def test_the_standard_error_of_a_mean_is_the_analytic_one():
    values = RNG(0).normal(0, 1, 20)
    alone = InnerScore(values.mean(), (values.sum() - values) / 19)
    still = InnerScore(0.0, np.zeros(20))
    assert standard_error([alone], [still]) == pytest.approx(values.std(ddof=1) / np.sqrt(20))


def test_the_standard_error_of_splits_is_that_of_their_mean():
    pair = [trial(0.6, 0.03), trial(0.7, 0.04)]
    assert standard_error(pair, [trial(0.5), trial(0.5)]) == pytest.approx(0.025)


def test_what_candidates_have_in_common_does_not_count():
    assert standard_error([trial(0.6, 0.03)], [trial(0.5, 0.03)]) == pytest.approx(0)


class Erring(GaussianNB):
    """Knows the label from the second column, and errs where the first is below 0.3."""

    def predict(self, X):
        return np.where(X[:, 0] < 0.3, 1 - X[:, 1], X[:, 1]).astype(int)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_trials_jackknife_an_accuracy_to_its_analytic_standard_error(metric):
    y = np.arange(1000) % 2
    X = np.column_stack([RNG(0).random(1000), y])
    found = score_candidate((X[:200], y[:200]), (X, y), {"a": Erring()}, get_scorer(metric), 0)
    wrong = (X[:, 0] < 0.3).mean()
    assert found.score == pytest.approx(1 - wrong, abs=0.01)
    error = standard_error([found], [InnerScore(0.0, np.zeros(20))])
    assert error == pytest.approx(np.sqrt(wrong * (1 - wrong) / 1000), rel=0.4)


# A trial.


def test_a_trial_is_the_mean_over_classifiers_on_all_held_out_rows():
    X, y = blobs(90)
    train, test = (X[:60], y[:60]), (X[60:], y[60:])
    models = {"a": GaussianNB(), "b": LogisticRegression()}
    found = score_candidate(train, test, models, get_scorer("accuracy"), 0)
    scores = [accuracy_score(test[1], m.fit(*train).predict(test[0])) for m in (GaussianNB(), LogisticRegression())]
    assert found.score == pytest.approx(np.mean(scores))
    assert found.without.shape == (20,)
    assert found.without.mean() == pytest.approx(found.score, abs=0.02)


def test_a_trial_asks_about_each_row_once():
    X, y = blobs(90)
    model = Asking()
    score_candidate((X[:60], y[:60]), (X[60:], y[60:]), {"a": model}, get_scorer("neg_log_loss"), 0)
    assert Asking.asked == [30]


@pytest.mark.parametrize(
    ("models", "scorer", "reason"),
    [
        ({"good": GaussianNB(), "bad": RaisingClassifier()}, get_scorer("accuracy"), "this classifier has given up"),
        ({"good": GaussianNB()}, lambda c, X, y: 1 / 0, "ZeroDivisionError"),
        ({"good": GaussianNB()}, lambda c, X, y: np.nan, "no number"),
    ],
    ids=["classifier", "scorer", "no number"],
)
def test_a_trial_that_fails_has_a_reason(models, scorer, reason):
    X, y = blobs(60)
    found = score_candidate((X[:40], y[:40]), (X[40:], y[40:]), models, scorer, 0)
    assert np.isnan(found.score)
    assert reason in found.reason and found.reason


def test_a_class_with_a_single_held_out_row_makes_no_noise():
    X, y = blobs(40)
    y = (np.arange(40) >= 39).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = score_candidate(blobs(40), (X, y), {"a": GaussianNB()}, get_scorer("balanced_accuracy"), 0)
    assert np.isfinite(found.score), found.reason


# Inner rows.

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def of_sizes(sizes):
    return RNG(0).permutation(np.repeat(np.arange(len(sizes)), sizes))


@settings(deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 99))
def test_a_hold_out_takes_a_third_of_each_class_and_leaves_it_two_rows(sizes, seed):
    labels = of_sizes(sizes)
    train, test = hold_out_rows(labels, RNG(seed))
    assert sorted([*train, *test]) == list(range(len(labels)))
    for k, size in enumerate(sizes):
        held = int((labels[test] == k).sum())
        assert held == max(0, min(round(size / 3), size - 2))


def test_a_hold_out_of_a_large_table_is_a_quarter_and_at_most_five_thousand_rows():
    assert len(hold_out_rows(np.arange(2000) % 2, RNG(0))[1]) == 500
    assert len(hold_out_rows(np.arange(40_000) % 2, RNG(0))[1]) == 5000


@settings(deadline=None)
@given(sizes=SIZES, n_splits=st.integers(2, 6), seed=st.integers(0, 99))
def test_inner_folds_hold_each_row_out_once_and_are_alike(sizes, n_splits, seed):
    labels = of_sizes(sizes)
    folds = make_inner_folds(labels, n_splits, RNG(seed))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(labels)))
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(len(labels)))
        assert abs(len(test) - len(labels) / n_splits) < 1
        for k, size in enumerate(sizes):
            assert abs((labels[test] == k).sum() - size / n_splits) < 1
