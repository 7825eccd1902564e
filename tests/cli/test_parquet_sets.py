"""Training at the command line on several Parquet files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import QUICK, make_file, run

from ganaug import GANAugmenter, read_table, write_image_folder


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """The folder rows/ with two Parquet files, in the working folder."""
    monkeypatch.chdir(tmp_path)
    make_file("toy.csv")
    table = read_table("toy.csv")
    table.attrs = {}
    folder = Path("rows")
    folder.mkdir()
    for i, part in enumerate((table[:30], table[30:])):
        part.to_parquet(folder / f"{i}.parquet", index=False)
    return folder


@pytest.mark.parametrize(("data", "model"), [("rows", "rows.safetensors"), ("rows/*.parquet", "m.safetensors")])
def test_a_folder_and_a_pattern_of_parquet_files_are_learned(rows, data, model):
    run("train", data, "--target", "churn", *QUICK, "-o", model)
    augmenter = GANAugmenter.load(model)
    assert augmenter.n_samples_ == len(read_table("toy.csv"))
    assert augmenter.describe()["label"] == "churn"


WRONG = {
    "no label": (
        ["train", "rows", "-o", "m"],
        2,
        "'rows' holds several files; name the column of the labels by --target",
    ),
    "a column left out": (
        ["train", "rows", "--target", "churn", "--exclude", "id", "-o", "m"],
        2,
        "--exclude is for one file, and 'rows' holds several; write files without the column",
    ),
    "augment": (["augment", "rows", "--target", "churn"], 2, "several Parquet files, which only train takes"),
    "report": (["report", "rows", "--target", "churn"], 2, "several Parquet files, which only train takes"),
    "options of images": (
        ["train", "rows", "--target", "churn", "--size", "16", "-o", "m"],
        2,
        "--size is for folders of",
    ),
    "another label": (
        ["train", "rows", "--target", "chrun", "-o", "m"],
        1,
        "y names 'chrun', which is no column of the data",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_several_files_cannot_have_is_said(rows, arguments, code, message):
    assert message in run(*arguments, code=code).stderr


def test_a_pattern_needs_a_name_for_the_model(rows):
    message = "Name the model with -o when the data are a pattern of files"
    assert message in run("train", "rows/*.parquet", "--target", "churn", code=2).stderr


def test_options_of_text_files_are_refused(rows):
    said = run("train", "rows", "--target", "churn", "--decimal", ",", "-o", "m", code=2).stderr
    assert "--decimal is for text files, and the data are Parquet files" in said


def test_a_folder_of_images_with_a_parquet_file_is_one_of_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image_folder(np.random.default_rng(0).integers(0, 255, (12, 8, 8), np.uint8), ["a", "b"] * 6, "photos")
    pd.DataFrame({"file": ["a"]}).to_parquet("photos/metadata.parquet")
    assert "12 images of 8 x 8" in run("train", "photos", *QUICK, "--architecture", "mlp").stderr
