"""Fixtures that several test files share."""

from __future__ import annotations

import os
import sys
import warnings

import pytest
from toy_table import make_toy_table

from ganaug.errors import CollapseWarning
from ganaug.threads import one_thread

pytest_plugins = ["promises"]

# Checks live in a module of their own; without this their asserts would fail without saying why.
pytest.register_assert_rewrite("sampler_checks")


os.environ.setdefault("MPLBACKEND", "Agg")  # plots open no windows


@pytest.fixture(autouse=True)
def close_figures():
    """Close the figures of a test, of which matplotlib keeps all until then."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def without_matplotlib(monkeypatch):
    """An installation in which matplotlib cannot be imported."""
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.fixture
def toy_table():
    """(X, y): 300 rows of numbers, text, categories, booleans, dates and gaps; a fresh copy for each test."""
    return make_toy_table()


@pytest.fixture(scope="session")
def judged_augmenter():
    """A GANAugmenter fitted to the toy table, both filters in use; to be sampled, not changed."""
    from small import JUDGED, quick_augmenter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        return quick_augmenter(max_steps=60, width=32, filters=JUDGED).fit(*make_toy_table())


@pytest.fixture
def on_one_thread():
    """Small trees and networks on one core: several are slower, and far slower on a busy machine."""
    with one_thread():
        yield
