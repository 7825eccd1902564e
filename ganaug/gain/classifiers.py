"""Classifiers by name, with the preprocessing that tables with mixed columns need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from ..data.dtypes import is_time, times_to_integers
from ..data.rows import as_frame
from ..errors import ParameterError
from .image_classifier import NETWORKS, ImageClassifier
from .image_inputs import are_images
from .scorers import make_unique

_RARE = 0.01  # categories with a smaller share are pooled, so identifiers give a single column


_FAMILIES: dict[str, Any] = {
    "logistic": LogisticRegression(max_iter=1000),
    "neighbours": KNeighborsClassifier(),
    "forest": RandomForestClassifier(),
    "boosting": HistGradientBoostingClassifier(),
}
"""One classifier of each family, with scikit-learn's defaults and more iterations for the logistic regression."""

_NETWORKS = {name: ImageClassifier.named(name) for name in NETWORKS}


def resolve_classifiers(classifier: Any, X: Any, channel_axis: Any = "auto") -> dict[str, Any]:
    """Return classifiers by name, from whatever the user gave.

    Parameters
    ----------
    classifier : None, name, estimator, sequence of these, or mapping of name to estimator
        Names are "logistic", "neighbours", "forest" and "boosting", each behind `make_preprocessing`, and for images
        "cnn", "cnn, affine" and "cnn, tuned"; None takes all four for tables, or all three for images.
    X : samples
        If a table has columns other than numbers, a bare classifier is put behind `make_preprocessing`. A pipeline or
        column transformer, or an estimator that contains one, is used as given.
    channel_axis : {"auto", None, 1, -1, 3}
        Channel axis of images, for networks given by name.

    Raises
    ------
    DataError
        `classifier` is None, and `X` has the shape of images that are not supported.
    ParameterError
        An entry is not a classifier, or there is none.
    """
    if classifier is None:
        classifier = list(_NETWORKS if are_images(X, channel_axis) else _FAMILIES)
    if isinstance(classifier, Mapping):
        named = {str(name): _resolve_name(model, channel_axis) for name, model in classifier.items()}
    else:
        several = classifier if isinstance(classifier, list | tuple) else [classifier]
        named = {}
        for given in several:
            model = _resolve_name(given, channel_axis)
            name = given if isinstance(given, str) and given in _NETWORKS else _class_name(model)
            named[make_unique(name, named)] = model
    if not named:
        raise ParameterError("The 'classifier' parameter is empty; give at least one classifier, or None.")
    for name, model in named.items():
        if isinstance(model, type) or not hasattr(model, "fit") or not hasattr(model, "predict"):
            cure = "; give an instance, not the class" if isinstance(model, type) else ""
            raise ParameterError(
                f"The 'classifier' parameter must be a classifier with fit and predict, or several. Got {name}: "
                f"{model!r} instead{cure}."
            )
    return {name: add_preprocessing(model, X) for name, model in named.items()}


def _resolve_name(classifier: Any, channel_axis: Any) -> Any:
    if not isinstance(classifier, str):
        return classifier
    if classifier in _NETWORKS:
        return clone(_NETWORKS[classifier]).set_params(channel_axis=channel_axis)
    if classifier not in _FAMILIES:
        names = ", ".join(map(repr, (*_FAMILIES, *_NETWORKS)))
        raise ParameterError(f"The classifier {classifier!r} does not exist; take one of {names}, or an estimator.")
    return make_pipeline(*make_preprocessing(), clone(_FAMILIES[classifier]))


def make_preprocessing() -> tuple[Any, ...]:
    """Return transformers that turn a table of mixed columns into numbers.

    In columns of numbers and dates, missing cells are replaced by the median and marked in an extra column; the columns
    are then scaled to zero mean and unit variance. Other columns are one-hot encoded; missing cells are a category, and
    rare or unknown categories share a column.
    """
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=True), StandardScaler()
    )
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=_RARE, max_categories=100, sparse_output=False
    )
    columns = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("categories", categories, make_column_selector(dtype_exclude="number")),
        ]
    )
    return FunctionTransformer(simplify_columns), columns


def simplify_columns(X: Any) -> pd.DataFrame:
    """Return a table with float64 and text columns only; missing text becomes "(missing)".

    Parameters
    ----------
    X : frame, array or list of rows, of shape (n, d)
        Table.
    """
    frame = as_frame(X)
    columns = {str(i): _simplify_column(frame.iloc[:, i]) for i in range(frame.shape[1])}
    return pd.DataFrame(columns, index=range(len(frame)))


def is_categorical(column: pd.Series[Any]) -> bool:
    """Return whether a column holds anything but numbers and dates."""
    return not (is_time(column) or (pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)))


def _simplify_column(column: pd.Series[Any]) -> Any:
    if is_categorical(column):
        text = column.astype(object).map(str).to_numpy(dtype=object)
        return np.where(column.isna().to_numpy(), "(missing)", text)
    if not pd.api.types.is_numeric_dtype(column):
        return np.where(column.isna().to_numpy(), np.nan, times_to_integers(column).astype(float))
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def add_preprocessing(model: Any, X: Any) -> Any:
    """Return an estimator that takes the columns of `X`: itself, or a pipeline of `make_preprocessing` and it."""
    if not isinstance(model, BaseEstimator) or _has_preprocessing(model) or _all_numbers(X):
        return model
    return make_pipeline(*make_preprocessing(), clone(model))


def _has_preprocessing(model: BaseEstimator) -> bool:
    """Return whether a model, or a part of it as in a search or a vote, is a pipeline or a column transformer."""
    own = (Pipeline, ColumnTransformer)
    return isinstance(model, own) or any(isinstance(part, own) for part in model.get_params(deep=True).values())


def _all_numbers(X: Any) -> bool:
    """Return whether `X` needs no preprocessing: a table with only numbers, or samples that are not a table."""
    if not isinstance(X, pd.DataFrame) and np.ndim(X) != 2:
        return True
    return all(
        pd.api.types.is_numeric_dtype(column) and not is_categorical(column) for _, column in as_frame(X).items()
    )


def _class_name(model: Any) -> str:
    return type(model.steps[-1][1] if isinstance(model, Pipeline) else model).__name__


def clone_with_seed(estimator: Any, seed: int) -> Any:
    """Return a clone of an estimator, with a seed in every parameter ``random_state``, also of its parts."""
    copy = clone(estimator, safe=False)
    if hasattr(copy, "get_params"):
        names = [name for name in copy.get_params(deep=True) if name.split("__")[-1] == "random_state"]
        copy.set_params(**dict.fromkeys(sorted(names), seed % 2**32))
    return copy


def clone_with_class_weights(estimator: Any) -> Any | None:
    """Return a clone with ``class_weight="balanced"``, or None if the estimator takes no class weights."""
    if not hasattr(estimator, "get_params"):
        return None
    names = [name for name in estimator.get_params(deep=True) if name.split("__")[-1] == "class_weight"]
    return clone(estimator).set_params(**dict.fromkeys(names, "balanced")) if names else None
