"""``ganaug augment`` adds the share of synthetic rows that held-out rows chose, and says so."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from command_line import QUICK, make_file, run

import ganaug
from ganaug import GANAugmenter, TunedAugmenterCV, read_table

BRIEF = ["--target", "churn", "--classifier", "logistic", "--jobs", 1, *QUICK]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with toy.csv in it."""
    monkeypatch.chdir(tmp_path)
    make_file("toy.csv")
    return tmp_path


def labels(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [row["churn"] for row in csv.DictReader(file)]


def test_the_chosen_share_is_added_below_the_rows_as_read_and_said(folder, choosing):
    choosing(0.25)
    done = run("augment", "toy.csv", *BRIEF, "--exclude", "comment", "--mark", "origin")
    lines = Path("toy_augmented.csv").read_text().splitlines()
    real = Path("toy.csv").read_text().splitlines()
    assert lines[: len(real)] == [real[0] + ",origin", *(line + ",real" for line in real[1:])]
    table = read_table("toy_augmented.csv")
    synthetic = table[table["origin"] == "synthetic"]
    assert len(synthetic) == 27  # of 107 rows, a quarter
    assert synthetic["comment"].isna().all()
    assert not synthetic["id"].isin(table["id"][:80]).any()
    said = r"share chosen: 25 % synthetic, in the proportions of the classes \(ROC AUC on held-out rows "
    assert re.search(said + r"[01]\.\d{3} against [01]\.\d{3} without\)", done.stderr)
    counts = synthetic["churn"].value_counts()
    assert all(f"{label} +{count}" in done.stderr for label, count in counts.items())
    assert done.stderr.splitlines()[-1] == "table: toy_augmented.csv"
    assert done.stdout == ""


def test_the_scores_said_are_those_of_the_choice_and_of_no_synthetic_rows(folder, choosing, monkeypatch):
    from ganaug_cli import tuning

    seen = []
    monkeypatch.setattr(tuning, "describe_choice", lambda tuned, what: seen.append(tuned) or "chosen")
    choosing(0.5, balance=True)
    assert "chosen" in run("augment", "toy.csv", *BRIEF, "--scoring", "f1_macro").stderr.splitlines()
    monkeypatch.undo()
    scores = seen[0].scores_
    without, chosen = scores["score"].iloc[0], scores.loc[scores["chosen"], "score"].iloc[0]
    compared, said = tuning.describe_choice(seen[0]).split("\n")
    assert compared.startswith(f"compared by f1 macro on held-out rows: none {without:.3f}, ")
    assert f", 50 % balanced {chosen:.3f}, " in compared and compared.count("%") == len(scores) - 1
    assert said == (
        f"share chosen: 50 % synthetic, filling up small classes (f1 macro on held-out rows {chosen:.3f} against "
        f"{without:.3f} without), the smallest within a standard error of the best"
    )


def test_a_balanced_share_fills_up_the_small_class(folder, choosing):
    choosing(0.1, balance=True)
    run("augment", "toy.csv", *BRIEF)
    small = read_table("toy.csv")["churn"].value_counts().idxmin()
    assert labels("toy_augmented.csv")[80:] == [small] * 9


def test_where_nothing_helps_the_table_is_written_as_it_was(folder, choosing):
    choosing(0.0)
    done = run("augment", "toy.csv", *BRIEF, "--save-model", "m.safetensors")
    assert Path("toy_augmented.csv").read_bytes() == Path("toy.csv").read_bytes()
    assert "no synthetic rows: none of the shares tried did better" in done.stderr
    assert "no model is saved, as nothing synthetic is added" in done.stderr
    assert "synthetic rows added" not in done.stderr
    assert not Path("m.safetensors").exists()
    run("augment", "toy.csv", *BRIEF, "--mark", "origin", "--force")
    assert set(read_table("toy_augmented.csv")["origin"]) == {"real"}


def test_the_model_that_is_kept_knows_all_rows_and_balances_when_used_again(folder, choosing):
    choosing(0.25)
    done = run("augment", "toy.csv", *BRIEF, "--save-model", "m.safetensors")
    assert "model: m.safetensors" in done.stderr
    augmenter = GANAugmenter.load("m.safetensors")
    assert augmenter.model_.facts["n_rows"] == 80
    assert augmenter.sampling_strategy == "auto"
    run("augment", "toy.csv", "--model", "m.safetensors", "-o", "again.csv")
    assert read_table("again.csv")["churn"].value_counts().nunique() == 1


@pytest.mark.slow
def test_the_same_command_gives_the_same_table_and_quiet_says_nothing(folder, choosing):
    choosing(0.25)
    done = run("augment", "toy.csv", *BRIEF, "-o", "a.csv", "-q")
    run("augment", "toy.csv", *BRIEF, "-o", "b.csv")
    run("augment", "toy.csv", *BRIEF, "-o", "c.csv", "--seed", 1)
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes() != Path("c.csv").read_bytes()
    assert [line for line in done.stderr.splitlines() if not line.startswith("warning: ")] == []


def test_standard_output_holds_the_table_and_nothing_else(folder, choosing):
    choosing(0.25)
    done = run("augment", "-", *BRIEF, stdin=Path("toy.csv").read_bytes())
    assert done.stdout.encode().startswith(Path("toy.csv").read_bytes())
    assert done.stdout.count("\n") == 1 + 107


@pytest.fixture
def asked(monkeypatch):
    """The sampler that is asked to choose; it is interrupted at once."""
    made = []

    def interrupt(self, X, y):
        made.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(TunedAugmenterCV, "fit_resample", interrupt)
    return made


def test_options_reach_the_sampler(folder, asked):
    command = ("augment", "toy.csv", "--target", "churn", "--seed", 5, "--loss", "hinge", "--max-steps", 7)
    run(*command, "--classifier", "forest", "--classifier", "logistic", "--scoring", "roc_auc", "--jobs", 2, code=130)
    run("augment", "toy.csv", "--target", "churn", code=130)
    named, default = asked
    assert (named.classifier, named.scoring, named.n_jobs) == (["forest", "logistic"], "roc_auc", 2)
    assert (named.random_state, named.augmenter.loss, named.augmenter.max_steps) == (5, "hinge", 7)
    assert (default.classifier, default.scoring, default.n_jobs) == (None, None, -1)
    assert default.random_state == 0


def test_the_table_is_tried_for_a_single_step_before_anything_takes_long(folder, asked, monkeypatch):
    tried, fit = [], GANAugmenter.fit

    def noted(self, X, y):
        tried.append((len(X), self.max_steps, self.filters, self.verbose))
        return fit(self, X, y)

    monkeypatch.setattr(GANAugmenter, "fit", noted)
    run("augment", "toy.csv", "--target", "churn", "--max-steps", 100, code=130)
    assert tried == [(80, 1, None, 0)]


def test_an_interruption_leaves_nothing_and_its_exit_code(folder, asked):
    done = run("augment", "toy.csv", "--target", "churn", code=130)
    assert done.stderr.splitlines()[-1] == "ganaug: interrupted."
    assert {path.name for path in folder.iterdir()} == {"toy.csv"}


@pytest.mark.parametrize("arguments", [["--balance"], ["--strategy", "minority"], ["--strategy", "1.0", "--balance"]])
def test_balancing_chooses_nothing(folder, monkeypatch, arguments):
    monkeypatch.setattr(ganaug, "TunedAugmenterCV", None)
    done = run("augment", "toy.csv", "--target", "churn", *arguments, *QUICK)
    assert len(set(map(labels("toy_augmented.csv").count, ("leaves", "stays")))) == 1
    assert "share chosen" not in done.stderr


# --- the dialect of the data ---


def write_german(name, n=120):
    rows = ["n;sci;when;label"]
    for i in range(n):
        sci, when = ("1e5", "1000000", "2.50")[i % 3], f"2021-03-0{i % 9 + 1} 10:00:00.{('5', '123')[i % 2]}"
        rows.append(f"{i % 7},50;{sci};{when};{'ab'[i % 4 == 0]}")
    data = "".join(f"{row}\r\n" for row in rows).encode("utf-8-sig")
    Path(name).write_bytes(data)
    return data


def test_real_rows_stay_as_they_are_to_the_byte_and_synthetic_ones_have_their_form(folder):
    data = write_german("t.csv")
    run("augment", "t.csv", "--balance", *QUICK)
    made = Path("t_augmented.csv").read_bytes()
    assert made.startswith(data)
    for line in made[len(data) :].decode("utf-8").splitlines():
        assert re.fullmatch(r"\d,\d\d;[^;]+;2021-03-\d\d \d\d:\d\d:\d\d(\.\d{0,2}[1-9])?;[ab]", line)


def test_samples_come_in_the_dialect_of_the_training_table_or_in_another(folder):
    write_german("t.csv")
    run("train", "t.csv", "-o", "m", *QUICK)
    run("sample", "m", "-n", 5, "-o", "new.csv")
    made = Path("new.csv").read_bytes()
    assert made.startswith(b"\xef\xbb\xbfn;sci;when;label\r\n") and made.count(b"\r\n") == 6
    run("sample", "m", "-n", 5, "-o", "other.csv", "--out-separator", "tab", "--out-encoding", "utf-8")
    assert Path("other.csv").read_bytes().startswith(b"n\tsci\twhen\tlabel\r\n")
