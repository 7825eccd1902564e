"""HistoryDisplay: losses, accuracies and held-out scores over the steps of a training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ParameterError
from .axes import list_axes, provide_axes
from .look import find_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 200
_CURVES = ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic")

Values = Sequence[float | None]


def average_curves(history: Mapping[str, Any]) -> dict[str, Any]:
    """Return learning curves of at most 200 points, each the mean of the steps since the one before.

    Parameters
    ----------
    history : mapping
        `GANAugmenter.history_`.

    Returns
    -------
    dict
        Plain JSON: "steps", "discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic"; and for each
        held-out score "score_step", "held_out_score". None stands for what is not finite.
    """
    n = len(history["discriminator_loss"])
    ends = np.unique(np.linspace(0, n, min(n, _POINTS) + 1).astype(int))
    curves: dict[str, Any] = {"steps": ends[1:].tolist()}
    for name in _CURVES:
        values = np.asarray(history[name], dtype=float)
        curves[name] = [_finite_or_none(values[a:b].mean()) for a, b in pairwise(ends)]
    curves["score_step"] = np.asarray(history["score_step"]).astype(int).tolist()
    curves["held_out_score"] = [_finite_or_none(v) for v in history["held_out_score"]]
    return curves


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


@dataclass(frozen=True)
class Panel:
    """One drawing of a training: one or two curves over its steps.

    Attributes
    ----------
    name, title, note : str
        What it shows, and how it is read.
    steps : sequence of int
        Steps of the points.
    lines : mapping of str to sequence of float or None
        Curves by name.
    level : float or None
        Value that a thin line marks.
    """

    name: str
    title: str
    note: str
    steps: Sequence[int]
    lines: Mapping[str, Values]
    level: float | None = None


def list_panels(curves: Mapping[str, Any]) -> list[Panel]:
    """Return the drawings of learning curves, as `average_curves` gives them; without held-out scores two."""
    losses = {"discriminator": curves["discriminator_loss"], "generator": curves["generator_loss"]}
    hits = {"on real rows": curves["accuracy_real"], "on synthetic rows": curves["accuracy_synthetic"]}
    panels = [
        Panel("losses", "Losses", "Level curves, not falling ones, are the good sign.", curves["steps"], losses),
        Panel("hits", "Accuracy of the discriminator", "At 0.5 it is guessing.", curves["steps"], hits, 0.5),
    ]
    if curves["held_out_score"]:
        held = {"held-out score": curves["held_out_score"]}
        note = "By real rows that the generator did not see; the weights of the best step are kept."
        panels.append(Panel("held", "Held-out score", note, curves["score_step"], held))
    return panels


_PANEL_OF = {"losses": "losses", "accuracy": "hits", "score": "held"}
"""Panel of each curve that a user can ask for."""


class HistoryDisplay:
    """Learning curves of a training: losses, accuracy of the discriminator, and held-out scores.

    Parameters
    ----------
    history : mapping
        `GANAugmenter.history_`.

    Attributes
    ----------
    ax_ : Axes
        The first Axes that was drawn on.
    axes_ : ndarray of Axes
        All of them, one for each panel.
    figure_ : Figure
        Their figure.

    See Also
    --------
    GANAugmenter.plot_history : Draw these curves of a fitted augmenter.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ganaug import GANAugmenter
    >>> from ganaug.plots import HistoryDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
    >>> display = HistoryDisplay(augmenter.history_).plot()
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['Losses', 'Accuracy of the discriminator', 'Held-out score']
    """

    ax_: Axes
    axes_: Any
    figure_: Figure

    def __init__(self, history: Mapping[str, Any]):
        self.history = history

    def plot(self, curves: str | Sequence[str] | None = None, *, ax: Any = None) -> HistoryDisplay:
        """Draw the curves.

        Parameters
        ----------
        curves : {"losses", "accuracy", "score"}, or sequence of these, default=None
            What to draw, one panel each; None draws all that were recorded, or as many as there are Axes.
        ax : Axes or array of Axes, default=None
            Where to draw, one for each panel; None makes a new figure.

        Returns
        -------
        HistoryDisplay
            Itself.

        Raises
        ------
        ParameterError
            matplotlib is not installed, there is no such curve, or the number of Axes is another than that of panels.
        """
        panels = self._choose_panels(curves, ax)
        axes = provide_axes(ax, [panel.title for panel in panels], (4.0, 3.0))
        for one, panel in zip(axes, panels, strict=True):
            _paint_panel(one, panel)
        self.axes_ = np.array(axes, dtype=object)
        self.ax_ = axes[0]
        self.figure_ = self.ax_.figure  # type: ignore[assignment]
        return self

    def _choose_panels(self, curves: str | Sequence[str] | None, ax: Any) -> list[Panel]:
        recorded = {panel.name: panel for panel in list_panels(average_curves(self.history))}
        if curves is None:
            return list(recorded.values())[: None if ax is None else len(list_axes(ax))]
        wanted = [curves] if isinstance(curves, str) else list(curves)
        for name in wanted:
            if name not in _PANEL_OF:
                raise ParameterError(f"curves must be among {', '.join(map(repr, _PANEL_OF))}; got {name!r}.")
            if _PANEL_OF[name] not in recorded:
                raise ParameterError(
                    f"There is no {name!r}: the data was too small to hold rows out. Choose other curves."
                )
        return [recorded[_PANEL_OF[name]] for name in wanted]


def _paint_panel(ax: Axes, panel: Panel) -> None:
    from .painting import paint_curves

    paint_curves(ax, panel.steps, panel.lines, find_look(ax), panel.level)
    ax.set_title(panel.title, loc="left")
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    if len(panel.lines) > 1:
        ax.legend(frameon=False)
