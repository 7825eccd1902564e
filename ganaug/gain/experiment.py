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
from .arms import TRAINED_AS, ArmNotApplicable, ArmUnavailable, FoldData, count_added, make_training_rows
from .calibration import CALIBRATION_ARMS, Predictions, collect_predictions
from .classifiers import clone_with_class_weights, clone_with_seed
from .facts import describe_augmenter, describe_rows
from .folds import Fold
from .image_inputs import find_channel_axis
from .scorers import Scorer, copy_samples, describe_error, score_all
from .synthetic import (
    allocate_rows,
    append_synthetic_rows,
    count_for_share,
    count_labels,
    sample_classes,
    to_label_array,
)
from .uses import TrainedClassifier, make_calibrated


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
class PreparedFold:
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

    material: FoldData
    facts: dict[str, Any]
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class ArmScores:
    """The outcome of the arms that one training serves, in one fold."""

    scores: list[Score] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    calibration: list[Predictions] = field(default_factory=list)


def prepare_fold(
    augmenter: Any,
    X: Any,
    y: Any,
    groups: Any,
    fold: Fold,
    share: float | None,
    balance: bool,
    fidelity: bool,
) -> PreparedFold:
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
    labels = to_label_array(y_train)
    with _record_warnings() as said:
        try:
            fitted = clone_with_seed(augmenter, stream_seed(fold.seed, "augmenter"))
            of_train = None if groups is None else groups[fold.train]
            augmented = _fit_and_augment(fitted, X_train, y_train, of_train, fold.seed, share, balance)
        except Exception as error:  # an augmenter may be anybody's; the rest of the report survives it
            return PreparedFold(FoldData(X_train, labels, None, None, {}, describe_error(error)), {}, warnings=said)
        added = count_added(labels, augmented[1])
        only, reason = _sample_synthetic_only(fitted, y_train, labels, fold.seed)
        material = FoldData(X_train, labels, augmented, only, added, only_failure=reason)
        facts, failures = describe_augmenter(fitted), []
        if fidelity and only is not None:
            try:
                test = take_rows(X, fold.test), to_label_array(take_rows(y, fold.test))
                channel_axis = find_channel_axis(augmenter)
                facts |= describe_rows((X_train, labels), only, test, fold.seed, channel_axis)
            except Exception as error:
                failures.append(Failure(fold.number, "synthetic_only", None, "fidelity", describe_error(error)))
    return PreparedFold(material, facts, failures, said)


def _fit_and_augment(
    fitted: Any, X: Any, y: Any, groups: Any, seed: int, share: float | None, balance: bool
) -> tuple[Any, NDArray[Any]]:
    """Fit the augmenter, and return the real rows with synthetic ones and their plain labels."""
    if share is None and hasattr(fitted, "fit_resample"):
        takes_groups = groups is not None and "groups" in inspect.signature(fitted.fit_resample).parameters
        X_more, y_more = fitted.fit_resample(
            copy_samples(X), copy_samples(y), **({"groups": groups} if takes_groups else {})
        )
    else:
        fitted.fit(copy_samples(X), copy_samples(y))
        labels = to_label_array(y)
        n_new = count_for_share(len(labels), 0.5 if share is None else share)
        X_more, y_more = append_synthetic_rows(
            fitted, X, y, allocate_rows(labels, n_new, balance), stream_seed(seed, "grow")
        )
    return X_more, to_label_array(y_more)


def _sample_synthetic_only(fitted: Any, y: Any, labels: NDArray[Any], seed: int) -> tuple[tuple[Any, Any] | None, str]:
    """Return as many synthetic rows as real ones, None where the augmenter has no such method, and why it failed."""
    if not hasattr(fitted, "sample"):
        return None, ""
    try:
        X_new, y_new = sample_classes(fitted, labels, count_labels(labels), stream_seed(seed, "only"))
        return (X_new, to_label_array(y_new)), ""
    except Exception as error:  # an augmenter may be anybody's
        return None, describe_error(error)


def evaluate_arms(
    arms: Sequence[str],
    material: FoldData,
    fold: Fold,
    test: tuple[Any, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Scorer],
) -> ArmScores:
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
    done = ArmScores()
    training = TRAINED_AS.get(arms[0], arms[0])
    with _record_warnings() as done.warnings:
        try:
            rows = make_training_rows(training, material, fold.seed)
        except ArmNotApplicable:
            return done
        except Exception as error:
            done.failures += [Failure(fold.number, arm, None, None, _describe_failure(error)) for arm in arms]
            return done
        for name, classifier in classifiers.items():
            model = clone_with_class_weights(classifier) if training == "class_weight" else classifier
            if model is not None:  # it takes class weights, where they are wanted
                _train_and_score(done, (fold, name), arms, model, rows, (*test, material.y), scorers)
    return done


def _train_and_score(
    done: ArmScores,
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
            model = make_calibrated(model, rows[1])
        trained = TrainedClassifier.of(model, *rows, stream_seed(fold.seed, "classifier"))
    except Exception as error:  # a classifier may be anybody's
        done.failures += [Failure(fold.number, arm, name, None, _describe_failure(error)) for arm in arms]
        return
    for arm in arms:
        _score_arm(done, (fold, name, arm), trained, known, scorers)


def _score_arm(
    done: ArmScores,
    place: tuple[Fold, str, str],
    trained: TrainedClassifier,
    known: tuple[Any, Any, Any],
    scorers: Mapping[str, Scorer],
) -> None:
    """Score a trained classifier as one arm uses it."""
    fold, name, arm = place
    X, y, y_train = known
    try:
        used = trained.used_in(arm, y_train)
    except Exception as error:
        done.failures.append(Failure(fold.number, arm, name, None, _describe_failure(error)))
        return
    scores, reasons = score_all(used.classifier, X, y, scorers, used.decided)
    if arm in CALIBRATION_ARMS and used.probable is not None:
        try:
            done.calibration.append(collect_predictions(name, arm, used.probable, used.classes, X, y))
        except Exception as error:  # a classifier may be anybody's
            reasons["calibration"] = describe_error(error)
    done.scores += [Score(fold.number, name, metric, arm, value) for metric, value in scores.items()]
    done.failures += [Failure(fold.number, arm, name, metric, reason) for metric, reason in reasons.items()]


def _describe_failure(error: Exception) -> str:
    return str(error) if isinstance(error, ArmUnavailable | DataError) else describe_error(error)


@contextmanager
def _record_warnings() -> Iterator[list[str]]:
    """Run on one thread, so that results do not depend on how many jobs there are, and note warnings."""
    said: list[str] = []
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            said += sorted({" ".join(f"{w.category.__name__}: {w.message}".split())[:500] for w in caught})
