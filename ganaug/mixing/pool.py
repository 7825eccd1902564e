"""Keep a pool of synthetic samples by class, in memory that worker processes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.foreign import to_pandas
from ..data.generators import call_sample, sample_labels
from ..data.items import convert_label, get_classes, is_pil_image
from ..errors import DataError, ParameterError
from ..rng import numpy_stream, stream_seed
from .conversion import SampleSpec, Transform
from .soft import LabelSoftener

DEFAULT_POOL_SIZE = 10_000
_SHARE_SAMPLES = 1000
_EXAMPLES = 16


class SamplePool:
    """Synthetic samples by class, drawn from the augmenter once; worker processes read them without it.

    Parameters
    ----------
    augmenter : object with ``sample``
        See `ganaug.data.generators`.
    classes : sequence of length n_classes
        The augmenter's labels.
    sizes : sequence of int, length n_classes
        Number of samples of each class.
    seed : int
        Seed of the samples and of the order in which they are used.
    transform : callable or None
        The user's transform. If the augmenter returns a frame, it is called with the whole frame here; else it is left
        to others, who call it with single samples.
    softener : LabelSoftener or None
        Predicts the class probabilities of all samples.

    Attributes
    ----------
    classes : list
        As given.
    sizes, starts : ndarray of int64, shape (n_classes,)
        Number of samples of each class, and index of its first one.
    kind : str
        Type of a sample: "tensor", "array", "PIL image" or the name of another type.
    from_frame : bool
        Whether the augmenter returned a frame.
    draws : int
        How often all samples were drawn.

    Raises
    ------
    DataError
        The augmenter returned a frame and there is no `transform`, or other samples than it was asked for, or shared
        memory is too small.
    """

    def __init__(
        self,
        augmenter: Any,
        classes: Sequence[Any],
        sizes: Sequence[int],
        seed: int,
        transform: Transform | None = None,
        softener: LabelSoftener | None = None,
    ) -> None:
        self.classes = list(classes)
        self.sizes = np.asarray(sizes, dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        self._seed = seed
        self._order: tuple[int, dict[int, NDArray[np.int64]]] = (-1, {})
        self.from_frame = False
        self._softener = softener
        self._proba: Tensor | None = None
        self.kind, self._samples = self._draw_samples(augmenter, transform, 0)
        self.draws = 1
        for shared in (self._samples, self._proba):
            if isinstance(shared, Tensor):
                _move_to_shared_memory(shared)

    def refresh(self, augmenter: Any, transform: Transform | None = None, draws: int | None = None) -> None:
        """Replace all samples by new ones; running workers see them if samples are arrays or tensors.

        Parameters
        ----------
        augmenter, transform
            As for the constructor.
        draws : int, optional
            Take the samples of the draw with this number, counted from 1; by default those of the next one.

        Raises
        ------
        ParameterError
            `augmenter` is None, as it is in copies of what owns the pool.
        DataError
            The new samples differ from the old ones in type or shape.
        """
        if augmenter is None:
            raise ParameterError(
                "refresh() needs the augmenter, which copies lack, such as those in other processes; call it on the "
                "original."
            )
        draws = self.draws + 1 if draws is None else draws
        kind, samples = self._draw_samples(augmenter, transform, draws - 1)
        self.draws = draws
        if not isinstance(self._samples, Tensor):
            self._samples[:] = samples
            return
        if not isinstance(samples, Tensor) or kind != self.kind or samples.shape != self._samples.shape:
            raise DataError("The augmenter samples another type or shape than before; make the loader anew.")
        self._samples.copy_(samples)

    def __len__(self) -> int:
        return int(self.sizes.sum())

    def get_index(self, code: int, slot: int, epoch: int) -> int:
        """Return the index of the sample for use number `slot` of a class in an epoch.

        Each epoch uses the samples of a class in an order of its own, and repeats them after all were used.
        """
        size = int(self.sizes[code])
        if self._order[0] != epoch:
            self._order = (epoch, {})
        orders = self._order[1]
        if code not in orders:
            orders[code] = numpy_stream(self._seed, "order", epoch, code).permutation(size)
        return int(self.starts[code] + orders[code][slot % size])

    def get_sample(self, index: int) -> Any:
        """Return a sample in the type that the augmenter returned; a copy where that is an array, tensor or image."""
        sample = self._samples[index]
        if not isinstance(sample, Tensor):
            return sample
        sample = sample.clone()
        if self.kind == "tensor":
            return sample
        if self.kind == "PIL image":
            from PIL import Image

            return Image.fromarray(sample.numpy())
        return sample.numpy()

    def get_examples(self) -> list[Any]:
        """Return some samples, evenly spaced; see `get_sample`."""
        return [self.get_sample(int(i)) for i in np.linspace(0, len(self) - 1, min(len(self), _EXAMPLES))]

    def get_proba(self, index: int) -> Tensor | None:
        """Return the class probabilities of a sample, shape (n_classes,); None without a teacher."""
        return None if self._proba is None else self._proba[index].clone()

    def infer_spec(self) -> SampleSpec:
        """Return type, dtype and shape of one sample, and the range of the values of all."""
        if not isinstance(self._samples, Tensor):
            return SampleSpec.infer(self._samples)
        one = SampleSpec.infer([self.get_sample(0)])
        stacked = SampleSpec.infer([self._samples])
        return SampleSpec(one.kind, one.dtype, one.shape, stacked.low, stacked.high)

    def _draw_samples(self, augmenter: Any, transform: Transform | None, draws: int) -> tuple[str, Any]:
        """Draw all samples, the n-th time with the n-th seed; return their type and the samples."""
        labels = np.empty(len(self.classes), dtype=object)
        labels[:] = self.classes
        wanted = np.repeat(labels, self.sizes)
        if len({type(label) for label in self.classes}) == 1:
            wanted = np.asarray(wanted.tolist())
        seed = stream_seed(self._seed, "bank", draws) % 2**32
        if not len(wanted):
            return "tensor", torch.empty(0)
        X, _ = sample_labels(augmenter, wanted, seed)
        if self._softener is not None:
            proba = self._softener.predict(X)
            self._proba = proba if self._proba is None else self._proba.copy_(proba)
        self.from_frame = isinstance(to_pandas(X), pd.DataFrame)
        return _stack_samples(_convert_frame(X, transform) if self.from_frame else X)


def _move_to_shared_memory(samples: Tensor) -> None:
    try:
        samples.share_memory_()
    except RuntimeError as error:  # containers often have 64 MB of it
        raise DataError(
            f"Shared memory has no room for {len(samples)} synthetic samples of {samples.nbytes / 2**20:.0f} MiB "
            f"({error}); give a smaller pool_size=, or more of it (docker run --shm-size=1g)."
        ) from error


def _stack_samples(X: Any) -> tuple[str, Any]:
    """Return the type of a sample, and all samples as one tensor where that is possible, else as a list."""
    if isinstance(X, Tensor):
        return "tensor", X.detach().to("cpu", copy=True).contiguous()
    if isinstance(X, np.ndarray) and X.dtype.kind in "biuf":
        return "array", torch.from_numpy(np.array(X, order="C"))
    X = list(X)
    if len({_get_stack_key(x) for x in X}) == 1 and _get_stack_key(X[0]) is not None:
        if is_pil_image(X[0]):
            return "PIL image", torch.from_numpy(np.stack([np.asarray(x) for x in X]))
        stacked = torch.stack([torch.as_tensor(x).detach().cpu() for x in X])
        return ("tensor" if isinstance(X[0], Tensor) else "array"), stacked
    return type(X[0]).__name__, X


def _get_stack_key(x: Any) -> Any:
    """Return the properties that samples must share to be stacked; None for a sample that cannot be stacked."""
    if is_pil_image(x):
        return (x.mode, x.size) if x.mode in ("L", "RGB", "RGBA") else None
    if isinstance(x, Tensor) or (isinstance(x, np.ndarray) and x.dtype.kind in "biuf"):
        return type(x), x.dtype, tuple(x.shape)
    return None


def _convert_frame(X: Any, transform: Transform | None) -> Any:
    """Return the array or tensor that the user's transform makes of a frame, one row for each."""
    if transform is None:
        raise DataError(
            "The augmenter samples tables, and the data set yields tensors; give transform=, a function of a frame of "
            "m sampled rows that returns a tensor of m rows, as the data set has them."
        )
    try:
        made = transform(X)
    except Exception as error:
        raise DataError(
            f"transform= failed on a frame of {len(X)} sampled rows with {type(error).__name__}: {error}; make it take "
            "frames with the columns that the augmenter was trained on."
        ) from error
    if not isinstance(made, np.ndarray | Tensor) or made.ndim < 1 or len(made) != len(X):
        got = f"shape {tuple(made.shape)}" if isinstance(made, np.ndarray | Tensor) else f"type {type(made).__name__}"
        raise DataError(f"transform= got a frame of {len(X)} rows and returned {got}; return a tensor of as many rows.")
    return made


