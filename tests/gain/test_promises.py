"""What a gain report must show: nothing where there is nothing, and something where there is."""

from __future__ import annotations

import numpy as np
import pytest
from gain_samplers import Bootstrap, Doubling, Oracle, Swapped, blobs, report_of
from reference_sampler import GaussianSampler
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

pytestmark = pytest.mark.promise("gain")


def covers_zero(seed, n_repeats):
    """Whether the interval of the gain covers 0, where labels are noise and synthetic rows can be worth nothing."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 1, (60, 3)), rng.permutation(np.arange(60) % 2)
    report = report_of(
        GaussianSampler(),
        X,
        y,
        classifier=DecisionTreeClassifier(max_depth=3),
        cv=5,
        n_repeats=n_repeats,
        arms=[],
        random_state=seed,
    )
    row = report.to_frame().query("arm == 'augmented'").iloc[0]
    assert row["n"] == 5 * n_repeats and row["ci_high"] > row["ci_low"]
    return row["ci_low"] <= 0 <= row["ci_high"]


@pytest.mark.slow
def test_the_interval_of_a_gain_on_noise_covers_zero():
    assert sum(covers_zero(seed, n_repeats=1) for seed in range(20)) >= 18


@pytest.mark.slow
def test_the_interval_of_a_gain_on_noise_covers_zero_in_ninety_of_a_hundred():
    assert sum(covers_zero(seed, n_repeats=2) for seed in range(100)) >= 90


def scores_of(report, arm, metric="balanced_accuracy"):
    return [s["score"] for s in report.to_dict()["scores"] if s["arm"] == arm and s["metric"] == metric]


def test_a_copying_augmenter_gains_exactly_nothing_against_duplicates():
    X, y = blobs(80, distance=1.0)
    report = report_of(
        Doubling(), X, y, classifier=KNeighborsClassifier(6), synthetic_fraction=None, cv=4, metrics=["accuracy", "f1"]
    )
    for metric in ("accuracy", "f1"):
        assert scores_of(report, "augmented", metric) == scores_of(report, "duplicate", metric)
        assert scores_of(report, "augmented", metric) != scores_of(report, "real_only", metric)
    assert report.conclusion.kind != "helps"


def test_a_copying_augmenter_gains_about_nothing_against_duplicates():
    X, y = blobs(200, distance=1.0)
    classifier = DecisionTreeClassifier(max_depth=2, min_samples_leaf=5)
    report = report_of(Bootstrap(), X, y, classifier=classifier, cv=5, n_repeats=2, arms=["duplicate"])
    found = report.conclusion.to_dict()
    assert found["control"] == "duplicate"
    assert found["control_ci_low"] <= 0 <= found["control_ci_high"]
    assert abs(found["control_difference"]) < 0.04


def test_rows_of_an_oracle_help_where_there_are_few():
    X, y = blobs(400, distance=1.5)
    few = [(np.arange(12 * k, 12 * k + 12), np.arange(200, 400)) for k in range(10)]
    classifier = DecisionTreeClassifier(max_depth=3)
    report = report_of(Oracle(), X, y, classifier=classifier, cv=few, synthetic_fraction=0.95, metrics="accuracy")
    assert report.conclusion.difference > 0.03
    assert report.conclusion.control_difference > 0.02


def test_swapped_labels_hurt():
    report = report_of(Swapped(), *blobs(120, distance=3.0), cv=5, synthetic_fraction=0.7, metrics="accuracy")
    assert report.conclusion.kind == "hurts"
    assert report.verdict.startswith("Augmentation hurts: -")
    assert report.verdict.endswith("Do not augment.")
