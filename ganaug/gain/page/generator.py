"""Build the section on the training of the generator: learning curves of the first fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...plots.history import Panel, list_panels
from ...plots.text import format_count, format_score, pluralize
from .drawings import draw_curves
from .parts import Figure, Section, Table

Record = Mapping[str, Any]

_MAX_STEPS = 25  # rows of a table of curves


def build_training(report: Record) -> Section | None:
    """Return the section on training; None if the augmenter records no learning curves."""
    kept = report.get("training")
    if not kept or not kept["steps"]:
        return None
    figures = [_build_curve(panel) for panel in list_panels(kept)]
    return Section("training", "How the generator learned", ["The generator of the first fold."], figures=figures)


def _build_curve(panel: Panel) -> Figure:
    title, steps, lines = panel.title, panel.steps, panel.lines
    ends = [f"{key} from {format_score(values[0])} to {format_score(values[-1])}" for key, values in lines.items()]
    svg = draw_curves(
        f"training-{panel.name}",
        f"{title} over {pluralize(len(steps), 'step')} shown: {'; '.join(ends)}.",
        steps,
        lines,
        panel.level,
    )
    shown = np.unique(np.linspace(0, len(steps) - 1, _MAX_STEPS).round().astype(int))
    rows = [[format_count(steps[i]), *(format_score(values[i]) for values in lines.values())] for i in shown]
    caption = title if len(shown) == len(steps) else f"{title}, {len(shown)} of {len(steps)} points"
    return Figure(title, svg, [Table.of(caption, ("Step", *(key.capitalize() for key in lines)), rows)], panel.note)
