"""Tables of other formats: what they hold is what is read, whatever their name says."""

from __future__ import annotations

import io
import json
import pickle
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, orc

from ganaug.errors import DataError
from ganaug.files.tables import read_table

FRAME = pd.DataFrame({
    "n": pd.array([1, None, 3], dtype="Int64"),
    "x": [0.5, 1.5, np.nan],
    "text": ["NA", "007", None],
    "yes": [True, False, True],
})  # fmt: skip


def cells(frame):
    return {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in frame.columns}


def packed(files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def as_bytes(write):
    target = io.BytesIO()
    write(target)
    return target.getvalue()


TABLE = pa.Table.from_pandas(FRAME, preserve_index=False)
RECORDS = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in FRAME.to_dict("records")]
STREAM = as_bytes(lambda target: pa.ipc.new_stream(target, TABLE.schema).write_table(TABLE))
FILES = {
    "t.json": json.dumps(RECORDS).encode(),
    "t.jsonl": "\n".join(map(json.dumps, RECORDS)).encode(),
    "t.ndjson": "\n".join(map(json.dumps, RECORDS)).encode() + b"\n\n",
    "t.feather": as_bytes(lambda target: feather.write_feather(TABLE, target)),
    "t.arrow": STREAM,
    "t.orc": as_bytes(lambda target: orc.write_table(TABLE, target)),
    "t.parquet": as_bytes(lambda target: FRAME.to_parquet(target)),
    "parquet.csv": as_bytes(lambda target: FRAME.to_parquet(target)),
    "feather.dat": as_bytes(lambda target: feather.write_feather(TABLE, target)),
    "records": json.dumps(RECORDS).encode(),
    "t.json.zip": packed({"t.json": json.dumps(RECORDS)}),
    "t.zip": packed(
        {"t.parquet": as_bytes(lambda target: FRAME.to_parquet(target)), "__MACOSX/t.csv": "x", ".DS_Store": "x"}
    ),
}


@pytest.mark.parametrize(("name", "data"), FILES.items(), ids=FILES)
def test_a_table_is_read_from_every_format(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    frame = read_table(tmp_path / name)
    assert cells(frame) == cells(FRAME)
    assert frame["n"].dtype == "Int64" and frame["yes"].dtype == bool


def test_a_zipped_csv_is_read_like_one(tmp_path):
    (tmp_path / "t.zip").write_bytes(packed({"t.csv": "a,b\n1,x\n2,y\n"}))
    assert cells(read_table(tmp_path / "t.zip")) == {"a": [1, 2], "b": ["x", "y"]}


def test_a_sheet_is_read_or_the_package_named(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(packed({"x": "1"}))
    with pytest.raises(DataError, match=r"needs openpyxl, which is not installed|cannot be read as a sheet"):
        read_table(tmp_path / "t.xlsx")
    openpyxl = pytest.importorskip("openpyxl")
    assert openpyxl
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_excel(tmp_path / "t.xlsx", index=False)
    assert cells(read_table(tmp_path / "t.xlsx")) == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize(("name", "data", "said"), [
    ("t.json", b"[{]", "is not sound JSON"),
    ("t.json", b"[]", "is no list of objects"),
    ("t.json", b'{"a": {"0": 1}, "b": 2}\n[1]', "is no list of objects"),
    ("t.json", b'[{"a": 1}, {"a": null}, {"a": "x"}]', "Column 'a' of .* holds 1 and, in row 2, 'x'; give"),
    ("t.jsonl", b'{"a": {"b": 1}}\n', "Column 'a' of .* holds lists or objects"),
    ("t.feather", b"no feather", "cannot be read as a table"),
    ("t.orc", b"no orc", "cannot be read as a table"),
    ("t.zip", packed({"a": "1", "b": "2"}), r"holds 2 files \(a, b\); unpack it"),
    ("t.csv", pickle.dumps({"a": [1]}), "is a pickle of Python, which may run code; write it as CSV or Parquet"),
    ("t.csv", b"SQLite format 3\0\x10\xff", "is an SQLite database"),
    ("t.csv", b"\n<!DOCTYPE html>\n<html>a,b</html>", "is a web page; download the file itself"),
    ("t.zip", packed({}), "is no sound zip archive|holds 0 files"),
])  # fmt: skip
def test_what_is_no_table_is_refused_by_what_it_is(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / name)


def test_json_of_pandas_is_read_in_every_orientation(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    for orient in ("records", "columns", "split"):
        frame.to_json(tmp_path / "t.json", orient=orient)
        assert read_table(tmp_path / "t.json").values.tolist() == frame.values.tolist()
    (tmp_path / "t.json").write_text('{"a": 1, "b": "x"}')
    assert read_table(tmp_path / "t.json").values.tolist() == [[1, "x"]]
    (tmp_path / "t.json").write_text('{"data": [{"a": 1}], "columns": 2}')
    with pytest.raises(DataError, match="holds lists or objects"):
        read_table(tmp_path / "t.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
            "a pointer of Git LFS .* git lfs pull",
        ),
        ("@RELATION x\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n", "an ARFF file; read it by scipy"),
    ],
)
def test_other_texts_are_refused_by_what_they_are(tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "t.csv")
