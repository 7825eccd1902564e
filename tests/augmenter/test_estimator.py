"""GANAugmenter: what it refuses, what it remembers, and how it gets on with scikit-learn."""

from __future__ import annotations

import copy
import inspect
import pickle
import time
import types
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from small import JUDGED, digest, numbers, quick_augmenter, same_rows

from ganaug import DataError, GANAugmenter, ParameterError

hardly_trained = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

# Options

SEQUENCE = "a sequence of such names"
MUST_BE = {
    "modality": "'auto', or 'image' or 'table', or a Modality",
    "categorical_features": "'auto', or a sequence of columns",
    "column_kinds": "None, or a mapping of column to kind",
    "max_rows": "an integer of at least 1000",
    "relations": "False or True",
    "channel_axis": "'auto', or 1 or 3 or -1 or None",
    "architecture": "'auto', or 'dcgan' or 'residual' or 'mlp'",
    "augmentation": "'auto', or 'flip' or 'color' or 'translation' or 'affine' or 'cutout', or a sequence of such "
    "names, or None",
    "loss": "'relativistic' or 'hinge' or 'non-saturating' or 'wasserstein' or 'minimax', or a Loss",
    "optimizer": "'adam' or 'rmsprop', or a function (parameters, lr) -> torch.optim.Optimizer",
    "learning_rate": "'auto', or a number above 0 and at most 1",
    "batch_size": "'auto', or an integer of at least 2",
    "effort": "'fast' or 'balanced' or 'best'",
    "max_steps": "'auto', or an integer of at least 1",
    "max_seconds": "None, or a number above 0",
    "patience": "an integer of at least 1",
    "latent_dim": "an integer from 1 to 4096",
    "latent_scale": "a number above 0 and at most 10",
    "width": "'auto', or an integer from 1 to 8192",
    "filters": f"'auto', or 'density_ratio' or 'label_agreement' or 'marginals', or {SEQUENCE}, or a mapping of "
    "such names to strengths from 0 to 10, or None",
    "sampling_strategy": "'auto' or 'minority' or 'not minority' or 'not majority' or 'all', or a number above 0 and "
    "at most 1, or a mapping of class to number of samples, or a function of y that returns one",
    "skip_rare": "False or True",
    "device": "'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'",
    "distributed": "False or True",
    "precision": "'auto' or 'float32' or 'bfloat16'",
    "checkpoint_path": "None, or a path",
    "resume": "False or True",
    "preview_path": "None, or a path",
    "random_state": f"None, or an integer from 0 to {2**63 - 1}, or a numpy RandomState or Generator",
    "verbose": "an integer of at least 0, or False or True",
}
WRONG = {
    "modality": [None, "tables", 3],
    "categorical_features": [None, "age", 3, {"age"}],
    "column_kinds": ["category", ["category"], "auto"],
    "max_rows": [999, 1e6, None, "all"],
    "relations": [None, "auto", 1.0],
    "channel_axis": [0, 2, -2, 1.0, True, "last", (1,)],
    "architecture": [None, "DCGAN", "stylegan", 1],
    "augmentation": [False, "mirror", ["mirror"], ["flip", None], 1, {"flip"}],
    "loss": [None, "Hinge", len],
    "optimizer": [None, "adamw", 1],
    "learning_rate": ["fast", 0.0, -1e-3, 1.1, float("nan"), True, None],
    "batch_size": [1, 0, 16.0, "16", None, True],
    "effort": ["much", "auto", 2, None],
    "max_steps": [0, -5, 1e3, "many", None],
    "max_seconds": [0, -1.0, float("inf"), float("nan"), "60", True],
    "patience": [0, 1.5, None, "auto"],
    "latent_dim": [0, 4097, 8.0, None],
    "latent_scale": [0, -1.0, 10.5, float("nan"), "1", None, True],
    "width": [0, 8193, 64.0, None],
    "filters": ["density", ["density"], {"density_ratio": -1}, {"density_ratio": 11}, {"x": 1}, 1, [["a"]], True],
    "sampling_strategy": [None, "majority", 0.0, 1.5, -1, 2, ["a"]],
    "skip_rare": [None, 0, 1, "yes"],
    "device": ["gpu", "cuda:", "cuda:x", "", None, 0, torch.device("cpu")],
    "distributed": [None, 1, "yes"],
    "precision": ["half", None, 32, torch.float32],
    "checkpoint_path": ["", 3, True, b"x"],
    "resume": [None, 1, "yes"],
    "preview_path": ["", 3, True, b"x"],
    "random_state": [-1, 2**63, 1.0, "0", True, [0]],
    "verbose": [-1, 1.0, None, "yes"],
}


