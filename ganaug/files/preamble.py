"""Read what stands before the header of a text file: comments, and the separator that Excel names."""

from __future__ import annotations

import re

from .dialect import SEPARATORS

_NAMED_SEPARATOR = re.compile(rb"sep=([^\r\n\"])\r?", re.IGNORECASE)
_LARGEST_HEAD = 100_000  # bytes before the header that may be comments


def take_separator(data: bytes) -> tuple[bytes, str]:
    """Return the data without a first line such as ``sep=;``, which Excel reads and writes, and the separator."""
    line, end, rest = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    found = _NAMED_SEPARATOR.fullmatch(line)
    return (rest, found[1].decode()) if found and end else (data, "")


def count_comments(data: bytes) -> int:
    """Return the number of lines before the header that begin with # or are blank among such.

    A line that begins with # and has as many cells as the next is the header itself.
    """
    start = data[:_LARGEST_HEAD].removeprefix(b"\xef\xbb\xbf")
    if not start.startswith(b"#"):
        return 0
    lines = start.splitlines()
    n = next((i for i, line in enumerate(lines) if line.strip(b" ") and not line.startswith(b"#")), len(lines))
    if n == len(lines):
        return 0
    widths = [[lines[i].count(one.encode()) for one in SEPARATORS] for i in (n - 1, n)]
    is_header = lines[n - 1].startswith(b"#") and widths[0] == widths[1] and any(widths[1])
    return n - is_header
