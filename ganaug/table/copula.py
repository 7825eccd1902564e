"""Draw rows of a Gaussian copula for each class: every column of a class keeps its cells, its ranks their correlation.

Such rows are smoother than real ones, and wrong wherever columns depend on each other in another way. Beside few real
rows they keep a generator from learning these by heart.

References
----------
.. [1] Nelsen, "An Introduction to Copulas", 2nd edition, 2006.
.. [2] Ledoit and Wolf, "A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices", Journal of
   Multivariate Analysis 88, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm, rankdata
from sklearn.covariance import ledoit_wolf_shrinkage
from torch import Tensor

from .columns import Category
from .decoding import RowDecoder

if TYPE_CHECKING:
    from .encoder import TableEncoder

Numbers = NDArray[np.float64]
Positions = NDArray[np.int64]

TIMES = 16
"""Drawn rows of a class, in multiples of its real ones."""

_MOST_CELLS = 2_000_000  # of drawn rows
_FLOOR = 1e-6  # variance added to every column, so that constant columns need no special case


@dataclass(frozen=True)
class ClassCopula:
    """Gaussian copula of one class.

    Attributes
    ----------
    order : ndarray of int64, shape (n, d)
        Positions of the class's rows, sorted by each column.
    directions : ndarray of shape (k, d)
        Factor of the shrunk covariance of the normal scores: a sum of directions with independent standard normal
        coefficients has this covariance, but for its diagonal part.
    own : float
        Standard deviation of the diagonal part, which shrinkage adds to every column.
    """

    order: Positions
    directions: Numbers
    own: float

    @classmethod
    def fit(cls, codes: Numbers, rows: Positions) -> ClassCopula:
        """Fit the copula to the rows of a class, given the codes of all rows, shape (n_rows, d)."""
        codes = codes[rows]
        n = len(rows)
        # Transform ranks to normal scores.
        scores = norm.ppf((rankdata(codes, axis=0) - 0.5) / n)
        scores = scores - scores.mean(0)
        # Factorise their covariance, shrunk towards a multiple of the identity.
        shrinkage = float(ledoit_wolf_shrinkage(scores, assume_centered=True)) if n > 1 else 1.0
        _, singular, axes = np.linalg.svd(scores, full_matrices=False)
        directions = np.sqrt((1 - shrinkage) / n) * singular[:, None] * axes
        own = float(np.sqrt(shrinkage * (scores**2).mean() + _FLOOR))
        return cls(rows[np.argsort(codes, axis=0, kind="stable")], directions, own)

    def draw_places(self, n: int, rng: np.random.Generator) -> Numbers:
        """Draw `n` rows of places among the sorted rows, from 0 to the number of rows - 1 in each column."""
        common = rng.standard_normal((n, len(self.directions))) @ self.directions
        scores = common + self.own * rng.standard_normal((n, self.order.shape[1]))
        p: Numbers = norm.cdf(scores / np.sqrt((self.directions**2).sum(0) + self.own**2))
        return p * (len(self.order) - 1)


class Between(NamedTuple):
    """Real rows on both sides of drawn cells, the nearer one, and how far between them; each of shape (n, d)."""

    below: Positions
    above: Positions
    near: Positions
    weight: Numbers

    @classmethod
    def of(cls, order: Positions, places: Numbers) -> Between:
        """Return the rows at places among the sorted rows of each column, shape (n, d)."""
        rounded = (np.floor(places), np.ceil(places), np.rint(places))
        below, above, near = (np.take_along_axis(order, at.astype(np.int64), axis=0) for at in rounded)
        return cls(below, above, near, places - rounded[0])

    def interpolate(self, column: int, states: Positions | None, scores: Numbers) -> Numbers:
        """Return the scores of drawn cells: between those of two regular cells, and else that of the nearer one."""
        a, b, near, weight = (part[:, column] for part in self)
        made = (1 - weight) * scores[a] + weight * scores[b]
        return made if states is None else np.where((states[a] == 0) & (states[b] == 0), made, scores[near])


def rank_categories(codes: NDArray[np.integer]) -> Numbers:
    """Return the rank of each cell's category by its frequency, 0 for the most frequent, given codes from 0 on."""
    counts = np.bincount(codes)
    return np.argsort(np.argsort(-counts, kind="stable"), kind="stable")[codes].astype(np.float64)


def draw_copula_rows(
    encoder: TableEncoder, x: Tensor, codes: Tensor, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Draw rows of the copula of each class.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted encoder.
    x, codes : Tensor of shapes (n, ...) and (n,)
        Rows, packed or as network input, and their class codes.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Tensor of shape (k * n, ...), Tensor of shape (k * n,)
        Rows of the same form and their class codes: `TIMES` as many of each class as there are, fewer of wide tables.
    """
    # 1. Numbers that order the cells of each generated column
    drawn = list(encoder.states_and_scores(x))
    cells = RowDecoder(encoder.columns, drawn, lambda i: np.random.default_rng(0), 0, len(x))
    generated = [i for i, pair in enumerate(drawn) if any(part is not None for part in pair)]
    ordering = np.column_stack([_order_cells(encoder, i, drawn[i][0], cells) for i in generated])

    # 2. For each drawn row and column, the two real rows of the class between which its cell lies
    labels = codes.numpy()
    times = int(np.clip(_MOST_CELLS // ordering.size, 1, TIMES))
    parts, made = list[Between](), list[int]()
    for code in np.unique(labels):
        copula = ClassCopula.fit(ordering, np.flatnonzero(labels == code))
        parts.append(Between.of(copula.order, copula.draw_places(times * len(copula.order), rng)))
        made += [int(code)] * (times * len(copula.order))
    between = Between(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))

    # 3. The state of the nearer one, and a score between theirs
    layout, segment, number = encoder.layout, 0, 0
    rows = layout.allocate_rows(len(made))
    for column, i in enumerate(generated):
        states, scores = drawn[i]
        if states is not None:
            layout.put_states(rows, segment, torch.from_numpy(states[between.near[:, column]]))
            segment += 1
        if scores is not None:
            layout.put_scores(rows, number, torch.from_numpy(between.interpolate(column, states, scores)))
            number += 1
    return layout.expand(rows) if x.is_floating_point() else rows, torch.tensor(made)


def _order_cells(encoder: TableEncoder, i: int, states: Positions | None, cells: RowDecoder) -> Numbers:
    """Return numbers that order the cells of a column: numbers as they are, missing ones first; others by frequency."""
    if isinstance(encoder.columns[i], Category) and states is not None:
        return rank_categories(states)
    plain, missing = cells.decode(i)
    return np.where(missing, -np.inf, plain.astype(np.float64))
