"""Recognise durations with units or days in text, and spell them again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_WORDS = {
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
}
_AMOUNT = re.compile(r"([ ,]*| and )([0-9]{1,6})(?:\.([0-9]{1,6}))?( ?)([A-Za-z]+)", re.ASCII)
_ISO_AMOUNT = re.compile(r"(P?T?)([0-9]{1,6})(?:\.([0-9]{1,6}))?()([A-Z])", re.ASCII)
_RULES = ("all", "leading", "any")  # amounts of zero that are left out: none, those in front, all
_DAYS = re.compile(r"(?:([0-9]{1,6})( days?,? ))?([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{6,9}))?", re.ASCII)

Found = tuple["pd.Series[Any]", Any]


@dataclass(frozen=True)
class UnitForm:
    """How durations of a column are spelled: ``8m 33s``, ``1h 02m``, ``2 days, 1 hour``, ``PT8M33S``.

    Attributes
    ----------
    units : list of list of str
        For each unit from the longest to the shortest its letter in "wdhms", its word for one, and that for others.
    sign, gap : str
        What stands between two amounts, and between an amount and its word; the sign "P" is ISO 8601's form.
    rule : {"all", "leading", "any"}
        Which amounts of zero are left out: none, those in front, or all.
    first, width, decimals : int
        Least digits of the first amount, least digits of the others, and digits of fractions of the last one.
    """

    units: list[list[str]]
    sign: str
    gap: str
    rule: str
    first: int
    width: int
    decimals: int

    def spell(self, durations: Sequence[int]) -> list[str]:
        """Return durations in microseconds as text."""
        return [self._spell(duration) for duration in durations]

    def _spell(self, duration: int) -> str:
        # 1. The amount of each unit, the last one with a fraction
        amounts, left = [], duration
        for letter, *_ in self.units:
            amount, left = divmod(left, _SECONDS[letter] * 10**6)
            amounts.append(amount)
        fraction = left // _SECONDS[self.units[-1][0]]

        # 2. Leave out zeros
        shown = [i for i, amount in enumerate(amounts) if amount or self.rule == "all"]
        if self.rule == "leading" and shown:
            shown = [*range(shown[0], len(amounts))]
        if not shown or (self.decimals and shown[-1] != len(amounts) - 1):
            shown.append(len(amounts) - 1)

        # 3. Spell the others
        text = ""
        for i in shown:
            letter, one, others = self.units[i]
            sign = self.sign if text else ""
            if self.sign == "P":
                sign = ("" if text else "P") + ("T" if letter in "hms" and "T" not in text else "")
            number = f"{amounts[i]:0{self.width if text else self.first}}"
            if self.decimals and i == len(amounts) - 1:
                number += f".{fraction:06}"[: 1 + self.decimals]
            text += f"{sign}{number}{self.gap}{one if amounts[i] == 1 else others}"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_units(texts: Sequence[str]) -> Found | None:
    """Return durations of several units and their form, None unless every text is spelled again as it was."""
    rows = [_split(text) for text in texts]
    if not rows or None in rows:
        return None
    amounts = [row for row in rows if row]
    words: dict[str, dict[bool, set[str]]] = {}
    for row in amounts:
        for _, number, fraction, _, word in row:
            is_one = int(number) == 1 and not fraction
            words.setdefault(_WORDS[word.lower()], {True: set(), False: set()})[is_one].add(word)
    if len(words) < 2 or any(len(some) > 1 for pair in words.values() for some in pair.values()):
        return None
    units = [
        [letter, *(next(iter(words[letter][one] or words[letter][not one])) for one in (True, False))]
        for letter in _SECONDS
        if letter in words
    ]
    signs = {sign for row in amounts for sign, *_ in row[1:]}
    sign = "P" if amounts[0][0][0].startswith("P") else next(iter(signs - {""}), "")
    decimals = max(len(row[-1][2]) for row in amounts)
    durations = [
        sum(int(n + f.ljust(6, "0")) * _SECONDS[_WORDS[word.lower()]] for _, n, f, _, word in row) for row in amounts
    ]
    for rule, first, width in product(_RULES, (1, 2), (1, 2)):
        form = UnitForm(units, sign, amounts[0][0][3], rule, first, width, decimals)
        if form.spell(durations) == list(texts):
            return pd.Series(np.asarray(durations, dtype="m8[us]")), form
    return None


def _split(text: str) -> list[tuple[str, str, str, str, str]] | None:
    """Return sign, number, fraction, gap and word of each amount; None if a text holds something else."""
    found = [match.groups(default="") for match in (_ISO_AMOUNT if text[:1] == "P" else _AMOUNT).finditer(text)]
    if "".join(f"{s}{n}{'.' * bool(f)}{f}{gap}{word}" for s, n, f, gap, word in found) != text or not text:
        return None
    letters = [_WORDS.get(word.lower(), "") for *_, word in found]
    return found if all(letters) and letters == sorted(set(letters), key="wdhms".index) else None  # type: ignore[return-value]


def is_sound_units(value: Any) -> bool:
    """Return whether a value is what `UnitForm.to_dict` returns."""
    names = {"units", "sign", "gap", "rule", "first", "width", "decimals"}
    if not isinstance(value, Mapping) or set(value) != names or value["rule"] not in _RULES:
        return False
    units = value["units"]
    if not isinstance(units, list) or not all(isinstance(unit, list) and len(unit) == 3 for unit in units):
        return False
    if not all(isinstance(word, str) and _WORDS.get(word.lower()) == unit[0] for unit in units for word in unit[1:]):
        return False
    letters = [unit[0] for unit in units]
    if len(letters) < 2 or letters != sorted(set(letters), key="wdhms".index):
        return False
    is_sign = value["sign"] in ("P", "", " and ") or (isinstance(value["sign"], str) and not value["sign"].strip(" ,"))
    counts = (value["first"], value["width"])
    decimals = value["decimals"]
    return (
        is_sign
        and value["gap"] in ("", " ")
        and all(type(count) is int and count in (1, 2) for count in counts)
        and type(decimals) is int
        and 0 <= decimals <= 6
    )


@dataclass(frozen=True)
class DaysForm:
    """How durations of days and a clock are spelled: ``2 days 03:04:05``, ``1 day, 3:04:05``.

    Attributes
    ----------
    comma, single, always, bare_fraction : bool
        Whether a comma follows the days, whether one is a "day", whether there are days if they are 0, and fractions.
    width, decimals : int
        Least digits of the hours, and digits of fractions of a second.
    """

    comma: bool
    single: bool
    always: bool
    bare_fraction: bool
    width: int
    decimals: int

    def spell(self, durations: Sequence[int]) -> list[str]:
        """Return durations in microseconds as text."""
        return [self._spell(duration) for duration in durations]

    def _spell(self, duration: int) -> str:
        seconds, micro = divmod(duration, 10**6)
        days, seconds = divmod(seconds, 86_400)
        word = "day" if days == 1 and self.single else "days"  # pandas writes "1 days"
        text = f"{days} {word}{',' * self.comma} " if days or self.always else ""
        text += f"{seconds // 3600:0{self.width}}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        is_shown = self.decimals and (micro or self.bare_fraction)
        return text + (f".{micro:06}".ljust(1 + self.decimals, "0") if is_shown else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_days(texts: Sequence[str]) -> Found | None:
    """Return durations of days and a clock and their form, None unless every text is spelled again as it was."""
    found = [match for match in map(_DAYS.fullmatch, texts) if match]
    if not found or len(found) < len(texts):
        return None
    durations = []
    for match in found:
        days, hours, minutes, seconds = (int(match[i] or 0) for i in (1, 3, 4, 5))
        micro = int((match[6] or "0").ljust(6, "0")[:6])
        durations.append((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 10**6 + micro)
    comma = any("," in (match[2] or "") for match in found)
    decimals = max(len(match[6] or "") for match in found)
    single = any(re.search(r"\bday\b", match[2] or "") for match in found)
    for always, bare, width in product((True, False), (True, False), (1, 2)):
        form = DaysForm(comma, single, always, bare, width, decimals)
        if form.spell(durations) == list(texts):
            return pd.Series(np.asarray(durations, dtype="m8[us]")), form
    return None


def is_sound_days(value: Any) -> bool:
    """Return whether a value is what `DaysForm.to_dict` returns."""
    flags = ("comma", "single", "always", "bare_fraction")
    if not isinstance(value, Mapping) or set(value) != {*flags, "width", "decimals"}:
        return False
    sound = all(type(value[flag]) is bool for flag in flags)
    return (
        sound
        and all(type(value[name]) is int for name in ("width", "decimals"))
        and (value["width"] in (1, 2) and 0 <= value["decimals"] <= 9)
    )
