"""Columns that were not changed are written as they were read, in the dialect of their file."""

from __future__ import annotations

import pickle
import warnings

import pandas as pd
import pytest

from ganaug import DataError, DataWarning, ParameterError, read_table, write_table
from ganaug.files.notes import valid_notes

ROWS = [
    "n;sci;when;day;m;label",
    '2.50;1e5;2021-03-01 10:00:00.5;13.02.2023;NA;"a;b"',
    "22;1000000;2021-03-02 10:00:00.123;1.2.2023;;c",
    '-0.0;1E+3;2021-03-03 10:00:00.25;03.02.2023;?;"say ""x"""',
    "7;2.0;2021-03-04 10:00:00.75;14.2.2023;5;ä",
]

DIALECTS = {
    "usual": (",", "utf-8", "\n"),
    "German": (";", "cp1252", "\r\n"),
    "marked": (",", "utf-8-sig", "\r\n"),
    "tabs": ("\t", "utf-8", "\n"),
    "old Macintosh": (";", "utf-8", "\r"),
    "wide": (",", "utf-16", "\r\n"),
    "bars": ("|", "utf-8", "\n"),
}


def lines(separator, rows=ROWS):
    return [row if separator == ";" else swap(row, separator) for row in rows]


def swap(row, separator):
    return separator.join(
        cell.replace("a;b", f"a{separator}b")
        for cell in row.replace("a;b", "\0").split(";")
        for cell in [cell.replace("\0", "a;b")]
    )


def text_of(separator, encoding, end, rows=ROWS):
    return "".join(line + end for line in lines(separator, rows)).encode(encoding)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_was_read_is_written_to_the_byte(tmp_path, dialect):
    file = tmp_path / "t.csv"
    file.write_bytes(text_of(*dialect))
    encoding = "cp1252" if dialect[1] == "cp1252" else None
    write_table(read_table(file, keep_text=True, encoding=encoding), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_dialect_is_kept_without_the_text(tmp_path, dialect):
    file = tmp_path / "t.csv"
    file.write_bytes(text_of(*dialect))
    table = read_table(file, encoding="cp1252" if dialect[1] == "cp1252" else None)
    assert set(table.attrs.get("dialect", {})) == {
        name
        for name, value, usual in zip(("separator", "encoding", "line_end"), dialect, (",", "utf-8", "\n"), strict=True)
        if value != usual
    }
    write_table(table, tmp_path / "again.csv")
    again = (tmp_path / "again.csv").read_bytes()
    header = text_of(*dialect, rows=ROWS[:1])
    assert again.startswith(header)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "again.csv", encoding=table.attrs.get("dialect", {}).get("encoding")), table
    )


