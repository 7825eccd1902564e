"""``ganaug augment --soft`` writes rows with the probabilities of a teacher, for training by weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import QUICK, make_file, run
from sklearn.linear_model import LogisticRegression

from ganaug import GANAugmenter, read_table

SOFT = ["--target", "churn", "--soft"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with toy.csv in it."""
    monkeypatch.chdir(tmp_path)
    make_file("toy.csv")
    return tmp_path


@pytest.fixture(scope="module")
def softened(tmp_path_factory):
    """The table as it was, with soft labels, and what was said."""
    folder = tmp_path_factory.mktemp("softened")
    make_file(folder / "toy.csv")
    said = run("augment", folder / "toy.csv", *SOFT, *QUICK, "--soft-size", 2, "--exclude", "comment", "--mark", "from")
    return read_table(folder / "toy.csv"), read_table(folder / "toy_augmented.csv"), said


def test_each_row_occurs_for_each_class_with_weights_that_sum_to_one(softened):
    table, soft, _ = softened
    names = [f"proba_{label}" for label in sorted(table["churn"].unique())]
    assert soft.columns.tolist() == [*table.columns, "from", "weight", *names]
    assert soft["weight"].sum() == pytest.approx(len(table) * 3)
    assert soft[names].sum(axis=1).to_numpy() == pytest.approx(1.0)
    own = soft.apply(lambda row: row[f"proba_{row['churn']}"], axis=1)
    assert np.abs(own - soft["weight"]).max() < 0.002  # classes of less than a thousandth are left out


def test_real_rows_come_first_and_keep_their_cells(softened):
    table, soft, _ = softened
    real = soft[soft["from"] == "real"]
    assert (soft["from"].iloc[: len(real)] == "real").all()
    kept = real.drop(columns=["churn", "from", "weight", "proba_leaves", "proba_stays"]).drop_duplicates()
    pd.testing.assert_frame_equal(kept.reset_index(drop=True), table.drop(columns="churn"), check_dtype=False)


@pytest.mark.parametrize("size", [0, 1])
def test_real_rows_are_written_as_they_are_in_the_file(tmp_path, monkeypatch, size):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    numbers = enumerate(rng.normal(size=40))
    cells = [f'{x:.3f}0, {n:04d},"${n + 1000.5:,.2f}",{"NY"[n % 2]}' for n, x in numbers]
    Path("t.csv").write_text("\n".join(["x,code,price,label", *cells]) + "\n", encoding="utf-8")
    run("augment", "t.csv", "--target", "label", "--soft", *QUICK, "--soft-size", size)
    lines = Path("t_augmented.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 40 * (1 + size)
    for cell in cells:
        assert any(line.startswith(cell[:-1]) and line[len(cell) - 1] in "NY" for line in lines)


def test_excluded_columns_of_synthetic_rows_are_empty(softened):
    _, soft, _ = softened
    assert soft.loc[soft["from"] == "synthetic", "comment"].isna().all()


def test_the_labels_are_blended_with_a_teacher_that_has_not_seen_them(softened):
    table, soft, said = softened
    real = soft[soft["from"] == "real"].drop_duplicates("id").set_index("id")
    own = table.set_index("id")["churn"] == "stays"
    likely = real.loc[own.index, "proba_stays"]
    assert likely[own].min() >= 0.25 and likely[~own].max() <= 0.75
    assert "teacher: log loss 0." in said.stderr and "on rows that it has not seen" in said.stderr
    assert f"rows: {len(table)} real, {2 * len(table)} synthetic; {len(soft)} with weights" in said.stderr


def test_a_classifier_with_sample_weight_learns_the_probabilities(softened):
    _, soft, _ = softened
    numbers = soft[["age", "balance"]].fillna(0.0)
    model = LogisticRegression(max_iter=1000).fit(numbers, soft["churn"], sample_weight=soft["weight"])
    mean = np.average(soft["proba_stays"], weights=soft["weight"])
    assert model.predict_proba(numbers)[:, 1] @ soft["weight"] / soft["weight"].sum() == pytest.approx(mean, abs=0.01)


def test_without_synthetic_rows_nothing_is_trained(folder, monkeypatch):
    monkeypatch.setattr(GANAugmenter, "fit", None)
    done = run("augment", "toy.csv", *SOFT, "--soft-size", 0, "-o", "-")
    assert done.stdout.splitlines()[0].endswith("weight,proba_leaves,proba_stays")
    assert "80 real, 0 synthetic" in done.stderr


@pytest.mark.slow
def test_a_model_is_used_and_the_same_command_gives_the_same_table(folder):
    run("train", "toy.csv", "--target", "churn", *QUICK, "-o", "m.safetensors")
    for name in ("a.csv", "b.csv"):
        run("augment", "toy.csv", *SOFT, "--model", "m.safetensors", "--soft-size", 1, "-o", name)
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--soft", "--balance"], "--balance is for choosing how many rows to add, and --soft-size says that"),
        (["--soft", "--scoring", "f1"], "--scoring is for choosing how many rows to add"),
        (["--soft-size", 2], "--soft-size is for soft labels; add --soft, or leave it out"),
        (["--soft", "--soft-size", 0, "--save-model", "m"], "--save-model is for a generator, and --soft-size 0 has"),
    ],
)
def test_options_that_do_not_go_together_are_refused(folder, options, said):
    assert said in run("augment", "toy.csv", "--target", "churn", *options, code=2).stderr


@pytest.mark.parametrize("name", ["weight", "proba_stays"])
def test_a_column_that_would_occur_twice_is_refused_before_any_work(folder, name):
    table = read_table("toy.csv").rename(columns={"id": name})
    table.to_csv("toy.csv", index=False)
    done = run("augment", "toy.csv", *SOFT, code=2)
    assert f"--soft adds a column '{name}', and there is one already" in done.stderr


def test_a_folder_of_images_has_no_soft_labels(folder):
    Path("digits").mkdir()
    done = run("augment", "digits", "--soft", code=2)
    assert "--soft is for tables, and 'digits' is a folder of images; leave it out" in done.stderr


def test_a_class_of_a_single_row_is_refused_by_name(folder):
    table = read_table("toy.csv")
    table.loc[0, "churn"] = "maybe"
    table.to_csv("toy.csv", index=False)
    assert "maybe" in run("augment", "toy.csv", *SOFT, "--soft-size", 0, code=1).stderr
