"""A table file is read as it is written or refused by line, and written so that it reads back equal."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import stat
import sys
from decimal import Decimal
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from csv_files import ASSUMED, HEADERS, READ, REFUSED
from hypothesis import given
from hypothesis import strategies as st
from promises import examples

from ganaug.errors import DataError, DataWarning, ParameterError
from ganaug.files import atomic, places
from ganaug.files.tables import read_table, write_table


def read_bytes(folder, data, name="t.csv", **options):
    path = folder / name
    path.write_bytes(data)
    return read_table(path, **options)


def names(folder):
    return [path.name for path in folder.iterdir()]


def cells(frame):
    """Return the frame as {column: values}, missing as None."""
    return {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in frame.columns}


# Text that begins like a formula is written with a warning, which is what other tests are not about.
pytestmark = pytest.mark.filterwarnings("ignore:.* begin like a formula:ganaug.errors.DataWarning")


@pytest.mark.promise("csv")
@pytest.mark.parametrize(("data", "expected"), READ.values(), ids=READ)
def test_csv_is_read_as_written(tmp_path, data, expected):
    assert cells(read_bytes(tmp_path, data)) == expected


@pytest.mark.promise("csv")
@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_unsound_csv_is_refused_by_line(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        read_bytes(tmp_path, data)


@pytest.mark.parametrize(("data", "expected", "said"), ASSUMED.values(), ids=ASSUMED)
def test_what_is_assumed_of_a_file_is_said(tmp_path, data, expected, said):
    with pytest.warns(DataWarning, match=said):
        assert cells(read_bytes(tmp_path, data)) == expected


@pytest.mark.parametrize(("data", "expected"), HEADERS.values(), ids=HEADERS)
def test_numbers_may_be_names(tmp_path, data, expected):
    assert read_bytes(tmp_path, data).columns.tolist() == expected


def test_the_caller_decides_about_header_and_encoding(tmp_path):
    data = "6,148,ä\n1,85,ä\n".encode("cp1252")
    frame = read_bytes(tmp_path, data, header=True, encoding="cp1252")
    assert cells(frame) == {"6": [1], "148": [85], "ä": ["ä"]}
    frame = read_bytes(tmp_path, b"a,b\n1,2\n", header=False)
    assert cells(frame) == {"column_1": ["a", "1"], "column_2": ["b", "2"]}
    assert cells(read_bytes(tmp_path, b"5,x\n", header=False)) == {"column_1": [5], "column_2": ["x"]}


def test_the_order_of_dates_can_be_said(tmp_path):
    frame = read_bytes(tmp_path, b"a,b\n1/2/2020,1\n3/4/2020,2\n", date_order="mdy")
    assert frame["a"].dt.month.tolist() == [1, 3]
    with pytest.raises(ParameterError, match="'date_order' parameter must be one of 'dmy', 'mdy', 'ymd'"):
        read_table(tmp_path / "t.csv", date_order="us")


@pytest.mark.parametrize(("encoding", "error", "said"), [
    ("utf-9", ParameterError, "The encoding 'utf-9' does not exist"),
    ("ascii", DataError, "Byte 4 of .* is not ascii"),
])  # fmt: skip
def test_a_wrong_encoding_is_refused(tmp_path, encoding, error, said):
    with pytest.raises(error, match=said):
        read_bytes(tmp_path, "a,b\nä,1\n".encode(), encoding=encoding)


def test_separator_of_the_extension_or_the_caller_decides(tmp_path):
    assert cells(read_bytes(tmp_path, b"a,x\tb\nu,v\t2\n", "t.tsv")) == {"a,x": ["u,v"], "b": [2]}
    ambiguous = b"Euro, net;kg\nu,v;2\n"
    assert cells(read_bytes(tmp_path, ambiguous, separator=";")) == {"Euro, net": ["u,v"], "kg": [2]}
    assert cells(read_bytes(tmp_path, ambiguous, separator=",")) == {"Euro": ["u"], " net;kg": ["v;2"]}
    assert cells(read_bytes(tmp_path, b"a b\n1 2\n", separator=" ")) == {"a": [1], "b": [2]}


@pytest.mark.promise("csv")
@pytest.mark.parametrize(("name", "options"), [("t.tsv", {}), ("t.csv", {"separator": ","})])
def test_wrong_separator_never_gives_one_column(tmp_path, name, options):
    with pytest.raises(
        DataError, match=r"but ';' splits every line into 2 cells; give separator=';' \(--separator\), or quote"
    ):
        read_bytes(tmp_path, b"a;b\n1;2\n", name, **options)
    assert cells(read_bytes(tmp_path, b"a;b\n1;2;3\n", name, **options)) == {"a;b": ["1;2;3"]}


@pytest.mark.parametrize("separator", ["", ";;", '"', "\n"])
def test_separator_that_cannot_be_one_is_refused(separator):
    with pytest.raises(ParameterError, match="'separator' parameter must be one character"):
        read_table("t.csv", separator=separator)


def test_spelling_is_kept_as_json_in_attrs(tmp_path):
    data = b"n,mcg,paid,when,plain,text\n?,0.50,true,2024-01-31,1,?\n3,1.25,false,2024-02-01,,x\n"
    frame = read_bytes(tmp_path, data)
    assert json.loads(json.dumps(frame.attrs)) == {
        "missing_text": {"n": "?"},
        "decimals": {"mcg": 2},
        "boolean_text": {"paid": ["false", "true"]},
        "datetime_format": {"when": "%Y-%m-%d"},
    }
    write_table(frame, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == data
    assert read_bytes(tmp_path, b"a,b\n1,x\n").attrs == {}


@pytest.mark.promise("read back")
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.tsv.bz2", "t.csv.xz", "t.parquet", "T.CSV.GZ"])
def test_every_format_reads_back_equal(tmp_path, name):
    frame = read_bytes(tmp_path, b'i,f,b,d,t\n1,.5,true,2024-01-01,"x\ty,\r""z"\n,1.5,,,\n', "source.csv")
    assert write_table(frame, tmp_path / name) == 2
    again = read_table(tmp_path / name)
    assert again.dtypes.to_dict() == frame.dtypes.to_dict()
    assert cells(again) == cells(frame)


@pytest.mark.promise("read back")
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize("awkward", ["\r", "\n", "\r\n", '"', '""', ",", "\t", "\ufeff", " ", "'", "\\", "NA", "-"])
def test_awkward_text_reads_back_equal(tmp_path, awkward, name):
    frame = pd.DataFrame({"a": [awkward, awkward + "x"], "b": [1, 2]})
    write_table(frame, tmp_path / name)
    assert cells(read_table(tmp_path / name)) == cells(frame)


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
CELLS = st.sampled_from([
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-5, 5).map(str),
    st.floats().map(repr),
    st.decimals(-99, 99, places=2).map(str),
    st.sampled_from(["true", "false"]),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "+05:30"),
    WORDS,
    st.sampled_from(['"', "\r", "\n", ",", ";", "\t", "|", "\ufeff", "NA", "1", "'", " "]),
])  # fmt: skip
MARKS = st.sampled_from(["", "?", "NA", "nan", "-"])


@st.composite
def csv_files(draw):
    """Bytes of a CSV file: columns of one kind each, some with marks, all cells quoted."""
    names = draw(st.lists(WORDS.filter(str.strip), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(1, 6))
    columns = []
    for name in names:
        kind = draw(CELLS)
        cell = draw(st.sampled_from([kind, kind | MARKS, kind | kind | st.just("")]))
        columns.append([name, *draw(st.lists(cell, min_size=rows, max_size=rows))])
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in zip(*columns, strict=True)]
    return "\n".join(lines).encode()


@pytest.mark.promise("read back")
@examples(500, suite=100)
@given(data=csv_files(), name=st.sampled_from(["again.csv", "again.tsv"]), cut=st.integers(0, 6))
def test_written_table_reads_back_equal(tmp_path, data, name, cut, attempt):
    attempt()
    frame = read_bytes(tmp_path, data, header=True)
    assert write_table((frame[:cut], frame[cut:]), tmp_path / name, overwrite=True) == len(frame)
    pd.testing.assert_frame_equal(read_table(tmp_path / name, header=True), frame, check_exact=True)


@pytest.mark.promise("csv")
@examples(500, suite=100)
@given(data=csv_files())
def test_every_cell_of_text_is_kept(tmp_path, data, attempt):
    attempt()
    frame = read_bytes(tmp_path, data, header=True)
    plain = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, na_filter=False, index_col=False)
    for position, name in enumerate(frame.columns):
        if pd.api.types.is_object_dtype(frame[name]) or pd.api.types.is_string_dtype(frame[name]):
            assert frame[name].fillna("").tolist() == plain.iloc[:, position].tolist()


@pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning")
@pytest.mark.promise("csv")
@examples(2000, suite=100)
@given(data=st.text(st.sampled_from('ab1,;"\n\r\t|')).map(str.encode))
def test_any_text_is_a_table_or_a_sentence(tmp_path, data, attempt):
    attempt()
    try:
        frame = read_bytes(tmp_path, data)
    except DataError as error:
        assert str(error).endswith(".")
    else:
        assert len(frame) and len(frame.columns)


def test_parts_are_written_under_one_header_in_turn(tmp_path):
    alive = []

    def parts():
        for start in range(3):
            alive.append((tmp_path / "t.csv").exists())
            yield pd.DataFrame({"a": [start, start]}, index=[7, 7])

    assert write_table(parts(), tmp_path / "t.csv") == 6
    assert (tmp_path / "t.csv").read_text() == "a\n0\n0\n1\n1\n2\n2\n"
    assert alive == [False] * 3
    assert write_table(parts(), tmp_path / "t.parquet") == 6
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 3


def test_more_rows_than_a_block_are_all_written(tmp_path):
    frame = pd.DataFrame({"a": range(25_001), "b": ["x", np.nan] * 12_500 + ["y"]})
    assert write_table(frame, tmp_path / "t.csv") == 25_001
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), frame.astype({"b": pd.Series([""]).dtype}))


def test_parts_of_parquet_take_the_types_of_the_first(tmp_path):
    parts = [pd.DataFrame({"a": [1], "b": [None]}), pd.DataFrame({"a": [2], "b": ["x"]})]
    write_table(parts, tmp_path / "t.parquet")
    assert cells(read_table(tmp_path / "t.parquet")) == {"a": [1, 2], "b": [None, "x"]}
    with pytest.raises(
        DataError, match=r"Column 'a' holds .*string in a later part of the table and int64 in the first"
    ):
        write_table([*parts, pd.DataFrame({"a": ["x"], "b": ["x"]})], tmp_path / "u.parquet")
    with pytest.raises(DataError, match="does not fit into Parquet"):
        write_table(pd.DataFrame({"a": [1, "x"]}), tmp_path / "u.parquet")
    assert names(tmp_path) == ["t.parquet"]


@pytest.mark.promise("read back")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([None, None], [1, 2]),
        (["1"], [True]),
        ([1], ["1"]),
        ([1], [True]),
        ([True], [1]),
        (np.float32([0.5]), [0.1]),
        (pd.Categorical(["x"]), [1]),
        (pd.to_datetime(["2024-01-31"]), [1]),
        (pd.to_datetime(["2024-01-31"]), pd.to_datetime(["2024-01-31"], utc=True)),
        ([0.5], [2**53 + 1]),
        ([1], [1.5]),
    ],
    ids=str,
)
def test_parts_of_parquet_that_one_type_would_change_are_refused(tmp_path, first, second):
    with pytest.raises(DataError, match=r"Column 'a' holds .* in the first, and|does not fit into Parquet"):
        write_table([pd.DataFrame({"a": first}), pd.DataFrame({"a": second})], tmp_path / "t.parquet")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([0.5], [1]),
        ([1], [2.0]),
        ([0.5], np.float32([1.5])),
        (np.int8([1]), [2]),
        (["x"], pd.Categorical(["y"])),
        (pd.Categorical(["x"]), pd.Categorical(["y", "x"])),
        (["x"], pd.Series(["y"], dtype="string[pyarrow]")),
        ([True], [None]),
    ],
    ids=str,
)
def test_parts_of_parquet_that_one_type_holds_are_written(tmp_path, first, second):
    write_table([pd.DataFrame({"a": first}), pd.DataFrame({"a": second})], tmp_path / "t.parquet")
    assert cells(read_table(tmp_path / "t.parquet")) == {"a": [*first, *second]}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([], "no table to write"),
        (pd.DataFrame(index=[0]), "columns"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})], r"columns \['b'\], expected \['a'\]"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' stands twice in the table to write"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "'1' stands twice"),
        (pd.DataFrame([[1]], columns=[""]), "Column 1 in the table to write has no name"),
        ([np.ones((2, 2))], "needs DataFrames but got ndarray"),
        (pd.DataFrame({"a": ["x\0y"]}), r"^Column 'a': CSV cannot hold the NUL character in 'x\\x00y'; remove it"),
        (pd.DataFrame({"a": ["x\ud800"]}, dtype=object), r"UTF-8 has no way to write '\\ud800'"),
    ],
)
def test_tables_that_make_no_file_are_refused(tmp_path, tables, message):
    with pytest.raises(DataError, match=message):
        write_table(tables, tmp_path / "t.csv")
    assert names(tmp_path) == []


def test_number_names_become_text_and_the_table_stays_as_it_was(tmp_path):
    frame = pd.DataFrame(np.eye(2))
    write_table(frame, tmp_path / "t.csv")
    assert frame.columns.tolist() == [0, 1]
    assert (tmp_path / "t.csv").read_text() == "0,1\n1.0,0.0\n0.0,1.0\n"


@pytest.mark.parametrize(
    "names",
    [
        ["\ufeffa", "b"],
        ["a;x", "b;y"],
        ["a|x", "b"],
        ["a\tx"],
        ["a,x"],
        ['"', "\rx"],
        ["a", "b\n;c"],
    ],
)
def test_names_that_could_mislead_a_reader_are_quoted(tmp_path, names):
    frame = pd.DataFrame([["p;q|r"] * len(names)], columns=names)
    write_table(frame, tmp_path / "t.csv")
    assert cells(read_table(tmp_path / "t.csv")) == cells(frame)


@pytest.mark.promise("read back")
@pytest.mark.parametrize("other", [";", "|", "\t"])
def test_another_separator_in_a_name_and_in_each_row_splits_nothing(tmp_path, other):
    frame = pd.DataFrame({"a": ["x", "y"], f"b{other}c": [f"p{other}q", f"r{other}s"]})
    write_table(frame, tmp_path / "t.csv")
    assert cells(read_table(tmp_path / "t.csv")) == cells(frame)


def test_text_too_long_to_be_read_again_is_not_written(tmp_path):
    limit = csv.field_size_limit()
    frame = pd.DataFrame({"a": ["x" * limit, '"' * limit], "b": 1})
    write_table(frame, tmp_path / "t.csv")
    assert cells(read_table(tmp_path / "t.csv")) == cells(frame)
    with pytest.raises(DataError, match=r"'a' holds a text of 131,073 characters, which begins 'xxxx.*; shorten"):
        write_table(pd.DataFrame({"a": ["y", "x" * (limit + 1)], "b": 1}), tmp_path / "u.csv")
    assert names(tmp_path) == ["t.csv"]


def test_table_without_rows_is_a_header(tmp_path):
    assert write_table(pd.DataFrame({"a": [], 'b"': []}), tmp_path / "t.csv") == 0
    assert (tmp_path / "t.csv").read_text() == 'a,"b"""\n'


