"""TunedAugmenterCV: choose the share of synthetic rows by scores on held-out rows, zero included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from ..augmenter import GANAugmenter
from ..data.checks import text_columns
from ..data.foreign import Forms, Given, take_in
from ..data.labels import Labels
from ..data.rows import Positions, take_rows
from ..errors import DataError, ParameterError
from ..params import Rule, check_params, choice, either, integer
from ..progress import print_message
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from .choosing import choose_candidate, make_candidates
from .classifiers import resolve_classifiers
from .folds import count_least_groups, hold_out_rows, is_splitter, make_folds, make_inner_folds
from .image_inputs import are_images, find_channel_axis
from .inner_splits import InnerSplit, fit_clone, score_candidates
from .scorers import Scorer, resolve_scorers, threshold_free_metric
from .synthetic import (
    allocate_rows,
    append_synthetic_rows,
    check_labels,
    count_for_share,
    is_one_vs_all,
    to_label_array,
)


def _are_shares(value: Any) -> bool:
    return len(value) > 0 and all(isinstance(v, int | float | np.number) and 0 <= v < 1 for v in value)


_RULES = {
    "fractions": Rule("shares of at least 0 and below 1", lambda v: not isinstance(v, str) and _are_shares(v)),
    "balance": choice("both", False, True),
    "cv": either(choice(None), integer(2), Rule("a splitter of scikit-learn", is_splitter)),
    "verbose": integer(0),
}


class TunedAugmenterCV(OneToOneFeatureMixin, BaseEstimator):  # type: ignore[misc]
    """Sampler that adds the share of synthetic rows that scores best on held-out rows, possibly none.

    The augmenter is fitted on a part of the rows. Classifiers are trained with each share and scored on the other part,
    and the smallest share within one standard error of the best is chosen. If this share is above zero, the augmenter
    is then fitted on all rows, so the whole costs one more fit than the augmenter alone.

    Parameters
    ----------
    augmenter : sampler, default=None
        Any object with ``fit(X, y)`` and ``sample(n=None, y=None, random_state=None)``; None means `GANAugmenter`.
        It is cloned, never fitted itself.
    classifier : name, estimator, sequence or mapping of these, default=None
        Classifiers, as for `gain_report`; their mean score decides. None takes logistic regression, nearest neighbours,
        a random forest and boosted trees, or for images a small network with classic augmentation.
    fractions : sequence of float in [0, 1), default=(0, 0.1, 0.25, 0.5, 0.75)
        Candidates for the share of synthetic rows in the augmented rows: 0.5 adds one for each real row, 0.75 adds
        three. The best share may exceed balance [1]_, and may be 0.
    balance : {"both", True, False}, default="both"
        Whether synthetic rows fill up the smallest classes first, or keep the class shares; "both" tries both.
    scoring : name or callable, default=None
        Scorer of scikit-learn, or ``f(classifier, X, y)``; higher is better. None takes the area under the ROC curve
        (one against the rest for several classes). No decision threshold moves it, so it does not favour a share that
        only shifts the prior.
    cv : None, int or splitter, default=None
        Inner splits. None holds out a quarter of the rows once (a third below 1000 rows, at most 5000). Each fold costs
        a fit of the augmenter.
    n_jobs : int, default=None
        Number of candidates to score in parallel, as in joblib; results do not depend on it.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the inner splits, of the augmenter and of the classifiers.
    verbose : int >= 0, default=0
        1 prints the chosen share.

    Attributes
    ----------
    share_ : float
        Chosen share.
    balance_ : bool
        Whether the chosen share fills up the smallest classes first.
    scores_ : DataFrame
        Candidates, with columns "share", "balance", "score" (mean over classifiers and inner folds), "difference" from
        the smallest share, "standard_error" of the difference, and "chosen".
    augmenter_ : sampler
        Augmenter fitted on all rows; if the share is zero, the one fitted on the inner training rows.
    sampling_strategy_ : dict
        Number of rows to add to each class.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.

    See Also
    --------
    GANAugmenter : The augmenter that is used by default.
    gain_report : Measure the gain of an augmenter, this one included.

    References
    ----------
    .. [1] Ma and Zhang, on validation-tuned synthetic size, arXiv 2601.16120, 2026.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from ganaug import GaussianCopula, TunedAugmenterCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tuned = TunedAugmenterCV(GaussianCopula(), "neighbours", fractions=(0, 0.5), random_state=0)
    >>> X_more, y_more = tuned.fit_resample(X, y)
    >>> tuned.scores_[["share", "balance"]]
       share  balance
    0    0.0    False
    1    0.5    False
    2    0.5     True
    >>> len(X_more) == len(X) + sum(tuned.sampling_strategy_.values())
    True

    In a pipeline of imbalanced-learn:

    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = make_pipeline(TunedAugmenterCV(GaussianCopula()), LogisticRegression())
    """

    def __init__(  # noqa: PLR0913 - an estimator's options are its constructor's parameters
        self,
        augmenter: Any = None,
        classifier: Any = None,
        fractions: Sequence[float] = (0, 0.1, 0.25, 0.5, 0.75),
        *,
        balance: bool | str = "both",
        scoring: Any = None,
        cv: Any = None,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: int = 0,
    ):
        self.augmenter = augmenter
        self.classifier = classifier
        self.fractions = fractions
        self.balance = balance
        self.scoring = scoring
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, groups: Any = None) -> TunedAugmenterCV:
        """Choose the share, and fit the augmenter.

        Parameters
        ----------
        X, y : user data
            Rows and labels, as for the augmenter.
        groups : array-like of shape (n,), default=None
            Group of each row; rows of one group are never on both sides of an inner split.

        Raises
        ------
        ParameterError
            A parameter has an invalid value.
        DataError
            The rows are not supported, or no classifier could be trained on them.
        """
        return self._fit(take_in(X), take_in(y), groups)

    def _fit(self, given_X: Given, given_y: Given, groups: Any) -> TunedAugmenterCV:
        # Check parameters and data.
        X, y = given_X.data, given_y.data
        augmenter = self._check_augmenter()
        labels = check_labels(X, y)
        if is_one_vs_all(y):
            y = labels
        seed = new_seed(self.random_state)
        classifiers = self._resolve_classifiers(augmenter, X)
        scorer = self._resolve_scorer(labels)

        # Score every candidate on the held-out part of each inner split, and choose one.
        splits = [
            InnerSplit(
                augmenter=augmenter,
                train=(take_rows(X, train), take_rows(y, train)),
                labels=labels[train],
                held=(take_rows(X, test), labels[test]),
                classifiers=classifiers,
                scorer=scorer,
                seed=seed,
                number=number,
            )
            for number, (train, test) in enumerate(self._make_splits(X, labels, groups, seed))
        ]
        first, scores = score_candidates(splits, make_candidates(self.fractions, self.balance), self.n_jobs)
        chosen, self.scores_ = choose_candidate(scores)
        self.share_ = chosen.share
        self.balance_ = chosen.balance
        n_new = count_for_share(len(labels), chosen.share)
        self.sampling_strategy_ = allocate_rows(labels, n_new, chosen.balance)

        # Fit the augmenter on all rows, if any synthetic rows are to be added.
        self.augmenter_ = first
        if chosen.share:
            self.augmenter_ = fit_clone(augmenter, X, y, stream_seed(seed, "outer"))

        self.classes_ = np.unique(labels)
        self.n_features_in_ = int(np.prod(np.shape(X)[1:]))
        self.__dict__.pop("feature_names_in_", None)
        if names := text_columns(X):
            self.feature_names_in_ = np.asarray(names, dtype=object)
        self._seed = seed
        self._forms = Forms(given_X.form, given_y.form)
        print_message(self._describe_choice(), self.verbose)
        return self

    def fit_resample(self, X: Any, y: Any, groups: Any = None) -> tuple[Any, Any]:
        """Choose the share, and append this share of synthetic rows to the real ones.

        Parameters
        ----------
        X, y, groups
            As for `fit`.

        Returns
        -------
        X, y
            Real rows, unchanged and in order, followed by synthetic rows.
        """
        given_X, given_y = take_in(X), take_in(y)
        self._fit(given_X, given_y, groups)
        X, y = given_X.data, given_y.data
        seed = stream_seed(self._seed, "grow")
        if not is_one_vs_all(y):
            X_more, y_more = append_synthetic_rows(self.augmenter_, X, y, self.sampling_strategy_, seed)
            return given_X.append(X_more), given_y.append(y_more)
        indicators = Labels.fit(y)[0]
        X_more, y_more = append_synthetic_rows(self.augmenter_, X, to_label_array(y), self.sampling_strategy_, seed)
        return given_X.append(X_more), indicators.restore(indicators.encode(y_more))

    def sample(self, n: Any = None, y: Any = None, random_state: Seed = None) -> tuple[Any, Any]:
        """Draw synthetic rows from the fitted augmenter, regardless of the chosen share.

        Parameters
        ----------
        n, y, random_state
            As for ``sample`` of the augmenter.
        """
        check_is_fitted(self)
        return self._forms.restore(*self.augmenter_.sample(n, y=y, random_state=random_state))

    _estimator_type = "sampler"

    def _more_tags(self) -> dict[str, Any]:  # scikit-learn before 1.6 calls this in place of __sklearn_tags__
        return GANAugmenter()._more_tags()

    def __sklearn_tags__(self) -> Any:
        return GANAugmenter().__sklearn_tags__()  # imbalanced-learn adds tags to those of scikit-learn

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "augmenter_")

    def _describe_choice(self) -> str:
        text = f"synthetic share chosen: {self.share_:g}"
        if self.share_ or self.balance_:
            text += " of rows"
        return f"{text}, balanced" if self.balance_ else text

    def _check_augmenter(self) -> Any:
        check_params(type(self).__name__, {name: getattr(self, name) for name in _RULES}, _RULES)
        augmenter = GANAugmenter() if self.augmenter is None else self.augmenter
        if isinstance(augmenter, type) or not hasattr(augmenter, "fit") or not hasattr(augmenter, "sample"):
            raise ParameterError(
                "The 'augmenter' parameter of TunedAugmenterCV must be an object with the methods fit and sample. Got "
                f"{augmenter!r} instead."
            )
        return augmenter

    def _resolve_classifiers(self, augmenter: Any, X: Any) -> dict[str, Any]:
        channel_axis = find_channel_axis(augmenter)
        classifier = self.classifier
        if classifier is None and are_images(X, channel_axis):
            classifier = "cnn, affine"
        return resolve_classifiers(classifier, X, channel_axis)

    def _make_splits(self, X: Any, labels: NDArray[Any], groups: Any, seed: int) -> list[tuple[Positions, Positions]]:
        if is_splitter(self.cv) or groups is not None:
            cv = self.cv
            if cv is None:  # hold out a third of the rows, or a quarter of many, or half of few groups
                cv = min(3 if len(labels) < 1000 else 4, count_least_groups(labels, groups))
            folds = make_folds(X, labels, cv, 1, groups, seed)
            if self.cv is None:
                folds = folds[:1]
            return [(fold.train, fold.test) for fold in folds]
        rng = numpy_stream(seed, "inner rows")
        splits = [hold_out_rows(labels, rng)] if self.cv is None else make_inner_folds(labels, int(self.cv), rng)
        if not all(len(train) and len(test) for train, test in splits):
            in_folds = "" if self.cv is None else f" in {self.cv} folds"
            raise DataError(
                f"{len(labels)} rows are too few to hold some out and choose a share by them{in_folds}; collect more "
                "rows, or use the augmenter alone."
            )
        return splits

    def _resolve_scorer(self, labels: NDArray[Any]) -> Scorer:
        scoring = threshold_free_metric(len(np.unique(labels))) if self.scoring is None else self.scoring
        scorers = resolve_scorers(scoring, labels)
        if len(scorers) != 1:
            raise ParameterError(
                f"The 'scoring' parameter of TunedAugmenterCV must be one score. Got {self.scoring!r} instead, which "
                f"is {len(scorers)} scores."
            )
        return next(iter(scorers.values()))
