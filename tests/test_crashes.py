"""Killed at any moment, or out of room: files are old or new, and training goes on where it stopped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from full_disk import Limited
from processes import run_module
from promises import full_length
from small import quick_augmenter
from small_images import bars, image_folder
from toy_table import make_toy_table

from ganaug_cli.main import cli

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")


@pytest.mark.slow
@needs_fork
@pytest.mark.promise("killed saving")
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path, attempt, finding):
    kills = full_length(200, suite=20)
    found = run_module("killing", "saving", tmp_path, 0, kills)
    attempt(found["killed"])
    assert found["wrong"] == []
    assert found["newest"] > 0, "no writer finished a save"
    assert found["leftovers"], "no writer was killed in the middle of a save"
    finding(f"{found['leftovers']} of them in the middle of a save, all swept")


@pytest.mark.slow
@needs_fork
@pytest.mark.promise("killed training")
def test_a_training_killed_at_any_moment_resumes_to_the_same_bytes(tmp_path, attempt):
    found = run_module("killing", "training", tmp_path, 0, full_length(20, suite=1))
    attempt(found["killed"])
    assert found["wrong"] == []


# What a disk that is full at any byte does to each command that writes; {} is the place of the output.
WRITERS = {
    "model": ("train toy.csv --max-steps 2 --filters none -o {}", "new.safetensors"),
    "table": ("sample toy.safetensors -n 2000 -o {}", "new.csv"),
    "packed table": ("sample toy.safetensors -n 2000 -o {}", "new.csv.gz"),
    "parquet": ("sample toy.safetensors -n 2000 -o {}", "new.parquet"),
    "augmented table": ("augment toy.csv --model toy.safetensors -o {}", "new.tsv"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("disk")
    X, y = make_toy_table(60)
    X = X.assign(plan=X["plan"].astype(str))
    X.assign(churn=y).to_csv(place / "toy.csv", index=False)
    quick_augmenter().fit(X, y).save(place / "toy.safetensors")
    images, labels = bars(20)
    image_folder(place / "bars", images, labels)
    quick_augmenter(max_steps=1).fit(images, labels).save(place / "bars.safetensors")
    return place


def snapshot(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX")
@pytest.mark.promise("full disk")
@pytest.mark.parametrize(("line", "name"), WRITERS.values(), ids=WRITERS)
def test_a_disk_that_is_full_at_any_byte_leaves_the_old_file(folder, monkeypatch, attempt, line, name):
    monkeypatch.chdir(folder)
    arguments = line.format(name).split()
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    whole = Path(name).stat().st_size
    Path(name).write_bytes(b"old")
    before = snapshot(folder)
    for part in range(full_length(25, suite=3)):
        with Limited(whole * part // full_length(25, suite=3)):
            result = CliRunner().invoke(cli, [*arguments, "--force"])
        attempt()
        assert result.exit_code == 1, result.output
        (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("ganaug: ")]
        assert name in sentence and "File too large" in sentence and "Traceback" not in result.output
        assert snapshot(folder) == before


@pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX")
@pytest.mark.promise("full disk")
def test_a_disk_that_is_full_leaves_no_half_image(folder, tmp_path, monkeypatch, attempt):
    monkeypatch.chdir(folder)
    for size in (0, 40, 70):
        with Limited(size):
            result = CliRunner().invoke(cli, ["sample", "bars.safetensors", "-n", "6", "-o", str(tmp_path / f"{size}")])
        attempt()
        assert result.exit_code == 1 and "File too large" in result.stderr
        assert not [path for path in (tmp_path / f"{size}").rglob("*") if path.is_file()]
