"""The figures in README.md, SECURITY.md and docs/ are those of the committed results."""

from __future__ import annotations

import pytest

from benchmarks.fidelity.page import write_page
from benchmarks.gain.table import render_gain_page
from benchmarks.performance import write_pages
from benchmarks.readme import DOCS, README, SECURITY, update_readme, update_security

STALE = "run python -m benchmarks.readme"


@pytest.mark.parametrize(
    ("page", "update"), [(README, update_readme), (SECURITY, update_security)], ids=["README", "SECURITY"]
)
def test_figures_are_those_of_the_committed_results(page, update):
    text = page.read_text(encoding="utf-8")
    assert update(text) == text, STALE


def test_the_page_of_gains_is_that_of_the_committed_results():
    assert (DOCS / "gain.md").read_text(encoding="utf-8") == render_gain_page(), STALE


def test_documents_are_those_of_the_committed_results(tmp_path):
    write_page(tmp_path)
    write_pages(docs=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    for path in tmp_path.iterdir():
        assert (DOCS / path.name).read_bytes() == path.read_bytes(), STALE
