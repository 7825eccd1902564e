"""Measure how long a CSV file of 100 MB takes to read, and how much memory, beside pandas and polars.

``python -m benchmarks.reading --output reading.json``

The file is made from a seed: numbers, amounts of money, dates, moments, texts, codes, and marks of missing cells. Each
reader reads it in a fresh process, the readers in turn; the median of each counts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .shared.clock import Stopwatch, read_peak_memory
from .shared.command import add_output, finish
from .shared.machine import describe_machine, read_versions
from .shared.protocol import Results

PROTOCOL = 1  # part of each case's key: raise it when a measure changes
MEGABYTES = 100
READERS = ("ganaug", "pandas", "polars")
ROWS = 20_000  # of one piece of the file


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    add = parser.add_argument
    add("--megabytes", type=int, default=MEGABYTES, help=f"size of the file (default: {MEGABYTES})")
    add("--repeats", type=int, default=3, help="times that each reader reads it (default: 3)")
    add("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    add_output(parser, "reading.json")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure all readers unless that has been done, and return the summary."""
    store = Results(options.output)
    versions = read_versions() | {name: metadata.version(name) for name in ("polars", "pyarrow")}
    key = {"benchmark": "reading", "protocol": PROTOCOL, "megabytes": options.megabytes, "repeats": options.repeats}
    key |= {"versions": versions}
    if store.find(key) is None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "made.csv")
            rows = write_file(path, options.megabytes)
            store.put((key, {"rows": rows, "readers": compare(path, options.repeats), "machine": describe_machine()}))
    result = store.find(key)
    return render_markdown([{"key": key, "result": result}]) if result else "", []


def write_file(path: Path, megabytes: int, seed: int = 0) -> int:
    """Write a file of about so many megabytes, and return its number of rows."""
    rng, rows = np.random.default_rng(seed), 0
    with path.open("w", encoding="utf-8", newline="") as file:
        while file.tell() < megabytes * 10**6:
            make_piece(rng).to_csv(file, index=False, header=rows == 0, lineterminator="\n")
            rows += ROWS
    return rows


def make_piece(rng: np.random.Generator) -> pd.DataFrame:
    """Return some rows of the file."""
    days = np.datetime64("2020-01-01") + rng.integers(0, 1500, ROWS)
    moments = np.datetime64("2021-03-01T00:00:00") + rng.integers(0, 10**8, ROWS)
    words = np.array(["north", "south", "east", "west, coast", 'said "so"'])
    piece = pd.DataFrame(
        {
            "customer": [f"C{n:07}" for n in rng.integers(0, 10**7, ROWS)],
            "age": rng.integers(18, 90, ROWS),
            "income": rng.lognormal(10, 1, ROWS).round(2),
            "ratio": rng.normal(size=ROWS),
            "price": [f"${amount:,.2f}" for amount in rng.lognormal(6, 1, ROWS)],
            "day": days.astype(str),
            "seen": np.char.replace(moments.astype(str), "T", " "),
            "born": pd.Series(days).dt.strftime("%d.%m.%Y"),
            "region": rng.choice(words, ROWS),
            "member": rng.choice(["True", "False"], ROWS),
            "visits": rng.integers(0, 100, ROWS).astype(object),
            "remark": [f"order {a} of {b}" for a, b in rng.integers(0, 10**6, (ROWS, 2))],
        }
    )
    piece.loc[rng.random(ROWS) < 0.05, "visits"] = "NA"
    piece.loc[rng.random(ROWS) < 0.1, "ratio"] = np.nan
    return piece


def compare(path: Path, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """Return what each reader took each time, the readers in turn."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in READERS}
    for _ in range(repeats):
        for name in READERS:
            command = [sys.executable, "-m", "benchmarks.reading", "--one", name, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def measure_one(name: str, path: str) -> dict[str, Any]:
    """Read the file in this process; return seconds, peak memory in MiB, and the type of each column."""
    module = importlib.import_module(name)
    read = module.read_table if name == "ganaug" else module.read_csv
    before, watch = read_peak_memory(), Stopwatch()
    frame: Any = read(path)
    wall, cpu = watch.read()
    types = frame.schema.items() if name == "polars" else frame.dtypes.items()
    typed = {str(column): str(dtype) for column, dtype in types}
    return {"wall": wall, "cpu": cpu, "memory": read_peak_memory() - before, "types": typed}


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return a table of the case that was measured last."""
    *_, newest = entries
    key, result = newest["key"], newest["result"]
    lines = [
        "| reader | seconds | processor seconds | MiB above the process before | columns left as text |",
        "|---" * 5 + "|",
    ]
    for name, times in result["readers"].items():
        middle = [statistics.median(one[field] for one in times) for field in ("wall", "cpu", "memory")]
        left = [column for column, dtype in times[0]["types"].items() if dtype in ("object", "str", "string", "String")]
        version = key["versions"][name]
        lines.append(f"| {name} {version} | {middle[0]:.1f} | {middle[1]:.1f} | {middle[2]:,.0f} | {', '.join(left)} |")
    machine = result["machine"]
    head = f"{key['megabytes']} MB, {result['rows']:,} rows, {len(times[0]['types'])} columns; "
    return f"{head}median of {key['repeats']} runs, {machine['processors']} processors.\n\n" + "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    if options.one:
        print(json.dumps(measure_one(*options.one)))
    else:
        finish(lambda: run(options))


if __name__ == "__main__":
    main()
