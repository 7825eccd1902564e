"""Random changes of images that are somebody else's, such as torchvision's: seeded by us, and without a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..errors import ParameterError


@contextmanager
def seeded(rng: torch.Generator) -> Iterator[None]:
    """Run what draws from torch's global generator on the CPU, seeded by a draw from `rng`, and put it back after.

    Parameters
    ----------
    rng : torch.Generator
        Advances by one draw.
    """
    seed = int(torch.randint(2**63 - 1, (), generator=rng, device=rng.device))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # that of the CPU alone, which is what was put aside
        yield


def per_image(change: Callable[[Tensor], Any]) -> Callable[[Tensor, torch.Generator], Tensor]:
    """Return a function of a batch that applies `change` to each image, as data sets of torchvision do.

    Parameters
    ----------
    change : callable
        ``f(image) -> image`` of a float32 tensor of shape (c, h, w) in [0, 1].

    Returns
    -------
    callable
        ``f(x, rng) -> x`` of images in [-1, 1]. It raises ParameterError where an image does not come back as one.
    """

    def changed(x: Tensor, rng: torch.Generator) -> Tensor:
        with seeded(rng):
            images = [change(image) for image in ((x + 1) / 2).clamp(0, 1)]
        for image in images:
            _check(image, x.shape[1:], change)
        return torch.stack(images).to(x).clamp(0, 1) * 2 - 1

    return changed


def whole_batch(
    mix: Callable[[Tensor, Tensor], Any],
) -> Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]:
    """Return a function of a batch that applies `mix` to images and labels, as MixUp and CutMix are.

    Parameters
    ----------
    mix : callable
        ``f(x, y) -> (x, y)``.

    Returns
    -------
    callable
        ``f(x, y, rng) -> (x, y)``. It raises ParameterError where images do not come back as such.
    """

    def mixed(x: Tensor, y: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        with seeded(rng):
            found = mix(x, y)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise ParameterError(f"mix={mix!r} returned a {type(found).__name__}; let it return images and labels.")
        _check(found[0], x.shape, mix)
        return found[0], found[1]

    return mixed


def _check(found: Any, shape: torch.Size, change: Any) -> None:
    if not isinstance(found, Tensor) or found.shape != shape or not found.is_floating_point():
        what = f"{found.dtype} of shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ParameterError(
            f"The augmentation {change!r} returned a {what} for a float32 tensor of shape {tuple(shape)}; let it "
            "return a tensor of the same kind, and leave conversion, resizing and normalisation out."
        )
