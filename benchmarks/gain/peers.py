"""Run other generators as samplers of `methods`, each in an interpreter of its own, without ganaug."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from ..shared.frames import convert_to_text, list_numeric_columns
from ..shared.peer import read_rows
from ..shared.protocol import MISSING
from ..shared.tables import run_peer

LABEL = "label"
TAKING_GAPS = ("tabular_argn",)


class PeerSampler:
    """Sample from a peer with its defaults, with the label as one of its columns.

    Only TabularARGN takes missing numbers; for the others, they become their column's median. It is also the only one
    that draws rows of a given class. The others draw rows until each class has enough; a class that is too rare stays
    smaller.

    Parameters
    ----------
    model : {"ctgan", "tvae", "arf", "tabular_argn", "nrgboost"}
    seed : int
    python : str
        The interpreter.
    """

    def __init__(self, model: str, seed: int, python: str):
        self._model, self._seed, self._python = model, seed, python

    def fit(self, X: pd.DataFrame, y: pd.Series) -> PeerSampler:
        """Remember the rows: training and sampling are one job."""
        self._X, self._y = X, y
        return self

    def sample(self, *, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Train, and return at most one row for every label."""
        if y.empty:
            return self._X.head(0), y
        numbers = list_numeric_columns(self._X)
        text = [name for name in self._X.columns if name not in numbers]
        known = self._X[numbers] if self._model in TAKING_GAPS else _impute_median(self._X[numbers])
        table = pd.concat([known, convert_to_text(self._X[text])], axis=1)
        table.columns = [f"c{i}" for i in range(table.shape[1])]  # plain names, safe in every CSV file
        discrete = [*table.columns[len(numbers) :], LABEL]
        table[LABEL] = self._y.to_numpy()
        made = self._run(table, discrete, {int(code): int((y == code).sum()) for code in y.unique()})
        X_new = made.drop(columns=LABEL).set_axis([*numbers, *text], axis=1)
        X_new[text] = X_new[text].where(X_new[text] != MISSING, None)
        X_new[numbers] = X_new[numbers].astype(float)
        whole = [name for name in numbers if self._X[name].dtype.kind == "i"]
        X_new[whole] = np.rint(X_new[whole]).astype("int64")
        self.short_ = len(y) - len(made) or None
        return X_new[list(self._X.columns)], made[LABEL].astype("int64")

    def _run(self, table: pd.DataFrame, discrete: list[str], counts: dict[int, int]) -> pd.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            files = {name: str(Path(folder, name)) for name in ("train", "synthetic")}
            table.to_csv(files["train"], index=False)
            job = {**files, "model": self._model, "discrete": discrete, "label": LABEL, "seed": self._seed}
            job["counts"] = {str(code): n for code, n in counts.items()}
            job_file = Path(folder, "job")
            job_file.write_text(json.dumps(job), encoding="utf-8")
            run_peer(self._python, str(job_file), "gain.peer", self._model)
            return read_rows(files["synthetic"], discrete)[list(table.columns)]


def _impute_median(numbers: pd.DataFrame) -> pd.DataFrame:
    """Replace missing numbers by the median of their column."""
    return numbers.fillna(numbers.median())
