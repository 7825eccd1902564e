"""Draw rows of Parquet files that are larger than memory: of each class a uniform sample, whatever the files.

A training draws some million rows at most, so that a sample of a larger data set holds nearly all that it would see.
Every row has a random number that follows from the seed and from its position among all rows alone. The rows with the
smallest numbers are the sample ("bottom-k": Cohen and Kaplan, "Summarizing Data using Bottom-k Sketches", PODC 2007).
So neither the cut into files nor the number of workers changes it.
"""

from __future__ import annotations

import contextlib
import glob
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from joblib import Parallel, delayed
from numpy.typing import NDArray

from ..errors import DataError
from ..messages import join_names, reason_of
from .parquet import to_frame

_BATCH = 65_536  # rows read at a time
_LEAST = 1000  # rows drawn of a rare class, where there are as many
_SLACK = 6.0  # standard deviations by which more rows are read than are drawn
_LOOKED_UP = 1000  # values of a column whose occurrences are counted
_SEEMS_UNIQUE = 0.9  # different values in the sample, for each row
_REPEATED = 1.5  # occurrences of a value, on average, from which on it identifies no row
_SHOWN = 20  # columns that a message lists
_ENDINGS = {".parquet", ".pq"}
_GOLDEN = 0x9E3779B97F4A7C15

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class DrawnTable:
    """Rows drawn from a data set.

    Attributes
    ----------
    X : pandas.DataFrame
        The rows without their label, in their order in the data set.
    y : pandas.Series
        Their labels.
    weights : ndarray of shape (len(X),)
        How many rows of the data set each one stands for: rare classes are drawn more densely.
    kinds : dict of str to str
        Kinds of columns that the sample alone would not show: values that are all different there, and not in the data.
    """

    X: pd.DataFrame
    y: pd.Series[Any]
    weights: NDArray[np.float64]
    kinds: dict[str, str]


class _Part(NamedTuple):
    """One file of a data set, all columns of the data set, and the position of the first row of the file."""

    file: Any
    schema: pa.Schema
    first_row: int


class _Extreme(NamedTuple):
    """Smallest or largest value of a column, and the position of the first row that has it."""

    value: Any
    position: int


class _Kept(NamedTuple):
    """Rows of one file that may be drawn, their positions, and the extreme values of its columns."""

    table: pa.Table
    positions: Positions
    extremes: dict[tuple[str, str], _Extreme]


def is_parquet_set(X: Any) -> bool:
    """Return whether `X` is Parquet on disk: a data set of pyarrow, or the path of a file, a folder or a pattern."""
    return isinstance(X, ds.Dataset) or (isinstance(X, str | os.PathLike) and bool(_find_files(os.fspath(X))))


def draw_rows(source: Any, label: Any, max_rows: int, seed: int) -> DrawnTable:
    """Draw rows of a data set: all of them if there are no more than `max_rows`.

    One file is a task of joblib; ``joblib.parallel_config`` says how many run at a time, and where.

    Parameters
    ----------
    source : pyarrow Dataset, or path
        A Parquet file, a folder of such files, or a pattern such as ``"rows/*.parquet"``. Files are taken in the order
        of their names.
    label : str
        Column of the label.
    max_rows : int
        Number of rows to draw, about: of each class its share, but of a rare one up to 1000. The rows with the smallest
        and the largest value of each column of numbers or dates are drawn in any case.
    seed : int
        Seed of the sample.

    Raises
    ------
    DataError
        There is no column `label`, a label is missing, a number is infinite, or a file is damaged or has other columns
        or types than the first.
    """
    parts = _open_parts(source)
    check_label(label, parts[0].schema.names)
    run = Parallel()
    # 1. Count the classes, and choose how many rows of each to draw
    counts: Counter[Any] = Counter()
    for found in run(delayed(_name_file)(_count_classes, part, label) for part in parts):
        counts += found
    wanted = _choose_sizes(counts, max_rows)

    # 2. Read the rows with small random numbers, and a few more than are wanted
    shares = {value: _add_slack(n, counts[value]) for value, n in wanted.items()}
    kept = list(run(delayed(_name_file)(_keep_rows, part, label, shares, seed) for part in parts))
    extremes = {one.position for one in _merge_extremes(one.extremes for one in kept).values()}
    positions = np.concatenate([one.positions for one in kept])
    table = pa.concat_tables([one.table for one in kept], promote_options="permissive")

    # 3. Draw of each class those with the smallest numbers
    codes, values = pd.factorize(np.asarray(table[label].to_pylist(), dtype=object))
    numbers = _make_numbers(positions, seed)
    drawn = np.isin(positions, list(extremes))
    for code, value in enumerate(values):
        rows = np.flatnonzero(codes == code)
        drawn[rows[np.argsort(numbers[rows], kind="stable")[: wanted[value]]]] = True
    weights = np.asarray([counts[value] for value in values]) / np.bincount(codes[drawn], minlength=len(values))
    frame = to_frame(table.filter(pa.array(drawn)))
    X = frame.drop(columns=label)
    kinds = {} if len(frame) == counts.total() else _find_repeated(parts, X, run)
    pa.default_memory_pool().release_unused()
    return DrawnTable(X, frame[label], weights[codes[drawn]], kinds)


