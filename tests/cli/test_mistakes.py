"""What a user's mistake gets: one kind sentence, the right exit code, and nothing written."""

from __future__ import annotations

import gzip
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from toy_table import make_toy_table

from ganaug import GANAugmenter
from ganaug_cli.main import cli

DATA, USAGE = 1, 2
MODEL = "toy.safetensors"


def write_files(folder):
    """Write one sound table, one model, and everything that can be wrong with either."""
    X, y = make_toy_table(60)
    table = X.assign(plan=X["plan"].astype(str), churn=y)
    table.to_csv(folder / "toy.csv", index=False)
    header, *rows = (folder / "toy.csv").read_text().splitlines()

    def lines(name, *content):
        (folder / name).write_text("\n".join(content) + "\n")

    def variant(name, **columns):
        table.assign(**columns).to_csv(folder / name, index=False)

    (folder / "empty.csv").touch()
    lines("header.csv", header)
    lines("ragged.csv", header, *rows[:5], rows[5] + ",1", *rows[6:])
    lines("single.csv", "age", *(row.split(",")[0] for row in rows))
    lines("colons.csv", header.replace(",", ":"), *(row.replace(",", ":") for row in rows))
    (folder / "packed.csv").write_bytes(gzip.compress((folder / "toy.csv").read_bytes()))
    (folder / "cut.csv.gz").write_bytes(gzip.compress((folder / "toy.csv").read_bytes())[:-20])
    (folder / "fake.parquet").write_text("no Parquet")
    variant("infinite.csv", income=np.where(np.arange(60) == 3, np.inf, 1.5 + np.arange(60)))
    variant("late.csv", income=np.where(np.arange(60) == 57, np.inf, 1.5 + np.arange(60)))
    variant("oneclass.csv", churn="stays")
    variant("nolabel.csv", churn=None)
    variant("somelabel.csv", churn=y.mask(y.index == 2))
    variant("unique.csv", churn=[f"row {i}" for i in range(60)])
    variant("rare.csv", churn=y.mask(y.index == 0, "moves"))
    variant("price.csv", churn=np.linspace(0.13, 7.7, 60))
    variant("balanced.csv", churn=["a", "b"] * 30)
    variant("three.csv", churn=["a", "b", "c"] * 20)
    variant("unknown.csv", churn=y.mask(y.index == 0, "moves"))
    variant("other.csv", extra=1)
    variant("gaps.csv", house=["a", "b", "c", "d", None, "e"] * 10, churn=y)
    (folder / "old.html").touch()
    table.drop(columns="age").to_csv(folder / "fewer.csv", index=False)
    table.head(5).to_csv(folder / "short.csv", index=False)
    pd.DataFrame({"a": "x", "churn": y}).to_csv(folder / "constant.csv", index=False)

    GANAugmenter(max_steps=2, filters=None, random_state=0).fit(X.assign(plan=table["plan"]), y).save(folder / MODEL)
    whole = (folder / MODEL).read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-100])
    (folder / "flipped.safetensors").write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    (folder / "empty.safetensors").touch()
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "folder").mkdir()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("mistakes")
    write_files(place)
    return place


def state_of(folder):
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir()}


EMPTY = [
    *("train", "sample", "augment", "report", "inspect"),
    *("train toy.csv -o", "train toy.csv --preview", "sample toy.safetensors -o", "augment toy.csv -o", "demo -o"),
    *("augment toy.csv --model", "augment toy.csv --save-model", "report toy.csv -o", "report toy.csv --json"),
]

