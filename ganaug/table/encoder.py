"""Tables to tensors and back.

An encoded table is a float32 tensor of shape (n, d): first the states of all columns that have some, one-hot, side by
side; then the normal scores of all columns that have one, zero where the state is not regular.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..dtypes import Mask, Plain, restore, split
from ..errors import DataError, DataWarning
from ..rng import numpy_stream
from .columns import COLUMNS, Category, Column, Constant, Determined, Identifier, Number
from .schema import fit_columns, refuse_infinite


@dataclass(frozen=True)
class Layout:
    """Where things are in an encoded row; all that the networks know of a table.

    Attributes
    ----------
    segments : list of int
        Sizes of the one-hot segments, in order.
    gates : list of int
        For each score the position of the state that lets it through, -1 where it always counts.
    ordered : list of bool
        For each segment whether the order of its states means something.
    """

    segments: list[int]
    gates: list[int]
    ordered: list[bool]

    @property
    def n_states(self) -> int:
        """Width of all segments together."""
        return sum(self.segments)

    @property
    def width(self) -> int:
        """Length d of an encoded row."""
        return self.n_states + len(self.gates)

    def starts(self) -> NDArray[np.int64]:
        """Return where each segment begins."""
        return np.concatenate([[0], np.cumsum(self.segments)[:-1]]).astype(np.int64)[: len(self.segments)]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Layout:
        """Return the layout of the rows that these columns encode to."""
        segments: list[int] = []
        gates: list[int] = []
        ordered: list[bool] = []
        for column in columns:
            if column.n_states:
                segments.append(column.n_states)
                ordered.append(isinstance(column, Category) and column.is_ordered)
            if column.has_score:
                gates.append(sum(segments[:-1]) if column.n_states else -1)
        return cls(segments, gates, ordered)

    @classmethod
    def from_schema(cls, schema: Mapping[str, Any]) -> Layout:
        """Return the layout of the rows that an encoder's JSON describes."""
        return cls.of([column_from_json(facts) for facts in schema["columns"]])


def column_from_json(facts: Mapping[str, Any]) -> Column:
    """Return the column whose ``to_json`` gave `facts`."""
    column: Column = COLUMNS[facts["kind"]].from_json(dict(facts))
    return column


