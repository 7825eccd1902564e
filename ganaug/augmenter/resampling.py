"""Real rows with synthetic ones below them: how many of each class, and none that copies a real row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from ..data.rows import labels_below, rows_below
from ..errors import DataError, DataWarning, ParameterError
from ..rng import stream_seed
from .model import Model
from .streams import ClassStreams

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
        Synthetic rows that copy a real one, because the class offers hardly any others.
    """

    X: Any
    y: Any
    added: dict[Any, int]
    dropped: dict[str, int]
    copies_kept: int


def count_missing_samples(strategy: Any, model: Model, y: Any) -> dict[int, int]:
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
        if not isinstance(strategy, Mapping):
            raise ParameterError(
                "The 'sampling_strategy' parameter must be a function of y that returns a mapping of class to number "
                f"of samples. It returned {strategy!r} instead."
            )
    if isinstance(strategy, Mapping):
        return dict(_count_missing(model, codes, label, count) for label, count in strategy.items())
    learned = [code for code, share in enumerate(model.prior) if share]
    try:
        counts = check_sampling_strategy(strategy, codes[np.isin(codes, learned)], "over-sampling")
    except ValueError as error:
        raise ParameterError(f"sampling_strategy does not fit the labels: {error}") from None
    return {int(code): int(count) for code, count in counts.items()}


def _count_missing(model: Model, codes: NDArray[np.int64], label: Any, wanted: Any) -> tuple[int, int]:
    """Return a class code, and how many rows it lacks to reach the number that was `wanted`."""
    code, unit = model.labels.find(label), model.modality.unit
    present = int((codes == code).sum())
    if not isinstance(wanted, int | np.integer) or isinstance(wanted, bool) or wanted < present or not present:
        raise ParameterError(
            f"The 'sampling_strategy' parameter must give a class that is in y the number of its {unit}s afterwards, "
            f"an integer of at least as many as it has. Got {wanted!r} for class {label!r}, which has {present}."
        )
    if wanted > present and not model.prior[code]:
        raise ParameterError(
            f"Class {label!r} had a single {unit} and was skipped in training; no {unit}s can be made for it. Leave "
            "it out of sampling_strategy."
        )
    return code, int(wanted) - present


def resample(
    model: Model, X: Any, y: Any, counts: Mapping[int, int], seed: int, latent_scale: float = 1.0
) -> Resampled:
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
    latent_scale : float
        Standard deviation of the latent vector.

    Returns
    -------
    Resampled
        Rows, and what was done.

    Raises
    ------
    DataError
        The columns are not those that were learned, or there is not one label per row.
    """
    n_rows, unit = len(model.encoder.check(X)), model.modality.unit
    if n_rows != len(y):
        raise DataError(f"X has {n_rows} {unit}s and y has {len(y)} labels; give one label per {unit}.")
    streams = ClassStreams(model.source(latent_scale), stream_seed(seed, "rows"))
    parts, codes, copies_dropped, copies_kept, first = [], [], 0, 0, 0
    for code, n in counts.items():
        rows, dropped, kept = _sample_without_copies(
            model, X, streams, code, n, stream_seed(seed, "cells", code), first
        )
        parts.append(rows)
        codes += [code] * n
        first += n + dropped
        copies_dropped, copies_kept = copies_dropped + dropped, copies_kept + kept
    reasons = streams.dropped() | ({f"copies of real {unit}s": copies_dropped} if copies_dropped else {})
    if copies_kept:
        warnings.warn(
            f"{copies_kept} of {sum(counts.values())} synthetic {unit}s are copies of real ones: the generator makes "
            "hardly any others of that class.",
            DataWarning,
            stacklevel=3,
        )
    added = {model.labels.values[code]: n for code, n in counts.items()}
    new_y = model.labels.like(y).restore(np.asarray(codes, dtype=np.int64))
    return Resampled(_append_samples(model, X, parts), labels_below(y, new_y), added, reasons, copies_kept)


def _sample_without_copies(
    model: Model, X: Any, streams: ClassStreams, code: int, n: int, seed: int, first: int
) -> tuple[Any, int, int]:
    """Return `n` rows of one class that equal no real row as far as there are such, and how many were and are."""
    kept, spare = [], []
    missing, dropped = n, 0
    for _ in range(_ROUNDS):
        made = n - missing + dropped
        rows = model.encoder.inverse_transform(streams.take(np.full(missing, code)), first + made, seed)
        copies = model.encoder.copies(X, rows)
        kept.append(rows[~copies])
        spare.append(rows[copies])
        dropped += int(copies.sum())
        missing -= int((~copies).sum())
        if not missing:
            break
    rows = model.encoder.join([*kept, model.encoder.join(spare)[:missing]])
    return rows, dropped - missing, missing


def _append_samples(model: Model, X: Any, parts: list[Any]) -> Any:
    if any(len(part) for part in parts):
        return rows_below(X, model.encoder.join(parts))
    if isinstance(X, pd.DataFrame):
        return X.reset_index(drop=True)
    if isinstance(X, Tensor):
        return X.clone()
    return list(X) if isinstance(X, list | tuple) else np.array(X)
