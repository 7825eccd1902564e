"""Queries, record batch readers and lazy frames are learned from in memory where they are few rows, else from disk."""

from __future__ import annotations

import tempfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small import quick_augmenter, same_rows

from ganaug import DataError
from ganaug.files import streams

pl = pytest.importorskip("polars")
pytestmark = pytest.mark.filterwarnings("ignore::ganaug.CollapseWarning", "ignore::ganaug.DataWarning")

MOST = 1000


def make_table(n):
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "size": rng.normal(size=n),
            "kind": rng.choice(["a", "b"], n),
            "class": rng.integers(0, 3, n, dtype=np.int16),
        }
    )


def as_reader(table):
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=300))


def as_relation(table):
    return pytest.importorskip("duckdb").from_arrow(table)


def as_lazy_frame(table):
    return pl.from_arrow(table).lazy()


class Expression:
    """A query of Ibis, which would otherwise hold all rows in memory."""

    __module__ = "ibis.expr.types.relations"

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        raise AssertionError("all rows are in memory")

    def to_pyarrow_batches(self):
        return as_reader(self._table)


STREAMS = {"reader": as_reader, "duckdb": as_relation, "lazy": as_lazy_frame, "ibis": Expression}


@pytest.fixture
def fit(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(streams, "_FILE_ROWS", 700)
    return quick_augmenter(max_rows=MOST).fit


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
def test_many_rows_are_learned_as_from_parquet_files(fit, tmp_path, make):
    table = make_table(3000)
    pq.write_table(table, tmp_path / "rows.parquet")
    expected = fit(str(tmp_path / "rows.parquet"), "class").sample(50, random_state=1)
    augmenter = fit(make(table), "class")
    assert augmenter.n_samples_ == 3000
    same_rows(augmenter.sample(50, random_state=1), expected)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"], "the temporary files are gone"


@pytest.mark.parametrize(
    ("name", "library"), [("reader", "pyarrow"), ("duckdb", "duckdb"), ("lazy", "polars"), ("ibis", "pyarrow")]
)
def test_few_rows_stay_in_memory_and_come_back_in_their_library(fit, tmp_path, name, library):
    table = make_table(MOST)
    expected = fit(table.drop_columns(["class"]), table.column("class")).sample(50, random_state=1)
    X, y = fit(STREAMS[name](table), "class").sample(50, random_state=1)
    assert {type(part).__module__.partition(".")[0].lstrip("_") for part in (X, y)} == {library}
    columns = X.to_arrow_table() if library == "duckdb" else pa.table(X)
    assert columns.column("size").to_pylist() == expected[0].column("size").to_pylist()
    assert not list(tmp_path.glob("ganaug*"))


@pytest.mark.parametrize("rows", [10, 3000])
@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
def test_a_label_that_is_no_column_is_refused(fit, tmp_path, make, rows):
    with pytest.raises(
        DataError, match=r"y names 'lost', which is no column of the data; they are 'size', 'kind', 'class'"
    ):
        fit(make(make_table(rows)), "lost")
    assert not list(tmp_path.glob("ganaug*"))


def test_a_stream_that_breaks_off_is_a_sentence_and_leaves_nothing(fit, tmp_path):
    table = make_table(3000)

    def break_off():
        yield from table.to_batches(max_chunksize=500)
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match=r"rows of RecordBatchReader cannot be read, or held in '.*' \(.*No space left"):
        fit(pa.RecordBatchReader.from_batches(table.schema, break_off()), "class")
    assert not list(tmp_path.glob("ganaug*"))


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
def test_no_rows_are_appended_to_a_stream(make):
    with pytest.raises(DataError, match="none can be appended; use fit, and then sample or write_samples"):
        quick_augmenter().fit_resample(make(make_table(50)), "class")


def test_labels_beside_a_stream_are_learned_as_before():
    table = make_table(60)
    augmenter = quick_augmenter().fit(as_reader(table.drop_columns(["class"])), table.column("class"))
    assert augmenter.n_samples_ == 60


@pytest.mark.slow
def test_a_query_of_spark_is_a_stream(fit, tmp_path):
    spark = pytest.importorskip("pyspark.sql").SparkSession.builder.master("local[1]").getOrCreate()
    if not hasattr(spark.range(1), "__arrow_c_stream__"):
        pytest.skip("this release of Spark has no Arrow stream")
    try:
        frame = pd.DataFrame(make_table(3000).to_pandas()).astype({"kind": str})
        assert fit(spark.createDataFrame(frame), "class").n_samples_ == 3000
    finally:
        spark.stop()