class TableEncoder:
    """The reversible map between tables and tensors.

    Parameters
    ----------
    column_kinds : mapping of column name to kind, optional
        Overrides what would be inferred: "numeric", "ordered", "category", "boolean", "datetime", "constant" or
        "identifier".
    categorical_features : "auto", or sequence of names, positions or booleans
        Columns that are categories; "auto" infers them.

    Attributes
    ----------
    names : list
        Column names, text or whole numbers.
    columns : list of Column
        What was learned of each.
    dtypes : list of dict
        Their dtypes.
    container : dict
        What kind of object the data came in.
    """

    def __init__(
        self, column_kinds: Mapping[Any, str] | None = None, categorical_features: str | Sequence[Any] = "auto"
    ):
        self.column_kinds = column_kinds
        self.categorical_features = categorical_features
        self.names: list[Any] = []
        self.columns: list[Column] = []
        self.dtypes: list[dict[str, Any]] = []
        self.container: dict[str, Any] = {}

    def fit(self, X: Any, rng: np.random.Generator) -> TableEncoder:
        """Learn the schema of a table.

        Parameters
        ----------
        X : pandas.DataFrame, or array-like of shape (n, d)
            The table without its label. Identifiers are looked for in frames only.
        rng : numpy.random.Generator
            Unused here; other modalities draw from it.

        Returns
        -------
        TableEncoder
            Itself.

        Raises
        ------
        DataError
            A column cannot be learned, or none is left to learn.
        """
        frame, self.container = to_frame(X)
        self.names = frame.columns.tolist()
        categorical = _categorical_names(frame, self.categorical_features)
        in_frame = self.container["kind"] == "frame"
        self.columns, self.dtypes = fit_columns(frame, self.column_kinds or {}, categorical, identifiers=in_frame)
        unlearned = [repr(n) for n, c in zip(self.names, self.columns, strict=True) if isinstance(c, Identifier)]
        if not self.layout.width:
            raise DataError(
                "No column can be learned from: all are constant or identifiers. Add columns that vary, or name their "
                "kind with column_kinds={'column': 'category'}."
            )
        if unlearned:
            warnings.warn(
                f"{', '.join(unlearned)} names rows and is not learned; synthetic rows get fresh values of the same "
                "form. If it is a feature, say column_kinds={...: 'category'} or 'numeric'.",
                DataWarning,
                stacklevel=2,
            )
        return self

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def layout(self) -> Layout:
        """Where things are in an encoded row."""
        return Layout.of(self.columns)

    def check(self, X: Any) -> pd.DataFrame:
        """Return `X` as a frame with the columns that were learned.

        Raises
        ------
        DataError
            Columns are missing or unknown.
        """
        frame, container = to_frame(X)
        if container["kind"] == "frame" and self.container["kind"] == "frame":
            absent = [name for name in self.names if name not in frame.columns]
            unknown = [name for name in frame.columns if name not in self.names]
            if absent or unknown:
                raise DataError(
                    f"The columns differ from those in training: missing {absent or 'none'}, unknown "
                    f"{unknown or 'none'}. Give the same columns, or fit again."
                )
            return frame[self.names]
        if frame.shape[1] != len(self.names):
            raise DataError(f"X has {frame.shape[1]} columns, but {len(self.names)} were learned; give the same ones.")
        return frame.set_axis(self.names, axis=1)

    def transform(self, X: Any, rng: np.random.Generator) -> Tensor:
        """Return a table as a float32 tensor.

        Parameters
        ----------
        X : pandas.DataFrame, or array-like of shape (n, d)
            The columns that were learned.
        rng : numpy.random.Generator
            Places equal numbers among their ranks.

        Returns
        -------
        Tensor of shape (n, layout.width)
            One-hot states, then normal scores.

        Raises
        ------
        DataError
            Columns differ from those learned, or a value is infinite.
        """
        frame = self.check(X)
        layout = self.layout
        x = torch.zeros(len(frame), layout.width)
        state_at, score_at = 0, layout.n_states
        rows = torch.arange(len(frame))
        for name, column, dtype in zip(self.names, self.columns, self.dtypes, strict=True):
            if not isinstance(column, Category | Number):
                continue
            plain, missing = _split_like(frame[name], dtype)
            states, scores = column.encode(plain, missing, rng)
            if states is not None:
                x[rows, state_at + torch.from_numpy(states)] = 1.0
                state_at += column.n_states
            if scores is not None:
                x[:, score_at] = torch.from_numpy(scores).float()
                score_at += 1
        return x

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Return encoded rows as a table of the kind that was learned.

        Parameters
        ----------
        x : Tensor of shape (n, layout.width)
            One-hot states, then normal scores.
        first_row : int
            How many rows came before in the same call; fresh identifiers are counted from it.
        seed : int
            Decides pooled values, by a stream for each column: fewer rows are a prefix of more.

        Returns
        -------
        pandas.DataFrame or ndarray
            Columns, order and dtypes of the training table.
        """
        done: dict[int, tuple[Plain, Mask]] = {}
        for i, (states, scores) in enumerate(self._split_rows(x)):
            done[i] = self._decode(i, states, scores, len(x), first_row, seed)
        for i, column in enumerate(self.columns):
            if isinstance(column, Determined):
                done[i] = column.look_up(*done[column.by])
        parts = [restore(*done[i], self.dtypes[i]) for i in range(len(self.columns))]
        return from_parts(parts, self.names, self.container)

    def _split_rows(self, x: Tensor) -> Iterator[tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]]:
        """Yield states and scores of each column in turn, None for what it has not."""
        features = self.features(x).double().numpy()
        state_at, score_at = 0, len(self.layout.segments)
        for column in self.columns:
            states = np.rint(features[:, state_at]).astype(np.int64) if column.n_states else None
            scores = features[:, score_at] if column.has_score else None
            state_at += states is not None
            score_at += scores is not None
            yield states, scores

    def _decode(
        self,
        i: int,
        states: NDArray[np.int64] | None,
        scores: NDArray[np.float64] | None,
        n: int,
        first_row: int,
        seed: int,
    ) -> tuple[Plain, Mask]:
        column = self.columns[i]
        if isinstance(column, Category | Number):
            return column.decode(states, scores, numpy_stream(seed, "decode", first_row, i))
        if isinstance(column, Identifier):
            return column.fresh(first_row, n)
        return column.fill(n) if isinstance(column, Constant) else (np.empty(0), np.zeros(0, dtype=bool))

    def features(self, x: Tensor) -> Tensor:
        """Return encoded rows as numbers a tree can split.

        Returns
        -------
        Tensor of shape (n, segments + scores)
            For each segment the number of its state, then the normal scores.
        """
        layout = self.layout
        parts = [part.argmax(1, keepdim=True).to(x.dtype) for part in x[:, : layout.n_states].split(layout.segments, 1)]
        return torch.cat([*parts, x[:, layout.n_states :]], dim=1)

    def copies(self, X: Any, synthetic: Any) -> NDArray[np.bool_]:
        """Return which rows of `synthetic` equal a row of `X`, identifiers left out of the comparison."""
        real, other = self.check(X), self.check(synthetic)
        compared = [n for n, c in zip(self.names, self.columns, strict=True) if not isinstance(c, Identifier)]
        key = pd.util.hash_pandas_object
        return np.isin(
            key(_comparable(other[compared]), index=False).to_numpy(),
            key(_comparable(real[compared]), index=False).to_numpy(),
        )

    def join(self, parts: list[Any]) -> Any:
        """Return tables below one another."""
        if len(parts) == 1:
            return parts[0]
        if self.container["kind"] != "frame":
            return np.concatenate(parts)
        joined = pd.concat(parts, ignore_index=True)
        joined.attrs = dict(self.container["attrs"])
        return joined

    def to_json(self) -> dict[str, Any]:
        """Return everything that was learned, as plain JSON."""
        columns = [column.to_json() for column in self.columns]
        return {"names": self.names, "columns": columns, "dtypes": self.dtypes, "container": self.container}

    @classmethod
    def from_json(cls, schema: Mapping[str, Any]) -> TableEncoder:
        """Return the encoder that `to_json` described."""
        encoder = cls()
        encoder.names, encoder.dtypes = list(schema["names"]), list(schema["dtypes"])
        encoder.container = dict(schema["container"])
        encoder.columns = [column_from_json(facts) for facts in schema["columns"]]
        return encoder


def to_frame(X: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a table as a frame, and a JSON description of what it was.

    Raises
    ------
    DataError
        Column names repeat, or are neither text nor whole numbers.
    """
    if isinstance(X, pd.DataFrame):
        if X.columns.has_duplicates:
            repeated = X.columns[X.columns.duplicated()][0]
            raise DataError(f"The column name {repeated!r} occurs more than once; rename the columns.")
        names = [_plain_name(name) for name in X.columns]
        kept = ("missing_text", "decimals", "datetime_format", "boolean_text", "column_order")
        attrs = {k: X.attrs[k] for k in kept if k in X.attrs}
        return X.set_axis(names, axis=1), {"kind": "frame", "attrs": attrs}
    array = np.asarray(X)
    frame = pd.DataFrame(array)
    if array.dtype.kind in "OUS":
        frame = frame.astype(object).infer_objects()
    return frame, {"kind": "array", "dtype": array.dtype.str if array.dtype.kind != "O" else "object"}


