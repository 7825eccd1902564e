"""TunedAugmenterCV: adds the synthetic share that held-out rows chose, zero included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from ..augmenter import GANAugmenter
from ..data.checks import text_columns
from ..data.labels import Labels
from ..data.rows import Positions, take_rows
from ..errors import DataError, ParameterError
from ..params import Rule, check_params, choice, either, integer
from ..progress import print_message
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from .choosing import Candidate, InnerScore, choose_candidate, make_candidates, score_candidate
from .classifiers import clone_with_seed, resolve_classifiers
from .folds import hold_out_rows, is_splitter, make_folds, make_inner_folds
from .image_inputs import are_images, find_channel_axis
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
    """Sampler that adds the share of synthetic rows which did best on held-out rows, or none.

    The augmenter is fitted on one part of the rows given, classifiers are trained with each share and scored on the
    other part, and the smallest share within one standard error of the best is taken. Only then, and only where that
    share is above zero, is the augmenter fitted on all rows: the whole costs one fit more than the augmenter alone.

    Parameters
    ----------
    augmenter : sampler, default=None
        Any object with ``fit(X, y)`` and ``sample(n=None, y=None, random_state=None)``; None means `GANAugmenter`.
        It is cloned, never fitted itself.
    classifier : name, estimator, sequence or mapping of these, default=None
        Whose mean score decides; as for `gain_report`, None takes logistic regression, nearest neighbours, a random
        forest and boosted trees, and of images a small network with classic augmentation.
    fractions : sequence of float in [0, 1), default=(0, 0.1, 0.25, 0.5, 0.75)
        Shares of synthetic rows in all that comes out: 0.5 is one for each real row, 0.75 three. The best size may lie
        beyond balance [1]_, and may be none.
    balance : {"both", True, False}, default="both"
        Whether synthetic rows fill up the smallest classes first, or keep the shares of the classes; "both" tries
        both.
    scoring : name or callable, default=None
        A scorer of scikit-learn, or ``f(classifier, X, y)``; higher is better. None takes the area under the ROC curve
        (of several classes each against the rest), which no decision threshold moves: a share that only shifts the
        prior is not chosen by it.
    cv : None, int or splitter, default=None
        None holds out a quarter of the rows once (a third below 1000 rows, at most 5000). Every fold costs a fit of
        the augmenter.
    n_jobs : int, default=None
        Classifiers that are trained at the same time, in joblib's meaning; results do not depend on it.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Decides the inner rows, and is passed on to augmenter and classifiers.
    verbose : int >= 0, default=0
        1 says what was chosen.

    Attributes
    ----------
    share_ : float
        The share that was chosen.
    balance_ : bool
        Whether it fills up the smallest classes first.
    scores_ : DataFrame
        For each share tried: "share", "balance", "score" (mean over classifiers and inner folds), "difference" to
        the smallest share, its "standard_error", and "chosen".
    augmenter_ : sampler
        Fitted on all rows; where the share is zero, the one that was fitted on the inner rows.
    sampling_strategy_ : dict
        Rows to add to each class.
    classes_ : ndarray of shape (n_classes,)
        Labels in order.

    References
    ----------
    .. [1] Ma and Zhang, on validation-tuned synthetic size, arXiv 2601.16120, 2026.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ganaug import GANAugmenter, TunedAugmenterCV
    >>> model = make_pipeline(TunedAugmenterCV(GANAugmenter()), LogisticRegression())
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
            Rows and labels, as the augmenter takes them.
        groups : array-like of shape (n,), default=None
            Rows of one group are never on both sides of an inner split.

        Raises
        ------
        ParameterError
            Options have values they may not have.
        DataError
            The rows cannot be learned from, or no classifier could be trained on them.
        """
        augmenter = self._checked_augmenter()
        labels = check_labels(X, y)
        y = labels if is_one_vs_all(y) else y
        seed = new_seed(self.random_state)
        classifiers, scorer = self._classifiers(augmenter, X), self._scorer(labels)
        splits = self._splits(X, labels, groups, seed)
        fitted = [
            _fit_clone(augmenter, take_rows(X, train), take_rows(y, train), stream_seed(seed, "inner", i))
            for i, (train, _) in enumerate(splits)
        ]
        chosen, self.scores_ = choose_candidate(self._trials((X, y, labels), splits, fitted, classifiers, scorer, seed))
        self.share_, self.balance_ = chosen.share, chosen.balance
        self.augmenter_ = _fit_clone(augmenter, X, y, stream_seed(seed, "outer")) if chosen.share else fitted[0]
        counts = allocate_rows(labels, count_for_share(len(labels), chosen.share), chosen.balance)
        self.sampling_strategy_ = counts
        self.classes_ = np.unique(labels)
        self.n_features_in_ = int(np.prod(np.shape(X)[1:]))
        self.__dict__.pop("feature_names_in_", None)
        if names := text_columns(X):
            self.feature_names_in_ = np.asarray(names, dtype=object)
        self._seed = seed
        print_message(self._choice(), self.verbose)
        return self

    def fit_resample(self, X: Any, y: Any, groups: Any = None) -> tuple[Any, Any]:
        """Choose the share, and return the real rows with that share of synthetic ones below them.

        Parameters
        ----------
        X, y, groups
            As for `fit`.

        Returns
        -------
        X, y
            Real rows first, untouched and in order.
        """
        self.fit(X, y, groups)
        shape, plain = Labels.fit(y)[0], to_label_array(y) if is_one_vs_all(y) else y
        X_more, y_more = append_synthetic_rows(
            self.augmenter_, X, plain, self.sampling_strategy_, stream_seed(self._seed, "grow")
        )
        return X_more, shape.restore(shape.encode(y_more)) if is_one_vs_all(y) else y_more

    def sample(self, n: Any = None, y: Any = None, random_state: Seed = None) -> tuple[Any, Any]:
        """Return synthetic rows of the augmenter inside, whatever share was chosen.

        Parameters
        ----------
        n, y, random_state
            As for the augmenter.
        """
        check_is_fitted(self)
        return self.augmenter_.sample(n, y=y, random_state=random_state)

    _estimator_type = "sampler"

    def __sklearn_tags__(self) -> Any:
        return GANAugmenter().__sklearn_tags__()  # imbalanced-learn asks for more of them than scikit-learn has

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "augmenter_")

    def _choice(self) -> str:
        how = " of rows, balanced" if self.balance_ else " of rows" if self.share_ else ""
        return f"synthetic share chosen: {self.share_:g}{how}"

    def _checked_augmenter(self) -> Any:
        check_params(type(self).__name__, {name: getattr(self, name) for name in _RULES}, _RULES)
        augmenter = GANAugmenter() if self.augmenter is None else self.augmenter
        if isinstance(augmenter, type) or not hasattr(augmenter, "fit") or not hasattr(augmenter, "sample"):
            raise ParameterError(
                "The 'augmenter' parameter of TunedAugmenterCV must be an object with the methods fit and sample, for "
                f"a share has to be drawn. Got {augmenter!r} instead."
            )
        return augmenter

    def _classifiers(self, augmenter: Any, X: Any) -> dict[str, Any]:
        channel_axis = find_channel_axis(augmenter)
        few = self.classifier is None and are_images(X, channel_axis)
        return resolve_classifiers("cnn, affine" if few else self.classifier, X, channel_axis)

    def _splits(self, X: Any, labels: NDArray[Any], groups: Any, seed: int) -> list[tuple[Positions, Positions]]:
        if is_splitter(self.cv) or groups is not None:
            cv = self.cv if self.cv is not None else 3 if len(labels) < 1000 else 4
            folds = make_folds(X, labels, cv, 1, groups, seed)
            return [(fold.train, fold.test) for fold in (folds if self.cv is not None else folds[:1])]
        rng = numpy_stream(seed, "inner rows")
        splits = [hold_out_rows(labels, rng)] if self.cv is None else make_inner_folds(labels, int(self.cv), rng)
        if not all(len(train) and len(test) for train, test in splits):
            raise DataError(
                f"{len(labels)} rows are too few to hold some out and choose a share by them"
                f"{'' if self.cv is None else f' in {self.cv} folds'}; collect more rows, or use the augmenter alone."
            )
        return splits

    def _scorer(self, labels: NDArray[Any]) -> Scorer:
        scoring = threshold_free_metric(len(np.unique(labels))) if self.scoring is None else self.scoring
        scorers = resolve_scorers(scoring, labels)
        if len(scorers) != 1:
            raise ParameterError(
                f"The 'scoring' parameter of TunedAugmenterCV must be one score. Got {self.scoring!r} instead, which "
                f"is {len(scorers)} scores."
            )
        return next(iter(scorers.values()))

    def _trials(
        self,
        data: tuple[Any, Any, NDArray[Any]],
        splits: Any,
        fitted: Sequence[Any],
        classifiers: Mapping[str, Any],
        scorer: Scorer,
        seed: int,
    ) -> dict[Candidate, list[InnerScore]]:
        X, y, labels = data
        tried: dict[Candidate, list[InnerScore]] = {}
        for (train, test), augmenter in zip(splits, fitted, strict=True):
            X_train, y_train = take_rows(X, train), take_rows(y, train)
            grown = {}
            for candidate in make_candidates(self.fractions, self.balance):
                n_new = count_for_share(len(train), candidate.share)
                counts = allocate_rows(labels[train], n_new, candidate.balance)
                grown[candidate] = append_synthetic_rows(augmenter, X_train, y_train, counts, stream_seed(seed, "grow"))
            held = take_rows(X, test), labels[test]
            jobs = (
                delayed(score_candidate)((X_more, to_label_array(y_more)), held, classifiers, scorer, seed)
                for X_more, y_more in grown.values()
            )
            for candidate, trial in zip(grown, Parallel(self.n_jobs)(jobs), strict=True):
                tried.setdefault(candidate, []).append(trial)
        return tried


def _fit_clone(augmenter: Any, X: Any, y: Any, seed: int) -> Any:
    """Return a fitted copy; what ``fit`` returns is the augmenter's own business."""
    copy = clone_with_seed(augmenter, seed)
    copy.fit(X, y)
    return copy
