"""Whole fits on the device: seconds by phase, and quality."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ganaug import GANAugmenter

from ..fidelity import measures
from ..fidelity.downstream import Judging, score_downstream
from ..shared.folder import limit_rows, load_named_task
from ..shared.protocol import BenchmarkError
from ..shared.tables import Task
from .cases import Settings
from .inside import timed_phases

ENDINGS = ("", "_train", "_train10k")  # of the file of an image set
THREADS = 4  # of the trees that judge

Result = dict[str, Any]
_fitted: dict[tuple[Any, ...], GANAugmenter] = {}  # of this process, to sample from


class Skipped(Exception):
    """A case cannot be measured here; the text says why."""


# ---- tables --------------------------------------------------------------------------------------


def fit_table(asked: dict[str, Any], settings: Settings) -> Result:
    """Fit a table; return seconds by phase, and how close the synthetic rows are."""
    task = _read_table(asked, settings)
    augmenter, found = _timed_fit(lambda: _fit_task(task, asked, settings.device))
    _fitted[_name_fit(asked, settings)] = augmenter
    started = time.perf_counter()
    X, y = augmenter.sample(len(task.train))
    synthetic = task.columns.tidy(X.assign(**{task.columns.target: np.asarray(y)}))
    found["sample_seconds"] = time.perf_counter() - started
    return found | {"rows": len(task.train)} | _judge_rows(task, synthetic)


def find_fitted(asked: dict[str, Any], settings: Settings) -> GANAugmenter:
    """Return the augmenter that this process fitted to a table; if there is none, fit it now."""
    name = _name_fit(asked, settings)
    if name not in _fitted:
        _fitted[name] = _fit_task(_read_table(asked, settings), asked, settings.device)
    return _fitted[name]


def _name_fit(asked: dict[str, Any], settings: Settings) -> tuple[Any, ...]:
    return asked["table"], asked["rows"], asked["max_steps"], settings.data, settings.device


def _read_table(asked: dict[str, Any], settings: Settings) -> Task:
    if settings.data is None:
        raise Skipped("no folder of tables was given: --data FOLDER")
    task = load_named_task(asked["table"], settings.data)
    return task if asked["rows"] is None else limit_rows(task, asked["rows"])


def _fit_task(task: Task, asked: dict[str, Any], device: str) -> GANAugmenter:
    target = task.columns.target
    augmenter = _make_augmenter(asked, device)
    return augmenter.fit(task.train.drop(columns=target), task.train[target])


def _judge_rows(task: Task, synthetic: pd.DataFrame) -> Result:
    """Return the measures of `benchmarks.fidelity`; AUC by one setting of XGBoost, where that is installed."""
    real, columns = task.tidy_train, task.columns
    found: Result = {
        "shape_error": float(np.mean(list(measures.measure_column_errors(real, synthetic, columns).values()))),
        "pair_error": float(np.mean(list(measures.measure_pair_errors(real, synthetic, columns).values()))),
        "c2st_auc": measures.measure_two_sample_auc(real, synthetic, columns, 0),
    }
    judging = Judging(small=True, threads=THREADS)
    try:
        for name, rows in (("auc", synthetic), ("real_auc", real)):
            found[name] = score_downstream(rows, task.tidy_test, columns, 0, judging)["auc"]
    except BenchmarkError as error:
        found["left_out"] = f"AUC: {error}".rstrip(".")
    return found


# ---- images --------------------------------------------------------------------------------------


def fit_images(asked: dict[str, Any], settings: Settings) -> Result:
    """Fit the first images of each class; return seconds by phase, and held-out scores."""
    if settings.images is None:
        raise Skipped("no folder of images was given: --images FOLDER")
    X, y = _read_images(settings.images, asked["images"], asked["per_class"])
    augmenter, found = _timed_fit(lambda: _make_augmenter(asked, settings.device).fit(X, y))
    started = time.perf_counter()
    augmenter.sample(len(X))
    return found | {"rows": len(X), "sample_seconds": time.perf_counter() - started}


def _read_images(folder: Path, name: str, per_class: int) -> tuple[np.ndarray, np.ndarray]:
    paths = [folder / f"{name}{ending}.npz" for ending in ENDINGS]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise BenchmarkError(f"The folder of --images has none of {', '.join(path.name for path in paths)}.")
    with np.load(path, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    rows = np.concatenate([np.flatnonzero(labels == label)[:per_class] for label in np.unique(labels)])
    return images[rows], labels[rows]


# ---- both ----------------------------------------------------------------------------------------


def _make_augmenter(asked: dict[str, Any], device: str) -> GANAugmenter:
    limit = {} if asked["max_steps"] is None else {"max_steps": asked["max_steps"]}
    return GANAugmenter(random_state=0, device=device, **limit)


def _timed_fit(fit: Callable[[], GANAugmenter]) -> tuple[GANAugmenter, Result]:
    """Return a fitted augmenter, the seconds of its fit by phase, and what it says of itself."""
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    with timed_phases() as phases, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        augmenter = fit()
    seconds = time.perf_counter() - started
    history, scores = augmenter.history_, augmenter.history_["held_out_score"]
    found: Result = {
        "fit_seconds": seconds,
        "phases": phases,
        "steps": len(history["generator_loss"]),
        "held_out_scores": [[int(s), float(v)] for s, v in zip(history["score_step"], scores, strict=True)],
        "best_score": float(np.max(scores)) if len(scores) else None,
        "diversity": float(min(augmenter.diversity_.values(), default=1.0)),
        "filters": augmenter.filters_["strengths"],
        "warnings": sorted({str(warning.message)[:200] for warning in told}),
    }
    return augmenter, found | ({"peak_mib": torch.cuda.max_memory_allocated() / 2**20} if on_gpu else {})
