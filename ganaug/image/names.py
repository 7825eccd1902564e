"""Choose safe folder names for classes, so that a label, which may be any text, never determines a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_UNSAFE = re.compile(r"[^\w .+-]")  # separators, control and format characters, what Windows or a shell reads as syntax
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]|classes\.json)( *\..*)?", re.IGNORECASE)
_MAX_BYTES = 100  # file names repeat the folder's, and may have 255 bytes


class FolderNames:
    """Assign safe and unique folder names to labels.

    A label that is a safe name on every system is its own folder name. Any other label gets its safe part and digits of
    its hash. Names that differ only in case, or in the composition of accents, are one folder on some systems; the
    second of such labels gets digits as well.

    Attributes
    ----------
    changed : dict of str to str
        Folder names and labels that differ.
    """

    def __init__(self) -> None:
        self.changed: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def assign(self, label: str) -> str:
        """Return the folder name of a label; repeated calls return the same name."""
        if label not in self._names:
            self._names[label] = self._choose(label)
        return self._names[label]

    def _choose(self, label: str) -> str:
        safe = sanitize_label(label)
        digits = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()
        name, length = safe, 8
        if safe != label or _collision_key(safe) in self._taken:
            name = f"{safe}-{digits[:length]}"
            while _collision_key(name) in self._taken:
                length += 1
                name = f"{safe}-{digits[:length]}"
            self.changed[name] = label
        self._taken.add(_collision_key(name))
        return name


def sanitize_label(label: str) -> str:
    """Return the part of a label that is safe as a folder name; a safe label is returned unchanged."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", label.encode("utf-8", "replace").decode()))
    name = name.encode()[:_MAX_BYTES].decode("utf-8", "ignore").strip(". ")  # Windows drops dots and blanks at the end
    if not name or _RESERVED.fullmatch(name) or name.startswith("-"):
        name = f"class {name}".strip()
    return name


def _collision_key(name: str) -> str:
    """Return the key by which case-insensitive systems compare names."""
    return unicodedata.normalize("NFKC", name.casefold()).casefold()
