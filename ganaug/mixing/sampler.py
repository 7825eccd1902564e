"""Wrap a loader's sampler so that the data set learns of epochs, and of draws of the same index.

The loader's own sampler draws every index, so `DistributedSampler.set_epoch` and a generator that a framework puts into
it still work. The wrappers only hand its indices and its epochs to the data set:

* `MixedBatchSampler` replaces torch's `BatchSampler`. It has the same constructor, because Lightning builds batch
  samplers anew with a sampler of its own. It is a `BatchSampler`, because Accelerate divides those between processes.
* `MixedSampler` wraps a batch sampler of the user's own, or the sampler of a loader without batches.
* `EpochSampler` stands for a sampler without ``set_epoch``, because Lightning calls that of a batch sampler's sampler.
* `AppendedSampler` spreads the indices of appended samples evenly among those of the user's sampler.
"""

from __future__ import annotations

import copy
import operator
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch.utils.data import BatchSampler, RandomSampler, Sampler

from ..errors import DataWarning, ParameterError
from .dataset import MixedDataset, NumberedIndex
from .iterable import MixedIterableDataset
from .resume import ResumablePass, check_state
from .share import get_rank, may_repeat


class _DrawCounter:
    """A function that numbers the draws of each class in an epoch, over all processes.

    No two draws get the same number, and so the same synthetic sample.
    """

    def __init__(self, dataset: Any, sampler: Any) -> None:
        self._codes = dataset.class_codes
        self.uses = np.zeros(int(self._codes.max()) + 1, dtype=np.int64)
        self._rank, self._replicas = get_rank(sampler)

    def __call__(self, index: Any) -> Any:
        if isinstance(index, list | tuple) or getattr(index, "ndim", None):  # a batch, also as array or tensor
            return [self(i) for i in index]
        try:
            code = self._codes[operator.index(index)]
        except TypeError:
            return index  # the data set raises the error
        slot = int(self.uses[code]) * self._replicas + self._rank
        self.uses[code] += 1
        return NumberedIndex(operator.index(index), slot)


