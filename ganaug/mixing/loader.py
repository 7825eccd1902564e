"""`augment_loader`: the same loader, with synthetic samples in its batches."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from torch.utils.data import BatchSampler, DataLoader, IterableDataset, RandomSampler

from ..errors import ParameterError
from ..rng import Seed
from .dataset import MixedDataset
from .forms import Transform
from .sampler import AppendedRandomSampler, AppendedSampler, MixedBatchSampler, MixedSampler
from .share import Schedule, check_options, stream_of

_PREPARED = {
    "_FabricDataLoader": "fabric.setup_dataloaders()",
    "DataLoaderAdapter": "accelerator.prepare()",
    "DataLoaderStateMixin": "accelerator.prepare()",
    "DataLoaderShard": "accelerator.prepare()",
    "DataLoaderDispatcher": "accelerator.prepare()",
    "MpDeviceLoaderWrapper": "accelerator.prepare()",
}
_KEPT = (
    "num_workers",
    "collate_fn",
    "pin_memory",
    "timeout",
    "worker_init_fn",
    "generator",
    "prefetch_factor",
    "persistent_workers",
    "in_order",
)


def augment_loader(  # noqa: PLR0913 - each is one choice of how to mix
    loader: DataLoader[Any],
    augmenter: Any,
    synthetic_fraction: float = 0.3,
    *,
    mode: str = "replace",
    schedule: Schedule | None = None,
    label_map: Mapping[Any, Any] | None = None,
    transform: Transform | None = None,
    random_state: Seed = None,
    pool_size: int | None = None,
) -> DataLoader[Any]:
    """Return a loader like another one, of whose batches a share is synthetic.

    It is a torch `DataLoader` with the batch size, the very sampler, the collate function, the workers, the generator
    and all else of the given one, which stays as it was. Of every batch the synthetic fraction, to within one sample,
    is synthetic, each in place of a real sample of the same label; none comes twice in an epoch. Wrap the loader before
    ``accelerator.prepare`` or ``fabric.setup_dataloaders``.

    Wrap training data alone. A loader for validation looks no different, so nothing would notice.

    Parameters
    ----------
    loader : DataLoader
        Over a map-style or iterable data set whose items are ``(sample, label)``, as tuple or list, or a dict with a
        label; see `MixedDataset`.
    augmenter : object with ``sample(n=None, y=None, random_state=None) -> (X, y)``
        Such as a fitted `GANAugmenter`. It is asked once, up front; workers read what it gave from shared memory.
    synthetic_fraction : float in [0, 1], default=0.3
        Synthetic samples / all that come out. It is changed later by ``loader.dataset.set_synthetic_fraction(f)``, also
        where persistent workers run.
    mode : {"replace", "append"}, default="replace"
        "append" keeps every real sample and lengthens the epoch by synthetic ones with the same proportions of classes.
        Frameworks that put a sampler of their own in place keep the share there only on average.
    schedule : callable or ("linear", start, end, epochs), default=None
        The fraction by epoch; a pass over the loader is an epoch, counted from 0.
    label_map, transform
        As for `MixedDataset`.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Decides which samples are drawn and where they go, whatever the number of workers. None takes the seed of the
        loader's generator, which does not advance, or fresh entropy where it has none.
    pool_size : int, default=None
        How many synthetic samples are kept ready; None takes as many as an epoch can use. Fewer are used again within
        an epoch, and so are the samples of a class that a custom sampler draws more often than balanced classes need.

    Returns
    -------
    DataLoader
        Its ``dataset`` is a `MixedDataset`, with ``set_synthetic_fraction``, ``refresh`` and ``set_epoch``.

    Raises
    ------
    ParameterError
        An option is not what it may be, or the loader was already prepared by Accelerate or Fabric, or cannot be
        wrapped; the text says what to do instead.
    DataError
        Items, labels or synthetic samples do not fit together; before any training.

    Notes
    -----
    Where a sampler draws for several processes and fills up by repeating indices, as `DistributedSampler` and
    Accelerate's even batches do, their synthetic counterparts repeat as well. Between processes that share no seed,
    samples differ because their pools do.
    """
    options = {"synthetic_fraction": synthetic_fraction, "mode": mode, "schedule": schedule, "label_map": label_map}
    check_options("augment_loader", augmenter=augmenter, transform=transform, pool_size=pool_size, **options)
    _check_loader(loader)
    iterable = isinstance(loader.dataset, IterableDataset)
    if random_state is None and loader.generator is not None:
        random_state = loader.generator.initial_seed() % 2**63
    stream = {} if iterable else {"_stream": stream_of(_drawing(loader), _length(loader.dataset))}
    _check_mode(loader, mode)
    dataset = MixedDataset(
        loader.dataset,
        augmenter,
        synthetic_fraction,
        mode=mode,
        schedule=schedule,
        label_map=label_map,
        transform=transform,
        random_state=random_state,
        pool_size=pool_size,
        **stream,
    )
    return _rebuilt(loader, dataset)


def _check_loader(loader: Any) -> None:
    for kind in type(loader).__mro__:
        if kind.__name__ in _PREPARED:
            raise ParameterError(
                f"The loader was already prepared ({type(loader).__name__}); call augment_loader before "
                f"{_PREPARED[kind.__name__]}, or put SyntheticMix on its batches."
            )
    if not isinstance(loader, DataLoader):
        raise ParameterError(
            f"The 'loader' parameter of augment_loader must be a torch DataLoader. Got a {type(loader).__name__} "
            "instead; put SyntheticMix on its batches."
        )
    if hasattr(loader.dataset, "set_synthetic_fraction"):
        raise ParameterError(
            "The loader mixes synthetic samples in already; change its share by loader.dataset.set_synthetic_fraction, "
            "or wrap the original one."
        )
    if isinstance(loader.sampler, BatchSampler):
        raise ParameterError(
            "The loader has a batch sampler as sampler=, so that its data set is asked for whole batches; give it as "
            "batch_sampler=, or put SyntheticMix on the batches."
        )


def _check_mode(loader: Any, mode: str) -> None:
    if mode != "append" or isinstance(loader.dataset, IterableDataset):
        return
    drawing = _drawing(loader)
    if drawing is not loader.sampler or not hasattr(drawing, "__len__"):
        raise ParameterError(
            "mode='append' needs a sampler with a length, and the loader has a "
            f"{type(drawing).__name__}; use mode='replace', or give the loader batch_size and sampler."
        )


def _length(dataset: Any) -> int:
    return len(dataset) if hasattr(dataset, "__len__") else 0


def _drawing(loader: Any) -> Any:
    """Return what decides about indices: the sampler, or a batch sampler of the user's own."""
    own = loader.batch_sampler is not None and type(loader.batch_sampler) is not BatchSampler
    return loader.batch_sampler if own else getattr(loader.batch_sampler, "sampler", loader.sampler)


