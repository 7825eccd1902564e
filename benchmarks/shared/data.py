"""Load the labelled tables of the suites: those that scikit-learn ships or fetches, and the files of a folder.

The SHA-256 of every known file is checked, so that results are compared only if they are of the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

from .protocol import BenchmarkError

MIN_CLASS = 10  # rows; a rarer class is left out of its table, for every method
LABELS = ("target", "label", "class", "y")  # names of the label column of an unknown file


@dataclass(frozen=True)
class Table:
    """A labelled table.

    Attributes
    ----------
    name : str
    X : DataFrame of shape (n, d)
        Numbers as int64 or float64, everything else as text; missing cells are missing.
    y : Series of shape (n,)
        Class codes, from 0 in the order of `labels`.
    labels : tuple of str
        Labels by code.
    digest : str
        Start of the SHA-256 of the file or, where scikit-learn ships the table, of its values.
    notes : tuple of str
        What was left out.
    """

    name: str
    X: pd.DataFrame
    y: pd.Series
    labels: tuple[str, ...]
    digest: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Source of a known table of a folder: its files with their SHA-256, label column and identifiers."""

    files: dict[str, str]
    label: str
    identifiers: tuple[str, ...] = ()


FILES: dict[str, Source] = {
    "adult": Source(
        {
            "adult_train": "f2c62076f19504d99a38b22badf445a7f42530ade6b827acf78dd143fbce38bb",
            "adult_test": "f6b1801c5d231515ea5ff04d4444997bacd57e04876e94710cb9b9bd5549c033",
        },
        "income",
    ),
    "cardio": Source({"cardio": "d4f1e7c4291efaa82a6dd3c4881238f8f2e3c2c169140f0a26022fe56772be6c"}, "cardio"),
    "car": Source({"car": "0023b86e0dd3502aaa0e4a610ef4d8aebbba7ff40f53fa7c2f0543c68bee5114"}, "class"),
    "churn": Source(
        {"churn": "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"}, "Churn", ("customerID",)
    ),
    "dry_bean": Source({"dry_bean": "9237e8cdc066abe380991c7f80c5045c08dac47fe6cd9764374ef5203cbdc552"}, "Class"),
    "ecoli": Source({"ecoli": "285ea2b210f6a00fc94235da01d4536f8b42f76aa5cefd081133182efece41bd"}, "class"),
    "german_credit": Source(
        {"german_credit": "38b6dbf6fb4b0311a3ffc005730f42623128591fb36473ab3c22d270c0467632"}, "class"
    ),
    "heloc": Source({"heloc": "f66d77f4e4e27c11205ba6258008f5e071f1f09724f4893e9ff2840a4e99f259"}, "RiskPerformance"),
    "hypothyroid": Source({"hypothyroid": "cae43ab1d231770b872db8f5eba6a77247c47d3de39f7a08404d8648ce8bf748"}, "Class"),
    "letter": Source({"letter": "9ec44e47110540d997fc2e247464a75ed3da0ad9dfcd49ded7e68fcaab04a9f7"}, "lettr"),
    "magic": Source({"magic": "ed9c3c747b6a424f579fb830b375bfea72ac4b0f4520fb2edd1ee609df79d0bc"}, "class"),
    "mammography": Source({"mammography": "10a7acd6a34e4f8f52db7144ae646e259394d94edeb55c6273fe412f9edda6fa"}, "class"),
    "phoneme": Source({"phoneme": "f2ec14382534970f6704a5c84594ce8997f3193982c222135b003c969f2b246e"}, "class"),
    "pima": Source({"pima": "8c3878379e7f5f89d4781748334d1c5164ec6b426c61449d05a3f00aa349201a"}, "class"),
    "wine_quality_white": Source(
        {"wine_quality_white": "d99ea899f7ea892b717e34b0b6eaca33244c52d0d038dc4fcb6c728a64842562"}, "quality"
    ),
}

# Digests of the values, as `_digest_values` makes them; scikit-learn checks what it fetches by itself.
SHIPPED: dict[str, tuple[Callable[..., tuple[pd.DataFrame, pd.Series]], str | None]] = {
    "breast_cancer": (datasets.load_breast_cancer, "54cbf95e148c"),
    "wine": (datasets.load_wine, "b6ff7c6847be"),
    "iris": (datasets.load_iris, "6e592aace77b"),
    "digits": (datasets.load_digits, "30aa855cd904"),
    "covertype": (datasets.fetch_covtype, None),
}


