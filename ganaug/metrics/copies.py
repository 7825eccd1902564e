"""How many synthetic rows are nearly copies of training rows, beside how many other real rows are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import Seed, new_seed, numpy_stream
from .neighbours import nearest, nearest_other
from .space import Points, Space, row_keys, sample_rows

_QUANTILE = 0.01
_MAX_QUERIES = 5000
_MAX_ROWS = 100_000
_ROUNDING = 1e-4


@dataclass(frozen=True)
class NearCopies:
    """Shares of rows that are nearly copies of a training row.

    Attributes
    ----------
    synthetic : float
        Share of the synthetic rows, from 0 to 1.
    holdout : float or None
        Share of other real rows: the mark to compare with. None without such rows.
    n : int
        Synthetic rows that were looked at.
    """

    synthetic: float
    holdout: float | None
    n: int


def near_copy_share(real: Any, synthetic: Any, holdout: Any | None = None, random_state: Seed = None) -> NearCopies:
    """Return the share of synthetic rows that are nearly copies of training rows, beside that of held-out real rows.

    A row is nearly a copy if it equals a training row, or is nearer to one than all but 1 % of the distinct training
    rows are to their nearest other. The distance to the closest record comes from Park et al., "Data Synthesis based
    on Generative Adversarial Networks", VLDB 2018; that it says something only beside the distances of real rows that
    were not trained on, from Platzer and Reutterer, "Holdout-Based Empirical Assessment of Mixed-Type Synthetic
    Data", Frontiers in Big Data 2021. A low share finds no fault; it proves no privacy (Yao et al., "The DCR
    Delusion: Measuring the Privacy Risk of Synthetic Data", arXiv 2505.01524).

    Parameters
    ----------
    real : DataFrame or array of n rows
        Training rows; beyond 100,000, so many are drawn.
    synthetic : DataFrame or array
        Synthetic rows; beyond 5,000, so many are drawn.
    holdout : DataFrame or array, optional
        Real rows that were not trained on; drawn likewise. None or no rows: there is no mark.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn.

    Returns
    -------
    NearCopies
        Shares from 0 to 1. Where the columns leave few different rows, most real rows equal a training row, too, so
        only the difference of the two shares counts.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or a column holds values of another kind than the real one.
    """
    rng = numpy_stream(new_seed(random_state), "near copies")
    space = Space.fit(real)
    training = space.transform(sample_rows(real, _MAX_ROWS, rng))
    threshold = _threshold(training, rng)

    def share(rows: Any) -> float:
        distances = nearest(space.transform(rows), training, 1)[:, 0]
        return float(((distances == 0) | (distances < threshold)).mean())

    chosen = sample_rows(synthetic, _MAX_QUERIES, rng)
    has_mark = holdout is not None and len(holdout) > 0
    mark = share(sample_rows(holdout, _MAX_QUERIES, rng)) if has_mark else None
    return NearCopies(share(chosen), mark, len(chosen))


def _threshold(training: Points, rng: np.random.Generator) -> float:
    """Return the distance below which a row is nearly a copy.

    Equal rows count once here, or the threshold of a table with many of them would be zero; and those at the threshold
    itself do not count, or a table where most rows differ in one category would be all copies.
    """
    first = {key: i for i, key in enumerate(row_keys(training))}
    distinct = training[sorted(first.values())]
    if len(distinct) < 2:
        return 0.0
    chosen = rng.permutation(len(distinct))[:_MAX_QUERIES]
    return float(np.quantile(nearest_other(distinct, chosen), _QUANTILE)) * (1 - _ROUNDING)
