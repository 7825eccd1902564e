"""The pages of docs/ are true: their Python runs, their commands exist, and the site has all of them."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from documents import GUIDE, PAGES, README, ROOT, read_blocks, run_blocks, shorten

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RUN = [ROOT / "docs" / "start.md", *GUIDE]
IDS = {path: path.relative_to(ROOT).as_posix() for path in PAGES}


@pytest.mark.parametrize("path", [path for path in RUN if read_blocks(path, "python")], ids=IDS.get)
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


def test_examples_of_the_gallery_open_with_a_title():
    examples = sorted((ROOT / "examples").glob("plot_*.py"))
    assert examples
    for path in examples:
        assert re.match(r'"""\n.+\n=+\n\n.+', path.read_text(encoding="utf-8")), path.name
