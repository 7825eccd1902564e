"""The classifiers that a gain is measured with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gain_samplers import blobs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from strategies import TIME_DTYPES, time_column
from toy_table import make_toy_table

from ganaug.errors import ParameterError
from ganaug.gain.classifiers import (
    clone_with_class_weights,
    clone_with_seed,
    is_categorical,
    make_preprocessing,
    resolve_classifiers,
    simplify_columns,
)

X, Y = blobs(40)
TEXT = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0.7, "up", "down")})


class NoSeed:
    """Neither get_params nor random_state."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


def test_the_default_is_one_of_each_family_by_class_name():
    names = ["LogisticRegression", "KNeighborsClassifier", "RandomForestClassifier", "HistGradientBoostingClassifier"]
    assert list(resolve_classifiers(None, X)) == names
    assert list(resolve_classifiers(["logistic", "neighbours", "forest", "boosting"], X)) == names


def test_one_several_and_named_classifiers_are_taken():
    assert list(resolve_classifiers(GaussianNB(), X)) == ["GaussianNB"]
    several = [GaussianNB(), make_pipeline(StandardScaler(), GaussianNB()), GaussianNB(var_smoothing=0.1)]
    assert list(resolve_classifiers(several, X)) == ["GaussianNB", "GaussianNB-2", "GaussianNB-3"]
    assert list(resolve_classifiers({"first": GaussianNB(), 2: KNeighborsClassifier()}, X)) == ["first", "2"]


@pytest.mark.parametrize("empty", [[], {}, ()])
def test_no_classifier_at_all_is_refused(empty):
    with pytest.raises(ParameterError, match="'classifier' parameter is empty; give at least one"):
        resolve_classifiers(empty, X)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (GaussianNB, "give an instance, not the class"),
        ("woods", "The classifier 'woods' does not exist; take one of 'logistic', 'neighbours', 'forest', 'boosting'"),
        ([GaussianNB(), StandardScaler()], "StandardScaler"),
        ({"mine": 3}, "Got mine: 3 instead"),
    ],
)
def test_what_is_no_classifier_is_refused(wrong, text):
    with pytest.raises(ParameterError, match=text):
        resolve_classifiers(wrong, X)


FRAMES = {
    "numbers": pd.DataFrame(X),
    "text": TEXT,
    "object": TEXT.astype({"b": object}),
    "string": TEXT.astype({"b": "string"}),
    "category": TEXT.astype({"b": "category"}),
    "bool": TEXT.assign(b=TEXT["b"] == "up"),
    "date": TEXT.assign(b=pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(40), unit="D")),
    "int names": TEXT.set_axis([1, 0], axis=1),
    "object array": TEXT.to_numpy(dtype=object),
    "rows of lists": TEXT.to_numpy(dtype=object).tolist(),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_bare_classifier_copes_with_any_table(kind):
    (model,) = resolve_classifiers(LogisticRegression(), FRAMES[kind]).values()
    assert model.fit(FRAMES[kind], Y).score(FRAMES[kind], Y) > 0.6


def test_a_bare_classifier_sees_plain_numbers_as_they_are():
    model = GaussianNB()
    assert resolve_classifiers(model, X)["GaussianNB"] is model
    assert resolve_classifiers(model, pd.DataFrame(X))["GaussianNB"] is model


def test_a_bare_classifier_sees_images_and_numbers_in_lists_as_they_are():
    model = GaussianNB()
    assert resolve_classifiers(model, np.zeros((4, 8, 8)))["GaussianNB"] is model
    assert resolve_classifiers(model, X.tolist())["GaussianNB"] is model


def own_preprocessing(model):
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough"), model)


