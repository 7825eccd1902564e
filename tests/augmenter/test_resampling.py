"""Resampling fills classes up exactly, leaves real rows alone, and copies none while there are others."""

from __future__ import annotations

import copy
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from small import numbers, quick_augmenter
from toy_table import make_toy_table

from ganaug import DataError, DataWarning, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

SIZES = {"a": 60, "b": 25, "c": 10}


def three_classes():
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(list(SIZES), list(SIZES.values())))
    return rng.normal(size=(len(y), 2)), y


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_augmenter().fit(*three_classes())


@pytest.fixture(scope="module")
def fitted_to_toys():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_augmenter().fit(*make_toy_table())


def resampled(augmenter, X, y, strategy="auto"):
    """What `resample` gives by a copy of a fitted augmenter, and the copy."""
    augmenter = copy.deepcopy(augmenter).set_params(sampling_strategy=strategy)
    return *augmenter.resample(X, y), augmenter


# How many

STRATEGIES = {
    "auto": "auto",
    "not majority": "not majority",
    "minority": "minority",
    "not minority": "not minority",
    "all": "all",
    "mapping": {"b": 40, "c": 10},
    "numpy numbers": {np.str_("c"): np.int64(11)},
    "empty mapping": {},
    "callable": lambda y: dict.fromkeys(np.unique(y), 70),
}


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_counts_are_those_of_imbalanced_learn(fitted, strategy):
    X, y = three_classes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # imbalanced-learn warns of classes larger than the majority
        _, expected = RandomOverSampler(sampling_strategy=strategy, random_state=0).fit_resample(X, y)
    X_new, y_new, done = resampled(fitted, X, y, strategy)
    assert Counter(y_new.tolist()) == Counter(expected.tolist()) and len(X_new) == len(y_new)
    assert done.sampling_strategy_ == done.resampled_["added"]
    assert sum(done.resampled_["added"].values()) == len(y_new) - len(y)


@pytest.mark.parametrize("ratio", [0.5, 0.77, 1.0, 1])
def test_a_float_is_the_size_of_the_minority_in_that_of_the_majority(ratio):
    X, y = numbers(60)
    keep = np.flatnonzero((y == 0) | (np.arange(60) < 20))
    X, y = X[keep], y[keep]
    _, expected = RandomOverSampler(sampling_strategy=float(ratio), random_state=0).fit_resample(X, y)
    _, found = quick_augmenter(sampling_strategy=ratio).fit_resample(X, y)
    assert Counter(found.tolist()) == Counter(expected.tolist())


@pytest.mark.parametrize(
    ("strategy", "complaint"),
    [
        (0.5, "sampling_strategy does not fit the labels: .*binary"),
        ({"a": 59}, "integer of at least as many as it has. Got 59 for class 'a', which has 60"),
        ({"b": 30.5}, "Got 30.5 for class 'b', which has 25"),
        ({"b": True}, "Got True for class 'b'"),
        ({"b": "30"}, "Got '30' for class 'b'"),
        ({"z": 30}, "'z' is none of the classes: 'a', 'b', 'c'"),
        (lambda y: None, "must be a function of y that returns a mapping .* It returned None instead"),
        (lambda y: {"b": 1}, "Got 1 for class 'b', which has 25"),
        ("majority", "The 'sampling_strategy' parameter of GANAugmenter must be .* Got 'majority' instead"),
        (1.5, "Got 1.5 instead"),
        (0.0, "Got 0.0 instead"),
    ],
)
def test_a_strategy_that_does_not_fit_is_refused(fitted, strategy, complaint):
    with pytest.raises(ParameterError, match=complaint):
        resampled(fitted, *three_classes(), strategy)


def test_a_float_that_would_remove_rows_is_refused():
    X, y = numbers(40)
    with pytest.raises(ParameterError, match="sampling_strategy does not fit the labels"):
        quick_augmenter(sampling_strategy=0.5).fit_resample(X, y)