def check_label(label: str, names: Sequence[str]) -> str:
    """Return the column of the label; raise DataError if there is none of that name."""
    if label not in names:
        raise DataError(f"y names {label!r}, which is no column of the data; they are {join_names(names, _SHOWN)}.")
    return label


def _find_files(path: Any) -> list[str]:
    """Return the Parquet files that a path stands for, in order; none if it stands for something else."""
    if not isinstance(path, str):
        return []
    place = Path(path)
    if place.is_dir():
        inner = (file for file in place.rglob("*") if not _is_hidden(file.relative_to(place)))
        return sorted(str(file) for file in inner if _is_parquet(file))
    found = [place] if place.is_file() else [Path(file) for file in glob.glob(path, recursive=True)]  # noqa: PTH207
    return sorted(map(str, found)) if all(map(_is_parquet, found)) else []


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and path.is_file()


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)  # as for pyarrow and Spark


def _open_parts(source: Any) -> list[_Part]:
    """Return the files of a data set; names of folders such as ``year=2020`` are columns, too."""
    if not isinstance(source, ds.Dataset):
        source = ds.dataset(_find_files(os.fspath(source)), format="parquet", partitioning="hive")
    parts: list[_Part] = []
    rows = 0
    for file in source.get_fragments():
        with _naming(file):
            n = file.count_rows()
            _check_schema(file.physical_schema, parts[0].file.physical_schema if parts else file.physical_schema)
        parts.append(_Part(file, source.schema, rows))
        rows += n
    if not rows:
        raise DataError("The data set has no rows; give one with rows of at least two classes.")
    return parts


def _name_file(work: Callable[..., Any], part: _Part, *args: Any) -> Any:
    """Return what `work` makes of a file; an error names the file."""
    with _naming(part.file):
        return work(part, *args)


@contextlib.contextmanager
def _naming(file: Any) -> Iterator[None]:
    """Name the file in the message of an error."""
    name = getattr(file, "path", "a part of the data set")
    try:
        yield
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is not a sound Parquet file ({reason_of(error)}); write it again.") from error


def _check_schema(found: pa.Schema, first: pa.Schema) -> None:
    """Raise DataError if a file has other columns or types than the first one."""
    if missing := [name for name in first.names if name not in found.names]:
        raise DataError(f"it has no column {missing[0]!r}, which the first file has; write all with the same columns.")
    if other := [name for name in found.names if name not in first.names]:
        raise DataError(f"it has a column {other[0]!r}, which the first file has not; write all with the same columns.")
    for name in first.names:
        if (own := found.field(name).type) != (type_ := first.field(name).type):
            raise DataError(f"its column {name!r} holds {own}, and that of the first file {type_}; write one type.")


