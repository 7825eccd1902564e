"""Parse and format CSV text: separators, quotes and line ends. Nothing is typed here, and nothing is guessed.

A file that is not one table of equally wide rows raises an error with its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv_arrow

from ..errors import DataError
from .blanks import divide_at_blanks
from .dialect import SEPARATORS
from .header import find_spare, is_header, name_columns, number_names
from .preamble import count_comments, take_separator

_BLOCK = 1_000  # rows held as Python objects at a time; what fits into the processor's cache is thrice as fast

_PLAIN_BLOCK = 2**24  # bytes that Arrow's reader holds at a time
_FEWEST_LINES = 3  # that quotes around whole lines are seen in
_SEPARATOR = re.compile(f"[{''.join(SEPARATORS)}]")
# A byte order mark that starts the first name would be taken for the file's own.
_SPECIAL_IN_HEADER = re.compile(f'[{"".join(SEPARATORS)}"\\r\\n\ufeff]')


@dataclass(frozen=True)
class TextTable:
    """Text cells of a file.

    Attributes
    ----------
    names : list of str, length d
        All different, none blank.
    columns : list of pyarrow.ChunkedArray of string, length d, each of shape (n,)
        The cells as written, n >= 1.
    notes : list of str
        What was assumed about the names, in words.
    separator : str
        What stands between cells.
    left_out : list of int
        Positions of columns that hold nothing to learn, counted from 0.
    """

    names: list[str]
    columns: list[pa.ChunkedArray]
    notes: list[str]
    separator: str = ","
    left_out: list[int] = field(default_factory=list)


def parse_csv(data: bytes, name: str, separator: str | None, header: bool | None = None) -> TextTable:
    """Return the column names and text cells of a CSV file.

    Parameters
    ----------
    data : bytes
        The whole file, sound UTF-8 with or without a byte order mark.
    name : str
        What messages call the file.
    separator : str of length 1, or None
        What stands between cells; None finds it.
    header : bool or None
        Whether the first line names the columns; None finds it.

    Raises
    ------
    DataError
        The bytes are no such table.
    """
    _check_text(data, name)
    said: list[str] = []
    data, named = take_separator(data)
    if named:
        separator = separator or named
        said.append(f"its first line says that {named!r} divides cells")
    if separator is None and (unwrapped := _unwrap_lines(data, name)):
        data = unwrapped
        said.append("its lines are quoted as a whole")
    if separator is None and (rows := _divide_at_blanks(data)):
        data, separator = format_lines(rows), "\t"
        said.append("its cells are divided by blanks")
    separator = _separator(data, name, separator)
    names, columns, blank = _read_columns(data, separator, name)
    if not len(columns[0]) and header is not False:
        raise DataError(f"{name} has a header line but no rows; add rows.")
    if comments := count_comments(data):
        lines = "line, a comment, is" if comments == 1 else f"{comments} lines, of comments, are"
        said.append(f"the first {lines} left out")
    if blank:
        more = "is blank and left out" if len(blank) == 1 else f"and {len(blank) - 1} more are blank and left out"
        said.append(f"line {blank[0]} {more}")
    if header is not True:  # who knows of the header knows of its blanks
        names, columns, spaced = _strip_spaces(names, columns)
        said += spaced
    table = _settle_names(names, columns, header, name)
    return replace(table, notes=[*said, *table.notes], separator=separator)


def _unwrap_lines(data: bytes, name: str) -> bytes | None:
    """Return the lines of a file each of which is quoted as a whole, without these quotes; None for any other."""
    if data.removeprefix(b"\xef\xbb\xbf")[:1] != b'"' or any(_header_width(data, one) > 1 for one in SEPARATORS):
        return None
    (title, *_), (cells, *_), _ = _read_columns(data, ",", name)
    lines = [title, *(cell or "" for cell in cells.to_pylist())]
    if len(lines) < _FEWEST_LINES or any(f"{one} " in title for one in SEPARATORS):  # a name of several words
        return None
    counts = ({line.count(one) for line in lines} for one in SEPARATORS)
    return "\n".join(lines).encode() if any(len(count) == 1 and count != {0} for count in counts) else None


def _divide_at_blanks(data: bytes) -> list[list[str]] | None:
    """Return the cells of lines that blanks divide and nothing else does, None if these are no table."""
    if any(_header_width(data, one) > 1 for one in SEPARATORS):
        return None
    return divide_at_blanks(data.removeprefix(b"\xef\xbb\xbf").decode())


def _strip_spaces(
    names: list[str], columns: list[pa.ChunkedArray]
) -> tuple[list[str], list[pa.ChunkedArray], list[str]]:
    """Leave out the blank after each separator, if it is there in every line."""
    rest = columns[1:]
    if not rest or not all(name.startswith(" ") for name in names[1:]):
        return names, columns, []
    if not all(pc.all(pc.starts_with(cells, " ")).as_py() for cells in rest):
        return names, columns, []
    bare = [pc.utf8_slice_codeunits(cells, 1) for cells in rest]
    notes = ["the blank after each separator is left out"]
    return [names[0], *(name[1:] for name in names[1:])], [columns[0], *bare], notes


def _settle_names(names: list[str], columns: list[pa.ChunkedArray], header: bool | None, where: str) -> TextTable:
    """Return the table with a name for each column, without columns that hold nothing to learn."""
    # Put a first line that is a row back among the rows
    if not (is_header(names, columns) if header is None else header):
        columns = [
            pa.chunked_array([pa.array([first], pa.string()), *cells.chunks])
            for first, cells in zip(names, columns, strict=True)
        ]
        notes = ["the first line is a row like the others, so columns are numbered"] if header is None else []
        return TextTable(number_names(len(names)), columns, notes)

    # Leave out row names and columns that are empty, and name the others
    spare = find_spare(names, columns)
    notes = [f"column {position + 1} {why}, and is left out" for position, why in spare.items()]
    kept = [cells for position, cells in enumerate(columns) if position not in spare]
    if not kept:
        raise DataError(f"No column of {where} has a name and values; give a header line and rows.")
    found, renamed = name_columns(names, spare)
    return TextTable(found, kept, notes + renamed, left_out=list(spare))


def check_names(names: Sequence[str], where: str) -> None:
    """Raise DataError for empty or repeated column names."""
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name.strip():
            raise DataError(f"Column {position} in {where} has no name; give it one.")
        if name in seen:
            raise DataError(f"Column name {name!r} stands twice in {where}; rename one of the two.")
        seen.add(name)


def _check_text(data: bytes, name: str) -> None:
    """Raise DataError for text without cells, or with a NUL byte."""
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(f"{name} is empty; give a file with a header line and rows.")
    position = data.find(b"\0")
    if position >= 0:
        before = data[:position]
        line = 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
        raise DataError(f"Line {line} of {name} holds a NUL byte; save the file as UTF-8 text.")


def _separator(data: bytes, name: str, fixed: str | None) -> str:
    """Return the separator that fits the header and every row; `fixed` is the one that was asked for."""
    widths = {separator: _header_width(data, separator) for separator in (*SEPARATORS, fixed or ",")}
    splitting = sorted((one for one in widths if widths[one] > 1), key=lambda one: -widths[one])
    if fixed in splitting or (fixed is None and len(splitting) < 2):
        return fixed or (splitting or [","])[0]
    fitting = [one for one in splitting if _fits(data, one)]
    if fixed is not None and fitting:
        raise DataError(
            f"{name} is one column when split at {fixed!r}, but {fitting[0]!r} splits every line into "
            f"{widths[fitting[0]]} cells; give separator={fitting[0]!r} (--separator), or quote the cells."
        )
    if fixed is None and len(fitting) > 1:
        choice = " and ".join(map(repr, fitting))
        raise DataError(
            f"Every line of {name} can be split at {choice}; say which with separator={fitting[0]!r} (--separator)."
        )
    return fixed or (fitting or splitting)[0]


def _header_width(data: bytes, separator: str) -> int:
    try:
        return len(next(_records(data, separator, "", []), (1, []))[1])
    except DataError:
        return 0


def _fits(data: bytes, separator: str) -> bool:
    try:
        header, columns, _ = _read_columns(data, separator, "")
        return any(header) and len(columns[0]) > 0
    except DataError:
        return False


def _read_columns(data: bytes, separator: str, name: str) -> tuple[list[str], list[pa.ChunkedArray], list[int]]:
    """Return the column names, the cells of each column, and the numbers of blank lines that are left out."""
    blank: list[int] = []
    header, rows = _read_rows(data, separator, name, blank)
    if (columns := _read_plain(data, separator, len(header))) is not None:
        return header, columns, []
    parts: list[list[pa.Array]] = [[] for _ in header]
    for block in iter(lambda: list(islice(rows, _BLOCK)), []):
        for column, cells in zip(parts, zip(*block, strict=True), strict=True):
            column.append(pa.array(cells, pa.string()))
    return header, [pa.chunked_array(column, pa.string()) for column in parts], blank


def _read_plain(data: bytes, separator: str, width: int) -> list[pa.ChunkedArray] | None:
    """Return the cells of each column by Arrow's reader, which is twenty times as fast; None where it could differ.

    It reads only text without quotes and blank lines, whose rows are all as wide; anything else is read row by row,
    which names the line of a fault.
    """
    has_blank_line = data.removeprefix(b"\xef\xbb\xbf")[:1] in (b"\r", b"\n") or b"\n\n" in data or b"\n\r\n" in data
    is_plain = b'"' not in data and data.count(b"\r") == data.count(b"\r\n")
    if not is_plain or has_blank_line or len(separator.encode()) > 1:
        return None
    names = list(map(str, range(width)))
    try:
        table = csv_arrow.read_csv(
            pa.BufferReader(data),
            csv_arrow.ReadOptions(column_names=names, skip_rows=1 + count_comments(data), block_size=_PLAIN_BLOCK),
            csv_arrow.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
            csv_arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # rows of different widths
        return None
    columns = table.columns
    most = max((pc.max(pc.binary_length(cells)).as_py() or 0 for cells in columns), default=0)
    return columns if most <= csv.field_size_limit() else None


def _records(data: bytes, separator: str, name: str, blank: list[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line number and the cells of each record; the numbers of blank lines before one go to `blank`."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    comments = count_comments(data)
    reader = csv.reader(islice(lines, comments, None), delimiter=separator, strict=True)
    line, passed = 1 + comments, list[int]()
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise DataError(f"Line {line} of {name} {_describe_csv_error(error)}.") from error
        if record is None:
            return
        if record:
            blank += passed
            passed.clear()
            yield line, record
        else:
            passed.append(line)
        line = reader.line_num + 1 + comments


def _describe_csv_error(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "opens a quote that is never closed; close it, or double a quote that belongs to the text"
    if "field larger" in str(error):
        return f"begins a {error}; close its quote, or shorten the text"
    return f"has text after a closing quote ({error}); double the quotes that belong to the text"


def _read_rows(data: bytes, separator: str, name: str, blank: list[int]) -> tuple[list[str], Iterator[list[str]]]:
    """Return the column names, and the rows, each as wide as the header; `blank` is for the numbers of blank lines.

    A blank line is no row of several cells, but of a single column it might be one.
    """
    records = _records(data, separator, name, blank)
    header = next(records)[1]
    first = list(islice(records, 2))
    records = chain(first, records)
    if len(first) == 2 and all(len(cells) == len(header) + 1 for _, cells in first):
        # Rows that end in a separator, or begin with their number, as R writes them
        if not any(cells[-1] for _, cells in first):
            header = [*header, ""]
        elif [cells[0] for _, cells in first] in (["0", "1"], ["1", "2"]):
            header = ["", *header]
    elif len(first) == 2 and not header[-1] and all(len(cells) == len(header) - 1 for _, cells in first):
        header = header[:-1]  # the header line alone ends in a separator

    def row(line: int, cells: list[str]) -> list[str]:
        if blank and len(header) == 1:
            raise DataError(f'Line {blank[0]} of {name} is blank; remove it, or write an empty cell as "".')
        if len(cells) != len(header):
            raise DataError(
                f"Line {line} of {name} has {len(cells)} cells where the header has {len(header)}; complete it, "
                f"or quote cells that contain {separator!r}."
            )
        return cells

    return header, (row(line, cells) for line, cells in records)


def format_lines(rows: Sequence[Sequence[str]]) -> bytes:
    """Return cells without tabs as text with tabs between them."""
    columns = [_quoted("The text", list(cells), _SPECIAL_IN_HEADER) for cells in zip(*rows, strict=True)]
    return _format_rows(columns, "\t", "\n").encode()


def format_header(names: Sequence[str], separator: str, line_end: str = "\n") -> str:
    """Format a header line; names that hold a usual separator are quoted.

    It is quoted, and so is the first: a line that begins with a quoted cell cannot be split in any other way. So is a
    first name that would be taken for a comment.
    """
    cells = [_quoted("The header", [name], _SPECIAL_IN_HEADER) for name in names]
    if cells[0] == [names[0]] and (_SEPARATOR.search("".join(names)) or names[0].startswith("#")):
        cells[0] = [f'"{names[0]}"']
    return _format_rows(cells, separator, line_end)


def format_rows(names: Sequence[str], columns: Sequence[list[str]], separator: str, line_end: str = "\n") -> str:
    """Return lines of CSV.

    Parameters
    ----------
    names : sequence of str, length d
        What errors call the columns.
    columns : list of list of str, shape (d, n)
        Unquoted cells.
    separator : str of length 1
        What to write between them.
    line_end : str
        What ends each line.

    Returns
    -------
    str
        `n` records, quoted where RFC 4180 asks for it.

    Raises
    ------
    DataError
        A cell holds a NUL character, or is too long to be read again.
    """
    special = re.compile(f'[{re.escape(separator)}"\\r\\n]')
    pairs = zip(names, columns, strict=True)
    return _format_rows([_quoted(f"Column {name!r}", cells, special) for name, cells in pairs], separator, line_end)


def _format_rows(columns: Sequence[list[str]], separator: str, line_end: str) -> str:
    if len(columns) == 1:  # an empty line would be no record
        columns = [[cell or '""' for cell in columns[0]]]
    return "".join(f"{line}{line_end}" for line in map(separator.join, zip(*columns, strict=True)))


def _quoted(owner: str, cells: list[str], special: re.Pattern[str]) -> list[str]:
    together = "".join(cells)
    if "\0" in together:
        guilty = next(cell for cell in cells if "\0" in cell)
        raise DataError(f"{owner}: CSV cannot hold the NUL character in {guilty!r}; remove it, or write Parquet.")
    if len(together) > (limit := csv.field_size_limit()) and (longest := max(cells, key=len))[limit:]:
        raise DataError(
            f"{owner} holds a text of {len(longest):,} characters, which begins {longest[:20]!r}, longer than a cell "
            f"of CSV that can be read again ({limit:,}); shorten it, or write Parquet."
        )
    if not special.search(together):
        return cells
    return ['"' + cell.replace('"', '""') + '"' if special.search(cell) else cell for cell in cells]
