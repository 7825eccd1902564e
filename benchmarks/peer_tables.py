"""Train CTGAN, TVAE or ARF on one small table and draw rows of given classes; runs in the peer's own environment.

``python -m benchmarks.peer_tables --versions`` prints what is installed; with a job file in place of ``--versions`` it
trains. The job names the files (``train``, ``synthetic``), the ``model``, the ``discrete`` columns, the ``label`` among
them, how many rows of each class (``counts``), and which ``seed``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .fidelity.peer import versions

ROUNDS = 40  # of drawing, before a class is given up
BATCH = 2000


def ctgan(table: Any, job: dict[str, Any], kind: str = "CTGAN") -> Callable[[int], Any]:
    """Return a function that draws n rows of CTGAN (Xu et al., NeurIPS 2019)."""
    import ctgan as package

    model = getattr(package, kind)()
    model.set_random_state(job["seed"])
    model.fit(table, job["discrete"])
    return lambda n: model.sample(n)


def tvae(table: Any, job: dict[str, Any]) -> Callable[[int], Any]:
    """Return a function that draws n rows of TVAE (Xu et al., NeurIPS 2019)."""
    return ctgan(table, job, "TVAE")


def arf(table: Any, job: dict[str, Any]) -> Callable[[int], Any]:
    """Return a function that draws n rows of an adversarial random forest (Watson et al., AISTATS 2023)."""
    import numpy as np
    from arfpy.arf import arf as Forest

    np.random.seed(job["seed"])  # noqa: NPY002, TID251 - arfpy knows no other randomness
    vars(np).setdefault("in1d", np.isin)  # gone from NumPy 2.4, which arfpy 0.1.1 does not know
    forest = Forest(table.astype(dict.fromkeys(job["discrete"], object)), verbose=False, random_state=job["seed"])
    forest.forde()
    return lambda n: forest.forge(n)


MODELS: dict[str, Callable[..., Callable[[int], Any]]] = {"ctgan": ctgan, "tvae": tvae, "arf": arf}


def draw(sample: Callable[[int], Any], label: str, counts: dict[str, int]) -> Any:
    """Return rows of `sample`, as many of each class as `counts` says, or as many as came up."""
    import pandas as pd

    found: dict[str, list[Any]] = {code: [] for code in counts}
    for _ in range(ROUNDS):
        missing = {code: n - sum(map(len, found[code])) for code, n in counts.items()}
        if not any(missing.values()):
            break
        rows = sample(BATCH)
        for code, n in missing.items():
            found[code].append(rows[rows[label].astype(str) == code].head(n))
    parts = [part for code in counts for part in found[code]]
    return pd.concat(parts, ignore_index=True) if parts else sample(2).head(0)


def main() -> None:
    """Print the versions, or do the job in the file named on the command line."""
    if sys.argv[1] == "--versions":
        print(json.dumps(versions()))
        return
    import pandas as pd

    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    table = pd.read_csv(job["train"], dtype=dict.fromkeys(job["discrete"], str), keep_default_na=False)
    try:
        sample = MODELS[job["model"]](table, job)
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed for {sys.executable}; name another Python with --peer-python.")
    draw(sample, job["label"], job["counts"]).to_csv(job["synthetic"], index=False)


if __name__ == "__main__":
    main()
