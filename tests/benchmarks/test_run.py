"""A run of the harness: one file, nothing measured twice, no failure hidden, no test row seen."""

import json
import re
import sys
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from benchmarks.gain import command as run
from benchmarks.gain import judge as judging
from benchmarks.gain import methods
from benchmarks.gain.cases import SUITES, Case, Split
from benchmarks.gain.judge import Job, judge_case
from benchmarks.gain.methods import Method, Unchanged
from benchmarks.shared import ledger
from benchmarks.shared.command import THREADS
from benchmarks.shared.data import Table
from benchmarks.shared.ledger import Ledger, read_results
from benchmarks.shared.protocol import BenchmarkError

SMALL = ["low-data", "--tables", "wine", "--cuts", "100", "--learners", "logistic", "neighbours"]


class Failing:
    def fit_resample(self, X, y):
        raise RuntimeError("no\nluck")


class Recording(Unchanged):
    seen: ClassVar[list] = []

    def fit_resample(self, X, y):
        self.seen.append((X, y))
        return X, y


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """Two methods more, and an environment that does not change while others edit the library."""
    more = {"failing": Method(lambda s, X: Failing()), "recording": Method(lambda s, X: Recording())}
    for module in (run, judging):
        monkeypatch.setattr(module, "METHODS", {**methods.METHODS, **more})
    monkeypatch.setattr(ledger, "digest_source", lambda: "source")
    monkeypatch.setattr(Recording, "seen", [])
    for name in THREADS:  # a run sets them for the processes that it starts
        monkeypatch.setenv(name, "1")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.json"


def go(output, *arguments):
    run.main([*SMALL, "--output", str(output), *arguments])
    return read_results(output)


# ---- the file ----


def test_a_run_writes_scores_rows_versions_and_machine(output):
    content = go(output, "--methods", "none", "class_weight", "duplicate", "--seeds", "0", "3")
    assert list(content["cases"]) == ["low-data/wine-100/seed0", "low-data/wine-100/seed3"]
    entry = content["cases"]["low-data/wine-100/seed3"]
    assert (entry["table"], entry["cut"], entry["seed"], entry["digest"]) == ("wine", "100", 3, "b6ff7c6847be")
    assert entry["rows"] == {"train": [33, 40, 27], "test": [26, 31, 21]}
    records = {(r["method"], r["learner"]): r for r in entry["records"]}
    assert len(records) == 6
    assert records["duplicate", "logistic"]["added"] == [7, 0, 13]
    assert records["none", "logistic"]["scores"]["balanced_accuracy"] > 0.9
    assert records["class_weight", "neighbours"]["not_applicable"] == "neighbours takes no class weights"
    (environment,) = content["environments"]
    assert {"ganaug", "scikit-learn", "torch", "python"} <= set(environment["versions"])
    assert environment["threads"] == 1
    assert environment["machine"]["processors"] >= 1


