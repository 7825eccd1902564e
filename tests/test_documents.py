"""The pages of docs/ are true: their Python runs, their commands exist, and the site has all of them."""

from __future__ import annotations

import importlib.util
import re

import pytest
from click.testing import CliRunner
from documents import GUIDE, PAGES, README, ROOT, read_blocks, run_blocks, shorten

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RUN = [ROOT / "docs" / "start.md", *GUIDE]
IDS = {path: path.relative_to(ROOT).as_posix() for path in PAGES}


def load_extension(name):
    """A module of docs/extension, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "extension" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_its_length(path):
    """The page, to be run with the slow tests if it trains more than one small model."""
    quick = path.name in ("start.md", "tables.md", "index.md")
    return pytest.param(path, id=IDS[path], marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("path", [of_its_length(path) for path in RUN if read_blocks(path, "python")])
def test_the_python_of_a_page_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shorten(monkeypatch)
    run_blocks(path)


def test_pages_outside_the_guide_hold_no_python_that_is_not_run():
    unknown = [path for path in PAGES if path not in (*RUN, README) and read_blocks(path, "python")]
    assert unknown == []


def test_the_guide_has_code_on_every_page():
    assert [path.name for path in GUIDE if path.name != "index.md" and not read_blocks(path, "python")] == []


@pytest.mark.parametrize("path", PAGES, ids=IDS.get)
def test_make_targets_that_a_page_names_exist(path):
    named = re.findall(r"^make ([a-z-]+)", "\n".join(read_blocks(path, "bash")), flags=re.MULTILINE)
    assert [target for target in named if not re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)] == []


def test_commands_and_their_options_exist():
    from ganaug_cli.main import cli

    helps = {name: CliRunner().invoke(cli, [name, "--help"]).output for name in cli.commands}
    found = set()
    for path in PAGES:
        for command, rest in re.findall(r"\bganaug ([a-z]+)((?: [^\s`#&]+)*)", path.read_text(encoding="utf-8")):
            for option in re.findall(r"(?<!\S)(-n|--?[a-z-]+)", rest) if command in helps else ():
                assert option in helps[command], f"{path.name}: ganaug {command} has no {option}"
            found.add(command)
    assert set(helps) <= found


def test_commands_of_benchmarks_exist():
    for path in PAGES:
        for name in re.findall(r"python -m benchmarks\.(\w+)", path.read_text(encoding="utf-8")):
            place = ROOT / "benchmarks" / name
            assert place.is_dir() or place.with_suffix(".py").is_file(), f"{path.name}: benchmarks.{name}"


def test_every_page_is_in_a_table_of_contents():
    sources = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in PAGES if path != README}
    listed = set()
    for path in PAGES:
        for block in re.findall(r"```{toctree}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            folder = path.parent.relative_to(ROOT / "docs") if path != README else None
            listed |= {(folder / line).as_posix() for line in block.split() if not line.startswith(":")}
    assert sources - listed == {"index", "api"}  # the start, and the list of names for those who read the repository


# ---- what builds the site ----


def test_every_public_class_and_function_has_a_page_of_the_reference():
    from benchmarks import api_page

    pages = dict(load_extension("reference").render_pages(has_gallery=True))
    names = {name for name in api_page.list_names() if name in pages}
    methods = set(api_page.list_names()) - names
    assert set(pages) - {"index"} == names
    assert all(f"   {name}\n" in pages["index"] for name in names)
    assert "   .. automethod:: GANAugmenter.fit\n" in pages["ganaug.GANAugmenter"]
    assert all(method.rpartition(".")[0] in pages for method in methods)
    assert ".. minigallery:: ganaug.gain_report" in pages["ganaug.gain_report"]


def test_a_link_to_a_missing_file_or_place_is_found(tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "index.html").write_text('<a href="guide/a.html#here">a</a> <a href="https://example.com/x">b</a>')
    (tmp_path / "guide" / "a.html").write_text('<p id="here"><a href="../index.html">up</a><img src="b%20c.png"></p>')
    (tmp_path / "guide" / "b c.png").touch()
    find_broken = load_extension("check_links").find_broken
    assert find_broken(tmp_path) == ([], 3)
    (tmp_path / "index.html").write_text(
        '<a href="guide/a.html#there">a</a> <a href="#up">b</a> <a href="c.html">c</a>'
    )
    broken, count = find_broken(tmp_path)
    assert count == 5
    assert [line.split(": ", 1)[1] for line in broken] == [
        "guide/a.html#there: there is no such place",
        "#up: there is no such place",
        "c.html: there is no such file",
    ]
