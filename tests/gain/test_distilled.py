"""DistilledClassifier: a student learns probabilities of teachers that have not seen its rows."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from gain_samplers import Bootstrap, blobs
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TimeSeriesSplit, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks
from small import quick_augmenter
from toy_table import make_toy_table

from ganaug import CrossFittedTeacher, DataError, DistilledClassifier, GaussianCopula, ParameterError, SwapNoise
from ganaug.gain.students import fit_student

BAYES = GaussianNB()


class Memory(ClassifierMixin, BaseEstimator):
    """A teacher that knows the label of every row it has seen, and says even odds of all others."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = {tuple(row): label for row, label in zip(np.asarray(X).tolist(), y.tolist(), strict=True)}
        return self

    def predict_proba(self, X):
        known = [self.seen_.get(tuple(row)) for row in np.asarray(X).tolist()]
        even = np.full(len(self.classes_), 1.0 / len(self.classes_))
        return np.stack([even if label is None else (self.classes_ == label).astype(float) for label in known])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


def two_normals(n, seed=0):
    """(X, y, P(y = 1)): normal numbers of two overlapping classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    x = rng.normal(y * 1.5, 1.0)
    density = norm.pdf(x[:, None], [0.0, 1.5])
    return x[:, None], y, (density / density.sum(1, keepdims=True))[:, 1]


@parametrize_with_checks(
    [DistilledClassifier(LogisticRegression(), teacher=BAYES, cv=2), CrossFittedTeacher(BAYES, cv=2)]
)
def test_scikit_learn(estimator, check):
    check(estimator)


# No row's own label reaches it.


def test_a_teacher_that_remembers_its_rows_teaches_nothing_about_real_ones():
    X, y = blobs(60)
    model = DistilledClassifier(DecisionTreeClassifier(), teacher=Memory(), random_state=0).fit(X, y)
    assert (model.oof_proba_ == 1.0 / len(model.classes_)).all()
    assert (model.teacher_.predict_proba(X).max(1) == 1.0).all()


def test_each_teacher_has_seen_all_rows_but_those_that_it_predicts():
    seen = []

    class Witness(Memory):
        def fit(self, X, y):
            seen.append(set(np.asarray(X)[:, 0].tolist()))
            return super().fit(X, y)

    X = np.arange(40.0)[:, None]
    DistilledClassifier(DecisionTreeClassifier(), teacher=Witness(), cv=4, random_state=0).fit(X, np.arange(40) % 2)
    assert [len(rows) for rows in seen] == [30, 30, 30, 30, 40]
    assert sorted(row for rows in seen for row in seen[-1] - rows) == np.arange(40.0).tolist()


def test_rows_of_a_group_are_taught_by_teachers_that_know_no_row_of_it():
    X = np.repeat(np.arange(20.0), 3)[:, None]  # three equal rows in each group: a teacher would remember them
    y = np.repeat(np.arange(20) % 2, 3)
    alone = DistilledClassifier(DecisionTreeClassifier(), teacher=Memory(), random_state=0)
    assert (alone.fit(X, y).oof_proba_ != 0.5).any()
    assert (alone.fit(X, y, groups=np.repeat(np.arange(20), 3)).oof_proba_ == 0.5).all()


def test_synthetic_rows_get_the_probabilities_of_the_teacher_not_the_labels_of_the_generator():
    X, y, _ = two_normals(200)

    class Liar(Bootstrap):
        def sample(self, n=None, y=None, random_state=None):
            rows, labels = super().sample(n, y=y, random_state=random_state)
            return rows, 1 - labels

    honest, liar = (
        DistilledClassifier(DecisionTreeClassifier(random_state=0), sampler, BAYES, random_state=0).fit(X, y)
        for sampler in (Bootstrap(), Liar())
    )
    assert np.array_equal(honest.predict_proba(X), liar.predict_proba(X))


# The teacher by itself.


def test_soft_labels_hold_a_share_of_the_label_itself():
    X, y = blobs(60)
    teacher = CrossFittedTeacher(Memory(), own_label=0.25, random_state=0).fit(X, y)
    assert np.allclose(teacher.proba_[np.arange(60), y], 0.25 + 0.75 * 0.5)
    assert (teacher.classes_[teacher.codes_] == y).all()
    assert (teacher.predict_proba(X).max(1) == 1.0).all()


def test_weighted_labels_give_each_row_a_weight_of_one():
    X, y = blobs(90, n_classes=3)
    teacher = CrossFittedTeacher(BAYES, random_state=0).fit(X, np.array(["a", "b", "c"])[y])
    proba = np.array([[0.9995, 0.0005, 0.0], [0.2, 0.3, 0.5]])
    rows, labels, weights = teacher.to_weights(proba)
    assert rows.tolist() == [0, 1, 1, 1] and labels.tolist() == ["a", "a", "b", "c"]
    assert weights == pytest.approx([1.0, 0.2, 0.3, 0.5])


# What the student learns.


@pytest.mark.parametrize(
    "student",
    [
        DecisionTreeClassifier(min_samples_leaf=20, random_state=0),
        RandomForestClassifier(min_samples_leaf=20, random_state=0),
        KNeighborsClassifier(25),
        GradientBoostingRegressor(max_depth=1, n_estimators=30),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda student: type(student).__name__,
)
def test_a_student_of_the_truth_comes_closer_to_it_than_a_student_of_labels(student):
    X, y, truth = two_normals(1500)
    fresh, _, expected = two_normals(2000, seed=1)
    proba = np.column_stack([1 - truth, truth])
    classes = np.array([0, 1])
    by_truth = fit_student(student, X, proba, classes).predict_proba(fresh)[:, 1]
    by_label = fit_student(student, X, np.eye(2)[y], classes).predict_proba(fresh)[:, 1]
    assert np.abs(by_truth - expected).mean() < np.abs(by_label - expected).mean()


def test_a_weighted_student_minimises_the_cross_entropy_with_the_probabilities():
    X, _, truth = two_normals(3000)
    student = fit_student(LogisticRegression(C=1e6), X, np.column_stack([1 - truth, truth]), np.array([0, 1]))
    assert np.allclose(student.predict_proba(X)[:, 1], truth, atol=1e-3)


def test_a_bagged_forest_learns_by_regression_unless_it_has_class_weights():
    X, _, truth = two_normals(200)
    proba, classes = np.column_stack([1 - truth, truth]), np.array([0, 1])
    plain, weighted, unbagged = (
        fit_student(RandomForestClassifier(7, max_depth=3, criterion="entropy", **options), X, proba, classes)
        for options in ({}, {"class_weight": "balanced"}, {"bootstrap": False})
    )
    assert (plain.regressor_.n_estimators, plain.regressor_.max_depth) == (7, 3)
    assert plain.regressor_.max_features == "sqrt"
    assert isinstance(weighted, RandomForestClassifier) and isinstance(unbagged, RandomForestClassifier)


def test_own_label_blends_from_the_teacher_to_ordinary_training():
    X, y, _ = two_normals(300)
    student = DecisionTreeClassifier(random_state=0)
    own, half, none = (
        DistilledClassifier(student, None, BAYES, own_label=share, random_state=0).fit(X, y).predict_proba(X)
        for share in (1.0, 0.5, 0.0)
    )
    assert (own.argmax(1) == y).all()
    assert log_loss(y, own) < log_loss(y, half) < log_loss(y, none)


def test_without_an_augmenter_or_with_no_synthetic_rows_the_generator_is_left_out():
    X, y = blobs(80)
    student = DecisionTreeClassifier(random_state=0)
    alone = DistilledClassifier(student, None, BAYES, random_state=0).fit(X, y)
    nothing = DistilledClassifier(student, Bootstrap(), BAYES, synthetic_size=0, random_state=0).fit(X, y)
    assert alone.augmenter_ is None and nothing.augmenter_ is None
    assert np.array_equal(alone.predict_proba(X), nothing.predict_proba(X))


def test_by_default_rows_with_swapped_cells_are_added():
    X, y = blobs(80)
    student = DecisionTreeClassifier(random_state=0)
    default, swapped = (
        DistilledClassifier(student, augmenter, BAYES, random_state=0).fit(X, y) for augmenter in ("swap", SwapNoise())
    )
    assert isinstance(default.augmenter_, SwapNoise)
    assert np.array_equal(default.predict_proba(X), swapped.predict_proba(X))


def test_pixels_are_not_swapped():
    X, y = np.zeros((40, 8, 8)), np.arange(40) % 2
    with pytest.raises(ParameterError, match="must not be 'swap' for images"):
        DistilledClassifier(MLPClassifier(), teacher=BAYES).fit(X, y)


@pytest.mark.parametrize("size", [0.5, 1, 3])
def test_synthetic_size_counts_synthetic_rows_in_multiples_of_real_ones(size):
    X, y = blobs(80)
    counted = []

    class Counting(DecisionTreeClassifier):
        def fit(self, X, y, sample_weight=None):
            counted.append(float(np.sum(sample_weight)))
            return super().fit(X, y, sample_weight=sample_weight)

    DistilledClassifier(Counting(), Bootstrap(), BAYES, synthetic_size=size, random_state=0).fit(X, y)
    assert counted[0] == pytest.approx(80 * (1 + size), rel=0.01)


# With the libraries around it.


def test_mixed_columns_and_text_labels_are_taken_by_names_and_bare_classifiers():
    X, y = make_toy_table(150)
    for student in ("logistic", "neighbours", DecisionTreeClassifier()):
        model = DistilledClassifier(student, GaussianCopula(), "forest", cv=2, random_state=0).fit(X, y)
        proba = model.predict_proba(X)
        assert proba.shape == (150, len(model.classes_)) and np.allclose(proba.sum(1), 1.0)
        assert set(model.predict(X)) <= set(y)


def test_the_default_teacher_takes_mixed_columns():
    X, y = make_toy_table(120)
    model = DistilledClassifier("boosting", cv=2, random_state=0).fit(X, y)
    assert (model.oof_proba_.max(1) < 1.0).all() and np.allclose(model.oof_proba_.sum(1), 1.0)


def test_ganaug_makes_the_rows():
    X, y = make_toy_table(120)
    model = DistilledClassifier("logistic", quick_augmenter(), "logistic", cv=2, random_state=0).fit(X, y)
    assert len(model.augmenter_.history_["generator_loss"]) == 4


def test_equal_seeds_give_equal_models_and_global_state_is_left_alone():
    X, y = blobs(90)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    made = [
        DistilledClassifier("forest", Bootstrap(), "forest", cv=2, random_state=seed).fit(X, y).predict_proba(X)
        for seed in (3, 3, 4)
    ]
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])
    assert np.array_equal(np.random.get_state()[1], before)


def test_clone_search_cross_validation_and_pickle():
    X, y = blobs(90)
    model = DistilledClassifier(DecisionTreeClassifier(random_state=0), teacher=BAYES, cv=2, random_state=0)
    assert clone(model).get_params()["teacher__var_smoothing"] == 1e-9
    assert len(cross_val_score(model, X, y, cv=3)) == 3
    search = GridSearchCV(model, {"own_label": [0.0, 0.5], "student__max_depth": [2, 5]}, cv=2).fit(X, y)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(again.predict_proba(X), search.predict_proba(X))


def test_a_class_that_no_probability_reaches_is_a_column_of_zeros():
    proba = np.tile([0.6, 0.4, 0.0], (20, 1))
    student = fit_student(DecisionTreeClassifier(), np.zeros((20, 1)), proba, np.array(["a", "b", "c"]))
    assert student.classes_.tolist() == ["a", "b"]


# What bad input gets.


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"student": LinearSVC}, ParameterError, "'student' .* must be the name or an instance"),
        ({"student": 5}, ParameterError, "'student' .* Got 5 instead"),
        ({"student": "trees"}, ParameterError, "The classifier 'trees' does not exist"),
        ({"teacher": RidgeClassifier()}, ParameterError, "'teacher' .* must be a classifier with predict_proba"),
        ({"teacher": GaussianNB}, ParameterError, "'teacher' .* must be a classifier with predict_proba"),
        (
            {"augmenter": object()},
            ParameterError,
            "'augmenter' .* must be 'swap', an object with the methods fit and sample",
        ),
        ({"synthetic_size": -1}, ParameterError, "'synthetic_size' .* Got -1 instead"),
        ({"own_label": 1.5}, ParameterError, "'own_label' .* Got 1.5 instead"),
        ({"cv": 1}, ParameterError, "'cv' .* Got 1 instead"),
        ({"cv": 70}, DataError, "Class .* fewer than the 70 folds"),
        ({"cv": TimeSeriesSplit(3)}, DataError, "Row 0 is in 0 test folds of 'cv'"),
    ],
)
def test_wrong_parameters_are_named_with_what_to_do(options, error, text):
    X, y = blobs(60)
    model = DistilledClassifier(**{"student": DecisionTreeClassifier(), "teacher": BAYES, **options})
    with pytest.raises(error, match=text):
        model.fit(X, y)


class OnlyLabels(ClassifierMixin, BaseEstimator):
    """A student that takes neither weights nor probabilities."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def test_a_student_that_can_learn_from_labels_alone_is_refused_before_any_work():
    X, y = blobs(60)
    with pytest.raises(ParameterError, match="must take sample_weight in fit, or be a regressor"):
        DistilledClassifier(OnlyLabels(), teacher=BAYES).fit(X, y)


