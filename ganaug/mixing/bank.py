"""A stock of synthetic samples, in memory that worker processes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.items import convert_label, get_classes, is_pil_image
from ..errors import DataError, ParameterError
from ..rng import numpy_stream, stream_seed
from .forms import Form, Transform

DEFAULT_POOL = 10_000
_LOOKED_AT = 1000


class Bank:
    """Synthetic samples by class, drawn from the augmenter once, up front, and without it in worker processes.

    Parameters
    ----------
    augmenter : object with ``sample``
        It is called as ``sample(None, y=labels, random_state=int)``.
    classes : sequence of length n_classes
        The augmenter's labels.
    sizes : sequence of int, length n_classes
        How many samples of each.
    seed : int
        Decides what is drawn.
    frames : callable or None
        Turns a whole frame of samples, where the augmenter gives one, into an array or tensor with as many rows.

    Raises
    ------
    DataError
        The augmenter gave a frame and there is no `frames`, or it gave something else than was asked, or shared memory
        has no room for it.
    """

    def __init__(
        self, augmenter: Any, classes: Sequence[Any], sizes: Sequence[int], seed: int, frames: Transform | None = None
    ) -> None:
        self.classes = list(classes)
        self.sizes = np.asarray(sizes, dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        self._seed = seed
        self._order: tuple[int, dict[int, NDArray[np.int64]]] = (-1, {})
        self.framed = False
        self.kind, self.rows = self._drawn(augmenter, frames, 0)
        self._draws = 1
        if isinstance(self.rows, Tensor):
            _share(self.rows)

    def refresh(self, augmenter: Any, frames: Transform | None = None) -> None:
        """Draw new samples in place of all, which running workers see where samples are arrays or tensors."""
        kind, rows = self._drawn(augmenter, frames, self._draws)
        self._draws += 1
        if not isinstance(self.rows, Tensor):
            self.rows[:] = rows
            return
        if not isinstance(rows, Tensor) or kind != self.kind or rows.shape != self.rows.shape:
            raise DataError("The augmenter samples something of another form than before; make the loader anew.")
        self.rows.copy_(rows)

    def __len__(self) -> int:
        return int(self.sizes.sum())

    def entry(self, code: int, slot: int, epoch: int) -> int:
        """Return which sample a class's use number `slot` of an epoch gets: another one each until all were used."""
        size = int(self.sizes[code])
        if self._order[0] != epoch:
            self._order = (epoch, {})
        orders = self._order[1]
        if code not in orders:
            orders[code] = numpy_stream(self._seed, "order", epoch, code).permutation(size)
        return int(self.starts[code] + orders[code][slot % size])

    def take(self, entry: int) -> Any:
        """Return a sample in the container that the augmenter gave it in; it may be changed."""
        row = self.rows[entry]
        if not isinstance(row, Tensor):
            return row
        row = row.clone()
        if self.kind == "tensor":
            return row
        if self.kind == "PIL image":
            from PIL import Image

            return Image.fromarray(row.numpy())
        return row.numpy()

    def form(self) -> Form:
        """Return the form of all samples."""
        if not isinstance(self.rows, Tensor):
            return Form.of(self.rows)
        one, all_of_them = Form.of([self.take(0)]), Form.of([self.rows])
        return Form(one.kind, one.dtype, one.shape, all_of_them.low, all_of_them.high)

    def _drawn(self, augmenter: Any, frames: Transform | None, draws: int) -> tuple[str, Any]:
        labels = np.empty(len(self.classes), dtype=object)
        labels[:] = self.classes
        wanted = np.repeat(labels, self.sizes)
        if len({type(label) for label in self.classes}) == 1:
            wanted = np.asarray(wanted.tolist())
        seed = stream_seed(self._seed, "bank", draws) % 2**32
        if not len(wanted):
            return "tensor", torch.empty(0)
        X, y = augmenter.sample(None, y=wanted, random_state=seed)
        given = y.tolist() if hasattr(y, "tolist") else [convert_label(label) for label in y]
        if len(X) != len(wanted) or given != wanted.tolist():
            got = "other labels" if len(given) == len(wanted) else f"{len(given)} labels"
            raise DataError(
                f"The augmenter was asked for {len(wanted)} samples of given labels and returned {len(X)} with {got}; "
                "sample(None, y=labels) has to return one sample per label, in order."
            )
        self.framed = isinstance(X, pd.DataFrame)
        return _stored(_from_frame(X, frames) if isinstance(X, pd.DataFrame) else X)


