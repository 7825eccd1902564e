"""Write the samples of `sample` as a folder of files, in shards that any process makes by itself.

A manifest, written first, says what the folder holds. A file appears under its name once it is whole, and what is in it
depends on the manifest and its name alone: whoever finds a file there need not make it again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

from joblib import delayed

from ..errors import DataError
from ..files.atomic import is_temporary, replacing, sweep
from ..jobs import N_JOBS, run_jobs
from ..messages import join_names, reason_of
from ..params import check_params, choice, either, integer
from ..progress import track_items
from ..rng import new_seed
from .image_shards import ImageShards
from .model import Model
from .row_shards import RowShards
from .sampling import Wanted
from .sharding import Shards, tell_software

_RULES = {"shard_rows": either(choice(None), integer(1)), "n_jobs": N_JOBS}
MANIFEST = "_ganaug.json"
_WORDS = {
    "model": "the model",
    "seed": "the seed",
    "rows": "their number",
    "classes": "the numbers of classes",
    "latent_scale": "latent_scale",
    "shard_rows": "shard_rows",
    "software": "the software",
}


def write_shards(  # noqa: PLR0913 - a call and how to run it
    model: Model,
    wanted: Wanted,
    folder: str | os.PathLike[str],
    *,
    latent_scale: float,
    seed: int | None,
    shard_rows: int | None,
    n_jobs: int | None,
    overwrite: bool,
    verbose: int,
) -> int:
    """Write the samples of a request into a folder, and return their number; see `GANAugmenter.write_samples`.

    Parameters
    ----------
    model, wanted, latent_scale
        See `Shards`.
    folder : path-like
        Made if it is not there.
    seed : int or None
        Seed of all randomness; None takes that of the samples that are there, or a new one.
    shard_rows : int or None
        Number of samples in each shard; None is as many as suit them.
    n_jobs : int or None
        Number of processes.
    overwrite : bool
        Whether to replace samples of another request.
    verbose : int
        0 is silent.
    """
    # 1. What is there, and what is wanted
    check_params("write_samples", {"shard_rows": shard_rows, "n_jobs": n_jobs}, _RULES)
    if "://" in os.fspath(folder):
        raise DataError(f"{os.fspath(folder)!r} is a URL, and samples are written to a local folder; name one.")
    root = Path(folder).absolute()  # other processes may have other working directories
    kind = ImageShards if model.modality.name == "image" else RowShards
    found = _read_manifest(root, kind.shares_folder, overwrite)
    seed = seed if seed is not None else (found or {}).get("seed", new_seed(None))
    shards = kind(model, wanted, latent_scale, seed, int(shard_rows or kind.suitable_size))
    manifest = shards.make_manifest()
    if found is not None and found != manifest and not overwrite:
        raise DataError(_describe_difference(root, found, manifest))

    # 2. Refuse what cannot be sampled or written before anything is
    missing = shards.find_missing(root) if found == manifest else list(range(shards.count()))
    if missing:
        shards.prepare()
    if found != manifest:
        _begin(shards, root, manifest)

    # 3. Make the files that are missing
    jobs = (delayed(_write)(shards, number, root, manifest["software"]) for number in missing)
    try:
        for _ in track_items(run_jobs(jobs, n_jobs if len(missing) > 1 else 1), len(missing), "sampling", verbose):
            pass
    except BrokenExecutor as error:
        raise DataError(
            f"A process that wrote to {os.fspath(root)!r} died, perhaps for lack of memory; files that are finished "
            "stay, and the same call goes on from there, with a smaller n_jobs (--jobs) in less memory."
        ) from error
    for place in shards.list_folders(root):
        sweep(place, 0)  # all is there, so nobody needs what killed processes left
    return int(manifest["rows"])


def _write(shards: Shards, *given: Any) -> None:
    """Write one shard: a function of a module, which every backend of joblib can send."""
    shards.write(*given)


def _read_manifest(root: Path, may_share: bool, overwrite: bool) -> dict[str, Any] | None:
    """Return the manifest of a folder, None if the folder is new or empty; raise DataError if it is not ganaug's.

    One that may be shared with other files need not have a manifest if it is overwritten.
    """
    place = os.fspath(root)
    if root.exists() and not root.is_dir():
        raise DataError(f"{place!r} is a file, and samples are written to a folder; name another place.")
    if not root.is_dir() or all(map(is_temporary, root.iterdir())):
        return None
    try:
        manifest = json.loads((root / MANIFEST).read_bytes())
        if not isinstance(manifest, dict) or manifest.keys() != _WORDS.keys() or type(manifest["seed"]) is not int:
            raise ValueError("it says something else")
    except FileNotFoundError:
        if may_share and overwrite:
            return None
        cure = ", or add to it with overwrite=True (--force)" if may_share else ""
        raise DataError(
            f"{place!r} holds files already, and none that ganaug wrote there; choose a new folder{cure}."
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{os.fspath(root / MANIFEST)!r} describes no samples of ganaug ({reason_of(error)}); choose another "
            "folder."
        ) from error
    return manifest


def _begin(shards: Shards, root: Path, manifest: Mapping[str, Any]) -> None:
    """Make the folder and write the manifest; remove the files of another request."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        shards.begin(root)
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
            f"{os.fspath(root)!r} was begun with {tell_software(found['software'])}, and this is "
            f"{tell_software(wanted['software'])}, whose samples may differ; go on with the same, choose another "
            "folder, or begin again with overwrite=True (--force)."
        )
    words = join_names([_WORDS[name] for name in differs], form=str)
    return (
        f"{os.fspath(root)!r} holds samples of another request, which differs in {words}; choose another folder, or "
        "replace them with overwrite=True (--force)."
    )
