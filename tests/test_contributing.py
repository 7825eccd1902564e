"""CONTRIBUTING.md shows the house as it is, and what is said in several files is the same in all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")  # from Python 3.11 on

from oldest import oldest, requirements  # noqa: E402

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_folder_and_module_at_the_top_of_ganaug_is_on_the_map():
    house = CONTRIBUTING.split("## Where things are")[1].split("```")[1]
    ganaug = house.split("\ncli/")[0]
    folders = {path.parent.name for path in (ROOT / "ganaug").rglob("__init__.py")} - {"ganaug"}
    modules = {path.name for path in (ROOT / "ganaug").glob("*.py")}
    assert folders <= set(re.findall(r"^ +(\w+)/", ganaug, re.MULTILINE))
    assert modules <= set(re.findall(r"\b\w+\.py", ganaug))


def test_the_map_has_the_order_of_the_layers():
    house = CONTRIBUTING.split("## Where things are")[1].split("```")[1]
    layers = re.search(r"^LAYERS = (\[.*?^\])", (ROOT / "tests/test_layers.py").read_text("utf-8"), re.M | re.S)[1]
    rank = {room: number for number, rooms in enumerate(eval(layers)) for room in rooms}
    lines = re.findall(r"^(?:  )?(\w+(?:\.py|/)(?: \w+\.py)*)", house, re.MULTILINE)
    rooms = [re.sub(r"\.py|/", "", line).split()[0] for line in lines]
    ranks = [rank[room] for room in rooms if room in rank]
    assert len(ranks) > 10
    assert ranks == sorted(ranks)


def test_commands_that_it_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z-]+)", CONTRIBUTING, re.MULTILINE))
    assert {"test", "test-slow", "lint"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_every_dependency_has_an_oldest_release():
    bounds = oldest(requirements(PROJECT, ["test"]))
    assert {"torch", "scikit-learn", "pytest", "torchmetrics"} <= set(bounds)
    assert len(bounds) > len(PROJECT["dependencies"])


def test_the_citations_name_the_version():
    assert f"version: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version = {{{PROJECT['version']}}}" in (ROOT / "README.md").read_text(encoding="utf-8")
