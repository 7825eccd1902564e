"""Measure how close a training step is to the limits of one core: arithmetic, bytes, times, and their split.

``python -m benchmarks.floor --data FOLDER --table adult --output floor.json``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..shared.command import add_augmenter_options, add_output, add_summary, finish
from ..shared.folder import load_named_task
from ..shared.machine import read_versions
from ..shared.made_table import make_table
from ..shared.protocol import Results, read_cases
from .measuring import COUNTED, Effort, measure_step
from .summary import render_markdown

PROTOCOL = 1  # part of each case's key: raise it when a measure changes
MADE = (10_000, 20)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    usual = Effort()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, help=f"folder of tables (default: a made table of {MADE[0]:,} rows, {MADE[1]} columns)")
    add("--table", default="adult", help="of --data (default: adult)")
    add("--steps", type=int, default=usual.steps, help="of the shorter timed fit; the longer has 3 times as many")
    add("--repeats", type=int, default=usual.repeats, help="timed fits of each length; the best one counts")
    add("--rounds", type=int, default=usual.rounds, help="timings of each product; the best one counts")
    add_augmenter_options(parser)
    add_output(parser, "floor.json")
    add_summary(parser)
    options = parser.parse_args(arguments)
    for name in ("steps", "repeats", "rounds"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return options


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases, and return the summary."""
    if options.summary is not None:
        return render_markdown(entry for path in options.summary for entry in read_cases(path)), []
    store = Results(options.output)
    effort = Effort(options.steps, options.repeats, options.rounds)
    X, y, origin = _load_table(options.data, options.table)
    key = {"benchmark": "floor", "protocol": PROTOCOL, **origin, **effort._asdict(), "counted": list(COUNTED)}
    key |= {"options": options.options, "versions": read_versions()}
    if store.find(key) is None:
        print(f"counting and timing the training step on {key['table']}", file=sys.stderr, flush=True)
        store.put((key, measure_step(X, y, options.options, effort)))
    return render_markdown([{"key": key, "result": store.find(key)}]), []


def _load_table(folder: Path | None, name: str) -> tuple[pd.DataFrame, pd.Series, dict[str, Any]]:
    if folder is None:
        return *make_table(*MADE), {"table": "a made table", "made": list(MADE)}
    task = load_named_task(name, folder)
    target = task.columns.target
    return task.train.drop(columns=target), task.train[target], {"table": name, **task.origin}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))
