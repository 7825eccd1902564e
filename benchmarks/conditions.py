"""Measure the cost of conditions: candidates and time for each row that meets them.

``python -m benchmarks.conditions --data FOLDER --output conditions.json``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .shared.command import add_augmenter_options, add_output, finish
from .shared.folder import load_named_task
from .shared.machine import describe_machine, read_versions
from .shared.protocol import Results, read_cases

PROTOCOL = 1  # part of each case's key: raise it when a measure changes
ROWS = 1000
ASKED: dict[str, list[dict[str, Any]]] = {
    "adult": [
        {},
        {"sex": "Female"},
        {"age": (30, 40)},
        {"sex": "Female", "age": (30, 40)},
        {"sex": "Female", "age": (30, 40), "education": ["Bachelors", "Masters"]},
        {"native-country": "Germany"},
        {"capital-gain": (10_000, None), "age": (None, 30)},
    ]
}
"""Conditions by table, from common to rare; the first one is empty."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conditions", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of tables")
    add("--table", choices=ASKED, default="adult", help="of --data (default: adult)")
    add_augmenter_options(parser)
    add_output(parser, "conditions.json")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases, and return the summary."""
    store = Results(options.output)
    task = load_named_task(options.table, options.data)
    key = {"benchmark": "conditions", "protocol": PROTOCOL, "table": task.name, **task.origin, "sampled": ROWS}
    key |= {"asked": [describe_conditions(where) for where in ASKED[task.name]], "options": options.options}
    key |= {"versions": read_versions()}
    if store.find(key) is None:
        target = task.columns.target
        store.put(
            (key, measure_conditions(task.train.drop(columns=target), task.train[target], task.name, options.options))
        )
    return render_markdown(read_cases(options.output)), []


def measure_conditions(X: pd.DataFrame, y: pd.Series, table: str, options: dict[str, Any]) -> dict[str, Any]:
    """Fit once, and return the cost of each condition of a table."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter(random_state=0, **options).fit(X, y)
    augmenter.sample(ROWS)
    lines = []
    for where in ASKED[table]:
        started = time.perf_counter()
        found, _ = augmenter.sample(ROWS, where=where or None)
        seconds = time.perf_counter() - started
        tried = augmenter.conditions_["tried"] if where else None
        if not match_rows(found, where).all():
            raise AssertionError(f"sample returned rows that do not meet {where}")
        lines.append(
            {
                "asked": describe_conditions(where),
                "share": float(match_rows(X, where).mean()),
                "tried": tried,
                "seconds": seconds,
            }
        )
    return {"conditions": lines, "filters": augmenter.filters_["strengths"], "machine": describe_machine()}


def match_rows(X: pd.DataFrame, where: dict[str, Any]) -> np.ndarray:
    """Return the mask of the rows that meet conditions, computed without ganaug."""
    found = np.ones(len(X), dtype=bool)
    for name, wanted in where.items():
        if isinstance(wanted, tuple):
            low, high = (-np.inf if wanted[0] is None else wanted[0]), (np.inf if wanted[1] is None else wanted[1])
            found &= X[name].between(low, high).to_numpy(dtype=bool)
        else:
            found &= X[name].isin(wanted if isinstance(wanted, list) else [wanted]).to_numpy(dtype=bool)
    return found


def describe_conditions(where: dict[str, Any]) -> str:
    """Return conditions as text."""
    return ", ".join(f"{name}: {wanted}" for name, wanted in where.items()) or "none"


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return a table for each data set, of the version that was measured last."""
    newest = {entry["key"]["table"]: entry for entry in entries}
    return "\n\n".join(_render_section(entry["key"], entry["result"]) for entry in newest.values()) + "\n"


def _render_section(key: dict[str, Any], result: dict[str, Any]) -> str:
    lines = [
        f"### {key['table']}: {key['sampled']:,} rows for each line",
        "",
        "| condition | training rows that meet it | candidates for each row | rows/s |",
        "|---|---|---|---|",
    ]
    for line in result["conditions"]:
        tried = "" if line["tried"] is None else f"{line['tried'] / key['sampled']:,.0f}"
        rate = key["sampled"] / line["seconds"]
        lines.append(f"| {line['asked']} | {line['share']:.2%} | {tried} | {rate:,.0f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
