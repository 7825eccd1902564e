"""Tell images and labels from other things in items, and match labels to the classes of an augmenter."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError, DataWarning
from ..messages import join_names
from .label_faults import explain_label


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


def to_array(value: Any) -> NDArray[Any]:
    """Return a tensor on any device, or anything else, as an array; bfloat16, which numpy does not have, as float32."""
    if not isinstance(value, Tensor):
        return np.asarray(value)
    plain = value.detach().cpu().as_subclass(Tensor)
    return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()


def convert_label(value: Any, cure: str | None = None) -> Hashable:
    """Return a label as a Python value: the class of a one-hot row, the content of a 0-d tensor, else itself.

    Parameters
    ----------
    value : int, float, bool, str, numpy scalar, or array, tensor or list of shape (), (1,) or (n_classes,)
        The label of one sample.
    cure : str, optional
        What the message tells the user to do about labels of several classes; by default what suits the label.

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
        value = to_array(value)
    if isinstance(value, list):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else _decode_one_hot(value, cure)
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, Hashable):
        raise DataError(explain_label(value, cure))
    return value


def _decode_one_hot(row: NDArray[Any], cure: str | None) -> int:
    """Return the class of a one-hot row."""
    if row.ndim != 1 or row.dtype.kind not in "biuf" or np.count_nonzero(row) != 1 or row.max() != 1:
        raise DataError(explain_label(row, cure))
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

    Warns
    -----
    DataWarning
        Labels equal classes, and the names of their own classes equal others.

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
            if matched is by_value:
                _warn_of_other_names(by_value, names, mapped, known)
            return {label: classes[name] for label, name in matched.items()}
    unknown = [label for label in found if not _is_in(by_value[label], classes)]
    raise DataError(
        f"The augmenter knows no class {join_names(unknown)}, which the real data have; it knows {join_names(known)}: "
        "give label_map={label of the loader: class of the augmenter}, or train the augmenter on these classes too."
    )


def _warn_of_other_names(
    by_value: Mapping[Any, Any], names: Mapping[Any, Any], mapped: Mapping[Any, Any], known: Sequence[Any]
) -> None:
    """Warn of labels that equal one class of the augmenter while their own classes are called like others.

    The folders '0' to '10' have the codes 0, 1 and, for '10', 2, because names are sorted as texts.
    """
    spelt = {str(name): name for name in known}
    called = {label: spelt[str(names[label])] for label in by_value if str(names.get(label)) in spelt}
    odd = [label for label, name in called.items() if label not in mapped and name != by_value[label]]
    if odd:
        shown = join_names(odd, 3, lambda label: f"{label!r} (called {names[label]!r})")
        warnings.warn(
            f"The labels {shown} are taken for the classes {join_names([by_value[label] for label in odd], 3)} of the "
            "augmenter. If it learned classes by their names, give label_map={label: class}, else the same with "
            "{label: label}.",
            DataWarning,
            stacklevel=2,
        )


def _is_in(name: Any, classes: Mapping[Any, Any]) -> bool:
    return isinstance(name, Hashable) and name in classes
