"""Draw the figures of the page, narrow enough for a phone; shapes repeat what colours say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from ...plots.painting import BARS, paint_bars, paint_curves, paint_histogram, paint_whiskers, to_shares
from ...plots.text import NOTHING, format_share, format_signed, is_known, shorten
from ...plots.whiskers import Limits, Whisker, axis_limits
from .svg import LOOK, draw_svg

WIDTH = 310.0
_NAMES = 134.0  # room for names, left of dots and whiskers
_VALUES = 48.0  # room for values, right of them
_LINE = 21.0
_LEVELS = 8  # shades of a heat map


def draw_whiskers(
    name: str,
    label: str,
    rows: Sequence[Whisker],
    axis: str,
    *,
    span: Limits | None = None,
    reference: float | None = 0.0,
    form: Any = format_signed,
) -> str:
    """Draw a dot with its interval on each line; a dot is filled if its interval excludes the reference.

    Parameters
    ----------
    name, label : str
        See `draw_svg`.
    rows : sequence of Whisker
        From top to bottom.
    axis : str
        Label of the axis.
    span : pair of float, default=None
        Range of the axis; values outside become an arrow at its end. None shows everything.
    reference : float, default=0.0
        Value of no difference; None draws no line.
    form : callable, default=format_signed
        Formats the value at the end of each line.

    Returns
    -------
    str
        SVG markup.
    """
    low, high = span or axis_limits(rows, reference)
    height = _LINE * len(rows) + 34

    def paint(figure: Figure) -> None:
        ax = figure.add_axes((_NAMES / WIDTH, 32 / height, 1 - (_NAMES + _VALUES) / WIDTH, 1 - 34 / height))
        paint_whiskers(ax, rows, LOOK, (low, high), reference)
        ax.set(xlabel=axis)
        ax.set_yticks([])
        for place, row in enumerate(rows):
            weight = "bold" if row.strong else "normal"
            style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontweight": weight}
            ax.text(-0.06, place, shorten(row.name, 18 if row.strong else 20), ha="right", **style)
            ax.text(1.05, place, form(row.value) if is_known(row.value) else NOTHING, **style)

    return draw_svg(name, label, (WIDTH, height), paint)


def draw_curves(
    name: str, label: str, steps: Sequence[float], lines: Mapping[str, Sequence[float | None]], level: float | None
) -> str:
    """Draw one or two curves over training steps, with different dashes and colours; `level` is a thin line."""

    def paint(figure: Figure) -> None:
        ax = figure.add_axes((34 / WIDTH, 0.2, 1 - 42 / WIDTH, 0.66))
        paint_curves(ax, steps, lines, LOOK, level)
        if len(lines) > 1:
            place: dict[str, Any] = {
                "loc": "lower left",
                "bbox_to_anchor": (-0.02, 0.99),
                "borderpad": 0,
                "borderaxespad": 0.4,
            }
            ax.legend(ncols=2, frameon=False, fontsize=10.5, handlelength=2, columnspacing=1.5, **place)

    return draw_svg(name, label, (WIDTH, 180), paint)


@dataclass(frozen=True)
class CalibrationCurve:
    """Calibration curve of an arm: pairs of a predicted probability and the frequency of the event."""

    arm: str
    name: str
    points: Sequence[tuple[float, float]]

    @property
    def predicted(self) -> float:
        """Mean predicted probability; every point stands for equally many rows."""
        return float(np.mean([p for p, _ in self.points]))

    @property
    def observed(self) -> float:
        """Mean frequency of the event."""
        return float(np.mean([o for _, o in self.points]))


_LOOKS: dict[str, dict[str, Any]] = {  # shapes and dashes repeat what colours say
    "real_only": {"color": LOOK.ink, "marker": "o", "markerfacecolor": LOOK.ink},
    "augmented": {"color": LOOK.accent, "marker": "s", "markerfacecolor": LOOK.accent, "dashes": (5, 2)},
    "augmented_corrected": {"color": LOOK.accent, "marker": "^", "markerfacecolor": LOOK.paper, "dashes": (1.5, 1.5)},
}


def draw_reliability(name: str, label: str, curves: Sequence[CalibrationCurve]) -> str:
    """Draw calibration curves, observed against predicted, with square-root axes that stretch small probabilities."""
    most = max([0.01, *(value for curve in curves for pair in curve.points for value in pair)])
    places = (0, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0) if most > 0.5 else (0, 0.01, 0.05, 0.1, 0.2, 0.4)
    ticks = [tick for tick in places if tick <= most]

    def paint(figure: Figure) -> None:
        ax = figure.add_axes((46 / WIDTH, 0.12, 1 - 58 / WIDTH, 0.73))
        for set_scale in (ax.set_xscale, ax.set_yscale):
            set_scale("function", functions=(lambda v: np.sqrt(np.clip(v, 0, None)), np.square))
        ax.set(xlim=(0, 1.06 * most), ylim=(0, 1.06 * most), xlabel="predicted", ylabel="came true")
        ax.plot([0, most], [0, most], color=LOOK.muted, linewidth=1)
        for curve in curves:
            style = {"label": curve.name, "linewidth": 1.6, "markersize": 6, "clip_on": False, **_LOOKS[curve.arm]}
            ax.plot(*zip(*curve.points, strict=True), **style)
        ax.grid(axis="both")
        ax.tick_params(length=0)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g} %"))
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.16, 1.0), "borderpad": 0}
        lines = ax.get_lines()[1:]  # without the diagonal; matplotlib fills a legend column by column
        ax.legend(handles=lines[::2] + lines[1::2], ncols=2, frameon=False, fontsize=10.5, handlelength=2.6, **place)

    return draw_svg(name, label, (WIDTH, 290), paint)


def draw_histogram(name: str, label: str, column: Mapping[str, Any]) -> str:
    """Draw real shares as an area and synthetic shares as a line over the bins of a column of numbers or dates."""

    def paint(figure: Figure) -> None:
        ax = figure.add_axes((12 / WIDTH, 0.19, 1 - 24 / WIDTH, 0.79))
        if not paint_histogram(ax, column, LOOK):
            for place, side, text in ((0.0, "left", column["bins"][0]), (1.0, "right", column["bins"][-1])):
                ax.text(place, -0.05, shorten(text, 22), transform=ax.transAxes, ha=side, va="top", color=LOOK.muted)

    return draw_svg(name, label, (WIDTH, 120), paint)


def draw_bars(name: str, label: str, column: Mapping[str, Any]) -> str:
    """Draw real shares as bars and synthetic shares as dots, one line for each of the first `BARS` categories."""
    height = 18.0 * len(column["bins"][:BARS]) + 22

    def paint(figure: Figure) -> None:
        ax = figure.add_axes((_NAMES / WIDTH, 19 / height, 1 - (_NAMES + 18) / WIDTH, 1 - 21 / height))
        paint_bars(ax, column, LOOK)
        ax.tick_params(axis="y", labelcolor=LOOK.ink, labelsize=11)

    return draw_svg(name, label, (WIDTH, height), paint)


def draw_heat_maps(name: str, label: str, pair: Mapping[str, Any]) -> str:
    """Draw the joint shares of two columns as heat maps on one scale, real rows left, synthetic rows right."""
    tables = {
        "real": np.atleast_2d(to_shares(pair["real"])),
        "synthetic": np.atleast_2d(to_shares(pair["synthetic"])),
    }
    most = max(float(table.max(initial=0.0)) for table in tables.values()) or 1.0

    def paint(figure: Figure) -> None:
        for left, (title, table) in zip((68, 192), tables.items(), strict=True):
            ax = figure.add_axes((left / WIDTH, 0.25, 112 / WIDTH, 0.66))
            _draw_heat_map(ax, table / most)
            ax.text(0, 1.03, title, transform=ax.transAxes, va="bottom", fontweight="bold")
            _label_ends(ax, "x", pair["bins_b"], 18)
            _label_ends(ax, "y", pair["bins_a"] if title == "real" else [], 11)
        figure.text(186 / WIDTH, 0.02, shorten(pair["b"], 40), ha="center", color=LOOK.muted)
        figure.text(0.02, 0.55, shorten(pair["a"], 24), rotation=90, va="center", ha="center", color=LOOK.muted)

    return draw_svg(name, label, (WIDTH, 190), paint)


def _draw_heat_map(ax: Axes, table: NDArray[np.float64]) -> None:
    """Draw one shape per shade, not per cell, which takes a tenth of the bytes."""
    levels = np.ceil(table * _LEVELS).astype(int)
    for level in range(1, _LEVELS + 1):
        cells = [_make_cell(row, column) for row, column in np.argwhere(levels == level)]
        if cells:
            shade = {"facecolor": LOOK.accent, "alpha": level / _LEVELS, "linewidth": 0}
            ax.add_patch(PathPatch(Path.make_compound_path(*cells), **shade))
    ax.set(xlim=(0, table.shape[1]), ylim=(0, table.shape[0]))
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set(visible=True, color=LOOK.rule)


def _make_cell(row: int, column: int) -> Path:
    x, y = column + np.array([0.03, 0.97]), row + np.array([0.03, 0.97])
    return Path([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1]), (x[0], y[0])], closed=True)


def _label_ends(ax: Axes, side: str, bins: Sequence[str], width: int) -> None:
    """Label the first and the last bin of an axis; the table below the figure lists all."""
    if not bins:
        return
    first, last = (shorten(text, width) for text in (bins[0], bins[-1]))
    if side == "x":
        ax.text(0, -0.03, first, transform=ax.transAxes, va="top", fontsize=9.5, color=LOOK.muted)
        ax.text(1, -0.12, last, transform=ax.transAxes, va="top", ha="right", fontsize=9.5, color=LOOK.muted)
    else:
        ax.text(-0.04, 0.0, first, transform=ax.transAxes, va="bottom", ha="right", fontsize=9.5, color=LOOK.muted)
        ax.text(-0.04, 1.0, last, transform=ax.transAxes, va="top", ha="right", fontsize=9.5, color=LOOK.muted)


def format_largest_share(pair: Mapping[str, Any]) -> str:
    """Format the share that full colour stands for in a pair of heat maps."""
    return format_share(max(float(to_shares(pair[side]).max(initial=0.0)) for side in ("real", "synthetic")))
