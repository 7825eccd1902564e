"""Describe the samples of a data set, and convert synthetic samples to that description.

Two rules say how. Images (PIL, uint8, or floats in [0, 1]) go through the data set's own transform. Samples without a
transform pass unchanged if they have the type, dtype and shape of real ones; layout, uint8 and [0, 1] are converted.

A data set does not tell what its transform takes: torchvision gives it PIL images, others arrays or tensors. Therefore
the first rule tries several views of one sample, and keeps the first one that comes out like a real sample.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.items import is_pil_image
from ..errors import DataError, DataWarning

Transform = Callable[[Any], Any]

_APART = 8  # times as high: the highest values of a few images of one kind hardly differ so much
_CURE = "give transform=, a function of one synthetic sample that returns what the data set yields in its place"


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

    @classmethod
    def infer(cls, samples: Sequence[Any]) -> SampleSpec:
        """Infer the description that samples share.

        Raises
        ------
        DataError
            They have different types, dtypes or numbers of dimensions.
        """
        specs = [_infer_one_spec(sample) for sample in samples]
        first = specs[0]
        for other in specs:
            if (other.kind, other.dtype, len(other.shape)) != (first.kind, first.dtype, len(first.shape)):
                raise DataError(
                    f"The data set yields {first} and {other}; give samples of one type, dtype and number of "
                    f"dimensions, or {_CURE}."
                )
        sides = zip(*(spec.shape for spec in specs), strict=True)
        shape = tuple(side[0] if len(set(side)) == 1 else None for side in sides)
        return cls(first.kind, first.dtype, shape, min(s.low for s in specs), max(s.high for s in specs))

    def matches(self, sample: Any) -> bool:
        """Return whether a sample has this type, dtype and shape, whatever its values."""
        other = _infer_one_spec(sample, values=False)
        return (self.kind, self.dtype) == (other.kind, other.dtype) and self.matches_shape(other.shape)

    def matches_shape(self, shape: Sequence[int | None]) -> bool:
        """Return whether a shape is the one described here."""
        if len(self.shape) != len(shape):
            return False
        return all(a in (None, b) for a, b in zip(self.shape, shape, strict=True))

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


def _infer_one_spec(sample: Any, values: bool = True) -> SampleSpec:
    if is_pil_image(sample):
        return SampleSpec("PIL image", str(sample.mode))
    if not isinstance(sample, np.ndarray | Tensor):
        return SampleSpec(type(sample).__name__, "")
    kind = "tensor" if isinstance(sample, Tensor) else "array"
    dtype = str(sample.dtype).removeprefix("torch.")
    shape = tuple(sample.shape)
    if not values or 0 in shape or dtype.startswith("complex") or dtype == "object":
        return SampleSpec(kind, dtype, shape)
    return SampleSpec(kind, dtype, shape, float(sample.min()), float(sample.max()))


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


def _to_pil_image(sample: Any) -> Any:
    from PIL import Image

    return Image.fromarray(convert_to_pixels(sample))


def _to_channels_first(sample: Any) -> Tensor:
    pixels = convert_to_pixels(sample)
    return torch.from_numpy(pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0).copy())


_UNCHANGED = "unchanged"
_IMAGE_VIEWS: dict[str, Transform] = {
    "PIL image": lambda sample: sample if is_pil_image(sample) else _to_pil_image(sample),
    "RGB PIL image": lambda sample: _to_pil_image(sample).convert("RGB"),
    "grey PIL image": lambda sample: _to_pil_image(sample).convert("L"),
    "uint8 array": convert_to_pixels,
    "uint8 tensor": _to_channels_first,
    "float tensor": lambda sample: _to_channels_first(sample).float() / 255,
}
"""Inputs that a data set's transform may take, in the order in which they are tried; torchvision's takes PIL images."""


@dataclass(frozen=True)
class SampleConverter:
    """A function that makes of a synthetic sample what a data set yields.

    Attributes
    ----------
    view : str
        What the transform gets: "unchanged", or a key of `_IMAGE_VIEWS`.
    transform : callable or None
        Transform of the user or of the data set.
    spec : SampleSpec or None
        Layout, dtype and container to which the result is converted.
    """

    view: str
    transform: Transform | None = None
    spec: SampleSpec | None = None

    def __call__(self, sample: Any) -> Any:
        """Convert a sample."""
        result = sample if self.view == _UNCHANGED else _IMAGE_VIEWS[self.view](sample)
        if self.transform is not None:
            result = self.transform(result)
        return result if self.spec is None else convert_to_spec(result, self.spec)

    def produces(self, sample: Any, spec: SampleSpec) -> bool:
        """Return whether the converted sample has a description; False if the transform rejects this view."""
        try:
            return spec.matches(self(sample))
        except Exception:  # a transform of the user's was given another input than it is made for
            return False


def choose_converter(
    sample: Any, pool: SampleSpec, spec: SampleSpec, transform: Transform | None, own: bool
) -> SampleConverter:
    """Choose how synthetic samples become like real ones.

    Parameters
    ----------
    sample : PIL image, array or tensor
        One synthetic sample.
    pool : SampleSpec
        Description of all synthetic samples.
    spec : SampleSpec
        Description of the real samples.
    transform : callable or None
        The user's transform of synthetic samples if `own`, else the data set's transform of its images.
    own : bool
        Whether the user gave the transform for synthetic samples.

    Raises
    ------
    DataError
        No view of the sample comes out like a real sample, or the range of values is ambiguous.
    """
    if own:
        return _check_own_transform(SampleConverter(_UNCHANGED, transform), sample, spec)
    for converter in _list_converters(sample, pool, spec, transform):
        if converter.produces(sample, spec):
            if converter.transform is None:
                _warn_of_scale(pool, spec)
            return converter
    raise DataError(f"The data set yields {spec}, and the augmenter samples {_describe_range(pool, spec)}; {_CURE}.")


def _list_converters(
    sample: Any, pool: SampleSpec, spec: SampleSpec, transform: Transform | None
) -> list[SampleConverter]:
    """List the converters that are tried, in order."""
    converters = []
    # 1. Images go through the data set's transform.
    if transform is not None and pool.is_image_like:
        converters += [SampleConverter(view, transform) for view in _IMAGE_VIEWS]
    # 2. Samples like real ones pass unchanged; others are converted. One sample in [0, 1] does not speak for the pool.
    if pool.is_image_like or spec.dtype != "uint8":
        converters.append(SampleConverter(_UNCHANGED, None, None if spec.matches(sample) else spec))
    if spec.kind == "PIL image" and pool.is_image_like:
        converters += [SampleConverter(view) for view in _IMAGE_VIEWS if view.endswith("PIL image")]
    return converters


def _check_own_transform(converter: SampleConverter, sample: Any, spec: SampleSpec) -> SampleConverter:
    try:
        result = converter(sample)
    except Exception as error:
        raise DataError(
            f"transform= failed on one synthetic sample, {_infer_one_spec(sample, values=False)}, with "
            f"{type(error).__name__}: {error}; make it take what the augmenter samples."
        ) from error
    if not spec.matches(result):
        got = _infer_one_spec(result, values=False)
        raise DataError(f"The data set yields {spec}, and transform= returned {got}; return what the data set yields.")
    return converter


def _warn_of_scale(pool: SampleSpec, spec: SampleSpec) -> None:
    """Warn about images beside real ones that seem to be normalised, or beside real ones in [0, 1] of another scale."""
    is_float, to_float = "float" in pool.dtype, "float" in spec.dtype
    scale = 1 / 255 if to_float and not is_float else 1.0  # by which they are converted
    low, high = pool.low * scale, pool.high * scale
    is_normalised = is_float and pool.is_unit and spec.low < 0
    is_unit = to_float and spec.is_unit and spec.high > 0
    is_scaled = is_unit and not spec.high / _APART <= max(-low, high) <= spec.high * _APART
    if len(spec.shape) >= 2 and (is_normalised or is_scaled):
        warnings.warn(
            f"Synthetic images have values in [{low:.3g}, {high:.3g}], where real ones are in "
            f"[{spec.low:.3g}, {spec.high:.3g}]: if those are normalised or scaled, {_CURE}.",
            DataWarning,
            stacklevel=2,
        )


def _describe_range(pool: SampleSpec, spec: SampleSpec) -> str:
    """Describe synthetic samples in words, with the ranges of values where these can be why samples do not match."""
    if pool.kind == "PIL image" or spec.kind == "PIL image" or "float" not in pool.dtype + spec.dtype:
        return str(pool)
    of_real = f"[{spec.low:.3g}, {spec.high:.3g}]"
    return f"{pool} with values in [{pool.low:.3g}, {pool.high:.3g}] where real ones are in {of_real}"


def convert_to_spec(sample: Any, spec: SampleSpec) -> Any:
    """Convert an array or tensor to another layout, dtype and container, if there is only one way to do so.

    Grey images gain or lose their channel axis or are repeated to three channels. The channel axis is moved. uint8 in
    0..255 and floats in [0, 1] are scaled into each other. Floats are cast to another precision.

    Raises
    ------
    TypeError
        There is no such conversion.
    """
    x = torch.from_numpy(np.array(sample))  # a copy, because PIL's arrays are read-only
    x = _change_dtype(_change_layout(x, spec), spec)
    if spec.kind == "tensor":
        return x
    if spec.kind == "array":
        return x.numpy()
    raise TypeError(spec.kind)


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
    if x.ndim >= 2 and x.is_floating_point() and wanted == torch.uint8 and 0 <= float(x.min()) <= float(x.max()) <= 1:
        return (x * 255).round().to(wanted)
    raise TypeError(f"{x.dtype} to {wanted}")
