"""Measure the quality of synthetic images, class by class, against the seconds of training.

``python -m benchmarks.image_quality --data FOLDER --output quality.json``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ..shared.command import add_output, add_summary, finish, use_one_thread
from ..shared.machine import read_versions
from ..shared.protocol import Results, read_cases
from .arms import ARMS, REAL
from .measuring import Case, measure_case
from .summary import render_markdown

SMALL: dict[str, Any] = {"seconds": [8.0], "seeds": [0], "steps": 60}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image_quality", description=__doc__)
    add = parser.add_argument
    add("--data", help="folder with NAME.npz (images, labels), or torchvision:CLASS:ROOT")
    add("--set", default="sign_digits", help="name of the image set (default: sign_digits)")
    add("--arms", nargs="+", choices=ARMS, default=list(ARMS), metavar="ARM", help=f"of {', '.join(ARMS)}")
    add("--seconds", nargs="+", type=float, default=[60.0, 200.0], help="budgets of a training (default: 60 200)")
    add("--seeds", nargs="+", type=int, default=[0, 1], help="default: 0 1")
    add("--steps", type=int, default=600, help="optimizer steps of the networks that measure (default: 600)")
    add("--small", action="store_true", help="a trial run: 8 seconds, one seed, 60 steps")
    add_output(parser, "image-quality.json")
    add_summary(parser)
    options = parser.parse_args(arguments)
    if options.data is None and options.summary is None:
        parser.error("name the folder of the images with --data")
    if options.small:
        vars(options).update(SMALL)
    return options


def plan_cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases, seed by seed and short trainings first, so that a part of a run compares all settings."""
    where = (options.set, options.data, options.steps)
    real = [Case(REAL, 0.0, 0, *where)] if REAL in options.arms else []
    arms = [arm for arm in options.arms if arm != REAL]
    return real + [
        Case(arm, seconds, seed, *where) for seed in options.seeds for seconds in options.seconds for arm in arms
    ]


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases; return the table, and a line for each failure."""
    if options.summary is not None:
        return render_markdown(entry for path in options.summary for entry in read_cases(path)), []
    use_one_thread()
    store, versions, failures = Results(options.output), read_versions(), list[str]()
    cases = plan_cases(options)
    for number, case in enumerate(cases, start=1):
        key = case.make_key(versions)
        if store.find(key) is None:
            failure = _measure(case, key, store)
            failures += [failure] if failure else []
            print(f"[{number}/{len(cases)}] {failure or case.title}", file=sys.stderr, flush=True)
    keys = [case.make_key(versions) for case in cases]
    found = [{"key": key, "result": result} for key in keys if (result := store.find(key)) is not None]
    return render_markdown(found) if found else "", failures


def _measure(case: Case, key: dict[str, Any], store: Results) -> str:
    """Measure a case and keep its result, or return the error: one setting that fails does not end the run."""
    try:
        store.put((key, measure_case(case)))
    except Exception as error:
        return f"{case.title}: {type(error).__name__}: {error}"
    return ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))
