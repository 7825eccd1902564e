"""Fit the judges of a generator to real samples and candidates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..modality import Learner
from ..rng import stream_seed
from .judges import FILTERS, Candidates, Judge, Samples, set_strengths, sum_log_weights

_CANDIDATES = 4  # for each real row: they are cheap, and few would teach the judges their chance patterns
_MOST_CANDIDATES = 80_000
_FEW_TO_CORRECT = 250  # rows of a class below which corrections leave label agreement alone


def fit_judges(
    real: Samples,
    make_candidates: Callable[[int, int], Samples],
    strengths: Mapping[str, float],
    learner: Learner,
    keep_one_in: int,
    seed: int,
    in_time: Callable[[], bool] = lambda: True,
) -> list[Judge]:
    """Fit the named judges, and last of all those that correct the others.

    Parameters
    ----------
    real : Samples
        Real samples.
    make_candidates : callable
        ``make_candidates(n, seed) -> Samples``, generated samples with the class shares of the real ones.
    strengths : mapping of str to float
        Strength of each judge, a key of `FILTERS`; those of strength 0 are not fitted.
    learner : Learner
        Trains the classifiers.
    keep_one_in : int
        Candidates for each sample that is kept.
    seed : int
        Seed of all randomness.
    in_time : callable, optional
        ``in_time() -> bool``, whether there is time left for corrections.
    """
    # 1. The judges that do not depend on others
    names = [name for name in FILTERS if strengths.get(name, 0.0) > 0]
    first = [name for name in names if not FILTERS[name].corrects]
    seen = make_candidates(_count_candidates(first, len(real.codes)), stream_seed(seed, "judges"))
    fitted = [FILTERS[name].fit(real, seen, stream_seed(seed, name), learner) for name in first]
    used = set_strengths([judge for judge in fitted if judge is not None], strengths)

    # 2. Those that correct them, fitted to candidates that no judge has seen, as weighted by the others
    corrections = [name for name in names if FILTERS[name].corrects] if in_time() else []
    unseen = make_candidates(_count_candidates(corrections, len(real.codes)), stream_seed(seed, "corrections"))
    for name in corrections:
        weighted = Candidates(unseen.features, unseen.codes, _weigh_to_correct(used, real, unseen), keep_one_in)
        correction = FILTERS[name].fit(real, weighted, stream_seed(seed, name), learner)
        used += set_strengths([] if correction is None else [correction], strengths)
    return used


def _weigh_to_correct(judges: Sequence[Judge], real: Samples, candidates: Samples) -> Tensor:
    """Return the log-weights whose effect on columns is corrected, shape (n,): of realism alone in classes of few rows.

    A column of few rows is known too roughly for a correction to undo what label agreement has done to it.
    """
    realism = [judge for judge in judges if FILTERS[judge.name].compares]
    few = torch.bincount(real.codes, minlength=int(candidates.codes.max()) + 1)[candidates.codes] < _FEW_TO_CORRECT
    return torch.where(few, sum_log_weights(realism, candidates), sum_log_weights(judges, candidates))


def _count_candidates(names: Collection[str], n_real: int) -> int:
    """Return how many candidates to generate; none if no named judge looks at candidates."""
    if not any(FILTERS[name].compares for name in names):
        return 0
    return int(np.clip(_CANDIDATES * n_real, 1000, _MOST_CANDIDATES))
