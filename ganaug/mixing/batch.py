"""`SyntheticMix`: a transform of batches that puts synthetic samples in place of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import get_worker_info

from ..data.items import convert_label, infer_layout, match_labels
from ..errors import DataError, ParameterError
from ..params import check_params
from ..rng import Seed, isolated_global_state, new_seed, numpy_stream, stream_seed
from .bank import DEFAULT_POOL, Bank, checked_pool_size, classes_of
from .forms import Form, Transform, choose_rendering
from .share import FRACTION, check_options, positions


class SyntheticMix:
    """A transform of batches: a share of each is replaced by synthetic samples of the same labels.

    Called as ``x, y = mix(x, y)``, after the loader or inside ``collate_fn`` after ``default_collate``; before MixUp
    and CutMix, which make labels that belong to no class. It works with any loader, those that a framework has prepared
    too.

    Parameters
    ----------
    augmenter : object with ``sample(n=None, y=None, random_state=None) -> (X, y)``
        Such as a fitted `GANAugmenter`. It is asked once, here.
    synthetic_fraction : float in [0, 1], default=0.3
        Synthetic samples / all in a batch, to within one sample; `set_synthetic_fraction` changes it.
    pool_size : int, default=None
        How many synthetic samples are kept ready, as many of each class; None takes 10,000. A class that has used all
        begins anew in another order; `refresh` draws others.
    device : torch.device or str, default=None
        Where they are kept; None keeps them where the batches are. Inside ``collate_fn`` of worker processes leave it
        None or "cpu".
    label_map : mapping, default=None
        Labels of the batches to those of the augmenter; without it equal ones match.
    transform : callable, default=None
        A function of one synthetic sample that returns what a batch has in its place; of a frame of m rows that returns
        a tensor of m rows, where the augmenter samples tables. It is called once for each. Without it, samples pass
        unchanged that have shape and dtype of those in a batch; images have layout, uint8 and [0, 1] converted.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Decides which samples are drawn and where they go.

    Raises
    ------
    ParameterError
        An option is not what it may be.
    DataError
        The augmenter gave something else than was asked.

    Notes
    -----
    Inside worker processes each takes its own part of the pool, and draws by the seed that the loader gave it.
    """

    def __init__(
        self,
        augmenter: Any,
        synthetic_fraction: float = 0.3,
        *,
        pool_size: int | None = None,
        device: torch.device | str | None = None,
        label_map: Mapping[Any, Any] | None = None,
        transform: Transform | None = None,
        random_state: Seed = None,
    ) -> None:
        options = {"synthetic_fraction": synthetic_fraction, "label_map": label_map, "transform": transform}
        check_options("SyntheticMix", augmenter=augmenter, pool_size=pool_size, **options)
        self.synthetic_fraction = float(synthetic_fraction)
        self._augmenter, self._transform, self._label_map = augmenter, transform, label_map
        self._device = None if device is None else torch.device(device)
        self._seed = new_seed(random_state)
        classes = classes_of(augmenter, label_map, self._seed)
        checked_pool_size("SyntheticMix", pool_size, len(classes))
        each = (pool_size or DEFAULT_POOL) // len(classes)
        self._bank = Bank(augmenter, classes, [each] * len(classes), self._seed, transform)
        self._codes: dict[Any, int] = {}
        self._ready: Tensor | None = None
        self._form: Form | None = None
        self._begin(None)

    def __call__(self, x: Any, y: Any = None) -> Any:
        """Return the batch with synthetic samples in it; what was given is not changed.

        Parameters
        ----------
        x : Tensor of shape (B, ...), or a batch: tuple, list or dict
            Samples; or samples and labels as a loader yields them, as `MixedDataset` finds them in items.
        y : Tensor of shape (B,) or (B, n_classes), or sequence of length B
            Labels: numbers, one-hot rows or text. Left out when `x` is a batch.

        Returns
        -------
        x, y : Tensor, labels; or a batch as it was given
            Samples of the shape, dtype and device they had; labels are those given.

        Raises
        ------
        DataError
            Labels belong to no class, or the augmenter does not know them; samples cannot take the batch's form.
        """
        if y is not None:
            return self._mixed(x, y), y
        layout = infer_layout(x)
        return layout.replace_sample(x, self._mixed(x[layout.sample], x[layout.label]))

    def set_synthetic_fraction(self, fraction: float) -> None:
        """Change the share from the next batch on; copies in worker processes keep theirs."""
        check_params("set_synthetic_fraction", {"fraction": fraction}, {"fraction": FRACTION})
        self.synthetic_fraction = float(fraction)

    def refresh(self) -> None:
        """Draw new synthetic samples in place of all.

        Raises
        ------
        ParameterError
            It is called on a copy, such as one in a worker process, where the augmenter is not.
        """
        if self._augmenter is None:
            raise ParameterError("refresh() needs the augmenter, which copies lack; call it on the first.")
        self._bank.refresh(self._augmenter, self._transform)
        self._form = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what workers need; neither the augmenter nor what is on a GPU goes there."""
        return {**self.__dict__, "_augmenter": None, "_ready": None, "_form": None}

    def _begin(self, worker: Any) -> None:
        """Start counting and drawing anew: in the main process once, in workers once for each that is started."""
        self._worker = None if worker is None else (worker.id, worker.seed)
        self._stripe: int = 0 if worker is None else worker.id
        self._stripes: int = 1 if worker is None else worker.num_workers
        names = () if worker is None else (worker.seed,)
        self._rng = numpy_stream(self._seed, "batches", *names)
        shared = () if worker is None else (worker.seed - worker.id,)  # all workers of an epoch have this in common
        self._epoch = stream_seed(self._seed, "pass", *shared)
        self._used = np.zeros(len(self._bank.classes), dtype=np.int64)

    def _mixed(self, x: Any, y: Any) -> Tensor:
        if not isinstance(x, Tensor) or x.ndim < 1 or len(x) != len(y):
            got = f"{Form.of([x])} and {len(y)} labels"
            raise DataError(
                f"SyntheticMix takes a tensor and as many labels, and got {got}; put it after default_collate."
            )
        worker = get_worker_info()
        if (None if worker is None else (worker.id, worker.seed)) != self._worker:
            self._begin(worker)
        chosen = torch.from_numpy(positions(len(x), self.synthetic_fraction, self._rng))
        if not len(chosen):
            return x
        codes = [self._code(label) for label in _labels(y)]  # of all: whether one is refused must not be left to chance
        entries = [self._entry(codes[i]) for i in chosen.tolist()]
        ready = self._samples_like(x)
        made = ready[torch.tensor(entries, device=ready.device)].to(x.device, non_blocking=True)
        return x.clone().index_copy_(0, chosen.to(x.device), made)  # a clone stays channels_last

    def _code(self, label: Any) -> int:
        if label not in self._codes:
            name = match_labels([label], self._bank.classes, {}, self._label_map)[label]
            self._codes[label] = self._bank.classes.index(name)
        return self._codes[label]

    def _entry(self, code: int) -> int:
        used = int(self._used[code]) * self._stripes + self._stripe
        self._used[code] += 1
        turns, slot = divmod(used, int(self._bank.sizes[code]))
        return self._bank.entry(code, slot, self._epoch + turns)

    def _samples_like(self, x: Tensor) -> Tensor:
        """Return all synthetic samples in the form of those in a batch, where they are kept."""
        device = self._device or x.device
        if self._form is None or not self._form.fits(x[0]):
            self._form = Form.of(list(x.detach().cpu().unbind()))
            self._ready = self._rendered(self._form)
        if self._ready is None or self._ready.device != device:
            self._ready = torch.as_tensor(self._ready).to(device)
        return self._ready

    def _rendered(self, form: Form) -> Tensor:
        own = None if self._bank.framed else self._transform
        with isolated_global_state():
            way = choose_rendering(self._bank.take(0), self._bank.form(), form, own, own is not None)
            return torch.stack([way(self._bank.take(i)) for i in range(len(self._bank))])


def _labels(y: Any) -> list[Any]:
    if isinstance(y, Tensor):
        y = y.cpu()
        return y.tolist() if y.ndim == 1 else [convert_label(label) for label in y]
    return [convert_label(label) for label in y]
