"""Phrases that messages share: lists that are cut short, guesses at what was meant, and reasons of other libraries."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import Any


def join_names(names: Collection[Any], most: int = 10, form: Callable[[Any], str] = repr) -> str:
    """Return names, separated by commas; of many the first, and the number of the others.

    Parameters
    ----------
    names : collection
        Columns, classes or keys.
    most : int
        How many names are shown.
    form : callable
        ``form(name) -> text``; by default as the name is written in Python.

    Examples
    --------
    >>> join_names(["age", 7])
    "'age', 7"
    >>> join_names(range(12), most=2)
    '0, 1 and 10 more'
    """
    shown = ", ".join(form(name) for name in islice(names, most))
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def suggest(value: Any, known: Iterable[Any]) -> str:
    """Return "did you mean 'x'?" for the known name closest to a misspelt one, "" where none is close.

    Parameters
    ----------
    value : object
        What was given.
    known : iterable
        Names that there are; those that are not text are passed over.

    Examples
    --------
    >>> suggest("collumn", ["column", "row"])
    "did you mean 'column'?"
    """
    texts = [name for name in known if isinstance(name, str)]
    close = difflib.get_close_matches(value, texts, n=1) if isinstance(value, str) else []
    return f"did you mean {close[0]!r}?" if close else ""


def name_missing_package(package: str, purpose: str) -> str:
    """Return the sentence for a purpose that needs a package which is not installed.

    Examples
    --------
    >>> name_missing_package("imbalanced-learn", "SMOTE")
    'SMOTE needs imbalanced-learn, which is not installed; pip install imbalanced-learn.'
    """
    return f"{purpose} needs {package}, which is not installed; pip install {package}."


def reason_of(error: BaseException) -> str:
    """Return what an error of the system or of another library says, in short.

    Examples
    --------
    >>> reason_of(FileNotFoundError(2, "No such file or directory", "x.csv"))
    'No such file or directory'
    """
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
