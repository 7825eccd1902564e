"""GaussianCopula: a sampler that learns a Gaussian copula for each class, the control of costlier generators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..rng import Seed, numpy_stream
from ..table.copula import Between, ClassCopula, rank_categories
from .coding import encode_column
from .row_sampler import RowSampler

Numbers = NDArray[np.float64]
Positions = NDArray[np.int64]

_EXACT = 2.0**53  # larger integers are not exact in float64


class GaussianCopula(RowSampler):
    """Sampler that learns a Gaussian copula for each class, in well under a second.

    Within a class every column keeps its distribution, and the normal scores of ranks keep their correlation [1]_,
    shrunk after Ledoit and Wolf [2]_. Categories are intervals of a normal score, in order of frequency; a missing
    number counts as a value below all others. The copula is a control of `gain_report`: a generator that trains for
    minutes is worth it only if it does better.

    Parameters
    ----------
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the sampled rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    n_features_in_ : int
        Number of columns, or of values of an image.

    See Also
    --------
    GANAugmenter : Conditional GAN with the same methods.
    gain_report : Compare an augmenter with this control.

    References
    ----------
    .. [1] Nelsen, "An Introduction to Copulas", 2nd edition, 2006.
    .. [2] Ledoit and Wolf, "A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices", Journal of
       Multivariate Analysis 88, 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ganaug import GaussianCopula
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> X_new, y_new = GaussianCopula(random_state=0).fit(X, y).sample({0: 5, 2: 1})
    >>> y_new.tolist()
    [0, 0, 0, 0, 0, 2]
    """

    def __init__(self, random_state: Seed = None):
        self.random_state = random_state

    def _learn(self, table: pd.DataFrame, labels: NDArray[Any]) -> None:
        self._columns = [_ColumnCells.of(column) for _, column in table.items()]
        codes = np.column_stack([column.codes for column in self._columns])
        self._learned = {label: ClassCopula.fit(codes, np.flatnonzero(labels == label)) for label in self._counts}

    def _draw(self, labels: NDArray[Any], seed: int) -> pd.DataFrame:
        # Draw places class by class, and find the real rows around each of them.
        below, above, nearest = (np.empty((len(labels), len(self._columns)), dtype=np.int64) for _ in range(3))
        weight = np.empty(below.shape)
        for number, (label, learned) in enumerate(self._learned.items()):
            wanted = labels == label
            places = learned.draw_places(int(wanted.sum()), numpy_stream(seed, "copula", number))
            below[wanted], above[wanted], nearest[wanted], weight[wanted] = Between.of(learned.order, places)

        # Interpolate between the cells of these rows.
        parts = zip(self._columns, below.T, above.T, nearest.T, weight.T, strict=True)
        return pd.concat([column.interpolate(*places) for column, *places in parts], axis=1)


@dataclass(frozen=True)
class _ColumnCells:
    """Cells of one column, with codes that order them.

    Attributes
    ----------
    cells : series of shape (n,)
        Cells.
    codes : ndarray of shape (n,)
        Numbers that order the cells, missing ones below all others; for categories, ranks by frequency.
    numbers : ndarray of shape (n,) or None
        Values to interpolate between; None if the column holds no numbers.
    whole : bool
        Whether the column holds integers.
    """

    cells: pd.Series[Any]
    codes: Numbers
    numbers: Numbers | None
    whole: bool

    @classmethod
    def of(cls, column: pd.Series[Any]) -> _ColumnCells:
        """Encode a column."""
        cells, found = column.reset_index(drop=True), encode_column(column)
        if found.is_category:
            return cls(cells, rank_categories(found.values.astype(np.int64)), None, whole=False)
        codes = np.where(np.isnan(found.values), -np.inf, found.values)
        exact = bool(np.nanmax(np.abs(found.values), initial=0.0) < _EXACT)
        whole = pd.api.types.is_integer_dtype(column.dtype)
        return cls(cells, codes, found.values if not found.is_time and (exact or not whole) else None, whole)

    def interpolate(self, below: Positions, above: Positions, nearest: Positions, weight: Numbers) -> pd.Series[Any]:
        """Interpolate between the cells of two rows each; take those of the nearest row if they are no numbers."""
        if self.numbers is None:
            return self.cells.take(nearest).reset_index(drop=True)
        low, high = self.numbers[below], self.numbers[above]
        known = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(known, low, 0.0), np.where(known, high, 0.0)
        made = np.where(known, (1 - weight) * low + weight * high, self.numbers[nearest])
        return pd.Series(np.rint(made) if self.whole else made)
