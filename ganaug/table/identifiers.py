"""Columns that name rows: how they are recognised, and how fresh values of the same form are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dtypes import Plain

_MIN_ROWS = 20
_UNIQUE_SHARE = 0.95  # a few repeated names or addresses do not make a category
_SURPRISE = 10  # -log of the chance that independent draws from the same range would never repeat
_NAME = re.compile(r"(^|[^a-z])(id|key|uuid|guid|index|row|number|no|nr)$|[a-z]ID$|[a-z](Id|Key|Number|Index)$")

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


def is_identifier(name: Any, plain: Plain) -> bool:
    """Return whether a column names rows.

    Parameters
    ----------
    name : hashable
        Name of the column.
    plain : ndarray of shape (n,)
        Its values, without the missing ones.

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
        return all(type(v) is str for v in plain) and len(set(plain.tolist())) >= _UNIQUE_SHARE * len(plain)
    if plain.dtype.kind not in "iu" or len(np.unique(plain)) < len(plain):
        return False
    span = int(plain.max()) - int(plain.min()) + 1
    text = str(name)
    return len(plain) ** 2 / (2 * span) >= _SURPRISE or bool(_NAME.search(text) or _NAME.search(text.lower()))


@dataclass(frozen=True)
class Form:
    """How the values of an identifier are spelled.

    Attributes
    ----------
    alphabets : list of str
        The characters each position may have; empty for whole numbers.
    start : int
        Fresh values begin here: whole numbers themselves, or the rank of a text among all texts of this form.
    """

    alphabets: list[str]
    start: int

    @classmethod
    def fit(cls, plain: Plain) -> Form:
        """Learn the form of the values of a column: that of the most frequent length."""
        if plain.dtype.kind in "iu":
            return cls([], int(plain.max()) + 1)
        lengths, counts = np.unique([len(text) for text in plain], return_counts=True)
        length = int(lengths[counts.argmax()])
        texts = [text for text in plain if len(text) == length]
        alphabets = [_alphabet({text[i] for text in texts}) for i in range(length)]
        return cls(alphabets, max((_rank(text, alphabets) for text in texts), default=-1) + 1)

    def fresh(self, first: int, n: int) -> list[Any]:
        """Return values `first` to ``first + n - 1`` of those that did not occur in training, all different."""
        numbers = range(self.start + first, self.start + first + n)
        if not self.alphabets:
            limit = 2**63
            return [i if i < limit else i - 2 * limit for i in numbers]
        return [_text(number, self.alphabets) for number in numbers]

    def to_json(self) -> dict[str, Any]:
        """Return the form as plain JSON; ranks of long texts do not fit a JSON number, hence the text."""
        return {"alphabets": self.alphabets, "start": str(self.start)}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Form:
        """Return the form that `to_json` described."""
        return cls(list(facts["alphabets"]), int(facts["start"]))


def _alphabet(seen: set[str]) -> str:
    if len(seen) == 1:
        return next(iter(seen))
    return next((known for known in _ALPHABETS if seen <= set(known)), "".join(sorted(seen)))


def _rank(text: str, alphabets: list[str]) -> int:
    """Return the place of `text` among all texts of the form, as a number in a mixed base."""
    rank = 0
    for character, alphabet in zip(text, alphabets, strict=True):
        rank = rank * len(alphabet) + alphabet.index(character)
    return rank


def _text(rank: int, alphabets: list[str]) -> str:
    """Return the text at a place; past the last one, the text grows by a repeated tail and stays unique."""
    characters = []
    for alphabet in reversed(alphabets):
        rank, digit = divmod(rank, len(alphabet))
        characters.append(alphabet[digit])
    text = "".join(reversed(characters))
    return text if not rank else f"{text}-{rank}"
