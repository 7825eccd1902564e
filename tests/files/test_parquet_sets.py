"""Rows drawn from Parquet files do not depend on the files, and hold what all rows together say."""

from __future__ import annotations

from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from ganaug.errors import DataError
from ganaug.files.parquet_sets import draw_rows, is_parquet_set

N = 20_000


def make_table(n=N, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": rng.lognormal(0, 2, n),
            "count": pd.array(rng.poisson(4, n), dtype="Int32"),
            "town": rng.choice(["Bern", "Oslo", "Rome"], n),
            "user": [f"u{i}" for i in rng.integers(0, n // 10, n)],
            "receipt": [f"r{i:06}" for i in rng.permutation(n)],
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "label": rng.choice(["no", "yes", "fraud"], n, p=[0.8, 0.1985, 0.0015]),
        }
    )


TABLE = make_table()


def write(folder, cuts, table=TABLE):
    """Write a table as several files, cut before these rows."""
    folder.mkdir(exist_ok=True)
    edges = [0, *cuts, len(table)]
    for i, (start, stop) in enumerate(pairwise(edges)):
        table[start:stop].to_parquet(folder / f"part-{i:02}.parquet", index=False)
    return folder


def same(one, other):
    pd.testing.assert_frame_equal(one.X, other.X)
    pd.testing.assert_series_equal(one.y, other.y)
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.kinds == other.kinds
    return True


@pytest.mark.parametrize("cuts", [[], [1], [5000, 5001, 19_999], list(range(1000, N, 1000))])
def test_the_rows_do_not_depend_on_the_files(tmp_path, cuts):
    expected = draw_rows(str(write(tmp_path / "one", [9000])), "label", 2000, 7)
    assert same(draw_rows(write(tmp_path / "other", cuts), "label", 2000, 7), expected)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_the_rows_do_not_depend_on_the_workers(tmp_path, backend):
    folder = write(tmp_path / "rows", [3000, 9000, 15_000])
    expected = draw_rows(folder, "label", 2000, 7)
    with joblib.parallel_config(backend, n_jobs=2):
        assert same(draw_rows(folder, "label", 2000, 7), expected)


def test_a_folder_a_pattern_a_file_and_a_data_set_are_the_same(tmp_path):
    folder = write(tmp_path / "rows", [9000])
    (folder / "_SUCCESS").touch()
    (folder / "notes.txt").touch()
    whole = write(tmp_path / "whole", []) / "part-00.parquet"
    expected = draw_rows(folder, "label", 2000, 7)
    for source in (f"{folder}/*.parquet", whole, ds.dataset(sorted(folder.glob("*.parquet")), format="parquet")):
        assert is_parquet_set(source)
        assert same(draw_rows(source, "label", 2000, 7), expected)


def test_a_table_with_fewer_rows_is_taken_whole_in_its_order(tmp_path):
    found = draw_rows(write(tmp_path / "rows", [1, 9000]), "label", N, 7)
    pd.testing.assert_frame_equal(found.X, TABLE.drop(columns="label"))
    assert found.y.tolist() == TABLE["label"].tolist()
    assert set(found.weights) == {1.0} and not found.kinds


def test_classes_keep_their_shares_by_weight_and_rare_ones_their_rows(tmp_path):
    found = draw_rows(write(tmp_path / "rows", [9000]), "label", 4000, 7)
    real = TABLE["label"].value_counts()
    weighted = pd.Series(found.weights).groupby(found.y.to_numpy()).sum()
    assert weighted.round(6).to_dict() == real.to_dict()
    drawn = found.y.value_counts()
    assert drawn["fraud"] == real["fraud"]
    assert drawn["no"] == pytest.approx(0.8 * 4000, abs=100)


def test_smallest_and_largest_values_of_all_rows_are_drawn(tmp_path):
    found = draw_rows(write(tmp_path / "rows", [9000]), "label", 1000, 7).X
    for name in ("amount", "count", "day"):
        assert found[name].min() == TABLE[name].min() and found[name].max() == TABLE[name].max()


def test_a_sample_is_uniform_and_another_seed_draws_others(tmp_path):
    folder = write(tmp_path / "rows", [9000])
    first, other = (draw_rows(folder, "label", 5000, seed).X for seed in (1, 2))
    positions = TABLE.reset_index().merge(first[["receipt"]], on="receipt")["index"]
    assert np.histogram(positions, bins=10, range=(0, N))[0] == pytest.approx(len(first) / 10, rel=0.2)
    both = len(set(first["receipt"]) & set(other["receipt"]))
    assert both == pytest.approx(len(first) ** 2 / N, rel=0.2)


def test_text_that_repeats_in_all_rows_though_hardly_in_the_sample_is_no_identifier(tmp_path):
    n = 200_000
    rng = np.random.default_rng(0)
    user = np.char.add("u", rng.integers(0, 80_000, n).astype(str))
    table = pd.DataFrame({"user": user, "receipt": rng.permutation(n).astype(str), "label": rng.choice(["a", "b"], n)})
    found = draw_rows(write(tmp_path / "rows", [50_000], table), "label", 1000, 7)
    assert found.X["user"].nunique() > 0.9 * len(found.X)
    assert found.kinds == {"user": "category"}


def test_names_of_folders_are_columns(tmp_path):
    pq.write_to_dataset(pa.Table.from_pandas(TABLE, preserve_index=False), tmp_path / "rows", partition_cols=["town"])
    found = draw_rows(tmp_path / "rows", "label", N, 7)
    assert sorted(found.X.columns) == sorted(TABLE.columns.drop("label"))
    assert found.X["town"].value_counts().to_dict() == TABLE["town"].value_counts().to_dict()


def fill(value, column="amount", row=19_000):
    table = TABLE.copy()
    table.loc[row, column] = value
    return table


WRONG = {
    "no such column": (TABLE, "class", r"y names 'class', which is no column of the data; they are 'amount'.*'label'"),
    "a missing label": (
        fill(None, "label"),
        "label",
        r"part-01.*: The label 'label' is missing, first in a row from 9000",
    ),
    "an infinite number": (fill(np.inf), "label", r"part-01.*: Column 'amount' holds inf in row 19000 of the data set"),
}


@pytest.mark.parametrize(("table", "label", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_learned_is_named_with_its_file(tmp_path, table, label, message):
    with pytest.raises(DataError, match=message):
        draw_rows(write(tmp_path / "rows", [9000], table), label, 2000, 7)


OTHER = {
    "a column less": (TABLE.drop(columns="town"), "part-01.*: it has no column 'town', which the first file has"),
    "a column more": (TABLE.assign(tax=1), "part-01.*: it has a column 'tax', which the first file has not"),
    "another type": (TABLE.assign(amount=TABLE["amount"].astype("float32")), "'amount' holds float, and .* double"),
}


@pytest.mark.parametrize(("table", "message"), OTHER.values(), ids=OTHER)
def test_files_that_differ_are_named(tmp_path, table, message):
    folder = write(tmp_path / "rows", [])
    table.to_parquet(folder / "part-01.parquet", index=False)
    with pytest.raises(DataError, match=message):
        draw_rows(folder, "label", 2000, 7)


def test_a_damaged_file_is_named_and_no_rows_are_refused(tmp_path):
    folder = write(tmp_path / "rows", [])
    (folder / "part-01.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match=r"part-01.parquet is not a sound Parquet file"):
        draw_rows(folder, "label", 2000, 7)
    with pytest.raises(DataError, match="has no rows"):
        draw_rows(write(tmp_path / "empty", [], TABLE[:0]), "label", 2000, 7)


def test_other_folders_files_and_data_are_no_data_sets(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    for other in (
        tmp_path,
        tmp_path / "rows.csv",
        f"{tmp_path}/*.csv",
        tmp_path / "absent.parquet",
        TABLE,
        [1],
        None,
        b"x",
    ):
        assert not is_parquet_set(other)


def test_labels_of_a_categorical_may_have_categories_that_do_not_occur(tmp_path):
    labels = pd.Categorical(TABLE["label"], categories=["no", "yes", "fraud", "never"])
    found = draw_rows(write(tmp_path / "rows", [9000], TABLE.assign(label=labels)), "label", 2000, 7)
    assert set(found.y) == {"no", "yes", "fraud"}


def test_a_label_that_is_no_number_is_missing(tmp_path):
    table = TABLE.assign(label=np.where(np.arange(N) == 9, np.nan, np.arange(N) % 2))
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    column = pa.array(table["label"].to_numpy(), from_pandas=False)
    folder = write(tmp_path / "rows", [])
    pq.write_table(arrow.set_column(arrow.schema.get_field_index("label"), "label", column), folder / "part-00.parquet")
    with pytest.raises(DataError, match="The label 'label' is missing"):
        draw_rows(folder, "label", 2000, 7)


def test_columns_without_an_order_or_of_gaps_alone_are_drawn_too(tmp_path):
    table = TABLE.assign(took=pd.to_timedelta(np.arange(N), "s"), gone=np.nan)
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    at = arrow.schema.get_field_index("gone")
    arrow = arrow.set_column(at, "gone", pa.array(np.full(N, np.nan), from_pandas=False))
    folder = write(tmp_path / "rows", [])
    pq.write_table(arrow, folder / "part-00.parquet")
    found = draw_rows(folder, "label", 2000, 7).X
    assert found["took"].dtype.kind == "m" and found["gone"].isna().all()
