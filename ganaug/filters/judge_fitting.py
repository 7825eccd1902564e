"""Fit the judges of a generator to real samples and candidates, and set their strengths."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..modality import Learner
from ..rng import stream_seed
from .judges import FILTERS, Candidates, Judge, Samples, set_strengths, sum_log_weights

_CANDIDATES = 4  # for each real row: they are cheap, and few would teach the judges their chance patterns
_MOST_CANDIDATES = 80_000


@dataclass(frozen=True)
class JudgeFitter:
    """Judges fitted at full strength, and the samples to which a correction is fitted after them.

    Attributes
    ----------
    real : Samples
        Real samples.
    candidates : Samples
        Generated samples that no judge was fitted to.
    fitted : list of Judge
        The judges that do not depend on the strengths of others.
    learner : Learner
        Trains the classifiers.
    keep_one_in : int
        Candidates for each sample that is kept.
    seed : int
        Seed of all randomness.
    """

    real: Samples
    candidates: Samples
    fitted: list[Judge]
    learner: Learner
    keep_one_in: int
    seed: int

    @classmethod
    def fit(
        cls,
        real: Samples,
        make_candidates: Callable[[int, int], Samples],
        names: Collection[str],
        learner: Learner,
        keep_one_in: int,
        seed: int,
    ) -> JudgeFitter:
        """Fit the named judges that do not correct others.

        Parameters
        ----------
        real : Samples
            Real samples.
        make_candidates : callable
            ``make_candidates(n, seed) -> Samples``, generated samples with the class shares of the real ones.
        names : collection of str
            Keys of `FILTERS`; those that correct others are fitted by `judges`.
        learner, keep_one_in, seed
            See the attributes.
        """
        # 1. The judges that do not depend on others, and those that correct them
        first = [name for name in FILTERS if name in names and not FILTERS[name].corrects]
        corrections = set(names) - set(first)

        # 2. Candidates: one set for the judges, another one for the corrections
        n_real = len(real.codes)
        seen = make_candidates(_count_candidates(first, n_real), stream_seed(seed, "judges"))
        unseen = make_candidates(_count_candidates(corrections, n_real), stream_seed(seed, "corrections"))

        # 3. The fit
        fitted = [FILTERS[name].fit(real, seen, stream_seed(seed, name), learner) for name in first]
        return cls(real, unseen, [judge for judge in fitted if judge is not None], learner, keep_one_in, seed)

    def judges(self, strengths: Mapping[str, float]) -> list[Judge]:
        """Return the judges at the given strengths, and fit those that correct the others."""
        used = set_strengths(self.fitted, strengths)
        for name in FILTERS:
            if FILTERS[name].corrects and strengths.get(name, 0.0) > 0:
                correction = self._fit_correction(name, used)
                if correction is not None:
                    used += set_strengths([correction], strengths)
        return used

    def _fit_correction(self, name: str, others: Sequence[Judge]) -> Judge | None:
        """Fit the judge `name` to the candidates as weighted by `others`."""
        weights = sum_log_weights(others, self.candidates)
        weighted = Candidates(self.candidates.features, self.candidates.codes, weights, self.keep_one_in)
        return FILTERS[name].fit(self.real, weighted, stream_seed(self.seed, name), self.learner)


def _count_candidates(names: Collection[str], n_real: int) -> int:
    """Return how many candidates to generate; none if no named judge looks at candidates."""
    if not any(FILTERS[name].compares for name in names):
        return 0
    return int(np.clip(_CANDIDATES * n_real, 1000, _MOST_CANDIDATES))
