"""PriorCorrectedClassifier: probabilities for the real prior after training on resampled rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gain_samplers import Bootstrap, blobs
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy.sparse import csr_matrix
from scipy.stats import norm
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from small import quick_augmenter
from toy_table import make_toy_table

from ganaug import DataError, GaussianCopula, ParameterError, PriorCorrectedClassifier, TunedAugmenterCV
from ganaug.gain.classifiers import make_preprocessing
from ganaug.gain.priors import correct_prior, decide_at_prevalence, infer_learned_prior

LOGISTIC = LogisticRegression(C=1e6, max_iter=1000)


def normals(prior, n, seed=0):
    """(X, y, posterior): a normal number for each class, one apart, and the true probability of each class."""
    rng = np.random.default_rng(seed)
    y = rng.choice(len(prior), n, p=prior)
    x = rng.normal(y.astype(float), 1.0)
    density = norm.pdf(x[:, None], np.arange(len(prior))) * np.asarray(prior)
    return x[:, None], y, density / density.sum(1, keepdims=True)


@parametrize_with_checks([PriorCorrectedClassifier(LogisticRegression(), RandomOverSampler(random_state=0))])
def test_scikit_learn(estimator, check):
    check(estimator)


@parametrize_with_checks([PriorCorrectedClassifier(LogisticRegression(class_weight="balanced"))])
def test_scikit_learn_without_a_sampler(estimator, check):
    check(estimator)


# The true posterior is known, and is recovered.


@pytest.mark.parametrize("prior", [(0.95, 0.05), (0.7, 0.25, 0.05)], ids=["two classes", "three classes"])
@pytest.mark.parametrize(
    "sampler", [RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)], ids=["over", "under"]
)
def test_the_true_posterior_is_recovered_from_balanced_training(prior, sampler):
    X, y, _ = normals(prior, 20_000)
    X_test, y_test, posterior = normals(prior, 20_000, seed=1)
    model = PriorCorrectedClassifier(LOGISTIC, sampler).fit(X, y)
    assert np.abs(model.predict_proba(X_test) - posterior).mean() < 0.01
    wrong = model.classifier_.predict_proba(X_test)
    assert np.abs(wrong - posterior).mean() > 0.1
    assert log_loss(y_test, model.predict_proba(X_test)) < log_loss(y_test, wrong) - 0.1
    assert log_loss(y_test, model.predict_proba(X_test)) == pytest.approx(log_loss(y_test, posterior), abs=0.005)


def test_class_weights_are_taken_back_as_resampling_is():
    X, y, posterior = normals((0.95, 0.05), 20_000)
    for weights in ("balanced", {0: 1, 1: 19}):
        model = PriorCorrectedClassifier(LOGISTIC.set_params(class_weight=weights)).fit(X, y)
        assert model.trained_prior_ == pytest.approx([0.5, 0.5], abs=0.02)
        assert np.abs(model.predict_proba(X) - posterior).mean() < 0.01
    LOGISTIC.set_params(class_weight=None)


def test_a_prior_that_is_given_replaces_that_of_the_rows():
    X, y, _ = normals((0.5, 0.5), 20_000)  # balanced by somebody before
    X_test, _, posterior = normals((0.9, 0.1), 20_000, seed=1)
    model = PriorCorrectedClassifier(LOGISTIC, prior={1: 1, 0: 9}).fit(X, y)
    assert model.prior_.tolist() == [0.9, 0.1]
    assert np.abs(model.predict_proba(X_test) - posterior).mean() < 0.01


def test_nothing_changes_where_nothing_was_resampled():
    X, y = blobs(60)
    model, plain = PriorCorrectedClassifier(LOGISTIC).fit(X, y), clone(LOGISTIC).fit(X, y)
    assert model.predict_proba(X) == pytest.approx(plain.predict_proba(X))
    assert model.predict(X).tolist() == plain.predict(X).tolist()


@settings(deadline=None, max_examples=50)
@given(
    p=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5),
    shares=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
)
def test_the_odds_are_multiplied_by_the_ratio_of_the_priors_and_the_order_stays(p, shares):
    p, (old, new) = np.asarray(p), shares
    found = correct_prior(np.column_stack([1 - p, p]), np.array([1 - old, old]), np.array([1 - new, new]))
    assert found.sum(1) == pytest.approx(1)
    expected = p / (1 - p) * (new / (1 - new)) / (old / (1 - old))
    assert found[:, 1] / found[:, 0] == pytest.approx(expected)
    assert (np.diff(found[np.argsort(expected), 1]) >= -1e-15).all()  # neighbours of one rounding may tie
    back = correct_prior(found, np.array([1 - new, new]), np.array([1 - old, old]))
    assert back[:, 1] == pytest.approx(p)


def test_certainty_stays_certain_and_a_row_of_nothing_gets_the_prior():
    found = correct_prior(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.5, 0.5]), np.array([0.9, 0.1]))
    assert found.tolist() == [[1.0, 0.0], [0.9, 0.1]]


def test_the_decision_at_prevalence_is_the_most_probable_class_relative_to_its_share():
    p = np.array([[0.9, 0.1], [0.97, 0.03]])
    assert decide_at_prevalence(p, np.array([0.95, 0.05])).tolist() == [1, 0]
    assert decide_at_prevalence(p, np.array([1.0, 0.0])).tolist() == [0, 0]
    assert decide_at_prevalence(np.array([[0.5, 0.3, 0.2]]), np.array([0.6, 0.3, 0.1])).tolist() == [2]


def test_the_prior_that_weights_make_is_known_in_a_pipeline():
    shares, classes = np.array([0.9, 0.1]), np.array(["a", "b"])
    for weights, expected in ((None, [0.9, 0.1]), ("balanced", [0.5, 0.5]), ({"b": 9}, [0.5, 0.5])):
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(class_weight=weights))
        assert infer_learned_prior(shares, classes, pipeline) == pytest.approx(expected)


def test_a_calibrated_classifier_gives_probabilities_for_the_rows_whatever_it_weighs():
    inner = CalibratedClassifierCV(LogisticRegression(class_weight="balanced"), ensemble=False)
    shares, classes = np.array([0.9, 0.1]), np.array([0, 1])
    for model in (inner, make_pipeline(StandardScaler(), inner)):
        assert infer_learned_prior(shares, classes, model).tolist() == [0.9, 0.1]
    X, y, posterior = normals((0.9, 0.1), 4000)
    assert np.abs(PriorCorrectedClassifier(inner).fit(X, y).predict_proba(X) - posterior).mean() < 0.02


# Among the tools that users have.


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize(
    "sampler",
    [
        SMOTE(random_state=0),
        GaussianCopula(random_state=0),
        quick_augmenter(),
        TunedAugmenterCV(Bootstrap(), "logistic", fractions=(0, 0.3), random_state=0),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_it_takes_any_sampler_with_fit_resample(sampler):
    X, y = blobs(90)
    kept = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:12]]
    X, y = X[kept], y[kept]
    model = PriorCorrectedClassifier(LogisticRegression(), sampler).fit(X, y)
    assert model.predict_proba(X).sum(1) == pytest.approx(1)
    assert not hasattr(sampler, "classes_") and model.prior_[1] == pytest.approx(12 / 57)


def test_it_works_in_pipelines_searches_and_cross_validation():
    X, y, _ = normals((0.9, 0.1), 600)
    model = PriorCorrectedClassifier(LogisticRegression(), SMOTE(random_state=0))
    assert clone(model).sampler.k_neighbors == 5
    assert cross_val_score(make_pipeline(StandardScaler(), model), X, y, scoring="neg_log_loss", cv=3).mean() > -0.4
    grid = {"classifier__C": [0.1, 1.0], "sampler__k_neighbors": [3, 5]}
    search = GridSearchCV(model, grid, scoring="neg_brier_score", cv=3).fit(X, y)
    assert search.best_params_.keys() == grid.keys()
    nested = make_sampling_pipeline(StandardScaler(), model).fit(X, y)
    assert nested.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)


def test_mixed_tables_and_labels_of_text_are_taken():
    X, y = make_toy_table(120)
    model = PriorCorrectedClassifier(
        make_pipeline(*make_preprocessing(), LogisticRegression()), GaussianCopula(random_state=0)
    ).fit(X, y)
    assert model.classes_.tolist() == ["leaves", "stays"]
    assert set(model.predict(X)) <= {"leaves", "stays"}
    assert model.score(X, y) > 0.5
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_sparse_rows_are_left_to_sampler_and_classifier():
    X, y, _ = normals((0.9, 0.1), 300)
    model = PriorCorrectedClassifier(LogisticRegression(), SMOTE(random_state=0)).fit(csr_matrix(X), y)
    assert model.predict_proba(csr_matrix(X))[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)


def test_the_names_of_columns_are_kept_and_those_of_an_earlier_fit_forgotten():
    X, y = blobs(40)
    model = PriorCorrectedClassifier(LogisticRegression()).fit(pd.DataFrame(X, columns=["a", "b"]), y)
    assert model.feature_names_in_.tolist() == ["a", "b"] and model.n_features_in_ == 2
    assert not hasattr(model.fit(X, y), "feature_names_in_")


def test_ranking_stays_and_probabilities_improve():
    X, y, _ = normals((0.97, 0.03), 5000)
    model = PriorCorrectedClassifier(LogisticRegression(), RandomOverSampler(random_state=0)).fit(X, y)
    before, after = model.classifier_.predict_proba(X)[:, 1], model.predict_proba(X)[:, 1]
    assert roc_auc_score(y, after) == pytest.approx(roc_auc_score(y, before))
    assert brier_score_loss(y, after) < brier_score_loss(y, before) / 3


# What cannot work says so.


class Dropping(RandomOverSampler):
    """Returns rows of the first class alone."""

    def fit_resample(self, X, y):
        return X[y == 0], y[y == 0]


class Inventing(RandomOverSampler):
    """Returns rows of a class that there is not."""

    def fit_resample(self, X, y):
        return np.r_[X, X[:1]], np.r_[y, 7]


@pytest.mark.parametrize(
    ("model", "error", "text"),
    [
        (PriorCorrectedClassifier(RidgeClassifier()), ParameterError, "'classifier'.*predict_proba.*CalibratedClassif"),
        (PriorCorrectedClassifier(LogisticRegression), ParameterError, "'classifier' parameter"),
        (PriorCorrectedClassifier(LOGISTIC, StandardScaler()), ParameterError, "'sampler'.*fit_resample, or None"),
        (PriorCorrectedClassifier(LOGISTIC, SMOTE), ParameterError, "'sampler'"),
        (PriorCorrectedClassifier(LOGISTIC, prior={0: 1.0, 1: 0}), ParameterError, "'prior'.*above 0.*classes are"),
        (PriorCorrectedClassifier(LOGISTIC, prior={0: 1.0}), ParameterError, "'prior'"),
        (PriorCorrectedClassifier(LOGISTIC, prior={0: 1, 1: 1, 2: 1}), ParameterError, "'prior'.*no other label"),
        (PriorCorrectedClassifier(LOGISTIC, Dropping()), DataError, "Class 1 has no rows in what the sampler returned"),
        (PriorCorrectedClassifier(LOGISTIC, Inventing()), DataError, "a class that y does not have, 7"),
    ],
)
def test_what_cannot_work_is_refused_with_the_cure(model, error, text):
    with pytest.raises(error, match=text):
        model.fit(*blobs(40))


def test_a_single_class_is_refused():
    with pytest.raises(DataError, match="one class"):
        PriorCorrectedClassifier(LOGISTIC).fit(np.zeros((4, 1)), np.zeros(4, int))
