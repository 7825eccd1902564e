"""Read tables, split them into rows and labels, and join them again."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .front import CommandLineError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_UNNAMED = re.compile(r"(?:Unnamed: ([0-9]{1,6}))?")
TARGET_NAMES = ("target", "label", "class", "y")


@dataclass
class LabelledTable:
    """A table split into rows and labels.

    Attributes
    ----------
    table : pandas.DataFrame, shape (n, d)
        As read.
    X : pandas.DataFrame
        Columns to learn from; its ``attrs`` remember where the others stood.
    y : pandas.Series, shape (n,)
        Labels, named by their column.
    why : str
        Why that column holds the labels, empty where the user said so.
    """

    table: pd.DataFrame
    X: pd.DataFrame
    y: pd.Series[Any]
    why: str


def read_labelled_table(
    path: str,
    reading: Mapping[str, Any],
    target: str | None,
    exclude: Sequence[str],
    kinds: Iterable[str] = (),
    unused: Iterable[str] = (),
    keep_text: bool = False,
) -> LabelledTable:
    """Read a table and split it into rows and labels.

    Parameters
    ----------
    path : str
        As for `ganaug.read_table`.
    reading : mapping
        Options of `ganaug.read_table`.
    target : str, optional
        What the user said.
    exclude : sequence of str
        Columns that are not learned.
    kinds : iterable of str
        Columns whose kind the user said.
    unused : iterable of str
        Columns that are not learned either, but need not be there.
    keep_text : bool
        Whether the table keeps the text of its cells.

    Raises
    ------
    CommandLineError
        An option names a column that is not there.
    click.ClickException
        The table has a single column.
    """
    from ganaug import read_table

    table = read_table(path, **reading, keep_text=keep_text)
    names = [str(name) for name in table.columns]
    exclude = _find_unnamed(exclude, names, table.attrs.get("left_out", []))
    for option, columns in (("--target", [target] if target is not None else []), ("--exclude", exclude)):
        _check_columns(option, columns, names, path)
    if len(names) < 2:
        raise click.ClickException(
            f"{_quote_path(path)} has a single column, {names[0]!r}, and needs one with labels and at least one other; "
            "give --separator if its cells are divided by something else."
        )
    unused = set(unused)
    likely = [name for name in names if name not in unused] or names
    chosen, why = (target, "") if target is not None else _guess_target(likely)
    if chosen in exclude:
        raise CommandLineError(f"Column {chosen!r} holds the labels and cannot be excluded; name others by --target")
    left_out = {chosen, *exclude, *unused}
    X = table[[name for name in table.columns if name not in left_out]]
    if not X.shape[1]:
        raise CommandLineError(f"No column of {_quote_path(path)} is left to learn from; exclude fewer")
    _check_columns("--kind", kinds, list(X.columns), path)
    X.attrs = {note: value for note, value in table.attrs.items() if note != "text"} | {"column_order": names}
    y = table[chosen]
    y.attrs = {}
    return LabelledTable(table, X, y, why)


def encode_groups(labelled: LabelledTable, column: str, path: str) -> NDArray[np.int64]:
    """Return a number for each row, the same for rows with the same value of a column.

    Parameters
    ----------
    labelled : LabelledTable
        The table.
    column : str
        The column that ``--groups`` names.
    path : str
        Path of the table in messages.

    Raises
    ------
    CommandLineError
        There is no such column, or it holds the labels.
    click.ClickException
        A cell of it is empty.
    """
    import pandas as pd

    _check_columns("--groups", [column], [str(name) for name in labelled.table.columns], path)
    if column == labelled.y.name:
        raise CommandLineError(
            f"Column {column!r} holds the labels and cannot name groups; name the labels by --target"
        )
    _warn_of_another_label(labelled, column)
    codes, _ = pd.factorize(labelled.table[column])
    if (codes < 0).any():
        raise click.ClickException(
            f"Column {column!r}, which --groups names, is empty in row {int((codes < 0).argmax())}; fill it in, or "
            "leave --groups out. Rows count from 0."
        )
    return codes


def _warn_of_another_label(labelled: LabelledTable, column: str) -> None:
    """Warn if the column of groups would be the label by default, so that another column became it."""
    from ganaug import DataWarning

    likely, why = _guess_target([str(name) for name in labelled.table.columns])
    if labelled.why and likely == column:
        warnings.warn(
            f"column {column!r}, which --groups names, would else hold the labels ({why}); {labelled.y.name!r} is "
            "taken for them, and --target names another.",
            DataWarning,
            stacklevel=2,
        )


def align_columns(table: pd.DataFrame, synthetic: pd.DataFrame, mark: str | None) -> list[pd.DataFrame]:
    """Return real and synthetic rows as two tables with the same columns.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n, d)
        The real rows.
    synthetic : pandas.DataFrame
        Synthetic rows, perhaps without some columns, which are left empty.
    mark : str, optional
        Name of a further column that says which rows are which.
    """
    absent = table[[name for name in table.columns if name not in synthetic.columns]].iloc[:0]
    empty = absent.reset_index(drop=True).reindex(range(len(synthetic)))
    rows = synthetic.reset_index(drop=True).join(empty)[list(table.columns)]
    rows.attrs = dict(table.attrs)
    parts = [table, rows]
    if mark is not None:
        parts = [part.assign(**{mark: word}) for part, word in zip(parts, ("real", "synthetic"), strict=True)]
    return parts


def _guess_target(names: Sequence[str]) -> tuple[str, str]:
    """Return the column that most likely holds the labels, and the reason."""
    telling = [name for name in names if name.lower() in TARGET_NAMES]
    if len(telling) == 1:
        return telling[0], "by its name"
    return names[-1], "the last one"


def _find_unnamed(exclude: Iterable[str], names: Sequence[str], left_out: Sequence[int]) -> list[str]:
    """Return columns to exclude, those that have no name in the file by the name they got, but for those left out.

    Users know such a column as pandas calls it, "Unnamed: 0", or by its empty name.
    """
    found = []
    for column in exclude:
        match = _UNNAMED.fullmatch(column) if column not in names else None
        position = int(match[1]) if match and match[1] else next(iter(left_out), -1)
        if match is None or position not in left_out:
            numbered = f"column_{position + 1}"
            found.append(numbered if match and numbered in names else column)
    return found


def _check_columns(option: str, wanted: Iterable[str], names: Sequence[str], path: str) -> None:
    for column in wanted:
        if column not in names:
            from ganaug.messages import join_names, suggest

            cure = suggest(column, names) or "name one of these"
            raise CommandLineError(
                f"{option} names the column {column!r}, but {_quote_path(path)} has {join_names(names, 20)}; {cure}"
            )


def _quote_path(path: str) -> str:
    return "standard input" if path == "-" else repr(path)