def test_existing_file_is_kept_unless_overwritten(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("mine")
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(DataError, match=r"t\.csv' exists; choose another name, or .* overwrite=True \(--force\)"):
        write_table(frame, path)
    assert path.read_text() == "mine"
    write_table(frame, path, overwrite=True)
    assert path.read_text() == "a\n1\n"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path):
    usual, ours = tmp_path / "usual", tmp_path / "t.csv"
    usual.touch()
    write_table(pd.DataFrame({"a": [1]}), ours)
    assert stat.S_IMODE(ours.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)
    ours.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(ours)
    write_table(pd.DataFrame({"a": [2]}), link, overwrite=True)
    assert link.is_symlink() and ours.read_text() == "a\n2\n"
    assert stat.S_IMODE(ours.stat().st_mode) == 0o640


def test_a_read_only_file_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("precious")
    monkeypatch.setattr(atomic.os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match=r"t\.csv' cannot be written \(the file there is read-only\); check"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv", overwrite=True)
    assert [f.read_text() for f in tmp_path.iterdir()] == ["precious"]


def test_a_place_in_a_folder_that_is_not_open_is_a_sentence(monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(places.Path, "open", refuse)
    monkeypatch.setattr(places.Path, "stat", refuse)
    with pytest.raises(DataError, match=r"'closed/t\.csv' cannot be read \(Permission denied\); check"):
        read_table("closed/t.csv")
    with pytest.raises(DataError, match=r"'closed/t\.csv' cannot be written \(Permission denied\); check"):
        write_table(pd.DataFrame({"a": [1]}), "closed/t.csv")


@pytest.mark.promise("signals")
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_interrupted_writing_leaves_the_old_file_and_no_other(tmp_path, error, name):
    def parts():
        yield pd.DataFrame({"a": [1]})
        assert len(names(tmp_path)) == 2  # the new one is in the same folder
        raise error

    (tmp_path / name).write_text("mine")
    with pytest.raises(error):
        write_table(parts(), tmp_path / name, overwrite=True)
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_same_table_gives_the_same_compressed_bytes(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    write_table(frame, tmp_path / "one.csv.gz")
    write_table(frame, tmp_path / "two.csv.gz")
    one = (tmp_path / "one.csv.gz").read_bytes()
    assert one == (tmp_path / "two.csv.gz").read_bytes()
    assert one[4:8] == bytes(4)  # no time of writing


@pytest.mark.parametrize("name", ["t.json", "t", "t.gz", "t.parqet"])
def test_unknown_format_is_not_written(tmp_path, name):
    with pytest.raises(DataError, match=r"has no known format; let its name end in \.csv, \.tsv, \.parquet"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / name)


COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.promise("csv")
@pytest.mark.parametrize("extension", COMPRESS)
def test_damage_after_the_first_of_several_compressed_parts_is_found(tmp_path, extension):
    first, second = (COMPRESS[extension](part) for part in (b"a,b\n1,2\n", b"3,4\n" * 9))
    name = f"t.csv.{extension}"
    assert len(read_bytes(tmp_path, first + second, name)) == 10
    damaged = bytes([*second[:-6], second[-6] ^ 1, *second[-5:]])
    for rest in (second[:-3], second[:2], b"XX" + second, second[:1] + b"X" + second[2:], damaged):
        with pytest.raises(DataError, match=rf"'.*{name}' cannot be read \(.+\); check that it is whole"):
            read_bytes(tmp_path, first + rest, name)


@pytest.mark.parametrize("extension", COMPRESS)
def test_compressed_file_of_nothing_is_empty(tmp_path, extension):
    for data in (b"", COMPRESS[extension](b"")):
        with pytest.raises(DataError, match="is empty; give a file with a header line"):
            read_bytes(tmp_path, data, f"t.csv.{extension}")


def test_zeros_between_parts_of_xz_are_padding(tmp_path):
    first, second = lzma.compress(b"a,b\n1,2\n"), lzma.compress(b"3,4\n")
    assert len(read_bytes(tmp_path, first + bytes(8) + second + bytes(4), "t.csv.xz")) == 2
    with pytest.raises(DataError, match="cannot be read"):
        read_bytes(tmp_path, first + bytes(3) + second, "t.csv.xz")


def test_places_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(DataError, match=r"There is no file '.*none\.csv'; check the spelling"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder; name a file in it"):
        read_table(tmp_path)
    with pytest.raises(DataError, match=r"'.*t\.csv\.gz' cannot be read"):
        read_bytes(tmp_path, b"a\n1\n", "t.csv.gz")
    with pytest.raises(DataError, match=r"'.*t\.csv\.gz' cannot be read"):
        read_bytes(tmp_path, gzip.compress(b"a\n1\n")[:-9], "t.csv.gz")
    with pytest.raises(DataError, match=r"'.*t\.parquet' is not a sound Parquet file"):
        read_bytes(tmp_path, b"PAR1 nonsense", "t.parquet")
    with pytest.raises(DataError, match=r"'nowhere://t\.csv' cannot be read \(.*nowhere"):
        read_table("nowhere://t.csv")
    with pytest.raises(DataError, match=r"There is no file 'memory://ganaug/none\.csv'"):
        read_table("memory://ganaug/none.csv")


@pytest.mark.promise("full disk")
def test_places_that_cannot_be_written_are_named(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(DataError, match=r"d\.csv' is a folder"):
        write_table(frame, tmp_path / "d.csv", overwrite=True)
    with pytest.raises(DataError, match=r"t\.csv' cannot be written \(No such file or directory\)"):
        write_table(frame, tmp_path / "none" / "t.csv")
    with pytest.raises(DataError, match=r"'nowhere://t\.csv' cannot be written \(.*nowhere"):
        write_table(frame, "nowhere://t.csv")
    with pytest.raises(DataError, match=r"t\\x00\.csv' cannot be written \(no name may hold a NUL\); choose another"):
        write_table(frame, f"{tmp_path}/t\0.csv")
    with pytest.raises(DataError, match=r"t\\x00\.csv' cannot be read \(embedded null byte\)"):
        read_table(f"{tmp_path}/t\0.csv")


@pytest.mark.promise("full disk")
def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"t\.csv' cannot be written \(No space left on device\)"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv")
    assert names(tmp_path) == []


def test_unreadable_file_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "t.csv").write_text("a\n1\n")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"t\.csv' cannot be read \(Permission denied\)"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv.gz", "t.parquet"])
def test_url_is_written_whole_and_read_back(name):
    url = f"memory://ganaug-files/{name}"
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None]})

    def broken():
        yield frame
        raise RuntimeError

    memory = fsspec.filesystem("memory")
    try:
        with pytest.raises(RuntimeError):
            write_table(broken(), url)
        assert not memory.exists(url)
        assert write_table(frame, url) == 2
        pd.testing.assert_frame_equal(read_table(url), frame)
        with pytest.raises(DataError, match="exists"):
            write_table(frame, url)
        assert write_table(frame[:1], url, overwrite=True) == 1
        assert len(read_table(url)) == 1
    finally:
        memory.rm("/ganaug-files", recursive=True)


def test_chained_url_keeps_its_extension(tmp_path):
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(b"a,b\tc\n1\t2\n"))
    assert cells(read_table(f"simplecache::file://{(tmp_path / 't.tsv.gz').as_posix()}")) == {"a,b": [1], "c": [2]}


