"""Paint the marks of a drawing on Axes; plots and the report page share them. Shapes repeat what colours say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from .look import Look
from .text import format_compact, is_known, show_name
from .whiskers import Limits, Whisker, excludes

BARS = 10  # categories in one drawing


def paint_whiskers(ax: Axes, rows: Sequence[Whisker], look: Look, span: Limits, reference: float | None) -> None:
    """Paint a dot with its interval on each line; a dot is filled if its interval excludes the reference.

    Parameters
    ----------
    ax : Axes
        Line i is at height i, from top to bottom.
    rows : sequence of Whisker
        The lines.
    look : Look
        Colours.
    span : pair of float
        Range of the axis; values outside become an arrow at its end.
    reference : float or None
        Value of no difference; None paints no line.
    """
    ax.set(xlim=span, ylim=(max(1, len(rows)) - 0.5, -0.5))
    ax.xaxis.set_major_locator(MaxNLocator(3) if any(is_known(row.value) for row in rows) else NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: format_compact(x)))
    if reference is not None:
        ax.axvline(reference, color=look.muted, linewidth=1)
    for place, row in enumerate(rows):
        _paint_whisker(ax, place, row, look, span, reference)


def _paint_whisker(ax: Axes, place: int, row: Whisker, look: Look, span: Limits, reference: float | None) -> None:
    colour = look.accent if row.strong else look.ink
    if is_known(row.mark):
        ax.plot([row.mark], [place], "|", color=look.muted, markersize=15, markeredgewidth=2, clip_on=False)
    if not is_known(row.value):
        return
    if is_known(row.low) and is_known(row.high):
        ends = np.clip([row.low, row.high], *span)
        ax.plot(ends, [place, place], color=colour, linewidth=2.4 if row.strong else 1.6, solid_capstyle="butt")
    shape = "o"
    if row.value < span[0]:
        shape = "<"
    elif row.value > span[1]:
        shape = ">"
    face = colour if reference is None or excludes(row.low, row.high, reference) else look.paper
    at = float(np.clip(row.value, *span))
    style: dict[str, Any] = {"color": colour, "markerfacecolor": face, "markersize": 7.5, "markeredgewidth": 1.6}
    ax.plot([at], [place], shape, clip_on=False, **style)


def paint_curves(
    ax: Axes, steps: Sequence[float], lines: Mapping[str, Sequence[float | None]], look: Look, level: float | None
) -> None:
    """Paint one or two curves over training steps, with different dashes and colours; `level` is a thin line."""
    if level is not None:
        ax.axhline(level, color=look.muted, linewidth=0.8, dashes=(2, 3))
    looks: list[dict[str, Any]] = [{"color": look.accent}, {"color": look.ink, "dashes": (4, 2)}]
    for (title, values), style in zip(lines.items(), looks, strict=False):
        marker = "o" if len(values) < 30 else ""
        numbers = np.asarray(values, dtype=float)
        ax.plot(steps, numbers, label=title, linewidth=1.6, marker=marker, markersize=3, **style)
    ax.grid(axis="y", color=look.rule)
    ax.set_axisbelow(True)
    ax.tick_params(length=0)
    ax.set(xlabel="training step")
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: format_compact(x)))


def paint_histogram(ax: Axes, column: Mapping[str, Any], look: Look) -> bool:
    """Paint real shares as an area and synthetic shares as a line over the bins of a column of numbers or dates.

    Returns
    -------
    bool
        Whether the axis is on the scale of the values. Bins of dates, and bins without edges, have none.
    """
    edges = np.asarray(column.get("edges") or [], dtype=float)
    scaled = len(edges) == len(column["real"]) + 1 and bool(np.all(np.diff(edges) > 0))
    places = edges if scaled else np.arange(len(column["real"]) + 1.0)
    ax.stairs(to_shares(column["real"]), places, fill=True, color=look.real, label="real")
    ax.stairs(to_shares(column["synthetic"]), places, color=look.accent, linewidth=2, label="synthetic")
    ax.set_yticks([])
    ax.set_ylim(bottom=0)
    ax.set_xlim(places[0], places[-1])
    if scaled:
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: format_compact(x)))
    else:
        ax.set_xticks([])
    return scaled


def paint_bars(ax: Axes, column: Mapping[str, Any], look: Look) -> None:
    """Paint real shares as bars and synthetic shares as dots, one line for each of the first `BARS` categories."""
    real, synthetic = to_shares(column["real"])[:BARS], to_shares(column["synthetic"])[:BARS]
    names = [show_name(text, 20) for text in column["bins"][:BARS]]
    ax.barh(range(len(names)), real, height=0.66, color=look.real, label="real")
    style: dict[str, Any] = {"color": look.accent, "markersize": 7, "clip_on": False, "label": "synthetic"}
    ax.plot(synthetic, range(len(names)), "o", **style)
    ax.set(xlim=(0, max(1e-9, *real, *synthetic) * 1.02), ylim=(len(names) - 0.5, -0.5))
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g} %"))


def to_shares(values: Any) -> NDArray[np.float64]:
    """Return shares as an array, with 0 for missing ones."""
    return np.nan_to_num(np.asarray(values, dtype=float))
