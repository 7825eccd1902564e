"""ColumnsDisplay: the distribution of each column, real rows beside synthetic ones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ParameterError
from ..messages import join_names, suggest
from .axes import list_axes, provide_axes, write_plainly
from .look import find_look
from .text import format_score, format_share, shorten, show_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 12  # panels unless the user chooses


class ColumnsDisplay:
    """Distributions of columns: real rows as areas and bars, synthetic rows as lines and dots.

    Parameters
    ----------
    figures : sequence of dict
        Columns, as `ganaug.metrics.column_figures` measures them.

    Attributes
    ----------
    ax_ : Axes
        The first Axes that was drawn on.
    axes_ : ndarray of Axes
        All of them, one for each column.
    figure_ : Figure
        Their figure.

    See Also
    --------
    GANAugmenter.plot_columns : Draw the columns of a table beside those of its augmenter.

    Examples
    --------
    Any two tables with the same columns can be compared:

    >>> import pandas as pd
    >>> from ganaug.plots import ColumnsDisplay
    >>> real = pd.DataFrame({"age": [20, 30, 40, 50], "plan": ["a", "a", "b", "b"]})
    >>> synthetic = pd.DataFrame({"age": [20, 30, 40, 60], "plan": ["a", "b", "b", "b"]})
    >>> display = ColumnsDisplay.from_frames(real, synthetic)
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['age', 'plan']
    """

    ax_: Axes
    axes_: Any
    figure_: Figure

    def __init__(self, figures: Sequence[Mapping[str, Any]]):
        self.figures = list(figures)

    @classmethod
    def from_frames(
        cls,
        real: pd.DataFrame,
        synthetic: pd.DataFrame,
        columns: Hashable | Sequence[Hashable] | None = None,
        *,
        ax: Any = None,
    ) -> ColumnsDisplay:
        """Measure the columns of two tables, and draw them.

        Parameters
        ----------
        real : DataFrame of shape (n, d)
            Real rows.
        synthetic : DataFrame of shape (m, d)
            Synthetic rows, with the same columns in any order.
        columns, ax
            As for `plot`.

        Returns
        -------
        ColumnsDisplay
            What was drawn.

        Raises
        ------
        ParameterError
            As for `plot`.
        DataError
            A table is empty or lacks a column, or the kinds of a real and a synthetic column differ.
        """
        from ..metrics import column_figures

        return cls(column_figures(real, synthetic)).plot(columns, ax=ax)

    def plot(self, columns: Hashable | Sequence[Hashable] | None = None, *, ax: Any = None) -> ColumnsDisplay:
        """Draw the columns.

        Parameters
        ----------
        columns : name, or sequence of names, default=None
            What to draw, in this order; None draws the twelve with the largest errors, or as many as there are Axes.
        ax : Axes or array of Axes, default=None
            Where to draw, one for each column; None makes a new figure.

        Returns
        -------
        ColumnsDisplay
            Itself.

        Raises
        ------
        ParameterError
            matplotlib is not installed, there is no such column, or the number of Axes is another than that of columns.
        """
        shown = self._choose(columns, ax)
        axes = provide_axes(ax, [show_name(str(column["name"]), 40) for column in shown], (3.4, 2.3))
        for one, column in zip(axes, shown, strict=True):
            _paint_column(one, column)
        self.axes_ = np.array(axes, dtype=object)
        self.ax_ = axes[0]
        self.figure_ = self.ax_.figure  # type: ignore[assignment]
        if ax is None:
            self._head(len(shown), columns is None)
        return self

    def _choose(self, columns: Any, ax: Any) -> list[Mapping[str, Any]]:
        if columns is None:
            worst = sorted(self.figures, key=lambda column: -(column["error"] or 0.0))
            return worst[: _MOST if ax is None else len(list_axes(ax))]
        known = {str(column["name"]): column for column in self.figures}
        wanted = [columns] if not isinstance(columns, list | tuple | np.ndarray) else list(columns)
        for name in wanted:
            if str(name) not in known:
                hint = suggest(name, known) or f"the columns are {join_names(list(known))}"
                raise ParameterError(f"There is no column {name!r} to draw; {hint}.")
        return [known[str(name)] for name in wanted]

    def _head(self, shown: int, is_ordered: bool) -> None:
        """Say above the figure what is real and what is synthetic, what an error is, and what is left out."""
        left_out = f"; the {shown} of {len(self.figures)} columns with the largest errors" * (
            is_ordered and shown < len(self.figures)
        )
        lines = f"Grey: real rows. Coloured: synthetic rows{left_out}", "Error: 0 is alike, 1 has nothing in common"
        self.figure_.suptitle("\n".join(lines), fontsize="medium")


def _paint_column(ax: Axes, column: Mapping[str, Any]) -> None:
    from .painting import paint_bars, paint_histogram

    # 1. The distributions
    look = find_look(ax)
    if column["kind"] == "category":
        paint_bars(ax, column, look)
    elif not paint_histogram(ax, column, look):
        ticks = ax.set_xticks(ax.get_xlim(), [shorten(column["bins"][end], 18) for end in (0, -1)])
        ticks[0].label1.set_horizontalalignment("left")
        ticks[1].label1.set_horizontalalignment("right")
        write_plainly(*(tick.label1 for tick in ticks))
        ax.tick_params(axis="x", length=0)

    # 2. The frame, the name, and what it is measured by
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    note = f"error {format_score(column['error'])}"
    if any(column["missing"]):
        note += f"\nmissing {format_share(column['missing'][0])} real, {format_share(column['missing'][1])} synthetic"
    write_plainly(ax.set_title(show_name(str(column["name"]), 30), loc="left"), *ax.get_yticklabels())
    ax.set_xlabel(note, color=look.muted, fontsize="small", loc="left")