class Stream:
    def __init__(self, data=b""):
        self.buffer = io.BytesIO(data)

    def flush(self):
        pass


def test_dash_is_the_standard_streams(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stream(b"a;b\n1;x\n"))
    monkeypatch.setattr(sys, "stdout", out := Stream())
    assert write_table(read_table("-"), "-") == 1
    assert out.buffer.getvalue() == b"a;b\n1;x\n"
    monkeypatch.setattr(sys, "stdin", Stream(b""))
    with pytest.raises(DataError, match=r"^standard input is empty"):
        read_table("-")


def test_broken_pipe_of_standard_output_is_left_to_the_caller(monkeypatch):
    class Closed(io.BytesIO):
        def write(self, data):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", out := Stream())
    out.buffer = Closed()
    with pytest.raises(BrokenPipeError):
        write_table(pd.DataFrame({"a": [1]}), "-")


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device")
def test_device_is_written_to_and_not_replaced():
    assert write_table(pd.DataFrame({"a": [1]}), "/dev/null") == 1
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_parquet_dtypes_stay_as_they_are(tmp_path):
    frame = pd.DataFrame({
        "c": pd.Categorical(["x", "y", "x"], categories=["y", "x", "z"]),
        "i": np.array([1, 2, 3], dtype="int8"),
        "n": pd.array([1, None, 3], dtype="Int32"),
        "z": pd.to_datetime(["2024-01-01", None, "2024-01-03"], utc=True),
    })  # fmt: skip
    write_table((frame[:1], frame[1:]), tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), frame)


