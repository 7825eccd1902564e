"""Images written in shards, by any number of processes and after any interruption, are those of `sample_chunks`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small import quick_augmenter
from small_images import bars

from ganaug import DataError, read_image_folder, write_image_folder
from ganaug.augmenter import image_shards, sampling

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.CollapseWarning")  # hardly trained

N, SHARD = 25, 7


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(sampling, "_CHUNK", 4)


@pytest.fixture(scope="module")
def augmenter():
    X, y = bars(40)
    return quick_augmenter(max_steps=3).fit(X, np.where(y == 1, "stands", "../lies"))


def write(augmenter, folder, n=N, **options):
    return augmenter.write_samples(folder, n, **{"shard_rows": SHARD, "random_state": 3, **options})


def contents(folder):
    """All files in and below a folder, hidden ones included, but for the manifest."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != "_ganaug.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("wanted", [{"n": N}, {"n": {"stands": 9}}, {"n": 12, "y": {"../lies": 5}}, {"n": 0}])
def test_the_files_are_those_of_write_image_folder(augmenter, tmp_path, wanted):
    n = write(augmenter, tmp_path / "shards", **wanted)
    chunks = augmenter.sample_chunks(**wanted, random_state=3)
    assert write_image_folder(chunks, None, tmp_path / "whole", value_range="keep", synthetic=True) == n
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32, np.float64, bool])
@pytest.mark.parametrize("channels", [None, 3])
def test_values_of_every_dtype_come_in_the_files_that_the_command_line_writes(tmp_path, dtype, channels):
    X, y = bars(20, channels=channels)
    augmenter = quick_augmenter(max_steps=2).fit((X > 100) if dtype is bool else X.astype(dtype), y)
    write(augmenter, tmp_path / "shards", 10)
    form = augmenter.describe()["images"]
    chunks = augmenter.sample_chunks(10, random_state=3)
    options = {"value_range": form["file_range"], "channel_axis": form["channel_axis"], "synthetic": True}
    write_image_folder(chunks, None, tmp_path / "whole", **options)
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole") != {}


def test_labels_come_back_and_no_image_passes_for_a_real_one(augmenter, tmp_path):
    write(augmenter, tmp_path)
    assert set(read_image_folder(tmp_path)[1]) == {"../lies", "stands"}
    with pytest.raises(DataError, match="has only images that ganaug made"):
        read_image_folder(tmp_path, real_only=True)


@pytest.mark.slow
@pytest.mark.processes
def test_two_processes_write_the_same_bytes_as_one(augmenter, tmp_path):
    write(augmenter, tmp_path / "one")
    write(augmenter, tmp_path / "two", n_jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_only_what_is_missing_is_made_again(augmenter, tmp_path, monkeypatch):
    write(augmenter, tmp_path)
    before, files = contents(tmp_path), sorted(tmp_path.rglob("*.png"))
    lost = files[::9]
    for path in lost:
        path.unlink()
    made = []
    write_picture = image_shards.write_picture
    monkeypatch.setattr(
        image_shards,
        "write_picture",
        lambda picture, file, **given: made.append(file) or write_picture(picture, file, **given),
    )
    write(augmenter, tmp_path)
    assert sorted(made) == lost
    assert contents(tmp_path) == before
    monkeypatch.setattr(image_shards.ImageShards, "write_files", None)  # nothing is left to do
    assert write(augmenter, tmp_path) == N


def test_what_killed_processes_left_in_a_class_folder_is_cleared_up(augmenter, tmp_path):
    write(augmenter, tmp_path)
    before = contents(tmp_path)
    (tmp_path / "stands" / ".ganaug-0123456789abcdef.tmp").write_bytes(b"half an image")
    write(augmenter, tmp_path)
    assert contents(tmp_path) == before


def test_the_folder_of_another_request_is_refused_or_replaced(augmenter, tmp_path):
    write(augmenter, tmp_path / "images")
    before = contents(tmp_path / "images")
    with pytest.raises(DataError, match="holds samples of another request, which differs in the seed;"):
        write(augmenter, tmp_path / "images", random_state=4)
    assert contents(tmp_path / "images") == before
    write(augmenter, tmp_path / "images", 5, overwrite=True)
    assert contents(tmp_path / "images").items() <= before.items()
    manifest = json.loads((tmp_path / "images" / "_ganaug.json").read_text())
    assert manifest["rows"] == 5 and "pillow" in manifest["software"]  # which makes the files


def test_other_files_in_the_folder_stay_and_are_asked_about(augmenter, tmp_path):
    (tmp_path / "stands").mkdir()
    for name in ("notes.txt", "stands/mine.png"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(
        DataError, match=r"holds files already, and none that ganaug wrote there; .* add to it with overwrite=True"
    ):
        write(augmenter, tmp_path)
    write(augmenter, tmp_path, overwrite=True)
    assert contents(tmp_path)["notes.txt"] == contents(tmp_path)["stands/mine.png"] == b"mine"
    assert len(contents(tmp_path)) == N + 3  # with classes.json


def test_a_class_folder_that_is_a_link_is_refused(augmenter, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "images" / "stands").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(DataError, match="is a link to another place"):
        write(augmenter, tmp_path / "images", overwrite=True)
    assert contents(tmp_path / "elsewhere") == {}
