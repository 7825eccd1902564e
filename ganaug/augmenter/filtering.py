"""Which judges weigh candidates, and how strongly: what the user said, or what held-out samples find better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..filters import FILTERS, Candidates, Judge, Samples, draw_candidates, set_strengths, sum_log_weights
from ..rng import stream_seed, torch_stream
from .model import Model, get_learner
from .split import Data, score_noise
from .streams import ClassStreams, Source, prior_codes

SCORED = 5000
"""Most synthetic samples behind a held-out score."""

_FEW = {"label_agreement": 1.0}
_MANY = {"density_ratio": 1.0, "label_agreement": 0.5, "marginals": 1.0}  # with rows enough to learn a density from
_TELLING = 200  # fewer held-out rows cannot tell filters apart, and the usual ones are taken
_CANDIDATES = 4  # for each real row: they are cheap, and chance among them would be mended into the samples
_MOST_CANDIDATES = 80_000


def choose_filters(model: Model, data: Data, wanted: Any, seed: int) -> tuple[list[Judge], dict[str, Any]]:
    """Fit the judges and decide their strengths: as the user said, or by the held-out score, zero included.

    Parameters
    ----------
    model : Model
        With a trained generator, and without judges.
    data : Data
        What it was trained on, and what was held out.
    wanted : str, sequence, mapping or None
        See `GANAugmenter.filters`.
    seed : int
        Decides everything.

    Returns
    -------
    judges : list of Judge
        Those in use.
    facts : dict
        Strengths, and the held-out scores of what was tried.
    """
    by_user = _read_strengths(wanted)
    if by_user == {}:
        return [], {"strengths": {}, "scores": []}
    names = [*model.modality.filters] if by_user is None else list(by_user)
    tried = list[tuple[dict[str, float], float]]()
    evidence = None
    if by_user is None and len(data.held_codes) >= _TELLING:
        evidence = _Evidence.of(model, data.x, data.codes, names, seed)
        tried = list(_score_strengths(model, data, evidence, seed))
    strengths = (
        _choose_strengths(tried, _default_strengths(names, data), len(data.held_codes)) if by_user is None else by_user
    )
    everything = torch.cat([data.x, data.held_x]), torch.cat([data.codes, data.held_codes])
    if evidence is None:  # rows that were held out, and have nothing to decide here, may teach
        evidence = _Evidence.of(model, *everything, list(strengths), seed)
    elif any(FILTERS[name].corrects for name in strengths):  # those are still to be fitted, to the strengths chosen
        evidence = replace(evidence, real=Samples(model.encoder.features(everything[0]), everything[1]))
    used = evidence.judges(strengths)
    facts = {"strengths": {judge.name: judge.strength for judge in used}}
    return used, facts | {"scores": [[s, round(v, 5)] for s, v in tried]}


@dataclass(frozen=True)
class _Evidence:
    """Real samples, judges of full strength that were fitted to them, and candidates that these did not see."""

    model: Model
    real: Samples
    candidates: Samples
    fitted: list[Judge]
    seed: int

    @classmethod
    def of(cls, model: Model, x: Tensor, codes: Tensor, names: Sequence[str], seed: int) -> _Evidence:
        real = Samples(model.encoder.features(x), codes)
        first = [name for name in FILTERS if name in names and not FILTERS[name].corrects]
        seen, unseen = (
            _candidates(model, len(codes), any(FILTERS[name].compares for name in some), stream_seed(seed, purpose))
            for some, purpose in ((first, "judges"), (set(names) - set(first), "corrections"))
        )
        learner = get_learner(model.modality)
        fitted = [FILTERS[name].fit(real, seen, stream_seed(seed, name), learner) for name in first]
        return cls(model, real, unseen, [judge for judge in fitted if judge is not None], seed)

    def judges(self, strengths: Mapping[str, float]) -> list[Judge]:
        """Return the judges at these strengths, with those that correct what the others leave."""
        used = set_strengths(self.fitted, strengths)
        for name in FILTERS:
            if FILTERS[name].corrects and strengths.get(name, 0.0) > 0:
                correction = self._correction(name, used)
                used += [] if correction is None else set_strengths([correction], strengths)
        return used

    def _correction(self, name: str, others: Sequence[Judge]) -> Judge | None:
        features, codes = self.candidates.features, self.candidates.codes
        weighed = Candidates(
            features, codes, sum_log_weights(others, self.candidates), self.model.modality.oversampling
        )
        return FILTERS[name].fit(self.real, weighed, stream_seed(self.seed, name), get_learner(self.model.modality))


def _candidates(model: Model, n_real: int, wanted: bool, seed: int) -> Samples:
    n = int(np.clip(_CANDIDATES * n_real, 1000, _MOST_CANDIDATES)) if wanted else 0
    return draw_samples(model.source(), model.prior, seed, n)


def _default_strengths(names: Sequence[str], data: Data) -> dict[str, float]:
    return _MANY if set(_MANY) <= set(names) and len(data.held_codes) >= _TELLING else _FEW


def _choose_strengths(
    tried: Sequence[tuple[dict[str, float], float]], default: dict[str, float], n_held_out: int
) -> dict[str, float]:
    """Return the strengths that won clearly, or the usual ones."""
    mark = next((score for strengths, score in tried if strengths == default), -np.inf)
    best, score = max(
        tried, key=lambda pair: pair[1], default=(default, -np.inf)
    )  # of equals the first, so the weakest
    return best if score > mark + score_noise(n_held_out) else default


def _score_strengths(
    model: Model, data: Data, evidence: _Evidence, seed: int
) -> Iterator[tuple[dict[str, float], float]]:
    """Yield strengths, and how good the held-out rows find what they let through of one set of candidates."""
    held = model.encoder.features(data.held_x), data.held_codes
    keep_one_in = model.modality.oversampling
    n = keep_one_in * int(np.clip(len(data.x), 1000, SCORED))
    pool = draw_samples(model.source(), model.prior, stream_seed(seed, "pool"), n)
    for strengths in _make_grid(model.modality.filters):
        weights = sum_log_weights(evidence.judges(strengths), pool)
        kept = _draw_by_class(pool.codes, weights, keep_one_in, torch_stream(seed, "draw"))
        chosen = pool.rows(kept)
        score = model.modality.score(held, (chosen.features, chosen.codes), stream_seed(seed, "folds"))
        yield strengths, score


def _draw_by_class(codes: Tensor, weights: Tensor, keep_one_in: int, rng: torch.Generator) -> Tensor:
    """Return the rows that survive when each class keeps one in so many."""
    kept = []
    for code in torch.unique(codes):
        rows = torch.nonzero(codes == code).squeeze(1)
        kept.append(rows[draw_candidates(weights[rows], max(1, len(rows) // keep_one_in), rng)])
    return torch.cat(kept)


def _read_strengths(wanted: Any) -> dict[str, float] | None:
    """Return the strengths that the user gave; None leaves them to the held-out rows."""
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
        grid += [*([_MANY] if set(_MANY) <= set(names) else []), dict.fromkeys(names, 1.0)]
    return grid


def draw_samples(source: Source, prior: Sequence[float], seed: int, n: int) -> Samples:
    """Return `n` samples with the classes of `prior`, as judges see them."""
    codes = prior_codes(prior, 0, n, seed)
    return Samples(source.features(ClassStreams(source, seed).take(codes)), torch.from_numpy(codes))
