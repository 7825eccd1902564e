"""Find images inside of dicts, lists and tuples, and put others in their places."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from ..data.items import is_pil_image, is_sample
from .conversion import attach

Place: TypeAlias = "tuple[Any, ...]"
"""The keys that lead to an image inside of dicts, lists and tuples."""

MAX_DEPTH = 5  # of containers inside containers
MAX_ELEMENTS = 64


def find_images(value: Any) -> dict[Place, Any]:
    """Return copies of the images, arrays and tensors inside of dicts, lists and tuples, each at its place."""
    found: dict[Place, Any] = {}
    queue: list[tuple[Place, Any]] = [((), value)]
    while queue:
        place, part = queue.pop(0)
        if is_sample(part):
            found[place] = copy_image(part)
        elif len(place) < MAX_DEPTH and isinstance(part, Mapping | list | tuple):
            items = part.items() if isinstance(part, Mapping) else enumerate(part[:MAX_ELEMENTS])
            queue += [((*place, key), element) for key, element in items]
    return found


def copy_image(image: Any) -> Any:
    """Return a copy of an image, array or tensor."""
    if isinstance(image, Tensor):
        return attach(image.detach().clone(), image)
    return image.copy() if is_pil_image(image) or isinstance(image, np.ndarray) else image


def copy_containers(value: Any, depth: int = 0) -> Any:
    """Return a copy of dicts, lists and tuples that keeps what is inside them; transforms often change their input."""
    if depth > MAX_DEPTH:
        return value
    if type(value) is dict:
        return {key: copy_containers(element, depth + 1) for key, element in value.items()}
    if type(value) in (list, tuple):
        return type(value)(copy_containers(element, depth + 1) for element in value)
    return copy.copy(value) if isinstance(value, Mapping) else value


def put_image(value: Any, place: Place, image: Any) -> Any:
    """Return a copy of nested containers with another image at a place."""
    if not place:
        return image
    key, *rest = place
    if isinstance(value, Mapping):
        changed: Any = copy.copy(value)
        changed[key] = put_image(value[key], tuple(rest), image)
        return changed
    elements = list(value)
    elements[key] = put_image(elements[key], tuple(rest), image)
    if isinstance(value, list):
        return elements
    return type(value)(*elements) if hasattr(value, "_fields") else tuple(elements)


def get_image(value: Any, place: Place) -> Any:
    """Return what stands at a place."""
    for key in place:
        value = value[key]
    return value
