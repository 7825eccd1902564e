"""Measure the share of synthetic rows that nearly copy a training row, beside that of held-out real rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import Seed, new_seed, numpy_stream
from .neighbours import nearest_distances, nearest_other_distances
from .space import Points, Space, row_keys, sample_rows

_QUANTILE = 0.01
_MAX_QUERIES = 5000
_MAX_ROWS = 100_000
_ROUNDING = 1e-4


@dataclass(frozen=True)
class NearCopies:
    """Shares of rows that are near-copies of a training row.

    Attributes
    ----------
    synthetic : float
        Share of the synthetic rows, from 0 to 1.
    holdout : float or None
        Share of the held-out real rows, as the reference. None without such rows.
    n : int
        Number of synthetic rows that were compared.
    """

    synthetic: float
    holdout: float | None
    n: int


def near_copy_share(real: Any, synthetic: Any, holdout: Any | None = None, random_state: Seed = None) -> NearCopies:
    """Return the share of synthetic rows that are near-copies of training rows, and that of held-out real rows.

    A row is a near-copy if it equals a training row, or if its distance to the closest training row [1]_ is below a
    threshold: the 1 % quantile of the distances between distinct training rows and their nearest neighbours. The
    distance is informative only beside that of real rows that were not trained on [2]_. A low share does not prove
    privacy [3]_.

    Parameters
    ----------
    real : DataFrame or array of n rows
        Training rows; at most 100,000 are used, drawn at random.
    synthetic : DataFrame or array
        Synthetic rows; at most 5,000 are used, drawn at random.
    holdout : DataFrame or array, optional
        Real rows that were not trained on, as the reference; at most 5,000 are used.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn.

    Returns
    -------
    NearCopies
        Shares from 0 to 1. If few distinct rows are possible, most held-out rows equal a training row, too; then only
        the difference of the two shares counts.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    See Also
    --------
    membership_inference : Attacks that try to recognise training rows.

    References
    ----------
    .. [1] Park et al., "Data Synthesis based on Generative Adversarial Networks", VLDB 2018.
    .. [2] Platzer and Reutterer, "Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data", Frontiers in Big
       Data 2021.
    .. [3] Yao et al., "The DCR Delusion: Measuring the Privacy Risk of Synthetic Data", arXiv 2505.01524.

    Examples
    --------
    >>> from ganaug.metrics import near_copy_share
    >>> from sklearn.datasets import load_wine
    >>> X = load_wine(as_frame=True).data
    >>> found = near_copy_share(X[::2], X[::2], X[1::2], random_state=0)  # verbatim copies of the training rows
    >>> found.synthetic, round(found.holdout, 2), found.n
    (1.0, 0.01, 89)
    """
    rng = numpy_stream(new_seed(random_state), "near copies")
    space = Space.fit(real)
    training = space.transform(sample_rows(real, _MAX_ROWS, rng))
    threshold = _threshold(training, rng)

    def share(rows: Any) -> float:
        distances = nearest_distances(space.transform(rows), training, 1)[:, 0]
        return float(((distances == 0) | (distances < threshold)).mean())

    chosen = sample_rows(synthetic, _MAX_QUERIES, rng)
    reference = None
    if holdout is not None and len(holdout) > 0:
        reference = share(sample_rows(holdout, _MAX_QUERIES, rng))
    return NearCopies(share(chosen), reference, len(chosen))


def _threshold(training: Points, rng: np.random.Generator) -> float:
    """Return the distance below which a row is a near-copy.

    Equal rows count once here; otherwise the threshold of a table with many duplicates would be zero. The threshold is
    rounded down; otherwise all rows of a table whose rows mostly differ in one category would be near-copies.
    """
    first = {key: i for i, key in enumerate(row_keys(training))}
    distinct = training[sorted(first.values())]
    if len(distinct) < 2:
        return 0.0
    chosen = rng.permutation(len(distinct))[:_MAX_QUERIES]
    return float(np.quantile(nearest_other_distances(distinct, chosen), _QUANTILE)) * (1 - _ROUNDING)
