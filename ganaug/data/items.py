"""Tell images and labels from other things in items, and match labels to the classes of an augmenter."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ..messages import join_names


def is_sample(field: Any) -> bool:
    """Return whether a field can be a sample: a PIL image, or an array or tensor with at least one dimension."""
    return is_pil_image(field) or (isinstance(field, np.ndarray | Tensor) and field.ndim > 0)


def is_image(field: Any) -> bool:
    """Return whether a field can be an image: a PIL image, or an array or tensor with two or three dimensions."""
    return is_pil_image(field) or (isinstance(field, np.ndarray | Tensor) and field.ndim in (2, 3))


def is_grid(field: Any) -> bool:
    """Return whether a field has the shape of an image or of more: a PIL image, or two or more dimensions."""
    return is_pil_image(field) or (isinstance(field, np.ndarray | Tensor) and field.ndim >= 2)


def is_pil_image(value: Any) -> bool:
    """Return whether a value is a PIL image, without importing PIL."""
    return any(kind.__module__.partition(".")[0] == "PIL" for kind in type(value).__mro__)


_MIX_FIRST = (
    "mix synthetic samples in before MixUp or CutMix, and put SyntheticMix on the batches where the data set itself "
    "yields whole batches"
)
_ONE_CLASS = "give each sample one class, or name a function that makes it of the item, with label="


def convert_label(value: Any, cure: str | None = None) -> Hashable:
    """Return a label as a Python value: the class of a one-hot row, the content of a 0-d tensor, else itself.

    Parameters
    ----------
    value : int, float, bool, str, numpy scalar, or array, tensor or list of shape (), (1,) or (n_classes,)
        The label of one sample.
    cure : str, optional
        What the message tells the user to do about labels of several classes; None finds it by the label.

    Raises
    ------
    DataError
        The label is a row of several classes, or of a type that cannot be a label.

    Examples
    --------
    >>> from ganaug.data.items import convert_label
    >>> convert_label([0, 0, 1])
    2
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, list):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else _decode_one_hot(value, cure)
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, Hashable):
        raise DataError(
            f"A label is a {type(value).__name__}, neither one class nor a one-hot row: {cure or _ONE_CLASS}."
        )
    return value


def _decode_one_hot(row: NDArray[Any], cure: str | None) -> int:
    """Return the class of a one-hot row."""
    if row.ndim != 1 or row.dtype.kind not in "biuf" or np.count_nonzero(row) != 1 or row.max() != 1:
        array = f"an array of shape {row.shape}"
        if row.ndim == 1:
            array = f"the array {np.array2string(row, threshold=6, edgeitems=3, precision=3)}"
        are_shares = row.dtype.kind == "f" and (row >= 0).all() and bool(np.allclose(row.sum(-1), 1, atol=1e-3))
        cure = cure or (_MIX_FIRST if are_shares else _ONE_CLASS)
        raise DataError(f"A label is {array}, neither one class nor a one-hot row: {cure}.")
    return int(row.argmax())


def get_classes(augmenter: Any) -> list[Any] | None:
    """Return the ``classes_`` of an augmenter as Python values, or None where it has no such attribute."""
    classes = getattr(augmenter, "classes_", None)
    return None if classes is None else [c.item() if isinstance(c, np.generic) else c for c in classes]


def match_labels(
    found: Iterable[Any], known: Sequence[Any] | None, names: Mapping[Any, Any], label_map: Mapping[Any, Any] | None
) -> dict[Any, Any]:
    """Return the augmenter's class of each label of a loader.

    `label_map` decides about the labels it holds. The others are taken as they are if the augmenter knows all of them,
    else by the names of their classes, else as the names of classes.

    Parameters
    ----------
    found : iterable of labels
        All labels of the loader, as `convert_label` gives them.
    known : sequence or None
        The augmenter's classes, see `get_classes`. With None, labels without an entry in `label_map` stay as they are.
    names : mapping
        Labels to the names of their classes, see `find_class_names`.
    label_map : mapping or None
        Labels of the loader to those of the augmenter.

    Raises
    ------
    DataError
        The augmenter does not know some of the labels; the message names them.

    Examples
    --------
    >>> from ganaug.data.items import match_labels
    >>> match_labels([0, 1], ["cat", "dog"], {0: "cat", 1: "dog"}, None)
    {0: 'cat', 1: 'dog'}
    """
    found = list(dict.fromkeys(found))
    mapped = {} if label_map is None else {convert_label(k): convert_label(label_map[k]) for k in label_map}
    if known is None:
        return {label: mapped.get(label, label) for label in found}
    classes = {c: c for c in known}
    by_value = {label: mapped.get(label, label) for label in found}
    by_name = {label: mapped.get(label, names.get(label)) for label in found}
    numbers = {name: label for label, name in names.items()}
    by_number = {label: mapped.get(label, numbers.get(label)) for label in found}
    for matched in (by_value, by_name, by_number):
        if all(_is_in(name, classes) for name in matched.values()):
            return {label: classes[name] for label, name in matched.items()}
    unknown = [label for label in found if not _is_in(by_value[label], classes)]
    raise DataError(
        f"The augmenter knows no class {join_names(unknown)}, which the real data have; it knows {join_names(known)}: "
        "give label_map={label of the loader: class of the augmenter}, or train the augmenter on these classes too."
    )


def _is_in(name: Any, classes: Mapping[Any, Any]) -> bool:
    return isinstance(name, Hashable) and name in classes
