"""Define the command line of the trials, run the missing cases, and show a table for each data set."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..shared.command import add_output, add_summary, finish, run_jobs, use_one_thread
from ..shared.folder import hold_out_rows, limit_rows, load_named_task
from ..shared.machine import read_versions
from ..shared.protocol import Results, digest_source, read_cases
from .designs import TRIALS
from .measuring import FILTERED, UNFILTERED, Job, measure_job

PROTOCOL = 3  # part of each case's key: raise it when a measure changes
ROWS = 6000
MEASURES = {
    "auc": "AUC",
    "macro_f1": "macro-F1",
    "c2st_auc": "C2ST",
    "fresh_c2st_auc": "C2ST to test rows",
    "shape_error": "Shape %",
    "pair_error": "pairs %",
}
USUAL = [name for name in TRIALS if not name.startswith("few rows")]
PERCENT = ("shape_error", "pair_error")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trials", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, help="folder of tables")
    add("--tables", nargs="+", default=["adult", "heloc"], metavar="NAME", help="of --data (default: adult heloc)")
    add("--trials", nargs="+", choices=TRIALS, default=USUAL, metavar="NAME", help=f"of {', '.join(TRIALS)}")
    add("--seeds", nargs="+", type=int, default=[0], metavar="N", help="default: 0")
    add("--rows", type=int, default=ROWS, help=f"largest number of training rows (default: {ROWS})")
    add("--jobs", type=int, default=1, metavar="N", help="cases at a time, one core each (default: 1)")
    add_output(parser, "trials.json")
    add_summary(parser)
    options = parser.parse_args(arguments)
    if options.data is None and options.summary is None:
        parser.error("name the folder of the tables with --data")
    return options


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases, and return the summary and what failed."""
    if options.summary:
        return render_markdown(case for path in options.summary for case in read_cases(path)), []
    use_one_thread()
    store, versions = Results(options.output), read_versions() | {"source": digest_source()}
    tasks = [limit_rows(hold_out_rows(load_named_task(name, options.data)), options.rows) for name in options.tables]
    jobs = [Job(trial, task, seed) for task in tasks for seed in options.seeds for trial in options.trials]
    missing = [job for job in jobs if store.find(make_key(job, versions)) is None]
    for job, result in run_jobs(measure_job, missing, options.jobs):
        store.put((make_key(job, versions), result))
        print(f"{job.task.name}, {job.trial}, seed {job.seed}: done", flush=True)
    return render_markdown(read_cases(options.output)), []


def make_key(job: Job, versions: dict[str, Any]) -> dict[str, Any]:
    """Return everything that a result depends on."""
    facts = {"benchmark": "trials", "protocol": PROTOCOL, "trial": job.trial, "question": TRIALS[job.trial].question}
    return facts | {
        "table": job.task.name,
        **job.task.origin,
        "rows": len(job.task.train),
        "seed": job.seed,
        "versions": versions,
    }


def render_markdown(cases: Iterable[dict[str, Any]]) -> str:
    """Return a table for each data set, with a line for each trial: means over the seeds."""
    grouped: dict[str, dict[str, dict[int, Any]]] = {}
    rows: dict[str, int] = {}
    for case in cases:  # of two results of a case, the later one counts
        key = case["key"]
        rows[key["table"]] = key["rows"]
        grouped.setdefault(key["table"], {}).setdefault(key["trial"], {})[key["seed"]] = case["result"]
    return "\n\n".join(_render_table(table, rows[table], trials) for table, trials in grouped.items()) + "\n"


def _render_table(table: str, rows: int, trials: dict[str, dict[int, Any]]) -> str:
    names = list(MEASURES.values())
    heads = ["trial", "seeds", "fit, CPU s", "steps", *names, *(f"{name}, unfiltered" for name in names)]
    lines = [f"### {table}: {rows:,} training rows", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for trial in (name for name in TRIALS if name in trials):
        results = list(trials[trial].values())
        costs = [f"{np.mean([r['fit_cpu_seconds'] for r in results]):.0f}", f"{results[0]['steps']:,}"]
        cells = [_format_mean(results, side, name) for side in (FILTERED, UNFILTERED) for name in MEASURES]
        lines.append(f"| {' | '.join([trial, str(len(results)), *costs, *cells])} |")
    return "\n".join(lines)


def _format_mean(results: Sequence[dict[str, Any]], side: str, name: str) -> str:
    if any(name not in result[side] for result in results):
        return ""  # of an earlier protocol
    mean = float(np.mean([result[side][name] for result in results]))
    return f"{100 * mean:.2f}" if name in PERCENT else f"{mean:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))
