"""What does a GPU change? Equality with a CPU, times of a step, a step as one CUDA graph, whole fits, sampling.

``python -m benchmarks.gpu --data FOLDER --images FOLDER``
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from ..shared.command import add_summary, finish
from ..shared.protocol import BenchmarkError, Results, read_cases
from .cases import FULL, SMALL, Case, Settings, plan_cases
from .machine import find_versions
from .running import is_finished, measure_group
from .summary import markdown

OUTPUT = Path("benchmarks/results/gpu/gpu.json")
TRIAL = Path("gpu-small.json")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    add = parser.add_argument
    add("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: a trial without CUDA graphs")
    add("--small", action="store_true", help="a trial run: small networks, short fits, few rows")
    add("--data", type=Path, help="folder of tables; without it, no table is fitted")
    add("--tables", nargs="+", default=["adult", "churn"], help="of --data; the first is sampled from")
    add("--images", type=Path, help="folder of NAME.npz (images, labels); without it, no images are fitted")
    add("--set", default="mnist", help="of --images: NAME.npz, NAME_train.npz or NAME_train10k.npz (default: mnist)")
    add("--output", type=Path, help=f"finished cases (default: {OUTPUT}, with --small {TRIAL})")
    add_summary(parser)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure what is not yet measured; return the summary, and a line for each failure."""
    if options.summary is not None:
        return markdown(entry for path in options.summary for entry in read_cases(path)), []
    if options.device == "cuda" and not torch.cuda.is_available():
        raise BenchmarkError("torch finds no CUDA device: say --device cpu for a trial without one.")
    output = options.output or (TRIAL if options.small else OUTPUT)
    if options.output is None:
        output.parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(options.device, output, options.data, options.images, find_versions())
    cases = plan_cases(SMALL if options.small else FULL, tuple(options.tables), options.set)
    _measure_missing(cases, settings)
    store = Results(output)
    entries = [{"key": key, "result": found} for key in map(settings.key, cases) if (found := store.find(key))]
    failures = [f"{e['key']['case']}: {e['result']['error']}" for e in entries if "error" in e["result"]]
    return markdown(entries), failures


def _measure_missing(cases: Sequence[Case], settings: Settings) -> None:
    """Measure the cases that are not finished, group by group."""
    store = Results(settings.output)
    for group, members in itertools.groupby(cases, lambda case: case.group):
        missing = [case for case in members if not is_finished(case, settings, store)]
        if missing:
            print(f"{group}: {len(missing)} cases", file=sys.stderr, flush=True)
            measure_group(missing, settings)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))
