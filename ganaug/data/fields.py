"""Tell what the fields of an item can be: an image, a label, a name of the item, or content of the image."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date
from numbers import Number
from pathlib import PurePath
from typing import Any

import numpy as np
from torch import Tensor

from ..errors import DataError
from ..messages import join_names
from .items import convert_label, is_image, is_pil_image

LABEL_KEYS = ("label", "labels", "target", "targets", "y", "class")
"""Keys that say that a field is the label."""
SAMPLE_KEYS = ("image", "images", "img", "pixel_values", "x", "X", "input", "inputs", "data", "features")
"""Keys that say that a field is the sample."""

_PATH = re.compile(r"^[/\\]|://|\.(png|jpe?g|tiff?|bmp|gif|webp|npy|npz|dcm|nii|gz|h5|mat|txt|json|xml|csv|pt)$", re.I)
_NAME_OF_ITEM = re.compile(r"^__|(^|_)(id|idx|index|key|path|file|file_?name|url|uu?id)$", re.I)


def list_fields(item: Any) -> dict[Any, Any]:
    """Return the fields of an item by key, by name, or by position.

    Parameters
    ----------
    item : mapping, named tuple, tuple, list or dataclass
        One item, or one batch.

    Raises
    ------
    DataError
        The item is of another type.
    """
    if isinstance(item, Mapping):
        return dict(item)
    if isinstance(item, tuple | list):
        return dict(zip(getattr(item, "_fields", range(len(item))), item, strict=True))
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    raise DataError(
        f"The data set yields a {type(item).__name__}; let its items be a tuple or list (sample, label), or a dict "
        'with a sample and the key "label".'
    )


def has_field(item: Any, key: Any) -> bool:
    """Return whether `list_fields` has a key, without listing the fields of dicts and plain tuples, which are many."""
    if isinstance(item, Mapping):
        return key in item
    if isinstance(item, tuple | list) and not hasattr(item, "_fields"):
        return type(key) is int and 0 <= key < len(item)
    return key in list_fields(item)


def find_key(item: Any, key: Any) -> Any:
    """Return the key under which `list_fields` has a field; positions may be negative, and count in named fields too.

    Raises
    ------
    DataError
        There is no such field.
    """
    if has_field(item, key):
        return key
    fields = list_fields(item)
    if type(key) is int and not isinstance(item, Mapping) and -len(fields) <= key < len(fields):
        return list(fields)[key]
    raise DataError(f"An item of the data set has no field {key!r}; it has {join_names(list(fields))}.")


def get_field(item: Any, key: Any) -> Any:
    """Return a field of an item; see `find_key`."""
    if has_field(item, key) and not dataclasses.is_dataclass(item):
        return item[key] if isinstance(key, int) or isinstance(item, Mapping) else getattr(item, key)
    return list_fields(item)[find_key(item, key)]


def replace_field(item: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of an item with another value at the end of a path of keys; what it does not pass is shared."""
    if not path:
        return value
    key = find_key(item, path[0])
    value = replace_field(get_field(item, key), path[1:], value)
    if hasattr(item, "_replace"):  # a named tuple
        return item._replace(**{key: value})
    if isinstance(item, tuple | list):
        fields = list(item)
        fields[key] = value
        return fields if isinstance(item, list) else tuple(fields)
    if isinstance(item, Mapping):
        changed: Any = dict(item) if type(item) is dict else copy.copy(item)
        changed[key] = value
        return changed
    changed = copy.copy(item)
    object.__setattr__(changed, key, value)  # a frozen dataclass, too
    return changed


def find_path(item: Any, part: Any) -> tuple[Any, ...] | None:
    """Return the keys that lead to an object inside an item, or None if it is not in there."""
    for key, field in list_fields(item).items():
        if field is part:
            return (key,)
        inner = find_path(field, part) if is_nested(field) else None
        if inner is not None:
            return (key, *inner)
    return None


def list_others(item: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield what an item has beside the field at the end of a path, each as its own path and the field."""
    for key, field in list_fields(item).items():
        if key != path[0]:
            yield (key,), field
        elif len(path) > 1:
            yield from (((key, *inner), other) for inner, other in list_others(field, path[1:]))


def is_nested(field: Any) -> bool:
    """Return whether a field has fields itself."""
    return isinstance(field, Mapping | tuple | list) or (
        dataclasses.is_dataclass(field) and not isinstance(field, type)
    )


def get_plain_label(field: Any) -> Any:
    """Return the label in a field as a Python value, or None where the field cannot be the label of an item."""
    try:
        label = convert_label(field)
    except DataError:
        return None
    if isinstance(label, float) and label.is_integer():
        return int(label)
    return label if isinstance(label, bool | int | str) else None


def is_name_of_item(key: Any, value: Any) -> bool:
    """Return whether a field names its item, such as a path or an index, by its key or by what it looks like."""
    if isinstance(key, str) and _NAME_OF_ITEM.search(key):
        return True
    return isinstance(value, PurePath) or (isinstance(value, str) and _PATH.search(value) is not None)


def is_plain(field: Any) -> bool:
    """Return whether a field is a single number, text, date, or nothing at all: no content of an image."""
    if isinstance(field, np.ndarray | Tensor):
        return field.ndim < 2 and np.prod(tuple(field.shape)) == 1
    if isinstance(field, Mapping | list | tuple):
        return not len(field)
    return field is None or isinstance(field, str | Number | np.generic | date | PurePath)


def describe_field(field: Any) -> str:
    """Return a few words on a field for a message."""
    if is_pil_image(field) or is_image(field):
        return "an image" if is_pil_image(field) else f"{type(field).__name__.lower()} of shape {tuple(field.shape)}"
    if isinstance(field, np.ndarray | Tensor) and field.ndim:
        return f"{type(field).__name__.lower()} of shape {tuple(field.shape)}"
    return repr(field) if is_plain(field) else f"a {type(field).__name__}"
