"""Order the classes of the rows of a request, so that any stretch of it is known without what comes before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

_WHOLE = 2**64
_STEP = 0x9E3779B97F4A7C15  # _WHOLE divided by the golden ratio


class ClassOrder(Protocol):
    """The class of every row of a request.

    Attributes
    ----------
    total : int
        Number of rows.
    """

    total: int

    def take(self, first: int, count: int) -> Codes:
        """Return the class codes of rows `first` to ``first + count - 1``."""
        ...

    def count_before(self, first: int) -> list[int]:
        """Return how many rows of each class come before row `first`."""
        ...

    def to_json(self) -> Any:
        """Return plain JSON that tells this order from others of the same model and seed."""
        ...


class SharedOrder:
    """Classes in the proportions of their shares, evenly mixed.

    Parameters
    ----------
    prior : sequence of float
        Share of each class; need not sum to one.
    total : int
        Number of rows.
    seed : int
        Seed of the start of the order.
    """

    def __init__(self, prior: Sequence[float], total: int, seed: int):
        self.prior = prior
        self.total = total
        self.seed = seed

    def take(self, first: int, count: int) -> Codes:
        """Return a stretch of the order."""
        return prior_codes(self.prior, first, count, self.seed)

    def count_before(self, first: int) -> list[int]:
        """Return how many rows of each class come before a row."""
        return count_prior_codes(self.prior, first, self.seed)

    def to_json(self) -> Any:
        """Return the number of rows."""
        return self.total


class GroupedOrder:
    """One class after the other.

    Parameters
    ----------
    n_classes : int
        Number of classes of the model.
    groups : sequence of (int, int)
        Class code and number of rows of each group.
    """

    def __init__(self, n_classes: int, groups: Sequence[tuple[int, int]]):
        self.n_classes = n_classes
        self.groups = [(int(code), int(count)) for code, count in groups if count]
        self.total = sum(count for _, count in self.groups)

    def take(self, first: int, count: int) -> Codes:
        """Return a stretch of the order."""
        ends = np.cumsum([count for _, count in self.groups], dtype=np.int64)
        codes = np.array([code for code, _ in self.groups], dtype=np.int64)
        return codes[np.searchsorted(ends, np.arange(first, min(first + count, self.total)), side="right")]

    def count_before(self, first: int) -> list[int]:
        """Return how many rows of each class come before a row."""
        counts = [0] * self.n_classes
        for code, count in self.groups:
            taken = min(count, first)
            counts[code] += taken
            first -= taken
        return counts

    def to_json(self) -> Any:
        """Return class code and number of rows of each group."""
        return [list(group) for group in self.groups]


class ListedOrder:
    """The class of each row one by one.

    Parameters
    ----------
    n_classes : int
        Number of classes of the model.
    codes : ndarray of int64, shape (n,)
        Class code of each row.
    """

    def __init__(self, n_classes: int, codes: Codes):
        self.n_classes = n_classes
        self.codes = codes
        self.total = len(codes)

    def take(self, first: int, count: int) -> Codes:
        """Return a stretch of the order."""
        return self.codes[first : first + count]

    def count_before(self, first: int) -> list[int]:
        """Return how many rows of each class come before a row."""
        counts: list[int] = np.bincount(self.codes[:first], minlength=self.n_classes).tolist()
        return counts

    def to_json(self) -> Any:
        """Return a digest of the codes."""
        return hashlib.sha256(self.codes.astype("<i8").tobytes()).hexdigest()


def prior_codes(prior: Sequence[float], first: int, n: int, seed: int) -> Codes:
    """Return a stretch of an endless sequence of classes in the proportions of `prior`.

    Parameters
    ----------
    prior : sequence of float
        Share of each class; need not sum to one.
    first, n : int
        The stretch: positions `first` to ``first + n - 1``.
    seed : int
        Seed of the start of the sequence.

    Returns
    -------
    ndarray of int64, shape (n,)
        Class codes. The sequence advances by the golden ratio, so every stretch has each class within a few rows of
        its share (Weyl's equidistribution; a random draw would be off by the root of n). It does so in whole numbers
        of 64 bits, so that the places are exact however far it goes.
    """
    ends = np.array(_find_ends(prior), dtype=np.uint64)
    positions = np.uint64(first) + np.arange(n, dtype=np.uint64)
    place = np.uint64(_find_start(seed)) + positions * np.uint64(_STEP)  # modulo 2**64
    return np.searchsorted(ends, place, side="right").astype(np.int64)


def count_prior_codes(prior: Sequence[float], n: int, seed: int) -> list[int]:
    """Return how often each class is among the first `n` of `prior_codes`, without making them.

    Examples
    --------
    >>> count_prior_codes([0.7, 0.3], 10**12, seed=0)
    [700000000003, 299999999997]
    >>> np.bincount(prior_codes([0.7, 0.3], 0, 1000, seed=0)).tolist() == count_prior_codes([0.7, 0.3], 1000, seed=0)
    True
    """
    start = _find_start(seed)
    reached = [_count_places_below(end, n, start) for end in _find_ends(prior)]
    counts: list[int] = np.diff([0, *reached, n]).tolist()
    return counts + [0] * (len(prior) - len(counts))


def _find_start(seed: int) -> int:
    return int(np.random.default_rng(seed).random() * _WHOLE)


def _find_ends(prior: Sequence[float]) -> list[int]:
    """Return where the stretch of each class ends among the places, but for the last class with a share."""
    cumulative = np.cumsum(np.asarray(prior, dtype=np.float64))
    ends = [int(end * _WHOLE) for end in (cumulative / cumulative[-1]).tolist()]
    return [end for end in ends if end < _WHOLE]


def _count_places_below(limit: int, n: int, start: int) -> int:
    """Return for how many i < n the place ``(start + i * _STEP) % _WHOLE`` is below `limit`.

    Those are the places that lose a whole turn if `limit` is taken away.
    """
    turns = _floor_sum(n, _WHOLE, _STEP, start + _WHOLE)
    return turns - _floor_sum(n, _WHOLE, _STEP, start + _WHOLE - limit)


def _floor_sum(n: int, m: int, a: int, b: int) -> int:
    """Return the sum of ``(a * i + b) // m`` over i < n, by Euclid's algorithm."""
    total = 0
    while n:
        total += (n - 1) * n // 2 * (a // m) + n * (b // m)
        a, b = a % m, b % m
        reach = a * n + b
        n, b = reach // m, reach % m
        m, a = a, m
    return total
