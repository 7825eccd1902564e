"""Define the classifiers and the scores by which methods are judged."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss, recall_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ..shared.frames import convert_to_text, list_numeric_columns
from .disagreement import DisagreementSampler
from .searched import DistilledSearch, SearchedLearner
from .shared_fits import SharedGAN, SharedTeacher, find_default_teacher

# All with scikit-learn's defaults; only the logistic regression is given time to converge.
LEARNERS: dict[str, Callable[[int], Any]] = {
    "logistic": lambda seed: LogisticRegression(max_iter=2000, random_state=seed),
    "neighbours": lambda seed: KNeighborsClassifier(),
    "mlp": lambda seed: MLPClassifier(random_state=seed),
    "forest": lambda seed: RandomForestClassifier(random_state=seed),
    "boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
    "tree": lambda seed: DecisionTreeClassifier(random_state=seed),
}
DECISIONS = ("balanced_accuracy", "f1_macro")
PREVALENCE = "@prevalence"  # suffix of scores of decisions at the class shares of the training rows
METRICS = (
    "roc_auc",
    "average_precision",
    "neg_log_loss",
    "neg_brier_score",
    *DECISIONS,
    *(name + PREVALENCE for name in DECISIONS),
)


def make_learner(name: str, X: pd.DataFrame, seed: int, *, class_weight: bool = False) -> Pipeline | None:
    """Return a pipeline for the columns of `X`, or None if `class_weight` is set but the classifier takes none.

    Numbers: missing cells become the median, then mean 0 and variance 1. Text: one-hot, values below 1 % of the rows
    together, unknown ones as none.
    """
    learner = LEARNERS[name](seed)
    if class_weight:
        if "class_weight" not in learner.get_params():
            return None
        learner.set_params(class_weight="balanced")
    numbers = list_numeric_columns(X)
    text = [column for column in X.columns if column not in numbers]
    encoder = OneHotEncoder(min_frequency=0.01, handle_unknown="ignore", sparse_output=False)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(imputer, StandardScaler()), numbers),
            ("text", make_pipeline(FunctionTransformer(convert_to_text), encoder), text),
        ]
    )
    return make_pipeline(columns, learner)


DISTILLED = ("soft_real", "distilled_swap", "distilled_copula", "distilled", "teacher")
SOFT_OPTIONS: dict[str, dict[str, float]] = {
    "swap_own_0": {"own_label": 0.0},
    "swap_own_50": {"own_label": 0.5},
    "swap_own_100": {"own_label": 1.0},
    "swap_size_1": {"synthetic_size": 1.0},
    "swap_size_20": {"synthetic_size": 20.0},
    "swap_share_25": {"share": 0.25},
    "swap_share_75": {"share": 0.75},
}
"""Other options of a DistilledClassifier with swapped cells: weight of the own label, rows, share of cells."""
DISAGREE = "swap_disagree"
"""The same with the rows about which teacher and student disagree most."""
SEARCHED = ("searched", "soft_real_searched", "distilled_searched")
TREATMENTS = (
    *("plain", "threshold", "calibrated", "class_weight", "class_weight_corrected", "corrected"),
    *DISTILLED,
    *SEARCHED,
    *SOFT_OPTIONS,
    DISAGREE,
)


def make_treated_learner(name: str, split: Any, seed: int, treatment: str) -> Any | None:
    """Return a learner with the treatment of a method, or None if it takes no class weights.

    Parameters
    ----------
    name : str
        One of `LEARNERS`.
    split : Split
        Columns and prior are those of its training rows.
    seed : int
    treatment : str
        One of `TREATMENTS`. "threshold" changes only the scores of decisions; "calibrated" fits a sigmoid to held-out
        scores (Platt, 1999); "corrected" corrects probabilities for the prior of the real rows. Those of `DISTILLED`
        learn the probabilities of a teacher, on real rows alone, or on rows with swapped cells, of a copula or of
        ganaug, too; or are the teacher itself. Those of `SEARCHED` choose options of the learner by cross-validation
        first.
    """
    learner = make_learner(name, split.X, seed, class_weight=treatment.startswith("class_weight"))
    if learner is None or treatment in ("plain", "threshold", "class_weight"):
        return learner
    if treatment in (*DISTILLED, *SOFT_OPTIONS, DISAGREE):
        return _make_distilled(learner, treatment, seed)
    if treatment in SEARCHED:
        searched = SearchedLearner(learner, name, seed)
        if treatment == "searched":
            return searched
        return DistilledSearch(searched, _make_distilled(learner, treatment.removesuffix("_searched"), seed))
    if treatment == "calibrated":
        folds = min(5, int(split.y.value_counts().min()))
        return CalibratedClassifierCV(learner, method="sigmoid", cv=folds, ensemble=False)
    from ganaug import PriorCorrectedClassifier

    return PriorCorrectedClassifier(learner, prior=split.y.value_counts(normalize=True).to_dict())


def _make_distilled(learner: Any, treatment: str, seed: int) -> Any:
    from ganaug import DistilledClassifier, GaussianCopula, SwapNoise

    teacher = SharedTeacher(find_default_teacher(), seed)
    if treatment == "teacher":
        return teacher
    augmenters = {
        "distilled_swap": SwapNoise(random_state=seed),
        "distilled_copula": GaussianCopula(seed),
        "distilled": SharedGAN(seed),
        DISAGREE: DisagreementSampler(SwapNoise(random_state=seed), teacher, learner, seed),
    }
    if treatment in SOFT_OPTIONS:
        options = dict(SOFT_OPTIONS[treatment])
        swap = SwapNoise(options.pop("share", 0.5), random_state=seed)
        return DistilledClassifier(learner, swap, teacher, random_state=seed, **options)
    return DistilledClassifier(learner, augmenters.get(treatment), teacher, random_state=seed)


def fit_and_score(learner: Any, X: pd.DataFrame, y: pd.Series, split: Any) -> dict[str, float]:
    """Fit on ``X, y``, and return the scores on the test rows of `split`.

    Parameters
    ----------
    learner : classifier
        With ``predict_proba``.
    X, y : DataFrame and Series
        Rows to train on, and their class codes.
    split : Split
        For its test rows.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(X, y)
    n_classes = int(split.y.max()) + 1
    proba = np.zeros((len(split.X_test), n_classes))
    proba[:, learner.classes_] = learner.predict_proba(split.X_test)
    learned = get_learned_shares(learner, y, n_classes)
    return compute_scores(
        split.y_test.to_numpy(), proba, learned, split.weights, rarest=int(split.y.value_counts().idxmin())
    )


