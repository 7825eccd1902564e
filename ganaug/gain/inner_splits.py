"""Score shares of synthetic rows on inner splits, as independent pieces of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from joblib import delayed, effective_n_jobs
from numpy.typing import NDArray

from ..jobs import run_jobs
from ..rng import stream_seed
from .choosing import Candidate, InnerScore, score_candidate
from .classifiers import clone_with_seed
from .runs import keep_off_gpu
from .scorers import Scorer
from .synthetic import allocate_rows, append_synthetic_rows, count_for_share, to_label_array


@dataclass(frozen=True)
class InnerSplit:
    """Rows of one inner split, and what is fitted to them.

    Attributes
    ----------
    augmenter : sampler
        It is cloned.
    train : (X, y)
        Real rows to train on.
    labels : ndarray of shape (n,)
        Their plain labels.
    held : (X, labels)
        Held-out real rows.
    classifiers : mapping of name to estimator
        Classifiers; their scores are averaged.
    scorer : callable
        ``f(classifier, X, y)``; higher is better.
    seed : int
        Seed of all splits.
    number : int
        Number of the split, from 0.
    """

    augmenter: Any
    train: tuple[Any, Any]
    labels: NDArray[Any]
    held: tuple[Any, NDArray[Any]]
    classifiers: Mapping[str, Any]
    scorer: Scorer
    seed: int
    number: int

    def fit(self) -> Any:
        """Return an augmenter fitted to the training rows."""
        return fit_clone(self.augmenter, *self.train, stream_seed(self.seed, "inner", self.number))

    def score(self, fitted: Any, candidate: Candidate) -> InnerScore:
        """Append a candidate's synthetic rows to the training rows, and score classifiers of them."""
        counts = allocate_rows(self.labels, count_for_share(len(self.labels), candidate.share), candidate.balance)
        X_more, y_more = append_synthetic_rows(fitted, *self.train, counts, stream_seed(self.seed, "grow"))
        return score_candidate((X_more, to_label_array(y_more)), self.held, self.classifiers, self.scorer, self.seed)


def fit_clone(augmenter: Any, X: Any, y: Any, seed: int) -> Any:
    """Return a fitted clone; the result of ``fit`` is ignored, since it need not be the augmenter."""
    copy = clone_with_seed(augmenter, seed)
    copy.fit(X, y)
    return copy


def score_candidates(
    splits: Sequence[InnerSplit], candidates: Sequence[Candidate], n_jobs: int | None
) -> tuple[Any, dict[Candidate, list[InnerScore]]]:
    """Return the augmenter of the first split, and the scores of every candidate, one for each split.

    A split is one piece of work, so that its rows go to a worker once. Where there are more workers than splits,
    candidates are pieces, too. The numbers are the same.

    Parameters
    ----------
    splits : sequence of InnerSplit
        Splits.
    candidates : sequence of Candidate
        Shares to try.
    n_jobs : int or None
        Number of jobs, as for `joblib.Parallel`.
    """
    n_workers = effective_n_jobs(n_jobs)
    if min(n_workers, len(splits)) > 1:
        splits = [replace(split, augmenter=keep_off_gpu(split.augmenter)) for split in splits]
    if n_workers <= len(splits):
        pieces = (delayed(_measure)(split, candidates) for split in splits)
        measured = list(run_jobs(pieces, n_jobs))
    else:
        fitted = list(run_jobs((delayed(split.fit)() for split in splits), n_jobs))
        pairs = list(zip(splits, fitted, strict=True))
        pieces = (delayed(split.score)(made, candidate) for split, made in pairs for candidate in candidates)
        scores = list(run_jobs(pieces, n_jobs))
        rows = [scores[i * len(candidates) : (i + 1) * len(candidates)] for i in range(len(splits))]
        measured = list(zip(fitted, rows, strict=True))
    by_split = [found for _, found in measured]
    return measured[0][0], {candidate: [found[i] for found in by_split] for i, candidate in enumerate(candidates)}


def _measure(split: InnerSplit, candidates: Sequence[Candidate]) -> tuple[Any, list[InnerScore]]:
    """Fit the augmenter and score all candidates; return the augmenter of the first split, which may be kept."""
    fitted = split.fit()
    scores = [split.score(fitted, candidate) for candidate in candidates]
    return None if split.number else fitted, scores
