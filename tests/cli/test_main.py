"""The command line does what a user would expect of it: files in, files out, and nothing else."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from command_line import QUICK, make_file, run
from small import numbers, quick_augmenter
from toy_table import make_toy_table

import ganaug.training.checkpoint
from ganaug import DataWarning, GANAugmenter, join_label, read_table
from ganaug.augmenter.options import EFFORTS
from ganaug.files import places as file_places
from ganaug.files import tables
from ganaug.files.dates import ORDERS
from ganaug.filters import FILTERS
from ganaug.gain.classifiers import resolve_classifiers
from ganaug.gain.teachers import SYNTHETIC_SIZE
from ganaug.losses import LOSSES
from ganaug.storage import FORMAT_VERSION
from ganaug.table.schema import KINDS
from ganaug_cli import inspect_model, options, places, soft
from ganaug_cli.conditions import parse_where
from ganaug_cli.front import print_warnings
from ganaug_cli.main import cli, main
from ganaug_cli.tables import align_columns

PROCESS = [sys.executable, "-c", "from ganaug_cli.main import main; main()"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with toy.csv and a model of it, and what was said in training."""
    folder = tmp_path_factory.mktemp("trained")
    make_file(folder / "toy.csv")
    done = run("train", folder / "toy.csv", "--target", "churn", "--exclude", "comment", *QUICK)
    return folder, done


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with toy.csv in it."""
    monkeypatch.chdir(tmp_path)
    make_file("toy.csv")
    return tmp_path


# what is said


def test_a_warning_of_ganaug_is_said_once_and_those_of_others_not_at_all(capsys):
    with print_warnings():
        for _ in range(2):
            warnings.warn("one\nline", DataWarning, stacklevel=1)
            warnings.warn("not ours", FutureWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: one line\n"


# what is offered


def test_help_and_version_import_nothing_heavy():
    code = """
import sys, time
start = time.process_time()
from ganaug_cli.front import print_warnings
from ganaug_cli.main import cli, main
lines = (["--help"], ["--version"], ["train", "--help"], ["report", "--help"], ["report", "t", "--share", "2"])
for line in (*lines, ["sample", "m", "-n", "-1"]):
    try:
        cli.main(line, prog_name="ganaug")
    except SystemExit:
        pass
heavy = {"torch", "pandas", "numpy", "sklearn", "joblib", "rich", "jinja2", "ganaug", "pyarrow", "fsspec"}
heavy &= set(sys.modules)
print("heavy:", sorted(heavy), "seconds:", time.process_time() - start)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1]
    assert "heavy: []" in last
    assert float(last.split("seconds:")[1]) < 2
    assert f"ganaug {importlib.metadata.version('ganaug')}" in done.stdout


@pytest.mark.parametrize("command", ["train", "sample", "augment", "report", "inspect", "demo"])
def test_every_command_has_help_with_an_example(command):
    shown = run(command, "--help").stdout
    assert f"ganaug {command}" in shown.split("Example:")[1]
    assert "--debug" in shown


def test_ganaug_alone_shows_its_help():
    assert "augment" in run().stdout


def test_the_names_and_sizes_in_help_are_those_of_the_library():
    assert list(options.EFFORTS) == list(EFFORTS)
    assert set(options.LOSSES) == set(LOSSES)
    assert set(options.FILTERS) == set(FILTERS)
    assert options.KINDS == KINDS
    assert options.DATE_ORDERS == ORDERS
    assert soft.SOFT_SIZE == SYNTHETIC_SIZE
    images = np.zeros((2, 8, 8), np.uint8)
    for names, X in ((options.CLASSIFIERS, None), (options.NETWORKS, images)):
        assert list(resolve_classifiers(list(names), X)) == list(resolve_classifiers(None, X))
    assert set(places.TABLES) == set(tables._FORMATS)
    assert set(places.COMPRESSIONS) == set(file_places._COMPRESS)


# train


