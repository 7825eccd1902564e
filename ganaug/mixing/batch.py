"""Mix synthetic samples into batches: `SyntheticMix`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import get_worker_info

from ..data.companions import check_companions
from ..data.fields import list_fields, replace_field
from ..data.items import convert_label, match_labels
from ..data.layouts import Field, FieldNames, ItemLayout, infer_layout
from ..errors import DataError
from ..params import check_params
from ..rng import Seed, isolated_global_state, new_seed, numpy_stream, stream_seed
from .conversion import SampleSpec, Transform, choose_converter
from .pool import DEFAULT_POOL_SIZE, SamplePool, check_pool_size, list_classes
from .share import FRACTION, check_options, choose_positions
from .soft import LabelSoftener


class SyntheticMix:
    """A batch transform that replaces a share of the samples by synthetic ones of the same labels.

    Call it as ``x, y = mix(x, y)`` after the loader, or inside ``collate_fn`` after ``default_collate``. Call it before
    MixUp and CutMix, whose labels belong to several classes. It works with any loader, also with those that a framework
    has prepared.

    Parameters
    ----------
    augmenter : object with ``sample(n=None, y=None, random_state=None) -> (X, y)``
        Such as a fitted `GANAugmenter`. Only the constructor and `refresh` call it.
    synthetic_fraction : float in [0, 1], default=0.3
        Synthetic samples / all samples of a batch, to within one sample; `set_synthetic_fraction` changes it.
    pool_size : int, default=None
        Number of synthetic samples kept in memory, the same for each class; None takes 10,000. A class that has used
        all of its samples begins again in another order; `refresh` draws new ones.
    device : torch.device or str, default=None
        Where the samples are kept; None takes the device of the batches. Inside ``collate_fn`` of worker processes
        leave it None or "cpu".
    image, label : position, key or function of a batch, default=None
        Fields of a batch that are its samples and labels, found as by `MixedDataset` without them; for calls with a
        whole batch.
    keep : collection of positions and keys, default=()
        Fields of a batch that may stay those of real samples, as for `MixedDataset`.
    label_map : mapping, default=None
        Labels of the batches to those of the augmenter; without it, equal labels match.
    transform : callable, default=None
        A function of one synthetic sample that returns what a batch has in its place; it is called once for each. Where
        the augmenter samples tables, a function of a frame of m rows that returns a tensor of m rows. Without it,
        samples with the shape and dtype of those in a batch pass unchanged; layout, uint8 and [0, 1] of images are
        converted.
    soft_labels : classifier with ``predict_proba``, or callable, default=None
        A teacher, as for `MixedDataset`: the labels of a batch are then class probabilities, float32 of shape (B,
        n_classes), those of the teacher for synthetic samples and one-hot rows for real ones.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the synthetic samples and of their positions.

    Attributes
    ----------
    synthetic_fraction : float
        Fraction at present.

    Raises
    ------
    ParameterError
        An option has a value it may not have.
    DataError
        The augmenter returned other samples than it was asked for.

    See Also
    --------
    augment_loader : The same for a whole loader, without repeated samples in an epoch.
    MixedDataset : The same for a data set.

    Notes
    -----
    In worker processes each worker takes its own part of the pool, and draws by the seed that the loader gave it.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_digits
    >>> from ganaug import GaussianCopula, SyntheticMix
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> mix = SyntheticMix(GaussianCopula(random_state=0).fit(X, y), 0.25, pool_size=100, random_state=0)
    >>> x, labels = torch.tensor(X[:40], dtype=torch.float32), torch.tensor(y[:40])
    >>> mixed, _ = mix(x, labels)
    >>> int((mixed != x).any(dim=1).sum())
    10
    """

    def __init__(  # noqa: PLR0913 - each is one choice of how to mix
        self,
        augmenter: Any,
        synthetic_fraction: float = 0.3,
        *,
        pool_size: int | None = None,
        device: torch.device | str | None = None,
        image: Field = None,
        label: Field = None,
        keep: Collection[Any] = (),
        label_map: Mapping[Any, Any] | None = None,
        transform: Transform | None = None,
        soft_labels: Any = None,
        random_state: Seed = None,
    ) -> None:
        options: dict[str, Any] = {"synthetic_fraction": synthetic_fraction, "label_map": label_map}
        options |= {"transform": transform, "soft_labels": soft_labels, "pool_size": pool_size}
        options |= {"image": image, "label": label, "keep": keep}
        check_options("SyntheticMix", augmenter=augmenter, **options)
        self.synthetic_fraction = float(synthetic_fraction)
        self._augmenter = augmenter
        self._transform = transform
        self._names = FieldNames(image, label, tuple(keep))
        self._layout: ItemLayout | None = None
        self._label_map = label_map
        self._device = None if device is None else torch.device(device)
        self._seed = new_seed(random_state)
        classes = list_classes(augmenter, label_map, self._seed)
        check_pool_size("SyntheticMix", pool_size, len(classes))
        per_class = (pool_size or DEFAULT_POOL_SIZE) // len(classes)
        self._softener = None if soft_labels is None else LabelSoftener(soft_labels)
        sizes = [per_class] * len(classes)
        self._pool = SamplePool(augmenter, classes, sizes, self._seed, transform, self._softener)
        self._codes: dict[Any, int] = {}
        self._converted: Tensor | None = None  # all samples of the pool, like those in batches of `_spec`
        self._spec: SampleSpec | None = None
        self._start_pass(None)

    def __call__(self, x: Any, y: Any = None) -> Any:
        """Return a copy of the batch with synthetic samples in it.

        Parameters
        ----------
        x : Tensor of shape (B, ...), or a batch as tuple, list or dict
            Samples; or a whole batch, in which samples and labels are found as `MixedDataset` finds them in items.
        y : Tensor of shape (B,) or (B, n_classes), or sequence of length B
            Labels: numbers, one-hot rows or text. Leave it out if `x` is a batch.

        Returns
        -------
        x, y : Tensor, labels; or a batch of the given type
            Samples of the same shape, dtype and device; the labels are the given ones, or class probabilities with
            `soft_labels`.

        Raises
        ------
        DataError
            A label belongs to several classes or to none of the augmenter's, or the samples do not match the batch's.
        """
        if y is not None:
            return self._mix(x, y)
        if self._layout is None or self._layout.adapt(x) is not self._layout:
            self._layout = self._read_layout(x)
        layout = self._layout
        mixed, labels = self._mix(layout.get_sample(x), layout.get_raw_label(x))
        mixed_batch = layout.replace_sample(x, mixed)
        return mixed_batch if self._softener is None else layout.replace_label(mixed_batch, labels)

    def set_synthetic_fraction(self, fraction: float) -> None:
        """Change the synthetic fraction from the next batch on; copies in worker processes keep theirs.

        Parameters
        ----------
        fraction : float in [0, 1]
            Synthetic samples / all samples.
        """
        check_params("set_synthetic_fraction", {"fraction": fraction}, {"fraction": FRACTION})
        self.synthetic_fraction = float(fraction)

    def refresh(self) -> None:
        """Replace all synthetic samples by new ones.

        Raises
        ------
        ParameterError
            This is a copy, such as one in a worker process, which has no augmenter.
        """
        self._pool.refresh(self._augmenter, self._transform)
        self._spec = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what workers need; the augmenter and tensors on a GPU stay in the main process."""
        return {**self.__dict__, "_augmenter": None, "_converted": None, "_spec": None}

    def _start_pass(self, worker: Any) -> None:
        """Reset counts and random streams: once in the main process, once in each worker that is started."""
        self._worker = None if worker is None else (worker.id, worker.seed)
        self._stripe: int = 0 if worker is None else worker.id
        self._stripes: int = 1 if worker is None else worker.num_workers
        names = () if worker is None else (worker.seed,)
        self._rng = numpy_stream(self._seed, "batches", *names)
        shared = () if worker is None else (worker.seed - worker.id,)  # the same in all workers of an epoch
        self._epoch = stream_seed(self._seed, "pass", *shared)
        self._used = np.zeros(len(self._pool.classes), dtype=np.int64)

    def _read_layout(self, batch: Any) -> ItemLayout:
        """Return where a batch has samples and labels, as its items show it, and check what else they have."""
        layout = infer_layout(_take_item(batch, 0), self._names)
        check_companions([_take_item(batch, i) for i in range(len(layout.get_sample(batch)))], layout)
        return layout

    def _mix(self, x: Any, y: Any) -> tuple[Tensor, Any]:
        if not isinstance(x, Tensor) or x.ndim < 1 or len(x) != len(y):
            got = f"{SampleSpec.infer([x])} and {len(y)} labels"
            raise DataError(
                f"SyntheticMix takes a tensor and as many labels, and got {got}; put it after default_collate."
            )
        worker = get_worker_info()
        if (None if worker is None else (worker.id, worker.seed)) != self._worker:
            self._start_pass(worker)
        chosen = torch.from_numpy(choose_positions(len(x), self.synthetic_fraction, self._rng))
        if not len(chosen) and self._softener is None:
            return x, y
        # All labels are checked, so that an error does not depend on chance.
        labels = _list_labels(y)
        codes = [self._get_code(label) for label in labels]
        indices = [self._take_index(codes[i]) for i in chosen.tolist()]
        y = self._soften(labels, chosen.tolist(), indices, x.device) if self._softener is not None else y
        if not len(chosen):
            return x, y
        pool = self._convert_pool(x)
        synthetic = pool[torch.tensor(indices, device=pool.device)].to(x.device, non_blocking=True)
        return x.clone().index_copy_(0, chosen.to(x.device), synthetic), y  # a clone stays channels_last

    def _soften(self, labels: list[Any], chosen: list[int], indices: list[int], device: torch.device) -> Tensor:
        """Return the class probabilities of a batch."""
        softener = cast(LabelSoftener, self._softener)
        rows = [softener.soften(label) for label in labels]
        for place, index in zip(chosen, indices, strict=True):
            rows[place] = cast(Tensor, self._pool.get_proba(index))
        return torch.stack(rows).to(device, non_blocking=True)

    def _get_code(self, label: Any) -> int:
        if label not in self._codes:
            matched = match_labels([label], self._pool.classes, {}, self._label_map)
            if self._softener is not None:
                self._softener.check_classes(matched)
            self._codes[label] = self._pool.classes.index(matched[label])
        return self._codes[label]

    def _take_index(self, code: int) -> int:
        """Return the index in the pool of the next sample of a class."""
        used = int(self._used[code]) * self._stripes + self._stripe
        self._used[code] += 1
        turns, slot = divmod(used, int(self._pool.sizes[code]))
        return self._pool.get_index(code, slot, self._epoch + turns)

    def _convert_pool(self, x: Tensor) -> Tensor:
        """Return all synthetic samples converted to those of a batch, on the device where they are kept."""
        device = self._device or x.device
        if self._spec is None or not self._spec.matches(x[0]):
            self._spec = SampleSpec.infer(list(x.detach().cpu().unbind()))
            self._converted = self._convert_samples(self._spec)
        if self._converted is None or self._converted.device != device:
            self._converted = torch.as_tensor(self._converted).to(device)
        return self._converted

    def _convert_samples(self, spec: SampleSpec) -> Tensor:
        own = None if self._pool.from_frame else self._transform
        with isolated_global_state():
            convert = choose_converter(self._pool.get_sample(0), self._pool.infer_spec(), spec, own, own is not None)
            return torch.stack([convert(self._pool.get_sample(i)) for i in range(len(self._pool))])


def _take_item(batch: Any, i: int) -> Any:
    """Return an item of a batch that was collated; fields that hold no values of items stay."""
    item = batch
    for key, values in list_fields(batch).items():
        if isinstance(values, list | tuple) or (isinstance(values, np.ndarray | Tensor) and values.ndim):
            item = replace_field(item, (key,), values[i] if i < len(values) else values)
    return item


def _list_labels(y: Any) -> list[Any]:
    """Return the labels of a batch as Python values."""
    if isinstance(y, Tensor):
        y = y.cpu()
        return y.tolist() if y.ndim == 1 else [convert_label(label) for label in y]
    return [convert_label(label) for label in y]
