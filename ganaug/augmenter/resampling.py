"""Real rows with synthetic ones below them: how many of each class, and none that copies a real row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataWarning, ParameterError
from ..rng import stream_seed
from .model import Model
from .sampling import Streams

_ROUNDS = 8  # of looking for rows that are no copies, before copies are accepted


@dataclass(frozen=True)
class Resampled:
    """The outcome of resampling.

    Attributes
    ----------
    X, y : user data
        Real rows, then synthetic ones.
    added : dict
        Number of synthetic rows by class.
    dropped : dict
        Number of candidates dropped, by reason.
    copies_kept : int
        Synthetic rows that equal a real one, because the class offers hardly any others.
    """

    X: Any
    y: Any
    added: dict[Any, int]
    dropped: dict[str, int]
    copies_kept: int


def wanted_counts(strategy: Any, model: Model, y: Any) -> dict[int, int]:
    """Return how many rows each class code is to get, in imbalanced-learn's understanding of `strategy`.

    Parameters
    ----------
    strategy : str, float, mapping or callable
        As for imbalanced-learn's over-samplers.
    model : Model
        What was learned.
    y : array-like
        Labels of the rows to be filled up.

    Returns
    -------
    dict of int to int
        Number of synthetic rows by class code; classes too rare to learn get none.

    Raises
    ------
    ParameterError
        The strategy does not fit the labels, in imbalanced-learn's words.
    """
    from imblearn.utils import check_sampling_strategy

    codes = model.labels.encode(y)
    if callable(strategy):
        strategy = strategy(y)
    if isinstance(strategy, Mapping):
        strategy = {model.labels.find(label): count for label, count in strategy.items()}
    learned = [code for code, share in enumerate(model.prior) if share]
    if isinstance(strategy, float) or strategy in (1,):
        codes = codes[np.isin(codes, learned)]
    try:
        counts = check_sampling_strategy(strategy, codes, "over-sampling")
    except ValueError as error:
        raise ParameterError(f"sampling_strategy does not fit the labels: {error}") from None
    return {int(code): int(count) for code, count in counts.items() if int(code) in learned}


def resample(model: Model, X: Any, y: Any, counts: Mapping[int, int], seed: int) -> Resampled:
    """Return the real rows with synthetic ones below them.

    Parameters
    ----------
    model : Model
        What was learned.
    X, y : user data
        Real rows and their labels.
    counts : mapping of int to int
        Number of synthetic rows by class code.
    seed : int
        Decides everything.

    Returns
    -------
    Resampled
        Rows, and what was done.
    """
    streams = Streams(model.source(), stream_seed(seed, "rows"))
    parts, codes, copies_dropped, copies_kept, first = [], [], 0, 0, 0
    for code, n in counts.items():
        rows, dropped, kept = _without_copies(model, X, streams, code, n, stream_seed(seed, "cells", code), first)
        parts.append(rows)
        codes += [code] * n
        first += n + dropped
        copies_dropped, copies_kept = copies_dropped + dropped, copies_kept + kept
    reasons = streams.dropped() | ({"equal to a real row": copies_dropped} if copies_dropped else {})
    if copies_kept:
        warnings.warn(
            f"{copies_kept} of {sum(counts.values())} synthetic rows equal a real row: the columns leave hardly any "
            "other rows of that class.",
            DataWarning,
            stacklevel=3,
        )
    added = {model.labels.values[code]: n for code, n in counts.items()}
    new_y = model.labels.restore(np.asarray(codes, dtype=np.int64))
    return Resampled(_below(model, X, parts), _labels_below(model, y, new_y), added, reasons, copies_kept)


def _without_copies(
    model: Model, X: Any, streams: Streams, code: int, n: int, seed: int, first: int
) -> tuple[Any, int, int]:
    """Return `n` rows of one class that equal no real row as far as there are such, and how many were and are."""
    kept, spare = [], []
    missing, dropped = n, 0
    for _ in range(_ROUNDS):
        rows = model.encoder.inverse_transform(streams.take(np.full(missing, code)), first + dropped, seed)
        copies = model.encoder.copies(X, rows)
        kept.append(rows[~copies])
        spare.append(rows[copies])
        dropped += int(copies.sum())
        missing -= int((~copies).sum())
        if not missing:
            break
    rows = model.encoder.join([*kept, model.encoder.join(spare)[:missing]])
    return rows, dropped - missing, missing


def _below(model: Model, X: Any, parts: list[Any]) -> Any:
    if isinstance(X, pd.DataFrame):
        joined = pd.concat([X, *(part[X.columns] for part in parts)], ignore_index=True)
        joined.attrs = dict(X.attrs)
        return joined.astype({name: X.dtypes[name] for name in X.columns if joined.dtypes[name] != X.dtypes[name]})
    joined = np.concatenate([np.asarray(X), *parts]).astype(np.asarray(X).dtype, copy=False)
    return joined.tolist() if isinstance(X, list) else joined


def _labels_below(model: Model, y: Any, new_y: Any) -> Any:
    if isinstance(y, pd.Series | pd.DataFrame):
        joined = pd.concat([y, new_y], ignore_index=True)
        return joined.astype(y.dtype if isinstance(y, pd.Series) else y.dtypes.to_dict())
    if isinstance(y, list | tuple):
        return [*y, *new_y]
    return np.concatenate([np.asarray(y).reshape(len(y), *np.shape(new_y)[1:]), new_y])
