"""gain_report(): compare classifiers trained with and without synthetic rows, fold by fold, beside free controls."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from ..data.layouts import Field
from ..data.rows import take_rows
from ..errors import ParameterError
from ..params import Rule, check_params, choice, either, integer, real
from ..progress import track_items
from ..rng import Seed, new_seed
from .arms import ARMS, AUGMENTED, BASELINE, TAUGHT_ARMS, default_arms, group_by_training
from .classifiers import resolve_classifiers
from .experiment import Amounts, ArmScores, PreparedFold, evaluate_arms, prepare_fold
from .folds import Fold, make_folds
from .image_inputs import find_channel_axis, image_shape, load_images
from .result import Design, GainReport, to_one_line
from .scorers import resolve_scorers
from .synthetic import check_labels, is_one_vs_all
from .teachers import SYNTHETIC_SIZE, resolve_teacher
from .teaching import evaluate_taught

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
    "verbose": either(integer(0), choice(False, True)),
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
    distil: Any = False,
    margin: float = 0.005,
    fidelity: bool = True,
    image: Field = None,
    label: Field = None,
    random_state: Seed = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    name: str | None = None,
) -> GainReport:
    """Measure the gain of classifiers from synthetic rows, on rows that neither they nor the augmenter saw.

    In each fold a clone of the augmenter is fitted on the training part alone. Each classifier is then trained on the
    rows of each arm and scored on the test part:

    * ``real_only``: the training part.
    * ``threshold``: the same classifier, deciding for the class that is most probable relative to its share in the
      training part; with two classes, a threshold at the share of the second.
    * ``calibrated``: the training part, with a sigmoid fitted to held-out scores of the classifier.
    * ``class_weight``: the training part, with ``class_weight="balanced"`` if the classifier takes class weights.
    * ``bootstrap``: real rows drawn with replacement, as many as ``augmented`` has in all.
    * ``duplicate``: real rows, and as many copies of each class as ``augmented`` has synthetic rows.
    * ``random_over_sampling``, ``smote``: classes brought to equal size by imbalanced-learn (SMOTE, SMOTENC or SMOTEN).
    * ``copula``: real rows, and as many rows of a `GaussianCopula` as ``augmented`` has synthetic rows.
    * ``synthetic_only``: as many synthetic rows as real ones, without real rows ("train on synthetic, test on real").
    * ``augmented``: real and synthetic rows.
    * ``augmented_corrected``: the same, with probabilities corrected to the real prior (`PriorCorrectedClassifier`).

    All but ``real_only`` and the last three are controls, which need no trained generator: a gain has to beat the best
    of them. With `distil`, four more arms tell whether a teacher's probabilities do more than labels (see
    `DistilledClassifier`):

    * ``soft_real``: the training part, each row with the probabilities of a teacher that has not seen it.
    * ``soft_swapped``: the same, and five times as many rows of `SwapNoise` with the probabilities of a teacher.
    * ``distilled``: the same with synthetic rows of the augmenter in their place.
    * ``teacher``: the teacher itself.

    Scores of decisions are reported twice for each arm: for the classifier's own decisions, and with the
    suffix ``@prevalence`` for decisions at the class shares of its training rows.

    Parameters
    ----------
    augmenter : sampler
        `GANAugmenter`, `TunedAugmenterCV`, an over-sampler of imbalanced-learn, or any object with ``fit_resample(X,
        y)``, or with ``fit(X, y)`` and ``sample(n=None, y=None, random_state=None)``.
    X : frame or array of n rows, images, Dataset, or path of a folder of class folders
        Samples, as for `GANAugmenter`.
    y : array-like of shape (n,), default=None
        Labels; None if `X` contains them.
    classifier : name, estimator, sequence or mapping of these, default=None
        "logistic", "neighbours", "forest" and "boosting" are scikit-learn's, each behind a preprocessing of mixed
        columns; None takes all four. If the table has text, booleans or dates, a bare classifier is put behind the
        same preprocessing; a pipeline is used as given. For images None takes three small networks, each trained for
        the same number of steps in all arms: "cnn" without augmentation, "cnn, affine" with classic augmentation, and
        "cnn, tuned" with classic augmentation and options chosen on held-out images.
    cv : int, splitter, or iterable of (train, test) positions, default=5
        Folds; an integer gives stratified folds.
    n_repeats : int, default=2
        Number of times that the rows are split, if `cv` is an integer.
    groups : array-like of shape (n,), default=None
        Group of each row; rows of one group are never on both sides of a fold. Passed on to the augmenter if its
        ``fit_resample`` takes groups.
    metrics : name, callable, sequence or mapping, default=None
        Scorers of scikit-learn by name, functions ``f(classifier, X, y)``, "neg_calibration_error" or
        "recall_per_class"; the first one decides the verdict. None takes ROC AUC (one against the rest for several
        classes), which no threshold moves, and average precision, log loss, Brier score, balanced accuracy and
        macro-F1.
    synthetic_fraction : float in (0, 1), default=None
        Share of synthetic rows in the augmented rows; None takes the rows that the augmenter's ``fit_resample`` adds.
    balance : bool, default=False
        Whether the synthetic rows of a `synthetic_fraction` fill up the smallest classes first, or keep the class
        shares.
    arms : sequence of str, default=None
        Arms to run, in addition to ``real_only`` and ``augmented``. None runs all; for images it leaves out
        ``calibrated``, which trains each network several times.
    distil : bool, name or classifier, default=False
        Whether to run the arms of a teacher, for tables. True takes the default teacher of `DistilledClassifier`; a
        classifier with ``predict_proba``, or a name as for `classifier`, is the teacher.
    margin : float >= 0, default=0.005
        Smallest gain worth having, in units of the first metric; it decides between "does no better" and "cannot
        tell".
    fidelity : bool, default=True
        Whether to measure fidelity, near-copies and membership inference as well; for images, fidelity and near-copies.
    image, label : position, key or function of an item, default=None
        Fields that are image and label in the items of a data set, as for `GANAugmenter.fit`.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the folds, and of augmenter and classifiers wherever they have such a parameter.
    n_jobs : int, default=None
        Number of folds and arms to run in parallel, as in joblib. Each runs on one thread; results do not depend on it.
    verbose : int >= 0, default=0
        1 shows progress on standard error.
    name : str, default=None
        Name of the data set, for the report.

    Returns
    -------
    GainReport
        Scores, differences with their intervals, and the verdict.

    Raises
    ------
    DataError
        `X` or `y` cannot be used, groups have the wrong length, or a class has fewer rows than there are folds.
    ParameterError
        A parameter has an invalid value, or a metric does not exist.

    See Also
    --------
    expected_gain : Estimate the gain in seconds, without training.
    TunedAugmenterCV : Choose the share of synthetic rows on held-out rows.

    Notes
    -----
    If the augmenter, a classifier or a metric fails in a fold, the report lists the failure and continues.

    References
    ----------
    .. [1] Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
    .. [2] Esteban, Hyland and Rätsch, "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs",
       arXiv 1706.02633 (train on synthetic, test on real).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from ganaug import GaussianCopula, gain_report
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> report = gain_report(
    ...     GaussianCopula(),
    ...     X,
    ...     y,
    ...     classifier=make_pipeline(StandardScaler(), LogisticRegression()),
    ...     metrics="roc_auc",
    ...     arms=["duplicate", "smote"],
    ...     fidelity=False,
    ...     random_state=0,
    ... )
    >>> report.conclusion.metric
    'roc_auc'
    >>> report.to_frame()[["arm", "n"]]
             arm   n
    0  real_only  10
    1  duplicate  10
    2      smote  10
    3  augmented  10
    >>> print(report.verdict)  # doctest: +SKIP
    >>> report.to_html("gain.html")  # doctest: +SKIP
    """
    started = time.monotonic()
    given = {key: value for key, value in locals().items() if key not in ("augmenter", "X", "y", "started")}

    # Check parameters and data.
    check_params("gain_report", {key: given[key] for key in _RULES}, _RULES)
    _check_augmenter(augmenter, synthetic_fraction)
    X, y = load_images(X, y, image, label)
    labels = check_labels(X, y)
    if is_one_vs_all(y):
        y = labels

    # Plan the experiment: folds, classifiers, metrics and arms.
    seed = new_seed(random_state)
    channel_axis = find_channel_axis(augmenter)
    shape = image_shape(X, channel_axis)
    teacher = _resolve_distil(distil, X, is_image=shape is not None)
    experiment = _Experiment(
        X,
        y,
        make_folds(X, labels, cv, n_repeats, groups, seed),
        resolve_classifiers(classifier, X, channel_axis),
        resolve_scorers(metrics, labels),
        [*_resolve_arms(arms, is_image=shape is not None), *(TAUGHT_ARMS if teacher is not None else ())],
        labels,
        None if groups is None else np.asarray(groups),
        teacher,
    )

    # Fit the augmenter on the training rows of each fold, and draw the synthetic rows.
    amounts = Amounts(synthetic_fraction, balance, 0.0 if teacher is None else SYNTHETIC_SIZE)
    prepared = experiment.prepare(augmenter, amounts, fidelity, n_jobs, verbose)

    # Train every classifier on the rows of each arm, and score it on the test rows.
    evaluated = experiment.evaluate(prepared, n_jobs, verbose)

    # Record the design, and compare the arms.
    design = Design(
        augmenter=augmenter,
        classifiers=experiment.classifiers,
        metrics=list(experiment.scorers),
        arms=experiment.arms,
        labels=labels,
        n_features=int(np.prod(np.shape(X)[1:])),
        image_shape=shape,
        folds=experiment.folds,
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


def _resolve_arms(arms: Sequence[str] | None, is_image: bool) -> list[str]:
    """Return the arms in order, always with the real rows alone and the augmented rows."""
    chosen = default_arms(is_image) if arms is None else arms
    return [arm for arm in ARMS if arm in (*chosen, BASELINE, AUGMENTED)]


def _resolve_distil(distil: Any, X: Any, is_image: bool) -> Any:
    """Return the unfitted teacher, or None without one."""
    if distil is False or distil is None:
        return None
    if is_image:
        raise ParameterError("The 'distil' parameter of gain_report is for tables; leave it out for images.")
    return resolve_teacher(None if distil is True else distil, X, "'distil' parameter of gain_report")


@dataclass(frozen=True)
class _Experiment:
    """Data, folds, classifiers and metrics of an experiment, which all folds and arms share."""

    X: Any
    y: Any
    folds: list[Fold]
    classifiers: Mapping[str, Any]
    scorers: Mapping[str, Any]
    arms: list[str]
    labels: NDArray[Any]
    groups: NDArray[Any] | None
    teacher: Any

    def prepare(
        self, augmenter: Any, amounts: Amounts, fidelity: bool, n_jobs: int | None, verbose: int
    ) -> list[PreparedFold]:
        """Fit the augmenter and draw synthetic rows in each fold."""
        jobs = (
            delayed(prepare_fold)(augmenter, self.X, self.y, self.groups, fold, amounts, fidelity)
            for fold in self.folds
        )
        return list(track_items(_run_parallel(jobs, n_jobs), len(self.folds), "fitting the augmenter", verbose))

    def evaluate(self, prepared: Sequence[PreparedFold], n_jobs: int | None, verbose: int) -> list[ArmScores]:
        """Train and score the classifiers in each fold, once for the arms that share a training or a teacher."""
        shared = list(group_by_training(self.arms).values())
        jobs = (
            self._delay_evaluation(arms, fold_of, fold)
            for fold, fold_of in zip(self.folds, prepared, strict=True)
            for arms in shared
        )
        total = len(self.folds) * len(shared)
        return list(track_items(_run_parallel(jobs, n_jobs), total, "training classifiers", verbose))

    def _delay_evaluation(self, arms: Sequence[str], prepared: PreparedFold, fold: Fold) -> Any:
        given = (arms, prepared.data, fold, self._test(fold), self.classifiers, self.scorers)
        if arms[0] in TAUGHT_ARMS:
            return delayed(evaluate_taught)(*given, self.teacher)
        return delayed(evaluate_arms)(*given)

    def _test(self, fold: Fold) -> tuple[Any, NDArray[Any]]:
        return take_rows(self.X, fold.test), self.labels[fold.test]


def _run_parallel(jobs: Iterable[Any], n_jobs: int | None) -> Iterator[Any]:
    return Parallel(n_jobs, return_as="generator", pre_dispatch="n_jobs")(jobs)  # type: ignore[no-any-return]


def _write_call(augmenter: Any, given: Mapping[str, Any]) -> str:
    """Return the call that repeats a report, with data and groups as variable names."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(gain_report).parameters.items()}
    texts = {name: "groups" if name == "groups" else to_one_line(value) for name, value in given.items()}
    changed = [f"{name}={texts[name]}" for name, value in given.items() if not _is_default(value, defaults[name])]
    return f"gain_report({', '.join([to_one_line(augmenter), 'X', 'y', *changed])})"


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def _check_augmenter(augmenter: Any, synthetic_fraction: float | None) -> None:
    can_sample = hasattr(augmenter, "fit") and hasattr(augmenter, "sample")
    if isinstance(augmenter, type) or not (can_sample or hasattr(augmenter, "fit_resample")):
        cure = "; give an instance, not the class" if isinstance(augmenter, type) else ""
        raise ParameterError(
            "The 'augmenter' parameter of gain_report must be an object with fit_resample, or with fit and sample. Got "
            f"{augmenter!r} instead{cure}."
        )
    if synthetic_fraction is not None and not can_sample:
        raise ParameterError(
            f"synthetic_fraction needs an augmenter with fit and sample, and {augmenter!r} has fit_resample only; "
            "leave synthetic_fraction out, and set the amount on the augmenter."
        )