def test_every_parameter_is_tried_here():
    assert set(MUST_BE) == set(WRONG) == set(GANAugmenter().get_params())


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_option_is_refused_in_fit_and_only_there(name, value):
    augmenter = clone(quick_augmenter().set_params(**{name: value}))
    with pytest.raises(ParameterError) as caught:
        augmenter.fit(*numbers(20))
    expected = f"The {name!r} parameter of GANAugmenter must be {MUST_BE[name]}. Got {value!r} instead."
    assert str(caught.value).startswith(expected)
    assert not hasattr(augmenter, "model_")


def test_all_wrong_options_are_in_one_message():
    wrong = {name: values[0] for name, values in WRONG.items()}
    with pytest.raises(ParameterError) as caught:
        GANAugmenter(**wrong).fit(*numbers(20))
    lines = str(caught.value).splitlines()
    assert len(lines) == len(WRONG)
    assert all(f"The {name!r} parameter" in line for name, line in zip(GANAugmenter().get_params(), lines, strict=True))


def test_a_misspelt_option_gets_a_hint():
    with pytest.raises(ParameterError, match=r"Got 'relativstic' instead\. Did you mean 'relativistic'\?"):
        quick_augmenter(loss="relativstic").fit(*numbers(20))


@hardly_trained
@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": np.float32(1e-3), "batch_size": np.int64(8), "latent_dim": np.int32(3), "width": np.uint8(9)},
        {"random_state": np.random.default_rng(0)},
        {"random_state": np.random.RandomState(0)},
        {"optimizer": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr)},
        {"optimizer": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.5)},
        {"max_seconds": 30, "patience": 1, "precision": "bfloat16"},
        {"random_state": None},
    ],
)
def test_options_of_every_allowed_kind_work(tmp_path, options):
    augmenter = quick_augmenter(**options).fit(*numbers())
    X, y = augmenter.sample(10)
    assert np.isfinite(X).all() and set(y) == {0, 1}
    augmenter.save(tmp_path / "model")


@hardly_trained
def test_options_are_left_as_they_were_given(toy_table):
    augmenter = quick_augmenter(filters=["density_ratio"], batch_size="auto", random_state=np.random.RandomState(1))
    before = {name: repr(value) for name, value in augmenter.get_params().items()}
    augmenter.fit(*toy_table)
    assert {name: repr(value) for name, value in augmenter.get_params().items()} == before


def test_every_option_and_attribute_is_documented(judged_augmenter):
    text = inspect.getdoc(GANAugmenter)
    names = [*judged_augmenter.get_params(), *(name for name in vars(judged_augmenter) if name.endswith("_"))]
    undocumented = [name for name in names if f"\n{name} : " not in text]
    assert undocumented == ["model_"]


# Data


def with_infinity(X, y):
    X = X.copy()
    X.loc[5, "income"] = np.inf
    return X, y


BAD_DATA = {
    "no labels": (lambda X, y: (X, None), "the target y is None"),
    "one class": (lambda X, y: (X, y.mask(y == "stays", "leaves")), "more than 1 class. Got 1 class .* 'leaves'"),
    "as many classes as rows": (lambda X, y: (X, np.arange(len(X)).astype(str)), "300 classes for 300 rows"),
    "single row": (lambda X, y: (X, ["x", *y[1:]]), "Class 'x' has 1 row; a class needs at least 2"),
    "all labels missing": (lambda X, y: (X, pd.Series([None] * len(X))), "label is missing in every row"),
    "a label missing": (lambda X, y: (X, y.mask(y.index == 7)), "label is missing in row 7"),
    "continuous labels": (lambda X, y: (X, X["age"] / 7), "continuous numbers"),
    "other lengths": (lambda X, y: (X, y[:-1]), "X has 300 rows and y has 299 labels"),
    "too few rows": (lambda X, y: (X[:6], ["a", "b"] * 3), "at least 8 rows in 2 classes"),
    "infinite": (with_infinity, "income.*row 5"),
    "no rows": (lambda X, y: (X[:0], y[:0]), "0 sample"),
    "no columns": (lambda X, y: (X[[]], y), "0 feature"),
    "one dimension": (lambda X, y: (X["age"].to_numpy(), y), "Expected 2D array, got 1D array"),
    "sparse": (lambda X, y: (sparse.eye_array(300).tocsr(), y), r"sparse matrix.*toarray"),
    "complex": (lambda X, y: (np.ones((300, 2)) * 1j, y), "Complex data not supported"),
    "ragged": (lambda X, y: ([[1, 2]] * 299 + [[1]], y), "rows of different lengths"),
    "a list in a cell": (lambda X, y: (np.array([[{}, 1]] * 300, dtype=object), y), "must be a string or a number"),
    "repeated column": (lambda X, y: (X.set_axis(["age"] * 7, axis=1), y), "'age' occurs more than once"),
    "nothing varies": (lambda X, y: (np.ones((300, 2)), y), "No column can be learned"),
}


