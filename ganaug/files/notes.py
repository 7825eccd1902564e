"""Notes on how the cells of a column are spelled, which travel in ``attrs`` of frames and in model files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .clocks import is_sound_clock, is_sound_zoned
from .dates import is_sound_form as is_sound_date_form
from .dialect import is_sound_dialect
from .numbers import is_sound_form as is_sound_number_form

Notes: TypeAlias = "dict[str, Any]"

# Missing in a column of numbers, booleans or dates, with blanks around them or not; ordinary words in a column of text.
MISSING_MARKS = (
    *("?", "NA", "N/A", "n/a", "na", "n.a.", "N.A.", "NaN", "nan", "NAN", "NaT", "<NA>", "null", "NULL", "Null"),
    *("None", "none", "NONE", "nil", "missing", "Missing", "unknown", "Unknown", "-", "--", "---", ".", "..", "..."),
    *("#N/A", "#NA", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?"),  # spreadsheets'
)

BLANKS = " \t\u00a0"

MOST_DECIMALS = 100
BOOLEANS = (("False", "True"), ("false", "true"), ("FALSE", "TRUE"))
OFFSET = r"[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
ISO_FORM = re.compile(rf"%Y-%m-%d(?:([ T])%H:%M(:%S(\.%f)?)?(Z|{OFFSET})?)?")

_SOUND: dict[str, Callable[[Any], object]] = {
    "missing_text": lambda value: isinstance(value, str) and (value.isspace() or value.strip() in MISSING_MARKS),
    "padding": lambda value: _is_padding(value),
    "whole": lambda value: value is True,
    "number_form": is_sound_number_form,
    "date_form": is_sound_date_form,
    "clock_form": is_sound_clock,
    "zoned_form": is_sound_zoned,
    "decimals": lambda value: type(value) is int and 0 <= value <= MOST_DECIMALS,
    "datetime_format": lambda value: isinstance(value, str) and ISO_FORM.fullmatch(value),
    "boolean_text": lambda value: _is_names(value) and tuple(value) in BOOLEANS,
}


def valid_notes(attrs: Mapping[Any, Any]) -> Notes:
    """Return the notes of a frame that `read_table` or the command line can have written.

    Parameters
    ----------
    attrs : mapping
        ``attrs`` of any frame, or of the description in a model file.

    Returns
    -------
    dict
        Plain JSON: ``missing_text``, ``padding``, ``decimals``, ``whole``, ``number_form``, ``date_form``,
        ``clock_form``, ``zoned_form``, ``datetime_format`` and ``boolean_text`` of the columns with a valid note,
        ``column_order`` if it is a list of distinct names, and a sound ``dialect``.
    """
    notes: Notes = {}
    for note, is_sound in _SOUND.items():
        columns = attrs.get(note)
        items = columns.items() if isinstance(columns, dict) else ()
        if kept := {name: value for name, value in items if isinstance(name, str) and is_sound(value)}:
            notes[note] = kept
    if _is_names(order := attrs.get("column_order")):
        notes["column_order"] = order
    if is_sound_dialect(dialect := attrs.get("dialect")):
        notes["dialect"] = dialect
    return notes


def _is_names(value: Any) -> bool:
    """Return whether a value is a list of distinct texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)


def _is_padding(value: Any) -> bool:
    """Return whether a value is the blanks before and after a cell, at least one."""
    is_pair = isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)
    return is_pair and bool(value[0] + value[1]) and not (value[0] + value[1]).strip(BLANKS)
