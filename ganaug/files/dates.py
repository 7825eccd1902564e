"""Recognise dates and times that are spelled in other orders than ISO's, and spell them again.

A form is taken only if every date of a column is spelled again exactly as it was, and if no other order fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ORDERS = ("dmy", "mdy", "ymd")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PIVOT = 69
"""Years of two digits: 69 is 1969, 68 is 2068, as in POSIX."""

# Date with a letter for each part, and the order of the parts
_DATES = {
    **{f"{a}{mark}{b}{mark}{c}": order for mark in "/.-" for order, (a, b, c) in (
        ("mdy", "mdY"), ("dmy", "dmY"), ("mdy", "mdy"), ("dmy", "dmy"), ("ymd", "ymd"), ("ymd", "Ymd")
    )},
    **dict.fromkeys((f"{form}{year}" for form in (
        "d b ", "d b, ", "d-b-", "d/b/", "d.b.", "b d, ", "b d ", "d-N-", "d N ", "d/N/", "dN", "d-n-", "dn", "db"
    ) for year in "Yy"), ""),
    **dict.fromkeys(("d B Y", "d B, Y", "d-B-Y", "B d, Y", "B d Y", "Y-b-d", "Y b d"), ""),
    **dict.fromkeys((f"{day}{form}" for day in ("a ", "a, ", "A ", "A, ") for form in (
        "b d Y", "b d, Y", "d b Y", "B d Y", "B d, Y", "d B Y", "b o Y", "b o, Y", "B o Y", "B o, Y"
    )), ""),
    **dict.fromkeys(("a b d H:M:S Y", "a b d H:M:S +0000 Y", "a b d H:M:S UTC Y"), ""),
    **dict.fromkeys(("Ymd H:M", "Ymd H:M:S", "YmdTH:M:S", "YmdTHMS", "Ymd-HMS", "Ymd_HMS", "Ymd HMS"), ""),
    "dmY": "dmy", "mdY": "mdy",
    **dict.fromkeys(("B o, Y", "B o Y", "o B Y", "o B, Y", "b o, Y", "b o Y", "o b Y", "o b, Y"), ""),
}  # fmt: skip
_TIMES = (
    *("", " H:M", " H:M:S", ", H:M", ", H:M:S", "TH:M", "TH:M:S", ":H:M:S", " I:M P", " I:M:S P", " I:MP"),
    *(" H:M:S.f", " H:M:S.F", "TH:M:S.f", "TH:M:S.F"),
)
_PATTERNS = {
    "d": "[0-9]{1,2}", "m": "[0-9]{1,2}", "Y": "[0-9]{4}", "y": "[0-9]{2}", "H": "[0-9]{1,2}", "I": "[0-9]{1,2}",
    "M": "[0-9]{2}", "S": "[0-9]{2}", "P": "AM|PM|am|pm", "B": "|".join(MONTHS),
    "b": "|".join(name[:3] for name in MONTHS), "N": "|".join(name[:3].upper() for name in MONTHS),
    "n": "|".join(name[:3].lower() for name in MONTHS), "o": "[0-9]{1,2}(?:st|nd|rd|th)",
    "f": "[0-9]{3}", "F": "[0-9]{6}", "A": "|".join(WEEKDAYS), "a": "|".join(name[:3] for name in WEEKDAYS),
}  # fmt: skip
_LETTERS = re.compile("[dmYyHIMSPBbNnoAafF]")
_ENDING = re.compile(r"(?<=[0-9M])(\.0{1,9})?( ?(?:[A-Z]{3,4}|Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]))?\Z")
_MOST_ENDING = 20
_MANY, _FEW = 12, 3  # different days, more than there are months, beside few years
_UNITS = {"F": "us", "f": "ms", "S": "s", "M": "m"}
_COMPACT = re.compile(r"[0-3][0-9][0-3][0-9](?:19|20)[0-9]{2}")
_MANY_COMPACT = 10  # different texts of eight digits that are no codes by chance, if all are dates
_ISO = ("Y-m-d",)  # with unpadded parts, which cells.py leaves to this module


@dataclass(frozen=True)
class DateForm:
    """How the dates of a column are spelled.

    Attributes
    ----------
    form : str
        Date and time with a letter for each part, as those of strftime: "m/d/Y H:M"; "N" and "n" are "b", the first
        three letters of a month, in capitals and in small letters, "o" is the day as in 1st, and "f" and "F" are three
        and six digits of a second.
    padded_date, padded_time : bool
        Whether days and months, or hours, below 10 have a zero in front.
    lower : bool
        Whether am and pm are in lower case.
    after : str
        What stands behind every time, such as " UTC".
    """

    form: str
    padded_date: bool = True
    padded_time: bool = True
    lower: bool = False
    after: str = ""

    def spell(self, moments: pd.Series[Any]) -> list[str | None]:
        """Return dates in this form, None for one that it cannot hold."""
        at = moments.dt
        hours = at.hour.to_numpy()
        lists: dict[str, Callable[[], list[str]]] = {
            "d": lambda: self._pad(at.day, self.padded_date),
            "o": lambda: [f"{day}{_find_ending(day)}" for day in at.day.tolist()],
            "A": lambda: [WEEKDAYS[day] for day in at.day_of_week.tolist()],
            "a": lambda: [WEEKDAYS[day][:3] for day in at.day_of_week.tolist()],
            "m": lambda: self._pad(at.month, self.padded_date),
            "Y": lambda: [f"{year:04}" for year in at.year.tolist()],
            "y": lambda: [f"{year % 100:02}" for year in at.year.tolist()],
            "b": lambda: [MONTHS[month - 1][:3] for month in at.month.tolist()],
            "N": lambda: [MONTHS[month - 1][:3].upper() for month in at.month.tolist()],
            "n": lambda: [MONTHS[month - 1][:3].lower() for month in at.month.tolist()],
            "B": lambda: [MONTHS[month - 1] for month in at.month.tolist()],
            "H": lambda: self._pad(at.hour, self.padded_time),
            "I": lambda: self._pad((hours + 11) % 12 + 1, self.padded_time),
            "M": lambda: [f"{minute:02}" for minute in at.minute.tolist()],
            "S": lambda: [f"{second:02}" for second in at.second.tolist()],
            "f": lambda: [f"{micro // 1000:03}" for micro in at.microsecond.tolist()],
            "F": lambda: [f"{micro:06}" for micro in at.microsecond.tolist()],
            "P": lambda: [_name_half(hour > 11, self.lower) for hour in hours.tolist()],
        }
        parts = _LETTERS.split(self.form)
        columns = [lists[letter]() for letter in _LETTERS.findall(self.form)]
        texts = [_weave(parts, row) + self.after for row in zip(*columns, strict=True)]
        unit: Any = next((unit for letter, unit in _UNITS.items() if letter in self.form), "D")
        values = moments.to_numpy(dtype="M8[us]")
        fits = values.astype(f"M8[{unit}]").astype("M8[us]") == values
        if "y" in self.form:
            fits &= at.year.between(1900 + PIVOT, 1999 + PIVOT).to_numpy()
        return [text if fit else None for text, fit in zip(texts, fits.tolist(), strict=True)]

    @staticmethod
    def _pad(numbers: Any, padded: bool) -> list[str]:
        return [f"{number:02}" if padded else str(number) for number in numbers.tolist()]

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def _name_half(is_later: bool, lower: bool) -> str:
    name = "PM" if is_later else "AM"
    return name.lower() if lower else name


def _find_ending(day: int) -> str:
    """Return what makes an ordinal of the number of a day, as in 22nd."""
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _weave(parts: list[str], values: tuple[str, ...]) -> str:
    return "".join(f"{part}{value}" for part, value in zip(parts, (*values, ""), strict=True))


def is_sound_form(value: Any) -> bool:
    """Return whether a value is what `DateForm.to_dict` returns."""
    if not isinstance(value, Mapping) or {*value, "after"} != set(DateForm("d").to_dict()):
        return False
    known = {date + time for date in (*_DATES, *_ISO) for time in _list_times(date)}
    flags = (value["padded_date"], value["padded_time"], value["lower"])
    after = value.get("after", "")
    is_ending = isinstance(after, str) and len(after) <= _MOST_ENDING and _ENDING.match(f"0{after}", 1) is not None
    return is_ending and value["form"] in known and all(isinstance(flag, bool) for flag in flags)


def _list_times(date: str) -> tuple[str, ...]:
    return ("",) if "H" in date or date in ("dmY", "mdY") else _TIMES


def find_dates(
    known: pa.ChunkedArray, first: str, order: str | None = None
) -> tuple[pd.Series[Any], DateForm] | list[str] | None:
    """Return dates and their form; the possible orders if several fit; None if the cells are no dates.

    Parameters
    ----------
    known : ChunkedArray of string, shape (n,)
        Cells, null where missing.
    first : str
        The first of them that is not missing.
    order : {"dmy", "mdy", "ymd"}, optional
        Order of day, month and year where several fit.
    """
    after = next(ending for ending in _list_endings(first) if pc.all(pc.ends_with(known, ending)).as_py())
    if after:
        known, first = pc.utf8_slice_codeunits(known, 0, -len(after)), first.removesuffix(after)
    found: dict[str, tuple[pd.Series[Any], DateForm]] = {}
    for date, own in {**_DATES, **dict.fromkeys(_ISO, "ymd")}.items():
        if date in ("dmY", "mdY") and not _are_compact(known):
            continue
        if re.match(_make_pattern(date), first):
            for time in _list_times(date)[bool(after) and "H" not in date :]:  # the first is none
                pattern = _make_pattern(date + time)
                if re.fullmatch(pattern, first) and (read := _read(known, date + time, pattern)) is not None:
                    found.setdefault(own, read)
    if not found:
        return None
    if len(found) > 1 and order not in found:
        order = _prefer_many_days(found)
        if order is None:
            return sorted(found)
    moments, form = found[order] if len(found) > 1 and order else next(iter(found.values()))
    return moments, replace(form, after=after)


def _are_compact(known: pa.ChunkedArray) -> bool:
    """Return whether cells have eight digits that may be day, month and year of these centuries."""
    cells = known.drop_null()
    if not all(map(_COMPACT.fullmatch, cells.slice(0, _MANY_COMPACT).to_pylist())):
        return False
    is_alike = pc.all(pc.match_substring_regex(cells, rf"\A{_COMPACT.pattern}\z")).as_py()
    return bool(is_alike) and len(pc.unique(cells)) >= _MANY_COMPACT


def _prefer_many_days(found: Mapping[str, tuple[pd.Series[Any], DateForm]]) -> str | None:
    """Return the order of two digits each in which dates are of many days and few years, if the others say the reverse.

    31/07/09 and 13/02/10 may be in the years 2031 and 2013; but hardly, if a column has all days and only two years.
    """
    if not all("y" in form.form for _, form in found.values()):
        return None
    n_days = {order: moments.dt.day.nunique() for order, (moments, _) in found.items()}
    n_years = {order: moments.dt.year.nunique() for order, (moments, _) in found.items()}
    likely = [order for order in found if n_days[order] > _MANY and n_years[order] <= _FEW]
    unlikely = [order for order in found if n_years[order] > _MANY]
    return likely[0] if len(likely) == 1 and len(unlikely) == len(found) - 1 else None


def _list_endings(first: str) -> list[str]:
    """Return what may stand behind the time of all cells, the longest first: zeros and a zone, or nothing."""
    match = _ENDING.search(first)
    return [match[0], match[2] or "", ""] if match else [""]


@cache
def _make_pattern(form: str) -> str:
    """Return a regular expression with a named group for each part."""
    parts, letters = _LETTERS.split(form), _LETTERS.findall(form)
    groups = [f"(?P<{letter}>{_PATTERNS[letter]})" for letter in letters]
    return _weave(
        [re.escape(part).replace(r"\ ", " ").replace(r"\-", "-").replace("/", "/") for part in parts], (*groups,)
    )


def _read(known: pa.ChunkedArray, form: str, pattern: str) -> tuple[pd.Series[Any], DateForm] | None:
    """Return the dates of cells in one form, and the form with its paddings; None if a cell differs."""
    if not pc.all(pc.match_substring_regex(known, rf"\A(?:{pattern})\z")).as_py():
        return None
    cells = known.drop_null().combine_chunks()
    fields = pc.extract_regex(cells, rf"\A{pattern}\z")
    text = {letter: np.asarray(fields.field(letter).to_pylist()) for letter in set(_LETTERS.findall(form))}
    moments = _assemble(text)
    if moments is None:
        return None
    spelled, wanted = pd.Series(moments), np.asarray(cells.to_pylist(), dtype=object)
    lower = "P" in text and str(text["P"][0]).islower()
    forms = [DateForm(form, date, time, lower) for date in (True, False) for time in (True, False)]
    equal = np.stack([np.asarray(forms[0].spell(spelled), dtype=object) == wanted])
    if not equal.all():
        others = [np.asarray(one.spell(spelled), dtype=object) == wanted for one in forms[1:]]
        equal = np.stack([equal[0], *others])
    if not equal.any(axis=0).all():  # zeros may be there in some cells and not in others
        return None
    column = pd.Series(np.full(len(known), np.datetime64("NaT"), dtype="M8[us]"))
    column[pc.is_valid(known).to_numpy()] = moments
    return column, forms[int(equal.sum(axis=1).argmax())]


def _assemble(text: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.datetime64]] | None:
    """Return moments from the texts of their parts, None if one does not exist."""
    year = text["Y"].astype(np.int64) if "Y" in text else text["y"].astype(np.int64)
    if "y" in text:
        year = year + np.where(year >= PIVOT, 1900, 2000)
    if "m" in text:
        month = text["m"].astype(np.int64)
    else:
        named = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
        names = next(text[letter] for letter in "bBNn" if letter in text)
        month = np.array([named[name[:3].title()] for name in names.tolist()])
    zero = np.zeros(len(year), dtype=np.int64)
    hour = text["H"].astype(np.int64) if "H" in text else zero
    if "I" in text:
        clock = text["I"].astype(np.int64)
        if (clock < 1).any() or (clock > 12).any():
            return None
        hour = clock % 12 + 12 * np.isin(text["P"], ["PM", "pm"])
    parts = {
        "year": year,
        "month": month,
        "day": np.array([int(day.rstrip("stndrh")) for day in text["o" if "o" in text else "d"].tolist()]),
        "hour": hour,
        "minute": text["M"].astype(np.int64) if "M" in text else zero,
        "second": text["S"].astype(np.int64) if "S" in text else zero,
        "us": _read_microseconds(text) if {"f", "F"} & set(text) else zero,
    }
    if (year < 1).any() or any(
        (parts[name] > most).any() for name, most in (("hour", 23), ("minute", 59), ("second", 59))
    ):
        return None
    moments = pd.to_datetime(pd.DataFrame(parts), errors="coerce")
    return None if moments.isna().any() else moments.to_numpy(dtype="M8[us]")


def _read_microseconds(text: Mapping[str, Any]) -> Any:
    return text["F"].astype(np.int64) if "F" in text else 1000 * text["f"].astype(np.int64)
