"""The examples of the gallery use what there is, say what they do, and run."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "examples").glob("*.py"))

every = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)


def test_there_are_examples_for_the_gallery_and_a_header():
    assert len(FILES) >= 10
    assert all(path.name.startswith("plot_") for path in FILES)  # what sphinx-gallery runs
    title, line = (ROOT / "examples" / "README.rst").read_text(encoding="utf-8").splitlines()[:2]
    assert title and len(title) == len(line)


@every
def test_an_example_begins_with_a_title_and_an_introduction(path):
    title, line, blank, *rest = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()
    assert len(line) == len(title) > 10 and set(line) == {"="} and not blank
    assert len(" ".join(rest)) > 60


@every
def test_an_example_has_cells_with_text_and_a_plot(path):
    text = path.read_text(encoding="utf-8")
    cells = re.findall(r"^# %%\n(# .+)?", text, re.MULTILINE)
    assert len(cells) >= 4
    assert sum(map(bool, cells)) >= 3
    assert re.search(r"plt\.subplots\(|\.plot(_columns|_history)?\(", text)


@every
def test_headings_within_an_example_are_underlined_in_full(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if re.fullmatch(r"# -+", line):
            assert len(line) == len(above), above


@every
def test_an_example_imports_names_that_exist_and_only_public_ones_of_ganaug(path):
    for module, name in imports(path):
        found = importlib.import_module(module)
        assert name is None or hasattr(found, name), (module, name)
        if module.split(".")[0] == "ganaug":
            assert module in ("ganaug", "ganaug.metrics", "ganaug.plots", "ganaug.gain")
            assert name in found.__all__


@every
def test_an_example_needs_no_network_and_no_file(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\bfetch_|https?://|open\(|read_csv|read_table|Path\(", text)


def shorten_trainings(source):
    """The source with trainings of a few steps, and fewer folds."""
    source = re.sub(r"max_steps=\d+", "max_steps=3", source)
    return re.sub(r"\bcv=\d+", "cv=2", source)


QUICK = {"plot_conditions", "plot_mixed_table", "plot_relations"}  # the others fit many models


@pytest.mark.filterwarnings("ignore")  # trained for a moment: classes collapse, and rows are few
@pytest.mark.parametrize("path", [path for path in FILES if path.stem in QUICK], ids=lambda path: path.stem)
def test_an_example_runs_with_trainings_of_a_few_steps(path):
    exec(compile(shorten_trainings(path.read_text(encoding="utf-8")), path.name, "exec"), {"__name__": path.stem})


@pytest.mark.slow
@every
def test_an_example_runs_as_it_is_without_a_warning(path):
    command = [sys.executable, "-W", "error::UserWarning", path]
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
