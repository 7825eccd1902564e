"""Recognise columns that identify rows, and make new values of the same pattern.

The identifiers in training are not stored; only their pattern is, and a range of free numbers between them. The range
is rounded, so that its ends do not reveal the identifiers beside it.
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
"""Largest number of digits or characters of a pattern; longer texts get none."""

_MIN_ROWS = 20
_UNIQUE_SHARE = 0.95  # a few repeated names or addresses do not make a category
_SURPRISE = 10  # -log of the chance that independent draws from the same range would never repeat
_NAME = re.compile(r"(^|[^a-z])(id|key|uuid|guid|index|row|number|no|nr)$|[a-z]ID$|[a-z](Id|Key|Number|Index)$")
LEAST_ROOM = 10_000_000
"""Unused whole numbers that the dtype must have above the largest."""

_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)
_COMMON_LENGTH = 0.5  # share of the texts that must be of one length for a pattern position by position
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
    """Return whether a column identifies rows.

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
    return int(plain.max()) + LEAST_ROOM <= largest


@dataclass(frozen=True)
class IdPattern:
    """Pattern of the values of an identifier, and the range of new values.

    Attributes
    ----------
    style : str
        "integer" for whole numbers, "numbered" for a number between two texts that never change, "code" for texts of
        one length.
    parts : list of str
        The texts before and after the number; or the alphabet of each position of a code.
    width : int
        Smallest number of digits: of the number, or of the tail that a code gets when all codes are used.
    start, room : int
        First new number, and length of the range of new numbers from there. A code counts as its rank among all codes
        of the pattern.
    beyond : int
        Number, larger than any in training, at which new numbers continue after that range.
    """

    style: Literal["integer", "numbered", "code"]
    parts: Annotated[list[str], Meta(max_length=MAX_LENGTH)]
    width: Annotated[int, Meta(ge=0, le=MAX_LENGTH)]
    start: int
    room: int
    beyond: int

    def __post_init__(self) -> None:
        if self.room < 0 or (self.style == "numbered" and sum(map(len, self.parts)) > MAX_LENGTH):
            raise ValueError(f"an identifier is longer than {MAX_LENGTH} characters, or of an invalid pattern")

    @classmethod
    def fit(cls, plain: Plain, largest: int) -> IdPattern:
        """Learn the pattern of the values of a column, or number new ones if there is none; see `find`."""
        return cls.find(plain, largest) or _make_numbered(sorted(set(plain.tolist())))

    @classmethod
    def find(cls, plain: Plain, largest: int) -> IdPattern | None:
        """Return the pattern of the values of a column, text or whole numbers up to `largest`; None if it has none."""
        values = sorted(set(plain.tolist()))
        if plain.dtype.kind in "iu":
            beyond = 10 ** len(str(abs(values[-1])))
            beyond = beyond if beyond + LEAST_ROOM <= largest else values[-1] + 1
            return cls("integer", [], 0, *find_gap(values, beyond), beyond)
        return _fit_numbered(values) or _fit_code(values)

    def make_fresh(self, first: int, n: int) -> list[Any]:
        """Return new values number `first` to ``first + n - 1``, all different, and none of them in training."""
        return [self._spell(i) for i in range(first, first + n)]

    def boundary_positions(self) -> list[int]:
        """Return numbers of new values at the ends of ranges: if these and the next can be written, all can."""
        last = LEAST_ROOM - 2
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
        """Return the pattern as plain JSON, with numbers as text, because those of long texts exceed JSON numbers."""
        return asdict(self) | {key: str(getattr(self, key)) for key in ("start", "room", "beyond")}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> IdPattern:
        """Return the pattern that `to_json` described."""
        return decode(facts | {key: int(facts[key]) for key in ("start", "room", "beyond")}, cls)


def find_gap(taken: list[int], end: int) -> tuple[int, int]:
    """Return start and length, both rounded, of a range inside the widest gap between rising numbers."""
    width, low = max((b - a - 1, a) for a, b in pairwise([*taken, end]))
    unit = 10 ** max(0, len(str(width)) - 2)
    return -(-(low + 1 + width // 4) // unit) * unit, width // 2 // unit * unit


def _fit_numbered(texts: list[str]) -> IdPattern | None:
    """Return the pattern of texts that differ in one number, such as "C0017"; None if they have none."""
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
        "numbered", [before, after], min(lengths), *find_gap(sorted(set(map(int, numbers))), beyond), beyond
    )


def _fit_code(texts: list[str]) -> IdPattern | None:
    """Return the pattern of texts that mostly have one length, such as "7F-K2"; None if they have none."""
    length, count = Counter(map(len, texts)).most_common(1)[0]
    if not 0 < length <= MAX_LENGTH or count < max(_MIN_ROWS, _COMMON_LENGTH * len(texts)):
        return None
    alike = [text for text in texts if len(text) == length]
    alphabets = [_find_alphabet(set(characters)) for characters in zip(*alike, strict=True)]
    size = int(np.prod([len(alphabet) for alphabet in alphabets], dtype=object))
    tail = min(max(map(len, texts)) - length + 1, MAX_LENGTH)  # a code with a tail is longer than any in training
    return IdPattern("code", alphabets, tail, *find_gap(sorted(rank(text, alphabets) for text in alike), size), size)


def _make_numbered(texts: list[str]) -> IdPattern:
    """Return a pattern for texts without one, such as names: a number after a word that starts none of them."""
    word = "synthetic-"
    while any(text.startswith(word) for text in texts):
        word += "-"
    return IdPattern("numbered", [word, ""], 1, 1, 0, 1)


def _find_alphabet(seen: set[str]) -> str:
    if len(seen) == 1:
        return next(iter(seen))
    return next((known for known in _ALPHABETS if seen <= set(known)), "".join(sorted(seen)))


def rank(text: str, alphabets: list[str]) -> int:
    """Return the rank of `text` among all texts of these alphabets, a number in a mixed base."""
    rank = 0
    for character, alphabet in zip(text, alphabets, strict=True):
        rank = rank * len(alphabet) + alphabet.index(character)
    return rank
