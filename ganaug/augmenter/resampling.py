"""Append synthetic samples to real ones: count them by class, and leave out copies of real samples."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from ..data.rows import append_labels, append_rows
from ..errors import DataError, DataWarning, ParameterError
from ..messages import name_missing_package
from ..rng import stream_seed
from .model import Model
from .streams import ClassStreams

_ROUNDS = 8  # of replacing copies by new samples, before copies are accepted


@dataclass(frozen=True)
class Resampled:
    """Outcome of resampling.

    Attributes
    ----------
    X, y : user data
        Real samples, then synthetic ones.
    added : dict
        Number of synthetic samples by class.
    dropped : dict
        Number of candidates dropped, by reason.
    copies_kept : int
        Number of synthetic samples that copy a real one, because the generator makes hardly any others.
    """

    X: Any
    y: Any
    added: dict[Any, int]
    dropped: dict[str, int]
    copies_kept: int


def count_missing_samples(strategy: Any, model: Model, y: Any) -> dict[int, int]:
    """Return how many synthetic samples each class gets, by the rules of imbalanced-learn.

    Parameters
    ----------
    strategy : str, float, mapping or callable
        As for imbalanced-learn's over-samplers.
    model : Model
        The fitted model.
    y : array-like
        Labels of the real samples.

    Returns
    -------
    dict of int to int
        Number of synthetic samples by class code; classes too rare to learn get none.

    Raises
    ------
    ParameterError
        The strategy does not fit the labels, in imbalanced-learn's words; or it needs imbalanced-learn, which is not
        installed.
    """
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
    return _count_by_rule(strategy, codes[np.isin(codes, learned)])


def _count_by_rule(strategy: Any, codes: NDArray[np.int64]) -> dict[int, int]:
    """Return how many samples each class gets by a rule that imbalanced-learn has a name for."""
    try:
        from imblearn.utils import check_sampling_strategy
    except ImportError:
        purpose = f"sampling_strategy={strategy!r}, unlike a mapping of class to number of samples,"
        raise ParameterError(name_missing_package("imbalanced-learn", purpose)) from None
    try:
        counts = check_sampling_strategy(strategy, codes, "over-sampling")
    except ValueError as error:
        raise ParameterError(f"sampling_strategy does not fit the labels: {error}") from None
    return {int(code): int(count) for code, count in counts.items()}


def _count_missing(model: Model, codes: NDArray[np.int64], label: Any, wanted: Any) -> tuple[int, int]:
    """Return a class code, and how many samples the class lacks to reach the number `wanted`."""
    code = model.labels.find(label)
    unit = model.modality.unit
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
    """Append synthetic samples to real ones.

    Parameters
    ----------
    model : Model
        The fitted model.
    X, y : user data
        Real samples and their labels.
    counts : mapping of int to int
        Number of synthetic samples by class code.
    seed : int
        Seed of all randomness in this call.
    latent_scale : float
        Standard deviation of the latent vector.

    Returns
    -------
    Resampled
        All samples, and counts of what was done.

    Raises
    ------
    DataError
        The columns are not those in training, or numbers of samples and labels differ.
    """
    # 1. Check the real samples
    n_rows = len(model.encoder.check(X))
    unit = model.modality.unit
    if n_rows != len(y):
        raise DataError(f"X has {n_rows} {unit}s and y has {len(y)} labels; give one label per {unit}.")

    # 2. Sample each class
    streams = ClassStreams(model.source(latent_scale), stream_seed(seed, "rows"))
    parts = []
    codes: list[int] = []
    copies_dropped = 0
    copies_kept = 0
    first = 0  # number of samples decoded so far
    for code, n in counts.items():
        cells = stream_seed(seed, "cells", code)
        rows, dropped, kept = _sample_without_copies(model, X, streams, code, n, cells, first)
        parts.append(rows)
        codes += [code] * n
        first += n + dropped
        copies_dropped += dropped
        copies_kept += kept

    # 3. Report what was dropped, and warn of copies
    reasons = streams.dropped() | ({f"copies of real {unit}s": copies_dropped} if copies_dropped else {})
    if copies_kept:
        warnings.warn(
            f"{copies_kept} of {sum(counts.values())} synthetic {unit}s are copies of real ones: the generator makes "
            "hardly any others of that class.",
            DataWarning,
            stacklevel=3,
        )

    # 4. Append
    added = {model.labels.values[code]: n for code, n in counts.items()}
    new_y = model.labels.like(y).restore(np.asarray(codes, dtype=np.int64))
    return Resampled(_append_samples(model, X, parts), append_labels(y, new_y), added, reasons, copies_kept)


def _sample_without_copies(
    model: Model, X: Any, streams: ClassStreams, code: int, n: int, seed: int, first: int
) -> tuple[Any, int, int]:
    """Sample `n` rows of one class that copy no real row, if eight rounds find as many.

    Return the rows, the number of copies that were dropped, and the number of copies among the rows.
    """
    kept = []
    copied = []
    missing = n
    dropped = 0
    for _ in range(_ROUNDS):
        made = n - missing + dropped
        rows = model.encoder.inverse_transform(streams.take(np.full(missing, code)), first + made, seed)
        copies = model.encoder.copies(X, rows)
        kept.append(rows[~copies])
        copied.append(rows[copies])
        dropped += int(copies.sum())
        missing -= int((~copies).sum())
        if not missing:
            break
    rows = model.encoder.join([*kept, model.encoder.join(copied)[:missing]])
    return rows, dropped - missing, missing


def _append_samples(model: Model, X: Any, parts: list[Any]) -> Any:
    """Return a copy of `X` with the parts appended."""
    if any(len(part) for part in parts):
        return append_rows(X, model.encoder.join(parts))
    if isinstance(X, pd.DataFrame):
        return X.reset_index(drop=True)
    if isinstance(X, Tensor):
        return X.clone()
    return list(X) if isinstance(X, list | tuple) else np.array(X)
