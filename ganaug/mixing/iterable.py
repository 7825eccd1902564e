"""`MixedIterableDataset`: a stream of items, of which synthetic samples take a share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch.distributed
from torch.utils.data import IterableDataset, get_worker_info

from ..data.items import ItemLayout, get_class_names, infer_layout, match_labels
from ..errors import ParameterError
from ..params import check_params, integer
from ..rng import Seed, isolated_global_state, new_seed, numpy_stream
from .bank import DEFAULT_POOL, Bank, checked_pool_size, class_shares, sizes_of
from .forms import Form, Rendering, Transform, choose_rendering
from .share import FRACTION, Live, Schedule, check_options, fraction_at
from .sources import image_transform


class MixedIterableDataset(IterableDataset[Any]):
    """An iterable data set in which synthetic samples take the place of real ones of the same label, evenly.

    Of any consecutive items of a worker the synthetic fraction, to within one sample, is synthetic, and so is that of
    its batches. Workers and processes use different synthetic samples; none comes twice until a class has used all of
    its share of the pool. Items and labels are looked at when the stream begins to run, since a look may cost an item.

    Parameters
    ----------
    real : IterableDataset
        Items as for `MixedDataset`. It divides itself between workers, as every iterable data set has to.
    augmenter, synthetic_fraction, schedule, label_map, transform, random_state
        As for `MixedDataset`. Its classes are those of ``classes_``, of `label_map`, and of a first look at what
        it samples.
    mode : "replace"
        The only one there is for streams.
    pool_size : int, default=None
        How many synthetic samples are kept ready, of each class its share of what the augmenter samples; None takes the
        length of the data set, or 10,000 where it has none.

    Raises
    ------
    ParameterError
        An option is not what it may be.
    DataError
        The items, their labels, or what the augmenter samples does not fit together; before the first item comes out.
    """

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
    ) -> None:
        options = {"synthetic_fraction": synthetic_fraction, "mode": mode, "schedule": schedule, "label_map": label_map}
        check_options("MixedDataset", augmenter=augmenter, transform=transform, pool_size=pool_size, **options)
        if mode != "replace":
            raise ParameterError(
                "The 'mode' parameter of MixedDataset must be 'replace' for an IterableDataset, which has its own "
                f"length. Got {mode!r} instead."
            )
        self.real, self.mode = real, mode
        self._seed = new_seed(random_state)
        self._augmenter, self._schedule, self._frames = augmenter, schedule, transform
        self._live = Live(synthetic_fraction if schedule is None else fraction_at(schedule, 0))
        self._label_map = label_map
        shares = class_shares(augmenter, label_map, self._seed)
        checked_pool_size("MixedDataset", pool_size, len(shares))
        sizes = sizes_of(list(shares.values()), pool_size or _length(real) or DEFAULT_POOL)
        self._bank = Bank(augmenter, list(shares), sizes, self._seed, transform)
        self._process = _process()
        self._seen = (-1, 0)  # an epoch, and how often it was begun

    def __len__(self) -> int:
        """Return the length of the real data set, if it has one."""
        return len(self.real)

    def __iter__(self) -> Iterator[Any]:
        """Return the items of this worker."""
        return map(_Run(self).item, self.real)

    def begin(self) -> int:
        """Return the number of a pass: that of the epoch, made another where nothing said that a new one began."""
        epoch = self._live.epoch
        begun = self._seen[1] + 1 if self._seen[0] == epoch else 0
        self._seen = (epoch, begun)
        return epoch + begun * 2**32

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the real data set."""
        if name.startswith("_") or name == "real":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.real, name)

    def __getstate__(self) -> dict[str, Any]:
        """Return what workers need; the augmenter, which may be on a GPU, stays in the main process."""
        own = None if self._bank.framed else self._frames
        return {**self.__dict__, "_augmenter": None, "_schedule": None, "_frames": own}

    @property
    def synthetic_fraction(self) -> float:
        """Synthetic fraction now, in [0, 1]."""
        return self._live.fraction

    def set_synthetic_fraction(self, fraction: float) -> None:
        """Change the share from now on, in running and persistent workers too; items fetched ahead keep theirs."""
        check_params("set_synthetic_fraction", {"fraction": fraction}, {"fraction": FRACTION})
        self._live.fraction = fraction

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes, counted from 0, to the real data set too where it can be told."""
        check_params("set_epoch", {"epoch": epoch}, {"epoch": integer(0)})
        self._live.set_epoch(epoch)
        self._follow_schedule(epoch)
        if callable(getattr(self.real, "set_epoch", None)):
            self.real.set_epoch(epoch)

    def start_epoch(self) -> None:
        """Begin the next epoch; loaders of `augment_loader` do so at each pass."""
        self._follow_schedule(self._live.start_epoch())

    def refresh(self) -> None:
        """Draw new synthetic samples; running workers see them where samples are arrays or tensors."""
        if self._augmenter is None:
            raise ParameterError(
                "refresh() needs the augmenter, which copies in other processes lack; call it on the first."
            )
        self._bank.refresh(self._augmenter, self._frames)

    def _follow_schedule(self, epoch: int) -> None:
        if self._schedule is not None:
            self._live.fraction = fraction_at(self._schedule, epoch)

    def code_of(self, label: Any) -> int:
        """Return the class of a label, as the bank counts them."""
        classes = self._bank.classes
        return classes.index(match_labels([label], classes, get_class_names(self.real), self._label_map)[label])

    def rendering(self, item: Any, layout: ItemLayout) -> Rendering:
        """Return how samples take the form of the one in a first item."""
        own = None if self._bank.framed else self._frames
        through = own or image_transform(self.real, layout.get_raw_label(item))
        form = Form.of([layout.get_sample(item)])
        with isolated_global_state():
            return choose_rendering(self._bank.take(0), self._bank.form(), form, through, own is not None)


class _Run:
    """One pass over the stream in one worker: decides about each item in turn."""

    def __init__(self, mixed: MixedIterableDataset) -> None:
        worker = get_worker_info()
        rank, ranks = mixed._process
        self._mixed = mixed
        self._epoch, self._due = 0, 0.0
        self._stripe = (worker.id if worker else 0) * ranks + rank
        self._stripes = (worker.num_workers if worker else 1) * ranks
        self._codes: dict[Any, int] = {}
        self._used: dict[int, int] = {}
        self._ways: tuple[ItemLayout, Rendering] | None = None

    def item(self, item: Any) -> Any:
        """Return the item, or the same with a synthetic sample in it."""
        layout, rendering = self._ways or self._begin(item)
        label = layout.get_label(item)
        if label not in self._codes:
            self._codes[label] = self._mixed.code_of(label)
        fraction = self._mixed._live.fraction
        self._due += fraction
        if self._due < 1.0 - 1e-9 or fraction <= 0:
            return item
        self._due -= 1.0
        return layout.replace_sample(item, rendering(self._next(self._codes[label])))

    def _begin(self, item: Any) -> tuple[ItemLayout, Rendering]:
        """Look at a first item, and at the epoch, which the main process tells before it asks for items."""
        self._epoch = self._mixed.begin()
        self._due = float(numpy_stream(self._mixed._seed, "phase", self._epoch, self._stripe).random())
        layout = infer_layout(item)
        self._ways = layout, self._mixed.rendering(item, layout)
        return self._ways

    def _next(self, code: int) -> Any:
        used = self._used.get(code, 0)
        self._used[code] = used + 1
        bank = self._mixed._bank
        return bank.take(bank.entry(code, used * self._stripes + self._stripe, self._epoch))


def _length(dataset: Any) -> int:
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return 0


def _process() -> tuple[int, int]:
    """Return which of how many processes this is; workers, which cannot ask, keep the answer."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
