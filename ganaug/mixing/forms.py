"""What a data set's samples look like, and how a synthetic one takes that form.

Several views of a synthetic sample are tried (as it is, as a PIL image, as arrays and tensors), through the data set's
own transform where it has one; the first that comes out in the form of the real samples is used from then on.
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

_CURE = "give transform=, a function of one synthetic sample that returns what the data set yields in its place"


@dataclass(frozen=True)
class Form:
    """What a sample looks like.

    Attributes
    ----------
    kind : {"PIL image", "array", "tensor"} or the name of another type
        Its type.
    dtype : str
        As torch or numpy calls it; the mode of a PIL image.
    shape : tuple of int or None
        None for a side that differs between samples; empty for PIL images.
    low, high : float
        The range of the values that were seen.
    """

    kind: str
    dtype: str
    shape: tuple[int | None, ...] = ()
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def of(cls, samples: Sequence[Any]) -> Form:
        """Return the form of some samples.

        Raises
        ------
        DataError
            They have different types, dtypes or numbers of axes.
        """
        forms = [_form_of_one(sample) for sample in samples]
        first = forms[0]
        for other in forms:
            if (other.kind, other.dtype, len(other.shape)) != (first.kind, first.dtype, len(first.shape)):
                raise DataError(f"The data set yields {first} and {other}; give samples of one form, or {_CURE}.")
        sides = zip(*(form.shape for form in forms), strict=True)
        shape = tuple(side[0] if len(set(side)) == 1 else None for side in sides)
        return cls(first.kind, first.dtype, shape, min(f.low for f in forms), max(f.high for f in forms))

    def fits(self, sample: Any) -> bool:
        """Return whether a sample has this form, whatever its values."""
        other = _form_of_one(sample, values=False)
        if (self.kind, self.dtype) != (other.kind, other.dtype) or len(self.shape) != len(other.shape):
            return False
        return all(a in (None, b) for a, b in zip(self.shape, other.shape, strict=True))

    @property
    def is_unit(self) -> bool:
        """Whether the values that were seen lie in [0, 1]."""
        return self.low >= 0.0 and self.high <= 1.0

    def __str__(self) -> str:
        """Return the form in words, such as "a float32 tensor of shape (3, 32, 32)"."""
        if self.kind not in ("array", "tensor"):
            return f"a {self.kind}" + (f" of mode {self.dtype}" if self.dtype else "")
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"a {self.dtype} {self.kind} of shape ({sides}{',' * (len(self.shape) == 1)})"


def _form_of_one(sample: Any, values: bool = True) -> Form:
    if is_pil_image(sample):
        return Form("PIL image", str(sample.mode))
    if not isinstance(sample, np.ndarray | Tensor):
        return Form(type(sample).__name__, "")
    kind = "tensor" if isinstance(sample, Tensor) else "array"
    dtype, shape = str(sample.dtype).removeprefix("torch."), tuple(sample.shape)
    if not values or 0 in shape or dtype.startswith("complex") or dtype == "object":
        return Form(kind, dtype, shape)
    return Form(kind, dtype, shape, float(sample.min()), float(sample.max()))


def as_pixels(sample: Any) -> NDArray[np.uint8] | None:
    """Return an image as uint8 of shape (h, w) or (h, w, c); None for what is no image with values in [0, 1] or 0..255.

    Parameters
    ----------
    sample : PIL image, or array or tensor of shape (h, w), (h, w, c) or (c, h, w)
        Floats in [0, 1], or uint8.
    """
    array = np.asarray(sample)
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        return None
    if array.dtype.kind == "f" and array.size and array.min() >= 0 and array.max() <= 1:
        array = np.rint(array * 255).astype(np.uint8)
    return np.ascontiguousarray(array) if array.dtype == np.uint8 else None


def _picture(sample: Any) -> Any:
    from PIL import Image

    return Image.fromarray(_pixels(sample))


def _pixels(sample: Any) -> NDArray[np.uint8]:
    pixels = as_pixels(sample)
    if pixels is None:
        raise TypeError("not an image of grey, RGB or RGBA")
    return pixels


def _channels_first(sample: Any) -> Tensor:
    pixels = _pixels(sample)
    return torch.from_numpy(pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0).copy())


_VIEWS: dict[str, Transform] = {
    "as it is": lambda sample: sample,
    "PIL image": lambda sample: sample if is_pil_image(sample) else _picture(sample),
    "RGB PIL image": lambda sample: _picture(sample).convert("RGB"),
    "grey PIL image": lambda sample: _picture(sample).convert("L"),
    "uint8 array": _pixels,
    "uint8 tensor": _channels_first,
    "float tensor": lambda sample: _channels_first(sample).float() / 255,
}


@dataclass(frozen=True)
class Rendering:
    """How a synthetic sample becomes what the data set yields: a view of it, a transform, a conversion to a form."""

    view: str
    transform: Transform | None = None
    form: Form | None = None

    def __call__(self, sample: Any) -> Any:
        """Return the sample in the data set's form."""
        shown = _VIEWS[self.view](sample)
        if self.transform is not None:
            shown = self.transform(shown)
        return shown if self.form is None else converted(shown, self.form)

    def reaches(self, sample: Any, form: Form) -> bool:
        """Return whether it gives `sample` that form; a transform that cannot take this view does not."""
        try:
            return form.fits(self(sample))
        except Exception:  # somebody else's transform, given what it may not be made for
            return False


