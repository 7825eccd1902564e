"""Parse the condition of a user on one column of a table."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dtypes import Mask, Plain, as_plain, restore, split
from ..errors import DataError, ParameterError
from ..files.dates import ORDERS
from ..messages import join_names, suggest
from .columns import Category, Constant, Identifier, Number
from .followers import Calculated, Determined, Later
from .kinds import Column
from .periods import UnclearOrderError, find_periods

_FINE = 1_000_000  # values on the grid of a column, above which a single one hardly ever occurs
_DAY_DIGITS = 8  # of a date such as 20210331
NUMBERS = (Number, Calculated, Later)
"""Columns of numbers and dates."""

_SEVERAL = (list, set, frozenset, range, np.ndarray, pd.Index, pd.Series)
_SHOWN_VALUES = 8  # number of values that a message lists


@dataclass(frozen=True)
class ColumnCondition:
    """Values that one column may have, in plain form.

    Attributes
    ----------
    given : object
        The condition as the user wrote it, for messages.
    values : tuple
        Single values.
    spans : tuple of (low, high)
        Ranges, their ends included, None for an open end.
    missing : bool
        Whether a missing cell is allowed.
    """

    given: Any
    values: tuple[Any, ...] = ()
    spans: tuple[tuple[Any, Any], ...] = ()
    missing: bool = False

    def match_values(self, values: Sequence[Any]) -> NDArray[np.bool_]:
        """Return the mask of the values that meet the condition; None is a missing cell."""
        return np.asarray([self.missing if value is None else self._matches(value) for value in values], dtype=bool)

    def match_numbers(self, plain: Plain, missing: Mask) -> NDArray[np.bool_]:
        """Return the mask of the cells of a column of numbers that meet the condition."""
        met = np.isin(plain, np.asarray(self.values, dtype=plain.dtype))
        for low, high in self.spans:
            inside = np.ones(len(plain), dtype=bool) if low is None else plain >= low
            met |= inside if high is None else inside & (plain <= high)
        return np.where(missing, self.missing, met)

    def _matches(self, value: Any) -> bool:
        return any(_are_equal(value, one) for one in self.values) or any(
            (low is None or value >= low) and (high is None or value <= high) for low, high in self.spans
        )


def parse_condition(
    name: Any, column: Column, dtype: Mapping[str, Any], given: Any, order: str | None = None
) -> ColumnCondition:
    """Return the condition of a user on a column.

    Parameters
    ----------
    name : str or int
        Name of the column.
    column : Column
        The fitted column.
    dtype : mapping
        Its dtype, see `ganaug.data.dtypes.describe_dtype`.
    given : object
        A value, a list or set of values, or a tuple ``(low, high)``.
    order : str or None
        Order of day, month and year in which the column spells dates, for texts that may have several.

    Raises
    ------
    ParameterError
        No such value or range occurred in training; the message lists values that did.
    """
    if isinstance(column, Identifier):
        raise ParameterError(f"where[{name!r}]: the column identifies rows and gets new values; leave it out of where.")
    if callable(given) or isinstance(given, slice | Mapping | pd.DataFrame):
        raise ParameterError(
            f"where[{name!r}] must be a value, a list of values, or a range (low, high). Got {given!r} instead."
        )
    dated = _is_date(dtype)
    if isinstance(given, tuple):
        ends = _find_ends(name, dtype, given, order) if dated else [_to_plain(name, dtype, end) for end in given]
        return _make_range(name, column, dtype, given, ends)
    several = list(given) if isinstance(given, _SEVERAL) else [given]
    if not several:
        raise ParameterError(f"where[{name!r}] lists no value; name one, or leave the column out of where.")
    if dated:
        spans = [_find_span(name, dtype, value, order) for value in several]
    else:
        plain = [_to_plain(name, dtype, value) for value in several]
        spans = [None if value is None else (value, value) for value in plain]
    for span, said in zip(spans, several, strict=True):
        if not _may_occur(column, span):
            # A value that occurred only beside rare values of the determining column is not stored.
            why = "did not occur in training"
            if isinstance(column, Determined):
                why = "is not among the values that were learned"
            raise ParameterError(f"where[{name!r}]: {said!r} {why}; {_describe_values(column, dtype, said)}")
        if span is not None and _is_fine(column, span):
            low, high = _format_values(_find_neighbourhood(column, span[0]), dtype)
            raise ParameterError(
                f"where[{name!r}]: hardly any row has exactly {said!r} in a column of such fine numbers; give a range, "
                f"such as ({low}, {high})."
            )
    known = [span for span in spans if span is not None]
    return ColumnCondition(
        given,
        tuple(low for low, high in known if low == high),
        tuple((low, high) for low, high in known if low != high),
        missing=None in spans,
    )


def _make_range(
    name: Any, column: Column, dtype: Mapping[str, Any], given: tuple[Any, ...], ends: Sequence[Any]
) -> ColumnCondition:
    if len(ends) != 2:
        raise ParameterError(
            f"where[{name!r}] must be a value, a list of values, or a range (low, high). Got {given!r} instead."
        )
    low, high = ends
    if any(isinstance(value, str | bool) for value in (*_list_known_values(column), low, high)):
        raise ParameterError(f"where[{name!r}]: a range needs numbers or dates; give a list of values, not {given!r}.")
    if low is not None and high is not None and low > high:
        raise ParameterError(f"where[{name!r}]: the range {given!r} ends before it begins; swap its ends.")
    wanted = ColumnCondition(given, spans=((low, high),))
    if isinstance(column, NUMBERS):
        first, last = column.limits
        empty = (low is not None and low > last) or (high is not None and high < first)
    else:
        empty = not wanted.match_values(_list_known_values(column)).any()
    if empty:
        raise ParameterError(
            f"where[{name!r}]: no value in {given!r} occurred in training; {_describe_values(column, dtype)}"
        )
    return wanted


def _to_plain(name: Any, dtype: Mapping[str, Any], value: Any) -> Any:
    """Return a value in the plain form of the column, None for a missing one."""
    value = value.item() if isinstance(value, np.generic) and value.dtype.kind not in "mM" else value
    value = float(value) if isinstance(value, Decimal) else value
    dtype = dtype.get("inner", dtype)
    try:
        if value is None or pd.isna(value):
            return None
        return _convert_to_count(dtype, value) if _is_time(dtype) else value
    except (ValueError, TypeError, OverflowError, DataError):
        raise ParameterError(
            f"where[{name!r}]: {value!r} is no value of a column of {dtype['dtype']}; give a value of that type."
        ) from None


def _find_ends(name: Any, dtype: Mapping[str, Any], given: Sequence[Any], order: str | None) -> list[Any]:
    """Return the first and last moment of a range of dates, both read in the same order of day and month."""
    spans = _find_spans(name, dtype, given, order)
    ends = zip(spans, (0, 1), strict=False)
    return [None if span is None else span[end] for span, end in ends] + spans[2:]


def _find_span(name: Any, dtype: Mapping[str, Any], value: Any, order: str | None) -> tuple[int, int] | None:
    """Return the first and last moment of a date, a month, a year or a moment, None for a missing one."""
    return _find_spans(name, dtype, [value], order)[0]


def _find_spans(
    name: Any, dtype: Mapping[str, Any], given: Sequence[Any], order: str | None
) -> list[tuple[int, int] | None]:
    """Return the first and last moment of each date that is given, None for one that is missing."""
    dtype = dtype.get("inner", dtype)
    given = [str(value) if _is_day_in_digits(value) else value for value in given]
    known = [value for value in given if value is not None and not pd.isna(value)]
    try:
        if wrong := [value for value in known if isinstance(value, bool | int | float | np.number)]:
            raise TypeError(f"{wrong[0]} is no date")
        periods = iter(find_periods(known, order))
        found: list[tuple[int, int] | None] = []
        for value in given:
            if value is None or pd.isna(value):
                found.append(None)
                continue
            start, after = next(periods)
            low = _convert_to_count(dtype, start)
            found.append((low, low if after == start else _convert_to_count(dtype, after) - 1))
    except UnclearOrderError as error:
        raise ParameterError(f"where[{name!r}]: {given!r} can be read as {error}; write dates as 2021-03-31.") from None
    except (ValueError, TypeError, OverflowError, DataError):
        raise ParameterError(
            f"where[{name!r}]: {_find_wrong(known)} is no date; give one such as '2021-03-31', "
            f"or a month or year such as '2021-03' or '2021'; the column is {dtype['dtype']}."
        ) from None
    return found


def _is_day_in_digits(value: Any) -> bool:
    """Return whether a value is a whole number of eight digits, which columns such as 20210331 hold."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and len(str(value)) == _DAY_DIGITS


