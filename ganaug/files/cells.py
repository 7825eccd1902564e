"""Parse text cells into typed columns.

A type is given only to a column that fits it from the first cell to the last, and only where spelling the values
again loses nothing that the file said: ``00123``, ``+5`` and ``1_000`` are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .dates import find_dates
from .exponents import find_exponents
from .formatting import parse_offset, spell
from .notes import BLANKS, BOOLEANS, MISSING, MOST_DECIMALS, MOST_WIDTH, OFFSET, Notes, is_mark
from .numbers import SEPARATORS, Separators, find_forms

Typed: TypeAlias = "tuple[pd.Series[Any], Notes] | None"


_WHOLE = r"0|-?[1-9][0-9]*"  # "-0" is left to the floats, which have a negative zero
_DECIMAL = r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_INFINITE = r"-?(?:inf|Inf|INF|infinity|Infinity|INFINITY)"

_STRAY = 0.05  # share of cells that may have blanks around them that others lack
_MOSTLY = 0.8  # share of numbers in a column of numbers and odd words,
_VARIED = 10  # and more than a few different ones
_FIRST_CELLS = 1000
_DATE = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_MOMENT = re.compile(rf"{_DATE}(?:([ T])[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?(Z|{OFFSET})?)?")


@dataclass(frozen=True)
class Reading:
    """What a user says of the cells of a file.

    Attributes
    ----------
    date_order : {"dmy", "mdy", "ymd"} or None
        Order of day, month and year in dates that may have several.
    na : tuple of str
        Further marks of missing cells.
    thousands, decimal : str or None
        Separators of numbers.
    """

    date_order: str | None = None
    na: tuple[str, ...] = ()
    thousands: str | None = None
    decimal: str | None = None


def parse_cells(cells: pa.ChunkedArray, reading: Reading | None = None) -> tuple[pd.Series[Any], Notes]:
    """Parse text cells into a typed column, and note how it was written.

    Parameters
    ----------
    cells : pyarrow.ChunkedArray of string, shape (n,)
        The cells as written in the file; an empty one is missing.
    reading : Reading, optional
        What a user says of them.

    Returns
    -------
    column : pandas.Series, shape (n,)
        int64, uint64, float64, bool, datetime64[us] (with or without a time zone), the nullable dtype of the same
        kind where cells are missing, or text in the default string dtype of the running pandas.
    notes : dict
        Any of ``missing_text`` (str), ``padding`` (list of two str), ``aligned`` (list), ``decimals`` (int), ``whole``
        (True), ``number_form`` and ``date_form`` (dict), ``datetime_format`` (str) and ``boolean_text`` (list of str),
        each only where it differs from what `format_cells` writes anyway. A text column of dates in an order that is
        not clear has ``date_orders``, the orders that fit.
    """
    reading = reading or Reading()
    cells = _without(cells, pc.equal(cells, ""))
    trimmed = pc.utf8_trim(cells, BLANKS)
    distinct = pc.unique(trimmed)  # the pattern is slow, and most columns have few values
    marks = distinct.filter(pc.match_substring_regex(distinct, MISSING))
    known = _without(cells, pc.is_in(trimmed, pa.array([*marks.to_pylist(), *reading.na], pa.string())))
    if known.null_count < len(known):
        bare, padding = _strip_padding(known)
        for reader in _list_readers(reading):
            typed = reader(bare)
            if isinstance(typed, list):
                return _text(cells), {"date_orders": typed}
            if typed is not None:
                column, notes = typed
                return column, _find_missing_mark(cells, known) | padding | notes
    return _text(cells), {}


def _list_readers(reading: Reading) -> list[Callable[[pa.ChunkedArray], Typed | list[str]]]:
    """Return what may read a column, in order."""
    others: list[Callable[[pa.ChunkedArray], Typed | list[str]]] = [
        _booleans,
        _parse_moments,
        partial(_parse_dates, order=reading.date_order),
    ]
    if reading.thousands is None and reading.decimal is None:
        return [_numbers, *others, _spelled_numbers]
    decimal = reading.decimal or ("." if reading.thousands == "," else ",")
    separators = ((reading.thousands or "", decimal), ("", decimal))
    asked = partial(_spelled_numbers, separators=separators)
    return [asked, _whole_numbers, *others]


def _parse_dates(known: pa.ChunkedArray, order: str | None) -> Typed | list[str]:
    """Parse dates in other orders than ISO's; return the orders that fit if there are several."""
    if find_dates(known.drop_null().slice(0, _FIRST_CELLS), _first(known), order) is None:
        return None
    coded = pc.dictionary_encode(known).combine_chunks()
    repeated = 2 * len(coded.dictionary) < len(known)  # then each is read once
    found = find_dates(pa.chunked_array([coded.dictionary]) if repeated else known, _first(known), order)
    if found is None or isinstance(found, list):
        return found
    column, form = found
    if repeated:
        column = column.take(coded.indices.fill_null(0).to_numpy()).reset_index(drop=True)
        column = column.mask(pc.is_null(known).to_numpy())
    return column, {"date_form": form.to_dict()}


