"""What a real data set says of itself: its labels, and what its samples look like.

torchvision's data sets and torch's `Subset` and `ConcatDataset` are looked through for stored labels, for class names
and for the transform of images. What is stored is never taken on trust: labels are compared with those of items.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from ..data.items import ItemLayout, convert_label, get_class_names, infer_layout
from ..errors import DataError
from ..rng import isolated_global_state

Leaf: TypeAlias = "tuple[int, ...]"

_PROBES = 8


@dataclass(frozen=True)
class Survey:
    """What was found in a data set before any training.

    Attributes
    ----------
    layout : ItemLayout
        Where sample and label are in its items.
    labels : list of length n
        The label of every item, as a Python value.
    items : dict of int to item
        Those that were looked at, by index.
    names : dict
        What the data set calls its labels.
    """

    layout: ItemLayout
    labels: list[Any]
    items: dict[int, Any]
    names: dict[Any, Any]


def survey(dataset: Any) -> Survey:
    """Look at a map-style data set, without disturbing the global random state that its transforms draw from.

    Stored labels (``targets``, ``labels``, ``y``, or the last tensor of a `TensorDataset`) are compared with the labels
    of one item of each class and of some more; where there are none, or they differ, every item is read once.

    Raises
    ------
    DataError
        The data set is empty or has no length, or its items cannot be understood.
    """
    n = _length(dataset)
    spaced = sorted({int(i) for i in np.linspace(0, n - 1, _PROBES)} | set(_starts(dataset)))
    with isolated_global_state():
        items = {i: dataset[i] for i in spaced}
        layout = infer_layout(items[0])
        for item in items.values():
            layout.get_label(item)
        labels = _checked_labels(dataset, layout, items)
        if labels is None:
            labels = [layout.get_label(items[i] if i in items else dataset[i]) for i in range(n)]
    return Survey(layout, labels, items, get_class_names(_under(dataset)))


def _length(dataset: Any) -> int:
    try:
        n = len(dataset)
    except TypeError:
        raise DataError(
            f"The data set, a {type(dataset).__name__}, has no length; give a map-style data set with __len__ and "
            "__getitem__, or an IterableDataset."
        ) from None
    if not n:
        raise DataError("The loader's data set is empty; give one with samples of every class.")
    return int(n)


def _starts(dataset: Any) -> list[int]:
    """Return the first index of each part of a `ConcatDataset`; each may have a transform of its own."""
    if not isinstance(dataset, ConcatDataset):
        return []
    lengths = [len(part) for part in dataset.datasets]  # type: ignore[arg-type]
    return [int(end) - n for end, n in zip(dataset.cumulative_sizes, lengths, strict=True) if n]


def _checked_labels(dataset: Any, layout: ItemLayout, items: dict[int, Any]) -> list[Any] | None:
    """Return the labels of all items by those stored, or None where there are none or items contradict them.

    Labels of items may be others than those stored, as a ``target_transform`` makes them: one item of each class tells.
    """
    stored = _stored_labels(dataset)
    if stored is None:
        return None
    try:
        stored = [convert_label(label) for label in stored]
    except DataError:
        return None
    first = {label: i for i, label in reversed(list(enumerate(stored)))}
    for i in first.values():
        if i not in items:
            items[i] = dataset[i]
    label_in_items = {label: layout.get_label(items[i]) for label, i in first.items()}
    if any(label_in_items[stored[i]] != layout.get_label(item) for i, item in items.items()):
        return None
    return [label_in_items[label] for label in stored]


def _stored_labels(dataset: Any) -> Sequence[Any] | None:
    if isinstance(dataset, Subset):
        inner = _stored_labels(dataset.dataset)
        return None if inner is None else [inner[i] for i in dataset.indices]
    if isinstance(dataset, ConcatDataset):
        parts = [_stored_labels(part) for part in dataset.datasets]
        return None if any(part is None for part in parts) else [label for part in parts if part for label in part]
    if isinstance(dataset, TensorDataset):
        return _listed(dataset.tensors[-1], len(dataset))
    for name in ("targets", "labels", "y"):
        labels = _listed(getattr(dataset, name, None), len(dataset))
        if labels is not None:
            return labels
    return None


def _listed(labels: Any, n: int) -> list[Any] | None:
    if not isinstance(labels, Sequence | np.ndarray | torch.Tensor) or isinstance(labels, str):
        return None
    if getattr(labels, "ndim", 1) < 1 or len(labels) != n:
        return None
    if isinstance(labels, np.ndarray | torch.Tensor) and labels.ndim == 1:
        return labels.tolist()
    return list(labels)


def _under(dataset: Any) -> Any:
    """Return the data set that knows the names of classes."""
    while isinstance(dataset, Subset | ConcatDataset) and not hasattr(dataset, "classes"):
        dataset = dataset.dataset if isinstance(dataset, Subset) else dataset.datasets[0]
    return dataset


def leaf_of(dataset: Any, index: int) -> tuple[Leaf, Any]:
    """Return the data set that an item comes from, looked for in subsets and concatenations.

    Returns
    -------
    leaf : tuple of int
        Which part of each concatenation on the way.
    dataset : Dataset
        The one that loads the item.
    """
    path: Leaf = ()
    while isinstance(dataset, Subset | ConcatDataset):
        if isinstance(dataset, Subset):
            dataset, index = dataset.dataset, int(dataset.indices[index])
            continue
        index = index + len(dataset) if index < 0 else index
        part = bisect.bisect_right(dataset.cumulative_sizes, index)
        index -= dataset.cumulative_sizes[part - 1] if part else 0
        path, dataset = (*path, part), dataset.datasets[part]
    return path, dataset


class _OfPair:
    """A transform of (image, target) pairs, used on images: a `transforms=` of torchvision's data sets."""

    def __init__(self, transforms: Any, target: Any) -> None:
        self.transforms = transforms
        self._target = target

    def __call__(self, image: Any) -> Any:
        return self.transforms(image, self._target)[0]


def image_transform(dataset: Any, target: Any) -> Any:
    """Return what a data set puts its images through, or None.

    Parameters
    ----------
    dataset : Dataset
        torchvision-like: with ``transform``, or with ``transforms`` of an image and its target.
    target : label
        Of any item, for transforms that take both.
    """
    transform = getattr(dataset, "transform", None)
    if callable(transform):
        return transform
    both = getattr(dataset, "transforms", None)
    only_images = not callable(both) or hasattr(both, "target_transform")  # torchvision's pair of two single ones
    return None if only_images else _OfPair(both, target)
