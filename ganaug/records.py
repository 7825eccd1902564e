"""Store dataclasses as plain JSON, and check every field of a JSON record that is read."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import numpy as np

T = TypeVar("T")


def decode(facts: Any, kind: type[T]) -> T:
    """Return plain JSON as an object of a type.

    Parameters
    ----------
    facts : JSON value
        Such as a part of the header of a model file. Fields that the type does not have are ignored.
    kind : type
        Dataclass, typed dictionary or other annotated type. Annotations decide what is allowed: numbers are not
        converted, and `msgspec.Meta` gives ranges and lengths.

    Raises
    ------
    ValueError
        A field is absent, of another type or out of range. The text names its path, such as ``$.counts[3]``.

    Examples
    --------
    >>> decode([1, 2], list[int])
    [1, 2]
    >>> decode({"a": [1, "2"]}, dict[str, list[int]])
    Traceback (most recent call last):
    ...
    ValueError: Expected `int`, got `str` - at `$[...][1]`
    """
    try:
        return msgspec.convert(facts, kind, dec_hook=_decode_array)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


class JsonRecord:
    """Base of the dataclasses that model files hold; their annotations say what a file may hold."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain JSON; arrays become lists."""
        facts: dict[str, Any] = msgspec.to_builtins(self, enc_hook=_encode_array)
        return facts

    @classmethod
    def from_json(cls: type[T], facts: Any) -> T:
        """Return the object that `to_json` described.

        Raises
        ------
        ValueError
            `to_json` cannot have returned this.
        """
        return decode(facts, cls)


def _decode_array(kind: Any, value: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(decode(value, list[float]), dtype=np.float64)


def _encode_array(value: Any) -> list[Any]:
    return list(np.asarray(value).tolist())