def test_two_runs_of_the_same_code_give_the_same_bytes_in_any_number_of_steps(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    go(one, "--methods", "none", "duplicate", "smote", "--seeds", "0", "1")
    go(two, "--methods", "smote", "--seeds", "1")
    go(two, "--methods", "none", "duplicate", "--seeds", "1", "0")
    go(two, "--methods", "smote", "--seeds", "0")
    assert one.read_bytes() == two.read_bytes()


def test_what_is_finished_is_not_measured_again(output, monkeypatch):
    first = go(output, "--methods", "recording", "--seeds", "0")
    assert go(output, "--methods", "recording", "--seeds", "0") == first
    assert len(Recording.seen) == 1
    again = go(output, "--methods", "recording", "--seeds", "0", "--learners", "logistic", "neighbours", "boosting")
    assert len(Recording.seen) == 2
    assert len(again["cases"]["low-data/wine-100/seed0"]["records"]) == 3


def test_each_case_is_written_as_soon_as_it_is_finished(output, monkeypatch):
    def interrupted(job):
        if job.case.seed == 1:
            raise KeyboardInterrupt
        return judge_case(job)

    monkeypatch.setattr(run, "judge_case", interrupted)
    with pytest.raises(SystemExit) as stop:
        go(output, "--methods", "none", "--seeds", "0", "1")
    assert stop.value.code == 130
    assert list(read_results(output)["cases"]) == ["low-data/wine-100/seed0"]


def test_a_method_that_fails_is_recorded_tried_again_and_makes_the_run_fail(output, capsys):
    arguments = ("--methods", "failing", "none", "--seeds", "0")
    with pytest.raises(SystemExit, match=r"seed0, failing, logistic neighbours: RuntimeError: no luck"):
        go(output, *arguments)
    assert "failed: failing" in capsys.readouterr().err
    records = read_results(output)["cases"]["low-data/wine-100/seed0"]["records"]
    assert [("error" in r, "scores" in r) for r in records] == [(True, False)] * 2 + [(False, True)] * 2
    methods_now = {**run.METHODS, "failing": Method(lambda s, X: Unchanged())}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "METHODS", methods_now)
        healed = go(output, *arguments)
    assert all("scores" in r for r in healed["cases"]["low-data/wine-100/seed0"]["records"])


def test_a_failure_of_a_method_that_is_not_asked_for_is_no_failure_of_the_run(output):
    with pytest.raises(SystemExit):
        go(output, "--methods", "failing", "--seeds", "0")
    go(output, "--methods", "none", "--seeds", "0")


def test_a_learner_that_fails_is_recorded(output, monkeypatch):
    monkeypatch.setattr(judging, "fit_and_score", lambda *_: {"roc_auc": float("nan")})
    with pytest.raises(SystemExit, match="none, logistic neighbours: roc_auc is nan"):
        go(output, "--methods", "none", "--seeds", "0")


def test_a_case_that_the_table_does_not_allow_is_kept_with_its_reason(output):
    content = go(output, "--methods", "recording", "--cuts", "150", "--seeds", "0")
    (entry,) = content["cases"].values()
    assert entry["excluded"] == "178 rows leave fewer than 50 to test on"
    assert go(output, "--methods", "recording", "--cuts", "150", "--seeds", "0") == content
    assert Recording.seen == []


def test_several_processes_give_the_same_file(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    arguments = ("--methods", "none", "smote", "--seeds", "0", "1")
    go(one, *arguments)
    go(two, *arguments, "--jobs", "2")
    assert one.read_bytes() == two.read_bytes()


# ---- what it refuses ----


def test_results_of_another_environment_are_not_mixed_in_unasked(output, monkeypatch):
    go(output, "--methods", "none", "--seeds", "0")
    monkeypatch.setattr(ledger, "digest_source", lambda: "other")
    with pytest.raises(SystemExit, match=r"out.json was measured with another source: name another --output"):
        go(output, "--methods", "duplicate", "--seeds", "0")
    content = go(output, "--methods", "none", "duplicate", "--seeds", "0", "--mixed")
    assert [e["source"] for e in content["environments"]] == ["source", "other"]
    records = content["cases"]["low-data/wine-100/seed0"]["records"]
    assert {(r["method"], r["environment"]) for r in records} == {("none", 0), ("duplicate", 1)}


def test_a_file_of_another_suite_or_kind_is_refused(output):
    go(output, "--methods", "none", "--seeds", "0")
    with pytest.raises(SystemExit, match=r"out.json holds the suite 'low-data': name another --output"):
        run.main(["gain-tables", "--tables", "wine", "--output", str(output)])
    output.write_text('{"cases": []}')
    with pytest.raises(SystemExit, match=r"out.json is not a results file of benchmarks.gain"):
        go(output)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--tables", "pima"], "Error: The table 'pima' is a file: name the folder"),
        (["--output", "no/such/out.json"], "Error: no/such is not a folder"),
        (["--methods", "ctgan", "--peer-python", "no-such-python"], "--peer-python no-such-python cannot be run"),
    ],
)
def test_mistakes_end_in_one_sentence_before_any_work(output, arguments, text):
    with pytest.raises(SystemExit, match=re.escape(text)):
        go(output, *arguments)
    assert not output.exists()


