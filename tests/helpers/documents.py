"""README.md and the pages of docs/, as the tests read them."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from ganaug import GANAugmenter, gain_report

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
PAGES = [README, *sorted((ROOT / "docs").glob("*.md")), *GUIDE]
SHORT = {
    GANAugmenter.__init__: {"max_steps": 15, "filters": None},
    gain_report: {"cv": 2, "n_repeats": 1, "fidelity": False},
}
"""Defaults that make the code of a page quick; what a page names itself stays."""


def read_blocks(path, language):
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def shorten(monkeypatch):
    """Train and measure for a moment where a page leaves it open."""
    for function, defaults in SHORT.items():
        for name, value in defaults.items():
            monkeypatch.setitem(function.__kwdefaults__, name, value)


def run_blocks(path):
    """Run all Python of a page in one namespace, and return it."""
    names = {"__name__": path.stem}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a training of a few steps may well warn of a collapse
        for block in read_blocks(path, "python"):
            exec(compile(block, path.name, "exec"), names)
    return names
