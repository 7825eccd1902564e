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

from ..shared.cart import SequentialCART
from ..shared.peer import read_rows
from ..shared.protocol import BenchmarkError
from ..shared.tables import Task, run_peer
from .clock import Costs, time_model
from .smote import fit_smote

CONTROLS = ("real", "held-out", "bootstrap")
SLOW = ("ctgan", "tvae")  # models with extrapolated times if epochs are cut
NAMES = {
    "ctgan": "CTGAN",
    "tvae": "TVAE",
    "arf": "ARF",
    "smote": "SMOTE",
    "cart": "sequential CART",
    "tabular_argn": "TabularARGN",
    "nrgboost": "NRGBoost",
}
PEERS = tuple(NAMES)
HERE = ("smote", "cart")  # peers that need no environment of their own
ON_REQUEST = ("nrgboost",)  # which takes hours: only when it is named
TAKING_GAPS = ("tabular_argn",)
MODELS = (*CONTROLS, "ganaug", *PEERS)


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
        The interpreter that has the peers which are not in `HERE`.
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
    trained_here = {"ganaug": train_ganaug, "smote": train_smote, "cart": train_cart}
    if training.model in trained_here:
        return _train_in_process(trained_here[training.model], task, training)
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
    return task.columns.tidy(_round_whole_numbers(synthetic, task)), costs | {"notes": notes}


def train_cart(task: Task, training: Training) -> tuple[pd.DataFrame, Costs]:
    """Train sequential CART on the label and then the columns from left to right, and draw a row for each real label.

    It takes missing numbers as they are.
    """
    target, table = task.columns.target, task.tidy_train[list(task.train.columns)]
    codes, names = pd.factorize(table[target], sort=True)
    labels = pd.Series(codes)

    def fit() -> Callable[[], tuple[pd.DataFrame, pd.Series]]:
        model = SequentialCART(training.seed).fit(table.drop(columns=target), labels)
        return lambda: model.sample(y=labels)

    (rows, drawn), costs = time_model(fit)
    return task.columns.tidy(rows.assign(**{target: names[drawn]})), costs


def train_peer(task: Task, training: Training) -> tuple[pd.DataFrame, Costs]:
    """Train a peer with its defaults, in the environment of the interpreter `training.python`."""
    table, notes = keep_gaps(task) if training.model in TAKING_GAPS else impute_median(task)
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
        synthetic = read_rows(files["synthetic"], text)
    synthetic = synthetic.rename(columns={code: name for name, code in short.items()})
    if costs.get("epochs") != costs.get("default_epochs"):
        notes.append(f"times are extrapolated from {costs['epochs']} of {costs['default_epochs']} epochs")
    return task.columns.tidy(_round_whole_numbers(synthetic, task)), costs | {"notes": notes}


def impute_median(task: Task) -> tuple[pd.DataFrame, list[str]]:
    """Return the training rows for peers, with missing numbers imputed and whole numbers as integers."""
    table, notes = task.tidy_train, []
    numbers = list(task.columns.numeric)
    missing = int(table[numbers].isna().sum().sum())
    if missing:
        notes.append(f"{missing} missing numbers, which it does not take, were set to their column's median")
    whole = list_whole_columns(task)
    for name in numbers:
        is_whole = name in whole
        median = table[name].median() if table[name].notna().any() else 0.0
        filled = table[name].fillna(np.floor(median) if is_whole else median)
        table[name] = filled.astype("int64") if is_whole else filled
    return table, notes


def keep_gaps(task: Task) -> tuple[pd.DataFrame, list[str]]:
    """Return the training rows for peers that take missing numbers, with whole numbers as integers if none is missing.

    The second value is empty: there is nothing to note.
    """
    table = task.tidy_train
    complete = [name for name in list_whole_columns(task) if table[name].notna().all()]
    return table.astype(dict.fromkeys(complete, "int64")), []


def list_whole_columns(task: Task) -> list[str]:
    """Return the names of the columns whose training rows hold whole numbers only."""
    table = task.tidy_train
    return [name for name in task.columns.numeric if (table[name].dropna() % 1 == 0).all()]


def _round_whole_numbers(synthetic: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Round the columns of whole numbers, which SMOTE and ARF do not support."""
    whole = list_whole_columns(task)
    return synthetic.assign(**{name: np.rint(synthetic[name].to_numpy(float)) for name in whole})
