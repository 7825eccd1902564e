"""Numbers and names as the page shows them; every text from outside is made printable here, once."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

NOTHING = "n/a"
CI = "95\u00a0% interval"

# What no file may hold (surrogates), what a browser drops (control characters), and what turns the text around it.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def printable(value: Any) -> Any:
    """Return plain data with every text in it made safe to write; lists, dicts, numbers and None stay as they are."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {printable(key): printable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [printable(item) for item in value]
    return value


def shorten(text: str, width: int) -> str:
    """Return `text` on one line, at most `width` columns wide, the middle left out where it is longer."""
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


def named(text: str, width: int = 60) -> str:
    """Return a name from outside, shortened, or what stands for one that has no letters."""
    return shorten(text, width) or "(empty)"


def _width(text: str) -> int:
    """Return how many columns a text takes; East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def known(value: float | None) -> TypeGuard[float]:
    """Tell whether there is a number."""
    return value is not None and math.isfinite(value)


def score(value: float | None) -> str:
    """Return a score or an error with three decimals."""
    return _minus(f"{value:.3f}") if known(value) else NOTHING


def signed(value: float | None, decimals: int = 3) -> str:
    """Return a difference with its sign; what rounds to zero has none."""
    if not known(value):
        return NOTHING
    return _minus(f"{value:+.{decimals}f}" if round(value, decimals) else f"{0:.{decimals}f}")


def interval(low: float | None, high: float | None, form: Any = signed) -> str:
    """Return "low to high", each as `form` writes it."""
    return f"{form(low)} to {form(high)}" if known(low) and known(high) else NOTHING


def share(value: float | None) -> str:
    """Return a share in [0, 1] as a percentage."""
    return f"{100 * value:.1f}\u00a0%" if known(value) else NOTHING


def count(value: float | None) -> str:
    """Return a whole number, thousands apart."""
    return f"{value:,.0f}" if known(value) else NOTHING


def compact(value: float) -> str:
    """Return a number short enough for an axis: 0.25, 12k, 3.4M."""
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return _minus(f"{value / (1e3 if letter == 'k' else limit):.4g}{letter}")
    return _minus(f"{value:.4g}") if size >= 1e-4 or not size else _minus(f"{value:.0e}")


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return "1 fold", "10 folds"."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")
