"""Conditions on the command line: ``--where COLUMN=VALUE``, ``--where COLUMN=LOW..HIGH``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from .front import Refused

if TYPE_CHECKING:
    from ganaug import GANAugmenter

_MOMENTS = ("datetime", "timedelta", "timestamp", "date", "duration")  # how dtypes of dates and durations begin
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")

where_option = click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only rows with that value; COLUMN=LOW..HIGH for a range of numbers or dates, either end may be left out; "
    "COLUMN= for a missing cell. May be repeated: values of one column are alternatives, all columns have to fit.",
)


def where_of(augmenter: GANAugmenter, texts: Iterable[str]) -> dict[Any, Any] | None:
    """Return the `where` of `GANAugmenter.sample` that options spell, None where there are none.

    Raises
    ------
    Refused
        A text is not of the form COLUMN=VALUE, or has a range beside other values of the same column.
    """
    given: dict[Any, list[Any]] = {}
    for text in texts:
        name, value = _split(text, augmenter.schema_)
        given.setdefault(name, []).append(_read(name, value, augmenter.schema_))
    for name, values in given.items():
        if len(values) > 1 and any(isinstance(value, tuple) for value in values):
            raise Refused(f"--where gives {str(name)!r} a range and something else; give one range, or values")
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()} or None


def _split(text: str, schema: Mapping[str, Any]) -> tuple[Any, str]:
    """Return column and value; a column's name may hold an equals sign, too."""
    for name in sorted(schema.get("names", []), key=lambda name: -len(str(name))):
        if text.startswith(f"{name}="):
            return name, text[len(str(name)) + 1 :]
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Refused(f"--where {text!r} is not of the form COLUMN=VALUE or COLUMN=LOW..HIGH")
    return name, value


def _read(name: Any, text: str, schema: Mapping[str, Any]) -> Any:
    """Return what a text means for a column; one that the column cannot hold is left to be refused by name."""
    if not text:
        return None
    if name not in schema.get("names", []):
        return text
    position = schema["names"].index(name)
    column, is_moment = schema["columns"][position], schema["dtypes"][position]["dtype"].startswith(_MOMENTS)
    for value in column.get("values", []):
        if value is not None and _is_spelled(value, text):
            return value
    low, dots, high = text.partition("..")
    return (_end(low, is_moment), _end(high, is_moment)) if dots else _end(text, is_moment)


def _is_spelled(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() in (_TRUE if value else _FALSE)
    if isinstance(value, str):
        return text == value
    with contextlib.suppress(ValueError):
        return bool(float(text) == value)
    return False


def _end(text: str, is_moment: bool) -> Any:
    """Return a number where the text is one, else the text, as dates are; None for an open end."""
    if not text:
        return None
    if not is_moment:
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(text)
    return text
