"""Write the figures of the committed results into the README, between its markers, and docs/performance.md.

python -m benchmarks.readme
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .fidelity.readme import FOLDER, fidelity_tables
from .gain_table import gain_table
from .images.summary import image_table
from .performance import write_pages

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
BEGIN, END = "<!-- fidelity: begin -->", "<!-- fidelity: end -->"
GAIN_BEGIN, GAIN_END = "<!-- gain: begin -->", "<!-- gain: end -->"
IMAGES_BEGIN, IMAGES_END = "<!-- gain-images: begin -->", "<!-- gain-images: end -->"

NAMES = {
    "real": "the real rows themselves",
    "held-out": "other real rows",
    "bootstrap": "real rows drawn with replacement",
    "ganaug": "**ganaug**",
    "ctgan": "CTGAN 0.12.1",
}
COLUMNS = (
    ("fit, s", "fit_seconds", ".0f", 1),
    ("rows/s", "rows_per_second", ",.0f", 1),
    ("AUC", "auc", ".3f", 1),
    ("macro-F1", "macro_f1", ".3f", 1),
    ("Shape error, %", "shape_error", ".2f", 100),
    ("C2ST", "c2st_auc", ".3f", 1),
)
QUALITY = ("auc", "macro_f1", "shape_error", "c2st_auc")

TEXT = """Both with their defaults, on two CPU cores, in one run. AUC and macro-F1: XGBoost trained on synthetic rows
and tested on real ones. Shape error: mean distance of each column's distribution from the training rows. C2ST:
how well a classifier tells real from synthetic rows, 0.5 being best. CTGAN's time is extrapolated from ten of its 300
epochs where its quality is left blank. `benchmarks/README.md` has the command and the protocol.
"""


def cases(path: Path) -> dict[str, dict[str, Any]]:
    """Return the newest result of each model in one results file."""
    stored = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return {case["key"]["model"]: case for case in stored}


def row(table: str, case: dict[str, Any]) -> str:
    """Return one line of the table; a peer that was cut short shows its time alone."""
    cut_short = case["key"]["epochs"] is not None
    cells = []
    for _, field, form, factor in COLUMNS:
        value = case["result"].get(field)
        hidden = value is None or (cut_short and field in QUALITY)
        cells.append("" if hidden else f"{value * factor:{form}}")
    return f"| {table} | {NAMES[case['key']['model']]} | " + " | ".join(cells) + " |"


def table() -> str:
    """Return the Markdown that belongs between the markers; new results, once there are any, replace `RESULTS`."""
    if any(FOLDER.glob("*.json")):
        return fidelity_tables(FOLDER)
    head = "| table | rows from | " + " | ".join(heading for heading, *_ in COLUMNS) + " |"
    lines = [TEXT, head, "|---" * (len(COLUMNS) + 2) + "|"]
    for path in sorted(RESULTS.glob("*.json")):
        found = cases(path)
        rows = found["real"]["result"]["rows"]
        lines += [row(f"{path.stem}, {rows:,} rows", found[model]) for model in NAMES if model in found]
    return "\n".join(lines)


def updated(readme: str) -> str:
    """Return the README's text with the figures of today's results."""
    readme = _between(readme, BEGIN, END, table())
    if GAIN_BEGIN in readme:
        readme = _between(readme, GAIN_BEGIN, GAIN_END, gain_table())
    return _between(readme, IMAGES_BEGIN, IMAGES_END, image_table()) if IMAGES_BEGIN in readme else readme


def _between(text: str, begin: str, end: str, content: str) -> str:
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
    write_pages()
