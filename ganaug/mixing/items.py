"""Where the sample and its label are in what a data set yields: a tuple, a list or a dict."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ..errors import DataError
from .labels import plain_label

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
            f"The data set yields a dict with the keys {_listed(list(item))}, none of which is a label's; call it "
            f"{LABEL_KEYS[0]!r}, or one of {_listed(LABEL_KEYS[1:])}."
        )
    samples = [key for key, field in item.items() if key not in labels and is_sample(field)]
    named = [key for key in _SAMPLE_KEYS if key in samples]
    if len(samples) != 1 and not named:
        raise DataError(
            f"The data set yields a dict of which {_listed(samples) or 'no key'} may be the sample; call the image, "
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


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(repr(value) for value in values)
