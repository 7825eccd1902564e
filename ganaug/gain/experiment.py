"""The work of a gain report, in pieces that can run side by side: one augmenter per fold, then one arm per fold."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..data.rows import take_rows
from ..errors import DataError
from ..rng import stream_seed
from .arms import TRAINED_AS, Material, NotApplicable, Unavailable, added_counts, training_rows
from .calibration import CALIBRATION_ARMS, Predictions, predictions
from .classifiers import weighted, with_seed
from .facts import describe_augmenter, describe_rows
from .folds import Fold
from .image_inputs import channel_axis_of
from .scorers import Scorer, copied, error_text, score
from .synthetic import class_counts, count_labels, draw, grow, plain_labels, rows_for_share
from .uses import Trained, calibrated


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
    """The outcome of the arms that one training serves, in one fold."""

    scores: list[Score] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    calibration: list[Predictions] = field(default_factory=list)


def prepare(
    augmenter: Any,
    X: Any,
    y: Any,
    groups: Any,
    fold: Fold,
    share: float | None,
    balance: bool,
    fidelity: bool,
) -> Prepared:
    """Fit a copy of the augmenter on the training part of a fold, and draw from it.

    Parameters
    ----------
    augmenter : sampler
        Never fitted itself.
    X, y : user data
        All rows and labels; the test part goes into what describes fidelity, never into the augmenter.
    groups : ndarray of shape (n,) or None
        Handed to an augmenter whose ``fit_resample`` takes groups.
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
    labels = plain_labels(y_train)
    with _alone() as said:
        try:
            fitted = with_seed(augmenter, stream_seed(fold.seed, "augmenter"))
            of_train = None if groups is None else groups[fold.train]
            augmented = _augmented(fitted, X_train, y_train, of_train, fold.seed, share, balance)
        except Exception as error:  # an augmenter may be anybody's; the rest of the report survives it
            return Prepared(Material(X_train, labels, None, None, {}, error_text(error)), {}, warnings=said)
        added = added_counts(labels, augmented[1])
        only, reason = _synthetic_only(fitted, y_train, labels, fold.seed)
        material = Material(X_train, labels, augmented, only, added, only_failure=reason)
        facts, failures = describe_augmenter(fitted), []
        if fidelity and only is not None:
            try:
                test = take_rows(X, fold.test), plain_labels(take_rows(y, fold.test))
                channel_axis = channel_axis_of(augmenter)
                facts |= describe_rows((X_train, labels), only, test, fold.seed, channel_axis)
            except Exception as error:
                failures.append(Failure(fold.number, "synthetic_only", None, "fidelity", error_text(error)))
    return Prepared(material, facts, failures, said)


def _augmented(
    fitted: Any, X: Any, y: Any, groups: Any, seed: int, share: float | None, balance: bool
) -> tuple[Any, NDArray[Any]]:
    """Fit the augmenter, and return the real rows with synthetic ones and their plain labels."""
    if share is None and hasattr(fitted, "fit_resample"):
        takes_groups = groups is not None and "groups" in inspect.signature(fitted.fit_resample).parameters
        X_more, y_more = fitted.fit_resample(copied(X), copied(y), **({"groups": groups} if takes_groups else {}))
    else:
        fitted.fit(copied(X), copied(y))
        labels = plain_labels(y)
        n_new = rows_for_share(len(labels), 0.5 if share is None else share)
        X_more, y_more = grow(fitted, X, y, class_counts(labels, n_new, balance), stream_seed(seed, "grow"))
    return X_more, plain_labels(y_more)


def _synthetic_only(fitted: Any, y: Any, labels: NDArray[Any], seed: int) -> tuple[tuple[Any, Any] | None, str]:
    """Return as many synthetic rows as real ones, None where the augmenter has no such method, and why it failed."""
    if not hasattr(fitted, "sample"):
        return None, ""
    try:
        X_new, y_new = draw(fitted, labels, count_labels(labels), stream_seed(seed, "only"))
        return (X_new, plain_labels(y_new)), ""
    except Exception as error:  # an augmenter may be anybody's
        return None, error_text(error)


def evaluate(
    arms: Sequence[str],
    material: Material,
    fold: Fold,
    test: tuple[Any, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Scorer],
) -> Evaluated:
    """Train every classifier on the rows of one arm, and score it on the test rows, used as each arm wants.

    Parameters
    ----------
    arms : sequence of str
        The arms that one training serves.
    material : Material
        Of the fold.
    fold : Fold
        For its number and its seed.
    test : (X, y)
        Test rows of the fold, and their plain labels.
    classifiers, scorers : mapping
        By name.
    """
    done = Evaluated()
    training = TRAINED_AS.get(arms[0], arms[0])
    with _alone() as done.warnings:
        try:
            rows = training_rows(training, material, fold.seed)
        except NotApplicable:
            return done
        except Exception as error:
            done.failures += [Failure(fold.number, arm, None, None, _why(error)) for arm in arms]
            return done
        for name, classifier in classifiers.items():
            model = weighted(classifier) if training == "class_weight" else classifier
            if model is not None:  # it takes class weights, where they are wanted
                _measure(done, (fold, name), arms, model, rows, (*test, material.y), scorers)
    return done


def _measure(
    done: Evaluated,
    place: tuple[Fold, str],
    arms: Sequence[str],
    model: Any,
    rows: tuple[Any, Any],
    known: tuple[Any, Any, Any],
    scorers: Mapping[str, Scorer],
) -> None:
    """Train one classifier, and score it in each arm; `known` are test rows, their labels, and those of training."""
    fold, name = place
    try:
        if "calibrated" in arms:
            model = calibrated(model, rows[1])
        trained = Trained.of(model, *rows, stream_seed(fold.seed, "classifier"))
    except Exception as error:  # a classifier may be anybody's
        done.failures += [Failure(fold.number, arm, name, None, _why(error)) for arm in arms]
        return
    for arm in arms:
        _score_in(done, (fold, name, arm), trained, known, scorers)


def _score_in(
    done: Evaluated,
    place: tuple[Fold, str, str],
    trained: Trained,
    known: tuple[Any, Any, Any],
    scorers: Mapping[str, Scorer],
) -> None:
    """Score a trained classifier as one arm uses it."""
    fold, name, arm = place
    X, y, y_train = known
    try:
        used = trained.used_in(arm, y_train)
    except Exception as error:
        done.failures.append(Failure(fold.number, arm, name, None, _why(error)))
        return
    scores, reasons = score(used.classifier, X, y, scorers, used.decided)
    if arm in CALIBRATION_ARMS and used.probable is not None:
        try:
            done.calibration.append(predictions(name, arm, used.probable, used.classes, X, y))
        except Exception as error:  # a classifier may be anybody's
            reasons["calibration"] = error_text(error)
    done.scores += [Score(fold.number, name, metric, arm, value) for metric, value in scores.items()]
    done.failures += [Failure(fold.number, arm, name, metric, reason) for metric, reason in reasons.items()]


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, Unavailable | DataError) else error_text(error)


@contextmanager
def _alone() -> Iterator[list[str]]:
    """Run on one thread, so that results do not depend on how many jobs there are, and note warnings."""
    said: list[str] = []
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            said += sorted({" ".join(f"{w.category.__name__}: {w.message}".split())[:500] for w in caught})
