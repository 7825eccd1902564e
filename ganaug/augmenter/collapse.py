"""Find classes whose synthetic samples are all alike, and warn of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from ..errors import CollapseWarning
from ..metrics import COLLAPSED, diversity
from .split import Data
from .streams import ClassStreams, Source

_ROWS = 200
_MIN_ROWS = 5
_MIN_ROWS_TO_REVIVE = 20  # fewer rows can be alike by chance


def measure_diversity(source: Source, data: Data, seed: int) -> dict[int, float]:
    """Return the diversity of the synthetic samples of each class, relative to the real ones.

    Parameters
    ----------
    source : Source
        Source of synthetic samples.
    data : Data
        Training samples; classes of fewer than five are left out.
    seed : int
        Seed of the synthetic samples.

    Returns
    -------
    dict of int to float
        Diversity by class code; see `ganaug.metrics.diversity`.
    """
    streams = ClassStreams(source, seed)
    found = {}
    for code in range(len(data.prior)):
        rows = torch.nonzero(data.codes == code).squeeze(1)[:_ROWS]
        if len(rows) >= _MIN_ROWS:
            made = streams.take(np.full(len(rows), code))
            if not made.is_floating_point():  # packed
                made = data.expand(made)
            found[code] = round(diversity(data.expand(data.x[rows]), made), 4)
    return found


def find_collapsed_classes(source: Source, data: Data, seed: int) -> list[int]:
    """Return the codes of classes that have collapsed, among those of twenty samples or more."""
    enough = [code for code in range(len(data.prior)) if int((data.codes == code).sum()) >= _MIN_ROWS_TO_REVIVE]
    found = measure_diversity(source, data, seed) if enough else {}
    return [code for code in enough if found[code] < COLLAPSED]


def warn_of_collapse(found: dict[int, float], labels: Sequence[object]) -> None:
    """Warn of the classes that have collapsed; `labels` holds their names."""
    collapsed = [str(labels[code]) for code, value in found.items() if value < COLLAPSED]
    if collapsed:
        warnings.warn(
            f"The synthetic samples of class {', '.join(map(repr, collapsed))} vary far less than its real ones "
            f"(diversity below {COLLAPSED}); the generator has collapsed there. Train longer (max_steps), take the "
            "loss 'relativistic', or leave the class out of sampling_strategy.",
            CollapseWarning,
            stacklevel=4,
        )
