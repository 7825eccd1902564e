"""Find numbers that add up to the same total in every row, such as shares in percent, and make them do so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..data.dtypes import Plain
from .columns import Number
from .followers import Cells, Floats
from .kinds import Column
from .number_sample import MIN_ROWS, NumberSample

_FEWEST, _MOST = 3, 20  # shares of a total; one of two follows from the other
_EXACT = 1e-6  # relative error of totals of numbers without a limit of digits
_FINE = 9  # digits
_HALVINGS = 80


def link_shares(
    columns: list[Column], sample: NumberSample, read: Callable[[int], Cells], relations: bool = True
) -> None:
    """Mark numbers that stand one after the other and add up to the same total in every row, but for rounding.

    Parameters
    ----------
    columns : list of Column
        Those of the table; changed in place.
    sample : NumberSample
        Some rows of them.
    read : callable
        Returns all cells of a column.
    relations : bool
        Whether to look for any.
    """
    numbers = {i: column for i, column in enumerate(columns) if isinstance(column, Number) and _may_be_share(column)}
    left = [i for i in numbers if relations and i in sample.numbers and sample.units[i] == 1]
    size = min(_MOST, len(left))
    while size >= _FEWEST:  # the largest groups first: parts of one might add up as well
        groups = (left[first : first + size] for first in range(len(left) - size + 1))
        found = next((group for group in groups if _have_total({i: numbers[i] for i in group}, sample, read)), None)
        if found is None:
            size -= 1
            continue
        total = float(f"{np.median(_sum([read(i)[0] for i in found])):.12g}")
        for i in found:
            columns[i] = replace(numbers[i], shares=found, total=total)
        left = [i for i in left if i not in found]
        size = min(size, len(left))


def _may_be_share(column: Number) -> bool:
    is_positive = column.kind == "numeric" and 0 <= column.limits[0] < column.limits[1]
    return is_positive and not column.missing and column.step <= 1


def _have_total(group: Mapping[int, Number], sample: NumberSample, read: Callable[[int], Cells]) -> bool:
    """Return whether columns of the same digits, each of which varies far more than their sum, have the same sum."""
    grids = set(map(_find_grid, group.values()))
    if len(grids) > 1:
        return False
    grid = grids.pop()
    some = [sample.measures[i] for i in group]
    allowed = len(group) * grid + 2 * _EXACT * float(np.abs(_sum(some)).max()) * (grid == 0)  # between two sums
    if len(some[0]) < MIN_ROWS or np.ptp(_sum(some)) > allowed:
        return False
    if any(np.ptp(one) < MIN_ROWS * max(grid, allowed / len(group)) for one in some):
        return False
    return bool(np.ptp(_sum([read(i)[0] for i in group])) <= allowed)


def _sum(parts: Sequence[Plain]) -> Floats:
    return np.sum([np.asarray(part, dtype=np.float64) for part in parts], axis=0)


def _find_grid(column: Number) -> float:
    """Return the distance of neighbouring numbers of a column, 0 if they are so fine that sums of them are rounded."""
    if column.step:
        return 1.0
    return 0.0 if column.decimals is None or column.decimals > _FINE else 10.0**-column.decimals


def add_up(columns: Sequence[Number], parts: Sequence[Plain]) -> list[Floats]:
    """Return numbers of several columns, changed in proportion so that they add up to the total of the columns.

    They stay inside the limits of their columns, and on their grid: what rounding leaves goes to the largest remainders
    (Hamilton's method).
    """
    low, high = (np.array([[column.limits[end]] for column in columns], dtype=np.float64) for end in (0, 1))
    total, grid = columns[0].total, _find_grid(columns[0])
    x = np.maximum(np.asarray(parts, dtype=np.float64), 1e-9 * high)

    # 1. The factor with which the numbers, cut to their limits, have the total: by bisection
    least, most = np.zeros(x.shape[1]), (high / x).max(axis=0)
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        is_low = np.clip(x * middle, low, high).sum(axis=0) < total
        least, most = np.where(is_low, middle, least), np.where(is_low, most, middle)
    exact = np.clip(x * most, low, high)
    digits = columns[0].decimals
    if not grid:
        return list(exact if digits is None else np.round(exact, digits))

    # 2. Round down, and give one step more to those that lost most
    steps = np.floor(exact / grid + 1e-6)
    lost = exact / grid - steps
    missing = np.rint(total / grid - steps.sum(axis=0))
    rank = np.argsort(np.argsort(-lost, axis=0, kind="stable"), axis=0)
    return list(np.round((steps + (rank < missing)) * grid, digits or 0))
