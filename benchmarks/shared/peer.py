"""Run one job in the environment of the peers; only the standard library is needed, since ganaug may be absent.

``python -m benchmarks.SUITE.peer --versions`` prints what is installed; with a job file in place of ``--versions``, the
job is done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("ctgan", "arfpy", "mostlyai-engine", "nrgboost", "torch", "numpy", "pandas", "scikit-learn")

Job = dict[str, Any]


def run_job(work: Callable[[Job], None]) -> None:
    """Print the versions, or do the job in the file that the command line names."""
    if sys.argv[1] == "--versions":
        print(json.dumps(read_package_versions()))
        return
    work(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))


def read_package_versions() -> dict[str, str]:
    """Return the versions of those of `PACKAGES` that are installed."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def read_rows(file: str, discrete: list[str]) -> Any:
    """Return a table: discrete columns as text, all others as numbers; an empty number is missing."""
    import pandas as pd

    numbers = [name for name in pd.read_csv(file, nrows=0).columns if name not in discrete]
    text, gaps = dict.fromkeys(discrete, str), {name: [""] for name in numbers}
    return pd.read_csv(file, dtype=text, keep_default_na=False, na_values=gaps)


def seed_arfpy(seed: int) -> None:
    """Seed arfpy, and give NumPy back the function that arfpy 0.1.1 needs."""
    import numpy as np

    np.random.seed(seed)  # noqa: NPY002, TID251 - arfpy knows no other randomness
    vars(np).setdefault("in1d", np.isin)  # removed in NumPy 2.4
