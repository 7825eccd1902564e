"""SMOTE for any table, and for images: the control that most people would try first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .classifiers import is_categorical

_NEIGHBOURS = 5


def smote_rows(X: Any, y: NDArray[Any], seed: int) -> tuple[Any, NDArray[Any]]:
    """Return the rows that SMOTE adds to make all classes as large as the largest.

    SMOTE where all columns are numbers, SMOTENC or SMOTEN where some or all are not. It takes no missing cells, so a
    missing number becomes its column's median first, and missing text is a category; numbers are brought to unit
    variance, without which the largest would decide who is whose neighbour. Classes with a single row have no
    neighbours and get nothing.

    Parameters
    ----------
    X : frame or array of shape (n, d), or array of shape (n, ...)
        Real rows. Arrays of more than two dimensions (images) are numbers of one unit.
    y : ndarray of shape (n,)
        Their labels.
    seed : int
        Decides the rows.

    Returns
    -------
    X, y : frame or array of shape (m, d) or (m, ...), and ndarray of shape (m,)
        New rows alone.

    References
    ----------
    .. [1] Chawla et al., "SMOTE: Synthetic Minority Over-sampling Technique", JAIR 16, 2002.
    """
    if not isinstance(X, pd.DataFrame) and np.ndim(X) > 2:
        return _image_rows(np.asarray(X), y, seed)
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X)).infer_objects()
    coded, back = zip(*(_code(frame.iloc[:, i]) for i in range(frame.shape[1])), strict=True)
    mask = [is_categorical(frame.iloc[:, i]) for i in range(frame.shape[1])]
    made, labels = _made(np.column_stack(coded), y, mask, seed)
    if not len(labels):
        return X[:0], y[:0]
    columns = [decode(made[:, i]) for i, decode in enumerate(back)]
    new = pd.concat(columns, axis=1).set_axis(frame.columns, axis=1)
    return new if isinstance(X, pd.DataFrame) else new.to_numpy(), labels


def _image_rows(X: NDArray[Any], y: NDArray[Any], seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return new images: between two neighbours, pixel by pixel; all pixels are of one unit as they are."""
    flat = X.reshape(len(X), -1).astype(np.float64)
    made, labels = _made(flat, y, [False], seed)
    made = made if X.dtype.kind == "f" else np.rint(made)
    return made.astype(X.dtype).reshape(-1, *X.shape[1:]), labels


def _made(
    flat: NDArray[np.float64], y: NDArray[Any], mask: list[bool], seed: int
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return new rows of numbers, and their labels."""
    labels, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    lacking = {k: int(sizes.max()) for k, size in enumerate(sizes) if 1 < size < sizes.max()}
    if not lacking:
        return flat[:0], y[:0]
    sampler = _sampler(mask, lacking, min(_NEIGHBOURS, min(int(sizes[k]) for k in lacking) - 1), seed)
    rows, new_codes = sampler.fit_resample(flat, codes)
    return rows[len(y) :], labels[new_codes[len(y) :]]


def _sampler(mask: list[bool], lacking: dict[int, int], neighbours: int, seed: int) -> Any:
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    options = {"sampling_strategy": lacking, "k_neighbors": neighbours, "random_state": seed % 2**32}
    if all(mask):
        return SMOTEN(**options)
    return SMOTENC(categorical_features=mask, **options) if any(mask) else SMOTE(**options)


def _code(column: pd.Series[Any]) -> tuple[NDArray[np.float64], Callable[[Any], Any]]:
    """Return a column as numbers, and the function that takes such numbers back."""
    if is_categorical(column):
        codes, values = pd.factorize(column, use_na_sentinel=False)
        return codes.astype(float), lambda made: pd.Series(values.take(made.astype(np.int64)))
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        return _standard(numbers, lambda made: pd.Series(made))
    zone = getattr(column.dtype, "tz", None)
    since = column if zone is None else column.dt.tz_convert("UTC").dt.tz_localize(None)
    plain = since.to_numpy()
    numbers = np.where(column.isna(), np.nan, plain.astype(np.int64).astype(float))

    def as_times(made: NDArray[np.float64]) -> Any:
        times = pd.Series(np.rint(made).astype(np.int64).view(plain.dtype))
        return times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)

    return _standard(numbers, as_times)


def _standard(
    numbers: NDArray[np.float64], back: Callable[[Any], Any]
) -> tuple[NDArray[np.float64], Callable[[Any], Any]]:
    present = numbers[np.isfinite(numbers)]
    middle = float(np.median(present)) if len(present) else 0.0
    spread = float(present.std()) if len(present) else 0.0
    spread = spread if spread > 0 else 1.0
    filled = np.where(np.isfinite(numbers), numbers, middle)
    return (filled - middle) / spread, lambda made: back(made * spread + middle)
