"""Colours: the same on plots and on the report page, legible on light and on dark ground, and without colours."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_rgb

import ganaug.gain.page
from ganaug.plots.look import DARK, LIGHT, find_look

CSS = (Path(ganaug.gain.page.__file__).parent / "page.css").read_text(encoding="utf-8")


def luminance(colour):
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("look", "place"), [(LIGHT, 0), (DARK, 1)], ids=["light", "dark"])
def test_plots_have_the_colours_of_the_page(look, place):
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[place]
    variables = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
    found = {"paper" if name == "card" else name: value for name, value in variables.items() if name != "paper"}
    assert asdict(look) == {name: found[name] for name in asdict(look)}


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_real_and_synthetic_differ_without_colours(look):
    assert contrast(look.accent, look.real) > 3
    assert contrast(look.accent, look.paper) > 4.5
    assert min(contrast(look.ink, look.paper), contrast(look.muted, look.paper)) > 4.5


@pytest.mark.parametrize(
    ("style", "expected"),
    [({}, LIGHT), ({"axes.facecolor": "black"}, DARK), ({"axes.facecolor": "none", "figure.facecolor": "#222"}, DARK)],
    ids=["default", "dark", "transparent on dark"],
)
def test_colours_suit_the_ground(style, expected):
    with mpl.rc_context(style):
        look = find_look(plt.subplots()[1])
    assert (look.ink, look.accent) == (expected.ink, expected.accent)


def test_a_transparent_figure_counts_as_white():
    with mpl.rc_context({"axes.facecolor": "none", "figure.facecolor": "none"}):
        assert find_look(plt.subplots()[1]) == LIGHT


def test_hollow_marks_are_filled_with_the_ground():
    with mpl.rc_context({"axes.facecolor": "#ffeecc"}):
        assert find_look(plt.subplots()[1]).paper == "#ffeecc"
