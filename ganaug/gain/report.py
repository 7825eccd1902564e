"""gain_report(): the same classifiers with and without synthetic rows, fold by fold, beside what costs nothing."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from ..data.rows import take_rows
from ..errors import ParameterError
from ..params import Rule, check_params, choice, either, integer, real
from ..progress import track_items
from ..rng import Seed, new_seed
from .arms import ARMS, default_arms, group_by_training
from .classifiers import resolve_classifiers
from .experiment import ArmScores, PreparedFold, evaluate_arms, prepare_fold
from .folds import Fold, make_folds
from .image_inputs import find_channel_axis, image_shape, load_images
from .result import Design, GainReport, to_one_line
from .scorers import resolve_scorers
from .synthetic import check_labels, is_one_vs_all

_RULES = {
    "n_repeats": integer(1),
    "synthetic_fraction": either(choice(None), real(0.0, 0.99)),
    "balance": choice(False, True),
    "arms": either(
        choice(None),
        Rule(f"a sequence of {', '.join(map(repr, ARMS))}", lambda v: not isinstance(v, str) and set(v) <= set(ARMS)),
    ),
    "margin": real(0.0, inclusive=True),
    "fidelity": choice(False, True),
    "n_jobs": either(choice(None), Rule("an integer other than 0", lambda v: isinstance(v, int) and v != 0)),
    "verbose": integer(0),
    "name": either(choice(None), Rule("text", lambda v: isinstance(v, str))),
}


def gain_report(  # noqa: PLR0913 - each is one choice of an experiment
    augmenter: Any,
    X: Any,
    y: Any = None,
    *,
    classifier: Any = None,
    cv: Any = 5,
    n_repeats: int = 2,
    groups: Any = None,
    metrics: Any = None,
    synthetic_fraction: float | None = None,
    balance: bool = False,
    arms: Sequence[str] | None = None,
    margin: float = 0.005,
    fidelity: bool = True,
    random_state: Seed = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    name: str | None = None,
) -> GainReport:
    """Measure what synthetic rows do for classifiers, on rows that neither they nor the augmenter saw.

    In every fold the augmenter is cloned and fitted on the training part alone; then each classifier is trained on
    the rows of each arm, and scored on the test part:

    * ``real_only``: the training part.
    * ``threshold``: the same classifier, deciding for the class that is most probable relative to its share in the
      training part; with two classes, a threshold at the share of the second.
    * ``calibrated``: the training part, with a sigmoid on held-out scores of the classifier.
    * ``class_weight``: the training part, with ``class_weight="balanced"`` where the classifier takes it.
    * ``bootstrap``: real rows drawn with replacement, as many as ``augmented`` has in all.
    * ``duplicate``: as many copies of real rows of each class as ``augmented`` has synthetic ones.
    * ``random_over_sampling``, ``smote``: classes brought to equal size by imbalanced-learn (SMOTE, SMOTENC or SMOTEN).
    * ``copula``: as many rows of a `GaussianCopula` of each class as ``augmented`` has synthetic ones.
    * ``synthetic_only``: as many synthetic rows as real ones, and no real one ("train on synthetic, test on real").
    * ``augmented``: real and synthetic rows.
    * ``augmented_corrected``: the same, with probabilities for the real prior (`PriorCorrectedClassifier`).

    All but the last three are controls, which train no generator for minutes: a gain has to beat the best of them.
    Scores of decisions are there twice for every arm, as the classifier decides, and, under a name that ends in
    ``@prevalence``, as it decides at the shares of the classes that it was trained on.

    Parameters
    ----------
    augmenter : sampler
        `GANAugmenter`, `TunedAugmenterCV`, an over-sampler of imbalanced-learn, or any object with ``fit_resample(X,
        y)``, or ``fit(X, y)`` and ``sample(n=None, y=None, random_state=None)``.
    X : frame or array of n rows, images, Dataset, or path of a folder of class folders
        Samples, as `GANAugmenter` takes them.
    y : array-like of shape (n,), default=None
        Labels; left out where `X` holds them.
    classifier : name, estimator, sequence or mapping of these, default=None
        "logistic", "neighbours", "forest" and "boosting" are scikit-learn's, each behind a preprocessing of mixed
        columns; None takes all four. A bare classifier is put behind it too where the table has text, booleans or
        dates; a pipeline is taken as it is. For images None takes three small networks, each trained for the same
        number of steps in all arms: "cnn" without augmentation, "cnn, affine" with classic augmentation, and
        "cnn, tuned" with that and options that were chosen on held-out images.
    cv : int, splitter, or iterable of (train, test) positions, default=5
        An integer means stratified folds.
    n_repeats : int, default=2
        How often the rows are split anew, where `cv` is an integer.
    groups : array-like of shape (n,), default=None
        Rows of one group are never on both sides of a fold; handed on where ``fit_resample`` takes them.
    metrics : name, callable, sequence or mapping, default=None
        Scorers of scikit-learn by name, functions ``f(classifier, X, y)``, "neg_calibration_error" or
        "recall_per_class"; the first one decides. None takes ROC AUC (of several classes the mean of each against the
        rest), which no threshold moves, and average precision, log loss, Brier score, balanced accuracy and macro-F1.
    synthetic_fraction : float in (0, 1), default=None
        Synthetic rows as a share of all that comes out; None takes what the augmenter's ``fit_resample`` gives.
    balance : bool, default=False
        Whether a `synthetic_fraction` fills up the smallest classes first, or keeps the classes' shares.
    arms : sequence of str, default=None
        Which of the arms to run; ``real_only`` and ``augmented`` always are. None runs all, but of images leaves out
        ``calibrated``, which trains each network several times.
    margin : float >= 0, default=0.005
        Smallest gain worth having, in units of the first metric; it decides between "does no better" and "cannot
        tell".
    fidelity : bool, default=True
        Whether to measure also how close synthetic rows come to real ones, copies, and membership inference; of
        images what networks learn from them, and near-copies.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Decides the folds, and is handed to augmenter and classifiers wherever they have such a parameter.
    n_jobs : int, default=None
        Folds and arms that run at the same time, in joblib's meaning. Each runs on one thread, and results do not
        depend on it.
    verbose : int >= 0, default=0
        1 shows progress on standard error.
    name : str, default=None
        Of the data set, for the report.

    Returns
    -------
    GainReport

    Raises
    ------
    DataError
        `X` or `y` cannot be used, groups have the wrong length, or a class has fewer rows than there are folds.
    ParameterError
        An option has a value it may not have, or names a metric that does not exist.

    Notes
    -----
    What fails in a fold (the augmenter, a classifier, a metric) is listed in the report, and the rest goes on.

    References
    ----------
    .. [1] Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
    .. [2] Esteban, Hyland and Rätsch, "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs",
       arXiv 1706.02633 (train on synthetic, test on real).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from ganaug import GANAugmenter, gain_report
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> report = gain_report(GANAugmenter(max_steps=20), X, y, cv=2, n_repeats=1, random_state=0)
    >>> sorted(report.to_frame().columns)
    ['arm', 'ci_high', 'ci_low', 'classifier', 'difference', 'mean', 'metric', 'n']
    """
    started = time.monotonic()
    given = {key: value for key, value in locals().items() if key not in ("augmenter", "X", "y", "started")}
    check_params("gain_report", {key: given[key] for key in _RULES}, _RULES)
    _check_augmenter(augmenter, synthetic_fraction)
    X, y = load_images(X, y)
    labels = check_labels(X, y)
    y = labels if is_one_vs_all(y) else y
    seed = new_seed(random_state)
    job = _Experiment(
        X,
        y,
        make_folds(X, labels, cv, n_repeats, groups, seed),
        resolve_classifiers(classifier, X, find_channel_axis(augmenter)),
        resolve_scorers(metrics, labels),
        _resolve_arms(arms, image_shape(X, find_channel_axis(augmenter)) is not None),
        labels,
        None if groups is None else np.asarray(groups),
    )
    prepared = job.prepare(augmenter, synthetic_fraction, balance, fidelity, n_jobs, verbose)
    evaluated = job.evaluate(prepared, n_jobs, verbose)
    design = Design(
        augmenter=augmenter,
        classifiers=job.classifiers,
        metrics=list(job.scorers),
        arms=job.arms,
        labels=labels,
        n_features=int(np.prod(np.shape(X)[1:])),
        image_shape=image_shape(X, find_channel_axis(augmenter)),
        folds=job.folds,
        n_repeats=n_repeats if isinstance(cv, int | np.integer) else 1,
        has_groups=groups is not None,
        synthetic_fraction=synthetic_fraction,
        balance=balance,
        margin=margin,
        random_state=seed,
        call=_write_call(augmenter, given | {"random_state": seed}),
        seconds=time.monotonic() - started,
        name=name,
    )
    return GainReport(design, prepared, evaluated)


def _resolve_arms(arms: Sequence[str] | None, images: bool) -> list[str]:
    """Return the arms in order; the real rows alone and the augmented ones are always among them."""
    named = default_arms(images) if arms is None else arms
    return [arm for arm in ARMS if arm in (*named, "real_only", "augmented")]


@dataclass(frozen=True)
class _Experiment:
    """Everything that folds and arms have in common."""

    X: Any
    y: Any
    folds: list[Fold]
    classifiers: Mapping[str, Any]
    scorers: Mapping[str, Any]
    arms: list[str]
    labels: NDArray[Any]
    groups: NDArray[Any] | None

    def prepare(
        self, augmenter: Any, share: float | None, balance: bool, fidelity: bool, n_jobs: int | None, verbose: int
    ) -> list[PreparedFold]:
        jobs = (
            delayed(prepare_fold)(augmenter, self.X, self.y, self.groups, fold, share, balance, fidelity)
            for fold in self.folds
        )
        return list(track_items(_run_parallel(jobs, n_jobs), len(self.folds), "fitting the augmenter", verbose))

    def evaluate(self, prepared: Sequence[PreparedFold], n_jobs: int | None, verbose: int) -> list[ArmScores]:
        shared = list(group_by_training(self.arms).values())
        jobs = (
            delayed(evaluate_arms)(arms, fold_of.material, fold, self._test(fold), self.classifiers, self.scorers)
            for fold, fold_of in zip(self.folds, prepared, strict=True)
            for arms in shared
        )
        total = len(self.folds) * len(shared)
        return list(track_items(_run_parallel(jobs, n_jobs), total, "training classifiers", verbose))

    def _test(self, fold: Fold) -> tuple[Any, NDArray[Any]]:
        return take_rows(self.X, fold.test), self.labels[fold.test]


def _run_parallel(jobs: Iterable[Any], n_jobs: int | None) -> Iterator[Any]:
    return Parallel(n_jobs, return_as="generator", pre_dispatch="n_jobs")(jobs)  # type: ignore[no-any-return]


def _write_call(augmenter: Any, given: Mapping[str, Any]) -> str:
    """Return the call that repeats a report; what stands in words cannot be written down."""
    usual = {name: parameter.default for name, parameter in inspect.signature(gain_report).parameters.items()}
    said = {name: "groups" if name == "groups" else to_one_line(value) for name, value in given.items()}
    changed = [f"{name}={said[name]}" for name, value in given.items() if not _is_default(value, usual[name])]
    return f"gain_report({', '.join([to_one_line(augmenter), 'X', 'y', *changed])})"


def _is_default(value: Any, usual: Any) -> bool:
    return value is usual or (type(value) is type(usual) and bool(value == usual))


def _check_augmenter(augmenter: Any, synthetic_fraction: float | None) -> None:
    samples = hasattr(augmenter, "fit") and hasattr(augmenter, "sample")
    if isinstance(augmenter, type) or not (samples or hasattr(augmenter, "fit_resample")):
        raise ParameterError(
            "The 'augmenter' parameter of gain_report must be an object with fit_resample, or with fit and sample. Got "
            f"{augmenter!r} instead{'; give an instance, not the class' if isinstance(augmenter, type) else ''}."
        )
    if synthetic_fraction is not None and not samples:
        raise ParameterError(
            f"synthetic_fraction needs an augmenter with fit and sample, and {augmenter!r} has fit_resample only; "
            "leave synthetic_fraction out, and set the amount on the augmenter."
        )
