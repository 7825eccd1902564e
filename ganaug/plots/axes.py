"""Provide the Axes of a plot: those of the user, or those of a new figure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_matplotlib() -> None:
    """Raise an error if matplotlib is not installed.

    Raises
    ------
    ParameterError
        It is not; the message says how to install it.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ParameterError("A plot needs matplotlib, which is not installed; pip install 'ganaug[plot]'.") from None


def list_axes(ax: Any) -> list[Axes]:
    """Return the Axes that a user gave, one or an array of them, as a list.

    Raises
    ------
    ParameterError
        matplotlib is not installed, or `ax` holds something else.
    """
    check_matplotlib()
    from matplotlib.axes import Axes

    # An array of dtype object, because numpy would take other things apart
    flat = list(ax.flat) if isinstance(ax, np.ndarray) else list(ax) if isinstance(ax, list | tuple) else [ax]
    for one in flat:
        if not isinstance(one, Axes):
            raise ParameterError(f"ax must be matplotlib Axes, or an array of them, not {type(one).__name__}.")
    return flat


def provide_axes(ax: Any, panels: Sequence[str], size: tuple[float, float], most_columns: int = 3) -> list[Axes]:
    """Return one Axes for each panel: those of the user, or those of a new figure if `ax` is None.

    Parameters
    ----------
    ax : Axes, array of Axes, or None
        The Axes of the user.
    panels : sequence of str
        Names of the panels.
    size : pair of float
        Width and height of a panel of a new figure, in inches.
    most_columns : int
        Panels side by side in a new figure, at most.

    Raises
    ------
    ParameterError
        matplotlib is not installed, or there are more or fewer Axes than panels.
    """
    if ax is None:
        return _make_axes(len(panels), size, most_columns)
    given = list_axes(ax)
    if len(given) != len(panels):
        raise ParameterError(
            f"There are {len(panels)} panels ({', '.join(panels)}) and {len(given)} Axes; give one Axes for each "
            "panel, choose fewer panels, or leave out ax for a new figure."
        )
    return given


def _make_axes(n: int, size: tuple[float, float], most_columns: int) -> list[Axes]:
    check_matplotlib()
    import matplotlib.pyplot as plt

    columns = max(1, min(n, most_columns))
    rows = max(1, ceil(n / columns))
    figsize = (size[0] * columns, size[1] * rows)
    _, grid = plt.subplots(rows, columns, squeeze=False, figsize=figsize, layout="constrained")
    axes = list(grid.flat)
    for spare in axes[n:]:
        spare.remove()
    return axes[:n]


def write_plainly(*texts: Any) -> None:
    """Write names from outside as they are: a ``$`` in them begins no formula."""
    for text in texts:
        text.set_parse_math(False)
