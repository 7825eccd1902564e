"""Make new identifiers in the shape of names, addresses and other texts that no single pattern holds.

Texts are sorted by the signs between their words, such as ``, . `` in "Braund, Mr. Owen". Of each common kind, only how
long its words are in the middle, in which case they are, and words that most texts share are kept.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Annotated, Any

from msgspec import Meta

from ..data.dtypes import Plain
from ..records import decode
from .id_slots import IdSlots, Range, find_prefix, fit_ranges
from .identifiers import LEAST_ROOM, MAX_LENGTH, IdPattern, find_gap, rank

_MOST_KINDS = 10
_MIN_COUNT = 3  # texts from which something is no fact about one or two rows
_CYCLE = 20  # identifiers in which each kind has its share
_SHARED = 0.5  # share of texts that have the same word, from which it is kept
_ADDRESS = re.compile(r"\b[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\b")  # a number in it ends at 255, whatever its digits
_WORD = re.compile(r"[^\W_]+")
_CLASSES = {"Lu": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "Ll": "abcdefghijklmnopqrstuvwxyz", "Nd": "0123456789"}


@dataclass(frozen=True)
class IdShapes:
    """Patterns of several kinds of texts, which take turns.

    Attributes
    ----------
    patterns : list of IdPattern or IdSlots
        Codes, each with other signs between its words; those of numbers within ranges are slots.
    turns : list of int
        Position of the pattern of each new identifier; from the last one on it begins again.
    """

    patterns: Annotated[list[IdPattern | IdSlots], Meta(min_length=1, max_length=_MOST_KINDS)]
    turns: Annotated[list[int], Meta(min_length=1, max_length=_CYCLE + _MOST_KINDS)]

    def __post_init__(self) -> None:
        if not self.patterns or not self.turns:
            raise ValueError("an identifier has no pattern")
        if not set(self.turns) <= set(range(len(self.patterns))):
            raise ValueError("an identifier has a turn of no pattern")
        for pattern in self.patterns:
            if isinstance(pattern, IdPattern) and (pattern.style != "code" or pattern.room < 1):
                raise ValueError("an identifier has a pattern without room")

    def make_fresh(self, first: int, n: int) -> list[Any]:
        """Return new values number `first` to ``first + n - 1``, all different, and none of them in training."""
        return [self._make(i) for i in range(first, first + n)]

    def _make(self, i: int) -> Any:
        cycle, turn = divmod(i, len(self.turns))
        which = self.turns[turn]
        pattern = self.patterns[which]
        number = cycle * self.turns.count(which) + self.turns[:turn].count(which)
        if number < pattern.room:  # scattered over the room, so that not only the last letters differ
            number = number * _find_stride(pattern.room) % pattern.room
        return pattern.make_fresh(number, 1)[0]

    def boundary_positions(self) -> list[int]:
        """Return numbers of new values of every pattern: if these and the next can be written, all can."""
        return [0, len(self.turns) - 1, LEAST_ROOM - 2]

    def to_json(self) -> dict[str, Any]:
        """Return the patterns as plain JSON."""
        return {"patterns": [pattern.to_json() for pattern in self.patterns], "turns": self.turns}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> IdShapes:
        """Return the shapes that `to_json` described."""
        kinds = [IdSlots if "slots" in one else IdPattern for one in facts["patterns"]]
        patterns = [kind.from_json(one) for kind, one in zip(kinds, facts["patterns"], strict=True)]
        return cls(patterns, decode(facts["turns"], list[int]))


def fit_identifier(plain: Plain, largest: int) -> IdPattern | IdShapes:
    """Return the pattern or the shapes of the values of a column: text, or whole numbers up to `largest`."""
    found = IdPattern.find(plain, largest)
    texts = [] if plain.dtype.kind in "iu" else sorted(set(plain.tolist()))
    if not texts or (found and found.style == "numbered" and not _ADDRESS.search(texts[0])):
        return found or IdPattern.fit(plain, largest)
    shapes = _fit_shapes(texts)
    if shapes and (any(isinstance(pattern, IdSlots) for pattern in shapes.patterns) or _is_misaligned(found)):
        return shapes
    return found or shapes or IdPattern.fit(plain, largest)


def _is_misaligned(form: IdPattern | None) -> bool:
    """Return whether signs and letters share a place of a code: its words have several lengths."""
    return form is not None and any(0 < sum(map(str.isalnum, part)) < len(part) for part in form.parts)


def form_from_json(facts: dict[str, Any]) -> IdPattern | IdShapes:
    """Return the pattern or the shapes of a model file."""
    return IdShapes.from_json(facts) if "patterns" in facts else IdPattern.from_json(facts)


def _find_stride(room: int) -> int:
    """Return a number without a common divisor with `room`, near its golden section."""
    stride = max(1, room * 618_033_988_749_895 // 10**15)
    while math.gcd(stride, room) > 1:
        stride += 1
    return stride


def _fit_shapes(texts: list[str]) -> IdShapes | None:
    """Return the shapes of texts; None if they are too long or hold no words."""
    texts = [text for text in texts if _WORD.search(text) and len(text) <= MAX_LENGTH]
    kinds: dict[tuple[str, ...], list[list[str]]] = {}
    for text in texts:
        kinds.setdefault(tuple(_WORD.split(text)), []).append(_WORD.findall(text))
    common = sorted(
        (kind for kind in kinds if len(kinds[kind]) >= _MIN_COUNT), key=lambda kind: (-len(kinds[kind]), kind)
    )
    if not common:  # texts of many words: as many as most have, with blanks between them
        words = [_WORD.findall(text) for text in texts]
        if not words:
            return None
        n = median_low(map(len, words))
        common = [("", *[" "] * (n - 1), "")]
        kinds = {common[0]: [some[:n] for some in words if len(some) >= n]}
    chosen = common[:_MOST_KINDS]
    patterns = [_fit_kind(kind, kinds[kind], texts) for kind in chosen]
    total = sum(len(kinds[kind]) for kind in chosen)
    shares = [max(1, round(_CYCLE * len(kinds[kind]) / total)) for kind in chosen]
    turns = [i for i, share in enumerate(shares) for _ in range(share)]
    return IdShapes(patterns, turns[: _CYCLE + _MOST_KINDS])


def _fit_kind(signs: Sequence[str], words: list[list[str]], texts: list[str]) -> IdPattern | IdSlots:
    """Return the pattern of texts with these signs between their words."""
    # 1. An alphabet for each letter of each word, or the word itself if most texts share it; ranges of numbers
    columns = [_describe_word([row[i] for row in words]) for i in range(len(words[0]))]
    ranges = fit_ranges(signs, words)
    if any(found and found.is_narrow for found in ranges):
        slots: list[str | Range] = list(signs[0])
        for i, (found, column, sign) in enumerate(zip(ranges, columns, signs[1:], strict=True)):
            slots += [*([*find_prefix(words, i), found] if found else column), *sign]
        return IdSlots.fit(slots, texts)
    if all(len(alphabet) == 1 for column in columns for alphabet in column):
        columns[-1] = [_CLASSES["Ll"]] * len(columns[-1])
    longest = max(columns, key=lambda column: (len(column[-1]) > 1, len(column)))
    while math.prod(len(alphabet) for column in columns for alphabet in column) < 10 * LEAST_ROOM:
        longest.append(longest[-1])
    parts = list(signs[0])
    for column, sign in zip(columns, signs[1:], strict=True):
        parts += [*column, *sign]

    # 2. The widest gap between texts of the same shape
    size = math.prod(map(len, parts))
    alike = (text for text in texts if len(text) == len(parts))
    taken = sorted({rank(text, parts) for text in alike if all(map(str.__contains__, parts, text))})
    return IdPattern("code", parts, 1, *find_gap(taken or [0], size), size)


def _describe_word(words: list[str]) -> list[str]:
    """Return the alphabet of each letter of a word of middle length, or of the word that most have."""
    word, count = Counter(words).most_common(1)[0]
    if count >= max(_MIN_COUNT, _SHARED * len(words)):
        return list(word)
    length = median_low(map(len, words))
    first = _find_alphabet([word[0] for word in words])
    rest = _find_alphabet([letter for word in words for letter in word[1:]] or [word[0] for word in words])
    return [first, *[rest] * (length - 1)]


def _find_alphabet(letters: Sequence[str]) -> str:
    """Return the letters of the class that most of these belong to."""
    kind, _ = Counter(map(unicodedata.category, letters)).most_common(1)[0]
    seen = sorted({letter for letter in letters if unicodedata.category(letter) == kind})
    latin = [letter for letter in seen if letter in _CLASSES.get(kind, "")]
    return _CLASSES[kind] if 2 * len(latin) > len(seen) else "".join(seen) if len(seen) > 1 else _CLASSES["Ll"]
