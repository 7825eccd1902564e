"""Find text that spreadsheet programs take for a formula, and escape it.

A cell such as ``=HYPERLINK(...)`` runs when a CSV file is opened in a spreadsheet (CWE-1236; OWASP, "CSV Injection").
"""

from __future__ import annotations

from numbers import Number
from typing import Any

import pandas as pd

_FIRST = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet program may evaluate a text as a formula."""
    return text.startswith(_FIRST)


def escape_formulas(column: pd.Series[Any], cells: list[str], safe: bool) -> tuple[list[str], int]:
    """Escape cells if `safe`, and count those that may be evaluated as formulas.

    Parameters
    ----------
    column : pandas.Series, shape (n,)
        Values; numbers are no formulas, however they begin.
    cells : list of str, length n
        How they are spelled.
    safe : bool
        Whether formulas get an apostrophe in front, with which spreadsheet programs show them as text.

    Returns
    -------
    cells : list of str, length n
        As given where nothing had to change.
    found : int
        Number of formulas.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return cells, 0
    values = column.tolist()
    found = [i for i, cell in enumerate(cells) if is_formula(cell) and not isinstance(values[i], Number)]
    if safe and found:
        cells = cells.copy()
        for i in found:
            cells[i] = f"'{cells[i]}"
    return cells, len(found)
