"""Rows as points: what nearest neighbours, balls and classifiers are computed on."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.rows import as_frame
from ..errors import DataError
from .values import Kind, Numbers, aligned, encode, frequent, kind_of, numbers

Points = NDArray[np.float32]

_MAX_CATEGORIES = 100  # per column
_MAX_CODES = 1000  # of all columns together
_NORMAL_WIDTHS = {(25, 75): 1.349, (5, 95): 3.290, (1, 99): 4.653, (0, 100): 6.0}  # of a standard normal
_TAIL = 5.0  # scales from the median; beyond, distances count by their logarithm
_LARGEST = 1e300


@dataclass(frozen=True)
class Space:
    """A map, learned on some rows, from rows to points between which Euclidean distance makes sense.

    Numbers, dates and durations are centred on their median and divided by a scale taken from quantiles, so that a
    few extreme values decide nothing; beyond five scales, distance grows by its logarithm. A gap becomes the median
    and, where gaps were learned, one more coordinate. A category becomes a corner of a simplex with sides of length 1.
    Only the most frequent categories of a column (100, fewer where there are many such columns) have corners of their
    own; all others, those not seen among them, share one, so that identifiers take no more room than other columns.
    Arrays of more than two dimensions (images) have one scale for all values.

    Attributes
    ----------
    columns : pandas.Index
        Names of the learned columns.
    axes : tuple
        How each column becomes coordinates.
    """

    columns: pd.Index[Any]
    axes: tuple[_Axis, ...]

    @classmethod
    def fit(cls, data: Any) -> Space:
        """Learn the map.

        Parameters
        ----------
        data : DataFrame of shape (n, columns), or array of shape (n, ...)
            Rows.

        Raises
        ------
        DataError
            There are no rows, or a column holds what cannot be compared.
        """
        if np.ndim(data) != 2 and not isinstance(data, pd.DataFrame):
            return cls(pd.RangeIndex(0), (_AllNumbers.fit(_flat(data)),))
        (frame,) = aligned(flatten_samples(data))
        columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
        kinds = [kind_of(column) for column in columns]
        limit = int(np.clip(_MAX_CODES // max(1, kinds.count("category")), 2, _MAX_CATEGORIES))
        return cls(frame.columns, tuple(_axis(c, kind, limit) for c, kind in zip(columns, kinds, strict=True)))

    def transform(self, data: Any) -> Points:
        """Return rows as points.

        Parameters
        ----------
        data : DataFrame or array
            m rows like those that were learned.

        Returns
        -------
        ndarray of float32, shape (m, d)
            Without gaps.
        """
        if isinstance(self.axes[0], _AllNumbers):
            return self.axes[0].points(_flat(data))
        frame = _like(self.columns, data)
        points = [axis.points(frame.iloc[:, i]) for i, axis in enumerate(self.axes)]
        return np.concatenate(points, axis=1) + np.float32(0)  # no -0.0: equal points have equal bytes


class _Axis(Protocol):
    """How one column becomes coordinates."""

    @abstractmethod
    def points(self, column: Any) -> Points: ...


@dataclass(frozen=True)
class _NumberAxis:
    kind: Kind
    centre: float
    scale: float
    has_gaps: bool

    def points(self, column: pd.Series[Any]) -> Points:
        x = numbers(column, self.kind)
        gaps = np.isnan(x)
        scaled = _scaled(np.where(gaps, self.centre, x), self.centre, self.scale)
        return np.column_stack([scaled, gaps.astype(np.float32)]) if self.has_gaps else scaled[:, None]


@dataclass(frozen=True)
class _CategoryAxis:
    values: tuple[Any, ...]
    has_gaps: bool

    def points(self, column: pd.Series[Any]) -> Points:
        codes = encode(column, self.values)
        others = len(self.values)
        corners = np.eye(others + 1 + self.has_gaps, dtype=np.float32) * np.float32(0.5**0.5)
        return corners[np.where(codes < 0, others + self.has_gaps, codes)]


@dataclass(frozen=True)
class _AllNumbers:
    centre: float
    scale: float

    @classmethod
    def fit(cls, x: Numbers) -> _AllNumbers:
        return cls(*_centre_and_scale(x[np.isfinite(x)]))

    def points(self, x: Numbers) -> Points:
        return _scaled(np.where(np.isnan(x), self.centre, x), self.centre, self.scale)


def flatten_samples(data: Any) -> pd.DataFrame:
    """Return a table unchanged, and an array of any shape as a table with one row per sample."""
    if isinstance(data, pd.DataFrame):
        return data
    array = np.asarray(data)
    if not array.ndim:
        raise DataError(f"The rows are a {type(data).__name__}; give a pandas.DataFrame or an array.")
    return as_frame(array.reshape(len(array), -1))


def row_keys(points: Points) -> list[bytes]:
    """Return one key per point, the same for equal points."""
    return [row.tobytes() for row in points]


def n_equal(points: Points, others: Points) -> NDArray[np.int64]:
    """Return how many of `others` equal each of the points."""
    counts = Counter(row_keys(others))
    return np.array([counts[key] for key in row_keys(points)], dtype=np.int64)


def feature_table(learned: pd.DataFrame, *frames: pd.DataFrame) -> list[Numbers]:
    """Return tables as trees take them: numbers with NaN for gaps, and categories by falling frequency.

    Parameters
    ----------
    learned : DataFrame
        What the codes of categories are learned on.
    *frames : DataFrame
        Tables with the same columns.

    Returns
    -------
    list of ndarray of float64, shape (n, d)
        One per table.
    """
    tables: list[list[Numbers]] = [[] for _ in frames]
    for i in range(learned.shape[1]):
        column = learned.iloc[:, i]
        kind = kind_of(column)
        values = frequent(column) if kind == "category" else []
        for table, frame in zip(tables, frames, strict=True):
            table.append(_feature(frame.iloc[:, i], kind, values))
    return [np.column_stack(table) for table in tables]


def sample_rows(data: Any, n: int, rng: np.random.Generator) -> Any:
    """Return at most `n` rows of a table or array, drawn without replacement, in their order."""
    if len(data) <= n:
        return data
    chosen = np.sort(rng.choice(len(data), n, replace=False))
    return data.iloc[chosen] if isinstance(data, pd.DataFrame) else np.asarray(data)[chosen]


def _feature(column: pd.Series[Any], kind: Kind, values: Sequence[Any]) -> Numbers:
    if kind != "category":
        return numbers(column, kind)
    codes = encode(column, values)
    return np.where(codes < 0, np.nan, codes)


def _axis(column: pd.Series[Any], kind: Kind, limit: int) -> _Axis:
    if kind == "category":
        return _CategoryAxis(tuple(frequent(column, limit)), bool(column.isna().any()))
    x = numbers(column, kind)
    gaps = np.isnan(x)
    return _NumberAxis(kind, *_centre_and_scale(x[~gaps]), bool(gaps.any()))


def _centre_and_scale(x: Numbers) -> tuple[float, float]:
    """Return the median, and the standard deviation of the normal distribution with the same inner quantiles.

    The quantiles move outward where most values are equal.
    """
    if not len(x):
        return 0.0, 1.0
    for percentiles, width in _NORMAL_WIDTHS.items():
        low, high = np.percentile(x, percentiles)
        if high > low:
            return float(np.median(x)), max(float(high - low) / width, 1e-300)
    return float(x[0]), 1.0


def _scaled(x: Numbers, centre: float, scale: float) -> Points:
    with np.errstate(over="ignore"):
        z = np.clip((x - centre) / scale, -_LARGEST, _LARGEST)
    size = np.abs(z)
    return np.where(size <= _TAIL, z, np.sign(z) * (_TAIL + np.log1p(np.maximum(size - _TAIL, 0)))).astype(np.float32)


def _flat(data: Any) -> Numbers:
    array = np.asarray(data, dtype=np.float64)
    if not array.ndim or not len(array):
        raise DataError("There are no rows to compare; give at least one.")
    return np.clip(array.reshape(len(array), -1), -_LARGEST, _LARGEST)


def _like(columns: pd.Index[Any], data: Any) -> pd.DataFrame:
    return aligned(pd.DataFrame(columns=columns, index=[0]), given=flatten_samples(data))[1]
