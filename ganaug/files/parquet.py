"""Read and write Parquet; whole numbers and booleans with missing cells keep their type, in nullable dtypes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DataError
from ..messages import reason_of

_WHOLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
_NULLABLE: dict[pa.DataType, Any] = {
    **{pa.type_for_alias(name.lower()): pd.api.types.pandas_dtype(name) for name in _WHOLE},
    pa.bool_(): pd.BooleanDtype(),
}
_MOST_DIGITS = 38  # of a decimal number in 128 bits


def read_parquet(data: bytes, name: str) -> pd.DataFrame:
    """Return the table in the bytes of a Parquet file called `name`; raise DataError if it is damaged."""
    try:
        return to_frame(pq.read_table(io.BytesIO(data)))
    # what the file says about pandas can be anything: the last three
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{name} is not a sound Parquet file ({reason_of(error)}); write it again.") from error


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame; an index that is more than row numbers comes first, as a column."""
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)  # or gaps would round whole numbers to floats
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    columns = [name for name in table.column_names if name not in index]
    for position, (name, dtype) in enumerate(zip(columns, frame.dtypes, strict=True)):
        if pd.api.types.is_object_dtype(dtype) and table.field(name).type in _NULLABLE:
            frame.isetitem(position, table[name].to_pandas(types_mapper=_NULLABLE.get).array)
    rows_are_counted = frame.index.names == [None] and pd.api.types.is_integer_dtype(frame.index)
    return frame if rows_are_counted else frame.reset_index()


def write_parquet(parts: Iterable[pd.DataFrame], target: IO[bytes], schema: pa.Schema | None = None) -> int:
    """Write frames as one table in the types of the first, or of a schema, and return the number of rows."""
    rows = 0
    with contextlib.ExitStack() as stack:
        writer = None
        for part in parts:
            with _explain_misfits():
                table = pa.Table.from_pandas(part, preserve_index=False)
                if writer is None:
                    schema = schema or _settle_types(table.schema, part)
                    writer = stack.enter_context(pq.ParquetWriter(target, schema))
                _check_kinds(table.schema, writer.schema)
                writer.write_table(table.cast(writer.schema))
            rows += len(part)
    return rows


def choose_schema(part: pd.DataFrame) -> pa.Schema:
    """Return the types in which `write_parquet` writes a table that begins with this part."""
    with _explain_misfits():
        return _settle_types(pa.Table.from_pandas(part, preserve_index=False).schema, part)


@contextlib.contextmanager
def _explain_misfits() -> Iterator[None]:
    try:
        yield
    except pa.ArrowException as error:
        raise DataError(f"The table does not fit into Parquet ({reason_of(error)}); give columns one type.") from error


def _settle_types(schema: pa.Schema, part: pd.DataFrame) -> pa.Schema:
    """Return the schema of the first part with types that later parts fit into, too.

    Columns that are all missing are text, and decimal numbers have as many digits before the point as can be.
    """
    for index, (field, dtype) in enumerate(zip(schema, part.dtypes, strict=True)):
        if pa.types.is_null(field.type):
            schema = schema.set(index, field.with_type(pa.string()))
        elif pa.types.is_decimal128(field.type) and pd.api.types.is_object_dtype(dtype):
            schema = schema.set(index, field.with_type(pa.decimal128(_MOST_DIGITS, field.type.scale)))
    return schema


def _check_kinds(own: pa.Schema, wanted: pa.Schema) -> None:
    """Raise DataError if a cast would silently change values, such as numbers to text."""
    for field, first in zip(own, wanted, strict=True):
        narrower = pa.types.is_floating(field.type) and field.type.bit_width > _float_width(first.type)
        if not pa.types.is_null(field.type) and (narrower or _kind(field.type) != _kind(first.type)):
            raise DataError(
                f"Column {field.name!r} holds {field.type} in a later part of the table and {first.type} in the first, "
                "and Parquet has one type for all; convert the parts to the same one."
            )


def _kind(type_: pa.DataType) -> Any:
    """Return a key that is equal for types between which a cast keeps values or fails."""
    kinds = pa.types
    if kinds.is_dictionary(type_):
        return _kind(type_.value_type)
    if kinds.is_integer(type_) or kinds.is_floating(type_):
        return "numbers"
    if kinds.is_string(type_) or kinds.is_large_string(type_):
        return "text"
    return type_.id, kinds.is_timestamp(type_) and type_.tz is None


def _float_width(type_: pa.DataType) -> int:
    return int(type_.bit_width) if pa.types.is_floating(type_) else 64