def load_table(name: str, folder: Path | None = None) -> Table:
    """Return the table called `name`.

    Parameters
    ----------
    name : str
        Key of `SHIPPED` or `FILES`, or the name (without ``.csv``) of any other file in `folder`, whose label is the
        column called target, label, class or y, or else the last one.
    folder : Path, optional
        Where files lie.

    Raises
    ------
    BenchmarkError
        There is no such table, or its content has another digest than the known one.
    """
    if name in SHIPPED:
        return _load_shipped(name)
    if folder is None:
        raise BenchmarkError(f"The table {name!r} is a file: name the folder that it lies in with --data.")
    source = FILES.get(name, Source({name: ""}, ""))
    frames, digests = zip(
        *(_read_file(folder / f"{file}.csv", known) for file, known in source.files.items()), strict=True
    )
    frame = pd.concat(frames, ignore_index=True)
    label = source.label or next((c for c in frame.columns if str(c).lower() in LABELS), frame.columns[-1])
    notes = [f"column {column!r} left out: an identifier" for column in source.identifiers]
    X = pd.DataFrame({c: tidy_column(frame[c]) for c in frame.columns if c not in (label, *source.identifiers)})
    return _make_table(name, X, frame[label], "+".join(d[:12] for d in digests), notes)


def _load_shipped(name: str) -> Table:
    loader, known = SHIPPED[name]
    try:
        X, y = loader(return_X_y=True, as_frame=True)
    except OSError as error:
        raise BenchmarkError(f"scikit-learn could not fetch {name!r} ({error}); leave it out of --tables.") from None
    digest = _digest_values(X, y)
    if known is not None and digest != known:
        raise BenchmarkError(
            f"The table {name!r} of this scikit-learn has the digest {digest}, not {known}: its values have changed, "
            "so results would not be comparable; install another scikit-learn."
        )
    return _make_table(name, X, y, digest, [])


def _digest_values(X: pd.DataFrame, y: pd.Series) -> str:
    values = np.column_stack([X.to_numpy(np.float64), np.asarray(y, np.float64)])
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:12]


def _read_file(path: Path, known: str) -> tuple[pd.DataFrame, str]:
    """Return a file's table and SHA-256."""
    from ganaug import GanaugError, read_table

    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        frame = read_table(path)
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read ({error.strerror}); see --data and --tables.") from None
    except GanaugError as error:
        raise BenchmarkError(str(error)) from error
    if known and digest != known:
        raise BenchmarkError(
            f"{path} has the SHA-256 {digest}, not {known}: it is not the file that the cases are defined on; give it "
            "another name to run on it all the same."
        )
    return frame, digest


def tidy_column(column: pd.Series) -> pd.Series:
    """Return a column as int64, float64 or text; ``?`` and blank cells are missing."""
    types = pd.api.types
    if types.is_datetime64_any_dtype(column.dtype):
        return (pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")) / pd.Timedelta("1s")
    if types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype):
        is_whole = types.is_integer_dtype(column.dtype) and not column.isna().any()
        return column.astype("int64" if is_whole else "float64")
    text = column.astype(str).where(column.notna(), None)
    text = text.where(text.notna() & ~text.str.strip().isin(["", "?"]), None)
    numbers = pd.to_numeric(text, errors="coerce")
    is_number = numbers.notna().any() and bool((numbers.notna() == text.notna()).all())
    return numbers.astype("float64") if is_number else text


def _make_table(name: str, X: pd.DataFrame, y: pd.Series, digest: str, notes: list[str]) -> Table:
    """Leave out rows without a label, classes too rare to be split, and columns without a value."""
    labels = y.astype(str).where(y.notna(), None)
    counts = labels.value_counts()
    rare = counts[counts < MIN_CLASS]
    notes += [f"class {label!r} left out: {n} rows, fewer than {MIN_CLASS}" for label, n in sorted(rare.items())]
    notes += [f"{labels.isna().sum()} rows left out: no label"] if labels.isna().any() else []
    empty = [column for column in X.columns if X[column].isna().all()]
    notes += [f"column {column!r} left out: no value" for column in empty]
    kept = (labels.notna() & ~labels.isin(rare.index)).to_numpy()
    classes = sorted(labels[kept].unique(), key=str)
    if len(classes) < 2:
        raise BenchmarkError(f"The table {name!r} has fewer than two classes of {MIN_CLASS} rows; leave it out.")
    codes = np.searchsorted(np.asarray(classes, dtype=str), labels[kept].to_numpy(dtype=str))
    X = X.loc[kept].drop(columns=empty).reset_index(drop=True)
    X.columns = X.columns.astype(str)
    return Table(name, X, pd.Series(codes, name="label"), tuple(map(str, classes)), digest, tuple(notes))