def _find_wrong(given: Sequence[Any]) -> str:
    """Return which of several values is no date, in words."""
    for value in given:
        try:
            find_periods([value], ORDERS[0])
        except (ValueError, TypeError, OverflowError):
            return repr(value)
    return next((repr(value) for value in given if isinstance(value, int | float)), repr(given))


def _is_date(dtype: Mapping[str, Any]) -> bool:
    return pd.api.types.pandas_dtype(dtype.get("inner", dtype)["dtype"]).kind == "M"


def _is_time(dtype: Mapping[str, Any]) -> bool:
    """Return whether cells are dates or durations, which are integers in plain form."""
    return pd.api.types.pandas_dtype(dtype["dtype"]).kind in "mM"


def _convert_to_count(dtype: Mapping[str, Any], value: Any) -> int:
    if isinstance(value, bool | int | float):
        raise TypeError("a number is no date")
    described = pd.api.types.pandas_dtype(dtype["dtype"])
    is_duration = described.kind == "m"
    if is_duration and isinstance(value, str | datetime.time):
        value = re.sub(r"\A(\d+:\d+)\Z", r"\1:00", str(value))  # pandas takes hours and minutes with seconds only
    moments = pd.Series(pd.to_timedelta([value]) if is_duration else pd.to_datetime([value]))
    zone = dtype.get("zone", getattr(described, "tz", None))  # of pytz in pandas 2, and not in `dtype`
    if zone is not None and moments.dt.tz is None:
        moments = moments.dt.tz_localize(zone)
    return int(split(moments, dict(dtype))[0][0])


