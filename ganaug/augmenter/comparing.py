"""Choose real samples and draw synthetic ones to compare them with, for the plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..data.rows import as_frame, take_rows
from ..errors import DataError, ParameterError
from ..metrics import column_figures
from ..rng import numpy_stream
from .model import Model

Sample = Callable[..., tuple[Any, Any]]
Pictures = dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]

_MOST_ROWS = 10_000
_MOST_CLASSES = 10
_IMAGES = 8  # of each class


def compare_rows(model: Model, sample: Sample, X: Any, y: Any, seed: int) -> list[dict[str, Any]]:
    """Return the distributions of all columns that are learned, real beside synthetic.

    Parameters
    ----------
    model : Model
        Model of a table.
    sample : callable
        `GANAugmenter.sample`.
    X, y
        Real rows; without `y`, synthetic ones come in the proportions of the training data.
    seed : int
        Seed of the synthetic rows.

    Returns
    -------
    list of dict
        As from `ganaug.metrics.column_figures`.

    Raises
    ------
    ParameterError
        The model is of another kind of data.
    DataError
        The rows do not match the training data.
    """
    schema = model.encoder.to_json()
    if "columns" not in schema:
        raise ParameterError(
            f"plot_columns draws tables and images, and the augmenter has learned {model.modality.name}."
        )
    real = as_frame(model.encoder.check(X))
    if not len(real):
        raise DataError("X has no rows to compare synthetic ones with.")
    if y is not None:
        _check_length(model, real, y)
        chosen = numpy_stream(seed, "compared").permutation(len(real))[:_MOST_ROWS]
        made, _ = sample(y=take_rows(y, chosen), random_state=seed)
    else:
        made, _ = sample(min(len(real), _MOST_ROWS), random_state=seed)
    synthetic = as_frame(model.encoder.check(made))

    # Identifiers differ in every row; their distribution says nothing
    kinds = [column["kind"] for column in schema["columns"]]
    kept = [i for i, kind in enumerate(kinds) if kind != "identifier"]
    return column_figures(real.iloc[:, kept], synthetic.iloc[:, kept])


def compare_images(model: Model, sample: Sample, X: Any, y: Any, columns: Any, seed: int) -> tuple[Pictures, str]:
    """Return real and synthetic images of each class, and a note on classes that were left out.

    Parameters
    ----------
    model : Model
        Model of images.
    sample : callable
        `GANAugmenter.sample`.
    X, y
        Real images; without `y` and labels in `X`, the classes are not told apart.
    columns : None
        Images have no columns.
    seed : int
        Seed of the choice of real images, and of the synthetic ones.

    Raises
    ------
    ParameterError
        `columns` is given.
    DataError
        The images do not match the training data.
    """
    if columns is not None:
        raise ParameterError("columns is for tables, and the augmenter has learned images; leave it out.")
    X, y = _take_apart(model, X, y)
    X = model.encoder.check(X)
    if not len(X):
        raise DataError("X has no images to compare synthetic ones with.")
    rng = numpy_stream(seed, "compared")
    if y is None:
        real = rng.permutation(len(X))[:_IMAGES]
        made, _ = sample(_IMAGES, random_state=seed)
        return {"all classes": (_draw(model, take_rows(X, real)), _draw(model, made))}, ""

    # Some images of each class that occurs
    _check_length(model, X, y)
    codes = model.labels.encode(y)
    present = np.unique(codes)
    shown = present[:_MOST_CLASSES]
    made, labels = sample({model.labels.values[code]: _IMAGES for code in shown}, random_state=seed)
    made_codes = model.labels.encode(labels)
    pictures: Pictures = {}
    for code in shown:
        real = rng.permutation(np.flatnonzero(codes == code))[:_IMAGES]
        pair = take_rows(X, real), take_rows(model.encoder.check(made), np.flatnonzero(made_codes == code))
        pictures[str(model.labels.values[code])] = (_draw(model, pair[0]), _draw(model, pair[1]))
    return pictures, f"{len(shown)} of {len(present)} classes" if len(shown) < len(present) else ""


def _take_apart(model: Model, X: Any, y: Any) -> tuple[Any, Any]:
    """Return images and labels; the labels are None for an array of images without any."""
    if model.modality.take_apart is None:
        return X, y
    is_unlabelled = y is None and isinstance(X, np.ndarray | Tensor | list | tuple)
    X, labels = model.modality.take_apart(X, np.zeros(len(X)) if is_unlabelled else y)
    return X, None if is_unlabelled else labels


def _draw(model: Model, images: Any) -> NDArray[np.uint8]:
    draw = cast("Callable[[Tensor], NDArray[np.uint8]]", model.modality.pictures)  # only such models get here
    return draw(model.encoder.transform(images, numpy_stream(0, "unused")))


def _check_length(model: Model, X: Any, y: Any) -> None:
    if len(y) != len(X):
        unit = model.modality.unit
        raise DataError(f"X has {len(X)} {unit}s and y has {len(y)} labels; give one label per {unit}.")
