"""Write the figures of the committed results into README.md and SECURITY.md, between markers, and into docs/.

python -m benchmarks.readme
"""

from __future__ import annotations

from pathlib import Path

from .fidelity.page import FOLDER, MAIN, render_fidelity_tables, write_page
from .gain.distillation import render_distillation_table
from .gain.table import render_gain_page, render_gain_table
from .gain_images.summary import render_image_table
from .performance import DOCS, write_pages
from .privacy import render_privacy_table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
SECURITY = ROOT / "SECURITY.md"
BEGIN, END = "<!-- fidelity: begin -->", "<!-- fidelity: end -->"
GAIN_BEGIN, GAIN_END = "<!-- gain: begin -->", "<!-- gain: end -->"
PRIVACY_BEGIN, PRIVACY_END = "<!-- privacy: begin -->", "<!-- privacy: end -->"
SOFT_BEGIN, SOFT_END = "<!-- distillation: begin -->", "<!-- distillation: end -->"
IMAGES_BEGIN, IMAGES_END = "<!-- gain-images: begin -->", "<!-- gain-images: end -->"


def update_readme(readme: str) -> str:
    """Return the README's text with the figures of the committed results."""
    readme = _replace_between(readme, BEGIN, END, render_fidelity_tables(FOLDER, MAIN))
    if GAIN_BEGIN in readme:
        readme = _replace_between(readme, GAIN_BEGIN, GAIN_END, render_gain_table())
    if SOFT_BEGIN in readme:
        readme = _replace_between(readme, SOFT_BEGIN, SOFT_END, render_distillation_table())
    return (
        _replace_between(readme, IMAGES_BEGIN, IMAGES_END, render_image_table()) if IMAGES_BEGIN in readme else readme
    )


def update_security(text: str) -> str:
    """Return SECURITY.md with the figures of the committed results, if it has the markers for them."""
    if PRIVACY_BEGIN not in text:
        return text
    return _replace_between(text, PRIVACY_BEGIN, PRIVACY_END, render_privacy_table(RESULTS / "privacy"))


def _replace_between(text: str, begin: str, end: str, content: str) -> str:
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


if __name__ == "__main__":
    README.write_text(update_readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    SECURITY.write_text(update_security(SECURITY.read_text(encoding="utf-8")), encoding="utf-8")
    write_pages()
    write_page(DOCS)
    (DOCS / "gain.md").write_text(render_gain_page(), encoding="utf-8")