WHOLE = 2**53 + 1  # between two floats


@pytest.mark.promise("read back")
@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (pa.array([WHOLE, None, -1]), "Int64"),
        (pa.array([2**64 - 1, None], pa.uint64()), "UInt64"),
        (pa.array([127, None], pa.int8()), "Int8"),
        (pa.array([WHOLE, 2]), "int64"),
        (pa.array([True, None, False]), "boolean"),
        (pa.array([True, False]), "bool"),
        (pa.array([WHOLE, None, 3]).dictionary_encode(), "Int64"),
        (pa.array([{"x": WHOLE}, {"x": None}, None]), object),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_gaps_in_parquet_of_another_program_change_no_whole_number(tmp_path, cells, dtype):
    pq.write_table(pa.table({"a": cells}), tmp_path / "t.parquet")
    column = read_table(tmp_path / "t.parquet")["a"]
    assert column.dtype == dtype
    assert [None if value is pd.NA or value != value else value for value in column.tolist()] == cells.to_pylist()


def test_gaps_in_a_list_of_parquet_change_no_whole_number(tmp_path):
    pq.write_table(pa.table({"a": pa.array([[WHOLE, None]])}), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["a"][0].tolist() == [WHOLE, None]


@pytest.mark.promise("read back")
def test_gaps_in_a_later_part_of_parquet_change_no_whole_number(tmp_path):
    parts = [pd.DataFrame({0: [WHOLE], 1: [True]}), pd.DataFrame({0: [None], 1: [None]})]
    write_table(parts, tmp_path / "t.parquet")
    again = read_table(tmp_path / "t.parquet")
    assert again.dtypes.astype(str).tolist() == ["Int64", "boolean"]
    assert cells(again) == {"0": [WHOLE, None], "1": [True, None]}


@pytest.mark.promise("read back")
@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (pd.Index(["k", "l"], name="id"), {"id": ["k", "l"], "x": [1, 2]}),
        (pd.RangeIndex(2, name="id"), {"id": [0, 1], "x": [1, 2]}),
        (pd.Index(["k", "l"]), {"index": ["k", "l"], "x": [1, 2]}),
        (
            pd.MultiIndex.from_tuples([(3, "k"), (4, "l")], names=["n", "id"]),
            {"n": [3, 4], "id": ["k", "l"], "x": [1, 2]},
        ),
        (pd.Index([7, 9]), {"x": [1, 2]}),
    ],
)
def test_an_index_that_says_something_is_read_from_parquet_as_columns(tmp_path, index, columns):
    pd.DataFrame({"x": [1, 2]}, index=index).to_parquet(tmp_path / "t.parquet")
    assert cells(read_table(tmp_path / "t.parquet")) == columns


