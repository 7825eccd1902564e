"""Format typed columns as text cells, in the form that notes remember."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import DataError
from .dates import DateForm
from .exponents import ExponentForm
from .notes import BOOLEANS, ISO_FORM
from .numbers import spell_all

# str() leaves out most of a long array, and nothing reads the others again.
_NESTED = (list, tuple, dict, set, frozenset, bytes, bytearray, memoryview, np.ndarray)


def format_cells(column: pd.Series[Any], notes: Mapping[str, Any], is_filled: bool = False) -> list[str]:
    """Format a column as text cells from which `parse_cells` parses the same column.

    Parameters
    ----------
    column : pandas.Series, shape (n,)
        Values of any dtype; a categorical is spelled as its values.
    notes : mapping
        What `parse_cells` returned beside a column of this name, or other sound ones; an empty one gives the defaults.
        A note that would lose part of a value (two decimals for 0.125, a date for noon) does not apply to that value.
    is_filled : bool
        Whether the file has values in this column elsewhere, beside which missing cells have their mark.

    Returns
    -------
    list of str, length n
        Unquoted cells.

    Raises
    ------
    DataError
        A value is bytes, or holds several.
    """
    known = column[column.notna()]
    is_typed = (len(known) > 0 or is_filled) and _is_parsed_typed(known)
    before, after = notes.get("padding", ("", "")) if is_typed else ("", "")
    spelled = [f"{before}{text}{after}" for text in spell(known, notes)] if before + after else spell(known, notes)
    if is_typed and "aligned" in notes:
        side, width = notes["aligned"]
        spelled = [text.ljust(width) if side == "left" else text.rjust(width) for text in spelled]
    if len(known) == len(column):
        return spelled
    missing = notes.get("own_mark", notes.get("missing_text", "")) if is_typed else ""
    texts = iter(spelled)
    return [next(texts) if there else missing for there in column.notna().tolist()]


def _is_parsed_typed(known: pd.Series[Any]) -> bool:
    """Return whether a column is parsed as numbers, booleans or dates, where alone marks of missing cells count."""
    dtype = known.dtype.categories.dtype if isinstance(known.dtype, pd.CategoricalDtype) else known.dtype
    kinds = pd.api.types
    return kinds.is_any_real_numeric_dtype(dtype) or kinds.is_bool_dtype(dtype) or kinds.is_datetime64_any_dtype(dtype)


def spell(known: pd.Series[Any], notes: Mapping[str, Any]) -> list[str]:
    """Format values, all present; see `format_cells`."""
    if isinstance(known.dtype, pd.CategoricalDtype):
        known = known.cat.remove_unused_categories()
        texts = spell(pd.Series(known.cat.categories, name=known.name), notes)
        return [texts[code] for code in known.cat.codes.tolist()]
    if pd.api.types.is_bool_dtype(known.dtype):
        false, true = notes.get("boolean_text", BOOLEANS[0])
        return [true if value else false for value in known.tolist()]
    if pd.api.types.is_any_real_numeric_dtype(known.dtype):
        texts = _format_numbers(known, notes)
        return spell_all(texts, notes["number_form"]) if "number_form" in notes else texts
    if pd.api.types.is_datetime64_any_dtype(known.dtype) and not _is_arrow_date(known.dtype):
        texts = _format_moments(known, notes.get("datetime_format", ""), notes)
        if "date_form" not in notes or known.dt.tz is not None:
            return texts
        spelled = DateForm(**notes["date_form"]).spell(known)
        return [text if own is None else own for own, text in zip(spelled, texts, strict=True)]
    values = known.tolist()
    if nested := next((kind for kind in set(map(type, values)) if issubclass(kind, _NESTED)), None):
        example = reprlib.repr(next(value for value in values if type(value) is nested))
        raise DataError(
            f"Column {known.name!r} holds {example} of type {nested.__name__}, and no cell of CSV can; write Parquet, "
            "or make text of it first, as by json.dumps."
        )
    return list(map(str, values))


def _is_arrow_date(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and pa.types.is_date(dtype.pyarrow_dtype)


def _format_numbers(known: pd.Series[Any], notes: Mapping[str, Any]) -> list[str]:
    if not pd.api.types.is_float_dtype(known.dtype):
        return list(map(str, known.tolist()))
    if "exponent_form" in notes:
        return ExponentForm(**notes["exponent_form"]).spell(known.to_numpy(dtype="float64").tolist())
    texts = _format_floats(known, notes.get("decimals"))
    if notes.get("bare_point"):
        texts = [re.sub(r"\A(-?)0\.", r"\1.", text) for text in texts]
    return [text.removesuffix(".0") for text in texts] if notes.get("whole") else texts


def _format_floats(known: pd.Series[Any], decimals: int | None) -> list[str]:
    if known.dtype in ("float16", "float32", "Float32"):
        return list(map(str, known.to_numpy(dtype="float32")))  # the shortest text that gives the same float32
    values = known.to_numpy(dtype="float64")
    if decimals is None:
        return list(map(repr, values.tolist()))
    fixed = f"%.{decimals}f"
    return [text if float(text := fixed % value) == value else repr(value) for value in values.tolist()]


def _format_moments(known: pd.Series[Any], form: str, notes: Mapping[str, Any]) -> list[str]:
    aware = known.dt.tz is not None
    match = ISO_FORM.fullmatch(form)
    if match is None or aware != bool(match[4]):
        match = ISO_FORM.fullmatch("%Y-%m-%d %H:%M:%S" + ("Z" if aware else ""))
    between, seconds, fraction, zone = match.groups() if match else (None,) * 4
    if aware:
        known = known.dt.tz_convert(parse_offset(zone or "Z")).dt.tz_localize(None)
    values: np.ndarray[Any, np.dtype[np.datetime64]] = known.to_numpy(dtype=f"M8[{known.dt.unit}]")
    unit: Any = "us" if fraction else "s" if seconds else "m" if between else "D"
    for finer in (unit, "s", "us", "ns"):
        if (values.astype(f"M8[{finer}]") == values).all():
            break
    texts = [_shorten(text, notes) for text in np.datetime_as_string(values.astype(f"M8[{finer}]")).tolist()]
    return [text.replace("T", between or " ") + (zone or "") for text in texts]


def _shorten(text: str, notes: Mapping[str, Any]) -> str:
    """Return a moment without fractional digits that are 0 and that the cells of its column do not have."""
    before, point, digits = text.partition(".")
    if not point or not notes:
        return text
    least = notes.get("decimals", 0 if notes.get("whole") else len(digits))
    short = digits[:least] + digits[least:].rstrip("0")
    return f"{before}.{short}" if short else before


def parse_offset(zone: str) -> timezone:
    """Return the time zone of an offset such as +02:00 or Z."""
    digits = zone[1:].replace(":", "")
    if not digits.strip("0"):  # Z, +00:00
        return timezone.utc
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if zone.startswith("-") else offset)