def _read(part: _Part, columns: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield some rows of a file at a time, and the position of the first of them."""
    position = part.first_row
    frugally = {"batch_size": _BATCH, "batch_readahead": 1, "fragment_readahead": 1, "use_threads": False}
    for batch in part.file.to_batches(schema=part.schema, columns=list(columns), **frugally):
        yield batch, position
        position += len(batch)


def _count_classes(part: _Part, label: str) -> Counter[Any]:
    """Count the labels of a file."""
    counts: Counter[Any] = Counter()
    for batch, position in _read(part, [label]):
        for one in pc.value_counts(batch[label]).to_pylist():
            if one["values"] is None or one["values"] != one["values"]:  # missing, or not a number
                raise DataError(
                    f"The label {label!r} is missing, first in a row from {position} to {position + len(batch) - 1} of "
                    "the data set (from 0); drop such rows, or fill it."
                )
            counts[one["values"]] += one["counts"]
    return counts


def _choose_sizes(counts: Mapping[Any, int], max_rows: int) -> dict[Any, int]:
    """Return how many rows of each class to draw."""
    share = min(1.0, max_rows / sum(counts.values()))
    return {value: min(n, max(_LEAST, math.ceil(share * n))) for value, n in counts.items()}


def _add_slack(wanted: int, n: int) -> float:
    """Return the random number, from 0 to 1, below which rows are read; as many as wanted are among them."""
    return 1.0 if wanted == n else min(1.0, (wanted + _SLACK * math.sqrt(wanted)) / n)


def _make_numbers(positions: Positions, seed: int) -> NDArray[np.float64]:
    """Return a random number from 0 to 1 for each position, by SplitMix64 (Steele et al., OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        x = (positions.astype(np.uint64) + np.uint64(seed % 2**64)) * np.uint64(_GOLDEN)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (x ^ (x >> np.uint64(31))).astype(np.float64) / 2.0**64


def _keep_rows(part: _Part, label: str, shares: Mapping[Any, float], seed: int) -> _Kept:
    """Return the rows of a file whose random numbers are below that of their class, and those of extreme values."""
    tables = [part.schema.empty_table()]
    positions: list[Positions] = [np.empty(0, dtype=np.int64)]
    extremes: dict[tuple[str, str], _Extreme] = {}
    for batch, first in _read(part, part.schema.names):
        coded = batch[label] if pa.types.is_dictionary(batch[label].type) else pc.dictionary_encode(batch[label])
        limits = np.asarray([shares.get(value, 0.0) for value in coded.dictionary.to_pylist()])
        here = first + np.arange(len(batch))
        keep = _make_numbers(here, seed) < limits[coded.indices.to_numpy(zero_copy_only=False)]
        for key, extreme in _find_extremes(batch, first).items():
            if extremes.setdefault(key, extreme) == extreme or _is_beyond(key[1], extreme, extremes[key]):
                extremes[key] = extreme
                keep[extreme.position - first] = True
        tables.append(pa.Table.from_batches([batch.filter(pa.array(keep))]))
        positions.append(here[keep])
    return _Kept(pa.concat_tables(tables), np.concatenate(positions), extremes)


def _find_extremes(batch: pa.RecordBatch, first: int) -> dict[tuple[str, str], _Extreme]:
    """Return the smallest and the largest value of each column of numbers or dates, as "min" and "max"."""
    found = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        type_ = column.type
        is_ordered = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_temporal(type_)
        if not is_ordered or pa.types.is_duration(type_) or pa.types.is_float16(type_):
            continue  # pyarrow finds no extremes of the last two
        for side, value in pc.min_max(column).items():
            if value.is_valid and value.as_py() == value.as_py():  # some rows may hold nothing but NaN
                position = first + pc.index(column, value).as_py()
                if pa.types.is_floating(type_) and not math.isfinite(value.as_py()):
                    raise DataError(
                        f"Column {name!r} holds {value} in row {position} of the data set (from 0), which no "
                        "distribution can hold; replace it by a missing value."
                    )
                found[name, side] = _Extreme(value, position)
    return found


def _is_beyond(side: str, one: _Extreme, other: _Extreme) -> bool:
    """Return whether one value is smaller than another, or larger, or as extreme and in an earlier row."""
    if one.value.equals(other.value):
        return one.position < other.position
    is_less = bool(pc.less(one.value, other.value).as_py())
    return is_less == (side == "min")


def _merge_extremes(parts: Iterable[dict[tuple[str, str], _Extreme]]) -> dict[tuple[str, str], _Extreme]:
    """Return the extreme values of all files."""
    merged: dict[tuple[str, str], _Extreme] = {}
    for extremes in parts:
        for key, extreme in extremes.items():
            if key not in merged or _is_beyond(key[1], extreme, merged[key]):
                merged[key] = extreme
    return merged


def _find_repeated(parts: Sequence[_Part], X: pd.DataFrame, run: Callable[..., Any]) -> dict[str, str]:
    """Return kinds of the columns that seem to identify rows, as hardly a value repeats in the sample, and do not.

    Some of their values are looked up in all rows.
    """
    some: dict[str, pa.Array] = {}
    for name in X.columns:
        column = pa.array(X[name], from_pandas=True)
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        is_discrete = is_text or pa.types.is_integer(column.type)
        if is_discrete and column.null_count == 0 and X[name].nunique() >= _SEEMS_UNIQUE * len(X):
            some[name] = column.unique()[:_LOOKED_UP]
    if not some:
        return {}
    counts: Counter[str] = Counter()
    for found in run(delayed(_name_file)(_count_occurrences, part, some) for part in parts):
        counts += found
    kinds = {name: "numeric" if pa.types.is_integer(values.type) else "category" for name, values in some.items()}
    return {name: kinds[name] for name, values in some.items() if counts[name] > _REPEATED * len(values)}


def _count_occurrences(part: _Part, some: Mapping[str, pa.Array]) -> Counter[str]:
    """Count in a file how often some values of columns occur."""
    counts: Counter[str] = Counter()
    for batch, _ in _read(part, list(some)):
        for name, values in some.items():
            column = batch[name]
            counts[name] += int(pc.sum(pc.is_in(column, values.cast(column.type))).as_py() or 0)
    return counts
