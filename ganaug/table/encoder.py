"""Encode tables as tensors, and decode them.

An encoded table is a tensor of shape (n, d): first the states of all columns that have states, then the normal scores
of all columns that have scores, zero where the state is not regular. Network input has one-hot states, in float32;
training rows are stored packed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.dtypes import Codes, Mask, Plain, factorise, restore, split
from ..errors import DataError, DataWarning
from ..rng import numpy_stream
from .categorical import resolve_categorical
from .columns import Category, Encoded, Identifier, Number
from .containers import join_columns, to_frame
from .decoding import RowDecoder
from .dependence import PairCounts, assign_levels, check_levels
from .followers import Calculated, Later
from .kinds import Column, column_from_json
from .layout import Layout
from .objects import apply_objects, forms_from_json, type_objects
from .schema import ColumnStreams, fit_encode_columns, refuse_infinite
from .spelled import apply_spellings, type_texts
from .ties import check_ties, find_ties
from .validation import validate_schema

_MANY_RARE = 0.2  # share of the values of a column that decides others, above which the rare ones are said


class TableEncoder:
    """Reversible map between tables and tensors.

    Parameters
    ----------
    column_kinds : mapping of column name to kind, optional
        Kinds of single columns, in place of the inferred ones: "numeric", "ordered", "category", "boolean",
        "datetime", "constant" or "identifier".
    categorical_features : "auto", or sequence of names, positions or booleans
        Columns that are categories; "auto" infers them.
    relations : bool
        Whether to find columns that follow from others, and rules between single values, and keep them.

    Attributes
    ----------
    names : list
        Column names, text or whole numbers.
    columns : list of Column
        The fitted columns.
    dtypes : list of dict
        Their dtypes.
    layout : Layout
        Layout of an encoded row.
    container : dict
        Container of the table.
    """

    def __init__(
        self,
        column_kinds: Mapping[Any, str] | None = None,
        categorical_features: str | Sequence[Any] = "auto",
        relations: bool = True,
    ):
        self.relations = relations
        self.column_kinds = column_kinds
        self.categorical_features = categorical_features
        self.names: list[Any] = []
        self.columns: list[Column] = []
        self.dtypes: list[dict[str, Any]] = []
        self.layout = Layout.of(self.columns)
        self.container: dict[str, Any] = {}

    def fit(self, X: Any, rng: np.random.Generator) -> TableEncoder:
        """Learn the schema of a table.

        Parameters
        ----------
        X : pandas.DataFrame, or array-like of shape (n, d)
            The table without its label. Identifiers are recognised in frames only.
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
        ParameterError
            An option names an unknown column, or a kind that does not fit the column.
        """
        self.fit_transform(X, rng, np.random.default_rng(0))
        return self

    def fit_transform(self, X: Any, fit_rng: np.random.Generator, transform_rng: np.random.Generator) -> Tensor:
        """Learn the schema of a table and return it as a tensor, splitting each column once.

        Parameters
        ----------
        X : pandas.DataFrame, or array-like of shape (n, d)
            As for `fit`.
        fit_rng, transform_rng : numpy.random.Generator
            Those of `fit` and of `transform`.

        Returns
        -------
        Tensor of shape (n, d)
            The same, bit for bit, as ``fit(X, fit_rng).transform(X, transform_rng)``.

        Raises
        ------
        DataError, ParameterError
            As for `fit`.
        """
        frame, options = self._prepare(X)
        self.columns, self.dtypes, encoded = fit_encode_columns(frame, *options, transform_rng)
        self._set_layout()
        self._warn_of_rare_keys()
        x = self.layout.allocate_rows(len(frame))
        self._fill(x, encoded)
        self._relate_columns(x)
        return x

    def _prepare(self, X: Any) -> tuple[pd.DataFrame, tuple[Mapping[Any, str], list[Any], bool, bool]]:
        """Learn container and names; return the frame, and the options of `fit_encode_columns`."""
        frame, self.container = to_frame(X)
        self.names = frame.columns.tolist()
        categorical = resolve_categorical(frame, self.categorical_features)
        kinds = self.column_kinds or {}
        if self.container["kind"] == "frame":
            frame, objects = type_objects(
                frame, {*categorical, *(n for n, kind in kinds.items() if kind != "datetime")}
            )
            frame, spelled, unclear = type_texts(frame, kinds, categorical)
            kinds = {**dict.fromkeys(unclear, "category"), **kinds}  # new texts of their shape may be no dates
            self.container |= {"spelled": spelled} if spelled else {}
            self.container |= {"objects": [form.to_json() for form in objects]} if objects else {}
        return frame, (kinds, categorical, self.container["kind"] == "frame", self.relations)

    def _set_layout(self) -> None:
        """Set the layout, and warn of columns that are not learned."""
        self.layout = Layout.of(self.columns)
        unlearned = [repr(n) for n, c in zip(self.names, self.columns, strict=True) if isinstance(c, Identifier)]
        if not self.layout.width:
            raise DataError(
                "No column can be learned from: all are constant or identifiers. Add columns that vary, or name their "
                "kind with column_kinds={'column': 'category'}."
            )
        if unlearned:
            warnings.warn(
                f"{', '.join(unlearned)} names rows and is not learned; synthetic rows get new values of the same "
                "pattern. If it is a feature, give column_kinds={...: 'category'} or 'numeric'.",
                DataWarning,
                stacklevel=3,
            )

    def _warn_of_rare_keys(self) -> None:
        """Warn of columns that decide others and of which many values are too rare to be drawn."""
        for name, column in zip(self.names, self.columns, strict=True):
            rare = sum(not count for count in column.counts) if isinstance(column, Category) else 0
            if isinstance(column, Category) and rare > _MANY_RARE * len(column.values):
                warnings.warn(
                    f"{name!r} decides other columns, and {rare} of its {len(column.values)} values occur once or "
                    "twice, so that what belongs to them is not kept, and they are not drawn; relations=False "
                    "(--no-relations) draws them beside anything.",
                    DataWarning,
                    stacklevel=4,
                )

    def _relate_columns(self, x: Tensor) -> None:
        """Learn from packed rows which states decide others, and in which order columns are drawn."""
        self.layout = replace(self.layout, two_stages=self.layout.has_both)
        states = x[:, : len(self.layout.segments)].numpy()
        if states.shape[1] > 1:
            counts = PairCounts.count(states, self.layout.segments)
            ties = find_ties(states, counts) if self.relations else []
            self.layout = replace(self.layout, ties=ties, levels=assign_levels(counts))

    def _fill(self, x: Tensor, encoded: Iterable[Encoded]) -> None:
        """Put states and scores of all columns into packed rows."""
        state_at = score_at = 0
        for states, scores in encoded:
            if states is not None:
                self.layout.put_states(x, state_at, torch.from_numpy(states).long())
                state_at += 1
            if scores is not None:
                self.layout.put_scores(x, score_at, torch.from_numpy(scores))
                score_at += 1

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.names)

    def check(self, X: Any) -> pd.DataFrame:
        """Return `X` as a frame with the columns in training, in their order.

        Raises
        ------
        DataError
            Columns are missing or unknown.
        """
        frame, container = to_frame(X)
        if container["kind"] == "frame" and self.container["kind"] == "frame":
            absent = [name for name in self.names if name not in frame.columns]
            unknown = frame.columns.difference(self.names, sort=False).tolist()
            if absent or unknown:
                raise DataError(
                    f"The columns differ from those in training: missing {absent or 'none'}, unknown "
                    f"{unknown or 'none'}. Give the same columns, or fit again."
                )
            frame = frame if frame.columns.tolist() == self.names else frame[self.names]  # selecting copies all cells
            dtypes = dict(zip(self.names, self.dtypes, strict=True))
            frame = apply_objects(frame, forms_from_json(self.container.get("objects", [])))
            return apply_spellings(frame, self.container.get("spelled", []), dtypes)
        if frame.shape[1] != len(self.names):
            raise DataError(f"X has {frame.shape[1]} columns, but {len(self.names)} were learned; give the same ones.")
        return frame.set_axis(self.names, axis=1)

    def transform(self, X: Any, rng: np.random.Generator) -> Tensor:
        """Return a table as a packed tensor.

        Parameters
        ----------
        X : pandas.DataFrame, or array-like of shape (n, d)
            A table with the columns in training.
        rng : numpy.random.Generator
            Places equal numbers among their ranks.

        Returns
        -------
        Tensor of shape (n, d)
            Whole numbers of two bytes (or four): states, then the bits of normal scores; see `expand`.

        Raises
        ------
        DataError
            Columns differ from those in training; or a value is infinite, is an unknown category, or is missing in a
            column without missing values in training.
        """
        frame = self.check(X)
        x = self.layout.allocate_rows(len(frame))
        self._fill(x, self._encode(frame, rng))
        return x

    def _encode(self, frame: pd.DataFrame, rng: np.random.Generator) -> Iterator[Encoded]:
        """Yield states and scores of each generated column; raise DataError for cells that have none."""
        streams = ColumnStreams(rng, len(self.columns))
        for i, (name, column, dtype) in enumerate(zip(self.names, self.columns, self.dtypes, strict=True)):
            if isinstance(column, Category | Number | Later):
                plain, missing = split(frame[name], dtype)
                refuse_infinite(frame[name], plain)
                if isinstance(column, Later):
                    earlier = split(frame[self.names[column.by]], self.dtypes[column.by])
                    states, scores = column.encode(plain, missing, earlier, streams.of(i))
                else:
                    states, scores = column.encode(plain, missing, streams.of(i))
                _refuse_unseen(frame[name], missing if states is None else states < 0)
                yield states, scores

    def expand(self, x: Tensor) -> Tensor:
        """Return packed rows as network input.

        Returns
        -------
        Tensor of shape (n, layout.width)
            One-hot states, then normal scores, in float32.
        """
        return self.layout.expand(x)

    def pack(self, x: Tensor) -> Tensor:
        """Return rows of a generator in the packed form of `transform`, which takes far less memory."""
        return self.layout.pack(x)

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Return encoded rows as a table in the container of the training table.

        Parameters
        ----------
        x : Tensor of shape (n, d)
            States and normal scores, packed or not.
        first_row : int
            Number of rows decoded before in the same call; new identifiers are numbered from it.
        seed : int
            Seed of pooled values, with a stream for each column: fewer rows are a prefix of more.

        Returns
        -------
        pandas.DataFrame or ndarray
            Columns, order and dtypes of the training table.
        """
        rows = RowDecoder(
            self.columns,
            list(self.states_and_scores(x)),
            lambda i: numpy_stream(seed, "decode", first_row, i),
            first_row,
            len(x),
        )
        parts = [restore(*rows.decode(i), dtype) for i, dtype in enumerate(self.dtypes)]
        return join_columns(parts, self.names, self.container)

    def states_and_scores(self, x: Tensor) -> Iterator[tuple[Codes | None, NDArray[np.float64] | None]]:
        """Yield states and scores of the encoded rows `x` for each column in turn, None if the column has none."""
        return self._split_features(self._own_features(x))

    def _split_features(self, own: Tensor) -> Iterator[tuple[Codes | None, NDArray[np.float64] | None]]:
        features = own.double().cpu().numpy()
        state_at, score_at = 0, len(self.layout.segments)
        for column in self.columns:
            states = np.rint(features[:, state_at]).astype(np.int64) if column.n_states else None
            scores = features[:, score_at] if column.has_score else None
            state_at += states is not None
            score_at += scores is not None
            yield states, scores

    def features(self, x: Tensor) -> Tensor:
        """Return encoded rows, packed or not, as features of a classifier.

        Returns
        -------
        Tensor of shape (n, segments + scores + followers)
            State of each segment, the normal scores, then the columns that are calculated from others, so that what is
            wrong in them is seen: 0 at the smallest value in training, 1 at the largest, and -1 where missing.
        """
        own = self._own_features(x)
        followers = [i for i, column in enumerate(self.columns) if isinstance(column, Calculated | Later)]
        if not followers:
            return own
        drawn = list(self._split_features(own))
        rows = RowDecoder(self.columns, drawn, lambda i: np.random.default_rng(0), 0, len(own))
        parts = [self._place(i, *rows.decode(i)) for i in followers]
        return torch.cat([own, torch.from_numpy(np.stack(parts, axis=1)).to(own.device)], dim=1)

    def _place(self, i: int, plain: Plain, missing: Mask) -> NDArray[np.float32]:
        """Return the place of cells of a column of numbers between its limits in training."""
        column = self.columns[i]
        low, high = column.limits if isinstance(column, Calculated | Later) else (0, 1)
        places = (plain - low) / max(high - low, np.finfo(np.float64).tiny)
        return np.where(missing, -1.0, places).astype(np.float32)

    def _own_features(self, x: Tensor) -> Tensor:
        """Return the state of each segment, then the normal scores."""
        layout = self.layout
        if not x.is_floating_point():
            return layout.get_features(x)
        parts = [part.argmax(1, keepdim=True).to(x.dtype) for part in x[:, : layout.n_states].split(layout.segments, 1)]
        return torch.cat([*parts, x[:, layout.n_states :]], dim=1)

    def copies(self, X: Any, synthetic: Any) -> NDArray[np.bool_]:
        """Return which rows of `synthetic` equal a row of `X`, identifiers left out of the comparison.

        Cells are equal where their values are, or where both are missing.
        """
        tables = [self.check(X), self.check(synthetic)]
        rows = [np.arange(len(table)) for table in tables]  # rows equal to a row of the other table so far
        groups = [np.zeros(len(table), dtype=np.int64) for table in tables]
        for name, column, dtype in zip(self.names, self.columns, self.dtypes, strict=True):
            if isinstance(column, Identifier):
                continue
            parts = [split(table[name].iloc[some], dtype) for table, some in zip(tables, rows, strict=True)]
            plain, missing = (np.concatenate(pair) for pair in zip(*parts, strict=True))
            codes, values = factorise(plain, missing)
            joint, _ = pd.factorize(np.concatenate(groups) * (len(values) + 1) + codes)
            real, made = np.split(joint, [len(rows[0])])
            shared = np.isin(real, made), np.isin(made, real)
            rows = [some[equal] for some, equal in zip(rows, shared, strict=True)]
            groups = [real[shared[0]], made[shared[1]]]
        return np.isin(np.arange(len(tables[1])), rows[1])

    def join(self, parts: list[Any]) -> Any:
        """Concatenate tables."""
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
        return {
            "names": self.names,
            "columns": columns,
            "dtypes": self.dtypes,
            "container": self.container,
            "ties": [list(tie) for tie in self.layout.ties],
            "levels": self.layout.levels,
            "two_stages": self.layout.two_stages,
        }

    @classmethod
    def from_json(cls, schema: Mapping[str, Any]) -> TableEncoder:
        """Return the encoder that `to_json` described."""
        encoder = cls()
        encoder.names, encoder.dtypes = list(schema["names"]), list(schema["dtypes"])
        encoder.container = dict(schema["container"])
        encoder.columns = [column_from_json(facts) for facts in schema["columns"]]
        encoder.layout = Layout.from_schema(schema)
        check_ties(encoder.layout.ties, encoder.layout.segments)
        check_levels(encoder.layout.levels, encoder.layout.segments)
        validate_schema(encoder.names, encoder.columns, encoder.dtypes, encoder.container)
        return encoder


def _refuse_unseen(series: pd.Series[Any], unseen: Mask) -> None:
    """Raise DataError naming the first cell that has no code."""
    if unseen.any():
        row = int(np.flatnonzero(unseen)[0])
        raise DataError(
            f"Column {series.name!r} holds {series.iloc[row]!r} in row {row}, which did not occur in training; replace "
            "it, or fit again."
        )
