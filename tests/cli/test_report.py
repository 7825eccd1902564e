"""``ganaug report`` measures what was asked for, prints it, and puts a page where it can be found."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command_line import QUICK, make_file, run
from full_disk import Limited
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from small import numbers

import ganaug
from ganaug import GainReport, GANAugmenter, TunedAugmenterCV, read_table
from ganaug_cli.main import cli

BRIEF = ["--target", "churn", "--classifier", "logistic", "--folds", 2, "--jobs", 1, *QUICK]


class Copier(BaseEstimator):
    """An augmenter that is done at once."""

    def fit_resample(self, X, y):
        return np.concatenate([X, X]), np.concatenate([y, y])


class Broken(Copier):
    """An augmenter that never gets anywhere."""

    def fit_resample(self, X, y):
        raise ValueError("out of order")


def report_of(augmenter):
    brief = {"cv": 2, "n_repeats": 1, "metrics": "accuracy", "arms": [], "random_state": 0}
    return ganaug.gain_report(augmenter, *numbers(20), classifier=LogisticRegression(), **brief)


@pytest.fixture(scope="module")
def small_report():
    return report_of(Copier())


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A folder with toy.csv, its page and its figures, and what was said."""
    folder = tmp_path_factory.mktemp("reported")
    make_file(folder / "toy.csv")
    done = run("report", folder / "toy.csv", *BRIEF, "--json", folder / "gain.json")
    return folder, done


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with toy.csv in it."""
    monkeypatch.chdir(tmp_path)
    make_file("toy.csv")
    return tmp_path


@pytest.fixture
def asked(monkeypatch, small_report):
    """What gain_report is asked for; it answers with a report that is there already."""
    calls = {}

    def answer(augmenter, X, y, **options):
        calls.update(options, augmenter=augmenter, X=X, y=y)
        return small_report

    monkeypatch.setattr(ganaug, "gain_report", answer)
    return calls


def in_words(text):
    return " ".join(text.split())


# the whole way


def test_the_verdict_comes_first_and_nothing_but_the_report_goes_to_standard_output(reported):
    folder, done = reported
    figures = json.loads((folder / "gain.json").read_text(encoding="utf-8"))
    assert in_words(done.stdout).startswith(in_words(figures["verdict"]["sentence"]))
    for arm in ("real_only", "duplicate", "class_weight", "smote", "augmented"):
        assert arm in done.stdout
    assert "page:" not in done.stdout


def test_the_page_lies_beside_the_data_and_holds_the_verdict(reported):
    folder, done = reported
    assert {path.name for path in folder.iterdir()} == {"toy.csv", "toy_gain.html", "gain.json"}
    assert "--quick guesses in seconds" in done.stderr
    assert f"page: {folder / 'toy_gain.html'}" in done.stderr
    assert f"figures: {folder / 'gain.json'}" in done.stderr
    page = (folder / "toy_gain.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "<title>" in page
    assert "ganaug report" in page


@pytest.mark.slow
def test_the_figures_are_those_of_the_tuned_augmenter_and_say_how_to_repeat_them(reported):
    folder, _ = reported
    figures = json.loads((folder / "gain.json").read_text(encoding="utf-8"))
    design = figures["design"]
    assert design["name"] == "toy"
    assert design["features"] == 9
    assert design["folds"] == 2
    assert design["augmenter"].startswith("TunedAugmenterCV(augmenter=GANAugmenter(")
    assert len(figures["choice"]) == 2
    assert not figures["failures"]
    typed = [folder / "toy.csv", *BRIEF, "--json", folder / "gain.json"]
    assert shlex.split(design["command"]) == ["ganaug", "report", *map(str, typed)]


@pytest.mark.slow
def test_the_same_command_gives_the_same_figures_and_quiet_says_nothing(reported, tmp_path):
    folder, done = reported
    again = run("report", folder / "toy.csv", *BRIEF, "-q", "-o", tmp_path / "p.x", "--json", tmp_path / "j")
    first, second = (json.loads(path.read_text(encoding="utf-8")) for path in (folder / "gain.json", tmp_path / "j"))
    assert first["scores"] == second["scores"]
    assert again.stdout == done.stdout
    assert [line for line in again.stderr.splitlines() if not line.startswith("warning: ")] == []


# what is asked for


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            [],
            {
                "cv": 5,
                "n_repeats": 1,
                "groups": None,
                "metrics": None,
                "classifier": None,
                "synthetic_fraction": None,
                "balance": False,
                "n_jobs": -1,
                "random_state": 0,
                "verbose": 1,
                "name": "toy",
            },
        ),
        (["--folds", "3", "--repeats", "4"], {"cv": 3, "n_repeats": 4}),
        (["--metric", "roc_auc", "--metric", "f1_macro"], {"metrics": ["roc_auc", "f1_macro"]}),
        (["--classifier", "forest", "--classifier", "logistic"], {"classifier": ["forest", "logistic"]}),
        (["--classifier", "forest", "--classifier", "forest"], {"classifier": ["forest"]}),
        (["--share", "0.3"], {"synthetic_fraction": 0.3, "balance": False}),
        (["--share", "0.3", "--balance"], {"synthetic_fraction": 0.3, "balance": True}),
        (["--balance"], {"synthetic_fraction": None, "balance": False}),
        (["--jobs", "2", "--seed", "7", "-q"], {"n_jobs": 2, "random_state": 7, "verbose": 0}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_reach_gain_report(folder, asked, arguments, expected):
    run("report", "toy.csv", "--target", "churn", *arguments)
    assert {name: asked[name] for name in expected} == expected


def test_what_augment_would_do_is_measured_with_the_classifiers_and_the_metric_asked_for(folder, asked):
    command = ("report", "toy.csv", "--target", "churn", "--loss", "hinge", "--kind", "id=category", *QUICK)
    run(*command, "--classifier", "forest", "--metric", "roc_auc", "--metric", "f1_macro", "--seed", 3)
    tuned = asked["augmenter"]
    assert isinstance(tuned, TunedAugmenterCV)
    assert (tuned.classifier, tuned.scoring, tuned.random_state, tuned.n_jobs) == (["forest"], "roc_auc", 3, None)
    inner = tuned.augmenter
    assert (inner.loss, inner.column_kinds, inner.max_steps) == ("hinge", {"id": "category"}, 5)
    assert (inner.filters, inner.verbose, inner.resume, inner.checkpoint_path) == (None, 0, False, None)


@pytest.mark.parametrize("arguments", [[], ["--metric", "recall_per_class"]])
def test_what_no_threshold_moves_chooses_the_share_where_no_single_score_was_named(folder, asked, arguments):
    run("report", "toy.csv", "--target", "churn", *arguments)
    assert asked["augmenter"].scoring is None
    assert asked["augmenter"].classifier is None


@pytest.mark.parametrize("arguments", [["--share", "0.5"], ["--balance"], ["--share", "0.5", "--balance"]])
def test_a_fixed_share_and_balancing_are_measured_without_choosing(folder, asked, arguments):
    run("report", "toy.csv", "--target", "churn", *arguments)
    assert isinstance(asked["augmenter"], GANAugmenter)
    assert asked["augmenter"].sampling_strategy == "auto"


def test_groups_stay_together_and_are_not_learned_nor_taken_for_the_label(folder, asked):
    table = read_table("toy.csv").assign(house=[f"h{i // 4}" for i in range(80)])
    table[["id", "age", "city", "churn", "house"]].to_csv("toy.csv", index=False)
    done = run("report", "toy.csv", "--groups", "house", "--exclude", "age")
    assert "label: column 'churn' (the last one)" in done.stderr
    assert list(asked["X"].columns) == ["id", "city"]
    assert np.array_equal(asked["groups"], np.arange(80) // 4)


@pytest.mark.parametrize("name", ["house", "label"])
def test_groups_in_the_place_of_the_label_are_warned_of_even_when_quiet(folder, asked, name):
    table = read_table("toy.csv")[["id", "age", "churn"]].assign(**{name: [f"h{i // 4}" for i in range(80)]})
    table.to_csv("toy.csv", index=False)
    done = run("report", "toy.csv", "--groups", name, "-q")
    assert re.search(rf"warning: column '{name}', which --groups.*'churn' is taken for them.*--target", done.stderr)
    assert "--groups" not in run("report", "toy.csv", "--groups", name, "--target", "churn", "-q", "--force").stderr


def test_a_table_may_come_from_standard_input(folder, asked):
    run("report", "-", "--target", "churn", "-o", "gain.html", stdin=Path("toy.csv").read_bytes())
    assert Path("gain.html").exists()
    assert asked["name"] is None


def test_a_page_is_replaced_only_with_force_and_may_have_any_name(folder, asked):
    Path("page.x").write_text("precious")
    assert "--force" in run("report", "toy.csv", "-o", "page.x", code=2).stderr
    assert Path("page.x").read_text() == "precious"
    run("report", "toy.csv", "--target", "churn", "-o", "page.x", "--force")
    assert "<html" in Path("page.x").read_text(encoding="utf-8")


def test_the_command_is_quoted_as_typed_and_holds_no_password_or_key(folder, asked, small_report):
    import fsspec

    with fsspec.open("memory://me:secret@host/my data.csv", "wb") as file:
        file.write(Path("toy.csv").read_bytes())
    typed = ["memory://me:secret@host/my data.csv", "--target", "churn", "-o", "a b.html"]
    run("report", *typed)
    assert small_report.command == "ganaug report 'memory://host/my data.csv' --target churn -o 'a b.html'"
    page = Path("a b.html").read_text(encoding="utf-8")
    assert "memory://host/my data.csv" in page
    assert "secret" not in page
    from ganaug_cli.report import _remove_secrets

    assert _remove_secrets("https://u:p@host/t.csv?key=1") == "https://host/t.csv"
    assert _remove_secrets("a@b?c.csv") == "a@b?c.csv"


# when it goes wrong


def test_an_interruption_leaves_no_page_and_its_exit_code(folder, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ganaug, "gain_report", interrupt)
    done = run("report", "toy.csv", "--target", "churn", code=130)
    assert done.stderr.splitlines()[-1] == "ganaug: interrupted."
    assert {path.name for path in folder.iterdir()} == {"toy.csv"}


def test_a_report_without_any_synthetic_row_is_shown_and_ends_with_an_error(folder, monkeypatch):
    broken = report_of(Broken())
    monkeypatch.setattr(ganaug, "gain_report", lambda *_, **__: broken)
    done = run("report", "toy.csv", "--target", "churn", code=1)
    last = "ganaug: Nothing was measured, as no fold has synthetic rows: ValueError: out of order."
    assert done.stderr.splitlines()[-1] == last
    assert done.stdout.rstrip() == str(broken)
    assert Path("toy_gain.html").exists()


def test_a_fold_that_failed_alone_is_no_error(folder, monkeypatch):
    broken = report_of(Broken())
    broken.failures = broken.failures.iloc[:1]
    monkeypatch.setattr(ganaug, "gain_report", lambda *_, **__: broken)
    run("report", "toy.csv", "--target", "churn")


def test_what_was_measured_is_printed_even_if_the_page_cannot_be_written(folder, asked, monkeypatch):
    def fail(self, path):
        raise ganaug.DataError(f"{path!r} cannot be written; choose another name.")

    monkeypatch.setattr(GainReport, "to_html", fail)
    done = run("report", "toy.csv", "--target", "churn", code=1)
    assert "'toy_gain.html' cannot be written" in done.stderr
    assert "real_only" in done.stdout


def test_figures_that_cannot_be_written_are_one_sentence(folder, asked, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(GainReport, "to_html", lambda *_: None)  # which would fail before
    done = run("report", "toy.csv", "--target", "churn", "--json", "gain.json", code=1)
    last = "ganaug: 'gain.json' cannot be written (No space left on device); check the place, or choose another."
    assert done.stderr.splitlines()[-1] == last


@pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX")
@pytest.mark.promise("full disk")
@pytest.mark.parametrize("name", ["toy_gain.html", "gain.json"])
def test_a_disk_that_is_full_leaves_the_old_page_and_the_old_figures(folder, asked, monkeypatch, name):
    line = ["report", "toy.csv", *map(str, BRIEF), "--json", "gain.json", "--force"]
    run(*line)
    whole = Path(name).stat().st_size
    if name == "gain.json":
        monkeypatch.setattr(GainReport, "to_html", lambda *_: None)  # which is larger, and would fail before
    Path(name).write_bytes(b"old")
    for size in (0, whole // 2, whole - 1):
        with Limited(size):
            done = CliRunner().invoke(cli, line)
        assert done.exit_code == 1 and re.search(rf"ganaug: '{name}' cannot be written \(File too large\)", done.stderr)
        assert Path(name).read_bytes() == b"old"
        assert {path.name for path in folder.iterdir()} == {"toy.csv", "toy_gain.html", "gain.json"}


def test_figures_behind_a_link_keep_their_link_and_mode(folder, asked):
    Path("real.json").write_text("old")
    Path("real.json").chmod(0o640)
    Path("gain.json").symlink_to("real.json")
    run("report", "toy.csv", *BRIEF, "--json", "gain.json", "--force")
    assert Path("gain.json").is_symlink() and json.loads(Path("real.json").read_text(encoding="utf-8"))
    assert os.name != "posix" or stat.S_IMODE(Path("real.json").stat().st_mode) == 0o640


def test_distil_adds_the_arms_of_a_teacher(folder, asked):
    run("report", "toy.csv", *BRIEF, "--distil")
    assert asked["distil"] is True


def test_distil_is_for_tables(folder):
    Path("digits").mkdir()
    done = run("report", "digits", "--distil", code=2)
    assert "--distil is for tables, and 'digits' is a folder of images; leave it out" in done.stderr


def test_a_quick_answer_trains_nothing_and_writes_no_page(folder, monkeypatch):
    monkeypatch.setattr("ganaug.GANAugmenter.fit", None)
    done = run("report", "toy.csv", "--target", "churn", "--quick", "--classifier", "logistic", "-q")
    assert done.stdout.startswith("logistic: ROC AUC 0.")
    assert "80 % interval" in done.stdout and "measure before you add rows, with gain_report" in done.stdout
    assert not list(Path().glob("*.html"))


@pytest.mark.parametrize("option", [["--share", "0.3"], ["--folds", "3"], ["-o", "x.html"], ["--max-steps", "9"]])
def test_options_of_measuring_do_not_go_with_a_quick_answer(folder, option):
    done = run("report", "toy.csv", "--target", "churn", "--quick", *option, code=2)
    assert "is for measuring, and --quick measures nothing" in done.stderr
