"""GainDisplay: a forest plot of what each arm gained against the real rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .axes import provide_axes, write_plainly
from .look import find_look
from .text import NOTHING, format_interval, format_signed, is_known, shorten
from .whiskers import Whisker, axis_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 7.6  # inches
_LINE = 0.3


class GainDisplay:
    """Forest plot of a gain report: the mean difference of each arm from the real rows alone, with its 95 % interval.

    A filled dot stands for an interval that leaves zero out, a hollow dot for no clear difference, and a triangle for a
    value beyond the scale.

    Parameters
    ----------
    rows : sequence of Whisker
        Arms from top to bottom, in the unit of the plot.
    title : str
        The verdict in a few words.
    subtitle : str, default=""
        What was measured, and on what.
    unit : str, default=""
        Unit of the differences, such as "points".
    decimals : int, default=3
        Digits of the numbers beside the lines.
    compared : sequence of Whisker, default=()
        Further comparisons, below a line.

    Attributes
    ----------
    ax_ : Axes
        What was drawn on.
    figure_ : Figure
        Its figure.

    See Also
    --------
    GainReport.plot : Draw this plot of a report.

    Examples
    --------
    >>> from ganaug.plots import GainDisplay
    >>> from ganaug.plots.whiskers import Whisker
    >>> rows = [Whisker("SMOTE", 1.0, -0.5, 2.5), Whisker("Augmented", 2.0, 0.5, 3.5, strong=True)]
    >>> display = GainDisplay(rows, "It helps", unit="points", decimals=1).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['SMOTE', 'Augmented']
    """

    ax_: Axes
    figure_: Figure

    def __init__(
        self,
        rows: Sequence[Whisker],
        title: str,
        *,
        subtitle: str = "",
        unit: str = "",
        decimals: int = 3,
        compared: Sequence[Whisker] = (),
    ):
        self.rows = list(rows)
        self.title = title
        self.subtitle = subtitle
        self.unit = unit
        self.decimals = decimals
        self.compared = list(compared)

    def plot(self, ax: Any = None) -> GainDisplay:
        """Draw the plot.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        GainDisplay
            Itself.

        Raises
        ------
        ParameterError
            matplotlib is not installed, or `ax` is no Axes.
        """
        lines = [*self.rows, *self.compared]
        (self.ax_,) = provide_axes(ax, ["differences"], (_WIDTH, 1.3 + _LINE * len(lines)))
        self.figure_ = self.ax_.figure  # type: ignore[assignment]
        self._paint(lines)
        return self

    def _paint(self, lines: Sequence[Whisker]) -> None:
        from .painting import paint_whiskers

        # 1. Dots and intervals; synthetic rows alone may leave the scale, so that the other arms stay readable
        ax, look = self.ax_, find_look(self.ax_)
        scaled = [row for row in lines if row.scaled] or lines
        paint_whiskers(ax, lines, look, axis_limits(scaled), 0.0)
        if self.compared:
            ax.axhline(len(self.rows) - 0.5, color=look.rule, linewidth=1)

        # 2. Names on the left, numbers on the right
        labels = ax.set_yticks(range(len(lines)), [shorten(row.name, 34) for row in lines])
        for tick, row in zip(labels, lines, strict=True):
            tick.label1.set_fontweight("bold" if row.strong else "normal")
            write_plainly(tick.label1)
        for place, row in enumerate(lines):
            weight = "bold" if row.strong else "normal"
            style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontweight": weight}
            ax.text(1.02, place, self._write(row), **style)

        # 3. The frame, and the verdict first
        for side in ("left", "right", "top"):
            ax.spines[side].set_visible(False)
        ax.tick_params(axis="y", length=0, pad=9)
        ax.set_xlabel(f"difference from real rows only{f', {self.unit}' if self.unit else ''}; higher is better")
        heading = ax.set_title(self.title, loc="left", fontweight="bold", pad=24 if self.subtitle else 8)
        above: dict[str, Any] = {"xytext": (0, 6), "textcoords": "offset points", "va": "bottom", "color": look.muted}
        note = ax.annotate(self.subtitle, (0, 1), xycoords="axes fraction", **above)
        write_plainly(heading, note)

    def _write(self, row: Whisker) -> str:
        """Return the numbers of a line as text, such as "+1.0 (−0.5 to +2.5)"."""
        if not is_known(row.value):
            return NOTHING
        value = format_signed(row.value, self.decimals)
        within = format_interval(row.low, row.high, lambda number: format_signed(number, self.decimals))
        return value if within == NOTHING else f"{value} ({within})"
