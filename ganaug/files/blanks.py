"""Divide lines at blanks: tables whose columns are aligned, as statistics programs and the UCI archive write them."""

from __future__ import annotations

import csv
import re

_LEAST_CELLS = 3  # two words in a line may be a name
_LOOKED_AT = 50  # lines that rule out most texts
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def divide_at_blanks(text: str) -> list[list[str]] | None:
    """Return the cells of each line that is not blank, None if runs of blanks do not divide a table.

    They do if every line has the same number of cells, and some column below the first line holds numbers alone.

    Parameters
    ----------
    text : str
        A text that no other separator divides.
    """
    lines = [line for line in text.replace("\t", " ").splitlines() if line.strip()]
    for some in (lines[:_LOOKED_AT], lines):
        try:
            rows = [_divide(line) for line in some]
        except csv.Error:  # a quote that is never closed
            return None
        width = len(rows[0]) if rows else 0
        if width < _LEAST_CELLS or len(rows) < 2 or any(len(row) != width for row in rows):
            return None
        if not any(all(map(_NUMBER.fullmatch, column)) for column in zip(*rows[1:_LOOKED_AT], strict=True)):
            return None
    return rows


def _divide(line: str) -> list[str]:
    if '"' not in line:
        return line.split()
    return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True, strict=True))
