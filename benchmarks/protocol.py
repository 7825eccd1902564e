"""What the benchmarks measure on synthetic tables, and the file in which finished cases are kept.

Every measure takes tables made by `Columns.tidy`, so that only values count: never dtypes, containers or how a
missing value was written. All are deterministic for a seed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.preprocessing import OneHotEncoder

PROTOCOL = 1  # part of each case's key: raise it when a measure changes, and no old number is taken for a new one
MISSING = "(missing)"
THREADS = 2


class BenchmarkError(Exception):
    """The benchmark cannot run as asked; the text says why and what to do."""


@dataclass(frozen=True)
class Columns:
    """How each column is measured: `numeric` as numbers, `categorical` and the label `target` as text."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    target: str

    @classmethod
    def of(cls, frame: pd.DataFrame, target: str) -> Columns:
        """Read the kinds off the dtypes of the training rows; numbers, dates and times are numeric."""
        features = [name for name in frame.columns if name != target]
        numeric = tuple(name for name in features if _is_number(frame[name]))
        return cls(numeric, tuple(name for name in features if name not in numeric), target)

    @property
    def text(self) -> list[str]:
        """The columns that are compared as text, the label among them."""
        return [*self.categorical, self.target]

    def tidy(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns in one order: float64 (dates as seconds since 1970), or text with `MISSING`."""
        tidy = {name: _as_number(frame[name]) for name in self.numeric}
        tidy |= {name: _as_text(frame[name]) for name in self.text}
        table: pd.DataFrame = pd.DataFrame(tidy)
        return table


def _is_number(column: pd.Series) -> bool:
    types = pd.api.types
    is_number = types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    return bool(is_number or types.is_datetime64_any_dtype(column.dtype))


def _as_number(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = (pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")) / pd.Timedelta("1s")
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan)) + 0.0  # -0.0 and 0.0 are one value


def _as_text(column: pd.Series) -> np.ndarray:
    missing = column.isna().to_numpy()
    return np.where(missing, MISSING, column.astype(str).to_numpy(dtype=object))


# ---- columns and pairs of columns ----------------------------------------------------------------


def column_errors(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """Return how far each column's distribution is off, from 0 (the same) to 1 (nothing in common).

    Categories: total-variation distance. Numbers: Kolmogorov-Smirnov distance of the values that are there, plus
    the difference of the shares that are missing, at most 1.
    """
    errors = {name: _number_error(real[name], synthetic[name]) for name in columns.numeric}
    return errors | {name: _total_variation(real[name], synthetic[name]) for name in columns.text}


def _number_error(real: pd.Series, synthetic: pd.Series) -> float:
    a, b = np.sort(real.dropna()), np.sort(synthetic.dropna())
    missing = abs(len(a) / len(real) - len(b) / len(synthetic))
    if not len(a) or not len(b):
        return float(len(a) != len(b))
    at = np.concatenate([a, b])
    steps = np.searchsorted(a, at, side="right") / len(a) - np.searchsorted(b, at, side="right") / len(b)
    return min(1.0, float(np.abs(steps).max()) + missing)


def _total_variation(real: pd.Series, synthetic: pd.Series) -> float:
    shares = real.value_counts(normalize=True), synthetic.value_counts(normalize=True)
    return float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)


def pair_errors(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> dict[tuple[str, str], float]:
    """Return, for each pair of columns, the total-variation distance of the contingency tables, in [0, 1].

    Numbers are cut at the real rows' deciles. Sampling noise alone makes it positive: compare with a bootstrap.
    """
    both = pd.concat([real, synthetic], ignore_index=True)
    codes = {name: _cut(both[name], real[name]) for name in columns.numeric}
    codes |= {name: np.unique(both[name], return_inverse=True)[1] for name in columns.text}
    pairs = itertools.combinations(codes, 2)
    return {(a, b): _joint_gap(codes[a], codes[b], len(real)) for a, b in pairs}


def _cut(values: pd.Series, real: pd.Series) -> np.ndarray:
    """Bin numbers; an edge is a bin of its own, for a decile may be the one value of half the rows."""
    present = real.dropna()
    edges = np.unique(np.quantile(present, np.arange(1, 10) / 10)) if len(present) else np.empty(0)
    bins = np.searchsorted(edges, values, side="left") + np.searchsorted(edges, values, side="right")
    return np.where(values.isna(), -1, bins)


def _joint_gap(a: np.ndarray, b: np.ndarray, n_real: int) -> float:
    cells = np.unique(a.astype(np.int64) * (int(b.max()) + 2) + b, return_inverse=True)[1]
    size = int(cells.max()) + 1
    real, synthetic = np.bincount(cells[:n_real], minlength=size), np.bincount(cells[n_real:], minlength=size)
    return float(np.abs(real / n_real - synthetic / (len(cells) - n_real)).sum() / 2)


# ---- whole rows ----------------------------------------------------------------------------------


def copied_share(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Return the share of synthetic rows that equal some real row in every column and the label, in [0, 1]."""
    rows = [pd.util.hash_pandas_object(frame, index=False).to_numpy() for frame in (synthetic, real)]
    return float(np.isin(rows[0], rows[1]).mean())


def two_sample_auc(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns, seed: int) -> float:
    """Return the ROC AUC (C2ST, 0.5 is best) of boosted trees telling real from synthetic rows in three folds.

    The larger table is cut to the size of the smaller. Categories are integer codes, the label is a column.
    """
    size = min(len(real), len(synthetic))
    tables = [_subset(frame, size, seed) for frame in (real, synthetic)]
    both = pd.concat(tables, ignore_index=True)
    for name in columns.text:
        both[name] = np.unique(both[name], return_inverse=True)[1]
    is_synthetic = np.repeat([0, 1], size)
    judge = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return float(cross_val_score(judge, both.to_numpy(float), is_synthetic, cv=folds, scoring="roc_auc").mean())


def _subset(frame: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    return frame if len(frame) == size else frame.sample(size, random_state=seed)


# ---- train on synthetic, test on real ------------------------------------------------------------


def downstream_scores(
    synthetic: pd.DataFrame, test: pd.DataFrame, columns: Columns, seed: int, *, small: bool = False
) -> dict[str, float]:
    """Return ``auc`` (macro one-versus-rest) and ``macro_f1`` on `test` of XGBoost trained on `synthetic`.

    One ninth of the synthetic rows picks, by AUC, one of 36 settings; `small` takes a fixed setting instead.
    """
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    encoder.fit(synthetic[list(columns.categorical)])
    classes = np.union1d(synthetic[columns.target], test[columns.target])
    x, y = _features(synthetic, columns, encoder), np.searchsorted(classes, synthetic[columns.target])
    order = np.random.default_rng(seed).permutation(len(x))
    held_out, fitted = np.split(order, [len(x) // 9])
    best, proba = -1.0, np.zeros((0, 0))
    x_test = _features(test, columns, encoder)
    for predict in _candidates(x[fitted], y[fitted], len(classes), small):
        score = macro_auc(y[held_out], predict(x[held_out]))
        if score > best:
            best, proba = score, predict(x_test)
    truth = np.searchsorted(classes, test[columns.target])
    f1 = f1_score(truth, proba.argmax(axis=1), labels=np.unique(truth), average="macro", zero_division=0)
    return {"auc": macro_auc(truth, proba), "macro_f1": float(f1)}


def macro_auc(y: np.ndarray, proba: np.ndarray) -> float:
    """Return the mean ROC AUC of each class in `y` against the rest; 0.5 where there is only one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class codes.
    proba : ndarray of shape (n, n_classes)
    """
    scores = [roc_auc_score(y == c, proba[:, c]) for c in np.unique(y) if (y != c).any()]
    return float(np.mean(scores)) if scores else 0.5


def _features(frame: pd.DataFrame, columns: Columns, encoder: OneHotEncoder) -> np.ndarray:
    numbers = frame[list(columns.numeric)].to_numpy(np.float32)
    return np.hstack([numbers, encoder.transform(frame[list(columns.categorical)])])


def _candidates(
    x: np.ndarray, y: np.ndarray, n_classes: int, small: bool
) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """Yield one function from features to probabilities of shape (n, n_classes) for each setting.

    10, 50 and 100 trees are prefixes of one run: boosting without subsampling adds trees and changes none.
    """
    present, codes = np.unique(y, return_inverse=True)

    def widen(some: np.ndarray) -> np.ndarray:
        proba = np.zeros((len(some), n_classes))
        proba[:, present] = some
        return proba

    if len(present) == 1:  # nothing to learn from
        yield lambda rows: widen(np.ones((len(rows), 1)))
        return
    weights, depths, gammas, rounds = ((1,), (5,), (0,), (50,)) if small else _GRID
    for weight, depth, gamma in itertools.product(weights, depths, gammas):
        model = _boosted_trees(max(rounds), weight, depth, gamma).fit(x, codes)
        for n in rounds:
            yield lambda rows, m=model, n=n: widen(m.predict_proba(rows, iteration_range=(0, n)))  # type: ignore[misc]


_GRID = ((1, 10), (5, 10, 20), (0, 1), (10, 50, 100))


def _boosted_trees(n_trees: int, min_child_weight: int, max_depth: int, gamma: int) -> Any:
    try:
        from xgboost import XGBClassifier
    except ImportError:
        raise BenchmarkError("XGBoost is not installed: pip install 'ganaug[bench]'.") from None
    return XGBClassifier(
        n_estimators=n_trees,
        min_child_weight=min_child_weight,
        max_depth=max_depth,
        gamma=gamma,
        tree_method="hist",
        n_jobs=THREADS,
    )


# ---- finished cases ------------------------------------------------------------------------------


class Results:
    """A JSON file of finished cases: each is written as soon as it is measured, and never measured again.

    Parameters
    ----------
    path : Path
        Read if it exists; replaced as a whole after each case, so that it is never half written.

    Raises
    ------
    BenchmarkError
        The file is not one of finished cases, or its folder does not exist.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise BenchmarkError(f"{path.parent} is not a folder: make it first, or name another --output.")
        self._path, self._cases = path, _read_cases(path)

    def get(self, key: Mapping[str, Any], measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the result kept under `key`, or call `measure`, keep what it returns, and return that."""
        for case in self._cases:
            if case["key"] == key:
                return dict(case["result"])
        result = measure()
        self._cases.append({"key": dict(key), "result": result})
        write_atomically(self._path, json.dumps({"cases": self._cases}, indent=1, allow_nan=False) + "\n")
        return result


def _read_cases(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["cases"])
    except (ValueError, KeyError, TypeError):
        raise BenchmarkError(f"{path} is not a results file of this benchmark: name another with --output.") from None


def source_digest() -> str:
    """Return a digest of ganaug's code, for between two releases the version number says too little."""
    spec = importlib.util.find_spec("ganaug")
    if spec is None or spec.origin is None:
        raise BenchmarkError("ganaug is not installed: pip install 'ganaug[bench]'.")
    digest = hashlib.sha256()
    for path in sorted(Path(spec.origin).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a crash leaves the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