def test_a_student_without_probabilities_is_refused_before_any_work():
    X, y = blobs(60)
    with pytest.raises(ParameterError, match="must have predict_proba, or be a regressor"):
        DistilledClassifier(LinearSVC(), teacher=BAYES).fit(X, y)


def test_a_teacher_that_invents_classes_is_refused():
    class Inventor(GaussianNB):
        def fit(self, X, y):
            return super().fit(X, np.where(np.arange(len(y)) == 0, 99, y))

    X, y = blobs(60)
    with pytest.raises(DataError, match="predicts the class 99, which the labels do not have"):
        DistilledClassifier(DecisionTreeClassifier(), teacher=Inventor()).fit(X, y)


def test_rows_and_labels_have_to_match():
    X, y = blobs(60)
    with pytest.raises(DataError, match="60 rows and y has 59 labels"):
        DistilledClassifier(DecisionTreeClassifier(), teacher=BAYES).fit(X, y[:59])
    with pytest.raises(DataError, match="All rows are of one class"):
        DistilledClassifier(DecisionTreeClassifier(), teacher=BAYES).fit(X, np.zeros(60))


def test_an_augmenter_that_fails_says_so_itself():
    class Broken(Bootstrap):
        def fit(self, X, y):
            raise DataError("no such luck")

    X, y = blobs(60)
    with pytest.raises(DataError, match="no such luck"):
        DistilledClassifier(DecisionTreeClassifier(), Broken(), BAYES).fit(X, y)


def test_folds_of_the_user_are_taken():
    X, y = blobs(60)
    cv = StratifiedKFold(3, shuffle=True, random_state=5)
    model = DistilledClassifier(MLPClassifier(max_iter=20), teacher=BAYES, cv=cv, random_state=0)
    with pytest.warns(Warning, match="Maximum iterations"):
        model.fit(pd.DataFrame(X, columns=["a", "b"]), y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
