"""Mix synthetic samples into an iterable data set: `MixedIterableDataset`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

import torch.distributed
from torch.utils.data import IterableDataset, get_worker_info

from ..data.companions import check_companions
from ..data.items import match_labels
from ..data.label_faults import refuse_batch
from ..data.layouts import Field, FieldNames, ItemLayout, infer_layout
from ..data.stored import find_class_names, list_class_labels
from ..errors import ParameterError
from ..rng import Seed, numpy_stream
from .base import MixedBase
from .conversion import SampleSpec, Transform
from .converter import SampleConverter
from .origin import find_origin
from .pool import DEFAULT_POOL_SIZE, SamplePool, check_pool_size, estimate_class_shares, split_pool_size
from .resume import ResumablePass, check_state
from .share import Schedule, check_options
from .tracing import Trace, trace_calls


class MixedIterableDataset(MixedBase, IterableDataset[Any]):
    """An iterable data set in which synthetic samples replace real ones of the same label at even intervals.

    Among any consecutive items of a worker the synthetic fraction holds to within one sample, and so it does in its
    batches. Workers and processes use different synthetic samples. No sample occurs twice until a class has used its
    whole share of the pool. Items and labels are checked when the iteration begins, because a look could cost an item.

    Parameters
    ----------
    real : IterableDataset
        Items as for `MixedDataset`. It divides itself between workers, as every iterable data set has to.
    augmenter, synthetic_fraction, schedule, image, label, keep, label_map, transform, soft_labels, random_state
        As for `MixedDataset`; a first item alone has to show which fields are sample and label, and soft labels of real
        items are one-hot rows. The classes are those of ``classes_``, of
        `label_map`, and of a first sample that is drawn from the augmenter.
    mode : "replace"
        The only mode of iterable data sets.
    pool_size : int, default=None
        Number of synthetic samples kept in memory; each class gets its share of what the augmenter samples. None takes
        the length of the data set, or 10,000 if it has no length.

    Raises
    ------
    ParameterError
        An option has a value it may not have.
    DataError
        Items, labels and synthetic samples do not fit together; raised before the first item comes out.

    See Also
    --------
    MixedDataset : The same for map-style data sets; it returns a `MixedIterableDataset` for iterable ones.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> from torch.utils.data import IterableDataset
    >>> from ganaug import GaussianCopula, MixedDataset
    >>> X, y = load_iris(return_X_y=True)
    >>> class Rows(IterableDataset):
    ...     def __iter__(self):
    ...         return zip(torch.tensor(X), y.tolist())
    >>> mixed = MixedDataset(Rows(), GaussianCopula(random_state=0).fit(X, y), 0.3, random_state=0)
    >>> type(mixed).__name__
    'MixedIterableDataset'
    >>> sum(not torch.equal(a, b) for (a, _), (b, _) in zip(mixed, Rows()))
    45
    """

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
    ) -> None:
        options = {"synthetic_fraction": synthetic_fraction, "mode": mode, "schedule": schedule, "label_map": label_map}
        options |= {"transform": transform, "soft_labels": soft_labels, "pool_size": pool_size}
        options |= {"image": image, "label": label, "keep": keep}
        check_options("MixedDataset", augmenter=augmenter, **options)
        if mode != "replace":
            raise ParameterError(
                "The 'mode' parameter of MixedDataset must be 'replace' for an IterableDataset, which has its own "
                f"length. Got {mode!r} instead."
            )
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
        self._names = FieldNames(image, label, tuple(keep), list_class_labels(real))
        self._label_map = label_map
        shares = estimate_class_shares(augmenter, label_map, self._seed)
        check_pool_size("MixedDataset", pool_size, len(shares))
        sizes = split_pool_size(list(shares.values()), pool_size or get_length(real) or DEFAULT_POOL_SIZE)
        self._pool = SamplePool(augmenter, list(shares), sizes, self._seed, transform, self._softener)
        self._process = _get_process()
        self._last_pass = (-1, 0)  # an epoch, and how often it was begun again

    def __len__(self) -> int:
        """Return the length of the real data set, if it has one."""
        return len(self.real)

    def __iter__(self) -> Iterator[Any]:
        """Return the items of this worker."""
        return _Pass(self)

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the next epoch, counted from 0, also in the real data set if it has ``set_epoch``."""
        super().set_epoch(epoch)
        if callable(getattr(self.real, "set_epoch", None)):
            self.real.set_epoch(epoch)

    def number_pass(self) -> int:
        """Return a number for a pass: that of its epoch, or a new one if the same epoch is begun again."""
        epoch = self._shared.epoch
        begun_again = self._last_pass[1] + 1 if self._last_pass[0] == epoch else 0
        self._last_pass = (epoch, begun_again)
        return epoch + begun_again * 2**32

    def read_layout(self, item: Any) -> ItemLayout:
        """Return where a first item has its sample and its label, and check what else it has."""
        layout = infer_layout(item, self._names)
        refuse_batch(layout.get_sample(item), layout.get_raw_label(item))
        check_companions([item], layout)
        return layout

    def get_code(self, label: Any, layout: ItemLayout) -> int:
        """Return the position of a label's class in the pool."""
        classes = self._pool.classes
        matched = match_labels([label], classes, find_class_names(self.real, layout.label), self._label_map)
        if self._softener is not None:
            self._softener.check_classes(matched)
        return classes.index(matched[label])

    def choose_converter_like(self, sample: Any, trace: Trace) -> SampleConverter:
        """Choose how synthetic samples become like a first real one, by the calls that were noted when it was read."""
        origins = [] if self._is_overruled else [find_origin(trace, sample)]
        return self._choose_converter(SampleSpec.infer([sample]), origins)