def _list_known_values(column: Column) -> list[Any]:
    """Return the stored values, None for missing; of numbers only the spikes."""
    if isinstance(column, NUMBERS):
        return [*column.spikes, *([None] if column.missing else [])]
    if isinstance(column, Category):
        return column.known
    return (column.values or [None]) if isinstance(column, Constant | Determined) else []


def _may_occur(column: Column, span: tuple[Any, Any] | None) -> bool:
    """Return whether a value of a span may have occurred in training; None is a missing cell."""
    known = _list_known_values(column)
    if span is None:
        return None in known
    low, high = span
    if low == high:
        if any(_are_equal(value, low) for value in known):
            return True
    elif ColumnCondition(None, spans=(span,)).match_values(known).any():
        return True
    if not isinstance(column, NUMBERS) or isinstance(low, str | bool):
        return False
    first, last = column.limits
    if low == high:
        return bool(first <= low <= last and (not column.step or (low - first) % column.step == 0))
    return bool(low <= last and high >= first)


def _is_fine(column: Column, span: tuple[Any, Any]) -> bool:
    """Return whether a span is a single value, and no frequent one, of a column of numbers without a coarse grid."""
    if not isinstance(column, Number | Calculated) or column.step or span[0] != span[1]:
        return False
    low, high = column.limits
    steps = math.inf if column.decimals is None else (high - low) * 10.0**column.decimals
    return steps > _FINE and not any(_are_equal(value, span[0]) for value in _list_known_values(column))


def _find_neighbourhood(column: Column, value: Any) -> list[float]:
    """Return the ends of a range about a value, a fiftieth of that of the column wide."""
    low, high = column.limits if isinstance(column, NUMBERS) else (value, value)
    return [float(f"{value + part * (high - low):.4g}") for part in (-0.01, 0.01)]


def _are_equal(a: Any, b: Any) -> bool:
    """Return whether two values are equal to a user: 1 and 1.0 are; 1 and True, or 1 and "1", are not."""
    if a is None or b is None:
        return a is b
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _describe_values(column: Column, dtype: Mapping[str, Any], said: Any = None) -> str:
    """Describe the values that occurred, for an error message."""
    if isinstance(column, NUMBERS):
        low, high = _format_values(column.limits, dtype)
        gaps = "some were missing" if column.missing else "none was missing"
        step = f" in steps of {column.step}" if column.step > 1 and column.kind == "numeric" else ""
        return f"values were from {low} to {high}{step}, and {gaps}."
    known = [value for value in _list_known_values(column) if value is not None]
    if guess := suggest(said, known):
        return guess
    return f"values were {join_names(_format_values(known, dtype), _SHOWN_VALUES, form=str)}."


def _format_values(values: Sequence[Any], dtype: Mapping[str, Any]) -> list[str]:
    dtype = dtype.get("inner", dtype)
    if not _is_time(dtype):
        return [repr(value) for value in values]
    return [str(value) for value in restore(as_plain(list(values)), np.zeros(len(values), dtype=bool), dict(dtype))]