def test_an_index_of_parquet_with_the_name_of_a_column_is_refused(tmp_path):
    pd.DataFrame({"x": [1, 2]}, index=pd.Index(["k", "l"], name="x")).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="cannot insert x, already exists"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("said", [b"nonsense", b'{"index_columns": 5}', b'{"columns": [5]}', b"[]", b"{}"])
def test_parquet_that_says_nonsense_about_pandas_is_a_table_or_a_sentence(tmp_path, said):
    table = pa.table({"a": [1, None]}).replace_schema_metadata({b"pandas": said})
    pq.write_table(table, tmp_path / "t.parquet")
    try:
        assert cells(read_table(tmp_path / "t.parquet")) == {"a": [1, None]}
    except DataError as error:
        assert "is not a sound Parquet file" in str(error)


# --- spreadsheets ---

FIRST = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def formulas():
    """Text that runs, and numbers that only look like it."""
    return pd.DataFrame({
        "=name": ["=1+1", "@SUM(A1)", "harmless", None],
        "number": [-1.5, 2.0, -3.0, np.nan],
        "kind": pd.Categorical(["-x", "+y", "-x", "z"]),
        "mixed": pd.Series([-1, "-1", "\t=1", True], dtype=object),
        "boxed": pd.Series([np.int64(-5), np.float32(-1.5), Decimal("-3.0"), -2.5], dtype=object),
        "took": pd.to_timedelta([-1, 1, 2, None], unit="D"),
    })  # fmt: skip