@pytest.mark.parametrize(
    "model",
    [
        own_preprocessing(LogisticRegression()),
        GridSearchCV(own_preprocessing(LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2),
        VotingClassifier([("first", own_preprocessing(LogisticRegression()))]),
        CalibratedClassifierCV(own_preprocessing(DecisionTreeClassifier()), cv=2),
    ],
    ids=["pipeline", "search", "vote", "calibration"],
)
def test_what_brings_its_own_preprocessing_gets_the_table_itself(model):
    (prepared,) = resolve_classifiers(model, TEXT).values()
    assert prepared.fit(TEXT, Y).score(TEXT, Y) > 0.6


def test_preprocessing_turns_mixed_columns_into_finite_numbers_in_new_rows_too():
    table, y = make_toy_table()
    model = make_pipeline(*make_preprocessing()).fit(table[:200], y[:200])
    new = table[200:].assign(city="never seen", age=np.nan)
    numbers = model.transform(new)
    assert numbers.shape[0] == 100
    assert np.isfinite(numbers).all()


def test_preprocessing_survives_empty_columns_and_a_table_without_numbers():
    table = pd.DataFrame({"gone": [None] * 40, "nan": [np.nan] * 40, "text": TEXT["b"]})
    assert np.isfinite(make_pipeline(*make_preprocessing()).fit_transform(table)).all()
    assert np.isfinite(make_pipeline(*make_preprocessing()).fit_transform(table[["text"]])).all()


@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_every_family_survives_a_column_without_any_value_in_training():
    train = TEXT.assign(nan=np.nan, gone=pd.Series([None] * 40, dtype=object))
    test = TEXT.assign(nan=1.0, gone=pd.Series(["here"] * 40, dtype=object))
    for model in resolve_classifiers(None, train).values():
        assert model.fit(train, Y).score(test, Y) > 0.6


def test_numbers_in_rows_of_lists_stay_numbers():
    for rows in ([[1, "a"], [2.5, "b"]], ((1, "a"), (2.5, "b"))):
        plain = simplify_columns(rows)
        assert plain["0"].tolist() == [1.0, 2.5]
        assert plain["1"].tolist() == ["a", "b"]


def test_preprocessing_pools_rare_categories():
    table = pd.DataFrame({"id": [f"row {i}" for i in range(300)]})
    assert make_pipeline(*make_preprocessing()).fit_transform(table).shape[1] == 1


def test_preprocessing_keeps_the_order_of_dates():
    dates = pd.DataFrame({"d": pd.date_range("2020", periods=5, tz="Europe/Oslo")})
    assert (np.diff(make_pipeline(*make_preprocessing()).fit_transform(dates)[:, 0]) > 0).all()


@pytest.mark.parametrize("dtype", TIME_DTYPES)
def test_dates_and_durations_of_every_dtype_are_numbers_in_their_order(dtype):
    table = pd.DataFrame({"when": time_column([1, 0, None, 2], dtype)})
    plain = simplify_columns(table)["0"]
    assert plain.dtype == "float64"
    assert np.isnan(plain[2]) and plain[1] < plain[0] < plain[3]


def test_plain_columns_are_floats_and_words():
    table, _ = make_toy_table()
    plain = simplify_columns(table.assign(n=pd.array([1, None, 3] * 100, dtype="Int64")))
    assert {str(d) for d in plain.dtypes if d.kind == "f"} == {"float64"}
    assert plain.columns.tolist() == [str(i) for i in range(8)]
    assert "(missing)" in set(plain["2"])
    assert np.isnan(plain["7"][1])
    assert plain["4"].isin(["True", "False"]).all()


@pytest.mark.parametrize(
    ("column", "answer"),
    [
        ([1, 2], False),
        ([True, False], True),
        (["a", "b"], True),
        (pd.Categorical([1, 2]), True),
        (pd.date_range("2020", periods=2), False),
        (pd.to_timedelta([1, 2], unit="D"), False),
        (pd.array([1, None], dtype="Int64"), False),
        (pd.array([True, None], dtype="boolean"), True),
    ],
)
def test_categories_are_told_from_numbers_and_dates(column, answer):
    assert is_categorical(pd.Series(column)) is answer


def test_a_seed_reaches_every_part_that_takes_one_and_nothing_else():
    model = make_pipeline(StandardScaler(), BaggingClassifier(DecisionTreeClassifier(max_depth=2)))
    seeded = clone_with_seed(model, 2**40 + 7)
    params = seeded.get_params()
    assert (
        params["baggingclassifier__random_state"]
        == params["baggingclassifier__estimator__random_state"]
        == 7 + 2**40 % 2**32
    )
    assert params["baggingclassifier__estimator__max_depth"] == 2
    assert model.get_params()["baggingclassifier__random_state"] is None


def test_a_copy_is_fresh_even_of_what_scikit_learn_cannot_clone():
    plain = NoSeed()
    plain.memory = [1]
    copy = clone_with_seed(plain, 0)
    copy.memory.append(2)
    assert plain.memory == [1]
    assert not hasattr(copy, "random_state")
    assert not hasattr(clone_with_seed(GaussianNB().fit(X, Y), 0), "classes_")


class Weighing(ClassifierMixin, BaseEstimator):
    """Takes class weights through a parameter of its own."""

    def __init__(self, class_weight=None):
        self.class_weight = class_weight


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (LogisticRegression(), "class_weight"),
        (HistGradientBoostingClassifier(), "class_weight"),
        (Weighing(), "class_weight"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "logisticregression__class_weight"),
        (BaggingClassifier(DecisionTreeClassifier()), "estimator__class_weight"),
        (Pipeline([("a", BaggingClassifier(RandomForestClassifier()))]), "a__estimator__class_weight"),
    ],
)
def test_class_weights_are_set_where_they_are_taken(model, name):
    assert clone_with_class_weights(model).get_params()[name] == "balanced"
    assert model.get_params()[name] is None


@pytest.mark.parametrize("model", [GaussianNB(), make_pipeline(StandardScaler(), KNeighborsClassifier()), NoSeed()])
def test_no_class_weights_where_they_are_not_taken(model):
    assert clone_with_class_weights(model) is None
