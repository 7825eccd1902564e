"""Collect facts about the augmenter and the rows of one fold, as plain JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ..data.rows import as_frame
from ..errors import DataError
from ..image.fidelity import image_fidelity
from ..metrics.copies import near_copy_share
from ..metrics.summary import fidelity, figures, privacy
from ..plots.history import average_curves
from ..rng import stream_seed
from .classifiers import is_categorical
from .image_inputs import are_images
from .plain_json import to_plain_json
from .synthetic import count_labels

_PAIRS_SEED = 0  # the same pairs of columns in every fold
_UNIQUE = 0.9  # a text column with a larger share of distinct values holds identifiers


def describe_augmenter(fitted: Any) -> dict[str, Any]:
    """Return learning curves, filters and the chosen share of a fitted augmenter, if it has them.

    Parameters
    ----------
    fitted : sampler
        `GANAugmenter` has "training" and "filters"; `TunedAugmenterCV` has a "choice", and the facts of the augmenter
        inside. Any other sampler has none.
    """
    facts: dict[str, Any] = {}
    if hasattr(fitted, "share_"):
        scores = fitted.scores_.to_dict("records")
        facts["choice"] = {"share": fitted.share_, "balance": fitted.balance_, "scores": to_plain_json(scores)}
    inner = getattr(fitted, "augmenter_", fitted)
    if hasattr(inner, "history_"):
        facts["training"] = average_curves(inner.history_)
    if hasattr(inner, "filters_"):
        facts["filters"] = to_plain_json(inner.filters_)
    return facts


def describe_rows(
    real: tuple[Any, Any], synthetic: tuple[Any, Any], test: tuple[Any, Any], seed: int, channel_axis: Any = "auto"
) -> dict[str, Any]:
    """Measure how close synthetic rows are to the training rows, with test rows as the reference.

    Identifiers, such as customer numbers, are left out: their values differ in every row, real or synthetic, and would
    distort the metrics.

    Parameters
    ----------
    real, synthetic, test : (X, y)
        Tables or images; other samples give no facts.
    seed : int
        Seed of subsampling.
    channel_axis : {"auto", None, 1, -1, 3}
        Channel axis of images.
    """
    if not isinstance(real[0], pd.DataFrame) and np.ndim(real[0]) != 2:
        return _describe_images(real, synthetic, test, seed, channel_axis)
    names = _name_columns(real[0])
    label = names.pop()

    # Bring the three samples to frames with the same column names, the label being one of them.
    frames = []
    for X, y in (real, synthetic, test):
        frame = as_frame(X).copy()
        frame.columns = pd.Index(names)
        frame[label] = np.asarray(y).astype(str)
        frames.append(frame)

    # Leave out identifiers, and measure.
    kept = [name for name in [*names, label] if name == label or not _is_identifier(frames[0][name])]
    trained_on, made, held_out = (frame[kept] for frame in frames)
    facts = {
        "fidelity": fidelity(trained_on, made, held_out, label, stream_seed(seed, "fidelity")),
        "privacy": privacy(trained_on, made, held_out, stream_seed(seed, "privacy")),
    }
    return facts | figures(trained_on, made, label, random_state=_PAIRS_SEED)


def _describe_images(
    real: tuple[Any, Any], synthetic: tuple[Any, Any], test: tuple[Any, Any], seed: int, channel_axis: Any
) -> dict[str, Any]:
    """Measure fidelity and near-copies of images; return {} for other samples."""
    try:
        if not are_images(real[0], channel_axis):
            return {}
    except DataError:
        return {}
    copies = near_copy_share(real[0], synthetic[0], test[0], stream_seed(seed, "privacy"))
    return {
        "fidelity": image_fidelity(real, synthetic, test, stream_seed(seed, "fidelity"), channel_axis),
        "privacy": {"near_copies": asdict(copies), "membership": None},
    }


def _is_identifier(column: pd.Series[Any]) -> bool:
    """Return whether nearly all values of a text column are distinct."""
    present = column.dropna()
    return is_categorical(column) and len(present) >= 20 and present.nunique() > _UNIQUE * len(present)


def _name_columns(X: Any) -> list[str]:
    """Return distinct names for the columns, and one for the label at the end."""
    columns = list(X.columns) if isinstance(X, pd.DataFrame) else [f"x{i}" for i in range(np.shape(X)[1])]
    names: list[str] = []
    for name in [*columns, "label"]:
        text = str(name)
        while text in names:
            text += "_"
        names.append(text)
    return names


def count_fold_rows(fold: Any, y_train: Any, y_test: Any, added: dict[Any, int]) -> dict[str, Any]:
    """Return the numbers of training, test and synthetic rows of a fold."""
    synthetic = {str(label): added.get(label, 0) for label in count_labels(y_train)}
    return {"fold": fold.number, "train": len(y_train), "test": len(y_test), "synthetic": synthetic}
