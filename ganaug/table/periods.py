"""Read what a user calls a date: a moment, or a whole day, month or year, in one order of day and month."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..files.dates import ORDERS, PIVOT

Period = tuple[pd.Timestamp, pd.Timestamp]
"""First moment, and the first one after it; both are the same for a single moment."""

_TIME = r"(?:[ T](?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?)?"
_ISO = re.compile(rf"(?P<Y>\d{{4}})(?:-(?P<m>\d{{1,2}})(?:-(?P<d>\d{{1,2}}){_TIME})?)?")
_OTHER = re.compile(rf"(?P<a>\d{{1,4}})([./-])(?P<b>\d{{1,2}})\2(?P<c>\d{{1,4}}){_TIME}")


class UnclearOrderError(ValueError):
    """Dates can be read in several orders of day and month."""


def find_periods(given: Sequence[Any], order: str | None = None) -> list[Period]:
    """Return the periods that texts or dates name, all in the same order of day and month.

    Parameters
    ----------
    given : sequence
        Texts such as "2021", "2021-03", "2021-03-31", "31.3.2021 10:00", dates or moments.
    order : {"dmy", "mdy", "ymd"}, optional
        Order of the dates of the column, where texts fit it.

    Raises
    ------
    UnclearOrderError
        Several orders fit.
    ValueError, TypeError
        Something is no date, or no order fits all.

    Examples
    --------
    >>> start, after = find_periods(["2021-02"])[0]
    >>> str(start.date()), str(after.date())
    ('2021-02-01', '2021-03-01')
    """
    readings = [_read(one) for one in given]
    ambiguous = [reading for reading in readings if "" not in reading]
    fitting = [one for one in ORDERS if all(one in reading for reading in ambiguous)]
    if not fitting:
        raise ValueError("no order fits")
    if order not in fitting:
        several = [[reading.get(one) for reading in ambiguous] for one in fitting]
        if any(other != several[0] for other in several):
            raise UnclearOrderError(" or ".join(fitting))
        order = fitting[0]
    return [reading.get("", reading.get(order or "")) for reading in readings]  # type: ignore[misc, arg-type]


def _read(given: Any) -> Mapping[str, Period]:
    """Return the period for each order of day and month that fits, or for "" if it does not depend on the order."""
    if isinstance(given, pd.Period):
        return {"": (given.start_time, (given + 1).start_time)}
    if isinstance(given, datetime.date) and not isinstance(given, datetime.datetime):
        return {"": _make_period(given.year, given.month, given.day)}
    if not isinstance(given, str):
        moment = pd.Timestamp(given)
        return {"": (moment, moment)}
    text = given.strip()
    if match := _ISO.fullmatch(text):
        return {"": _make_period(*(match[part] for part in "YmdHMS"))}
    if match := _OTHER.fullmatch(text):
        return {order: period for order in ORDERS if (period := _read_in_order(match, order))}
    moment = pd.Timestamp(text)
    if not isinstance(moment, pd.Timestamp):  # NaT
        raise ValueError(f"{text!r} is no date")
    is_day = moment == moment.normalize() and ":" not in text
    return {"": (moment, moment + pd.Timedelta(days=1) if is_day else moment)}


def _read_in_order(match: re.Match[str], order: str) -> Period | None:
    """Return the period of a date in an order, None if there is no such date."""
    parts = dict(zip(order, match.group("a", "b", "c"), strict=True))
    if len(parts["y"]) not in (2, 4) or len(parts["d"]) > 2 or len(parts["m"]) > 2:
        return None
    year = int(parts["y"])
    year += (len(parts["y"]) == 2) * (1900 if year >= PIVOT else 2000)
    try:
        return _make_period(year, parts["m"], parts["d"], *match.group("H", "M", "S"))
    except ValueError:
        return None


def _make_period(*parts: Any) -> Period:
    """Return the period of a year and, as far as they are given, month, day, hour, minute and second."""
    known = [int(part) for part in parts if part is not None]
    if len(known) < 3:
        year, month = (*known, 1)[:2]
        after = divmod(12 * year + month - 1 + (12 if len(known) == 1 else 1), 12)
        return pd.Timestamp(year, month, 1), pd.Timestamp(after[0], after[1] + 1, 1)
    start = pd.Timestamp(datetime.datetime(*known))  # type: ignore[arg-type]
    return start, start + {3: pd.Timedelta(days=1), 5: pd.Timedelta(minutes=1), 6: pd.Timedelta(seconds=1)}[len(known)]
