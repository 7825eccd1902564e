"""What a call of `sample` asks for, as class codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from .model import Model
from .sampling import prior_codes

Codes = NDArray[np.int64]


def wanted_codes(model: Model, n: Any, y: Any, seed: int) -> tuple[int, Callable[[int, int], Codes]]:
    """Return how many rows are wanted, and the function that gives the class codes of a stretch of them.

    Parameters
    ----------
    model : Model
        What was learned.
    n : int or mapping of class to int, or None
        Number of rows, or the number of each class.
    y : label, array-like of labels, or None
        A class of which `n` rows are wanted, or the label of every row.
    seed : int
        Decides the order of classes where only a number is given.

    Returns
    -------
    total : int
        Number of rows.
    codes_of : callable
        ``codes_of(first, count)`` gives the codes of rows `first` to ``first + count - 1``.

    Raises
    ------
    ParameterError
        `n` or `y` is not what it may be, or names a class that is unknown or was skipped.
    """
    if y is None and not isinstance(n, Mapping):
        return _count(n, "n"), lambda first, count: prior_codes(model.prior, first, count, seed)
    codes = _listed(model, n, y)
    for code in np.unique(codes):
        if not model.prior[code]:
            label, unit = model.labels.values[code], model.modality.unit
            raise ParameterError(
                f"Class {label!r} had a single {unit} and was skipped in training; it cannot be sampled."
            )
    return len(codes), lambda first, count: codes[first : first + count]


def _listed(model: Model, n: Any, y: Any) -> Codes:
    labels = model.labels
    if isinstance(n, Mapping):
        if y is not None:
            raise ParameterError("Give the numbers per class as n={label: number}, or y, but not both.")
        pairs = [(labels.find(label), _count(count, f"n[{label!r}]")) for label, count in n.items()]
        return np.repeat([code for code, _ in pairs], [count for _, count in pairs]).astype(np.int64)
    if np.ndim(y) == 0:
        return np.full(_count(n, "n"), labels.find(y), dtype=np.int64)
    if n is not None and n != len(y):
        raise ParameterError(f"y has {len(y)} labels, one for each {model.modality.unit}; leave n out. Got n={n!r}.")
    return labels.encode(y)


def _count(n: Any, name: str) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise ParameterError(f"The {name!r} parameter of sample must be an integer of at least 0. Got {n!r} instead.")
    return int(n)
