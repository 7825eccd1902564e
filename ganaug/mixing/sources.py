"""Read labels and class names from a real data set before training, and find the parts that load its items.

Stored labels are used only if they agree with those of some items.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from torch.utils.data import ConcatDataset, DataLoader, Subset

from ..data.companions import check_companions
from ..data.items import convert_label
from ..data.label_faults import refuse_batch
from ..data.layouts import NOTHING_NAMED, Candidates, FieldNames, ItemLayout, find_candidates
from ..data.stored import find_class_names, get_column, get_stored_labels, list_class_labels
from ..errors import DataError
from ..messages import join_names
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


def survey_dataset(dataset: Any, names: FieldNames = NOTHING_NAMED) -> DatasetSurvey:
    """Read the labels and some items of a map-style data set.

    Stored labels (``targets``, ``labels``, ``y``, the tensor of a `TensorDataset`, or the column of a data set of
    Hugging Face) are compared with the labels of one item of each class and of some more. If there are none, or if they
    differ, every item is read once. The global random state, which transforms may draw from, is restored.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    names : FieldNames
        What the user says about the fields of items.

    Raises
    ------
    DataError
        The data set is empty or has no length, or its items have no sample or no label, or several that could be; or
        they have fields that belong to the image.
    """
    n = _check_length(dataset)
    spaced = sorted({int(i) for i in np.linspace(0, n - 1, _PROBES)} | set(_find_part_starts(dataset)))
    with isolated_global_state():
        items = {i: dataset[i] for i in spaced}
        found = find_candidates(items[0], replace(names, class_labels=list_class_labels(dataset)))
        found = _match_stored(dataset, found, items)
        if found.are_several:  # only all items can tell
            rows = [found.read_labels(items[i] if i in items else dataset[i]) for i in range(n)]
            layout = found.choose(rows)
            labels: list[Any] | None = [convert_label(row[layout.label]) for row in rows]
        else:
            layout = found.settle()
            refuse_batch(layout.get_sample(items[0]), layout.get_raw_label(items[0]))
            for item in items.values():
                layout.get_label(item)
            labels = _confirm_labels(dataset, layout, items)
        if labels is None:
            labels = [layout.get_label(items[i] if i in items else dataset[i]) for i in range(n)]
        found.refuse_names(labels)
        check_companions([items[i] for i in sorted(items)], layout)
    return DatasetSurvey(layout, labels, items, find_class_names(dataset, layout.label))


def _match_stored(dataset: Any, found: Candidates, items: dict[int, Any]) -> Candidates:
    """Return the candidates for the label that agree with the labels which the data set stores."""
    stored = get_stored_labels(dataset) if found.are_several else None
    if stored is None:
        return found
    return found.match_stored([found.read_labels(item) for item in items.values()], [stored[i] for i in items])


def _check_length(dataset: Any) -> int:
    if isinstance(dataset, Mapping) and 0 not in dataset:
        raise DataError(
            f"The data set is a {type(dataset).__name__} of the parts {join_names(list(dataset))}; give one of them, "
            f"such as data[{next(iter(dataset), 'train')!r}]."
        )
    if isinstance(dataset, DataLoader):
        raise DataError("The data set is a DataLoader; give its data set (loader.dataset), or take augment_loader.")
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
    stored = get_column(dataset, layout.label)
    stored = get_stored_labels(dataset) if stored is None else stored
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


def find_leaf(dataset: Any, index: int) -> tuple[Leaf, Any, int]:
    """Find the data set that loads an item, inside subsets and concatenations.

    Returns
    -------
    leaf : tuple of int
        Number of the part in each concatenation on the way.
    dataset : Dataset
        The data set that loads the item.
    index : int
        Index of the item there.
    """
    path: Leaf = ()
    while _hands_out(dataset, Subset) or _hands_out(dataset, ConcatDataset):
        if isinstance(dataset, Subset):
            dataset, index = dataset.dataset, int(dataset.indices[index])
            continue
        index = index + len(dataset) if index < 0 else index
        part = bisect.bisect_right(dataset.cumulative_sizes, index)
        index -= dataset.cumulative_sizes[part - 1] if part else 0
        path, dataset = (*path, part), dataset.datasets[part]
    return path, dataset, index


def _hands_out(dataset: Any, kind: type[Any]) -> bool:
    """Return whether a data set of a kind hands out the items of others as they are; subclasses may change them."""
    return isinstance(dataset, kind) and type(dataset).__getitem__ is kind.__getitem__


def group_by_leaf(dataset: Any, indices: Iterable[int]) -> dict[Leaf, list[int]]:
    """Return the indices of items that each part of a data set loads; parts may differ in transform."""
    groups: dict[Leaf, list[int]] = {}
    for index in indices:
        groups.setdefault(find_leaf(dataset, index)[0], []).append(index)
    return groups
