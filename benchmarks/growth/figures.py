"""Draw growth curves as SVG, byte for byte the same for the same results."""

from __future__ import annotations

import io
import json
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from .cases import ENCODING, FIT
from .summary import Curve

SECONDS = (("fit", FIT, "fit_seconds"), ("encoding alone", ENCODING, "fit_seconds"))
MEMORY = (("fit", FIT, "memory_above_mib"), ("encoding alone", ENCODING, "memory_above_mib"))
MARKERS = ("o", "s")


def draw_growth(curve: Curve) -> str:
    """Return a figure of two panels, seconds and memory, both axes logarithmic.

    The description in the file holds the points, so that tests can compare a figure with results although paths differ
    between versions of Matplotlib.
    """
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": f"growth_{curve.axis}",
        "font.sans-serif": ["DejaVu Sans"],
    }
    with mpl.rc_context():
        mpl.rcdefaults()  # nothing that a user set elsewhere reaches the figure
        mpl.rcParams.update(style)
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        left, right = figure.subplots(1, 2)
        _draw_panel(left, curve, SECONDS, "seconds")
        _draw_panel(right, curve, MEMORY, "MiB above the frame and the libraries")
        sizes = [getattr(point, curve.axis) for point in curve.points]
        right.plot(sizes, [point.frame_mib for point in curve.points], "--", color="0.5", label="the frame itself")
        for axes in (left, right):
            axes.legend(frameon=False)
        text = io.StringIO()
        facts = {"Date": None, "Creator": None, "Description": describe_points(curve)}
        figure.savefig(text, format="svg", metadata=facts)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _draw_panel(axes: Axes, curve: Curve, lines: tuple[tuple[str, str, str], ...], unit: str) -> None:
    for (label, work, name), marker in zip(lines, MARKERS, strict=True):
        known = [(getattr(p, curve.axis), p.get_value(work, name)) for p in curve.points if p.get_value(work, name)]
        if known:
            axes.plot(*zip(*known, strict=True), marker=marker, label=label)
    sizes = [getattr(point, curve.axis) for point in curve.points]
    axes.set(xscale="log", yscale="log", xlabel=f"{curve.axis} ({curve.fixed})", ylabel=unit)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)


def describe_points(curve: Curve) -> str:
    """Return the points of the figure as JSON."""
    head = [curve.axis, "frame MiB", *(f"{label}, {name}" for label, _, name in SECONDS + MEMORY)]
    points = [
        [getattr(point, curve.axis), _round_value(point.frame_mib)]
        + [_round_value(point.get_value(work, name)) for _, work, name in SECONDS + MEMORY]
        for point in curve.points
    ]
    return json.dumps([head, *points])


def _round_value(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
