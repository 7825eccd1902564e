"""Take in tables and columns of other libraries than pandas through Arrow, and give rows back in the same library.

Anything with the Arrow PyCapsule interface (``__arrow_c_stream__``) is taken in: polars, Arrow, DuckDB and others. The
Arrow schema says how it came, so that types come back that pandas does not have, such as enumerations.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError, ParameterError
from ..messages import name_missing_package, reason_of
from ..records import JsonRecord
from .sequences import is_dataset

_NAN = b"ganaug.nan"  # marks columns whose missing cells are NaN rather than null


@dataclass(frozen=True)
class Form(JsonRecord):
    """Library and types of a table or column.

    Attributes
    ----------
    library : str
        Name of its package.
    schema : str
        Arrow schema, serialised and in base64.
    is_column : bool
        Whether it was a column rather than a table.
    """

    library: str
    schema: str
    is_column: bool

    def restore(self, data: Any) -> Any:
        """Return a frame or series in this form."""
        return self.convert(self.to_arrow(data))

    def to_arrow(self, data: Any) -> pa.Table:
        """Return a frame or series as an Arrow table with the types of this form.

        Raises
        ------
        DataError
            The values do not fit.
        """
        schema = self.read_schema()
        frame = data.to_frame() if isinstance(data, pd.Series) else data
        columns = [_to_type(frame.iloc[:, position], field) for position, field in enumerate(schema)]
        plain = pa.schema([field.with_metadata(_without_mark(field)) for field in schema])
        return pa.Table.from_arrays(columns, schema=plain)

    def convert(self, table: pa.Table) -> Any:
        """Return an Arrow table as a table or column of the library, or one of Arrow for an unknown library."""
        to_table, to_column = _LIBRARIES.get(self.library, _LIBRARIES["pyarrow"])
        try:
            return to_column(table) if self.is_column else to_table(table)
        except ImportError:
            raise ParameterError(name_missing_package(self.library, f"A {self.library} table")) from None

    def read_schema(self) -> pa.Schema:
        """Return the Arrow schema; raise ValueError if it is none, as in a forged file."""
        try:
            return pa.ipc.read_schema(pa.BufferReader(base64.b64decode(self.schema, validate=True)))
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"no schema of a table ({reason_of(error)})") from error


def _to_polars(table: pa.Table) -> Any:
    import polars

    return polars.from_arrow(table)


def _to_duckdb(table: pa.Table) -> Any:
    import duckdb

    return duckdb.from_arrow(table)


_LIBRARIES: dict[str, tuple[Callable[[pa.Table], Any], Callable[[pa.Table], Any]]] = {
    "polars": (_to_polars, lambda table: _to_polars(table).to_series(0).rename(table.column_names[0])),
    "duckdb": (_to_duckdb, _to_duckdb),
    "pyarrow": (lambda table: table, lambda table: table.column(0)),
}
"""For each library, what makes a table, and what makes a column."""


@dataclass(frozen=True)
class Given:
    """A table or column that was taken in.

    Attributes
    ----------
    data : frame, series or anything else
        In pandas, if it came from another library; else as it was.
    form : Form or None
        Its form in the other library.
    table : pyarrow.Table or None
        It as it came.
    """

    data: Any
    form: Form | None = None
    table: Any = None

    def append(self, both: Any) -> Any:
        """Return its rows as they came, followed by the further rows of `both`, which begins with its rows too."""
        if self.form is None:
            return both
        more = self.form.to_arrow(both.iloc[len(self.table) :])
        return self.form.convert(pa.concat_tables([self.table.cast(more.schema), more]))


def take_in(data: Any) -> Given:
    """Take in user data once; a stream of record batches cannot be read again.

    Parameters
    ----------
    data : anything
        Tables and columns with the Arrow PyCapsule interface are converted; everything else is kept as it is.

    Raises
    ------
    DataError
        The stream of rows breaks off.
    """
    if isinstance(data, pd.DataFrame | pd.Series) or not _speaks_arrow(data) or is_dataset(data):
        return Given(data)
    try:
        table, is_column = _read(data)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"The rows of {type(data).__name__} cannot be read ({reason_of(error)}).") from error
    return _convert(table, is_column, find_library(data))


def take_in_labelled(table: pa.Table, label: str, library: str) -> tuple[Given, Given]:
    """Take in rows and one of their columns, as a table and a column of a library."""
    table = _without_views(table)
    X, y = table.drop_columns([label]), table.select([label])
    return _convert(X, False, library), _convert(y, True, library)


def find_library(data: Any) -> str:
    """Return the name of the package that a table or column belongs to."""
    return type(data).__module__.partition(".")[0].lstrip("_")


def _convert(table: pa.Table, is_column: bool, library: str) -> Given:
    """Return a table or column in pandas, with the form in which it came."""
    frame, schema = _to_pandas(table)
    form = Form(library, base64.b64encode(schema.serialize().to_pybytes()).decode(), is_column)
    if not is_column:
        return Given(frame, form, table)
    series = frame.iloc[:, 0]
    name: Any = series.name or None
    return Given(series.rename(name), form, table)


def to_pandas(data: Any) -> Any:
    """Return tables and columns of other libraries in pandas, and everything else as it is."""
    return take_in(data).data


def _speaks_arrow(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or isinstance(data, pa.Array | pa.RecordBatch)


def _read(data: Any) -> tuple[pa.Table, bool]:
    """Return data as an Arrow table without notes of its writer, and whether they are a column."""
    if isinstance(data, pa.Array | pa.ChunkedArray):
        return _without_views(pa.table({"": data})), True
    if isinstance(data, pa.RecordBatch):
        return _without_views(pa.Table.from_batches([data])), False
    try:
        return _without_views(pa.table(data)), False
    except (pa.ArrowInvalid, TypeError):  # no table
        column = pa.chunked_array(data)
        field = pa.field(str(getattr(data, "name", None) or ""), column.type, metadata=_describe_column(data))
        return _without_views(pa.Table.from_arrays([column], schema=pa.schema([field]))), True


def _without_views(table: pa.Table) -> pa.Table:
    """Return a table whose text is no string view, which Arrow computes little with, and some releases not soundly."""
    columns, fields = [], []
    for column, field in zip(table.columns, table.schema, strict=True):
        kind = column.type
        if pa.types.is_string_view(kind):
            column = column.cast(pa.large_string())
        elif pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type):
            column = _convert_categories(column, pa.large_string(), kind.index_type)
        columns.append(column)
        fields.append(field.with_type(column.type))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _convert_categories(column: pa.ChunkedArray, kind: pa.DataType, index: pa.DataType) -> pa.ChunkedArray:
    """Return a column of categories with categories and their numbers in other types."""
    ordered = column.type.ordered
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices.cast(index), chunk.dictionary.cast(kind), ordered=ordered)
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(index, kind, ordered))


def _describe_column(data: Any) -> Any:
    """Return the metadata of the field that a column is, such as the categories of one of polars."""
    return pa.table(data.to_frame()).schema.field(0).metadata if hasattr(data, "to_frame") else None


def _to_pandas(table: pa.Table) -> tuple[pd.DataFrame, pa.Schema]:
    """Return an Arrow table in pandas, and its schema, which marks columns where NaN was missing."""
    columns, fields = [], []
    for column, field in zip(table.columns, table.schema, strict=True):
        if pa.types.is_floating(field.type) and pc.any(pc.is_nan(column)).as_py():
            mark = {} if column.null_count else {_NAN: b"1"}
            field = field.with_metadata({**(field.metadata or {}), **mark})
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
        columns.append(_to_plain(column))
        fields.append(field)
    names = table.column_names
    plain = pa.Table.from_arrays(columns, names=[str(number) for number in range(len(names))])
    frame: pd.DataFrame = plain.to_pandas(types_mapper=_choose_dtype)
    return frame.set_axis(pd.Index(names, dtype=object), axis=1), pa.schema(fields)


def _choose_dtype(kind: pa.DataType) -> Any:
    return None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)


def _to_plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column in a type that pandas takes; categories stay categories."""
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_dictionary(kind):
        is_text = pa.types.is_large_string(kind.value_type)
        return _convert_categories(column, pa.string() if is_text else kind.value_type, pa.int32())
    return column


