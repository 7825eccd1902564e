"""Measure the fidelity of synthetic tables: ganaug beside its peers, all with their defaults.

``python -m benchmarks.fidelity --data FOLDER --tables adult magic churn --peer-python PEERS/bin/python``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..shared.command import add_augmenter_options, add_output, add_summary, finish, run_jobs, use_one_thread
from ..shared.folder import limit_rows, list_tables, load_named_task
from ..shared.protocol import Results, read_cases
from ..shared.tables import Task, load_task
from .cases import Case, Key, Result, Settings, measure_cases, plan_cases, read_versions
from .models import HERE, MODELS, ON_REQUEST, PEERS, SLOW
from .rare import SHARES, TABLES, ExcludedError, make_rare_task
from .summary import render_markdown

SMALL_TABLES, SMALL_ROWS = ("adult", "magic"), 5000
DEFAULT_MODELS = tuple(model for model in MODELS if model not in ON_REQUEST)
SMALL_MODELS = tuple(model for model in MODELS if model not in PEERS or model in HERE)
PEERS_OF = {"all": PEERS, "ctgan": ("ctgan",), "none": HERE}  # which need no further package
Group = tuple[Case, ...]


# ---- the command line ----------------------------------------------------------------------------


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, and fill in the defaults of the suite."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__)
    _add_tables(parser)
    _add_models(parser)
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", help="(default: 0 1 2)")
    add("--rare", type=float, nargs="*", metavar="SHARE", help=f"cuts with a rare class (default: {SHARES})")
    add("--small", action="store_true", help=f"a trial run: {SMALL_ROWS} rows, one XGBoost setting, seed 0")
    add("--rows", type=int, help="largest number of training rows of a table")
    add("--jobs", type=int, default=1, help="cases at a time, one core each: times are then worth nothing")
    add_output(parser, "results.json")
    add_summary(parser)
    options = parser.parse_args(arguments)
    _check_options(parser, options)
    return _fill_defaults(options)


def _add_tables(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", type=Path, help="folder with NAME.csv, or NAME_train.csv and NAME_test.csv, for each table")
    add("--tables", nargs="+", metavar="NAME", help="of --data (default: all)")
    add("--train", type=Path, help="one table to learn from, in place of --data")
    add("--test", type=Path, help="real rows to test on (default: a tenth of --train, by class)")
    add("--target", help="name of the label column of --train")
    add("--drop", nargs="*", default=[], help="columns of --train to leave out, such as identifiers")


def _add_models(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--models",
        nargs="+",
        choices=MODELS,
        metavar="MODEL",
        help=f"of {', '.join(MODELS)} (default: all but the last)",
    )
    add_augmenter_options(parser)
    add("--peer", choices=PEERS_OF, default="all", help="whom to compare with; none: with SMOTE and CART alone")
    add("--peer-epochs", type=int, default=10, help="train CTGAN and TVAE this long for their times (default: 10)")
    add("--peer-full", action="store_true", help="train CTGAN and TVAE in full, too, which their quality needs")
    add("--peer-python", default=sys.executable, help="Python of the environment that the other peers are in")


def _check_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.summary is None and (options.data is None) == (options.train is None):
        parser.error("name a folder of tables with --data, or one table with --train and --target")
    if options.train is not None and options.target is None:
        parser.error("--train needs --target, the name of its label column")
    for name, least in (("peer_epochs", 1), ("jobs", 1), ("rows", 100)):
        if (getattr(options, name) or least) < least or getattr(options, name) == 0:
            parser.error(f"--{name.replace('_', '-')} must be at least {least}")
    if not all(0 < share < 0.5 for share in options.rare or ()):
        parser.error("--rare: shares lie between 0 and 0.5, such as 0.01")


def _fill_defaults(options: argparse.Namespace) -> argparse.Namespace:
    """Set the options that were not given."""
    small, is_rare = options.small, options.rare is not None
    if is_rare:
        options.rare = options.rare or list(SHARES)
        options.tables = options.tables or TABLES
    own = set(DEFAULT_MODELS) - {"held-out", "bootstrap"} if is_rare else DEFAULT_MODELS
    wanted = set(options.models or (set(own) & set(SMALL_MODELS) if small else own))
    if is_rare:  # held-out rows are the test rows, and a few epochs say nothing
        wanted -= {"held-out"} if options.peer_full else {"held-out", *SLOW}
    left_out = set(PEERS) - set(PEERS_OF[options.peer])
    options.models = [model for model in MODELS if model in wanted and model not in left_out]
    options.seeds = options.seeds or ([0] if small else [0, 1, 2])
    options.rows = options.rows or (SMALL_ROWS if small else None)
    options.tables = options.tables or (SMALL_TABLES if small else None)
    return options


# ---- the run -------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure every case that the results file does not hold yet; return the Markdown and one line for each failure."""
    if options.summary is not None:
        return render_markdown([entry for path in options.summary for entry in read_cases(path)]), []
    store = Results(options.output)
    settings = Settings(
        tuple(options.models),
        options.options,
        options.peer_epochs,
        options.peer_full,
        options.peer_python,
        options.small,
        options.jobs > 1,
    )
    groups, excluded = _plan_groups(options, settings)
    for key, result in excluded:
        if store.find(key) != result:
            store.put((key, result))
    todo = [group for group in groups if any(store.find(case.key) is None for case in group)]
    failures = _measure_all(todo, options.jobs, store)
    keys = [case.key for group in groups for case in group] + [key for key, _ in excluded]
    done = [{"key": key, "result": found} for key in keys if (found := store.find(key)) is not None]
    return render_markdown(done), failures


