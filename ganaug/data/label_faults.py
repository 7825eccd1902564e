"""Say what a label is that is not one class, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ..messages import join_names

_ONE_CLASS = "give each of them one class, by a function of the item with label="
_BATCHES = "put SyntheticMix on the batches, x, y = mix(x, y)"


def explain_label(value: Any, cure: str | None = None) -> str:
    """Return a sentence on a label that is not one class, with its cure.

    Parameters
    ----------
    value : any type
        The label, tensors and lists as arrays.
    cure : str, optional
        What to do about it; by default what suits its kind.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.data.label_faults import explain_label
    >>> print(explain_label(np.array([0.4, 0.6]), "give one class"))
    A label is the array [0.4 0.6], neither one class nor a one-hot row: give one class.
    """
    what, advice = _describe(value)
    return f"A label is {what}, neither one class nor a one-hot row: {cure or advice}."


def _describe(value: Any) -> tuple[str, str]:
    """Return what a label is, and the advice for its kind."""
    if isinstance(value, Mapping):
        what = f"a dict with the keys {join_names(list(value))}" if value else "an empty dict"
        return what, f"synthetic images have a class, and no objects with places; {_ONE_CLASS}"
    if not isinstance(value, np.ndarray):
        return f"a {type(value).__name__}", f"synthetic samples have one class; {_ONE_CLASS}"
    what = f"an array of shape {value.shape}"
    if value.ndim == 1:
        what = f"the array {np.array2string(value, threshold=6, edgeitems=3, precision=3)}"
    return what, _advise_on_array(value)


def _advise_on_array(row: NDArray[Any]) -> str:
    is_number = row.dtype.kind in "biuf"
    if row.ndim == 2 and is_number and _are_shares(row):
        return f"where these are the labels of a whole batch, {_BATCHES}"
    if row.ndim != 1:
        return f"synthetic images have a class, and no mask; {_ONE_CLASS}"
    if is_number and row.dtype.kind == "f" and _are_shares(row):
        return "mix synthetic samples in before MixUp or CutMix"
    if is_number and np.isin(row, (0, 1)).all():
        if not row.any():
            return "it names no class; give samples without a class one of their own"
        number = f"it names {np.count_nonzero(row)} classes, and synthetic samples have one"
        return f"{number}; give each combination of classes a number, here and for the augmenter"
    return f"where these are the labels of a whole batch, {_BATCHES}; where it is one sample's, {_ONE_CLASS}"


def _are_shares(rows: NDArray[Any]) -> bool:
    """Return whether rows hold the shares of classes, as one-hot rows and those of MixUp do."""
    return bool((rows >= 0).all() and np.allclose(rows.sum(-1), 1, atol=1e-3))


def refuse_batch(sample: Any, label: Any) -> None:
    """Raise DataError if an item is a whole batch: samples along the first axis, and as many labels.

    Parameters
    ----------
    sample, label : any type
        As they stand in the item.
    """
    if not isinstance(sample, np.ndarray | Tensor) or not isinstance(label, np.ndarray | Tensor | list | tuple):
        return
    if sample.ndim < 2 or not getattr(label, "ndim", 1) or len(label) != len(sample) or len(label) < 2:
        return
    labels = np.asarray(label)
    could_be_row = sample.ndim < 4 and labels.ndim == 1 and labels.dtype.kind in "biuf" and (labels <= 1).all()
    if not could_be_row:  # the first axis of one sample may by chance be as long as its one-hot row
        raise DataError(
            f"The data set yields whole batches, here {len(label)} labels and a {type(sample).__name__} of shape "
            f"{tuple(sample.shape)}; leave its loader as it is and {_BATCHES}."
        )
