"""Measure training on tables of Parquet files that are larger than memory: seconds, memory, and what a sample costs.

``python -m benchmarks.large --folder PLACE --output large.json``
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .shared.clock import Stopwatch
from .shared.command import add_augmenter_options, add_output, add_summary, finish
from .shared.machine import describe_machine, read_versions
from .shared.made_table import make_table
from .shared.memory import measure_peak_above, reset_peak
from .shared.protocol import BenchmarkError, Results, read_cases

PROTOCOL = 1  # part of each case's key: raise it when the table or a measure changes
COLUMNS, LAW, FILE_ROWS = 20, 0, 1_000_000
JUDGED = 50_000  # synthetic rows, and fresh rows of the same law, that are compared
FRESH = 10**6  # seed of the first rows that are in no file
GANAUG, CTGAN = "ganaug", "ctgan"

Entry = dict[str, Any]
Sample = Callable[[int], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """One fit.

    Attributes
    ----------
    rows : int
        Rows of the table on disk.
    model : {"ganaug", "ctgan"}
        CTGAN takes one epoch of a table in memory.
    max_rows : int
        Rows that are learned from; all for CTGAN.
    seed : int
        Seed of the training.
    options : dict
        Parameters of GANAugmenter.
    """

    rows: int
    model: str
    max_rows: int
    seed: int
    options: dict[str, Any] = field(default_factory=dict)

    def make_key(self, versions: dict[str, str]) -> dict[str, Any]:
        """Return all that the result depends on."""
        return {"benchmark": "large", "protocol": PROTOCOL, **vars(self), "versions": versions}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, help="where the tables are made; 10 million rows take one GB")
    add("--rows", type=int, nargs="+", default=[10_000_000], metavar="N", help="sizes (default: ten million)")
    add("--max-rows", type=int, nargs="+", default=[1_000_000], metavar="N", help="rows that are learned from")
    add("--seeds", type=int, nargs="+", default=[0], metavar="N")
    add("--model", choices=(GANAUG, CTGAN), default=GANAUG, help="CTGAN takes one epoch of the table in memory")
    add("--keep", action="store_true", help="keep the tables on disk")
    add_augmenter_options(parser)
    add_output(parser, "large.json")
    add_summary(parser)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases, and return the summary and the failures."""
    if options.summary is not None:
        return render_markdown(entry for path in options.summary for entry in read_cases(path)), []
    if options.folder is None:
        raise BenchmarkError("Name a place for the tables with --folder.")
    store, versions = Results(options.output), read_versions()
    for rows in options.rows:
        learned = options.max_rows if options.model == GANAUG else [rows]
        cases = [Case(rows, options.model, n, seed, options.options) for n in learned for seed in options.seeds]
        todo = [case for case in cases if store.find(case.make_key(versions)) is None]
        if not todo:
            continue
        place = options.folder / f"{rows}_rows"
        write_files(place, rows)
        for case in todo:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                store.put((case.make_key(versions), pool.submit(measure, case, place).result()))
            print(case, file=sys.stderr, flush=True)
        if not options.keep:
            shutil.rmtree(place)
    return render_markdown(read_cases(options.output)), []


def write_files(place: Path, rows: int) -> None:
    """Write a table as Parquet files of a million rows; those that are there stay."""
    place.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, rows, FILE_ROWS)):
        path = place / f"part-{number:05d}.parquet"
        if not path.exists():
            make_rows(min(FILE_ROWS, rows - first), number).to_parquet(path.with_suffix(".half"), index=False)
            path.with_suffix(".half").rename(path)


def make_rows(n: int, seed: int) -> pd.DataFrame:
    """Return rows of the law that all files share, with their label."""
    X, y = make_table(n, COLUMNS, seed, LAW)
    return X.assign(label=y)


def measure(case: Case, place: Path) -> dict[str, Any]:
    """Return the costs of a fit, and how far its rows are from fresh ones of the same law."""
    learn = _fit_ganaug if case.model == GANAUG else _fit_ctgan
    with tempfile.TemporaryDirectory() as folder:  # loads the libraries
        make_rows(1000, FRESH).to_parquet(Path(folder, "part.parquet"), index=False)
        learn(Case(1000, case.model, 1000, 0, {"max_steps": 1}), Path(folder))
    held = reset_peak()
    try:
        costs, sample = learn(case, place)
    except MemoryError as error:
        return {"died": repr(error), "machine": describe_machine()}
    costs["memory_above_mib"] = measure_peak_above(held)
    return costs | judge(sample(JUDGED), case.seed) | {"machine": describe_machine()}


