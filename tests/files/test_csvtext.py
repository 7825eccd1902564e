"""Arrow's reader gives the cells that the reader of Python gives, wherever it is used."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from ganaug.files import csvtext

CELLS = st.text(st.characters(blacklist_characters='"\r\n\0', blacklist_categories=["Cs"]), max_size=6)


@st.composite
def files(draw):
    """A table of equally wide rows, as text, and what stands between its cells."""
    separator = draw(st.sampled_from(csvtext.SEPARATORS))
    width = draw(st.integers(2, 4))
    cells = CELLS.map(lambda cell: cell.replace(separator, ""))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=2, max_size=8))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    last = draw(st.sampled_from([end, ""]))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return (mark + end.join(separator.join(row) for row in rows) + last).encode(), separator


@unhurried
@given(files())
def test_both_readers_give_the_same_cells(file):
    data, separator = file
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    expected = [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
    columns = csvtext._read_plain(data, separator, len(expected[0]))
    if columns is not None:
        assert [list(row) for row in zip(*(cells.to_pylist() for cells in columns), strict=True)] == expected[1:]


@pytest.mark.parametrize(
    "data",
    [b'a,b\n"1",2\n', b"a,b\n1\n", b"a,b\n\n1,2\n", b"\na,b\n1,2\n", b"a,b\r1,2\r", b"a,b\n1,2\n\n", b"a,b\n1,2,3\n"],
)
def test_what_arrow_could_read_in_another_way_is_left_to_python(data):
    assert csvtext._read_plain(data, ",", 2) is None


def test_most_files_are_read_by_arrow():
    assert csvtext._read_plain("a;b\r\n1;é\r\n;\r\n".encode(), ";", 2)[1].to_pylist() == ["é", ""]
    assert csvtext._read_plain(b"a,b\n" + b"x" * 200_000 + b",1\n", ",", 2) is None  # longer than a cell may be
