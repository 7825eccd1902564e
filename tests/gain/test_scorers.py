"""What is measured."""

from __future__ import annotations

import numpy as np
import pytest
from gain_samplers import blobs
from sklearn import metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB

from ganaug.errors import ParameterError
from ganaug.gain.scorers import (
    PREVALENCE,
    CachedClassifier,
    default_metrics,
    describe_error,
    neg_brier_score,
    neg_calibration_error,
    neg_log_loss,
    resolve_scorers,
    roc_auc,
    score_all,
)

X, Y = blobs(80)
WORDS = np.where(Y == 1, "no", "yes")


class Fixed(ClassifierMixin, BaseEstimator):
    """Says what it is told to say."""

    def __init__(self, probabilities, classes):
        self.probabilities = probabilities
        self.classes = classes
        self.classes_ = np.asarray(classes)

    def predict_proba(self, X):
        return np.asarray(self.probabilities, dtype=float)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]

    def __sklearn_is_fitted__(self):
        return True


def measured(metrics, model, X, y):
    return score_all(model, X, y, resolve_scorers(metrics, y))


def test_the_default_leads_with_what_no_threshold_moves_and_has_probabilities_and_decisions():
    scores, reasons = measured(None, GaussianNB().fit(X, WORDS), X, WORDS)
    assert (
        tuple(scores)
        == default_metrics(2)
        == (*("roc_auc", "average_precision", "neg_log_loss", "neg_brier_score", "balanced_accuracy", "f1_macro"),)
    )
    assert not reasons


def test_the_default_works_with_many_classes():
    many, y = blobs(90, 3)
    scores, reasons = measured(None, GaussianNB().fit(many, y), many, y)
    assert tuple(scores) == default_metrics(3) and next(iter(scores)) == "roc_auc_ovr"
    assert not reasons


@pytest.mark.parametrize("y", [Y, WORDS, Y == 1], ids=["0 and 1", "text", "booleans"])
def test_every_default_metric_is_there_whatever_the_labels_are(y):
    model = GaussianNB().fit(X, np.asarray(y.tolist()))
    scores, reasons = measured(None, model, X, np.asarray(y))
    assert not reasons
    assert np.isfinite(list(scores.values())).all()


def test_scores_of_one_class_are_those_of_the_rarer_one():
    y = np.where(np.arange(80) % 4 == 0, "a", "b")  # the rarer one comes first in order
    model = LogisticRegression().fit(X, y)
    scores, _ = measured(["average_precision", "f1", "precision", "recall", "jaccard", "recall_per_class"], model, X, y)
    p, said = model.predict_proba(X)[:, 0], model.predict(X)
    assert scores["average_precision"] == pytest.approx(sk.average_precision_score(y == "a", p))
    assert scores["f1"] == sk.f1_score(y == "a", said == "a")
    assert scores["recall"] == scores["recall[a]"]


def test_scores_of_zero_and_one_are_those_of_one():
    y = np.where(np.arange(80) % 4 == 0, 0, 1)
    model = LogisticRegression().fit(X, y)
    scores, _ = measured(["f1"], model, X, y)
    assert scores["f1"] == sk.f1_score(y, model.predict(X))


def test_log_loss_is_that_of_scikit_learn():
    many, y = blobs(90, 3, distance=0.5)
    model = GaussianNB().fit(many, y)
    assert neg_log_loss(model, many, y) == pytest.approx(-sk.log_loss(y, model.predict_proba(many)))


def test_log_loss_survives_certainty_and_labels_never_seen():
    model = Fixed([[1, 0], [1, 0]], ["a", "b"])
    assert neg_log_loss(model, X[:2], np.array(["a", "b"])) == pytest.approx(np.log(1e-15) / 2)
    assert neg_log_loss(model, X[:2], np.array(["a", "c"])) == pytest.approx(np.log(1e-15) / 2)


def test_calibration_error_by_hand():
    sure = Fixed([[0.9, 0.1]] * 20, [0, 1])
    assert neg_calibration_error(sure, X[:20], np.array([0] * 18 + [1] * 2)) == pytest.approx(
        -0.18
    )  # ten bins of two rows
    right = Fixed([[0.7, 0.3]] * 10, [0, 1])
    assert neg_calibration_error(right, X[:10], np.zeros(10, int)) == pytest.approx(-0.3)
    assert neg_calibration_error(Fixed([[1.0, 0.0]] * 3, [0, 1]), X[:3], np.zeros(3, int)) == 0


def test_the_brier_score_is_that_of_scikit_learn_and_survives_labels_never_seen():
    model = GaussianNB().fit(X, Y)
    assert neg_brier_score(model, X, Y) == pytest.approx(-sk.brier_score_loss(Y, model.predict_proba(X)[:, 1]))
    thirds = Fixed([[0.5, 0.3, 0.2]] * 2, ["a", "b", "c"])
    by_hand = (0.5**2 + 0.3**2 + 0.2**2 + 0.5**2 + 0.7**2 + 0.2**2) / 4  # half the sum over classes, mean of two rows
    assert neg_brier_score(thirds, X[:2], np.array(["a", "b"])) == pytest.approx(-by_hand)
    never = (0.5**2 + 0.3**2 + 0.2**2 + 1) / 2
    assert neg_brier_score(thirds, X[:1], np.array(["d"])) == pytest.approx(-never)


