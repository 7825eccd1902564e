"""Follow the image of a real item back to the raw image that it was made of, from call to call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.items import is_pil_image, to_array
from .conversion import SampleSpec, convert_to_spec, describe_sample, give_type
from .places import Place, get_image, put_image
from .tracing import Call, Trace, list_members, trace_calls


@dataclass(frozen=True)
class Stage:
    """One call through which a data set sends the image of an item; other images can be sent through it.

    Attributes
    ----------
    name : str
        Where the data set holds the callable, such as "Photos.transform".
    function : callable
        What is called.
    given : tuple (args, kwargs)
        What it was given, with None in place of the image.
    place_given, place_made : tuple
        Place of the image in `given`, and in what the callable returns.
    spec : SampleSpec
        Description of the image that it was given.
    like : Tensor or None
        An empty tensor of the subclass of that image, if it is of one.
    """

    name: str
    function: Callable[..., Any]
    given: Any = field(repr=False)
    place_given: Place
    place_made: Place
    spec: SampleSpec
    like: Any = None

    def __call__(self, image: Any) -> Any:
        """Return what the callable makes of an image."""
        image = image if self.like is None else give_type(image, self.like)
        args, kwargs = put_image(self.given, self.place_given, image)
        return get_image(self.function(*args, **kwargs), self.place_made)


@dataclass(frozen=True)
class Origin:
    """What the image of a real item was made of.

    Attributes
    ----------
    raw : PIL image, array or tensor
        The image before the first stage; without stages, the image of the item.
    stages : tuple of Stage
        The calls that it went through, in order.
    is_complete : bool
        Whether the image of the item is what the last stage returned.
    idle : tuple of str
        Where the data set holds transforms, by their names, that it did not call.
    is_random : bool
        Whether the image of the item was another one when it was read again.
    """

    raw: Any = field(repr=False)
    stages: tuple[Stage, ...] = ()
    is_complete: bool = True
    idle: tuple[str, ...] = ()
    is_random: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stages."""
        return tuple(stage.name for stage in self.stages)


def trace_item(dataset: Any, index: int, get_sample: Callable[[Any], Any], before: Any) -> Origin:
    """Read an item of a map-style data set again, and find what its image was made of.

    Parameters
    ----------
    dataset : Dataset
        Map-style.
    index : int
        Index of the item.
    get_sample : callable
        Returns the image of an item.
    before : item
        The item as it was read before.
    """
    item, origin = _trace(dataset, lambda: dataset[index], get_sample)
    # MONAI's cached data sets keep what the first transforms made.
    if any(hasattr(dataset, name) for name in ("_cache", "cache_dir")) and hasattr(dataset, "data"):
        anew, whole = _trace(dataset, lambda: dataset.transform(dataset.data[index]), get_sample)
        if describe_sample(get_sample(item)).matches(get_sample(anew)):
            origin = whole
    return replace(origin, is_random=not is_same_image(get_sample(before), get_sample(item)))


def _trace(dataset: Any, read: Callable[[], Any], get_sample: Callable[[Any], Any]) -> tuple[Any, Origin]:
    """Read an item with stand-ins in the data set; look into compositions where that is needed to find a raw image."""
    for members in (False, True):
        try:
            with trace_calls(dataset, members) as trace:
                item = read()
        except Exception:  # it may be the stand-ins that the data set cannot do with
            break
        origin = find_origin(trace, get_sample(item))
        if not trace.has_members or not _starts_in_composition(trace, origin):
            return item, origin
    else:
        return item, origin
    item = read()
    return item, Origin(get_sample(item))


def _starts_in_composition(trace: Trace, origin: Origin) -> bool:
    """Return whether the first image that is known was made inside a composition of transforms, which reads files."""
    makers = [call for call in trace.calls if not call.images_given and list_members(call.function) is not None]
    return not origin.stages or any(_becomes(made, origin.raw) for call in makers for made in call.images_made.values())


def find_origin(trace: Trace, sample: Any) -> Origin:
    """Return what a sample was made of, by the calls that were noted meanwhile."""
    origin = follow_back(trace.calls, sample)
    return origin if origin.stages else replace(origin, idle=trace.list_idle())


def follow_back(calls: Sequence[Call], sample: Any) -> Origin:
    """Follow an image back through the calls that were noted while it was made."""
    calls = [call for call in calls if call.images_given]
    stages: list[Stage] = []
    raw, before, is_complete = sample, float("inf"), True
    while True:
        earlier = [call for call in calls if call.end < before]
        links = [(call, place) for call in earlier for place, made in call.images_made.items() if _becomes(made, raw)]
        if not links and not stages and earlier:
            # Something that is no call of a callable the data set holds has changed the image since.
            is_complete = False
            links = [(call, _find_main_image(call.images_made)) for call in earlier]
        if not links:
            return Origin(raw, tuple(reversed(stages)), is_complete)
        call, made = max(links, key=lambda link: link[0].end)  # the outer one of two calls inside each other
        stage, raw = _make_stage(call, made)
        stages.append(stage)
        before = call.start


def _make_stage(call: Call, made: Place) -> tuple[Stage, Any]:
    """Return a stage, and the image that it was given when it was noted."""
    same = [place for place in call.images_given if made and place[-len(made) :] == made]
    given = same[0] if same else _find_main_image(call.images_given)
    image = call.images_given[given]
    template = put_image(call.given, given, None)
    spec = describe_sample(image).with_any_size()
    like = give_type(torch.empty(0), image) if isinstance(image, Tensor) and type(image) is not Tensor else None
    return Stage(call.name, call.function, template, given, made, spec, like), image


def _find_main_image(images: dict[Place, Any]) -> Place:
    """Return the place of the image with the most dimensions, the first one of several."""
    return max(images, key=lambda place: 3 if is_pil_image(images[place]) else images[place].ndim)


def _becomes(image: Any, target: Any) -> bool:
    """Return whether two images are the same, apart from container, layout and scale."""
    try:
        found = convert_to_spec(image, describe_sample(target))
    except TypeError:
        return False
    return is_same_image(found, target)


def is_same_image(a: Any, b: Any) -> bool:
    """Return whether two images of one description have the same values."""
    x, y = to_array(a), to_array(b)
    return x.shape == y.shape and bool(np.allclose(x, y, equal_nan=x.dtype.kind == "f"))