def test_a_class_that_is_absent_is_not_conjured_up(fitted):
    X, y = three_classes()
    X, y = X[y != "c"], y[y != "c"]
    _, found, _ = resampled(fitted, X, y)
    assert Counter(found.tolist()) == {"a": 60, "b": 60}
    with pytest.raises(ParameterError, match="Got 5 for class 'c', which has 0"):
        resampled(fitted, X, y, {"c": 5})


# Rare classes


def with_single_row():
    X, y = three_classes()
    return np.vstack([X, [[9.0, 9.0]]]), np.append(y, "d")


def test_a_class_of_one_row_is_an_error_that_names_it_or_is_skipped():
    X, y = with_single_row()
    with pytest.raises(DataError, match=r"Class 'd' has 1 row.*skip_rare=True"):
        quick_augmenter().fit(X, y)
    augmenter = quick_augmenter(skip_rare=True)
    X_new, y_new = augmenter.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"a": 60, "b": 60, "c": 60, "d": 1}
    assert X_new[len(X) - 1].tolist() == [9.0, 9.0] and y_new[len(X) - 1] == "d"
    assert augmenter.class_prior_[3] == 0 and augmenter.classes_.tolist() == ["a", "b", "c", "d"]
    assert "d" not in augmenter.sample(3000)[1]
    for ask in ({"n": {"d": 1}}, {"n": 1, "y": "d"}, {"y": ["a", "d"]}):
        with pytest.raises(ParameterError, match="Class 'd' had a single row and was skipped"):
            augmenter.sample(**ask)


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        ("minority", {"a": 60, "b": 25, "c": 60, "d": 1}),
        ("not minority", {"a": 60, "b": 60, "c": 10, "d": 1}),
        ("all", {"a": 60, "b": 60, "c": 60, "d": 1}),
        ({"d": 1, "c": 12}, {"a": 60, "b": 25, "c": 12, "d": 1}),
    ],
)
def test_a_skipped_class_is_no_minority(strategy, counts):
    _, y = quick_augmenter(skip_rare=True, sampling_strategy=strategy).fit_resample(*with_single_row())
    assert Counter(y.tolist()) == counts


def test_rows_of_a_skipped_class_cannot_be_asked_for():
    with pytest.raises(ParameterError, match=r"Class 'd' had a single row and was skipped.*Leave it out"):
        quick_augmenter(skip_rare=True, sampling_strategy={"d": 5}).fit_resample(*with_single_row())


def test_a_class_of_two_rows_is_filled_up_without_copies():
    X, y = numbers(60)
    X, y = np.vstack([X, [[8.0, 1.0], [7.0, 2.0]]]), np.append(y, [2, 2])
    X_new, y_new = quick_augmenter().fit_resample(X, y)
    assert Counter(y_new.tolist()) == {0: 30, 1: 30, 2: 30}
    real = {tuple(row) for row in X}
    assert not any(tuple(row) in real for row in X_new[len(X) :])


def test_a_class_of_a_thousandth_of_the_rows_is_filled_up():
    X, y = numbers(3000)
    y[[100, 900, 1700]] = 2
    X_new, y_new = quick_augmenter(sampling_strategy={2: 300}).fit_resample(X, y)
    assert (y_new == 2).sum() == 300 and np.isfinite(X_new).all()
    made = X_new[len(X) :]
    assert len(np.unique(made, axis=0)) > 250
    assert made.min() >= X.min() and made.max() <= X.max()


# Real rows first, synthetic ones without copies


def test_real_rows_come_first_and_untouched(fitted_to_toys, toy_table):
    X, y = toy_table
    given = X.copy(), y.copy()
    X_new, y_new, _ = resampled(fitted_to_toys, X, y, "all")
    pd.testing.assert_frame_equal(X_new.iloc[: len(X)], X)
    pd.testing.assert_series_equal(y_new.iloc[: len(y)], y)
    pd.testing.assert_series_equal(X_new.dtypes, X.dtypes)
    pd.testing.assert_frame_equal(X, given[0])
    pd.testing.assert_series_equal(y, given[1])


