"""Find columns of numbers and dates that follow from others: copies, linear images, sums, products, ratios, and order.

A few rows propose relations, and every row must confirm them. Enough different rows rule out coincidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import numpy as np
from scipy.linalg import qr, solve_triangular

from ..data.dtypes import Mask, Plain
from .columns import Number
from .followers import Calculated, Cells, Floats, Later, convert_dates, to_measure
from .kinds import Column
from .number_sample import HALF, MIN_ROWS, Formula, NumberSample, allow_rounding, apply_formula

Read = Callable[[int], Cells]
"""Function that returns all cells of the column at a position."""

_MOST_NUMBERS = 200  # columns among which sums are looked for,
_MOST_FACTORS = 50  # and products and ratios
_LINEAR = 0.998  # correlation of a column with its rounded linear image, at least
_RANK = 1e-9  # share of a column's variation that is left where others explain all of it, at most
_SMALL = 1e-6  # standardised factor that is 0
_DIGITS = 15
_MOST_PARTS = 12  # neighbours that are added up to a rounded total
_FEW_DIGITS = 4
_STEADY = 0.7  # variation of a product or ratio in relation to that of its parts, at least
_HARDLY = 1e-6
_CHANCE = 0.01  # probability that chance orders a pair of columns in a table of independent dates


def relate_numbers(columns: list[Column], sample: NumberSample, read: Read, room: int) -> list[int]:
    """Replace columns that follow from others, and return their positions.

    Parameters
    ----------
    columns : list of Column
        Those of the table; changed in place.
    sample : NumberSample
        Some rows of them.
    read : callable
        Returns all cells of a column.
    room : int
        Largest number of JSON values of one column, about.
    """
    leaders: dict[int, list[int]] = {}

    def is_free(target: int, by: Sequence[int]) -> bool:
        return target not in leaders and not any(_follows(leaders, i, target) for i in by)

    # 1. Formulas: linear images and powers of one column, products and ratios of two, sums
    for propose in (_propose_linear, _propose_powers, _propose_products, _propose_sums, _propose_totals):
        for formula in propose(sample, [i for i in sample.measures if i not in leaders]):
            if is_free(formula.target, formula.by) and (calculated := _calculate(formula, sample, read)):
                columns[formula.target], leaders[formula.target] = calculated, formula.by

    # 2. Dates none of which is before another
    for target, by in _propose_order(sample, [i for i in sample.clocks if i not in leaders]):
        if is_free(target, [by]) and (later := _measure_gap(target, by, sample, read, room)):
            columns[target], leaders[target] = later, [by]
    return list(leaders)


def _follows(leaders: Mapping[int, list[int]], column: int, other: int) -> bool:
    """Return whether a column is another one, or follows from it."""
    return column == other or any(_follows(leaders, i, other) for i in leaders.get(column, []))


def _calculate(formula: Formula, sample: NumberSample, read: Read) -> Calculated | None:
    """Return the calculated column of a formula, None if a row contradicts it."""
    target, form, by, factors, offset = formula
    number = sample.numbers[target]
    column = Calculated(
        form,  # type: ignore[arg-type]
        by,
        factors,
        offset,
        [sample.units[i] for i in (target, *by)],
        number.base,
        number.step,
        number.decimals,
        number.limits,
        number.missing,
    )
    parts = [read(i) for i in by]
    plain, missing = read(target)
    if form == "ratio" and not _has_one_sign(*parts[1]):
        return None
    if form == "power" and not (parts[0][0][~parts[0][1]] > 0).all():
        return None
    gaps = np.any([mask for _, mask in parts], axis=0)
    if not np.array_equal(gaps, missing):
        return None
    measures = [to_measure(cells[~missing], unit) for (cells, _), unit in zip(parts, column.units[1:], strict=True)]
    found = to_measure(plain[~missing], column.units[0])
    difference = np.abs(column.combine(measures) - found)
    return column if (difference <= allow_rounding(number, column.units[0], found)).all() else None


def _has_one_sign(plain: Plain, missing: Mask) -> bool:
    known = plain[~missing]
    return bool((known > 0).all() or (known < 0).all())


def _propose_linear(sample: NumberSample, free: Sequence[int]) -> Iterator[Formula]:
    """Yield columns that are linear images of an earlier one, or of a later one where rounding leaves no other way."""
    for group in _group_by_gaps(sample, free):
        together = np.abs(_correlate([sample.measures[i] for i in group]))
        for a, b in zip(*np.nonzero(np.triu(together >= _LINEAR, 1)), strict=True):
            for target, by in ((group[b], group[a]), (group[a], group[b])):
                if target in sample.numbers and (formula := _fit_line(sample, target, by)):
                    yield formula
                    break


def _group_by_gaps(sample: NumberSample, free: Sequence[int]) -> list[list[int]]:
    """Return the columns that vary, those with the same missing cells together."""
    groups: dict[bytes, list[int]] = {}
    for i in free:
        if np.nanmax(sample.measures[i], initial=-np.inf) > np.nanmin(sample.measures[i], initial=np.inf):
            groups.setdefault(np.isnan(sample.measures[i]).tobytes(), []).append(i)
    return list(groups.values())


def _standardise(measures: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """Return columns, without rows that have a gap, with mean 0 and deviation 1; and their means and deviations."""
    x = np.stack(measures, axis=1)
    x = x[~np.isnan(x).any(axis=1)]
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    return (x - mean) / np.where(deviation > 0, deviation, 1.0), mean, deviation


def _correlate(measures: Sequence[Floats]) -> Floats:
    x, _, _ = _standardise(measures)
    return x.T @ x / max(1, len(x))


def _fit_line(sample: NumberSample, target: int, by: int) -> Formula | None:
    x, c = sample.measures[by], sample.measures[target]
    known = ~np.isnan(x)
    centre = x[known].mean()
    slope = float((x[known] - centre) @ (c[known] - c[known].mean()) / ((x[known] - centre) ** 2).sum())
    return _simplify(sample, target, [by], [slope])


def _simplify(sample: NumberSample, target: int, by: list[int], factors: Sequence[float]) -> Formula | None:
    """Return the sum with the fewest digits that the sample confirms, None if it refutes all.

    A sum without rounding comes before all those with it.
    """
    known = ~np.isnan(sample.measures[target])
    for rounding, digits in product((_HARDLY, HALF), range(1, _DIGITS + 1)):
        short = [float(f"{factor:.{digits}g}") for factor in factors]
        rest = sample.measures[target] - apply_formula(
            Formula(target, "sum", by, short, 0.0), [sample.measures[i] for i in by]
        )
        middle = float(np.median(rest[known])) if known.any() else 0.0
        for offset in dict.fromkeys([0.0, float(f"{middle:.{digits}g}"), middle]):
            formula = Formula(target, "sum", by, short, offset)
            if sample.is_met(formula, rounding):
                return formula
    return None


def _propose_powers(sample: NumberSample, free: Sequence[int]) -> Iterator[Formula]:
    """Yield columns that are a power of an earlier one, times a constant, such as the area of a circle."""
    positive = [
        i for i in free if sample.units[i] == 1 and (sample.measures[i][~np.isnan(sample.measures[i])] > 0).all()
    ]
    for some in _group_by_gaps(sample, positive):
        every = {i: np.log(sample.measures[i]) for i in some}
        group = [i for i in some if np.nanstd(every[i]) > _RANK]  # what varies less has no power that could be told
        logs = [every[i] for i in group]
        together = np.abs(_correlate(logs)) if group else np.empty((0, 0))
        for a, b in zip(*np.nonzero(np.triu(together >= _LINEAR, 1)), strict=True):
            known = ~np.isnan(logs[a])
            x, c = logs[a][known], logs[b][known]
            exponent = float(f"{(x - x.mean()) @ (c - c.mean()) / ((x - x.mean()) ** 2).sum():.{_FEW_DIGITS}g}")
            factor = float(np.exp(np.mean(c - exponent * x)))
            formula = Formula(group[b], "power", [group[a]], [exponent], factor)
            if group[b] in sample.numbers and exponent != 1 and sample.is_met(formula):
                yield formula


def _propose_products(sample: NumberSample, free: Sequence[int]) -> Iterator[Formula]:
    """Yield columns that are products or ratios of two others, neither of them dates."""
    some = [i for i in free if sample.units[i] == 1][:_MOST_FACTORS]
    targets = [i for i in some if i in sample.numbers]
    if len(some) < 3 or not targets:
        return
    # 1. Rows without gaps, the most telling first, refute nearly all pairs
    x = np.stack([sample.measures[i] for i in some])
    first, second = np.triu_indices(len(some), 1)
    pairs = [("product", first, second), ("ratio", first, second), ("ratio", second, first)]
    tolerances = np.stack([np.broadcast_to(sample.tolerance(i), x.shape[1:]) for i in targets])
    rows = np.flatnonzero(~np.isnan(x).any(axis=0))[:MIN_ROWS]
    if not len(rows):
        return
    at = [some.index(target) for target in targets]
    for form, a, b in pairs:
        with np.errstate(all="ignore"):
            made = x[a][:, rows] * x[b][:, rows] if form == "product" else x[a][:, rows] / x[b][:, rows]
        left, whose = np.nonzero(np.abs(made[:, None, 0] - x[at, rows[0]]) <= tolerances[:, rows[0]])
        for row in range(1, len(rows)):
            near = np.abs(made[left, row] - x[np.asarray(at)[whose], rows[row]]) <= tolerances[whose, rows[row]]
            left, whose = left[near], whose[near]

        # 2. What is left is looked at in all rows of the sample
        for pair, which in zip(left.tolist(), whose.tolist(), strict=True):
            by = [some[a[pair]], some[b[pair]]]
            formula = Formula(targets[which], form, by, [], 0.0)
            if targets[which] not in by and sample.is_met(formula) and _is_steady(sample, formula):
                yield formula


def _is_steady(sample: NumberSample, formula: Formula) -> bool:
    """Return whether a product or ratio varies as much as its parts: else small errors of these would be large in it.

    A ratio of two columns that rise together varies little, and is generated better than it is calculated.
    """
    spreads = []
    for i in (formula.target, *formula.by):
        logs = np.log(np.abs(sample.measures[i][sample.measures[i] != 0]))
        spreads.append(float(np.nanstd(logs)) if len(logs) else 0.0)
    return spreads[0] >= _STEADY * max(spreads[1:])


def _propose_sums(sample: NumberSample, free: Sequence[int]) -> Iterator[Formula]:
    """Yield columns that are sums of others, each times a positive factor."""
    some = [i for group in _group_by_gaps(sample, free) for i in group]
    whole = [i for i in some if not np.isnan(sample.measures[i]).any()]
    for among in [whole] if len(whole) == len(some) else [whole, some]:
        among = among[:_MOST_NUMBERS]
        if len(among) < 3:
            continue
        gaps = np.isnan([sample.measures[i] for i in among]).any(axis=0)
        if (~gaps).sum() < 2 * len(among) + MIN_ROWS:
            continue
        x, _, deviation = _standardise([sample.measures[i] for i in among])
        if not (deviation > 0).all():
            continue
        for dependence in _find_dependences(x, deviation):
            if formula := _solve(sample, {among[i]: factor for i, factor in dependence.items()}):
                yield formula


def _find_dependences(x: Floats, deviation: Floats) -> Iterator[dict[int, float]]:
    """Yield sums of columns, each times a factor, that are the same in every row."""
    upper, order = qr(x, mode="r", pivoting=True)
    size = np.abs(np.diag(upper))
    rank = int((size > _RANK * size[0]).sum())
    explained = solve_triangular(upper[:rank, :rank], upper[:rank, rank:])
    for column, factors in zip(order[rank:].tolist(), explained.T, strict=True):
        parts = {
            int(order[i]): float(-factors[i] / deviation[order[i]]) for i in np.flatnonzero(np.abs(factors) > _SMALL)
        }
        yield {column: float(1 / deviation[column])} | parts


def _solve(sample: NumberSample, dependence: Mapping[int, float]) -> Formula | None:
    """Return a dependence as the sum that gives one of its columns with positive factors, None if there is none."""
    for target in sorted(dependence, reverse=True):
        by = sorted(i for i in dependence if i != target)
        factors = [-dependence[i] / dependence[target] for i in by]
        if by and target in sample.numbers and min(factors) > 0 and (formula := _simplify(sample, target, by, factors)):
            return formula if _is_plausible(sample, formula) else None
    return None


def _propose_totals(sample: NumberSample, free: Sequence[int]) -> Iterator[Formula]:
    """Yield columns that are rounded sums of neighbours, as a count is of its parts in hundredths.

    Sums without rounding come before; these have parts anywhere, and factors.
    """
    some = sorted(i for group in _group_by_gaps(sample, free) for i in group if sample.units[i] == 1)[:_MOST_FACTORS]
    x = np.stack([sample.measures[i] for i in some]) if some else np.empty((0, 0))
    rows = ~np.isnan(x).any(axis=0)
    if rows.sum() < MIN_ROWS:
        return
    sums = np.concatenate([np.zeros((1, rows.sum())), np.cumsum(x[:, rows], axis=0)])
    for target in (i for i in some if i in sample.numbers):
        found, tolerance = sample.measures[target][rows], sample.tolerance(target)[rows]
        if np.ptp(found) < 2 * MIN_ROWS * tolerance.max():
            continue  # so few steps fit much
        for first in range(len(some) - 1):
            for last in range(first + 2, min(first + _MOST_PARTS, len(some)) + 1):
                parts = some[first:last]
                met = target not in parts and (np.abs(sums[last] - sums[first] - found) <= tolerance).all()
                if met and sample.is_met(formula := Formula(target, "sum", parts, [1.0] * len(parts), 0.0)):
                    yield formula


def _is_plausible(sample: NumberSample, formula: Formula) -> bool:
    """Return whether each factor has few digits, or its column many values: a few values would fit any sum."""
    return all(
        float(f"{factor:.{_FEW_DIGITS}g}") == factor or len(np.unique(sample.measures[i])) >= MIN_ROWS
        for i, factor in zip(formula.by, formula.factors, strict=True)
    )


def _propose_order(sample: NumberSample, dates: Sequence[int]) -> list[tuple[int, int]]:
    """Return pairs of columns of dates of which the first is never before the second.

    Pairs of which the second is known wherever the first is come first, then the closest ones.
    """
    found = []
    for target in dates:
        for by in dates:
            if target == by or sample.clocks[target] != sample.clocks[by]:
                continue
            late, early = sample.measures[target], _round_down(sample, target, by)
            known = ~np.isnan(late) & ~np.isnan(early)
            if known.sum() < MIN_ROWS or not (late >= early)[known].all():
                continue
            by_chance = np.searchsorted(np.sort(early[known]), late[known], side="right").mean() / known.sum()
            if -known.sum() * math.log(by_chance) > math.log(len(dates) ** 2 / _CHANCE):
                has_gaps = bool(np.isnan(early[~np.isnan(late)]).any())
                found.append((has_gaps, float((late - early)[known].mean()), target, by))
    return [(target, by) for *_, target, by in sorted(found)]


def _round_down(sample: NumberSample, target: int, by: int) -> Floats:
    """Return dates rounded down to the unit of others, or to days if these are days."""
    unit = 1 if sample.has_whole_days(target) else sample.units[target]
    return sample.measures[by] if unit >= sample.units[by] else np.floor(sample.measures[by] * unit) / unit


def _measure_gap(target: int, by: int, sample: NumberSample, read: Read, room: int) -> Later | None:
    """Return the column of dates as distances from another one, None if a row contradicts the order."""
    (plain, missing), (earlier, gaps) = read(target), read(by)
    units, in_days = [sample.units[target], sample.units[by]], sample.has_whole_days(target)
    earlier = convert_dates(earlier, units, in_days)
    known = ~missing
    if not (plain >= earlier)[known & ~gaps].all():
        return None
    first, last = int(plain[known].min()), int(plain[known].max())
    stand_in = min(first, int(earlier[~gaps].min())) if gaps[known].any() else None
    start = np.where(gaps, 0 if stand_in is None else stand_in, earlier)
    gap = np.where(missing, 0, plain - np.where(missing, 0, start))
    return Later(by, units, in_days, Number.fit("numeric", gap, missing, room), [first, last], stand_in)
