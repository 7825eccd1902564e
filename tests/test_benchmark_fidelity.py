"""The command that compares tables: one run, kind errors, and a peer that is treated fairly."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_benchmark_protocol import COLUMNS, table
from threadpoolctl import threadpool_limits

from benchmarks.clock import Stopwatch
from benchmarks.fidelity_tables import _disturbance, case_key, main, markdown, parse
from benchmarks.peer_ctgan import extrapolate
from benchmarks.protocol import BenchmarkError, Columns
from benchmarks.tables import Task, fit_ctgan, fit_ganaug, load_task, run_peer
from ganaug.errors import GanaugError

# ---- the peer ----


def test_epochs_not_run_take_as_long_as_those_after_the_first():
    assert extrapolate([10.0, 15.0, 17.0], 19.0, epochs=3) == 19
    assert extrapolate([10.0, 15.0, 17.0], 19.0, epochs=10) == 19 + 7 * 2
    assert extrapolate([10.0], 15.0, epochs=3) == 25


def test_a_stopwatch_tells_its_own_work_from_that_of_others():
    watch = Stopwatch()
    code = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.4: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    wall, cpu = watch.read()
    assert cpu < 0.3 < 0.4 < wall
    if Path("/proc/stat").exists():
        assert watch.others() > 0.3


def test_times_taken_on_a_busy_machine_are_called_too_long():
    assert _disturbance({"others_cpu_seconds": 1.0, "measured_fit_seconds": 100.0}) == []
    assert "too long" in _disturbance({"others_cpu_seconds": 50.0, "measured_fit_seconds": 100.0})[0]


def test_ctgan_gets_whole_numbers_as_integers_and_no_gaps(monkeypatch):
    train = table().assign(b=[1.0, np.nan, 3.0, 4.0] * 100)
    seen = {}

    def fake_peer(python, argument):
        job = json.loads(Path(argument).read_text())
        seen["table"] = pd.read_csv(job["train"], dtype=dict.fromkeys(job["discrete"], str), keep_default_na=False)
        seen["job"] = job
        Path(job["synthetic"]).write_text(Path(job["train"]).read_text())
        Path(job["report"]).write_text(json.dumps({"epochs": job["epochs"], "default_epochs": 300}))
        return ""

    monkeypatch.setattr("benchmarks.tables.run_peer", fake_peer)
    synthetic, costs = fit_ctgan(Task(train, train, COLUMNS), seed=3, epochs=10, python="python")
    assert seen["table"]["b"].dtype == "int64"
    assert sorted(seen["table"]["b"].unique()) == [1, 3, 4]
    assert seen["job"]["discrete"] == ["c", "y"]
    assert (seen["job"]["seed"], seen["job"]["rows"]) == (3, 400)
    assert [note.split()[0] for note in costs["notes"]] == ["100", "trained"]
    pd.testing.assert_series_equal(synthetic["a"], train["a"])


def test_an_absent_peer_says_how_to_get_it_or_go_without(tmp_path):
    with pytest.raises(BenchmarkError, match=r"cannot be run"):
        run_peer(str(tmp_path / "python"), "--versions")
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(BenchmarkError, match=r"CTGAN failed: it is not installed.*ganaug\[bench\].*--peer none"):
        run_peer(str(bare), "--versions")


# ---- the command ----


class RepeatingSampler:
    """A sampler that gives its training rows back."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        assert list(X.columns) == ["a", "b", "c"]
        self.X, self.y = X, y
        return self

    def sample(self, n):
        return self.X.head(n), self.y.head(n)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The names of a training and a test file, and of a results file that does not exist yet."""
    monkeypatch.setattr("ganaug.read_table", lambda path: pd.read_csv(path), raising=False)
    monkeypatch.setattr("ganaug.GanaugError", GanaugError, raising=False)
    monkeypatch.setattr("ganaug.GANAugmenter", RepeatingSampler, raising=False)
    table().to_csv(tmp_path / "train.csv", index=False)
    table(200, seed=1).to_csv(tmp_path / "test.csv", index=False)
    with threadpool_limits(1):  # tests run side by side: threads of one would wait for those of the other
        yield tmp_path / "train.csv", tmp_path / "test.csv", tmp_path / "results.json"


def test_one_command_measures_once_and_shows_every_time(files, capsys, monkeypatch):
    pytest.importorskip("xgboost")
    train, test, output = map(str, files)
    command = ["--train", train, "--test", test, "--target", "y", "--output", output, "--small", "--models"]
    main([*command, "real", "held-out", "bootstrap"])
    shown = capsys.readouterr().out
    assert [line.split(" | ")[0] for line in shown.splitlines()[2:5]] == ["| real", "| held-out", "| bootstrap"]
    cases = {case["key"]["model"]: case["result"] for case in json.loads(Path(output).read_text())["cases"]}
    assert cases["real"]["shape_error"] == 0 < cases["bootstrap"]["shape_error"] < cases["held-out"]["shape_error"]
    assert cases["bootstrap"]["copied_share"] == 1 > cases["held-out"]["copied_share"]
    assert "auc" not in cases["held-out"]
    monkeypatch.setattr("benchmarks.fidelity_tables.measure", None)
    main([*command, "real", "held-out", "bootstrap"])
    assert capsys.readouterr().out == shown


def test_ganaug_is_trained_on_the_training_rows_without_the_label(files):
    task = load_task(files[0], files[1], "y")
    synthetic, costs = fit_ganaug(task, seed=0)
    pd.testing.assert_frame_equal(synthetic, task.tidy_train)
    assert costs["fit_seconds"] == costs["measured_fit_seconds"] > 0
    assert 10 < costs["peak_memory_mib"] < 10_000


def test_without_a_test_file_a_tenth_of_each_class_is_held_out(files):
    task = load_task(files[0], None, "y", drop=["b"])
    whole = pd.read_csv(files[0])
    assert len(task.test) == len(whole) / 10
    assert abs((task.test["y"] == "yes").mean() - (whole["y"] == "yes").mean()) < 0.03
    assert not set(task.test["a"]) & set(task.train["a"])
    assert task.columns == Columns(("a",), ("c",), "y")
    pd.testing.assert_frame_equal(task.test, load_task(files[0], None, "y", drop=["b"]).test)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.drop(columns="b"), "must have the training file's columns.*'b'"),
        (lambda t: t.assign(b="much"), "numbers where that has numbers.*'b'"),
        (lambda t: t.assign(y="perhaps"), "labels .'perhaps'. of .* do not occur"),
        (lambda t: t.drop(columns="y"), "has no column 'y'"),
        (lambda t: t.assign(y=t["y"].where(t["y"] == "yes")), "rows of .* have no value in 'y'"),
    ],
)
def test_a_test_file_of_another_form_is_refused(files, change, text):
    change(table(50)).to_csv(files[1], index=False)
    with pytest.raises(BenchmarkError, match=text):
        load_task(files[0], files[1], "y")


def test_a_class_too_small_to_split_asks_for_a_test_file(files):
    table().assign(y=["once", *["often"] * 399]).to_csv(files[0], index=False)
    with pytest.raises(BenchmarkError, match=r"cannot be split by class.*give --test"):
        load_task(files[0], None, "y")


def test_an_error_ends_in_one_sentence(files, capsys):
    with pytest.raises(SystemExit, match=r"Error: .* has no column 'label'"):
        main(["--train", str(files[0]), "--target", "label", "--output", str(files[2]), "--peer", "none"])


def test_a_case_is_known_by_all_that_its_result_depends_on(files):
    base = ["--train", str(files[0]), "--target", "y"]
    versions = {"xgboost": "3", "scikit-learn": "1", "ganaug": {"ganaug": "1"}, "ctgan": {"ctgan": "2"}}

    def key(*more, model="ctgan", versions=versions):
        return case_key(model, 0, parse([*base, *more]), versions)

    newer = versions | {"ctgan": {"ctgan": "3"}}
    keys = [key(), key("--small"), key("--drop", "b"), key("--peer-full"), key("--peer-epochs", "3")]
    keys += [key("--test", str(files[1])), key(versions=newer), key(model="ganaug")]
    assert len({json.dumps(k) for k in keys}) == len(keys)
    assert key(model="ganaug") == key("--peer-full", model="ganaug", versions=newer)
    table(seed=9).to_csv(files[0], index=False)
    assert key() not in keys


def test_the_markdown_table_gives_mean_and_spread_over_seeds():
    text = markdown({"real": [{"auc": 0.8, "shape_error": 0.01}, {"auc": 0.9, "notes": ["short"]}]})
    assert "| 0.850 ± 0.071 |" in text
    assert "| 1.00 |" in text
    assert "* real: short." in text
