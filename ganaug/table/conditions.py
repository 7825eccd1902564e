"""Accept the candidates that meet conditions on columns, and decode accepted ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.dtypes import Mask, Plain, as_plain, restore, split
from ..errors import DataError, ParameterError
from ..messages import join_names, suggest
from .columns import Category, Column, Constant, Determined, Identifier, Number
from .encoder import TableEncoder

_SHOWN_COLUMNS = 20  # number of columns that a message lists

Allowed = NDArray[np.bool_]
Chances = NDArray[np.float64]


class TableConditions:
    """Conditions on the columns of a table.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted.
    where : mapping of column name to condition
        A value; a list or set of values; or a tuple ``(low, high)`` of numbers or dates, both included, None where it
        is open. None and NaN among values stand for a missing cell.

    Attributes
    ----------
    encoder : TableEncoder
        Encoder that decodes rows; it draws pooled values among those that meet the conditions.

    Raises
    ------
    ParameterError
        A column, value or range did not occur in training, or no row can meet all conditions.
    """

    def __init__(self, encoder: TableEncoder, where: Mapping[Any, Any]):
        self._where = dict(where)
        self._wanted = _resolve_columns(encoder, where)
        self._chances: dict[int, Chances] = {}  # of each state of a category
        self.encoder = copy.copy(encoder)
        self.encoder.columns = list(encoder.columns)
        for i, allowed in self._find_allowed().items():
            self._chances[i], self.encoder.columns[i] = _restrict_pool(encoder.columns[i], allowed)

    def accept(self, x: Tensor) -> Tensor:
        """Return the probability of accepting each candidate.

        Parameters
        ----------
        x : Tensor of shape (n, width)
            Encoded candidates.

        Returns
        -------
        Tensor of shape (n,)
            0 or 1; between them for a pool with both allowed and other values.
        """
        chances = np.ones(len(x))
        for _, chance in self._column_chances(x):
            chances *= chance
        return torch.from_numpy(chances).float()

    def make_error(self, x: Tensor, met: int, tried: int) -> ParameterError:
        """Return the error for conditions met by only `met` of `tried` candidates; `x` are some of them."""
        shares = sorted((float(chance.mean()), i) for i, chance in self._column_chances(x))
        alone = ", ".join(f"{self.encoder.names[i]!r} {_format_share(share)}" for share, i in shares)
        return ParameterError(
            f"Hardly any row meets where={self._where!r}: {met:,} of {tried:,} candidates do. Shares of those that "
            f"meet each alone: {alone}. Widen one, or leave it out."
        )

    def _column_chances(self, x: Tensor) -> Iterator[tuple[int, Chances]]:
        """Yield the position of each column with a condition, and its probability of accepting each candidate."""
        for i, (states, scores) in enumerate(self.encoder.states_and_scores(x)):
            column = self.encoder.columns[i]
            if i in self._chances and states is not None:
                yield i, self._chances[i][states]
            elif i in self._wanted and isinstance(column, Number):
                plain, missing = column.decode(states, scores, np.random.default_rng(0))  # draws nothing
                yield i, self._wanted[i].match_numbers(plain, missing).astype(np.float64)

    def _find_allowed(self) -> dict[int, Allowed]:
        """Return the mask of allowed values of each category, by conditions on it and on columns that it determines."""
        allowed: dict[int, Allowed] = {}
        for i, wanted in self._wanted.items():
            column = self.encoder.columns[i]
            if isinstance(column, Category):
                allowed[i] = allowed.get(i, True) & wanted.match_values(column.known)
            elif isinstance(column, Determined):
                allowed[column.by] = allowed.get(column.by, True) & wanted.match_values(column.values)
        for i, some in allowed.items():
            if not some.any():
                raise ParameterError(
                    f"No row can meet where={self._where!r}: no value of {self.encoder.names[i]!r} meets all "
                    "conditions. Leave one of them out."
                )
        return allowed


def _resolve_columns(encoder: TableEncoder, where: Mapping[Any, Any]) -> dict[int, ColumnCondition]:
    for name in where:
        if name not in encoder.names:
            known = [str(known) for known in encoder.names]
            hint = suggest(str(name), known) or f"the columns are {join_names(known, _SHOWN_COLUMNS)}."
            raise ParameterError(f"where names {name!r}, which is no column of the training rows; {hint}")
    positions = {name: encoder.names.index(name) for name in where}
    return {
        i: parse_condition(name, encoder.columns[i], encoder.dtypes[i], where[name]) for name, i in positions.items()
    }


def _restrict_pool(column: Any, allowed: Allowed) -> tuple[Chances, Category]:
    """Return the probability of accepting each state, and the category with a pool of allowed values only."""
    chances = allowed[: column.own].astype(np.float64)
    if column.pooled:
        counts = np.asarray(column.counts[column.own :])
        kept = np.where(allowed[column.own : len(column.counts)], counts, 0)
        chances = np.append(chances, kept.sum() / counts.sum())
        if kept.any():
            column = replace(column, counts=[*column.counts[: column.own], *kept.tolist()])
    return np.append(chances, float(allowed[-1])) if column.missing else chances, column


def _format_share(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"


_SEVERAL = (list, set, frozenset, range, np.ndarray, pd.Index, pd.Series)
_SHOWN_VALUES = 8  # number of values that a message lists


@dataclass(frozen=True)
class ColumnCondition:
    """Values that one column may have, in plain form.

    Attributes
    ----------
    given : object
        The condition as the user wrote it, for messages.
    values : tuple
        Single values; or the two ends of a range, None for an open end.
    is_range : bool
        Whether `values` are the ends of a range, both included.
    missing : bool
        Whether a missing cell is allowed.
    """

    given: Any
    values: tuple[Any, ...]
    is_range: bool = False
    missing: bool = False

    def match_values(self, values: Sequence[Any]) -> NDArray[np.bool_]:
        """Return the mask of the values that meet the condition; None is a missing cell."""
        return np.asarray([self.missing if value is None else self._matches(value) for value in values], dtype=bool)

    def match_numbers(self, plain: Plain, missing: Mask) -> NDArray[np.bool_]:
        """Return the mask of the cells of a column of numbers that meet the condition."""
        if not self.is_range:
            return np.where(missing, self.missing, np.isin(plain, np.asarray(self.values, dtype=plain.dtype)))
        low, high = self.values
        inside = ~missing
        if low is not None:
            inside &= plain >= low
        return inside if high is None else inside & (plain <= high)

    def _matches(self, value: Any) -> bool:
        if not self.is_range:
            return any(_are_equal(value, one) for one in self.values)
        low, high = self.values
        return bool((low is None or value >= low) and (high is None or value <= high))


def parse_condition(name: Any, column: Column, dtype: Mapping[str, Any], given: Any) -> ColumnCondition:
    """Return the condition of a user on a column.

    Parameters
    ----------
    name : str or int
        Name of the column.
    column : Column
        The fitted column.
    dtype : mapping
        Its dtype, see `ganaug.data.dtypes.describe_dtype`.
    given : object
        A value, a list or set of values, or a tuple ``(low, high)``.

    Raises
    ------
    ParameterError
        No such value or range occurred in training; the message lists values that did.
    """
    if isinstance(column, Identifier):
        raise ParameterError(f"where[{name!r}]: the column identifies rows and gets new values; leave it out of where.")
    if isinstance(given, tuple):
        return _parse_range(name, column, dtype, given)
    if callable(given) or isinstance(given, slice | Mapping | pd.DataFrame):
        raise ParameterError(
            f"where[{name!r}] must be a value, a list of values, or a range (low, high). Got {given!r} instead."
        )
    several = list(given) if isinstance(given, _SEVERAL) else [given]
    if not several:
        raise ParameterError(f"where[{name!r}] lists no value; name one, or leave the column out of where.")
    values = [_to_plain(name, dtype, value) for value in several]
    for value, said in zip(values, several, strict=True):
        if not _may_occur(column, value):
            # A value that occurred only beside rare values of the determining column is not stored.
            why = "did not occur in training"
            if isinstance(column, Determined):
                why = "is not among the values that were learned"
            raise ParameterError(f"where[{name!r}]: {said!r} {why}; {_describe_values(column, dtype, said)}")
    return ColumnCondition(given, tuple(value for value in values if value is not None), missing=None in values)


def _parse_range(name: Any, column: Column, dtype: Mapping[str, Any], given: tuple[Any, ...]) -> ColumnCondition:
    if len(given) != 2:
        raise ParameterError(
            f"where[{name!r}] must be a value, a list of values, or a range (low, high). Got {given!r} instead."
        )
    low, high = (_to_plain(name, dtype, end) for end in given)
    if any(isinstance(value, str | bool) for value in (*_list_known_values(column), low, high)):
        raise ParameterError(f"where[{name!r}]: a range needs numbers or dates; give a list of values, not {given!r}.")
    if low is not None and high is not None and low > high:
        raise ParameterError(f"where[{name!r}]: the range {given!r} ends before it begins; swap its ends.")
    wanted = ColumnCondition(given, (low, high), is_range=True)
    if isinstance(column, Number):
        first, last = column.limits
        empty = (low is not None and low > last) or (high is not None and high < first)
    else:
        empty = not wanted.match_values(_list_known_values(column)).any()
    if empty:
        raise ParameterError(
            f"where[{name!r}]: no value in {given!r} occurred in training; {_describe_values(column, dtype)}"
        )
    return wanted


def _to_plain(name: Any, dtype: Mapping[str, Any], value: Any) -> Any:
    """Return a value in the plain form of the column, None for a missing one."""
    value = value.item() if isinstance(value, np.generic) and value.dtype.kind not in "mM" else value
    dtype = dtype.get("inner", dtype)
    try:
        if value is None or pd.isna(value):
            return None
        return _convert_to_count(dtype, value) if _is_time(dtype) else value
    except (ValueError, TypeError, OverflowError, DataError):
        raise ParameterError(
            f"where[{name!r}]: {value!r} is no value of a column of {dtype['dtype']}; give a value of that type."
        ) from None


def _is_time(dtype: Mapping[str, Any]) -> bool:
    """Return whether cells are dates or durations, which are integers in plain form."""
    return pd.api.types.pandas_dtype(dtype["dtype"]).kind in "mM"


def _convert_to_count(dtype: Mapping[str, Any], value: Any) -> int:
    if isinstance(value, bool | int | float):
        raise TypeError("a number is no date")
    described = pd.api.types.pandas_dtype(dtype["dtype"])
    is_duration = described.kind == "m"
    moments = pd.Series(pd.to_timedelta([value]) if is_duration else pd.to_datetime([value]))
    zone = dtype.get("zone", getattr(described, "tz", None))  # of pytz in pandas 2, and not in `dtype`
    if zone is not None and moments.dt.tz is None:
        moments = moments.dt.tz_localize(zone)
    return int(split(moments, dict(dtype))[0][0])


def _list_known_values(column: Column) -> list[Any]:
    """Return the stored values, None for missing; of numbers only the spikes."""
    if isinstance(column, Number):
        return [*column.spikes, *([None] if column.missing else [])]
    if isinstance(column, Category):
        return column.known
    return (column.values or [None]) if isinstance(column, Constant | Determined) else []


def _may_occur(column: Column, value: Any) -> bool:
    """Return whether a value may have occurred in training."""
    if any(_are_equal(known, value) for known in _list_known_values(column)):
        return True
    if not isinstance(column, Number) or value is None or isinstance(value, str | bool):
        return False
    low, high = column.limits
    return bool(low <= value <= high and (not column.step or (value - low) % column.step == 0))


def _are_equal(a: Any, b: Any) -> bool:
    """Return whether two values are equal to a user: 1 and 1.0 are; 1 and True, or 1 and "1", are not."""
    if a is None or b is None:
        return a is b
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _describe_values(column: Column, dtype: Mapping[str, Any], said: Any = None) -> str:
    """Describe the values that occurred, for an error message."""
    if isinstance(column, Number):
        low, high = _format_values(column.limits, dtype)
        gaps = "some were missing" if column.missing else "none was missing"
        step = f" in steps of {column.step}" if column.step > 1 and column.kind == "numeric" else ""
        return f"values were from {low} to {high}{step}, and {gaps}."
    known = [value for value in _list_known_values(column) if value is not None]
    if guess := suggest(said, known):
        return guess
    return f"values were {join_names(_format_values(known, dtype), _SHOWN_VALUES, form=str)}."


def _format_values(values: Sequence[Any], dtype: Mapping[str, Any]) -> list[str]:
    dtype = dtype.get("inner", dtype)
    if not _is_time(dtype):
        return [repr(value) for value in values]
    return [str(value) for value in restore(as_plain(list(values)), np.zeros(len(values), dtype=bool), dict(dtype))]
