"""Learn Python objects and Arrow values that are dates, times and decimal numbers, and give back the same types."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from msgspec import Meta

from ..data.dtypes import check_description, describe_dtype, restore
from ..errors import DataError
from ..records import JsonRecord

_DIGITS = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?)?", re.ASCII
)
_OF_DAY = 8  # digits of a date
_DIGIT_FORMS = {6: "%Y%m", _OF_DAY: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_LOOKED_AT = 50  # cells that rule out most columns
_LEAST = 20  # different dates, which no other numbers happen to be
_MICROSECONDS = np.dtype("m8[us]")
_DECIMAL = r"decimal(32|64|128|256)\(\d{1,2}, \d{1,2}\)"
_TIME = r"time(32|64)\[(s|ms|us|ns)\]"
_DICTIONARY = r"dictionary<values=(large_)?string, indices=u?int(8|16|32|64), ordered=[01]>"


@dataclass
class ObjectForm(JsonRecord):
    """Type of the cells of a column that is learned as dates, durations or numbers.

    Attributes
    ----------
    name : str or int
        Name of the column.
    kind : str
        "date", "datetime", "timestamp" (of pandas), "time", "decimal", "text" in an Arrow dictionary, or the
        "digits" of a date, month or moment, such as 20240131 or 202401, as a whole number or text.
    digits : int
        Digits after the point of decimal numbers; number of digits of months and moments; else 0.
    dtype : dict
        Description of the dtype, for its mark of missing cells; for an Arrow dtype, empty.
    arrow : str
        Name of the Arrow type; empty for Python objects.
    """

    name: str | int
    kind: Literal["date", "datetime", "timestamp", "time", "decimal", "text", "digits"]
    digits: Annotated[int, Meta(ge=0, le=15)] = 0
    dtype: dict[str, Any] | None = None
    arrow: Annotated[str, Meta(pattern=f"^(|{_DECIMAL}|{_TIME}|{_DICTIONARY})$")] = ""


def type_objects(frame: pd.DataFrame, codes: Collection[Any] = ()) -> tuple[pd.DataFrame, list[ObjectForm]]:
    """Return a frame whose columns of such objects hold dates, durations or floats, and what they were.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table.
    codes : collection of column names
        Columns whose digits are no dates, as the user says.

    Raises
    ------
    DataError
        Decimal numbers have more digits than floats, or moments are in several time zones.
    """
    found = []
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        form = _find_form(series)
        if form is not None and not (form.kind == "digits" and form.name in codes):
            frame.isetitem(position, _convert(series, form).array)
            found.append(form)
    return frame, found


def apply_objects(frame: pd.DataFrame, forms: Iterable[ObjectForm]) -> pd.DataFrame:
    """Return another frame with the same columns converted; columns that hold no objects are left as they are."""
    for form in forms:
        names: list[Any] = frame.columns.tolist()
        position = names.index(form.name)
        series = frame.iloc[:, position]
        if _find_form(series) is not None:
            frame.isetitem(position, _convert(series, form).array)
    return frame


def restore_objects(column: pd.Series[Any], form: ObjectForm) -> pd.Series[Any]:
    """Return a column that was generated as dates, durations or floats as the objects that it was."""
    missing = column.isna().to_numpy()
    values = np.empty(len(column), dtype=object)
    values[~missing] = _MAKE[form.kind](column[~missing], form)
    if form.arrow:
        values[missing] = None
        dtype = pd.ArrowDtype(_parse_arrow(form.arrow))
        return pd.Series(pd.array(values.tolist(), dtype=dtype), index=column.index)
    if form.kind == "digits" and pd.api.types.is_integer_dtype(_dtype_of(form)):
        values = np.where(missing, 0, values).astype(np.int64)
    return restore(values, missing, form.dtype or {"dtype": "object"}).set_axis(column.index)


_MAKE: dict[str, Callable[[pd.Series[Any], ObjectForm], list[Any]]] = {
    "text": lambda known, form: known.tolist(),
    "digits": lambda known, form: known.dt.strftime(_DIGIT_FORMS[form.digits or _OF_DAY]).tolist(),
    "date": lambda known, form: known.dt.date.tolist(),
    "datetime": lambda known, form: [moment.to_pydatetime() for moment in known],
    "timestamp": lambda known, form: known.tolist(),
    "time": lambda known, form: [_make_time(int(count)) for count in known.astype(_MICROSECONDS).astype("int64")],
    "decimal": lambda known, form: [Decimal(f"{number:.{form.digits}f}") for number in known.tolist()],
}


def _make_time(microseconds: int) -> datetime.time:
    seconds, micro = divmod(microseconds, 10**6)
    return datetime.time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, micro)


def _dtype_of(form: ObjectForm) -> Any:
    return restore(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), form.dtype or {"dtype": "object"}).dtype


def _count_date_digits(series: pd.Series[Any]) -> int:
    """Return how many digits the dates, months or moments of a column have, if it holds nothing else; or 0."""
    kinds = pd.api.types
    if not (kinds.is_integer_dtype(series.dtype) or kinds.is_string_dtype(series.dtype)) or _is_listed(series):
        return 0
    known = series[series.notna().to_numpy()]
    texts = known.iloc[:_LOOKED_AT].tolist()
    if not texts or not all(_DIGITS.fullmatch(text) for text in map(str, texts)):
        return 0
    distinct = sorted(set(known.astype(str).tolist()))
    if len(distinct) < _LEAST or len(set(map(len, distinct))) > 1 or not all(map(_DIGITS.fullmatch, distinct)):
        return 0
    width = len(distinct[0])
    moments = pd.to_datetime(pd.Series(distinct), format=_DIGIT_FORMS[width], errors="coerce")
    return width if moments.notna().all() else 0


def _is_listed(series: pd.Series[Any]) -> bool:
    return isinstance(series.dtype, pd.CategoricalDtype | pd.SparseDtype)


def _find_form(series: pd.Series[Any]) -> ObjectForm | None:
    """Return the type of the objects of a column, None if it holds none of these."""
    name: Any = series.name
    if isinstance(series.dtype, pd.ArrowDtype):
        kind = series.dtype.pyarrow_dtype
        if pa.types.is_decimal(kind):
            numbers = [number.normalize() for number in series.dropna().tolist()]  # Arrow fills up with zeros
            return ObjectForm(name, "decimal", _count_digits(name, numbers), arrow=str(kind))
        if re.fullmatch(_DICTIONARY, str(kind)):
            return ObjectForm(name, "text", arrow=str(kind))
        return ObjectForm(name, "time", arrow=str(kind)) if pa.types.is_time(kind) else None
    if width := _count_date_digits(series):
        return ObjectForm(name, "digits", 0 if width == _OF_DAY else width, describe_dtype(series))
    if series.dtype != np.dtype(object):
        return None
    known = series[series.notna().to_numpy()]
    types = set(map(type, known.tolist()))
    kinds: dict[str, set[type]] = {
        "date": {datetime.date},
        "datetime": {datetime.datetime},
        "timestamp": {pd.Timestamp, datetime.datetime},
        "time": {datetime.time},
        "decimal": {Decimal},
    }
    found = next((kind for kind, allowed in kinds.items() if types and types <= allowed), None)
    if found is None:
        return None
    digits = _count_digits(name, known.tolist()) if found == "decimal" else 0
    return ObjectForm(name, found, digits, describe_dtype(series))  # type: ignore[arg-type]


def _count_digits(name: Any, numbers: list[Decimal]) -> int:
    """Return the largest number of digits after the point; raise DataError if floats do not hold the numbers."""
    digits = max((max(0, -int(number.as_tuple().exponent)) for number in numbers if number.is_finite()), default=0)
    for number in numbers:
        if digits > 15 or not number.is_finite() or Decimal(f"{float(number):.{digits}f}") != number:
            raise DataError(
                f"Column {name!r} holds {number!r}, which has more digits than floats, and ganaug learns decimal "
                "numbers as floats; round the column, or make it text (astype(str))."
            )
    return digits


def _convert(series: pd.Series[Any], form: ObjectForm) -> pd.Series[Any]:
    """Return a column of objects as dates, durations or floats."""
    if form.arrow:
        series = pd.Series(_list_arrow(series), index=series.index, name=series.name, dtype=object)
    missing = series.isna().to_numpy()
    known = series[~missing].tolist()
    if form.kind == "text":
        column = series
    elif form.kind == "digits":
        moments = pd.to_datetime(list(map(str, known)), format=_DIGIT_FORMS[form.digits or _OF_DAY])
        column = _to_moments(series.name, moments.tolist(), missing)
    elif form.kind == "decimal":
        column = pd.Series(np.full(len(series), np.nan))
        column[~missing] = [float(number) for number in known]
    elif form.kind == "time":
        column = pd.Series(np.full(len(series), np.timedelta64("NaT"), dtype=_MICROSECONDS))
        column[~missing] = np.asarray([_count_microseconds(time) for time in known], dtype=_MICROSECONDS)
    else:
        column = _to_moments(series.name, known, missing)
    return column.set_axis(series.index).rename(series.name)


def _list_arrow(series: pd.Series[Any]) -> list[Any]:
    """Return Arrow values as Python objects; raise DataError for times that these cannot hold."""
    values = pa.array(series.array)
    if values.type == pa.time64("ns") and np.any(np.asarray(values.cast(pa.int64()).fill_null(0)) % 1000):
        raise DataError(f"Column {series.name!r} holds times that are finer than microseconds; round them first.")
    listed: list[Any] = values.to_pylist()
    return listed


def _count_microseconds(time: datetime.time) -> int:
    return ((time.hour * 60 + time.minute) * 60 + time.second) * 10**6 + time.microsecond


def _to_moments(name: Any, known: list[Any], missing: np.ndarray[Any, Any]) -> pd.Series[Any]:
    """Return dates and moments as a column of pandas."""
    zones = {str(getattr(moment, "tzinfo", None)) for moment in known}
    if len(zones) > 1:
        raise DataError(
            f"Column {name!r} holds moments in the zones {', '.join(sorted(zones))}; bring them into one, by "
            "pandas.to_datetime(column, utc=True)."
        )
    try:
        moments = pd.Series(pd.DatetimeIndex([pd.Timestamp(moment) for moment in known]).as_unit("us"))
    except (ValueError, OverflowError) as error:
        raise DataError(f"Column {name!r} holds a moment that pandas cannot hold: {error}.") from error
    column = pd.Series(pd.NaT, index=range(len(missing)), dtype=moments.dtype)
    column[~missing] = moments.array
    return column


def _parse_arrow(name: str) -> pa.DataType:
    """Return the Arrow type of a name that the pattern of `ObjectForm` allows."""
    if match := re.fullmatch(_DICTIONARY, name):
        values, indices = re.findall(r"(?:values|indices)=(\w+)", name)
        return pa.dictionary(getattr(pa, indices)(), getattr(pa, values)(), ordered=match[0].endswith("1>"))
    kind, _, rest = name.partition("(" if name.startswith("decimal") else "[")
    if kind.startswith("decimal"):
        precision, scale = map(int, rest.rstrip(")").split(","))
        return getattr(pa, kind)(precision, scale)
    return getattr(pa, kind)(rest.rstrip("]"))


def forms_from_json(facts: Iterable[Mapping[str, Any]]) -> list[ObjectForm]:
    """Return forms from a model file.

    Raises
    ------
    ValueError, TypeError
        `type_objects` cannot have returned them.
    """
    forms = [ObjectForm.from_json(dict(one)) for one in facts]
    for form in forms:
        if form.kind == "digits" and (form.digits or _OF_DAY) not in _DIGIT_FORMS:
            raise ValueError("digits of no date")
        if form.arrow:
            _parse_arrow(form.arrow)
        elif form.kind != "digits" and (form.dtype or {}).get("dtype") != "object":
            raise ValueError("objects have another dtype")
        else:
            check_description(form.dtype or {})
    return forms
