"""Recognise times, durations, months and moments with changing offsets in text, and spell them again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from .dates import MONTHS, PIVOT

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?:(:\d\d)(?:\.(\d{1,6}))?)?)([+-]\d\d:?\d\d)", re.ASCII)
_PREFERRED = (
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Athens", "Europe/Moscow", "America/New_York", "America/Chicago"),
    *("America/Denver", "America/Los_Angeles", "America/Halifax", "America/Sao_Paulo", "Australia/Sydney"),
    *("Australia/Adelaide", "Pacific/Auckland"),
)


@dataclass(frozen=True)
class ClockForm:
    """How times or durations of a column are spelled: ``9:05``, ``09:05:30``, ``102:30:00.25``.

    Attributes
    ----------
    width : int
        Least number of digits of the hours.
    seconds : bool
        Whether there are seconds.
    decimals : int
        Digits of fractions of a second.
    """

    width: int
    seconds: bool
    decimals: int

    def spell(self, durations: Sequence[int]) -> list[str]:
        """Return durations in microseconds as text."""
        return [self._spell(duration) for duration in durations]

    def _spell(self, duration: int) -> str:
        seconds, micro = divmod(duration, 10**6)
        text = f"{seconds // 3600:0{self.width}}:{seconds // 60 % 60:02}"
        text += f":{seconds % 60:02}" if self.seconds else ""
        return text + (f".{micro:06}"[: 1 + self.decimals] if self.decimals else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_clock(texts: Sequence[str]) -> tuple[pd.Series[Any], ClockForm] | None:
    """Return times or durations and their form, None unless every text is spelled again as it was."""
    durations = []
    for text in texts:
        match = _CLOCK.fullmatch(text)
        if match is None:
            return None
        hours, minutes, seconds, fraction = match.groups(default="")
        micro = int((fraction or "0").ljust(6, "0"))
        durations.append(((int(hours) * 60 + int(minutes)) * 60 + int(seconds or 0)) * 10**6 + micro)
    first = _CLOCK.fullmatch(texts[0]) if len(texts) else None
    if first is None:
        return None
    for width in (1, len(first[1])):
        form = ClockForm(width, first[3] is not None, len(first[4] or ""))
        if form.spell(durations) == list(texts):
            return pd.Series(np.asarray(durations, dtype="m8[us]")), form
    return None


def is_sound_clock(value: Any) -> bool:
    """Return whether a value is what `ClockForm.to_dict` returns."""
    if not isinstance(value, Mapping) or set(value) != {"width", "seconds", "decimals"}:
        return False
    if not all(type(value[name]) is int for name in ("width", "decimals")) or type(value["seconds"]) is not bool:
        return False
    return 1 <= value["width"] <= 3 and 0 <= value["decimals"] <= 6


_NAMED = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
_MONTH_PARTS = {
    "Y": r"(?P<Y>[12]\d{3})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>0[1-9]|1[0-2])",
    "b": rf"(?P<b>{'|'.join(_NAMED)})",
    "B": rf"(?P<B>{'|'.join(MONTHS)})",
    "q": r"(?P<q>[1-4])",
}
_MONTH_FORMS = ("Y-m", "Y/m", "m/Y", "m.Y", "b Y", "B Y", "b-Y", "B-Y", "b-y", "b y", "b, Y", "B, Y") + (
    *("YQq", "Y-Qq", "Y Qq", "Y/Qq", "Qq Y", "Qq-Y", "Qq/Y", "QqY", "Qq-y", "Qq y", "Y:q"),
)


@dataclass(frozen=True)
class MonthForm:
    """How months of a column are spelled, or quarters: ``2024-01``, ``Jan 2024``, ``January-24``, ``2024Q1``.

    Attributes
    ----------
    form : str
        A letter for each part, as those of strftime, and "q" for the number of a quarter.
    """

    form: str

    def spell(self, moments: pd.Series[Any]) -> list[str]:
        """Return the months of moments as text."""
        return [self._spell(year, month) for year, month in zip(moments.dt.year, moments.dt.month, strict=True)]

    def _spell(self, year: int, month: int) -> str:
        name = MONTHS[month - 1]
        parts = {"Y": f"{year:04}", "y": f"{year % 100:02}", "m": f"{month:02}", "b": name[:3], "B": name}
        parts["q"] = str((month + 2) // 3)
        return "".join(parts.get(letter, letter) for letter in self.form)

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_months(texts: Sequence[str]) -> tuple[pd.Series[Any], MonthForm] | None:
    """Return the first days of months and how the months are spelled, None if the texts are no months."""
    for form in _MONTH_FORMS if len(texts) else ():
        pattern = re.compile("".join(_MONTH_PARTS.get(letter, re.escape(letter)) for letter in form), re.ASCII)
        found = [match.groupdict() for match in map(pattern.fullmatch, texts) if match]
        if len(found) == len(texts):
            months = [f"{_read_year(parts):04}-{_read_month(parts):02}" for parts in found]
            return pd.Series(np.asarray(months, dtype="M8[M]").astype("M8[us]")), MonthForm(form)
    return None


def _read_year(parts: Mapping[str, str]) -> int:
    if "Y" in parts:
        return int(parts["Y"])
    return int(parts["y"]) + (1900 if int(parts["y"]) >= PIVOT else 2000)


def _read_month(parts: Mapping[str, str]) -> int:
    if "q" in parts:
        return 3 * int(parts["q"]) - 2
    return int(parts["m"]) if "m" in parts else _NAMED[parts.get("b", parts.get("B", ""))[:3]]


def is_sound_month(value: Any) -> bool:
    """Return whether a value is what `MonthForm.to_dict` returns."""
    return isinstance(value, Mapping) and set(value) == {"form"} and value["form"] in _MONTH_FORMS


@dataclass(frozen=True)
class ZonedForm:
    """How moments of a column are spelled whose offsets are those of a time zone.

    Attributes
    ----------
    zone : str
        Name of the time zone.
    form : str
        Date and time as a strftime format, without the offset.
    decimals : int
        Digits of fractions of a second.
    colon : bool
        Whether offsets have a colon.
    """

    zone: str
    form: str
    decimals: int
    colon: bool

    def spell(self, moments: pd.Series[Any]) -> list[str]:
        """Return moments in UTC as text."""
        local = moments.dt.tz_convert(ZoneInfo(self.zone))
        return [self._spell(moment) for moment in local.tolist()]

    def _spell(self, moment: Any) -> str:
        text, offset = moment.strftime(self.form), moment.strftime("%z")
        fraction = f".{moment.microsecond:06}"[: 1 + self.decimals] if self.decimals else ""
        return f"{text}{fraction}{offset[:3]}{':' * self.colon}{offset[3:]}"

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_zoned(texts: Sequence[str]) -> tuple[pd.Series[Any], ZonedForm] | None:
    """Return moments in UTC whose offsets are those of one time zone, and how they are spelled; None if there is none.

    Several zones may fit; one of a large city comes first.
    """
    matches = [_MOMENT.fullmatch(text) for text in texts]
    if None in matches or len({match[4] for match in matches if match}) < 2:
        return None
    first = matches[0]
    if first is None:
        return None
    moments = pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601")).dt.as_unit("us")
    local = pd.Series(pd.to_datetime([match[1] for match in matches if match], format="ISO8601")).dt.as_unit("us")
    zone = _find_zone(moments, local)
    if zone is None:
        return None
    time = "%H:%M:%S" if first[2] else "%H:%M"
    form = ZonedForm(zone, f"%Y-%m-%d{first[1][10]}{time}", len(first[3] or ""), ":" in first[4])
    return (moments, form) if form.spell(moments) == list(texts) else None


def _find_zone(moments: pd.Series[Any], local: pd.Series[Any]) -> str | None:
    """Return a time zone in which moments have these local times."""
    few = np.unique(np.linspace(0, len(moments) - 1, 50).astype(int))
    for name in [*_PREFERRED, *sorted(available_timezones() - set(_PREFERRED))]:
        if all(
            (moments.iloc[rows].dt.tz_convert(ZoneInfo(name)).dt.tz_localize(None) == local.iloc[rows]).all()
            for rows in (few, slice(None))
        ):
            return name
    return None


def is_sound_zoned(value: Any) -> bool:
    """Return whether a value is what `ZonedForm.to_dict` returns."""
    if not isinstance(value, Mapping) or set(value) != {"zone", "form", "decimals", "colon"}:
        return False
    known = {f"%Y-%m-%d{between}{time}" for between in " T" for time in ("%H:%M", "%H:%M:%S")}
    sound = value["zone"] in available_timezones() and value["form"] in known and type(value["colon"]) is bool
    return sound and type(value["decimals"]) is int and 0 <= value["decimals"] <= 6
