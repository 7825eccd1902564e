"""Recognise numbers that are spelled with a currency, a unit, thousands separators or a decimal comma.

A form is taken only if every number of a column is spelled again exactly as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_SPACES = " \u00a0\u202f"
_SIGNS = "$€£¥₹₽₩₺₫₴₦฿¢"
_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|BRL|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|TRY|MXN|ZAR|SGD|HKD|KRW"
_BEFORE = rf"(?:(?:US|A|C|R|NZ|HK|S)?[{_SIGNS}]|{_CODES}|Rs\.?|kr\.?)[{_SPACES}]?"
_UNITS = (
    *("%", "‰", "°", "°C", "°F", "mm", "cm", "m", "km", "in", "ft", "mi", "m²", "km²", "mg", "g", "kg", "lb", "lbs"),
    *("oz", "ms", "s", "sec", "min", "h", "hr", "hrs", "yr", "yrs", "k", "K", "M", "bn", "mn", "px", "KB", "MB", "GB"),
    *("TB", "Hz", "kHz", "MHz", "GHz", "W", "kW", "MW", "kWh", "V", "mAh", "l", "L", "ml", "mL", "cl", "cc", "hp"),
    *("bhp", "rpm", "mpg", "kmpl", "mph", "kph", "km/h", "m/s"),
    *("USD", "EUR", "GBP", "CHF", "kr", "zł", "Kč", "Ft", *_SIGNS),
)
# After a blank, as in "10 years" and "2 full years"; letters at once may belong to a code
_WORD = r"[^\W\d_][^\W\d_ /²³.]{0,11}(?: [^\W\d_]{1,12}){0,2}"
_UNIT = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_AFTER = rf"[{_SPACES}]?(?:{_UNIT})|[{_SPACES}](?:{_WORD}|[%‰°{_SIGNS}])"
_DIGITS = rf"[0-9](?:[0-9.,'’{_SPACES}]*[0-9])?|[.,][0-9]+"
_CELL = re.compile(rf"\(?-?(?P<before>{_BEFORE})?[+−-]?(?:{_DIGITS})(?P<after>(?:{_AFTER})?)[-)]?")
Separators = tuple[tuple[str, str], ...]
# Of (thousands, decimal), the first that fits: '1,234' is more often a thousand than a decimal comma
SEPARATORS: Separators = (
    (",", "."),
    (".", ","),
    ("'", "."),
    ("’", "."),
    *((space, mark) for space in _SPACES for mark in ",."),
    ("", ","),
)
_SIGNED = ("-", "-$", "()", "+", "−", "9-")
_ASKED = tuple((thousands, "." if thousands == "," else ",") for thousands in ("", ",", ".", "'", "’", *_SPACES))
_ADDRESS = r"\A(?:[0-9]{1,3}\.){3}[0-9]{1,3}\z"  # of the internet
_MOST = 40  # characters before or after a number


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are spelled.

    Attributes
    ----------
    before, after : str
        What stands around every number, such as "$" or " kg".
    thousands, decimal : str
        Separators; the first may be empty.
    negative : {"-", "-$", "()", "+", "−", "9-"}
        Whether a minus stands behind or before what stands before the number, or parentheses around it all; "+" is a
        minus behind it, and a plus in its place on numbers above 0; "−" is the sign of typesetters for a minus, and
        "9-" is a minus behind it all, as accountants' programs write it.
    """

    before: str = ""
    after: str = ""
    thousands: str = ""
    decimal: str = "."
    negative: str = "-"

    def spell(self, text: str) -> str:
        """Return a number in this form, from its plain text such as "-1234.5"."""
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        whole, point, rest = digits.partition(".")
        if self.thousands and whole.isdigit():
            whole = f"{int(whole):,}".replace(",", self.thousands)
        bare = f"{whole}{self.decimal if point else ''}{rest}"
        if sign and self.negative == "()":
            return f"({self.before}{bare}{self.after})"
        if sign and self.negative == "-$":
            return f"-{self.before}{bare}{self.after}"
        if sign and self.negative == "9-":
            return f"{self.before}{bare}{self.after}-"
        sign = self.negative if sign and self.negative == "−" else sign
        plus = "+" if self.negative == "+" and not sign and bare.strip("0.,") else ""
        return f"{self.before}{plus}{sign}{bare}{self.after}"

    def to_dict(self) -> dict[str, str]:
        """Return the form as plain JSON."""
        return asdict(self)


