"""Render finished cases as a Markdown table: quality after so many seconds of training."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..shared.protocol import read_cases
from .arms import ARMS, DEFAULT, LITERATURE, REAL

FOLDER = Path(__file__).parents[1] / "results" / "image_quality"
FORMS = {"fid": "{:.1f}", "class_fid": "{:.1f}", "coverage": "{:.2f}", "accuracy": "{:.1%}"}
NAMES = {
    REAL: "real images that were learned from",
    DEFAULT: "ganaug, defaults without filters",
    LITERATURE: "DiffAugment's setting",
}
HEAD = (
    "| after | setting | seeds | steps | CPU s | FID | FID within classes | coverage | accuracy trained on them |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
Entry = dict[str, Any]


def render_markdown(entries: Iterable[Entry]) -> str:
    """Return the table of finished cases; of several versions, the one that was measured last counts."""
    entries = list(entries)
    rows: dict[tuple[float, str], dict[int, Entry]] = {}
    for entry in entries:
        key = entry["key"]
        if key["versions"] == entries[-1]["key"]["versions"] and key["steps"] == entries[-1]["key"]["steps"]:
            rows.setdefault((key["seconds"], key["arm"]), {})[key["seed"]] = entry["result"]
    order = sorted(rows, key=lambda row: (row[0], list(ARMS).index(row[1])))
    return "\n".join([HEAD, *(_format_row(*row, list(rows[row].values())) for row in order)])


def _format_row(seconds: float, arm: str, results: list[Entry]) -> str:
    costs = [
        "" if arm == REAL else f"{np.mean([result[name] for result in results]):,.0f}"
        for name in ("steps", "fit_cpu_seconds")
    ]
    cells = [_format_values(form, [result[name] for result in results]) for name, form in FORMS.items()]
    start = ["" if arm == REAL else f"{seconds:g} s", NAMES[arm], str(len(results)), *costs]
    return f"| {' | '.join([*start, *cells])} |"


def _format_values(form: str, values: list[float]) -> str:
    """Return the mean and, of several seeds, the range."""
    mean = form.format(np.mean(values))
    return mean if len(values) < 2 else f"{mean} ({form.format(min(values))} to {form.format(max(values))})"


def render_quality_table(folder: Path = FOLDER) -> str:
    """Return the table of the committed results."""
    return render_markdown(entry for path in sorted(folder.glob("*.json")) for entry in read_cases(path))
