"""A folder of files, made in any number of processes and after any interruption, holds the rows of `sample`."""

from __future__ import annotations

import json
import os
from concurrent.futures import BrokenExecutor
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from full_disk import Limited
from joblib.externals.loky.process_executor import TerminatedWorkerError
from processes import run_module
from small import numbers, quick_augmenter

from ganaug import DataError, GANAugmenter, ParameterError, join_label, read_table, write_table
from ganaug.augmenter import row_shards, sampling, shards

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.CollapseWarning")  # hardly trained

ROWS, SHARD = 2300, 500


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch, request):
    """Chunks as small as the files, but where other processes would not know of it."""
    if "processes" not in request.keywords:
        monkeypatch.setattr(sampling, "_CHUNK", 200)


@pytest.fixture(scope="module")
def augmenter(toy):
    return quick_augmenter().fit(*toy)


@pytest.fixture(scope="module")
def toy():
    from toy_table import make_toy_table

    return make_toy_table(80)


def write(augmenter, folder, n=ROWS, **options):
    return augmenter.write_samples(folder, n, **{"shard_rows": SHARD, "random_state": 3, **options})


def contents(folder):
    """The files of a folder, hidden ones included."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def parts(folder):
    return sorted(Path(folder).glob("*.parquet"))


def table(folder):
    return pd.concat([read_table(path) for path in parts(folder)], ignore_index=True)


def in_one_file(rows, folder):
    """What is read of rows and labels after they were written to a single file."""
    write_table(join_label(*rows), folder / "one.parquet")
    return read_table(folder / "one.parquet")


@pytest.mark.parametrize("shard_rows", [3, 200, 500, 999, 10**6])
def test_the_rows_are_those_of_sample_however_they_are_divided(augmenter, tmp_path, shard_rows):
    n = 20 if shard_rows < 10 else ROWS
    assert write(augmenter, tmp_path / "rows", n, shard_rows=shard_rows) == n
    assert len(parts(tmp_path / "rows")) == -(-n // shard_rows)
    expected = in_one_file(augmenter.sample(n, random_state=3), tmp_path)
    pd.testing.assert_frame_equal(table(tmp_path / "rows"), expected, check_exact=True)


@pytest.mark.parametrize(
    "wanted",
    [{"n": {"stays": 700, "leaves": 500}}, {"n": 900, "y": {"leaves": 30}}, {"n": 600, "y": "stays"}],
)
def test_so_are_those_of_chosen_classes(augmenter, tmp_path, wanted):
    write(augmenter, tmp_path / "rows", **wanted)
    expected = in_one_file(augmenter.sample(**wanted, random_state=3), tmp_path)
    pd.testing.assert_frame_equal(table(tmp_path / "rows"), expected, check_exact=True)


def test_no_rows_are_one_file_with_all_columns(augmenter, tmp_path):
    assert write(augmenter, tmp_path, 0) == 0
    assert len(parts(tmp_path)) == 1
    assert list(table(tmp_path)) == list(join_label(*augmenter.sample(0)))


def test_arrays_and_indicators_become_named_columns(tmp_path):
    X, y = numbers()
    write(quick_augmenter().fit(X, np.eye(2)[y]), tmp_path, 100)
    assert list(table(tmp_path)) == ["x0", "x1", "target"] and set(table(tmp_path)["target"]) == {0, 1}


@pytest.mark.processes
@pytest.mark.promise("same bytes")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_any_backend_and_number_of_processes_writes_the_same_bytes(augmenter, tmp_path, backend):
    write(augmenter, tmp_path / "one")
    with joblib.parallel_config(backend):
        write(augmenter, tmp_path / "two", n_jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(parts(tmp_path / "one")) == 5


def test_a_model_of_a_file_goes_on_with_what_the_fitted_one_began(augmenter, tmp_path):
    augmenter.save(tmp_path / "m")
    write(augmenter, tmp_path / "rows")
    before = contents(tmp_path / "rows")
    parts(tmp_path / "rows")[1].unlink()
    write(GANAugmenter.load(tmp_path / "m"), tmp_path / "rows")
    assert contents(tmp_path / "rows") == before


def test_a_finished_file_is_not_made_again(augmenter, tmp_path, monkeypatch):
    write(augmenter, tmp_path)
    before = contents(tmp_path)
    for path in parts(tmp_path)[::2]:
        path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in parts(tmp_path)}
    write(augmenter, tmp_path)
    assert contents(tmp_path) == before
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    monkeypatch.setattr(row_shards.RowShards, "_make_tables", None)  # nothing is left to do
    assert write(augmenter, tmp_path) == ROWS


def test_what_killed_processes_left_is_cleared_up(augmenter, tmp_path):
    (tmp_path / ".ganaug-0123456789abcdef.tmp").write_bytes(b"half a manifest")
    write(augmenter, tmp_path)
    assert all(name.startswith(("part-", "_ganaug")) for name in contents(tmp_path))


def test_a_file_that_another_process_finished_and_cleared_up_is_no_error(augmenter, tmp_path, monkeypatch):
    write_parquet = row_shards.write_parquet

    def overtaken(tables, file, schema):
        rows = write_parquet(tables, file, schema)
        Path(file.name).rename(next(path for path in expected if not path.exists()))
        return rows

    expected = [tmp_path / f"part-{number:05d}.parquet" for number in range(5)]
    monkeypatch.setattr(row_shards, "write_parquet", overtaken)
    assert write(augmenter, tmp_path) == ROWS
    assert parts(tmp_path) == expected


def test_the_manifest_says_which_rows_these_are(augmenter, tmp_path):
    write(augmenter, tmp_path)
    manifest = json.loads((tmp_path / "_ganaug.json").read_text())
    assert manifest["software"].pop("processor")
    assert manifest.pop("software").keys() == {"ganaug", "torch", "numpy", "pandas", "pyarrow"}
    assert manifest == {
        "model": augmenter.model_.digest(),
        "seed": 3,
        "rows": ROWS,
        "classes": None,
        "latent_scale": 1.0,
        "shard_rows": SHARD,
    }


def test_it_is_written_first(augmenter, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(row_shards, "write_parquet", lambda *_: seen.append(set(contents(tmp_path))))
    write(augmenter, tmp_path, 10)
    assert "_ganaug.json" in seen[0]


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"random_state": 4}, "differs in the seed; choose another folder, or replace them with overwrite=True"),
        ({"n": 2301}, "differs in their number;"),
        ({"shard_rows": 501}, "differs in shard_rows;"),
        ({"n": ROWS, "y": "stays"}, "differs in the numbers of classes;"),
    ],
)
def test_the_folder_of_another_request_is_refused_or_replaced(augmenter, tmp_path, other, complaint):
    write(augmenter, tmp_path / "rows")
    before = contents(tmp_path / "rows")
    with pytest.raises(DataError, match=complaint):
        write(augmenter, tmp_path / "rows", **other)
    assert contents(tmp_path / "rows") == before
    write(augmenter, tmp_path / "rows", **other, overwrite=True)
    write(augmenter, tmp_path / "new", **other)
    assert contents(tmp_path / "rows") == contents(tmp_path / "new")


def test_so_is_the_folder_of_another_model(augmenter, toy, tmp_path):
    write(augmenter, tmp_path)
    with pytest.raises(DataError, match="differs in the model;"):
        write(quick_augmenter(max_steps=5).fit(*toy), tmp_path)
    with pytest.raises(DataError, match="differs in latent_scale;"):
        write(GANAugmenter(**augmenter.get_params()).fit(*toy).set_params(latent_scale=0.5), tmp_path)


def test_a_folder_that_another_version_began_is_refused_with_both_versions(augmenter, tmp_path):
    write(augmenter, tmp_path)
    manifest = json.loads((tmp_path / "_ganaug.json").read_text())
    manifest["software"]["torch"] = "2.0.9"
    (tmp_path / "_ganaug.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"was begun with .*torch 2\.0\.9.*, and this is .*torch 2\.\d+.*; go on with"):
        write(augmenter, tmp_path)


def test_so_is_a_process_that_has_another_version(augmenter, tmp_path):
    rows = row_shards.RowShards(augmenter.model_, sampling.Wanted(10), 1.0, 3, SHARD)
    with pytest.raises(DataError, match=r"has ganaug .* and the one that began has ganaug 9\.9; their samples may dif"):
        rows.write(0, tmp_path, {"ganaug": "9.9"})
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        (
            "notes.txt",
            "mine",
            "holds files already, and none that ganaug wrote there; choose a new folder",
        ),
        ("_ganaug.json", "{half", "_ganaug.json' describes no samples of ganaug"),
        ("_ganaug.json", "[]", "_ganaug.json' describes no samples of ganaug"),
        ("_ganaug.json", '{"seed": 1}', "_ganaug.json' describes no samples of ganaug"),
    ],
)
def test_a_folder_that_is_not_ours_is_refused_and_stays(augmenter, tmp_path, name, text, complaint):
    (tmp_path / name).write_text(text)
    for overwrite in (False, True):
        with pytest.raises(DataError, match=complaint):
            write(augmenter, tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == {name: text.encode()}


@pytest.mark.parametrize("place", ["file", "file/below", "s3://bucket/rows"])
def test_a_place_that_is_no_folder_is_refused(augmenter, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    with pytest.raises(DataError, match=r"is a file, and|is a URL, and|cannot be written \(Not a directory\)"):
        write(augmenter, place)
    assert list(contents(tmp_path)) == ["file"]


def test_without_a_seed_a_folder_goes_on_with_its_own(toy, tmp_path):
    augmenter = quick_augmenter(random_state=None).fit(*toy)
    write(augmenter, tmp_path, random_state=None)
    before = contents(tmp_path)
    parts(tmp_path)[2].unlink()
    write(augmenter, tmp_path, random_state=None)
    assert contents(tmp_path) == before
    write(augmenter, tmp_path / "new", random_state=None)
    assert contents(tmp_path / "new")["_ganaug.json"] != before["_ganaug.json"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"n": -1}, "The 'n' parameter of sample must be an integer of at least 0. Got -1"),
        ({"n": {"lost": 1}}, "'lost' is none of the classes"),
        (
            {"shard_rows": 0},
            "The 'shard_rows' parameter of write_samples must be None, or an integer of at least 1. Got 0",
        ),
        ({"n_jobs": 0}, "The 'n_jobs' parameter of write_samples must be None, or an integer other than 0. Got 0"),
    ],
)
def test_what_cannot_be_written_is_refused_before_a_folder_is_made(augmenter, tmp_path, arguments, complaint):
    with pytest.raises(ParameterError, match=complaint):
        write(augmenter, tmp_path / "rows", **arguments)
    assert not (tmp_path / "rows").exists()


def test_every_file_has_the_same_types_even_of_columns_that_are_empty_in_one(tmp_path):
    X, y = numbers(80)
    frame = pd.DataFrame({"x": X[:, 0], "rare": pd.Series([None] * 60 + ["seen"] * 20, dtype=object)})
    write(quick_augmenter().fit(frame, y), tmp_path, 40, shard_rows=1)
    import pyarrow.parquet as pq

    assert len({pq.read_schema(path).remove_metadata() for path in parts(tmp_path)}) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX")
def test_a_full_disk_in_the_middle_leaves_whole_files_and_the_same_call_goes_on(augmenter, tmp_path):
    write(augmenter, tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    sizes = [len(data) for name, data in sorted(expected.items()) if name.startswith("part")]
    with (
        Limited(max(sizes) - 1),
        pytest.raises(DataError, match=r"cannot be written \(.*; files that are finished stay"),
    ):
        write(augmenter, tmp_path / "rows")
    assert contents(tmp_path / "rows").items() <= expected.items()
    write(augmenter, tmp_path / "rows")
    assert contents(tmp_path / "rows") == expected


def test_a_process_that_dies_is_a_sentence(augmenter, tmp_path, monkeypatch):
    def die(jobs, n_jobs):
        raise TerminatedWorkerError("A worker process managed by the executor was unexpectedly terminated.")
        yield

    assert issubclass(TerminatedWorkerError, BrokenExecutor)
    monkeypatch.setattr(shards, "run_jobs", die)
    with pytest.raises(DataError, match="died, perhaps for lack of memory; files that are finished stay"):
        write(augmenter, tmp_path, n_jobs=2)


def test_progress_is_shown_only_if_asked(augmenter, toy, tmp_path, capsys):
    write(augmenter, tmp_path / "quiet")
    assert capsys.readouterr().err == ""
    write(GANAugmenter.load(saved(augmenter, tmp_path)).set_params(verbose=1), tmp_path / "loud")
    assert "sampling: 5/5" in capsys.readouterr().err


def saved(augmenter, folder):
    augmenter.save(folder / "m")
    return folder / "m"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
@pytest.mark.slow
def test_killed_in_the_middle_the_same_call_finishes_the_same_bytes(tmp_path):
    found = run_module("killing", "shards", tmp_path, 0, 20)
    assert found["wrong"] == []
    assert found["killed"] == 20 and found["unfinished"], "nobody was killed in the middle"
