"""Score students and their teacher in one fold: on real rows alone, and with synthetic rows that the teacher labels."""

from __future__ import annotations

import pickle  # noqa: TID251 - nothing is stored; only the length counts
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.rows import append_rows
from ..rng import stream_seed
from .arms import ArmUnavailable, FoldData
from .classifiers import clone_with_seed
from .experiment import ArmScores, Cost, Failure, describe_failure, record_warnings, score_arm
from .folds import Fold
from .priors import class_shares
from .scorers import Scorer, copy_samples
from .students import check_student, fit_student
from .swap_noise import SwapNoise
from .synthetic import allocate_rows
from .teachers import SYNTHETIC_SIZE, CrossFittedTeacher
from .uses import TrainedClassifier

Numbers = NDArray[np.float64]

_ROWS_TIMED = 1000


def evaluate_taught(
    arms: Sequence[str],
    data: FoldData,
    fold: Fold,
    test: tuple[Any, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Scorer],
    teacher: Any,
) -> ArmScores:
    """Fit a teacher, teach each classifier what it says of real and of synthetic rows, and score all on the test rows.

    Parameters
    ----------
    arms : sequence of str
        Of `arms.TAUGHT_ARMS`.
    data : FoldData
        Real and synthetic rows of the fold.
    fold : Fold
        Number and seed of the fold.
    test : (X, y)
        Test rows of the fold, and their plain labels.
    classifiers, scorers : mapping
        Classifiers and scorers by name.
    teacher : estimator
        Classifier with ``predict_proba``; it is cloned, never fitted itself.
    """
    done = ArmScores()
    with record_warnings() as done.warnings:
        # Let the teacher label real rows that it has not seen
        try:
            lesson = CrossFittedTeacher(teacher, random_state=stream_seed(fold.seed, "lesson"))
            lesson.fit(copy_samples(data.X), data.y, data.groups)
        except Exception as error:  # third-party code may raise anything
            done.failures += [Failure(fold.number, arm, None, None, describe_failure(error)) for arm in arms]
            return done

        # Score each student, and beside it the teacher
        known = (*test, data.y)
        for arm in arms:
            try:
                rows = None if arm == "teacher" else _make_lesson_rows(arm, data, lesson, fold.seed)
            except Exception as error:
                done.failures.append(Failure(fold.number, arm, None, None, describe_failure(error)))
                continue
            for name, fitted in _fit_each(done, arm, fold, classifiers, lesson, rows):
                shares = class_shares(data.y, lesson.classes_)
                trained = TrainedClassifier(fitted, fitted, lesson.classes_, shares)
                score_arm(done, (fold, name, arm), trained, known, scorers)
                done.costs += _measure_cost(fold, name, arm, fitted, test[0])
    return done


def _make_lesson_rows(arm: str, data: FoldData, lesson: CrossFittedTeacher, seed: int) -> tuple[Any, Numbers]:
    """Return the rows that an arm learns from, and their probabilities."""
    if arm == "soft_real":
        return copy_samples(data.X), lesson.proba_
    if arm == "soft_swapped":
        counts = allocate_rows(data.y, round(SYNTHETIC_SIZE * len(data.y)), balance=False)
        made, _ = SwapNoise().fit(data.X, data.y).sample(counts, random_state=stream_seed(seed, "swap") % 2**32)
    elif data.unlabelled is None:
        raise ArmUnavailable(data.failure or data.unlabelled_failure or "the augmenter has no method sample")
    else:
        made = data.unlabelled
    return append_rows(data.X, made), np.vstack([lesson.proba_, lesson.predict_proba(made)])


def _fit_each(
    done: ArmScores,
    arm: str,
    fold: Fold,
    classifiers: Mapping[str, Any],
    lesson: CrossFittedTeacher,
    rows: tuple[Any, Numbers] | None,
) -> Iterator[tuple[str, Any]]:
    """Yield each classifier, fitted to probabilities, or its teacher if there are no rows."""
    for name, classifier in classifiers.items():
        if rows is None:
            yield name, lesson.teacher_
            continue
        try:
            check_student(classifier)
            student = clone_with_seed(classifier, stream_seed(fold.seed, "classifier"))
            fitted = fit_student(student, *rows, lesson.classes_)
        except Exception as error:  # third-party code may raise anything
            done.failures.append(Failure(fold.number, arm, name, None, describe_failure(error)))
            continue
        yield name, fitted


def _measure_cost(fold: Fold, name: str, arm: str, fitted: Any, X: Any) -> list[Cost]:
    """Measure the size of a fitted classifier, and how long it predicts; return nothing if it cannot be pickled."""
    try:
        start = time.perf_counter()
        fitted.predict_proba(X)
        seconds = (time.perf_counter() - start) * _ROWS_TIMED / len(X)
        return [Cost(fold.number, name, arm, seconds, len(pickle.dumps(fitted)))]
    except Exception:  # third-party code may raise anything; the scores are there already
        return []
