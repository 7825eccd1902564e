"""Every benchmark is run by ``python -m benchmarks.NAME``, and what they share knows none of them."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
SUITES = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py") if path.parent.name != "shared")


def test_there_are_suites():
    assert {"gain", "gain_images", "fidelity", "growth", "floor"} <= set(SUITES)


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_in_a_folder_has_a_command(name):
    assert importlib.util.find_spec(f"benchmarks.{name}.__main__") is not None
    assert callable(importlib.import_module(f"benchmarks.{name}.command").main)


def test_what_suites_share_imports_no_suite():
    for path in (FOLDER / "shared").glob("*.py"):
        assert "from .." not in path.read_text(encoding="utf-8"), path.name
