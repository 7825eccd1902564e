"""Save a training state to disk, so that an interrupted training resumes bit for bit."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelFileError
from ..losses import LOSSES
from ..messages import reason_of
from ..modality import Architecture
from ..storage import TensorSpec, read_metadata, read_model, write_model
from .plan import Plan
from .state import TrainingState
from .validator import StateValidator

_EVERY_SECONDS = 10.0


@dataclass
class Checkpoint:
    """A training state on disk, tied to its data and options.

    Attributes
    ----------
    path : Path
        The file.
    fingerprints : dict
        Fingerprints of data, seed and options; a checkpoint with others raises an error that names them.
    saved : float
        Time of the last save on the monotonic clock; minus infinity before the first.
    """

    path: Path
    fingerprints: dict[str, str]
    saved: float = -math.inf

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], architecture: Architecture, plan: Plan, data: Sequence[Tensor], seed: int
    ) -> Checkpoint:
        """Return the checkpoint of a training.

        Parameters
        ----------
        path : path-like
            The file.
        architecture, plan
            Sizes of the networks, and settings of the training.
        data : sequence of Tensor
            All training and held-out samples.
        seed : int
            Seed of all randomness of the training.
        """
        content = hashlib.sha256()
        for tensor in data:
            content.update(tensor.contiguous().view(-1).numpy().data)
        fingerprints = {"data": content.hexdigest(), "seed": str(seed), "sizes": repr(architecture)}
        fingerprints["augmentation"] = repr(plan.augmentation)
        weight = plan.loss.penalty_weight
        named = (name for name, loss in LOSSES.items() if replace(loss, penalty_weight=weight) == plan.loss)
        fingerprints["loss"] = f"{next(named, 'custom')}, {weight}"
        fingerprints["optimizer"] = plan.optimizer if isinstance(plan.optimizer, str) else "custom"
        for name in ("max_steps", "batch_size", "learning_rate", "score_every", "patience", "bfloat16"):
            fingerprints[name] = repr(getattr(plan, name))
        return cls(_resolve_path(path), fingerprints)

    def save_if_due(self, state: TrainingState) -> None:
        """Write the state unless it was written within the last ten seconds."""
        if time.monotonic() - self.saved >= _EVERY_SECONDS:
            self.save(state)

    def save(self, state: TrainingState) -> None:
        """Write the state."""
        tensors = state.tensors()
        metadata = {"kind": "checkpoint", "belongs": self.fingerprints, "state": state.facts()}
        write_model(self.path, tensors, metadata | {"tensors": _describe_tensors(tensors)})
        self.saved = time.monotonic()

    def load(self, state: TrainingState, plan: Plan) -> None:
        """Restore `state`, of a training by `plan`, from the file; leave it as it is if there is no file."""
        if not self.path.exists():
            return
        validator = StateValidator.of(state, plan)
        tensors, metadata = read_model(self.path, lambda metadata: self._expect_tensors(metadata, validator))
        try:
            validator.check(tensors, metadata["state"])
            state.restore(tensors, metadata["state"])
        except (MemoryError, torch.cuda.OutOfMemoryError):
            raise
        except Exception as error:  # forged facts can fail in any way
            raise ModelFileError(
                f"{self.path} holds a state that no training saves ({type(error).__name__}: {str(error)[:200]}); "
                "delete the file to start afresh."
            ) from error

    def _expect_tensors(self, metadata: dict[str, Any], validator: StateValidator) -> dict[str, TensorSpec]:
        if metadata.get("kind") != "checkpoint":
            raise ModelFileError(f"{self.path} is a {metadata.get('kind', 'file')} of ganaug, not a checkpoint.")
        other = [name for name, value in self.fingerprints.items() if metadata["belongs"].get(name) != value]
        if other:
            what = "seed" if "seed" in other else ", ".join(other)  # another seed alone changes the data, too
            raise ModelFileError(
                f"{self.path} is the checkpoint of another training: not the same {what}. Give the same data and "
                "options, including random_state (--seed), or delete the file to start afresh."
            )
        specs = validator.expected(metadata["tensors"])
        if list(specs["rng"].shape) != metadata["tensors"]["rng"][1]:
            raise ModelFileError(
                f"{self.path} is the checkpoint of a training on another kind of device, which draws other random "
                "numbers; resume it there (device, --device), or delete the file to start afresh."
            )
        return specs

    def remove(self) -> None:
        """Delete the file; a finished training has nothing to resume."""
        with contextlib.suppress(OSError):  # an error now would lose the finished model
            self.path.unlink()


def _resolve_path(given: str | os.PathLike[str]) -> Path:
    """Return the path with symbolic links resolved; the target is written, and finally deleted.

    Raises
    ------
    ModelFileError
        The path holds another kind of file, or cannot hold one.
    """
    path = Path(given)
    try:
        path = Path(os.path.realpath(given))
        found = path.stat()
    except FileNotFoundError:  # a missing folder raises an error at the first save
        return path
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise ModelFileError(
            f"{given} cannot be a checkpoint ({reason_of(error)}); name another file as checkpoint_path."
        ) from error
    if not stat.S_ISREG(found.st_mode) or found.st_size:
        _refuse_other_files(path)
    return path


def _refuse_other_files(path: Path) -> None:
    """Raise ModelFileError if the file is no checkpoint; it would be overwritten, and finally deleted."""
    try:
        kind = read_metadata(path).get("kind")
    except ModelFileError as error:
        raise ModelFileError(
            f"{path} is in the way of a checkpoint; name another file or delete it. ({error})"
        ) from None
    if kind != "checkpoint":
        raise ModelFileError(f"{path} is a {kind} of ganaug, not a checkpoint; name another file as checkpoint_path.")


def _describe_tensors(tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {name: [str(t.dtype).removeprefix("torch."), list(t.shape)] for name, t in tensors.items()}
