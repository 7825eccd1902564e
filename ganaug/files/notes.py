"""Notes on how the cells of a column are spelled, which travel in ``attrs`` of frames and in model files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .clocks import is_sound_clock, is_sound_month, is_sound_zoned
from .dates import is_sound_form as is_sound_date_form
from .dialect import is_sound_dialect
from .durations import is_sound_days, is_sound_units
from .exponents import is_sound_exponents
from .numbers import is_sound_form as is_sound_number_form
from .times import is_sound_compact, is_sound_time

Notes: TypeAlias = "dict[str, Any]"

# Missing in a column of numbers, booleans or dates, with blanks around them or not; ordinary words in a column of text,
# in any case of letters. So are cells of signs alone, such as ** and --.
_MISSING_WORDS = (
    *("0000-00-00", "0000-00-00 00:00:00"),  # of MySQL
    *("na", "n/a", "n.a.", "nan", "nat", "<na>", "null", "none", "nil", "missing", "unknown"),
    *("#n/a", "#na", "#null!", "#div/0!", "#value!", "#ref!", "#num!", "#name?"),  # spreadsheets'
)
_SIGNS = r"[^\pL\pN]*"  # in the syntax of Arrow; for Python's, see `is_mark`
MISSING = rf"(?i)\A(?:{'|'.join(map(re.escape, _MISSING_WORDS))})\z|\A{_SIGNS}\z"
"""Pattern of marks of missing cells, without blanks around them, in the syntax of Arrow."""
MOST_MARK = 40
"""Characters that the mark of missing cells may have, if a user names it."""

BLANKS = " \t\u00a0"

MOST_DECIMALS = 100
MOST_WIDTH = 1000
"""Characters up to which blanks fill up cells."""
BOOLEANS = (("False", "True"), ("false", "true"), ("FALSE", "TRUE"))
OFFSET = r"[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
ISO_FORM = re.compile(rf"%Y-%m-%d(?:([ T])%H:%M(:%S(\.%f)?)?(Z|{OFFSET})?)?")

_SOUND: dict[str, Callable[[Any], object]] = {
    "missing_text": lambda value: isinstance(value, str) and bool(value) and is_mark(value),
    "own_mark": lambda value: isinstance(value, str) and 0 < len(value) <= MOST_MARK and value.isprintable(),
    "padding": lambda value: _is_padding(value),
    "aligned": lambda value: _is_aligned(value),
    "whole": lambda value: value is True,
    "bare_point": lambda value: value is True,
    "number_form": is_sound_number_form,
    "date_form": is_sound_date_form,
    "clock_form": is_sound_clock,
    "month_form": is_sound_month,
    "zoned_form": is_sound_zoned,
    "exponent_form": is_sound_exponents,
    "unit_form": is_sound_units,
    "days_form": is_sound_days,
    "compact_form": is_sound_compact,
    "time_form": is_sound_time,
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
        Plain JSON: ``missing_text``, ``own_mark``, ``padding``, ``aligned``, ``decimals``, ``whole``, ``bare_point``,
        ``number_form``, ``date_form``, ``clock_form``, ``month_form``, ``zoned_form``, ``unit_form``, ``days_form``,
        ``compact_form``, ``time_form``, ``exponent_form``, ``datetime_format`` and ``boolean_text`` of the columns with
        a valid note, ``column_order`` if it is a list of distinct names, and a sound ``dialect``.
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


def is_mark(text: str) -> bool:
    """Return whether a cell says that it is missing, in a column of numbers, booleans or dates."""
    bare = text.strip(BLANKS)
    return bare.lower() in _MISSING_WORDS or not any(letter.isalnum() for letter in bare)


def _is_names(value: Any) -> bool:
    """Return whether a value is a list of distinct texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)


def _is_padding(value: Any) -> bool:
    """Return whether a value is the blanks before and after a cell, at least one."""
    is_pair = isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)
    return is_pair and bool(value[0] + value[1]) and not (value[0] + value[1]).strip(BLANKS)


def _is_aligned(value: Any) -> bool:
    """Return whether a value is the side of a cell on which its text is, and the width of the cell."""
    if not isinstance(value, list) or len(value) != 2 or type(value[1]) is not int:
        return False
    return value[0] in ("left", "right") and 0 < value[1] <= MOST_WIDTH
