"""Watch a data set make an item: which of the callables that it holds it calls, with what, and what they return.

A data set does not tell what its transforms are called, nor what they take: torchvision gives them PIL images,
albumentations wants ``image=array``, MONAI a dict, Hugging Face a batch. Therefore every callable that it holds, or
that its code names, is replaced by a stand-in, for as long as one item is read. A stand-in calls what it stands for and
notes the images that went in and came out.
"""

from __future__ import annotations

import copy
import functools
import inspect
import re
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor
from torch.utils.data import Dataset

from ..data.items import is_sample
from .places import MAX_DEPTH, MAX_ELEMENTS, Place, copy_containers, find_images

_READERS = ("__getitem__", "__getitems__", "__iter__", "__next__")
_METHODS = (FunctionType, staticmethod, classmethod)
_DESCRIPTORS = (*_METHODS, property, functools.cached_property)
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
        given = copy_containers((args, kwargs))
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
    """Note the calls of everything callable that a data set, or a data set inside it, holds or its code names.

    Parameters
    ----------
    dataset : Dataset
        Its attributes, and variables in its code, hold stand-ins until the context ends.
    members : bool, default=False
        Whether to look into compositions, too: at the elements of the ``transforms`` of a callable.
    """
    trace = Trace()
    replaced = _Replacements()
    try:
        try:
            _put_stand_ins(dataset, members, trace, replaced)
        except Exception:  # of an attribute that cannot be looked at
            replaced.take_back()
        yield trace
    finally:
        trace.is_active = False
        replaced.take_back()


def _put_stand_ins(dataset: Any, members: bool, trace: Trace, replaced: _Replacements) -> None:
    holders = _find_holders(dataset)
    names, spaces = _read_code(holders)
    for space in spaces:
        for name in names:
            if _is_transform(space.get(name)) and not _is_special(name):
                replaced.put(space, name, _make_stand_in(space.get(name), name, trace))
    for holder in holders:
        for name, (value, is_method) in _list_callables(holder, names).items():
            full_name = f"{type(holder).__name__}.{name}"
            trace.add(full_name, value, is_method)
            if members and list_members(value) is not None:
                inner = _replace_callables(list_members(value), f"{full_name}.transforms", trace)
                replaced.put(vars(value), "transforms", inner)
            replaced.put(vars(holder), name, _replace_callables(value, full_name, trace))


class _Replacements:
    """What was replaced by stand-ins, in attributes and variables."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, Any]] = []

    def put(self, space: Any, name: str, stand_in: Any) -> None:
        self._done.append((space, name, space.get(name, _MISSING), stand_in))
        space[name] = stand_in

    def take_back(self) -> None:
        for space, name, old, stand_in in reversed(self._done):
            if space.get(name) is not stand_in:  # the data set has set another one meanwhile
                continue
            if old is _MISSING:
                del space[name]
            else:
                space[name] = old
        self._done.clear()


_MISSING = object()


def _find_holders(dataset: Any) -> list[Any]:
    """Return a data set, those inside it (in attributes and in lists), and other objects that these hold."""
    found: dict[int, Any] = {}
    queue = [(dataset, 0)]
    while queue:
        holder, depth = queue.pop(0)
        if id(holder) in found or depth > MAX_DEPTH or not hasattr(holder, "__dict__"):
            continue
        found[id(holder)] = holder
        for value in vars(holder).values() if _is_dataset(holder) or depth == 0 else ():
            parts = value[:MAX_ELEMENTS] if type(value) in (list, tuple) else [value]
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
        return len(elements) <= MAX_ELEMENTS and any(_is_transform(element) for element in elements)
    return _is_transform(value)


def _is_transform(value: Any) -> bool:
    return callable(value) and not isinstance(value, type) and not _is_dataset(value)


def _read_code(holders: Sequence[Any]) -> tuple[set[str], list[Any]]:
    """Follow the code that reads items, through methods and functions of the user's.

    Returns
    -------
    names : set of str
        The names of attributes and variables in the code.
    spaces : list
        Where its variables outside of functions are: the globals of modules, and the cells of closures.
    """
    names: set[str] = set()
    spaces: dict[int, Any] = {}
    seen: set[Any] = set()
    queue = [getattr(type(holder), name, None) for holder in holders for name in _READERS]
    while queue:
        function = queue.pop()
        if not isinstance(function, FunctionType) or function in seen:
            continue
        seen.add(function)
        function = inspect.unwrap(function)
        own = _list_names(function.__code__)
        names |= set(own)
        queue += [found for name in own for holder in holders if (found := _get_function(holder, name))]
        if _is_installed(Path(function.__code__.co_filename).parent):
            continue
        for space in (function.__globals__, _Cells(function)):
            spaces[id(space)] = space
            queue += [space.get(name) for name in own]
    return names, list(spaces.values())


@functools.cache
def _is_installed(folder: Path) -> bool:
    """Return whether code of a folder belongs to Python or to a package that was installed, not to the user."""
    python = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    return any(place in python or any(place.glob("*.dist-info")) for place in (folder, *folder.parents))


class _Cells:
    """The variables that a function inside of another one takes from there."""

    def __init__(self, function: FunctionType) -> None:
        self._cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a variable."""
        try:
            return self._cells[name].cell_contents
        except (KeyError, ValueError):  # none of that name, or one that is not set yet
            return default

    def __setitem__(self, name: str, value: Any) -> None:
        self._cells[name].cell_contents = value


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
    """Return the names of attributes and variables in code, also in the functions and comprehensions inside it."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _list_names(part)]
    return [*code.co_names, *code.co_freevars, *inner]


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
