"""Mix synthetic samples into a map-style data set: `MixedDataset`."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset, IterableDataset

from ..data.items import get_classes, match_labels
from ..data.layouts import Field, FieldNames
from ..errors import DataError
from ..rng import Seed, numpy_stream
from .base import MixedBase
from .conversion import SampleConverter, SampleSpec, Transform
from .iterable import MixedIterableDataset
from .pool import SamplePool, check_pool_size, split_pool_size
from .share import EpochPlan, Schedule, check_options, choose_positions, make_batch_rng
from .sources import Leaf, find_leaf, survey_dataset


class NumberedIndex(int):
    """An index with its number among the draws of its class in an epoch.

    Samplers that can draw an index twice yield it, so that each draw gets its own synthetic sample.

    Attributes
    ----------
    slot : int
        Number of the draw, counted from 0.
    """

    slot: int

    def __new__(cls, index: int, slot: int) -> NumberedIndex:
        """Return the index with its number."""
        numbered = super().__new__(cls, index)
        numbered.slot = slot
        return numbered

    def __reduce__(self) -> tuple[Any, ...]:
        return NumberedIndex, (int(self), self.slot)


class MixedDataset(MixedBase, Dataset[Any]):
    """A map-style data set in which a share of the samples is synthetic.

    With ``mode="replace"`` it has the length and the indices of the real data set, so that samplers, weights and splits
    stay valid. In each batch of a `DataLoader`, the synthetic fraction holds to within one sample. A synthetic sample
    replaces a real one of the same label; the label and the other fields of the item stay. The seed, the epoch and the
    indices of the batch decide which samples are replaced, whatever the number of workers. Each index has its own
    synthetic sample in an epoch, so none occurs twice unless an index does. For samplers that repeat indices,
    `augment_loader` avoids that, too.

    With ``mode="append"`` all real samples stay. Synthetic samples with the same class proportions follow them.

    For an `IterableDataset` the constructor returns a `MixedIterableDataset`. Use it for training data only: no error
    can tell validation data from them.

    Parameters
    ----------
    real : Dataset
        Anything with ``__len__`` and ``__getitem__``, such as a data set of torchvision or Hugging Face, whose items
        have a sample and a label. Labels are numbers, text, 0-d tensors or one-hot rows. Labels stored as ``targets``,
        ``labels`` or ``y``, or in a column of Hugging Face, are used if they agree with those of some items; else every
        item is read once.
    augmenter : object with ``sample(n=None, y=None, random_state=None) -> (X, y)``
        Such as a fitted `GANAugmenter`. The constructor calls it once; workers do not need it.
    synthetic_fraction : float in [0, 1], default=0.3
        Synthetic samples / all samples.
    mode : {"replace", "append"}, default="replace"
        Whether synthetic samples replace real ones or lengthen the epoch.
    schedule : callable or ("linear", start, end, epochs), default=None
        The fraction by epoch, counted from 0. An epoch begins with each pass over a loader of `augment_loader`, or with
        `set_epoch`.
    image, label : position, key or function of an item, default=None
        Fields of an item that are its sample and its label. Without them, the sample is the field "image" (or "img",
        "pixel_values", ...), or the only image; the label is the field "label" (or "labels", "target", "targets", "y",
        "class"), what Hugging Face declares as ``ClassLabel``, or the only number, text or one-hot row that is no path
        or index. Several that could be are refused. A function returns the label; or the object in the item that is
        the sample.
    keep : collection of positions and keys, default=()
        Fields beside sample and label that may stay those of the real item whose place a synthetic sample takes.
        Without it masks, boxes and everything else that has more than one value are refused, because they belong to
        the image that is replaced; numbers and texts stay with a warning. Paths, indices, and what follows from the
        label stay without a word.
    label_map : mapping, default=None
        Labels of the data set to those of the augmenter. Without it, equal labels match, or the names that the data set
        has for them in ``classes``, in the ``ClassLabel`` of Hugging Face, or in the ``info`` of medmnist.
    transform : callable, default=None
        A function of one synthetic sample that returns what the data set yields in its place. Where the augmenter
        samples tables, a function of a frame of m rows that returns a tensor of m rows. Without it, images (PIL, uint8
        or floats in [0, 1]) go through the data set's ``transform`` as 8-bit images. Samples with the type, dtype and
        shape of real ones pass unchanged; layout, uint8 and [0, 1] are converted.
    soft_labels : classifier with ``predict_proba``, or callable, default=None
        A teacher. Labels are then class probabilities, float32 of shape (n_classes,), as MixUp gives them: those of the
        teacher for synthetic samples, computed once, and one-hot rows for real ones. Labels have to number its classes
        from 0. A callable gets all samples as the augmenter returns them, and returns probabilities of shape (m,
        n_classes). A `CrossFittedTeacher` that was fitted to the samples of the data set gives real ones its soft
        labels, too.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the synthetic samples and of their positions.
    pool_size : int, default=None
        Number of synthetic samples kept in memory; None keeps as many as an epoch can use. A smaller pool repeats
        samples within an epoch.

    Attributes
    ----------
    real : Dataset
        The data set that was given. Its attributes, such as ``classes`` and ``targets``, can be read from this one too.
    mode : {"replace", "append"}
        As given.
    class_codes : ndarray of int64, shape (len(self),)
        Class of each index.

    Raises
    ------
    ParameterError
        An option has a value it may not have.
    DataError
        Items, labels and synthetic samples do not fit together; raised before any training.

    See Also
    --------
    augment_loader : The same for a finished loader, whatever its sampler.
    SyntheticMix : The same for batches.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> from torch.utils.data import TensorDataset
    >>> from ganaug import GaussianCopula, MixedDataset
    >>> X, y = load_iris(return_X_y=True)
    >>> real = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))
    >>> mixed = MixedDataset(real, GaussianCopula(random_state=0).fit(X, y), 0.25, mode="append", random_state=0)
    >>> len(real), len(mixed)
    (150, 200)
    >>> x, label = mixed[150]
    >>> x.shape, x.dtype
    (torch.Size([4]), torch.float32)
    """

    def __new__(cls, real: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return a `MixedIterableDataset` for an `IterableDataset`."""
        if isinstance(real, IterableDataset):
            return MixedIterableDataset(real, *args, **kwargs)
        return super().__new__(cls)

    def __init__(  # noqa: PLR0913 - each is one choice of how to mix
        self,
        real: Any,
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
        _plan: EpochPlan | None = None,
    ) -> None:
        options = {"synthetic_fraction": synthetic_fraction, "mode": mode, "schedule": schedule, "label_map": label_map}
        options |= {"transform": transform, "soft_labels": soft_labels, "pool_size": pool_size}
        options |= {"image": image, "label": label, "keep": keep}
        check_options("MixedDataset", augmenter=augmenter, **options)
        self._set_options(
            real,
            augmenter,
            synthetic_fraction,
            mode=mode,
            schedule=schedule,
            transform=transform,
            soft_labels=soft_labels,
            random_state=random_state,
        )
        # Match the labels of the real items to the augmenter's classes.
        survey = survey_dataset(real, FieldNames(image, label, tuple(keep)))
        self._layout = survey.layout
        matched = match_labels(survey.labels, get_classes(augmenter), survey.class_names, label_map)
        classes = list(dict.fromkeys(matched.values()))
        check_pool_size("MixedDataset", pool_size, len(classes))
        self._code = {label: classes.index(name) for label, name in matched.items()}
        codes = np.array([self._code[label] for label in survey.labels], dtype=np.int64)
        # Give each index an owner, the real item that lends label and other fields, and a slot within its class.
        plan = _plan or EpochPlan(len(codes))
        sizes = plan.count_class_draws(codes, len(classes))
        self._owners = np.arange(len(codes))
        if mode == "append":
            n_appended = count_appended(plan, synthetic_fraction)
            appended = self._choose_owners(codes, plan.compute_class_shares(codes, len(classes)), n_appended)
            self._owners = np.concatenate([self._owners, appended])
            sizes = np.bincount(codes[appended], minlength=len(classes))
        self.class_codes = codes[self._owners]
        self._slots = np.concatenate([rank_within_class(part) for part in np.split(self.class_codes, [len(codes)])])
        # Draw the synthetic samples, and choose how they become what the data set yields.
        if pool_size is not None:
            sizes = np.array(split_pool_size(sizes / max(1, sizes.sum()), pool_size))
        self._pool = SamplePool(augmenter, classes, sizes.tolist(), self._seed, transform, self._softener)
        if self._softener is not None:
            self._softener.check_classes(matched)
            self._softener.learn_real(survey.labels)
        self._spec = SampleSpec.infer([survey.layout.get_sample(item) for item in survey.items.values()])
        self._converters: dict[Leaf, SampleConverter] = {}
        if len(self._pool):
            for index, item in survey.items.items():
                self._get_converter(index, item)

    def __len__(self) -> int:
        """Return the number of real samples, and with ``mode="append"`` of synthetic ones too."""
        return len(self._owners)

    def __getitem__(self, index: Any) -> Any:
        """Return one item; it is synthetic with the synthetic fraction as its probability."""
        owner = int(self._owners[self._find_position(index)])
        return self._mix([self.real[owner]], [index])[0]

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        """Return the items of a batch; the synthetic fraction holds in it to within one sample."""
        owners = [int(self._owners[self._find_position(index)]) for index in indices]
        fetch = getattr(self.real, "__getitems__", None)
        items = fetch(owners) if callable(fetch) else [self.real[owner] for owner in owners]
        if not isinstance(items, list | tuple) or len(items) != len(indices):
            raise DataError(
                f"The data set returned {type(items).__name__} for a batch of {len(indices)} indices, not a list of as "
                "many items; put SyntheticMix on its batches instead."
            )
        return self._mix(list(items), indices)

    @property
    def synthetic_fraction(self) -> float:
        """Synthetic fraction of each batch at present, or of the epoch with ``mode="append"``, in [0, 1]."""
        if self.mode == "append":
            return 1.0 - len(self.real) / len(self)
        return self._shared.fraction

    def permute_appended(self, rank: int, replicas: int) -> NDArray[np.int64]:
        """Return the indices of one process's appended samples, in a random order that the epoch decides."""
        own = np.arange(len(self.real) + rank, len(self), replicas)
        return numpy_stream(self._seed, "append", self._shared.epoch, rank).permutation(own)

    def draw_offset(self, total: int) -> int:
        """Draw where in a cycle of `total` indices the appended samples of this epoch begin, in [0, total)."""
        return int(numpy_stream(self._seed, "offset", self._shared.epoch).integers(total))

    def _choose_owners(self, codes: NDArray[np.int64], shares: NDArray[np.float64], n: int) -> NDArray[np.int64]:
        """Choose a real index for each of `n` appended samples, which takes its label and its other fields."""
        rng = numpy_stream(self._seed, "owners")
        bounds = np.rint(np.cumsum(shares) * n).astype(np.int64)
        counts = np.diff(bounds, prepend=0)
        chosen = [
            np.resize(rng.permutation(np.flatnonzero(codes == code)), count)
            for code, count in enumerate(counts)
            if count
        ]
        return rng.permutation(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)

    def _get_converter(self, index: int, item: Any) -> SampleConverter:
        """Return the converter for the part of the real data set that has an item; parts may differ in transform."""
        leaf, dataset = find_leaf(self.real, index)
        if leaf not in self._converters:
            label = self._layout.get_raw_label(item)
            self._converters[leaf] = self._choose_converter(self._spec, dataset, label)
        return self._converters[leaf]

    def _find_position(self, index: Any) -> int:
        try:
            position = operator.index(index)
        except TypeError:
            raise DataError(
                f"MixedDataset was asked for the index {index!r}; it takes one whole number at a time, so put "
                "SyntheticMix on the batches of a loader whose data set is asked otherwise."
            ) from None
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} of a MixedDataset of length {len(self)}")
        return position % len(self)

    def _mix(self, items: list[Any], indices: Sequence[Any]) -> list[Any]:
        """Put synthetic samples into some of the real items of a batch."""
        indexed = [self._find_position(index) for index in indices]
        slots = [
            index.slot if isinstance(index, NumberedIndex) else int(self._slots[i])
            for index, i in zip(indices, indexed, strict=True)
        ]
        if self.mode == "append":
            chosen = [p for p, i in enumerate(indexed) if i >= len(self.real)]
        else:
            chosen = self._choose_replaced(indexed, slots)
        replaced = set(chosen)
        for p, i in enumerate(indexed):
            owner = int(self._owners[i])
            if p in replaced:
                items[p] = self._insert_synthetic(items[p], owner, slots[p])
            elif self._softener is not None:
                label = self._layout.get_label(items[p])
                items[p] = self._layout.replace_label(items[p], self._softener.soften(label, owner))
        return items

    def _choose_replaced(self, indexed: list[int], slots: list[int]) -> list[int]:
        fraction = self._shared.fraction
        if fraction <= 0:
            return []
        rng = make_batch_rng(self._seed, self._shared.epoch, *indexed, *slots)
        return choose_positions(len(indexed), fraction, rng).tolist()

    def _insert_synthetic(self, item: Any, owner: int, slot: int) -> Any:
        """Return a real item with a synthetic sample of its label."""
        label = self._layout.get_label(item)
        if label not in self._code:
            raise DataError(
                f"Item {owner} has the label {label!r}, which no item had before; give a data set whose labels do not "
                "change."
            )
        index = self._pool.get_index(self._code[label], slot, self._shared.epoch)
        convert = self._get_converter(owner, item)
        mixed = self._layout.replace_sample(item, convert(self._pool.get_sample(index)))
        proba = self._pool.get_proba(index)
        return mixed if proba is None else self._layout.replace_label(mixed, proba)


def count_appended(plan: EpochPlan, fraction: float) -> int:
    """Return how many appended samples make `fraction` of an epoch with all real draws; every process gets as many."""
    per_process = plan.length / plan.replicas
    return plan.replicas * round(per_process * fraction / (1 - fraction))


def rank_within_class(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each element among those of its class, counted from 0."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    ranks = np.empty(len(codes), dtype=np.int64)
    ranks[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return ranks
