"""Divide the samples of a request into shards: stretches of them that any process makes by itself."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch

from ..errors import DataError
from ..messages import reason_of
from ..rng import stream_seed
from .class_order import ClassOrder, Codes
from .model import Model
from .sampling import Request, Wanted, find_order


@dataclass(frozen=True)
class Shards(ABC):
    """Samples of a model, divided into shards; the subclasses know their files.

    Attributes
    ----------
    model : Model
        The fitted model.
    wanted : Wanted
        Which samples, as for `sample`, without conditions.
    latent_scale : float
        Standard deviation of the latent vector.
    seed : int
        Seed of all randomness.
    shard_rows : int
        Number of samples in each shard but the last.
    """

    model: Model
    wanted: Wanted
    latent_scale: float
    seed: int
    shard_rows: int

    packages: ClassVar[tuple[str, ...]] = ("ganaug", "torch", "numpy", "pandas", "pyarrow")
    """Packages on which the bytes depend."""
    suitable_size: ClassVar[int]
    """Number of samples in a shard if the user does not say."""
    shares_folder: ClassVar[bool] = False
    """Whether they may be written, if the user says so, to a folder that holds other files, which stay."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the first sample, and keep what all shards have in common; it goes to the processes with the rest."""

    @abstractmethod
    def begin(self, root: Path) -> None:
        """Make a folder ready for these shards: remove the files of earlier ones."""

    @abstractmethod
    def find_missing(self, root: Path) -> list[int]:
        """Return the numbers of the shards of which a file is not there."""

    @abstractmethod
    def write_files(self, number: int, root: Path) -> None:
        """Write the files of a shard that are not there."""

    @abstractmethod
    def list_folders(self, root: Path) -> list[Path]:
        """Return the folders in which there are files of the shards."""

    @cached_property
    def order(self) -> ClassOrder:
        """The class of every sample."""
        return find_order(self.model, self.wanted, stream_seed(self.seed, "classes"))

    def make_manifest(self) -> dict[str, Any]:
        """Return what tells a folder of these samples from any other, as plain JSON."""
        order = self.order
        return {
            "model": self.model.digest(),
            "seed": self.seed,
            "rows": order.total,
            "classes": None if self.wanted.by_prior else order.to_json(),
            "latent_scale": self.latent_scale,
            "shard_rows": self.shard_rows,
            "software": self._describe_software(),
        }

    def count(self) -> int:
        """Return the number of shards; no samples at all are one shard without any."""
        return max(1, -(-self.order.total // self.shard_rows))

    def serve(self, number: int) -> Iterator[tuple[Any, Codes]]:
        """Yield the samples of a shard, and their class codes, chunk by chunk."""
        start = number * self.shard_rows
        request = Request.of(self.model, self.wanted, self.latent_scale, self.seed, start)
        return request.serve(start + self.shard_rows)

    def write(self, number: int, root: Path, software: Mapping[str, str]) -> None:
        """Write a shard.

        Parameters
        ----------
        number : int
            Which one.
        root : Path
            The folder.
        software : mapping of str to str
            The software of the process that began.

        Raises
        ------
        DataError
            It cannot be written, or this process runs other software than the one that began.
        """
        own = self._describe_software()
        if software != own:
            raise DataError(
                f"A process that was to write to {os.fspath(root)!r} has {tell_software(own)}, and the one that "
                f"began has {tell_software(software)}; their samples may differ. Install the same on all machines."
            )
        try:
            self.write_files(number, root)
        except OSError as error:
            raise DataError(
                f"{os.fspath(error.filename or root)!r} cannot be written ({reason_of(error)}); files that are "
                "finished stay, and the same call goes on from there."
            ) from error

    def _describe_software(self) -> dict[str, str]:
        """Return on what the bytes depend beside the request: versions, and how the processor calculates."""
        versions = {name: importlib.metadata.version(name) for name in self.packages}
        processor = platform.system(), platform.machine(), torch.backends.cpu.get_cpu_capability()
        return versions | {"processor": " ".join(processor)}


def tell_software(software: Any) -> str:
    """Return versions as a list in words; what a forged manifest has in their place is called others."""
    return ", ".join(f"{name} {value}" for name, value in software.items()) if isinstance(software, dict) else "others"
