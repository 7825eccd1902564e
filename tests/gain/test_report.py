"""gain_report and what it gives, beyond what its promises and its leaks are tested for."""

from __future__ import annotations

import json
import random

import numpy as np
import pandas as pd
import pytest
import torch
from gain_samplers import (
    Bare,
    Bootstrap,
    Doubling,
    Failing,
    Grumbling,
    RaisingClassifier,
    blobs,
    flat,
    numbered,
    report_of,
    rows_of,
    tuned,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from small import quick_augmenter
from toy_table import make_toy_table

from ganaug import DataError, GainReport, ParameterError, gain_report
from ganaug.gain.arms import ARMS
from ganaug.gain.intervals import paired_difference

COLUMNS = ["classifier", "metric", "arm", "mean", "difference", "ci_low", "ci_high", "n"]
KEYS = [
    *(
        "format",
        "verdict",
        "decisions",
        "distillation",
        "verdicts",
        "design",
        "rows",
        "scores",
        "calibration",
        "failures",
        "warnings",
    ),
    *("counts", "choice", "filters", "training", "fidelity", "columns", "pairs", "privacy"),
]


def uneven(n=60, seed=0):
    """`blobs` with a class of a fifth of the rows."""
    X, _ = blobs(n, seed=seed)
    y = (np.arange(n) % 5 == 0).astype(int)
    return X + y[:, None], y


@pytest.fixture(scope="module")
def report():
    """Of two classifiers, one of which takes class weights, with everything that can be measured."""
    return report_of(
        Bootstrap(),
        *uneven(80),
        classifier=[LogisticRegression(), KNeighborsClassifier(3)],
        cv=4,
        metrics=None,
        fidelity=True,
        name="made up",
    )


@pytest.fixture(scope="module")
def frame(report):
    return report.to_frame()


@pytest.fixture(scope="module")
def found(report):
    return report.to_dict()


# The frame.


def test_the_frame_has_a_row_for_each_classifier_metric_and_arm(frame, found):
    assert frame.columns.tolist() == COLUMNS
    metrics = found["design"]["metrics"]
    assert metrics == [
        *("roc_auc", "average_precision", "neg_log_loss", "neg_brier_score", "balanced_accuracy"),
        *("balanced_accuracy@prevalence", "f1_macro", "f1_macro@prevalence"),
    ]
    logistic = [("LogisticRegression", m, a) for m in metrics for a in ARMS]
    nearest = [("KNeighborsClassifier", m, a) for m in metrics for a in ARMS if a != "class_weight"]
    assert list(zip(*(frame[c] for c in COLUMNS[:3]), strict=True)) == logistic + nearest
    assert set(frame["n"]) == {4}


def test_the_frame_is_made_of_the_scores_of_each_fold(frame, found):
    scores = pd.DataFrame(found["scores"])
    wide = scores.pivot_table(index=["classifier", "metric", "arm"], columns="fold", values="score")
    for row in frame.itertuples():
        own = wide.loc[(row.classifier, row.metric, row.arm)].to_numpy()
        gain = paired_difference(own, wide.loc[(row.classifier, row.metric, "real_only")].to_numpy(), 1 / 3)
        assert row.mean == pytest.approx(own.mean())
        assert (row.difference, row.ci_low, row.ci_high) == pytest.approx((gain.mean, gain.low, gain.high))


def test_real_rows_alone_differ_from_themselves_by_nothing(frame):
    own = frame.query("arm == 'real_only'")
    assert (own[["difference", "ci_low", "ci_high"]] == 0).all(axis=None)


# The dictionary.


def test_the_dictionary_is_strict_json_with_the_agreed_keys(found):
    assert list(found) == KEYS
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["format"] == 1
    assert set(found["verdict"]) == {
        *("kind", "sentence", "metric", "classifier", "control", "difference", "ci_low", "ci_high"),
        *("control_difference", "control_ci_low", "control_ci_high", "rows_needed", "n", "rival"),
    }
    assert set(found["rows"][0]) == {*COLUMNS, "effect_size", "note"}
    assert set(found["scores"][0]) == {"fold", "classifier", "metric", "arm", "score"}
    assert set(found["fidelity"]) >= {"shape_error", "trend_error", "detection_auc", "classes", "holdout_shape_error"}
    assert set(found["privacy"]) == {"near_copies", "membership"}
    assert [column["name"] for column in found["columns"]][:2] == ["x0", "x1"]
    assert found["training"] is None and found["choice"] == [] and found["filters"] == []


def test_the_dictionary_says_what_was_asked_for(found):
    design = found["design"]
    assert design["rows"] == 80 and design["features"] == 2
    assert design["classes"] == [{"label": "0", "rows": 64}, {"label": "1", "rows": 16}]
    assert (design["folds"], design["n_splits"], design["n_repeats"]) == (4, 4, 1)
    assert (design["groups"], design["random_state"], design["synthetic_fraction"]) == (False, 0, 0.4)
    assert design["classifiers"][0] == {"name": "LogisticRegression", "repr": "LogisticRegression()"}
    assert design["augmenter"] == "Bootstrap()"
    assert design["arms"] == list(ARMS)
    assert design["name"] == "made up"
    assert set(design["versions"]) >= {"ganaug", "scikit-learn"}
    assert design["seconds"] > 0


def test_the_dictionary_counts_rows_of_each_fold(found):
    for count in found["counts"]:
        assert (count["train"], count["test"]) == (60, 20)
        assert count["synthetic"] == {"0": 32, "1": 8}


def test_the_text_is_the_dictionary_as_json(report, found, tmp_path):
    text = report.to_json()
    assert json.loads(text) == found and text.endswith("}\n")
    assert report.to_json(tmp_path / "gain.json") == text
    assert (tmp_path / "gain.json").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["gain.json"]


def test_json_that_cannot_be_written_is_refused_and_half_a_character_can_be(report, found, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="is a folder; name a file in it"):
        report.to_json(tmp_path)
    with pytest.raises(DataError, match=r"gain.json' cannot be written \(.*\); check the place"):
        report.to_json(tmp_path / "nowhere" / "gain.json")
    monkeypatch.setattr(type(report), "to_dict", lambda self: {"label": "\ud83d"})
    report.to_json(tmp_path / "gain.json")
    assert json.loads((tmp_path / "gain.json").read_text(encoding="utf-8")) == {"label": "\ud83d"}


def test_several_classifiers_have_a_verdict_each_and_one_together(report, found):
    assert [v["classifier"] for v in found["verdicts"]] == ["LogisticRegression", "KNeighborsClassifier"]
    assert found["verdict"]["classifier"].startswith("mean of 2")
    assert found["verdict"]["sentence"] == report.verdict == report.conclusion.sentence
    assert {row["classifier"] for row in found["rows"]} - {v["classifier"] for v in found["verdicts"]} == {
        found["verdict"]["classifier"]
    }


def test_the_mean_of_all_is_the_mean_in_each_fold(found):
    rows = pd.DataFrame(found["rows"]).query("metric == 'balanced_accuracy' and arm == 'augmented'")
    first, second, together = rows["difference"]
    assert together == pytest.approx((first + second) / 2)
    assert rows["n"].tolist() == [4, 4, 4]


def test_class_weights_are_compared_with_the_same_classifiers_without_them(found):
    rows = pd.DataFrame(found["rows"]).query("metric == 'balanced_accuracy' and arm == 'class_weight'")
    assert len(rows) == 2  # the one that takes them, and all together
    assert rows["difference"].iloc[1] == pytest.approx(rows["difference"].iloc[0])


def test_the_call_repeats_the_report():
    X, y = uneven()
    options = {
        "classifier": GaussianNB(),
        "cv": 3,
        "n_repeats": 2,
        "metrics": ["f1_macro", "accuracy"],
        "synthetic_fraction": 0.25,
        "balance": True,
        "arms": ["duplicate"],
        "margin": 0.01,
        "fidelity": False,
        "random_state": 7,
    }
    report = gain_report(Bootstrap(), X, y, **options)
    call = report.to_dict()["design"]["call"]
    names = {"gain_report": gain_report, "Bootstrap": Bootstrap, "GaussianNB": GaussianNB, "X": X, "y": y}
    pd.testing.assert_frame_equal(eval(call, names).to_frame(), report.to_frame())


def test_numbers_of_numpy_are_numbers():
    given_by_numpy = report_of(Bare(), *blobs(), cv=np.int64(2), n_repeats=3, arms=[]).to_dict()["design"]
    assert (given_by_numpy["folds"], given_by_numpy["n_splits"], given_by_numpy["n_repeats"]) == (6, 2, 3)


# What is printed.


def test_it_prints_the_verdict_first_then_the_arms_and_one_line_for_each_classifier(report):
    text = str(report)
    assert text.split("\n")[0].startswith(report.verdict[:60])
    assert max(map(len, text.split("\n"))) <= 110
    for part in ("mean of 2 classifiers, roc_auc", "each classifier, roc_auc", *ARMS):
        assert part in text
    summary = text.split("each classifier, roc_auc")[1]
    for name in ("LogisticRegression", "KNeighborsClassifier"):
        (line,) = (line for line in summary.split("\n") if name in line)
        assert line.rstrip().endswith(report.conclude(classifier=name).kind.replace("_", " "))
    assert repr(report) == f"<GainReport: {report.verdict}>"
    assert isinstance(report, GainReport)


def test_it_prints_in_a_notebook_as_anywhere(report, monkeypatch):
    text = str(report)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert str(report) == text


def test_a_mean_says_which_classifiers_it_is_without(report):
    notes = {row["arm"]: row["note"] for row in report.to_dict()["rows"] if row["classifier"].startswith("mean of")}
    assert notes["class_weight"] == "without KNeighborsClassifier"
    assert notes["augmented"] == ""
    text = " ".join(str(report).split())
    assert "class_weight *" in text and "*: see below" in text


def test_a_conclusion_shows_its_sentence(report):
    assert str(report.conclusion) == report.conclusion.sentence
    assert repr(report.conclusion) == f"<Conclusion: {report.conclusion.sentence}>"


def test_it_prints_names_in_brackets_as_they_are():
    text = str(report_of(Bare(), *blobs(), classifier={"[bold]tree": GaussianNB()}, arms=[]))
    assert "[bold]tree, balanced_accuracy" in text


def test_it_prints_failures_with_their_reason():
    text = str(report_of(Failing(), *blobs()))
    assert "this augmenter has given up" in text
    assert text.startswith("Cannot tell: no fold has scores")


def test_progress_goes_to_standard_error_and_only_if_asked(capsys):
    report_of(Bare(), *blobs(), verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "measuring folds: 2/2" in err
    report_of(Bare(), *blobs(), arms=[])
    assert capsys.readouterr() == ("", "")


# What decides the numbers.


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_jobs():
    X, y = uneven(40)
    options = {"classifier": [RandomForestClassifier(3), GaussianNB()], "metrics": None, "cv": 2}
    one, two = (report_of(Bootstrap(), X, y, n_jobs=n, **options) for n in (1, 2))
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame(), check_exact=True)
    assert one.to_dict()["scores"] == two.to_dict()["scores"]


def test_results_do_not_depend_on_global_random_state_and_leave_it_alone():
    X, y = uneven(40)
    frames = []
    for seed in (1, 2):
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        frames.append(report_of(Bootstrap(), X, y, classifier=RandomForestClassifier(3), fidelity=True).to_frame())
        assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
    pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_the_seed_decides_and_a_generator_is_drawn_from():
    X, y = blobs(40, distance=0.7)
    frames = [report_of(Bootstrap(), X, y, random_state=seed, arms=[]).to_frame() for seed in (0, 0, 1)]
    assert frames[0].equals(frames[1]) and not frames[0].equals(frames[2])
    generator = np.random.default_rng(0)
    assert len({report_of(Bootstrap(), X, y, random_state=generator, arms=[]).design.random_state for _ in "ab"}) == 2


def test_arms_are_those_asked_for_and_always_the_two_that_matter():
    X, y = uneven()
    frame = report_of(Bare(), X, y, arms=["smote"], metrics="roc_auc").to_frame()
    assert frame["arm"].tolist() == ["real_only", "smote", "augmented"]
    assert report_of(Bare(), X, y, arms=[]).conclusion.control is None


def test_the_same_rows_and_seeds_for_every_arm():
    """On balanced rows over-sampling adds nothing, so these arms must equal the real rows alone bit for bit."""
    frame = report_of(Bare(), *blobs(40), classifier=RandomForestClassifier(3), metrics=None).to_frame()
    same = frame[frame["arm"].isin(["random_over_sampling", "smote"])]
    assert len(same) and (same["difference"] == 0).all()


def test_balance_fills_up_the_small_class():
    X, y = uneven()
    counts = report_of(Bare(), X, y, balance=True, synthetic_fraction=0.2, arms=[]).to_dict()["counts"]
    assert [count["synthetic"] for count in counts] == [{"0": 0, "1": 8}] * 2


# Augmenters.


@pytest.mark.parametrize("augmenter", [SMOTE(k_neighbors=2), ADASYN(n_neighbors=3), RandomOverSampler(), Doubling()])
def test_a_sampler_with_fit_resample_alone_is_measured(augmenter):
    report = report_of(augmenter, *uneven(), synthetic_fraction=None)
    assert report.failures.empty
    assert set(report.to_frame()["arm"]) == set(ARMS) - {"synthetic_only", "class_weight"}
    assert min(sum(count["synthetic"].values()) for count in report.to_dict()["counts"]) > 0


def test_an_under_sampler_is_measured():
    report = report_of(RandomUnderSampler(), *uneven(), synthetic_fraction=None)
    assert report.failures.empty
    assert report.to_dict()["counts"][0]["synthetic"] == {"0": 0, "1": 0}


@pytest.mark.parametrize("share", [None, 0.4])
def test_a_sampler_with_fit_and_sample_alone_is_measured(share):
    report = report_of(Bare(), *uneven(), synthetic_fraction=share)
    assert report.failures.empty
    counts = report.to_dict()["counts"][0]
    assert sum(counts["synthetic"].values()) == (30 if share is None else 20)


def test_random_state_reaches_the_augmenter_only_where_it_has_one():
    seen = []

    class Noting(Bootstrap):
        def fit(self, X, y):
            seen.append(self.random_state)
            return super().fit(X, y)

    report_of(Noting(), *blobs(), arms=[])
    assert len(set(seen)) == 2 and all(isinstance(seed, int) for seed in seen)


def test_a_tuned_augmenter_tells_what_it_chose_in_each_fold():
    report = report_of(tuned(Bootstrap(), fractions=(0, 0.3)), *blobs(), synthetic_fraction=None)
    choice = report.to_dict()["choice"]
    assert [c["fold"] for c in choice] == [0, 1]
    assert [s["share"] for s in choice[0]["scores"]] == [0, 0.3, 0.3]
    assert sum(s["chosen"] for s in choice[0]["scores"]) == 1
    json.dumps(choice, allow_nan=False)


def test_our_augmenter_tells_of_its_training():
    X, y = make_toy_table(120)
    report = report_of(
        quick_augmenter(max_steps=12),
        X,
        y,
        classifier=None,
        arms=[],
        fidelity=True,
        synthetic_fraction=None,
        metrics=None,
    )
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert report.failures.empty
    curves = found["training"]
    assert curves["steps"][-1] == 12
    assert len(curves["steps"]) == len(curves["discriminator_loss"]) == len(curves["accuracy_real"])
    assert {column["kind"] for column in found["columns"]} == {"number", "category", "date"}
    assert 0 <= found["fidelity"]["shape_error"] <= 1
    assert "mean of 4 classifiers" in str(report)


# What goes wrong.


def test_an_augmenter_that_raises_in_one_fold_is_reported_and_the_rest_survives():
    X, y = numbered()
    of_the_augmenter = ["bootstrap", "duplicate", "copula", "synthetic_only", "augmented", "augmented_corrected"]
    report = report_of(Failing(needs=7.0), X, y, cv=3)
    frame = report.to_frame().query("metric == 'balanced_accuracy'").set_index("arm")
    assert frame["n"].to_dict() == {
        **dict.fromkeys(["real_only", "threshold", "calibrated", "random_over_sampling", "smote"], 3),
        **dict.fromkeys(["bootstrap", "duplicate", "copula", "synthetic_only", "augmented", "augmented_corrected"], 2),
    }
    assert report.failures["reason"].str.contains("this augmenter has given up").all()
    assert set(report.failures["arm"]) == set(of_the_augmenter)
    assert report.failures["fold"].nunique() == 1
    assert not report.failures.duplicated(["fold", "arm"]).any()
    note = {row["arm"]: row["note"] for row in report.to_dict()["rows"]}["augmented"]
    assert note.startswith("failed in 1 of 3 folds: ")
    json.dumps(report.to_dict(), allow_nan=False)


def test_an_augmenter_that_raises_in_all_folds_leaves_marked_rows():
    report = report_of(Failing(), *blobs(), fidelity=True)
    frame = report.to_frame().query("metric == 'balanced_accuracy'").set_index("arm")
    assert frame.loc[["augmented", "duplicate", "synthetic_only"], "n"].tolist() == [0, 0, 0]
    assert frame.loc[["augmented", "duplicate"], "mean"].isna().all()
    assert frame.loc[["real_only", "smote", "random_over_sampling"], "n"].tolist() == [2, 2, 2]
    assert report.conclusion.kind == "cannot_tell"
    assert "this augmenter has given up" in str(report)
    json.dumps(report.to_dict(), allow_nan=False)


class Speechless(Bare):
    """Has rows to add, and none to give."""

    def fit_resample(self, X, y):
        every = np.r_[np.arange(len(y)), :5]
        return rows_of(X, every), rows_of(y, every)

    def sample(self, n=None, y=None, random_state=None):
        raise RuntimeError("nothing to say")


def test_an_augmenter_that_cannot_sample_loses_that_arm_alone():
    report = report_of(Speechless(), *blobs(), synthetic_fraction=None)
    assert set(report.failures["arm"]) == {"synthetic_only"}
    frame = report.to_frame().query("metric == 'balanced_accuracy'").set_index("arm")
    others = set(ARMS) - {"synthetic_only", "class_weight"}
    assert frame["n"].to_dict() == {"synthetic_only": 0, **dict.fromkeys(others, 2)}


def test_a_classifier_that_raises_is_reported_and_the_others_survive():
    report = report_of(Bare(), *blobs(), classifier={"bad": RaisingClassifier(), "good": GaussianNB()})
    frame = report.to_frame()
    assert set(frame[frame["classifier"] == "bad"]["n"]) == {0}
    assert set(frame[frame["classifier"] == "good"]["n"]) == {2}
    said = "this classifier has given up|RaisingClassifier has neither predict_proba nor decision_function"
    assert report.failures["reason"].str.contains(said).all()
    assert report.conclusions["good"].n == 2 and report.conclusions["bad"].n == 0
    assert report.conclusion.n == 0  # a mean over those that did not fail would be one of others
    json.dumps(report.to_dict(), allow_nan=False), str(report)


def test_a_metric_that_a_classifier_cannot_score_is_a_marked_row():
    report = report_of(
        Bare(), *blobs(), classifier=[RidgeClassifier(), GaussianNB()], metrics=["accuracy", "neg_log_loss"]
    )
    frame = report.to_frame().set_index(["classifier", "metric", "arm"])
    assert frame.loc[("RidgeClassifier", "neg_log_loss", "augmented"), "n"] == 0
    assert frame.loc[("RidgeClassifier", "accuracy", "augmented"), "n"] == 2
    assert frame.loc[("GaussianNB", "neg_log_loss", "augmented"), "n"] == 2
    assert set(report.failures["metric"]) == {"neg_log_loss"}
    assert report.failures["reason"].str.contains("predict_proba").all()


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_metric_that_is_no_number_is_a_marked_row(value):
    def odd(classifier, X, y):
        return value

    report = report_of(Bare(), *blobs(), metrics=["accuracy", odd], arms=["duplicate"])
    assert report.to_frame().query("metric == 'odd'")["n"].tolist() == [0, 0, 0]
    assert set(report.failures["metric"]) == {"odd"}
    json.dumps(report.to_dict(), allow_nan=False)


def test_warnings_are_kept_in_the_report_and_do_not_reach_the_user():
    assert "few rows to learn from" in " ".join(report_of(Grumbling(), *blobs(), arms=[]).warnings)


def test_warnings_of_an_arm_that_fails_are_kept():
    class Grumble(RaisingClassifier):
        def fit(self, X, y):
            import warnings

            warnings.warn("about to give up", UserWarning, stacklevel=1)
            return super().fit(X, y)

    assert "about to give up" in " ".join(report_of(Bare(), *blobs(), classifier=Grumble(), arms=[]).warnings)


@pytest.mark.parametrize(
    ("augmenter", "text"),
    [
        (Bootstrap, "must be an object with fit_resample, or with fit and sample.*give an instance, not the class"),
        (GaussianNB(), r"must be an object with fit_resample.*GaussianNB\(\) instead"),
        (None, "must be an object with fit_resample"),
        (SMOTE(), r"synthetic_fraction needs an augmenter with fit and sample, and SMOTE\(\) has fit_resample only"),
    ],
)
def test_what_is_no_augmenter_is_refused(augmenter, text):
    with pytest.raises(ParameterError, match=text):
        report_of(augmenter, *blobs())


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("n_repeats", 0, "'n_repeats' parameter of gain_report must be an integer of at least 1"),
        ("synthetic_fraction", 1.0, "'synthetic_fraction' .*above 0 and at most 0.99"),
        ("synthetic_fraction", 0, "'synthetic_fraction'"),
        ("balance", "yes", "'balance'"),
        ("arms", ["smotee"], "'arms' .*'random_over_sampling'"),
        ("arms", "smote", "'arms'"),
        ("margin", -1, "'margin'"),
        ("fidelity", None, "'fidelity'"),
        ("n_jobs", 0, "'n_jobs'"),
        ("verbose", -1, "'verbose'"),
        ("name", 3, "'name' parameter of gain_report must be None,? or text. Got 3"),
        ("cv", "5", "'cv' parameter must be a number of folds"),
        ("metrics", "f1_makro", "did you mean 'f1_macro'"),
        ("classifier", [], "'classifier' parameter is empty"),
        ("random_state", -1, "'random_state'"),
    ],
)
def test_options_that_may_not_be_are_refused_before_any_work(option, value, text):
    with pytest.raises(ParameterError, match=text):
        report_of(Failing(), *blobs(), **{option: value})


