"""Summarise the fidelity and the privacy of a synthetic table as plain JSON, as used by reports."""

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
from .values import align_columns, column_kind

_PAIRS_SEED = 0  # the same pairs of columns in every call, so that values compare


def fidelity(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None,
    label: Hashable,
    random_state: Seed = None,
) -> dict[str, Any]:
    """Return measures of the fidelity of synthetic rows.

    Parameters
    ----------
    real, synthetic : DataFrame
        Training rows and synthetic rows, the label among the columns.
    holdout : DataFrame or None
        Real rows that were not trained on, as the reference.
    label : hashable
        Name of the label column, whose values are categories whatever its dtype.
    random_state : int, numpy RandomState or Generator, or None, default None
        Seed of the rows that are drawn.

    Returns
    -------
    dict
        "shape_error" and "trend_error": means of `column_errors` and `pair_errors`, 0 to 1. "holdout_shape_error" and
        "holdout_trend_error": the same for the hold-out. Both are measured on equally many rows, because errors by
        chance depend on their number. "detection_auc": see `detection_auc`. "classes": "label" (text), "density",
        "coverage" and "rows" of `class_density_coverage`. Values are None if they cannot be measured: without a
        hold-out, with a single column, or with too few rows.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    Examples
    --------
    >>> from ganaug.metrics import fidelity
    >>> from sklearn.datasets import load_iris
    >>> rows = load_iris(as_frame=True).frame
    >>> found = fidelity(rows[::3], rows[1::3], rows[2::3], "target", random_state=0)
    >>> found["shape_error"] < 0.2, found["holdout_shape_error"] < 0.2
    (True, True)
    """
    if holdout is not None and not len(holdout):
        holdout = None
    given = {"synthetic": synthetic}
    if holdout is not None:
        given["held_out"] = holdout
    real, *others = (_categorise_label(frame, label) for frame in align_columns(real, **given))
    seed = new_seed(random_state)
    rng = numpy_stream(seed, "fidelity")
    n = min(map(len, others))
    sampled, reference = ([sample_rows(frame, n, rng) for frame in others] + [None])[:2]
    classes = class_density_coverage((real, real[label]), (others[0], others[0][label]), random_state=seed)
    return {
        "shape_error": _mean_error(column_errors, real, sampled),
        "trend_error": _mean_error(_pair_errors, real, sampled),
        "detection_auc": detection_auc(real, others[0], seed),
        "classes": [asdict(c) | {"label": str(c.label)} for c in classes],
        "holdout_shape_error": _mean_error(column_errors, real, reference),
        "holdout_trend_error": _mean_error(_pair_errors, real, reference),
    }


def privacy(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, random_state: Seed = None
) -> dict[str, Any]:
    """Return the share of near-copies of training rows, and the success of membership inference.

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
        "maximum", "members" and "non_members" of `membership_inference`; None with fewer than 2 training rows or 8
        held-out rows.

    Raises
    ------
    DataError
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    Examples
    --------
    >>> from ganaug.metrics import privacy
    >>> from sklearn.datasets import load_wine
    >>> rows = load_wine(as_frame=True).frame
    >>> found = privacy(rows[::2], rows[::2], rows[1::2], random_state=0)  # verbatim copies of the training rows
    >>> found["near_copies"]["synthetic"], round(found["membership"]["maximum"]["auc"], 2)
    (1.0, 1.0)
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
    """Return histograms of all columns and contingency tables of the worst pairs, real beside synthetic.

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
        A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.

    Examples
    --------
    >>> from ganaug.metrics import figures
    >>> from sklearn.datasets import load_iris
    >>> rows = load_iris(as_frame=True).frame
    >>> found = figures(rows[::2], rows[1::2], "target")
    >>> len(found["columns"]), len(found["pairs"])
    (5, 4)
    """
    real, synthetic = (_categorise_label(frame, label) for frame in align_columns(real, synthetic=synthetic))
    return {
        "columns": column_figures(real, synthetic),
        "pairs": pair_figures(real, synthetic, random_state=random_state),
    }


def _categorise_label(frame: pd.DataFrame, label: Hashable | None) -> pd.DataFrame:
    """Convert the label column to categories, so that numbers for classes have no distances."""
    if label is None:
        return frame
    if label not in frame.columns:
        raise DataError(f"There is no label column {label!r}; give the name of a column of the table.")
    labels = frame[label]
    if column_kind(labels) == "category":
        return frame
    frame = frame.copy(deep=False)
    frame[label] = labels.astype(object).astype("category")
    return frame


def _pair_errors(real: pd.DataFrame, other: pd.DataFrame) -> dict[tuple[Hashable, Hashable], float]:
    return pair_errors(real, other, random_state=_PAIRS_SEED)


def _mean_error(
    measure: Callable[[pd.DataFrame, pd.DataFrame], dict[Any, float]], real: pd.DataFrame, other: pd.DataFrame | None
) -> float | None:
    errors = measure(real, other) if other is not None else {}
    return float(np.mean(list(errors.values()))) if errors else None
