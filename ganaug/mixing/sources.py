"""Read labels, class names and transforms from a real data set before training.

They are looked up in torchvision's data sets and inside torch's `Subset` and `ConcatDataset`. Stored labels are used
only if they agree with those of some items.
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
from ..data.label_faults import refuse_batch
from ..errors import DataError
from ..rng import isolated_global_state

Leaf: TypeAlias = "tuple[int, ...]"

_PROBES = 8


@dataclass(frozen=True)
class DatasetSurvey:
    """Labels and example items of a data set.

    Attributes
    ----------
    layout : ItemLayout
        Where items have their sample and label.
    labels : list of length n
        Label of every item, as a Python value.
    items : dict of int to item
        Example items by index.
    class_names : dict
        Labels to the names of their classes.
    """

    layout: ItemLayout
    labels: list[Any]
    items: dict[int, Any]
    class_names: dict[Any, Any]


def survey_dataset(dataset: Any) -> DatasetSurvey:
    """Read the labels and some items of a map-style data set.

    Stored labels (``targets``, ``labels``, ``y``, or the last tensor of a `TensorDataset`) are compared with the labels
    of one item of each class and of some more. If there are none, or if they differ, every item is read once. The
    global random state, which transforms may draw from, is restored.

    Raises
    ------
    DataError
        The data set is empty or has no length, or its items have no sample or no label.
    """
    n = _check_length(dataset)
    spaced = sorted({int(i) for i in np.linspace(0, n - 1, _PROBES)} | set(_find_part_starts(dataset)))
    with isolated_global_state():
        items = {i: dataset[i] for i in spaced}
        layout = infer_layout(items[0])
        refuse_batch(layout.get_sample(items[0]), layout.get_raw_label(items[0]))
        for item in items.values():
            layout.get_label(item)
        labels = _confirm_labels(dataset, layout, items)
        if labels is None:
            labels = [layout.get_label(items[i] if i in items else dataset[i]) for i in range(n)]
    return DatasetSurvey(layout, labels, items, get_class_names(_get_named_dataset(dataset)))


def _check_length(dataset: Any) -> int:
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


def _find_part_starts(dataset: Any) -> list[int]:
    """Return the first index of each part of a `ConcatDataset`; parts may differ in transform."""
    if not isinstance(dataset, ConcatDataset):
        return []
    lengths = [len(part) for part in dataset.datasets]  # type: ignore[arg-type]
    return [int(end) - n for end, n in zip(dataset.cumulative_sizes, lengths, strict=True) if n]


def _confirm_labels(dataset: Any, layout: ItemLayout, items: dict[int, Any]) -> list[Any] | None:
    """Return the labels of all items from the stored ones, or None if there are none or items contradict them.

    A ``target_transform`` may change labels. Therefore one item of each class is read into `items`, and its label taken
    for the class.
    """
    stored = _get_stored_labels(dataset)
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


def _get_stored_labels(dataset: Any) -> Sequence[Any] | None:
    if isinstance(dataset, Subset):
        inner = _get_stored_labels(dataset.dataset)
        return None if inner is None else [inner[i] for i in dataset.indices]
    if isinstance(dataset, ConcatDataset):
        parts = [_get_stored_labels(part) for part in dataset.datasets]
        return None if any(part is None for part in parts) else [label for part in parts if part for label in part]
    if isinstance(dataset, TensorDataset):
        return _to_list(dataset.tensors[-1], len(dataset))
    for name in ("targets", "labels", "y"):
        labels = _to_list(getattr(dataset, name, None), len(dataset))
        if labels is not None:
            return labels
    return None


def _to_list(labels: Any, n: int) -> list[Any] | None:
    if not isinstance(labels, Sequence | np.ndarray | torch.Tensor) or isinstance(labels, str):
        return None
    if getattr(labels, "ndim", 1) < 1 or len(labels) != n:
        return None
    if isinstance(labels, np.ndarray | torch.Tensor) and labels.ndim == 1:
        return labels.tolist()
    return list(labels)


def _get_named_dataset(dataset: Any) -> Any:
    """Return the data set inside subsets and concatenations that has the names of classes."""
    while isinstance(dataset, Subset | ConcatDataset) and not hasattr(dataset, "classes"):
        dataset = dataset.dataset if isinstance(dataset, Subset) else dataset.datasets[0]
    return dataset


def find_leaf(dataset: Any, index: int) -> tuple[Leaf, Any]:
    """Find the data set that loads an item, inside subsets and concatenations.

    Returns
    -------
    leaf : tuple of int
        Number of the part in each concatenation on the way.
    dataset : Dataset
        The data set that loads the item.
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


class _PairTransform:
    """A transform of images that calls torchvision's ``transforms`` of (image, target) pairs with a fixed target."""

    def __init__(self, transforms: Any, target: Any) -> None:
        self.transforms = transforms
        self._target = target

    def __call__(self, image: Any) -> Any:
        return self.transforms(image, self._target)[0]


def get_image_transform(dataset: Any, target: Any) -> Any:
    """Return the transform that a data set applies to its images, or None.

    Parameters
    ----------
    dataset : Dataset
        torchvision-like: with ``transform``, or with ``transforms`` of an image and its target.
    target : label
        Label of any item, for transforms of both.
    """
    transform = getattr(dataset, "transform", None)
    if callable(transform):
        return transform
    both = getattr(dataset, "transforms", None)
    only_images = not callable(both) or hasattr(both, "target_transform")  # torchvision's pair of two single ones
    return None if only_images else _PairTransform(both, target)
