"""The README is true and light: its Python runs and prints what it says, and it reads the same on a package index."""

from __future__ import annotations

import re

import pytest
from documents import README, ROOT, read_blocks, run_blocks, shorten

TEXT = README.read_text(encoding="utf-8")
RAW = "https://raw.githubusercontent.com/ganaug/ganaug/main/"
LINKS = re.findall(r"\]\(([^)\s]+)\)", TEXT)


def test_python_blocks_run_and_print_the_verdict_that_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shorten(monkeypatch)
    names = run_blocks(README)
    X, X_more, y_more = names["X"], names["X_more"], names["y_more"]
    assert X_more.iloc[: len(X)].equals(X)
    assert y_more.value_counts().nunique() == 1
    assert len(names["X_new"]) == 520
    assert names["report"].conclusion.n == 3
    # Digits may differ on another machine, the verdict should not
    shown = " ".join(read_blocks(README, "text")[0].split())
    printed = " ".join(capsys.readouterr().out.split())
    assert re.sub(r"[-+]?[\d.,]+", "#", shown) == re.sub(r"[-+]?[\d.,]+", "#", printed)


def test_it_is_short():
    assert len(README.read_bytes()) <= 8000


def test_every_link_works_on_a_package_index_too():
    assert len(LINKS) > 10
    assert [link for link in LINKS if not link.startswith("https://")] == []


def test_the_files_that_links_name_are_there():
    here = [re.sub(rf"^{RAW}|^https://github.com/ganaug/ganaug/blob/main/", "", link) for link in LINKS]
    files = [path for path in here if not path.startswith("https://")]
    assert {"docs/images/report.png", "docs/images/digits.png", "docs/images/flow.svg", "LICENSE"} <= set(files)
    assert [path for path in files if not (ROOT / path).is_file()] == []


def test_the_pages_of_the_site_that_links_name_are_there():
    site = [link.removeprefix("https://ganaug.github.io/ganaug/") for link in LINKS if "github.io" in link]
    sources = [page.removesuffix(".html") for page in site if page]
    made = {"gallery/index", "reference/index"}  # by the build
    assert len(sources) >= 4
    assert [page for page in sources if page not in made and not (ROOT / "docs" / f"{page}.md").is_file()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda path: path.name)
def test_pictures_are_light(path):
    assert 1000 < path.stat().st_size < 200_000


def test_the_two_commands_are_there():
    assert {"make demo", "make test"} <= set(re.findall(r"^make [a-z]+", TEXT, re.MULTILINE))
