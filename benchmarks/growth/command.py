"""Measure how fit time and memory grow, on simulated tables of 1e4 to 1e6 rows and of 10 to 500 columns.

``python -m benchmarks.growth --output growth.json``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..shared.command import add_augmenter_options, add_output, add_summary, finish
from ..shared.machine import read_versions
from ..shared.protocol import Results, read_cases
from . import cases
from .summary import render_markdown


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    add = parser.add_argument
    add("--small", action="store_true", help="a trial run: 1,000 and 5,000 rows, 10 and 50 columns")
    add_augmenter_options(parser)
    add_output(parser, "growth.json")
    add_summary(parser)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases; return the summary, and a line for each failure."""
    if options.summary is not None:
        return render_markdown(entry for path in options.summary for entry in read_cases(path)), []
    store, versions, failures = Results(options.output), read_versions(), list[str]()
    todo = list(cases.plan_cases(cases.SMALL if options.small else cases.FULL, options.options))
    for number, case in enumerate(todo, start=1):
        key = case.make_key(versions)
        if store.find(key) is None:
            failure = _measure(case, key, store)
            failures += [failure] if failure else []
            print(f"[{number}/{len(todo)}] {failure or case.name}", file=sys.stderr, flush=True)
    keys = [case.make_key(versions) for case in todo]
    return render_markdown(
        {"key": key, "result": found} for key in keys if (found := store.find(key)) is not None
    ), failures


def _measure(case: cases.Case, key: cases.Key, store: Results) -> str:
    """Measure a case and keep its result, or return the error: one size that fails does not end the run."""
    try:
        store.put((key, cases.measure_in_process(case)))
    except Exception as error:
        return f"{case.name}: {type(error).__name__}: {error}"
    return ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))
