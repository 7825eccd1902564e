"""Scorers by name: those of scikit-learn, and own ones that cope with classes absent from training or test rows."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from ..errors import ParameterError
from ..messages import suggest
from .metric_names import PREVALENCE, recall_name

Scorer = Callable[[Any, Any, Any], float]

_BINS = 10
_ONE_SIDED = {  # scores of one of two classes, which scikit-learn expects to be labelled 1
    "f1": sk.f1_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "jaccard": sk.jaccard_score,
}


def default_metrics(n_classes: int) -> tuple[str, ...]:
    """Return the names of the default metrics; the first one decides the verdict."""
    others = ("average_precision", "neg_log_loss", "neg_brier_score", "balanced_accuracy", "f1_macro")
    return (threshold_free_metric(n_classes), *others)


def threshold_free_metric(n_classes: int) -> str:
    """Return the name of a metric that no decision threshold moves: the area under the ROC curve."""
    return "roc_auc" if n_classes == 2 else "roc_auc_ovr"


def resolve_scorers(metrics: Any, y: NDArray[Any]) -> dict[str, Scorer]:
    """Return scorers ``f(classifier, X, y)`` by name; higher scores are better.

    Parameters
    ----------
    metrics : None, name, callable, sequence of these, or mapping of name to either
        Names are scikit-learn's, "neg_calibration_error" and "recall_per_class". A score of one of two classes (such as
        "average_precision") is that of the rarer class, unless the labels are 0 and 1, or -1 and 1.
    y : ndarray of shape (n,)
        All labels.

    Raises
    ------
    ParameterError
        A name does not exist, or a metric cannot be called.
    """
    classes = np.unique(y)
    if metrics is None:
        metrics = default_metrics(len(classes))
    if not isinstance(metrics, Mapping):
        several = metrics if isinstance(metrics, list | tuple) else [metrics]
        named: dict[str, Any] = {}
        for metric in several:
            own = metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))
            named[own if isinstance(metric, str) else make_unique(own, named)] = metric
        metrics = named
    scorers: dict[str, Scorer] = {}
    for name, metric in metrics.items():
        if metric == "recall_per_class":
            scorers |= {recall_name(label): _make_recall(label) for label in classes}
        else:
            scorers[str(name)] = _resolve_scorer(metric, y, classes)
    if not scorers:
        raise ParameterError("The 'metrics' parameter is empty; give at least one metric, or None.")
    return scorers


def _resolve_scorer(metric: Any, y: NDArray[Any], classes: NDArray[Any]) -> Scorer:
    if not isinstance(metric, str):
        if not callable(metric):
            raise ParameterError(
                f"The 'metrics' parameter must hold names of scorers or functions (classifier, X, y). Got {metric!r}."
            )
        return metric
    if metric in OWN_SCORERS:
        return OWN_SCORERS[metric]
    if metric not in (known := sk.get_scorer_names()):
        guess = suggest(metric, [*known, *OWN_SCORERS, "recall_per_class"])
        where = "sklearn.metrics.get_scorer_names() lists the names."
        raise ParameterError(f"The metric {metric!r} does not exist; {guess or where}")
    if len(classes) == 2 and set(classes.tolist()) not in ({0, 1}, {-1, 1}):
        rarer = min(classes.tolist(), key=lambda label: int((y == label).sum()))
        if metric == "average_precision":
            return sk.make_scorer(
                sk.average_precision_score, response_method=("decision_function", "predict_proba"), pos_label=rarer
            )
        if metric in _ONE_SIDED:
            return sk.make_scorer(_ONE_SIDED[metric], pos_label=rarer, zero_division=0.0)
    return sk.get_scorer(metric)


def _make_recall(label: Any) -> Scorer:
    def recall(classifier: Any, X: Any, y: Any) -> float:
        here = np.asarray(y) == label
        return float((np.asarray(classifier.predict(X))[here] == label).mean()) if here.any() else np.nan

    return recall


def _predict_probabilities(classifier: Any, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return predicted probabilities, and the column of each row's label, -1 for a label unseen in training."""
    classes = np.asarray(classifier.classes_)
    positions = {label: i for i, label in enumerate(classes.tolist())}
    columns = np.asarray([positions.get(label, -1) for label in np.asarray(y).tolist()], dtype=np.int64)
    return np.asarray(classifier.predict_proba(X), dtype=np.float64), columns


