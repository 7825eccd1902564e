"""The work of a gain report, in pieces that can run side by side: one augmenter per fold, then one arm per fold."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..errors import DataError
from ..rng import stream_seed
from ..rows import take_rows
from .arms import Material, NotApplicable, added_counts, training_rows
from .classifiers import weighted, with_seed
from .figures import describe_augmenter, describe_rows
from .folds import Fold
from .scoring import Scorer, reason_of, score
from .synthetic import class_counts, count_labels, draw, grow, rows_for_share


@dataclass(frozen=True)
class Failure:
    """Something that could not be measured.

    Attributes
    ----------
    fold : int
        Where.
    arm : str
        What.
    classifier, metric : str or None
        With which; None means any.
    reason : str
        Why.
    """

    fold: int
    arm: str
    classifier: str | None
    metric: str | None
    reason: str


@dataclass(frozen=True)
class Score:
    """One number: what a classifier reached on the test rows of one fold."""

    fold: int
    classifier: str
    metric: str
    arm: str
    score: float


@dataclass
class Prepared:
    """The material of one fold, and what is to be told about the augmenter.

    Attributes
    ----------
    material : Material
        What arms are made of.
    facts : dict
        Plain JSON: see `describe_augmenter` and `describe_rows`.
    failures : list of Failure
        What could not be described.
    warnings : list of str
        What the augmenter warned of.
    """

    material: Material
    facts: dict[str, Any]
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Evaluated:
    """The outcome of one arm in one fold."""

    scores: list[Score] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare(augmenter: Any, X: Any, y: Any, fold: Fold, share: float | None, balance: bool, fidelity: bool) -> Prepared:
    """Fit a copy of the augmenter on the training part of a fold, and draw from it.

    Parameters
    ----------
    augmenter : sampler
        Never fitted itself.
    X, y : user data
        All rows and labels; the test part goes into what describes fidelity, never into the augmenter.
    fold : Fold
        Which rows.
    share : float or None
        Synthetic share of all rows, or None for what ``fit_resample`` gives.
    balance : bool
        Whether a share fills up the smallest classes first.
    fidelity : bool
        Whether the synthetic rows are compared with the real ones.
    """
    X_train, y_train = take_rows(X, fold.train), take_rows(y, fold.train)
    with _alone() as said:
        try:
            fitted, material = _augment(augmenter, X_train, y_train, fold.seed, share, balance)
        except Exception as error:  # an augmenter may be anybody's; the rest of the report survives it
            material = Material(X_train, y_train, None, None, {}, reason_of(error))
            failure = Failure(fold.number, "augmented", None, None, material.failure)
            return Prepared(material, {}, [failure], said)
        facts, failures = describe_augmenter(fitted), []
        if fidelity and material.synthetic_only is not None:
            try:
                test = take_rows(X, fold.test), take_rows(y, fold.test)
                facts |= describe_rows((X_train, y_train), material.synthetic_only, test, fold.seed)
            except Exception as error:
                failures.append(Failure(fold.number, "synthetic_only", None, "fidelity", reason_of(error)))
    return Prepared(material, facts, failures, said)


def _augment(augmenter: Any, X: Any, y: Any, seed: int, share: float | None, balance: bool) -> tuple[Any, Material]:
    fitted = with_seed(augmenter, stream_seed(seed, "augmenter"))
    labels = np.asarray(y).reshape(len(y))
    if share is None and hasattr(fitted, "fit_resample"):
        augmented = fitted.fit_resample(X, y)
    else:
        fitted.fit(X, y)
        share = 0.5 if share is None else share
        counts = class_counts(labels, rows_for_share(len(labels), share), balance)
        augmented = grow(fitted, X, y, counts, stream_seed(seed, "grow"))
    only = None
    if hasattr(fitted, "sample"):
        only = draw(fitted, labels, count_labels(labels), stream_seed(seed, "only"))
    if len(augmented[1]) < len(y) and hasattr(fitted, "sample"):
        raise DataError("it returned fewer rows than it was given; an augmenter returns the real rows and more")
    return fitted, Material(X, y, augmented, only, added_counts(labels, augmented[1]))


def evaluate(
    arm: str,
    material: Material,
    fold: Fold,
    test: tuple[Any, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Scorer],
) -> Evaluated:
    """Train every classifier on the rows of one arm, and score it on the test rows.

    Parameters
    ----------
    arm : str
        Which arm.
    material : Material
        Of the fold.
    fold : Fold
        For its number and its seed.
    test : (X, y)
        Test rows of the fold.
    classifiers, scorers : mapping
        By name.
    """
    done = Evaluated()
    with _alone() as said:
        try:
            X, y = training_rows(arm, material, fold.seed)
        except NotApplicable:
            return done
        except Exception as error:
            done.failures.append(Failure(fold.number, arm, None, None, reason_of(error)))
            return done
        for name, classifier in classifiers.items():
            model = weighted(classifier) if arm == "class_weight" else classifier
            if model is None:  # it takes no class weights
                continue
            _measure(done, (fold, arm, name), model, (X, y), test, scorers)
    done.warnings += said
    return done


def _measure(
    done: Evaluated,
    place: tuple[Fold, str, str],
    model: Any,
    train: tuple[Any, Any],
    test: tuple[Any, Any],
    scorers: Mapping[str, Scorer],
) -> None:
    fold, arm, name = place
    try:
        fitted = with_seed(model, stream_seed(fold.seed, "classifier"))
        fitted.fit(train[0], np.asarray(train[1]).reshape(len(train[1])))
    except Exception as error:  # a classifier may be anybody's
        done.failures.append(Failure(fold.number, arm, name, None, reason_of(error)))
        return
    scores, reasons = score(fitted, test[0], np.asarray(test[1]).reshape(len(test[1])), scorers)
    done.scores += [Score(fold.number, name, metric, arm, value) for metric, value in scores.items()]
    done.failures += [Failure(fold.number, arm, name, metric, reason) for metric, reason in reasons.items()]


@contextmanager
def _alone() -> Iterator[list[str]]:
    """Run on one thread, so that results do not depend on how many jobs there are, and note warnings."""
    said: list[str] = []
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
        said += sorted({" ".join(f"{w.category.__name__}: {w.message}".split())[:500] for w in caught})
