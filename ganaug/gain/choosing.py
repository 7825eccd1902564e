"""Choose a share of synthetic rows by scores on held-out rows, with a preference for the smallest share."""

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
from .scorers import CachedClassifier, Scorer, SingleClassError, copy_samples, describe_error, explain_not_finite

_GROUPS = 20  # groups of held-out rows, left out in turn by the jackknife


@dataclass(frozen=True, order=True)
class Candidate:
    """Share of synthetic rows in the augmented rows, at the natural prior or filling up small classes first."""

    share: float
    balance: bool


@dataclass(frozen=True)
class InnerScore:
    """Score of one candidate on one inner split.

    Attributes
    ----------
    score : float
        Score on all held-out rows, mean over classifiers; NaN if a classifier failed.
    without : ndarray of shape (n_groups,)
        Score with one group of held-out rows left out.
    reason : str
        Reason of the failure.
    is_one_class : bool
        Whether the score failed because all held-out rows are of one class.
    """

    score: float
    without: NDArray[np.float64]
    reason: str = ""
    is_one_class: bool = False


def make_candidates(fractions: Sequence[float], balance: bool | str) -> list[Candidate]:
    """Return the candidates, the smallest share first; a share of 0 is not balanced."""
    sides = (False, True) if balance == "both" else (bool(balance),)
    return sorted({Candidate(float(share), side and share > 0) for share in fractions for side in sides})


def score_candidate(
    train: tuple[Any, Any], test: tuple[Any, Any], classifiers: Mapping[str, Any], scorer: Scorer, seed: int
) -> InnerScore:
    """Train classifiers on the rows of one candidate, and score them on held-out rows.

    Parameters
    ----------
    train, test : (X, y)
        Real and synthetic rows to train on; held-out real rows. Labels are plain.
    classifiers : mapping of name to estimator
        Classifiers; their scores are averaged.
    scorer : callable
        ``f(classifier, X, y)``; higher is better.
    seed : int
        Seed of classifiers and groups; the same for every candidate, so that differences are paired.
    """
    X, labels = test
    # Leave out one group of held-out rows at a time, for the jackknife.
    parts = _leave_groups_out(labels, numpy_stream(seed, "groups"))
    subsets = [(take_rows(X, rows), labels[rows], rows) for rows in parts]
    # Train each classifier once; scores on parts reuse its predictions for all held-out rows.
    scores = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of a part that lacks a class
        try:
            for classifier in classifiers.values():
                known = CachedClassifier(clone_with_seed(classifier, seed).fit(copy_samples(train[0]), train[1]))
                for part, _, rows in subsets:
                    known.link_part(part, X, rows)
                of_parts = [_score_part(scorer, known, part, y) for part, y, _ in subsets]
                scores.append([scorer(known, X, labels), *of_parts])
        except SingleClassError as error:
            return InnerScore(np.nan, np.full(len(parts), np.nan), str(error), is_one_class=True)
        except Exception as error:  # third-party code may raise anything
            return InnerScore(np.nan, np.full(len(parts), np.nan), describe_error(error))
    # Average over classifiers.
    mean = np.mean(np.asarray(scores, dtype=float), axis=0)
    reason = explain_not_finite(mean[0])
    return InnerScore(float(mean[0]), mean[1:], reason)


def _score_part(scorer: Scorer, known: CachedClassifier, part: Any, y: NDArray[Any]) -> float:
    """Return the score of a part of the rows, NaN if it has a single class and the score needs two."""
    try:
        return scorer(known, part, y)
    except SingleClassError:
        return np.nan


def _leave_groups_out(labels: NDArray[Any], rng: np.random.Generator) -> list[Positions]:
    """Divide rows into groups of similar class shares, and return for each group the positions of all other rows."""
    order = np.concatenate([rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)])
    n_groups = min(_GROUPS, len(labels))
    group = np.empty(len(labels), dtype=np.int64)
    group[order] = np.arange(len(labels)) % n_groups
    return [np.flatnonzero(group != k) for k in range(n_groups)]


def standard_error(first: Sequence[InnerScore], second: Sequence[InnerScore]) -> float:
    """Return the standard error of the mean difference between two candidates over inner splits.

    Each split contributes the grouped jackknife variance of its paired difference (Efron and Tibshirani, "An
    Introduction to the Bootstrap", 1993, chapter 11). Splits test different rows, so their variances add up.
    """
    variances = []
    for a, b in zip(first, second, strict=True):
        differences = a.without - b.without
        differences = differences[np.isfinite(differences)]  # a part that lacks a class may have no score
        n = len(differences)
        if n > 1:
            variances.append((n - 1) / n * float(((differences - differences.mean()) ** 2).sum()))
        else:
            variances.append(np.inf)
    return float(np.sqrt(sum(variances)) / len(variances))


def choose_candidate(trials: Mapping[Candidate, Sequence[InnerScore]]) -> tuple[Candidate, pd.DataFrame]:
    """Choose the smallest share within one standard error of the best, and return it with all scores.

    This is the one-standard-error rule of Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees",
    1984, section 3.4.3. The simpler of two candidates has fewer synthetic rows, or the natural prior.

    If the score needs two classes, inner splits with held-out rows of one class do not count. If all splits are of
    this kind, the smallest share is chosen with a warning.

    Parameters
    ----------
    trials : mapping of Candidate to sequence of InnerScore
        Scores of each candidate, one for each inner split.

    Returns
    -------
    candidate : Candidate
    scores : DataFrame
        One row for each candidate: "share", "balance", "score", "difference" from the smallest share,
        "standard_error" of the difference, and "chosen".

    Raises
    ------
    DataError
        No candidate has a score on all splits.
    """
    # Keep the splits on which some candidate can be scored.
    splits = range(min(map(len, trials.values())))
    usable = [i for i in splits if not all(scores[i].is_one_class for scores in trials.values())]
    if not usable:
        return _choose_smallest(trials)
    trials = {c: [scores[i] for i in usable] for c, scores in trials.items()}

    # Average the scores of each candidate over splits.
    means = {c: float(np.mean([inner.score for inner in scores])) for c, scores in trials.items()}
    known = sorted(c for c in trials if np.isfinite(means[c]))
    if not known:
        reasons = (inner.reason for scores in trials.values() for inner in scores if inner.reason)
        reason = next(reasons, "the scores are no numbers")
        raise DataError(f"No classifier could be trained and scored on the inner rows: {reason}.")

    # Take the smallest share within one standard error of the best candidate.
    best = max(known, key=lambda c: means[c])
    chosen = next(c for c in known if means[best] - means[c] <= standard_error(trials[best], trials[c]))

    # Compare every candidate with the smallest share.
    first = known[0]
    errors = {c: standard_error(trials[c], trials[first]) for c in trials}
    return chosen, _make_table(chosen, means, {c: means[c] - means[first] for c in trials}, errors)


def _choose_smallest(trials: Mapping[Candidate, Sequence[InnerScore]]) -> tuple[Candidate, pd.DataFrame]:
    """Return the smallest share, with a warning that no share could be compared."""
    reason = next(inner.reason for scores in trials.values() for inner in scores if inner.reason)
    smallest = min(trials)
    warnings.warn(
        f"No share of synthetic rows could be compared on the held-out rows, as {reason}; {smallest.share:g} is taken. "
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
