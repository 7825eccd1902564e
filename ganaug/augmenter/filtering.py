"""Choose the filters and their strengths: as the user asks, or by a held-out score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..filters import FILTERS, Judge, Samples, draw_candidates, sum_log_weights
from ..filters.judge_fitting import JudgeFitter
from ..filters.judges import count_rounds, move_judges
from ..modality import OutOfTime
from ..rng import stream_seed, torch_stream
from .budget import Budget
from .class_order import prior_codes
from .model import Model, get_learner
from .split import Data, score_noise
from .streams import ClassStreams, Source

SCORED = 5000
"""Largest number of synthetic samples behind a held-out score."""

_FEW = {"label_agreement": 1.0}
_MANY = {"density_ratio": 1.0, "label_agreement": 1.0, "marginals": 1.0}  # with rows enough to learn a density from
_SHARPER = {**_MANY, "label_agreement": 2.0}
_TRIALS = 6  # scores for which there has to be time, or else strengths are not compared at all
_TELLING = 200  # held-out rows below which filters cannot be compared, and the default ones are taken


def choose_filters(
    model: Model, data: Data, wanted: Any, seed: int, budget: Budget | None = None
) -> tuple[list[Judge], dict[str, Any]]:
    """Fit the judges and choose their strengths, zero included.

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
        Device and seconds. Where they are limited, classifiers take a share each of what is left, and fewer strengths
        are compared. Filters for which there is no time are left out.

    Returns
    -------
    judges : list of Judge
        Those in use.
    facts : dict
        Their strengths, and the held-out scores of the strengths that were tried.
    """
    by_user = _read_strengths(wanted)
    if by_user == {}:
        return [], {"strengths": {}, "scores": []}
    names = [*model.modality.filters] if by_user is None else list(by_user)
    budget = budget or Budget(model.modality)
    try:
        if by_user is None and budget.left() <= 0:
            raise OutOfTime
        return _choose(model, data, by_user, names, seed, budget)
    except OutOfTime:
        budget.note_lost(f"the filters ({', '.join(_default_strengths(names, data) if by_user is None else names)})")
        return [], {"strengths": {}, "scores": []}


def _choose(
    model: Model, data: Data, by_user: dict[str, float] | None, names: list[str], seed: int, budget: Budget
) -> tuple[list[Judge], dict[str, Any]]:
    # 1. Score combinations of strengths on held-out samples, where there are enough of them
    tried: list[tuple[dict[str, float], float]] = []
    fitter = None
    if by_user is None and len(data.held_codes) >= _TELLING and not budget.is_limited and budget.fits(_TRIALS):
        fitter = _fit_judges(model, data.x, data.codes, names, seed, budget)
        tried = _try_in_time(_score_strengths(model, data, fitter, seed, budget), budget)

    # 2. Choose the strengths
    strengths = by_user
    if strengths is None:
        strengths = _choose_strengths(tried, _default_strengths(names, data), len(data.held_codes))

    # 3. Fit to all samples: held-out ones that decided nothing train the judges, and corrections are still to be fitted
    x, codes = torch.cat([data.x, data.held_x]), torch.cat([data.codes, data.held_codes])
    if fitter is None:
        fitter = _fit_judges(model, x, codes, list(strengths), seed, budget)
    elif any(FILTERS[name].corrects for name in strengths):
        fitter = replace(fitter, real=Samples(model.encoder.features(x), codes))
    if by_user is None and budget.left() <= 0:  # corrections are left out
        strengths = {name: strength for name, strength in strengths.items() if not FILTERS[name].corrects}
    used = move_judges(fitter.judges(strengths), "cpu")
    facts = {"strengths": {judge.name: judge.strength for judge in used}}
    return used, facts | {"scores": [[s, round(v, 5)] for s, v in tried]}


def _try_in_time(
    trials: Iterator[tuple[dict[str, float], float]], budget: Budget
) -> list[tuple[dict[str, float], float]]:
    """Return the trials for which there is time: after each, what is left has to be twice what it took."""
    tried = list[tuple[dict[str, float], float]]()
    while budget.fits(2):
        began = budget.left()
        trial = next(trials, None)
        if trial is None:
            break
        tried.append(trial)
        if budget.seconds is not None:
            budget.score_seconds = max(budget.score_seconds, began - budget.left())
    return tried


def _fit_judges(model: Model, x: Tensor, codes: Tensor, names: Sequence[str], seed: int, budget: Budget) -> JudgeFitter:
    """Fit the named judges to encoded real samples and to candidates of the model."""
    real = Samples(model.encoder.features(x), codes)
    source = model.source()

    def make_candidates(n: int, seed: int) -> Samples:
        return draw_samples(source, model.prior, seed, n)

    learner = budget.limit_learner(get_learner(model.modality), len(names) * count_rounds(len(codes)))
    return JudgeFitter.fit(real, make_candidates, names, learner, model.modality.oversampling, seed)


def _default_strengths(names: Sequence[str], data: Data) -> dict[str, float]:
    return _MANY if set(_MANY) <= set(names) and len(data.held_codes) >= _TELLING else _FEW


def _choose_strengths(
    tried: Sequence[tuple[dict[str, float], float]], default: dict[str, float], n_held_out: int
) -> dict[str, float]:
    """Return the strengths with the best score, or the default ones unless the best beat them by more than noise."""
    if tried and default not in [strengths for strengths, _ in tried]:
        return default  # the time was up before
    default_score = next((score for strengths, score in tried if strengths == default), -np.inf)
    best, score = max(tried, key=lambda pair: pair[1], default=(default, -np.inf))  # of equals the first: the weakest
    return best if score > default_score + score_noise(n_held_out) else default


def _score_strengths(
    model: Model, data: Data, fitter: JudgeFitter, seed: int, budget: Budget
) -> Iterator[tuple[dict[str, float], float]]:
    """Yield combinations of strengths and the held-out score of the samples that they keep of one set of candidates."""
    # 1. One set of candidates for all combinations
    held = model.encoder.features(data.held_x), data.held_codes
    keep_one_in = model.modality.oversampling
    n = keep_one_in * int(np.clip(len(data.x), 1000, SCORED))
    pool = draw_samples(model.source(), model.prior, stream_seed(seed, "pool"), n)

    # 2. For each combination: weigh, draw, score
    for strengths in _make_grid(model.modality.filters):
        weights = sum_log_weights(fitter.judges(strengths), pool)
        kept = _draw_by_class(pool.codes, weights, keep_one_in, torch_stream(seed, "draw"))
        chosen = pool.rows(kept)
        score = budget.score(held, (chosen.features, chosen.codes), stream_seed(seed, "folds"))
        yield strengths, score


def _draw_by_class(codes: Tensor, weights: Tensor, keep_one_in: int, rng: torch.Generator) -> Tensor:
    """Return the positions of candidates drawn by weight, one in `keep_one_in` of each class."""
    kept = []
    for code in torch.unique(codes):
        rows = torch.nonzero(codes == code).squeeze(1)
        kept.append(rows[draw_candidates(weights[rows], max(1, len(rows) // keep_one_in), rng)])
    return torch.cat(kept)


def _read_strengths(wanted: Any) -> dict[str, float] | None:
    """Return the strengths that the user gave, or None for "auto"."""
    if isinstance(wanted, str):
        return None if wanted == "auto" else {wanted: 1.0}
    if wanted is None:
        return {}
    if isinstance(wanted, Mapping):
        return {name: float(strength) for name, strength in wanted.items()}
    return dict.fromkeys(wanted, 1.0)


def _make_grid(names: Sequence[str]) -> list[dict[str, float]]:
    """Return the strengths to try, weakest first: none, each judge alone at two strengths, and all together."""
    alone = [name for name in names if not FILTERS[name].corrects]
    grid: list[dict[str, float]] = [{}]
    grid += [{name: strength} for strength in (0.5, 1.0) for name in alone]
    if len(names) > 1:
        grid.append(dict.fromkeys(names, 1.0))
    if set(_SHARPER) <= set(names):
        grid.append(_SHARPER)
    return grid


def draw_samples(source: Source, prior: Sequence[float], seed: int, n: int) -> Samples:
    """Return `n` generated samples with the class shares of `prior`, as judges see them."""
    codes = prior_codes(prior, 0, n, seed)
    return Samples(source.features(ClassStreams(source, seed).take(codes)), torch.from_numpy(codes))
