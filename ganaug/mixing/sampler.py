"""Samplers around a loader's own: they say when an epoch begins, and number what may be drawn more than once.

A loader's own sampler stays the object that it was and is asked for every index; `DistributedSampler.set_epoch` and a
generator that a framework puts into it reach it. Around it lies only what hands indices to the data set:

* `MixedBatchSampler` in place of torch's `BatchSampler`. It has the same constructor, since Lightning builds batch
  samplers anew with a sampler of its own, and is a `BatchSampler`, which Accelerate divides between processes.
* `MixedSampler` around a batch sampler of the user's own, or around the sampler of a loader without batches.
* `AppendedSampler`, whose sampler is the user's, with the indices of appended samples spread evenly among its own.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch.utils.data import BatchSampler, RandomSampler, Sampler

from ..errors import ParameterError
from .dataset import Draw, MixedDataset
from .iterable import MixedIterableDataset
from .share import may_repeat, stripes


class _Numbering:
    """Numbers the draws of each class in an epoch, over all processes, so that no two get the same sample."""

    def __init__(self, dataset: Any, sampler: Any) -> None:
        self._codes = dataset.class_codes
        self._uses = np.zeros(int(self._codes.max()) + 1, dtype=np.int64)
        self._rank, self._replicas = stripes(sampler)

    def __call__(self, index: Any) -> Any:
        if isinstance(index, list | tuple) or getattr(index, "ndim", None):  # arrays and tensors too
            return [self(i) for i in index]
        try:
            code = self._codes[operator.index(index)]
        except TypeError:
            return index  # the data set says what is wrong with it
        slot = int(self._uses[code]) * self._replicas + self._rank
        self._uses[code] += 1
        return Draw(operator.index(index), slot)


def _begun(dataset: Any, sampler: Any, drawn: Any) -> Iterator[Any]:
    """Begin an epoch, and yield what a sampler draws, numbered where it may repeat itself.

    It begins with the first draw: a loader with workers asks for an iterator twice.
    """
    if isinstance(dataset, MixedDataset | MixedIterableDataset):
        dataset.start_epoch()
    if isinstance(dataset, MixedDataset) and dataset.mode == "replace" and may_repeat(sampler):
        drawn = map(_Numbering(dataset, sampler), drawn)
    yield from drawn


class MixedBatchSampler(BatchSampler):
    """Batches of the indices that a sampler draws.

    Parameters
    ----------
    sampler : Sampler
        The loader's own.
    batch_size : int
        Indices in each batch.
    drop_last : bool
        Whether a last batch that is smaller is left out.
    dataset : MixedDataset or MixedIterableDataset, optional
        Told when an epoch begins; without it, the one that the sampler is for.
    """

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool, dataset: Any = None) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.dataset = getattr(sampler, "dataset", None) if dataset is None else dataset

    def __iter__(self) -> Iterator[list[Any]]:
        """Begin an epoch, and return its batches."""
        return _begun(self.dataset, self.sampler, super().__iter__())


class MixedSampler(Sampler[Any]):
    """A sampler of another kind, or a batch sampler of the user's own, whose attributes can be read here too.

    Parameters
    ----------
    sampler : iterable of int or of lists of int
        The loader's own.
    dataset : MixedDataset or MixedIterableDataset
        Told when an epoch begins.
    """

    def __init__(self, inner: Any, dataset: Any = None, **made_anew: Any) -> None:
        if made_anew:
            raise ParameterError(
                "A batch sampler of your own cannot be given the sampler of a framework; switch that off "
                "(use_distributed_sampler=False) and divide the batches yourself, or put SyntheticMix on the batches."
            )
        self.inner, self.dataset = inner, dataset

    def __iter__(self) -> Iterator[Any]:
        """Begin an epoch, and return what the sampler draws."""
        return _begun(self.dataset, self.inner, self.inner)

    def __len__(self) -> int:
        """Return the length of the sampler."""
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the sampler."""
        if name in ("inner", "dataset") or name.startswith("__"):  # Lightning's notes on it are not of this object
            raise AttributeError(name)
        return getattr(self.inner, name)


class AppendedSampler(Sampler[int]):
    """The indices of the loader's own sampler, with those of appended samples spread evenly among them.

    Any so many consecutive indices hold the synthetic fraction, to within one, so every batch does.

    Parameters
    ----------
    inner : Sampler with a length
        Draws the real samples.
    dataset : MixedDataset with ``mode="append"``
        Knows the others.
    """

    def __init__(self, inner: Any, dataset: MixedDataset) -> None:
        self.inner, self.data_source = inner, dataset
        self._rank, self._replicas = stripes(inner)

    def __iter__(self) -> Iterator[int]:
        """Return the indices of an epoch."""
        total = len(self)
        more = self.data_source.epoch_order(self._rank, self._replicas).tolist()
        offset, real, made = self.data_source.offset(total), iter(self.inner), iter(more)
        for t in range(total):
            due = ((t + 1) * len(more) + offset) // total > (t * len(more) + offset) // total
            yield next(made if due else real)
        next(real, None)  # torch's RandomSampler draws once more at its end, which the next epoch's order depends on

    def __len__(self) -> int:
        """Return the number of real and appended samples of an epoch, in this process."""
        return len(self.inner) + (len(self.data_source) - len(self.data_source.real)) // self._replicas

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the loader's own sampler."""
        if name in ("inner", "data_source") or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.inner, name)


class AppendedRandomSampler(AppendedSampler, RandomSampler):  # type: ignore[misc]
    """The same for shuffled samples; frameworks shuffle alike in all processes what is a `RandomSampler`."""

    def __init__(self, inner: RandomSampler, dataset: MixedDataset) -> None:
        AppendedSampler.__init__(self, inner, dataset)

    @property
    def generator(self) -> Any:
        """The generator of the loader's own sampler, which frameworks set to shuffle alike in all processes."""
        return self.inner.generator

    @generator.setter
    def generator(self, value: Any) -> None:
        self.inner.generator = value