@pytest.mark.promise("hard tables")
@pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning")
@pytest.mark.parametrize(("change", "complaint"), BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_cannot_be_learned_from_is_refused(toy_table, change, complaint):
    X, y = change(*toy_table)
    augmenter = quick_augmenter()
    with pytest.raises(DataError, match=complaint):
        augmenter.fit(X, y)
    assert set(vars(augmenter)) == set(augmenter.get_params())


@hardly_trained
def test_column_names_may_be_text_and_numbers_mixed(toy_table):
    X, y = toy_table
    X = X.rename(columns={"age": 3})
    augmenter = quick_augmenter().fit(X, y)
    assert augmenter.sample(3)[0].columns.tolist() == X.columns.tolist()
    assert not hasattr(augmenter, "feature_names_in_")


@hardly_trained
def test_a_table_of_nothing_but_categories_trains():
    X = pd.DataFrame({"a": ["x", "y"] * 20, "b": ["p", "q", "q", "p"] * 10})
    made, _ = quick_augmenter().fit(X, [0, 1] * 20).sample(50)
    assert set(made["a"]) <= {"x", "y"} and set(made["b"]) <= {"p", "q"}


@hardly_trained
def test_one_hot_labels_go_all_the_way():
    X, y = numbers(60)
    keep = (y == 0) | (np.arange(60) < 20)
    indicators = np.eye(2, dtype=np.int64)[y[keep]]
    augmenter = quick_augmenter()
    _, y_new = augmenter.fit_resample(X[keep], indicators)
    assert y_new.shape == (60, 2) and y_new.dtype == np.int64 and y_new.sum(0).tolist() == [30, 30]
    assert augmenter.sample(5)[1].shape == (5, 2)


@hardly_trained
def test_the_callers_data_are_left_alone(toy_table):
    X, y = toy_table
    before = digest(X, y)
    augmenter = quick_augmenter()
    augmenter.fit_resample(X, y)
    assert digest(X, y) == before


# State


@pytest.mark.parametrize("method", ["sample", "save", "resample", "sample_chunks"])
def test_nothing_works_before_fit(tmp_path, method):
    arguments = {"sample": [3], "save": [tmp_path / "m"], "resample": numbers(20), "sample_chunks": [3]}[method]
    with pytest.raises(NotFittedError, match="not fitted yet"):
        list(getattr(quick_augmenter(), method)(*arguments))
    assert list(tmp_path.iterdir()) == []


def test_a_fitted_augmenter_says_what_it_learned(judged_augmenter, toy_table):
    X, _ = toy_table
    assert judged_augmenter.classes_.tolist() == ["leaves", "stays"]
    np.testing.assert_allclose(judged_augmenter.class_prior_, [135 / 300, 165 / 300])
    assert judged_augmenter.n_features_in_ == 7
    assert judged_augmenter.feature_names_in_.tolist() == X.columns.tolist()
    history = judged_augmenter.history_
    steps = ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic")
    assert set(history) == {*steps, "score_step", "held_out_score"}
    assert all(history[name].shape == (60,) and np.isfinite(history[name]).all() for name in steps)
    assert history["score_step"][-1] == 60 and len(history["held_out_score"]) == len(history["score_step"])
    assert judged_augmenter.filters_["strengths"] == JUDGED
    assert set(judged_augmenter.diversity_) == {"leaves", "stays"}
    assert all(0 <= value <= 1 for value in judged_augmenter.diversity_.values())
    assert judged_augmenter.schema_["names"] == X.columns.tolist()


def copies(augmenter):
    yield copy.deepcopy(augmenter)
    yield pickle.loads(pickle.dumps(augmenter))


def test_deepcopy_and_pickle_sample_the_same(judged_augmenter, tmp_path):
    expected = judged_augmenter.sample(100)
    joblib.dump(judged_augmenter, tmp_path / "dump")
    for other in [*copies(judged_augmenter), joblib.load(tmp_path / "dump")]:
        assert same_rows(other.sample(100), expected)
        assert digest(*other.resample(*expected)) == digest(*copy.deepcopy(judged_augmenter).resample(*expected))


def test_clone_has_the_options_and_nothing_else(judged_augmenter):
    other = clone(judged_augmenter)
    assert other.get_params() == judged_augmenter.get_params() and not hasattr(other, "model_")


def fitted_digest(seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return digest(*quick_augmenter(random_state=seed).fit(*numbers()).sample(20))


@pytest.mark.slow
def test_joblib_workers_get_the_same(tmp_path):
    with joblib.parallel_config("loky", temp_folder=str(tmp_path)):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(fitted_digest)(seed) for seed in (0, 1))
    assert found == [fitted_digest(0), fitted_digest(1)]


@hardly_trained
def test_grid_search_inside_a_pipeline_repeats_itself():
    X, y = numbers(90)
    keep = (y == 0) | (np.arange(90) < 40)
    X, y = X[keep], y[keep]
    pipeline = Pipeline([("augment", quick_augmenter()), ("classify", LogisticRegression())])
    grid = {"augment__max_steps": [2, 4], "augment__sampling_strategy": ["auto", 0.8]}
    searches = [GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y) for _ in range(2)]
    scores = [search.cv_results_["mean_test_score"].tolist() for search in searches]
    assert scores[0] == scores[1] and min(scores[0]) > 0.7
    best = searches[0].best_estimator_
    assert best.named_steps["augment"].history_["generator_loss"].size == searches[0].best_params_["augment__max_steps"]
    assert best.predict(X).shape == y.shape


