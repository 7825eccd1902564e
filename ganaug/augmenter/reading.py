"""Read samples that lie on disk, or that an engine holds, before a fit."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray

from ..data.foreign import Given, find_library, take_in, take_in_labelled
from ..errors import DataError
from ..files.parquet_sets import check_label, draw_rows, is_parquet_set
from ..files.streams import hold_rows, is_stream
from ..params import check_params
from .options import RULES


class Rows(NamedTuple):
    """Samples to learn from.

    Attributes
    ----------
    X, y : user data
        Samples and labels.
    column_kinds : mapping or None
        Kinds of columns, as for `GANAugmenter`.
    weights : ndarray of shape (n,) or None
        How many rows each one stands for; None for one each.
    """

    X: Any
    y: Any
    column_kinds: Any
    weights: NDArray[np.float64] | None = None


@contextlib.contextmanager
def taking_in(X: Any, y: Any, max_rows: int) -> Iterator[tuple[Given, Given]]:
    """Take in samples and labels, and hold the rows of a stream as long as the block runs.

    Parameters
    ----------
    X, y : user data
        Samples and labels; or a stream of rows, see `streams.is_stream`, and the column of its labels.
    max_rows : int
        Most rows of a stream that are held in memory.

    Yields
    ------
    X, y : Given
        Samples and labels; or the path of the files that hold the rows, and the column.

    Raises
    ------
    DataError
        A stream cannot be read, or has no column `y`.
    ParameterError
        `max_rows` is invalid.
    """
    if not isinstance(y, str) or not is_stream(X):
        yield take_in(X), take_in(y)
        return
    check_params("GANAugmenter", {"max_rows": max_rows}, RULES)
    with hold_rows(X, max_rows) as held:
        if isinstance(held, str):
            with parallel_config("sequential"):  # other machines would not find the files
                yield Given(held), Given(y)
        else:
            yield take_in_labelled(held, check_label(y, held.column_names), find_library(X))


def read_rows(X: Any, y: Any, column_kinds: Any, max_rows: int, seed: int) -> Rows:
    """Return samples in memory as they are, and of a data set on disk some rows.

    Parameters
    ----------
    X, y : user data
        Samples and labels; or a data set on disk, see `parquet_sets.draw_rows`, and the column of its labels.
    column_kinds : mapping or None
        Kinds of columns, as for `GANAugmenter`; they overrule what a look at all rows found.
    max_rows : int
        Most rows of a data set, about.
    seed : int
        Seed of the choice of rows.

    Raises
    ------
    DataError
        `X` is a data set on disk, and it cannot be read, or `y` does not name one of its columns.
    """
    if isinstance(X, str | os.PathLike) and isinstance(y, str) and not (is_parquet_set(X) or Path(X).is_dir()):
        raise DataError(f"{os.fspath(X)!r} stands for no Parquet file, so there is no column {y!r}; check the path.")
    if not _are_files(X, y):
        return Rows(X, y, column_kinds)
    if not isinstance(y, str):
        raise DataError(
            f"X is a data set of Parquet files; name the column of its labels, such as y='class'. Got {y!r}."
        )
    drawn = draw_rows(X, y, max_rows, seed)
    return Rows(drawn.X, drawn.y, drawn.kinds | dict(column_kinds or {}) or column_kinds, drawn.weights)


def _are_files(X: Any, y: Any) -> bool:
    """Return whether samples are Parquet files; a folder without the name of a label may be one of images."""
    return is_parquet_set(X) and (y is not None or not (isinstance(X, str | os.PathLike) and Path(X).is_dir()))


def refuse_files(X: Any, y: Any) -> None:
    """Raise DataError for a data set on disk, or a stream, where samples have to be in memory."""
    if _are_files(X, y):
        raise DataError(
            "X is a data set of Parquet files, to which rows cannot be appended; use fit, and then sample or "
            "write_samples for further files."
        )
    if isinstance(y, str) and is_stream(X):
        raise DataError(
            f"X is a {type(X).__name__}, whose rows need not fit in memory, so that none can be appended; use fit, and "
            "then sample or write_samples, or give a table in memory and its labels."
        )
