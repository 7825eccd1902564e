"""The methods that are compared: fair to each other, true to the real rows, and scored as scikit-learn scores."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks.gain import methods, peers, shared_fits
from benchmarks.gain.cases import Split
from benchmarks.gain.learners import LEARNERS, METRICS, compute_scores, fit_and_score, make_learner
from benchmarks.gain.methods import (
    METHODS,
    Duplicate,
    Natural,
    Setting,
    TeacherBootstrap,
    make_balancing_labels,
)
from benchmarks.gain.oversamplers import make_adasyn, make_smote
from benchmarks.gain.peer import sample_by_rejection
from benchmarks.gain.peers import PeerSampler
from benchmarks.gain.shared_fits import SharedGAN
from benchmarks.shared.cases import NotApplicableError

ADDING = ("duplicate", "random_over_sampling", "smote", "teacher_bootstrap", "gaussian_copula")

# scikit-learn 1.5 uses an option of SciPy's that SciPy 1.16 is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def mixed(n=120, seed=0):
    """Rows with every kind of column and missing cells, a third of them in class 1."""
    rng = np.random.default_rng(seed)
    y = pd.Series(np.arange(n) % 3 == 0, name="label").astype("int64")
    x = rng.normal(2 * y, 1)
    X = pd.DataFrame({"x": x, "gap": np.where(rng.random(n) < 0.2, np.nan, x + rng.normal(0, 0.1, n))})
    X["whole"] = np.round(x * 10).astype("int64")
    text = np.where(rng.random(n) < 0.8, np.where(y, "yes", "no"), "other")
    X["text"] = pd.Series(text).mask(rng.random(n) < 0.1, None)
    return X, y


def rows_of(name, X, y, learner="logistic"):
    return methods.resample(METHODS[name].make(Setting(0, learner, "python"), X), X, y)


def halves(X, y):
    return Split(X[::2], y[::2].reset_index(drop=True), X[1::2], y[1::2], np.ones(len(X) // 2))


# ---- the door ----


@pytest.mark.parametrize("name", [*ADDING, "none", "class_weight", "duplicate_natural"])
def test_real_rows_come_first_and_columns_keep_their_form(name):
    X, y = mixed()
    X_all, y_all = rows_of(name, X.copy(), y.copy())
    pd.testing.assert_frame_equal(X_all.iloc[: len(X)], X, check_dtype=False)
    assert y_all.iloc[: len(y)].tolist() == y.tolist()
    assert set(X_all["text"].dropna()) == {"yes", "no", "other"}
    assert X_all["x"].dtype == X_all["gap"].dtype == "float64"


@pytest.mark.parametrize("name", ADDING)
def test_balanced_methods_add_the_same_number_of_rows(name):
    X, y = mixed()
    _, y_all = rows_of(name, X, y)
    assert y_all.value_counts().to_dict() == {0: 80, 1: 80}


@pytest.mark.parametrize("name", ADDING)
def test_the_seed_decides_the_rows(name):
    X, y = mixed()
    first, again = rows_of(name, X, y)[0], rows_of(name, X, y)[0]
    pd.testing.assert_frame_equal(first, again)
    other = methods.resample(METHODS[name].make(Setting(1, "logistic", "python"), X), X, y)[0]
    assert not first.equals(other)


@pytest.mark.parametrize("rows", [{"columns": ["x"]}, {"index": range(5)}])
def test_a_sampler_that_returns_something_else_is_an_error(rows):
    class Odd:
        def fit_resample(self, X, y):
            return X.reindex(**rows), y.iloc[: len(X.reindex(**rows))]

    X, y = mixed()
    with pytest.raises(ValueError, match="Odd returned a table of"):
        methods.resample(Odd(), X, y)


def test_labels_that_balance_are_those_that_are_missing():
    assert make_balancing_labels(pd.Series([0, 0, 0, 1, 2, 2])).tolist() == [1, 1, 2]
    assert make_balancing_labels(pd.Series([0, 1])).tolist() == []


def test_a_table_that_is_balanced_already_gets_no_rows():
    X, y = mixed()
    keep = np.r_[np.flatnonzero(y == 0)[:40], np.flatnonzero(y == 1)]
    X, y = X.iloc[keep].reset_index(drop=True), y.iloc[keep].reset_index(drop=True)
    assert [len(rows_of(name, X, y)[0]) for name in ADDING] == [80] * len(ADDING)


# ---- controls ----


def test_duplicates_repeat_every_row_of_a_class_equally_often():
    X, y = pd.DataFrame({"row": range(12)}), pd.Series([0] * 9 + [1] * 3)
    X_all, _ = methods.resample(Duplicate(0), X, y)
    assert X_all["row"].iloc[12:].value_counts().to_dict() == {9: 2, 10: 2, 11: 2}
    X_all, y_all = methods.resample(Natural(Duplicate(0)), X, y)
    assert X_all["row"].value_counts().tolist() == [2] * 12
    assert y_all.value_counts().to_dict() == {0: 18, 1: 6}


def test_a_teacher_passes_over_rows_that_it_does_not_believe():
    rng = np.random.default_rng(0)
    y = pd.Series([0] * 60 + [1] * 20)
    X = pd.DataFrame({"x": rng.normal(6 * y, 1), "row": 0.0})
    X.loc[79, "x"] = 0.0  # labelled 1, and looks like 0
    new, labels = TeacherBootstrap(0).fit(X, y).sample(y=pd.Series([1] * 1000))
    assert (labels == 1).all()
    assert (new["x"] == 0.0).mean() < 0.02 < 1 / 20
    assert (new["x"] > 3).mean() > 0.9


def test_class_weights_are_the_learners_and_none_where_it_takes_none():
    X, _ = mixed()
    taken = {name for name in LEARNERS if make_learner(name, X, 0, class_weight=True) is not None}
    assert taken == {"logistic", "forest", "boosting", "tree"}
    assert make_learner("forest", X, 0, class_weight=True)[-1].class_weight == "balanced"
    assert make_learner("forest", X, 0)[-1].class_weight is None
    assert METHODS["class_weight"].treatment == "class_weight"


def test_smote_stays_between_rows_of_its_class_and_does_not_care_for_units():
    rng = np.random.default_rng(0)
    y = pd.Series([0] * 60 + [1] * 20)
    X = pd.DataFrame({"a": rng.normal(0, 1, 80), "b": rng.normal(0, 1, 80)})
    new = make_smote(0).fit_resample(X, y)[0].iloc[80:]
    minority = X[y == 1]
    assert ((new >= minority.min() - 1e-9) & (new <= minority.max() + 1e-9)).all(axis=None)
    units = pd.Series({"a": 1.0, "b": 1e6})
    pd.testing.assert_frame_equal(make_smote(0).fit_resample(X * units, y)[0].iloc[80:], new * units)


def test_smote_takes_columns_of_text_alone():
    X, y = mixed()
    X_all, y_all = make_smote(0).fit_resample(X[["text"]].assign(other=X["text"].fillna("no")), y)
    assert len(X_all) == len(y_all) == 160


def test_adasyn_says_where_it_is_not_applicable():
    X, y = mixed()
    with pytest.raises(NotApplicableError, match="ADASYN takes numbers only"):
        make_adasyn(0).fit_resample(X, y)
    apart = pd.DataFrame({"x": y * 100.0 + np.arange(120) / 120})
    with pytest.raises(NotApplicableError, match="ADASYN has nothing to add"):
        make_adasyn(0).fit_resample(apart, y)
    assert len(make_adasyn(0).fit_resample(X[["x", "gap"]], y)[0]) > 120


# ---- ganaug ----


@pytest.fixture
def counted_gan(monkeypatch):
    """Stand in for GANAugmenter: repeats rows, and counts its trainings."""
    trained = []

    class Counted(Duplicate):
        def __init__(self, random_state):
            super().__init__(random_state)

        def fit(self, X, y):
            trained.append(len(X))
            return super().fit(X, y)

        def sample(self, n=None, y=None, random_state=None):
            return super().sample(y=pd.Series(y))

        def resample(self, X, y):
            X_new, y_new = super().sample(y=make_balancing_labels(y))
            return pd.concat([X, X_new]), pd.concat([y, y_new])

    monkeypatch.setattr("ganaug.GANAugmenter", Counted)
    monkeypatch.setattr(shared_fits, "_FITTED", {})
    return trained


def test_one_training_serves_every_method_of_a_case(counted_gan):
    X, y = mixed()
    assert rows_of("ganaug", X, y)[1].value_counts().to_dict() == {0: 80, 1: 80}
    assert rows_of("ganaug_natural", X.copy(), y)[1].value_counts().to_dict() == {0: 160, 1: 80}
    assert counted_gan == [120]


def test_other_rows_labels_or_seeds_are_another_training(counted_gan):
    X, y = mixed()
    SharedGAN(0).fit(X, y)
    SharedGAN(1).fit(X, y)
    SharedGAN(0).fit(X, 1 - y)
    SharedGAN(0).fit(X.assign(x=X["x"] + 1), y)
    SharedGAN(0).fit(X, y)
    assert counted_gan == [120] * 4


def test_trained_models_do_not_pile_up(counted_gan):
    X, y = mixed()
    for seed in range(shared_fits._MAX_FITTED + 3):
        SharedGAN(seed).fit(X, y)
    assert len(shared_fits._FITTED["gan"]) == shared_fits._MAX_FITTED


def test_what_a_sampler_chose_is_told_as_plain_values():
    class Tuned:
        share_, balance_, short_ = np.float64(0.0), np.bool_(True), None

    assert json.dumps(methods.list_choices(Tuned())) == '{"share": 0.0, "balance": true}'
    assert methods.list_choices(object()) == {}


# ---- peers ----


def test_peers_get_full_tables_and_their_rows_come_back_in_our_form(monkeypatch):
    seen = {}

    def fake(python, argument, module, name):
        job = json.loads(Path(argument).read_text())
        table = pd.read_csv(job["train"], dtype=dict.fromkeys(job["discrete"], str), keep_default_na=False)
        seen.update(job=job, table=table, call=(python, module, name))
        table[table["label"] == "1"].head(25).assign(c2=1.4).to_csv(job["synthetic"], index=False)
        return ""

    monkeypatch.setattr(peers, "run_peer", fake)
    X, y = mixed()
    sampler = PeerSampler("tvae", 3, "some/python")
    X_all, y_all = methods.resample(sampler, X, y)
    assert seen["call"] == ("some/python", "gain.peer", "tvae")
    assert seen["job"]["counts"] == {"1": 40}
    assert seen["job"]["discrete"] == ["c3", "label"]
    assert not seen["table"].isna().any(axis=None)
    assert seen["table"]["c2"].dtype == "int64"
    new = X_all.iloc[120:]
    assert len(new) == 25
    assert (y_all.iloc[120:] == 1).all()
    assert sampler.short_ == 15
    assert new["whole"].tolist() == [1] * 25
    assert set(new["text"].dropna()) <= {"yes", "no", "other"}
    assert new["text"].isna().sum() == (seen["table"].query("label == '1'")["c3"].head(25) == "(missing)").sum()


def test_rows_are_drawn_until_each_class_has_enough_or_is_given_up():
    rng = np.random.default_rng(0)
    asked = []

    def sample(n):
        asked.append(n)
        return pd.DataFrame({"x": rng.random(n), "label": np.where(rng.random(n) < 0.002, 1, 0)})

    rows = sample_by_rejection(sample, "label", {"0": 10, "1": 12})
    assert rows["label"].value_counts().to_dict() == {1: 12, 0: 10}
    assert 2 <= len(asked) < 40
    assert len(sample_by_rejection(sample, "label", {"2": 5})) == 0
    assert len(sample_by_rejection(sample, "label", {})) == 0


# ---- learners ----


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("name", LEARNERS)
def test_learners_take_mixed_columns_gaps_and_words_they_have_not_seen(name):
    X, y = mixed()
    split = halves(X, y)
    split.X_test.iloc[0, 3] = "never seen"
    figures = fit_and_score(make_learner(name, X, 0), split.X, split.y, split)
    assert tuple(figures) == METRICS
    assert figures["balanced_accuracy"] > 0.8
    assert figures["roc_auc"] > 0.85


def test_learners_take_columns_of_one_kind_alone():
    X, y = mixed()
    for columns in (["x"], ["text"]):
        split = halves(X[columns], y)
        assert fit_and_score(make_learner("logistic", split.X, 0), split.X, split.y, split)["roc_auc"] > 0.7


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, weights = rng.integers(0, 3, 200), rng.random(200)
    proba = rng.dirichlet(np.ones(3), 200)
    learned = np.array([0.5, 0.3, 0.2])
    figures = compute_scores(y, proba, learned, weights, rarest=0)
    at_prevalence = (proba / learned).argmax(1)
    assert figures["balanced_accuracy@prevalence"] == pytest.approx(
        balanced_accuracy_score(y, at_prevalence, sample_weight=weights)
    )
    assert figures["f1_macro@prevalence"] == pytest.approx(
        f1_score(y, at_prevalence, average="macro", sample_weight=weights)
    )
    squares = ((proba - np.eye(3)[y]) ** 2).sum(1) / 2
    assert figures["neg_brier_score"] == pytest.approx(-np.average(squares, weights=weights))
    predicted = proba.argmax(1)
    assert figures["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, predicted, sample_weight=weights))
    assert figures["f1_macro"] == pytest.approx(f1_score(y, predicted, average="macro", sample_weight=weights))
    ovr = np.mean([roc_auc_score(y == c, proba[:, c], sample_weight=weights) for c in range(3)])
    assert figures["roc_auc"] == pytest.approx(ovr)
    assert figures["neg_log_loss"] == pytest.approx(-log_loss(y, proba, sample_weight=weights), abs=1e-5)


def test_the_rarer_of_two_classes_is_the_positive_one():
    y = np.array([0] * 90 + [1] * 10)
    proba = np.full((100, 2), 0.5)
    learned, ones = np.array([0.9, 0.1]), np.ones(100)
    assert compute_scores(y, proba, learned, ones, rarest=1)["average_precision"] == pytest.approx(0.1)
    assert compute_scores(y, proba, learned, ones, rarest=0)["average_precision"] == pytest.approx(0.9)


def test_one_certain_mistake_does_not_decide_the_log_loss():
    y, proba = np.arange(100) % 2, np.full((100, 2), 0.5)
    proba[0] = [0.0, 1.0]
    assert -1 < compute_scores(y, proba, np.full(2, 0.5), np.ones(100), rarest=0)["neg_log_loss"] < -np.log(2)