def test_columns_may_come_in_another_order(fitted_to_toys, toy_table):
    X, y = toy_table
    turned = X[X.columns[::-1]]
    found, _, _ = resampled(fitted_to_toys, turned, y)
    expected, _, _ = resampled(fitted_to_toys, X, y)
    pd.testing.assert_frame_equal(found, expected[turned.columns])


def few_combinations():
    """A table with four possible rows of which class 1 has seen three."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.choice(["x", "y"], 60), "b": rng.choice(["p", "q"], 60)})
    y = pd.Series(np.repeat([0, 1], [45, 15]), name="label")
    X.loc[y == 1] = X.loc[y == 1].assign(b=np.where(X.loc[y == 1, "a"] == "x", "p", X.loc[y == 1, "b"]))
    return X, y


def test_where_all_rows_are_taken_copies_are_kept_and_said():
    X, y = few_combinations()
    augmenter = quick_augmenter()
    with pytest.warns(DataWarning, match="of 30 synthetic rows are copies of real ones: the generator"):
        X_new, y_new = augmenter.fit_resample(X, y)
    assert Counter(y_new) == {0: 45, 1: 45} and len(X_new) == 90
    report = augmenter.resampled_
    assert report["added"] == {1: 30} and report["copies_kept"] == 30
    assert report["dropped"] == {"copies of real rows": 7 * 30}  # it looked, eight times in all


def copies_of(X, X_new):
    real = set(map(tuple, X.astype(str).to_numpy()))
    return sum(tuple(row) in real for row in X_new.iloc[len(X) :].astype(str).to_numpy())


def test_copies_are_dropped_and_counted_where_there_are_other_rows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({name: rng.integers(0, 5, 90).astype(str) for name in "abc"})  # 125 possible rows
    y = pd.Series(np.repeat([0, 1], [60, 30]))
    keep = ~X.duplicated()
    X, y = X[keep].reset_index(drop=True), y[keep].reset_index(drop=True)
    X, y = X.iloc[5:].reset_index(drop=True), y.iloc[5:].reset_index(drop=True)
    augmenter = quick_augmenter(sampling_strategy={1: int((y == 1).sum()) + 20})
    X_new, _ = augmenter.fit_resample(X, y)
    assert len(X_new) == len(X) + 20 and copies_of(X, X_new) == 0
    assert augmenter.resampled_["dropped"]["copies of real rows"] > 0 == augmenter.resampled_["copies_kept"]


def test_identifiers_stay_unique_when_copies_are_replaced():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({name: rng.integers(0, 6, 90).astype(str) for name in "abc"})
    X["key"] = [f"K{i:05d}" for i in range(90)]
    y = pd.Series(np.repeat([0, 1], [50, 40]))
    augmenter = quick_augmenter(sampling_strategy={0: 90, 1: 90})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        X_new, _ = augmenter.fit_resample(X, y)
    assert augmenter.resampled_["dropped"]["copies of real rows"] > 5
    assert X_new["key"].is_unique and X_new["key"].str.match(r"K\d{5}").all()


def test_nothing_to_add_gives_a_copy(fitted_to_toys, toy_table):
    X, y = toy_table
    X_new, y_new, done = resampled(fitted_to_toys, X.set_axis(range(7, 307)), y, {"stays": 165})
    pd.testing.assert_frame_equal(X_new, X)
    pd.testing.assert_series_equal(y_new, y)
    X_new.loc[0, "age"] = -1
    assert X["age"].min() > 0 and done.resampled_ == {"added": {"stays": 0}, "dropped": {}, "copies_kept": 0}


def test_the_same_call_gives_the_same_rows(fitted_to_toys, toy_table):
    first, second = (resampled(fitted_to_toys, *toy_table)[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_resampling_is_fitting_and_resampling(toy_table):
    X, y = toy_table
    at_once = quick_augmenter().fit_resample(X, y)
    pd.testing.assert_frame_equal(at_once[0], quick_augmenter().fit(X, y).resample(X, y)[0])


# Other rows than those of training, in other containers


Y_CONTAINERS = [
    lambda y: y.to_numpy(),
    list,
    lambda y: y.astype("category"),
    lambda y: y.rename(None).astype(object),
    lambda y: y.rename("other").to_frame(),
    lambda y: y.to_numpy().astype("<U6"),
]


@pytest.mark.parametrize("learned", Y_CONTAINERS)
@pytest.mark.parametrize("given", Y_CONTAINERS)
def test_labels_stay_in_the_container_they_come_in(learned, given, toy_table, fitted_to_toys):
    X, y = toy_table
    augmenter = copy.deepcopy(fitted_to_toys)
    from ganaug.data.labels import Labels

    augmenter.model_.labels = Labels.fit(learned(y))[0]
    _, found = augmenter.resample(X, given(y))
    expected = given(y)
    assert type(found) is type(expected) and len(found) == 330
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found.iloc[:300], expected)
        found = found.iloc[:, 0]
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found.iloc[:300], expected)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
    assert Counter(found) == {"stays": 165, "leaves": 165}


def test_a_frame_and_an_array_may_stand_for_each_other():
    X, y = numbers(60)
    keep = (y == 0) | (np.arange(60) < 20)
    X, y = X[keep], y[keep]
    frame = pd.DataFrame(X, columns=["u", "v"])
    by_array, by_frame = quick_augmenter().fit(X, y), quick_augmenter().fit(frame, y)
    found = by_array.resample(frame, y)[0]
    assert isinstance(found, pd.DataFrame) and found.columns.tolist() == ["u", "v"] and len(found) == 60
    pd.testing.assert_series_equal(found.dtypes, frame.dtypes)
    found = by_frame.resample(X, y)[0]
    assert isinstance(found, np.ndarray) and found.shape == (60, 2) and found.dtype == X.dtype
    found = by_array.resample(X.tolist(), y)[0]
    assert isinstance(found, list) and found[: len(X)] == X.tolist() and len(found) == 60


def test_synthetic_categories_survive_in_a_column_that_lost_them(fitted_to_toys, toy_table):
    X, y = toy_table
    some = (X["plan"] != "pro").to_numpy()
    part = X[some].assign(plan=X["plan"][some].cat.remove_unused_categories())
    found, _, _ = resampled(fitted_to_toys, part, y[some], {"leaves": 300})
    assert not found["plan"].isna().any() and set(found["plan"]) == {"basic", "plus", "pro"}
    assert found["plan"].cat.categories.tolist() == ["basic", "plus", "pro"]


def test_synthetic_gaps_survive_in_a_column_that_has_none(fitted_to_toys, toy_table):
    X, y = toy_table
    full = X["income"].notna().to_numpy()
    part = X[full].assign(income=X["income"][full].round().astype(int))
    found, _, _ = resampled(fitted_to_toys, part, y[full], {"leaves": 400})
    assert found["income"].isna().any() and found["income"].iloc[: full.sum()].notna().all()
    assert found["age"].dtype == X["age"].dtype


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda X, y: (X, y[:200]), "X has 300 rows and y has 200 labels; give one label per row"),
        (lambda X, y: (X.drop(columns="age"), y), r"columns differ from those in training: missing \['age'\]"),
        (lambda X, y: (X.assign(more=1), y), r"unknown \['more'\]"),
        (lambda X, y: (X.to_numpy()[:, :3], y), "X has 3 columns, but 7 were learned"),
        (lambda X, y: (X, y.mask(y.index == 3)), "The label is missing in row 3"),
        (lambda X, y: (X, y.replace("leaves", "left")), "The label 'left' in row .* is none of the classes"),
        (lambda X, y: (X, None), "y is None"),
        (lambda X, y: (X.iloc[:0], y.iloc[:0]), "0 sample"),
    ],
)
def test_rows_that_cannot_be_filled_up_are_refused(fitted_to_toys, toy_table, change, complaint):
    with pytest.raises(DataError, match=complaint):
        resampled(fitted_to_toys, *change(*toy_table))