def _share(rows: Tensor) -> None:
    try:
        rows.share_memory_()
    except RuntimeError as error:  # containers often have 64 MB of it
        raise DataError(
            f"Shared memory has no room for {len(rows)} synthetic samples of {rows.nbytes / 2**20:.0f} MiB ({error}); "
            "give a smaller pool_size=, or more of it (docker run --shm-size=1g)."
        ) from error


def _stored(X: Any) -> tuple[str, Any]:
    """Return what samples are one by one, and all of them: as one tensor where that is possible, else as a list."""
    if isinstance(X, Tensor):
        return "tensor", X.detach().to("cpu", copy=True).contiguous()
    if isinstance(X, np.ndarray) and X.dtype.kind in "biuf":
        return "array", torch.from_numpy(np.array(X, order="C"))
    X = list(X)
    if len({_shape(x) for x in X}) == 1 and _shape(X[0]) is not None:
        if is_pil_image(X[0]):
            return "PIL image", torch.from_numpy(np.stack([np.asarray(x) for x in X]))
        stacked = torch.stack([torch.as_tensor(x).detach().cpu() for x in X])
        return ("tensor" if isinstance(X[0], Tensor) else "array"), stacked
    return type(X[0]).__name__, X


def _shape(x: Any) -> Any:
    """Return what samples must have in common to be kept as one tensor; None for what cannot be."""
    if is_pil_image(x):
        return (x.mode, x.size) if x.mode in ("L", "RGB", "RGBA") else None
    if isinstance(x, Tensor) or (isinstance(x, np.ndarray) and x.dtype.kind in "biuf"):
        return type(x), x.dtype, tuple(x.shape)
    return None


def _from_frame(X: pd.DataFrame, frames: Transform | None) -> Any:
    if frames is None:
        raise DataError(
            "The augmenter samples tables, and the data set yields tensors; give transform=, a function of a frame of "
            "m sampled rows that returns a tensor of m rows, as the data set has them."
        )
    try:
        made = frames(X)
    except Exception as error:
        raise DataError(
            f"transform= failed on a frame of {len(X)} sampled rows with {type(error).__name__}: {error}; make it take "
            "frames with the columns that the augmenter was trained on."
        ) from error
    if not isinstance(made, np.ndarray | Tensor) or made.ndim < 1 or len(made) != len(X):
        got = f"shape {tuple(made.shape)}" if isinstance(made, np.ndarray | Tensor) else f"type {type(made).__name__}"
        raise DataError(f"transform= got a frame of {len(X)} rows and returned {got}; return a tensor of as many rows.")
    return made


def class_shares(augmenter: Any, label_map: Any, seed: int) -> dict[Any, float]:
    """Return the classes that an augmenter has, and which share of its samples each is; at least one in a thousand.

    For loaders of which nothing is known before they run.
    """
    _, y = augmenter.sample(_LOOKED_AT, random_state=stream_seed(seed, "shares") % 2**32)
    given = [convert_label(label) for label in y]
    classes = [*(get_classes(augmenter) or ()), *(convert_label(v) for v in (label_map or {}).values()), *given]
    counts = {label: max(1, given.count(label)) for label in dict.fromkeys(classes)}
    return {label: count / sum(counts.values()) for label, count in counts.items()}


def classes_of(augmenter: Any, label_map: Any, seed: int) -> list[Any]:
    """Return the classes that an augmenter has, by its ``classes_`` and `label_map`, or by what it samples."""
    if get_classes(augmenter) is None:
        return list(class_shares(augmenter, label_map, seed))
    mapped = [convert_label(label) for label in (label_map or {}).values()]
    return list(dict.fromkeys([*(get_classes(augmenter) or ()), *mapped]))


def sizes_of(shares: Sequence[float], pool_size: int) -> list[int]:
    """Return how many samples of each class make a pool, one of each at least."""
    return [max(1, round(share * pool_size)) for share in shares]


def checked_pool_size(owner: str, pool_size: int | None, n_classes: int) -> None:
    """Raise a ParameterError where a pool cannot have one sample of every class."""
    if pool_size is not None and pool_size < n_classes:
        raise ParameterError(
            f"The 'pool_size' parameter of {owner} must be at least {n_classes}, one sample of every class. Got "
            f"{pool_size!r} instead."
        )