def neg_log_loss(classifier: Any, X: Any, y: Any) -> float:
    """Return the mean log-probability of the labels, at most 0; an unseen label has a probability of 1e-15.

    scikit-learn's scorer of this name fails if training or test rows lack a class. Source: Good, "Rational Decisions",
    Journal of the Royal Statistical Society B 14, 1952.
    """
    p, columns = _predict_probabilities(classifier, X, y)
    p = np.clip(p, 1e-15, 1.0)
    chosen = np.where(columns < 0, 1e-15, p[np.arange(len(p)), columns] / p.sum(1))
    return float(np.log(chosen).mean())


def neg_calibration_error(classifier: Any, X: Any, y: Any) -> float:
    """Return minus the expected calibration error, the mean gap between confidence and accuracy, between -1 and 0.

    Rows are divided into ten bins of equal size by the probability of the predicted class. Source: Naeini, Cooper and
    Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; bins of equal size after
    Nguyen and O'Connor, EMNLP 2015.
    """
    p, columns = _predict_probabilities(classifier, X, y)
    confidence = p.max(1)
    right = p.argmax(1) == columns
    parts = np.array_split(np.argsort(confidence, kind="stable"), min(_BINS, len(p)))
    return -float(sum(abs(float((confidence[rows] - right[rows]).sum())) for rows in parts) / len(p))


def neg_brier_score(classifier: Any, X: Any, y: Any) -> float:
    """Return minus half the squared distance between probabilities and one-hot labels, between -1 and 0.

    With two classes it equals scikit-learn's scorer of this name; with several it is half of Brier's sum over classes.
    Source: Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78, 1950.
    """
    p, columns = _predict_probabilities(classifier, X, y)
    hit = np.zeros_like(p)
    known = columns >= 0
    hit[np.flatnonzero(known), columns[known]] = 1.0
    lost = (~known).astype(float)  # an unseen label had probability 0
    return -float((((p - hit) ** 2).sum(1) + lost).mean() / 2)


def roc_auc(classifier: Any, X: Any, y: Any) -> float:
    """Return the area under the ROC curve; for several classes the mean of each against the rest.

    It equals scikit-learn's "roc_auc" and "roc_auc_ovr", but the mean leaves out classes that the rows lack. Source:
    Hanley and McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve",
    Radiology 143, 1982; for several classes Provost and Domingos, 2000.

    Raises
    ------
    OneClass
        All rows are of one class.
    """
    classes = np.asarray(classifier.classes_)
    labels = np.asarray(y)
    ranks = _rank_rows(classifier, X)
    two = [classes[1]] if len(classes) == 2 else classes
    areas = [
        sk.roc_auc_score(labels == label, ranks[:, column])
        for column, label in zip(range(-len(two), 0), two, strict=True)
        if 0 < (labels == label).sum() < len(labels)
    ]
    if not areas:
        raise SingleClassError(
            f"all {len(labels)} rows are of one class, {labels[0]!s}, so that there is nothing to rank"
        )
    return float(np.mean(areas))


class SingleClassError(ValueError):
    """All rows are of one class, and the score needs two."""


def _rank_rows(classifier: Any, X: Any) -> NDArray[np.float64]:
    """Return scores that rank rows: one column for each class, or one for the second of two classes."""
    methods = ["decision_function", "predict_proba"]
    if len(classifier.classes_) > 2:  # the same preference as in scikit-learn's scorers
        methods.reverse()
    method = next((name for name in methods if hasattr(classifier, name)), None)
    if method is None:
        raise ValueError(
            "the classifier has neither predict_proba nor decision_function to rank rows by; score its decisions, such "
            "as by 'balanced_accuracy'"
        )
    scores = np.asarray(getattr(classifier, method)(X), dtype=np.float64)
    return scores[:, None] if scores.ndim == 1 else scores


