"""DistilledClassifier: train a classifier on the probabilities of a better one, on real and synthetic rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.checks import check_samples
from ..data.rows import append_rows
from ..errors import ParameterError
from ..params import check_params, real
from ..rng import Seed, new_seed, stream_seed
from .classifiers import add_preprocessing, clone_with_seed, resolve_classifiers
from .meta import MetaClassifier
from .students import check_student, fit_student
from .swap_noise import SwapNoise
from .synthetic import allocate_rows, check_labels_of_classifier, sample_classes
from .teachers import (
    OWN_LABEL,
    SYNTHETIC_SIZE,
    TEACHING_RULES,
    CrossFittedTeacher,
    predict_proba_of,
    resolve_teacher,
)

Numbers = NDArray[np.float64]

_RULES = {"synthetic_size": real(0.0, inclusive=True), **TEACHING_RULES}


class DistilledClassifier(MetaClassifier):
    """Classifier that learns the probabilities of a teacher, on real rows and, if wished, on synthetic ones.

    A label says that a row is of one class; a good teacher says how sure one can be, and so teaches more with each row
    [1]_. The teacher is cross-fitted: each real row gets the probabilities of a teacher that has not seen it.
    Synthetic rows get those of a teacher of all real rows, so that a wrong label of the generator does no harm [2]_.

    Parameters
    ----------
    student : name or estimator
        Classifier that takes ``sample_weight``, k nearest neighbours, or a regressor, which then learns the
        probabilities; or a pipeline that ends with one. It is cloned, never fitted itself. A name and, for columns
        other than numbers, preprocessing are as for `gain_report`.
    augmenter : "swap", sampler or None, default="swap"
        "swap" takes `SwapNoise`, which needs no training: real rows with half of their cells from other rows. Any
        object with ``fit(X, y)`` and ``sample(n=None, y=None, random_state=None)`` will do, such as `GANAugmenter` or
        `GaussianCopula`; it is cloned. None adds no synthetic rows.
    teacher : name or estimator, default=None
        Teacher of a `CrossFittedTeacher`; None takes its default.
    synthetic_size : float >= 0, default=5.0
        Number of synthetic rows, in multiples of the number of real rows.
    own_label : float from 0 to 1, default=0.25
        Weight of the label of a real row itself; the rest is that of the teacher's probabilities.
    cv : int >= 2 or splitter, default=5
        Folds in which the teacher is cross-fitted; every row has to be in one test fold.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of folds, teachers, augmenter and student.

    Attributes
    ----------
    student_ : estimator
        The fitted student.
    teacher_ : estimator
        Teacher fitted to all real rows.
    augmenter_ : sampler or None
        The fitted augmenter.
    oof_proba_ : ndarray of shape (n, n_classes)
        Probabilities of each real row, from a teacher that has not seen it.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.

    See Also
    --------
    gain_report : Measure what a student gains, beside its teacher, with ``distil=True``.
    CrossFittedTeacher : The soft labels alone, for other learners.

    Notes
    -----
    The teacher itself mostly predicts better than the student. Take `teacher_` unless you want one model that is small,
    fast, or of a certain kind. On six tables cut to 100 to 500 rows, students gained 1.9 points of ROC AUC on average
    and a single tree 14; options searched by cross-validation gave 1.1 and 5. Rows of a generator in place of swapped
    cells gave nothing more (docs/gain.md). On tables of thousands of rows, boosted trees alone were better than boosted
    trees that were taught: where labels are sure, soft ones say less. There, take `teacher_` itself, or labels.

    References
    ----------
    .. [1] Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531, 2015.
    .. [2] Fakoor et al., "Fast, Accurate, and Simple Models for Tabular Data via Augmented Distillation", NeurIPS 2020;
       with a conditional GAN: Liu, Fusi and Mackey, "Teacher-Student Compression with Generative Adversarial
       Networks", arXiv 1812.02271, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from ganaug import DistilledClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> student = DecisionTreeClassifier(max_depth=5, random_state=0)
    >>> teacher = LogisticRegression(max_iter=5000)
    >>> model = DistilledClassifier(student, teacher=teacher, random_state=0)
    >>> model.fit(X, y).predict_proba(X[:3]).shape
    (3, 2)
    >>> model.oof_proba_.shape
    (569, 2)
    """

    def __init__(
        self,
        student: Any,
        augmenter: Any = "swap",
        teacher: Any = None,
        *,
        synthetic_size: float = SYNTHETIC_SIZE,
        own_label: float = OWN_LABEL,
        cv: Any = 5,
        random_state: Seed = None,
    ):
        self.student = student
        self.augmenter = augmenter
        self.teacher = teacher
        self.synthetic_size = synthetic_size
        self.own_label = own_label
        self.cv = cv
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> DistilledClassifier:
        """Fit teachers, augmenter and student.

        Parameters
        ----------
        X, y : user data
            Samples and labels, as for student, teacher and augmenter.
        groups : array-like of shape (n,), default=None
            Group of each row; no teacher has seen a row of the group of a row that it predicts.

        Raises
        ------
        ParameterError
            A parameter has an invalid value, or the student can learn from labels alone.
        DataError
            Rows or labels are not supported, or a class has fewer rows than there are folds.
        """
        # 1. Check parameters and data
        owner = type(self).__name__
        check_params(owner, {name: getattr(self, name) for name in _RULES}, _RULES)
        self._check_parts()
        labels = check_labels_of_classifier(owner, X, y)
        check_samples(X, labels)
        X = X if hasattr(X, "__len__") else np.asarray(X)
        resolve_teacher(self.teacher, X, f"'teacher' parameter of {owner}")
        student = _resolve_student(self.student, X)
        check_student(student)
        if isinstance(self.augmenter, str) and len(getattr(X, "shape", ())) > 2:
            raise ParameterError(
                f"The 'augmenter' parameter of {owner} must not be 'swap' for images, whose pixels cannot be swapped; "
                "give a sampler, or None."
            )
        seed = new_seed(self.random_state)

        # 2. Real rows: probabilities of teachers that have not seen them
        lesson = CrossFittedTeacher(self.teacher, own_label=self.own_label, cv=self.cv, random_state=seed)
        lesson.fit(X, labels, groups)
        self.classes_, self.oof_proba_, self.teacher_ = lesson.classes_, lesson.oof_proba_, lesson.teacher_
        proba = lesson.proba_

        # 3. Synthetic rows: probabilities of a teacher of all real rows
        self.augmenter_ = None
        n_new = round(self.synthetic_size * len(labels))
        if self.augmenter is not None and n_new:
            augmenter = SwapNoise() if isinstance(self.augmenter, str) else self.augmenter
            self.augmenter_ = clone_with_seed(augmenter, stream_seed(seed, "augmenter")).fit(X, labels)
            counts = allocate_rows(labels, n_new, balance=False)
            X_new, _ = sample_classes(self.augmenter_, labels, counts, stream_seed(seed, "sample"))
            proba = np.vstack([proba, lesson.predict_proba(X_new)])
            X = append_rows(X, X_new)

        # 4. The student
        seeded = clone_with_seed(student, stream_seed(seed, "student"))
        self.student_ = fit_student(seeded, X, proba, self.classes_)
        self._take_features_of(self.teacher_)
        return self

    def _predict_proba(self, X: Any) -> Numbers:
        return predict_proba_of(self.student_, X, self.classes_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "student_")

    def _check_parts(self) -> None:
        owner = type(self).__name__
        if isinstance(self.student, type) or not (isinstance(self.student, str) or hasattr(self.student, "fit")):
            raise ParameterError(
                f"The 'student' parameter of {owner} must be the name or an instance of a classifier or regressor. Got "
                f"{self.student!r} instead."
            )
        augmenter = self.augmenter
        is_sampler = hasattr(augmenter, "sample") and not isinstance(augmenter, type)
        if not (augmenter is None or is_sampler or (isinstance(augmenter, str) and augmenter == "swap")):
            raise ParameterError(
                f"The 'augmenter' parameter of {owner} must be 'swap', an object with the methods fit and sample, or "
                f"None. Got {augmenter!r} instead."
            )


def _resolve_student(student: Any, X: Any) -> Any:
    """Return a student that takes the columns of `X`."""
    if isinstance(student, str):
        (named,) = resolve_classifiers(student, X).values()
        return named
    return add_preprocessing(student, X)
