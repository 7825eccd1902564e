"""Measure the synthetic share of the batches of loaders of every kind.

::

    python -m benchmarks.loaders [--fraction 0.3] [--only NAME]

Print a table: for each loader the minimum and maximum of synthetic samples in its batches over two epochs, and whether
all were within one sample of the requested number; or the message of its error. Accelerate runs in two real processes;
Lightning's loaders are rebuilt as it does for two processes. torchdata's loader is also stopped in the second epoch and
goes on in a new one. All three are optional.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
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
from torch.utils.data.distributed import DistributedSampler

from ganaug import GanaugError, SyntheticMix, augment_loader

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


def iterate_lightning(fraction: float, inside: bool) -> Iterable[Any]:
    """Yield the batches of both processes of Lightning, from a loader made inside a hook or outside."""
    from lightning.fabric.utilities.data import _replace_dunder_methods
    from lightning.pytorch.utilities.data import _update_dataloader

    if inside:
        with _replace_dunder_methods(DataLoader, "dataset"), _replace_dunder_methods(BatchSampler):
            loader = mix_loader(make_shuffled_loader(), fraction)
    else:
        loader = mix_loader(make_shuffled_loader(), fraction)
    for rank in range(2):
        yield from _update_dataloader(loader, DistributedSampler(loader.dataset, 2, rank))


def make_fabric_loader(fraction: float, prepared: bool) -> Iterable[Any]:
    """Return a loader set up by Fabric, mixed before or after that; the latter raises an error."""
    from lightning.fabric import Fabric

    own: Any = Fabric(accelerator="cpu", devices=1)
    if prepared:
        return mix_loader(own.setup_dataloaders(make_shuffled_loader()), fraction)
    found: Iterable[Any] = own.setup_dataloaders(mix_loader(make_shuffled_loader(), fraction))
    return found


def make_stateful_loader(fraction: float, **options: Any) -> DataLoader[Any]:
    """Return a loader of torchdata, whose state can be saved."""
    from torchdata.stateful_dataloader import StatefulDataLoader

    generator = torch.Generator().manual_seed(0)
    return mix_loader(StatefulDataLoader(Zeros(), BATCH, shuffle=True, generator=generator, **options), fraction)


def resume_stateful_loader(fraction: float, **options: Any) -> Iterable[Any]:
    """Return the batches of both epochs, of which the second was stopped and gone on with in another loader.

    Raises
    ------
    GanaugError
        They are not the batches of a loader that was not stopped.
    """
    whole, first, second = (make_stateful_loader(fraction, **options) for _ in range(3))
    wanted: list[Any] = [batch for _ in range(EPOCHS) for batch in whole]
    found: list[Any] = list(first)
    for i, batch in enumerate(first):
        found.append(batch)
        if i == 9:
            break
    second.load_state_dict(first.state_dict())  # type: ignore[attr-defined]
    found += list(second)
    if len(found) != len(wanted) or not all(torch.equal(a, b) for (a, _), (b, _) in zip(found, wanted, strict=True)):
        raise GanaugError("it went on with other batches than without the stop")
    return found


def _run_process(make: str, fraction: float, folder: str) -> None:
    """Write the batches of one process of Accelerate."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    stream = make == "stream"
    old = DataLoader(Stream(), BATCH) if stream else make_shuffled_loader()
    try:
        if make == "prepared":
            loader = mix_loader(accelerator.prepare(old), fraction)
        else:
            loader = accelerator.prepare(mix_loader(old, fraction))
        batches: Any = [x[:, 0, 0, 0].tolist() for _ in range(EPOCHS) for x, _ in loader]
    except GanaugError as refusal:
        batches = str(refusal)
    if make == "batches":
        mix = SyntheticMix(Ones(), fraction, pool_size=N, random_state=0)
        batches = [
            mix(x, y)[0][:, 0, 0, 0].tolist()
            for _ in range(EPOCHS)
            for x, y in accelerator.prepare(make_shuffled_loader())
        ]
    Path(folder, f"{accelerator.process_index}.json").write_text(json.dumps(batches), encoding="utf-8")


def run_accelerate(fraction: float, make: str) -> Any:
    """Return the batches of two processes that Accelerate launches, or raise their error."""
    from accelerate import debug_launcher

    with tempfile.TemporaryDirectory() as folder:
        debug_launcher(_run_process, (make, fraction, folder), num_processes=2)
        found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).iterdir())]
    if isinstance(found[0], str):
        raise GanaugError(found[0])
    return [(torch.tensor(batch)[:, None, None, None], None) for rank in found for batch in rank]