def _to_type(series: pd.Series[Any], field: pa.Field) -> Any:
    """Return a column of pandas in an Arrow type."""
    if pa.types.is_null(field.type):
        return pa.nulls(len(series))
    try:
        column = pa.array(series.array, from_pandas=True)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        column = column.cast(field.type)
    except pa.ArrowException as error:
        raise DataError(
            f"The rows do not fit column {field.name!r}, which is {field.type} ({reason_of(error)}); give the types of "
            "the training table."
        ) from error
    return column.fill_null(np.nan) if _NAN in (field.metadata or {}) else column


def _without_mark(field: pa.Field) -> dict[bytes, bytes]:
    return {key: value for key, value in (field.metadata or {}).items() if key != _NAN}


@dataclass(frozen=True)
class Forms(JsonRecord):
    """Forms of rows and of labels; None where they came as ganaug learned them.

    Attributes
    ----------
    X, y : Form or None
        Of the rows, and of the labels.
    """

    X: Form | None = None
    y: Form | None = None

    def restore(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return rows and labels in these forms."""
        return (X if self.X is None else self.X.restore(X)), (y if self.y is None else self.y.restore(y))

    def check(self, n_columns: int) -> Forms:
        """Return these forms; raise ValueError if they cannot be those of rows of so many columns, as in a forgery."""
        for form, columns in ((self.X, n_columns), (self.y, 1)):
            if form is not None and len(form.read_schema()) != columns:
                raise ValueError(f"a schema of {len(form.read_schema())} columns does not describe {columns}")
        return self
