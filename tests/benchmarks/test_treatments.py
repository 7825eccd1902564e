"""What is done with a learner besides adding rows: thresholds, weights, and probabilities put right."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from benchmarks.gain import judge as judging
from benchmarks.gain import learners, searched, shared_fits
from benchmarks.gain.cases import Case, Split
from benchmarks.gain.judge import Job
from benchmarks.gain.learners import TREATMENTS, get_learned_shares, make_treated_learner
from benchmarks.gain.methods import METHODS, Setting

# scikit-learn 1.5 uses an option of SciPy's that SciPy 1.16 is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")


def rare(n=400):
    """A split with one row in ten of the second class."""
    rng = np.random.default_rng(0)
    y = pd.Series((np.arange(n) % 10 == 0).astype("int64"), name="label")
    X, half = pd.DataFrame({"x": rng.normal(1.5 * y, 1), "z": rng.normal(size=n)}), n // 2
    return Split(
        X[:half], y[:half], X[half:].reset_index(drop=True), y[half:].reset_index(drop=True), np.ones(n - half)
    )


def judged(split, methods):
    job = Job(Case("low-data", "toy", "100", 0), {}, None, sys.executable)
    return [judging._judge_method(name, replace(job, methods={name: ["logistic"]}), split)[0] for name in methods]


def test_a_threshold_changes_decisions_alone_and_is_the_decision_at_prevalence():
    split = rare()
    plain, moved = ({r["method"]: r for r in judged(split, [name])}[name] for name in ("none", "threshold"))
    for metric in ("roc_auc", "neg_log_loss", "balanced_accuracy@prevalence"):
        assert moved["scores"][metric] == plain["scores"][metric]
    assert moved["scores"]["balanced_accuracy"] == plain["scores"]["balanced_accuracy@prevalence"]
    assert moved["scores"]["balanced_accuracy"] > plain["scores"]["balanced_accuracy"] + 0.05


def test_probabilities_put_right_lose_less_and_rank_alike():
    split = rare()
    records = {
        r["method"]: r["scores"] for r in judged(split, ["random_over_sampling", "random_over_sampling_corrected"])
    }
    before, after = records["random_over_sampling"], records["random_over_sampling_corrected"]
    assert after["roc_auc"] == pytest.approx(before["roc_auc"])
    assert after["neg_log_loss"] > before["neg_log_loss"] + 0.1
    assert after["neg_brier_score"] > before["neg_brier_score"]
    assert after["balanced_accuracy@prevalence"] == pytest.approx(before["balanced_accuracy@prevalence"])


def test_every_treatment_gives_a_learner_that_knows_its_prior():
    split = rare()
    for treatment in set(TREATMENTS) - {"distilled", "distilled_searched"}:  # which would train a GAN
        learner = make_treated_learner("logistic", split, 0, treatment).fit(split.X, split.y)
        shares = get_learned_shares(learner, split.y, 2)
        assert shares == pytest.approx([0.5, 0.5] if treatment == "class_weight" else [0.9, 0.1])
    assert make_treated_learner("neighbours", split, 0, "class_weight") is None


def test_a_bootstrap_is_as_large_as_balancing_makes_it_and_keeps_the_shares():
    split = rare()
    X, y = METHODS["bootstrap"].make(Setting(0, "logistic", sys.executable), split.X).fit_resample(split.X, split.y)
    assert len(X) == len(y) == 2 * int((split.y == 0).sum())
    assert y.mean() == pytest.approx(split.y.mean(), abs=0.01)
    assert set(X["x"]) <= set(split.X["x"])


def test_students_of_a_case_share_their_teachers(monkeypatch):
    fitted = []

    class Counted(GaussianNB):
        def fit(self, X, y):
            fitted.append(len(y))
            return super().fit(X, y)

    monkeypatch.setattr(shared_fits, "_FITTED", {})
    monkeypatch.setattr(learners, "find_default_teacher", Counted)
    split = rare()
    for name in ("logistic", "neighbours", "boosting"):
        for treatment in ("soft_real", "distilled_copula", "teacher"):
            make_treated_learner(name, split, 3, treatment).fit(split.X, split.y)
    assert fitted == [160] * 5 + [200]  # five folds, and all rows


def test_teacher_and_students_take_columns_of_text():
    split = rare()
    X = split.X.assign(word=np.where(split.X["z"] > 0, "yes", None))
    split = replace(split, X=X, X_test=split.X_test.assign(word="no"))
    for treatment in ("soft_real", "distilled_copula", "teacher"):
        proba = make_treated_learner("neighbours", split, 0, treatment).fit(X, split.y).predict_proba(split.X_test)
        assert np.allclose(proba.sum(1), 1.0)


def test_the_teacher_is_the_same_for_every_learner():
    split = rare()
    first, second = (make_treated_learner(name, split, 0, "teacher") for name in ("logistic", "forest"))
    expected = first.fit(split.X, split.y).predict_proba(split.X_test)
    assert np.array_equal(second.fit(split.X, split.y).predict_proba(split.X_test), expected)


def test_a_search_of_a_case_is_shared_and_finds_a_smoother_learner(monkeypatch):
    searches = []
    search = searched.SearchedLearner._search
    monkeypatch.setattr(
        searched.SearchedLearner, "_search", lambda self, *rows: searches.append(self.name) or search(self, *rows)
    )
    monkeypatch.setattr(shared_fits, "_FITTED", {})
    split = rare()
    for treatment in ("searched", "soft_real_searched"):
        fitted = make_treated_learner("tree", split, 0, treatment).fit(split.X, split.y)
    assert searches == ["tree"]
    assert fitted.distilled_.student_[-1].min_samples_leaf > 1


def test_grids_hold_the_defaults_of_every_learner():
    assert set(searched.GRIDS) == set(learners.LEARNERS)
    for name, grid in searched.GRIDS.items():
        defaults = learners.LEARNERS[name](0).get_params()
        assert all(defaults[option] in values for option, values in grid.items())
