"""Write the rows of `sample` as a folder of Parquet files, each made by itself, in any process.

A manifest, written first, says what the folder holds. A file appears under its name once it is whole, and what is in it
depends on the manifest and its number alone: whoever finds a file there need not make it again.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from joblib import delayed

from ..errors import DataError, ParameterError
from ..files.atomic import is_temporary, replacing, sweep
from ..files.labelled import join_label
from ..files.parquet import choose_schema, write_parquet
from ..files.tables import name_columns
from ..jobs import N_JOBS, run_jobs
from ..messages import join_names, reason_of
from ..params import integer
from ..progress import track_items
from ..rng import new_seed, stream_seed
from .model import Model
from .sampling import Request, Wanted, find_order

SHARD_RULES = {"shard_rows": integer(1), "n_jobs": N_JOBS}
MANIFEST = "_ganaug.json"
_SHARD = re.compile(r"part-\d{5,}\.parquet")
_PACKAGES = ("ganaug", "torch", "numpy", "pandas", "pyarrow")  # on which the bytes depend
_WORDS = {
    "model": "the model",
    "seed": "the seed",
    "rows": "the number of rows",
    "classes": "the numbers of classes",
    "latent_scale": "latent_scale",
    "shard_rows": "shard_rows",
    "software": "the software",
}


@dataclass(frozen=True)
class Shards:
    """Rows of a model, divided into files.

    Attributes
    ----------
    model : Model
        The fitted model.
    wanted : Wanted
        Which rows, as for `sample`, without conditions.
    latent_scale : float
        Standard deviation of the latent vector.
    seed : int
        Seed of all randomness.
    shard_rows : int
        Number of rows in each file but the last.
    """

    model: Model
    wanted: Wanted
    latent_scale: float
    seed: int
    shard_rows: int

    def make_manifest(self) -> dict[str, Any]:
        """Return what tells a folder of these rows from any other, as plain JSON."""
        order = find_order(self.model, self.wanted, stream_seed(self.seed, "classes"))
        return {
            "model": self.model.digest(),
            "seed": self.seed,
            "rows": order.total,
            "classes": None if self.wanted.by_prior else order.to_json(),
            "latent_scale": self.latent_scale,
            "shard_rows": self.shard_rows,
            "software": _describe_software(),
        }

    def list_paths(self, root: Path, total: int) -> list[Path]:
        """Return the paths of all files; no rows at all are one file without any."""
        count = max(1, -(-total // self.shard_rows))
        return [root / f"part-{number:05d}.parquet" for number in range(count)]

    def choose_schema(self) -> pa.Schema:
        """Return the types of the columns, as the first chunk has them."""
        return choose_schema(next(self._make_tables(0)))

    def write(self, number: int, path: Path, schema: pa.Schema, software: Mapping[str, str]) -> None:
        """Write one file unless it is there.

        Raises
        ------
        DataError
            It cannot be written, or this process runs other software than the one that began the folder.
        """
        if path.exists():
            return
        if software != _describe_software():
            raise DataError(
                f"A process that was to write {os.fspath(path)!r} has {_tell(_describe_software())}, and the one that "
                f"began has {_tell(software)}; their rows may differ. Install the same on all machines."
            )
        try:
            with replacing(path) as file:
                write_parquet(name_columns(self._make_tables(number)), file, schema)
        except OSError as error:
            if not path.exists():  # else another process finished it, and cleared up
                raise DataError(
                    f"{os.fspath(path)!r} cannot be written ({reason_of(error)}); files that are finished stay, and "
                    "the same call goes on from there."
                ) from error

    def _make_tables(self, number: int) -> Iterator[pd.DataFrame]:
        """Yield the rows of a file, chunk by chunk."""
        start = number * self.shard_rows
        request = Request.of(self.model, self.wanted, self.latent_scale, self.seed, start)
        for X, codes in request.serve(start + self.shard_rows):
            if not isinstance(X, pd.DataFrame) and not (isinstance(X, np.ndarray) and X.ndim == 2):
                raise ParameterError(
                    f"write_samples writes tables, and the model is one of {self.model.modality.name} data; for images "
                    "give sample_chunks(n) to write_image_folder."
                )
            yield join_label(X, self.model.labels.restore(codes))


def write_shards(  # noqa: PLR0913 - a call and how to run it
    model: Model,
    wanted: Wanted,
    folder: str | os.PathLike[str],
    *,
    latent_scale: float,
    seed: int | None,
    shard_rows: int,
    n_jobs: int | None,
    overwrite: bool,
    verbose: int,
) -> int:
    """Write the rows of a request into a folder, and return their number; see `GANAugmenter.write_samples`.

    Parameters
    ----------
    model, wanted, latent_scale, shard_rows
        See `Shards`.
    folder : path-like
        Made if it is not there.
    seed : int or None
        Seed of all randomness; None takes that of the rows that are there, or a new one.
    n_jobs : int or None
        Number of processes.
    overwrite : bool
        Whether to replace rows of another request.
    verbose : int
        0 is silent.
    """
    # 1. What is there, and what is wanted
    if "://" in os.fspath(folder):
        raise DataError(f"{os.fspath(folder)!r} is a URL, and rows are written to a local folder; name one.")
    root = Path(folder)
    found = _read_manifest(root)
    seed = seed if seed is not None else (found or {}).get("seed", new_seed(None))
    shards = Shards(model, wanted, latent_scale, seed, shard_rows)
    manifest = shards.make_manifest()
    if found is not None and found != manifest and not overwrite:
        raise DataError(_describe_difference(root, found, manifest))

    # 2. Refuse what cannot be sampled or written before anything is
    paths = list(enumerate(shards.list_paths(root, manifest["rows"])))
    missing = [(number, path) for number, path in paths if found != manifest or not path.exists()]
    schema = shards.choose_schema() if missing else None
    if found != manifest:
        _begin(root, manifest)

    # 3. Make the files that are missing
    jobs = (delayed(_write)(shards, number, path, schema, manifest["software"]) for number, path in missing)
    try:
        for _ in track_items(run_jobs(jobs, n_jobs), len(missing), "sampling", verbose):
            pass
    except BrokenExecutor as error:
        raise DataError(
            f"A process that wrote to {os.fspath(root)!r} died, perhaps for lack of memory; files that are finished "
            "stay, and the same call goes on from there, with a smaller n_jobs (--jobs) in less memory."
        ) from error
    sweep(root, 0)  # all is there, so nobody needs what killed processes left
    return int(manifest["rows"])


def _write(shards: Shards, *given: Any) -> None:
    """Write one file: a function of a module, which every backend of joblib can send."""
    shards.write(*given)


def _read_manifest(root: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder, None if the folder is new or empty; raise DataError if it is not ganaug's."""
    place = os.fspath(root)
    if root.exists() and not root.is_dir():
        raise DataError(f"{place!r} is a file, and rows are written to a folder; name another place.")
    if not root.is_dir() or all(map(is_temporary, root.iterdir())):
        return None
    try:
        manifest = json.loads((root / MANIFEST).read_bytes())
        if not isinstance(manifest, dict) or manifest.keys() != _WORDS.keys() or type(manifest["seed"]) is not int:
            raise ValueError("it says something else")
    except FileNotFoundError:
        raise DataError(
            f"{place!r} holds files already, and none that ganaug wrote there; choose a new folder."
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{os.fspath(root / MANIFEST)!r} describes no rows of ganaug ({reason_of(error)}); choose another folder."
        ) from error
    return manifest


