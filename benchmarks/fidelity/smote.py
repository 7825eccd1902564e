"""Use SMOTE as a generator of whole tables, and not only of small classes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from ..shared.protocol import Columns

NEIGHBOURS = 5


def fit_smote(table: pd.DataFrame, columns: Columns, seed: int) -> Callable[[], pd.DataFrame]:
    """Return a function that draws as many rows of each class as there are, each between a real row and a neighbour.

    Kotelnikov et al., "TabDDPM: Modelling Tabular Data with Diffusion Models", ICML 2023, use SMOTE (Chawla et al.,
    JAIR 16, 2002) in this way. Numbers are standardised; categories follow the rules of SMOTENC or, without numbers, of
    SMOTEN. A class of fewer than six rows has fewer neighbours, and the only row of its class is repeated.

    Parameters
    ----------
    table : DataFrame of shape (n, d)
        Tidy, without missing numbers.
    columns : Columns
    seed : int
    """
    numbers, text = list(columns.numeric), list(columns.categorical)
    scaler, coder = StandardScaler(), OrdinalEncoder()
    parts = [scaler.fit_transform(table[numbers])] if numbers else []
    parts += [coder.fit_transform(table[text])] if text else []
    X, y = np.hstack(parts), table[columns.target].to_numpy(dtype=object)

    def draw() -> pd.DataFrame:
        Z, labels = _interpolate_rows(X, y, len(numbers), seed)
        rows = pd.DataFrame({columns.target: labels})
        if numbers:
            rows[numbers] = scaler.inverse_transform(Z[:, : len(numbers)])
        if text:
            rows[text] = coder.inverse_transform(Z[:, len(numbers) :])
        return rows

    return draw


def _interpolate_rows(X: np.ndarray, y: np.ndarray, n_numbers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return as many new rows of each class as `X` has; classes with equally many neighbours are done together."""
    sizes = {str(label): int(n) for label, n in pd.Series(y).value_counts().sort_index().items()}
    made: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for neighbours in sorted({min(NEIGHBOURS, n - 1) for n in sizes.values()}):
        wanted = {label: 2 * n for label, n in sizes.items() if min(NEIGHBOURS, n - 1) == neighbours}
        if neighbours == 0:
            alone = np.isin(y, list(wanted))
            made, labels = [*made, X[alone]], [*labels, y[alone]]
            continue
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="After over-sampling")  # that classes grow is the purpose here
            Z, drawn = _make_sampler(X.shape[1], n_numbers, neighbours, wanted, seed).fit_resample(X, y)
        made, labels = [*made, Z[len(X) :]], [*labels, drawn[len(X) :]]
    return np.vstack(made), np.concatenate(labels)


def _make_sampler(n_columns: int, n_numbers: int, neighbours: int, wanted: dict[str, int], seed: int) -> Any:
    settings = {"k_neighbors": neighbours, "sampling_strategy": wanted, "random_state": seed}
    if n_numbers == n_columns:
        return SMOTE(**settings)
    if n_numbers == 0:
        return SMOTEN(**settings)
    return SMOTENC(list(range(n_numbers, n_columns)), **settings)
