"""Learn text columns that spell numbers or dates as what they spell, and spell what is generated in the same form."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..data.dtypes import check_description, describe_dtype, restore
from ..errors import DataError, DataWarning
from ..files.cells import parse_cells
from ..files.clocks import ClockForm, MonthForm, ZonedForm, find_clock, find_months, find_zoned
from ..files.datelike import resembles_dates
from ..files.durations import DaysForm, UnitForm, find_days, find_units
from ..files.formatting import format_cells
from ..files.notes import is_mark, valid_notes
from ..files.times import CompactForm, TimeForm, find_compact, find_times
from ..messages import join_names
from .identifiers import is_identifier

Spelling = dict[str, Any]
"""Of one column: its "name", the "dtype" of its text, "notes" on its form, and the "mark" of missing cells or None."""

_LOOKED_AT = 200  # cells that rule out most columns of words
_SHOWN = 5
_FEW_VALUES, _MIN_REPEATS = 30, 5  # of months or quarters
_NUMERIC = ("numeric", "ordered")
_FINDERS: dict[str, Callable[[list[str]], Any]] = {
    "clock_form": find_clock,
    "days_form": find_days,
    "unit_form": find_units,
    "compact_form": find_compact,
    "time_form": find_times,
    "month_form": find_months,
    "zoned_form": find_zoned,
}
_CLOCKS: dict[str, Any] = {
    "clock_form": ClockForm,
    "days_form": DaysForm,
    "unit_form": UnitForm,
    "compact_form": CompactForm,
    "time_form": TimeForm,
}
_KINDS = (*_NUMERIC, "datetime")


def type_texts(
    frame: pd.DataFrame, kinds: Mapping[Any, str], categorical: Sequence[Any]
) -> tuple[pd.DataFrame, list[Spelling], list[Any]]:
    """Return a frame with text columns that spell numbers or dates as such, and how they were spelled.

    Decimal numbers, numbers with a currency, unit or separators, and ISO dates count. Whole numbers may be codes, and
    stay text unless `kinds` says that they are numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table.
    kinds : mapping of column name to kind
        What the user says; a category, an identifier and so on stays text.
    categorical : sequence of column names
        Columns that stay text as well.

    Returns
    -------
    frame : pandas.DataFrame
        The table.
    found : list of dict
        How the columns were spelled.
    unclear : list of column names
        Columns of dates that stay text, because their form, or the order of day and month, is not clear.
    """
    found: list[Spelling] = []
    unclear: list[Any] = []
    for position, name in enumerate(frame.columns):
        kind = None if name in categorical else kinds.get(name, "")
        if kind is None or (kind and kind not in _KINDS):
            continue
        typed = _parse(frame.iloc[:, position], kind)
        if isinstance(typed, str):
            unclear.append(name)
            _warn_of_unclear_dates(name, typed)
        elif typed is not None:
            column, spelling = typed
            frame.isetitem(position, column.array)
            found.append(spelling)
    if guessed := [str(one["name"]) for one in found if one["name"] not in kinds]:
        warnings.warn(
            f"{join_names(guessed, _SHOWN)} {'holds' if len(guessed) == 1 else 'hold'} numbers or dates as text, and "
            "what they say is learned; give column_kinds={...: 'category'} if they are names.",
            DataWarning,
            stacklevel=4,
        )
    return frame, found, unclear


def _warn_of_unclear_dates(name: Any, example: str) -> None:
    warnings.warn(
        f"Column {name!r} holds dates such as {example!r} in an order or form that is not clear, and synthetic rows "
        "repeat those that occur; convert it first, by pandas.to_datetime with format=.",
        DataWarning,
        stacklevel=5,
    )


def _parse(series: Any, kind: str) -> tuple[pd.Series[Any], Spelling] | str | None:
    """Return what a text column spells, None if it spells words, or whole numbers that may be codes.

    Of dates whose form or order is not clear, the first one is returned.
    """
    if not (pd.api.types.is_object_dtype(series.dtype) or pd.api.types.is_string_dtype(series.dtype)):
        return None
    if isinstance(series.dtype, pd.CategoricalDtype):
        return None
    missing = series.isna().to_numpy()
    texts = series.astype(object).to_numpy(dtype=object)
    known = texts[~missing]
    if not len(known) or not all(type(text) is str and text.isprintable() for text in known.tolist()):
        return None
    if len(known) > _LOOKED_AT:
        first, notes = _parse_texts(known[:_LOOKED_AT])
        if not ("date_orders" in notes or _is_wanted(first, notes, kind)):
            return _find_unclear_date(series.name, known, kind)
    column, notes = _parse_texts(np.where(missing, None, texts))
    if "date_orders" in notes:
        return str(known[0])
    if not _is_wanted(column, notes, kind) or (not kind and "month_form" in notes and _has_few(known)):
        return _find_unclear_date(series.name, known, kind)
    marks = Counter(texts[column.isna().to_numpy() & ~missing].tolist() + [None] * int(missing.sum()))
    mark = max(marks, key=lambda one: marks[one]) if marks else None
    notes = valid_notes({note: {"c": value} for note, value in notes.items() if note != "missing_text"})
    column.index = series.index
    spelling = {
        "name": series.name,
        "dtype": describe_dtype(series),
        "notes": {note: value["c"] for note, value in notes.items()},
        "mark": mark,
    }
    return column.rename(series.name), spelling


def _has_few(known: Any) -> bool:
    """Return whether a few values occur often, so that they are learned as categories, which a day may decide."""
    return len(set(known.tolist())) <= min(_FEW_VALUES, len(known) / _MIN_REPEATS)


def _find_unclear_date(name: Any, known: Any, kind: str) -> str | None:
    """Return the first text of a column that would name rows, if it holds dates in a form that cannot be spelled."""
    may_be = not kind and resembles_dates(known[:_LOOKED_AT].tolist()) and is_identifier(name, known, 0)
    return str(known[0]) if may_be and resembles_dates(known.tolist()) else None


def _parse_texts(texts: Any) -> tuple[Any, dict[str, Any]]:
    """Return what cells spell, and how; times, durations and changing offsets, too, which files leave text."""
    column, notes = parse_cells(pa.chunked_array([pa.array(texts, pa.string())]))
    if "date_orders" in notes or not (pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)):
        return column, notes
    known = [text for text in texts if text is not None and not is_mark(text)]
    there = np.isin(np.asarray(texts, dtype=object), list(set(known)))
    for note, find in _FINDERS.items():
        if found := find(known):
            values, form = found
            typed = pd.Series(pd.NaT, index=range(len(there)), dtype=values.dtype)
            typed[there] = values.array
            return typed, {note: form.to_dict()}
    return column, notes


def _is_wanted(column: pd.Series[Any], notes: Mapping[str, Any], kind: str) -> bool:
    """Return whether a parsed column holds numbers or dates that are no codes."""
    dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return kind in ("", "datetime")
    is_number = pd.api.types.is_any_real_numeric_dtype(dtype)
    if kind in _NUMERIC:
        return is_number
    return not kind and is_number and (pd.api.types.is_float_dtype(dtype) or "number_form" in notes)


def apply_spellings(frame: pd.DataFrame, spellings: Iterable[Spelling], dtypes: Mapping[Any, Any]) -> pd.DataFrame:
    """Return another frame with the same text columns as what they spell.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table; columns of it that are no text are left as they are.
    spellings : iterable
        What `type_texts` returned.
    dtypes : mapping of column name to dtype
        Descriptions of what the columns spelled in training.

    Raises
    ------
    DataError
        A cell spells something else.
    """
    for spelling in spellings:
        name = spelling["name"]
        position = frame.columns.tolist().index(name)
        series: Any = frame.iloc[:, position]
        if not (pd.api.types.is_object_dtype(series.dtype) or pd.api.types.is_string_dtype(series.dtype)):
            continue
        missing = series.isna().to_numpy()
        texts = np.where(missing, None, series.astype(object).to_numpy(dtype=object))
        column, _ = _parse_texts([text if text is None or isinstance(text, str) else str(text) for text in texts])
        wanted = restore(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), dtypes[name]).dtype
        if pd.api.types.is_string_dtype(column.dtype) or pd.api.types.is_object_dtype(column.dtype):
            if column.notna().any():
                raise DataError(
                    f"Column {name!r} spelled numbers or dates in training, and holds "
                    f"{column[column.notna()].iloc[0]!r} now; give it the same form."
                )
            column = pd.Series(restore(np.zeros(len(frame), np.int64), np.ones(len(frame), dtype=bool), dtypes[name]))
        frame.isetitem(position, column.set_axis(frame.index).astype(wanted))
    return frame


def spell(column: pd.Series[Any], spelling: Spelling) -> pd.Series[Any]:
    """Return a generated column as text in the form that `type_texts` found."""
    missing = column.isna().to_numpy()
    texts = np.array([*_spell_cells(column, spelling["notes"]), None], dtype=object)[:-1]
    if spelling["mark"] is not None:
        texts[missing] = spelling["mark"]
        missing = np.zeros(len(column), dtype=bool)
    return restore(texts, missing, spelling["dtype"]).set_axis(column.index)


def _spell_cells(column: pd.Series[Any], notes: Mapping[str, Any]) -> list[str]:
    known = column[column.notna()]
    clock = next((note for note in _CLOCKS if note in notes), None)
    if clock:
        spelled = _CLOCKS[clock](**notes[clock]).spell(known.astype("m8[us]").astype("int64").tolist())
    elif "month_form" in notes:
        spelled = MonthForm(**notes["month_form"]).spell(known)
    elif "zoned_form" in notes:
        spelled = ZonedForm(**notes["zoned_form"]).spell(known)
    else:
        return format_cells(column, notes)
    texts = iter(spelled)
    return [next(texts) if there else "" for there in column.notna().tolist()]


def check_spellings(spellings: Any) -> None:
    """Raise ValueError or TypeError for spellings that `type_texts` cannot return, from a forged file."""
    if not isinstance(spellings, list):
        raise TypeError("spellings are no list")
    for spelling in spellings:
        if set(spelling) != {"name", "dtype", "notes", "mark"}:
            raise ValueError("a spelling has other parts")
        check_description(spelling["dtype"])
        notes = {note: {"c": value} for note, value in spelling["notes"].items()}
        if valid_notes(notes) != notes or not isinstance(spelling["mark"], str | None):
            raise ValueError("a spelling has unsound notes")
