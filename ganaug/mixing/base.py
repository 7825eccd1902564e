"""Hold the settings that map-style and iterable mixed data sets share, and change them while workers run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ParameterError
from ..params import check_params, integer
from ..rng import Seed, isolated_global_state, new_seed
from .conversion import SampleSpec, Transform
from .converter import SampleConverter, choose_converter
from .origin import Origin
from .pool import SamplePool
from .share import FRACTION, Schedule, SharedSettings, evaluate_schedule
from .soft import LabelSoftener


class MixedBase:
    """The real data set, the pool of synthetic samples, and the settings of both mixed data sets.

    Attributes
    ----------
    real : Dataset
        The data set that was given. Its attributes can be read from this one too.
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

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the real data set."""
        if name.startswith("_") or name == "real":  # not there yet while it is unpickled
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.real, name)

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

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the next epoch, which decides its synthetic samples and its scheduled fraction.

        Loaders of `augment_loader` count epochs by themselves. Call it to resume training after a stop.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        """
        check_params("set_epoch", {"epoch": epoch}, {"epoch": integer(0)})
        self._shared.set_epoch(epoch)
        self._follow_schedule(epoch)

    def start_epoch(self) -> None:
        """Begin the next epoch; loaders of `augment_loader` do so at each pass."""
        self._follow_schedule(self._shared.start_epoch())

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
