"""The classifiers that every method is judged by, and the scores that they get on rows nobody saw."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
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

MISSING = "(missing)"

# All with scikit-learn's defaults; only the logistic regression is given time to converge.
LEARNERS: dict[str, Callable[[int], Any]] = {
    "logistic": lambda seed: LogisticRegression(max_iter=2000, random_state=seed),
    "neighbours": lambda seed: KNeighborsClassifier(),
    "mlp": lambda seed: MLPClassifier(random_state=seed),
    "forest": lambda seed: RandomForestClassifier(random_state=seed),
    "boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
}
METRICS = ("balanced_accuracy", "f1_macro", "roc_auc", "average_precision", "neg_log_loss")


def numeric_columns(X: pd.DataFrame) -> list[str]:
    """Return the names of the columns that hold numbers."""
    return [name for name in X.columns if pd.api.types.is_numeric_dtype(X[name].dtype)]


def as_text(X: pd.DataFrame) -> pd.DataFrame:
    """Return every cell as text, missing ones as `MISSING`, whatever pandas calls the dtype."""
    return X.astype(object).where(X.notna(), MISSING).astype(str)


def make_learner(name: str, X: pd.DataFrame, seed: int, *, class_weight: bool = False) -> Pipeline | None:
    """Return a pipeline for the columns of `X`, or None where class weights are asked for that it does not take.

    Numbers: missing cells become the median, then mean 0 and variance 1. Text: one-hot, values below 1 % of the rows
    together, unknown ones as none.
    """
    learner = LEARNERS[name](seed)
    if class_weight:
        if "class_weight" not in learner.get_params():
            return None
        learner.set_params(class_weight="balanced")
    numbers = numeric_columns(X)
    text = [column for column in X.columns if column not in numbers]
    encoder = OneHotEncoder(min_frequency=0.01, handle_unknown="ignore", sparse_output=False)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(imputer, StandardScaler()), numbers),
            ("text", make_pipeline(FunctionTransformer(as_text), encoder), text),
        ]
    )
    return make_pipeline(columns, learner)


def fit_and_score(learner: Pipeline, X: pd.DataFrame, y: pd.Series, split: Any) -> dict[str, float]:
    """Fit on ``X, y``, and return the scores on the test rows of `split`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(X, y)
    n_classes = int(split.y.max()) + 1
    proba = np.zeros((len(split.X_test), n_classes))
    proba[:, learner.classes_] = learner.predict_proba(split.X_test)
    return scores(split.y_test.to_numpy(), proba, split.weights, rarest=int(split.y.value_counts().idxmin()))


def scores(y: np.ndarray, proba: np.ndarray, weights: np.ndarray, rarest: int) -> dict[str, float]:
    """Return every score of `METRICS`, higher being better.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class codes of the test rows.
    proba : ndarray of shape (n, n_classes)
    weights : ndarray of shape (n,)
        What each row counts for.
    rarest : int
        The positive class of two; with more, the mean over each class against the rest is taken.
    """
    predicted, classes = proba.argmax(axis=1), np.unique(y)
    recall = recall_score(y, predicted, labels=classes, average="macro", sample_weight=weights, zero_division=0)
    f1 = f1_score(y, predicted, labels=classes, average="macro", sample_weight=weights, zero_division=0)
    judged = [rarest] if proba.shape[1] == 2 else classes
    pairs = [(y == c, proba[:, c]) for c in judged]
    sure = np.clip(proba, 1e-7, 1)  # a single row with probability 0 would decide the mean
    sure /= sure.sum(axis=1, keepdims=True)
    loss = log_loss(y, sure, labels=np.arange(proba.shape[1]), sample_weight=weights)
    return {
        "balanced_accuracy": float(recall),
        "f1_macro": float(f1),
        "roc_auc": float(np.mean([roc_auc_score(*pair, sample_weight=weights) for pair in pairs])),
        "average_precision": float(np.mean([average_precision_score(*pair, sample_weight=weights) for pair in pairs])),
        "neg_log_loss": -float(loss),
    }
