"""Fit the model of `ganaug.expected_gain`: a ridge regression of committed gains on the facts of tables.

``python -m benchmarks.expected_gain --data FOLDER`` reads the ledgers of `benchmarks/results`, and writes the model,
with its error on tables left out, into the library.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .gain.cases import SUITES, Case
from .shared.data import load_table
from .shared.figures import subtract_control, tabulate_scores
from .shared.ledger import read_results
from .shared.protocol import BenchmarkError, Results, write_atomically

RESULTS = Path(__file__).parent / "results"
LEDGERS = (
    *(RESULTS / "gain_earlier" / name for name in ("low-data.json", "imbalance.json")),
    *(RESULTS / "gain" / name for name in ("low-data.json", "imbalance.json")),
)
FACTS = RESULTS / "expected" / "facts.json"
MODEL = Path(__file__).parents[1] / "ganaug" / "gain" / "expected.json"
METRIC, METHOD, CONTROL = "roc_auc", "ganaug", "gaussian_copula"
LEARNERS = ("logistic", "neighbours", "forest", "boosting")
SEEDS = (0, 1)  # of the cuts over which facts are averaged
PENALTY = 10.0  # of the ridge; fixed, not searched
COVERAGE = 0.8
RANGED = ("rows", "columns", "cardinality", "classes", "rarest", "categorical", "auc")


def read_gains(ledgers: Sequence[Path]) -> pd.DataFrame:
    """Return the mean gain of each table, cut and learner, in points.

    Returns
    -------
    DataFrame
        Columns "suite", "table", "cut", "learner", "gain", and "copula", the gain of the control where it was run.
    """
    parts = []
    for path in ledgers:
        content = read_results(path)
        paired = subtract_control(tabulate_scores(content), "none", METRIC)
        parts.append(paired[paired["method"].isin([METHOD, CONTROL])].assign(suite=content["suite"]))
    every = pd.concat(parts, ignore_index=True)
    every = every[every["learner"].isin(LEARNERS)]
    key = ["suite", "table", "cut", "learner"]
    wide = every.pivot_table(index=key, columns="method", values="difference").reset_index()
    points = 100 * wide.reindex(columns=[METHOD, CONTROL])
    return wide[key].assign(gain=points[METHOD], copula=points[CONTROL])


def load_facts(case: Case, folder: Path, results: Results) -> dict[str, dict[str, float]]:
    """Return the facts that `ganaug.expected_gain` finds in the training rows of a case, from the cache if possible."""
    from ganaug import expected_gain

    table = load_table(case.table, folder)
    key = {"case": case.id, "digest": table.digest}
    found = results.find(key)
    if found is None:
        split = SUITES[case.suite].split(table, case)
        found = expected_gain(split.X, split.y, random_state=case.seed).facts
        results.put((key, found))
        print(case.id, file=sys.stderr, flush=True)
    return found


def join_facts(table: pd.DataFrame, folder: Path, results: Results) -> pd.DataFrame:
    """Return the gains with the facts of each case, mean over `SEEDS`."""
    rows = []
    for of_case, part in table.groupby(["suite", "table", "cut"]):
        suite, name, cut = map(str, of_case)
        seen = [load_facts(Case(suite, name, cut, seed), folder, results) for seed in SEEDS]
        for row in part.to_dict("records"):
            of = [facts[row["learner"]] for facts in seen]
            rows.append(row | {fact: float(np.mean([one[fact] for one in of])) for fact in RANGED})
    return pd.DataFrame(rows)


def fit_model(rows: pd.DataFrame) -> dict[str, Any]:
    """Fit the model: a line for each learner, shrunk towards a common one by the penalty.

    Parameters
    ----------
    rows : DataFrame
        From `join_facts`.
    """
    ranges = {name: [float(rows[name].min()), float(rows[name].max())] for name in RANGED}
    X = _encode_features(rows, ranges)
    mean, scale = X.mean(0), np.where(X.std(0) > 1e-9, X.std(0), 1.0)
    Z = (X - mean) / scale
    own = np.array([[row == name for name in LEARNERS] for row in rows["learner"]], dtype=float)
    design = np.hstack([Z, own, *(own[:, [k]] * Z for k in range(len(LEARNERS)))])
    centre = float(rows["gain"].mean())
    solved = np.linalg.solve(design.T @ design + PENALTY * np.eye(design.shape[1]), design.T @ (rows["gain"] - centre))
    common, offsets = solved[: Z.shape[1]], solved[Z.shape[1] : Z.shape[1] + len(LEARNERS)]
    slopes = solved[Z.shape[1] + len(LEARNERS) :].reshape(len(LEARNERS), -1) + common
    lines = {
        name: {"intercept": centre + float(offsets[k]), "slopes": slopes[k].tolist()} for k, name in enumerate(LEARNERS)
    }
    return {"ranges": ranges, "mean": mean.tolist(), "scale": scale.tolist(), "classifiers": lines}


def predict_gain(model: dict[str, Any], rows: pd.DataFrame) -> np.ndarray:
    """Return the expected gain of each row, in points."""
    Z = (_encode_features(rows, model["ranges"]) - model["mean"]) / model["scale"]
    lines = [model["classifiers"][name] for name in rows["learner"]]
    return np.array([line["intercept"] + z @ np.asarray(line["slopes"]) for z, line in zip(Z, lines, strict=True)])


def _encode_features(rows: pd.DataFrame, ranges: dict[str, list[float]]) -> np.ndarray:
    kept = {name: rows[name].clip(*ranges[name]) for name in RANGED}
    logs = [np.log(kept[name]) for name in ("rows", "columns", "cardinality", "classes", "rarest")]
    return np.column_stack([*logs, kept["categorical"], kept["auc"]]).astype(float)


def predict_left_out(rows: pd.DataFrame) -> np.ndarray:
    """Return the prediction for each row by a model that has not seen its table."""
    said = np.zeros(len(rows))
    for name in rows["table"].unique():
        here = (rows["table"] == name).to_numpy()
        said[here] = predict_gain(fit_model(rows[~here]), rows[here])
    return said


def measure_error(rows: pd.DataFrame, said: np.ndarray) -> dict[str, Any]:
    """Return the errors of the model on held-out tables, beside those of constant predictions."""
    gain = rows["gain"].to_numpy()
    by_learner = np.zeros(len(rows))
    for name in rows["table"].unique():
        here = (rows["table"] == name).to_numpy()
        means = rows[~here].groupby("learner")["gain"].mean()
        by_learner[here] = rows["learner"][here].map(means).to_numpy()
    both = rows.dropna(subset=["copula"])
    return {
        "cases": len(rows),
        "tables": int(rows["table"].nunique()),
        "rmse": _compute_rms(said - gain),
        "rmse_of_zero": _compute_rms(gain),
        "rmse_of_learner_means": _compute_rms(by_learner - gain),
        "mae": float(np.abs(said - gain).mean()),
        "mae_of_zero": float(np.abs(gain).mean()),
        "mae_of_learner_means": float(np.abs(by_learner - gain).mean()),
        "correlation": float(np.corrcoef(said, gain)[0, 1]),
        "ganaug": float(both["gain"].mean()),
        "copula": float(both["copula"].mean()),
    }


def _compute_rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def build_model(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the model with its errors on held-out tables."""
    said = predict_left_out(rows)
    model = fit_model(rows)
    for name, line in model["classifiers"].items():
        mine = (rows["learner"] == name).to_numpy()
        missed = (rows["gain"].to_numpy() - said)[mine]
        line["residuals"] = np.quantile(missed, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]).tolist()
    return model | {"error": measure_error(rows, said)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the model, and print its error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expected_gain", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with NAME.csv for every table of the ledgers")
    parser.add_argument("--output", type=Path, default=MODEL, help="the model (default: in the library)")
    parser.add_argument("--facts", type=Path, default=FACTS, help="facts of cases, kept (default: among the results)")
    options = parser.parse_args(arguments)
    try:
        rows = join_facts(read_gains([path for path in LEDGERS if path.exists()]), options.data, Results(options.facts))
    except BenchmarkError as error_:
        sys.exit(f"Error: {error_}")
    model = build_model(rows.dropna(subset=["gain"]).reset_index(drop=True))
    write_atomically(options.output, json.dumps(_round_floats(model), indent=1) + "\n")
    print(json.dumps(_round_floats(model["error"]), indent=1))


def _round_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _round_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_round_floats(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
