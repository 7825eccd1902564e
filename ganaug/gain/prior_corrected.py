"""PriorCorrectedClassifier: trained on resampled rows, with probabilities for the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _num_samples, check_is_fitted

from ..data.checks import check_shape
from ..errors import DataError, ParameterError
from .priors import check_no_class_absent, class_shares, correct_prior, infer_learned_prior
from .synthetic import to_label_array

Numbers = NDArray[np.float64]


class PriorCorrectedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier that learns from resampled rows and gives probabilities for the classes as they are.

    Balanced training makes a rare class look frequent, and every probability with it. The closed form takes that
    back: the odds of two classes are multiplied by the ratio of their real prior to the one in training [1]_. The
    order of rows does not change for two classes, so ROC AUC and average precision stay; log loss, Brier score and
    calibration are put right.

    Parameters
    ----------
    classifier : estimator
        With ``predict_proba``; a pipeline is one. It is cloned, never fitted itself. Its ``class_weight``, or that of
        a part of it, is taken back like resampling.
    sampler : sampler, default=None
        With ``fit_resample(X, y)``, such as `GANAugmenter`, `TunedAugmenterCV` or an over- or under-sampler of
        imbalanced-learn. It is cloned, never fitted itself. None trains on the rows as they are given, which makes
        sense where `classifier` weighs classes, or where `prior` is given because the rows are resampled already.
    prior : mapping of label to float, default=None
        Share of each class to be expected, above 0; they are scaled to sum to 1. None takes the shares in `y`.

    Attributes
    ----------
    classifier_ : estimator
        Fitted on the resampled rows; its probabilities are not corrected.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    prior_ : ndarray of shape (n_classes,)
        Shares that probabilities are for.
    trained_prior_ : ndarray of shape (n_classes,)
        Shares that `classifier_` has learned, its class weights included.

    Notes
    -----
    The form is exact where the resampled rows of a class are distributed like the real ones of that class, and the
    classifier's probabilities are right for the rows that it was trained on. Copies of rows and good synthetic ones
    meet the first condition; rows between neighbours (SMOTE) and rows of a poor generator do not, and then the
    probabilities are only nearer to the truth. Classifiers that overfit (deep trees, few neighbours) do not meet the
    second: what is left to put right, ``sklearn.calibration.CalibratedClassifierCV`` around this one may.

    References
    ----------
    .. [1] Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities: A
       Simple Procedure", Neural Computation 14, 2002; for resampling Dal Pozzolo et al., "Calibrating Probability
       with Undersampling for Unbalanced Classification", IEEE SSCI 2015.

    Examples
    --------
    >>> from imblearn.over_sampling import RandomOverSampler
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ganaug import PriorCorrectedClassifier
    >>> X, y = make_classification(2000, weights=[0.95], random_state=0)
    >>> model = PriorCorrectedClassifier(LogisticRegression(), RandomOverSampler(random_state=0)).fit(X, y)
    >>> model.trained_prior_.tolist()
    [0.5, 0.5]
    >>> bool(abs(model.predict_proba(X)[:, 1].mean() - y.mean()) < 0.02)
    True
    """

    def __init__(self, classifier: Any, sampler: Any = None, *, prior: Mapping[Any, float] | None = None):
        self.classifier = classifier
        self.sampler = sampler
        self.prior = prior

    def fit(self, X: Any, y: Any) -> PriorCorrectedClassifier:
        """Resample, and fit the classifier on what comes out.

        Parameters
        ----------
        X : samples
            As sampler and classifier take them.
        y : array-like of shape (n,)
            Labels.

        Raises
        ------
        ParameterError
            `classifier` has no ``predict_proba``, `sampler` no ``fit_resample``, or `prior` does not give every class
            a share above 0.
        DataError
            There is not one label per row, there is only one class, or the sampler drops one or adds one.
        """
        self._check_parts()
        labels = _check_labels(X, y)
        self.classes_ = np.unique(labels)
        self.prior_ = class_shares(labels, self.classes_) if self.prior is None else self._given_prior()
        X_more, more = self._resampled(X, y, labels)
        shares = class_shares(more, self.classes_)
        check_no_class_absent(shares, self.classes_, "what the sampler returned")
        self.trained_prior_ = infer_learned_prior(shares, self.classes_, self.classifier)
        self.classifier_ = clone(self.classifier, safe=False).fit(X_more, more)
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(self.classifier_, name):
                setattr(self, name, getattr(self.classifier_, name))
        return self

    def predict_proba(self, X: Any) -> Numbers:
        """Return the probability of each class, for the real prior.

        Parameters
        ----------
        X : samples
            Of shape (n, ...).

        Returns
        -------
        ndarray of shape (n, n_classes)
            Columns in the order of `classes_`; rows sum to 1.
        """
        check_is_fitted(self)
        p = np.asarray(self.classifier_.predict_proba(X), dtype=np.float64)
        return correct_prior(p, self.trained_prior_, self.prior_)

    def predict_log_proba(self, X: Any) -> Numbers:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row, for the real prior.

        Parameters
        ----------
        X : samples
            Of shape (n, ...).
        """
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import get_tags  # there from scikit-learn 1.6 on, which asks for it

        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = get_tags(self.classifier).input_tags.sparse
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classifier_")

    def _check_parts(self) -> None:
        if isinstance(self.classifier, type) or not hasattr(self.classifier, "predict_proba"):
            raise ParameterError(
                "The 'classifier' parameter of PriorCorrectedClassifier must be a classifier with predict_proba; one "
                "with decision_function alone gets it by sklearn.calibration.CalibratedClassifierCV. Got "
                f"{self.classifier!r} instead."
            )
        if self.sampler is not None and (isinstance(self.sampler, type) or not hasattr(self.sampler, "fit_resample")):
            raise ParameterError(
                "The 'sampler' parameter of PriorCorrectedClassifier must be an object with fit_resample, or None. Got "
                f"{self.sampler!r} instead."
            )

    def _given_prior(self) -> Numbers:
        """Return the shares that were asked for, in the order of the classes."""
        given = {str(label): share for label, share in (self.prior or {}).items()}
        names = [str(label) for label in self.classes_.tolist()]
        shares = [given.get(name) for name in names]
        if set(given) != set(names) or not all(_is_share(share) for share in shares):
            raise ParameterError(
                "The 'prior' parameter of PriorCorrectedClassifier must give each class a finite share above 0, and no "
                f"other label. Got {self.prior!r} instead, and the classes are {self.classes_.tolist()}."
            )
        found = np.asarray(shares, dtype=float)
        return found / found.sum()

    def _resampled(self, X: Any, y: Any, labels: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the rows to train on, and their plain labels."""
        if self.sampler is None:
            return X, labels
        X_more, y_more = clone(self.sampler, safe=False).fit_resample(X, y)
        more = to_label_array(y_more)
        unknown = more[~np.isin(more, self.classes_)]
        if len(unknown):
            raise DataError(f"The sampler returned rows of a class that y does not have, {unknown[0]!s}.")
        return X_more, more