OWN_SCORERS: dict[str, Scorer] = {
    "roc_auc": roc_auc,
    "roc_auc_ovr": roc_auc,
    "neg_log_loss": neg_log_loss,
    "neg_brier_score": neg_brier_score,
    "neg_calibration_error": neg_calibration_error,
}


class CachedClassifier:
    """Fitted classifier that predicts the same rows only once.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier; other attributes are looked up on it.

    Attributes
    ----------
    asked : set of str
        Prediction methods called since the set was last cleared.
    """

    def __init__(self, classifier: Any):
        self._classifier = classifier
        self._answers: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._parts: dict[int, tuple[Any, Any, Any]] = {}
        self.asked: set[str] = set()

    def link_part(self, part: Any, whole: Any, positions: Any) -> None:
        """Take predictions of `part`, the rows of `whole` at `positions`, from predictions of `whole`."""
        self._parts[id(part)] = (part, whole, positions)  # keep the part, so that its id is not reused

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._classifier, name)
        if name not in ("predict", "predict_proba", "decision_function"):
            return attribute
        self.asked.add(name)

        def answer(X: Any) -> Any:
            if id(X) in self._parts:
                _, whole, positions = self._parts[id(X)]
                return answer(whole)[positions]
            key = (name, id(X))
            if key not in self._answers:
                self._answers[key] = (X, np.asarray(attribute(copy_samples(X))))
            return self._answers[key][1]

        answer.__name__ = name  # scikit-learn reads the name of a response method
        return answer


def score_all(
    classifier: Any, X: Any, y: Any, scorers: Mapping[str, Scorer], decided: Any = None
) -> tuple[dict[str, float], dict[str, str]]:
    """Score a fitted classifier in every metric, and collect the reasons of failures.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier.
    X, y : user data
        Test rows and labels.
    scorers : mapping of name to scorer
        Scorers.
    decided : estimator or None
        The same classifier with another decision threshold. Scorers that use decisions then give a second score, with
        the suffix `PREVALENCE`.

    Returns
    -------
    scores, reasons : dict of str to float, and dict of str to str
        Score of each metric, or reason of its failure.
    """
    usual = CachedClassifier(classifier)
    moved = CachedClassifier(decided)
    scores: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for name, scorer in scorers.items():
        usual.asked.clear()
        _record_score(name, scorer, usual, X, y, scores, reasons)
        if decided is not None and "predict" in usual.asked:
            _record_score(name + PREVALENCE, scorer, moved, X, y, scores, reasons)
    return scores, reasons


def _record_score(
    name: str,
    scorer: Scorer,
    model: CachedClassifier,
    X: Any,
    y: Any,
    scores: dict[str, float],
    reasons: dict[str, str],
) -> None:
    """Add a score to `scores`, or the reason of its failure to `reasons`."""
    try:
        value = float(scorer(model, X, y))
    except SingleClassError as error:
        reasons[name] = str(error)
    except Exception as error:  # third-party code may raise anything
        reasons[name] = describe_error(error)
    else:
        if reason := explain_not_finite(value):
            reasons[name] = reason
        else:
            scores[name] = value


def explain_not_finite(score: float) -> str:
    """Return why a score cannot be compared, "" if it is finite."""
    return "" if np.isfinite(score) else f"the score is {score}, which is no number to compare"


def copy_samples(X: Any) -> Any:
    """Return a copy of samples, for transformers that work in place."""
    return X.copy() if hasattr(X, "copy") else copy.deepcopy(X)


def make_unique(name: str, taken: Mapping[str, Any]) -> str:
    """Return `name`, with a number appended if it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def describe_error(error: BaseException) -> str:
    """Return the type and message of an error on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:500]}" if text else type(error).__name__