def _plan_groups(options: argparse.Namespace, settings: Settings) -> tuple[list[Group], list[tuple[Key, Result]]]:
    """Return all cases, in groups to be measured together, and the excluded cuts."""
    tasks, versions = _load_tasks(options), read_versions(settings)
    groups: list[Group] = []
    excluded: list[tuple[Key, Result]] = []
    for seed in options.seeds:
        for task in tasks:
            for share in options.rare or [None]:
                try:
                    cut = task if share is None else make_rare_task(task, share, seed)
                except ExcludedError as error:
                    key = {"table": task.name, **task.origin, "share": share, "small": options.small, "model": "none"}
                    excluded.append((key, {"excluded": str(error)}))
                    continue
                groups += plan_cases(cut, seed, settings, versions)
    return groups, excluded


def _load_tasks(options: argparse.Namespace) -> list[Task]:
    if options.train is not None:
        tasks = [load_task(options.train, options.test, options.target, options.drop)]
    else:
        tasks = [load_named_task(name, options.data) for name in options.tables or list_tables(options.data)]
    return [limit_rows(task, options.rows) for task in tasks] if options.rows else tasks


def _measure_all(todo: Sequence[Group], jobs: int, store: Results) -> list[str]:
    """Measure, keep every result at once, and return one line for each failure."""
    if jobs > 1:
        use_one_thread()
    failures, started = [], time.time_ns()
    for number, (group, (results, failure)) in enumerate(run_jobs(_try_group, todo, jobs), start=1):
        failures += [failure] if failure else []
        if results:
            results = [result | {"run": started} for result in results]
            store.put(*zip((case.key for case in group), results, strict=True))
        names = " + ".join(case.name for case in group)
        print(f"[{number}/{len(todo)}] {failure or names}", file=sys.stderr, flush=True)
    return failures


def _try_group(group: Group) -> tuple[list[Result], str]:
    """Return the results of a group, or its error: one failure must not end a long run."""
    try:
        return measure_cases(group), ""
    except Exception as error:
        return [], f"{group[0].name}: {type(error).__name__}: {error}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error prints one sentence and exits with code 1."""
    options = parse(arguments)
    finish(lambda: run(options))
