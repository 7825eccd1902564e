"""Training on Parquet files that ganaug reads itself, which may be larger than memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from small import quick_augmenter

from ganaug import DataError

hardly_trained = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

N = 6000


def make_table():
    rng = np.random.default_rng(0)
    label = rng.choice(["no", "yes"], N, p=[0.9, 0.1])
    return pd.DataFrame(
        {"x": rng.normal(size=N) + (label == "yes"), "town": rng.choice(["Bern", "Oslo"], N), "label": label}
    )


@pytest.fixture
def rows(tmp_path):
    """A folder of three Parquet files."""
    folder = tmp_path / "rows"
    folder.mkdir()
    for i, part in enumerate(np.split(np.arange(N), [100, 3000])):
        make_table().iloc[part].to_parquet(folder / f"part-{i}.parquet", index=False)
    return folder


@hardly_trained
def test_a_table_that_fits_gives_the_same_model_from_disk_as_from_memory(rows):
    table = make_table()
    memory = quick_augmenter().fit(table.drop(columns="label"), table["label"])
    disk = quick_augmenter().fit(rows, "label")
    facts = [{**augmenter.describe(), "seconds": None} for augmenter in (memory, disk)]
    assert facts[0] == facts[1]
    for name, weights in memory.model_.generator.state_dict().items():
        assert torch.equal(weights, disk.model_.generator.state_dict()[name])
    pd.testing.assert_frame_equal(*(augmenter.sample(20, random_state=0)[0] for augmenter in (memory, disk)))


@hardly_trained
def test_a_sample_keeps_the_shares_of_classes_and_the_ranges_of_all_rows(rows):
    augmenter = quick_augmenter(max_rows=1500).fit(f"{rows}/*.parquet", "label")
    table = make_table()
    assert augmenter.n_samples_ == N
    facts = augmenter.describe()
    assert {one["label"]: one["share"] for one in facts["classes"]} == table["label"].value_counts(
        normalize=True
    ).to_dict()
    (x,) = (column for column in facts["columns"] if column["name"] == "x")
    assert (x["min"], x["max"]) == (table["x"].min(), table["x"].max())
    X, y = augmenter.sample(50, random_state=0)
    assert X.columns.tolist() == ["x", "town"] and y.name == "label" and set(y) <= {"no", "yes"}


@hardly_trained
def test_kinds_that_the_user_gives_hold_for_files_too(rows):
    augmenter = quick_augmenter(max_rows=1500, column_kinds={"x": "category"}).fit(rows, "label")
    assert augmenter.describe()["columns"][0]["kind"] == "category"


@pytest.mark.parametrize("path", ["absent.parquet", "absent/*.parquet"])
def test_a_path_that_stands_for_no_file_is_named(rows, path):
    with pytest.raises(DataError, match=r"'absent.*parquet' stands for no Parquet file, so there is no column 'label'"):
        quick_augmenter().fit(path, "label")


@pytest.mark.parametrize("y", [["yes", "no"], 3])
def test_the_column_of_the_labels_has_to_be_named(rows, y):
    with pytest.raises(
        DataError, match=r"X is a data set of Parquet files; name the column of its labels, such as y='class'"
    ):
        quick_augmenter().fit(rows, y)


LIMITED = """
import resource, sys
import ganaug.augmenter.fitting, pyarrow.dataset
from ganaug.files.parquet_sets import draw_rows
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]), -1))
drawn = draw_rows(sys.argv[1], "label", 20_000, 0)
print(round(drawn.weights.sum()), len(drawn.X))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux alone")
def test_rows_of_a_table_of_four_times_the_memory_are_drawn(tmp_path):
    n, parts, width = 200_000, 64, 20
    rng = np.random.default_rng(0)
    table = pd.DataFrame({f"x{i}": rng.integers(0, 1000, n).astype(float) for i in range(width)})
    first = tmp_path / "rows" / "00.parquet"
    first.parent.mkdir()
    table.assign(label=rng.choice(["a", "b"], n)).to_parquet(first, index=False)
    for i in range(1, parts):
        first.with_name(f"{i:02}.parquet").hardlink_to(first)
    whole = parts * n * width * 8
    command = [sys.executable, "-W", "ignore", "-c", LIMITED, str(first.parent), str(whole // 4)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    total, drawn = map(int, done.stdout.split())
    assert total == parts * n and 20_000 <= drawn <= 20_000 + 2 * (width + 1)


@hardly_trained
def test_rows_cannot_be_appended_to_files(rows):
    with pytest.raises(DataError, match="Parquet files, to which rows cannot be appended; use fit, and then sample or"):
        quick_augmenter().fit_resample(rows, "label")
