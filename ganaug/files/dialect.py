"""Know in which dialect a text file is written: its separator, encoding and line ends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SEPARATORS = (",", ";", "\t", "|")
_LINE_ENDS = ("\n", "\r\n", "\r")
_MARKED = {"utf-8-sig": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE, "utf-32": codecs.BOM_UTF32_LE}
_BARE = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_LINE_END = re.compile(r"\r\n|\n|\r")
_LOOKED_AT = 10_000


@dataclass(frozen=True)
class Dialect:
    """Dialect of a text file.

    Attributes
    ----------
    separator : str of length 1
        What stands between cells.
    encoding : str
        Python's name of the encoding; one with a byte order mark begins with it.
    line_end : str
        What ends a line.
    """

    separator: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"

    @property
    def mark(self) -> bytes:
        """Byte order mark."""
        return _MARKED.get(self.encoding, b"")

    def encode(self, text: str) -> bytes:
        r"""Return text, whose lines end in ``\n`` and whose quoted cells may hold any line end, in the encoding.

        Raises
        ------
        UnicodeEncodeError
            The encoding has no way to write a character.
        """
        return text.encode(_BARE.get(self.encoding, self.encoding))

    def to_note(self) -> dict[str, str]:
        """Return what differs from the default dialect, as plain JSON."""
        usual = asdict(Dialect())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


def find_line_end(text: bytes) -> str:
    """Return the first line end of UTF-8 text outside the first quoted cells."""
    found = _LINE_END.search(re.sub(r'"[^"]*"', "", text[:_LOOKED_AT].decode("utf-8", "ignore")))
    return found.group() if found else "\n"


def is_sound_dialect(note: Any) -> bool:
    """Return whether a note is one that `Dialect.to_note` can have made."""
    if not isinstance(note, Mapping) or not set(note) <= {"separator", "encoding", "line_end"}:
        return False
    if not all(isinstance(value, str) for value in note.values()):
        return False
    separator = note.get("separator", ",")
    try:
        "a".encode(note.get("encoding", "utf-8"))
    except (LookupError, UnicodeError):  # unknown, or no encoding of text
        return False
    return len(separator) == 1 and separator not in '"\r\n\0' and note.get("line_end", "\n") in _LINE_ENDS
