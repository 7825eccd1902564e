"""Columns that name rows: how they are recognised, and how fresh values of the same form are made.

The identifiers of training are not kept. What is kept is how they are spelled, and a stretch of free numbers between
them; it is rounded, so that its ends do not give away the identifiers beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from ..data.dtypes import Plain
from ..records import decode

MAX_LENGTH = 1000
"""Digits, or characters, beyond which a text is taken for no number and no code; no form is longer."""

_MIN_ROWS = 20
_UNIQUE_SHARE = 0.95  # a few repeated names or addresses do not make a category
_SURPRISE = 10  # -log of the chance that independent draws from the same range would never repeat
_NAME = re.compile(r"(^|[^a-z])(id|key|uuid|guid|index|row|number|no|nr)$|[a-z]ID$|[a-z](Id|Key|Number|Index)$")
_LEAST_ROOM = 10_000_000  # fresh whole numbers that the dtype must have left

_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)
_COMMON_LENGTH = 0.5  # share of the texts that must be of one length for a form position by position
_ALPHABETS = (
    "0123456789",
    "0123456789abcdef",
    "0123456789ABCDEF",
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)


def is_identifier(name: Any, plain: Plain, largest: int) -> bool:
    """Return whether a column names rows.

    Parameters
    ----------
    name : hashable
        Name of the column.
    plain : ndarray of shape (n,)
        Its values, without the missing ones.
    largest : int
        The largest whole number that the dtype of the column holds.

    Returns
    -------
    bool
        True for text that is (almost) never repeated, and for whole numbers that are never repeated and either fill
        their range so densely that chance would have repeated some (the birthday bound), or are named like a key
        ("id", "customerID", "row number", ...).
    """
    if len(plain) < _MIN_ROWS:
        return False
    if plain.dtype.kind == "O":
        listed = plain.tolist()
        return set(map(type, listed)) == {str} and len(set(listed)) >= _UNIQUE_SHARE * len(listed)
    if plain.dtype.kind not in "iu" or not has_room(plain, largest) or len(np.unique(plain)) < len(plain):
        return False
    span = int(plain.max()) - int(plain.min()) + 1
    text = str(name)
    return len(plain) ** 2 / (2 * span) >= _SURPRISE or bool(_NAME.search(text) or _NAME.search(text.lower()))


def has_room(plain: Plain, largest: int) -> bool:
    """Return whether the dtype of a column holds enough whole numbers beyond those that occur."""
    return int(plain.max()) + _LEAST_ROOM <= largest


@dataclass(frozen=True)
class IdPattern:
    """How the values of an identifier are spelled, and which are fresh.

    Attributes
    ----------
    style : str
        "integer" for whole numbers, "numbered" for a number between two texts that never change, "code" for texts of
        one length.
    parts : list of str
        The texts before and after the number; or the characters that each position of a code may have.
    width : int
        Digits at least: of the number, or of the tail of a code that grew.
    start, room : int
        The first fresh number, and how many there are from it on. A code is the number of its place among all of its
        form.
    beyond : int
        Larger than any number that occurred: where fresh ones go on after that.
    """

    style: Literal["integer", "numbered", "code"]
    parts: Annotated[list[str], Meta(max_length=MAX_LENGTH)]
    width: Annotated[int, Meta(ge=0, le=MAX_LENGTH)]
    start: int
    room: int
    beyond: int

    def __post_init__(self) -> None:
        if self.room < 0 or (self.style == "numbered" and sum(map(len, self.parts)) > MAX_LENGTH):
            raise ValueError(f"an identifier is longer than {MAX_LENGTH} characters, or of a form of no sense")

    @classmethod
    def fit(cls, plain: Plain, largest: int) -> IdPattern:
        """Learn the form of the values of a column: text, or whole numbers up to `largest`."""
        values = sorted(set(plain.tolist()))
        if plain.dtype.kind in "iu":
            beyond = 10 ** len(str(abs(values[-1])))
            beyond = beyond if beyond + _LEAST_ROOM <= largest else values[-1] + 1
            return cls("integer", [], 0, *_find_gap(values, beyond), beyond)
        return _fit_numbered(values) or _fit_code(values) or _make_numbered(values)

    def make_fresh(self, first: int, n: int) -> list[Any]:
        """Return values `first` to ``first + n - 1`` of those that did not occur in training, all different."""
        return [self._spell(i) for i in range(first, first + n)]

    def boundary_positions(self) -> list[int]:
        """Return the places from which on two fresh values show whether all can be spelled: where stretches end."""
        last = _LEAST_ROOM - 2
        return [0, max(0, self.room - 1), last, self.room + last]

    def _spell(self, i: int) -> int | str:
        number = self.start + i if i < self.room else self.beyond + i - self.room
        if self.style == "integer":
            return number
        if self.style == "numbered":
            return f"{self.parts[0]}{number:0{self.width}d}{self.parts[1]}"
        rounds, number = divmod(number, self.beyond)
        characters = []
        for alphabet in reversed(self.parts):
            number, digit = divmod(number, len(alphabet))
            characters.append(alphabet[digit])
        return "".join(reversed(characters)) + (str(rounds).zfill(self.width) if rounds else "")

    def to_json(self) -> dict[str, Any]:
        """Return the form as plain JSON; numbers of long texts do not fit a JSON number, hence text."""
        return asdict(self) | {key: str(getattr(self, key)) for key in ("start", "room", "beyond")}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> IdPattern:
        """Return the form that `to_json` described."""
        return decode(facts | {key: int(facts[key]) for key in ("start", "room", "beyond")}, cls)


def _find_gap(taken: list[int], end: int) -> tuple[int, int]:
    """Return where a stretch inside the widest gap between rising numbers begins, and how long it is, both rounded."""
    width, low = max((b - a - 1, a) for a, b in pairwise([*taken, end]))
    unit = 10 ** max(0, len(str(width)) - 2)
    return -(-(low + 1 + width // 4) // unit) * unit, width // 2 // unit * unit


def _fit_numbered(texts: list[str]) -> IdPattern | None:
    """Return the form of texts that differ in one number, such as "C0017"."""
    found = [match.groups() for text in texts if (match := _NUMBERED.fullmatch(text))]
    if len(found) < len(texts) or len({(before, after) for before, _, after in found}) > 1:
        return None
    numbers = [digits for _, digits, _ in found]
    lengths = [len(digits) for digits in numbers]
    before, _, after = found[0]
    if max(lengths) > MAX_LENGTH or len(before + after) > MAX_LENGTH:
        return None
    beyond = 10 ** max(lengths)
    return IdPattern(
        "numbered", [before, after], min(lengths), *_find_gap(sorted(set(map(int, numbers))), beyond), beyond
    )


def _fit_code(texts: list[str]) -> IdPattern | None:
    """Return the form of texts that mostly have one length, such as "7F-K2"."""
    length, count = Counter(map(len, texts)).most_common(1)[0]
    if not 0 < length <= MAX_LENGTH or count < max(_MIN_ROWS, _COMMON_LENGTH * len(texts)):
        return None
    alike = [text for text in texts if len(text) == length]
    alphabets = [_find_alphabet(set(characters)) for characters in zip(*alike, strict=True)]
    size = int(np.prod([len(alphabet) for alphabet in alphabets], dtype=object))
    tail = min(max(map(len, texts)) - length + 1, MAX_LENGTH)  # a code that grew is longer than any that occurred
    return IdPattern("code", alphabets, tail, *_find_gap(sorted(_rank(text, alphabets) for text in alike), size), size)


def _make_numbered(texts: list[str]) -> IdPattern:
    """Return a form for texts that have none, such as names: a number behind a word that none of them begins with."""
    word = "synthetic-"
    while any(text.startswith(word) for text in texts):
        word += "-"
    return IdPattern("numbered", [word, ""], 1, 1, 0, 1)


def _find_alphabet(seen: set[str]) -> str:
    if len(seen) == 1:
        return next(iter(seen))
    return next((known for known in _ALPHABETS if seen <= set(known)), "".join(sorted(seen)))


def _rank(text: str, alphabets: list[str]) -> int:
    """Return the place of `text` among all texts of the form, as a number in a mixed base."""
    rank = 0
    for character, alphabet in zip(text, alphabets, strict=True):
        rank = rank * len(alphabet) + alphabet.index(character)
    return rank
