"""Fit peers that several suites compare, all of them with their defaults; runs in the peers' own environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .peer import Job


def fit_nrgboost(table: Any, job: Job, threads: int = 0) -> Any:
    """Return a fitted NRGBoost (Bravo, ICLR 2025), its defaults being those of its README.

    Parameters
    ----------
    table : DataFrame of shape (n, d)
    job : dict
        For its ``discrete`` columns and ``seed``.
    threads : int
        0 for as many as OpenMP gives.
    """
    from nrgboost import Dataset, NRGBooster

    data = Dataset(table.astype(dict.fromkeys(job["discrete"], "category")))
    return NRGBooster.fit(data, {"num_threads": threads}, seed=job["seed"])


def fit_tabular_argn(table: Any, job: Job) -> Any:
    """Return a fitted TabularARGN (Tiwald et al., 2025).

    All defaults but one: `value_protection` would merge all values that fewer than some five to seven rows have.

    Parameters
    ----------
    table : DataFrame of shape (n, d)
    job : dict
        For its ``discrete`` columns, its ``seed``, and ``synthetic``, a file in whose folder it may work.
    """
    from mostlyai.engine import TabularARGN

    model = TabularARGN(
        value_protection=False,
        tgt_encoding_types=dict.fromkeys(job["discrete"], "TABULAR_CATEGORICAL"),
        device="cpu",
        workspace_dir=Path(job["synthetic"]).with_name("workspace"),
        random_state=job["seed"],
    )
    model.fit(table)
    return model