@pytest.mark.parametrize("arguments", [["--cuts", "5pct"], ["--jobs", "0"], ["--methods", "magic"]])
def test_options_that_do_not_exist_are_errors_of_usage(output, arguments):
    with pytest.raises(SystemExit) as stop:
        go(output, *arguments)
    assert stop.value.code == 2


def test_defaults_are_those_of_the_suite():
    options = run.parse(["tuned"])
    assert (options.tables, options.methods, options.learners) == (
        SUITES["tuned"].tables,
        SUITES["tuned"].methods,
        SUITES["tuned"].learners,
    )


# ---- no test row is seen ----


def test_no_method_and_no_learner_sees_a_test_row(monkeypatch):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=80)})
    y = pd.Series([0, 1] * 40)
    sentinel = 12345.0
    split = Split(X[:40], y[:40], X[40:].assign(x=sentinel), y[40:], np.ones(40))
    fitted = []

    class Learner(BaseEstimator):
        classes_ = np.array([0, 1])

        def fit(self, X, y):
            fitted.append(X)
            return self

        def predict_proba(self, X):
            assert (X["x"] == sentinel).all()
            return np.full((len(X), 2), 0.5)

    monkeypatch.setattr(judging, "make_treated_learner", lambda *_, **__: Learner())
    monkeypatch.setattr(judging, "load_table", lambda *_: Table("toy", X, y, ("a", "b"), "digest"))
    monkeypatch.setitem(SUITES, "toy", SUITES["low-data"].__class__(lambda *_: split, (), (), ()))
    names = ["recording", "duplicate", "smote", "adasyn", "random_over_sampling", "gaussian_copula"]
    result = judge_case(Job(Case("toy", "toy", "1", 0), {name: ["any"] for name in names}, None, sys.executable))
    assert [r for r in result.records if "scores" not in r] == []
    assert len(fitted) == len(names)
    for seen in [*fitted, *(rows for rows, _ in Recording.seen)]:
        assert not (seen["x"] == sentinel).any()


def test_a_method_cannot_harm_the_rows_of_the_next(monkeypatch):
    class Vandal:
        def fit_resample(self, X, y):
            X["alcohol"] = 0.0
            y[:] = 0
            return X, y

    monkeypatch.setattr(
        judging,
        "METHODS",
        {"vandal": Method(lambda s, X: Vandal()), "recording": Method(lambda s, X: Recording())},
    )
    judge_case(Job(Case("low-data", "wine", "100", 0), {"vandal": ["logistic"], "recording": ["logistic"]}, None, ""))
    ((X, y),) = Recording.seen
    assert X["alcohol"].nunique() > 10
    assert y.nunique() == 3


def test_rows_are_made_once_for_all_learners_unless_they_are_tuned_for_one(monkeypatch):
    made = []

    def make(setting, X):
        made.append(setting.learner)
        return Unchanged()

    learners = ["logistic", "neighbours"]
    for per_learner, expected in ((False, ["logistic"]), (True, learners)):
        made.clear()
        monkeypatch.setattr(judging, "METHODS", {"m": Method(make, per_learner=per_learner)})
        judge_case(Job(Case("low-data", "wine", "100", 0), {"m": learners}, None, ""))
        assert made == expected


def test_the_file_is_plain_json_with_one_line_for_each_record(output):
    go(output, "--methods", "none", "--seeds", "0")
    lines = output.read_text().splitlines()
    assert sum('"method"' in line for line in lines) == 2
    assert json.loads(output.read_text())["format"] == 1
    assert not re.search(r"\d{2}:\d{2}|seconds", output.read_text())


def test_a_ledger_needs_a_folder(tmp_path):
    with pytest.raises(BenchmarkError, match="is not a folder: make it first"):
        Ledger(tmp_path / "no" / "out.json", "low-data", {})