@pytest.mark.parametrize(
    ("X", "y", "text"),
    [
        (np.zeros((20, 2)), None, "target y is None"),
        (np.zeros((20, 2)), np.r_[np.zeros(19), np.nan], "label is missing in row 19"),
        (np.zeros((20, 2)), np.linspace(0, 1, 20), "continuous"),
        (np.zeros(20), np.arange(20) % 2, "2D array"),
        (np.zeros((20, 0)), np.arange(20) % 2, "0 feature"),
        (np.zeros((20, 2)), np.r_[np.zeros(19), 1], "Class 1.0 has 1 row, fewer than the 2 folds"),
        (np.zeros((20, 2)), np.arange(18) % 2, "20.*18|18.*20"),
        (np.zeros((18, 2)), np.arange(20) % 2, "20.*18|18.*20"),
        (np.zeros((20, 2)), np.zeros(20, dtype=int), "class"),
    ],
    ids=["none", "gap", "numbers", "1d", "no column", "one row", "fewer labels", "more labels", "a single class"],
)
def test_rows_that_cannot_be_used_are_refused(X, y, text):
    with pytest.raises(DataError, match=text):
        report_of(Bare(), X, y)


def test_groups_of_the_wrong_length_are_refused():
    with pytest.raises(DataError, match="give one group per row"):
        report_of(Bare(), *blobs(), groups=np.zeros(7))


