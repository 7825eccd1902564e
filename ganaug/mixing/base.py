"""Hold the settings that map-style and iterable mixed data sets share, and change them while workers run."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ..errors import DataWarning, ParameterError
from ..params import check_params, integer
from ..rng import Seed, isolated_global_state, new_seed
from .conversion import SampleSpec, Transform
from .converter import SampleConverter, choose_converter
from .origin import Origin
from .pool import SamplePool
from .share import FRACTION, Schedule, SharedSettings, evaluate_schedule
from .soft import LabelSoftener

_OWN = ("real", "mode", "class_codes")  # attributes of the wrapper; all other public ones are the real data set's


class MixedBase:
    """The real data set, the pool of synthetic samples, and the settings of both mixed data sets.

    Attributes
    ----------
    real : Dataset
        The data set that was given. Its attributes can be read and set by this one too.
    mode : {"replace", "append"}
        Whether synthetic samples replace real ones or follow them.
    """

    real: Any
    mode: str
    _pool: SamplePool

    def _set_options(
        self,
        real: Any,
        augmenter: Any,
        fraction: float,
        *,
        mode: str,
        schedule: Schedule | None,
        transform: Transform | None,
        soft_labels: Any,
        random_state: Seed,
    ) -> None:
        self.real = real
        self.mode = mode
        self._seed = new_seed(random_state)
        self._augmenter = augmenter
        self._schedule = schedule
        self._transform = transform
        self._softener = None if soft_labels is None else LabelSoftener(soft_labels)
        self._shared = SharedSettings(fraction if schedule is None else evaluate_schedule(schedule, 0))
        self._given: int | None = None  # the epoch of `set_epoch`, until a framework numbers that epoch, too
        self._offset = 0  # between the epochs of a framework and these
        self._sampler_epoch = 0  # what the sampler said last

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the real data set."""
        if name.startswith("_") or name == "real":  # not there yet while it is unpickled
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute of the real data set, as timm sets its ``transform``, unless it is one of the wrapper's."""
        if name.startswith("_") or name in _OWN or hasattr(type(self), name) or "real" not in vars(self):
            super().__setattr__(name, value)
            return
        setattr(self.real, name, value)
        self._forget_form()

    def _forget_form(self) -> None:
        """Look at real items anew before the next synthetic sample, because they may have another form."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what workers need; the augmenter, which may be on a GPU, stays in the main process."""
        return {**self.__dict__, "_augmenter": None, "_schedule": None, "_transform": self._sample_transform}

    @property
    def synthetic_fraction(self) -> float:
        """Synthetic fraction of each batch at present, in [0, 1]."""
        return self._shared.fraction

    def set_synthetic_fraction(self, fraction: float) -> None:
        """Change the synthetic fraction from now on, also in running and persistent workers.

        Batches that were fetched ahead keep the old fraction.

        Parameters
        ----------
        fraction : float in [0, 1]
            Synthetic samples / all samples.

        Raises
        ------
        ParameterError
            `fraction` is not a number from 0 to 1, or ``mode="append"`` fixes the length of an epoch.
        """
        check_params("set_synthetic_fraction", {"fraction": fraction}, {"fraction": FRACTION})
        if self.mode == "append":
            raise ParameterError(
                "The synthetic fraction cannot change with mode='append', where the length of an epoch follows from "
                "it; wrap the loader anew, or with mode='replace'."
            )
        self._shared.fraction = fraction

    @property
    def epoch(self) -> int:
        """Number of the present epoch, counted from 0."""
        return self._shared.epoch

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the next epoch, which decides its synthetic samples and its scheduled fraction.

        Loaders of `augment_loader` count epochs by themselves, and follow what is set on their sampler, as Lightning
        does. Call it to resume training after a stop; it comes before the numbers of a framework, which then count on.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        """
        check_params("set_epoch", {"epoch": epoch}, {"epoch": integer(0)})
        self._given = epoch
        self._go_to(epoch)

    def follow_framework(self, epoch: int) -> None:
        """Go to the epoch with this number of a framework's, which counts from 0 unless it resumes."""
        if self._given is not None:
            self._offset, self._given = self._given - epoch, None
        self._go_to(max(0, epoch + self._offset))

    def follow_sampler(self, epoch: int | None, has_begun: bool) -> None:
        """Go to the epoch that somebody set on the sampler; an epoch that has begun goes on as that one."""
        is_new = epoch != self._sampler_epoch or (self._given is not None and not has_begun)
        if epoch is None or not is_new:
            return
        self.follow_framework(epoch)
        if has_begun:
            self.start_epoch()

    def note_sampler(self, epoch: int | None) -> None:
        """Take the epoch of the sampler as known, so that only a change of it is followed."""
        self._sampler_epoch = epoch or 0

    def start_epoch(self) -> None:
        """Begin the next epoch; loaders of `augment_loader` do so at each pass."""
        self._follow_schedule(self._shared.start_epoch())

    def _go_to(self, epoch: int) -> None:
        self._shared.set_epoch(epoch)
        self._follow_schedule(epoch)

    def get_progress(self) -> dict[str, Any]:
        """Return the fraction, the epoch and what decides the samples, for the state of a loader."""
        return {"settings": self._shared.save(), "seed": self._seed, "draws": self._pool.draws}

    def set_progress(self, progress: dict[str, Any]) -> None:
        """Return to the fraction and the epoch of a state; a pool that was refreshed before is refreshed again."""
        if progress["seed"] != self._seed:
            warnings.warn(
                "The state was saved by a loader with another random_state, so its synthetic samples and their "
                "positions differ from here on; give augment_loader the same number as random_state=.",
                DataWarning,
                stacklevel=2,
            )
        if progress["draws"] != self._pool.draws:
            self._pool.refresh(self._augmenter, self._transform, progress["draws"])
        self._shared.restore(progress["settings"])

    def refresh(self) -> None:
        """Replace all synthetic samples by new ones; running workers see them if samples are arrays or tensors.

        Raises
        ------
        ParameterError
            The data set is a copy in a worker process, which has no augmenter.
        """
        self._pool.refresh(self._augmenter, self._transform)

    def _follow_schedule(self, epoch: int) -> None:
        if self._schedule is not None:
            self._shared.fraction = evaluate_schedule(self._schedule, epoch)

    @property
    def _sample_transform(self) -> Transform | None:
        """The user's transform of single samples; one of whole frames was applied when the pool was filled."""
        has_work = len(self._pool) and not self._pool.from_frame
        return self._transform if has_work else None

    @property
    def _is_overruled(self) -> bool:
        """Whether the user's transform decides, whatever real samples go through."""
        return self._transform is not None or self._pool.from_frame

    def _choose_converter(self, spec: SampleSpec, origins: Sequence[Origin]) -> SampleConverter:
        """Choose how synthetic samples are given `spec`, by the user's transform or as real ones get it."""
        own = self._sample_transform
        with isolated_global_state():
            return choose_converter(self._pool.get_examples(), self._pool.infer_spec(), spec, origins, own)
