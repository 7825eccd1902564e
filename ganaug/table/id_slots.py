"""Spell identifiers slot by slot: letters of an alphabet, and whole numbers within the range of the real ones.

So the octets of an IP address stay below 256, the minutes of an angle below 60, and a month below 13.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from ..records import decode
from .identifiers import MAX_LENGTH, find_gap

_END = 3  # the numbers beyond the third smallest and the third largest are facts about one or two rows
_LETTERS = re.compile(r"([^\W\d_]+)(?=[0-9]+$)")
_OCTETS = 4
_LARGEST_OCTET = 255
_MOST_DIGITS = 18


class Range(NamedTuple):
    """Whole numbers from `low` to `high`, with zeros in front up to `width` digits; no real one is `free` or more."""

    low: int
    high: int
    width: int
    free: int

    @classmethod
    def fit(cls, words: list[str], most: int | None = None) -> Range | None:
        """Return the range of words that are all numbers; None if they are not, or spelled in no single way."""
        if not all(re.fullmatch(r"[0-9]+", word) for word in words) or max(map(len, words)) > _MOST_DIGITS:
            return None
        lengths = set(map(len, words))
        padded = any(word[0] == "0" and len(word) > 1 for word in words)
        if padded and len(lengths) > 1:
            return None
        numbers = sorted(map(int, words))
        ends = min(_END, len(numbers)) - 1
        low, high = sorted((numbers[ends], numbers[-1 - ends]))
        digits = max(lengths)
        room = max(0, (10**digits - 1 if most is None else most) - numbers[-1])
        return cls(low, high, digits if padded or len(lengths) == 1 else 0, numbers[-1] + 1 + room // 4)

    @property
    def is_narrow(self) -> bool:
        """Whether digits in any order would often be no number of the range."""
        return self.width == 0 or self.high - self.low + 1 < 0.9 * 10**self.width


@dataclass(frozen=True)
class IdSlots:
    """Slots of identifiers, and the range of new ones.

    Attributes
    ----------
    parts : list of str or Range
        For each slot the letters that it may have, or the numbers.
    start, room : int
        First new identifier, and how many follow from there; each counts as its rank among all of these slots.
    beyond : int
        Slot of a number that is larger than any in training once that range is used up; -1 for a tail of digits.
    """

    parts: Annotated[list[str | Range], Meta(min_length=1, max_length=MAX_LENGTH)]
    start: int
    room: int
    beyond: int

    def __post_init__(self) -> None:
        if any(isinstance(part, Range) and not 0 <= part.low <= part.high < part.free for part in self.parts):
            raise ValueError("an identifier has a range that is none")
        if not all(self._sizes) or self.room < 0 or self.start < 0 or self.start + self.room > math.prod(self._sizes):
            raise ValueError("an identifier has no slots, or no room in them")
        if self.beyond != -1 and not (0 <= self.beyond < len(self.parts) and self.parts[self.beyond]):
            raise ValueError("an identifier grows in a slot that it lacks")
        if self.beyond != -1 and not isinstance(self.parts[self.beyond], Range):
            raise ValueError("an identifier grows in a slot that is no number")

    @classmethod
    def fit(cls, parts: list[str | Range], texts: list[str]) -> IdSlots:
        """Return the slots with the widest gap between the texts."""
        ranges = [i for i, part in enumerate(parts) if isinstance(part, Range)]
        slots = cls(parts, 0, 0, ranges[0] if ranges else -1)
        taken = sorted({place for text in texts if (place := slots.rank(text)) is not None})
        return cls(parts, *find_gap(taken or [0], math.prod(slots._sizes)), slots.beyond)

    @cached_property
    def _sizes(self) -> list[int]:
        return [part.high - part.low + 1 if isinstance(part, Range) else len(part) for part in self.parts]

    @cached_property
    def _form(self) -> re.Pattern[str]:
        return re.compile(
            "".join("([0-9]+)" if isinstance(part, Range) else f"([{re.escape(part)}])" for part in self.parts)
        )

    def rank(self, text: str) -> int | None:
        """Return the rank of a text among all of these slots; None if it is none of them."""
        found = self._form.fullmatch(text)
        if found is None:
            return None
        place = 0
        for word, part, size in zip(found.groups(), self.parts, self._sizes, strict=True):
            digit = int(word) - part.low if isinstance(part, Range) else part.index(word)
            if not 0 <= digit < size:
                return None
            place = place * size + digit
        return place

    def make_fresh(self, first: int, n: int) -> list[str]:
        """Return new values number `first` to ``first + n - 1``, all different, and none of them in training."""
        return [self._spell(i) for i in range(first, first + n)]

    def _spell(self, i: int) -> str:
        if i < self.room:
            return self._write(self.start + i)
        if self.beyond == -1:
            rounds, place = divmod(i - self.room, math.prod(self._sizes))
            return f"{self._write(place)}{rounds + 1}"
        later = math.prod(self._sizes[self.beyond + 1 :])
        more, place = divmod(i - self.room, math.prod(self._sizes) // self._sizes[self.beyond])
        before, after = divmod(place, later)
        return self._write(before * self._sizes[self.beyond] * later + after, more)

    def _write(self, place: int, more: int | None = None) -> str:
        """Return the text of a rank; with `more`, of a number in the slot `beyond` that is larger than any."""
        words = []
        for i in reversed(range(len(self.parts))):
            part = self.parts[i]
            place, digit = divmod(place, self._sizes[i])
            if isinstance(part, Range):
                number = part.low + digit if more is None or i != self.beyond else part.free + more
                words.append(f"{number:0{part.width}d}")
            else:
                words.append(part[digit])
        return "".join(reversed(words))

    def to_json(self) -> dict[str, Any]:
        """Return the slots as plain JSON, with ranks as text, because those of many slots exceed JSON numbers."""
        parts = [list(part) if isinstance(part, Range) else part for part in self.parts]
        return {"slots": parts, "start": str(self.start), "room": str(self.room), "beyond": self.beyond}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> IdSlots:
        """Return the slots that `to_json` described."""
        named = {"parts": facts["slots"], "start": int(facts["start"]), "room": int(facts["room"])}
        return decode(named | {"beyond": facts["beyond"]}, cls)


def find_prefix(words: list[list[str]], i: int) -> str:
    """Return the letters before the number in the word `i` of each text, such as "v" in "v2"; empty if they differ."""
    prefixes = {found[1] if (found := _LETTERS.match(row[i])) else "" for row in words}
    return prefixes.pop() if len(prefixes) == 1 else ""


def fit_ranges(signs: Sequence[str], words: list[list[str]]) -> list[Range | None]:
    """Return for each word between these signs the range of its numbers, or None."""
    columns = [[row[i][len(find_prefix(words, i)) :] for row in words] for i in range(len(words[0]))]
    ranges = [Range.fit(column) for column in columns]
    for first in range(len(columns) - _OCTETS + 1):
        four = range(first, first + _OCTETS)
        if list(signs[first + 1 : first + _OCTETS]) == ["."] * (_OCTETS - 1) and all(
            ranges[i] and max(map(int, columns[i])) <= _LARGEST_OCTET for i in four
        ):
            for i in four:
                ranges[i] = Range.fit(columns[i], _LARGEST_OCTET)
    return ranges
