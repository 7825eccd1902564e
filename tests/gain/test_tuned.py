"""TunedAugmenterCV as a sampler."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
import torch
from gain_samplers import Bare, Bootstrap, Counted, Failing, Log, Oracle, Swapped, blobs, numbered, tuned
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from small import quick_augmenter, same_rows
from toy_table import make_toy_table

from ganaug import DataError, DataWarning, GANAugmenter, ParameterError, TunedAugmenterCV

HALF = {"fractions": (0.5,), "balance": False}


def few(n=24, seed=0):
    """Too few rows for a tree to do well."""
    return blobs(n, seed=seed, distance=1.5)


# What is chosen.


def test_several_rows_for_each_real_one_are_among_what_is_tried_and_none_is_too():
    assert TunedAugmenterCV().fractions[0] == 0 and TunedAugmenterCV().fractions[-1] == 0.75
    model = tuned(Oracle(), classifier=DecisionTreeClassifier(), cv=3).fit(*blobs(60))
    assert set(model.scores_["share"]) == {0, 0.1, 0.25, 0.5, 0.75}
    assert model.share_ > 0


def test_a_shift_of_the_prior_alone_is_not_chosen_as_no_threshold_moves_the_score():
    X, y = blobs(900, distance=2.0)
    kept = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:45]]
    options = {"classifier": LogisticRegression(), "fractions": (0, 0.45), "balance": True}
    by_decisions, by_ranking = tuned(Bootstrap(), scoring="balanced_accuracy", **options), tuned(Bootstrap(), **options)
    assert by_decisions.fit(X[kept], y[kept]).share_ == 0.45
    assert by_ranking.fit(X[kept], y[kept]).share_ == 0


def test_the_score_of_several_classes_is_that_of_each_against_the_rest():
    X, y = blobs(90, 3)
    assert tuned(Bootstrap(), fractions=(0, 0.3)).fit(X, y).scores_["score"].between(0.5, 1).all()


def test_harmful_rows_are_not_added():
    X, y = blobs(120, distance=3.0)
    model = tuned(Swapped(), classifier=LogisticRegression(), scoring="balanced_accuracy")
    X_new, y_new = model.fit_resample(X, y)
    assert model.share_ == 0 and model.balance_ is False
    assert same_rows((X_new, y_new), (X, y))
    scores = model.scores_.set_index(["share", "balance"])["score"]
    assert scores[0.0, False] > scores[0.5, False] + 0.1
    assert model.sampling_strategy_ == {0: 0, 1: 0}


class Guessing(Bootstrap):
    """Labels its rows at random."""

    def sample(self, n=None, y=None, random_state=None):
        guessed = np.random.default_rng(random_state).permutation(np.asarray(y))
        return super().sample(y=guessed, random_state=random_state)[0], np.asarray(y)


def test_rows_with_random_labels_are_not_added():
    shares = [
        tuned(Guessing(), classifier=DecisionTreeClassifier(), fractions=(0, 0.5), random_state=seed)
        .fit(*blobs(120, seed=seed, distance=4.0))
        .share_
        for seed in range(4)
    ]
    assert shares == [0, 0, 0, 0]


def test_rows_of_an_oracle_are_added_where_there_are_few():
    shares = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = np.arange(300) % 2
        X = rng.normal(0, 1, (300, 2)) + 1.5 * y[:, None]
        split = StratifiedKFold(30, shuffle=True, random_state=seed)  # learns from ten rows, and scores on the others
        learning = [(test, train) for train, test in split.split(X, y)][:2]
        model = tuned(
            Oracle(),
            classifier=DecisionTreeClassifier(max_depth=4),
            fractions=(0, 0.5, 0.9),
            balance=False,
            cv=Given(learning),
            random_state=seed,
        )
        shares.append(model.fit(X, y).share_)
    assert sum(share > 0 for share in shares) >= 2


class Given:
    """A splitter that gives splits made elsewhere."""

    def __init__(self, splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)


@pytest.mark.parametrize(("share", "added"), [(0.5, 60), (0.1, 7), (0.25, 20)])
def test_the_share_is_one_of_all_that_comes_out(share, added):
    X, y = blobs()
    model = tuned(Bootstrap(), fractions=(share,), balance=False)
    X_new, y_new = model.fit_resample(X, y)
    assert len(X_new) == len(y_new) == 60 + added
    assert same_rows((X_new[:60], y_new[:60]), (X, y))
    assert sum(model.sampling_strategy_.values()) == added


def test_balance_fills_up_the_small_class():
    X, _ = blobs()
    y = (np.arange(60) % 4 == 0).astype(int)
    _, y_new = tuned(Bootstrap(), fractions=(1 / 3,), balance=True).fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [45, 45]


def test_scores_tell_what_was_tried():
    model = tuned(Bootstrap(), fractions=(0.2, 0)).fit(*blobs())
    assert model.scores_.columns.tolist() == ["share", "balance", "score", "difference", "standard_error", "chosen"]
    assert model.scores_["share"].tolist() == [0, 0.2, 0.2]
    assert model.scores_["balance"].tolist() == [False, False, True]
    assert model.scores_["chosen"].sum() == 1
    chosen = model.scores_[model.scores_["chosen"]].iloc[0]
    assert (chosen["share"], chosen["balance"]) == (model.share_, model.balance_)
    assert model.classes_.tolist() == [0, 1]


# What it costs.


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"fractions": (0,)}, [40]),
        ({**HALF}, [40, 60]),
        ({**HALF, "cv": 3}, [40, 40, 40, 60]),
        ({"fractions": (0,), "cv": 3}, [40, 40, 40]),
        ({**HALF, "cv": StratifiedKFold(2)}, [30, 30, 60]),
    ],
    ids=["zero", "hold-out", "folds", "folds and zero", "splitter"],
)
def test_the_augmenter_is_fitted_once_for_each_split_and_once_for_a_share(options, fits):
    log = Log()
    model = tuned(Counted(log), **options)
    model.fit_resample(*blobs())
    assert log == fits
    model.sample(y=np.array([0, 1]))
    assert log == fits


def test_the_augmenter_in_use_saw_all_rows_or_the_inner_ones():
    X, y = blobs()
    assert len(tuned(Bootstrap(), **HALF).fit(X, y).augmenter_.X_) == 60
    assert len(tuned(Bootstrap(), fractions=(0,)).fit(X, y).augmenter_.X_) == 40


# A sampler like any other.


def test_parameters_are_those_of_the_constructor_and_reach_inside():
    model = TunedAugmenterCV(GANAugmenter(), LogisticRegression(), cv=3, n_jobs=2, verbose=1)
    copy = clone(model)
    assert copy.get_params(deep=False).keys() == model.get_params(deep=False).keys()
    assert copy.augmenter is not model.augmenter and copy.cv == 3
    copy.set_params(augmenter__max_steps=7, classifier__C=2.0, fractions=(0, 0.2))
    assert (copy.augmenter.max_steps, copy.classifier.C, copy.fractions) == (7, 2.0, (0, 0.2))
    assert model.augmenter.max_steps != 7
    assert repr(model).startswith("TunedAugmenterCV(augmenter=GANAugmenter()")


def test_several_classifiers_are_cloned_too():
    model = clone(TunedAugmenterCV(Bootstrap(), [GaussianNB(), KNeighborsClassifier()], random_state=0))
    assert len(model.fit(*blobs()).scores_) == 9


def test_it_works_in_a_pipeline_under_cross_validation():
    X, y = blobs()
    model = make_pipeline(StandardScaler(), tuned(Bootstrap(), **HALF), LogisticRegression())
    assert cross_val_score(model, X, y, cv=2).mean() > 0.6
    model.fit(X, y)
    assert model.predict(X).shape == (60,)
    assert model[1].n_features_in_ == 2


def test_it_works_in_a_grid_search():
    X, y = blobs()
    grid = {"tunedaugmentercv__fractions": [(0,), (0.5,)], "tunedaugmentercv__augmenter__size": [1, 2]}
    search = GridSearchCV(make_pipeline(tuned(Bootstrap(), balance=False), LogisticRegression()), grid, cv=2)
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_sample_passes_everything_on():
    seen = []

    class Noting(Bootstrap):
        def sample(self, n=None, y=None, random_state=None):
            seen.append((n, y if y is None or np.ndim(y) == 0 else len(y), random_state))
            return super().sample(y=np.zeros(2, dtype=int), random_state=0)

    model = tuned(Noting(), fractions=(0,)).fit(*blobs())
    seen.clear()
    made = model.sample(4), model.sample({0: 2}, random_state=3), model.sample(y=np.zeros(5)), model.sample(2, y=0)
    assert seen == [(4, None, None), ({0: 2}, None, 3), (None, 5, None), (2, 0, None)]
    assert made[0][0].shape == (2, 2)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_our_augmenter_on_a_mixed_table():
    X, y = make_toy_table(60)
    model = tuned(quick_augmenter(), classifier=LogisticRegression(), fractions=(0.3,), balance=False)
    X_new, y_new = model.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new.iloc[:60], X)
    assert len(X_new) == 60 + 26
    assert X_new.dtypes.equals(X.dtypes)
    assert y_new.name == "churn" and y_new.iloc[:60].equals(y)
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    made = model.sample(5, random_state=0)
    assert made[0].dtypes.equals(X.dtypes)


@pytest.mark.parametrize("fractions", [(0,), (0.4,), (0.001,)], ids=["none", "some", "less than a row"])
def test_what_comes_out_is_new_even_where_nothing_is_added(fractions):
    X, y = blobs()
    X_new, y_new = tuned(Bootstrap(), fractions=fractions).fit_resample(X, y)
    X_new[:] = 9
    y_new[:] = 9
    assert np.array_equal(X, blobs()[0]) and np.array_equal(y, blobs()[1])


CONTAINERS = {
    "array": lambda X, y: (X.to_numpy(), y.to_numpy()),
    "series": lambda X, y: (X, y),
    "odd index": lambda X, y: (X.set_axis(range(60, 0, -1)), y.set_axis(range(60, 0, -1))),
    "text": lambda X, y: (X, y.map({0: "no", 1: "yes"})),
    "category": lambda X, y: (X, y.map({0: "no", 1: "yes"}).astype("category")),
    "booleans": lambda X, y: (X, y == 1),
    "Int64": lambda X, y: (X, y.astype("Int64")),
    "objects": lambda X, y: (X, y.astype(object)),
    "frame": lambda X, y: (X, y.to_frame()),
    "lists": lambda X, y: (X.to_numpy().tolist(), y.tolist()),
}


@pytest.mark.parametrize("share", [0, 0.5])
@pytest.mark.parametrize("kind", CONTAINERS)
def test_rows_and_labels_keep_their_container_and_dtype(kind, share):
    X, y = CONTAINERS[kind](*numbered())
    X_new, y_new = tuned(Bare(), fractions=(share,), balance=False).fit_resample(X, y)
    assert type(X_new) is type(X) and type(y_new) is type(y)
    assert len(X_new) == len(y_new) == (120 if share else 60)
    assert np.array_equal(np.asarray(X_new)[:60], np.asarray(X))
    assert np.array_equal(np.asarray(y_new)[:60], np.asarray(y))
    if isinstance(y, pd.Series):
        assert y_new.dtype == y.dtype and y_new.name == y.name


# What decides.


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_jobs():
    X, y = few(60)
    options = {"classifier": DecisionTreeClassifier(), "fractions": (0, 0.5), "balance": False}
    one, two = (tuned(Bootstrap(), n_jobs=n, **options).fit(X, y) for n in (1, 2))
    pd.testing.assert_frame_equal(one.scores_, two.scores_, check_exact=True)


def test_results_depend_on_random_state_alone_and_leave_the_global_one():
    X, y = few(60)
    made = []
    for seed in (1, 2):
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        made.append(tuned(Bootstrap(), fractions=(0.5,), classifier=DecisionTreeClassifier()).fit_resample(X, y))
        assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
    assert same_rows(*made)
    other = tuned(Bootstrap(), fractions=(0.5,), random_state=1).fit_resample(X, y)
    assert not np.array_equal(made[0][0], other[0])


def test_a_second_fit_forgets_the_first():
    model = tuned(Bootstrap(), **HALF)
    model.fit(pd.DataFrame(blobs()[0], columns=["a", "b"]), blobs()[1])
    assert model.feature_names_in_.tolist() == ["a", "b"]
    model.fit(np.arange(90.0).reshape(30, 3), np.arange(30) % 3)
    assert model.n_features_in_ == 3 and not hasattr(model, "feature_names_in_")
    assert list(model.sampling_strategy_) == [0, 1, 2]


def test_it_says_what_it_chose_if_asked(capsys):
    tuned(Bootstrap(), fractions=(0,), verbose=1).fit(*blobs())
    out, err = capsys.readouterr()
    assert out == ""
    assert "0" in err
    tuned(Bootstrap(), fractions=(0,)).fit(*blobs())
    assert capsys.readouterr() == ("", "")


# What is refused.


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("fractions", (), "'fractions' parameter of TunedAugmenterCV must be shares of at least 0 and below 1"),
        ("fractions", (0, 1), "'fractions'"),
        ("fractions", (-0.1,), "'fractions'"),
        ("fractions", 0.5, "'fractions'"),
        ("fractions", "half", "'fractions'"),
        ("fractions", (np.nan,), "'fractions'"),
        ("balance", "maybe", "'balance' .*'both'"),
        ("cv", 1, "'cv'"),
        ("cv", "5", "'cv'"),
        ("verbose", -1, "'verbose'"),
        ("scoring", "balanced_acuracy", "did you mean 'balanced_accuracy'"),
        ("classifier", GaussianNB, "give an instance, not the class"),
        ("random_state", "zero", "'random_state'"),
        ("augmenter", Bootstrap, "must be an object with the methods fit and sample"),
        ("augmenter", GaussianNB(), "must be an object with the methods fit and sample"),
        ("augmenter", "gan", "must be an object with the methods fit and sample"),
    ],
)
def test_options_that_may_not_be_are_refused_before_any_work(option, value, text):
    with pytest.raises(ParameterError, match=text):
        tuned(Failing()).set_params(**{option: value}).fit(*blobs())


def test_shares_may_come_in_any_container():
    for fractions in (np.array([0, 0.5]), [0, 0.5], np.array([0]), pd.Series([0.0, 0.5])):
        assert tuned(Bootstrap(), fractions=fractions).fit(*blobs()).share_ in (0, 0.5)


@pytest.mark.parametrize(
    ("X", "y", "text"),
    [
        (np.zeros((20, 2)), None, "target y is None"),
        (np.zeros((20, 2)), np.r_[np.zeros(19), np.nan], "label is missing in row 19"),
        (np.zeros(20), np.arange(20) % 2, "2D array"),
        (np.zeros((0, 2)), np.zeros(0), "0 sample"),
        (np.zeros((20, 2)), np.arange(18) % 2, "20.*18|18.*20"),
        (np.zeros((18, 2)), np.arange(20) % 2, "20.*18|18.*20"),
        (np.zeros((4, 2)), np.arange(4) % 2, "row"),
    ],
    ids=["none", "gap", "1d", "empty", "fewer labels", "more labels", "nothing to hold out"],
)
def test_rows_that_cannot_be_used_are_refused(X, y, text):
    with pytest.raises(DataError, match=text):
        tuned(Bootstrap()).fit(X, y)


@pytest.mark.parametrize("cv", [50, StratifiedKFold(50)], ids=["number", "splitter"])
def test_more_folds_than_rows_are_refused_in_words(cv):
    with pytest.raises((DataError, ParameterError), match=r"cv|fold"):
        tuned(Bootstrap(), cv=cv).fit(*blobs(20))


def test_a_class_too_small_to_be_held_out_does_not_stop_the_choice():
    X, _ = blobs()
    y = np.r_[np.zeros(58, dtype=int), 1, 1]
    model = tuned(Bootstrap(), fractions=(0, 0.5))
    with pytest.warns(DataWarning, match="all 19 rows are of one class, 0.* 0 is taken.* scoring='neg_log_loss'"):
        _, y_new = model.fit_resample(X, y)
    assert set(y_new) == {0, 1} and len(y_new) == 60
    assert model.share_ == 0 and model.scores_["score"].isna().all()


@pytest.mark.parametrize("cv", [None, 5])
def test_a_score_that_cannot_be_known_for_a_rare_class_is_no_crash(cv):
    X, _ = blobs()
    y = np.r_[np.ones(4, dtype=int), np.zeros(56, dtype=int)]
    try:
        model = tuned(Bootstrap(), scoring="roc_auc", cv=cv).fit(X, y)
    except DataError as error:
        assert "inner rows" in str(error)
    else:
        assert model.share_ in (0, 0.1, 0.25, 0.5, 0.75)


def test_an_augmenter_that_raises_says_so_itself():
    with pytest.raises(RuntimeError, match="this augmenter has given up"):
        tuned(Failing()).fit(*blobs())


def test_it_cannot_be_sampled_before_it_is_fitted():
    with pytest.raises(NotFittedError, match="TunedAugmenterCV"):
        tuned(Bootstrap()).sample(3)


class Quiet(Bootstrap):
    """A sampler whose fit returns nothing."""

    def fit(self, X, y):
        super().fit(X, y)


@pytest.mark.parametrize("share", [0, 0.5])
def test_an_augmenter_whose_fit_returns_nothing_will_do(share):
    X, y = blobs(60)
    _, y_new = tuned(Quiet(), fractions=(share,)).fit_resample(X, y)
    assert len(y_new) == (120 if share else 60)