def is_sound_form(value: Any) -> bool:
    """Return whether a value is what `NumberForm.to_dict` returns."""
    keys = set(NumberForm().to_dict())
    if not isinstance(value, Mapping) or set(value) != keys or not all(isinstance(v, str) for v in value.values()):
        return False
    around = value["before"] + value["after"]
    return (
        len(value["before"]) <= _MOST
        and len(value["after"]) <= _MOST
        and not re.search(r'[\d"\r\n\0]', around)
        and (value["thousands"], value["decimal"]) in (*SEPARATORS, ("", "."), *_ASKED)
        and value["negative"] in _SIGNED
    )


def find_forms(
    known: pa.ChunkedArray, first: str, separators: Separators = SEPARATORS
) -> list[tuple[NumberForm, pa.ChunkedArray]]:
    """Return forms that all cells may have, each with the cells as plain numbers.

    Parameters
    ----------
    known : ChunkedArray of string, shape (n,)
        Cells, null where missing.
    first : str
        The first of them that is not missing.
    separators : tuple of (thousands, decimal)
        Separators to try, in order.
    """
    match = _CELL.fullmatch(first)
    if match is None:
        return []
    before, after = match["before"] or "", match["after"] or ""
    found = []
    for negative in _SIGNED:
        bare = _strip(known, before, after, negative)
        if bare is None:
            continue
        plain_too = (before + after or negative in ("+", "−", "9-")) and separators == SEPARATORS
        for thousands, decimal in (*([("", ".")] if plain_too else []), *separators):
            form = NumberForm(before, after, thousands, decimal, negative)
            if (plain := _to_plain(bare, thousands, decimal)) is not None:
                found.append((form, plain))
    return found


def _strip(known: pa.ChunkedArray, before: str, after: str, negative: str) -> pa.ChunkedArray | None:
    """Return cells without what stands around the numbers, with a minus in front; None if they differ."""
    lead, tail = re.escape(before).replace(r"\ ", " "), re.escape(after).replace(r"\ ", " ")
    pattern = {
        "-": rf"\A{lead}(-?)({_DIGITS}){tail}\z",
        "-$": rf"\A(-?){lead}({_DIGITS}){tail}\z",
        "()": rf"\A(\(?){lead}({_DIGITS}){tail}\)?\z",
        "+": rf"\A{lead}([+-]?)({_DIGITS}){tail}\z",
        "−": rf"\A{lead}(−?)({_DIGITS}){tail}\z",
        "9-": rf"\A{lead}({_DIGITS}){tail}(-?)\z",
    }[negative]
    if not pc.all(pc.match_substring_regex(known, pattern)).as_py():
        return None
    if negative == "+" and not all(pc.any(pc.match_substring(known, sign)).as_py() for sign in "+-"):
        return None  # numbers of telephones begin with a plus, too
    bare = pc.replace_substring_regex(known, pattern, r"\2\1" if negative == "9-" else r"\1\2")
    signs = {"()": ("(", "-"), "+": ("+", ""), "−": ("−", "-")}
    return pc.replace_substring(bare, *signs.get(negative, ("-", "-")))


def _to_plain(bare: pa.ChunkedArray, thousands: str, decimal: str) -> pa.ChunkedArray | None:
    """Return numbers with a decimal point and no thousands separators; None if they have other separators."""
    mark, group = re.escape(decimal), re.escape(thousands)
    grouped = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|" if thousands else ""
    pattern = rf"\A-?(?:{grouped}0|[1-9][0-9]*)(?:{mark}[0-9]+)?\z"
    if not pc.all(pc.match_substring_regex(bare, pattern)).as_py():
        return None
    if thousands == "." and pc.all(pc.match_substring_regex(bare, _ADDRESS)).as_py():
        return None
    if thousands and not pc.any(pc.match_substring(bare, thousands)).as_py():
        return None  # another form says as much with less
    plain = pc.replace_substring(bare, thousands, "") if thousands else bare
    return pc.replace_substring(plain, decimal, ".")


def spell_all(texts: Sequence[str], form: Mapping[str, str]) -> list[str]:
    """Return plain numbers in a form, as `NumberForm.to_dict` describes it."""
    return list(map(NumberForm(**form).spell, texts))
