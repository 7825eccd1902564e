"""Define the cases of a run and their keys, and measure them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from ..shared.machine import describe_machine
from ..shared.protocol import PROTOCOL, BenchmarkError, Columns, digest_source
from ..shared.tables import Task, run_peer
from . import measures
from .downstream import Judging, score_downstream
from .models import SLOW, Training, synthesize
from .neighbours import measure_alpha_beta, measure_nearer_share

WORST = 5
DISTURBED = 0.1  # processors that other programs may use before the times are called into question
PACKAGES = {
    "ganaug": ("ganaug", "torch"),
    "smote": ("imbalanced-learn", "scikit-learn"),
    "cart": ("scikit-learn", "numpy"),
}
PEER_PACKAGES = {
    "ctgan": ("ctgan", "torch"),
    "tvae": ("ctgan", "torch"),
    "arf": ("arfpy", "numpy", "scikit-learn"),
    "tabular_argn": ("mostlyai-engine", "torch"),
    "nrgboost": ("nrgboost", "numpy"),
}

Key = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One model on one table with one seed.

    Attributes
    ----------
    task : Task
    training : Training
    key : dict
        All that the result depends on; cases with the same key have the same result.
    small : bool
        One XGBoost setting in place of 36.
    one_core : bool
        Whether other cases run in parallel, so that its times are not comparable.
    """

    task: Task
    training: Training
    key: Key
    small: bool = False
    one_core: bool = False

    @property
    def name(self) -> str:
        """Name in messages."""
        rare = f" at {100 * self.task.rare.share:g} %" if self.task.rare else ""
        return f"{self.task.name}{rare}, {self.training.model}, seed {self.training.seed}"


