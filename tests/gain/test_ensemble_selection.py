"""Which classifiers are averaged, and how much each counts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.tree import DecisionTreeClassifier

from ganaug.gain.classifiers import clone_with_seed
from ganaug.gain.ensemble_selection import EnsembleSelection
from ganaug.gain.teachers import make_teacher


class Remembering(DummyClassifier):
    """Counts the rows that it was fitted to, and the fits of all clones."""

    fits: list[int] = []  # noqa: RUF012 - clones share it

    def fit(self, X, y):
        self.fits.append(len(X))
        return super().fit(X, y)


def stripes(n=1200, seed=0):
    """(X, y): classes in stripes, which trees tell and a line does not."""
    X = np.random.default_rng(seed).uniform(-1, 1, (n, 2))
    return X, np.where(np.sin(6 * X[:, 0]) > 0, "up", "down")


def line(n=1200, seed=0):
    """(X, y): classes on both sides of a line, with noise, which a deep tree learns by heart."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, X[:, 0] + rng.logistic(size=n) > 0


def selection(**options):
    parts = [("line", LogisticRegression()), ("tree", DecisionTreeClassifier()), ("dummy", DummyClassifier())]
    return EnsembleSelection(parts, ["line", "dummy"], random_state=0, **options)


@pytest.mark.parametrize(("table", "best"), [(stripes, "tree"), (line, "line")])
def test_the_classifier_that_suits_the_table_counts_most(table, best):
    fitted = selection().fit(*table())
    assert max(fitted.weights_, key=fitted.weights_.get) == best
    assert sum(fitted.weights_.values()) == pytest.approx(1)
    X, y = table(seed=1)
    usual = clone(selection(min_rows=10_000)).fit(*table())
    assert log_loss(y, fitted.predict_proba(X)) < log_loss(y, usual.predict_proba(X))


@pytest.mark.parametrize("table", [lambda: stripes(999), lambda: (stripes()[0], np.arange(1200) < 4)])
def test_few_rows_or_a_tiny_class_take_the_usual_ones_alike(table):
    assert selection().fit(*table()).weights_ == {"line": 0.5, "dummy": 0.5}


def test_probabilities_are_the_weighted_mean_of_the_classifiers_that_were_chosen():
    X, y = line()
    fitted = selection().fit(X, y)
    parts = {name: estimator.predict_proba(X) for name, estimator in fitted.voting_.named_estimators_.items()}
    assert parts.keys() == fitted.weights_.keys()
    expected = sum(fitted.weights_[name] * proba for name, proba in parts.items())
    np.testing.assert_allclose(fitted.predict_proba(X), expected)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[expected.argmax(axis=1)])


def test_a_choice_is_made_on_rows_that_the_classifiers_have_not_seen():
    Remembering.fits.clear()
    parts = [("one", Remembering()), ("other", Remembering())]
    EnsembleSelection(parts, ["one"], random_state=0).fit(*line(1000))
    assert Remembering.fits[:2] == [750, 750]
    assert set(Remembering.fits[2:]) == {1000}


def test_every_part_gets_the_seed_and_the_same_seed_gives_the_same_probabilities():
    X, y = stripes()
    first, again = (clone_with_seed(selection(), 7).fit(X, y) for _ in range(2))
    assert first.get_params()["tree__random_state"] == first.random_state == 7
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))


def test_the_default_teacher_chooses_from_a_thousand_rows_on():
    teacher = make_teacher()
    names = [name for name, _ in teacher[-1].estimators]
    assert teacher[-1].min_rows == 1000 and set(teacher[-1].usual) < set(names)
    few = clone_with_seed(teacher, 0).fit(*stripes(200))
    assert set(few[-1].weights_) == set(teacher[-1].usual)