@pytest.mark.parametrize("model", [GaussianNB(), LogisticRegression(), RidgeClassifier()])
def test_the_area_under_the_curve_is_that_of_scikit_learn(model):
    fitted = model.fit(X, Y)
    assert roc_auc(fitted, X, Y) == sk.get_scorer("roc_auc")(fitted, X, Y)
    assert roc_auc(model.fit(X, WORDS), X, WORDS) == pytest.approx(sk.get_scorer("roc_auc")(fitted, X, WORDS))
    many, y = blobs(90, 3)
    if hasattr(model, "predict_proba"):
        assert roc_auc(model.fit(many, y), many, y) == pytest.approx(sk.get_scorer("roc_auc_ovr")(model, many, y))


def test_the_area_under_the_curve_is_of_the_classes_that_are_there():
    many, y = blobs(90, 3)
    model = GaussianNB().fit(many, y)
    two = y < 2
    found = [sk.roc_auc_score(y[two] == k, model.predict_proba(many[two])[:, k]) for k in (0, 1)]
    assert roc_auc(model, many[two], y[two]) == pytest.approx(np.mean(found))


def test_rows_of_one_class_have_no_area_and_a_reason():
    scores, reasons = measured(["roc_auc", "accuracy"], GaussianNB().fit(X, Y), X[Y == 1], Y[Y == 1])
    assert reasons == {"roc_auc": "all 40 rows are of one class, 1, so that there is nothing to rank"}
    assert "accuracy" in scores


class Never(GaussianNB):
    """Decides for nobody, whatever it is asked."""

    def predict(self, X):
        return np.zeros(len(X), int)


def test_scores_of_decisions_are_there_twice_where_the_threshold_can_be_moved():
    model = GaussianNB().fit(X, Y)

    def mine(classifier, X, y):
        return float((classifier.predict(X) == y).mean())

    scorers = resolve_scorers(["roc_auc", "accuracy", mine, "recall_per_class"], Y)
    scores, reasons = score_all(model, X, Y, scorers, decided=Never().fit(X, Y))
    assert not reasons
    twice = ["accuracy", "mine", "recall[0]", "recall[1]"]
    assert list(scores) == ["roc_auc", *(name + end for name in twice for end in ("", PREVALENCE))]
    assert scores["accuracy" + PREVALENCE] == scores["mine" + PREVALENCE] == 0.5
    assert scores["recall[0]" + PREVALENCE] == 1 and scores["recall[1]" + PREVALENCE] == 0
    assert scores["accuracy"] == model.score(X, Y)


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ("balanced_acuracy", "'balanced_acuracy' does not exist; did you mean 'balanced_accuracy'"),
        (["accuracy", "neg_calibration"], "did you mean 'neg_calibration_error'"),
        ("recall_per_clas", "did you mean 'recall_per_class'"),
        ("xyzzy", "'xyzzy' does not exist; sklearn.metrics.get_scorer_names"),
        ([], "'metrics' parameter is empty"),
        ([3], r"must hold names of scorers or functions .* Got 3"),
    ],
)
def test_a_metric_that_does_not_exist_is_refused_with_a_hint(metrics, text):
    with pytest.raises(ParameterError, match=text):
        resolve_scorers(metrics, Y)


def first_half(classifier, X, y):
    return float((classifier.predict(X) == y)[: len(y) // 2].mean())


def test_functions_scorers_and_mappings_are_taken():
    model = GaussianNB().fit(X, Y)
    scores, _ = measured([first_half, sk.make_scorer(sk.accuracy_score)], model, X, Y)
    assert scores["first_half"] == first_half(model, X, Y)
    assert model.score(X, Y) in scores.values()
    scores, _ = measured({"mine": first_half, "other": "accuracy"}, model, X, Y)
    assert list(scores) == ["mine", "other"]


def test_functions_of_one_name_are_all_kept():
    scorers = resolve_scorers([lambda c, X, y: 0.1, lambda c, X, y: 0.2], Y)
    assert sorted(f(None, X, Y) for f in scorers.values()) == [0.1, 0.2]


def test_a_metric_that_the_classifier_cannot_score_has_a_reason_and_the_rest_survives():
    scores, reasons = measured(None, RidgeClassifier().fit(X, Y), X, Y)
    assert {"balanced_accuracy", "f1_macro", "roc_auc", "average_precision"} == set(scores)
    assert set(reasons) == {"neg_log_loss", "neg_brier_score"}
    assert "predict_proba" in reasons["neg_log_loss"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_has_a_reason(value):
    scores, reasons = score_all(GaussianNB().fit(X, Y), X, Y, {"odd": lambda c, X, y: value, "accuracy": first_half})
    assert "odd" in reasons and "odd" not in scores
    assert "accuracy" in scores


class Asked(GaussianNB):
    def predict_proba(self, X):
        self.times_ = getattr(self, "times_", 0) + 1
        return super().predict_proba(X)


def test_the_same_rows_are_asked_about_once():
    model = Asked().fit(X, Y)
    measured(["roc_auc", "neg_log_loss", "neg_calibration_error", "average_precision"], model, X, Y)
    assert model.times_ == 1


def test_a_part_of_the_rows_is_answered_from_the_whole():
    model = Asked().fit(X, Y)
    known, rows = CachedClassifier(model), np.array([3, 1, 70])
    part = X[rows]
    known.link_part(part, X, rows)
    assert np.array_equal(known.predict_proba(part), GaussianNB().fit(X, Y).predict_proba(X)[rows])
    assert np.array_equal(known.predict(part), model.predict(X)[rows])
    assert known.classes_.tolist() == [0, 1]
    known.predict_proba(X.copy())
    assert model.times_ == 2  # other rows are another question


def test_a_reason_is_one_short_line():
    assert describe_error(ValueError("two\nlines " + "x" * 900)).startswith("ValueError: two lines xxx")
    assert len(describe_error(ValueError("x" * 900))) < 520
    assert describe_error(KeyError()) == "KeyError"
