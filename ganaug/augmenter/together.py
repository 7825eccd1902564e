"""Check that the processes of a group train the same model: same options, packages, seed and data."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from typing import Any

from ..training import Group
from .options import to_json
from .split import Data

_CURE = "Give the same samples in the same order, and the same options, to all of them."


def agree_on_seed(group: Group, seed: int, params: Mapping[str, Any]) -> int:
    """Return the seed of the first process.

    Parameters
    ----------
    group : Group
        The processes that train together.
    seed : int
        Seed of this process. Without a `random_state` each has its own.
    params : mapping
        All options of the augmenter.

    Raises
    ------
    TrainingError
        The processes have other options or packages.
    """
    options = to_json(params) | {"resume": params["resume"], "checkpoint_path": params["checkpoint_path"] is not None}
    if params["random_state"] is not None:
        options["random_state"] = seed
    facts = {f"the option {name}": repr(value) for name, value in options.items()}
    facts |= {f"the version of {name}": importlib.metadata.version(name) for name in ("ganaug", "torch")}
    group.check_alike(facts, _CURE)
    return group.decide(lambda: seed)


def check_same_data(group: Group, data: Data) -> None:
    """Raise TrainingError if the processes have other data."""
    if group.size == 1:
        return
    content = hashlib.sha256()
    for tensor in data.all_tensors():
        content.update(tensor.contiguous().view(-1).numpy().data)
    group.check_alike({"the data": f"of digest {content.hexdigest()[:12]}"}, _CURE)
