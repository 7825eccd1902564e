"""Load the labelled tables of the fidelity benchmark, and run peers."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from .protocol import BenchmarkError, Columns

SPLIT_SEED = 1234
TRAIN = "_train"  # suffix of the name of a file of training rows


@dataclass(frozen=True)
class Rare:
    """A class made rare.

    Attributes
    ----------
    share : float
        Share of the class in the training rows.
    weights : ndarray of shape (n_test,)
        Weight of each test row.
    """

    share: float
    weights: np.ndarray


@dataclass(frozen=True)
class Task:
    """One labelled table: training rows, and real test rows.

    Attributes
    ----------
    train, test : DataFrame of shape (n, d) and (m, d)
        The label is among the columns.
    columns : Columns
    name : str
    origin : dict
        All that the rows depend on, as JSON takes it.
    notes : tuple of str
        What was left out.
    rare : Rare, optional
    """

    train: pd.DataFrame
    test: pd.DataFrame
    columns: Columns
    name: str = "table"
    origin: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rare: Rare | None = None

    @property
    def tidy_train(self) -> pd.DataFrame:
        """The training rows as the measures take them."""
        return self.columns.tidy(self.train)

    @property
    def tidy_test(self) -> pd.DataFrame:
        """The test rows as the measures take them."""
        return self.columns.tidy(self.test)

    @property
    def rarest(self) -> str:
        """The class with the fewest training rows."""
        return str(self.tidy_train[self.columns.target].value_counts().sort_index().idxmin())


# ---- files named one by one ----------------------------------------------------------------------


def load_task(train_file: Path, test_file: Path | None, target: str, drop: Sequence[str] = ()) -> Task:
    """Read the table; without `test_file`, a tenth of each class becomes the test rows (seed 1234)."""
    train = drop_columns(read_frame(train_file), train_file, target, drop)
    test = drop_columns(read_frame(test_file), test_file, target, drop) if test_file else None
    origin = describe_origin([train_file, *([test_file] if test_file else [])], target, drop)
    return make_task(train, test, target, name=train_file.stem.removesuffix(TRAIN), origin=origin)


def describe_origin(files: Sequence[Path], target: str, drop: Sequence[str]) -> dict[str, Any]:
    """Return all that the rows of a table depend on: digests of its files, its label, and dropped columns."""
    digests = [f"{file.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}" for file in files]
    return {"train": digests[0], "test": digests[1] if digests[1:] else None, "target": target, "drop": sorted(drop)}


def make_task(train: pd.DataFrame, test: pd.DataFrame | None, target: str, **facts: Any) -> Task:
    """Return the task, with test rows split off from `train` if there is no `test`."""
    if test is None:
        train, test = _split_table(train, facts["name"], target)
    else:
        _check_same_form(train, test, facts["name"], target)
    return Task(train, test, Columns.from_frame(train, target), **facts)


def _split_table(table: pd.DataFrame, name: str, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    try:
        train, test = train_test_split(table, test_size=0.1, stratify=table[target], random_state=SPLIT_SEED)
    except ValueError as error:
        raise BenchmarkError(f"The table {name!r} cannot be split by class ({error}); give --test.") from None
    return train.reset_index(drop=True), test.reset_index(drop=True)


def _check_same_form(train: pd.DataFrame, test: pd.DataFrame, name: str, target: str) -> None:
    odd = set(train.columns) ^ set(test.columns)
    odd |= set(Columns.from_frame(train, target).numeric) ^ set(Columns.from_frame(test, target).numeric)
    if odd:
        raise BenchmarkError(
            f"The test file of {name!r} must have the training file's columns, numbers where that has numbers; "
            f"{sorted(odd)} are otherwise."
        )
    unknown = sorted(set(test[target].astype(str)) - set(train[target].astype(str)))
    if unknown:
        raise BenchmarkError(f"The labels {unknown} of the test file of {name!r} do not occur in the training file.")


def drop_columns(frame: pd.DataFrame, path: Path, target: str, drop: Sequence[str]) -> pd.DataFrame:
    """Return the table without the columns of `drop`, after checking that it has them and all labels."""
    absent = [name for name in (target, *drop) if name not in frame.columns]
    if absent:
        raise BenchmarkError(f"{path} has no column {absent[0]!r}; it has {list(frame.columns)}.")
    unlabelled = int(frame[target].isna().sum())
    if unlabelled:
        raise BenchmarkError(f"{unlabelled} rows of {path} have no value in {target!r}: remove them first.")
    kept: pd.DataFrame = frame.drop(columns=list(drop))
    return kept


def read_frame(path: Path) -> pd.DataFrame:
    """Read the table of a file by `ganaug.read_table`."""
    from ganaug import GanaugError, read_table

    try:
        frame: pd.DataFrame = read_table(path)
    except GanaugError as error:
        raise BenchmarkError(str(error)) from error
    return frame


# ---- other environments --------------------------------------------------------------------------


def run_peer(python: str, argument: str, module: str = "fidelity.peer", name: str = "The peer") -> str:
    """Run a module of ``benchmarks`` with `argument` by the interpreter `python`, and return what it printed."""
    command = [python, "-m", f"benchmarks.{module}", argument]
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BenchmarkError(f"--peer-python {python} cannot be run: {error}.") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BenchmarkError(f"{name} failed: {lines[-1]}")
    return done.stdout