def _strip_padding(known: pa.ChunkedArray) -> tuple[pa.ChunkedArray, Notes]:
    """Return cells without the blanks around them, if these are alike, fill up a fixed width, or are in few cells."""
    stripped = pc.utf8_trim_whitespace(known)  # without line ends, too
    if pc.all(pc.equal(stripped, known)).as_py():
        return known, {}
    bare, first = pc.utf8_trim(known, BLANKS), _first(known)
    if not pc.all(pc.equal(bare, known)).as_py():
        before = first[: len(first) - len(first.lstrip(BLANKS))]
        after = first[len(first.rstrip(BLANKS)) :]
        padded = pc.binary_join_element_wise(before, bare, after, "")
        if pc.all(pc.equal(padded, known)).as_py():
            return bare, {"padding": [before, after]}
        width = len(first)
        for side, pad in (("left", pc.utf8_rpad), ("right", pc.utf8_lpad)):
            if width <= MOST_WIDTH and pc.all(pc.equal(pad(bare, width), known)).as_py():
                return bare, {"aligned": [side, width]}
    is_stray = pc.mean(pc.not_equal(stripped, known).cast(pa.int8())).as_py() <= _STRAY
    return (stripped if is_stray else known), {}


def find_odd_words(cells: pa.ChunkedArray) -> list[str]:
    """Return the words in a column of text that holds numbers otherwise; an empty list if it mostly holds words."""
    if _share_numbers(cells.slice(0, _FIRST_CELLS)) < _MOSTLY / 2:  # as in most columns of text
        return []
    known = cells.drop_null()
    known = known.filter(pc.invert(pc.match_substring_regex(pc.utf8_trim(known, BLANKS), MISSING)))
    words = pc.unique(known.filter(pc.invert(_is_number(known))))
    if not len(words) or _share_numbers(known) < _MOSTLY:
        return []
    return words.to_pylist() if len(pc.unique(known)) > _VARIED else []