def choose_rendering(sample: Any, pool: Form, form: Form, transform: Transform | None, own: bool) -> Rendering:
    """Return how synthetic samples take the form of real ones.

    Parameters
    ----------
    sample : PIL image, array or tensor
        One synthetic sample.
    pool : Form
        Of all synthetic samples.
    form : Form
        Of the real samples.
    transform : callable or None
        The user's, where `own`; else what the data set puts its images through.
    own : bool
        Whether the user gave the transform for synthetic samples.

    Raises
    ------
    DataError
        No view of the sample comes out in that form, or which range of values is meant cannot be said.
    """
    if own:
        return _checked(Rendering("as it is", transform), sample, form)
    pixels = pool.kind == "PIL image" or pool.dtype == "uint8" or (pool.dtype.startswith("float") and pool.is_unit)
    direct = [Rendering("as it is", None, None if form.fits(sample) else form)]
    if form.dtype == "uint8" and not pixels:
        direct = []  # one sample may lie in [0, 1] by chance where others do not
    through = [Rendering(view, transform) for view in list(_VIEWS)[1:]] if transform is not None and pixels else []
    ways = [*through, *direct]
    if form.kind == "PIL image" and pixels:
        ways += [Rendering(view) for view in _VIEWS if view.endswith("PIL image")]
    for way in ways:
        if way.reaches(sample, form):
            if way.transform is None:
                _warn_of_scale(pool, form)
            return way
    raise DataError(f"The data set yields {form}, and the augmenter samples {_with_range(pool, form)}; {_CURE}.")


def _checked(rendering: Rendering, sample: Any, form: Form) -> Rendering:
    try:
        shown = rendering(sample)
    except Exception as error:
        raise DataError(
            f"transform= failed on one synthetic sample, {_form_of_one(sample, values=False)}, with "
            f"{type(error).__name__}: {error}; make it take what the augmenter samples."
        ) from error
    if not form.fits(shown):
        got = _form_of_one(shown, values=False)
        raise DataError(f"The data set yields {form}, and transform= returned {got}; return what the data set yields.")
    return rendering


def _warn_of_scale(pool: Form, form: Form) -> None:
    """Warn where images pass unchanged that seem to lack a normalisation that real ones have."""
    if len(form.shape) >= 2 and pool.dtype.startswith("float") and pool.is_unit and form.low < 0:
        warnings.warn(
            f"Synthetic images have values in [{pool.low:.3g}, {pool.high:.3g}], where real ones are in "
            f"[{form.low:.3g}, {form.high:.3g}]: if those are normalised, {_CURE}.",
            DataWarning,
            stacklevel=2,
        )


def _with_range(pool: Form, form: Form) -> str:
    if pool.kind == "PIL image" or form.kind == "PIL image" or "float" not in pool.dtype + form.dtype:
        return str(pool)
    of_real = f"[{form.low:.3g}, {form.high:.3g}]"
    return f"{pool} with values in [{pool.low:.3g}, {pool.high:.3g}] where real ones are in {of_real}"


def converted(sample: Any, form: Form) -> Any:
    """Return an array or tensor in another layout, dtype and container, where that has one meaning.

    Grey images gain or lose their channel axis or are repeated to three channels, the channel axis is moved, uint8 in
    0..255 and floats in [0, 1] become each other, floats become floats of another precision.

    Raises
    ------
    TypeError
        There is no such way.
    """
    x = torch.from_numpy(np.array(sample))  # a copy, for PIL's cannot be written
    x = _in_dtype(_in_layout(x, form), form)
    if form.kind == "tensor":
        return x
    if form.kind == "array":
        return x.numpy()
    raise TypeError(form.kind)


def _in_layout(x: Tensor, form: Form) -> Tensor:
    layouts = [x]
    if x.ndim == 2:
        layouts += [x[None], x[:, :, None], x.expand(3, *x.shape), x[:, :, None].expand(*x.shape, 3)]
    if x.ndim == 3:
        layouts += [x.movedim(2, 0), x.movedim(0, 2)]
        layouts += [y for y in (x[0], x[:, :, 0]) if y.numel() == x.numel()]
        layouts += [y.expand(3, *y.shape[1:]) for y in (x, x.movedim(2, 0)) if len(y) == 1]
        layouts += [y.expand(*y.shape[:2], 3) for y in (x, x.movedim(0, 2)) if y.shape[2] == 1]
    for layout in layouts:
        if len(layout.shape) == len(form.shape) and all(
            a in (None, b) for a, b in zip(form.shape, layout.shape, strict=True)
        ):
            return layout.contiguous()
    raise TypeError(f"{tuple(x.shape)} to {form.shape}")


def _in_dtype(x: Tensor, form: Form) -> Tensor:
    wanted = getattr(torch, form.dtype)
    if x.dtype == wanted:
        return x
    if x.is_floating_point() and wanted.is_floating_point:
        return x.to(wanted)
    if x.ndim >= 2 and x.dtype == torch.uint8 and wanted.is_floating_point and form.is_unit:
        return x.to(wanted) / 255
    if x.ndim >= 2 and x.is_floating_point() and wanted == torch.uint8 and 0 <= float(x.min()) <= float(x.max()) <= 1:
        return (x * 255).round().to(wanted)
    raise TypeError(f"{x.dtype} to {wanted}")
