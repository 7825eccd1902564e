"""No test row ever reaches anything that is fitted or sampled, and nothing of the user's is touched."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from gain_samplers import Bare, Bootstrap, Log, SpyClassifier, SpySampler, SpyTransformer, numbered, report_of, tuned
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ganaug.gain.arms import ARMS, group_by_training

pytestmark = pytest.mark.promise("gain")

N_FOLDS = 3
FITS_OF_CALIBRATION = 5  # one for each inner fold, besides that on all rows
TOUCHED = ("sampler fit", "sampler sample", "transformer fit", "classifier fit")


def folds(n=60):
    """Three splits, as positions."""
    part = np.arange(n) // 2 % N_FOLDS
    return [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(N_FOLDS)]


def spies(log):
    return SpySampler(log), make_pipeline(SpyTransformer(log), SpyClassifier(log))


def ids(rows):
    return set(rows[:, 0].tolist())


@pytest.mark.parametrize("share", [0.4, None])
@pytest.mark.parametrize("fold", range(N_FOLDS))
def test_no_test_row_reaches_anything_fitted_or_sampled(fold, share):
    X, y = numbered()
    train, test = folds()[fold]
    sentinel = 1e9
    X.loc[test, ["a", "b"]] = sentinel
    log = Log()
    sampler, classifier = spies(log)
    report = report_of(
        sampler, X, y, classifier=classifier, cv=[(train, test)], synthetic_fraction=share, fidelity=True
    )
    touched = [rows for what, rows in log if what in TOUCHED]
    assert len(touched) == 1 + 2 + 2 * (
        len(group_by_training(ARMS)) - 1 + FITS_OF_CALIBRATION
    )  # no class weights are taken
    assert all(rows.max() < sentinel / 2 for rows in touched)
    asked = [rows for what, rows in log if what == "classifier predict"]
    assert all(ids(rows) == set(test.tolist()) or ids(rows) <= set(train.tolist()) for rows in asked)
    assert sum(ids(rows) != set(test.tolist()) for rows in asked) == FITS_OF_CALIBRATION  # scores of inner folds
    assert set(report.to_frame()["n"]) == {1}


def test_each_fold_learns_from_its_own_training_rows_alone():
    X, y = numbered()
    log = Log()
    sampler, classifier = spies(log)
    report_of(sampler, X, y, classifier=classifier, cv=folds(), arms=["duplicate", "synthetic_only"])
    by_what = {what: [ids(rows) for name, rows in log if name == what] for what in {name for name, _ in log}}
    for what in TOUCHED:
        per_fold = len(by_what[what]) // N_FOLDS
        assert len(by_what[what]) == per_fold * N_FOLDS
        for i, seen in enumerate(by_what[what]):
            assert seen <= set(folds()[i // per_fold][0].tolist())
    assert [seen == set(train.tolist()) for seen, (train, _) in zip(by_what["sampler fit"], folds(), strict=True)]


def test_inner_rows_that_score_a_share_reach_nothing_that_is_fitted_for_it():
    X, y = numbered()
    log = Log()
    sampler, classifier = spies(log)
    tuned(sampler, classifier=classifier, fractions=(0, 0.3), cv=3).fit(X, y)
    fits = [ids(rows) for what, rows in log if what == "sampler fit"][:3]
    asked = [ids(rows) for what, rows in log if what == "classifier predict"]
    assert len(asked) == 3 * 3  # three folds, none, natural and balanced; groups are answered from memory
    learned = [ids(rows) for what, rows in log if what == "classifier fit"]
    drawn = [ids(rows) for what, rows in log if what == "sampler sample"]
    transformed = [ids(rows) for what, rows in log if what == "transformer fit"]
    for split in range(3):
        held = asked[3 * split]
        assert held and not held & fits[split]
        assert fits[split] | held == set(range(60))
        for i in range(3):
            assert asked[3 * split + i] == held
            assert not (learned[3 * split + i] | transformed[3 * split + i]) & held
        assert not (drawn[2 * split] | drawn[2 * split + 1]) & held
    assert set.union(*asked) == set(range(60))


def test_the_one_hold_out_of_each_outer_fold_is_kept_apart_too():
    X, y = numbered(90)
    log = Log()
    sampler, classifier = spies(log)
    outer = folds(90)
    augmenter = tuned(sampler, classifier=classifier, fractions=(0.3,), balance=False)
    report_of(augmenter, X, y, synthetic_fraction=None, cv=outer, arms=[], classifier=SpyClassifier(Log()))
    fits = [ids(rows) for what, rows in log if what == "sampler fit"]
    held = [ids(rows) for what, rows in log if what == "classifier predict"]
    learned = [ids(rows) for what, rows in log if what == "classifier fit"]
    for k, (train, _) in enumerate(outer):
        inner, whole = fits[2 * k], fits[2 * k + 1]
        assert whole == set(train.tolist())
        assert inner | held[k] == whole and not inner & held[k]
        assert not learned[k] & held[k]


def test_nothing_of_the_user_is_fitted_or_modified():
    X, y = numbered()
    X["text"] = pd.Series(["x", None, "z"] * 20)
    before = X.copy(deep=True), y.copy(deep=True)
    sampler, classifier = Bootstrap(), LogisticRegression()
    report_of(sampler, X, y, classifier=classifier, fidelity=True)
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])
    assert vars(sampler) == {"random_state": None, "size": 1}
    assert vars(classifier) == vars(LogisticRegression())


def test_an_object_that_cannot_be_cloned_is_copied():
    sampler = Bare()
    report_of(sampler, *numbered())
    assert vars(sampler) == {}


def test_a_tuned_augmenter_is_left_as_it_was_with_all_that_it_holds():
    X, y = numbered()
    inner, classifier = Bootstrap(), LogisticRegression()
    augmenter = tuned(inner, classifier=classifier)
    before = copy.copy(vars(augmenter))
    report_of(augmenter, X, y, synthetic_fraction=None)
    assert vars(augmenter) == before
    assert vars(inner) == {"random_state": None, "size": 1}
    assert not hasattr(classifier, "classes_")


class Vandal(Bare):
    """Overwrites the rows it was given."""

    def fit(self, X, y):
        super().fit(X.copy(), np.array(y))
        X[:] = 0
        y[:] = 0
        return self


def test_an_augmenter_that_overwrites_its_rows_harms_no_other_arm():
    X, y = numbered()
    X, y = X.to_numpy(), y.to_numpy()
    vandal, honest = (report_of(a, X, y, arms=["duplicate"]).to_frame() for a in (Vandal(), Bare()))
    pd.testing.assert_frame_equal(vandal, honest)


def test_a_classifier_that_works_in_place_scores_as_one_that_does_not():
    X, y = numbered()
    X = X.to_numpy() * 40 + 9
    frames = []
    for is_copying in (True, False):
        classifiers = {
            "first": make_pipeline(StandardScaler(copy=is_copying), LogisticRegression()),
            "second": LogisticRegression(),
        }
        metrics = ["balanced_accuracy", "roc_auc", "neg_log_loss"]
        frames.append(report_of(Bare(), X, y, classifier=classifiers, metrics=metrics).to_frame())
    pd.testing.assert_frame_equal(*frames, check_exact=False, rtol=1e-9)
