"""Write docs/performance.md and its figures, from committed results of all benchmarks of costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .conditions import render_markdown as conditions_markdown
from .engines import render_markdown as engines_markdown
from .fidelity.efforts import render_markdown as efforts_markdown
from .floor.summary import render_markdown as floor_markdown
from .gpu.summary import markdown as gpu_markdown
from .growth.figures import draw_growth
from .growth.summary import Curve, find_curves, render_table
from .large import render_markdown as large_markdown
from .reading import render_markdown as reading_markdown
from .shared.protocol import read_cases

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"
PAGE = "performance.md"

HEAD = """<!-- Written by python -m benchmarks.readme from benchmarks/results: not to be changed by hand. -->
# Performance

What `GANAugmenter` costs with its defaults. `benchmarks/README.md` has the commands; every figure below comes from
committed results.
"""
GROWTH = """## Growth

Made tables, half numbers and half texts, with a label of three classes. Every line is two fresh processes: one that
encodes (a fit of one step without filters: reading the columns, encoding, one score on held-out rows), and one that
fits with defaults. Memory is the most that was held above what the process, libraries and frame included, held before
the fit, in brackets as a multiple of the frame's own size; small tables weigh less than the samples that are drawn for
the held-out score. Rows per second: {sampled} rows drawn in one call, without filters from the one, filtered from the
other. The number of steps follows from the table by rule (see `max_steps`), and a training whose held-out score no
longer improves ends before that.

Processors: {processors}. Training uses one of them; fitting filters and drawing rows, up to eight.
"""
EFFORT = """## What effort costs, and what it gives

`effort` scales the number of steps: "fast" takes half of them, "best" four times as many, and only "best" never ends
early. Columns are as on the page about fidelity: AUC is that of XGBoost which learned from synthetic rows, C2ST tells
how well they are told from real ones (.5 is best). Processor seconds; one seed, or mean ± standard deviation.
"""
FLOOR = """## How close is a training step to the floor?
"""
CONDITIONS = """## What conditions cost

`sample(n, where=...)` makes candidates until enough of them meet the conditions; then filters choose among these. The
rarer a condition, the more candidates, and `conditions_` says how many there were. Without conditions, candidates are
not counted.
"""
READING = """## Reading a file

`read_table` beside `pandas.read_csv` and `polars.read_csv`, all with their defaults, on a made CSV file with marks of
missing cells, money, and dates of three forms. ganaug also learns how every cell is spelled.
"""
LARGE = """## Tables that are larger than memory

Tables of 20 columns in Parquet files of a million rows, all of one law. `fit` of the folder reads them in parts, and
learns from `max_rows` rows. Seconds are those of the processor, and reading is a fit of one step, which reads and
encodes. Memory is the most that was held above the libraries. C2ST compares 50,000 synthetic rows with fresh rows of
the same law (.5 is best). ROC AUC is that of boosted trees which learned from synthetic rows, or from as many fresh
ones, on other fresh rows. CTGAN takes one epoch, of its default of 300, of a table in memory.
"""
ENGINES = """## Engines

What `gain_report`, `TunedAugmenterCV` and `write_samples` return with two workers each: the first digits of the SHA-256
of all scores, or of all files. Below, what is sent to the workers and back: three folds of the rows for the first two,
and a model for each of four files for the last.
"""

GPU = """## On a GPU

Equality of trainings, times of a training step, whole fits and sampling.
"""


def render_pages(results: Path = RESULTS) -> dict[str, str]:
    """Return the text of each file of docs/ by its name; no file without results."""
    names = ("growth", "effort", "large", "engines", "floor", "conditions", "reading", "gpu")
    growth, effort, large, engines, floor, asked, reading, gpu = (_read_entries(results / name) for name in names)
    found = find_curves(growth)
    parts = [_render_growth(found, growth)] if found else []
    parts += [EFFORT + "\n" + efforts_markdown(effort)] if effort else []
    parts += [LARGE + "\n" + large_markdown(large)] if large else []
    parts += [ENGINES + "\n" + engines_markdown(engines)] if engines else []
    parts += [CONDITIONS + "\n" + conditions_markdown(asked)] if asked else []
    parts += [FLOOR + "\n" + floor_markdown(floor)] if floor else []
    parts += [READING + "\n" + reading_markdown(reading)] if reading else []
    parts += [GPU + "\n" + gpu_markdown(gpu)] if gpu else []
    figures = {_name_figure(curve): draw_growth(curve) for curve in found}
    return {PAGE: "\n".join([HEAD, *parts]), **figures} if parts else {}


def write_pages(results: Path = RESULTS, docs: Path = DOCS) -> None:
    """Write the files of `render_pages`."""
    for name, text in render_pages(results).items():
        docs.mkdir(exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")


def _read_entries(folder: Path) -> list[dict[str, Any]]:
    return [entry for path in sorted(folder.glob("*.json")) for entry in read_cases(path)]


def _render_growth(found: Sequence[Curve], entries: Sequence[dict[str, Any]]) -> str:
    newest = entries[-1]
    text = GROWTH.format(sampled=f"{newest['key']['sampled']:,}", processors=newest["result"]["machine"]["processors"])
    return "\n".join([text, *(_render_section(curve) for curve in found)])


def _render_section(curve: Curve) -> str:
    alternative = f"Seconds and memory of fits and of encoding alone against {curve.axis}, both logarithmic"
    return f"### With {curve.axis}: {curve.fixed}\n\n![{alternative}]({_name_figure(curve)})\n\n{render_table(curve)}\n"


def _name_figure(curve: Curve) -> str:
    return f"growth_{curve.axis}.svg"
