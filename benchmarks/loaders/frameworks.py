"""Read the batches that Accelerate, Lightning and torchdata make of a mixed loader."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import BatchSampler, DataLoader
from torch.utils.data.distributed import DistributedSampler

from ganaug import GanaugError, SyntheticMix

from .samples import BATCH, EPOCHS, N, Ones, Stream, Zeros, make_shuffled_loader, mix_loader


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
    """Return the batches of both epochs, the second stopped in the middle and resumed in another loader.

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
