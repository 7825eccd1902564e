"""Check samples and labels before any work begins, whatever their kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..errors import DataError, ParameterError
from ..messages import join_names
from ..modality import Modality
from .layouts import Field
from .sequences import is_dataset


class CellError(DataError, TypeError):
    """Raised for a cell that holds neither text, a number nor a boolean."""


def split_samples(modality: Modality, X: Any, y: Any, image: Field = None, label: Field = None) -> tuple[Any, Any]:
    """Return samples and labels separately, from whatever holds them.

    Parameters
    ----------
    modality : Modality
        Kind of data.
    X, y : user data
        As the user gave them; `y` is None where `X` holds the labels as well.
    image, label : position, key or function of an item, default=None
        Fields of the items of a data set that are image and label, if the user names them.

    Raises
    ------
    DataError
        They are no samples and labels of this kind.
    ParameterError
        Fields are named for samples that have none.
    """
    named = {name: field for name, field in (("image", image), ("label", label)) if field is not None}
    if modality.take_apart is not None:
        return modality.take_apart(X, y, **named)
    if named:
        raise ParameterError(
            f"{' and '.join(f'{name}=' for name in named)} name fields of the items of a data set, and X is "
            f"{modality.name} data; leave them out."
        )
    check_samples(X, y)
    return X, y


def check_samples(X: Any, y: Any) -> None:
    """Raise DataError, in scikit-learn's words, for what cannot be samples and labels of any kind.

    Parameters
    ----------
    X : frame, array-like or other samples
        Checked for the faults of arrays; the encoder checks the rest.
    y : array-like
        Labels; checked only for being present.

    Raises
    ------
    DataError
        `y` is None, or `X` is sparse, complex, ragged, empty, or has too few dimensions; or one is a table of another
        library that has no rows yet, or none that Arrow reaches.
    """
    refuse_parts(X)
    refuse_foreign("X", X)
    refuse_foreign("y", y)
    if isinstance(y, str):
        raise DataError(f"y is the text {y!r}; give the labels themselves, as in fit(X.drop(columns={y!r}), X[{y!r}]).")
    if y is None:
        raise DataError("GANAugmenter requires y to be passed, but the target y is None; give one label per row.")
    if sparse.issparse(X):
        raise DataError("X is a sparse matrix, which GANAugmenter does not take; convert it by X.toarray().")
    _refuse_containers(X)
    if isinstance(X, pd.DataFrame):
        check_shape(X.shape)
        return
    try:
        array = np.asarray(X)
    except ValueError:
        raise DataError("X is a list of rows of different lengths; give each row the same number of cells.") from None
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: give real and imaginary parts as two columns.")
    if array.ndim < 2:
        raise DataError(
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data: X.reshape(-1, 1) if it has a "
            "single column."
        )
    if array.dtype.kind == "O":
        _check_cells(array)
    check_shape(array.shape)


def _refuse_containers(X: Any) -> None:
    """Raise DataError for arrays and collections whose names or masks would be lost."""
    if isinstance(X, np.ma.MaskedArray):
        raise DataError("X is a masked array, whose masked cells would count; give X.filled(numpy.nan).")
    holds_mappings = isinstance(X, list | tuple) and bool(X) and isinstance(X[0], Mapping)
    if isinstance(X, Mapping) or holds_mappings or (isinstance(X, np.ndarray) and X.dtype.names):
        raise DataError(f"X is a {type(X).__name__} of named columns; give a frame: pandas.DataFrame(X).")


_NO_IMAGES = (
    ", and its items hold no image that is decoded; give a table as {0}.to_pandas(), images in lists as "
    "{0}.with_format('numpy'), and bytes of files as {0}.cast_column(column, datasets.Image())."
)


def refuse_foreign(name: str, data: Any) -> None:
    """Raise DataError for a table that Arrow does not reach: as an array it would lose names and types."""
    kind, library = type(data).__name__, type(data).__module__.partition(".")[0].lstrip("_")
    if _is_hugging_face(data) and not is_dataset(data):
        cure = f"; give its values, {name}[:]." if kind == "Column" else _NO_IMAGES.format(name)
        raise DataError(f"{name} is a {kind} of datasets{cure}")
    if kind == "LazyFrame":
        raise DataError(f"{name} is a {kind} of {library}, whose rows are not there yet; give {name}.collect().")
    if hasattr(data, "__dataframe__") and not isinstance(data, pd.DataFrame):
        raise DataError(
            f"{name} is a {kind} of {library} without the Arrow PyCapsule interface (__arrow_c_stream__); give "
            f"{name}.to_pandas(), which keeps names and types."
        )


def _is_hugging_face(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "datasets"


def refuse_parts(X: Any) -> None:
    """Raise DataError for a mapping of several data sets, such as a ``DatasetDict`` of Hugging Face."""
    if isinstance(X, Mapping) and any(map(_is_part, X.values())):
        raise DataError(
            f"X is a {type(X).__name__} of the parts {join_names(list(X))}; give one of them, such as "
            f"X[{next(iter(X))!r}]."
        )


def _is_part(data: Any) -> bool:
    return _is_hugging_face(data) or (is_dataset(data) and not isinstance(data, list | tuple))


def text_columns(X: Any) -> list[str] | None:
    """Return the column names for scikit-learn's ``feature_names_in_``; None if some are not text."""
    names = X.columns.tolist() if isinstance(X, pd.DataFrame) else []
    return names if names and all(isinstance(name, str) for name in names) else None


def check_shape(shape: tuple[int, ...]) -> None:
    """Raise DataError for samples without rows or without columns."""
    if not shape[0]:
        raise DataError(f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required.")
    if not shape[1]:
        raise DataError(f"Found array with 0 feature(s) (shape={shape}) while a minimum of 1 is required.")


def _check_cells(array: np.ndarray[Any, Any]) -> None:
    for value in array.flat:
        if isinstance(value, dict | list | set | tuple):
            raise CellError(f"A cell argument must be a string or a number, got {type(value).__name__}: {value!r}.")
