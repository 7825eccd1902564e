"""Recognise texts that are dates in a form that nothing here can spell: new texts of their shape would be no dates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .dates import MONTHS

_MOST_WORDS = 40  # different ones in a column: months, weekdays and zones in several spellings
_LEAST_USES = 3  # of a word, on average
_MOSTLY = 0.95
_TOKEN = re.compile(r"(?<=\.)\d+|[+-]\d{4}\b|\d+|[^\W\d_]+")
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d|2100", re.ASCII)
_CLOCK = re.compile(r"(?<!\d)[0-2]?\d:[0-5]\d(?!\d)", re.ASCII)
_MONTH = re.compile(rf"\b(?:{'|'.join(name[:3] for name in MONTHS)})", re.IGNORECASE)
_MOST_DAYS = 31


def resembles_dates(texts: Sequence[str]) -> bool:
    """Return whether nearly all texts have the parts of dates: years, small numbers, times, and a few words."""
    words: list[str] = []
    n = 0
    for text in texts:
        tokens = _TOKEN.findall(text)
        words += [token for token in tokens if token.isalpha()]
        n += _has_date(text, [token for token in tokens if not token.isalpha()])
    distinct = len(set(words))
    return n >= _MOSTLY * len(texts) > 0 and distinct <= min(_MOST_WORDS, max(1, len(words) / _LEAST_USES))


def _has_date(text: str, numbers: Sequence[str]) -> bool:
    years = [number for number in numbers if _YEAR.fullmatch(number)]
    small = [number for number in numbers if number.isdigit() and int(number) <= _MOST_DAYS]
    is_named = _MONTH.search(text) is not None
    if len(years) > 1 or not (years or is_named):
        return False
    if _CLOCK.search(text):  # beside it are fractions of seconds and offsets
        return bool(small)
    others = len(numbers) - len(years) - len(small)
    if years:
        return not others and len(small) + any(map(str.isalpha, text)) > 1
    return len(numbers) == 2 and bool(small)  # a day and a year of two digits
