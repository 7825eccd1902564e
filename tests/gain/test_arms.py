"""The controls that cost nothing, and what they explain away."""

from __future__ import annotations

import json

import numpy as np
import pytest
from gain_samplers import Bare, Bootstrap, Oracle, blobs, report_of
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from ganaug import GaussianCopula, ParameterError
from ganaug.gain.arms import ARMS, CONTROLS, default_arms, group_by_training
from ganaug.gain.intervals import Difference
from ganaug.gain.verdict import compare_with_threshold

METRICS = ["roc_auc", "neg_log_loss", "neg_brier_score", "balanced_accuracy"]


def rare(n=400, share=0.06, seed=0, distance=1.5):
    """`blobs` with few rows of the second class."""
    X, y = blobs(2 * n, seed=seed, distance=distance)
    n_rare = round(n * share)
    kept = np.r_[np.flatnonzero(y == 0)[: n - n_rare], np.flatnonzero(y == 1)[:n_rare]]
    return X[kept], y[kept]


@pytest.fixture(scope="module")
def balanced():
    """A report of a sampler that brings a rare class to the size of the other."""
    options = {"classifier": LogisticRegression(), "metrics": METRICS, "cv": 5, "synthetic_fraction": None}
    return report_of(GaussianCopula(), *rare(1200, distance=1.2), **options)


def means(report, metric):
    return report.to_frame().query("metric == @metric").set_index("arm")["mean"]


def test_a_threshold_changes_decisions_alone(balanced):
    for metric in ("roc_auc", "neg_log_loss", "neg_brier_score"):
        assert means(balanced, metric)["threshold"] == means(balanced, metric)["real_only"]
    moved = means(balanced, "balanced_accuracy@prevalence")
    assert means(balanced, "balanced_accuracy")["threshold"] == moved["real_only"] == moved["threshold"]
    assert moved["real_only"] > means(balanced, "balanced_accuracy")["real_only"] + 0.1


def test_decisions_at_prevalence_are_those_of_what_each_arm_was_trained_on(balanced):
    usual, moved = means(balanced, "balanced_accuracy"), means(balanced, "balanced_accuracy@prevalence")
    for arm in ("augmented", "smote", "random_over_sampling", "class_weight", "copula"):  # balanced, so half each
        assert moved[arm] == usual[arm]
    assert moved["augmented_corrected"] == moved["augmented"]


def test_probabilities_put_right_rank_alike_and_lose_less(balanced):
    area, loss, brier = (means(balanced, name) for name in METRICS[:3])
    assert area["augmented_corrected"] == pytest.approx(area["augmented"])
    assert loss["augmented_corrected"] > loss["augmented"] + 0.1
    assert brier["augmented_corrected"] > brier["augmented"] + 0.02
    assert (
        means(balanced, "balanced_accuracy")["augmented_corrected"] < means(balanced, "balanced_accuracy")["augmented"]
    )


def test_a_gain_in_decisions_that_the_threshold_matches_is_told_as_such(balanced):
    found = balanced.to_dict()["decisions"]
    assert found["kind"] == "threshold" and found["metric"] == "balanced_accuracy"
    assert found["difference"] > 0.1 and found["threshold"] > 0.1 and abs(found["beyond"]) < 0.05
    assert "but the threshold gives as much: +" in balanced.verdict
    assert balanced.conclusion.metric == "roc_auc" and balanced.conclusion.kind != "helps"
    assert balanced.conclusion.control != "threshold"  # which for this metric is the real rows alone once more


def test_where_decisions_decide_the_threshold_is_the_control_to_beat():
    report = report_of(GaussianCopula(), *rare(), classifier=LogisticRegression(), cv=4, synthetic_fraction=None)
    assert report.decisions is None
    assert report.conclusion.control in (
        "threshold",
        "smote",
        "random_over_sampling",
        "duplicate",
        "class_weight",
        "copula",
    )
    assert report.conclude("balanced_accuracy").kind != "helps"


def test_every_metric_can_be_concluded_from_and_an_unknown_one_is_refused(balanced):
    for metric in balanced.metrics:
        assert balanced.conclude(metric).metric == metric
    assert balanced.conclude(classifier="LogisticRegression") == balanced.conclusions["LogisticRegression"]
    with pytest.raises(ParameterError, match=r"no metric 'auc' of .*it has roc_auc"):
        balanced.conclude("auc")