def _samplers(loader: Any, dataset: Any) -> tuple[Any, Any]:
    """Return the sampler and the batch sampler that hand indices to the data set."""
    sampler, batches = loader.sampler, loader.batch_sampler
    if batches is None:
        return MixedSampler(_with_appended(sampler, dataset), dataset), None
    if type(batches) is not BatchSampler:
        return sampler, MixedSampler(batches, dataset)
    drawing = _with_appended(batches.sampler, dataset)
    kept = drawing if loader.batch_size is not None else sampler
    return kept, MixedBatchSampler(drawing, batches.batch_size, batches.drop_last, dataset)


def _with_appended(sampler: Any, dataset: Any) -> Any:
    if dataset.mode == "replace":
        return sampler
    kind = AppendedRandomSampler if isinstance(sampler, RandomSampler) else AppendedSampler
    return kind(sampler, dataset)


def _rebuilt(loader: Any, dataset: Any) -> DataLoader[Any]:
    """Return the loader over another data set: built anew, or copied where its class may have other arguments.

    Sampler and batch sampler of a finished loader can only be put where they are kept. A batch sampler that is given as
    an argument would cost the loader its ``batch_size``, and Lightning looks for batch samplers in the attribute.
    Lightning also notes the arguments of loaders made inside a hook, and makes them anew from its notes; a copy must
    not have those of its original.
    """
    sampler, batches = _samplers(loader, dataset)
    if type(loader) is DataLoader:
        new = _built(loader, dataset, sampler)
    else:
        new = copy.copy(loader)
        for name in [name for name in vars(new) if name.startswith("__")]:
            del vars(new)[name]
    vars(new).update(dataset=dataset, sampler=sampler, batch_sampler=batches, _iterator=None)
    return new


def _built(loader: Any, dataset: Any, sampler: Any) -> DataLoader[Any]:
    options = {name: getattr(loader, name) for name in _KEPT if hasattr(loader, name)}
    if loader.num_workers:
        options["multiprocessing_context"] = loader.multiprocessing_context
    if loader.pin_memory_device:
        options["pin_memory_device"] = loader.pin_memory_device
    if loader.batch_size is None and loader.batch_sampler is not None:
        return DataLoader(dataset, batch_sampler=loader.batch_sampler, **options)
    if not isinstance(dataset, IterableDataset):
        options["sampler"] = sampler
    return DataLoader(dataset, batch_size=loader.batch_size, drop_last=loader.drop_last, **options)
