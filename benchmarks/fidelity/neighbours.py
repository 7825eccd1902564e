"""Measure rows by their neighbours: alpha-precision, beta-recall, and the share nearer to training rows.

Rows are mapped to points: numbers are standardised by the training rows (missing ones become the mean, with an
indicator column), and categories are one-hot, scaled so that two different ones are one standard deviation apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ..shared.protocol import Columns

MAX_ROWS = 5000  # query rows
MAX_SIDE = 20_000  # reference rows
LEVELS = np.linspace(0, 1, 30)  # the alphas and betas that are averaged over
_EQUAL = 1e-6  # distances that differ by less are equal up to rounding

Encode = Callable[[pd.DataFrame], np.ndarray]


def fit_encoder(real: pd.DataFrame, columns: Columns) -> Encode:
    """Fit the map from tidy rows to points of shape (n, d) to the training rows."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    text = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    kinds = [("numbers", numbers, list(columns.numeric)), ("text", text, columns.text)]
    transformer = ColumnTransformer(kinds, transformer_weights={"text": np.sqrt(0.5)})
    encode: Encode = transformer.fit(real).transform
    return encode


def measure_alpha_beta(real: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns, seed: int) -> dict[str, float]:
    """Return alpha-precision (whether rows are typical) and beta-recall (whether they are diverse), at best 1.

    Alaa et al., "How Faithful is your Synthetic Data?", ICML 2022, without its one-class network: balls around the mean
    of the real points hold a share alpha of them, and should hold as many synthetic ones. A real row is covered if a
    synthetic one is no further than its next real neighbour and among the share beta that is nearest to the mean of
    the synthetic points. Both are one minus the mean distance of the curve from the diagonal, over the diagonal's mean.

    Parameters
    ----------
    real, synthetic : DataFrame of shape (n, d) and (m, d)
        Tidy tables; of each, the same number of rows is drawn, at most `MAX_ROWS`.
    columns : Columns
    seed : int
        Of the draw.
    """
    encode, n = fit_encoder(real, columns), min(len(real), len(synthetic), MAX_ROWS)
    x, made = encode(_draw_rows(real, n, seed)), encode(_draw_rows(synthetic, n, seed + 1))
    inside = _measure_distances(made, x.mean(axis=0))[:, None] <= np.quantile(
        _measure_distances(x, x.mean(axis=0)), LEVELS
    )
    next_real = NearestNeighbors(n_neighbors=1).fit(x).kneighbors()[0][:, 0]
    to_nearest, nearest = NearestNeighbors(n_neighbors=1).fit(made).kneighbors(x)
    depth = _measure_distances(made[nearest[:, 0]], made.mean(axis=0))
    is_covered = (to_nearest[:, 0] <= next_real)[:, None] & (depth[:, None] <= np.quantile(depth, LEVELS))
    return {"alpha_precision": _compute_agreement(inside), "beta_recall": _compute_agreement(is_covered)}


def _measure_distances(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - centre, axis=1)


def _compute_agreement(holds: np.ndarray) -> float:
    """Return 1 where the share of rows for each level, shape (n, levels), is that level."""
    return float(1 - np.abs(holds.mean(axis=0) - LEVELS).sum() / LEVELS.sum())


def measure_nearer_share(
    train: pd.DataFrame, held_out: pd.DataFrame, rows: pd.DataFrame, columns: Columns, seed: int
) -> float:
    """Return the share of `rows` that are nearer to a training row than to a held-out one; 0.5 without copying.

    The distance to the closest record (DCR) against a hold-out, as in Zhang et al., "Mixed-Type Tabular Data Synthesis
    with Score-based Diffusion in Latent Space", ICLR 2024. Both sides are subsampled to one size, so that copies of
    training rows that were not drawn are missed: compare it with the share of a bootstrap, which copies all rows.

    Parameters
    ----------
    train, held_out, rows : DataFrame of shape (n, d), (m, d) and (k, d)
        Tidy tables; the sides have at most `MAX_SIDE` rows, and at most `MAX_ROWS` of `rows` are judged.
    columns : Columns
    seed : int
        Of the draws.
    """
    encode, n = fit_encoder(train, columns), min(len(train), len(held_out), MAX_SIDE)
    points = encode(_draw_rows(rows, min(len(rows), MAX_ROWS), seed))
    sides = [encode(_draw_rows(side, n, seed)) for side in (train, held_out)]
    to_train, to_held_out = (pairwise_distances_argmin_min(points, side)[1] for side in sides)
    is_tie = np.abs(to_train - to_held_out) < _EQUAL
    return float(np.where(is_tie, 0.5, to_train < to_held_out).mean())


def _draw_rows(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    return frame.sample(n, random_state=seed)