@pytest.mark.promise("spreadsheets")
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
def test_a_safe_table_holds_no_formula_and_its_numbers_are_untouched(tmp_path, name):
    frame = formulas()
    frame.attrs = {"missing_text": {"number": "-"}}
    write_table(frame, tmp_path / name, spreadsheet_safe=True)
    again = read_table(tmp_path / name)
    texts = [text for column in again for text in [column, *again[column].dropna()] if isinstance(text, str)]
    assert not [text for text in texts if text.startswith(FIRST) and text != "-1"]
    assert again.columns[0] == "'=name" and again["'=name"].tolist()[:3] == ["'=1+1", "'@SUM(A1)", "harmless"]
    assert again["kind"].tolist() == ["'-x", "'+y", "'-x", "z"]
    assert again["mixed"].tolist() == ["-1", "'-1", "'\t=1", "True"]
    pd.testing.assert_series_equal(again["number"], frame["number"])
    assert again["boxed"].tolist() == [-5, -1.5, -3, -2.5]


@pytest.mark.promise("spreadsheets")
@examples(500, suite=100)
@given(cells=st.lists(st.text(st.sampled_from("=+-@\t\r'\"ab1,＝\n"), max_size=4), min_size=1, max_size=5))
def test_no_text_gets_past_the_apostrophe(tmp_path, cells, attempt):
    attempt()
    write_table(pd.DataFrame({"a": ["x", *cells]}), tmp_path / "t.csv", overwrite=True, spreadsheet_safe=True)
    assert not read_table(tmp_path / "t.csv")["a"].fillna("").str.startswith(FIRST).any()


