"""PriorCorrectedClassifier: train on resampled rows, and predict probabilities for the real class prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..errors import DataError, ParameterError
from .meta import MetaClassifier
from .priors import check_no_class_absent, class_shares, correct_prior, infer_learned_prior
from .synthetic import check_labels_of_classifier, to_label_array

Numbers = NDArray[np.float64]


class PriorCorrectedClassifier(MetaClassifier):
    """Classifier that is trained on resampled rows and predicts probabilities for the real class prior.

    Balanced training inflates the probability of a rare class. A closed form corrects it: the odds of two classes are
    multiplied by the ratio of their real prior to their prior in training [1]_. For two classes the ranking of rows
    does not change, so ROC AUC and average precision stay the same, while log loss, Brier score and calibration
    improve.

    Parameters
    ----------
    classifier : estimator
        Classifier or pipeline with ``predict_proba``. It is cloned, never fitted itself. Its ``class_weight``, or that
        of a part of it, is corrected like resampling.
    sampler : sampler, default=None
        Sampler with ``fit_resample(X, y)``, such as `GANAugmenter`, `TunedAugmenterCV` or an over- or under-sampler of
        imbalanced-learn. It is cloned, never fitted itself. None trains on the given rows, which is useful if
        `classifier` weighs classes, or with a `prior` for rows that are already resampled.
    prior : mapping of label to float, default=None
        Expected share of each class, above 0; shares are scaled to sum to 1. None takes the shares in `y`.

    Attributes
    ----------
    classifier_ : estimator
        Classifier fitted on the resampled rows, without the correction.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    prior_ : ndarray of shape (n_classes,)
        Class prior of the predicted probabilities.
    trained_prior_ : ndarray of shape (n_classes,)
        Class prior that `classifier_` has learned, including its class weights.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : Calibrate probabilities on held-out rows.

    Notes
    -----
    The correction is exact under two conditions: the resampled rows of a class are distributed like its real rows, and
    the probabilities of the classifier are calibrated on its training rows. Copies of rows and good synthetic rows meet
    the first condition. Rows between neighbours (SMOTE) and rows of a poor generator do not; the corrected
    probabilities are then only closer to the truth. Classifiers that overfit (deep trees, few neighbours) do not meet
    the second condition; ``sklearn.calibration.CalibratedClassifierCV`` around this classifier may correct the rest.

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
        """Resample the rows, and fit the classifier on them.

        Parameters
        ----------
        X : samples
            Samples, as for sampler and classifier.
        y : array-like of shape (n,)
            Labels.

        Raises
        ------
        ParameterError
            `classifier` has no ``predict_proba``, `sampler` has no ``fit_resample``, or `prior` lacks a class or has a
            share of 0 or less.
        DataError
            Numbers of rows and labels differ, there is only one class, or the sampler drops or adds a class.
        """
        self._check_parts()
        labels = check_labels_of_classifier(type(self).__name__, X, y)
        self.classes_ = np.unique(labels)
        self.prior_ = class_shares(labels, self.classes_) if self.prior is None else self._scale_prior()
        X_more, more = self._resample(X, y, labels)
        shares = class_shares(more, self.classes_)
        check_no_class_absent(shares, self.classes_, "what the sampler returned")
        self.trained_prior_ = infer_learned_prior(shares, self.classes_, self.classifier)
        self.classifier_ = clone(self.classifier, safe=False).fit(X_more, more)
        self._take_features_of(self.classifier_)
        return self

    def _predict_proba(self, X: Any) -> Numbers:
        p = np.asarray(self.classifier_.predict_proba(X), dtype=np.float64)
        return correct_prior(p, self.trained_prior_, self.prior_)

    def predict_log_proba(self, X: Any) -> Numbers:
        """Predict the logarithm of the probability of each class, for the real prior."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import get_tags  # exists from scikit-learn 1.6, which calls this method

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

    def _scale_prior(self) -> Numbers:
        """Return the shares of `prior` in the order of the classes."""
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

    def _resample(self, X: Any, y: Any, labels: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the training rows and their plain labels."""
        if self.sampler is None:
            return X, labels
        X_more, y_more = clone(self.sampler, safe=False).fit_resample(X, y)
        more = to_label_array(y_more)
        unknown = more[~np.isin(more, self.classes_)]
        if len(unknown):
            raise DataError(f"The sampler returned rows of a class that y does not have, {unknown[0]!s}.")
        return X_more, more


def wrap_fitted(classifier: Any, classes: NDArray[Any], trained: Numbers, prior: Numbers) -> PriorCorrectedClassifier:
    """Return a fitted `PriorCorrectedClassifier` around a fitted classifier.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier with ``predict_proba``.
    classes : ndarray of shape (n_classes,)
        Classes in the order of predicted columns.
    trained, prior : ndarray of shape (n_classes,)
        Class prior of the classifier's probabilities, and class prior to correct to.
    """
    model = PriorCorrectedClassifier(classifier)
    model.classifier_ = classifier
    model.classes_ = classes
    model.trained_prior_ = trained
    model.prior_ = prior
    return model


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return is_number and 0 < value < np.inf
