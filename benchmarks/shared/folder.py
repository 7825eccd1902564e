"""Load the tables of a folder as tasks of `benchmarks.fidelity`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from .data import FILES, LABELS, MIN_CLASS, Source, tidy_column
from .protocol import BenchmarkError
from .tables import SPLIT_SEED, TRAIN, Task, describe_origin, drop_columns, make_task, read_frame

TEST = "_test"


def list_tables(folder: Path) -> list[str]:
    """Return the names of the tables in a folder; training and test file are one table."""
    stems = {path.stem for path in folder.glob("*.csv")}
    pairs = {stem.removesuffix(TRAIN) for stem in stems if stem.endswith(TRAIN)}
    names = pairs | {stem for stem in stems if not stem.endswith(TRAIN) and stem.removesuffix(TEST) not in pairs}
    if not names:
        raise BenchmarkError(f"{folder} holds no CSV file: name another folder with --data.")
    return sorted(names)


def load_named_task(name: str, folder: Path) -> Task:
    """Return the table called `name`: that of NAME.csv, or of NAME_train.csv and perhaps NAME_test.csv, in `folder`.

    Tables that `benchmarks.shared.data` knows have its label and identifiers; that of any other is its column called
    target, label, class or y, or else the last. Blank cells and ``?`` are missing, and classes of fewer than
    `MIN_CLASS` rows and columns without a value are left out.

    Raises
    ------
    BenchmarkError
        There is no such file, or a known one has another digest than the known one.
    """
    source = FILES.get(name, Source({}, ""))
    files = _find_files(name, folder)
    for path in files:
        _check_digest(path, source.files.get(path.stem, ""))
    frames = [read_frame(path) for path in files]
    columns = list(frames[0].columns)
    target = source.label or next((c for c in columns if str(c).lower() in LABELS), columns[-1])
    frames = [drop_columns(frame, path, target, source.identifiers) for frame, path in zip(frames, files, strict=True)]
    train, notes = _clean_table(frames[0], target)
    test = None
    if frames[1:]:
        test = frames[1][frames[1][target].astype(str).isin(train[target])]
        empty = [c for c in frames[0].columns if c not in train.columns]
        test = _tidy_table(test.drop(columns=empty, errors="ignore"), target)
    origin = describe_origin(files, str(target), source.identifiers)
    return make_task(train, test, target, name=name, origin=origin, notes=tuple(notes))


def _find_files(name: str, folder: Path) -> list[Path]:
    for files in ([f"{name}{TRAIN}.csv", f"{name}{TEST}.csv"], [f"{name}{TRAIN}.csv"], [f"{name}.csv"]):
        paths = [folder / file for file in files]
        if all(path.is_file() for path in paths):
            return paths
    raise BenchmarkError(f"{folder} has neither {name}.csv nor {name}{TRAIN}.csv; see --data and --tables.")


def _check_digest(path: Path, known: str) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if known and digest != known:
        raise BenchmarkError(
            f"{path} has the SHA-256 {digest}, not {known}: it is not the file that earlier results are of; give it "
            "another name to run on it all the same."
        )


def _clean_table(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, list[str]]:
    """Return a table without rare classes and empty columns, and notes on what was left out."""
    sizes = frame[target].astype(str).value_counts()
    rare = sizes[sizes < MIN_CLASS]
    notes = [f"class {label!r} left out: {n} rows, fewer than {MIN_CLASS}" for label, n in sorted(rare.items())]
    table = _tidy_table(frame[~frame[target].astype(str).isin(rare.index)], target)
    empty = [name for name in table.columns if table[name].isna().all()]
    return table.drop(columns=empty), notes + [f"column {name!r} left out: no value" for name in empty]


def _tidy_table(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    cells = {name: tidy_column(frame[name]) if name != target else frame[name].astype(str) for name in frame.columns}
    return pd.DataFrame(cells).reset_index(drop=True)


def hold_out_rows(task: Task) -> Task:
    """Return the task with a fourth of its training rows, stratified, in place of its test rows."""
    labels = task.train[task.columns.target]
    train, test = train_test_split(task.train, test_size=0.25, stratify=labels, random_state=SPLIT_SEED)
    origin = {**task.origin, "test": "a fourth of the training rows"}
    return replace(task, train=train.reset_index(drop=True), test=test.reset_index(drop=True), origin=origin)


def limit_rows(task: Task, rows: int) -> Task:
    """Return the task with at most `rows` training rows, a stratified sample."""
    if len(task.train) <= rows:
        return task
    part, _ = train_test_split(
        task.train, train_size=rows, stratify=task.train[task.columns.target], random_state=SPLIT_SEED
    )
    return replace(task, train=part.reset_index(drop=True), origin={**task.origin, "rows": rows})