def test_groups_are_honoured_in_every_fold():
    groups = np.arange(60) // 6
    report = report_of(Bare(), *blobs(), groups=groups, cv=3, arms=[])
    assert report.to_dict()["design"]["groups"] is True
    for fold in report.design.folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])


# Tables and labels of every kind.

LABELS = {
    "list": lambda y: y.tolist(),
    "tuple": lambda y: tuple(y.tolist()),
    "text list": lambda y: [f"class {label}" for label in y],
    "column": lambda y: y[:, None],
    "text": lambda y: np.where(y == 1, "yes", "no"),
    "booleans": lambda y: y == 1,
    "objects": lambda y: y.astype(object),
    "boolean objects": lambda y: (y == 1).astype(object),
    "series": lambda y: pd.Series(y, name="label", index=range(100, 100 + len(y))),
    "series of objects": lambda y: pd.Series(y, dtype=object),
    "frame": lambda y: pd.DataFrame({"label": y}),
    "category": lambda y: pd.Series(np.where(y == 1, "yes", "no"), dtype="category"),
    "category of numbers": lambda y: pd.Series(y, dtype="category"),
    "Int64": lambda y: pd.Series(y, dtype="Int64"),
    "boolean": lambda y: pd.Series(y == 1, dtype="boolean"),
    "string": lambda y: pd.Series(np.where(y == 1, "yes", "no"), dtype="string"),
    "floats": lambda y: y.astype(float),
    "int8": lambda y: y.astype(np.int8),
}


