"""Parse conditions such as ``--where COLUMN=VALUE`` and ``--where COLUMN=LOW..HIGH``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from .front import CommandLineError

if TYPE_CHECKING:
    from ganaug import GANAugmenter

_MOMENTS = ("datetime", "timedelta", "timestamp", "date", "duration")  # prefixes of dtypes
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")

where_option = click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only rows with that value; COLUMN=LOW..HIGH for a range of numbers or dates, with an open end where LOW or "
    "HIGH is left out; COLUMN= for a missing cell. Repeat it for alternative values of a column, or for conditions on "
    "several columns.",
)


def parse_where(augmenter: GANAugmenter, texts: Iterable[str]) -> dict[Any, Any] | None:
    """Return the argument `where` of `GANAugmenter.sample` that options spell, None where there are none.

    Raises
    ------
    CommandLineError
        A text is not of the form COLUMN=VALUE, or a column has a range and another value.
    """
    columns = {column["name"]: column for column in augmenter.describe().get("columns", [])} if texts else {}
    given: dict[Any, list[Any]] = {}
    for text in texts:
        name, value = _split(text, columns)
        given.setdefault(name, []).append(_parse(value, columns.get(name)))
    for name, values in given.items():
        if len(values) > 1 and any(isinstance(value, tuple) for value in values):
            raise CommandLineError(f"--where gives {str(name)!r} a range and something else; give one range, or values")
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()} or None


def _split(text: str, names: Iterable[Any]) -> tuple[Any, str]:
    """Return column and value; the name of a column can hold an equals sign, too."""
    for name in sorted(names, key=lambda name: -len(str(name))):
        if text.startswith(f"{name}="):
            return name, text[len(str(name)) + 1 :]
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CommandLineError(f"--where {text!r} is not of the form COLUMN=VALUE or COLUMN=LOW..HIGH")
    return name, value


def _parse(text: str, column: Mapping[str, Any] | None) -> Any:
    """Return the value or range that a text spells; `sample` refuses one that the column cannot hold."""
    if not text:
        return None
    if column is None:
        return text
    for value in column.get("categories", []):
        if _is_spelled(value, text):
            return value
    is_moment = column["dtype"].startswith(_MOMENTS)
    low, dots, high = text.partition("..")
    if dots:
        return _parse_end(low, is_moment), _parse_end(high, is_moment)
    return _parse_end(text, is_moment)


def _is_spelled(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() in (_TRUE if value else _FALSE)
    if isinstance(value, str):
        return text == value
    with contextlib.suppress(ValueError):
        return bool(float(text) == value)
    return False


def _parse_end(text: str, is_moment: bool) -> Any:
    """Return a number, or the text itself where it is a date or no number, or None for an open end."""
    if not text:
        return None
    if not is_moment:
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(text)
    return text
