"""Map rows to points with meaningful Euclidean distances, and to features of decision trees."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.foreign import to_pandas
from ..data.rows import as_frame
from ..errors import DataError
from .values import Kind, Numbers, align_columns, column_kind, encode_categories, rank_categories, to_floats

Points = NDArray[np.float32]

_MAX_CATEGORIES = 100  # per column
_MAX_CODES = 1000  # of all columns together
_NORMAL_WIDTHS = {(25, 75): 1.349, (5, 95): 3.290, (1, 99): 4.653, (0, 100): 6.0}  # of a standard normal
_TAIL = 5.0  # scales from the median; beyond, distances count by their logarithm
_LARGEST = 1e300


@dataclass(frozen=True)
class Space:
    """A learned map from rows to points, for distances between rows of mixed types.

    Numbers, dates and durations are centred on their median and divided by a scale from quantiles, which is robust to
    extreme values; beyond five scales, distance grows with its logarithm. A missing number becomes the median and, if
    the learned column has missing values, sets one more coordinate. A category becomes a corner of a simplex with sides
    of length 1. The most frequent categories of a column (100, or fewer in tables with many such columns) have a corner
    each; all others share one, so that identifiers have no more weight than other columns. Arrays of more than two
    dimensions (images) have one scale for all values.

    Attributes
    ----------
    columns : pandas.Index
        Names of the learned columns.
    axes : tuple
        Map from each column to coordinates.

    Examples
    --------
    >>> import pandas as pd
    >>> from ganaug.metrics import Space
    >>> rows = pd.DataFrame({"age": [20, 30, 40, 50, 60], "plan": ["a", "a", "a", "b", "b"]})
    >>> Space.fit(rows).transform(rows).shape  # one coordinate of age, and one each of a, b and other plans
    (5, 4)
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
            There are no rows, or a column holds values that cannot be compared.
        """
        if np.ndim(data) != 2 and not isinstance(data, pd.DataFrame):
            return cls(pd.RangeIndex(0), (_SharedScale.fit(_flatten(data)),))
        (frame,) = align_columns(flatten_samples(data))
        columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
        kinds = [column_kind(column) for column in columns]
        limit = int(np.clip(_MAX_CODES // max(1, kinds.count("category")), 2, _MAX_CATEGORIES))
        return cls(frame.columns, tuple(_fit_axis(c, kind, limit) for c, kind in zip(columns, kinds, strict=True)))

    def transform(self, data: Any) -> Points:
        """Map rows to points.

        Parameters
        ----------
        data : DataFrame or array
            m rows with the learned columns.

        Returns
        -------
        ndarray of float32, shape (m, d)
            Points without missing values.
        """
        if isinstance(self.axes[0], _SharedScale):
            return self.axes[0].points(_flatten(data))
        frame = _select_columns(self.columns, data)
        points = [axis.points(frame.iloc[:, i]) for i, axis in enumerate(self.axes)]
        return np.concatenate(points, axis=1) + np.float32(0)  # no -0.0: equal points have equal bytes


class _Axis(Protocol):
    """The map from one column to coordinates."""

    @abstractmethod
    def points(self, column: Any) -> Points: ...


@dataclass(frozen=True)
class _NumberAxis:
    kind: Kind
    centre: float
    scale: float
    has_gaps: bool

    def points(self, column: pd.Series[Any]) -> Points:
        x = to_floats(column, self.kind)
        gaps = np.isnan(x)
        scaled = _scale(np.where(gaps, self.centre, x), self.centre, self.scale)
        return np.column_stack([scaled, gaps.astype(np.float32)]) if self.has_gaps else scaled[:, None]


@dataclass(frozen=True)
class _CategoryAxis:
    values: tuple[Any, ...]
    has_gaps: bool

    def points(self, column: pd.Series[Any]) -> Points:
        codes = encode_categories(column, self.values)
        others = len(self.values)
        corners = np.eye(others + 1 + self.has_gaps, dtype=np.float32) * np.float32(0.5**0.5)
        return corners[np.where(codes < 0, others + self.has_gaps, codes)]


@dataclass(frozen=True)
class _SharedScale:
    centre: float
    scale: float

    @classmethod
    def fit(cls, x: Numbers) -> _SharedScale:
        return cls(*_centre_and_scale(x[np.isfinite(x)]))

    def points(self, x: Numbers) -> Points:
        return _scale(np.where(np.isnan(x), self.centre, x), self.centre, self.scale)


def flatten_samples(data: Any) -> pd.DataFrame:
    """Return a table unchanged, and an array of any shape as a table with one row per sample."""
    data = to_pandas(data)
    if isinstance(data, pd.DataFrame):
        return data
    array = np.asarray(data)
    if not array.ndim:
        raise DataError(f"The rows are a {type(data).__name__}; give a pandas.DataFrame or an array.")
    return as_frame(array.reshape(len(array), -1))


def row_keys(points: Points) -> list[bytes]:
    """Return one hashable key per point, equal for equal points."""
    return [row.tobytes() for row in points]


def count_equal(points: Points, others: Points) -> NDArray[np.int64]:
    """Count the `others` that equal each point."""
    counts = Counter(row_keys(others))
    return np.array([counts[key] for key in row_keys(points)], dtype=np.int64)


def feature_tables(learned: pd.DataFrame, *frames: pd.DataFrame) -> list[Numbers]:
    """Convert tables to features of decision trees: numbers, and categories as ranks by falling frequency.

    Parameters
    ----------
    learned : DataFrame
        Table that determines the kinds of the columns and the ranks of categories.
    *frames : DataFrame
        Tables with the same columns.

    Returns
    -------
    list of ndarray of float64, shape (n, d)
        One per table; missing values are NaN.
    """
    tables: list[list[Numbers]] = [[] for _ in frames]
    for i in range(learned.shape[1]):
        column = learned.iloc[:, i]
        kind = column_kind(column)
        values = rank_categories(column) if kind == "category" else []
        for table, frame in zip(tables, frames, strict=True):
            table.append(_feature_column(frame.iloc[:, i], kind, values))
    return [np.column_stack(table) for table in tables]


def sample_rows(data: Any, n: int, rng: np.random.Generator) -> Any:
    """Draw at most `n` rows of a table or array without replacement, and keep their order."""
    if len(data) <= n:
        return data
    chosen = np.sort(rng.choice(len(data), n, replace=False))
    return data.iloc[chosen] if isinstance(data, pd.DataFrame) else np.asarray(data)[chosen]


def _feature_column(column: pd.Series[Any], kind: Kind, values: Sequence[Any]) -> Numbers:
    if kind != "category":
        return to_floats(column, kind)
    codes = encode_categories(column, values)
    return np.where(codes < 0, np.nan, codes)


def _fit_axis(column: pd.Series[Any], kind: Kind, limit: int) -> _Axis:
    if kind == "category":
        return _CategoryAxis(tuple(rank_categories(column, limit)), bool(column.isna().any()))
    x = to_floats(column, kind)
    gaps = np.isnan(x)
    return _NumberAxis(kind, *_centre_and_scale(x[~gaps]), bool(gaps.any()))


def _centre_and_scale(x: Numbers) -> tuple[float, float]:
    """Return the median, and the standard deviation of the normal distribution with the same inner quantiles.

    If most values are equal, outer quantiles are used.
    """
    if not len(x):
        return 0.0, 1.0
    for percentiles, width in _NORMAL_WIDTHS.items():
        low, high = np.percentile(x, percentiles)
        if high > low:
            return float(np.median(x)), max(float(high - low) / width, 1e-300)
    return float(x[0]), 1.0


def _scale(x: Numbers, centre: float, scale: float) -> Points:
    with np.errstate(over="ignore"):
        z = np.clip((x - centre) / scale, -_LARGEST, _LARGEST)
    size = np.abs(z)
    return np.where(size <= _TAIL, z, np.sign(z) * (_TAIL + np.log1p(np.maximum(size - _TAIL, 0)))).astype(np.float32)


def _flatten(data: Any) -> Numbers:
    array = np.asarray(data, dtype=np.float64)
    if not array.ndim or not len(array):
        raise DataError("There are no rows to compare; give at least one.")
    return np.clip(array.reshape(len(array), -1), -_LARGEST, _LARGEST)


def _select_columns(columns: pd.Index[Any], data: Any) -> pd.DataFrame:
    return align_columns(pd.DataFrame(columns=columns, index=[0]), given=flatten_samples(data))[1]
