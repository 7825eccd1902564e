"""Define the options of GANAugmenter: their rules, the kinds of data they apply to, and their JSON."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.checks import check_samples, refuse_foreign, refuse_parts
from ..errors import DataError, ParameterError
from ..filters import FILTERS
from ..image import AUGMENTATIONS, IMAGE, PAIRS
from ..losses import LOSSES, Loss
from ..modality import Modality
from ..params import Rule, choice, either, function, instance, integer, real
from ..table import TABLE
from ..training import OPTIMIZERS

MODALITIES: dict[str, Modality] = {modality.name: modality for modality in (IMAGE, TABLE)}
"""Modalities by name."""

OPTIONS = tuple(option for modality in MODALITIES.values() for option in modality.options)
"""Options of `GANAugmenter` that are passed on to an encoder."""

EFFORTS = {"fast": 0.5, "balanced": 1.0, "best": 4.0}
"""Factors of the default number of training steps, by name."""

_AUTO = choice("auto")
_TEXT_OR_PATH = Rule("a path", lambda v: isinstance(v, str | os.PathLike) and bool(os.fspath(v)))
_NONE = choice(None)
_OF_ONE_RUN = ("checkpoint_path", "resume", "preview_path", "device", "distributed", "verbose", *OPTIONS, "modality")
RULES: dict[str, Rule] = {
    "modality": either(_AUTO, choice(*MODALITIES), instance("a Modality", Modality)),
    "categorical_features": either(_AUTO, instance("a sequence of columns", list, tuple, np.ndarray)),
    "column_kinds": either(_NONE, instance("a mapping of column to kind", Mapping)),
    "max_rows": integer(1000),
    "relations": choice(False, True),
    "channel_axis": either(_AUTO, choice(1, 3, -1, None)),
    "architecture": either(_AUTO, choice(*PAIRS)),
    "augmentation": either(
        _AUTO,
        choice(*AUGMENTATIONS),
        Rule("a sequence of such names", lambda v: _are_names(v, AUGMENTATIONS)),
        _NONE,
    ),
    "loss": either(choice(*LOSSES), instance("a Loss", Loss)),
    "optimizer": either(choice(*OPTIMIZERS), function("a function (parameters, lr) -> torch.optim.Optimizer")),
    "learning_rate": either(_AUTO, real(0.0, 1.0)),
    "batch_size": either(_AUTO, integer(2)),
    "effort": choice(*EFFORTS),
    "max_steps": either(_AUTO, integer(1)),
    "max_seconds": either(_NONE, real(0.0)),
    "patience": integer(1),
    "latent_dim": integer(1, 4096),
    "latent_scale": real(0.0, 10.0),
    "width": either(_AUTO, integer(1, 8192)),
    "filters": either(
        _AUTO,
        choice(*FILTERS),
        Rule("a sequence of such names", lambda v: _are_names(v, FILTERS)),
        Rule("a mapping of such names to strengths from 0 to 10", lambda v: _are_strengths(v)),
        _NONE,
    ),
    "sampling_strategy": either(
        choice("auto", "minority", "not minority", "not majority", "all"),
        real(0.0, 1.0),
        instance("a mapping of class to number of samples", Mapping),
        function("a function of y that returns one"),
    ),
    "skip_rare": choice(False, True),
    "device": Rule("'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'", lambda v: isinstance(v, str) and _is_device(v)),
    "distributed": choice(False, True),
    "precision": choice("auto", "float32", "bfloat16"),
    "checkpoint_path": either(_NONE, _TEXT_OR_PATH),
    "resume": choice(False, True),
    "preview_path": either(_NONE, _TEXT_OR_PATH),
    "random_state": either(
        _NONE,
        integer(0, 2**63 - 1),
        instance("a numpy RandomState or Generator", np.random.RandomState, np.random.Generator),
    ),
    "verbose": either(integer(0), choice(False, True)),
}


@dataclass(frozen=True)
class Options:
    """Options of the user; "auto" and None leave the choice to the data.

    Attributes are those of `GANAugmenter`, under the same names.
    """

    loss: str | Loss
    optimizer: Any
    learning_rate: float | str
    batch_size: int | str
    effort: str
    max_steps: int | str
    max_seconds: float | None
    patience: int
    latent_dim: int
    width: int | str
    architecture: str
    augmentation: Any
    filters: Any
    skip_rare: bool
    device: str
    distributed: bool
    precision: str
    checkpoint_path: Any
    resume: bool
    preview_path: Any
    verbose: int


def check_applies(modality: Modality, params: Mapping[str, Any]) -> None:
    """Raise ParameterError for options that do not apply to a kind of data.

    Parameters
    ----------
    modality : Modality
        The kind of data.
    params : mapping
        All options of the augmenter.
    """
    filters, augmentation = params["filters"], params["augmentation"]
    named = [filters] if isinstance(filters, str) else list(filters or ())
    faults = [
        f"The {name!r} parameter does not apply to {modality.name} data; leave it out. Got {params[name]!r}."
        for name in OPTIONS
        if name not in modality.options and not _is_open(params[name])
    ]
    faults += [
        f"The 'filters' parameter must be of {', '.join(map(repr, modality.filters))} for {modality.name} data. Got "
        f"{name!r} instead."
        for name in named
        if name != "auto" and name not in modality.filters
    ]
    changes = {augmentation} if isinstance(augmentation, str) else set(augmentation or ())
    if not _is_open(augmentation) and not changes <= set(modality.augmentations):
        faults.append(f"The 'augmentation' parameter does not apply to {modality.name} data. Got {augmentation!r}.")
    if params["architecture"] != "auto" and params["architecture"] not in modality.architectures:
        faults.append(
            f"The 'architecture' parameter does not apply to {modality.name} data. Got {params['architecture']!r}."
        )
    if params["preview_path"] is not None and modality.pictures is None:
        faults.append(f"preview_path needs samples that are pictures, and {modality.name} data are not; leave it out.")
    if faults:
        raise ParameterError("\n".join(faults))


def _is_open(value: Any) -> bool:
    return value is None or value is True or (isinstance(value, str) and value == "auto")  # an array has no one answer


def _are_names(value: Any, known: Iterable[str]) -> bool:
    return isinstance(value, list | tuple) and set(value) <= set(known)


def _is_device(name: str) -> bool:
    kind, _, number = name.partition(":")
    return name in ("auto", "cpu", "cuda", "mps") or (kind == "cuda" and number.isdigit())


def _are_strengths(value: Any) -> bool:
    if not isinstance(value, Mapping) or not set(value) <= set(FILTERS):
        return False
    return all(isinstance(s, int | float) and not isinstance(s, bool) and 0 <= s <= 10 for s in value.values())


def to_json(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as plain JSON, without those that are code or concern one run only."""
    kept = {}
    for name, value in params.items():
        if name not in _OF_ONE_RUN:
            plain = _to_plain(value)
            if plain is not None or value is None:
                kept[name] = plain
    return kept