def test_train_puts_the_model_beside_the_data_and_says_what_it_did(trained):
    folder, done = trained
    assert {path.name for path in folder.iterdir()} >= {"toy.csv", "toy.safetensors"}
    assert not list(folder.glob("*.checkpoint"))
    assert done.stdout == ""
    assert str(folder / "toy.safetensors") in done.stderr
    assert "not learned, as they name rows: id" in done.stderr
    assert "excluded: comment" in done.stderr
    assert done.stderr.count("warning: 'id' names rows") == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a,b,c", "'c' (the last one)"),
        ("a,Label,c", "'Label' (by its name)"),
        ("class,label,c", "'c' (the last one)"),
    ],
)
def test_the_label_column_is_found_by_name_or_is_the_last_and_said_aloud(tmp_path, header, expected):
    rows = [f"{i % 2},{i % 2},{i % 2}" for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    command = ("train", tmp_path / "t.csv", *QUICK, "--force")
    assert f"label: column {expected}" in run(*command).stderr
    assert "label: column" not in run(*command, "--target", "c").stderr
    assert run(*command, "-q").stderr == ""


def test_options_reach_the_augmenter(folder):
    run("train", "toy.csv", "--target", "churn", "--kind", "id=category", "--loss", "hinge", "--seed", 7, *QUICK)
    augmenter = GANAugmenter.load("toy.safetensors")
    assert augmenter.loss == "hinge"
    assert augmenter.random_state == 7
    assert len(augmenter.history_["generator_loss"]) == 5
    assert augmenter.schema_["columns"][0]["kind"] == "category"


def test_the_same_command_gives_the_same_model(folder):
    for name in ("one", "two"):
        run("train", "toy.csv", "--target", "churn", "-o", name, *QUICK)
    one, two = (GANAugmenter.load(name).sample(20) for name in ("one", "two"))
    pd.testing.assert_frame_equal(one[0], two[0])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/data.csv", "a/data.x"),
        ("data.csv.gz", "data.x"),
        ("my.data.PARQUET", "my.data.x"),
        ("data", "data.x"),
        ("v1.2", "v1.2.x"),
        ("https://host/a/data.csv.gz?key=a/b", "data.x"),
        ("zip://in/data.csv::https://host/all.zip", "data.x"),
    ],
)
def test_default_outputs_lie_beside_the_input(path, expected):
    assert places.make_default_output(path, ".x") == str(Path(expected))


def test_data_may_come_from_a_url_and_a_table_may_go_to_one(folder):
    import fsspec

    with fsspec.open("memory://in/toy.csv", "wb") as file:
        file.write(Path("toy.csv").read_bytes())
    run("train", "memory://in/toy.csv", "--target", "churn", *QUICK)
    run("sample", "toy.safetensors", "-n", 5, "-o", "memory://out/new.csv")
    assert len(read_table("memory://out/new.csv")) == 5
    assert "--force" in run("sample", "toy.safetensors", "-o", "memory://out/new.csv", code=2).stderr


def test_a_model_is_replaced_only_with_force(folder):
    Path("toy.safetensors").write_text("precious")
    assert "--force" in run("train", "toy.csv", *QUICK, code=2).stderr
    assert Path("toy.safetensors").read_text() == "precious"
    run("train", "toy.csv", "--target", "churn", *QUICK, "--force")
    GANAugmenter.load("toy.safetensors")


# interrupted


def steps_shown(done):
    return [int(line[5:].split("/")[0]) for line in done.stderr.splitlines() if line.startswith("step ")]


