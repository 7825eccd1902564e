"""SwapNoise: rows of a table with a share of their cells from other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..params import check_params, real
from ..rng import Seed, numpy_stream
from .row_sampler import RowSampler

_RULES = {"share": real(0.0, 1.0, inclusive=True)}


class SwapNoise(RowSampler):
    """Sampler of real rows in which a share of the cells comes from other rows; it learns nothing.

    Each cell is taken from a row of the table drawn at random, with the probability `share`, else it stays [1]_. The
    other row may be of another class, so the labels of such rows are wrong too often to learn from. With the
    probabilities of a teacher in their place they are the control of every generator in a `DistilledClassifier`, and
    as good as a trained one in our measurements. The cells are real ones: do not publish such rows in place of a
    table.

    Parameters
    ----------
    share : float from 0 to 1, default=0.5
        Share of the cells from other rows.
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
    DistilledClassifier : Train a classifier on such rows, labelled by a teacher.

    References
    ----------
    .. [1] Yoon, Zhang, Jordon and van der Schaar, "VIME: Extending the Success of Self- and Semi-supervised Learning
       to Tabular Domain", NeurIPS 2020; Bahri, Jiang, Tay and Metzler, "SCARF: Self-Supervised Contrastive Learning
       using Random Feature Corruption", ICLR 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ganaug import SwapNoise
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> X_new, y_new = SwapNoise(0.25, random_state=0).fit(X, y).sample({0: 5, 2: 1})
    >>> y_new.tolist()
    [0, 0, 0, 0, 0, 2]
    """

    def __init__(self, share: float = 0.5, random_state: Seed = None):
        self.share = share
        self.random_state = random_state

    def _learn(self, table: pd.DataFrame, labels: NDArray[Any]) -> None:
        check_params(type(self).__name__, {"share": self.share}, _RULES)
        self._table, self._labels = table.reset_index(drop=True), labels

    def _draw(self, labels: NDArray[Any], seed: int) -> pd.DataFrame:
        # Draw a real row of each label
        rng = numpy_stream(seed, "swap")
        own = np.empty(len(labels), dtype=np.int64)
        for label in self.classes_:
            wanted = labels == label
            own[wanted] = rng.choice(np.flatnonzero(self._labels == label), int(wanted.sum()))

        # Take some of its cells from other rows
        other = rng.integers(0, len(self._table), len(labels))
        swapped = rng.random((len(labels), self._table.shape[1])) < self.share
        columns = [
            column.take(np.where(swapped[:, i], other, own)).reset_index(drop=True)
            for i, (_, column) in enumerate(self._table.items())
        ]
        return pd.concat(columns, axis=1)