def from_json(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `to_json`; refuse options of one run, such as paths that a fit would write to."""
    if refused := sorted(params.keys() & set(_OF_ONE_RUN)):
        raise ValueError(f"{refused[0]!r} is an option of one run, which no file holds")
    return {name: dict(value["pairs"]) if isinstance(value, dict) else value for name, value in params.items()}


def _to_plain(value: Any) -> Any:
    """Return `value` as JSON, a mapping as its pairs; None if that is not possible."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, Mapping):
        pairs = [[_to_plain(key), _to_plain(entry)] for key, entry in value.items()]
        return None if any(None in pair for pair in pairs) else {"pairs": pairs}
    if isinstance(value, list | tuple):
        return None if any(_to_plain(entry) is None for entry in value) else [_to_plain(entry) for entry in value]
    return value if isinstance(value, str | int | float | bool) else None


def find_modality(wanted: str | Modality, X: Any, y: Any, has_fields: bool = False) -> Modality:
    """Return the modality `wanted`, or for "auto" the first that accepts `X`.

    Where the user names fields of items, `X` is a data set of images, whatever its items look like.

    Raises
    ------
    DataError
        No modality accepts `X`, or it is a table of another library that Arrow does not reach.
    """
    refuse_parts(X)
    if wanted == "auto" and has_fields:
        return IMAGE
    refuse_foreign("X", X)
    if isinstance(wanted, Modality):
        return wanted
    if wanted != "auto":
        return MODALITIES[wanted]
    for modality in MODALITIES.values():
        if modality.accepts(X):
            return modality
    check_samples(X, y)
    raise DataError(
        f"X is of no kind that ganaug knows ({', '.join(MODALITIES)}); it is a {type(X).__name__}. Give a frame or a "
        "two-dimensional array; or images as an array of shape (n, h, w), (n, h, w, c) or (n, c, h, w), a Dataset, or "
        "the path of a folder with one sub-folder per class."
    )
