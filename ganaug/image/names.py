"""Folder names for classes: a label, which may be any text, never chooses a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_UNSAFE = re.compile(r"[^\w .+-]")  # separators, control and format characters, what Windows or a shell reads as syntax
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]|classes\.json)( *\..*)?", re.IGNORECASE)
_MAX_BYTES = 100  # file names repeat the folder's, and may have 255 bytes


class FolderNames:
    """Safe, unique folder names, given out label by label.

    A label that is a harmless name on every system is its own folder. Any other gets what is harmless of it, and
    digits that its text alone decides. Names that differ only in case, or in how accents are composed, are one folder
    on some systems: the label that comes second gets digits as well.

    Attributes
    ----------
    changed : dict of str to str
        Folder name to label, where they differ.
    """

    def __init__(self) -> None:
        self.changed: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, label: str) -> str:
        """Return the folder name of a label, always the same one."""
        if label not in self._names:
            self._names[label] = self._choose(label)
        return self._names[label]

    def _choose(self, label: str) -> str:
        safe = safe_part(label)
        digits = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()
        name, length = safe, 8
        if safe != label or _key(safe) in self._taken:
            name = f"{safe}-{digits[:length]}"
            while _key(name) in self._taken:
                length += 1
                name = f"{safe}-{digits[:length]}"
            self.changed[name] = label
        self._taken.add(_key(name))
        return name


def safe_part(label: str) -> str:
    """Return what is harmless of a label as a folder name; the label itself if it is."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", label.encode("utf-8", "replace").decode()))
    name = name.encode()[:_MAX_BYTES].decode("utf-8", "ignore").strip(". ")  # Windows drops dots and blanks at the end
    if not name or _RESERVED.fullmatch(name) or name.startswith("-"):
        name = f"class {name}".strip()
    return name


def _key(name: str) -> str:
    """Return what case-insensitive systems compare."""
    return unicodedata.normalize("NFKC", name.casefold()).casefold()
