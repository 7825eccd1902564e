"""Images to tensors and back.

An encoded image is float32 of shape (c, h, w) in [-1, 1], whatever layout, dtype and range it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .pixels import Form

_BLOCK_ROWS, _BLOCK_VALUES = 2048, 2**24  # of images compared at a time
_MAX_SPACED = 1000  # more images hardly change what is typical of their distances


class ImageEncoder:
    """The reversible map between images and tensors.

    Parameters
    ----------
    channel_axis : {"auto", None, 1, -1, 3}
        Where the channels are: 1 for (n, c, h, w), -1 or 3 for (n, h, w, c), None for (n, h, w). "auto" takes the
        second or the last of four dimensions if exactly one of them is 1 to 4 long.

    Attributes
    ----------
    form : Form
        What was learned; set by `fit`.
    """

    form: Form

    def __init__(self, channel_axis: int | str | None = "auto"):
        self.channel_axis = channel_axis

    def fit(self, X: Any, rng: np.random.Generator) -> ImageEncoder:
        """Learn container, layout, dtype, size and value range.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n, h, w), (n, h, w, c) or (n, c, h, w)
            Images of 8 to 128 pixels a side: booleans, whole numbers from 0 to 255 (uint16: to 65535), or floats. A
            negative float decides for the range [-1, 1], else it is [0, 1]; whole numbers of which the largest is 1
            are black and white.
        rng : numpy.random.Generator
            Unused here; other modalities draw from it.

        Returns
        -------
        ImageEncoder
            Itself.

        Raises
        ------
        DataError
            The images have other values or sizes, or which dimension is the channels is not clear.
        ParameterError
            `channel_axis` is none of the above.
        """
        self.form = Form.of(X, self.channel_axis)
        return self

    @property
    def n_features(self) -> int:
        """Number of values in one image."""
        return self.form.height * self.form.width * self.form.channels

    def check(self, X: Any) -> NDArray[Any]:
        """Return `X` as an array of the form that was learned.

        Raises
        ------
        DataError
            Layout, size, kind of dtype or range are others.
        """
        return self.form.matching(X)

    def transform(self, X: Any, rng: np.random.Generator) -> Tensor:
        """Return images as a float32 tensor of shape (n, c, h, w) in [-1, 1].

        Parameters
        ----------
        X : ndarray or Tensor
            Images of the form that was learned.
        rng : numpy.random.Generator
            Unused here; other modalities draw from it.

        Raises
        ------
        DataError
            Layout, size, kind of dtype or range are others.
        """
        return self.form.encode(self.check(X))

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Return encoded images in container, layout, dtype and range of those that were learned.

        Parameters
        ----------
        x : Tensor of shape (n, c, h, w)
            Encoded images; clipped to [-1, 1], and rounded where pixels are whole numbers.
        first_row, seed : int
            Unused here; other modalities count and draw by them.

        Returns
        -------
        ndarray or Tensor
            Images.
        """
        return self.form.decode(x)

    def features(self, x: Tensor) -> Tensor:
        """Return encoded images as they are: their judges look at pixels."""
        return x

    def copies(self, X: Any, synthetic: Any) -> NDArray[np.bool_]:
        """Return which images of `synthetic` equal one of `X`, or come closer to it than images are to each other.

        Closer means: the Euclidean distance in pixels is below half of what separates all but the closest 1 % of `X`
        from their nearest neighbour (exact duplicates within `X` left out).

        Parameters
        ----------
        X, synthetic : ndarray or Tensor of n and m images
            Of the form that was learned.

        Returns
        -------
        ndarray of bool, shape (m,)
            Whether each synthetic image is such a copy.
        """
        real, made = self.check(X), self.check(synthetic)
        if not len(real) or not len(made):
            return np.zeros(len(made), dtype=bool)
        chosen = np.linspace(0, len(real) - 1, min(len(real), _MAX_SPACED)).astype(np.int64)
        spacing = _nearest(real[chosen], real, self.form.encode, chosen)
        spacing = spacing[np.isfinite(spacing) & (spacing > 0)]
        radius = np.quantile(spacing, 0.01) / 2 if len(spacing) else 0.0
        distances = _nearest(made, real, self.form.encode)
        return np.asarray((distances == 0) | (distances < radius))

    def join(self, parts: list[Any]) -> Any:
        """Return images below one another."""
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts) if isinstance(parts[0], Tensor) else np.concatenate(parts)

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned, as plain JSON."""
        return self.form.to_json()

    @classmethod
    def from_json(cls, schema: Mapping[str, Any]) -> ImageEncoder:
        """Return the encoder that `to_json` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            The schema is not one of images.
        """
        form = Form.from_json(schema)
        encoder = cls(form.channel_axis)
        encoder.form = form
        return encoder


def pictures(x: Tensor) -> NDArray[np.uint8]:
    """Return encoded images as pictures to look at.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
        Values in [-1, 1].

    Returns
    -------
    ndarray of uint8, shape (n, h, w), (n, h, w, 3) or (n, h, w, 4)
        Grey, RGB or RGBA for 1, 3 or 4 channels; of any other number the first, as grey.
    """
    values = x.detach().to("cpu", torch.float32).clamp(-1, 1).add_(1).mul_(127.5).round_().to(torch.uint8)
    if x.shape[1] in (3, 4):
        return np.ascontiguousarray(values.permute(0, 2, 3, 1).numpy())
    return np.ascontiguousarray(values[:, 0].numpy())


def _nearest(
    points: NDArray[Any],
    others: NDArray[Any],
    encode: Callable[[NDArray[Any]], Tensor],
    own: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return the distance of each image to the nearest of others, of which number ``own[i]`` is image i itself.

    Only one block of each is encoded at a time.
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
