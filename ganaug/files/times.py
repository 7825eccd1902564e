"""Recognise times with AM and PM, with an h, of races, and without signs in text, and spell them again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

_COMPACT = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])?", re.ASCII)
_TIMES = {
    "h:m p": re.compile(r"(0?[1-9]|1[0-2]):([0-5][0-9]) ?([AaPp]\.?[Mm]\.?)", re.ASCII),
    "h:m:s p": re.compile(r"(0?[1-9]|1[0-2]):([0-5][0-9]):([0-5][0-9]) ?([AaPp]\.?[Mm]\.?)", re.ASCII),
    "hhm": re.compile(r"([01]?[0-9]|2[0-3])[hH]([0-5][0-9])", re.ASCII),
    "m:s.f": re.compile(r"([0-9]{1,3}):([0-5][0-9])\.([0-9]{1,6})", re.ASCII),
}
_MANY, _HOURS = 20, 6  # different times, and hours of them, that are no codes by chance

Found = tuple["pd.Series[Any]", Any]


@dataclass(frozen=True)
class CompactForm:
    """How times of a column are spelled without signs: ``0915``, ``091530``."""

    seconds: bool

    def spell(self, durations: Sequence[int]) -> list[str]:
        """Return times in microseconds since midnight as text."""
        whole = [duration // 10**6 for duration in durations]
        return [f"{s // 3600:02}{s // 60 % 60:02}" + (f"{s % 60:02}" if self.seconds else "") for s in whole]

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_compact(texts: Sequence[str]) -> Found | None:
    """Return times without signs and their form; None unless they are many, and too regular for codes.

    Of random codes of four digits one in seven is a time: twenty of them, of many hours and with zeros in front, are
    not all so by chance.
    """
    found = [match for match in map(_COMPACT.fullmatch, texts) if match]
    if len(found) < max(_MANY, len(texts)) or len({match[3] is None for match in found}) > 1:
        return None
    if len(set(texts)) < _MANY or len({match[1] for match in found}) < _HOURS or len({match[2] for match in found}) < 2:
        return None
    if not any(text[0] == "0" for text in texts):
        return None
    durations = [(int(m[1]) * 60 + int(m[2])) * 60 + int(m[3] or 0) for m in found]
    return pd.Series(np.asarray(durations, dtype="m8[s]").astype("m8[us]")), CompactForm(found[0][3] is not None)


def is_sound_compact(value: Any) -> bool:
    """Return whether a value is what `CompactForm.to_dict` returns."""
    return isinstance(value, Mapping) and set(value) == {"seconds"} and type(value["seconds"]) is bool


@dataclass(frozen=True)
class TimeForm:
    """How times of a day are spelled with AM and PM or an h, or times of a race: ``8:05 PM``, ``19h35``, ``1:22.331``.

    Attributes
    ----------
    form : str
        A key of the known forms.
    width, decimals : int
        Least digits of the first number, and digits of fractions of a second.
    gap, mark : str
        What stands before AM and PM, and how AM is spelled; or the letter between hours and minutes.
    """

    form: str
    width: int
    decimals: int
    gap: str
    mark: str

    def spell(self, durations: Sequence[int]) -> list[str]:
        """Return times in microseconds as text."""
        return [self._spell(duration) for duration in durations]

    def _spell(self, duration: int) -> str:
        seconds, micro = divmod(duration, 10**6)
        minutes, seconds = divmod(seconds, 60)
        if self.form == "m:s.f":
            return f"{minutes:0{self.width}}:{seconds:02}" + f".{micro:06}"[: 1 + self.decimals]
        hours, minutes = divmod(minutes, 60)
        if self.form == "hhm":
            return f"{hours:0{self.width}}{self.mark}{minutes:02}"
        text = f"{(hours - 1) % 12 + 1:0{self.width}}:{minutes:02}" + (
            f":{seconds:02}" if self.form == "h:m:s p" else ""
        )
        after_noon = self.mark.replace("a", "p").replace("A", "P")
        return f"{text}{self.gap}{after_noon if hours % 24 >= 12 else self.mark}"

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_times(texts: Sequence[str]) -> Found | None:
    """Return times and their form, None unless every text is spelled again as it was."""
    for name, pattern in _TIMES.items() if len(texts) else ():
        found = [match for match in map(pattern.fullmatch, texts) if match]
        if len(found) < len(texts):
            continue
        first = found[0]
        durations = [_read_time(name, match) for match in found]
        gap = " " if " " in texts[0] else ""
        mark = "".join(letter for letter in first[0] if letter in "hH") if name == "hhm" else ""
        mark = first[first.lastindex or 0].replace("p", "a").replace("P", "A") if name.endswith("p") else mark
        decimals = len(first[3]) if name == "m:s.f" else 0
        for width in (1, 2):
            form = TimeForm(name, width, decimals, gap, mark)
            if form.spell(durations) == list(texts):
                return pd.Series(np.asarray(durations, dtype="m8[us]")), form
    return None


def _read_time(name: str, match: re.Match[str]) -> int:
    """Return a time in microseconds."""
    one, two = int(match[1]), int(match[2])
    if name == "m:s.f":
        return (one * 60 + two) * 10**6 + int(match[3].ljust(6, "0"))
    if name != "hhm":
        one = one % 12 + 12 * (match[match.lastindex or 0][0] in "pP")
    return ((one * 60 + two) * 60 + (int(match[3]) if name == "h:m:s p" else 0)) * 10**6


def is_sound_time(value: Any) -> bool:
    """Return whether a value is what `TimeForm.to_dict` returns."""
    if not isinstance(value, Mapping) or set(value) != {"form", "width", "decimals", "gap", "mark"}:
        return False
    if type(value["width"]) is not int or type(value["decimals"]) is not int or value["form"] not in _TIMES:
        return False
    is_mark = isinstance(value["mark"], str) and re.fullmatch(r"[hH]?|[Aa]\.?[Mm]\.?", value["mark"])
    return bool(is_mark) and value["gap"] in ("", " ") and value["width"] in (1, 2) and 0 <= value["decimals"] <= 6