def test_the_calibration_curve_shows_what_balancing_does_and_that_it_is_put_right(balanced):
    curves = {curve["arm"]: curve for curve in balanced.to_dict()["calibration"]}
    assert list(curves) == ["real_only", "augmented", "augmented_corrected"]
    for curve in curves.values():
        assert len(curve["predicted"]) == len(curve["observed"]) == 10
        assert curve["predicted"] == sorted(curve["predicted"])
    off = {arm: np.mean(curve["predicted"]) - np.mean(curve["observed"]) for arm, curve in curves.items()}
    assert off["augmented"] > 0.1 and abs(off["augmented_corrected"]) < 0.03 and abs(off["real_only"]) < 0.03
    json.dumps(balanced.to_dict(), allow_nan=False)


def test_several_classes_have_all_of_it():
    X, y = blobs(150, 3)
    kept = np.r_[np.flatnonzero(y < 2), np.flatnonzero(y == 2)[:12]]
    report = report_of(GaussianCopula(), X[kept], y[kept], metrics=None, cv=3, synthetic_fraction=None)
    assert report.failures.empty
    assert report.metrics[0] == "roc_auc_ovr" and "f1_macro@prevalence" in report.metrics
    assert means(report, "neg_log_loss")["augmented_corrected"] > means(report, "neg_log_loss")["augmented"]
    assert report.to_dict()["calibration"]


def test_the_arms_that_share_a_training_are_trained_once():
    fitted = []

    class Counting(GaussianNB):
        def fit(self, X, y):
            fitted.append(len(X))
            return super().fit(X, y)

    arms = ["threshold", "augmented_corrected"]
    report = report_of(Bootstrap(), *blobs(), classifier=Counting(), arms=arms)
    assert len(fitted) == 2 * 2
    assert set(report.to_frame()["arm"]) == {"real_only", "augmented", *arms}
    assert group_by_training(ARMS)["real_only"] == ["real_only", "threshold"]
    assert set(ARMS) == set(default_arms(False)) and set(ARMS) - set(default_arms(True)) == {"calibrated"}


def test_a_bootstrap_has_as_many_rows_as_the_augmented_arm_and_the_shares_of_the_real_one():
    seen = {}

    class Noting(GaussianNB):
        def fit(self, X, y):
            seen[len(X)] = (len(np.unique(X[:, 0])), np.asarray(y).mean())
            return super().fit(X, y)

    X, y = rare(200, share=0.2)
    report_of(Bootstrap(), X, y, classifier=Noting(), arms=["bootstrap"], synthetic_fraction=0.75, balance=True)
    assert set(seen) == {100, 400}
    n_different, share = seen[400]
    assert n_different <= 100 and share == pytest.approx(0.5, abs=0.3)


# Whoever has no probabilities.


class Mute(ClassifierMixin, BaseEstimator):
    """Has neither probabilities nor scores."""

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.most_ = self.classes_[counts.argmax()]
        return self

    def predict(self, X):
        return np.full(len(X), self.most_)


def test_a_classifier_with_scores_alone_has_its_threshold_moved_by_way_of_a_sigmoid():
    report = report_of(GaussianCopula(), *rare(), classifier=RidgeClassifier(), cv=4, synthetic_fraction=None)
    assert report.failures.empty
    assert means(report, "balanced_accuracy")["threshold"] > means(report, "balanced_accuracy")["real_only"] + 0.1


def test_a_classifier_with_neither_marks_the_arms_that_need_them_and_the_rest_survives():
    report = report_of(Bare(), *blobs(), classifier=[Mute(), GaussianNB()])
    marked = report.failures.query("classifier == 'Mute'")
    assert set(marked["arm"]) == {"threshold", "calibrated", "augmented_corrected"}
    assert marked["reason"].str.contains("Mute has neither predict_proba nor decision_function").all()
    frame = report.to_frame().query("classifier == 'Mute' and metric == 'balanced_accuracy'").set_index("arm")
    assert frame.loc["augmented", "n"] == 2 and frame.loc["threshold", "n"] == 0
    assert report.conclusion.n == 2


def test_a_fold_of_one_class_is_marked_and_the_report_survives():
    X, y = blobs(60)
    of_one = [(np.arange(30), np.flatnonzero(y[30:] == 1) + 30), (np.arange(30, 60), np.arange(30))]
    report = report_of(Bare(), X, y, cv=of_one, metrics=["roc_auc", "balanced_accuracy"])
    assert set(report.failures["metric"]) == {"roc_auc"} and set(report.failures["fold"]) == {0}
    assert report.failures["reason"].str.contains("15 rows are of one class, 1, so that there is nothing to rank").all()
    assert set(report.to_frame().query("metric == 'balanced_accuracy'")["n"]) == {2}


