"""Read tables of other formats than CSV and Parquet: JSON, Arrow, ORC, Excel, and files in a zip archive."""

from __future__ import annotations

import io
import json
import reprlib
import warnings
import zipfile
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import DataError
from ..messages import name_missing_package, reason_of
from .parquet import read_parquet, to_frame

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an archive without files
_BESIDE = ("__MACOSX/", ".")  # what archivers put in beside the files of the user


def read_json(data: bytes, name: str) -> pd.DataFrame:
    """Return the table of a list of objects, or of one object in each line.

    Raises
    ------
    DataError
        It is something else, or a value is an object or a list.
    """
    try:
        text = data.decode("utf-8-sig")
        is_list = text.lstrip().startswith("[")
        rows = json.loads(text) if is_list else _read_lines(text)
    except (UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{name} is not sound JSON ({reason_of(error)}); write it again.") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            f"{name} is no list of objects, one for each row; write it as by DataFrame.to_json(orient='records')."
        )
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return _convert(name, lambda: pa.table({column: _to_array(rows, column, name) for column in columns}))


def _read_lines(text: str) -> Any:
    """Return the rows of an object in each line, or of one object, as `DataFrame.to_json` writes it."""
    try:
        whole = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    columns = list(whole.values()) if isinstance(whole, dict) else []
    rows = [str(i) for i in range(len(columns[0]))] if columns and isinstance(columns[0], dict) else []
    if rows and all(isinstance(cells, dict) and list(cells) == rows for cells in columns):  # orient="columns"
        return [{column: cells[row] for column, cells in whole.items()} for row in rows]
    if isinstance(whole, dict) and set(whole) == {"columns", "index", "data"}:  # orient="split"
        return [dict(zip(whole["columns"], row, strict=True)) for row in whole["data"]]
    return [whole]


def _to_array(rows: list[dict[str, Any]], column: str, name: str) -> pa.Array:
    """Return the values of a column; raise DataError if they are not of one type."""
    values = [row.get(column) for row in rows]
    try:
        return pa.array(values)
    except pa.ArrowException:
        first = next(value for value in values if value is not None)
        others = ((i, v) for i, v in enumerate(values) if v is not None and type(v) is not type(first))
        row, other = next(others, (0, first))
        raise DataError(
            f"Column {column!r} of {name} holds {reprlib.repr(first)} and, in row {row}, {reprlib.repr(other)}; give "
            "all its values one type."
        ) from None


def _convert(name: str, make: Callable[[], pa.Table]) -> pd.DataFrame:
    """Return an Arrow table as a frame; raise DataError if its columns are not of one plain type each."""
    try:
        table = make()
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise DataError(f"{name} cannot be read as a table ({reason_of(error)}); give each column one type.") from error
    for field in table.schema:
        if pa.types.is_nested(field.type):
            raise DataError(
                f"Column {field.name!r} of {name} holds lists or objects; make columns of their parts first."
            )
    return to_frame(table)


def read_arrow(data: bytes, name: str) -> pd.DataFrame:
    """Return the table of a Feather or Arrow file, or of an Arrow stream."""
    source = pa.BufferReader(data)
    is_file = data.startswith(b"ARROW1")
    return _convert(name, lambda: (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source).read_all())


def read_orc(data: bytes, name: str) -> pd.DataFrame:
    """Return the table of an ORC file."""
    from pyarrow import orc

    return _convert(name, lambda: orc.ORCFile(pa.BufferReader(data)).read())


def read_excel(data: bytes, name: str) -> pd.DataFrame:
    """Return the first sheet of an Excel or OpenDocument file; pandas needs a package for each kind."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # engines speak of styles and menus
            frame: pd.DataFrame = pd.read_excel(io.BytesIO(data))
    except ImportError as error:
        package = getattr(error, "name", None) or "openpyxl"
        raise DataError(name_missing_package(package, f"Reading {name}")) from None
    except Exception as error:  # each engine has errors of its own
        raise DataError(f"{name} cannot be read as a sheet ({reason_of(error)}); save it as CSV.") from error
    unnamed = [str(column).startswith("Unnamed: ") for column in frame.columns]
    frame = frame.loc[:, ~(np.array(unnamed, dtype=bool) & frame.isna().all().to_numpy())]
    if not frame.shape[0] or not frame.shape[1]:
        raise DataError(f"The first sheet of {name} has no rows; put the table there, or save it as CSV.")
    return frame


def unzip(data: bytes, name: str) -> tuple[bytes, str]:
    """Return the only file in a zip archive, and its extension.

    Raises
    ------
    DataError
        It holds none or several, or is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.namelist() if not member.endswith("/")]
            members = [member for member in members if not _is_beside(member)]
            if len(members) != 1:
                listed = ", ".join(members[:5]) or "none"
                raise DataError(f"{name} holds {len(members)} files ({listed}); unpack it, and name one of them.")
            return archive.read(members[0]), PurePath(members[0].lower()).suffix
    except (zipfile.BadZipFile, RuntimeError, OSError, NotImplementedError) as error:
        raise DataError(f"{name} is no sound zip archive ({reason_of(error)}); unpack it first.") from error


def _is_beside(member: str) -> bool:
    return member.startswith(_BESIDE[0]) or PurePath(member).name.startswith(_BESIDE[1])


READERS: dict[str, Callable[[bytes, str], pd.DataFrame]] = {
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), read_json),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), read_arrow),
    ".orc": read_orc,
    **dict.fromkeys((".xlsx", ".xls", ".xlsb", ".ods"), read_excel),
}
"""Readers by extension."""

_MAGIC = {b"PAR1": ".parquet", b"ARROW1": ".feather", b"ORC": ".orc"}


def sniff(data: bytes, extension: str) -> str:
    """Return the extension that the first bytes of a file tell, or else its own."""
    if extension in ("", ".txt") and data.lstrip()[:2] in (b"[{", b'{"'):
        return ".json"
    for magic, told in _MAGIC.items():
        if data.startswith(magic) and b"\0" in data[:4096]:
            return told
    return extension
