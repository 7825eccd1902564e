"""Classes whose synthetic samples are all alike: seen during training, and told of afterwards."""

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
_MIN_ROWS_TO_REVIVE = 20  # of fewer, chance alone has some that are alike


def measure_diversity(source: Source, data: Data, seed: int) -> dict[int, float]:
    """Return how varied the synthetic samples of each class are, as a share of how varied real ones are.

    Parameters
    ----------
    source : Source
        Where they come from.
    data : Data
        Training samples; classes of fewer than five are left out.
    seed : int
        Decides which are compared.

    Returns
    -------
    dict of int to float
        By class code.
    """
    streams = ClassStreams(source, seed)
    found = {}
    for code in range(len(data.prior)):
        rows = torch.nonzero(data.codes == code).squeeze(1)[:_ROWS]
        if len(rows) >= _MIN_ROWS:
            made = streams.take(np.full(len(rows), code))
            made = made if made.is_floating_point() else data.expand(made)  # which is how they were packed
            found[code] = round(diversity(data.expand(data.x[rows]), made), 4)
    return found


def find_collapsed_classes(source: Source, data: Data, seed: int) -> list[int]:
    """Return the codes of classes that have collapsed, of those with samples enough to say so."""
    enough = [code for code in range(len(data.prior)) if int((data.codes == code).sum()) >= _MIN_ROWS_TO_REVIVE]
    found = measure_diversity(source, data, seed) if enough else {}
    return [code for code in enough if found[code] < COLLAPSED]


def warn_of_collapse(found: dict[int, float], labels: Sequence[object]) -> None:
    """Warn of the classes that have collapsed, by name."""
    collapsed = [str(labels[code]) for code, value in found.items() if value < COLLAPSED]
    if collapsed:
        warnings.warn(
            f"The synthetic samples of class {', '.join(map(repr, collapsed))} vary far less than its real ones "
            f"(diversity below {COLLAPSED}); the generator has collapsed there. Train longer (max_steps), take the "
            "loss 'relativistic', or leave the class out of sampling_strategy.",
            CollapseWarning,
            stacklevel=4,
        )