def test_a_sampler_that_drops_a_class_marks_the_arm_whose_probabilities_cannot_be_put_right():
    class Dropping(Bootstrap):
        def fit_resample(self, X, y):
            return X[y == 0], y[y == 0]

    report = report_of(Dropping(), *blobs(), classifier=DecisionTreeClassifier(), synthetic_fraction=None)
    reasons = report.failures.set_index("arm")["reason"]
    assert reasons["augmented_corrected"].str.contains("Class 1 has no rows in the augmented rows").all()
    frame = report.to_frame().query("metric == 'balanced_accuracy'").set_index("arm")
    assert frame.loc["augmented", "n"] == frame.loc["smote", "n"] == 2 and frame.loc["augmented_corrected", "n"] == 0


# What must never be called a gain.


@pytest.mark.parametrize("sampler", [RandomOverSampler(), RandomUnderSampler(), Bootstrap()], ids=type)
def test_a_shift_of_the_prior_alone_is_never_called_a_gain_of_the_generator(sampler):
    share = (
        {"balance": True, "synthetic_fraction": 0.45} if hasattr(sampler, "sample") else {"synthetic_fraction": None}
    )
    report = report_of(sampler, *rare(), classifier=LogisticRegression(), metrics=None, cv=5, **share)
    for metric in report.metrics:
        assert report.conclude(metric).kind != "helps", metric
    assert report.decisions is None or report.decisions.kind != "beyond"


@pytest.mark.slow
@pytest.mark.promise("gain")
def test_on_noise_no_metric_says_that_it_helps_in_more_than_five_of_a_hundred():
    helps, higher = {}, {}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(0, 1, (120, 3)), rng.permutation(np.arange(120) % 2)
        classifiers = [LogisticRegression(), DecisionTreeClassifier(max_depth=3)]
        report = report_of(
            *(GaussianCopula(), X, y),
            classifier=classifiers,
            metrics=None,
            cv=5,
            synthetic_fraction=0.5,
            random_state=seed,
        )
        for metric in report.metrics:
            helps[metric] = helps.get(metric, 0) + (report.conclude(metric).kind == "helps")
        for row in report.to_dict()["rows"]:
            if row["classifier"] == report.conclusion.classifier and row["ci_low"] is not None:
                key = row["arm"], row["metric"]
                higher[key] = higher.get(key, 0) + (row["ci_low"] > 0)
    assert max(helps.values()) <= 5, helps
    truly = {("calibrated", "neg_log_loss"), ("calibrated", "neg_brier_score")}  # as the prior itself is
    assert max(count for key, count in higher.items() if key not in truly) <= 8, higher


def test_rows_of_an_oracle_beat_every_control_where_there_are_few():
    X, y = blobs(400, distance=1.5)
    few = [(np.arange(12 * k, 12 * k + 12), np.arange(200, 400)) for k in range(12)]
    options = {"classifier": DecisionTreeClassifier(), "cv": few, "synthetic_fraction": 0.95, "metrics": "roc_auc"}
    report = report_of(Oracle(), X, y, **options)
    assert report.conclusion.kind in ("helps", "cannot_tell") and report.conclusion.control_difference > 0.02
    assert report.conclusion.control in CONTROLS


# The sentence about decisions.


def between(low, high):
    return Difference((low + high) / 2, low, high, 1.0, 10)


@pytest.mark.parametrize(
    ("gain", "threshold", "beyond", "kind", "text"),
    [
        (
            (0.1, 0.2),
            (0.12, 0.2),
            (-0.02, 0.01),
            "threshold",
            r"gains \+15.0 points .*, but the threshold gives as much: \+16",
        ),
        (
            (0.1, 0.2),
            (0.02, 0.06),
            (0.05, 0.15),
            "beyond",
            r"threshold gives \+4.0 .* for nothing, and augmentation \+10.0",
        ),
        (
            (0.1, 0.2),
            (0.1, 0.16),
            (-0.01, 0.05),
            "open",
            r"gives \+13.0 .* for nothing, and the rest, \+2.0 .*, may be chance",
        ),
    ],
)
def test_what_of_a_gain_in_decisions_the_threshold_gives(gain, threshold, beyond, kind, text):
    import re

    found = compare_with_threshold("balanced_accuracy", between(*gain), between(*threshold), between(*beyond), 0.005)
    assert found.kind == kind and re.search(text, found.sentence)
    assert found.to_dict()["beyond_ci_low"] == beyond[0]


def test_no_clear_gain_in_decisions_needs_no_sentence():
    nothing = Difference(np.nan, np.nan, np.nan, np.nan, 0)
    assert compare_with_threshold("f1_macro", between(-0.1, 0.2), between(0.1, 0.2), between(0, 0.1), 0.005) is None
    assert compare_with_threshold("f1_macro", between(0.1, 0.2), nothing, nothing, 0.005) is None