def _is_number(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.match_substring_regex(pc.utf8_trim(cells, BLANKS), rf"\A(?:{_DECIMAL})\z")


def _share_numbers(cells: pa.ChunkedArray) -> float:
    return pc.mean(_is_number(cells).cast(pa.int8())).as_py() or 0.0


def _without(cells: pa.ChunkedArray, where: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(where, pa.scalar(None, pa.string()), cells)


def _all_match(cells: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(cells, rf"\A(?:{pattern})\z")).as_py())


def _find_missing_mark(cells: pa.ChunkedArray, known: pa.ChunkedArray) -> Notes:
    """Return the most frequent mark of missing cells, unless it is the empty cell."""
    if known.null_count == cells.null_count:
        return {}
    marks = pc.value_counts(cells.filter(pc.is_null(known)).drop_null()).to_pylist()
    most = max(marks, key=lambda mark: (mark["counts"], mark["values"]))
    if most["counts"] < cells.null_count:
        return {}
    return {"missing_text" if is_mark(most["values"]) else "own_mark": most["values"]}


def _text(cells: pa.ChunkedArray) -> pd.Series[Any]:
    column: pd.Series[Any] = cells.to_pandas()
    default = pd.Series([""]).dtype  # object in pandas 2, str in pandas 3
    if column.dtype == object:
        column = pd.Series(column.where(column.notna(), np.nan).to_numpy(), dtype=default)
    return column


def _numbers(known: pa.ChunkedArray) -> Typed:
    if not _all_match(known, _WHOLE):
        return _parse_decimals(known)
    for integer in (pa.int64(), pa.uint64()):
        try:
            return _to_pandas(pc.cast(known, integer)), {}
        except pa.ArrowInvalid:  # out of range
            continue
    return None  # so long a number is an identifier; a float would change its digits


def _whole_numbers(known: pa.ChunkedArray) -> Typed:
    return _numbers(known) if _all_match(known, _WHOLE) else None


def _spelled_numbers(known: pa.ChunkedArray, separators: Separators = SEPARATORS) -> Typed:
    """Parse numbers with a currency, a unit or separators, if they are spelled again as they were."""
    for form, plain in find_forms(known, _first(known), separators):
        typed = _numbers(plain)
        if typed is None:
            continue
        column, notes = typed
        notes = notes | {"number_form": form.to_dict()}
        spelled, wanted = spell(column[column.notna()], notes), known.drop_null().to_pylist()
        if form.thousands and spelled != wanted:  # some may end in zeros, which else could be thousands
            spelled, wanted = ([_trim(text, form.decimal) for text in texts] for texts in (spelled, wanted))
        if spelled == wanted:
            return column, notes
    return None


def _trim(text: str, mark: str) -> str:
    """Return a number without the zeros at its end, which columns of numbers have in some cells and not in others."""
    return re.sub(rf"{re.escape(mark)}0+(?![0-9])|({re.escape(mark)}[0-9]*[1-9])0+(?![0-9])", r"\1", text)


def _to_pandas(values: pa.ChunkedArray) -> pd.Series[Any]:
    """Return integers or booleans in the numpy dtype, or in the nullable dtype if some are missing."""
    array: Any
    if values.null_count:
        array = pc.fill_null(values, pa.scalar(0).cast(values.type)).to_numpy()
        masked = pd.arrays.BooleanArray if array.dtype == bool else pd.arrays.IntegerArray
        array = masked(array, pc.is_null(values).to_numpy())
    else:
        array = values.to_numpy()
    column: pd.Series[Any] = pd.Series(array)
    return column


def _parse_decimals(known: pa.ChunkedArray) -> Typed:
    finite = _without(known, pc.match_substring_regex(known, rf"\A(?:{_INFINITE})\z"))
    if finite.null_count == len(finite) or not _all_match(finite, _DECIMAL):
        return None
    try:
        values = pc.cast(known, pa.float64()).to_numpy()
    except pa.ArrowInvalid:  # 1e999: Python rounds where Arrow refuses
        values = np.array([np.nan if cell is None else float(cell) for cell in known.to_pylist()])
    if _overflows(finite, values) or _rounds(finite, values):
        return None
    return pd.Series(values, dtype="float64"), _find_exponents_note(known, values) or _count_decimals_note(known)


def _overflows(finite: pa.ChunkedArray, values: NDArray[np.float64]) -> bool:
    """Return whether floats overflow or underflow for some number, such as 1e999 and 1e-999."""
    infinite = np.isinf(values) & pc.is_valid(finite).to_numpy()
    if infinite.any():
        return True
    zeros = finite.filter(pa.array(values == 0))
    return len(zeros) > 0 and bool(pc.any(pc.match_substring_regex(zeros, r"\A[^eE]*[1-9]")).as_py())


def _rounds(finite: pa.ChunkedArray, values: NDArray[np.float64]) -> bool:
    """Return whether floats round some whole number, such as a customer number beyond 2**53."""
    large = finite.filter(pa.array(np.abs(values) >= 2**53))
    whole = large.filter(pc.match_substring_regex(large, r"\A-?[0-9]+\z"))
    return any(int(cell) != int(float(cell)) for cell in whole.drop_null().to_pylist())


def _find_exponents_note(known: pa.ChunkedArray, values: NDArray[np.float64]) -> Notes:
    """Return how numbers are spelled that are all in scientific notation."""
    if not _all_match(known, "-?[0-9][^eE]*[eE].*"):
        return {}
    form = find_exponents(known.drop_null().to_pylist(), values[pc.is_valid(known).to_numpy()].tolist())
    return {"exponent_form": form.to_dict()} if form else {}


def _count_decimals_note(known: pa.ChunkedArray) -> Notes:
    """Return how many decimals numbers have, and whether those below 1 begin with the point, as in .5."""
    begins = pc.any(pc.match_substring_regex(known, r"\A-?\.")).as_py()
    bare = begins and not pc.any(pc.match_substring_regex(known, r"\A-?0\.")).as_py()
    return _count_decimals(known) | ({"bare_point": True} if bare else {})


def _count_decimals(known: pa.ChunkedArray) -> Notes:
    decimals = len(_first(known).partition(".")[2])
    if 0 < decimals <= MOST_DECIMALS and _all_match(known, rf"-?[0-9]*\.[0-9]{{{decimals}}}"):
        return {"decimals": decimals}
    # Where some numbers are whole and none ends in .0, whole ones have no decimals
    is_whole = pc.any(pc.match_substring_regex(known, r"\A-?[0-9]+\z")).as_py()
    ends_in_zero = pc.any(pc.match_substring_regex(known, r"\.0*\z")).as_py()
    return {"whole": True} if is_whole and not ends_in_zero else {}


def _first(known: pa.ChunkedArray) -> str:
    return str(known[pc.index(pc.is_valid(known), True).as_py()].as_py())


def _booleans(known: pa.ChunkedArray) -> Typed:
    for spelling in BOOLEANS:
        if _all_match(known, "|".join(spelling)):
            notes = {} if spelling == BOOLEANS[0] else {"boolean_text": list(spelling)}
            return _to_pandas(pc.equal(known, spelling[1])), notes
    return None


def _parse_moments(known: pa.ChunkedArray) -> Typed:
    """Parse ISO dates and times of the same form as the first, up to the digits of fractional seconds."""
    first = _MOMENT.fullmatch(_first(known))
    if first is None:
        return None
    between, seconds, zone = (group or "" for group in first.groups())
    pattern, form = _DATE, "%Y-%m-%d"
    digits: Notes = {}
    if between:
        pattern += between + "[0-9]{2}:[0-9]{2}" + (r":[0-9]{2}(?:\.[0-9]{1,6})?" if seconds else "") + re.escape(zone)
        fraction = ".%f" if pc.any(pc.match_substring(known, ".")).as_py() else ""
        digits = _count_fraction_note(known, zone) if fraction else {}
        form += between + "%H:%M" + (":%S" if seconds else "") + fraction + zone
    if not _all_match(known, pattern):
        return None
    try:
        naive = pc.cast(pc.utf8_slice_codeunits(known, 0, -len(zone) or None), pa.timestamp("us"))
        column = pd.Series(naive.to_numpy())
        return (column.dt.tz_localize(parse_offset(zone)) if zone else column), {"datetime_format": form, **digits}
    except (pa.ArrowInvalid, ValueError, OverflowError):  # February the 30th
        return None


def _count_fraction_note(known: pa.ChunkedArray, zone: str) -> Notes:
    """Return the number of digits of fractional seconds, or that those at the end that are 0 are left out."""
    bare = pc.utf8_slice_codeunits(known.drop_null(), 0, -len(zone) or None)
    digits = pc.if_else(
        pc.match_substring(bare, "."), pc.subtract(pc.utf8_length(bare), pc.find_substring(bare, ".")), 1
    )
    counts = pc.unique(digits).to_pylist()
    if len(counts) == 1:
        return {"decimals": counts[0] - 1}
    return {} if pc.any(pc.match_substring_regex(bare, r"\.[0-9]*0\z")).as_py() else {"whole": True}
