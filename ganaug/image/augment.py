"""Apply differentiable augmentation to real and synthetic images alike.

A discriminator overfits a small set of images. Augmentation prevents this. Because it is differentiable and is applied
to synthetic images as well, the generator does not learn to imitate the augmentation [1]_.

References
----------
.. [1] Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

_ROTATION = 0.26  # radians, 15 degrees to either side
_SCALE = 0.15
_SHEAR = 0.15
_SHIFT = 0.1  # of the image's side
_TRANSLATION = 0.125
_CUTOUT = 0.4  # side of the square, as a share of the image's side
_BRIGHTNESS = 0.5
_COLOUR_LIMIT = 0.5


def _uniform(shape: tuple[int, ...], low: float, high: float, x: Tensor, rng: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=rng, device=x.device)


def _warp(x: Tensor, matrix: Tensor) -> Tensor:
    """Resample images by affine maps of shape (n, 2, 3); pixels of the border continue beyond it."""
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
    return functional.grid_sample(x.float(), grid, padding_mode="border", align_corners=False)


def affine(x: Tensor, rng: torch.Generator) -> Tensor:
    """Rotate, scale, shear and shift images slightly."""
    n = len(x)
    angle, shear = (_uniform((n,), -bound, bound, x, rng) for bound in (_ROTATION, _SHEAR))
    scale = 1.0 + _uniform((n,), -_SCALE, _SCALE, x, rng)
    shift = _uniform((n, 2), -2 * _SHIFT, 2 * _SHIFT, x, rng)
    cos = angle.cos() / scale
    sin = angle.sin() / scale
    ratio = x.shape[2] / x.shape[3]  # the grid's unit is half a side: rotating an oblong image needs the ratio
    rows = [cos, -sin * ratio + shear, shift[:, 0], sin / ratio, cos, shift[:, 1]]
    return _warp(x, torch.stack(rows, 1).view(n, 2, 3))


def translation(x: Tensor, rng: torch.Generator) -> Tensor:
    """Shift images by whole pixels, up to an eighth of their sides, and repeat the border."""
    n, _, h, w = x.shape
    limits = (max(1, round(_TRANSLATION * h)), max(1, round(_TRANSLATION * w)))
    padded = functional.pad(x, (limits[1], limits[1], limits[0], limits[0]), mode="replicate")
    down, right = (torch.randint(0, 2 * m + 1, (n, 1), generator=rng, device=x.device) for m in limits)
    rows = (torch.arange(h, device=x.device) + down)[:, :, None]
    columns = (torch.arange(w, device=x.device) + right)[:, None, :]
    image = torch.arange(n, device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[image, rows, columns].permute(0, 3, 1, 2)


def cutout(x: Tensor, rng: torch.Generator) -> Tensor:
    """Cover a rectangle of each image with mid-grey: DeVries and Taylor, arXiv 1708.04552."""
    n, _, h, w = x.shape
    kept = torch.ones(n, 1, h, w, device=x.device)
    inside = []
    for side in (h, w):
        length = max(1, round(_CUTOUT * side))
        centre = torch.randint(0, side + (1 - length % 2), (n, 1), generator=rng, device=x.device)
        place = torch.arange(side, device=x.device)[None, :] - centre + length // 2
        inside.append((place >= 0) & (place < length))
    kept.masked_fill_((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0.0)
    return x * kept


def color(x: Tensor, rng: torch.Generator) -> Tensor:
    """Change brightness, saturation and contrast of images."""
    shape = (len(x), 1, 1, 1)
    x = x + _uniform(shape, -_BRIGHTNESS, _BRIGHTNESS, x, rng)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * _uniform(shape, 0.0, 2.0, x, rng)
    level = x.mean((1, 2, 3), keepdim=True)
    return level + (x - level) * _uniform(shape, _COLOUR_LIMIT, 1.0 + _COLOUR_LIMIT, x, rng)


def flip(x: Tensor, rng: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability 0.5; only for labels that do not depend on orientation."""
    mirrored = torch.rand((len(x), 1, 1, 1), generator=rng, device=x.device) < 0.5
    return torch.where(mirrored, x.flip(3), x)


AUGMENTATIONS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "flip": flip,
    "color": color,
    "translation": translation,
    "affine": affine,
    "cutout": cutout,
}
"""Augmentations by name, in order of application; each is ``f(x, rng) -> x`` and keeps the shape."""


def augment(x: Tensor, names: Sequence[str], rng: torch.Generator, p: float = 1.0) -> Tensor:
    """Augment images at random, each independently.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
        Images in [-1, 1].
    names : sequence of str
        Keys of `AUGMENTATIONS`.
    rng : torch.Generator
        Source of randomness, on the device of `x`.
    p : float in [0, 1]
        Probability of each augmentation, for each image.

    Returns
    -------
    Tensor of shape (n, c, h, w)
        Augmented images, differentiable in `x`.

    Examples
    --------
    >>> import torch
    >>> from ganaug.image.augment import augment
    >>> x = torch.ones(2, 1, 8, 8)
    >>> augmented = augment(x, ["cutout"], torch.Generator().manual_seed(0))
    >>> augmented.shape, bool((augmented == 0).any())
    (torch.Size([2, 1, 8, 8]), True)
    """
    for name, change in AUGMENTATIONS.items():
        if name in names:
            changed = change(x, rng)
            if p < 1.0:
                chosen = torch.rand((len(x), 1, 1, 1), generator=rng, device=x.device) < p
                changed = torch.where(chosen, changed, x)
            x = changed
    return x
