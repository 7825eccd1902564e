"""How a column of each kind becomes states and scores, and back.

Every column is encoded as at most one *state* (an integer below `n_states`: which category, which spike, missing or
regular) and at most one *score* (a normal score, where the state is regular). Columns with neither are not generated:
constants, and columns that another one determines.

All classes share ``encode(plain, missing, rng) -> (states, scores)``, ``decode(states, scores, rng) -> (plain,
missing)`` and ``to_json()``; `COLUMNS` finds the class by the kind that the JSON names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..dtypes import Mask, Plain
from .identifiers import Form
from .marginal import Marginal

States = NDArray[np.int64]
Scores = NDArray[np.float64]

MAX_STATES = 100
"""Values of a category that get a state of their own; the rest share one, the pool."""
MAX_POOL = 10_000
"""Pooled values that are remembered, the most frequent ones."""

_SPIKE_SHARE = 0.02
_SPIKE_FACTOR = 4  # and this many times the share of an average value, or every age would be a spike


@dataclass
class Category:
    """Values that are drawn from a list: categories, booleans, and numbers with few values.

    Attributes
    ----------
    kind : str
        "category", "boolean" or "ordered".
    values : list
        Values seen in training: those with a state of their own first, then the pool; numbers in rising order,
        others by falling frequency.
    counts : list of int
        How often each value was seen; the pool is drawn by these.
    own : int
        How many values have a state of their own.
    missing : bool
        Whether missing is the last state.
    """

    kind: str
    values: list[Any]
    counts: list[int]
    own: int
    missing: bool
    has_score: ClassVar[bool] = False
    _index: dict[tuple[type, Any], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._index = {(type(v), v): min(i, self.own) for i, v in enumerate(self.values)}

    @classmethod
    def fit(cls, kind: str, plain: Plain, missing: Mask) -> Category:
        """Learn the values of a column; beyond `MAX_STATES` the rarer ones are pooled."""
        values, counts = count_values(plain[~missing])
        order = sorted(range(len(values)), key=lambda i: (-counts[i], str(values[i])))
        own = len(values) if len(values) <= MAX_STATES else MAX_STATES - 1
        if kind == "ordered" and own == len(values):
            order = sorted(range(len(values)), key=values.__getitem__)
        order = order[: own + MAX_POOL]
        return cls(kind, [values[i] for i in order], [counts[i] for i in order], own, bool(missing.any()))

    @property
    def pooled(self) -> bool:
        """Whether some values share a state."""
        return self.own < len(self.values)

    @property
    def n_states(self) -> int:
        """Number of states, the pool and missing included."""
        return self.own + self.pooled + self.missing

    @property
    def is_ordered(self) -> bool:
        """Whether the order of the states means something."""
        return self.kind == "ordered" and not self.pooled

    def knows(self, plain: Plain, missing: Mask) -> Mask:
        """Return which cells hold a value seen in training."""
        keys = zip(plain.tolist(), missing, strict=True)
        return np.asarray([self.missing if gone else (type(v), v) in self._index for v, gone in keys], dtype=bool)

    def encode(self, plain: Plain, missing: Mask, rng: np.random.Generator) -> tuple[States, None]:
        """Return the state of each cell; a value not remembered is in the pool."""
        index, last = self._index, self.n_states - 1
        states = [index.get((type(v), v), self.own) for v in plain.tolist()]
        return np.where(missing, last, np.asarray(states, dtype=np.int64)), None

    def decode(self, states: States | None, scores: Scores | None, rng: np.random.Generator) -> tuple[Plain, Mask]:
        """Return the value of each state; a pooled one is drawn by its frequency."""
        if states is None:
            raise TypeError("a category is decoded from states")
        missing = states == self.n_states - 1 if self.missing else np.zeros(len(states), dtype=bool)
        positions = np.where(missing, 0, states)
        if self.pooled:
            weights = np.asarray(self.counts[self.own :], dtype=np.float64)
            drawn = np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(len(states)), side="right")
            drawn = np.minimum(drawn, len(weights) - 1)
            positions = np.where(positions == self.own, self.own + drawn, positions)
        return typed_array(self.values)[positions], missing

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned."""
        facts = {"kind": self.kind, "values": self.values, "counts": self.counts}
        return facts | {"own": self.own, "missing": self.missing}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Category:
        """Return the column that `to_json` described."""
        return cls(facts["kind"], facts["values"], facts["counts"], facts["own"], facts["missing"])


