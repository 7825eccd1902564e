"""Turn a matplotlib figure into SVG that takes colours and font from the surrounding page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ...plots.look import Look

# Placeholder colours for matplotlib; they become CSS variables, so that one drawing suits light and dark pages.
LOOK = Look(ink="#010101", muted="#020202", rule="#030303", accent="#040404", real="#050505", paper="#060606")
_VARIABLES = {colour: "card" if name == "paper" else name for name, colour in asdict(LOOK).items()}
_COLOUR = re.compile("|".join(_VARIABLES))
_NAMESPACE = re.compile(r"^\{[^}]*\}")
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_GEOMETRY = {"d", "x", "y", "width", "height", "transform"}
_LEFT_OUT = {"metadata", "style"}

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: readable aloud, selectable, in the font of the page
    "text.parse_math": False,  # a "$" in a column name is a "$"
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, hence the same layout everywhere
    "font.size": 11,
    "text.color": LOOK.ink,
    "axes.labelcolor": LOOK.muted,
    "axes.labelsize": 10,
    "axes.edgecolor": LOOK.rule,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": LOOK.rule,
    "xtick.labelcolor": LOOK.muted,
    "xtick.labelsize": 10,
    "ytick.color": LOOK.rule,
    "ytick.labelcolor": LOOK.muted,
    "ytick.labelsize": 10,
    "grid.color": LOOK.rule,
    "grid.linewidth": 0.8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def draw_svg(name: str, label: str, size: tuple[float, float], paint: Callable[[Figure], None]) -> str:
    """Draw a figure as SVG for an HTML page.

    Parameters
    ----------
    name : str
        Unique name on the page; ids inside the drawing derive from it, so that the same figure gives the same bytes.
    label : str
        Description of the drawing for readers who cannot see it.
    size : pair of float
        Width and height in CSS pixels.
    paint : callable
        ``paint(figure)`` draws with the colours of this module.

    Returns
    -------
    str
        Markup of an ``svg`` element with the role of an image.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # the browser has other fonts
        matplotlib.rcdefaults()  # so that user settings, such as TeX, do not reach the page
        matplotlib.rcParams.update({**_STYLE, "svg.hashsalt": name})
        figure = Figure(figsize=(size[0] / 72, size[1] / 72))
        FigureCanvasSVG(figure)
        paint(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return _make_inline(buffer.getvalue(), label)


def _make_inline(source: str, label: str) -> str:
    """Remove metadata and styles of a stand-alone file, and replace colours by CSS variables."""
    root = ElementTree.fromstring(source)
    for parent in list(root.iter()):
        for child in list(parent):
            if _NAMESPACE.sub("", child.tag) in _LEFT_OUT:
                parent.remove(child)
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
        element.attrib = {
            _NAMESPACE.sub("", key): _rewrite_attribute(_NAMESPACE.sub("", key), value)
            for key, value in element.attrib.items()
            if not (key == "id" and element.tag == "g")  # equal in every figure, and never referred to
        }
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _rewrite_attribute(key: str, value: str) -> str:
    if key in _GEOMETRY:
        return _DECIMALS.sub(r"\1", value)
    if key == "style":
        return _COLOUR.sub(lambda found: f"var(--{_VARIABLES[found[0]]})", value)
    return value
