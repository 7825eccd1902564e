"""Fit the filters that the user asks for, or the usual ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ..filters import Judge, Samples
from ..filters.judge_fitting import fit_judges
from ..filters.judges import count_rounds, move_judges
from ..modality import FEW_ROWS, OutOfTime
from .budget import Budget
from .class_order import prior_codes
from .model import Model, get_learner
from .split import Data
from .streams import ClassStreams, Source

SCORED = 5000
"""Largest number of synthetic samples behind a held-out score."""

_FEW = {"label_agreement": 1.0}
_MANY = {"density_ratio": 1.0, "label_agreement": 1.0, "marginals": 1.0}  # with rows enough to learn a density from


def fit_filters(
    model: Model, data: Data, wanted: Any, seed: int, budget: Budget | None = None
) -> tuple[list[Judge], dict[str, Any]]:
    """Fit the judges to all samples, held-out ones included.

    Parameters
    ----------
    model : Model
        With a trained generator, and without judges.
    data : Data
        Training and held-out samples.
    wanted : str, sequence, mapping or None
        See `GANAugmenter.filters`.
    seed : int
        Seed of all randomness in this call.
    budget : Budget, optional
        Device and seconds. Where they are limited, classifiers take a share each of what is left. Filters for which
        there is no time are left out, unless the user asks for them.

    Returns
    -------
    judges : list of Judge
        Those in use.
    facts : dict
        Their strengths.
    """
    # 1. Strengths: those of the user, or the usual ones
    by_user = _read_strengths(wanted)
    budget = budget or Budget(model.modality)
    strengths = _find_usual_strengths(model, data) if by_user is None else by_user
    if not strengths:
        return [], {"strengths": {}}

    # 2. Judges; corrections, which come last, are left out where the time is up
    try:
        if by_user is None and budget.left() <= 0:
            raise OutOfTime
        used = _fit_judges(model, data, strengths, seed, budget, lambda: by_user is not None or budget.left() > 0)
    except OutOfTime:
        budget.note_lost(f"the filters ({', '.join(strengths)})")
        return [], {"strengths": {}}
    return used, {"strengths": {judge.name: judge.strength for judge in used}}


def _fit_judges(
    model: Model,
    data: Data,
    strengths: Mapping[str, float],
    seed: int,
    budget: Budget,
    in_time: Callable[[], bool],
) -> list[Judge]:
    """Fit judges to encoded real samples and to candidates of the model."""
    codes = torch.cat([data.codes, data.held_codes])
    real = Samples(model.encoder.features(torch.cat([data.x, data.held_x])), codes)
    source, modality = model.source(), model.modality

    def make_candidates(n: int, seed: int) -> Samples:
        return draw_samples(source, model.prior, seed, n)

    learner = budget.limit_learner(get_learner(modality), len(strengths) * count_rounds(len(codes)))
    found = fit_judges(real, make_candidates, strengths, learner, modality.oversampling, seed, in_time)
    return move_judges(found, "cpu")


def _find_usual_strengths(model: Model, data: Data) -> dict[str, float]:
    """Return the strengths that are usual for a table of so many rows, or for images."""
    many = len(data.codes) + len(data.held_codes) >= FEW_ROWS and set(_MANY) <= set(model.modality.filters)
    return _MANY if many else _FEW


def _read_strengths(wanted: Any) -> dict[str, float] | None:
    """Return the strengths that the user gave, or None for "auto"."""
    if isinstance(wanted, str):
        return None if wanted == "auto" else {wanted: 1.0}
    if wanted is None:
        return {}
    if isinstance(wanted, Mapping):
        return {name: float(strength) for name, strength in wanted.items()}
    return dict.fromkeys(wanted, 1.0)


def draw_samples(source: Source, prior: Sequence[float], seed: int, n: int) -> Samples:
    """Return `n` generated samples with the class shares of `prior`, as judges see them."""
    codes = prior_codes(prior, 0, n, seed)
    return Samples(source.features(ClassStreams(source, seed).take(codes)), torch.from_numpy(codes))