@pytest.fixture(scope="module")
def report_of_labels():
    """The report of 0 and 1 in an array, or of these labels in another container or of another dtype."""

    def of(convert=lambda y: y):
        X, y = uneven(40)
        return report_of(Bare(), X, convert(y), metrics=["balanced_accuracy", "roc_auc", "average_precision"])

    usual = of().to_frame()
    return lambda kind: (of(LABELS[kind]), usual)


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_kind_give_the_same_report(kind, report_of_labels):
    report, usual = report_of_labels(kind)
    assert report.failures.empty
    pd.testing.assert_frame_equal(report.to_frame(), usual)


def test_one_vs_all_labels_are_measured_or_refused_in_words():
    X, y = blobs()
    try:
        assert report_of(Bare(), X, np.eye(2, dtype=int)[y]).failures.empty
    except DataError as error:
        assert "one column of labels" in str(error)


def named_by_numbers(X):
    return X.set_axis(range(X.shape[1]), axis=1)


def nullable(X):
    return X.convert_dtypes()


@pytest.mark.parametrize(
    "kind",
    [lambda X: X, named_by_numbers, nullable, lambda X: X.astype(object).to_numpy(), lambda X: X[["plan"]]],
    ids=["frame", "numbers as names", "nullable dtypes", "object array", "a single column"],
)
def test_mixed_tables_are_measured(kind):
    X, y = make_toy_table(80)
    report = report_of(Bare(), kind(X), y, classifier=LogisticRegression(), metrics=None, fidelity=True)
    assert report.failures.empty
    assert (report.to_frame()["n"] == 2).all()
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "X", [blobs(40)[0].tolist(), blobs(40)[0].astype(np.float32), np.arange(40)[:, None]], ids=["lists", "float32", "1"]
)
def test_plain_arrays_and_lists_are_measured(X):
    report = report_of(Bare(), X, blobs(40)[1], fidelity=True)
    assert report.failures.empty


