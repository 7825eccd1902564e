"""Find numbers and dates that decide a category by the band in which they lie, such as an age its age group."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.dtypes import Codes, Plain
from .columns import Number
from .followers import Calculated, Cells, Determined, Later
from .kinds import Column
from .lookups import FactorisedColumn

_CHANCE = 0.01  # probability that chance makes such a column or more in a table of independent columns
_FIRST_ROWS = 1000  # rows that refute most pairs of columns
_MOST_BANDS = 3  # bands for each value of the category
_LEAST_POWER = -300  # of ten
_LEAST_NUMBERS = 3  # different numbers for each band


class _Bands(NamedTuple):
    """Runs of equal codes among the rows in the order of a number."""

    starts: Codes  # position of the first row of each run, in that order
    sizes: Codes  # rows of each run
    n_numbers: int  # different numbers


def link_bands(
    columns: list[Column], coded: Mapping[int, FactorisedColumn], units: Mapping[int, int], read: Callable[[int], Cells]
) -> None:
    """Replace every category that a number or date decides by a look-up of its band.

    The bands are the runs of equal categories in the order of the number. There may be some for each category, as a
    season has two in a year, but far fewer than chance would make.

    Parameters
    ----------
    columns : list of Column
        Those of the table; changed in place.
    coded : mapping of position to FactorisedColumn
        The categories among them.
    units : mapping of int to int
        Plain units in a day of each column of dates, 1 for other numbers.
    read : callable
        Returns all cells of a column.
    """
    numbers = [i for i, column in enumerate(columns) if isinstance(column, Number | Calculated | Later) and i in units]
    n_pairs = max(1, len(numbers) * len(coded))
    fewest: dict[int, int] = {}  # bands of each category that was found
    for by in numbers if coded else ():
        plain, missing = read(by)
        first, known = slice(_FIRST_ROWS), np.flatnonzero(~missing)
        order = known[np.argsort(plain[known], kind="stable")]
        early = np.flatnonzero(~missing[first])
        early = early[np.argsort(plain[early], kind="stable")]
        for i, column in coded.items():
            if _follows(columns, by, i):
                continue
            # 1. The first rows refute nearly all pairs; every row has to confirm
            if _find_bands(plain, column, early) is None:
                continue
            bands = _find_bands(plain, column, order)
            beside_gaps = np.unique(column.codes[missing])
            if bands is None or len(beside_gaps) > 1 or not _is_surprising(bands, column, n_pairs):
                continue
            # 2. Of several numbers, the one with the fewest bands decides
            if len(bands.sizes) < fewest.get(i, len(column.codes)):
                fewest[i] = len(bands.sizes)
                codes = [*column.codes[order[bands.starts]].tolist(), *beside_gaps.tolist()]
                values = [column.values[code] if code >= 0 else None for code in codes]
                columns[i] = Determined(by, values, edges=_find_edges(plain[order], bands.starts[1:], units[by]))


def _follows(columns: Sequence[Column], column: int, other: int) -> bool:
    """Return whether a column is another one, or follows from it."""
    if column == other:
        return True
    leaders = getattr(columns[column], "by", [])
    return any(_follows(columns, i, other) for i in (leaders if isinstance(leaders, list) else [leaders]))


def _find_bands(plain: Plain, column: FactorisedColumn, order: Codes) -> _Bands | None:
    """Return the runs of equal codes in an order of the rows; None if equal numbers differ, or there are many runs."""
    codes, numbers = column.codes[order], plain[order]
    changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    if not len(changes) or len(changes) >= _MOST_BANDS * column.n or (numbers[changes] == numbers[changes - 1]).any():
        return None
    starts = np.append(0, changes)
    return _Bands(starts, np.diff(np.append(starts, len(order))), 1 + int((numbers[1:] != numbers[:-1]).sum()))


def _is_surprising(bands: _Bands, column: FactorisedColumn, n_pairs: int) -> bool:
    """Return whether independent columns would hardly have such bands, wherever these begin."""
    n = len(bands.sizes)
    if bands.n_numbers < _LEAST_NUMBERS * n:
        return False
    chance = sum(np.logaddexp.reduce(size * np.log(column.shares)) for size in bands.sizes.tolist())
    ways = math.lgamma(bands.n_numbers) - math.lgamma(n) - math.lgamma(bands.n_numbers - n + 1)
    return bool(-chance >= ways + math.log(n_pairs / _CHANCE))


def _find_edges(numbers: Plain, starts: Codes, unit: int) -> list[int | float]:
    """Return the least number of each band but the first: the roundest one between two neighbours."""
    find = _round_number if unit == 1 else _round_date
    return [find(numbers[at - 1].item(), numbers[at].item(), unit) for at in starts.tolist()]


def _round_number(low: Any, high: Any, unit: int) -> int | float:
    """Return a number in (low, high] with few digits: a multiple of the largest power of ten that has one there."""
    distance = high - low
    power = math.floor(math.log10(distance)) if math.isfinite(distance) else math.inf
    if not _LEAST_POWER < power < math.inf:
        return high  # type: ignore[no-any-return]
    for exponent in (power + 1, power):
        found = high // 10**exponent * 10**exponent if exponent >= 0 else high // 10.0**exponent * 10.0**exponent
        if low < found <= high:
            return int(found) if isinstance(high, int) else float(f"{found:.15g}")
    return high  # type: ignore[no-any-return]


def _round_date(low: int, high: int, unit: int) -> int:
    """Return the moment in (low, high] that begins a year, a month or a day, or else the last one."""
    day: NDArray[np.datetime64] = np.asarray(high // unit, dtype="M8[D]")
    for kind in ("M8[Y]", "M8[M]", "M8[D]"):
        found = int(day.astype(kind).astype("M8[D]").astype(np.int64)) * unit
        if low < found:
            return found
    return high
