"""Whatever images users bring (arrays, tensors, lists, data sets, folders) as one array or tensor, and their labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from ..data.fields import get_field, is_nested, list_fields
from ..data.items import convert_label, is_image, is_pil_image
from ..data.layouts import FIELD, Candidates, Field, FieldNames, find_candidates, find_sample_key, read_field
from ..data.sequences import is_dataset
from ..data.stored import find_class_names, get_stored_labels, list_class_labels
from ..errors import DataError, ParameterError
from ..params import check_params
from .channels import count_channels, match_channels, tell_conversions
from .folders import read_image_folder
from .picture import is_image_file, to_array
from .pixels import MAX_SIDE, to_numpy
from .ranges import find_extremes


def accepts(X: Any) -> bool:
    """Return whether `X` looks like images; at most a first item is read for that.

    True for arrays and tensors with 3 or 4 dimensions, lists, tuples, series and arrays of objects that begin with a
    PIL image or a 2-d or 3-d array or tensor, data sets of items that hold one (and loaders), and paths. Whether they
    can be learned is for `take_apart` to say.
    """
    X = _unpack(X)
    if isinstance(X, np.ndarray | Tensor):
        return X.ndim in (3, 4)
    return isinstance(X, str | os.PathLike | DataLoader) or is_dataset(X) or _holds_paths(X)


def take_apart(X: Any, y: Any = None, image: Field = None, label: Field = None) -> tuple[Any, Any]:
    """Return images as one array or tensor, and one label for each.

    Parameters
    ----------
    X : ndarray, Tensor, list, series, data set, str or path-like
        * Array or tensor of shape (n, h, w), (n, h, w, c) or (n, c, h, w): returned as it is.
        * List, tuple, series or array of objects that are PIL images, arrays or tensors of one size: stacked. Of PIL
          images, grey ones beside coloured ones become RGB, and opaque ones beside transparent ones RGBA, with a
          warning, as files of a folder do.
        * Map-style data set: anything with ``__len__`` and ``__getitem__`` whose items hold an image and a label, such
          as those of torch, torchvision and Hugging Face, or a list of pairs. Images are PIL images, arrays or tensors;
          labels may be one-hot rows. Every item is read once. Give the data set without random transforms: only one
          draw of them would ever be seen, and it does not depend on `random_state`.
        * Folder of class folders, see `read_image_folder`; images that ganaug made are left out.
    y : array-like of shape (n,), optional
        Labels; left out for folders and for data sets that have their own. Given with a data set, they stand in for
        its labels.
    image, label : position, key or function of an item, default=None
        Fields of an item that are its image and its label, see `MixedDataset`.

    Returns
    -------
    X : ndarray or Tensor of shape (n, ...)
        PIL images become uint8 arrays of shape (n, h, w), (n, h, w, 3) or (n, h, w, 4); uint16 for 16 bits, int16 or
        int32 for signed values, float32 for floats.
    y : array-like of shape (n,)
        What was given; else an int64, bool or text array.

    Raises
    ------
    DataError
        Images differ in size or mode, have values that images do not have, or are none; items are no image with a
        label; labels are missing or too few or many.
    ParameterError
        `image` or `label` is given where there are no items, or `label` beside `y`.
    """
    _check_names(X, y, image, label)
    X, y = _unpack(X), _unpack_labels(y)
    name, pictures = type(X).__name__, _Pictures()
    if isinstance(X, str | os.PathLike):
        if y is not None:
            raise DataError(f"{os.fspath(X)!r} has its labels in the names of its class folders; leave y out.")
        X, y = read_image_folder(X, real_only=True)
    elif isinstance(X, DataLoader):
        raise DataError(
            "X is a DataLoader, whose batches may be shuffled and changed at random; give its data set "
            "(loader.dataset), without random transforms."
        )
    elif image is not None or label is not None or _holds_items(X):
        X, y = _load(X, y, FieldNames(image, label, class_labels=list_class_labels(X)), pictures)
    elif isinstance(X, list | tuple):
        X = _stack(iter(X), len(X), "Image", pictures)
    if y is None:
        raise DataError("GANAugmenter requires y to be passed, but the target y is None; give one label per image.")
    array = to_numpy(X)
    _check_labels(len(array), y)
    if pictures.counts:
        tell_conversions(pictures.counts, [*y], f"the {name}", stacklevel=2)
    find_extremes(array)
    return X, y


def _holds_paths(X: Any) -> bool:
    """Return whether `X` is a list of paths of image files, which have to be opened first."""
    return isinstance(X, list | tuple) and bool(X) and isinstance(X[0], str | os.PathLike) and is_image_file(X[0])


def _holds_items(X: Any) -> bool:
    """Return whether `X` is a data set, or a list of items that hold an image; not a list of images."""
    return is_dataset(X) and not (isinstance(X, list | tuple) and is_image(X[0]))


def _check_labels(n: int, y: Any) -> None:
    single = isinstance(y, str) or not hasattr(y, "__len__") or not getattr(y, "shape", (1,))
    if single or len(y) != n:
        labels = f"the single label {y!r}" if single else f"{len(y)} labels"
        raise DataError(f"X has {n} images and y has {labels}; give one label per image.")


def _unpack(X: Any) -> Any:
    """Return a series or a one-dimensional array of objects as a list, and anything else as it is."""
    holds_objects = isinstance(X, np.ndarray | pd.Series) and X.ndim == 1 and X.dtype == object
    return X.tolist() if holds_objects else X


def _unpack_labels(y: Any) -> Any:
    """Return labels as they are, or a column of another library as a list."""
    known = isinstance(y, np.ndarray | Tensor | pd.Series | pd.DataFrame | list | tuple | str)
    return y if known or not hasattr(y, "__len__") or not hasattr(y, "__getitem__") else list(y)


def _check_names(X: Any, y: Any, image: Field, label: Field) -> None:
    """Raise ParameterError for names of fields where there are none to name."""
    if image is None and label is None:
        return
    check_params("fit", {"image": image, "label": label}, {"image": FIELD, "label": FIELD})
    if isinstance(X, np.ndarray | Tensor | pd.DataFrame | str | os.PathLike):
        cure = "give the columns as fit(X[image], X[label])" if isinstance(X, pd.DataFrame) else "leave them out"
        raise ParameterError(
            f"image= and label= name fields of the items of a data set, and X is a {type(X).__name__}; {cure}."
        )
    if label is not None and y is not None:
        raise ParameterError("Both y and label= say what the labels are; leave one of them out.")


def _load(data: Any, y: Any, names: FieldNames, pictures: _Pictures) -> tuple[Any, Any]:
    """Return the images of a data set, and its labels where `y` is None, else `y`."""
    name = type(data).__name__
    if isinstance(data, IterableDataset) or not hasattr(data, "__len__"):
        raise DataError(f"{name} is an iterable data set, which has no length; read it once, and give list(data).")
    n = len(data)
    reader = _Reader(names, with_labels=y is None)

    def read_images() -> Iterator[Any]:
        for i, item in _read_items(data, n):
            try:
                yield reader.read(item)
            except DataError as error:
                raise DataError(f"Item {i} of {name} does not fit. {error}") from None

    images = _stack(read_images(), n, f"The image of {name} item", pictures)
    return images, (reader.finish(data) if y is None else y)


class _Reader:
    """Read the image of one item after the other, and keep what could be its label until all items are known."""

    def __init__(self, names: FieldNames, with_labels: bool) -> None:
        self._names = names
        self._with_labels = with_labels
        self._found: Candidates | None = None
        self._rows: list[dict[Any, Any]] = []

    def read(self, item: Any) -> Any:
        """Return the image of an item."""
        if not self._with_labels:
            return _get_image(item, self._names)
        if self._found is None:
            self._found = _find_candidates(item, self._names)
        row = self._found.read_labels(item)
        self._rows.append(row if self._found.are_several else {key: _convert(value) for key, value in row.items()})
        return self._found.get_sample(item)

    def finish(self, data: Any) -> NDArray[Any]:
        """Return the labels of all items of a data set."""
        found: Any = self._found
        stored = get_stored_labels(data) if found.are_several else None
        label = (found if stored is None else found.match_stored(self._rows, stored)).choose(self._rows).label
        labels = []
        for i, row in enumerate(self._rows):
            try:
                labels.append(_convert(row[label]))
            except DataError as error:
                raise DataError(f"Item {i} of {type(data).__name__} does not fit. {error}") from None
        found.refuse_names(labels)
        find_class_names(data, label)  # which tells of parts that number their classes differently
        if label in self._names.class_labels and -1 in labels:
            raise DataError(
                f"Item {labels.index(-1)} of {type(data).__name__} has the label -1, by which a ClassLabel says that "
                "there is none; drop the items without a label."
            )
        return _label_array(labels)


def _read_items(data: Any, n: int) -> Iterator[tuple[int, Any]]:
    for i in range(n):
        try:
            yield i, data[i]
        except Exception as error:  # a data set runs its author's code
            raise DataError(
                f"Item {i} of {type(data).__name__} cannot be read ({type(error).__name__}: {error}); mend or drop it."
            ) from error


def _get_image(item: Any, names: FieldNames) -> Any:
    """Return the image of an item that needs no label: an image alone, or the one in a tuple, list or dict."""
    if names.image is not None:
        return read_field("image", names.image, item)
    return get_field(item, find_sample_key(list_fields(item))) if is_nested(item) else item


def _find_candidates(item: Any, names: FieldNames) -> Candidates:
    try:
        return find_candidates(item, names)
    except DataError as error:
        raise DataError(f"{error} Labels can also be given as y.") from None


def _convert(value: Any) -> bool | int | str:
    """Return a label as a plain value."""
    return _check_label(convert_label(value, "give one class per image, or name a function that makes it, with label="))


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


class _Pictures:
    """The numbers of channels of PIL images, of which some may have fewer than others."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.most = 1

    def match(self, stacked: NDArray[Any], image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the images so far and one more, with as many channels as any of them has."""
        self.counts.append(count_channels(image))
        if self.counts[-1] > self.most:
            self.most = self.counts[-1]
            stacked = match_channels(stacked, self.most)
        return stacked, match_channels(image, self.most)


def _stack(images: Iterator[Any], n: int, what: str, pictures: _Pictures) -> Any:
    """Return `n` images of one size and dtype as an array or a tensor; `what` begins the text of an error."""
    if not n:
        raise DataError("Found array with 0 sample(s) (no images at all) while a minimum of 1 is required.")
    stacked: Any = None
    for i, image in enumerate(images):
        plain = _one(image, f"{what} {i}")
        if stacked is None:
            first, make = _describe(image, plain), torch.empty if isinstance(plain, Tensor) else np.empty
            stacked = make((n, *plain.shape), dtype=plain.dtype)
            of_pictures = is_pil_image(image)
        if of_pictures and is_pil_image(image) and plain.dtype == stacked.dtype:
            stacked, plain = pictures.match(stacked, plain)
        if _describe(image, plain) != first:
            raise DataError(
                f"{what} {i} is {_describe(image, plain)}, but the first is {first}; bring all to one size and mode "
                "(torchvision.transforms.Resize((h, w)))."
            )
        stacked[i] = plain
    return stacked


def _one(image: Any, what: str) -> Any:
    """Return one image as an array or a tensor."""
    if isinstance(image, str | os.PathLike):
        raise DataError(
            f"{what} is a path, {os.fspath(image)!r}; give the folder of the images (and their labels, as labels= of "
            "read_image_folder), or open them (PIL.Image.open)."
        )
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
        return f"a PIL image of {plain.shape[0]} x {plain.shape[1]} pixels, {plain.dtype}"
    return f"{type(plain).__name__.lower()} of shape {tuple(plain.shape)}, {plain.dtype}"