MISTAKES = [
    # the command line
    ("train", USAGE, r"Missing argument 'DATA'"),
    ("learn toy.csv", USAGE, r"No such command 'learn'"),
    ("train toy.csv --epochs 5", USAGE, r"No such option.*--epochs"),
    ("train toy.csv --max-steps 0 -o new", USAGE, r"--max-steps.*0"),
    ("train toy.csv --max-seconds -1 -o new", USAGE, r"--max-seconds.*-1"),
    ("train toy.csv --seed x -o new", USAGE, r"--seed.*'x'"),
    ("train toy.csv --loss hing -o new", USAGE, r"--loss.*'hing'.*'hinge'"),
    ("train toy.csv --filters density -o new", USAGE, r"--filters.*'density'.*density_ratio"),
    ("train toy.csv --device gpu -o new", USAGE, r"--device.*'gpu'.*cuda"),
    ("train toy.csv --kind age -o new", USAGE, r"--kind.*'age'.*COLUMN=KIND"),
    ("train toy.csv --kind age=number -o new", USAGE, r"--kind.*'number'.*'numeric'"),
    ("train toy.csv --kind age=category --kind age=numeric -o new", USAGE, r"--kind.*'age' is given twice"),
    ("train toy.csv --kind agee=category -o new", USAGE, r"--kind names the column 'agee'.*did you mean 'age'"),
    ("train toy.csv --kind city=numeric -o new", USAGE, r"'city'.*numeric.*category"),
    ("train toy.csv --separator ;; -o new", USAGE, r"--separator.*';;' is not one character"),
    ("train toy.csv --target chrn -o new", USAGE, r"'chrn'.*'toy.csv'.*did you mean 'churn'"),
    ("train toy.csv --exclude zip -o new", USAGE, r"--exclude names the column 'zip'.*'age', 'income'"),
    ("train toy.csv --target churn --exclude churn -o new", USAGE, r"'churn' holds the labels.*--target"),
    ("train constant.csv --exclude a -o new", USAGE, r"No column of 'constant.csv' is left"),
    ("train toy.csv", USAGE, r"'toy.safetensors' exists.*--force"),
    ("train toy.csv -o toy.csv --force", USAGE, r"'toy.csv' would replace"),
    ("train toy.csv -o folder", USAGE, r"'folder' is a folder"),
    ("train toy.csv -o -", USAGE, r"local file, not to '-'"),
    ("train toy.csv -o new.csv", USAGE, r"'new.csv' is the name of a table.*\.safetensors"),
    ("train toy.csv -o new.parquet", USAGE, r"'new.parquet' is the name of a table"),
    ("train toy.csv -o new.tsv.gz", USAGE, r"'new.tsv.gz' is the name of a table"),
    ("augment toy.csv --save-model new.csv", USAGE, r"'new.csv' is the name of a table"),
    *((f"{line} ''", USAGE, r"the name is empty; name a file or a folder") for line in EMPTY),
    ("train -", USAGE, r"-o.*standard input"),
    ("train toy.csv -o nowhere/new", DATA, r"folder of 'nowhere/new' does not exist.*create"),
    # tables
    ("train missing.csv", DATA, r"no file 'missing.csv'"),
    ("train folder -o new", DATA, r"'folder' has no class folders; put the images of each class"),
    ("train empty.csv -o new", DATA, r"'empty.csv' is empty"),
    ("train header.csv", DATA, r"'header.csv' has a header line but no rows"),
    ("train toy.csv --encoding utf-9 -o new", USAGE, r"encoding 'utf-9' does not exist"),
    ("train toy.csv --encoding ascii -o new", DATA, r"Byte \d+ of 'toy.csv' is not ascii"),
    ("train ragged.csv", DATA, r"Line 7 of 'ragged.csv' has 9 cells"),
    ("train packed.csv", DATA, r"'packed.csv' is compressed with gzip"),
    ("train cut.csv.gz -o new", DATA, r"'cut.csv.gz' cannot be read"),
    ("train fake.parquet", DATA, r"'fake.parquet' is not a sound Parquet file"),
    ("train colons.csv", DATA, r"'colons.csv' has a single column.*--separator"),
    ("train single.csv", DATA, r"'single.csv' has a single column, 'age'"),
    ("train toy.csv --separator ; -o new", DATA, r"'toy.csv' is one column when split at ';'"),
    ("train infinite.csv", DATA, r"'income' holds an infinite value.*row 3"),
    ("train oneclass.csv", DATA, r"more than 1 class.*'stays'"),
    ("train nolabel.csv", DATA, r"label is missing in every row"),
    ("train somelabel.csv", DATA, r"label is missing in row 2"),
    ("train unique.csv", DATA, r"60 classes for 60 rows"),
    ("train rare.csv", DATA, r"'moves' has 1 row.*--skip-rare"),
    ("train price.csv", DATA, r"continuous numbers"),
    ("train short.csv", DATA, r"at least \d+ rows"),
    ("train constant.csv", DATA, r"No column can be learned"),
    # models
    ("sample", USAGE, r"Missing argument 'MODEL'"),
    ("sample toy.safetensors -n -1", USAGE, r"-n.*-1"),
    ("sample toy.safetensors -n many", USAGE, r"-n.*'many'"),
    ("sample toy.safetensors --class leaves", USAGE, r"--class.*'leaves'.*LABEL=N"),
    ("sample toy.safetensors --class leaves=x", USAGE, r"--class.*'x'"),
    ("sample toy.safetensors --class moves=5", USAGE, r"'moves'.*'leaves', 'stays'"),
    ("sample toy.safetensors -n 3 --class leaves=5", USAGE, r"5 samples, n for 3"),
    ("sample toy.safetensors -n 9 --class leaves=5 --class stays=3", USAGE, r"leaves 1 of n = 9 over"),
    ("sample toy.safetensors --where age", USAGE, r"--where 'age' is not of the form COLUMN=VALUE or COLUMN=LOW..HIGH"),
    ("sample toy.safetensors --where agee=30", USAGE, r"where names 'agee'.*did you mean 'age'"),
    ("sample toy.safetensors --where churn=leaves", USAGE, r"where names 'churn', which is the label;.*--class"),
    ("sample toy.safetensors --where city=Bernn", USAGE, r"'Bernn' did not occur in training; did you mean 'Bern'"),
    ("sample toy.safetensors --where age=300..", USAGE, r"no value in \(300, None\) occurred in training; values were"),
    ("sample toy.safetensors --where age=40..30", USAGE, r"\(40, 30\) ends before it begins"),
    ("sample toy.safetensors --where age=30..40 --where age=50", USAGE, r"'age' a range and something else"),
    ("sample toy.safetensors --where since=soon..", USAGE, r"'soon' is no date; give one such as"),
    ("sample toy.safetensors -o out.xlsx", USAGE, r"'out.xlsx' has no known format.*\.csv"),
    ("sample toy.safetensors -o toy.csv", USAGE, r"'toy.csv' exists.*--force"),
    ("sample toy.safetensors -o nowhere/out.csv", DATA, r"'nowhere/out.csv' does not exist"),
    ("sample missing.safetensors", DATA, r"missing.safetensors does not exist"),
    ("sample toy.csv -o new.csv", DATA, r"toy.csv is a text file.*not a ganaug model"),
    ("sample picture.png", DATA, r"picture.png is a PNG image"),
    ("sample empty.safetensors", DATA, r"empty.safetensors is an empty file"),
    ("sample folder", DATA, r"folder is a folder"),
    ("sample cut.safetensors", DATA, r"cut.safetensors is damaged"),
    ("inspect flipped.safetensors", DATA, r"flipped.safetensors is damaged.*checksum"),
    ("inspect missing.safetensors", DATA, r"missing.safetensors does not exist"),
    # augmenting
    ("augment toy.csv --strategy most", USAGE, r"--strategy.*'most'.*minority"),
    ("augment toy.csv --strategy 1.5", USAGE, r"--strategy.*'1.5'"),
    ("augment three.csv --strategy 0.5", USAGE, r"share for two classes.*has 3"),
    ("augment balanced.csv --strategy 0.5", USAGE, r"would need fewer of"),
    ("augment toy.csv --mark age", USAGE, r"--mark 'age' must be a new name"),
    ("augment toy.csv --model toy.safetensors --max-steps 5", USAGE, r"--max-steps.*--model"),
    ("augment toy.csv --model toy.safetensors --save-model new", USAGE, r"--save-model.*--model"),
    ("augment toy.csv --model toy.safetensors -o toy.safetensors", USAGE, r"'toy.safetensors' has no known format"),
    ("augment toy.csv --model toy.safetensors --scoring f1_macro", USAGE, r"--scoring.*--model trains nothing"),
    ("augment toy.csv --model toy.safetensors --classifier forest", USAGE, r"--classifier is for.*--model"),
    ("augment toy.csv --balance --scoring f1_macro", USAGE, r"--scoring is for choosing.*balancing chooses none"),
    ("augment toy.csv --strategy all --classifier forest", USAGE, r"--classifier is for choosing"),
    ("augment toy.csv --balance --jobs 2", USAGE, r"--jobs is for choosing"),
    ("augment toy.csv --jobs 0", USAGE, r"--jobs.*-1 means all cores"),
    ("augment toy.csv --classifier tree", USAGE, r"--classifier.*'tree'.*'forest'"),
    ("augment toy.csv --scoring f1_marco", USAGE, r"'f1_marco' does not exist.*'f1_macro'"),
    ("augment toy.csv --scoring recall_per_class", USAGE, r"'scoring'.*must be one score.*recall_per_class"),
    ("augment late.csv", DATA, r"'income' holds an infinite value.*row 57"),
    ("augment rare.csv", DATA, r"'moves' has 1 row.*--skip-rare"),
    ("augment toy.csv --save-model x.csv -o x.csv", USAGE, r"'x.csv' would replace"),
    ("augment toy.csv --save-model toy.safetensors", USAGE, r"'toy.safetensors' exists.*with --save-model"),
    ("augment toy.csv --save-model -", USAGE, r"local file, not to '-'; name one with --save-model"),
    ("augment toy.csv --resume", USAGE, r"--resume.*takes two.*--balance"),
    ("augment toy.csv --balance --resume -o -", USAGE, r"--resume needs a local file"),
    ("augment toy.csv --model missing.safetensors", DATA, r"missing.safetensors does not exist"),
    ("augment other.csv --model toy.safetensors", DATA, r"unknown \['extra'\]"),
    ("augment fewer.csv --model toy.safetensors", DATA, r"missing \['age'\]"),
    ("augment unknown.csv --model toy.safetensors", DATA, r"'moves' in row 0 is none of the classes"),
    ("augment price.csv --model toy.safetensors --target plan", DATA, r"'pro' in row 0 is none of the classes"),
    # measuring
    ("report", USAGE, r"Missing argument 'DATA'"),
    ("report missing.csv", DATA, r"no file 'missing.csv'"),
    ("report -", USAGE, r"-o.*standard input"),
    ("report toy.csv -o -", USAGE, r"page goes to a local file, not to '-'; name one with -o"),
    ("report toy.csv -o memory://gain.html", USAGE, r"page goes to a local file"),
    ("report toy.csv -o old.html", USAGE, r"'old.html' exists.*--force.*-o"),
    ("report toy.csv -o toy.csv --force", USAGE, r"'toy.csv' would replace"),
    ("report toy.csv -o folder", USAGE, r"'folder' is a folder"),
    ("report toy.csv -o nowhere/gain.html", DATA, r"folder of 'nowhere/gain.html' does not exist"),
    ("report toy.csv --json old.html", USAGE, r"'old.html' exists.*another name with --json"),
    ("report toy.csv --json -", USAGE, r"figures goes to a local file, not to '-'; name one with --json"),
    ("report toy.csv --json toy_gain.html", USAGE, r"'toy_gain.html' would replace"),
    ("report toy.csv --json nowhere/gain.json", DATA, r"folder of 'nowhere/gain.json' does not exist"),
    ("report toy.csv --share 1.5", USAGE, r"--share.*1.5 is not in the range"),
    ("report toy.csv --share 0", USAGE, r"--share.*0.0 is not in the range"),
    ("report toy.csv --share half", USAGE, r"--share.*'half'"),
    ("report toy.csv --classifier tree", USAGE, r"--classifier.*'tree'.*'forest'"),
    ("report toy.csv --metric roc_auk", USAGE, r"'roc_auk' does not exist.*'roc_auc'"),
    ("report toy.csv --metric balanced_accuracy --metric x", USAGE, r"'x' does not exist"),
    ("report toy.csv --folds 1", USAGE, r"--folds.*1"),
    ("report toy.csv --repeats 0", USAGE, r"--repeats.*0"),
    ("report toy.csv --jobs 0", USAGE, r"--jobs.*-1 means all cores"),
    ("report toy.csv --resume", USAGE, r"No such option.*--resume"),
    ("report toy.csv --folds 40", DATA, r"Class \w+ has \d+ rows, fewer than the 40 folds.*take cv=\d+, or drop"),
    ("report rare.csv", DATA, r"'moves' has 1 row.*--skip-rare"),
    ("report rare.csv --skip-rare", DATA, r"Class moves has 1 row, fewer than the 5 folds.*merge"),
    ("report late.csv", DATA, r"'income' holds an infinite value.*row 57"),
    ("report toy.csv --kind city=numeric", USAGE, r"'city'.*numeric.*category"),
    ("report toy.csv --groups zip", USAGE, r"--groups names the column 'zip'.*'age', 'income'"),
    ("report toy.csv --groups churn --target churn", USAGE, r"'churn' holds the labels.*--target"),
    ("report gaps.csv --groups house", DATA, r"'house', which --groups names, is empty in row 4.*count from 0"),
    ("report gaps.csv --target churn --groups plan --folds 4", DATA, r"Class \w+ has 3 groups, fewer than the 4 folds"),
    # showing
    ("demo -o toy.csv", USAGE, r"'toy.csv' is a file"),
    ("demo -o nowhere/demo", DATA, r"'nowhere/demo' cannot be made"),
]


