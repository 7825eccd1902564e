"""Tabulate results files: one row for each score, paired differences, and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from .cases import WHOLE

ALL_LEARNERS = "mean"
CELL = ["table", "cut", "learner"]
POINTS = 100
TIE = 0.0005  # a smaller difference, below 0.05 points, is a tie


def tabulate_scores(content: dict[str, Any]) -> pd.DataFrame:
    """Return the scores of a results file.

    Parameters
    ----------
    content : dict
        From `ledger.read_results`.

    Returns
    -------
    DataFrame
        Columns "case", "table", "cut", "seed", "test_share" (test rows per training row), "method", "learner",
        "metric", "score".
    """
    rows = [
        (
            case,
            entry["table"],
            entry["cut"],
            entry["seed"],
            _compute_test_share(entry),
            r["method"],
            r["learner"],
            *score,
        )
        for case, entry in content["cases"].items()
        for r in entry.get("records", [])
        for score in r.get("scores", {}).items()
    ]
    names = ["case", "table", "cut", "seed", "test_share", "method", "learner", "metric", "score"]
    return pd.DataFrame(rows, columns=names)


def _compute_test_share(entry: dict[str, Any]) -> float:
    """Return test rows per training row where the two make up the table, else 0: see `compute_interval`."""
    rows = entry.get("rows")
    return sum(rows["test"]) / sum(rows["train"]) if rows and entry["cut"] == WHOLE else 0.0


def subtract_control(frame: pd.DataFrame, control: str, metric: str) -> pd.DataFrame:
    """Return the score of each method minus that of `control` in the same case with the same learner.

    Returns
    -------
    DataFrame
        The columns of `tabulate_scores` less "metric" and "score", and "difference".
    """
    scores = frame[frame["metric"] == metric].drop(columns="metric")
    base = scores[scores["method"] == control][["case", "learner", "score"]]
    both = scores[scores["method"] != control].merge(base, on=["case", "learner"], suffixes=("", "_control"))
    both["difference"] = both["score"] - both["score_control"]
    return both.drop(columns=["score", "score_control"])


def compute_interval(values: np.ndarray, test_share: float = 0.0) -> tuple[float, float, float]:
    """Return the mean of paired differences and its 95 % interval (Student's t).

    Parameters
    ----------
    values : ndarray of shape (n,)
    test_share : float >= 0
        Test rows per training row, for splits of one table whose training rows overlap: the variance of the mean is
        then (1/n + test_share) times that of the values (Nadeau and Bengio, "Inference for the Generalization
        Error", Machine Learning 52, 2003).

    Returns
    -------
    mean, low, high
        The bounds are NaN for fewer than two values.
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return mean, np.nan, np.nan
    half = t.ppf(0.975, n - 1) * np.std(values, ddof=1) * np.sqrt(1 / n + test_share)
    return mean, float(mean - half), float(mean + half)


def average_by_method(paired: pd.DataFrame) -> pd.DataFrame:
    """Return mean differences over tables, each table counting once, for each learner and for their mean.

    Cuts and seeds of one table are correlated; so they are averaged first, and n is the number of tables.

    Returns
    -------
    DataFrame
        Columns "method", "learner" (or `ALL_LEARNERS`), "mean", "low", "high", "n".
    """
    learners = paired.groupby(["method", "table", "cut", "learner"], as_index=False)["difference"].mean()
    tables = learners.groupby(["method", "table", "learner"], as_index=False)["difference"].mean()
    overall = tables.groupby(["method", "table"], as_index=False)["difference"].mean().assign(learner=ALL_LEARNERS)
    rows = [
        (method, learner, *compute_interval(part["difference"].to_numpy()), len(part))
        for (method, learner), part in pd.concat([tables, overall]).groupby(["method", "learner"])
    ]
    return pd.DataFrame(rows, columns=["method", "learner", "mean", "low", "high", "n"])


def find_best_method(frame: pd.DataFrame, methods: Sequence[str], metric: str) -> str | None:
    """Return the method with the best mean over tables, or None if no scores are of `methods`.

    It is chosen by the scores that it is then compared by, which favours it.

    Parameters
    ----------
    frame : DataFrame
        From `tabulate_scores`.
    methods : sequence of str
        Candidates. Learners that do not take a method count unchanged.
    metric : str
    """
    gains = average_by_method(_fill_with_zeros(subtract_control(frame, "none", metric), frame))
    known = gains[gains["method"].isin(methods) & (gains["learner"] == ALL_LEARNERS)]
    means = {"none": 0.0} if "none" in methods and len(frame) else {}  # first, so that it wins ties
    means |= {name: round(mean, 9) for name, mean in zip(known["method"], known["mean"], strict=True)}
    return max(means, key=lambda name: means[name]) if means else None


def _fill_with_zeros(paired: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return differences, with zero for learners that do not take a method, such as class weights."""
    cells = frame[["case", "table", "cut", "seed", "test_share", "learner"]].drop_duplicates()
    every = cells.merge(pd.DataFrame({"method": paired["method"].unique()}), how="cross")
    full = every.merge(
        paired[["case", "learner", "method", "difference"]], how="left", on=["case", "learner", "method"]
    )
    return full.assign(difference=full["difference"].fillna(0.0))


def average_by_cell(paired: pd.DataFrame) -> pd.DataFrame:
    """Return the mean difference over the seeds of every table, cut and learner.

    Returns
    -------
    DataFrame
        Columns "method", "table", "cut", "learner", "mean", "low", "high", "n".
    """
    rows = [
        (*cell, *compute_interval(part["difference"].to_numpy(), float(part["test_share"].mean())), len(part))
        for cell, part in paired.groupby(["method", *CELL])
    ]
    return pd.DataFrame(rows, columns=["method", *CELL, "mean", "low", "high", "n"])


def count_outcomes(cells: pd.DataFrame, tie: float) -> pd.DataFrame:
    """Count for each method the cells won, tied (less than `tie` apart) and lost, and those won and lost clearly.

    Returns
    -------
    DataFrame
        Indexed by method; columns "cells", "wins", "ties", "losses", "clear_wins" and "clear_losses" (the interval
        excludes 0).
    """
    marked = pd.DataFrame(
        {
            "method": cells["method"],
            "cells": 1,
            "wins": cells["mean"] >= tie,
            "ties": cells["mean"].abs() < tie,
            "losses": cells["mean"] <= -tie,
            "clear_wins": cells["low"] > 0,
            "clear_losses": cells["high"] < 0,
        }
    )
    return marked.groupby("method").sum().astype(int)


def format_points(row: Any) -> str:
    """Format a mean and, if there is one, its interval, in points."""
    mean, low, high = (f"{round(value * POINTS, 1) + 0.0:+.1f}" for value in (row.mean, row.low, row.high))
    return mean if pd.isna(row.low) else f"{mean} [{low}, {high}]"
