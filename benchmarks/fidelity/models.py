"""Train the models: each returns as many synthetic rows as it was trained on, and their costs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..shared.protocol import BenchmarkError
from ..shared.tables import Task, run_peer
from .clock import Costs, time_model
from .smote import fit_smote

CONTROLS = ("real", "held-out", "bootstrap")
SLOW = ("ctgan", "tvae")  # models with extrapolated times if epochs are cut
PEERS = (*SLOW, "arf", "smote")
MODELS = (*CONTROLS, "ganaug", *PEERS)
NAMES = {"ctgan": "CTGAN", "tvae": "TVAE", "arf": "ARF", "smote": "SMOTE"}


@dataclass(frozen=True)
class Training:
    """Settings of the training of one model.

    Attributes
    ----------
    model : str
        One of `MODELS`.
    seed : int
    epochs : int, optional
        Of CTGAN and TVAE; None for their default.
    options : dict
        Parameters of GANAugmenter.
    python : str
        The interpreter that has CTGAN, TVAE and ARF.
    """

    model: str
    seed: int
    epochs: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    python: str = "python"

    @property
    def is_cut_short(self) -> bool:
        """Whether the model is trained for its times alone."""
        return self.model in SLOW and self.epochs is not None


def synthesize(task: Task, training: Training) -> tuple[pd.DataFrame, Costs]:
    """Return tidy rows of a model and, if it is trained, its costs."""
    if training.model == "ganaug":
        return _train_in_process(train_ganaug, task, training)
    if training.model == "smote":
        return _train_in_process(train_smote, task, training)
    if training.model in PEERS:
        return train_peer(task, training)
    if training.model == "held-out":
        return task.tidy_test, {}
    if training.model == "bootstrap":
        real = task.tidy_train
        return real.sample(len(real), replace=True, random_state=training.seed, ignore_index=True), {}
    return task.tidy_train, {}


def _train_in_process(
    train: Callable[[Task, Training], tuple[pd.DataFrame, Costs]], task: Task, training: Training
) -> tuple[pd.DataFrame, Costs]:
    """Train in a fresh process, so that peak memory and caches are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(train, task, training).result()
        except BrokenProcessPool:
            raise BenchmarkError("The training process was killed, most likely for its memory.") from None


def train_ganaug(task: Task, training: Training) -> tuple[pd.DataFrame, Costs]:
    """Train ganaug with its defaults but for `training.options`."""
    from ganaug import GANAugmenter

    target = task.columns.target

    def fit() -> Callable[[], tuple[Any, Any]]:
        augmenter = GANAugmenter(random_state=training.seed, **training.options)
        augmenter.fit(task.train.drop(columns=target), task.train[target])
        return lambda: augmenter.sample(len(task.train))

    (x, y), costs = time_model(fit)
    return task.columns.tidy(x.assign(**{target: np.asarray(y)})), costs


def train_smote(task: Task, training: Training) -> tuple[pd.DataFrame, Costs]:
    """Train SMOTE, and draw a row for each real one."""
    table, notes = impute_median(task)
    synthetic, costs = time_model(lambda: fit_smote(table, task.columns, training.seed))
    return task.columns.tidy(_round_whole_numbers(synthetic, table)), costs | {"notes": notes}


def train_peer(task: Task, training: Training) -> tuple[pd.DataFrame, Costs]:
    """Train CTGAN, TVAE or ARF with its defaults, in the environment of the interpreter `training.python`."""
    table, notes = impute_median(task)
    short = {name: f"c{i}" for i, name in enumerate(table.columns)}  # plain names, safe in every CSV file
    text = [short[name] for name in task.columns.text]
    with tempfile.TemporaryDirectory() as folder:
        files = {name: str(Path(folder, name)) for name in ("train", "synthetic", "report")}
        table.rename(columns=short).to_csv(files["train"], index=False)
        job = {**files, "model": training.model, "discrete": text, "rows": len(table)}
        job |= {"seed": training.seed, "epochs": training.epochs}
        job_file = Path(folder, "job")
        job_file.write_text(json.dumps(job), encoding="utf-8")
        run_peer(training.python, str(job_file), name=NAMES[training.model])
        costs = json.loads(Path(files["report"]).read_text(encoding="utf-8"))
        synthetic = pd.read_csv(files["synthetic"], dtype=dict.fromkeys(text, str), keep_default_na=False)
    synthetic = synthetic.rename(columns={code: name for name, code in short.items()})
    if costs.get("epochs") != costs.get("default_epochs"):
        notes.append(f"times are extrapolated from {costs['epochs']} of {costs['default_epochs']} epochs")
    return task.columns.tidy(_round_whole_numbers(synthetic, table)), costs | {"notes": notes}


def impute_median(task: Task) -> tuple[pd.DataFrame, list[str]]:
    """Return the training rows for peers, with missing numbers imputed and whole numbers as integers."""
    table, notes = task.tidy_train, []
    numbers = list(task.columns.numeric)
    missing = int(table[numbers].isna().sum().sum())
    if missing:
        notes.append(f"{missing} missing numbers, which it does not take, were set to their column's median")
    for name in numbers:
        is_whole = bool((table[name].dropna() % 1 == 0).all())
        median = table[name].median() if table[name].notna().any() else 0.0
        filled = table[name].fillna(np.floor(median) if is_whole else median)
        table[name] = filled.astype("int64") if is_whole else filled
    return table, notes


def _round_whole_numbers(synthetic: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Round the columns of whole numbers, which SMOTE and ARF do not support."""
    whole = [name for name in table.columns if table[name].dtype == "int64"]
    return synthetic.assign(**{name: np.rint(synthetic[name].to_numpy(float)) for name in whole})
