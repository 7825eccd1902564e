"""Encode images of any layout, dtype and range as tensors, and decode tensors to such images.

An encoded image is float32 of shape (c, h, w) in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .pixels import ImageFormat
from .room import check_room

_BLOCK_ROWS, _BLOCK_VALUES = 2048, 2**24  # of images compared at a time
_MAX_SPACED = 1000  # images in the quantile of distances; more hardly change it


class ImageEncoder:
    """The reversible map between images and tensors.

    Parameters
    ----------
    channel_axis : {"auto", None, 1, -1, 3}
        Position of the channels: 1 for (n, c, h, w), -1 or 3 for (n, h, w, c), None for (n, h, w). "auto" takes the
        second or the last of four dimensions if exactly one of them is 1 to 4 long.

    Attributes
    ----------
    format : ImageFormat
        Learned layout, dtype, size and value range; set by `fit`.
    """

    format: ImageFormat

    def __init__(self, channel_axis: int | str | None = "auto"):
        self.channel_axis = channel_axis

    def fit(self, X: Any, rng: np.random.Generator) -> ImageEncoder:
        """Learn container, layout, dtype, size and value range.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n, h, w), (n, h, w, c) or (n, c, h, w)
            Images of 8 to 256 pixels a side: booleans, whole numbers or floats. Their range is [0, 255] (uint16: or
            [0, 65535]), [0, 1] or [-1, 1] if they fill two thirds of it, and else runs from their lowest to their
            highest value, apart from hot pixels; see `ganaug.image.ranges`.
        rng : numpy.random.Generator
            Unused here; other modalities draw from it.

        Returns
        -------
        ImageEncoder
            Itself.

        Raises
        ------
        DataError
            Values or sizes are not supported, or the position of the channels is ambiguous.
        ParameterError
            `channel_axis` has another value.
        """
        self.format = ImageFormat.infer(X, self.channel_axis)
        return self

    @property
    def n_features(self) -> int:
        """Number of values in one image."""
        return self.format.height * self.format.width * self.format.channels

    def check(self, X: Any) -> NDArray[Any]:
        """Return `X` as an array of the learned format.

        Raises
        ------
        DataError
            Layout, size, kind of dtype or scale differ from the learned ones.
        """
        return self.format.validate(X)

    def transform(self, X: Any, rng: np.random.Generator) -> Tensor:
        """Return images as a float32 tensor of shape (n, c, h, w) in [-1, 1].

        Parameters
        ----------
        X : ndarray or Tensor
            Images of the learned format.
        rng : numpy.random.Generator
            Unused here; other modalities draw from it.

        Raises
        ------
        DataError
            Layout, size, kind of dtype or scale differ from the learned ones, or there is no room for so many.
        """
        images = self.check(X)
        check_room(len(images), self.format.shape)
        return self.format.encode(images)

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Decode images to the learned container, layout, dtype and range.

        Parameters
        ----------
        x : Tensor of shape (n, c, h, w)
            Encoded images; they are clipped to [-1, 1], and rounded for integer dtypes.
        first_row, seed : int
            Unused here; other modalities use them.

        Returns
        -------
        ndarray or Tensor
            Decoded images.
        """
        return self.format.decode(x)

    def features(self, x: Tensor) -> Tensor:
        """Return encoded images unchanged: their judges are trained on pixels."""
        return x

    def copies(self, X: Any, synthetic: Any) -> NDArray[np.bool_]:
        """Return a mask of the synthetic images that are copies or near-copies of an image of `X`.

        A near-copy has a Euclidean pixel distance below half the 1 % quantile of the nearest-neighbour distances within
        `X`, without exact duplicates.

        Parameters
        ----------
        X, synthetic : ndarray or Tensor of n and m images
            Images of the learned format.

        Returns
        -------
        ndarray of bool, shape (m,)
            Whether each synthetic image is a copy or near-copy.
        """
        real = self.check(X)
        made = self.check(synthetic)
        if not len(real) or not len(made):
            return np.zeros(len(made), dtype=bool)
        chosen = np.linspace(0, len(real) - 1, min(len(real), _MAX_SPACED)).astype(np.int64)
        spacing = _nearest_distances(real[chosen], real, self.format.encode, chosen)
        spacing = spacing[np.isfinite(spacing) & (spacing > 0)]
        radius = np.quantile(spacing, 0.01) / 2 if len(spacing) else 0.0
        distances = _nearest_distances(made, real, self.format.encode)
        return np.asarray((distances == 0) | (distances < radius))

    def join(self, parts: list[Any]) -> Any:
        """Concatenate blocks of images."""
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts) if isinstance(parts[0], Tensor) else np.concatenate(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the learned format as plain JSON."""
        return self.format.to_json()

    @classmethod
    def from_json(cls, schema: Mapping[str, Any]) -> ImageEncoder:
        """Return the encoder that `to_json` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            The schema does not describe images.
        """
        form = ImageFormat.from_json(schema)
        encoder = cls(form.channel_axis)
        encoder.format = form
        return encoder


def pictures(x: Tensor) -> NDArray[np.uint8]:
    """Convert encoded images to 8-bit pictures for display.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
        Values in [-1, 1].

    Returns
    -------
    ndarray of uint8, shape (n, h, w), (n, h, w, 3) or (n, h, w, 4)
        Grey, RGB or RGBA for 1, 3 or 4 channels; for other numbers, the first channel in grey.
    """
    values = x.detach().to("cpu", torch.float32).clamp(-1, 1).add_(1).mul_(127.5).round_().to(torch.uint8)
    if x.shape[1] in (3, 4):
        return np.ascontiguousarray(values.permute(0, 2, 3, 1).numpy())
    return np.ascontiguousarray(values[:, 0].numpy())


def _nearest_distances(
    points: NDArray[Any],
    others: NDArray[Any],
    encode: Callable[[NDArray[Any]], Tensor],
    own: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return the distance of each image to the nearest of `others`, except itself at position ``own[i]``.

    Images are encoded block by block, with bounded memory.
    """
    size = max(1, min(_BLOCK_ROWS, _BLOCK_VALUES // int(np.prod(points.shape[1:]))))
    distances = torch.full((len(points),), torch.inf, dtype=torch.float64)
    for start in range(0, len(points), size):
        rows = slice(start, start + size)
        block = encode(points[rows]).flatten(1)
        for first in range(0, len(others), size):
            against = encode(others[first : first + size]).flatten(1)
            found = torch.cdist(block, against)
            if own is not None:
                itself = torch.from_numpy(own[rows, None] == np.arange(first, first + len(against)))
                found.masked_fill_(itself, torch.inf)
            closest, at = found.min(1)
            exact = torch.linalg.vector_norm(block - against[at], dim=1).double()  # the search is off by rounding
            exact[closest == torch.inf] = torch.inf
            distances[rows] = torch.minimum(distances[rows], exact)
    return distances.numpy()