class MixedDraws(Iterator[Any]):
    """One pass over a sampler or batch sampler, of which the data set learns; a saved pass can be gone on with.

    The epoch begins with the first draw, because a loader with workers asks for an iterator twice. Draws are numbered
    where the sampler may repeat an index.

    Parameters
    ----------
    dataset : MixedDataset or MixedIterableDataset
        The data set that is told; others are left alone.
    sampler : Sampler
        Draws the indices.
    source : iterable
        The sampler itself, or batches of what it draws.
    """

    def __init__(self, dataset: Any, sampler: Any, source: Any) -> None:
        self._dataset = dataset if isinstance(dataset, MixedDataset | MixedIterableDataset) else None
        self._sampler = sampler
        self._pass = ResumablePass(source)
        self._counter: _DrawCounter | None = None
        if isinstance(dataset, MixedDataset) and dataset.mode == "replace" and may_repeat(sampler):
            self._counter = _DrawCounter(dataset, sampler)
        self._epoch: int | None = None  # the number of the epoch that this pass has begun
        self._is_over = False

    def __next__(self) -> Any:
        if self._is_over:  # a loader with workers asks again, when the sampler may be in the next epoch already
            raise StopIteration
        self._follow_epoch()
        try:
            drawn = next(self._pass)
        except StopIteration:
            self._is_over = True
            raise
        finally:
            self._note_epoch()
        return drawn if self._counter is None else self._counter(drawn)

    def state_dict(self) -> dict[str, Any]:
        """Return where this pass stands, and the epoch and the fraction of the data set."""
        uses = None if self._counter is None else self._counter.uses.tolist()
        mixed = None if self._dataset is None else self._dataset.get_progress()
        return {"mixed": mixed, "epoch": self._epoch, "uses": uses, "pass": self._pass.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the pass of a state.

        Raises
        ------
        DataError
            The state is that of a loader without synthetic samples.
        """
        check_state(state, ("mixed", "epoch", "uses", "pass"))
        if self._dataset is not None:
            self._dataset.set_progress(state["mixed"])
        self._epoch = state["epoch"]
        if self._counter is not None:
            self._counter.uses[:] = state["uses"]
        self._pass.load_state_dict(state["pass"])

    def _note_epoch(self) -> None:
        """Leave a sampler that counts its epochs by itself, as Accelerate's does at the end of one, to do so."""
        if self._dataset is not None:
            self._dataset.note_sampler(_get_epoch(self._sampler))

    def _follow_epoch(self) -> None:
        """Begin the epoch at the first draw; if somebody sets another one later, go on with that, and say so."""
        dataset = self._dataset
        if dataset is None:
            return
        dataset.follow_sampler(_get_epoch(self._sampler), self._epoch is not None)
        if self._epoch is None:
            dataset.start_epoch()
        elif self._epoch != dataset.epoch:
            warnings.warn(
                f"The epoch was set to {dataset.epoch} when batches had been fetched ahead for epoch {self._epoch}, "
                "which may have the synthetic samples and the share of that; set it before the loader is iterated, by "
                "loader.dataset.set_epoch(epoch), in Lightning to self.trainer.current_epoch in train_dataloader().",
                DataWarning,
                stacklevel=2,
            )
        self._epoch = dataset.epoch


def _get_epoch(sampler: Any) -> int | None:
    """Return the epoch that ``set_epoch`` gave a sampler, or the sampler of a batch sampler; None if it has none."""
    for owner in (sampler, getattr(sampler, "sampler", None)):
        epoch = getattr(owner, "epoch", None)
        if isinstance(epoch, int) and callable(getattr(owner, "set_epoch", None)):
            return epoch
    return None


class EpochSampler(Sampler[Any]):
    """A sampler that hands the epochs which a framework sets to the data set, and draws as the loader's own does.

    The attributes of the loader's own sampler can be read from it too.

    Parameters
    ----------
    inner : Sampler
        The loader's own.
    dataset : MixedDataset or MixedIterableDataset
        The data set that is told.
    """

    def __init__(self, inner: Any, dataset: Any) -> None:
        self.inner = inner
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        """Return the indices of an epoch."""
        return iter(self.inner)

    def __len__(self) -> int:
        """Return the number of draws of an epoch."""
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the loader's own sampler."""
        return _read_inner(self, name)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the data set, and of the loader's own sampler if it has epochs."""
        self.dataset.follow_framework(epoch)
        if callable(getattr(self.inner, "set_epoch", None)):
            self.inner.set_epoch(epoch)


class EpochRandomSampler(EpochSampler, RandomSampler):  # type: ignore[misc]
    """An `EpochSampler` that is a `RandomSampler`, which frameworks shuffle alike in all processes."""

    def __init__(self, inner: RandomSampler, dataset: Any) -> None:
        EpochSampler.__init__(self, inner, dataset)

    @property
    def generator(self) -> Any:
        """The generator of the loader's own sampler, which frameworks set to shuffle alike in all processes."""
        return self.inner.generator

    @generator.setter
    def generator(self, value: Any) -> None:
        self.inner.generator = value


class MixedBatchSampler(BatchSampler):
    """A batch sampler that tells the data set when an epoch begins.

    Parameters
    ----------
    sampler : Sampler
        The loader's own, or an `EpochSampler` of it.
    batch_size : int
        Indices in each batch.
    drop_last : bool
        Whether a smaller last batch is left out.
    dataset : MixedDataset or MixedIterableDataset, optional
        The data set that is told; by default the sampler's ``dataset``.
    batches : BatchSampler, optional
        The loader's own batch sampler, which groups the indices; torchdata's can be saved. By default torch's.
    """

    def __init__(
        self, sampler: Any, batch_size: int, drop_last: bool, dataset: Any = None, batches: Any = None
    ) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.dataset = getattr(sampler, "dataset", None) if dataset is None else dataset
        self._batches = BatchSampler(sampler, batch_size, drop_last) if batches is None else batches

    def __iter__(self) -> Iterator[list[Any]]:
        """Begin an epoch and return its batches."""
        batches = copy.copy(self._batches)
        batches.sampler = _unwrap(self.sampler)
        return MixedDraws(self.dataset, batches.sampler, batches)


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
        return MixedDraws(self.dataset, self.inner, self.inner)

    def __len__(self) -> int:
        """Return the length of the sampler."""
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the sampler."""
        return _read_inner(self, name)

    @property
    def sampler(self) -> Any:
        """The sampler of a batch sampler; frameworks set epochs there. Without one, this wrapper takes them."""
        own = getattr(self.inner, "sampler", None)
        return self if own is None else wrap_sampler(own, self.dataset)

    @sampler.setter
    def sampler(self, value: Any) -> None:
        self.inner.sampler = value

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the data set, and of the wrapped sampler if it has epochs."""
        EpochSampler(self.inner, self.dataset).set_epoch(epoch)


class AppendedSampler(EpochSampler):
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
        EpochSampler.__init__(self, inner, dataset)
        self.data_source = dataset

    def __iter__(self) -> Iterator[int]:
        """Return the indices of an epoch."""
        return _AppendedDraws(self.inner, self.dataset, len(self))

    def __len__(self) -> int:
        """Return the number of real and appended samples of an epoch, in this process."""
        return len(self.inner) + (len(self.dataset) - len(self.dataset.real)) // get_rank(self.inner)[1]


class AppendedRandomSampler(AppendedSampler, EpochRandomSampler):  # type: ignore[misc]
    """An `AppendedSampler` that is a `RandomSampler`."""


class _AppendedDraws(Iterator[int]):
    """The indices of one epoch of an `AppendedSampler`, which can be saved."""

    def __init__(self, inner: Any, dataset: MixedDataset, total: int) -> None:
        self._dataset = dataset
        self._total = total
        self._process = get_rank(inner)
        self._real = ResumablePass(inner)
        self._appended: list[int] | None = None
        self._offset = 0
        self._drawn = 0

    def __next__(self) -> int:
        if self._appended is None:  # the epoch, which decides the order, has begun by now
            self._appended = self._dataset.permute_appended(*self._process).tolist()
            self._offset = self._dataset.draw_offset(self._total)
        if self._drawn == self._total:
            # At its end torch's RandomSampler draws once more, which decides the order of the next epoch.
            next(self._real, None)
            raise StopIteration
        used, due = (self._count_due(drawn, len(self._appended)) for drawn in (self._drawn, self._drawn + 1))
        self._drawn += 1
        return self._appended[used] if due > used else next(self._real)

    def _count_due(self, drawn: int, n: int) -> int:
        """Return how many of `n` appended indices are due after so many draws."""
        return (drawn * n + self._offset) // self._total

    def state_dict(self) -> dict[str, Any]:
        """Return where the epoch stands."""
        return {"drawn": self._drawn, "real": self._real.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the epoch of a state, which the data set has to be in."""
        self._drawn = state["drawn"]
        self._real.load_state_dict(state["real"])


def wrap_sampler(sampler: Any, dataset: Any) -> Any:
    """Return a sampler that tells the data set of the epochs which are set: itself if its own can be read."""
    if callable(getattr(sampler, "set_epoch", None)):
        return sampler
    return (EpochRandomSampler if isinstance(sampler, RandomSampler) else EpochSampler)(sampler, dataset)


def append_indices(sampler: Any, dataset: MixedDataset) -> AppendedSampler:
    """Return a sampler that draws the appended samples of a data set, too."""
    return (AppendedRandomSampler if isinstance(sampler, RandomSampler) else AppendedSampler)(sampler, dataset)


def _unwrap(sampler: Any) -> Any:
    """Return the sampler that draws, without the wrapper that only hands epochs on."""
    return sampler.inner if type(sampler) in (EpochSampler, EpochRandomSampler) else sampler


def _read_inner(wrapper: Any, name: str) -> Any:
    """Return an attribute of a wrapped sampler, but none of its state, which the draws keep.

    Lightning stores notes on the inner object under names with underscores.
    """
    if name in ("inner", "dataset", "state_dict", "load_state_dict") or name.startswith("__"):
        raise AttributeError(name)
    return getattr(wrapper.inner, name)
