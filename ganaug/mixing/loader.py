"""Mix synthetic samples into the batches of a loader: `augment_loader`."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from torch.utils.data import BatchSampler, DataLoader, IterableDataset

from ..data.layouts import Field
from ..errors import ParameterError
from ..rng import Seed
from .conversion import Transform
from .dataset import MixedDataset
from .iterable import get_length
from .sampler import MixedBatchSampler, MixedSampler, append_indices, wrap_sampler
from .share import Schedule, check_options, plan_epoch

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
    image: Field = None,
    label: Field = None,
    keep: Collection[Any] = (),
    label_map: Mapping[Any, Any] | None = None,
    transform: Transform | None = None,
    soft_labels: Any = None,
    random_state: Seed = None,
    pool_size: int | None = None,
) -> DataLoader[Any]:
    """Return a copy of a loader in whose batches a share of the samples is synthetic.

    The copy is a torch `DataLoader` with the same batch size, sampler, collate function, workers, generator and other
    options; the given loader stays unchanged. In every batch the synthetic fraction holds to within one sample. Each
    synthetic sample replaces a real one of the same label, and none occurs twice in an epoch. Wrap the loader before
    ``accelerator.prepare`` or ``fabric.setup_dataloaders``.

    Wrap the loader of the training data only. A loader of validation data looks the same, so no error would say so.

    Parameters
    ----------
    loader : DataLoader
        Over a map-style or iterable data set whose items have a sample and a label; see `MixedDataset`.
    augmenter : object with ``sample(n=None, y=None, random_state=None) -> (X, y)``
        Such as a fitted `GANAugmenter`, or a generator of your own; see the notes for how it is called. It is called
        here only; workers read its samples from shared memory.
    synthetic_fraction : float in [0, 1], default=0.3
        Synthetic samples / all samples. ``loader.dataset.set_synthetic_fraction(f)`` changes it later, also while
        persistent workers run.
    mode : {"replace", "append"}, default="replace"
        "append" keeps every real sample and lengthens the epoch by synthetic samples with the same class proportions.
        Where a framework puts in a sampler of its own, the fraction then holds only on average.
    schedule : callable or ("linear", start, end, epochs), default=None
        The fraction by epoch; each pass over the loader is an epoch, counted from 0.
    image, label, keep, label_map, transform, soft_labels
        As for `MixedDataset`.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the synthetic samples and of their positions, whatever the number of workers. None takes the seed of the
        loader's generator, which does not advance, or fresh entropy if it has none.
    pool_size : int, default=None
        Number of synthetic samples kept in memory; None keeps as many as an epoch can use. A smaller pool repeats
        samples within an epoch. So does a custom sampler that draws a class more often than balanced classes need.

    Returns
    -------
    DataLoader
        Its ``dataset`` is a `MixedDataset`, with ``set_synthetic_fraction``, ``refresh`` and ``set_epoch``.

    Raises
    ------
    ParameterError
        An option has a value it may not have, or the loader cannot be wrapped, for example because Accelerate or Fabric
        has prepared it; the message says what to do instead.
    DataError
        Items, labels and synthetic samples do not fit together; raised before any training.

    See Also
    --------
    MixedDataset : The data set inside the returned loader.
    SyntheticMix : The same for batches of any loader.

    Notes
    -----
    A generator of your own needs no more than ``sample``, called as ``sample(None, y=labels, random_state=seed)``. Here
    `labels` is an array of shape (m,) with a label for each sample that is wanted. It returns the pair of m samples, in
    that order, and `labels`. If it has no attribute ``classes_``, or the data set is iterable, it is also called as
    ``sample(1000, random_state=seed)``, for samples of any classes and their labels. The last example has one.

    A loader with ``state_dict``, such as torchdata's ``StatefulDataLoader``, keeps the epoch and the synthetic samples
    in its state, and goes on from it exactly as it goes on alone. Give `random_state` or the loader a generator then.
    Lightning sets the epoch in a resumed training and in reloaded loaders, and `schedule` follows it. With workers it
    does so after the first batches were fetched; let ``train_dataloader`` call
    ``loader.dataset.set_epoch(self.trainer.current_epoch)``.

    Some samplers for several processes repeat indices to fill up, as `DistributedSampler` and Accelerate's even batches
    do; then synthetic samples repeat as well. Processes that share no seed have different pools, and so different
    samples.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> from ganaug import GaussianCopula, augment_loader
    >>> X, y = load_iris(return_X_y=True)
    >>> augmenter = GaussianCopula(random_state=0).fit(X, y)
    >>> data = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))
    >>> loader = augment_loader(DataLoader(data, batch_size=50, shuffle=True), augmenter, 0.3, random_state=0)
    >>> [len(labels) for x, labels in loader]
    [50, 50, 50]
    >>> loader.dataset.set_synthetic_fraction(0.5)
    >>> loader.dataset.synthetic_fraction
    0.5

    A generator of your own:

    >>> import numpy as np
    >>> means = np.array([X[y == label].mean(axis=0) for label in range(3)])
    >>> class Noisy:
    ...     classes_ = [0, 1, 2]
    ...     def sample(self, n=None, y=None, random_state=None):
    ...         rng = np.random.default_rng(random_state)
    ...         y = rng.integers(0, 3, n) if y is None else np.asarray(y)
    ...         return (means[y] + 0.3 * rng.normal(size=(len(y), 4))).astype(np.float32), y
    >>> loader = augment_loader(DataLoader(data, batch_size=50, shuffle=True), Noisy(), 0.3, random_state=0)
    >>> [x.shape for x, labels in loader]
    [torch.Size([50, 4]), torch.Size([50, 4]), torch.Size([50, 4])]
    """
    options = {"synthetic_fraction": synthetic_fraction, "mode": mode, "schedule": schedule, "label_map": label_map}
    options |= {"transform": transform, "soft_labels": soft_labels, "pool_size": pool_size}
    options |= {"image": image, "label": label, "keep": keep}
    check_options("augment_loader", augmenter=augmenter, **options)
    _check_loader(loader)
    iterable = isinstance(loader.dataset, IterableDataset)
    if random_state is None and loader.generator is not None:
        random_state = loader.generator.initial_seed() % 2**63
    plan = {} if iterable else {"_plan": plan_epoch(_get_index_source(loader), get_length(loader.dataset))}
    _check_mode(loader, mode)
    dataset = MixedDataset(
        loader.dataset,
        augmenter,
        synthetic_fraction,
        mode=mode,
        schedule=schedule,
        image=image,
        label=label,
        keep=keep,
        label_map=label_map,
        transform=transform,
        soft_labels=soft_labels,
        random_state=random_state,
        pool_size=pool_size,
        **plan,
    )
    return _rebuild_loader(loader, dataset)


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
            "The loader mixes synthetic samples in already; change its fraction by "
            "loader.dataset.set_synthetic_fraction, or wrap the original loader."
        )
    if isinstance(loader.sampler, BatchSampler):
        raise ParameterError(
            "The loader has a batch sampler as sampler=, so its data set returns whole batches; give it as "
            "batch_sampler=, or put SyntheticMix on the batches."
        )


def _check_mode(loader: Any, mode: str) -> None:
    if mode != "append" or isinstance(loader.dataset, IterableDataset):
        return
    source = _get_index_source(loader)
    if source is not loader.sampler or not hasattr(source, "__len__"):
        raise ParameterError(
            "mode='append' needs a sampler with a length, and the loader has a "
            f"{type(source).__name__}; use mode='replace', or give the loader batch_size and sampler."
        )


def _has_own_batches(loader: Any) -> bool:
    """Return whether a loader has a batch sampler of the user's own, and not one of its sampler and its batch size."""
    batches = loader.batch_sampler
    if batches is None or type(batches) is BatchSampler:
        return False
    # A loader that was given a batch sampler has no batch size. torchdata has a class of its own for all others.
    made_by_loader = loader.batch_size is not None and getattr(batches, "sampler", None) is loader.sampler
    return not (made_by_loader and isinstance(batches, BatchSampler))