def _begin(root: Path, manifest: Mapping[str, Any]) -> None:
    """Make the folder and write the manifest; remove the files of another request."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for old in root.iterdir():
            if _SHARD.fullmatch(old.name):
                old.unlink()
        with replacing(root / MANIFEST) as file:
            file.write(json.dumps(manifest, indent=1).encode())
    except OSError as error:
        raise DataError(
            f"{os.fspath(root)!r} cannot be written ({reason_of(error)}); check the place, or choose another."
        ) from error


def _describe_difference(root: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return the sentence on a folder that holds another request."""
    differs = [name for name in _WORDS if found[name] != wanted[name]]
    if differs == ["software"]:
        return (
            f"{os.fspath(root)!r} was begun with {_tell(found['software'])}, and this is {_tell(wanted['software'])}, "
            "whose rows may differ; go on with the same, choose another folder, or begin again with overwrite=True "
            "(--force)."
        )
    words = join_names([_WORDS[name] for name in differs], form=str)
    return (
        f"{os.fspath(root)!r} holds rows of another request, which differs in {words}; choose another folder, or "
        "replace them with overwrite=True (--force)."
    )


def _describe_software() -> dict[str, str]:
    """Return on what the bytes depend beside the request: versions, and how the processor calculates."""
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    processor = platform.system(), platform.machine(), torch.backends.cpu.get_cpu_capability()
    return versions | {"processor": " ".join(processor)}


def _tell(software: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in software.items()) if isinstance(software, dict) else "others"