def from_parts(parts: list[pd.Series[Any]], names: list[Any], container: Mapping[str, Any]) -> Any:
    """Return columns as the kind of table that `to_frame` described."""
    frame = pd.concat(parts, axis=1) if parts else pd.DataFrame()
    if container["kind"] == "frame":
        frame = frame.set_axis(pd.Index(names), axis=1)
        frame.attrs = dict(container["attrs"])
        return frame
    return frame.to_numpy(dtype=np.dtype(container["dtype"]))


def _plain_name(name: Any) -> str | int:
    if isinstance(name, str):
        return str(name)
    if isinstance(name, int | np.integer) and not isinstance(name, bool):
        return int(name)
    raise DataError(
        f"The column name {name!r} is a {type(name).__name__}; name columns by text or whole numbers "
        "(X.columns = X.columns.map(str))."
    )


def _categorical_names(frame: pd.DataFrame, features: str | Sequence[Any]) -> list[Any]:
    """Return the names behind names, positions or a mask."""
    if isinstance(features, str):
        return []
    listed = list(features)
    if listed and all(isinstance(f, bool | np.bool_) for f in listed):
        if len(listed) != frame.shape[1]:
            raise DataError(
                f"categorical_features is a mask of {len(listed)} entries, but there are {frame.shape[1]} columns."
            )
        return [name for name, chosen in zip(frame.columns, listed, strict=True) if chosen]
    names = []
    for feature in listed:
        position = isinstance(feature, int | np.integer) and feature not in frame.columns
        if (position and not -frame.shape[1] <= feature < frame.shape[1]) or (
            not position and feature not in frame.columns
        ):
            raise DataError(f"categorical_features names the column {feature!r}, which is not in the data.")
        names.append(frame.columns[feature] if position else feature)
    return names


def _split_like(series: pd.Series[Any], dtype: dict[str, Any]) -> tuple[Plain, Mask]:
    """Take a column apart as in training, whatever its dtype is now."""
    learned = dtype.get("name", dtype["dtype"])
    if learned not in ("object", "category") and str(series.dtype) != learned:
        try:
            series = series.astype(learned)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Column {series.name!r} was {learned} in training and is {series.dtype} now: {error}"
            ) from None
    if dtype["dtype"] == "category" and not isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype("category")
    plain, missing = split(series, dtype)
    refuse_infinite(series, plain, missing)
    return plain, missing


def _comparable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose hashes agree wherever the values do, whatever the category codes are."""
    return frame.astype({n: object for n in frame.columns if isinstance(frame[n].dtype, pd.CategoricalDtype)})
