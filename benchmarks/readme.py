"""Write the figures of the committed results into README.md, SECURITY.md and docs/.

python -m benchmarks.readme

A page holds blocks between markers, such as ``<!-- gain: begin -->`` and ``<!-- gain: end -->``, each written from
the results of that name. The other pages of figures in docs/ are written as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .distillation_cost import render_cost_table
from .fidelity.page import write_page
from .gain.distillation import render_distillation_table, render_whole_tables
from .gain.headline import render_headline
from .gain.table import render_gain_page, render_gain_table
from .gain_images.summary import render_image_table
from .image_quality.summary import render_quality_table
from .performance import DOCS, write_pages
from .privacy import render_privacy_table

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "SECURITY.md", DOCS / "does_it_help.md")
RESULTS = ROOT / "benchmarks" / "results"
DISTILLATION = """The teacher is the mean of five networks; students learn its probabilities. Two seeds; one of MNIST
with 20, 50 and 100 images of each class, so that the intervals are wide."""
BLOCKS: dict[str, Callable[[], str]] = {
    "headline": render_headline,
    "gain": render_gain_table,
    "distillation": render_distillation_table,
    "distillation-tables": render_whole_tables,
    "distillation-cost": lambda: render_cost_table(RESULTS / "distillation_cost"),
    "gain-images": render_image_table,
    "image-distillation": lambda: render_image_table(RESULTS / "image_distillation", DISTILLATION),
    "image-quality": render_quality_table,
    "privacy": lambda: render_privacy_table(RESULTS / "privacy"),
}


def fill_blocks(text: str, blocks: Mapping[str, Callable[[], str]] = BLOCKS) -> str:
    """Return the text of a page with the figures of the committed results between its markers."""
    for name, render in blocks.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if begin in text:
            before, rest = text.split(begin)
            _, after = rest.split(end)
            text = f"{before}{begin}\n{render()}\n{end}{after}"
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(fill_blocks(page.read_text(encoding="utf-8")), encoding="utf-8")
    write_pages()
    write_page(DOCS)
    (DOCS / "gain.md").write_text(render_gain_page(), encoding="utf-8")
