"""Evaluate many trees at once.

Where trees look at few features, each feature has a table: for every interval between two thresholds, the leaves of all
trees that a value in it leaves within reach, one bit each. The intersection of a row's entries holds a single leaf
that comes first in each tree, which is where the row ends [1]_. It takes a look-up for each feature instead of one for
each level of each tree. Trees that look at many features are walked, level by level.

References
----------
.. [1] Lucchese et al., "QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees",
   SIGIR 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .grid import Grid

DEPTH = 6
"""Levels of every tree."""

_INNER, _LEAVES = 2**DEPTH - 1, 2**DEPTH
_ROWS = 768  # rows at a time: their nodes in all trees fit into a processor's cache
_PLACES = 2**20  # rows times trees at a time, whatever number of trees a file claims
_GROUP = 128  # trees that share tables, which fit into a processor's cache
_MOST_TREES = 1024  # in tables, which may take eight megabytes for each group
_SHARED = 256  # entries of a table that several features share, at the most
_MOST_FEATURES = 48  # in tables: with more of them, walking is faster

Values = NDArray[np.float32]
Bits = NDArray[np.unsignedinteger[Any]]


class Grown(Protocol):
    """Complete trees in four tensors; see `ganaug.filters.trees.Trees`."""

    @property
    def feature(self) -> Tensor:
        """Feature that each inner node compares."""
        ...

    @property
    def threshold(self) -> Tensor:
        """Threshold of each inner node."""
        ...

    @property
    def leaf(self) -> Tensor:
        """Value of each leaf."""
        ...

    @property
    def baseline(self) -> Tensor:
        """Initial value of each output."""
        ...


class _Group(Protocol):
    def find_values(self, X: Values) -> Values:
        """Return the value of the leaf in which each row ends in each tree, shape (n, t)."""
        ...


@dataclass(frozen=True)
class Forest:
    """Several sums of trees that look at the same features.

    Attributes
    ----------
    groups : list of group
        All trees in their order, in groups that are evaluated together.
    parts : list of (int, ndarray of shape (k,))
        Number of trees and initial value of each output, of each sum.
    """

    groups: list[_Group]
    parts: list[tuple[int, Values]]

    @classmethod
    def of(cls, sums: Sequence[Grown]) -> Forest:
        """Return the trees of all `sums` in the form in which they are evaluated."""
        feature, threshold, leaf = (
            np.concatenate([getattr(grown, name).numpy() for grown in sums])
            for name in ("feature", "threshold", "leaf")
        )
        step = _GROUP if len(leaf) <= _MOST_TREES else len(leaf)
        cuts = [slice(first, first + step) for first in range(0, len(leaf), step)]
        groups = [_make_group(feature[cut], threshold[cut], leaf[cut]) for cut in cuts]
        return cls(groups, [(len(grown.leaf), grown.baseline.numpy()) for grown in sums])

    def __call__(self, x: Tensor) -> list[Tensor]:
        """Return the outputs of each sum, shape (n, k), for features of shape (n, d)."""
        rows = max(1, min(_ROWS, _PLACES // max(1, sum(count for count, _ in self.parts))))
        blocks = [self._add_up(part.numpy()) for part in x.split(rows)] if len(x) else []
        if not blocks:
            return [x.new_zeros(0, len(baseline)) for _, baseline in self.parts]
        return [torch.from_numpy(np.concatenate(outputs)) for outputs in zip(*blocks, strict=True)]

    def _add_up(self, X: Values) -> list[Values]:
        values = [group.find_values(X) for group in self.groups]
        joined = values[0] if len(values) == 1 else np.concatenate(values, axis=1)
        outputs, first = [], 0
        for count, baseline in self.parts:
            own, k = joined[:, first : first + count], len(baseline)
            total = own.sum(1, keepdims=True) if k == 1 else own.reshape(len(X), count // k, k).sum(1)
            outputs.append(total + baseline)
            first += count
        return outputs


def _make_group(feature: NDArray[np.int64], threshold: Values, leaf: Values) -> _Group:
    """Return trees as tables if they look at few features."""
    if len(leaf) <= _GROUP and len(np.unique(feature[np.isfinite(threshold)])) <= _MOST_FEATURES:
        return _Tabled.of(feature, threshold, leaf)
    return _Walked(feature, threshold, leaf)


@dataclass(frozen=True)
class _Tabled:
    """Trees as tables of the leaves within reach.

    Attributes
    ----------
    features : ndarray of shape (d,)
        Features that the trees look at.
    grid : Grid
        Thresholds of each of these.
    strides : ndarray of shape (d, 1)
        How far two neighbouring intervals of a feature are apart in its table.
    firsts : ndarray
        For each table its first feature, as a place in `features`; the next ones share it, up to the next first one.
    tables : list of ndarray of shape (places, t)
        For each interval between the thresholds of a feature, or each combination of intervals of several ones, a bit
        for each leaf of each tree; the first leaf is the lowest bit.
    leaf : ndarray of shape (t * LEAVES,)
        Values of the leaves of one tree after the other.
    """

    features: NDArray[np.int64]
    grid: Grid
    strides: NDArray[np.intp]
    firsts: NDArray[np.intp]
    tables: list[Bits]
    leaf: Values

    @classmethod
    def of(cls, feature: NDArray[np.int64], threshold: Values, leaf: Values) -> _Tabled:
        """Return the tables of complete trees."""
        # 1. Leaves that rows can end in: those right of a threshold that nothing exceeds are left out
        splits = np.isfinite(threshold)
        live = np.ones((len(leaf), _LEAVES), dtype=bool)
        spans = [_find_span(node) for node in range(_INNER)]
        for node, (_, middle, end) in enumerate(spans):
            live[:, middle:end] &= splits[:, [node]]
        before = np.concatenate([np.zeros((len(leaf), 1), dtype=np.int64), live.cumsum(1)], axis=1)
        values = np.zeros_like(leaf)
        tree, place = np.nonzero(live)
        values[tree, before[tree, place]] = leaf[tree, place]

        # 2. What is out of reach for rows that go right at a node: the leaves left of it
        nodes = []
        for node, (start, middle, end) in enumerate(spans):
            trees = np.flatnonzero(splits[:, node] & live[:, start:middle].any(1) & live[:, middle:end].any(1))
            low, high = (before[trees, place].astype(np.uint64) for place in (start, middle))
            lost = (np.uint64(1) << high) - (np.uint64(1) << low)
            nodes.append((trees, feature[trees, node], threshold[trees, node], ~lost))
        trees, looked_at, thresholds, left_over = (np.concatenate(parts) for parts in zip(*nodes, strict=True))

        # 3. A table for each feature, or for several with few thresholds
        dtype = (
            np.uint32 if before[:, -1].max(initial=0) <= 32 else np.uint64
        )  # all that are grown have up to 31 leaves
        features, sizes = np.unique(looked_at, return_counts=True)
        features = features[np.argsort(sizes, kind="stable")]
        edges, strides, firsts, tables = list[Values](), list[int](), list[int](), list[Bits]()
        for number in features.tolist():
            own = looked_at == number
            ends, place = np.unique(thresholds[own], return_inverse=True)
            table = np.full((len(ends) + 1, len(leaf)), np.iinfo(dtype).max, dtype=dtype)
            np.bitwise_and.at(table, (place + 1, trees[own]), left_over[own].astype(dtype))
            np.bitwise_and.accumulate(table, axis=0, out=table)
            if tables and len(tables[-1]) * len(table) <= _SHARED:
                strides.append(len(tables[-1]))
                tables[-1] = (table[:, None] & tables[-1][None]).reshape(-1, len(leaf))
            else:
                strides.append(1)
                firsts.append(len(edges))
                tables.append(table)
            edges.append(ends)
        places = np.array(strides, dtype=np.intp)[:, None], np.array(firsts, dtype=np.intp)
        return cls(features, Grid.of(edges), *places, tables, values.ravel())

    def find_values(self, X: Values) -> Values:
        """Return the value of the leaf in which each row ends in each tree, shape (n, t)."""
        t = len(self.leaf) // _LEAVES
        if not self.tables:  # no tree has more than one leaf
            return np.broadcast_to(self.leaf[::_LEAVES], (len(X), t))

        # 1. Intersect the leaves within reach
        columns = X.T[np.clip(self.features, 0, X.shape[1] - 1)]  # a file may name any feature
        places = self.grid.count_below(np.ascontiguousarray(columns))
        places *= self.strides
        left = np.empty((len(X), t), dtype=self.tables[0].dtype)
        reached = np.empty_like(left)
        for number, (table, first) in enumerate(zip(self.tables, self.firsts, strict=True)):
            place = places[first]
            for other in places[first + 1 : self.firsts[number + 1] if number + 1 < len(self.firsts) else None]:
                place += other
            np.take(table, place, axis=0, out=reached if number else left, mode="clip")
            if number:
                np.bitwise_and(left, reached, out=left)

        # 2. The lowest bit is where the row ends: as many bits as its place are below it
        np.bitwise_and(left, np.negative(left, out=reached), out=left)
        leaf = np.bitwise_count(np.subtract(left, 1, out=left)).astype(np.int32)
        leaf += np.arange(0, len(self.leaf), _LEAVES, dtype=np.int32)
        found: Values = torch.from_numpy(self.leaf).index_select(0, torch.from_numpy(leaf.ravel())).numpy()
        return found.reshape(leaf.shape)


def _find_span(node: int) -> tuple[int, int, int]:
    """Return the first leaf below a node of a complete tree, the first one right of it, and the one after the last."""
    level = (node + 1).bit_length() - 1
    width = _LEAVES >> level
    start = (node + 1 - 2**level) * width
    return start, start + width // 2, start + width


@dataclass(frozen=True)
class _Walked:
    """Trees as complete trees; see `ganaug.filters.trees.Trees`."""

    feature: NDArray[np.int64]
    threshold: Values
    leaf: Values

    def find_values(self, X: Values) -> Values:
        """Walk all trees at once, level by level; numpy's `take` is three times as fast here as torch's `gather`."""
        (n, d), (t, inner) = X.shape, self.feature.shape
        values, feature, threshold = np.ravel(X), self.feature.ravel(), self.threshold.ravel()
        row, tree = np.arange(n)[:, None] * d, np.arange(t)[None, :] * inner
        node = np.zeros((n, t), dtype=np.intp)
        for _ in range(DEPTH):
            at = node + tree
            looked_at = np.take(values, np.take(feature, at, mode="clip") + row, mode="clip")
            node = 2 * node + 1 + (looked_at > np.take(threshold, at, mode="clip"))
        leaf = node - inner + np.arange(t)[None, :] * (inner + 1)
        return np.take(self.leaf.ravel(), leaf, mode="clip")