@dataclass
class Number:
    """A number or a date: regular values by their normal score, spikes and missing by states of their own.

    Attributes
    ----------
    kind : str
        "numeric" or "datetime".
    base, step : int or float
        Integers (dates are integers too) are ``base + step * k``; floats have base 0 and step 0.
    decimals : int or None
        Digits after the point that every float of the column respected.
    limits : list of two numbers
        Smallest and largest value seen.
    spikes : list
        Values that hold much of the mass alone: zero inflation, sentinels.
    marginal : Marginal or None
        Distribution of the regular values; None when there are none.
    missing : bool
        Whether missing is the last state.
    """

    kind: str
    base: int | float
    step: int | float
    decimals: int | None
    limits: list[Any]
    spikes: list[Any]
    marginal: Marginal | None
    missing: bool

    @classmethod
    def fit(cls, kind: str, plain: Plain, missing: Mask) -> Number:
        """Learn the distribution of a column with at least one value."""
        known = plain[~missing]
        distinct, counts = np.unique(known, return_counts=True)
        least = max(_SPIKE_SHARE, _SPIKE_FACTOR / len(distinct)) * len(known)
        spikes = distinct[counts >= least]
        whole = plain.dtype.kind in "iu"
        base = int(distinct[0]) if whole else 0.0
        gaps = [int(v) - int(base) for v in distinct[1:].tolist()] if whole else []
        step = int(np.gcd.reduce(np.asarray(gaps, dtype=object))) if gaps else int(whole)
        decimals = None if whole else _decimals(distinct)
        limits = [distinct[0].item(), distinct[-1].item()]
        column = cls(kind, base, step, decimals, limits, spikes.tolist(), None, bool(missing.any()))
        regular = known[~np.isin(known, spikes)]
        if len(regular):
            column.marginal = Marginal.fit(column._offsets(regular))
        return column

    @property
    def has_score(self) -> bool:
        """Whether the column has regular values, and so a score."""
        return self.marginal is not None

    @property
    def n_states(self) -> int:
        """Number of states (regular first, then spikes, then missing); 0 where every value is regular."""
        total = self.has_score + len(self.spikes) + self.missing
        return 0 if total == 1 and self.has_score else total

    def _offsets(self, plain: Plain) -> NDArray[np.float64]:
        """Return plain values on the scale of the marginal: multiples of `step` above `base`, or floats as they are."""
        if not self.step:
            return plain.astype(np.float64)
        if plain.dtype.kind == "u" or int(self.limits[1]) - int(self.base) >= 2**63:
            return np.asarray([(int(v) - int(self.base)) // int(self.step) for v in plain.tolist()], dtype=np.float64)
        return ((plain.astype(np.int64) - int(self.base)) // int(self.step)).astype(np.float64)

    def _values(self, offsets: NDArray[np.float64], plain_dtype: str) -> Plain:
        low, high = self.limits
        if not self.step:
            values = offsets if self.decimals is None else np.round(offsets, self.decimals)
            return np.clip(values, low, high)
        steps = np.round(offsets)
        if int(high) < 2**62 and int(low) > -(2**62):
            return np.clip(steps.astype(np.int64) * int(self.step) + int(self.base), low, high)
        whole = [min(max(int(self.base) + int(self.step) * int(k), low), high) for k in steps.tolist()]
        return np.asarray(whole, dtype=plain_dtype)

    def encode(self, plain: Plain, missing: Mask, rng: np.random.Generator) -> tuple[States | None, Scores | None]:
        """Return the state of each cell and the normal score of the regular ones (0 elsewhere)."""
        regular = ~missing & ~np.isin(plain, np.asarray(self.spikes, dtype=plain.dtype))
        scores = None
        if self.marginal is not None:
            scores = np.zeros(len(plain))
            blur = 0.5 if self.step else 0.0
            scores[regular] = self.marginal.to_scores(self._offsets(plain[regular]), rng, blur)
        if not self.n_states:
            return None, scores
        states = np.zeros(len(plain), dtype=np.int64)
        for i, spike in enumerate(self.spikes):
            states[plain == spike] = self.has_score + i
        return np.where(missing, self.n_states - 1, states), scores

    def decode(self, states: States | None, scores: Scores | None, rng: np.random.Generator) -> tuple[Plain, Mask]:
        """Return the number of each cell, inside the limits and on the grid of the column."""
        n = len(scores) if scores is not None else len(states) if states is not None else 0
        dtype = "float64" if not self.step else "uint64" if int(self.limits[1]) >= 2**63 else "int64"
        plain = np.full(n, self.limits[0], dtype=dtype)
        if self.marginal is not None and scores is not None:
            plain = self._values(self.marginal.from_scores(scores), dtype)
        missing = np.zeros(n, dtype=bool)
        if states is not None:
            missing = (states == self.n_states - 1) & self.missing
            for i, spike in enumerate(self.spikes):
                plain[states == self.has_score + i] = spike
        return plain, missing

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned."""
        facts = {key: getattr(self, key) for key in ("kind", "base", "step", "decimals", "limits", "spikes")}
        return facts | {"missing": self.missing, "marginal": self.marginal and self.marginal.to_json()}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Number:
        """Return the column that `to_json` described."""
        marginal = facts["marginal"] and Marginal.from_json(facts["marginal"])
        keys = ("kind", "base", "step", "decimals", "limits", "spikes", "missing")
        return cls(marginal=marginal, **{key: facts[key] for key in keys})


@dataclass
class Constant:
    """A column with one value, or with none at all.

    Attributes
    ----------
    values : list
        The one value, or nothing where every cell was missing.
    """

    values: list[Any]
    kind: ClassVar[str] = "constant"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned."""
        return {"kind": "constant", "values": self.values}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Constant:
        """Return the column that `to_json` described."""
        return cls(facts["values"])

    def fill(self, n: int) -> tuple[Plain, Mask]:
        """Return `n` cells."""
        plain = typed_array(self.values * n) if self.values else np.full(n, "", dtype=object)
        return plain, np.full(n, not self.values)


@dataclass
class Determined:
    """A column that another one decides: its value is looked up.

    Attributes
    ----------
    by : int
        Position of the deciding column.
    keys, values : list
        A value of that column (None where it is missing), and the value here (None where it is missing).
    """

    by: int
    keys: list[Any]
    values: list[Any]
    kind: ClassVar[str] = "determined"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def look_up(self, plain: Plain, missing: Mask) -> tuple[Plain, Mask]:
        """Return the cells that belong to the cells of the deciding column."""
        table = {(type(k), k): v for k, v in zip(self.keys, self.values, strict=True)}
        keys = zip(plain.tolist(), missing, strict=True)
        found = [table[(type(None), None) if gone else (type(k), k)] for k, gone in keys]
        gone = np.asarray([v is None for v in found], dtype=bool)
        filler = next((v for v in self.values if v is not None), 0)
        return typed_array([filler if v is None else v for v in found], like=self.values), gone

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned."""
        return {"kind": "determined", "by": self.by, "keys": self.keys, "values": self.values}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Determined:
        """Return the column that `to_json` described."""
        return cls(facts["by"], facts["keys"], facts["values"])


@dataclass
class Identifier:
    """A column that names rows: never learned; synthetic rows get fresh values of the same form.

    Attributes
    ----------
    form : Form
        How values are spelled, and where the fresh ones begin.
    """

    form: Form
    kind: ClassVar[str] = "identifier"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def fresh(self, first: int, n: int) -> tuple[Plain, Mask]:
        """Return `n` cells that did not occur in training, the ``first``-th fresh one at the start."""
        values = self.form.fresh(first, n)
        return typed_array(values) if values else np.empty(0, dtype=object), np.zeros(n, dtype=bool)

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned."""
        return {"kind": "identifier", "form": self.form.to_json()}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Identifier:
        """Return the column that `to_json` described."""
        return cls(Form.from_json(facts["form"]))


Column = Category | Number | Constant | Determined | Identifier

COLUMNS: dict[str, Any] = {
    "category": Category,
    "boolean": Category,
    "ordered": Category,
    "numeric": Number,
    "datetime": Number,
    "constant": Constant,
    "determined": Determined,
    "identifier": Identifier,
}


def count_values(plain: Plain) -> tuple[list[Any], list[int]]:
    """Return the different values and how often each occurs; 1, 1.0, True and "1" are four values."""
    if plain.dtype.kind != "O":
        values, counts = np.unique(plain, return_counts=True)
        return values.tolist(), counts.tolist()
    found: dict[tuple[type, Any], int] = {}
    for value in plain.tolist():
        key = (type(value), value)
        found[key] = found.get(key, 0) + 1
    return [key[1] for key in found], list(found.values())


def typed_array(values: list[Any], like: list[Any] | None = None) -> Plain:
    """Return plain values as the array `split` would give: one numpy dtype where all agree, object otherwise."""
    types = {type(v) for v in (values if like is None else like) if v is not None}
    if types == {bool}:
        return np.asarray(values, dtype=bool)
    if types == {int}:
        return np.asarray(values, dtype=np.uint64 if max(values) >= 2**63 else np.int64)
    if types == {float}:
        return np.asarray(values, dtype=np.float64)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _decimals(distinct: NDArray[np.float64]) -> int | None:
    """Return the digits after the point that all values respect, None where there is no end to them."""
    with np.errstate(over="ignore", invalid="ignore"):
        for digits in range(11):
            if np.array_equal(np.round(distinct, digits), distinct):
                return digits
    return None
