"""Apply SMOTE to tables with any columns, and to images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.rows import as_frame
from ..errors import ParameterError
from ..messages import name_missing_package
from .coding import EncodedColumn, encode_column

_NEIGHBOURS = 5


def make_smote_rows(X: Any, y: NDArray[Any], seed: int) -> tuple[Any, NDArray[Any]]:
    """Return the rows that SMOTE adds to make all classes as large as the largest.

    SMOTE is used if all columns are numbers, SMOTENC if some are, and SMOTEN if none is. SMOTE takes no missing cells,
    so a missing number is replaced by the median of its column, and missing text is a category. Numbers are scaled to
    unit variance; otherwise the column with the largest values would determine the neighbours. Classes with a single
    row have no neighbours and get no rows.

    Parameters
    ----------
    X : frame or array of shape (n, d), or array of shape (n, ...)
        Real rows. Values of arrays with more than two dimensions (images) are not scaled.
    y : ndarray of shape (n,)
        Labels.
    seed : int
        Seed of the draw.

    Returns
    -------
    X, y : frame or array of shape (m, d) or (m, ...), and ndarray of shape (m,)
        New rows only.

    References
    ----------
    .. [1] Chawla et al., "SMOTE: Synthetic Minority Over-sampling Technique", JAIR 16, 2002.
    """
    if not isinstance(X, pd.DataFrame) and np.ndim(X) > 2:
        return _make_smote_images(np.asarray(X), y, seed)
    frame = as_frame(X)
    columns = [_standardize(encode_column(frame.iloc[:, i])) for i in range(frame.shape[1])]
    mask = [column.is_category for column in columns]
    values = np.column_stack([column.values for column in columns])
    made, labels = _oversample(values, y, mask, seed)
    if not len(labels):
        return X[:0], y[:0]
    new = pd.concat([column.restore(made[:, i]) for i, column in enumerate(columns)], axis=1)
    new = new.set_axis(frame.columns, axis=1)
    return new if isinstance(X, pd.DataFrame) else new.to_numpy(), labels


def _make_smote_images(X: NDArray[Any], y: NDArray[Any], seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return new images, interpolated pixel by pixel between two neighbours."""
    flat = X.reshape(len(X), -1).astype(np.float64)
    made, labels = _oversample(flat, y, [False], seed)
    made = made if X.dtype.kind == "f" else np.rint(made)
    return made.astype(X.dtype).reshape(-1, *X.shape[1:]), labels


def _oversample(
    flat: NDArray[np.float64], y: NDArray[Any], mask: list[bool], seed: int
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return new rows of numbers and their labels."""
    labels, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    lacking = {k: int(sizes.max()) for k, size in enumerate(sizes) if 1 < size < sizes.max()}
    if not lacking:
        return flat[:0], y[:0]
    smallest = min(int(sizes[k]) for k in lacking)
    sampler = _make_sampler(mask, lacking, min(_NEIGHBOURS, smallest - 1), seed)
    rows, new_codes = sampler.fit_resample(flat, codes)
    return rows[len(y) :], labels[new_codes[len(y) :]]


def _make_sampler(mask: list[bool], lacking: dict[int, int], neighbours: int, seed: int) -> Any:
    try:
        from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
    except ImportError:
        raise ParameterError(name_missing_package("imbalanced-learn", "SMOTE")) from None
    options = {"sampling_strategy": lacking, "k_neighbors": neighbours, "random_state": seed % 2**32}
    if all(mask):
        return SMOTEN(**options)
    if any(mask):
        return SMOTENC(categorical_features=mask, **options)
    return SMOTE(**options)


def _standardize(column: EncodedColumn) -> EncodedColumn:
    """Return a column of numbers with unit variance, missing ones replaced by the median; categories unchanged."""
    if column.is_category:
        return column
    present = column.values[np.isfinite(column.values)]
    middle = float(np.median(present)) if len(present) else 0.0
    spread = float(present.std()) if len(present) else 0.0
    if not spread > 0:
        spread = 1.0
    filled = np.where(np.isfinite(column.values), column.values, middle)
    return EncodedColumn((filled - middle) / spread, False, lambda made: column.restore(made * spread + middle))
