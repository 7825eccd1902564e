"""Run the two steps of an experiment in each fold: fit the augmenter, then train and score classifiers in each arm."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
    """Failure of an augmenter, a classifier or a metric in one fold.

    Attributes
    ----------
    fold : int
        Number of the fold.
    arm : str
        Arm that could not be measured.
    classifier, metric : str or None
        Name of the classifier and the metric; None means all of them.
    reason : str
        Reason of the failure.
    """

    fold: int
    arm: str
    classifier: str | None
    metric: str | None
    reason: str


@dataclass(frozen=True)
class Score:
    """Score of a classifier in one metric and one arm, on the test rows of one fold."""

    fold: int
    classifier: str
    metric: str
    arm: str
    score: float


@dataclass(frozen=True)
class Amounts:
    """Numbers of synthetic rows in an experiment.

    Attributes
    ----------
    share : float or None
        Share of synthetic rows in the augmented rows; None takes the rows that ``fit_resample`` adds.
    balance : bool
        Whether the synthetic rows of a share fill up the smallest classes first.
    unlabelled : float
        Number of rows for a teacher to label, in multiples of the number of training rows.
    """

    share: float | None = None
    balance: bool = False
    unlabelled: float = 0.0


@dataclass
class PreparedFold:
    """Real and synthetic rows of one fold, and facts about the augmenter.

    Attributes
    ----------
    data : FoldData
        Rows from which the arms are made.
    facts : dict
        Plain JSON; see `describe_augmenter` and `describe_rows`.
    failures : list of Failure
        Facts that could not be measured.
    warnings : list of str
        Warnings of the augmenter.
    """

    data: FoldData
    facts: dict[str, Any]
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def without_rows(self) -> PreparedFold:
        """Return all that is known of the fold but its rows, which would fill memory and wires."""
        nothing: dict[str, Any] = dict.fromkeys(("X", "y", "augmented", "synthetic_only", "groups", "unlabelled"))
        return replace(self, data=replace(self.data, **nothing))


@dataclass(frozen=True)
class Cost:
    """What a fitted classifier costs its user, measured on the test rows of one fold.

    Attributes
    ----------
    fold : int
        Number of the fold.
    classifier, arm : str
        Name of the classifier, and its arm.
    seconds : float
        Seconds to predict the probabilities of 1000 rows.
    size : int
        Bytes of the pickled classifier.
    """

    fold: int
    classifier: str
    arm: str
    seconds: float
    size: int


@dataclass
class ArmScores:
    """Scores in one fold, of the arms that share a trained classifier or a teacher."""

    scores: list[Score] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    calibration: list[Predictions] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)


def prepare_fold(
    augmenter: Any,
    X: Any,
    y: Any,
    groups: Any,
    fold: Fold,
    amounts: Amounts,
    fidelity: bool,
) -> PreparedFold:
    """Fit a clone of the augmenter on the training rows of a fold, and draw synthetic rows.

    Parameters
    ----------
    augmenter : sampler
        Augmenter; it is cloned, never fitted itself.
    X, y : user data
        All rows and labels. Test rows serve as the reference of fidelity; the augmenter never sees them.
    groups : ndarray of shape (n,) or None
        Group of each row, for an augmenter whose ``fit_resample`` takes groups.
    fold : Fold
        Positions of training and test rows.
    amounts : Amounts
        Numbers of synthetic rows.
    fidelity : bool
        Whether to compare the synthetic rows with the real ones.
    """
    X_train = take_rows(X, fold.train)
    y_train = take_rows(y, fold.train)
    labels = to_label_array(y_train)
    with record_warnings() as messages:
        # Fit the augmenter on the training rows alone, and add synthetic rows to them.
        train_groups = None if groups is None else groups[fold.train]
        try:
            fitted = clone_with_seed(augmenter, stream_seed(fold.seed, "augmenter"))
            augmented = _fit_and_augment(fitted, X_train, y_train, train_groups, fold.seed, amounts)
        except Exception as error:  # third-party code may raise anything; the report continues without the augmenter
            data = FoldData(X_train, labels, None, None, {}, describe_error(error), groups=train_groups)
            return PreparedFold(data, {}, warnings=messages)
        added = count_added(labels, augmented[1])

        # Draw as many synthetic rows as there are real ones, and rows for a teacher.
        only, reason = _sample_rows(fitted, labels, count_labels(labels), stream_seed(fold.seed, "only"))
        data = FoldData(X_train, labels, augmented, only, added, only_failure=reason, groups=train_groups)
        if amounts.unlabelled:
            counts = allocate_rows(labels, round(amounts.unlabelled * len(labels)), balance=False)
            rows, reason = _sample_rows(fitted, labels, counts, stream_seed(fold.seed, "unlabelled"))
            data = replace(data, unlabelled=rows[0] if rows else None, unlabelled_failure=reason)

        # Describe the augmenter, and compare its rows with training and test rows.
        facts = describe_augmenter(fitted)
        failures = []
        if fidelity and only is not None:
            try:
                test = take_rows(X, fold.test), to_label_array(take_rows(y, fold.test))
                channel_axis = find_channel_axis(augmenter)
                facts |= describe_rows((X_train, labels), only, test, fold.seed, channel_axis)
            except Exception as error:
                failures.append(Failure(fold.number, "synthetic_only", None, "fidelity", describe_error(error)))
    return PreparedFold(data, facts, failures, messages)


def _fit_and_augment(fitted: Any, X: Any, y: Any, groups: Any, seed: int, amounts: Amounts) -> tuple[Any, NDArray[Any]]:
    """Fit the augmenter; return the real rows with synthetic ones, and their plain labels."""
    share = amounts.share
    if share is None and hasattr(fitted, "fit_resample"):
        takes_groups = groups is not None and "groups" in inspect.signature(fitted.fit_resample).parameters
        options = {"groups": groups} if takes_groups else {}
        X_more, y_more = fitted.fit_resample(copy_samples(X), copy_samples(y), **options)
    else:
        fitted.fit(copy_samples(X), copy_samples(y))
        labels = to_label_array(y)
        n_new = count_for_share(len(labels), 0.5 if share is None else share)
        X_more, y_more = append_synthetic_rows(
            fitted, X, y, allocate_rows(labels, n_new, amounts.balance), stream_seed(seed, "grow")
        )
    return X_more, to_label_array(y_more)


def _sample_rows(
    fitted: Any, labels: NDArray[Any], counts: Mapping[Any, int], seed: int
) -> tuple[tuple[Any, Any] | None, str]:
    """Return synthetic rows with plain labels, or None and the reason of the failure ("" without ``sample``)."""
    if not hasattr(fitted, "sample"):
        return None, ""
    try:
        X_new, y_new = sample_classes(fitted, labels, counts, seed)
        return (X_new, to_label_array(y_new)), ""
    except Exception as error:  # third-party code may raise anything
        return None, describe_error(error)


def evaluate_arms(
    arms: Sequence[str],
    data: FoldData,
    fold: Fold,
    test: tuple[Any, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Scorer],
) -> ArmScores:
    """Train every classifier on the rows of an arm, and score it on the test rows in each arm that shares the training.

    Parameters
    ----------
    arms : sequence of str
        Arms that share a training.
    data : FoldData
        Real and synthetic rows of the fold.
    fold : Fold
        Number and seed of the fold.
    test : (X, y)
        Test rows of the fold, and their plain labels.
    classifiers, scorers : mapping
        Classifiers and scorers by name.
    """
    done = ArmScores()
    training = TRAINED_AS.get(arms[0], arms[0])
    with record_warnings() as done.warnings:
        # Make the training rows.
        try:
            rows = make_training_rows(training, data, fold.seed)
        except ArmNotApplicable:
            return done
        except Exception as error:
            done.failures += [Failure(fold.number, arm, None, None, describe_failure(error)) for arm in arms]
            return done

        # Train each classifier on them, and score it in every arm that shares the training.
        for name, classifier in classifiers.items():
            model = classifier
            if training == "class_weight":
                model = clone_with_class_weights(classifier)
            if model is not None:  # None: the classifier takes no class weights
                _train_and_score(done, (fold, name), arms, model, rows, (*test, data.y), scorers)
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
    """Train one classifier, and score it in each arm; `known` holds test rows, test labels and training labels."""
    fold, name = place
    try:
        if "calibrated" in arms:
            model = make_calibrated(model, rows[1])
        trained = TrainedClassifier.fit(model, *rows, stream_seed(fold.seed, "classifier"))
    except Exception as error:  # third-party code may raise anything
        done.failures += [Failure(fold.number, arm, name, None, describe_failure(error)) for arm in arms]
        return
    for arm in arms:
        score_arm(done, (fold, name, arm), trained, known, scorers)


def score_arm(
    done: ArmScores,
    place: tuple[Fold, str, str],
    trained: TrainedClassifier,
    known: tuple[Any, Any, Any],
    scorers: Mapping[str, Scorer],
) -> None:
    """Score a trained classifier in one arm.

    Parameters
    ----------
    done : ArmScores
        Scores and failures are added to it.
    place : (Fold, classifier, arm)
        Fold, name of the classifier, and arm.
    trained : TrainedClassifier
        Fitted classifier.
    known : (X, y, y_train)
        Test rows, test labels and training labels.
    scorers : mapping
        Scorers by name.
    """
    fold, name, arm = place
    X, y, y_train = known
    try:
        used = trained.use_in(arm, y_train)
    except Exception as error:
        done.failures.append(Failure(fold.number, arm, name, None, describe_failure(error)))
        return
    scores, reasons = score_all(used.classifier, X, y, scorers, used.at_prevalence)
    if arm in CALIBRATION_ARMS and used.probabilistic is not None:
        try:
            done.calibration.append(collect_predictions(name, arm, used.probabilistic, used.classes, X, y))
        except Exception as error:  # third-party code may raise anything
            reasons["calibration"] = describe_error(error)
    done.scores += [Score(fold.number, name, metric, arm, value) for metric, value in scores.items()]
    done.failures += [Failure(fold.number, arm, name, metric, reason) for metric, reason in reasons.items()]


def describe_failure(error: Exception) -> str:
    """Return the reason of a failure; that of an own error needs no name of its class."""
    return str(error) if isinstance(error, ArmUnavailable | DataError) else describe_error(error)


@contextmanager
def record_warnings() -> Iterator[list[str]]:
    """Run on one thread, so that results do not depend on the number of jobs, and collect warnings."""
    messages: list[str] = []
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield messages
        finally:
            messages += sorted({" ".join(f"{w.category.__name__}: {w.message}".split())[:500] for w in caught})
