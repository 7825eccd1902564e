"""Describe the samples of a data set, and convert samples to a description where there is only one way to do so."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.items import is_pil_image, to_array
from ..errors import DataError

Transform = Callable[[Any], Any]

CURE = "give transform=, a function of one synthetic sample that returns what the data set yields in its place"

MIN_SIDE = 8  # pixels; arrays with shorter sides are rows of tables, or pieces of them


@dataclass(frozen=True)
class SampleSpec:
    """Type, dtype, shape and range of the samples of a data set.

    Attributes
    ----------
    kind : {"PIL image", "array", "tensor"} or the name of another type
        Type of a sample.
    dtype : str
        As torch or numpy calls it; the mode of a PIL image.
    shape : tuple of int or None
        None for a side that differs between samples; empty for PIL images.
    low, high : float
        Range of the values in the samples that were seen.
    means : tuple of float
        Mean value of each of these samples; NaN where values have no order, as in palettes.

    Examples
    --------
    >>> import torch
    >>> from ganaug.mixing.conversion import SampleSpec
    >>> spec = SampleSpec.infer([torch.zeros(3, 8, 8), torch.ones(3, 8, 9)])
    >>> print(spec)
    a float32 tensor of shape (3, 8, ?)
    >>> spec.matches(torch.rand(3, 8, 5))
    True
    """

    kind: str
    dtype: str
    shape: tuple[int | None, ...] = ()
    low: float = 0.0
    high: float = 0.0
    means: tuple[float, ...] = ()

    @classmethod
    def infer(cls, samples: Sequence[Any]) -> SampleSpec:
        """Infer the description that samples share.

        Raises
        ------
        DataError
            They have different types, dtypes or numbers of dimensions.
        """
        specs = [describe_sample(sample) for sample in samples]
        first = specs[0]
        for other in specs:
            if (other.kind, other.dtype, len(other.shape)) != (first.kind, first.dtype, len(first.shape)):
                raise DataError(
                    f"The data set yields {first} and {other}; give samples of one type, dtype and number of "
                    f"dimensions, or {CURE}."
                )
        sides = zip(*(spec.shape for spec in specs), strict=True)
        shape = tuple(side[0] if len(set(side)) == 1 else None for side in sides)
        low, high = min(spec.low for spec in specs), max(spec.high for spec in specs)
        return cls(first.kind, first.dtype, shape, low, high, tuple(mean for spec in specs for mean in spec.means))

    def matches(self, sample: Any) -> bool:
        """Return whether a sample has this type, dtype and shape, whatever its values."""
        other = describe_sample(sample, values=False)
        return (self.kind, self.dtype) == (other.kind, other.dtype) and self.matches_shape(other.shape)

    def matches_shape(self, shape: Sequence[int | None]) -> bool:
        """Return whether a shape is the one described here."""
        if len(self.shape) != len(shape):
            return False
        return all(a in (None, b) for a, b in zip(self.shape, shape, strict=True))

    def with_any_size(self) -> SampleSpec:
        """Return the same description of images of any height and width."""
        shape = self.shape
        if len(shape) == 2:
            return replace(self, shape=(None, None))
        if len(shape) != 3:
            return self
        ends = [axis for axis in (0, 2) if (shape[axis] or 0) in range(1, 5)]
        first = ends == [0] or (len(ends) == 2 and self.kind == "tensor")
        return replace(self, shape=(shape[0], None, None) if first else (None, None, shape[2])) if ends else self

    @property
    def is_picture(self) -> bool:
        """Whether samples have the sides of images: of at least 8 pixels, beside an axis of channels."""
        return self.kind == "PIL image" or (
            len(self.shape) in (2, 3) and sum(side is None or side >= MIN_SIDE for side in self.shape) >= 2
        )

    @property
    def full_scale(self) -> float:
        """The length of the range that values could fill: 255 for 8 bits, 1 in [0, 1], else what was seen."""
        if self.is_byte or self.has_bytes:
            return 255.0
        return 1.0 if self.is_unit else self.high - self.low or abs(self.high)

    @property
    def is_byte(self) -> bool:
        """Whether samples have 8 bits a channel."""
        return self.dtype == "uint8" or (self.kind == "PIL image" and self.dtype not in _DEEP_MODES)

    @property
    def has_bytes(self) -> bool:
        """Whether the values that were seen are floats that fill a part of 0..255."""
        return self.dtype.startswith("float") and self.low >= 0.0 and 16.0 < self.high <= 255.0

    @property
    def is_unit(self) -> bool:
        """Whether the values that were seen lie in [0, 1]."""
        return self.low >= 0.0 and self.high <= 1.0

    @property
    def is_image_like(self) -> bool:
        """Whether samples have the values of 8-bit images: PIL images, uint8, or floats in [0, 1]."""
        return self.kind == "PIL image" or self.dtype == "uint8" or (self.dtype.startswith("float") and self.is_unit)

    def __str__(self) -> str:
        """Return the description in words, such as "a float32 tensor of shape (3, 32, 32)"."""
        if self.kind not in ("array", "tensor"):
            return f"a {self.kind}" + (f" of mode {self.dtype}" if self.dtype else "")
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"a {self.dtype} {self.kind} of shape ({sides}{',' * (len(self.shape) == 1)})"


def describe_sample(sample: Any, values: bool = True) -> SampleSpec:
    """Return the description of one sample, with or without the range of its values."""
    if is_pil_image(sample):
        spec = SampleSpec("PIL image", str(sample.mode))
        sample = np.asarray(sample) if values and sample.mode != "P" else None
    elif isinstance(sample, np.ndarray | Tensor):
        kind = "tensor" if isinstance(sample, Tensor) else "array"
        spec = SampleSpec(kind, str(sample.dtype).removeprefix("torch."), tuple(sample.shape))
    else:
        return SampleSpec(type(sample).__name__, "")
    if not values or sample is None or 0 in spec.shape or spec.dtype.startswith("complex") or spec.dtype == "object":
        return spec
    array = to_array(sample)
    return replace(spec, low=float(array.min()), high=float(array.max()), means=(float(array.mean(dtype=np.float64)),))


def convert_to_pixels(sample: Any) -> NDArray[np.uint8]:
    """Convert an image to uint8 of shape (h, w) or (h, w, c).

    Parameters
    ----------
    sample : PIL image, or array or tensor of shape (h, w), (h, w, c) or (c, h, w)
        Floats in [0, 1], or uint8; c is 1, 3 or 4.

    Raises
    ------
    TypeError
        The sample has another shape, dtype or range.
    """
    array = np.asarray(sample)
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype.kind == "f" and array.size and array.min() >= 0 and array.max() <= 1:
        array = np.rint(array * 255).astype(np.uint8)
    has_channels = array.ndim == 3 and array.shape[2] in (3, 4)
    if array.dtype != np.uint8 or not (array.ndim == 2 or has_channels):
        raise TypeError("not a grey, RGB or RGBA image")
    return np.ascontiguousarray(array)


def convert_to_spec(sample: Any, spec: SampleSpec) -> Any:
    """Convert a sample to another layout, dtype and container, if there is only one way to do so.

    Grey images gain or lose their channel axis or are repeated to three channels. The channel axis is moved. uint8 in
    0..255 and floats in [0, 1] are scaled into each other. Floats are cast to another precision. PIL images change
    their mode.

    Raises
    ------
    TypeError
        There is no such conversion.
    """
    if spec.matches(sample):
        return sample
    if spec.kind == "PIL image":
        return _convert_to_pil(sample, spec.dtype)
    if spec.kind not in ("tensor", "array"):
        raise TypeError(spec.kind)
    plain = sample.detach().cpu().as_subclass(Tensor) if isinstance(sample, Tensor) else None
    x = torch.from_numpy(np.array(sample)) if plain is None else plain  # a copy, because PIL's arrays are read-only
    x = _change_dtype(_change_layout(x, spec), spec)
    return x if spec.kind == "tensor" else x.numpy()


def _convert_to_pil(sample: Any, mode: str) -> Any:
    """Return a PIL image of a mode; one of 8 bits a channel, unless the sample has that mode's own dtype."""
    from PIL import Image

    if is_pil_image(sample):
        image = sample
    elif mode in _DEEP_MODES:
        array = np.asarray(sample).squeeze()
        if array.dtype.name not in _DEEP_MODES[mode] or array.ndim != 2:
            raise TypeError(f"not a grey image of {_DEEP_MODES[mode]}")
        image = Image.fromarray(array)
    else:
        image = Image.fromarray(convert_to_pixels(sample))
    if image.mode == mode:
        return image
    if image.mode in _DEEP_MODES or mode in _DEEP_MODES:
        raise TypeError(f"mode {image.mode} to {mode}")
    if mode == "P":
        return image.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)
    return image.convert(mode, dither=Image.Dither.NONE)