@pytest.mark.promise("signals")
def test_an_interrupted_training_is_resumed_to_the_same_model(folder, monkeypatch):
    command = ("train", "toy.csv", "--target", "churn", "--max-steps", "120", "--filters", "none")
    run(*command, "-o", "whole.safetensors")
    checkpoint = ganaug.training.checkpoint
    save = checkpoint.Checkpoint.save

    def save_and_stop(self, state):
        save(self, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_EVERY_SECONDS", 0.0)
        patch.setattr(checkpoint.Checkpoint, "save", save_and_stop)
        stopped = run(*command, code=130)
    assert "--resume continues from 'toy.safetensors.checkpoint'" in stopped.stderr
    assert not Path("toy.safetensors").exists()
    resumed = run(*command, "--resume")
    assert not Path("toy.safetensors.checkpoint").exists()
    assert min(steps_shown(resumed)) > max(steps_shown(stopped))
    whole, again = (GANAugmenter.load(name).sample(50)[0] for name in ("whole.safetensors", "toy.safetensors"))
    pd.testing.assert_frame_equal(whole, again)


def test_a_leftover_checkpoint_is_mentioned(folder):
    Path("toy.safetensors.checkpoint").touch()
    done = run("train", "toy.csv", "--target", "churn", *QUICK)
    assert "--resume would continue" in done.stderr
    assert "no checkpoint" in run("train", "toy.csv", "--target", "churn", *QUICK, "--force", "--resume").stderr


def test_an_interruption_before_the_first_checkpoint_promises_nothing(folder, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(GANAugmenter, "fit", interrupt)
    done = run("train", "toy.csv", *QUICK, code=130)
    assert "before a first checkpoint" in done.stderr
    assert "--resume" not in done.stderr


@pytest.fixture
def as_process(monkeypatch):
    """Run a command line as the process that pytest is, signals included; the exit code comes back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs are without

    def run_main(*args):
        monkeypatch.setattr(sys, "argv", ["ganaug", *args])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code

    yield run_main
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.promise("signals")
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_training_with_its_exit_code(folder, as_process, monkeypatch, capsys, number, code):
    def save_and_stop(checkpoint, state):
        checkpoint.path.touch()
        os.kill(os.getpid(), number)

    monkeypatch.setattr(ganaug.training.checkpoint.Checkpoint, "save", save_and_stop)
    monkeypatch.setattr(ganaug.training.checkpoint, "_EVERY_SECONDS", 0.0)
    assert as_process("train", "toy.csv", "--target", "churn", "--max-steps", "10000") == code
    assert "Traceback" not in capsys.readouterr().err
    assert {path.name for path in folder.iterdir()} == {"toy.csv", "toy.safetensors.checkpoint"}


# sample


def test_samples_have_the_label_at_its_place_and_the_types_of_the_table(trained):
    folder, _ = trained
    done = run("sample", folder / "toy.safetensors", "--force")
    real = read_table(folder / "toy.csv").drop(columns="comment")
    synthetic = read_table(folder / "toy_synthetic.csv")
    assert list(synthetic.columns) == list(real.columns)
    assert len(synthetic) == len(real)
    assert "80 synthetic rows" in done.stderr
    assert set(synthetic["churn"]) == set(real["churn"])
    assert not set(synthetic["id"]) & set(real["id"])
    for name in ("age", "member", "since", "balance"):
        assert synthetic[name].dtype == real[name].dtype
        assert synthetic[name].min() >= real[name].min()
        assert synthetic[name].max() <= real[name].max()
    for name in ("city", "plan"):
        assert set(synthetic[name].dropna()) <= set(real[name].dropna())


def test_counts_per_class_are_exact(trained):
    model = trained[0] / "toy.safetensors"
    for arguments, expected in [
        (["--class", "leaves=3"], {"leaves": 3}),
        (["--class", "leaves=3", "--class", "stays=2"], {"leaves": 3, "stays": 2}),
        (["--class", "leaves=3", "-n", "10"], {"leaves": 3, "stays": 7}),
        (["-n", "0"], {}),
    ]:
        lines = run("sample", model, *arguments, "-o", "-").stdout.splitlines()
        labels = [line.split(",")[3] for line in lines[1:]]
        assert {label: labels.count(label) for label in set(labels)} == expected
        assert lines[0].split(",")[3] == "churn"


def test_rows_go_to_a_folder_of_parquet_files_and_the_same_command_goes_on(trained, tmp_path):
    model, folder = trained[0] / "toy.safetensors", tmp_path / "rows"
    command = ("sample", model, "-n", "2.5e1", "--shard-rows", "10", "--jobs", "1", "--class", "leaves=4", "-o")
    said = run(*command, f"{folder}/").stderr
    assert f"25 synthetic rows: {folder}/ (3 Parquet files)" in said
    files = sorted(folder.glob("*.parquet"))
    before = [file.read_bytes() for file in files]
    files[1].unlink()
    run(*command, folder)
    assert [file.read_bytes() for file in files] == before
    alone = tmp_path / "alone.parquet"
    run("sample", model, "-n", "25", "--class", "leaves=4", "-o", alone)
    both = pd.concat([read_table(file) for file in files], ignore_index=True)
    pd.testing.assert_frame_equal(both, read_table(alone))
    assert "differs in the seed; choose another folder" in run(*command, folder, "--seed", "9", code=1).stderr
    run(*command, folder, "--seed", "9", "--force")


@pytest.mark.parametrize(
    ("text", "rows"), [("1e1", 10), ("1_0", 10), ("10.0", 10), ("1e0", 1), ("0", 0), ("1E1", 10), ("0.1e2", 10)]
)
def test_a_number_of_rows_may_be_written_in_short(trained, text, rows):
    lines = run("sample", trained[0] / "toy.safetensors", "-n", text, "-o", "-").stdout.splitlines()
    assert len(lines) == rows + 1


@pytest.mark.parametrize("text", ["1e-1", "1.5", "-1e3", "1e99999999", "inf", "nan", "many", "1e19"])
def test_what_is_no_number_of_rows_is_refused(trained, text):
    done = run("sample", trained[0] / "toy.safetensors", "-n", text, "-o", "-", code=2)
    assert "'-n'" in done.stderr or "--rows" in done.stderr


@pytest.mark.parametrize(
    ("conditions", "meets"),
    [
        (["age=30..60"], lambda t: t["age"].between(30, 60)),
        (["age=..40"], lambda t: t["age"] <= 40),
        (["city=Bern", "city=São Paulo", "age=20.."], lambda t: t["city"].isin(["Bern", "São Paulo"])),
        (["city="], lambda t: t["city"].isna()),
        (["balance=0"], lambda t: t["balance"] == 0),
        (["member=True"], lambda t: t["member"]),
        (["since=2018-01-01..2019-12-31", "plan=pro"], lambda t: t["since"].dt.year.isin([2018, 2019])),
    ],
)
def test_where_gives_rows_that_meet_it_and_says_what_it_took(trained, tmp_path, conditions, meets):
    options = [option for condition in conditions for option in ("--where", condition)]
    done = run("sample", trained[0] / "toy.safetensors", "-n", 20, *options, "-o", tmp_path / "new.csv")
    table = read_table(tmp_path / "new.csv")
    assert len(table) == 20 and meets(table).all()
    assert re.search(r"one candidate in [\d.]+ met --where", done.stderr)


def test_a_column_name_may_hold_what_separates_it_from_its_value():
    X, y = make_toy_table(60)
    augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X.rename(columns={"age": "a=b"}), y)
    assert parse_where(augmenter, ["a=b=30..60", "city=a=b"]) == {"a=b": (30, 60), "city": "a=b"}
    assert parse_where(augmenter, []) is None


def test_standard_output_holds_the_table_and_nothing_else(trained):
    model = trained[0] / "toy.safetensors"
    first = run("sample", model, "-n", 4, "-o", "-", "--seed", 1)
    assert first.stdout == run("sample", model, "-n", 9, "-o", "-", "--seed", 1).stdout[: len(first.stdout)]
    assert first.stdout != run("sample", model, "-n", 4, "-o", "-", "--seed", 2).stdout
    assert first.stdout.count("\n") == 5


def test_labels_that_are_numbers_or_booleans_are_found_however_spelled(tmp_path):
    X, y = make_toy_table(40)
    for values, spelled in [((0, 1), "1"), ((0.0, 1.0), "1"), ((False, True), "true"), (("0", "1"), "1")]:
        label = y.map(dict(zip(("leaves", "stays"), values, strict=True)))
        GANAugmenter(max_steps=2, filters=None).fit(X, label).save(tmp_path / "m")
        assert run("sample", tmp_path / "m", "--class", f"{spelled}=3", "-o", "-").stdout.count("\n") == 4


def test_a_model_of_an_array_gives_named_columns():
    frame = join_label(np.arange(6).reshape(3, 2), np.array([0, 1, 0]))
    assert list(frame.columns) == ["x0", "x1", "target"]
    frame = join_label(pd.DataFrame({"target": [1]}), [0])
    assert list(frame.columns) == ["target", "target_"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_that_leaves_is_no_error(trained):
    command = [*PROCESS, "sample", str(trained[0] / "toy.safetensors"), "-n", "50000", "-o", "-", "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


# augment


def test_augment_keeps_the_real_rows_as_read_and_balances_the_classes(folder):
    done = run(
        "augment", "toy.csv", "--target", "churn", "--exclude", "comment", "--balance", "--mark", "origin", *QUICK
    )
    lines = Path("toy_augmented.csv").read_text().splitlines()
    real = Path("toy.csv").read_text().splitlines()
    assert lines[: len(real)] == [real[0] + ",origin", *(line + ",real" for line in real[1:])]
    table = read_table("toy_augmented.csv")
    synthetic = table[table["origin"] == "synthetic"]
    assert len(synthetic) == len(table) - len(real) + 1 > 0
    assert table["churn"].value_counts().nunique() == 1
    assert synthetic["comment"].isna().all()
    assert not synthetic["id"].isin(table["id"][: len(real) - 1]).any()
    assert f"synthetic rows added: {synthetic['churn'].iloc[0]} +{len(synthetic)}" in done.stderr


def test_augment_with_a_model_trains_nothing(trained, monkeypatch):
    folder, _ = trained
    monkeypatch.setattr(GANAugmenter, "fit", None)
    done = run("augment", folder / "toy.csv", "--model", folder / "toy.safetensors", "-o", "-", "--mark", "origin")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("comment,origin")
    assert any(line.endswith(",,synthetic") for line in lines)
    assert "label: column" not in done.stderr


def test_strategy_and_seed_hold_for_a_model_that_is_there_already(trained):
    folder, _ = trained
    counts = read_table(folder / "toy.csv")["churn"].value_counts()
    share = counts.mean() / counts.max()
    command = ("augment", folder / "toy.csv", "--model", folder / "toy.safetensors", "--strategy", share, "-o", "-")
    one, two, again = (run(*command, "--seed", seed).stdout for seed in (1, 2, 1))
    assert one == again != two
    assert run(*command).stdout == run(*command).stdout, "the seed is that of the training"
    assert 0 < one.count("\n") - 1 - counts.sum() < counts.max() - counts.min()


def test_augment_says_what_was_dropped(trained, monkeypatch):
    def resample(self, X, y):
        self.resampled_ = {"added": {"a": 0, "b": 0}, "dropped": {"copies of real rows": 3}, "copies_kept": 0}
        return X, y

    monkeypatch.setattr(GANAugmenter, "resample", resample)
    folder, _ = trained
    said = run("augment", folder / "toy.csv", "--model", folder / "toy.safetensors", "-o", "-").stderr
    assert "candidates dropped: 3 copies of real rows" in said
    assert "balanced already" in said


def test_augment_is_a_filter_between_pipes_and_keeps_the_model_if_asked(folder):
    text = Path("toy.csv").read_bytes()
    done = run("augment", "-", "--target", "churn", "--balance", "--save-model", "m.safetensors", *QUICK, stdin=text)
    assert done.stdout.encode().startswith(text)
    assert sorted(path.name for path in folder.iterdir()) == ["m.safetensors", "toy.csv"]
    GANAugmenter.load("m.safetensors")


def test_a_share_is_a_strategy(folder):
    counts = read_table("toy.csv")["churn"].value_counts()
    run("augment", "toy.csv", "--target", "churn", "--strategy", "1.0", *QUICK)
    assert set(read_table("toy_augmented.csv")["churn"].value_counts()) == {counts.max()}


def test_parquet_goes_the_whole_way(folder):
    table = read_table("toy.csv").assign(comment=np.arange(80), plan=lambda t: t["plan"].astype("category"))
    table.to_parquet("toy.parquet")
    command = ("augment", "toy.parquet", "--target", "churn", "--exclude", "comment", "-o", "new.parquet")
    run(*command, "--balance", *QUICK)
    new = pd.read_parquet("new.parquet")
    pd.testing.assert_series_equal(new["comment"].dropna(), table["comment"], check_dtype=False)
    assert new["plan"].dtype == "category"


def test_absent_columns_are_empty_for_synthetic_rows_whatever_their_type():
    X, y = make_toy_table(5)
    real = X.assign(churn=y)
    parts = align_columns(real, real[["age", "churn"]].iloc[3:], None)
    assert parts[0] is real
    assert list(parts[1].columns) == list(real.columns)
    assert parts[1].drop(columns=["age", "churn"]).isna().all(axis=None)
    assert len(align_columns(real, real[["age", "churn"]].iloc[:0], "mark")[1]) == 0


# inspect


def test_inspect_shows_columns_classes_and_origin(trained):
    shown = run("inspect", trained[0] / "toy.safetensors").stdout
    for text in (
        "income",
        "identifier",
        "18 to 8",
        "3 values: Bern",
        "classes of churn",
        "leaves",
        "5 steps",
        "seed 0",
    ):
        assert text in shown
    assert "2015-0" in shown


def test_inspect_as_json_is_for_machines(trained):
    facts = json.loads(run("inspect", trained[0] / "toy.safetensors", "--json").stdout)
    assert facts["format_version"] == FORMAT_VERSION
    assert facts["ganaug_version"] == importlib.metadata.version("ganaug")
    assert facts["rows"] == 80
    assert facts["steps"] == 5
    assert facts["params"]["max_steps"] == 5
    assert sum(one["share"] for one in facts["classes"]) == pytest.approx(1)
    columns = {column["name"]: column for column in facts["columns"]}
    assert list(columns) == ["id", "age", "income", "city", "plan", "member", "since", "balance"]
    assert columns["age"] == {
        "name": "age",
        "dtype": "int64",
        "kind": "numeric",
        "missing": False,
        "min": 18,
        "max": columns["age"]["max"],
        "decimals": None,
        "frequent": [],
    }
    assert columns["city"]["missing"] is True
    assert columns["city"]["pooled"] == []
    assert 0.0 in columns["balance"]["frequent"]


def test_inspect_takes_text_of_a_file_for_text(tmp_path):
    X, y = make_toy_table(40)
    X = X.rename(columns={"plan": "[red]plan\x1b[31m"})
    GANAugmenter(max_steps=2, filters=None).fit(X, y).save(tmp_path / "m")
    shown = run("inspect", tmp_path / "m").stdout
    assert "[red]plan?[31m" in shown


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_inspect_shows_the_rules_between_values(tmp_path):
    gap = np.arange(200) % 5 == 0
    X = pd.DataFrame({"level": np.where(gap, np.nan, np.arange(200) * 0.37), "measured": np.where(gap, "no", "yes")})
    quick_augmenter().fit(X, np.arange(200) % 2).save(tmp_path / "m")
    shown = run("inspect", tmp_path / "m").stdout
    assert "2 rules between values, kept in every row" in shown
    assert "level is missing" in shown and "measured is no" in shown and "level is any other value" in shown


def test_inspect_shows_the_first_of_many_columns_and_classes(trained, monkeypatch):
    monkeypatch.setattr(inspect_model, "_MAX_ROWS", 1)
    shown = run("inspect", trained[0] / "toy.safetensors").stdout
    assert "8 columns" in shown and "income" not in shown
    assert "and 7 more (--json)" in shown and "and 1 more (--json)" in shown and "stays" not in shown
    facts = json.loads(run("inspect", trained[0] / "toy.safetensors", "--json").stdout)
    assert (len(facts["columns"]), len(facts["classes"])) == (8, 2) and "more" not in facts


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_inspect_shows_the_beginning_of_long_values(tmp_path):
    X, y = numbers()
    quick_augmenter().fit(X, np.where(y, "x" * 10_000, "o")).save(tmp_path / "m")
    shown = run("inspect", tmp_path / "m").stdout
    assert shown.count("x") < 600 and "..." in shown
    assert "x" * 10_000 in run("inspect", tmp_path / "m", "--json").stdout


def test_an_error_about_a_long_value_is_short_and_ends_with_its_cure(trained, tmp_path):
    model, output = trained[0] / "toy.safetensors", tmp_path / "new.csv"
    done = run("sample", model, "-o", output, "--class", f"{'x' * 10_000}=5", code=2)
    assert re.fullmatch(r"ganaug: --class names the label 'x+ \.\.\. x+', but .*; name one\.\n", done.stderr)
    assert len(done.stderr) < 1100


def test_an_error_or_a_warning_holds_no_command_for_a_terminal(capsys):
    name = "\x1b]0;owned\x07\x1b[31m"
    assert "\x1b" not in run("train", f"{name}.csv", code=1).stderr
    with print_warnings():
        warnings.warn(name, DataWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: ?]0;owned??[31m\n"


FORGED = {
    "an endless training": lambda model: model.facts.update(seconds=10**400),
    "half a character": lambda model: model.labels.container.update(name="\ud83d"),
    "dates before all time": lambda model: dates_of(model).__setattr__("limits", [-(10**30), 1 - 10**30]),
    "often before all time": lambda model: dates_of(model).__setattr__("spikes", [-(10**30)]),
}


def dates_of(model):
    return next(column for column in model.encoder.columns if column.kind == "datetime")


@pytest.mark.promise("forged")
@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_inspect_of_a_forged_file_is_an_account_or_one_sentence(trained, tmp_path, change, options):
    model = GANAugmenter.load(trained[0] / "toy.safetensors").model_
    change(model)
    model.save(tmp_path / "m")
    done = CliRunner().invoke(cli, ["inspect", str(tmp_path / "m"), *options])
    assert done.exit_code in (0, 1)
    assert "unexpected" not in done.stderr
    assert done.exit_code == 0 or done.stderr.count("\n") == 1


# demo


def test_demo_goes_the_whole_way_and_shows_the_commands(folder):
    start = time.process_time()
    done = run("demo", "--max-steps", 5)
    assert {path.name for path in Path("demo").iterdir()} == {"breast_cancer.csv", "model.safetensors", "augmented.csv"}
    assert "$ ganaug train" in done.stderr
    assert "$ ganaug augment" in done.stderr
    assert "714" in done.stderr
    assert "ganaug report demo/breast_cancer.csv --target diagnosis" in done.stderr.splitlines()[-1]
    assert "malignant" in done.stdout
    assert "synthetic" in done.stdout
    assert read_table("demo/augmented.csv")["diagnosis"].value_counts().tolist() == [357, 357]
    before = {path: path.stat().st_mtime_ns for path in Path("demo").iterdir()}
    assert "--force" in run("demo", code=2).stderr
    assert {path: path.stat().st_mtime_ns for path in Path("demo").iterdir()} == before
    assert time.process_time() - start < 60