@pytest.mark.promise("mistakes")
@pytest.mark.parametrize(("line", "code", "sentence"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_gets_one_sentence(folder, monkeypatch, line, code, sentence):
    monkeypatch.chdir(folder)
    before = state_of(folder)
    result = CliRunner().invoke(cli, shlex.split(line))
    on_the_way = ("warning: ", "label: ", "choosing the share ", "measuring takes ")
    spoken = [text for text in result.stderr.splitlines() if not text.startswith(on_the_way)]
    assert len(spoken) == 1, result.stderr
    assert spoken[0].startswith("ganaug: ")
    assert re.search(sentence, spoken[0]), spoken[0]
    assert "unexpected" not in spoken[0]
    assert result.exit_code == code, spoken[0]
    assert result.stdout == ""
    assert state_of(folder) == before


def test_a_mistake_shows_its_traceback_when_asked(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for line in ("--debug train ragged.csv", "train ragged.csv --debug"):
        result = CliRunner().invoke(cli, line.split())
        assert result.exit_code == DATA
        assert "Traceback" in result.stderr
        assert "DataError: Line 7" in result.stderr


@pytest.mark.promise("full disk")
def test_a_folder_that_cannot_be_written_is_found_before_training(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = CliRunner().invoke(cli, ["train", "toy.csv", "-o", "new.safetensors"])
    assert result.exit_code == DATA
    assert re.search(r"cannot be written to \(Permission denied\)", result.stderr)
    assert not Path("new.safetensors").exists()


@pytest.mark.promise("mistakes")
@pytest.mark.parametrize(
    "command", ["train toy.csv -o {}", "sample toy.safetensors -o {}.csv", "train {}", "report {}"]
)
def test_a_place_that_nobody_may_even_look_at_is_no_error_of_ours(folder, monkeypatch, command):
    def refuse(path, *_, **__):
        if path.name.startswith("new"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.chdir(folder)
    real = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", refuse)  # as in a folder that is not open to the user
    result = CliRunner().invoke(cli, command.format("closed/new").split())
    assert result.exit_code == DATA
    assert re.fullmatch(
        r"ganaug: 'closed.new.*' cannot be used \(Permission denied\); check .* open to you\.\n", result.stderr
    )


@pytest.mark.promise("mistakes")
@pytest.mark.parametrize("command", ["train toy.csv -o", "sample toy.safetensors -o", "train", "sample", "report"])
def test_a_name_that_is_too_long_is_no_error_of_ours(folder, monkeypatch, command):
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(cli, [*command.split(), "x" * 300 + ".csv"])
    assert result.exit_code in (DATA, USAGE)
    assert re.fullmatch(r"ganaug: .*x+\.csv.*\n", result.stderr) and "unexpected" not in result.stderr


@pytest.mark.parametrize("command", ["train toy.csv -o {} --force", "sample toy.safetensors -o {} --force"])
def test_a_read_only_file_is_found_before_training_and_not_replaced(folder, monkeypatch, tmp_path, command):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("ganaug_cli.places.os.access", lambda path, mode: not str(path).endswith(("mine", "mine.csv")))
    for name in ("mine", "mine.csv"):
        (tmp_path / name).write_text("precious")
    place = tmp_path / ("mine.csv" if command.startswith("sample") else "mine")
    result = CliRunner().invoke(cli, command.format(place).split())
    assert result.exit_code == DATA and re.search(r"is read-only; make it writable, or choose another", result.stderr)
    assert place.read_text() == "precious"


def test_an_error_of_ours_asks_for_a_report(folder, monkeypatch):
    def fail(*_, **__):
        raise KeyError("surprise")

    monkeypatch.chdir(folder)
    monkeypatch.setattr("ganaug.GANAugmenter.fit", fail)
    result = CliRunner().invoke(cli, ["train", "toy.csv", "-o", "new.safetensors"])
    assert result.exit_code == DATA
    assert re.search(r"ganaug: unexpected KeyError: 'surprise'; .*report it \(--debug", result.stderr)
    assert "Traceback" not in result.stderr


def out_of_memory():
    raise MemoryError


def beyond_all_memory():
    return torch.empty(2**56, dtype=torch.uint8)


def beyond_all_numbers():
    return np.zeros(2**56, dtype=np.uint8)


@pytest.mark.promise("mistakes")
@pytest.mark.parametrize("allocate", [out_of_memory, beyond_all_memory, beyond_all_numbers])
def test_memory_that_ran_out_is_one_sentence_and_no_error_of_ours(folder, monkeypatch, allocate):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("ganaug.GANAugmenter.fit", lambda *_, **__: allocate())
    result = CliRunner().invoke(cli, ["train", "toy.csv", "-o", "new.safetensors"])
    assert result.exit_code == DATA
    *_, sentence = result.stderr.splitlines()
    assert re.fullmatch(
        r"ganaug: there is not enough memory( \(.*\))?: take a smaller table or .* with more\.", sentence
    )