def _get_index_source(loader: Any) -> Any:
    """Return the object that draws indices: the sampler, or a batch sampler of the user's own."""
    if _has_own_batches(loader):
        return loader.batch_sampler
    return getattr(loader.batch_sampler, "sampler", loader.sampler)


def _make_samplers(loader: Any, dataset: Any) -> tuple[Any, Any]:
    """Return the sampler and the batch sampler that hand indices to the data set."""
    sampler = loader.sampler
    batches = loader.batch_sampler
    appends = dataset.mode == "append"
    if batches is None:
        return MixedSampler(append_indices(sampler, dataset) if appends else sampler, dataset), None
    if _has_own_batches(loader):
        return sampler, MixedSampler(batches, dataset)
    source = (append_indices if appends else wrap_sampler)(batches.sampler, dataset)
    visible = source if appends and loader.batch_size is not None else sampler
    return visible, MixedBatchSampler(source, batches.batch_size, batches.drop_last, dataset, batches)


def _rebuild_loader(loader: Any, dataset: Any) -> DataLoader[Any]:
    """Return the loader over another data set: built anew, or copied if its class may take other arguments.

    Sampler and batch sampler are set as attributes of the finished loader. Given as an argument, a batch sampler would
    cost the loader its ``batch_size``, and Lightning looks for it in the attribute. Lightning also notes the arguments
    of loaders made inside a hook, and makes them anew from its notes; a copy must not keep the notes of its original.
    """
    sampler, batches = _make_samplers(loader, dataset)
    if type(loader) is DataLoader:
        new = _build_loader(loader, dataset, sampler)
    else:
        new = copy.copy(loader)
        for name in [name for name in vars(new) if name.startswith("__")]:
            del vars(new)[name]
    vars(new).update(dataset=dataset, sampler=sampler, batch_sampler=batches, _iterator=None)
    if hasattr(new, "_initial_iter_for_state_dict"):  # torchdata's, if the given loader was asked for its state
        vars(new)["_initial_iter_for_state_dict"] = False
    return new


def _build_loader(loader: Any, dataset: Any, sampler: Any) -> DataLoader[Any]:
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
