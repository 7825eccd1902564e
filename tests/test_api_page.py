"""docs/api.md lists every public name, as it is described in the code."""

from __future__ import annotations

import importlib
import re

import pytest

import ganaug
from benchmarks import api_page


def listed():
    """The dotted names that the page lists, methods left out."""
    for _, modules in api_page.DOORS:
        for module, names in modules:
            members = api_page.list_public_names(importlib.import_module(module)) if names is None else names
            yield from (f"{module}.{name}" for name in members)


def test_the_page_is_up_to_date():
    message = "run `python -m benchmarks.api_page`"
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.render_page(), message


def test_every_public_name_is_listed_once_and_no_other():
    names = list(listed())
    assert len(set(names)) == len(names)
    assert sorted(name for name in names if name.count(".") == 1) == sorted(f"ganaug.{name}" for name in ganaug.__all__)


def test_public_submodules_are_listed():
    modules = {module for _, modules in api_page.DOORS for module, _ in modules}
    documented = {name.split(".")[1] for name in modules if "." in name}
    lazy = set(ganaug._SUBMODULES) - {"losses"}  # whose one public name is ganaug.Loss
    assert lazy <= documented


@pytest.mark.parametrize("name", [name for name in listed() if name != "ganaug.__version__"])
def test_every_listed_name_can_be_imported_and_is_described_on_the_page(name):
    module, _, member = name.rpartition(".")
    assert hasattr(importlib.import_module(module), member)
    row = re.search(rf"^\| `{re.escape(name)}` \| (.+) \|$", api_page.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert row and len(row[1]) > 10
