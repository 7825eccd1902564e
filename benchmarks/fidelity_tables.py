"""How faithful are synthetic tables? ganaug and CTGAN with their defaults, on one labelled table in one run.

``python -m benchmarks.fidelity_tables --train adult_train.csv --test adult_test.csv --target income``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import protocol
from .protocol import BenchmarkError, Results, source_digest
from .tables import MODELS, Task, load_task, run_peer, synthesize

WORST = 5
DISTURBED = 0.1  # processors that other programs may use before the times are called into question


# ---- measuring -----------------------------------------------------------------------------------


def measure(model: str, task: Task, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return everything measured on one model with one seed."""
    synthetic, costs = synthesize(model, task, seed, options.peer_epochs, options.peer_python)
    result: dict[str, Any] = {"rows": len(synthetic), "machine": _machine(), **costs}
    if "sample_seconds" in costs:
        result["rows_per_second"] = len(synthetic) / max(costs["sample_seconds"], 1e-9)
        result["notes"] = [*costs.get("notes", []), *_disturbance(costs)]
    if model != "held-out":  # these are the rows to be tested on
        scores = protocol.downstream_scores(synthetic, task.tidy_test, task.columns, seed, small=options.small)
        result |= scores
    return result | _closeness(model, synthetic, task, seed)


def _disturbance(costs: dict[str, Any]) -> list[str]:
    """Say so if other programs took part of the machine during training; networks slow down out of proportion."""
    others, seconds = costs["others_cpu_seconds"], costs["measured_fit_seconds"]
    if others < DISTURBED * seconds:
        return []
    return [f"other programs used {others:.0f} processor seconds in the {seconds:.0f} s of fitting: times are too long"]


def _closeness(model: str, synthetic: pd.DataFrame, task: Task, seed: int) -> dict[str, Any]:
    real = task.tidy_train
    errors = protocol.column_errors(real, synthetic, task.columns)
    pairs = protocol.pair_errors(real, synthetic, task.columns)
    named = {f"{a} x {b}": error for (a, b), error in pairs.items()}
    is_real = model == "real"  # nothing tells rows from themselves
    return {
        "shape_error": float(np.mean(list(errors.values()))),
        "pair_error": float(np.mean(list(pairs.values()))) if pairs else 0.0,
        "worst_columns": _worst(errors),
        "worst_pairs": _worst(named),
        "c2st_auc": None if is_real else protocol.two_sample_auc(real, synthetic, task.columns, seed),
        "copied_share": protocol.copied_share(real, synthetic),
    }


def _worst(errors: dict[str, float]) -> dict[str, float]:
    return dict(sorted(errors.items(), key=lambda item: -item[1])[:WORST])


def _machine() -> dict[str, Any]:
    return {"system": platform.system(), "processors": os.cpu_count(), "python": platform.python_version()}


# ---- what a result belongs to --------------------------------------------------------------------


def case_key(model: str, seed: int, options: argparse.Namespace, versions: dict[str, Any]) -> dict[str, Any]:
    """Return all that a result depends on: a case with the same key need not be measured again."""
    return {
        "benchmark": "fidelity_tables",
        "protocol": protocol.PROTOCOL,
        "train": _fingerprint(options.train),
        "test": _fingerprint(options.test) if options.test else None,
        "target": options.target,
        "drop": sorted(options.drop),
        "model": model,
        "seed": seed,
        "small": options.small,
        "epochs": options.peer_epochs if model == "ctgan" else None,
        "versions": {name: versions[name] for name in ("xgboost", "scikit-learn", model) if name in versions},
    }


def installed_versions(models: Sequence[str], peer_python: str) -> dict[str, Any]:
    """Return the versions that results depend on; what is not installed fails here, before any training."""
    versions: dict[str, Any] = {name: _version(name) for name in ("xgboost", "scikit-learn")}
    if "ganaug" in models:
        versions["ganaug"] = {
            "ganaug": _version("ganaug"),
            "source": source_digest(),
            "torch": _version("torch"),
        }
    if "ctgan" in models:
        versions["ctgan"] = json.loads(run_peer(peer_python, "--versions"))
    return versions


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise BenchmarkError(f"{package} is not installed: pip install 'ganaug[bench]'.") from None


def _fingerprint(path: Path) -> str:
    return f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


# ---- showing -------------------------------------------------------------------------------------

