"""Read and write tables: CSV, whose text cells ganaug types, Parquet, and others to read.

`pandas.read_csv` changes data without a word: it shifts columns when rows are one field too long, drops labels called
``NA``, turns ``00123`` into 123, rounds large integers. Here a file is read as it is written, or refused by line.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from ..errors import DataError, DataWarning, ParameterError
from ..messages import join_names
from .cells import Reading, find_odd_words, parse_cells
from .csvtext import TextTable, check_names, format_header, format_rows, parse_csv
from .dates import ORDERS
from .dialect import Dialect, find_line_end, is_sound_dialect
from .encodings import decode_text
from .formats import READERS, ZIP, sniff, unzip
from .formatting import format_cells
from .formulas import escape_formulas, is_formula
from .kept import CellTexts
from .notes import valid_notes
from .parquet import write_parquet
from .places import compressed, extensions, is_device, open_output, read_bytes

_FORMATS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": ",", ".parquet": "", ".pq": ""}  # "": not text
_ODD_WORDS = 3  # beside numbers, up to which all of them are named
_BLOCK = 10_000  # rows spelled at a time
_LOOKED_AT = 1000  # cells among which the most telling is looked for


def read_table(  # noqa: PLR0913 - each overrules one thing that is assumed of a file
    path: str | os.PathLike[str],
    *,
    separator: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    date_order: str | None = None,
    na: Sequence[str] = (),
    thousands: str | None = None,
    decimal: str | None = None,
    keep_text: bool = False,
) -> pd.DataFrame:
    r"""Read a table file without changing any value.

    Parameters
    ----------
    path : str or path-like
        A local file, a URL that fsspec knows (``s3://``, ``https://``, ...), or ``"-"`` for CSV on standard input.
        ``.parquet`` and ``.pq`` are Parquet, whose dtypes stay as they are, those of whole numbers and booleans with
        gaps as pandas' nullable ones; an index that is more than row numbers comes first, as a column. So are
        ``.feather``, ``.arrow`` and ``.orc``; ``.json`` is a list of objects, and ``.jsonl`` one in each line; of
        ``.xlsx`` and ``.ods`` the first sheet is read, for which pandas needs openpyxl or odfpy. Everything else is
        text. ``.gz``, ``.bz2`` and ``.xz`` are decompressed, and a ``.zip`` with a single file is unpacked.
    separator : str of length 1, optional
        Separator of the cells of a text file. By default a tab in ``.tsv`` and ``.tab`` files; elsewhere the
        one of ``, ; | tab`` at which the header line and every row split into the same number of cells, or runs of
        blanks, which count as a tab.
    header : bool, optional
        Whether the first line of a text file names the columns. By default it does, unless it is a row like the
        others: a number over numbers, and over text one of the texts below it.
    encoding : str, optional
        Encoding of a text file, such as "cp1252". By default UTF-8, or that of a byte order mark, or what the bytes
        look like.
    date_order : {"dmy", "mdy", "ymd"}, optional
        Order of day, month and year in columns of dates that may have several, such as 1/2/2020; they are text without
        it.
    na : sequence of str, default=()
        Further marks of missing cells in columns of numbers, booleans and dates, such as "Indef.".
    thousands, decimal : str, optional
        Separators of all numbers, where they could be read in several ways: ``decimal=","`` reads 1,234 as one and a
        bit, and ``thousands="."`` reads 1.234 as more than a thousand.
    keep_text : bool, default=False
        Whether to keep the text of all cells in ``frame.attrs["text"]``. `write_table` then writes columns that have
        not been changed as they were, such as ``1e5`` and ``2.50``, at the cost of memory.

    Returns
    -------
    pandas.DataFrame, shape (n, d)
        A column of a text file gets the first type that all its cells have:

        * whole numbers: int64, or uint64 beyond it; longer ones are text;
        * decimal numbers: float64, each equal to ``float(text)``; a column with a number that floats cannot hold,
          such as 1e999, or a whole one whose digits they would change, such as 9007199254740993, is text;
        * true/false, True/False or TRUE/FALSE: bool;
        * ISO dates and times of one form (``2024-01-31``, ``2024-01-31T12:30:00.5+02:00``): datetime64[us], with the
          time zone they share, if any; dates in other orders, also with the names of months, with times and AM or PM,
          such as ``13.02.2023`` or ``3/20/2014 2:27 PM``, if one order alone fits: datetime64[us];
        * numbers with a currency before or a unit behind, with thousands separators, a decimal comma, or parentheses
          for a minus, such as ``$1,234.50``, ``27 %``, ``1.234,5``: numbers, if all are spelled in one way;
        * anything else, such as ``00123`` or ``+5``: text, byte for byte, in the default string dtype of the running
          pandas.

        Blanks around all cells of a column alike, up to a fixed width, or around a few, do not count in all types but
        the last. An empty cell is missing (quoted or not: CSV cannot tell them apart). In columns of those types so are
        blank cells, cells of signs alone (``?``, ``-``, ``.``, ``**``), and ``NA``, ``N/A``, ``NaN``, ``null``,
        ``None``, ``missing``, ``unknown``, ``#N/A`` and their like in any case; in text these are words. Integers and
        booleans with missing cells have pandas' nullable dtypes.

        How the cells were spelled is kept in ``frame.attrs``, as JSON data, for `write_table`; keys with nothing to
        remember are absent:

        * ``missing_text``: column -> the mark of most missing cells, unless that is the empty cell;
        * ``own_mark``: column -> the same, for a mark that `na` named;
        * ``padding``: column -> [blanks before, blanks after] every cell;
        * ``aligned``: column -> ["left" or "right", width], where blanks fill up every cell to that width;
        * ``decimals``: column -> number of decimals, where all cells have equally many;
        * ``whole``: column -> True, where whole numbers among others have no decimals;
        * ``bare_point``: column -> True, where numbers below 1 begin with the point, as in ``.5``;
        * ``number_form``: column -> what stands around its numbers, their separators, and the form of negative ones;
        * ``date_form``: column -> order, separators and zeros of dates in other forms than ISO's;
        * ``datetime_format``: column -> strftime format, with the time zone in literal form at the end;
        * ``boolean_text``: column -> [text of False, text of True], unless these are False and True;
        * ``left_out``: positions of columns of the file that hold nothing to learn, counted from 0;
        * ``dialect``: "separator", "encoding" and "line_end" of the file, where they are not the usual ones.

    Raises
    ------
    DataError
        The file cannot be opened, is no text in a known encoding, has no rows, a row with too many or too few cells, a
        blank line among the rows of a single column, a quote that is never closed, or could be split in several ways.
    ParameterError
        `separator` is not one character, there is no such `encoding`, or numbers have no such separators.

    Warns
    -----
    DataWarning
        Something was assumed: an encoding, that cells are divided by blanks, that blank lines are no rows, that there
        is no header line, a name for a column without one or with that
        of another, that a first column without a name, each cell different, numbers the rows and is left out, or that
        text spells numbers.

    See Also
    --------
    write_table : Writes a table that `read_table` reads back equal.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from ganaug import read_table
    >>> file = pathlib.Path(tempfile.mkdtemp(), "loans.csv")
    >>> _ = file.write_text("code,amount,paid\n007,1.50,true\n012,?,false\n")
    >>> table = read_table(file)
    >>> table["code"].tolist(), table["amount"].tolist(), table["paid"].tolist()
    (['007', '012'], [1.5, nan], [True, False])
    """
    _check_separator(separator)
    if date_order not in (None, *ORDERS):
        raise ParameterError(
            f"The 'date_order' parameter must be one of {', '.join(map(repr, ORDERS))}. Got {date_order!r} instead."
        )
    _check_numbers(thousands, decimal)
    if isinstance(na, str):
        raise ParameterError(f"The 'na' parameter must be a list of marks, such as [{na!r}]. Got {na!r} instead.")
    path = os.fspath(path)
    name = "standard input" if path == "-" else repr(path)
    data = read_bytes(path)
    extension = extensions(path)[0]
    if data.startswith(ZIP) and extension not in READERS:
        data, extension = unzip(data, name)
    reader = READERS.get(sniff(data, extension))
    if reader is not None:
        return reader(data, name)
    by_name = _FORMATS.get(extension, ",")
    decoded = decode_text(data, name, encoding)
    parsed = parse_csv(decoded.text, name, separator or (by_name if by_name == "\t" else None), header)
    assumed = [f"its bytes look like {decoded.encoding} text"] if decoded.guessed else []
    frame, unclear = _type_columns(parsed, Reading(date_order, tuple(na), thousands, decimal))
    if dialect := Dialect(parsed.separator, decoded.encoding, find_line_end(decoded.text)).to_note():
        frame.attrs["dialect"] = dialect
    if parsed.left_out:
        frame.attrs["left_out"] = parsed.left_out
    if keep_text:
        texts = zip(parsed.names, parsed.columns, strict=True)
        frame.attrs["text"] = CellTexts(dict(texts), {column: frame[column] for column in parsed.names})
    if assumed := assumed + parsed.notes + _describe_forms(frame, parsed) + unclear:
        warnings.warn(f"{name}: {'; '.join(assumed)}.", DataWarning, stacklevel=2)
    return frame


def _check_numbers(thousands: str | None, decimal: str | None) -> None:
    """Raise ParameterError for separators that no numbers have."""
    if decimal not in (None, ".", ",") or thousands not in (None, ".", ",", "'", " ", "\u00a0", "\u202f"):
        raise ParameterError(
            "The 'decimal' parameter must be '.' or ',', and 'thousands' one of , . ' or a blank. Got "
            f"{decimal!r} and {thousands!r} instead."
        )
    if thousands is not None and thousands == (decimal or ("." if thousands == "," else ",")):
        raise ParameterError(f"The 'decimal' and 'thousands' parameters are both {thousands!r}; give different ones.")


def _describe_forms(frame: pd.DataFrame, parsed: TextTable) -> list[str]:
    """Return which columns hold numbers that are spelled as text, in words."""
    found = []
    for column in frame.attrs.get("number_form", {}):
        cells = parsed.columns[parsed.names.index(column)].filter(pa.array(frame[column].notna().to_numpy()))
        example = max(cells[:_LOOKED_AT].to_pylist(), key=len).strip()
        found.append(f"{column!r} holds numbers, such as {example!r}")
    return found


def _type_columns(parsed: TextTable, reading: Reading) -> tuple[pd.DataFrame, list[str]]:
    """Return the typed table, and which columns hold dates in an order that is not clear."""
    unclear = []
    cells = list(parsed.columns)
    columns: dict[str, pd.Series[Any]] = {}
    attrs: dict[str, dict[str, Any]] = {}
    for column in parsed.names:
        text = cells.pop(0)
        columns[column], notes = parse_cells(text, reading)
        if orders := notes.pop("date_orders", None):
            example = columns[column].dropna().iloc[0]
            which = " or ".join(f"date_order={order!r}" for order in orders)
            unclear.append(f"{column!r} holds dates such as {example!r}, text until you say {which} (--date-order)")
        elif not notes and pd.api.types.is_string_dtype(columns[column].dtype) and (words := find_odd_words(text)):
            unclear.append(_describe_odd_words(column, words))
        for note, value in notes.items():
            attrs.setdefault(note, {})[column] = value
    frame: pd.DataFrame = pd.DataFrame(columns)
    frame.attrs.update(attrs)
    return frame, unclear


def _describe_odd_words(column: str, words: list[str]) -> str:
    """Return in words what stands beside the numbers of a column, and the cure."""
    if len(words) <= _ODD_WORDS:
        listed = ", ".join(map(repr, words))
        return (
            f"{column!r} holds numbers beside {join_names(words, _ODD_WORDS)}, text until you say na=[{listed}] (--na)"
        )
    return f"{column!r} holds numbers beside {len(words)} texts such as {words[0]!r}, and stays text until you clean it"


def write_table(
    tables: pd.DataFrame | Iterable[pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    spreadsheet_safe: bool = False,
    separator: str | None = None,
    encoding: str | None = None,
) -> int:
    """Write a table, or its parts, so that `read_table` returns the same values and dtypes.

    Parameters
    ----------
    tables : pandas.DataFrame, or iterable of pandas.DataFrame with the same columns
        Written one after the other, with only one of them in memory. The index is not written. ``attrs`` of each
        decides its spelling in CSV, see `read_table`; a note that would lose part of a value does not apply to it,
        nor does one that `read_table` could not have made.
    path : str or path-like
        Ends in ``.csv``, ``.tsv``, ``.txt`` or ``.parquet``, the first three perhaps followed by ``.gz``, ``.bz2``
        or ``.xz``; a local file, a URL that fsspec knows, or ``"-"`` for CSV on standard output. A file appears
        under its name only once it is complete.
    overwrite : bool, default=False
        Whether a file that exists may be replaced.
    spreadsheet_safe : bool, default=False
        Whether to put an apostrophe before each text and column name that begins with ``=``, ``+``, ``-``, ``@``, a
        tab or a line end, which spreadsheet programs would run as a formula. Numbers stay as they are. Such
        cells do not read back equal. Without it a DataWarning counts them. Parquet needs none of this.
    separator : str of length 1, optional
        What to write between cells. By default a tab into ``.tsv`` and ``.tab`` files, and elsewhere what the file had
        that the first table was read from, or a comma.
    encoding : str, optional
        Encoding of a text file, by default that of the file that was read, or UTF-8.

    Returns
    -------
    int
        Number of rows written.

    Raises
    ------
    DataError
        The file exists, its format is unknown, it cannot be written, or the tables do not fit into one file; a value
        is nothing that a cell of CSV holds, such as a list or a text of more than 131,072 characters; the encoding
        lacks a character.
    ParameterError
        `separator` is not one character, or there is no such `encoding`.

    Notes
    -----
    CSV holds text, not types. A frame that `read_table` did not make comes back with the type that its cells look
    like: the texts "1" and "2" as integers, an empty text as missing, a categorical as its values. One without rows
    is a header line, which `read_table` refuses.

    See Also
    --------
    read_table : Reads what this function wrote.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from ganaug import read_table, write_table
    >>> file = pathlib.Path(tempfile.mkdtemp(), "people.csv.gz")
    >>> write_table(pd.DataFrame({"age": [31, 47], "city": ["Oslo", "Bergen"]}), file)
    2
    >>> read_table(file)
       age    city
    0   31    Oslo
    1   47  Bergen
    """
    parts = name_columns([tables] if isinstance(tables, pd.DataFrame) else tables)
    path = os.fspath(path)
    extension, compression = extensions(path)
    known = path == "-" or is_device(path)
    if extension not in _FORMATS and not known:
        raise DataError(f"{path!r} has no known format; let its name end in .csv, .tsv, .parquet or .csv.gz.")
    wanted = _check_dialect(separator, encoding)
    if (by_name := _FORMATS.get(extension, ",")) == "\t":
        wanted.setdefault("separator", by_name)
    with open_output(path, overwrite) as file, compressed(file, compression) as target:
        if not by_name:
            return write_parquet(parts, target)
        rows, formulas = _write_csv(parts, target, wanted, spreadsheet_safe)
    if formulas and not spreadsheet_safe:
        name = "standard output" if path == "-" else repr(path)
        warnings.warn(
            f"{formulas} cells of {name} begin like a formula (= + - @); before opening it in a spreadsheet "
            "program, write it with spreadsheet_safe=True (--spreadsheet-safe).",
            DataWarning,
            stacklevel=2,
        )
    return rows


def name_columns(tables: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the tables with column names as text; raise DataError if they differ."""
    names: list[str] = []
    for table in tables:
        if not isinstance(table, pd.DataFrame):
            raise DataError(
                f"write_table needs DataFrames but got {type(table).__name__}; wrap it in pandas.DataFrame."
            )
        own = [str(name) for name in table.columns]
        if not names:
            check_names(own, "the table to write")
        if not own or own != (names or own):
            raise DataError(f"A table to write has the columns {own}, expected {names or 'some'}; make them agree.")
        names = own
        part = table.copy(deep=False)
        part.columns = pd.Index(names)
        yield part
    if not names:
        raise DataError("There is no table to write; give at least one DataFrame.")


def _check_dialect(separator: str | None, encoding: str | None) -> dict[str, str]:
    """Return what is asked for; raise ParameterError for what no text file can have."""
    _check_separator(separator)
    wanted = {"separator": separator, "encoding": encoding}
    asked = {name: value for name, value in wanted.items() if value is not None}
    if not is_sound_dialect(asked):
        raise ParameterError(f"The encoding {encoding!r} does not exist; give one that Python knows, such as 'cp1252'.")
    return asked


def _check_separator(separator: str | None) -> None:
    if separator is not None and (len(separator) != 1 or separator in '"\r\n\0'):
        raise ParameterError(
            f"The 'separator' parameter must be one character, not a quote. Got {separator!r} instead."
        )


def _write_csv(
    parts: Iterable[pd.DataFrame], target: IO[bytes], wanted: Mapping[str, str], safe: bool
) -> tuple[int, int]:
    """Write the parts, and return the numbers of rows and of cells that may be evaluated as formulas."""
    rows = formulas = 0
    dialect = Dialect()
    filled: set[str] = set()
    for number, part in enumerate(parts):
        if not number:
            dialect = Dialect(**{**valid_notes(part.attrs).get("dialect", {}), **wanted})
            names, found = escape_formulas(pd.Series(part.columns), list(part.columns), safe)
            formulas += found
            target.write(dialect.mark)
            target.write(_encoded(format_header(names, dialect.separator, dialect.line_end), dialect))
        for lines, found in _spell_blocks(part, names, dialect, safe, filled):
            formulas += found
            target.write(_encoded(lines, dialect))
        rows += len(part)
    return rows, formulas


def _spell_blocks(
    part: pd.DataFrame, names: Sequence[str], dialect: Dialect, safe: bool, filled: set[str]
) -> Iterator[tuple[str, int]]:
    """Yield the lines of some rows at a time, and how many cells may be evaluated as formulas.

    `filled` names the columns in which the file has values so far.
    """
    filled.update(name for name in part.columns if name not in filled and part[name].notna().any())
    notes = _notes(part, safe)
    kept = part.attrs.get("text")
    texts = kept.find_unchanged(part) if isinstance(kept, CellTexts) else {}
    for start in range(0, len(part), _BLOCK):
        block = part.iloc[start : start + _BLOCK]
        cells = {
            name: texts[name].slice(start, _BLOCK).to_pylist()
            if name in texts
            else format_cells(block[name], notes[name], name in filled)
            for name in block.columns
        }
        spelled = [escape_formulas(block[name], cells[name], safe) for name in block.columns]
        lines = format_rows(names, [some for some, _ in spelled], dialect.separator, dialect.line_end)
        yield lines, sum(found for _, found in spelled)


def _notes(table: pd.DataFrame, safe: bool) -> dict[str, dict[str, Any]]:
    """Return notes on how to format each column."""
    sound = valid_notes(table.attrs)
    for whole in ("column_order", "dialect"):
        sound.pop(whole, None)
    if safe:  # an empty cell says the same as a mark that begins like a formula
        marks = sound.pop("missing_text", {})
        sound["missing_text"] = {name: mark for name, mark in marks.items() if not is_formula(mark)}
    return {name: {note: columns[name] for note, columns in sound.items() if name in columns} for name in table.columns}


def _encoded(text: str, dialect: Dialect) -> bytes:
    try:
        return dialect.encode(text)
    except UnicodeEncodeError as error:
        cure = "" if dialect.encoding.startswith("utf-8") else ", or give encoding='utf-8' (--out-encoding)"
        raise DataError(
            f"{dialect.encoding.removesuffix('-sig').replace('utf', 'UTF')} has no way to write "
            f"{error.object[error.start]!r}; replace it in the table{cure}."
        ) from error
