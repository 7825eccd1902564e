"""Read what a data set itself says about its items: labels it stores, fields that are classes, and names of classes.

Looked up in torchvision's data sets, Hugging Face's and medmnist's, and inside torch's `Subset` and `ConcatDataset`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from ..errors import DataWarning
from ..messages import join_names

Read = Callable[[Any], "Sequence[Any] | None"]


def get_stored_labels(dataset: Any) -> Sequence[Any] | None:
    """Return the labels that a data set has as ``targets``, ``labels`` or ``y``, one for each item, or None."""
    return _gather(dataset, _read_labels)


def get_column(dataset: Any, key: Any) -> Sequence[Any] | None:
    """Return a field of all items without reading the items, or None where the data set has no such column.

    Parameters
    ----------
    dataset : Dataset
        A `TensorDataset`, or one of Hugging Face.
    key : position or key
        The field.
    """
    return _gather(dataset, lambda part: _read_column(part, key))


def list_class_labels(dataset: Any) -> tuple[Any, ...]:
    """Return the keys of fields that a data set of Hugging Face declares to be classes (``ClassLabel``)."""
    for part in _list_parts(dataset):
        features = getattr(part, "features", None)
        if isinstance(features, Mapping):
            return tuple(key for key, feature in features.items() if hasattr(feature, "str2int"))
    return ()


def find_class_names(dataset: Any, key: Any = None) -> dict[Any, Any]:
    """Return labels to the names of their classes.

    They stand in ``class_to_idx`` or ``classes``, as torchvision has them, in the features of Hugging Face, or in the
    ``info`` of medmnist. A label that has several names in the parts of a concatenation has none, and these are told.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    key : key, optional
        The field of the label, where a data set declares several fields to be classes.

    Warns
    -----
    DataWarning
        A label has several names.
    """
    found: dict[Any, set[Any]] = {}
    for part in _list_parts(dataset):
        for label, name in _read_names(part, key).items():
            found.setdefault(label, set()).add(name)
    several = {label: sorted(map(str, names)) for label, names in found.items() if len(names) > 1}
    if several:
        label, names = next(iter(several.items()))
        warnings.warn(
            f"The parts of the {type(dataset).__name__} number their classes differently: label {label!r} is "
            f"{join_names(names)}. These are taken for one class; if they are not, let target_transform give labels "
            "the same meaning in all parts.",
            DataWarning,
            stacklevel=2,
        )
    return {label: names.pop() for label, names in found.items() if len(names) == 1}


def _gather(dataset: Any, read: Read) -> Sequence[Any] | None:
    """Return what `read` finds in a data set, or in all the data sets that it is made of."""
    if isinstance(dataset, Subset):
        inner = _gather(dataset.dataset, read)
        return None if inner is None else [inner[i] for i in dataset.indices]
    if isinstance(dataset, ConcatDataset):
        parts = [_gather(part, read) for part in dataset.datasets]
        return None if any(part is None for part in parts) else [label for part in parts if part for label in part]
    return read(dataset)


def _list_parts(dataset: Any) -> list[Any]:
    """Return the data sets that a data set is made of, without those that say the names of classes themselves."""
    if isinstance(dataset, Subset) and not hasattr(dataset, "classes"):
        return _list_parts(dataset.dataset)
    if isinstance(dataset, ConcatDataset) and not hasattr(dataset, "classes"):
        return [inner for part in dataset.datasets for inner in _list_parts(part)]
    return [dataset]


def _read_labels(dataset: Any) -> Sequence[Any] | None:
    for name in ("targets", "labels", "y"):
        labels = _to_list(getattr(dataset, name, None), len(dataset))
        if labels is not None:
            return labels
    return None


def _read_column(dataset: Any, key: Any) -> Sequence[Any] | None:
    if isinstance(dataset, TensorDataset) and type(key) is int:
        return _to_list(dataset.tensors[key], len(dataset))
    if callable(key) or key not in (getattr(dataset, "column_names", None) or ()):
        return None
    try:
        return _to_list(dataset.with_format(None)[key][:], len(dataset))
    except Exception:  # another library's data set that happens to have names of columns
        return None


def _to_list(labels: Any, n: int) -> list[Any] | None:
    if not isinstance(labels, Sequence | np.ndarray | torch.Tensor) or isinstance(labels, str):
        return None
    if getattr(labels, "ndim", 1) < 1 or len(labels) != n:
        return None
    if isinstance(labels, np.ndarray | torch.Tensor) and labels.ndim == 1:
        return labels.tolist()
    return list(labels)


def _read_names(dataset: Any, key: Any) -> dict[Any, Any]:
    if getattr(dataset, "target_transform", None) is not None:  # its labels are others than those that have the names
        return {}
    by_name, names = getattr(dataset, "class_to_idx", None), getattr(dataset, "classes", None)
    if isinstance(by_name, Mapping):
        return {i: name for name, i in by_name.items()}
    if isinstance(names, Sequence | np.ndarray) and not isinstance(names, str):
        return dict(enumerate(names))
    features, info = getattr(dataset, "features", None), getattr(dataset, "info", None)
    feature: Any = features.get(key) if isinstance(features, Mapping) and not callable(key) else None
    if hasattr(feature, "str2int"):
        return dict(enumerate(feature.names))
    by_number = info.get("label") if isinstance(info, Mapping) else None
    return {int(i): name for i, name in by_number.items()} if isinstance(by_number, Mapping) else {}