@hardly_trained
def test_options_set_after_fit_change_what_is_sampled_only_where_they_should():
    augmenter = quick_augmenter().fit(*numbers())
    expected = digest(*augmenter.sample(10))
    augmenter.set_params(max_steps=99, loss="hinge")
    assert digest(*augmenter.sample(10)) == expected
    augmenter.set_params(random_state=5)
    assert digest(*augmenter.sample(10)) == digest(*augmenter.sample(10, random_state=5)) != expected


# Time and words


@hardly_trained
def test_a_budget_in_seconds_ends_the_training():
    started = time.monotonic()
    augmenter = quick_augmenter(max_steps=100_000, max_seconds=0.3).fit(*numbers())
    assert time.monotonic() - started < 10
    steps = len(augmenter.history_["generator_loss"])
    assert 0 < steps < 100_000 and 0 < augmenter.history_["score_step"][-1] <= steps  # a score may cost too much


@hardly_trained
@pytest.mark.parametrize(("verbose", "least", "most"), [(0, 0, 0), (1, 3, 14), (True, 3, 14), (2, 6, 30)])
def test_progress_goes_to_standard_error_in_plain_lines(capfd, verbose, least, most):
    quick_augmenter(max_steps=300, verbose=verbose, width=4).fit(*numbers())
    out, err = capfd.readouterr()
    assert out == "" and least <= len(err.splitlines()) <= most
    if verbose:
        assert "step 300/300" in err and "held-out score" in err and "filters: none" in err
        assert "\x1b" not in err and "\r" not in err
        assert all(len(line) < 200 for line in err.splitlines())


@hardly_trained
def test_strengths_may_come_in_any_mapping():
    augmenter = quick_augmenter(filters=types.MappingProxyType({"density_ratio": 0.25})).fit(*numbers())
    assert augmenter.filters_["strengths"] == {"density_ratio": 0.25}


@hardly_trained
def test_a_filter_that_could_not_be_fitted_is_not_said_to_be_in_use():
    augmenter = quick_augmenter(filters={"density_ratio": 1.0, "label_agreement": 0.0}).fit(*numbers(12))
    used = {judge.name: judge.strength for judge in augmenter.model_.judges}
    assert augmenter.filters_["strengths"] == used


def test_resume_without_a_checkpoint_is_refused():
    with pytest.raises(ParameterError, match="resume=True needs the checkpoint_path"):
        quick_augmenter(resume=True).fit(*numbers(20))


@hardly_trained
def test_a_new_fit_forgets_what_was_resampled():
    X, y = numbers(40)
    augmenter = quick_augmenter()
    augmenter.fit_resample(X, y)
    assert augmenter.resampled_["added"]
    augmenter.fit(X, y)
    assert not hasattr(augmenter, "resampled_") and not hasattr(augmenter, "sampling_strategy_")
