"""Store boosted trees as plain tensors, so that a model file can hold a judge without holding code.

scikit-learn's histogram gradient boosting grows the trees. Here they become complete binary trees in four arrays,
evaluated by comparisons and look-ups alone: see `ganaug.filters.forest`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from ..screening import find_telling_columns
from .forest import DEPTH, Forest

_ITERATIONS = 60
_MANY_ROWS = 5000  # of every class: enough for more and larger boosting steps without overfitting
_MANY_ITERATIONS = 100
_STRETCHES = 6  # of boosting, after which a limit of seconds is looked at
_MOST_ITERATIONS = 1000  # in a file: ten times as many as are ever grown


@dataclass(frozen=True)
class Trees:
    """Sum of regression trees of equal depth.

    Attributes
    ----------
    feature : int64 Tensor of shape (t, 2**DEPTH - 1)
        Feature that each inner node compares.
    threshold : float32 Tensor of shape (t, 2**DEPTH - 1)
        Threshold of each inner node; larger features go right.
    leaf : float32 Tensor of shape (t, 2**DEPTH)
        Value of each leaf.
    baseline : float32 Tensor of shape (k,)
        Initial value of each output; tree i adds to output ``i % k``.
    """

    feature: Tensor
    threshold: Tensor
    leaf: Tensor
    baseline: Tensor

    @classmethod
    def fit(
        cls, x: Tensor, y: Tensor, seed: int, iterations: int | None = None, most_seconds: float = math.inf
    ) -> Trees:
        """Boost trees that classify `x` into classes `y` (codes 0 .. k - 1, all present).

        Two classes give one output, the log-odds of the second; more give one logit each.
        Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29 (2001). Of a
        wide table they look at the columns that differ the most between the classes. Boosting ends early once it has
        taken `most_seconds`.
        """
        X = x.numpy()
        sizes = torch.bincount(y)
        many = int(sizes.min()) >= _MANY_ROWS
        if iterations is None:  # each grows a tree for every class
            iterations = max(10, (_MANY_ITERATIONS if many else _ITERATIONS) // max(1, len(sizes) // 2))
        model = HistGradientBoostingClassifier(
            max_iter=iterations,
            learning_rate=0.3 if many else 0.1,
            max_depth=DEPTH,
            max_leaf_nodes=31,
            min_samples_leaf=int(np.clip(len(X) // 50, 2, 20)),
            early_stopping=False,
            random_state=seed % 2**32,
        )
        columns = find_telling_columns(X, y.numpy())
        grown = cls.from_sklearn(_boost(model, X[:, columns], y.numpy(), most_seconds))
        return replace(grown, feature=torch.from_numpy(columns)[grown.feature])

    @staticmethod
    def within(most_seconds: float) -> TimedTrees:
        """Return a learner each of whose classifiers takes about `most_seconds` to train."""
        return TimedTrees(most_seconds)

    @classmethod
    def from_sklearn(cls, model: HistGradientBoostingClassifier) -> Trees:
        """Return the trees of a fitted model of depth `DEPTH` or less, without categorical features."""
        grown = [tree.nodes for stage in model._predictors for tree in stage]
        flat = [_complete_tree(nodes) for nodes in grown]
        feature, threshold, leaf = (torch.from_numpy(np.stack([f[i] for f in flat])) for i in range(3))
        baseline = torch.from_numpy(np.asarray(model._baseline_prediction, dtype=np.float32).reshape(-1))
        return cls(feature, threshold, leaf, baseline)

    @cached_property
    def _forest(self) -> Forest:
        return Forest.of([self])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_forest"}

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs, shape (n, k), for features of shape (n, d)."""
        return self._forest(x)[0]

    def tensors(self) -> dict[str, Tensor]:
        """Return the four arrays by name."""
        return {"feature": self.feature, "threshold": self.threshold, "leaf": self.leaf, "baseline": self.baseline}

    def to_json(self) -> list[int]:
        """Return numbers of trees and of outputs."""
        return [len(self.leaf), len(self.baseline)]

    @staticmethod
    def expected(facts: Sequence[int]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each tensor of trees whose `to_json` gave `facts`."""
        n_trees, n_outputs = facts
        if not n_outputs <= n_trees <= _MOST_ITERATIONS * n_outputs:
            raise ValueError(f"{n_trees} trees for {n_outputs} outputs are more, or fewer, than are ever grown")
        inner = (n_trees, 2**DEPTH - 1)
        shapes = {"feature": inner, "threshold": inner, "leaf": (n_trees, 2**DEPTH), "baseline": (n_outputs,)}
        return {key: (torch.int64 if key == "feature" else torch.float32, shape) for key, shape in shapes.items()}

    @classmethod
    def from_json(cls, facts: Sequence[int], tensors: Mapping[str, Tensor]) -> Trees:
        """Return the trees that `to_json` and `tensors` described."""
        return cls(**{key: tensors[key] for key in cls.expected(facts)})


@dataclass(frozen=True)
class TimedTrees:
    """Trains `Trees` in limited time; it reads them like any others."""

    most_seconds: float

    expected = staticmethod(Trees.expected)
    from_json = Trees.from_json

    def fit(self, x: Tensor, y: Tensor, seed: int) -> Trees:
        """Boost trees until the time is up; see `Trees.fit`."""
        return Trees.fit(x, y, seed, most_seconds=self.most_seconds)


def _boost(
    model: HistGradientBoostingClassifier, X: NDArray[np.float32], y: NDArray[np.int64], most_seconds: float
) -> HistGradientBoostingClassifier:
    """Fit the model; in limited time some iterations after the other, and fewer of them if the time is up."""
    if math.isinf(most_seconds):
        return model.fit(X, y)
    started, iterations = time.monotonic(), model.max_iter
    model.set_params(warm_start=True)
    for done in _split_evenly(iterations):
        model.set_params(max_iter=done).fit(X, y)
        spent = time.monotonic() - started
        if spent * (1 + 1 / _STRETCHES) > most_seconds:
            break
    return model


def _split_evenly(iterations: int) -> list[int]:
    """Return the numbers of iterations after each stretch."""
    return sorted({max(1, iterations * (i + 1) // _STRETCHES) for i in range(_STRETCHES)})


def _complete_tree(nodes: Any) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return one tree as a complete tree; all paths below a leaf lead to its value."""
    inner = 2**DEPTH - 1
    feature = np.zeros(inner, dtype=np.int64)
    threshold = np.full(inner, np.inf, dtype=np.float32)
    leaf = np.zeros(inner + 1, dtype=np.float32)
    todo = [(0, 0, 0)]
    while todo:
        source, target, level = todo.pop()
        node = nodes[source]
        if node["is_leaf"]:
            width = 2 ** (DEPTH - level)
            begin = (target + 1) * width - 1 - inner
            leaf[begin : begin + width] = node["value"]
            continue
        feature[target], threshold[target] = node["feature_idx"], _round_down(node["num_threshold"])
        todo += [(int(node["left"]), 2 * target + 1, level + 1), (int(node["right"]), 2 * target + 2, level + 1)]
    return feature, threshold, leaf


def _round_down(threshold: float) -> np.float32:
    """Return the largest float32 up to `threshold`: any float32 feature is on the same side of both."""
    threshold = min(float(threshold), float(np.finfo(np.float32).max))  # beside a float32 they would be rounded first
    nearest = np.float32(threshold)
    return np.nextafter(nearest, np.float32(-np.inf)) if float(nearest) > threshold else nearest