# ---- which cases there are -----------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """Options of a run that its cases depend on.

    Attributes
    ----------
    models : tuple of str
    options : dict
        Parameters of GANAugmenter.
    peer_epochs : int
        Epochs of CTGAN and TVAE if they are trained for their times alone.
    peer_full : bool
        Whether CTGAN and TVAE are (also) trained in full.
    peer_python : str
    small, one_core : bool
        As in `Case`.
    """

    models: tuple[str, ...]
    options: dict[str, Any]
    peer_epochs: int
    peer_full: bool
    peer_python: str
    small: bool = False
    one_core: bool = False


def plan_cases(task: Task, seed: int, settings: Settings, versions: dict[str, Any]) -> Iterator[tuple[Case, ...]]:
    """Yield the cases of a table and a seed, in groups to be measured together.

    ganaug and a few epochs of CTGAN make such a group, for the ratio of their times. If times are not comparable, CTGAN
    and TVAE are trained in full or not at all.
    """
    times_count = not settings.one_core and task.rare is None
    in_pair = times_count and {"ganaug", "ctgan"} <= set(settings.models)

    def make_case(model: str, epochs: int | None = None, beside: str | None = None) -> Case:
        options = settings.options if model == "ganaug" else {}
        training = Training(model, seed, epochs, options, settings.peer_python)
        key = _make_key(task, training, settings, versions) | ({"beside": versions[beside]} if beside else {})
        return Case(task, training, key, settings.small, settings.one_core)

    for model in settings.models:
        if model == "ganaug" and in_pair:
            yield make_case("ganaug"), make_case("ctgan", settings.peer_epochs, beside="ganaug")
        elif model not in SLOW:
            yield (make_case(model),)
        elif times_count and not (model == "ctgan" and in_pair):
            yield (make_case(model, settings.peer_epochs),)
        if model in SLOW and settings.peer_full:
            yield (make_case(model),)


def _make_key(task: Task, training: Training, settings: Settings, versions: dict[str, Any]) -> Key:
    judges = {name: versions[name] for name in ("xgboost", "scikit-learn")}
    return {
        "benchmark": "fidelity_tables",
        "protocol": PROTOCOL,
        "table": task.name,
        **task.origin,
        "share": task.rare.share if task.rare else None,
        "model": training.model,
        "options": training.options,
        "seed": training.seed,
        "epochs": training.epochs,
        "small": settings.small,
        "one_core": settings.one_core,
        "versions": judges | ({training.model: versions[training.model]} if training.model in versions else {}),
    }


def read_versions(settings: Settings) -> dict[str, Any]:
    """Return the versions that results depend on, or raise BenchmarkError if a package is missing."""
    versions: dict[str, Any] = {name: _read_version(name) for name in ("xgboost", "scikit-learn")}
    for model in set(PACKAGES) & set(settings.models):
        versions[model] = {name: _read_version(name) for name in PACKAGES[model]}
    if "ganaug" in versions:
        versions["ganaug"] |= {"source": digest_source(), "options": settings.options}
    needed = set(PEER_PACKAGES) & set(settings.models)
    found = json.loads(run_peer(settings.peer_python, "--versions")) if needed else {}
    for model in needed:
        absent = [name for name in PEER_PACKAGES[model] if name not in found]
        if absent:
            raise BenchmarkError(
                f"{absent[0]} is not installed for {settings.peer_python}: install it as benchmarks/README.md says, "
                f"name the Python of another environment with --peer-python, or leave {model!r} out of --models."
            )
        versions[model] = {name: found[name] for name in PEER_PACKAGES[model]}
    return versions


def _read_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise BenchmarkError(f"{package} is not installed: pip install 'ganaug[bench]'.") from None


# ---- measuring -----------------------------------------------------------------------------------


def measure_cases(cases: Sequence[Case]) -> list[Result]:
    """Measure a group of cases: train all models, one after the other, then judge their rows.

    Their order changes with the seed, so that neither model always has the warmer machine.
    """
    pair = {"pair": time.time_ns()} if len(cases) > 1 else {}
    order = sorted(cases, key=lambda case: case.training.model, reverse=cases[0].training.seed % 2 == 0)
    made = {id(case): synthesize(case.task, case.training) for case in order}
    return [{**_make_result(case, *made[id(case)]), **pair} for case in cases]


def _make_result(case: Case, synthetic: pd.DataFrame, costs: dict[str, Any]) -> Result:
    result: Result = {
        "rows": len(synthetic),
        "train_rows": len(case.task.train),
        "machine": describe_machine(),
        **costs,
    }
    result["notes"] = [*case.task.notes, *costs.get("notes", [])]
    if costs:
        result["rows_per_second"] = len(synthetic) / max(costs["sample_seconds"], 1e-9)
        result["notes"] += _describe_disturbance(costs, case.one_core)
    return result if case.training.is_cut_short else result | _measure_quality(case, synthetic)


def _describe_disturbance(costs: dict[str, Any], one_core: bool = False) -> list[str]:
    """Return a note if other programs used the processor during training, which slows networks disproportionately."""
    if one_core:
        return ["times are not comparable: other cases ran beside it, with one core each"]
    others, seconds = costs["others_cpu_seconds"], costs["measured_fit_seconds"]
    if others < max(DISTURBED * seconds, 1):
        return []
    return [f"other programs used {others:.0f} processor seconds in the {seconds:.0f} s of fitting: times are too long"]


def _measure_quality(case: Case, synthetic: pd.DataFrame) -> dict[str, Any]:
    task, seed, is_test = case.task, case.training.seed, case.training.model == "held-out"
    scores: dict[str, Any] = {}
    if not is_test:  # they are the test rows
        weights = task.rare.weights if task.rare else None
        judging = Judging(task.rarest, weights, case.small, threads=1 if case.one_core else 2)
        scores = score_downstream(synthetic, task.tidy_test, task.columns, seed, judging)
    if task.rare:
        return scores | _measure_rare_rows(task, synthetic)
    return scores | _measure_closeness(case, synthetic)


def _measure_rare_rows(task: Task, synthetic: pd.DataFrame) -> dict[str, Any]:
    """Return the number of rows of the rare class, and the share of copies among them."""
    target, real = task.columns.target, task.tidy_train
    rows = synthetic[synthetic[target] == task.rarest]
    copied = measures.measure_copied_share(real, rows) if len(rows) else None
    return {"rare_rows": int((real[target] == task.rarest).sum()), "made_rare_rows": len(rows), "rare_copied": copied}


def _measure_closeness(case: Case, synthetic: pd.DataFrame) -> dict[str, Any]:
    real, columns, seed = case.task.tidy_train, case.task.columns, case.training.seed
    errors = measures.measure_column_errors(real, synthetic, columns)
    pairs = measures.measure_pair_errors(real, synthetic, columns)
    found = {
        "shape_error": float(np.mean(list(errors.values()))),
        "pair_error": float(np.mean(list(pairs.values()))) if pairs else 0.0,
        "worst_columns": _select_worst(errors),
        "worst_pairs": _select_worst({f"{a} x {b}": error for (a, b), error in pairs.items()}),
        "copied_share": measures.measure_copied_share(real, synthetic),
    }
    if case.training.model == "real":  # comparing rows with themselves is meaningless
        return found | dict.fromkeys(("c2st_auc", "alpha_precision", "beta_recall", "nearer_share"))
    found["c2st_auc"] = measures.measure_two_sample_auc(real, synthetic, columns, seed)
    found["nearer_share"] = _measure_nearer_share(
        case.task.tidy_test, real, synthetic, columns, seed, case.training.model
    )
    return found | measure_alpha_beta(real, synthetic, columns, seed)


def _measure_nearer_share(
    test: pd.DataFrame, real: pd.DataFrame, rows: pd.DataFrame, columns: Columns, seed: int, model: str
) -> float:
    """Return the share of rows nearer to training rows; halves of held-out rows are compared with each other."""
    if model == "held-out":
        order = np.random.default_rng(seed).permutation(len(test))
        test, rows = (test.iloc[part] for part in np.array_split(order, 2))
    return measure_nearer_share(real, test, rows, columns, seed)


def _select_worst(errors: dict[str, float]) -> dict[str, float]:
    return dict(sorted(errors.items(), key=lambda item: -item[1])[:WORST])
