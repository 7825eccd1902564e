"""Choosing a share of synthetic rows on held-out rows, with a preference for none."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..data.rows import Positions, take_rows
from ..errors import DataError, DataWarning
from ..rng import numpy_stream
from .classifiers import clone_with_seed
from .scorers import CachedClassifier, Scorer, SingleClassError, copy_samples, describe_error

_GROUPS = 20  # of held-out rows, left out in turn to see how sure a difference is


@dataclass(frozen=True, order=True)
class Candidate:
    """A share of synthetic rows in all that comes out, at the natural prior or filling up small classes first."""

    share: float
    balance: bool


@dataclass(frozen=True)
class InnerScore:
    """What classifiers reached with one candidate on one inner split.

    Attributes
    ----------
    score : float
        On all held-out rows, mean over classifiers; NaN where one failed.
    without : ndarray of shape (n_groups,)
        The same, with one group of held-out rows left out.
    reason : str
        Why it failed.
    of_one_class : bool
        Whether it failed because the held-out rows are of one class, and the score needs two.
    """

    score: float
    without: NDArray[np.float64]
    reason: str = ""
    of_one_class: bool = False


def make_candidates(fractions: Sequence[float], balance: bool | str) -> list[Candidate]:
    """Return what is tried, the smallest share first; without synthetic rows there is nothing to balance."""
    sides = (False, True) if balance == "both" else (bool(balance),)
    return sorted({Candidate(float(share), side and share > 0) for share in fractions for side in sides})


def score_candidate(
    train: tuple[Any, Any], test: tuple[Any, Any], classifiers: Mapping[str, Any], scorer: Scorer, seed: int
) -> InnerScore:
    """Return how well classifiers do on held-out rows after training on those of one candidate.

    Parameters
    ----------
    train, test : (X, y)
        Real and synthetic rows to train on; held-out real rows. Labels are plain.
    classifiers : mapping of name to estimator
        Whose scores are averaged.
    scorer : callable
        ``f(classifier, X, y)``, higher being better.
    seed : int
        Of classifiers and groups; the same for every candidate, so that differences are paired.
    """
    X, labels = test
    parts = _leave_groups_out(labels, numpy_stream(seed, "groups"))
    subsets = [(take_rows(X, rows), labels[rows], rows) for rows in parts]
    scores = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a part that lacks a class, say: its score is compared with its like
        try:
            for classifier in classifiers.values():
                known = CachedClassifier(clone_with_seed(classifier, seed).fit(copy_samples(train[0]), train[1]))
                for part, _, rows in subsets:
                    known.remember(part, X, rows)
                of_parts = [_score_part(scorer, known, part, y) for part, y, _ in subsets]
                scores.append([scorer(known, X, labels), *of_parts])
        except SingleClassError as error:
            return InnerScore(np.nan, np.full(len(parts), np.nan), str(error), of_one_class=True)
        except Exception as error:  # a classifier or a scorer may be anybody's
            return InnerScore(np.nan, np.full(len(parts), np.nan), describe_error(error))
    mean = np.mean(np.asarray(scores, dtype=float), axis=0)
    reason = "" if np.isfinite(mean[0]) else f"the score is {mean[0]}, which is no number to compare"
    return InnerScore(float(mean[0]), mean[1:], reason)


def _score_part(scorer: Scorer, known: CachedClassifier, part: Any, y: NDArray[Any]) -> float:
    """Return a score, NaN where a part of the rows has a single class and the score needs two."""
    try:
        return scorer(known, part, y)
    except SingleClassError:
        return np.nan


def _leave_groups_out(labels: NDArray[Any], rng: np.random.Generator) -> list[Positions]:
    """Return, for each group of rows, all the others; groups have about the same classes."""
    order = np.concatenate([rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)])
    n_groups = min(_GROUPS, len(labels))
    group = np.empty(len(labels), dtype=np.int64)
    group[order] = np.arange(len(labels)) % n_groups
    return [np.flatnonzero(group != k) for k in range(n_groups)]


def standard_error(first: Sequence[InnerScore], second: Sequence[InnerScore]) -> float:
    """Return the standard error of the mean difference between two candidates over inner splits.

    The grouped jackknife of the paired difference within each split (Efron and Tibshirani, "An Introduction to the
    Bootstrap", 1993, chapter 11); splits test different rows, so their variances add up.
    """
    variances = []
    for a, b in zip(first, second, strict=True):
        left = a.without - b.without
        left = left[np.isfinite(left)]  # a part without some class may have no score
        n = len(left)
        variances.append((n - 1) / n * float(((left - left.mean()) ** 2).sum()) if n > 1 else np.inf)
    return float(np.sqrt(sum(variances)) / len(variances))


def choose_candidate(trials: Mapping[Candidate, Sequence[InnerScore]]) -> tuple[Candidate, pd.DataFrame]:
    """Return the smallest share that is no worse than the best one by more than a standard error, and all scores.

    Inner splits whose held-out rows are of one class, where the score needs two, do not count; where all are, the
    smallest share is taken with a warning.

    The one-standard-error rule of Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees", 1984,
    section 3.4.3, with "simpler" meaning fewer synthetic rows, and the natural prior before a balanced one.

    Parameters
    ----------
    trials : mapping of Candidate to sequence of Trial
        One trial for each inner split.

    Returns
    -------
    candidate : Candidate
    scores : DataFrame
        A row for each candidate: "share", "balance", "score", "difference" to the smallest share, its
        "standard_error", "chosen".

    Raises
    ------
    DataError
        No candidate could be tried on all splits.
    """
    splits = range(min(map(len, trials.values())))
    usable = [i for i in splits if not all(of[i].of_one_class for of in trials.values())]
    if not usable:
        return _choose_smallest(trials)
    trials = {c: [of[i] for i in usable] for c, of in trials.items()}
    means = {c: float(np.mean([t.score for t in of])) for c, of in trials.items()}
    known = sorted(c for c in trials if np.isfinite(means[c]))
    if not known:
        reasons = (t.reason for of in trials.values() for t in of if t.reason)
        reason = next(reasons, "the scores are no numbers")
        raise DataError(f"No classifier could be trained and scored on the inner rows: {reason}.")
    best = max(known, key=lambda c: means[c])
    chosen = next(c for c in known if means[best] - means[c] <= standard_error(trials[best], trials[c]))
    first = known[0]
    errors = {c: standard_error(trials[c], trials[first]) for c in trials}
    return chosen, _make_table(chosen, means, {c: means[c] - means[first] for c in trials}, errors)


def _choose_smallest(trials: Mapping[Candidate, Sequence[InnerScore]]) -> tuple[Candidate, pd.DataFrame]:
    """Return the smallest share, with a warning: nothing says that more would be better."""
    reason = next(t.reason for of in trials.values() for t in of if t.reason)
    smallest = min(trials)
    warnings.warn(
        f"No share of synthetic rows could be compared, as of the held-out rows {reason}; {smallest.share:g} is taken. "
        "Give more rows of the rare class, or scoring='neg_log_loss'.",
        DataWarning,
        stacklevel=4,
    )
    nothing = dict.fromkeys(trials, np.nan)
    return smallest, _make_table(smallest, nothing, nothing, nothing)


def _make_table(
    chosen: Candidate,
    scores: Mapping[Candidate, float],
    differences: Mapping[Candidate, float],
    errors: Mapping[Candidate, float],
) -> pd.DataFrame:
    rows = [
        {
            "share": c.share,
            "balance": c.balance,
            "score": scores[c],
            "difference": differences[c],
            "standard_error": errors[c],
            "chosen": c == chosen,
        }
        for c in sorted(scores)
    ]
    return pd.DataFrame(rows)
