"""Whatever images users bring (arrays, tensors, lists, data sets, folders) as one array or tensor, and their labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ..data.items import convert_label, find_sample_key, infer_layout, is_image, is_pil_image
from ..errors import DataError
from .folders import read_image_folder
from .picture import to_array
from .pixels import MAX_SIDE, to_numpy, value_range


def accepts(X: Any) -> bool:
    """Return whether `X` looks like images; it is not read for that.

    True for arrays and tensors with 3 or 4 dimensions, lists and tuples that begin with a PIL image or a 2-d or 3-d
    array or tensor, torch data sets (and loaders), and paths. Whether they can be learned is for `take_apart` to say.
    """
    if isinstance(X, np.ndarray | Tensor):
        return X.ndim in (3, 4)
    if isinstance(X, list | tuple):
        return bool(X) and is_image(X[0])
    return isinstance(X, str | os.PathLike | Dataset | DataLoader)


def take_apart(X: Any, y: Any = None) -> tuple[Any, Any]:
    """Return images as one array or tensor, and one label for each.

    Parameters
    ----------
    X : ndarray, Tensor, list, torch Dataset, str or path-like
        * Array or tensor of shape (n, h, w), (n, h, w, c) or (n, c, h, w): returned as it is.
        * List or tuple of PIL images, arrays or tensors of one size: stacked.
        * Map-style data set of ``(image, label)`` items, or of dicts with an image and one of the keys "label",
          "labels", "target", "targets", "y", "class"; other fields may stand beside them (see `augment_loader`, which
          takes the same items). Images are PIL images, arrays or tensors; labels may be one-hot rows. Every item is
          read once. Give the data set without random transforms: only one draw of them would ever be seen, and it
          does not depend on `random_state`.
        * Folder of class folders, see `read_image_folder`; images that ganaug made are left out.
    y : array-like of shape (n,), optional
        Labels; left out for folders and for data sets that have their own. Given with a data set, they stand in for
        its labels.

    Returns
    -------
    X : ndarray or Tensor of shape (n, ...)
        PIL images become uint8 arrays of shape (n, h, w), (n, h, w, 3) or (n, h, w, 4), or uint16 for 16 bits.
    y : array-like of shape (n,)
        What was given; else an int64, bool or text array.

    Raises
    ------
    DataError
        Images differ in size or mode, have values that images do not have, or are none; items are no image with a
        label; labels are missing or too few or many.
    """
    if isinstance(X, str | os.PathLike):
        if y is not None:
            raise DataError(f"{os.fspath(X)!r} has its labels in the names of its class folders; leave y out.")
        X, y = read_image_folder(X, real_only=True)
    elif isinstance(X, Dataset):
        X, y = _load(X, y)
    elif isinstance(X, DataLoader):
        raise DataError(
            "X is a DataLoader, whose batches may be shuffled and changed at random; give its data set "
            "(loader.dataset), without random transforms."
        )
    elif isinstance(X, list | tuple):
        X = _stack(iter(X), len(X), "Image")
    if y is None:
        raise DataError("GANAugmenter requires y to be passed, but the target y is None; give one label per image.")
    array = to_numpy(X)
    _check_labels(len(array), y)
    value_range(array)
    return X, y


def _check_labels(n: int, y: Any) -> None:
    single = isinstance(y, str) or not hasattr(y, "__len__") or not getattr(y, "shape", (1,))
    if single or len(y) != n:
        labels = f"the single label {y!r}" if single else f"{len(y)} labels"
        raise DataError(f"X has {n} images and y has {labels}; give one label per image.")


def _load(data: Dataset[Any], y: Any) -> tuple[Any, Any]:
    """Return the images of a data set, and its labels where `y` is None, else `y`."""
    name = type(data).__name__
    if isinstance(data, IterableDataset) or not hasattr(data, "__len__"):
        raise DataError(
            f"{name} is an iterable data set, which has no length; read it once and give what it held "
            "(X, y = zip(*data))."
        )
    n = len(data)
    labels: list[Any] = []

    def read_images() -> Iterator[Any]:
        for i, item in _read_items(data, n):
            try:
                image, label = (_get_image(item), None) if y is not None else _split_item(item)
            except DataError as error:
                raise DataError(f"Item {i} of {name} does not fit. {error}") from None
            labels.append(label)
            yield image

    images = _stack(read_images(), n, f"The image of {name} item")
    return images, (_label_array(labels) if y is None else y)


def _read_items(data: Dataset[Any], n: int) -> Iterator[tuple[int, Any]]:
    for i in range(n):
        try:
            yield i, data[i]
        except Exception as error:  # a data set runs its author's code
            raise DataError(
                f"Item {i} of {type(data).__name__} cannot be read ({type(error).__name__}: {error}); mend or drop it."
            ) from error


def _get_image(item: Any) -> Any:
    """Return the image of an item that needs no label: an image alone, or the first one in a tuple, list or dict."""
    if isinstance(item, Mapping):
        return item[find_sample_key(item, images=True)]
    if isinstance(item, Sequence) and len(item):
        return next((field for field in item if is_image(field)), item[0])
    return item


def _split_item(item: Any) -> tuple[Any, bool | int | str]:
    """Return the image of an item, and its label as a plain value."""
    try:
        layout = infer_layout(item, images=True)
    except DataError as error:
        raise DataError(f"{error} Labels can also be given as y.") from None
    return item[layout.sample], _check_label(
        convert_label(item[layout.label], "give one class per image; several cannot be learned")
    )


def _check_label(label: Any) -> bool | int | str:
    """Return a label that is a whole number, a truth value or text; raise DataError for any other."""
    if isinstance(label, float) and label.is_integer():
        return int(label)
    if isinstance(label, bool | int | str):
        return label
    if label is None or (isinstance(label, float) and label != label):
        raise DataError(f"Its label is missing ({label}); drop the items without a label.")
    raise DataError(f"Its label is a {type(label).__name__} ({label!r}); give a whole number or text.")


def _label_array(labels: list[Any]) -> NDArray[Any]:
    types = sorted({type(label).__name__ for label in labels})
    if len(types) > 1:
        raise DataError(f"The labels of the data set are of several types ({', '.join(types)}); make them all text.")
    try:
        return np.asarray(labels, dtype=np.int64 if types == ["int"] else None)
    except OverflowError:
        raise DataError("A label of the data set lies beyond 64 bits; number the classes from 0.") from None


def _stack(images: Iterator[Any], n: int, what: str) -> Any:
    """Return `n` images of one shape and dtype as an array or a tensor; `what` begins the text of an error."""
    if not n:
        raise DataError("Found array with 0 sample(s) (no images at all) while a minimum of 1 is required.")
    stacked: Any = None
    for i, image in enumerate(images):
        plain = _one(image, f"{what} {i}")
        if stacked is None:
            first, make = _describe(image, plain), torch.empty if isinstance(plain, Tensor) else np.empty
            stacked = make((n, *plain.shape), dtype=plain.dtype)
        if _describe(image, plain) != first:
            raise DataError(
                f"{what} {i} is {_describe(image, plain)}, but the first is {first}; bring all to one size and mode "
                "(torchvision.transforms.Resize((h, w)), image.convert('RGB'))."
            )
        stacked[i] = plain
    return stacked


def _one(image: Any, what: str) -> Any:
    """Return one image as an array or a tensor."""
    if not is_image(image):
        shape = f" of shape {tuple(image.shape)}" if hasattr(image, "shape") else ""
        raise DataError(
            f"{what} is a {type(image).__name__}{shape}; let it be a PIL image, or an array or tensor of 2 or 3 "
            "dimensions."
        )
    if isinstance(image, Tensor):
        plain: Any = image.detach().cpu()
    else:
        plain = _decoded(image, what) if is_pil_image(image) else image
    if max(plain.shape) > MAX_SIDE:  # said before room is made for them all
        raise DataError(
            f"{what} has the shape {tuple(plain.shape)}, and ganaug takes 8 to {MAX_SIDE} pixels a side; resize first "
            "(torchvision.transforms.Resize((h, w)))."
        )
    return plain


def _decoded(image: Any, what: str) -> Any:
    """Return a PIL image as an array; one that was opened and not yet read may turn out to be damaged."""
    try:
        return to_array(image, what)
    except DataError:
        raise
    except Exception as error:  # each of Pillow's parsers has errors of its own
        raise DataError(f"{what} cannot be read ({str(error) or type(error).__name__}); mend or drop it.") from error


def _describe(image: Any, plain: Any) -> str:
    if is_pil_image(image):
        return f"{plain.shape[0]} x {plain.shape[1]} pixels of mode {image.mode}"
    return f"{type(plain).__name__.lower()} of shape {tuple(plain.shape)}, {plain.dtype}"
