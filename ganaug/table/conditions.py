"""Accept the candidates that meet conditions on columns, and decode accepted ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ParameterError
from ..messages import join_names, suggest
from .column_conditions import NUMBERS, ColumnCondition, parse_condition
from .columns import NO_GROUP, Category
from .decoding import RowDecoder
from .encoder import TableEncoder
from .followers import Determined

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
        drawn = list(self.encoder.states_and_scores(x))
        rows = RowDecoder(self.encoder.columns, drawn, lambda i: np.random.default_rng(0), 0, len(x))
        for i, (states, _) in enumerate(drawn):
            if i in self._chances and states is not None:
                yield i, self._chances[i][states]
            elif i in self._wanted and isinstance(self.encoder.columns[i], NUMBERS):
                yield i, self._wanted[i].match_numbers(*rows.decode(i)).astype(np.float64)  # numbers draw nothing
            elif i in self._wanted and isinstance(column := self.encoder.columns[i], Determined) and column.edges:
                bands = column.find_bands(*rows.decode(column.by))
                yield i, self._wanted[i].match_values(column.values)[bands].astype(np.float64)

    def _find_allowed(self) -> dict[int, Allowed]:
        """Return the mask of allowed values of each category, by conditions on it and on columns that it determines."""
        allowed: dict[int, Allowed] = {}
        for i, wanted in self._wanted.items():
            column = self.encoder.columns[i]
            if isinstance(column, Category):
                allowed[i] = allowed.get(i, True) & wanted.match_values(column.known)
            elif isinstance(column, Determined) and column.edges is None:
                allowed[column.by] = allowed.get(column.by, True) & wanted.match_values(column.values)
        for i in sorted(allowed, key=lambda i: -len(allowed[i])):  # finer columns come first
            self._narrow_coarser(i, allowed)
        for i, some in allowed.items():
            if not some.any():
                raise ParameterError(
                    f"No row can meet where={self._where!r}: no value of {self.encoder.names[i]!r} meets all "
                    "conditions. Leave one of them out."
                )
        return allowed

    def _narrow_coarser(self, i: int, allowed: dict[int, Allowed]) -> None:
        """Leave out values that are never drawn, and values of coarser columns beside which none is allowed."""
        column = self.encoder.columns[i]
        if not isinstance(column, Category):
            raise TypeError("only a category has a mask of allowed values")
        allowed[i] = allowed[i] & np.asarray([count > 0 for count in column.counts] + [True] * column.missing)
        if column.within is None:
            return
        coarser = self.encoder.columns[column.within]
        if isinstance(coarser, Category):
            beside = np.zeros(len(coarser.known), dtype=bool)
            groups = np.asarray(column.groups)[allowed[i]]
            beside[groups[groups != NO_GROUP]] = True
            allowed[column.within] = allowed.get(column.within, True) & beside
            self._narrow_coarser(column.within, allowed)


def _resolve_columns(encoder: TableEncoder, where: Mapping[Any, Any]) -> dict[int, ColumnCondition]:
    for name in where:
        if name not in encoder.names:
            known = [str(known) for known in encoder.names]
            hint = suggest(str(name), known) or f"the columns are {join_names(known, _SHOWN_COLUMNS)}."
            raise ParameterError(f"where names {name!r}, which is no column of the training rows; {hint}")
    positions = {name: encoder.names.index(name) for name in where}
    return {
        i: parse_condition(name, encoder.columns[i], encoder.dtypes[i], where[name], _find_order(encoder, name))
        for name, i in positions.items()
    }


def _find_order(encoder: TableEncoder, name: Any) -> str | None:
    """Return the order of day, month and year in which a column spells dates, None where it is not known."""
    spelled = {one["name"]: one["notes"].get("date_form") for one in encoder.container.get("spelled", [])}
    form = spelled.get(name) or encoder.container.get("attrs", {}).get("date_form", {}).get(name)
    return "".join(letter.lower() for letter in form["form"] if letter in "dmyY") if form else None


def _restrict_pool(column: Any, allowed: Allowed) -> tuple[Chances, Category]:
    """Return the probability of accepting each state, and the category with a pool of allowed values only."""
    chances = allowed[: column.own].astype(np.float64)
    counts = np.asarray(column.counts)
    kept = np.where(allowed[: len(counts)], counts, 0)
    if column.pooled:
        pool = counts[column.own :].sum()
        chances = np.append(chances, kept[column.own :].sum() / pool if pool else 0.0)
    column = replace(column, counts=kept.tolist() if kept.any() else column.counts)
    return np.append(chances, float(allowed[-1])) if column.missing else chances, column


def _format_share(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
