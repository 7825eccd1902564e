"""Watch a data set make an item: which of the callables that it holds it calls, with what, and what they return.

A data set does not tell what its transforms are called, nor what they take: torchvision gives them PIL images,
albumentations wants ``image=array``, MONAI a dict, Hugging Face a batch. Therefore every callable that it holds is
replaced by a stand-in, for as long as one item is read. A stand-in calls what it stands for and notes the images that
went in and came out.
"""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor
from torch.utils.data import Dataset

from ..data.items import is_pil_image, is_sample
from .conversion import attach

Place: TypeAlias = "tuple[Any, ...]"
"""The keys that lead to an image inside of dicts, lists and tuples."""

_READERS = ("__getitem__", "__getitems__", "__iter__", "__next__")
_METHODS = (FunctionType, staticmethod, classmethod)
_DESCRIPTORS = (*_METHODS, property, functools.cached_property)
_MAX_DEPTH = 5  # data sets inside data sets, and containers inside containers
_MAX_ELEMENTS = 64
_TRANSFORM_NAME = re.compile(r"\.(?!.*(target|label))\w*(transform|tfm|aug|preproc)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a callable that a data set holds.

    Attributes
    ----------
    name : str
        Where the data set holds it, such as "Photos.transform".
    function : callable
        What was called.
    given : tuple (args, kwargs)
        What it was given.
    images_given, images_made : dict of place to image
        Copies of the images, arrays and tensors in `given`, and in what it returned, each at the keys that lead to it.
    start, end : int
        Order of the beginnings and ends of all calls.
    """

    name: str
    function: Callable[..., Any]
    given: tuple[Any, Any]
    images_given: dict[Place, Any]
    images_made: dict[Place, Any]
    start: int
    end: int


class Trace:
    """The calls that were noted, in the order in which they ended."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.is_active = True  # a generator may keep a stand-in for longer than the item it was meant for
        self.has_members = False  # whether something callable has ``transforms`` of its own
        self._clock = 0
        self._transforms: set[str] = set()
        self._called: set[str] = set()

    def add(self, name: str, value: Any, is_method: bool) -> None:
        """Take note of what the data set holds."""
        self.has_members |= list_members(value) is not None
        if not is_method and _TRANSFORM_NAME.search(name) and not hasattr(value, "target_transform"):
            self._transforms.add(name)

    def list_idle(self) -> tuple[str, ...]:
        """Return what is called like a transform of images, and was not called."""
        return tuple(sorted(self._transforms - self._called))

    def note(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call a function, and note it if it dealt with images."""
        if not self.is_active:
            return function(*args, **kwargs)
        self._called.add(name.partition("[")[0])
        given = _copy_containers((args, kwargs))
        images_given = find_images(given)
        start = self._tick()
        result = function(*args, **kwargs)
        images_made = find_images(result)
        if images_made:
            self.calls.append(Call(name, function, given, images_given, images_made, start, self._tick()))
        return result

    def _tick(self) -> int:
        self._clock += 1
        return self._clock


@contextmanager
def trace_calls(dataset: Any, members: bool = False) -> Iterator[Trace]:
    """Note the calls of everything callable that a data set, or a data set inside it, holds.

    Parameters
    ----------
    dataset : Dataset
        Its attributes hold stand-ins until the context ends.
    members : bool, default=False
        Whether to look into compositions, too: at the elements of the ``transforms`` of a callable.
    """
    trace = Trace()
    replaced: list[tuple[dict[str, Any], str, Any, Any]] = []

    def replace_with(attributes: dict[str, Any], name: str, stand_in: Any) -> None:
        replaced.append((attributes, name, attributes.get(name, _MISSING), stand_in))
        attributes[name] = stand_in

    try:
        holders = _find_holders(dataset)
        names = _find_method_names(holders)
        for holder in holders:
            for name, (value, is_method) in _list_callables(holder, names).items():
                full_name = f"{type(holder).__name__}.{name}"
                trace.add(full_name, value, is_method)
                if members and list_members(value) is not None:
                    inner = _replace_callables(list_members(value), f"{full_name}.transforms", trace)
                    replace_with(vars(value), "transforms", inner)
                replace_with(vars(holder), name, _replace_callables(value, full_name, trace))
        yield trace
    finally:
        trace.is_active = False
        for attributes, name, old, stand_in in reversed(replaced):
            if attributes.get(name) is not stand_in:  # the data set has set another one meanwhile
                continue
            if old is _MISSING:
                del attributes[name]
            else:
                attributes[name] = old


_MISSING = object()


def _find_holders(dataset: Any) -> list[Any]:
    """Return a data set, those inside it (in attributes and in lists), and other objects that these hold."""
    found: dict[int, Any] = {}
    queue = [(dataset, 0)]
    while queue:
        holder, depth = queue.pop(0)
        if id(holder) in found or depth > _MAX_DEPTH or not hasattr(holder, "__dict__"):
            continue
        found[id(holder)] = holder
        for value in vars(holder).values() if _is_dataset(holder) or depth == 0 else ():
            parts = value[:_MAX_ELEMENTS] if type(value) in (list, tuple) else [value]
            queue += [(part, depth + 1) for part in parts if _is_dataset(part) or _is_helper(part)]
    return list(found.values())


def _is_dataset(value: Any) -> bool:
    if isinstance(value, Dataset):
        return True
    if isinstance(value, type | np.ndarray | Tensor | pd.DataFrame | pd.Series | Mapping | list | tuple | str):
        return False
    return hasattr(type(value), "__getitem__") and hasattr(type(value), "__len__") and not callable(value)


def _is_helper(value: Any) -> bool:
    """Return whether a value may be an object of the user's that holds transforms, such as a configuration."""
    return hasattr(value, "__dict__") and not (callable(value) or is_sample(value) or isinstance(value, ModuleType))


def _list_callables(holder: Any, names: set[str]) -> dict[str, tuple[Any, bool]]:
    """Return the attributes of an object that are, or hold, something to call, and whether each is a method."""
    found: dict[str, Any] = {}
    for kind in reversed(type(holder).__mro__):
        own = {n: value for n, value in vars(kind).items() if not (isinstance(value, _DESCRIPTORS) or _is_special(n))}
        found |= {name: getattr(holder, name) for name, value in own.items() if _holds_callables(value, (list, tuple))}
    found |= {name: value for name, value in vars(holder).items() if _holds_callables(value, (list, tuple, dict))}
    methods = {name: (getattr(holder, name), True) for name in names if _is_method(holder, name)}
    return methods | {name: (value, False) for name, value in found.items()}


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _holds_callables(value: Any, containers: tuple[type, ...]) -> bool:
    if type(value) in containers:
        elements = list(value.values()) if isinstance(value, dict) else value
        return len(elements) <= _MAX_ELEMENTS and any(_is_transform(element) for element in elements)
    return _is_transform(value)


def _is_transform(value: Any) -> bool:
    return callable(value) and not isinstance(value, type) and not _is_dataset(value)


def _find_method_names(holders: Sequence[Any]) -> set[str]:
    """Return the names in the code that reads items, and in that of the methods which it names."""
    found: set[str] = set()
    queue = [getattr(type(holder), name, None) for holder in holders for name in _READERS]
    while queue:
        code = getattr(inspect.unwrap(queue.pop()), "__code__", None)  # type: ignore[arg-type]
        new = set(_list_names(code) if isinstance(code, CodeType) else ()) - found
        found |= new
        queue += [function for name in new for holder in holders if (function := _get_function(holder, name))]
    return found


def _is_method(holder: Any, name: str) -> bool:
    """Return whether the class of an object gives it something to call, such as a method with a cache."""
    static = inspect.getattr_static(type(holder), name, None)
    is_computed = isinstance(static, property | functools.cached_property)
    return not (static is None or is_computed or _is_special(name)) and _is_transform(getattr(holder, name))


def _get_function(holder: Any, name: str) -> Any:
    """Return the function behind a method of an object, or None."""
    method = inspect.getattr_static(type(holder), name, None)
    is_method = isinstance(method, _METHODS) and not _is_special(name)
    return getattr(method, "__func__", method) if is_method else None


def _list_names(code: CodeType) -> list[str]:
    """Return the names of attributes in code, also in the functions and comprehensions inside it."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _list_names(part)]
    return [*code.co_names, *inner]


def _replace_callables(value: Any, name: str, trace: Trace) -> Any:
    """Return a stand-in for a callable, or a list, tuple or dict of them."""
    if isinstance(value, dict):
        return {key: _replace_callables(element, f"{name}[{key!r}]", trace) for key, element in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_replace_callables(element, f"{name}[{i}]", trace) for i, element in enumerate(value))
    return _make_stand_in(value, name, trace) if _is_transform(value) else value


def list_members(value: Any) -> Any:
    """Return the elements of a composition of transforms, or None."""
    members = getattr(value, "__dict__", {}).get("transforms") if _is_transform(value) else None
    return members if type(members) in (list, tuple) and _holds_callables(members, (list, tuple)) else None


class _StandIn:
    """It notes the calls of a callable, and passes for it otherwise: in type, attributes and truth."""

    def __init__(self, function: Any, name: str, trace: Trace) -> None:
        vars(self).update(__wrapped__=function, _trace=trace, _name=name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        own = vars(self)
        return own["_trace"].note(own["_name"], own["__wrapped__"], args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["__wrapped__"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["__wrapped__"], name, value)

    def __copy__(self) -> Any:
        return copy.copy(vars(self)["__wrapped__"])

    def __deepcopy__(self, memo: Any) -> Any:
        return copy.deepcopy(vars(self)["__wrapped__"], memo)


_PROTOCOLS = ("__len__", "__iter__", "__getitem__", "__contains__", "__bool__", "__enter__", "__exit__")


def _make_stand_in(function: Any, name: str, trace: Trace) -> Any:
    """Return a stand-in whose class has the special methods that the class of a callable has."""

    def forward(special: str) -> Callable[..., Any]:
        return lambda self, *args: getattr(vars(self)["__wrapped__"], special)(*args)

    methods: dict[str, Any] = {s: forward(s) for s in _PROTOCOLS if hasattr(type(function), s)}
    methods["__class__"] = property(lambda self: type(vars(self)["__wrapped__"]))
    return type("_StandIn", (_StandIn,), methods)(function, name, trace)


# Images inside of containers


def find_images(value: Any) -> dict[Place, Any]:
    """Return copies of the images, arrays and tensors inside of dicts, lists and tuples, each at its place."""
    found: dict[Place, Any] = {}
    queue: list[tuple[Place, Any]] = [((), value)]
    while queue:
        place, part = queue.pop(0)
        if is_sample(part):
            found[place] = copy_image(part)
        elif len(place) < _MAX_DEPTH and isinstance(part, Mapping | list | tuple):
            items = part.items() if isinstance(part, Mapping) else enumerate(part[:_MAX_ELEMENTS])
            queue += [((*place, key), element) for key, element in items]
    return found


def copy_image(image: Any) -> Any:
    """Return a copy of an image, array or tensor."""
    if isinstance(image, Tensor):
        return attach(image.detach().clone(), image)
    return image.copy() if is_pil_image(image) or isinstance(image, np.ndarray) else image


def _copy_containers(value: Any, depth: int = 0) -> Any:
    """Return a copy of dicts, lists and tuples that keeps what is inside them; transforms often change their input."""
    if depth > _MAX_DEPTH:
        return value
    if type(value) is dict:
        return {key: _copy_containers(element, depth + 1) for key, element in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_copy_containers(element, depth + 1) for element in value)
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