def estimate_class_shares(augmenter: Any, label_map: Any, seed: int) -> dict[Any, float]:
    """Return the classes of an augmenter and the share of each in what it samples, at least one in a thousand.

    Iterable data sets need it, because their labels are unknown before they run.
    """
    _, y = call_sample(augmenter, _SHARE_SAMPLES, None, stream_seed(seed, "shares") % 2**32)
    given = [convert_label(label) for label in y]
    classes = [*(get_classes(augmenter) or ()), *(convert_label(v) for v in (label_map or {}).values()), *given]
    counts = {label: max(1, given.count(label)) for label in dict.fromkeys(classes)}
    return {label: count / sum(counts.values()) for label, count in counts.items()}


def list_classes(augmenter: Any, label_map: Any, seed: int) -> list[Any]:
    """Return the classes of an augmenter from its ``classes_`` and `label_map`, or from what it samples."""
    if get_classes(augmenter) is None:
        return list(estimate_class_shares(augmenter, label_map, seed))
    mapped = [convert_label(label) for label in (label_map or {}).values()]
    return list(dict.fromkeys([*(get_classes(augmenter) or ()), *mapped]))


def split_pool_size(shares: Sequence[float], pool_size: int) -> list[int]:
    """Return the number of samples of each class in a pool, at least one of each."""
    return [max(1, round(share * pool_size)) for share in shares]


def check_pool_size(owner: str, pool_size: int | None, n_classes: int) -> None:
    """Raise ParameterError if a pool has no room for one sample of every class."""
    if pool_size is not None and pool_size < n_classes:
        raise ParameterError(
            f"The 'pool_size' parameter of {owner} must be at least {n_classes}, one sample of every class. Got "
            f"{pool_size!r} instead."
        )
