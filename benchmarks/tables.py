"""The tables that benchmarks run on, and the models that are trained on them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from .clock import Stopwatch, peak_memory_mib
from .protocol import BenchmarkError, Columns

MODELS = ("real", "held-out", "bootstrap", "ganaug", "ctgan")
SPLIT_SEED = 1234


# ---- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One labelled table: the rows a model may see, and real rows that it may not."""

    train: pd.DataFrame
    test: pd.DataFrame
    columns: Columns

    @property
    def tidy_train(self) -> pd.DataFrame:
        """The training rows as the measures take them."""
        return self.columns.tidy(self.train)

    @property
    def tidy_test(self) -> pd.DataFrame:
        """The test rows as the measures take them."""
        return self.columns.tidy(self.test)


def load_task(train_file: Path, test_file: Path | None, target: str, drop: Sequence[str] = ()) -> Task:
    """Read the table; without `test_file`, a tenth of each class becomes the test rows (seed 1234)."""
    train = _read(train_file, target, drop)
    if test_file is None:
        train, test = _split(train, train_file, target)
    else:
        test = _read(test_file, target, drop)
        _check_same_form(train, test, test_file, target)
    return Task(train, test, Columns.of(train, target))


def _split(table: pd.DataFrame, file: Path, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    try:
        train, test = train_test_split(table, test_size=0.1, stratify=table[target], random_state=SPLIT_SEED)
    except ValueError as error:
        raise BenchmarkError(f"{file} cannot be split by class ({error}); give --test.") from None
    return train.reset_index(drop=True), test.reset_index(drop=True)


def _check_same_form(train: pd.DataFrame, test: pd.DataFrame, test_file: Path, target: str) -> None:
    odd = set(train.columns) ^ set(test.columns)
    odd |= set(Columns.of(train, target).numeric) ^ set(Columns.of(test, target).numeric)
    if odd:
        raise BenchmarkError(
            f"{test_file} must have the training file's columns, numbers where that has numbers; "
            f"{sorted(odd)} are otherwise."
        )
    unknown = sorted(set(test[target].astype(str)) - set(train[target].astype(str)))
    if unknown:
        raise BenchmarkError(f"The labels {unknown} of {test_file} do not occur in the training file.")


def _read(path: Path, target: str, drop: Sequence[str]) -> pd.DataFrame:
    from ganaug import GanaugError, read_table

    try:
        frame = read_table(path)
    except GanaugError as error:
        raise BenchmarkError(str(error)) from error
    absent = [name for name in (target, *drop) if name not in frame.columns]
    if absent:
        raise BenchmarkError(f"{path} has no column {absent[0]!r}; it has {list(frame.columns)}.")
    unlabelled = int(frame[target].isna().sum())
    if unlabelled:
        raise BenchmarkError(f"{unlabelled} rows of {path} have no value in {target!r}: remove them first.")
    kept: pd.DataFrame = frame.drop(columns=list(drop))
    return kept


# ---- the models: each returns as many synthetic rows as it was trained on, and what they cost

Costs = dict[str, Any]


def synthesize(
    model: str, task: Task, seed: int, peer_epochs: int | None, peer_python: str
) -> tuple[pd.DataFrame, Costs]:
    """Return tidy rows of `model` and its costs; only trained models have any."""
    if model == "ganaug":
        return _in_own_process(task, seed)
    if model == "ctgan":
        return fit_ctgan(task, seed, peer_epochs, peer_python)
    if model == "held-out":
        return task.tidy_test, {}
    if model == "bootstrap":
        return task.tidy_train.sample(len(task.train), replace=True, random_state=seed, ignore_index=True), {}
    return task.tidy_train, {}


def _in_own_process(task: Task, seed: int) -> tuple[pd.DataFrame, Costs]:
    """Run `fit_ganaug` in a fresh process: its peak memory is its own, and no earlier work has warmed it up."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(fit_ganaug, task, seed).result()
        except BrokenProcessPool:
            raise BenchmarkError("The training process was killed, most likely for its memory.") from None


def fit_ganaug(task: Task, seed: int) -> tuple[pd.DataFrame, Costs]:
    """Train ganaug with its defaults."""
    from ganaug import GANAugmenter

    target = task.columns.target
    watch = Stopwatch()
    augmenter = GANAugmenter(random_state=seed).fit(task.train.drop(columns=target), task.train[target])
    (wall, cpu), others = watch.read(), watch.others()
    watch = Stopwatch()
    x, y = augmenter.sample(len(task.train))
    sample_seconds, _ = watch.read()
    peak = peak_memory_mib()
    synthetic = task.columns.tidy(x.assign(**{target: np.asarray(y)}))
    costs = {
        "fit_seconds": wall,
        "fit_cpu_seconds": cpu,
        "measured_fit_seconds": wall,
        "others_cpu_seconds": others,
        "sample_seconds": sample_seconds,
        "peak_memory_mib": peak,
    }
    return synthetic, costs


def fit_ctgan(task: Task, seed: int, epochs: int | None, python: str) -> tuple[pd.DataFrame, Costs]:
    """Train CTGAN with its defaults, in the environment of the interpreter `python`."""
    with tempfile.TemporaryDirectory() as folder:
        table, notes = _for_ctgan(task)
        files = {name: str(Path(folder, name)) for name in ("train", "synthetic", "report")}
        table.to_csv(files["train"], index=False)
        job = {**files, "discrete": task.columns.text, "rows": len(table), "seed": seed, "epochs": epochs}
        job_file = Path(folder, "job")
        job_file.write_text(json.dumps(job), encoding="utf-8")
        run_peer(python, str(job_file))
        costs = json.loads(Path(files["report"]).read_text(encoding="utf-8"))
        text = dict.fromkeys(task.columns.text, str)
        synthetic = pd.read_csv(files["synthetic"], dtype=text, keep_default_na=False)
    if costs["epochs"] != costs["default_epochs"]:
        notes.append(
            f"trained for {costs['epochs']} of {costs['default_epochs']} epochs: fit times are extrapolated, "
            "and its quality is not that of its defaults"
        )
    return task.columns.tidy(synthetic), costs | {"notes": notes}


def _for_ctgan(task: Task) -> tuple[pd.DataFrame, list[str]]:
    """Return the training rows as CTGAN takes them: no missing numbers, and whole numbers as integers."""
    table, notes = task.tidy_train, []
    numbers = list(task.columns.numeric)
    missing = int(table[numbers].isna().sum().sum())
    if missing:
        notes.append(f"{missing} missing numbers, which CTGAN does not take, were set to their column's median")
    for name in numbers:
        is_whole = bool((table[name].dropna() % 1 == 0).all())
        median = table[name].median() if table[name].notna().any() else 0.0
        filled = table[name].fillna(np.floor(median) if is_whole else median)
        table[name] = filled.astype("int64") if is_whole else filled
    return table, notes


def run_peer(python: str, argument: str, module: str = "peer_ctgan", name: str = "CTGAN") -> str:
    """Run a module of ``benchmarks`` with `argument` by the interpreter `python`, and return what it printed."""
    command = [python, "-m", f"benchmarks.{module}", argument]
    root = Path(__file__).resolve().parent.parent
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BenchmarkError(f"--peer-python {python} cannot be run: {error}.") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BenchmarkError(f"{name} failed: {lines[-1]}")
    return done.stdout
