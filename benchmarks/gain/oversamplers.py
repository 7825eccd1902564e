"""Wrap the over-samplers of imbalanced-learn for mixed tables with missing cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import ADASYN, SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from ..shared.cases import NotApplicableError
from ..shared.frames import convert_to_text, list_numeric_columns
from ..shared.protocol import MISSING

_NOTHING_TO_ADD = ("No samples will be generated", "Not any neigbours belong to the majority")  # ADASYN's, as spelled


def make_random_over_sampler(seed: int) -> RandomOverSampler:
    """Return the random over-sampler of imbalanced-learn."""
    return RandomOverSampler(random_state=seed)


def make_smote(seed: int) -> OverSampler:
    """Return SMOTE for numbers, SMOTEN for text, SMOTENC for both (Chawla et al., JAIR 16, 2002)."""

    def make(text: list[int], n_columns: int, neighbours: int) -> Any:
        if not text:
            return SMOTE(k_neighbors=neighbours, random_state=seed)
        if len(text) == n_columns:
            return SMOTEN(k_neighbors=neighbours, random_state=seed)
        return SMOTENC(text, k_neighbors=neighbours, random_state=seed)

    return OverSampler(make)


def make_adasyn(seed: int) -> OverSampler:
    """Return ADASYN (He et al., IJCNN 2008), which takes numbers only."""

    def make(text: list[int], n_columns: int, neighbours: int) -> Any:
        if text:
            raise NotApplicableError("ADASYN takes numbers only")
        return ADASYN(n_neighbors=neighbours, random_state=seed)

    return OverSampler(make)


class OverSampler:
    """Over-sample rows in a space of standardised numbers and codes of text, with medians for missing numbers.

    Only the new rows are taken from it; the real ones stay unchanged.

    Parameters
    ----------
    make : callable
        ``make(text columns, number of columns, neighbours) -> sampler``; neighbours is 5, or less where the smallest
        class has no more rows.
    """

    def __init__(self, make: Callable[[list[int], int, int], Any]):
        self._make = make

    def fit_resample(self, X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """Return the rows with new ones appended."""
        if y.value_counts().nunique() == 1:
            return X, y
        numbers = list_numeric_columns(X)
        text = [name for name in X.columns if name not in numbers]
        filled = pd.concat([X[numbers].fillna(X[numbers].median()), convert_to_text(X[text])], axis=1)
        scaler = ColumnTransformer([("n", StandardScaler(), numbers), ("t", OrdinalEncoder(), text)])
        positions = list(range(len(numbers), len(X.columns)))
        sampler = self._make(positions, len(X.columns), min(5, int(y.value_counts().min()) - 1))
        try:
            Z, labels = sampler.fit_resample(scaler.fit_transform(filled), y.to_numpy())
        except (ValueError, RuntimeError) as error:
            if any(text in str(error) for text in _NOTHING_TO_ADD):
                raise NotApplicableError(f"{type(sampler).__name__} has nothing to add: {error}") from None
            raise
        new = pd.DataFrame(index=range(len(Z) - len(X)))
        if numbers:
            new[numbers] = scaler.named_transformers_["n"].inverse_transform(Z[len(X) :, : len(numbers)])
        if text:
            cells = scaler.named_transformers_["t"].inverse_transform(Z[len(X) :, len(numbers) :])
            new[text] = np.where(cells == MISSING, None, cells)
        y_all = pd.Series(labels, name=y.name)
        return pd.concat([X, new[list(X.columns)]], ignore_index=True), y_all