def test_columns_of_one_name_are_measured_or_refused_in_words():
    X, y = blobs()
    try:
        report = report_of(Bare(), pd.DataFrame(X, columns=["a", "a"]), y, fidelity=True)
    except DataError as error:
        assert "'a'" in str(error)
    else:
        assert report.failures.empty


def test_many_classes_and_ten_rows_are_measured():
    assert report_of(Bare(), *blobs(60, 4), metrics=None, fidelity=True).failures.empty
    tiny = report_of(Bare(), *blobs(10), metrics=None, fidelity=True)
    assert tiny.failures.empty
    json.dumps(tiny.to_dict(), allow_nan=False)


def test_an_augmenter_that_adds_nothing_is_said_to():
    """The default on balanced rows: an interval of exactly nothing must not pass for a measurement."""
    report = report_of(RandomOverSampler(), *blobs(), synthetic_fraction=None)
    assert "add" in " ".join([report.verdict, *report.warnings])


@settings(deadline=None, max_examples=8)
@given(
    n_classes=st.integers(2, 4),
    share=st.sampled_from([None, 0.01, 0.5, 0.9]),
    balance=st.booleans(),
    seed=st.integers(0, 99),
)
def test_whatever_is_asked_for_no_fold_is_lost(n_classes, share, balance, seed):
    X, y = blobs(30, n_classes, seed)
    report = report_of(Bare(), X, y, synthetic_fraction=share, balance=balance, classifier=DecisionTreeClassifier())
    assert report.failures.empty
    assert (report.to_frame()["n"] == 2).all()
    assert flat(y).tolist() == blobs(30, n_classes, seed)[1].tolist()


@pytest.mark.parametrize("metric", ["balanced_accuracy", "roc_auc", "accuracy"])
def test_a_classifier_with_one_answer_for_all_rows_is_said_to_have_learned_nothing(metric):
    X, y = blobs(60)
    report = gain_report(
        Bootstrap(), X, y, classifier=DummyClassifier(), metrics=metric, cv=2, n_repeats=1, fidelity=False, arms=[]
    )
    assert report.conclusion.kind == "cannot_tell"
    assert report.verdict.startswith("Cannot tell, because nothing was learned, neither from the real rows alone nor")
    assert "Do not augment" not in report.verdict
    assert report.to_dict()["verdict"]["chance"] == report.conclusion.chance
