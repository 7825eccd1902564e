"""Format numbers and names for readers, and make text from outside printable."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

NOTHING = "n/a"
CI = "95\u00a0% interval"

# Surrogates, which no file may hold; control characters, which browsers drop; and marks that turn the text direction.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def make_printable(value: Any) -> Any:
    """Return nested plain data with unprintable characters of every text replaced."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {make_printable(key): make_printable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [make_printable(item) for item in value]
    return value


def shorten(text: str, width: int) -> str:
    """Return `text` on one line of at most `width` columns; of a longer text the middle is cut."""
    text = " ".join(text.split())
    if _width(text) <= width:
        return text
    head, tail = "", ""
    for first, last in zip(text, reversed(text), strict=True):
        if _width(head + first + tail) >= width:
            break
        head += first
        if _width(head + last + tail) >= width:
            break
        tail = last + tail
    return f"{head}…{tail}"


def show_name(text: str, width: int = 60) -> str:
    """Return a name from outside, shortened, or "(empty)" for a blank one."""
    return shorten(text, width) or "(empty)"


def _width(text: str) -> int:
    """Return the number of columns that a text takes; wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def is_known(value: float | None) -> TypeGuard[float]:
    """Return whether a value is a finite number."""
    return value is not None and math.isfinite(value)


def format_score(value: float | None) -> str:
    """Format a score or an error with three decimals."""
    return _use_minus_sign(f"{value:.3f}") if is_known(value) else NOTHING


def format_signed(value: float | None, decimals: int = 3) -> str:
    """Format a difference with its sign, and without one if it rounds to zero."""
    if not is_known(value):
        return NOTHING
    return _use_minus_sign(f"{value:+.{decimals}f}" if round(value, decimals) else f"{0:.{decimals}f}")


def format_interval(low: float | None, high: float | None, form: Any = format_signed) -> str:
    """Format an interval as "low to high", each end by `form`."""
    return f"{form(low)} to {form(high)}" if is_known(low) and is_known(high) else NOTHING


def format_share(value: float | None) -> str:
    """Format a share in [0, 1] as a percentage."""
    return f"{100 * value:.1f}\u00a0%" if is_known(value) else NOTHING


def format_count(value: float | None) -> str:
    """Format a whole number with separators between thousands."""
    return f"{value:,.0f}" if is_known(value) else NOTHING


def format_compact(value: float) -> str:
    """Format a number briefly for an axis, such as 0.25, 12k or 3.4M."""
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return _use_minus_sign(f"{value / (1e3 if letter == 'k' else limit):.4g}{letter}")
    is_tiny = 0 < size < 1e-4
    return _use_minus_sign(f"{value:.0e}" if is_tiny else f"{value:.4g}")


def pluralize(number: int, one: str, many: str | None = None) -> str:
    """Format a number with its noun, such as "1 fold" or "10 folds"."""
    noun = one if number == 1 else many or f"{one}s"
    return f"{format_count(number)} {noun}"


def _use_minus_sign(text: str) -> str:
    return text.replace("-", "\u2212")