def _fit_ganaug(case: Case, place: Path) -> tuple[dict[str, Any], Sample]:
    """Fit twice: for one step, which is reading and encoding, and with defaults."""
    from ganaug import GANAugmenter

    def fit(**more: Any) -> tuple[GANAugmenter, dict[str, float]]:
        watch = Stopwatch()
        augmenter = GANAugmenter(max_rows=case.max_rows, random_state=case.seed, **{**case.options, **more})
        augmenter.fit(str(place), "label")
        (wall, cpu), others = watch.read(), watch.read_others()
        return augmenter, {"seconds": wall, "cpu_seconds": cpu, "others_cpu_seconds": others}

    _, reading = fit(max_steps=1, filters=None)
    augmenter, costs = fit()

    def sample(n: int) -> pd.DataFrame:
        X, y = augmenter.sample(n, random_state=case.seed)
        return X.assign(label=y)

    return {"reading": reading, "fit": costs, "steps": len(augmenter.history_["generator_loss"])}, sample


def _fit_ctgan(case: Case, place: Path) -> tuple[dict[str, Any], Sample]:
    """Fit CTGAN for one epoch."""
    from ctgan import CTGAN

    watch = Stopwatch()
    frame = pd.read_parquet(place)
    texts = [name for name in frame.columns if frame[name].dtype.kind not in "fi"]
    frame = frame.fillna(frame.median(numeric_only=True))  # CTGAN takes no gaps
    model = CTGAN(epochs=1, enable_gpu=False)
    model.set_random_state(case.seed)
    model.fit(frame, texts)
    (wall, cpu), others = watch.read(), watch.read_others()
    return {"fit": {"seconds": wall, "cpu_seconds": cpu, "others_cpu_seconds": others}}, model.sample


def judge(synthetic: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return C2ST against fresh rows, and the ROC AUC on fresh rows of a classifier of synthetic, and of real ones."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    real, test = make_rows(JUDGED, FRESH + 1), make_rows(JUDGED, FRESH + 2)
    codes = {name: sorted(real[name].unique()) for name in real.columns if real[name].dtype.kind not in "fi"}

    def encode(rows: pd.DataFrame) -> pd.DataFrame:
        texts = {name: pd.Categorical(rows[name], values).codes for name, values in codes.items()}
        return rows.assign(**texts).astype(float)

    real, test, synthetic = (encode(rows[real.columns]) for rows in (real, test, synthetic))
    booster = HistGradientBoostingClassifier(random_state=seed)
    both = pd.concat([real, synthetic], ignore_index=True)
    is_real = np.arange(len(both)) < len(real)
    told = cross_val_predict(booster, both, is_real, cv=3, method="predict_proba")[:, 1]
    found = {"c2st": roc_auc_score(is_real, told)}
    for name, rows in (("auc", synthetic), ("auc_real", real)):
        fitted = HistGradientBoostingClassifier(random_state=seed).fit(rows.drop(columns="label"), rows["label"])
        shares = fitted.predict_proba(test.drop(columns="label"))
        found[name] = roc_auc_score(test["label"], shares, multi_class="ovr")
    return {name: float(value) for name, value in found.items()}


def render_markdown(entries: Iterable[Entry]) -> str:
    """Return one table of the cases of the version that was measured last; one epoch says nothing of quality."""
    listed = list(entries)
    newest = [entry for entry in listed if entry["key"]["versions"] == listed[-1]["key"]["versions"]]
    lines = [
        "| rows on disk | model | learned from | seed | fit, CPU s | reading, CPU s | MiB | C2ST | AUC | real AUC |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in sorted(
        newest, key=lambda entry: [entry["key"][name] for name in ("model", "rows", "max_rows", "seed")]
    ):
        key, result = entry["key"], entry["result"]
        start = f"| {key['rows']:,} | {key['model']} | {key['max_rows']:,} | {key['seed']} |"
        if "died" in result:
            lines.append(f"{start} out of memory | | | | | |")
            continue
        reading = f"{result['reading']['cpu_seconds']:.0f}" if "reading" in result else ""
        costs = f" {result['fit']['cpu_seconds']:.0f} | {reading} | {result['memory_above_mib']:,.0f} |"
        names = ("c2st", "auc", "auc_real")
        scores = " | ".join(f"{result[name]:.3f}" if key["model"] == GANAUG else "" for name in names)
        lines.append(f"{start}{costs} {scores} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