def test_columns_that_were_changed_are_written_as_they_are_now(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(text_of(";", "utf-8", "\n"))
    table = read_table(file, keep_text=True)
    table["n"] = table["n"] * 2
    write_table(table, tmp_path / "again.csv")
    again = (tmp_path / "again.csv").read_text().splitlines()
    assert [line.split(";")[0] for line in again[1:]] == ["5.0", "44.0", "-0.0", "14.0"]
    assert [line.split(";")[1] for line in again[1:]] == ["1e5", "1000000", "1E+3", "2.0"]


def test_cells_that_were_changed_in_place_are_written_as_they_are_now(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(text_of(";", "utf-8", "\n"))
    table = read_table(file, keep_text=True)
    table.iloc[0, table.columns.get_loc("n")] = 99.5
    write_table(table, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text().splitlines()[1].startswith("99.5;1e5;")


def test_other_rows_are_not_taken_for_those_that_were_read(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(text_of(";", "utf-8", "\n"))
    table = read_table(file, keep_text=True)
    write_table(table.iloc[::-1], tmp_path / "again.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "again.csv"), table.iloc[::-1].reset_index(drop=True))
    assert "1e5" not in (tmp_path / "again.csv").read_text()


def test_the_text_survives_copies_but_is_no_note_of_a_model(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(text_of(";", "utf-8", "\n"))
    table = read_table(file, keep_text=True)
    assert table.copy(deep=True).attrs["text"] is table.attrs["text"]
    assert "text" not in valid_notes(table.attrs)
    write_table(pickle.loads(pickle.dumps(table)), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


def test_a_dialect_can_be_asked_for(tmp_path):
    table = pd.DataFrame({"a": ["x;y", "ä"], "b": [1, 2]})
    write_table(table, tmp_path / "t.csv", separator=";", encoding="cp1252")
    assert (tmp_path / "t.csv").read_bytes() == 'a;b\n"x;y";1\nä;2\n'.encode("cp1252")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";;"}, "'separator' parameter must be one character"),
        ({"encoding": "latin-x"}, "encoding 'latin-x' does not exist"),
        ({"encoding": "rot13"}, "encoding 'rot13' does not exist"),
    ],
)
def test_an_impossible_dialect_is_refused(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv", **options)
    assert not list(tmp_path.iterdir())


def test_a_character_that_the_encoding_lacks_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cp1252 has no way to write '→'.*encoding='utf-8'"):
        write_table(pd.DataFrame({"a": ["→"]}), tmp_path / "t.csv", encoding="cp1252")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "dialect", [{"separator": ""}, {"encoding": "nix"}, {"line_end": "x"}, {"more": "x"}, "x", {"separator": 1}]
)
def test_an_unsound_dialect_is_no_note(dialect):
    assert "dialect" not in valid_notes({"dialect": dialect})


# --- what a user says of numbers and marks ---


def write(tmp_path, *rows):
    file = tmp_path / "t.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def test_a_few_words_beside_numbers_are_said_with_the_cure(tmp_path):
    rows = [f"{i},{'ab'[i % 2]}" for i in range(40)]
    with pytest.warns(
        DataWarning, match=r"'n' holds numbers beside 'Indef.', text until you say na=\['Indef.'\] \(--na\)"
    ):
        assert read_table(write(tmp_path, "n,label", *rows, "Indef.,a"))["n"].tolist()[-1] == "Indef."
    read_table(write(tmp_path, "n,label", *rows, *(f"word{i},a" for i in range(20))))  # a column of text


def test_a_mark_that_the_user_names_is_missing_and_comes_back(tmp_path):
    file = write(tmp_path, "games,label", "1,a", "Indef.,b", "3,a")
    assert read_table(file)["games"].tolist() == ["1", "Indef.", "3"]
    table = read_table(file, na=["Indef."])
    assert table["games"].isna().tolist() == [False, True, False] and table["games"].dtype == "Int64"
    write_table(table, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


COMMAS = {
    "thousands, unless told": ({}, ["1,234", "2,500"], [1234, 2500]),
    "the decimal": ({"decimal": ","}, ["1,234", "2,5"], [1.234, 2.5]),
    "the decimal beside thousands": ({"decimal": ",", "thousands": "."}, ["1.001,5", "2,5"], [1001.5, 2.5]),
}


@pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning")
@pytest.mark.parametrize(("options", "cells", "values"), COMMAS.values(), ids=COMMAS)
def test_a_comma_is_what_the_user_says(tmp_path, options, cells, values):
    file = write(tmp_path, "x;label", *(f"{cell};a" for cell in cells))
    table = read_table(file, **options)
    assert table["x"].tolist() == values
    write_table(table, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


def test_a_point_is_what_the_user_says(tmp_path):
    file = write(tmp_path, "x;n;label", "1.234;7;a", "2.500;8;b")
    assert read_table(file)["x"].tolist() == [1.234, 2.5]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read_table(file, thousands=".")
    assert table["x"].tolist() == [1234, 2500] and table["n"].tolist() == [7, 8]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": ";"}, "'decimal' parameter must be '.' or ','"),
        ({"thousands": "x"}, "'thousands' one of"),
        ({"decimal": ",", "thousands": ","}, "are both ','"),
        ({"na": "x"}, "'na' parameter must be a list"),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        read_table(write(tmp_path, "x,label", "1,a"), **options)


@pytest.mark.parametrize("cells", [["1", ".5", "-.25"], [".50", ".25", "1.75"], ["0.5", "0.25", "1"]])
def test_numbers_below_one_keep_or_lack_their_zero(tmp_path, cells):
    file = write(tmp_path, "x,label", *(f"{cell},a" for cell in cells))
    write_table(read_table(file), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


def test_dates_with_zeros_in_some_cells_only_are_dates(tmp_path):
    file = write(tmp_path, "day,label", "12/8/2012,a", "29/08/2004,b", "3/11/2004,a", "30/1/2004,a")
    table = read_table(file, keep_text=True)
    assert table["day"].dt.month.tolist() == [8, 8, 11, 1]
    write_table(table, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


def test_numbers_beside_many_other_texts_are_said_to_stay_text(tmp_path):
    (tmp_path / "t.csv").write_text("n,y\n" + "".join(f"{i}{'*' * (i % 8 == 0)},a\n" for i in range(80)))
    with pytest.warns(DataWarning, match=r"'n' holds numbers beside 10 texts such as '0\*', and stays text until you"):
        read_table(tmp_path / "t.csv")


def test_the_separator_that_a_first_line_names_is_taken_and_said(tmp_path):
    file = write(tmp_path, "sep=;", "a;b", "1,5;x", "2,5;y")
    with pytest.warns(DataWarning, match="its first line says that ';' divides cells"):
        table = read_table(file)
    assert table.values.tolist() == [[1.5, "x"], [2.5, "y"]]


def test_lines_that_are_quoted_as_a_whole_are_unwrapped_and_said(tmp_path):
    file = write(tmp_path, '"a,b"', '"1,x"', '"2,""y"""')
    with pytest.warns(DataWarning, match="its lines are quoted as a whole"):
        assert read_table(file).values.tolist() == [[1, "x"], [2, "y"]]
    table = read_table(write(tmp_path, '"a"', '"1, and"', '"2"'))  # a column of texts
    assert table["a"].tolist() == ["1, and", "2"]