SHOWN: tuple[tuple[str, str, str, float], ...] = (  # heading, field, format, factor
    ("fit s", "fit_seconds", ".0f", 1),
    ("fit CPU s", "fit_cpu_seconds", ".0f", 1),
    ("sample s", "sample_seconds", ".1f", 1),
    ("rows/s", "rows_per_second", ".0f", 1),
    ("peak MiB", "peak_memory_mib", ".0f", 1),
    ("AUC", "auc", ".3f", 1),
    ("macro-F1", "macro_f1", ".3f", 1),
    ("Shape error %", "shape_error", ".2f", 100),
    ("pair error %", "pair_error", ".2f", 100),
    ("C2ST", "c2st_auc", ".3f", 1),
    ("copies %", "copied_share", ".1f", 100),
)


def markdown(results: dict[str, list[dict[str, Any]]]) -> str:
    """Return a Markdown table, one line for each model: the mean over seeds, ± the standard deviation."""
    lines = [
        "| model | " + " | ".join(heading for heading, *_ in SHOWN) + " |",
        "|---" * (len(SHOWN) + 1) + "|",
    ]
    notes = []
    for model, cases in results.items():
        cells = [_cell([case.get(field) for case in cases], form, factor) for _, field, form, factor in SHOWN]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
        notes += [f"{model}: {note}." for note in dict.fromkeys(n for case in cases for n in case.get("notes", []))]
        if model in ("ganaug", "ctgan"):
            worst = ", ".join(f"{pair} {error:.1%}" for pair, error in cases[0]["worst_pairs"].items())
            notes.append(f"{model}: worst pairs: {worst}.")
    return "\n".join(lines) + "\n\n" + "\n".join(f"* {note}" for note in notes) + "\n"


def _cell(values: list[float | None], form: str, factor: float) -> str:
    present = [value * factor for value in values if value is not None]
    if not present:
        return ""
    spread = f" ± {np.std(present, ddof=1):{form}}" if len(present) > 1 else ""
    return f"{np.mean(present):{form}}{spread}"


# ---- the command ---------------------------------------------------------------------------------


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity_tables", description=__doc__)
    add = parser.add_argument
    add("--train", type=Path, required=True, help="table to learn from")
    add("--test", type=Path, help="real rows to test on (default: a tenth of --train, by class)")
    add("--target", required=True, help="name of the label column")
    add("--drop", nargs="*", default=[], help="columns to leave out, such as identifiers")
    add("--models", nargs="*", choices=MODELS, default=MODELS, help="measure these only")
    add("--peer", choices=("ctgan", "none"), default="ctgan", help="whom to compare with")
    add(
        "--peer-epochs",
        type=int,
        default=10,
        help="train the peer this long and extrapolate its time (default: 10)",
    )
    add("--peer-full", action="store_true", help="train the peer for as many epochs as it does by default")
    add(
        "--peer-python",
        default=sys.executable,
        help="Python of the environment that the peer is installed in",
    )
    add("--seeds", type=int, nargs="+", default=[0])
    add("--output", type=Path, default=Path("results.json"), help="finished cases (default: results.json)")
    add("--small", action="store_true", help="one XGBoost setting in place of 36")
    options = parser.parse_args(arguments)
    if options.peer_epochs < 1:
        parser.error("--peer-epochs must be at least 1")
    if options.peer_full:
        options.peer_epochs = None
    options.models = [m for m in MODELS if m in options.models and (m != "ctgan" or options.peer == "ctgan")]
    return options


def run(options: argparse.Namespace) -> str:
    """Measure every case that the results file does not hold yet, and return the Markdown table."""
    store = Results(options.output)
    task = load_task(options.train, options.test, options.target, options.drop)
    versions = installed_versions(options.models, options.peer_python)
    results: dict[str, list[dict[str, Any]]] = {}
    for seed in options.seeds:
        for model in options.models:
            print(f"{model}, seed {seed} ...", file=sys.stderr, flush=True)
            key = case_key(model, seed, options, versions)
            case = store.get(key, lambda m=model, s=seed: measure(m, task, s, options))  # type: ignore[misc]
            results.setdefault(model, []).append(case)
    return markdown(results)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; what goes wrong ends in one sentence and exit code 1."""
    try:
        print(run(parse(arguments)))
    except BenchmarkError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