def get_learned_shares(learner: Any, y: pd.Series, n_classes: int) -> np.ndarray:
    """Return the prior of each class that the probabilities of a fitted learner reflect.

    It is the class share of the training rows, unless class weights or a correction changed it.
    """
    if hasattr(learner, "prior_"):
        return np.asarray(learner.prior_)
    counts = np.bincount(y, minlength=n_classes)
    weighs = any(value for name, value in learner.get_params().items() if name.endswith("class_weight"))
    shares: np.ndarray = (counts > 0) if weighs else counts
    return shares / shares.sum()


def compute_scores(
    y: np.ndarray, proba: np.ndarray, learned: np.ndarray, weights: np.ndarray, rarest: int
) -> dict[str, float]:
    """Return every score of `METRICS`, higher being better.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class codes of the test rows.
    proba : ndarray of shape (n, n_classes)
    learned : ndarray of shape (n_classes,)
        Prior of each class; decisions at prevalence divide the probabilities by it.
    weights : ndarray of shape (n,)
        Weight of each row.
    rarest : int
        The positive class of two; with more, the mean over each class against the rest is taken.
    """
    classes = np.unique(y)
    judged = [rarest] if proba.shape[1] == 2 else classes
    pairs = [(y == c, proba[:, c]) for c in judged]
    sure = np.clip(proba, 1e-7, 1)  # a single row with probability 0 would decide the mean
    sure /= sure.sum(axis=1, keepdims=True)
    loss = log_loss(y, sure, labels=np.arange(proba.shape[1]), sample_weight=weights)
    squares = ((proba - np.eye(proba.shape[1])[y]) ** 2).sum(axis=1) / 2
    relative = np.where(learned > 0, proba / np.where(learned > 0, learned, 1), -1)
    return {
        "roc_auc": float(np.mean([roc_auc_score(*pair, sample_weight=weights) for pair in pairs])),
        "average_precision": float(np.mean([average_precision_score(*pair, sample_weight=weights) for pair in pairs])),
        "neg_log_loss": -float(loss),
        "neg_brier_score": -float(np.average(squares, weights=weights)),
        **_score_decisions(y, proba.argmax(axis=1), classes, weights),
        **_score_decisions(y, relative.argmax(axis=1), classes, weights, PREVALENCE),
    }


def _score_decisions(
    y: np.ndarray, predicted: np.ndarray, classes: np.ndarray, weights: np.ndarray, suffix: str = ""
) -> dict[str, float]:
    options: dict[str, Any] = {"labels": classes, "average": "macro", "sample_weight": weights, "zero_division": 0}
    found = recall_score(y, predicted, **options), f1_score(y, predicted, **options)
    return {name + suffix: float(value) for name, value in zip(DECISIONS, found, strict=True)}
