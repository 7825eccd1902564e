"""Measure the synthetic share of the batches of loaders of every kind.

::

    python -m benchmarks.loaders [--fraction 0.3] [--only NAME]

Print a table: for each loader the minimum and maximum of synthetic samples in its batches over two epochs, and whether
all were within one sample of the requested number; or the message of its error. Accelerate runs in two real processes;
Lightning's loaders are rebuilt as it does for two processes. torchdata's loader is also stopped in the second epoch and
goes on in a new one. Data sets of MONAI, albumentations, timm, webdataset and Hugging Face are those of the packages
themselves. All of these are optional; a row says which one is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util

from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

from ganaug import GanaugError

from .frameworks import (
    iterate_lightning,
    make_fabric_loader,
    make_stateful_loader,
    resume_stateful_loader,
    run_accelerate,
)
from .packages import PACKAGES, Make
from .samples import (
    BATCH,
    EPOCHS,
    Backwards,
    OwnLoader,
    Stream,
    Zeros,
    make_shuffled_loader,
    make_weighted_loader,
    mix_loader,
)

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
    **PACKAGES,
}
"""Loaders by name, as functions of the fraction that return batches."""

NEEDED = {
    "Accelerate": "accelerate",
    "Lightning": "lightning",
    "Fabric": "lightning",
    "StatefulDataLoader": "torchdata",
    "MONAI": "monai",
    "albumentations": "albumentations",
    "timm": "timm",
    "webdataset": "webdataset",
    "Hugging Face": "datasets",
}
"""Packages by the beginnings of the names of the loaders that need them."""


def render_row(name: str, make: Make, fraction: float) -> str:
    """Return one row of the table."""
    package = next((package for start, package in NEEDED.items() if name.startswith(start)), "torch")
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
