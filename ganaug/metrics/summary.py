"""All figures about synthetic tables in one go, as the plain JSON that a report holds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from .columns import column_errors, column_figures
from .copies import near_copy_share
from .coverage import class_density_coverage
from .detection import detection_auc
from .membership import MIN_NON_MEMBERS, membership_inference
from .pairs import pair_errors, pair_figures
from .space import sample_rows
from .values import aligned, kind_of

_PAIRS_SEED = 0  # the same pairs of columns in every call, so that values compare


def fidelity(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None,
    label: Hashable,
    random_state: Seed = None,
) -> dict[str, Any]:
    """Return how like the real rows the synthetic ones are.

    Parameters
    ----------
    real, synthetic : DataFrame
        Training rows and synthetic rows, the label among the columns.
    holdout : DataFrame or None
        Real rows that were not trained on, for the mark.
    label : hashable
        Name of the label column; whatever its dtype, its values are categories.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn.

    Returns
    -------
    dict
        "shape_error" and "trend_error": means of `column_errors` and `pair_errors`, 0 to 1;
        "holdout_shape_error" and "holdout_trend_error": the same for the hold-out. As errors by chance alone depend on
        the number of rows, both are measured on as many rows as the smaller of the two has. "detection_auc": of
        `detection_auc`. "classes": "label" (text), "density", "coverage" and "rows" of `class_density_coverage`. None
        where something cannot be measured: no hold-out, a single column, too few rows.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or a column holds values of another kind than the real one.
    """
    if holdout is not None and not len(holdout):
        holdout = None
    given = {"synthetic": synthetic} | ({"held_out": holdout} if holdout is not None else {})
    real, *others = (_with_categories(frame, label) for frame in aligned(real, **given))
    seed = new_seed(random_state)
    rng = numpy_stream(seed, "fidelity")
    n = min(map(len, others))
    made, mark = ([sample_rows(frame, n, rng) for frame in others] + [None])[:2]
    classes = class_density_coverage((real, real[label]), (others[0], others[0][label]), random_state=seed)
    return {
        "shape_error": _mean(column_errors, real, made),
        "trend_error": _mean(_pair_errors, real, made),
        "detection_auc": detection_auc(real, others[0], seed),
        "classes": [asdict(c) | {"label": str(c.label)} for c in classes],
        "holdout_shape_error": _mean(column_errors, real, mark),
        "holdout_trend_error": _mean(_pair_errors, real, mark),
    }


def privacy(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, random_state: Seed = None
) -> dict[str, Any]:
    """Return how many synthetic rows copy training rows, and whether they give away which rows were trained on.

    Parameters
    ----------
    real, synthetic : DataFrame
        Training rows and synthetic rows, the label among the columns.
    holdout : DataFrame or None
        Real rows that were not trained on.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn.

    Returns
    -------
    dict
        "near_copies": "synthetic", "holdout" (None without one) and "n" of `near_copy_share`. "membership": "attacks",
        "maximum", "members" and "non_members" of `membership_inference`; None with fewer than 2 training rows or 8 in
        the hold-out.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or a column holds values of another kind than the real one.
    """
    seed = new_seed(random_state)
    copies = near_copy_share(real, synthetic, holdout, stream_seed(seed, "near copies"))
    found = None
    if holdout is not None and len(holdout) >= MIN_NON_MEMBERS and len(real) > 1:
        found = asdict(membership_inference(real, synthetic, holdout, stream_seed(seed, "membership")))
        found["attacks"] = list(found["attacks"])
    return {"near_copies": asdict(copies), "membership": found}


def figures(
    real: pd.DataFrame, synthetic: pd.DataFrame, label: Hashable | None = None, random_state: Seed = None
) -> dict[str, Any]:
    """Return what it takes to draw columns and the worst pairs, real beside synthetic.

    Parameters
    ----------
    real, synthetic : DataFrame
        Training rows and synthetic rows.
    label : hashable, optional
        Name of the label column, whose values are categories whatever its dtype.
    random_state : int, numpy RandomState or Generator, or None, default None
        As for `pair_errors`.

    Returns
    -------
    dict
        "columns" of `column_figures`, and "pairs" of `pair_figures`.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or a column holds values of another kind than the real one.
    """
    real, synthetic = (_with_categories(frame, label) for frame in aligned(real, synthetic=synthetic))
    return {
        "columns": column_figures(real, synthetic),
        "pairs": pair_figures(real, synthetic, random_state=random_state),
    }


def _with_categories(frame: pd.DataFrame, label: Hashable | None) -> pd.DataFrame:
    """Return the table with the labels as categories, so that no distance lies between their numbers."""
    if label is None:
        return frame
    if label not in frame.columns:
        raise DataError(f"There is no column {label!r}, which is to hold the labels; give the name of one there is.")
    labels = frame[label]
    if kind_of(labels) == "category":
        return frame
    frame = frame.copy(deep=False)
    frame[label] = labels.astype(object).astype("category")
    return frame


def _pair_errors(real: pd.DataFrame, other: pd.DataFrame) -> dict[tuple[Hashable, Hashable], float]:
    return pair_errors(real, other, random_state=_PAIRS_SEED)


def _mean(
    measure: Callable[[pd.DataFrame, pd.DataFrame], dict[Any, float]], real: pd.DataFrame, other: pd.DataFrame | None
) -> float | None:
    errors = measure(real, other) if other is not None else {}
    return float(np.mean(list(errors.values()))) if errors else None
