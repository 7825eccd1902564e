"""A loader that saves its state and goes on from it, with the protocol of torchdata's `StatefulDataLoader`.

It stands for torchdata's where that is absent: the same classes of samplers, the same order in which states are saved
and loaded, indices that are drawn ahead as for workers. It fetches in this process.
"""

from __future__ import annotations

import collections
import inspect
import itertools

import torch
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, Sampler
from torch.utils.data.dataloader import _DatasetKind


def is_stateful(value):
    """Whether a value has the protocol by its class, as `isinstance` tells from Python 3.12 on."""
    return all(inspect.getattr_static(value, name, None) for name in ("state_dict", "load_state_dict"))


def saved(value):
    return value.state_dict() if is_stateful(value) else None


class _Permutation:
    def __init__(self, sampler):
        self.sampler, self.before, self.yielded = sampler, sampler.generator.get_state(), 0
        self.order = torch.randperm(len(sampler), generator=sampler.generator).tolist()

    def __iter__(self):
        return self

    def __next__(self):
        if self.yielded == len(self.order):
            raise StopIteration
        self.yielded += 1
        return self.order[self.yielded - 1]

    def state_dict(self):
        return {"yielded": self.yielded, "generator": self.before}

    def load_state_dict(self, state):
        self.sampler.generator.set_state(state["generator"])
        self.__init__(self.sampler)
        self.yielded = state["yielded"]


class Shuffled(Sampler):
    """A random sampler whose iterator has a state."""

    def __init__(self, data, generator=None):
        self.data_source = data
        self.generator = generator or torch.Generator().manual_seed(int(torch.randint(2**62, ()).item()))

    def __iter__(self):
        return _Permutation(self)

    def __len__(self):
        return len(self.data_source)


class _Batches:
    def __init__(self, owner):
        self.owner, self.draws, self.yielded = owner, iter(owner.sampler), 0

    def __iter__(self):
        return self

    def __next__(self):
        batch = list(itertools.islice(self.draws, self.owner.batch_size))
        self.yielded += len(batch)
        if not batch or (self.owner.drop_last and len(batch) < self.owner.batch_size):
            raise StopIteration
        return batch

    def state_dict(self):
        return {"yielded": self.yielded, "sampler": saved(self.owner.sampler), "draws": saved(self.draws)}

    def load_state_dict(self, state):
        if state["sampler"] is not None:
            self.owner.sampler.load_state_dict(state["sampler"])
        self.draws, self.yielded = iter(self.owner.sampler), state["yielded"]
        if state["draws"] is not None:
            self.draws.load_state_dict(state["draws"])
        elif state["sampler"] is None:
            collections.deque(itertools.islice(self.draws, state["yielded"]), maxlen=0)


class StatefulBatchSampler(BatchSampler):
    """A batch sampler whose iterator has a state."""

    def __iter__(self):
        return _Batches(self)


class _Iterator:
    def __init__(self, loader, state):
        self.loader, self.draws = loader, iter(loader._index_sampler)
        options = loader._auto_collation, loader.collate_fn, loader.drop_last
        self.fetch = lambda: _DatasetKind.create_fetcher(loader._dataset_kind, loader.dataset, *options)
        self.fetcher, self.queue, self.state, self.drawn = self.fetch(), collections.deque(), None, 0
        if state is not None:
            self.load(state)

    def __iter__(self):
        return self

    def __next__(self):
        while len(self.queue) <= self.loader.ahead:
            try:
                indices = next(self.draws)
            except StopIteration:
                break
            self.drawn += 1
            self.queue.append((indices, self.save()))
        if not self.queue:
            raise StopIteration
        indices, state = self.queue.popleft()
        batch = self.fetcher.fetch(indices)
        self.state = {**state, **self.save_data()}
        return batch

    def save(self):
        return {"sampler": saved(self.loader._index_sampler), "draws": saved(self.draws), "drawn": self.drawn}

    def save_data(self):
        items = getattr(self.fetcher, "dataset_iter", None)
        return {"data": saved(self.loader.dataset), "items": saved(items)}

    def load(self, state):
        self.state, self.drawn = state, state["drawn"]
        if state["sampler"] is not None:
            self.loader._index_sampler.load_state_dict(state["sampler"])
        self.draws = iter(self.loader._index_sampler)
        if is_stateful(self.draws):
            self.draws.load_state_dict(state["draws"])
        elif state["sampler"] is None:
            self.draws = itertools.islice(self.draws, self.drawn, None)
        if state["data"] is not None:
            self.loader.dataset.load_state_dict(state["data"])
        self.fetcher = self.fetch()
        if state["items"] is not None:
            self.fetcher.dataset_iter.load_state_dict(state["items"])


class StatefulLoader(DataLoader):
    """A loader with `state_dict` and `load_state_dict`, which draws the indices of so many batches ahead."""

    def __init__(self, dataset, batch_size=1, shuffle=False, *, ahead=0, generator=None, **options):
        if shuffle:
            options["sampler"] = Shuffled(dataset, generator)
        super().__init__(dataset, batch_size, generator=generator, **options)
        self.ahead, self.next_state, self.iterator = ahead, None, None
        if type(self.batch_sampler) is BatchSampler and not isinstance(dataset, IterableDataset):
            vars(self)["batch_sampler"] = StatefulBatchSampler(self.sampler, batch_size, self.drop_last)

    def __iter__(self):
        self.iterator, self.next_state = _Iterator(self, self.next_state), None
        return self.iterator

    def state_dict(self):
        return self.iterator.state

    def load_state_dict(self, state):
        self.next_state = state