_DEEP_MODES = {"I": ("int32",), "I;16": ("uint16",), "F": ("float32",)}
"""Modes of more than 8 bits a channel, and the dtypes that Pillow gives them."""


def _change_layout(x: Tensor, spec: SampleSpec) -> Tensor:
    layouts = [x]
    if x.ndim == 2:
        layouts += [x[None], x[:, :, None], x.expand(3, *x.shape), x[:, :, None].expand(*x.shape, 3)]
    if x.ndim == 3:
        # The channel axis is moved to the front or to the end.
        layouts += [x.movedim(2, 0), x.movedim(0, 2)]
        # A single channel is dropped, or repeated three times.
        layouts += [y for y in (x[0], x[:, :, 0]) if y.numel() == x.numel()]
        layouts += [y.expand(3, *y.shape[1:]) for y in (x, x.movedim(2, 0)) if len(y) == 1]
        layouts += [y.expand(*y.shape[:2], 3) for y in (x, x.movedim(0, 2)) if y.shape[2] == 1]
    for layout in layouts:
        if spec.matches_shape(layout.shape):
            return layout.contiguous()
    raise TypeError(f"{tuple(x.shape)} to {spec.shape}")


def _change_dtype(x: Tensor, spec: SampleSpec) -> Tensor:
    wanted = getattr(torch, spec.dtype)
    if x.dtype == wanted:
        return x
    if x.is_floating_point() and wanted.is_floating_point:
        return x.to(wanted)
    if x.ndim >= 2 and x.dtype == torch.uint8 and wanted.is_floating_point and spec.is_unit:
        return x.to(wanted) / 255
    if x.ndim >= 2 and x.dtype == torch.uint8 and spec.has_bytes:
        return x.to(wanted)
    if x.ndim >= 2 and x.is_floating_point() and wanted == torch.uint8 and 0 <= float(x.min()) <= float(x.max()) <= 1:
        return (x * 255).round().to(wanted)
    raise TypeError(f"{x.dtype} to {wanted}")


def give_type(made: Any, real: Any) -> Any:
    """Return a sample as the subclass of tensor or array that a real one is of, with what that one has attached.

    Examples
    --------
    >>> import torch
    >>> from ganaug.mixing.conversion import give_type
    >>> class Scan(torch.Tensor):
    ...     pass
    >>> type(give_type(torch.zeros(8, 8), Scan(8, 8))).__name__
    'Scan'
    """
    kind = type(real)
    if type(made) is kind:
        return made
    if isinstance(made, Tensor) and isinstance(real, Tensor):
        return attach(made.as_subclass(kind), real)
    is_plain = kind in (np.ndarray, np.memmap)  # a memmap is a file, and what is made anew lies in memory
    if isinstance(made, np.ndarray) and isinstance(real, np.ndarray) and not is_plain:
        return made.view(kind)
    return made


def attach(made: Tensor, real: Tensor) -> Tensor:
    """Attach to a tensor of a subclass what a real one has attached."""
    vars(made).update({name: copy.copy(value) for name, value in vars(real).items()})
    return made