class _Pass(Iterator[Any]):
    """One pass over the data set in one worker, which decides about each item in turn, and which can be saved."""

    def __init__(self, mixed: MixedIterableDataset) -> None:
        self._mixed = mixed
        self._items = ResumablePass(mixed.real)
        self._number: int | None = None
        self._due = 0.0  # synthetic samples that are due
        worker = get_worker_info()
        rank, replicas = mixed._process
        self._stripe = (worker.id if worker else 0) * replicas + rank
        self._stripes = (worker.num_workers if worker else 1) * replicas
        self._codes: dict[Any, int] = {}
        self._used = [0] * len(mixed._pool.classes)
        self._first: tuple[ItemLayout, SampleConverter] | None = None
        self._trace = Trace()

    def __next__(self) -> Any:
        return self._mix_item(self._read_first() if self._first is None else next(self._items))

    def _read_first(self) -> Any:
        """Return the first item of the pass, and note how the data set makes it."""
        begin = self._items.state_dict()
        try:
            with trace_calls(self._mixed.real) as self._trace:
                return next(self._items)
        except StopIteration:
            raise
        except Exception:  # it may be the stand-ins that the data set cannot do with
            self._trace, self._items = Trace(), ResumablePass(self._mixed.real)
            self._items.load_state_dict(begin)
            return next(self._items)

    def state_dict(self) -> dict[str, Any]:
        """Return where the pass stands in the real items and in the pool."""
        used = list(self._used)
        return {"number": self._number, "due": self._due, "used": used, "items": self._items.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the pass of a state.

        Raises
        ------
        DataError
            The state is that of a loader without synthetic samples.
        """
        check_state(state, ("number", "due", "used", "items"))
        self._number, self._due, self._used = state["number"], state["due"], list(state["used"])
        self._items.load_state_dict(state["items"])

    def _mix_item(self, item: Any) -> Any:
        """Return the item, or a copy with a synthetic sample in it."""
        layout, converter = self._first or self._begin(item)
        label = layout.get_label(item)
        if label not in self._codes:
            self._codes[label] = self._mixed.get_code(label, layout)
        fraction = self._mixed._shared.fraction
        self._due += fraction
        softener = self._mixed._softener
        if self._due < 1.0 - 1e-9 or fraction <= 0:
            return item if softener is None else layout.replace_label(item, softener.soften(label))
        self._due -= 1.0
        index = self._take_next(self._codes[label])
        sample = converter(self._mixed._pool.get_sample(index), layout.get_sample(item))
        mixed = layout.replace_sample(item, sample)
        proba = self._mixed._pool.get_proba(index)
        return mixed if proba is None else layout.replace_label(mixed, proba)

    def _begin(self, item: Any) -> tuple[ItemLayout, SampleConverter]:
        """Read the layout from a first item, and the epoch, which the main process sets before it asks for items."""
        if self._number is None:
            self._number = self._mixed.number_pass()
            self._due = float(numpy_stream(self._mixed._seed, "phase", self._number, self._stripe).random())
        layout = self._mixed.read_layout(item)
        self._first = layout, self._mixed.choose_converter_like(layout.get_sample(item), self._trace)
        return self._first

    def _take_next(self, code: int) -> int:
        """Return the index of the next synthetic sample of a class in this worker's stripe of the pool."""
        used = self._used[code]
        self._used[code] += 1
        return self._mixed._pool.get_index(code, used * self._stripes + self._stripe, cast(int, self._number))


def get_length(dataset: Any) -> int:
    """Return the length of a data set, 0 where it has none."""
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return 0


def _get_process() -> tuple[int, int]:
    """Return the rank of this process and the number of processes; workers, which cannot ask, keep the answer."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