@pytest.mark.filterwarnings("default")
def test_formulas_are_counted_in_a_warning(tmp_path):
    with pytest.warns(DataWarning, match=r"^9 cells of '.*t\.csv' begin like a formula .*--spreadsheet-safe"):
        write_table(formulas(), tmp_path / "t.csv")


@pytest.mark.parametrize(
    "attrs",
    [
        {"decimals": {"z": "x"}},
        {"decimals": 5},
        {"missing_text": {"z": 5}},
        {"missing_text": 3},
        {"datetime_format": {"d": 5}},
        {"column_order": 3},
        {"boolean_text": {"b": np.zeros(2)}},
    ],
    ids=str,
)
def test_notes_that_make_no_sense_spell_nothing(tmp_path, attrs):
    frame = pd.DataFrame({"b": [True, False], "z": [0.5, None], "d": pd.to_datetime(["2024-01-31", None])})
    frame.attrs = attrs
    write_table(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "b,z,d\nTrue,0.5,2024-01-31 00:00:00\nFalse,,\n"


@pytest.mark.promise("read back")
def test_rows_of_which_a_column_is_all_missing_read_back_missing(tmp_path):
    frame = read_bytes(tmp_path, b"a,b\n?,0\n1,1\n")
    write_table(frame[:1], tmp_path / "one.csv")
    assert cells(read_table(tmp_path / "one.csv")) == {"a": [None], "b": [0]}
    write_table(frame.assign(a=["x", None]), tmp_path / "text.csv")
    assert cells(read_table(tmp_path / "text.csv")) == {"a": ["x", None], "b": [0, 1]}


@pytest.mark.promise("spreadsheets")
@pytest.mark.parametrize("spelling", [["=1+1", "@x"], ["no", "yes"], ["x"], 5])
def test_no_note_spells_booleans_as_anything_else(tmp_path, spelling):
    frame = pd.DataFrame({"b": [True, False]})
    frame.attrs["boolean_text"] = {"b": spelling}
    write_table(frame, tmp_path / "t.csv", spreadsheet_safe=True)
    assert (tmp_path / "t.csv").read_text().split() == ["b", "True", "False"]


@pytest.mark.filterwarnings("error")
def test_parquet_needs_no_warning(tmp_path):
    write_table(formulas()[["=name", "number"]], tmp_path / "t.parquet", spreadsheet_safe=True)
    assert read_table(tmp_path / "t.parquet")["=name"].tolist()[0] == "=1+1"


def test_decimal_numbers_of_later_parts_may_have_more_digits(tmp_path):
    parts = [pd.DataFrame({"d": [Decimal(text)]}, dtype=object) for text in ("1.50", "-12345678.25", "0.75")]
    assert write_table(parts, tmp_path / "d.parquet") == 3
    assert read_table(tmp_path / "d.parquet")["d"].tolist() == [part["d"][0] for part in parts]
