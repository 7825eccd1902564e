"""Find the sample and the label in the items of a data set, and match labels to the classes of an augmenter."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ..messages import join_names
from .label_faults import explain_label

LABEL_KEYS = ("label", "labels", "target", "targets", "y", "class")
"""Keys of the label in a dict, in order of preference."""
SAMPLE_KEYS = ("image", "images", "img", "pixel_values", "x", "X", "input", "inputs", "data", "features")
"""Keys of the sample in a dict, in order of preference."""


@dataclass(frozen=True)
class ItemLayout:
    """Where an item or a batch has its sample and its label.

    The methods take items of other layouts, too: the layout of such an item is inferred anew.

    Attributes
    ----------
    sample, label : int or key
        Positions in a tuple or list, or keys of a dict.

    Examples
    --------
    >>> import torch
    >>> from ganaug.data.items import infer_layout
    >>> item = {"image": torch.zeros(1, 8, 8), "label": torch.tensor(3), "path": "a.png"}
    >>> layout = infer_layout(item)
    >>> layout
    ItemLayout(sample='image', label='label')
    >>> layout.get_label(item)
    3
    """

    sample: Any
    label: Any

    def get_sample(self, item: Any) -> Any:
        """Return the sample of an item."""
        return item[self._adapt(item).sample]

    def get_label(self, item: Any) -> Hashable:
        """Return the label of an item as a Python value; see `convert_label`."""
        return convert_label(self.get_raw_label(item))

    def get_raw_label(self, item: Any) -> Any:
        """Return the label of an item as it stands there."""
        return item[self._adapt(item).label]

    def replace_sample(self, item: Any, sample: Any) -> Any:
        """Return a copy of the item with another sample; its label and other fields stay."""
        return self._replace(item, self._adapt(item).sample, sample)

    def replace_label(self, item: Any, label: Any) -> Any:
        """Return a copy of the item with another label; its sample and other fields stay."""
        return self._replace(item, self._adapt(item).label, label)

    def _replace(self, item: Any, key: Any, value: Any) -> Any:
        if isinstance(item, Mapping):
            changed: Any = dict(item) if type(item) is dict else copy.copy(item)
            changed[key] = value
            return changed
        fields = list(item)
        fields[key] = value
        if isinstance(item, list):
            return fields
        return type(item)(*fields) if hasattr(item, "_fields") else tuple(fields)

    def _adapt(self, item: Any) -> ItemLayout:
        """Return this layout, or that of the item where its fields are others."""
        if isinstance(item, Mapping):
            fits = self.sample in item and self.label in item
        else:
            fits = isinstance(item, tuple | list) and type(self.sample) is int and self._fits_sequence(item)
        return self if fits else infer_layout(item)

    def _fits_sequence(self, item: Sequence[Any]) -> bool:
        return max(self.sample, self.label) < len(item) and is_sample(item[self.sample])


def infer_layout(item: Any, images: bool = False) -> ItemLayout:
    """Find the sample and the label in an item, or in a batch of them.

    Parameters
    ----------
    item : tuple, list or mapping
        In a tuple or list the sample is the image, array or tensor with the most dimensions, the first one of several.
        The label is the field after it, or before it where it is the last. In a mapping the label has one of the keys
        `LABEL_KEYS`. The sample has one of the keys `SAMPLE_KEYS`; without them it is the only image, array or tensor,
        or the only one with several dimensions.
    images : bool, default=False
        Whether samples are images, so that other arrays and tensors are passed over where there is an image.

    Raises
    ------
    DataError
        The item is of another type, has no label, or has no sample or several that could be.
    """
    if isinstance(item, Mapping):
        return _infer_mapping_layout(item, images)
    if isinstance(item, tuple | list):
        return _infer_sequence_layout(item, images)
    raise DataError(
        f"The data set yields a {type(item).__name__}; let its items be a tuple or list (sample, label), or a dict "
        'with a sample and the key "label".'
    )


def _infer_sequence_layout(item: Sequence[Any], images: bool) -> ItemLayout:
    samples = _find_samples(dict(enumerate(item)), images)
    if not samples or len(item) < 2:
        fields = ", ".join(type(field).__name__ for field in item)
        raise DataError(
            f"The data set yields ({fields}), without an image, array or tensor beside a label; give items (sample, "
            "label)."
        )
    sample = max(samples, key=lambda i: _count_axes(item[i]))  # the first of several: a label may be a one-hot row
    return ItemLayout(sample, sample + 1 if sample + 1 < len(item) else sample - 1)


def _infer_mapping_layout(item: Mapping[Any, Any], images: bool) -> ItemLayout:
    labels = [key for key in LABEL_KEYS if key in item]
    if not labels:
        raise DataError(
            f"The data set yields a dict with the keys {join_names(list(item))}, but no label; call it "
            f"{LABEL_KEYS[0]!r}, or one of {join_names(LABEL_KEYS[1:])}."
        )
    others = {key: field for key, field in item.items() if key not in labels}
    return ItemLayout(find_sample_key(others, images), labels[0])


def find_sample_key(fields: Mapping[Any, Any], images: bool = False) -> Any:
    """Return the key of the sample among the fields of a dict; see `infer_layout`."""
    samples = _find_samples(fields, images)
    named = [key for key in SAMPLE_KEYS if key in samples]
    if named:
        return named[0]
    for candidates in (samples, [key for key in samples if _count_axes(fields[key]) > 1]):
        if len(candidates) == 1:
            return candidates[0]
    if not samples:
        raise DataError(
            f"The data set yields a dict with the keys {join_names(list(fields))} besides its label, but no image, "
            "array or tensor; give the sample as one."
        )
    raise DataError(
        f"The data set yields a dict whose fields {join_names(samples)} could each be the sample; call the sample "
        "'image'."
    )


def _find_samples(fields: Mapping[Any, Any], images: bool) -> list[Any]:
    """Return the keys of all fields that can be the sample."""
    samples = [key for key, field in fields.items() if is_sample(field)]
    pictures = [key for key in samples if is_image(fields[key])]
    return pictures if images and pictures else samples


def is_sample(field: Any) -> bool:
    """Return whether a field can be a sample: a PIL image, or an array or tensor with at least one dimension."""
    return is_pil_image(field) or (isinstance(field, np.ndarray | Tensor) and field.ndim > 0)


def is_image(field: Any) -> bool:
    """Return whether a field can be an image: a PIL image, or an array or tensor with two or three dimensions."""
    return is_pil_image(field) or (isinstance(field, np.ndarray | Tensor) and field.ndim in (2, 3))


def is_pil_image(value: Any) -> bool:
    """Return whether a value is a PIL image, without importing PIL."""
    return any(kind.__module__.partition(".")[0] == "PIL" for kind in type(value).__mro__)


def _count_axes(sample: Any) -> int:
    return 3 if is_pil_image(sample) else int(sample.ndim)


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
        value = value.detach().cpu().numpy()
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


def get_class_names(dataset: Any) -> dict[Any, Any]:
    """Return the names of a data set's labels from its ``class_to_idx`` or ``classes``, as torchvision has them."""
    by_name = getattr(dataset, "class_to_idx", None)
    if isinstance(by_name, Mapping):
        return {i: name for name, i in by_name.items()}
    names = getattr(dataset, "classes", None)
    return dict(enumerate(names)) if isinstance(names, Sequence | np.ndarray) and not isinstance(names, str) else {}


def match_labels(
    found: Iterable[Any], known: Sequence[Any] | None, names: Mapping[Any, Any], label_map: Mapping[Any, Any] | None
) -> dict[Any, Any]:
    """Return the augmenter's class of each label of a loader.

    `label_map` decides about the labels it holds. The others are taken as they are if the augmenter knows all of them,
    else by the names of their classes.

    Parameters
    ----------
    found : iterable of labels
        All labels of the loader, as `convert_label` gives them.
    known : sequence or None
        The augmenter's classes, see `get_classes`. With None, labels without an entry in `label_map` stay as they are.
    names : mapping
        Labels to the names of their classes, see `get_class_names`.
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
    for matched in (by_value, by_name):
        if all(_is_in(name, classes) for name in matched.values()):
            return {label: classes[name] for label, name in matched.items()}
    unknown = [label for label in found if not _is_in(by_value[label], classes)]
    raise DataError(
        f"The augmenter knows no class {join_names(unknown)}, which the real data have; it knows {join_names(known)}: "
        "give label_map={label of the loader: class of the augmenter}, or train the augmenter on these classes too."
    )


def _is_in(name: Any, classes: Mapping[Any, Any]) -> bool:
    return isinstance(name, Hashable) and name in classes
