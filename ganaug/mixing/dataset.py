"""`MixedDataset`: a data set with synthetic samples in place of, or below, its real ones."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset, IterableDataset

from ..data.items import get_classes, match_labels
from ..errors import DataError, ParameterError
from ..params import check_params, integer
from ..rng import Seed, isolated_global_state, new_seed, numpy_stream
from .bank import Bank, checked_pool_size, sizes_of
from .forms import Form, Rendering, Transform, choose_rendering
from .iterable import MixedIterableDataset
from .share import FRACTION, Live, Schedule, Stream, batch_rng, check_options, fraction_at, positions
from .sources import Leaf, Survey, image_transform, leaf_of, survey


class Draw(int):
    """An index that knows which use of its class it is in the epoch, for samplers that draw one more than once."""

    slot: int

    def __new__(cls, index: int, slot: int) -> Draw:
        """Return the index with its number among the draws of its class."""
        draw = super().__new__(cls, index)
        draw.slot = slot
        return draw

    def __reduce__(self) -> tuple[Any, ...]:
        return Draw, (int(self), self.slot)


class MixedDataset(Dataset[Any]):
    """A map-style data set that mixes synthetic samples in among the real ones.

    With ``mode="replace"`` it has the length and the indices of the real data set, so that samplers, weights and splits
    of it stay right, and of each batch that a `DataLoader` fetches a share is synthetic, to within one sample. A
    synthetic sample takes the place of a real one of the same label, in the real one's item: labels keep their form,
    other fields their content. Which places are taken depends on the seed, the epoch and the indices of the batch,
    never on workers. Each index has its own synthetic counterpart in an epoch, so that none comes twice where no index
    does; `augment_loader` sees to that for samplers that draw an index more than once.

    With ``mode="append"`` all real samples stay, and synthetic ones with the same proportions of classes follow them.

    An `IterableDataset` gives a `MixedIterableDataset`. Meant for training data: wrapping validation data is a mistake
    that nothing can notice.

    Parameters
    ----------
    real : Dataset
        Items ``(sample, label)`` as tuple or list, or dicts with a label under "label", "labels", "target", "targets",
        "y" or "class". Labels: numbers, text, 0-d tensors or one-hot rows. Labels of all items have to be known: those
        stored as ``targets``, ``labels`` or ``y`` are taken once some items confirmed them, else every item is read
        once.
    augmenter : object with ``sample(n=None, y=None, random_state=None) -> (X, y)``
        Such as a fitted `GANAugmenter`. It is asked once, here; workers need it no more.
    synthetic_fraction : float in [0, 1], default=0.3
        Synthetic samples / all that come out.
    mode : {"replace", "append"}, default="replace"
        Whether synthetic samples take the place of real ones, or lengthen the epoch.
    schedule : callable or ("linear", start, end, epochs), default=None
        The fraction by epoch, counted from 0. Epochs start with each pass over a loader of `augment_loader`, or when
        `set_epoch` says so.
    label_map : mapping, default=None
        Labels of the data set to those of the augmenter. Without it equal ones match, or the names that the data set
        has for them in ``classes``.
    transform : callable, default=None
        A function of one synthetic sample that returns what the data set yields in its place; of a frame of m rows that
        returns a tensor of m rows, where the augmenter samples tables. Without it, images (PIL, uint8
        or floats in [0, 1]) go through the data set's ``transform`` as 8-bit images; what has the form of real samples
        passes unchanged; layout, uint8 and [0, 1] are converted.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Decides which samples are drawn and where they go.
    pool_size : int, default=None
        How many synthetic samples are kept ready; None takes as many as an epoch can use. Fewer are used again within
        an epoch.

    Attributes
    ----------
    real : Dataset
        What was given. Its attributes, such as ``classes``, ``targets`` and ``transform``, can be read here too.

    Raises
    ------
    ParameterError
        An option is not what it may be.
    DataError
        The items, their labels, or what the augmenter samples does not fit together; before any training.
    """

    def __new__(cls, real: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the iterable form for an `IterableDataset`."""
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
        label_map: Mapping[Any, Any] | None = None,
        transform: Transform | None = None,
        random_state: Seed = None,
        pool_size: int | None = None,
        _stream: Stream | None = None,
    ) -> None:
        options = {"synthetic_fraction": synthetic_fraction, "mode": mode, "schedule": schedule, "label_map": label_map}
        check_options("MixedDataset", augmenter=augmenter, transform=transform, pool_size=pool_size, **options)
        self.real, self.mode = real, mode
        self._seed = new_seed(random_state)
        self._augmenter, self._schedule, self._frames = augmenter, schedule, transform
        self._live = Live(synthetic_fraction if schedule is None else fraction_at(schedule, 0))
        found = survey(real)
        names = match_labels(found.labels, get_classes(augmenter), found.names, label_map)
        classes = list(dict.fromkeys(names.values()))
        checked_pool_size("MixedDataset", pool_size, len(classes))
        self._code = {label: classes.index(name) for label, name in names.items()}
        codes = np.array([self._code[label] for label in found.labels], dtype=np.int64)
        stream = _stream or Stream(len(codes))
        self._owners = np.arange(len(codes))
        sizes = stream.sizes(codes, len(classes))
        if mode == "append":
            more = self._chosen_owners(codes, stream.shares(codes, len(classes)), appended(stream, synthetic_fraction))
            self._owners = np.concatenate([self._owners, more])
            sizes = np.bincount(codes[more], minlength=len(classes))
        self.class_codes = codes[self._owners]
        self._slots = np.concatenate([_ranks(part) for part in np.split(self.class_codes, [len(codes)])])
        if pool_size is not None:
            sizes = np.array(sizes_of(sizes / max(1, sizes.sum()), pool_size))
        self._bank = Bank(augmenter, classes, sizes.tolist(), self._seed, transform)
        self._layout, self._form = (
            found.layout,
            Form.of([found.layout.get_sample(item) for item in found.items.values()]),
        )
        self._renderings: dict[Leaf, Rendering] = {}
        if len(self._bank):
            self._find_renderings(found)

    def __len__(self) -> int:
        """Return the number of real samples, and of those below them with ``mode="append"``."""
        return len(self._owners)

    def __getitem__(self, index: Any) -> Any:
        """Return one item; alone it is synthetic with the synthetic fraction as its probability."""
        owner = int(self._owners[self._position(index)])
        return self._mixed([self.real[owner]], [index])[0]

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        """Return the items of a batch, of which the synthetic fraction, to within one sample, is synthetic."""
        owners = [int(self._owners[self._position(index)]) for index in indices]
        fetch = getattr(self.real, "__getitems__", None)
        items = fetch(owners) if callable(fetch) else [self.real[owner] for owner in owners]
        if not isinstance(items, list | tuple) or len(items) != len(indices):
            raise DataError(
                f"The data set returned {type(items).__name__} for a batch of {len(indices)} indices, not a list of as "
                "many items; put SyntheticMix on its batches instead."
            )
        return self._mixed(list(items), indices)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the real data set."""
        if name.startswith("_") or name == "real":  # not there yet while it is unpickled
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.real, name)

    def __getstate__(self) -> dict[str, Any]:
        """Return what workers need; the augmenter, which may be on a GPU, stays in the main process."""
        return {**self.__dict__, "_augmenter": None, "_schedule": None, "_frames": None}

    @property
    def synthetic_fraction(self) -> float:
        """Synthetic fraction of each batch now, in [0, 1]."""
        if self.mode == "append":
            return 1.0 - len(self.real) / len(self)
        return self._live.fraction

    def set_synthetic_fraction(self, fraction: float) -> None:
        """Change the share from now on, in running and persistent workers too; batches fetched ahead keep theirs.

        Raises
        ------
        ParameterError
            It is no number from 0 to 1, or synthetic samples are appended.
        """
        check_params("set_synthetic_fraction", {"fraction": fraction}, {"fraction": FRACTION})
        if self.mode == "append":
            raise ParameterError(
                "The synthetic fraction cannot change with mode='append', where the length of an epoch follows from "
                "it; wrap the loader anew, or with mode='replace'."
            )
        self._live.fraction = fraction

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes, counted from 0: its counterparts for each index, and its share by the schedule.

        Loaders of `augment_loader` count by themselves; there it is for training that goes on after a stop.
        """
        check_params("set_epoch", {"epoch": epoch}, {"epoch": integer(0)})
        self._live.set_epoch(epoch)
        self._follow_schedule(epoch)

    def start_epoch(self) -> None:
        """Begin the next epoch; loaders of `augment_loader` do so at each pass."""
        self._follow_schedule(self._live.start_epoch())

    def refresh(self) -> None:
        """Draw new synthetic samples; running workers see them where samples are arrays or tensors.

        Raises
        ------
        ParameterError
            It is called in a worker process, where the augmenter is not.
        """
        if self._augmenter is None:
            raise ParameterError(
                "refresh() needs the augmenter, which copies in other processes lack; call it on the first."
            )
        self._bank.refresh(self._augmenter, self._frames)

    def epoch_order(self, rank: int, replicas: int) -> NDArray[np.int64]:
        """Return the indices of one process's appended samples, in the order of this epoch."""
        own = np.arange(len(self.real) + rank, len(self), replicas)
        return numpy_stream(self._seed, "append", self._live.epoch, rank).permutation(own)

    def offset(self, total: int) -> int:
        """Return where in a cycle of `total` the appended samples of this epoch begin, in [0, total)."""
        return int(numpy_stream(self._seed, "offset", self._live.epoch).integers(total))

    def _follow_schedule(self, epoch: int) -> None:
        if self._schedule is not None:
            self._live.fraction = fraction_at(self._schedule, epoch)

    def _chosen_owners(self, codes: NDArray[np.int64], shares: NDArray[np.float64], more: int) -> NDArray[np.int64]:
        """Return a real index for each appended sample, which lends it its label and its other fields."""
        rng = numpy_stream(self._seed, "owners")
        bounds = np.rint(np.cumsum(shares) * more).astype(np.int64)
        counts = np.diff(bounds, prepend=0)
        chosen = [
            np.resize(rng.permutation(np.flatnonzero(codes == code)), count)
            for code, count in enumerate(counts)
            if count
        ]
        return rng.permutation(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)

    def _find_renderings(self, found: Survey) -> None:
        sample, pool = self._bank.take(0), self._bank.form()
        own = None if self._bank.framed else self._frames
        with isolated_global_state():
            for index, item in found.items.items():
                leaf, dataset = leaf_of(self.real, index)
                if leaf not in self._renderings:
                    through = own or image_transform(dataset, self._layout.get_raw_label(item))
                    way = choose_rendering(sample, pool, self._form, through, own is not None)
                    self._renderings[leaf] = way

    def _position(self, index: Any) -> int:
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

    def _mixed(self, items: list[Any], indices: Sequence[Any]) -> list[Any]:
        """Put synthetic samples into some of the real items of a batch."""
        at = [self._position(index) for index in indices]
        slots = [
            index.slot if isinstance(index, Draw) else int(self._slots[i]) for index, i in zip(indices, at, strict=True)
        ]
        if self.mode == "append":
            chosen = [p for p, i in enumerate(at) if i >= len(self.real)]
        else:
            chosen = self._replaced(at, slots)
        for p in chosen:
            items[p] = self._synthetic(items[p], int(self._owners[at[p]]), slots[p])
        return items

    def _replaced(self, at: list[int], slots: list[int]) -> list[int]:
        fraction = self._live.fraction
        if fraction <= 0:
            return []
        rng = batch_rng(self._seed, self._live.epoch, *at, *slots)
        return positions(len(at), fraction, rng).tolist()

    def _synthetic(self, item: Any, owner: int, slot: int) -> Any:
        label = self._layout.get_label(item)
        if label not in self._code:
            raise DataError(f"Item {owner} has the label {label!r}, which none had before; give labels that stay.")
        sample = self._bank.take(self._bank.entry(self._code[label], slot, self._live.epoch))
        leaf, dataset = leaf_of(self.real, owner)
        if leaf not in self._renderings:  # a part that none of the items looked at was from
            through = image_transform(dataset, self._layout.get_raw_label(item))
            self._renderings[leaf] = choose_rendering(sample, self._bank.form(), self._form, through, False)
        return self._layout.replace_sample(item, self._renderings[leaf](sample))


def appended(stream: Stream, fraction: float) -> int:
    """Return how many synthetic samples make `fraction` of an epoch that keeps all real draws, as many per process."""
    each = stream.length / stream.replicas
    return stream.replicas * round(each * fraction / (1 - fraction))


def _ranks(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each element among those of its class, counted from 0."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    ranks = np.empty(len(codes), dtype=np.int64)
    ranks[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return ranks
