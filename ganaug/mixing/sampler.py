"""Wrap a loader's sampler so that the data set learns of epochs, and of draws of the same index.

The loader's own sampler stays the same object and draws every index, so `DistributedSampler.set_epoch` and a generator
that a framework puts into it still work. The wrappers only hand its indices to the data set:

* `MixedBatchSampler` replaces torch's `BatchSampler`. It has the same constructor, because Lightning builds batch
  samplers anew with a sampler of its own. It is a `BatchSampler`, because Accelerate divides those between processes.
* `MixedSampler` wraps a batch sampler of the user's own, or the sampler of a loader without batches.
* `AppendedSampler` spreads the indices of appended samples evenly among those of the user's sampler.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch.utils.data import BatchSampler, RandomSampler, Sampler

from ..errors import ParameterError
from .dataset import MixedDataset, NumberedIndex
from .iterable import MixedIterableDataset
from .share import get_rank, may_repeat


class _DrawCounter:
    """A function that numbers the draws of each class in an epoch, over all processes.

    No two draws get the same number, and so the same synthetic sample.
    """

    def __init__(self, dataset: Any, sampler: Any) -> None:
        self._codes = dataset.class_codes
        self._uses = np.zeros(int(self._codes.max()) + 1, dtype=np.int64)
        self._rank, self._replicas = get_rank(sampler)

    def __call__(self, index: Any) -> Any:
        if isinstance(index, list | tuple) or getattr(index, "ndim", None):  # a batch, also as array or tensor
            return [self(i) for i in index]
        try:
            code = self._codes[operator.index(index)]
        except TypeError:
            return index  # the data set raises the error
        slot = int(self._uses[code]) * self._replicas + self._rank
        self._uses[code] += 1
        return NumberedIndex(operator.index(index), slot)


def _draw_epoch(dataset: Any, sampler: Any, drawn: Any) -> Iterator[Any]:
    """Begin an epoch and yield the draws of a sampler, numbered if it may repeat an index.

    The epoch begins with the first draw, because a loader with workers asks for an iterator twice.
    """
    if isinstance(dataset, MixedDataset | MixedIterableDataset):
        dataset.start_epoch()
    if isinstance(dataset, MixedDataset) and dataset.mode == "replace" and may_repeat(sampler):
        drawn = map(_DrawCounter(dataset, sampler), drawn)
    yield from drawn


class MixedBatchSampler(BatchSampler):
    """A batch sampler that tells the data set when an epoch begins.

    Parameters
    ----------
    sampler : Sampler
        The loader's own.
    batch_size : int
        Indices in each batch.
    drop_last : bool
        Whether a smaller last batch is left out.
    dataset : MixedDataset or MixedIterableDataset, optional
        The data set that is told; by default the sampler's ``dataset``.
    """

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool, dataset: Any = None) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.dataset = getattr(sampler, "dataset", None) if dataset is None else dataset

    def __iter__(self) -> Iterator[list[Any]]:
        """Begin an epoch and return its batches."""
        return _draw_epoch(self.dataset, self.sampler, super().__iter__())


class MixedSampler(Sampler[Any]):
    """A wrapper of another sampler or batch sampler that tells the data set when an epoch begins.

    The attributes of the wrapped sampler can be read from it too.

    Parameters
    ----------
    inner : iterable of int or of lists of int
        The loader's own sampler.
    dataset : MixedDataset or MixedIterableDataset
        The data set that is told.
    **made_anew
        Options that a framework adds when it builds the batch sampler anew; none is accepted.

    Raises
    ------
    ParameterError
        A framework tried to give the batch sampler another sampler.
    """

    def __init__(self, inner: Any, dataset: Any = None, **made_anew: Any) -> None:
        if made_anew:
            raise ParameterError(
                "A batch sampler of your own cannot be given the sampler of a framework; switch that off "
                "(use_distributed_sampler=False) and divide the batches yourself, or put SyntheticMix on the batches."
            )
        self.inner = inner
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        """Begin an epoch and return the draws of the sampler."""
        return _draw_epoch(self.dataset, self.inner, self.inner)

    def __len__(self) -> int:
        """Return the length of the sampler."""
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the sampler."""
        if name in ("inner", "dataset") or name.startswith("__"):  # Lightning stores notes on the inner object there
            raise AttributeError(name)
        return getattr(self.inner, name)


class AppendedSampler(Sampler[int]):
    """A sampler that spreads the indices of appended samples evenly among those of the loader's own sampler.

    Among any consecutive indices, and so in every batch, the synthetic fraction holds to within one sample.

    Parameters
    ----------
    inner : Sampler with a length
        Draws the real samples.
    dataset : MixedDataset with ``mode="append"``
        Gives the indices of the appended samples.
    """

    def __init__(self, inner: Any, dataset: MixedDataset) -> None:
        self.inner = inner
        self.data_source = dataset
        self._rank, self._replicas = get_rank(inner)

    def __iter__(self) -> Iterator[int]:
        """Return the indices of an epoch."""
        total = len(self)
        appended = self.data_source.permute_appended(self._rank, self._replicas).tolist()
        n = len(appended)
        offset = self.data_source.draw_offset(total)
        real_indices = iter(self.inner)
        appended_indices = iter(appended)
        for t in range(total):
            is_due = ((t + 1) * n + offset) // total > (t * n + offset) // total
            yield next(appended_indices if is_due else real_indices)
        # At its end torch's RandomSampler draws once more, which decides the order of the next epoch.
        next(real_indices, None)

    def __len__(self) -> int:
        """Return the number of real and appended samples of an epoch, in this process."""
        return len(self.inner) + (len(self.data_source) - len(self.data_source.real)) // self._replicas

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the loader's own sampler."""
        if name in ("inner", "data_source") or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.inner, name)


class AppendedRandomSampler(AppendedSampler, RandomSampler):  # type: ignore[misc]
    """An `AppendedSampler` that is a `RandomSampler`, which frameworks shuffle alike in all processes."""

    def __init__(self, inner: RandomSampler, dataset: MixedDataset) -> None:
        AppendedSampler.__init__(self, inner, dataset)

    @property
    def generator(self) -> Any:
        """The generator of the loader's own sampler, which frameworks set to shuffle alike in all processes."""
        return self.inner.generator

    @generator.setter
    def generator(self, value: Any) -> None:
        self.inner.generator = value
