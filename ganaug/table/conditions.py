"""Rows that meet conditions: which candidates do, and how those that were taken are decoded."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ParameterError
from .columns import Category, Determined, Number
from .encoder import TableEncoder
from .where import Wanted, wanted_of

_SHOWN = 20  # columns that a message lists

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
        The one to decode rows with: values that share a state, of which one is drawn then, are wanted ones only.

    Raises
    ------
    ParameterError
        A column, a value or a range is unknown to the training rows, or no row can meet all conditions.
    """

    def __init__(self, encoder: TableEncoder, where: Mapping[Any, Any]):
        self._where = dict(where)
        self._wanted = _by_position(encoder, where)
        self._chances: dict[int, Chances] = {}  # of each state of a category
        self.encoder = copy.copy(encoder)
        self.encoder.columns = list(encoder.columns)
        for i, allowed in self._allowed().items():
            self._chances[i], self.encoder.columns[i] = _narrowed(encoder.columns[i], allowed)

    def accept(self, x: Tensor) -> Tensor:
        """Return with what probability each candidate is to be taken.

        Parameters
        ----------
        x : Tensor of shape (n, width)
            Encoded candidates.

        Returns
        -------
        Tensor of shape (n,)
            0 or 1; between them where only some of the values that share a state are wanted.
        """
        chances = np.ones(len(x))
        for _, chance in self._of_each(x):
            chances *= chance
        return torch.from_numpy(chances).float()

    def refusal(self, x: Tensor, met: int, tried: int) -> ParameterError:
        """Return the error for conditions that `met` of `tried` candidates meet; `x` are some of them."""
        shares = sorted((float(chance.mean()), i) for i, chance in self._of_each(x))
        alone = ", ".join(f"{self.encoder.names[i]!r} {_percent(share)}" for share, i in shares)
        return ParameterError(
            f"Hardly any row meets where={self._where!r}: {met:,} of {tried:,} candidates do. Shares of those that "
            f"meet each alone: {alone}. Widen one, or leave it out."
        )

    def _of_each(self, x: Tensor) -> Iterator[tuple[int, Chances]]:
        """Yield the position of each column that has a say, and with what probability it takes each candidate."""
        for i, (states, scores) in enumerate(self.encoder.states_and_scores(x)):
            column = self.encoder.columns[i]
            if i in self._chances and states is not None:
                yield i, self._chances[i][states]
            elif i in self._wanted and isinstance(column, Number):
                plain, missing = column.decode(states, scores, np.random.default_rng(0))  # which draws nothing
                yield i, self._wanted[i].of_numbers(plain, missing).astype(np.float64)

    def _allowed(self) -> dict[int, Allowed]:
        """Return which values of each category are left by the conditions on it and on columns that it decides."""
        allowed: dict[int, Allowed] = {}
        for i, wanted in self._wanted.items():
            column = self.encoder.columns[i]
            if isinstance(column, Category):
                allowed[i] = allowed.get(i, True) & wanted.among(column.known)
            elif isinstance(column, Determined):
                allowed[column.by] = allowed.get(column.by, True) & wanted.among(column.values)
        for i, some in allowed.items():
            if not some.any():
                raise ParameterError(
                    f"No row can meet where={self._where!r}: no value of {self.encoder.names[i]!r} goes with all of "
                    "it. Leave one of the conditions out."
                )
        return allowed


def _by_position(encoder: TableEncoder, where: Mapping[Any, Any]) -> dict[int, Wanted]:
    for name in where:
        if name not in encoder.names:
            known = [str(known) for known in encoder.names]
            near = difflib.get_close_matches(str(name), known, n=1)
            more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(known[:_SHOWN])}{more}."
            raise ParameterError(f"where names {name!r}, which is no column of the training rows; {hint}")
    positions = {name: encoder.names.index(name) for name in where}
    return {i: wanted_of(name, encoder.columns[i], encoder.dtypes[i], where[name]) for name, i in positions.items()}


def _narrowed(column: Any, allowed: Allowed) -> tuple[Chances, Category]:
    """Return with what probability each state is taken, and the category with a pool of allowed values only."""
    chances = allowed[: column.own].astype(np.float64)
    if column.pooled:
        counts = np.asarray(column.counts[column.own :])
        kept = np.where(allowed[column.own : len(column.counts)], counts, 0)
        chances = np.append(chances, kept.sum() / counts.sum())
        if kept.any():
            column = replace(column, counts=[*column.counts[: column.own], *kept.tolist()])
    return np.append(chances, float(allowed[-1])) if column.missing else chances, column


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
