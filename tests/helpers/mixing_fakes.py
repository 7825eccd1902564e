"""Real and synthetic samples that tell what they are, and loaders of every kind over them.

A real sample holds minus its index and one (-1, -2, ...), a synthetic one a number of its own above zero, so that what
a batch consists of can be read off it. Spawned workers import it, hence a module of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, get_worker_info

CLASS = 100_000  # synthetic numbers of class c lie above c * CLASS
N = 90
SHARES = {1: [1.0], 3: [0.5, 0.3, 0.2]}
LABELS = [0] * 45 + [1] * 27 + [2] * 18


class Numbers:
    """A sampler whose samples are numbered within their class, from a first number that the seed decides."""

    def __init__(self, classes=(0, 1, 2), dtype=np.float32, shape=(1, 4, 4)):
        self.classes_ = np.array(classes)
        self.dtype, self.shape, self.calls = dtype, shape, []

    def sample(self, n=None, y=None, random_state=None):
        rng = np.random.default_rng(random_state)
        names = self.classes_.tolist()
        y = rng.choice(self.classes_, n, p=SHARES[len(names)]) if y is None else np.asarray(y)
        self.calls.append((n, len(y), random_state))
        first, used, values = int(rng.integers(0, 50_000)), dict.fromkeys(names, 0), []
        for label in y.tolist():
            used[label] += 1
            values.append(names.index(label) * CLASS + first + used[label])
        X = np.broadcast_to(np.array(values).reshape(-1, *[1] * len(self.shape)), (len(y), *self.shape))
        return X.astype(self.dtype), y


class Real(Dataset):
    """Map-style, without stored labels."""

    def __init__(self, labels=LABELS):
        self.labels_of_items = list(labels)

    def __len__(self):
        return len(self.labels_of_items)

    def __getitem__(self, i):
        if not 0 <= i < len(self):
            raise IndexError(i)
        return torch.full((1, 4, 4), -1.0 - i), self.labels_of_items[i]


class RealStream(IterableDataset):
    """Iterable; workers take every so-manieth item."""

    def __len__(self):
        return N

    def __iter__(self):
        worker = get_worker_info()
        real = Real()
        order = np.random.default_rng(0).permutation(N).tolist()
        return (real[i] for i in (order[worker.id :: worker.num_workers] if worker else order))


class EveryOther(BatchSampler):
    """A batch sampler of its own kind: first the even indices, then some of them again."""

    def __init__(self, n, size):
        self.n, self.size, self.epochs = n, size, []
        self.batch_size, self.drop_last = size, False

    def __iter__(self):
        for start in [*range(0, self.n, 2 * self.size), 0]:
            yield list(range(start, min(self.n, start + 2 * self.size), 2))

    def __len__(self):
        return -(-self.n // (2 * self.size)) + 1

    def set_epoch(self, epoch):
        self.epochs.append(epoch)


class TunedLoader(DataLoader):
    """A subclass with an argument of its own."""

    def __init__(self, dataset, extra, **options):
        self.extra = extra
        super().__init__(dataset, **options)


class FixedLoader(DataLoader):
    """A subclass that takes none of torch's arguments."""

    def __init__(self, dataset):
        super().__init__(dataset, batch_size=8, shuffle=True)


@dataclass
class Seen:
    """What came out of one pass over a loader."""

    values: list  # of each batch: the number in every sample
    labels: list

    @property
    def synthetic(self):
        return [v for batch in self.values for v in batch if v > 0]

    @property
    def real(self):
        return [int(-v) - 1 for batch in self.values for v in batch if v < 0]

    @property
    def counts(self):
        """(synthetic, all) of every batch."""
        return [(sum(v > 0 for v in batch), len(batch)) for batch in self.values]


def one_pass(loader):
    """Look at one epoch."""
    batches = list(loader)
    values = [x.reshape(len(x), -1)[:, 0].tolist() for x, _ in batches]
    return Seen(values, [y.tolist() for _, y in batches])


def assert_share(seen, fraction):
    """Every batch holds the fraction to within one sample, and synthetic samples have their own label."""
    for made, size in seen.counts:
        assert abs(made - fraction * size) < 1, (made, size)
    for values, labels in zip(seen.values, seen.labels, strict=True):
        for value, label in zip(values, labels, strict=True):
            assert label == (int(value) // CLASS if value > 0 else LABELS[int(-value) - 1])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def first_numbers(batch):
    return [float(x.reshape(-1)[0]) for x in batch]
