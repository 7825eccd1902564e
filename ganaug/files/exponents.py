"""Spell numbers in scientific notation as the cells of a column do, such as ``7.05E+11``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_CELL = re.compile(r"-?[0-9](?:\.([0-9]{1,17}))?([eE])([+-]?)([0-9]{1,3})", re.ASCII)


@dataclass(frozen=True)
class ExponentForm:
    """How numbers in scientific notation are spelled.

    Attributes
    ----------
    decimals : int
        Digits behind the point.
    letter : {"e", "E"}
        Mark of the exponent.
    plus : bool
        Whether exponents that are not negative have a sign.
    width : int
        Least digits of an exponent.
    """

    decimals: int
    letter: str
    plus: bool
    width: int

    def spell(self, values: Sequence[float]) -> list[str]:
        """Return numbers as text."""
        return [self._spell(value) for value in values]

    def _spell(self, value: float) -> str:
        digits, _, exponent = f"{value:.{self.decimals}e}".partition("e")
        number = int(exponent)
        sign = "-" if number < 0 else "+" * self.plus
        return f"{digits}{self.letter}{sign}{abs(number):0{self.width}}"

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)


def find_exponents(texts: Sequence[str], values: Sequence[float]) -> ExponentForm | None:
    """Return the form of numbers that are all in scientific notation; None unless each is spelled again as it was."""
    found = _CELL.fullmatch(texts[0])
    if found is None:
        return None
    plus = any("+" in text for text in texts)
    width = min(len(re.split("[eE]", text)[-1].lstrip("+-")) for text in texts)
    form = ExponentForm(len(found[1] or ""), found[2], plus, width)
    return form if form.spell(values) == list(texts) else None


def is_sound_exponents(value: Any) -> bool:
    """Return whether a value is what `ExponentForm.to_dict` returns."""
    if not isinstance(value, Mapping) or set(value) != {"decimals", "letter", "plus", "width"}:
        return False
    if type(value["decimals"]) is not int or type(value["width"]) is not int or type(value["plus"]) is not bool:
        return False
    return value["letter"] in ("e", "E") and 0 <= value["decimals"] <= 17 and 1 <= value["width"] <= 3
