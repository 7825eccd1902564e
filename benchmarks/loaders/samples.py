"""Make real samples that are zero, synthetic ones that are not, and the loaders of torch over them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    WeightedRandomSampler,
    get_worker_info,
)

from ganaug import augment_loader

N, CLASSES, BATCH = 500, 3, 16
EPOCHS = 2


class Ones:
    """Sample images of a positive number each; real ones are zero."""

    classes_ = np.arange(CLASSES)

    def sample(self, n: int | None = None, y: Any = None, random_state: int | None = None) -> tuple[Any, Any]:
        """Return samples of the labels in `y`, or of random ones."""
        y = np.random.default_rng(random_state).integers(0, CLASSES, n) if y is None else np.asarray(y)
        numbers = 1.0 + np.arange(len(y), dtype=np.float32)
        return np.broadcast_to(numbers[:, None, None, None], (len(y), 1, 4, 4)).copy(), y


class Zeros(Dataset[Any]):
    """Real samples, all zero."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return torch.zeros(1, 4, 4), i % CLASSES


class Stream(IterableDataset[Any]):
    """The real samples as a stream, divided between workers."""

    def __iter__(self) -> Any:
        worker = get_worker_info()
        step, start = (worker.num_workers, worker.id) if worker else (1, 0)
        return (Zeros()[i] for i in range(start, N, step))


class Backwards(BatchSampler):
    """Custom batch sampler."""

    def __init__(self) -> None:
        super().__init__(range(N), BATCH, False)

    def __iter__(self) -> Any:
        yield from reversed(list(super().__iter__()))


class OwnLoader(DataLoader[Any]):
    """Subclass of DataLoader with an additional argument."""

    def __init__(self, dataset: Any, name: str, **options: Any) -> None:
        self.name = name
        super().__init__(dataset, **options)


def make_shuffled_loader(**options: Any) -> DataLoader[Any]:
    """Return a shuffled loader."""
    sampler = RandomSampler(Zeros(), generator=torch.Generator().manual_seed(0))
    return DataLoader(Zeros(), BATCH, sampler=sampler, **options)


def make_weighted_loader() -> DataLoader[Any]:
    """Return a loader that draws some samples more often than others."""
    return DataLoader(Zeros(), BATCH, sampler=WeightedRandomSampler([1.0 + i % 5 for i in range(N)], N))


def mix_loader(loader: DataLoader[Any], fraction: float) -> DataLoader[Any]:
    """Return the loader with synthetic samples."""
    return augment_loader(loader, Ones(), fraction, random_state=0)
