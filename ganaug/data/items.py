"""Where the sample and its label are in what a data set yields: a tuple, a list or a dict."""

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

LABEL_KEYS = ("label", "labels", "target", "targets", "y", "class")
_SAMPLE_KEYS = ("image", "images", "img", "pixel_values", "x", "X", "input", "inputs", "data", "features")


@dataclass(frozen=True)
class Places:
    """Where the sample and its label are in an item or a batch: positions of a tuple or list, or keys of a dict."""

    sample: Any
    label: Any

    def with_sample(self, item: Any, sample: Any) -> Any:
        """Return the item with another sample in it; all else, the label too, stays as it is."""
        if isinstance(item, Mapping):
            changed: Any = dict(item) if type(item) is dict else copy.copy(item)
            changed[self.sample] = sample
            return changed
        parts = list(item)
        parts[self.sample] = sample
        if isinstance(item, list):
            return parts
        return type(item)(*parts) if hasattr(item, "_fields") else tuple(parts)

    def label_of(self, item: Any) -> Hashable:
        """Return the label of an item, as a Python value."""
        return plain_label(item[self.label])


def find_places(item: Any) -> Places:
    """Return where the sample and the label are in an item, or in a batch of them.

    In a tuple or list the sample is the image, array or tensor with most dimensions, the first of these, and the
    label what comes next to it. In a dict the label has one of the keys "label", "labels", "target", "targets", "y" and
    "class".

    Raises
    ------
    DataError
        The item is none of these, or which of its fields is the sample cannot be said.
    """
    if isinstance(item, Mapping):
        return _places_in_dict(item)
    if isinstance(item, tuple | list):
        return _places_in_sequence(item)
    raise DataError(
        f"The data set yields a {type(item).__name__}; synthetic samples need items that are a tuple or list "
        '(sample, label), or a dict with a sample and the key "label".'
    )


def _places_in_sequence(item: Sequence[Any]) -> Places:
    samples = [i for i, field in enumerate(item) if is_sample(field)]
    if not samples or len(item) < 2:
        fields = ", ".join(type(field).__name__ for field in item)
        raise DataError(
            f"The data set yields ({fields}), without an image, array or tensor beside a label; give items (sample, "
            "label)."
        )
    first = max(samples, key=lambda i: _axes(item[i]))  # the first of these: a label may be a row
    return Places(first, first + 1 if first + 1 < len(item) else first - 1)


def _places_in_dict(item: Mapping[Any, Any]) -> Places:
    labels = [key for key in LABEL_KEYS if key in item]
    if not labels:
        raise DataError(
            f"The data set yields a dict with the keys {join_names(list(item))}, none of which is a label's; call it "
            f"{LABEL_KEYS[0]!r}, or one of {join_names(LABEL_KEYS[1:])}."
        )
    samples = [key for key, field in item.items() if key not in labels and is_sample(field)]
    named = [key for key in _SAMPLE_KEYS if key in samples]
    if len(samples) != 1 and not named:
        raise DataError(
            f"The data set yields a dict of which {join_names(samples) or 'no key'} may be the sample; call the image, "
            "array or tensor 'image'."
        )
    return Places(named[0] if named else samples[0], labels[0])


def is_sample(field: Any) -> bool:
    """Return whether a field can be a sample: a PIL image, or an array or tensor with at least one dimension."""
    return is_picture(field) or (isinstance(field, np.ndarray | Tensor) and field.ndim > 0)


def _axes(field: Any) -> int:
    return 3 if is_picture(field) else int(field.ndim)


def is_picture(value: Any) -> bool:
    """Return whether a value is a PIL image, without importing PIL."""
    return any(kind.__module__.partition(".")[0] == "PIL" for kind in type(value).__mro__)


_SOFT = (
    "A label is {}, neither one class nor a one-hot row: mix synthetic samples in before MixUp or CutMix, and put "
    "SyntheticMix on the batches where the data set itself yields whole batches."
)


def plain_label(value: Any) -> Hashable:
    """Return a label as a Python value: the class of a one-hot row, the content of a 0-d tensor, else itself.

    Parameters
    ----------
    value : int, float, bool, str, numpy scalar, or array or tensor of shape (), (1,) or (n_classes,)
        The label of one sample.

    Raises
    ------
    DataError
        It is a row of several classes, or something that is no label.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, list):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else _class_of(value)
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, Hashable):
        raise DataError(_SOFT.format(f"a {type(value).__name__}"))
    return value


def _class_of(row: NDArray[Any]) -> int:
    """Return the class of a one-hot row."""
    if row.ndim != 1 or row.dtype.kind not in "biuf" or np.count_nonzero(row) != 1 or row.max() != 1:
        shown = np.array2string(row.reshape(-1), threshold=6, edgeitems=3, precision=3)
        raise DataError(_SOFT.format(f"the array {shown}" if row.ndim == 1 else f"an array of shape {row.shape}"))
    return int(row.argmax())


def known_labels(augmenter: Any) -> list[Any] | None:
    """Return the classes of an augmenter that has ``classes_``, as Python values; None for one that does not say."""
    classes = getattr(augmenter, "classes_", None)
    return None if classes is None else [c.item() if isinstance(c, np.generic) else c for c in classes]


def class_names(dataset: Any) -> dict[Any, Any]:
    """Return what a data set calls its labels: by its ``classes`` or ``class_to_idx``, as torchvision has them."""
    by_name = getattr(dataset, "class_to_idx", None)
    if isinstance(by_name, Mapping):
        return {i: name for name, i in by_name.items()}
    names = getattr(dataset, "classes", None)
    return dict(enumerate(names)) if isinstance(names, Sequence | np.ndarray) and not isinstance(names, str) else {}


def match_labels(
    found: Iterable[Any], known: Sequence[Any] | None, names: Mapping[Any, Any], label_map: Mapping[Any, Any] | None
) -> dict[Any, Any]:
    """Return what the augmenter calls each label of a loader.

    The augmenter's own labels that are equal come first, then the names of the loader's classes, then `label_map`
    alone; a `label_map` that is given is always asked before them. What the augmenter has no word for is refused.

    Parameters
    ----------
    found : iterable of labels
        All labels of the loader, as `plain_label` gives them.
    known : sequence or None
        The augmenter's classes, see `known_labels`; None lets labels pass as they are.
    names : mapping
        What the data set calls its labels.
    label_map : mapping or None
        Labels of the loader to those of the augmenter.

    Raises
    ------
    DataError
        Labels that lead to none of the augmenter's classes; the text names them.
    """
    found = list(dict.fromkeys(found))
    mapped = {} if label_map is None else {plain_label(k): plain_label(label_map[k]) for k in label_map}
    if known is None:
        return {label: mapped.get(label, label) for label in found}
    by_value = {c: c for c in known}
    ways = [{k: mapped.get(k, k) for k in found}, {k: mapped.get(k, names.get(k)) for k in found}]
    for way in ways:
        if all(_is_in(name, by_value) for name in way.values()):
            return {label: by_value[name] for label, name in way.items()}
    lost = [label for label in found if not _is_in(mapped.get(label, label), by_value)]
    raise DataError(
        f"The augmenter knows no class {join_names(lost)}, which the real data have; it knows {join_names(known)}: "
        "give label_map={label of the loader: class of the augmenter}, or train the augmenter on these classes too."
    )


def _is_in(name: Any, known: Mapping[Any, Any]) -> bool:
    return isinstance(name, Hashable) and name in known
