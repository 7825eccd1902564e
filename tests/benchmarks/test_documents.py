"""The figures in README.md, SECURITY.md and docs/ are those of the committed results."""

from __future__ import annotations

import pytest

from benchmarks.fidelity.page import write_page
from benchmarks.gain.table import render_gain_page
from benchmarks.performance import write_pages
from benchmarks.readme import BLOCKS, DOCS, PAGES, fill_blocks

STALE = "run python -m benchmarks.readme"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_figures_are_those_of_the_committed_results(page):
    text = page.read_text(encoding="utf-8")
    assert fill_blocks(text) == text, STALE


def test_every_block_stands_on_one_page():
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    assert {name: sum(f"<!-- {name}: begin -->" in text for text in texts) for name in BLOCKS} == dict.fromkeys(
        BLOCKS, 1
    )


def test_a_block_gets_its_figures_and_nothing_else_changes():
    text = "a\n<!-- gain: begin -->\nold\n<!-- gain: end -->\nb\n<!-- other: begin -->\nold\n<!-- other: end -->\n"
    new = fill_blocks(text, {"gain": lambda: "new", "absent": lambda: "never"})
    assert new == text.replace("old", "new", 1)
    assert fill_blocks(new, {"gain": lambda: "new"}) == new


def test_the_page_of_gains_is_that_of_the_committed_results():
    assert (DOCS / "gain.md").read_text(encoding="utf-8") == render_gain_page(), STALE


def test_documents_are_those_of_the_committed_results(tmp_path):
    write_page(tmp_path)
    write_pages(docs=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    for path in tmp_path.iterdir():
        assert (DOCS / path.name).read_bytes() == path.read_bytes(), STALE
