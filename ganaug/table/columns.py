"""Encode a column of each kind as states and scores, and decode it.

Every column is encoded as at most one *state* (an integer below `n_states`: a category, a spike, missing or regular)
and at most one *score* (a normal score, if the state is regular). Columns with neither are not generated: constants,
identifiers, and most of those in `followers`.

`Category` and `Number` share ``encode(plain, missing, rng) -> (states, scores)`` and ``decode(states, scores, rng) ->
(plain, missing)``; all classes share ``to_json()``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ..data.dtypes import MAX_TEXT, Codes, Mask, Plain, as_plain, factorise
from ..records import JsonRecord
from .id_shapes import IdShapes, form_from_json
from .identifiers import IdPattern
from .quantiles import LEVELS, Marginal

Scores = NDArray[np.float64]
Value = str | bool | int | float
Encoded = tuple[NDArray[np.signedinteger[Any]] | None, NDArray[np.floating[Any]] | None]

MAX_STATES = 100
"""Largest number of states of a category; less frequent values share one of them, the pool."""
MIN_COUNT = 3
"""Occurrences from which a value has a state of its own; a lone rare value is pooled with the next rarest."""
MAX_POOL = 10_000
"""Largest number of pooled values that are stored, the most frequent ones."""
ROOM = 2 * (MAX_STATES + MAX_POOL)
"""Largest number of JSON values in the description of one column."""
MOST_DECIMALS = 15
"""Largest number of digits after the point that are counted."""
NO_GROUP = -2
"""Group of a value beside which nothing is known."""

_POOLED_CHARACTERS = 1_000_000  # in all values together
_SPIKE_SHARE = 0.02  # share of the rows from which a value is a spike,
_SPIKE_FACTOR = 4  # if it is this many times as frequent as an average value; else every age would be a spike


@dataclass
class Category(JsonRecord):
    """Column of values from a list: categories, booleans, and numbers with few values.

    Attributes
    ----------
    kind : str
        "category", "boolean" or "ordered".
    values : list
        Values in training: those with a state of their own first, then the pool; "ordered" numbers in rising order,
        others by falling frequency.
    counts : list of int
        Occurrences of each value; pooled values are drawn by them.
    own : int
        Number of values with a state of their own.
    missing : bool
        Whether missing is the last state.
    within : int or None
        Position of a coarser category that this one determines, if it pools values: a pooled value is then drawn among
        those that go with the coarser cell of the row.
    groups : list of int
        For each value, then for missing if cells were, the position of its coarser value: -1 for missing, and
        `NO_GROUP` where it is not known.
    """

    kind: Annotated[str, Meta(pattern="^(category|boolean|ordered)$")]
    values: list[Value]
    counts: list[Annotated[int, Meta(ge=0)]]
    own: Annotated[int, Meta(ge=0, le=MAX_STATES)]
    missing: bool
    within: int | None = None
    groups: list[int] = field(default_factory=list)
    has_score: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not len(self.counts) == len(self.values) >= self.own:
            raise ValueError("a category has other values than counts")
        if len(self.groups) != len(self.known) * (self.within is not None):
            raise ValueError("a category has other values than groups")

    @classmethod
    def fit(cls, kind: str, plain: Plain, missing: Mask, room: int = ROOM) -> Category:
        """Learn the values of a column; see `from_codes`."""
        return cls.from_codes(kind, *factorise(plain, missing), room)

    @classmethod
    def from_codes(
        cls, kind: str, codes: NDArray[np.signedinteger[Any]], values: list[Any], room: int = ROOM
    ) -> Category:
        """Learn the values of a factorised column; pool rare values, and those beyond `MAX_STATES`, in one state."""
        # 1. Sort the values by frequency
        counts = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
        order = sorted(range(len(values)), key=lambda i: (-counts[i], str(values[i])))

        # 2. Give the frequent ones states of their own
        own = len(values) if len(values) <= MAX_STATES else MAX_STATES - 1
        if kind == "category":
            own = _count_own_states(own, counts)
        if kind == "ordered" and own == len(values):
            order = sorted(range(len(values)), key=values.__getitem__)

        # 3. Pool the others, and store as many of them as there is room for, without very long texts
        short = [i for i in order[own:] if len(str(values[i])) <= MAX_TEXT]
        order = order[:own] + (short or order[own : own + 1])
        characters = np.cumsum([len(str(values[i])) for i in order])
        kept = min(own + MAX_POOL, room // 2, int(np.searchsorted(characters, _POOLED_CHARACTERS)))
        order = order[: max(kept, own + 1)]
        return cls(kind, [values[i] for i in order], [counts[i] for i in order], own, bool((codes < 0).any()))

    @property
    def known(self) -> list[Any]:
        """All stored values, with None for missing."""
        return [*self.values, None] if self.missing else self.values

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
        """Whether the states are in a meaningful order."""
        return self.kind == "ordered" and not self.pooled

    def encode(self, plain: Plain, missing: Mask, rng: np.random.Generator) -> tuple[Codes, None]:
        """Return the state of each cell; see `encode_codes`."""
        return self.encode_codes(*factorise(plain, missing)), None

    def encode_codes(self, codes: NDArray[np.signedinteger[Any]], values: list[Any]) -> Codes:
        """Return the state of each cell of a factorised column.

        A value that was not stored gets the state of the pool, or -1 if the column has no pool.
        """
        index = {(type(v), v): min(i, self.own) for i, v in enumerate(self.values)}
        other = self.own if self.pooled else -1
        states = [index.get((type(v), v), other) for v in values] + [self.n_states - 1 if self.missing else -1]
        return np.asarray(states, dtype=np.int64)[codes]

    def draw_positions(self, states: Codes, rng: np.random.Generator, coarser: Codes | None = None) -> Codes:
        """Return the position of each state among the values, -1 for missing.

        Pooled values are drawn by frequency, those that were counted 0 times never. Positions of the coarser column,
        where there is one, decide among which values.
        """
        # 1. Values of states of their own, and of the pool
        positions = np.where(states == self.n_states - 1, -1, states) if self.missing else states
        counts = np.asarray(self.counts, dtype=np.float64)
        if not self.pooled and counts.all():
            return positions
        luck = rng.random(len(states))
        pool = np.where(np.arange(len(counts)) < self.own, 0.0, counts)
        barred = np.append(counts == 0, False)  # the last is for missing
        if pool.any():
            positions = np.where(states == self.own, _draw(pool, luck), positions)
        positions = np.where(barred[positions], _draw(counts, luck), positions)

        # 2. Values that go with those of the coarser column
        if coarser is not None:
            groups = np.asarray(self.groups)
            drawn, found = _draw_inside(pool, groups[: len(counts)], coarser, luck)
            positions = np.where((states == self.own) & found, drawn, positions)
            drawn, found = _draw_inside(counts, groups[: len(counts)], coarser, luck)
            positions = np.where((groups[positions] != coarser) & found, drawn, positions)
        return positions

    def decode(self, states: Codes | None, scores: Scores | None, rng: np.random.Generator) -> tuple[Plain, Mask]:
        """Return the value of each state."""
        if states is None:
            raise TypeError("a category is decoded from states")
        return self.take(self.draw_positions(states, rng))

    def take(self, positions: Codes) -> tuple[Plain, Mask]:
        """Return the values at positions that `draw_positions` returned."""
        return as_plain(self.values)[positions], positions < 0


def _draw(weights: NDArray[np.float64], luck: NDArray[np.float64]) -> Codes:
    """Return positions drawn by weights, with a number from 0 to 1 for each."""
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges, luck * edges[-1], side="right"), len(edges) - 1)


def _draw_inside(
    weights: NDArray[np.float64], groups: Codes, wanted: Codes, luck: NDArray[np.float64]
) -> tuple[Codes, Mask]:
    """Return positions drawn by weights inside the wanted groups, and the mask of groups with any weight."""
    # 1. Sort the positions by group
    order = np.argsort(groups, kind="stable")
    edges = np.concatenate([[0.0], np.cumsum(weights[order])])

    # 2. Draw between the edges of each group
    low = edges[np.searchsorted(groups[order], wanted, side="left")]
    high = edges[np.searchsorted(groups[order], wanted, side="right")]
    marks = np.minimum(low + luck * (high - low), np.nextafter(high, -np.inf))  # rounding must not reach the next group
    return order[np.maximum(np.searchsorted(edges, marks, side="right") - 1, 0)], high > low


def _count_own_states(own: int, counts: list[int]) -> int:
    """Return the number of values with a state of their own; rare values have none, for learning and for privacy."""
    rare = sum(count < MIN_COUNT for count in counts)
    if rare == 0 or len(counts) == 1:
        return own
    return min(own, len(counts) - max(2, rare))  # a pool of one value would be a state of its own


@dataclass
class Number(JsonRecord):
    """Column of numbers or dates: regular values have normal scores; spikes and missing have states of their own.

    Attributes
    ----------
    kind : str
        "numeric" or "datetime".
    base, step : int
        Integers (dates are integers too) are ``base + step * k``; floats have step 0.
    decimals : int or None
        Largest number of digits after the point, of floats; None if there is no limit.
    limits : list of two numbers
        Smallest and largest value in training.
    spikes : list
        Single values with much of the probability: zero inflation, sentinels.
    marginal : Marginal or None
        Distribution of the regular values; None if there are none.
    missing : bool
        Whether missing is the last state.
    shares : list of int
        Positions of the columns, this one among them, that add up to a total in every row; empty if there are none.
    total : float
        Their total.
    """

    kind: Annotated[str, Meta(pattern="^(numeric|datetime)$")]
    base: int
    step: int
    decimals: Annotated[int, Meta(ge=0, le=MOST_DECIMALS)] | None
    limits: Annotated[list[int | float], Meta(min_length=2, max_length=2)]
    spikes: Annotated[list[int | float], Meta(max_length=MAX_STATES)]
    marginal: Marginal | None
    missing: bool
    shares: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        low, high = self.limits
        if not low <= high:
            raise ValueError("a number has impossible limits")

    @classmethod
    def fit(cls, kind: str, plain: Plain, missing: Mask, room: int = ROOM, codes: Sequence[Any] = ()) -> Number:
        """Learn the distribution of a column with at least one value.

        Parameters
        ----------
        kind : str
            "numeric" or "datetime".
        plain, missing : ndarray of shape (n,)
            Values, and the mask of missing ones.
        room : int
            Largest number of JSON values of the description, about.
        codes : sequence
            Values that are spikes however frequent they are.
        """
        # 1. Spikes: values far more frequent than others, and codes
        known = plain[~missing]
        distinct, counts = np.unique(known, return_counts=True)
        frequent = counts >= max(_SPIKE_SHARE, _SPIKE_FACTOR / len(distinct)) * len(known)
        spikes = distinct[frequent | np.isin(distinct, np.asarray(codes, dtype=plain.dtype))]

        # 2. Limits and grid
        limits = [distinct[0].item(), distinct[-1].item()]
        whole = plain.dtype.kind in "iu"
        step = int(np.gcd.reduce(np.diff(distinct.view(np.uint64)))) or 1 if whole else 0
        decimals = None if whole else _count_decimals(distinct)
        base = limits[0] if whole else 0

        # 3. The distribution of the regular values
        column = cls(kind, base, step, decimals, limits, spikes.tolist(), None, bool(missing.any()))
        regular = known[~np.isin(known, spikes)]
        if len(regular):
            column.marginal = Marginal.fit(column._to_offsets(regular), int(np.clip(room // 2 - 20, 20, LEVELS)))
        return column

    @property
    def has_score(self) -> bool:
        """Whether the column has regular values, and so a score."""
        return self.marginal is not None

    @property
    def n_states(self) -> int:
        """Number of states (regular first, then spikes, then missing); 0 if every value is regular."""
        total = self.has_score + len(self.spikes) + self.missing
        return 0 if total == 1 and self.has_score else total

    def _to_offsets(self, plain: Plain) -> NDArray[np.float64]:
        """Return plain values on the scale of the marginal: steps above the smallest, or floats unchanged.

        Differences are taken modulo 2**64, where they are exact for signed and unsigned integers alike.
        """
        if not self.step:
            return plain
        low, high = self.limits
        inside = np.clip(plain, low, high).view(np.uint64)
        return ((inside - np.uint64(self.base % 2**64)) // np.uint64(self.step)).astype(np.float64)

    def _from_offsets(self, offsets: NDArray[np.float64]) -> Plain:
        """Return the plain values of offsets on the scale of the marginal, inside the limits."""
        low, high = self.limits
        if not self.step:
            return np.clip(offsets if self.decimals is None else np.round(offsets, self.decimals), low, high)
        last = (high - low) // self.step
        steps = np.round(np.maximum(offsets, 0.0))
        whole = np.full(len(steps), last, dtype=np.uint64)  # beyond 2**53 a float may round to more than the last step
        whole[steps < last] = steps[steps < last].astype(np.uint64)
        values = whole * np.uint64(self.step) + np.uint64(self.base % 2**64)
        return values if high >= 2**63 else values.view(np.int64)

    def encode(self, plain: Plain, missing: Mask, rng: np.random.Generator) -> tuple[Codes | None, Scores | None]:
        """Return the state of each cell and the normal score of the regular ones (0 elsewhere)."""
        regular = ~missing & ~np.isin(plain, np.asarray(self.spikes, dtype=plain.dtype))
        scores = None
        if self.marginal is not None:
            scores = np.zeros(len(plain))
            scores[regular] = self.marginal.to_scores(self._to_offsets(plain[regular]), rng, whole=bool(self.step))
        if not self.n_states:
            return None, scores
        states = np.where(regular, 0 if self.has_score else -1, 0)
        for i, spike in enumerate(self.spikes):
            states[plain == spike] = self.has_score + i
        return np.where(missing, self.n_states - 1 if self.missing else -1, states), scores

    def decode(self, states: Codes | None, scores: Scores | None, rng: np.random.Generator) -> tuple[Plain, Mask]:
        """Return the value of each cell, inside the limits and on the grid of the column."""
        if self.marginal is not None and scores is not None:
            plain = self._from_offsets(self.marginal.from_scores(scores))
        else:
            plain = self._from_offsets(np.zeros(0 if states is None else len(states)))
        missing = np.zeros(len(plain), dtype=bool)
        if states is not None:
            missing = (states == self.n_states - 1) & self.missing
            for i, spike in enumerate(self.spikes):
                plain[states == self.has_score + i] = spike
        return plain, missing


@dataclass
class Constant(JsonRecord):
    """Column with one value, or with missing cells only.

    Attributes
    ----------
    values : list
        The value; empty if every cell was missing.
    """

    values: list[Value]
    kind: Literal["constant"] = "constant"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def fill(self, n: int) -> tuple[Plain, Mask]:
        """Return `n` cells."""
        return as_plain((self.values or [""]) * n), np.full(n, not self.values)


@dataclass
class Identifier:
    """Column that identifies rows: never learned; synthetic rows get new values of the same pattern.

    Attributes
    ----------
    form : Form
        Pattern of the values, and the range of new ones.
    """

    form: IdPattern | IdShapes
    kind: ClassVar[str] = "identifier"
    n_states: ClassVar[int] = 0
    has_score: ClassVar[bool] = False

    def make_fresh(self, first: int, n: int) -> tuple[Plain, Mask]:
        """Return `n` cells that did not occur in training, from the `first`-th new one on."""
        return as_plain(self.form.make_fresh(first, n)), np.zeros(n, dtype=bool)

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned."""
        return {"kind": "identifier", "form": self.form.to_json()}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Identifier:
        """Return the column that `to_json` described."""
        return cls(form_from_json(facts["form"]))


def _count_decimals(distinct: NDArray[np.float64]) -> int | None:
    """Return the largest number of digits after the point, None if it exceeds fifteen."""
    for precision in (np.float16, np.float32, np.float64):  # 0.1 in float32 is not 0.1 in float64
        with np.errstate(over="ignore", invalid="ignore"):
            if not np.array_equal(distinct.astype(precision), distinct):
                continue
            for digits in range(MOST_DECIMALS + 1):
                if np.array_equal(np.round(distinct, digits).astype(precision), distinct.astype(precision)):
                    return digits
    return None