def wrap_fitted(classifier: Any, classes: NDArray[Any], trained: Numbers, prior: Numbers) -> PriorCorrectedClassifier:
    """Return a fitted corrector around a classifier that is fitted already.

    Parameters
    ----------
    classifier : estimator
        Fitted, with ``predict_proba``.
    classes : ndarray of shape (n_classes,)
        In the order of its columns.
    trained, prior : ndarray of shape (n_classes,)
        Shares that its probabilities are for, and those that they are to be for.
    """
    model = PriorCorrectedClassifier(classifier)
    model.classifier_, model.classes_ = classifier, classes
    model.trained_prior_, model.prior_ = trained, prior
    return model


def _check_labels(X: Any, y: Any) -> NDArray[Any]:
    """Return plain labels of two classes or more, one for each row; `X` may be anything that the sampler takes."""
    if y is None:
        raise DataError("PriorCorrectedClassifier requires y to be passed, but the target y is None; give labels.")
    if len(getattr(X, "shape", ())) > 1:
        check_shape(X.shape)
    labels = to_label_array(column_or_1d(y, warn=True))
    if _num_samples(X) != len(labels):
        raise DataError(f"X has {_num_samples(X)} rows and y has {len(labels)} labels; give one label per row.")
    if len(np.unique(labels)) < 2:
        raise DataError(f"All rows are of one class, {labels[0]!s}; give rows of at least two.")
    return labels


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return is_number and 0 < value < np.inf