Make = Callable[[float], Any]
LOADERS: dict[str, Make] = {
    "plain": lambda f: mix_loader(make_shuffled_loader(), f),
    "1 worker": lambda f: mix_loader(make_shuffled_loader(num_workers=1), f),
    "2 workers": lambda f: mix_loader(make_shuffled_loader(num_workers=2), f),
    "2 workers, persistent": lambda f: mix_loader(make_shuffled_loader(num_workers=2, persistent_workers=True), f),
    "1 worker, spawned": lambda f: mix_loader(make_shuffled_loader(num_workers=1, multiprocessing_context="spawn"), f),
    "WeightedRandomSampler": lambda f: mix_loader(make_weighted_loader(), f),
    "DistributedSampler": lambda f: mix_loader(
        DataLoader(Zeros(), BATCH, sampler=DistributedSampler(Zeros(), 2, 1)), f
    ),
    "custom batch sampler": lambda f: mix_loader(DataLoader(Zeros(), batch_sampler=Backwards()), f),
    "subclass of DataLoader": lambda f: mix_loader(OwnLoader(Zeros(), "own", batch_size=BATCH, shuffle=True), f),
    "IterableDataset": lambda f: mix_loader(DataLoader(Stream(), BATCH), f),
    "IterableDataset, 2 workers": lambda f: mix_loader(DataLoader(Stream(), BATCH, num_workers=2), f),
    "StatefulDataLoader": make_stateful_loader,
    "StatefulDataLoader, resumed": resume_stateful_loader,
    "StatefulDataLoader, 2 workers, resumed": lambda f: resume_stateful_loader(f, num_workers=2),
    "Accelerate, 2 processes": lambda f: run_accelerate(f, "mixed"),
    "Accelerate, 2 processes, IterableDataset": lambda f: run_accelerate(f, "stream"),
    "Accelerate, already prepared": lambda f: run_accelerate(f, "prepared"),
    "Accelerate, already prepared, SyntheticMix": lambda f: run_accelerate(f, "batches"),
    "Lightning, 2 processes, outside a hook": lambda f: list(iterate_lightning(f, False)),
    "Lightning, 2 processes, in a hook": lambda f: list(iterate_lightning(f, True)),
    "Fabric": lambda f: make_fabric_loader(f, False),
    "Fabric, already set up": lambda f: make_fabric_loader(f, True),
}
"""Loaders by name, as functions of the fraction that return batches."""


def render_row(name: str, make: Make, fraction: float) -> str:
    """Return one row of the table."""
    packages = {"Acce": "accelerate", "Ligh": "lightning", "Fabr": "lightning", "Stat": "torchdata"}
    package = packages.get(name[:4], "torch")
    if importlib.util.find_spec(package) is None:
        return f"| {name} | | | {package} is not installed |"
    try:
        loader = make(fraction)
        passes = EPOCHS if isinstance(loader, DataLoader) else 1
        batches = [[float(v) for v in x[:, 0, 0, 0]] for _ in range(passes) for x, _ in loader]
    except GanaugError as refusal:
        return f"| {name} | | | refused: {refusal} |"
    made = [sum(v > 0 for v in batch) for batch in batches]
    full = [k for k, batch in zip(made, batches, strict=True) if len(batch) == BATCH]
    share = sum(made) / sum(map(len, batches))
    within = all(abs(k - fraction * len(batch)) < 1 for k, batch in zip(made, batches, strict=True))
    said = "all within one sample" if within else "**more than one sample off**"
    return f"| {name} | {len(batches)} | {min(full)} to {max(full)} of {BATCH}, {share:.3f} of all | {said} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="synthetic share of the batches of loaders of every kind")
    parser.add_argument("--fraction", type=float, default=0.3, help="what is asked for")
    parser.add_argument("--only", choices=LOADERS, help="one loader alone")
    options = parser.parse_args()
    print(f"Asked for {options.fraction:g} of each batch.\n")
    print("| Loader | batches | synthetic in full batches | |\n|---|---|---|---|")
    for name, make in LOADERS.items():
        if options.only in (None, name):
            print(render_row(name, make, options.fraction), flush=True)


if __name__ == "__main__":
    main()
