"""Validate the schema of a model file, so that a forged one fails when it is read and not while sampling.

Every cell that a column lists is restored once in the dtype of that column; for numbers and identifiers, whose cells
are not listed, the cells at the ends of their ranges are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..data.dtypes import Mask, Plain, as_plain, check_description, check_texts, restore, split
from .columns import NO_GROUP, Category, Constant, Identifier, Number
from .containers import check_container, join_columns
from .followers import Calculated, Determined, Later
from .kinds import Column

_MOST_SCORE = 6.0  # beyond any score of a trained generator


def validate_schema(
    names: Sequence[Any], columns: Sequence[Column], dtypes: Sequence[dict[str, Any]], container: Mapping[str, Any]
) -> None:
    """Raise any exception that sampling these columns could raise.

    Parameters
    ----------
    names, columns, dtypes : sequence
        Name, column and dtype of each column.
    container : mapping
        Container of the table.
    """
    if not len(names) == len(set(names)) == len(columns) == len(dtypes):
        raise ValueError("numbers of columns, names and dtypes differ, or a name repeats")
    if not set(map(type, names)) <= {str, int}:
        raise TypeError("a column has a name that is neither text nor a whole number")
    check_container(container)
    _check_circles(columns)
    for name, column, dtype in zip(names, columns, dtypes, strict=True):
        check_description(dtype)
        _check_leaders(column, columns)
        _check_shares(column, columns)
        plain, missing = _boundary_cells(column)
        part = restore(plain, missing, dtype)
        if plain.dtype.kind in "iu" and not np.array_equal(split(part, dtype)[0][~missing], plain[~missing]):
            raise ValueError(f"{str(name)[:40]!r} has whole numbers outside its dtype")
        join_columns([part], [name], container)


def _check_leaders(column: Column, columns: Sequence[Column]) -> None:
    """Raise ValueError or IndexError if a column does not fit the columns from which it follows."""
    leaders = [columns[i] for i in _find_leaders(column)]
    if isinstance(column, Determined):
        (deciding,) = leaders
        if column.edges is not None:
            _check_bands(column, deciding)
        elif not isinstance(deciding, Category) or len(column.values) != len(deciding.known):
            raise ValueError("a column does not fit the one that determines it")
    if isinstance(column, Category) and column.within is not None:
        (coarser,) = leaders
        if not isinstance(coarser, Category) or not all(NO_GROUP <= g < len(coarser.values) for g in column.groups):
            raise ValueError("a category does not fit the one within which it is drawn")
    for leader in leaders if isinstance(column, Calculated | Later) else ():
        if not isinstance(leader, Category | Number | Determined | Calculated | Later):
            raise TypeError("a column follows from one that holds no numbers")


def _check_shares(column: Column, columns: Sequence[Column]) -> None:
    """Raise ValueError or IndexError if a column adds up to a total with others that do not."""
    if not isinstance(column, Number) or not column.shares:
        return
    if column.missing or column.step > 1 or not 0 <= column.limits[0] < column.limits[1]:
        raise ValueError("a column cannot be a share of a total")
    for other in (columns[i] if i >= 0 else None for i in column.shares):
        if not isinstance(other, Number) or any(
            getattr(other, name) != getattr(column, name) for name in ("shares", "total", "step", "decimals")
        ):
            raise ValueError("a column adds up to a total with one that does not")


def _check_bands(column: Determined, deciding: Column) -> None:
    """Raise ValueError if the bands of a column do not fit the numbers that determine it."""
    edges = np.asarray(column.edges, dtype=np.float64)
    if not isinstance(deciding, Number | Determined | Calculated | Later) or not (np.diff(edges) > 0).all():
        raise ValueError("a column does not fit the numbers that determine it")
    if not np.isfinite(edges).all() or not len(edges) < len(column.values) <= len(edges) + 2:
        raise ValueError("a column has other numbers of values than of bands")


def _find_leaders(column: Column) -> list[int]:
    """Return the positions of the columns from which one follows; raise ValueError for a negative one."""
    if isinstance(column, Category):
        leaders = [] if column.within is None else [column.within]
    elif isinstance(column, Determined | Later):
        leaders = [column.by]
    else:
        leaders = column.by if isinstance(column, Calculated) else []
    if min(leaders, default=0) < 0:
        raise ValueError("a column follows from one that does not exist")
    return leaders


def _check_circles(columns: Sequence[Column]) -> None:
    """Raise ValueError if a column follows from itself."""
    left = {i: set(_find_leaders(column)) for i, column in enumerate(columns)}
    while left:
        done = {i for i, leaders in left.items() if not leaders & left.keys()}
        if not done:
            raise ValueError("columns follow from each other in a circle")
        left = {i: leaders for i, leaders in left.items() if i not in done}


def _boundary_cells(column: Column) -> tuple[Plain, Mask]:
    """Return every cell that a column lists, or the cells at the ends of its range."""
    if isinstance(column, Identifier):
        made = [value for first in column.form.boundary_positions() for value in column.form.make_fresh(first, 2)]
        return as_plain(made), np.zeros(len(made), dtype=bool)
    if isinstance(column, Calculated):
        ends = np.asarray(column.limits, dtype=np.float64) / column.units[0]
        return column.round(ends), np.zeros(2, dtype=bool)
    if isinstance(column, Later):
        ends = as_plain(list(column.limits))
        gap, missing = _boundary_cells(column.gap)
        return np.concatenate([ends, np.clip(ends[0] + gap, *ends)]), np.append([False, False], missing)
    if isinstance(column, Number):
        n = max(2, column.n_states)
        states = np.arange(n) if column.n_states else None
        return column.decode(states, np.linspace(-_MOST_SCORE, _MOST_SCORE, n), np.random.default_rng(0))
    check_texts("A column", column.values)
    if isinstance(column, Constant):
        return column.fill(2)
    at = np.arange(len(column.values))
    if isinstance(column, Determined):
        return column.look_up(at)
    column.decode(np.arange(column.n_states), None, np.random.default_rng(0))
    at = np.append(at, -1) if column.missing else at
    return as_plain(column.values)[at], at < 0
